"""Which schools somebody arranges: also one that has a settings file, or only a role, and no list yet."""

import re
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from data_contracts.errors import AanwezigError, NotFoundError
from data_contracts.identifiers import SCHOOL_PATTERN
from data_contracts.school import SchoolSettings, read_school
from service.tables import SchoolRow
from service.viewer import Viewer

FOLDER = "schools"


@dataclass(frozen=True)
class ManagedSchool:
    """A school, and how it is called: by its list, its settings, or else its number."""

    id: str
    name: str


def file_of(home: Path, school: str) -> Path:
    """Return where the settings of `school` stand, or would."""
    return home / FOLDER / f"{school}.toml"


def settings_of(home: Path, school: str) -> SchoolSettings | None:
    """Return the settings of `school`; None where there are none that can be read."""
    try:
        return read_school(file_of(home, school))
    except AanwezigError:
        return None


def all_of(viewer: Viewer, session: Session, home: Path) -> tuple[ManagedSchool, ...]:
    """Return the schools that `viewer` arranges, by name."""
    names = {row.id: row.name for row in session.scalars(select(SchoolRow))}
    if viewer.schools is None:
        files = {path.stem for path in (home / FOLDER).glob("*.toml")}
        ids = {one for one in files if re.fullmatch(SCHOOL_PATTERN, one)} | names.keys()
    else:
        ids = set(viewer.schools)
    for one in ids - names.keys():
        settings = settings_of(home, one)
        names[one] = one if settings is None else settings.name
    return tuple(sorted((ManagedSchool(one, names[one]) for one in ids), key=lambda school: (school.name, school.id)))


def chosen(schools: tuple[ManagedSchool, ...], asked: str) -> ManagedSchool | None:
    """Return the school that was asked for, or else the first; None where there is none at all.

    Raises
    ------
    NotFoundError
        The school is not among those that the viewer arranges.
    """
    if asked:
        must_have(schools, asked)
    return next((one for one in schools if one.id == asked), schools[0] if schools else None)


def must_have(schools: tuple[ManagedSchool, ...], asked: str) -> None:
    """Refuse a school that is not among `schools`.

    Raises
    ------
    NotFoundError
        It is not.
    """
    if asked not in {one.id for one in schools}:
        detail = "Deze school bestaat niet, of hoort niet bij wat u beheert."
        raise NotFoundError(detail, remedy="Kies een school uit de lijst.")
