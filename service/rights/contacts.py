"""Whom parents may turn to: the school's contact and its privacy officer, from a file that the organisation fills."""

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from data_contracts.errors import SettingsError

FILE = "contacts.toml"


class Contact(BaseModel):
    """Somebody to turn to: a name or an office, and how to reach it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=80)
    email: str = Field(default="", max_length=120)
    phone: str = Field(default="", max_length=40)

    @property
    def text(self) -> str:
        """All of it in one line."""
        return ", ".join(one for one in (self.name, self.email, self.phone) if one)


class Contacts(BaseModel):
    """Those of one school."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contact: Contact | None = None
    privacy_officer: Contact | None = None


class _File(Contacts):
    schools: dict[str, Contacts] = Field(default_factory=dict)


def contacts(home: Path, school: str) -> Contacts:
    """Return whom parents of `school` may turn to: its own where they are named, or else those of all schools.

    Raises
    ------
    SettingsError
        The file is not TOML, or says something that cannot be.
    """
    path = home / FILE
    if not path.exists():
        return Contacts()
    try:
        said = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        detail = f"{path} is geen geldig TOML: {error}"
        raise SettingsError(detail, remedy="Herstel de genoemde regel.") from None
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        detail = f"{path}: {wrong}"
        raise SettingsError(detail, remedy="Zie docs/running-for-real.md, onder 'Wat ouders vragen'.") from None
    own = said.schools.get(school, Contacts())
    return Contacts(contact=own.contact or said.contact, privacy_officer=own.privacy_officer or said.privacy_officer)
