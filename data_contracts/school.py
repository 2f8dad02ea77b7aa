"""What we must know of a school before its export can be understood: one TOML file per school."""

import hashlib
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Self

import tomlkit
from pydantic import Field, StringConstraints, ValidationError, model_validator
from tomlkit.items import Table

from data_contracts.errors import ChangedMeanwhileError, NotFoundError, SettingsError
from data_contracts.files import write_text
from data_contracts.frozen import Frozen
from data_contracts.identifiers import SCHOOL_PATTERN, Region, Sector
from data_contracts.reasons import KINDS, Authorised, Kind

SchoolId = Annotated[str, StringConstraints(pattern=SCHOOL_PATTERN)]

MOST_SLOTS = 24
"""Slots on one day that a norm may have; each is made for each day of each pupil, so a slip of the pen must not pass."""
MINUTES_A_DAY = 24 * 60
Slots = Annotated[int, Field(ge=0, le=MOST_SLOTS)]


class Norm(Frozen):
    """A plain norm, used on days for which the school delivers no timetable.

    Parameters
    ----------
    slot_minutes
        Length of one lesson hour or half-day, in minutes.
    slots_per_day
        Number of slots Monday to Friday.
    """

    slot_minutes: int = Field(ge=20, le=300)
    slots_per_day: tuple[Slots, Slots, Slots, Slots, Slots]

    @model_validator(mode="after")
    def _fits_in_a_day(self) -> Self:
        if max(self.slots_per_day) * self.slot_minutes > MINUTES_A_DAY:
            msg = f"{max(self.slots_per_day)} keer {self.slot_minutes} minuten past niet in een dag"
            raise ValueError(msg)
        return self

    @classmethod
    def for_sector(cls, sector: Sector) -> Self:
        """Norm per sector: primary 940 h a year over half-days of 165/150 min, others 6-7 hours of 50 min.

        Source: 940 hours a year is the statutory norm for primary (unverified here, see docs/contracts.md);
        1,000-1,200 lesson hours over 39-40 weeks for secondary.
        """
        if sector in {Sector.PO, Sector.SBO, Sector.SO}:
            return cls(slot_minutes=155, slots_per_day=(2, 2, 2, 2, 2))
        return cls(slot_minutes=50, slots_per_day=(6, 6, 6, 6, 6))


class Reason(Frozen):
    """What one of the school's own codes means in the shared vocabulary."""

    kind: Kind
    authorised: Authorised | None = None

    @property
    def counts_as(self) -> Authorised:
        """Authorised as the school says, or else as the kind usually counts."""
        return self.authorised if self.authorised is not None else KINDS[self.kind].authorised


class Closure(Frozen):
    """Days on which this school is closed though its region is not on holiday."""

    first: date
    last: date
    name: str = ""

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.last < self.first:
            msg = f"een sluiting eindigt ({self.last}) voor zij begint ({self.first})"
            raise ValueError(msg)
        return self


class SchoolSettings(Frozen):
    """Settings of one school.

    Parameters
    ----------
    school
        BRIN with location.
    name, sector, region
        Name on the page; kind of education; holiday region (None: no Dutch holidays apply).
    capacity
        Pupils a week that the school can hold a conversation about (5 to 15 is usual).
    source
        Name of the source format its exports have, as in ``aanwezig ingest --source``.
    pupil_number_scope
        Within which body a pupil number is unique: ``school``, or a name shared by several schools.
    norm
        Scheduled time where the school delivers no timetable; from the sector where it is left out.
    closures
        The school's own days off. A school's own calendar wins over the region's.
    rule_packs
        Names of the rule packs that the school works by (``features/rule_packs``).
    reasons
        The school's codes, lower case, to the shared vocabulary.
    """

    school: SchoolId
    name: str = Field(min_length=1, pattern=r"^[^\x00-\x1f\x7f]*$")  # PostgreSQL keeps no NUL, and the name gets there
    sector: Sector
    region: Region | None = None
    capacity: int = Field(default=10, ge=1, le=100)
    source: str = "canonical"
    pupil_number_scope: str = "school"
    norm: Norm | None = None
    closures: tuple[Closure, ...] = ()
    rule_packs: tuple[str, ...] = ("wettelijk", "mazl", "aanwezigheid")
    reasons: dict[str, Reason] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _codes_are_lower_case(self) -> Self:
        wrong = [code for code in self.reasons if code != code.strip().lower()]
        if wrong:
            msg = f"schrijf codes onder [reasons] in kleine letters: {', '.join(wrong)}"
            raise ValueError(msg)
        return self

    @property
    def scheduled_norm(self) -> Norm:
        """The school's norm, or else that of its sector."""
        return self.norm or Norm.for_sector(self.sector)


