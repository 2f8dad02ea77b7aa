"""Signals as they are stored, for the API: JSON that was checked when it was published, and is not checked again.

To make the hundred objects of a signal anew took longer than all the rest of reading it.
"""

from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json
from sqlalchemy import Row
from sqlalchemy.orm import Session

from data_contracts.weekly_list import Signal
from service import reading
from service.reading import Head
from service.viewer import Viewer

Json = dict[str, Any]

SINCE_THEN: Json = {name: field.get_default() for name, field in Signal.model_fields.items() if not field.is_required()}
"""What a signal says of parts that did not exist yet when it was published."""


@dataclass(frozen=True)
class Stored:
    """One signal as stored: the JSON of `Signal` and of its calendar (None: not asked for).

    With its opaque id, its place in the order, the list that it is on, and whom it is about.
    """

    id: str
    rank: int
    head: Head
    pupil: str
    document: str
    calendar: str | None

    @property
    def list_id(self) -> str:
        """The list that it is on."""
        return self.head.id

    @property
    def school(self) -> str:
        """The school of that list."""
        return self.head.document.school

    @property
    def signal(self) -> Json:
        """The parts of it."""
        return read(self.document, self.calendar)


def read(document: str, calendar: str | None) -> Json:
    """Return the parts of a signal as stored."""
    found: Json = SINCE_THEN | from_json(document)
    return found if calendar is None else found | {"calendar": from_json(calendar)}


def signals(viewer: Viewer, session: Session, of: Head, *, after: int, limit: int) -> tuple[Stored, ...]:
    """Return the signals on a list that the viewer may see, in order, from rank `after` on; each pupil is logged."""
    rows = reading.rows_on(viewer, session, of, with_calendar=True, after=after, limit=limit)
    return tuple(_on(of, row) for row in rows)


def signal(viewer: Viewer, session: Session, signal_id: str) -> Stored:
    """Return one signal; the pupil is logged as having been read.

    Raises
    ------
    NotFoundError
        It does not exist, or not for this viewer.
    """
    return of_row(reading.row_of(viewer, session, signal_id))


def of_row(row: Row[Any]) -> Stored:
    """Return a row of `reading.WITH_LIST` as a signal, with its calendar where that was asked for too."""
    return _on(reading.head_beside(row), row)


def _on(of: Head, row: Row[Any]) -> Stored:
    calendar = row.calendar if "calendar" in row._fields else None
    return Stored(row.id, row.rank, of, row.pupil, row.document, calendar)
