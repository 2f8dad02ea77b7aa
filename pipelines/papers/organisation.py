"""What no training can know: who uses the model, on what ground, and whom to write to. A file that the organisation fills."""

import re
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError, field_validator

from data_contracts.errors import SettingsError
from data_contracts.frozen import Frozen

FILE = "organisation.toml"
TO_FILL = "[IN TE VULLEN: {}]"
"""Stands where the organisation has not said something yet; easy to see, and to search for."""

Address = Annotated[str, StringConstraints(pattern=r"^https://\S+$")]
Month = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]
_CONTACT = re.compile(r"^(https://\S+|[^@\s]+@[^@\s]+\.[^@\s]+)$")


class Organisation(Frozen):
    """Settings of the organisation, in the words of the algorithm register (see `pipelines.papers.register`).

    Parameters
    ----------
    organization
        Name of the school board or alliance.
    contact
        E-mail address or website (https) for questions about the algorithm.
    start_date, end_date
        Months of taking into use and out of use, ``2027-01``.
    publication_category
        A, B or C; see the register's guide.
    legal_basis, legal_basis_title, legal_basis_link
        Ground for the processing, and where it can be read.
    impact_assessments, impact_assessment_link, impact_assessment_explanation
        Which assessments were made (DPIA, IAMA), where they can be read, and why others were not.
    processing_register_link, link, source_code_link
        More to read.
    supplier
        Who provides it.
    """

    organization: str | None = Field(default=None, min_length=1, max_length=99)
    contact: str | None = None
    start_date: Month | None = None
    end_date: Month | None = None
    publication_category: str | None = Field(default=None, pattern=r"^[ABC]$")
    legal_basis: str | None = Field(default=None, max_length=2499)
    legal_basis_title: str | None = Field(default=None, max_length=99)
    legal_basis_link: Address | None = None
    impact_assessments: str | None = Field(default=None, min_length=1)
    impact_assessment_link: Address | None = None
    impact_assessment_explanation: str | None = Field(default=None, max_length=2499)
    processing_register_link: Address | None = None
    link: Address | None = None
    source_code_link: Address | None = None
    supplier: str | None = Field(default=None, min_length=1, max_length=199)

    @field_validator("contact")
    @classmethod
    def _can_be_written_to(cls, contact: str | None) -> str | None:
        if contact is not None and not _CONTACT.match(contact):
            msg = "geen e-mailadres, en geen website die met https:// begint"
            raise ValueError(msg)
        return contact


def read_organisation(root: Path) -> Organisation:
    """Read ``organisation.toml`` in `root`; where there is none, nothing is said.

    Raises
    ------
    SettingsError
        It is no TOML, or says something that cannot be.
    """
    path = root / FILE
    if not path.exists():
        return Organisation()
    try:
        return Organisation.model_validate(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        detail = f"{path} is geen geldig TOML: {error}"
        raise SettingsError(detail, remedy="Herstel de genoemde regel.") from None
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        detail = f"{path}: {wrong}"
        known = ", ".join(Organisation.model_fields)
        raise SettingsError(detail, remedy=f"Verbeter of verwijder de genoemde regel. Bekend zijn: {known}.") from None