def read_school(path: Path) -> SchoolSettings:
    """Read one school's TOML file.

    Raises
    ------
    NotFoundError
        The file does not exist.
    SettingsError
        It is not TOML, or a setting is wrong; the message names each of them.
    """
    try:
        return _validated(path.read_text(encoding="utf-8-sig"), path)
    except FileNotFoundError:
        detail = f"er is geen schoolbestand {path}"
        raise NotFoundError(
            detail, remedy="Schrijf het, met school, name en sector; zie docs/contracts.md, onder 'Schoolbestand'."
        ) from None
    except UnicodeDecodeError as error:
        raise _no_toml(path, error) from None


def _validated(text: str, path: Path) -> SchoolSettings:
    try:
        return SchoolSettings.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise _no_toml(path, error) from None
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'bestand'}: {e['msg']}" for e in error.errors())
        detail = f"{path}: {wrong}"
        raise SettingsError(detail, remedy="Zie docs/contracts.md, onder 'Schoolbestand'.") from None


def _no_toml(path: Path, error: ValueError) -> SettingsError:
    detail = f"{path} is geen geldig TOML: {error}"
    return SettingsError(detail, remedy="Herstel de genoemde regel.")


def school_digest(path: Path) -> str:
    """Return a digest of one school's file as it stands; empty where there is none. A form says with it what it was made
    from.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except FileNotFoundError:
        return ""


def write_school(path: Path, changes: Mapping[str, Any], *, made_from: str) -> SchoolSettings:
    """Change some settings in one school's TOML file; the rest of it stays as it is, comments too.

    Parameters
    ----------
    path
        The file; it need not be there yet.
    changes
        Settings by name, in the form of TOML; None takes one out, so that its default holds.
    made_from
        The digest (`school_digest`) of the file that the changes were made from; empty for none.

    Raises
    ------
    ChangedMeanwhileError
        The file is another by now.
    SettingsError
        It would not be a school file any more; nothing was written.
    StorageError
        It cannot be written.
    """
    if school_digest(path) != made_from:
        detail = f"het schoolbestand {path.name} is gewijzigd sinds u het opende"
        raise ChangedMeanwhileError(detail, remedy="Bekijk wat er nu staat en pas het opnieuw aan.")
    document = tomlkit.parse(path.read_text(encoding="utf-8-sig")) if made_from else tomlkit.document()
    for name, value in changes.items():
        if isinstance(value, Mapping) and all(isinstance(one, Mapping) for one in value.values()):
            _change_table(document, name, value)
        elif value is not None:
            document[name] = _in_toml(value)
        elif name in document:
            del document[name]
    text = tomlkit.dumps(document)
    settings = _validated(text, path)
    write_text(path, text)
    return settings


def _change_table(document: tomlkit.TOMLDocument, name: str, value: Mapping[str, Mapping[str, Any]]) -> None:
    """Have the table `name` hold what `value` says, one line each; lines that say so already stay as they were written."""
    table = document.get(name)
    fresh = not isinstance(table, Table)
    if not isinstance(table, Table):
        document.pop(name, None)
        table = tomlkit.table()
    for key in [key for key in table if key not in value]:
        del table[key]
    for key, one in value.items():
        if key not in table or table[key] != dict(one):
            table[key] = _in_toml(one)
    if fresh:
        document[name] = table


def _in_toml(value: Any) -> Any:  # noqa: ANN401 (any value that TOML has)
    """Return `value` so that tables within a list stand on one line each."""
    if isinstance(value, Mapping):
        inline = tomlkit.inline_table()
        inline.update({name: _in_toml(one) for name, one in value.items()})
        return inline
    if isinstance(value, list | tuple):
        array = tomlkit.array()
        array.extend([_in_toml(one) for one in value])
        return array.multiline(len(value) > 1 and any(isinstance(one, Mapping) for one in value))
    return value
