"""Which school a page is about: the one asked for, or else the first in scope."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from service import reading
from service.reading import School
from service.viewer import Viewer

A_SCHOOL = "deze school"


@dataclass(frozen=True)
class Chosen:
    """The school of a page, and those beside it that the viewer may choose."""

    school: School
    schools: tuple[School, ...]


def school(viewer: Viewer, session: Session, asked: str) -> Chosen | None:
    """Find the school that was asked for; None where no school in scope has published a list.

    Raises
    ------
    NotFoundError
        The school is not in scope, or has no list.
    """
    schools = reading.schools(viewer, session)
    if asked and asked not in {one.id for one in schools}:
        raise reading.not_found(A_SCHOOL)
    if not schools:
        return None
    return Chosen(next((one for one in schools if one.id == asked), schools[0]), schools)
