"""Lists and signals in the order in which they were published, so that a program can pull what is new and miss nothing.

The order is `ListRow.change`: a list that is seen later has a higher number than every list seen before, whatever a clock
said. Every edition is in it. Each signal read is logged here, in the same transaction.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, case, func, or_, select
from sqlalchemy.orm import Session

from service import audit, reading, stored
from service.audit import Action
from service.reading import LISTS, NEWEST, Head
from service.scope import prepared
from service.stored import Stored
from service.tables import ListRow, SignalRow
from service.viewer import Permission, Viewer

BY_CHANGE = LISTS.order_by(ListRow.change, ListRow.id)
WITHOUT_CALENDAR = reading.WITH_LIST.order_by(ListRow.change, ListRow.id, SignalRow.rank)
EVERY_SIGNAL = WITHOUT_CALENDAR.add_columns(SignalRow.calendar)
AFTER = and_(
    ListRow.change >= bindparam("change"),
    or_(
        ListRow.change > bindparam("change"),
        ListRow.id > bindparam("list_id"),
        and_(ListRow.id == bindparam("list_id"), SignalRow.rank > bindparam("rank")),
    ),
)
PAGE = prepared(EVERY_SIGNAL.where(AFTER).limit(bindparam("limit")))
BATCH = prepared(WITHOUT_CALENDAR.where(AFTER, ListRow.change < bindparam("end")).limit(bindparam("limit")))
FIRST = func.min(case((ListRow.published_at >= bindparam("since"), ListRow.change)))
SINCE = select(func.coalesce(FIRST, func.max(ListRow.change) + 1, 1))
"""One question, so that nothing is published between its halves."""
LAST = select(func.max(ListRow.change))


@dataclass(frozen=True, order=True)
class Position:
    """A place in the order of publishing: after the signal of `rank` on `list_id`; rank -1 is before its first."""

    change: int = 0
    list_id: str = ""
    rank: int = reading.START


@dataclass(frozen=True)
class Wanted:
    """Which signals: of one school, pupil (a pseudonym) or group, of some weeks, on the list, under some rule."""

    school: str | None = None
    pupil: str | None = None
    group: str | None = None
    weeks: tuple[date, ...] = ()
    on_list: bool | None = None
    rule: str | None = None


def since(viewer: Viewer, session: Session, moment: datetime) -> Position:
    """Return where to begin for everything published at `moment` (UTC) or later.

    From the first such list on, everything follows in its order: one whose clock was behind is given too often rather than
    missed.
    """
    viewer.must(Permission.READ_LISTS)
    return Position(session.execute(SINCE, {"since": moment}).scalar_one())


def lists(
    viewer: Viewer,
    session: Session,
    *,
    after: Position,
    limit: int,
    school: str | None = None,
    week: date | None = None,
) -> tuple[Head, ...]:
    """Return the lists after a position, every edition, in the order of publishing."""
    viewer.must(Permission.READ_LISTS)
    query = reading.of_school(BY_CHANGE, school=school, week=week).where(
        ListRow.change >= after.change, or_(ListRow.change > after.change, ListRow.id > after.list_id)
    )
    return tuple(reading.head_of(row) for row in session.execute(query.limit(limit)))


def end(viewer: Viewer, session: Session) -> Position:
    """Return the place after everything that is published now."""
    viewer.must(Permission.READ_LISTS)
    return Position((session.scalar(LAST) or 0) + 1)


def signals(viewer: Viewer, session: Session, *, after: Position, limit: int) -> tuple[Stored, ...]:
    """Return the signals after a position, in the order of publishing; each pupil is logged."""
    return _read(viewer, session, PAGE, {**asdict(after), "limit": limit})


def batch(viewer: Viewer, session: Session, *, after: Position, end: Position, limit: int) -> tuple[Stored, ...]:
    """Return the same without calendars, up to `end`."""
    return _read(viewer, session, BATCH, {**asdict(after), "end": end.change, "limit": limit})


def found(viewer: Viewer, session: Session, wanted: Wanted, *, after: Position, limit: int) -> tuple[Stored, ...]:
    """Return the signals that are `wanted`, of the newest edition of each list; each pupil is logged."""
    newest = and_(NEWEST.c.school == ListRow.school, NEWEST.c.week == ListRow.week, NEWEST.c.edition == ListRow.edition)
    query = EVERY_SIGNAL.join(NEWEST, newest).where(AFTER, *_conditions(wanted)).limit(bindparam("limit"))
    return _read(viewer, session, query, {**asdict(after), "limit": limit})


def position(shown: Stored) -> Position:
    """Return the place of a signal."""
    return Position(shown.head.change, shown.list_id, shown.rank)


def _read(
    viewer: Viewer, session: Session, query: Select[*tuple[Any, ...]], asked: Mapping[str, object]
) -> tuple[Stored, ...]:
    viewer.must(Permission.READ_LISTS)
    rows = session.execute(query, asked).all()
    _log(viewer, session, rows)
    return tuple(stored.of_row(row) for row in rows)


def _log(viewer: Viewer, session: Session, rows: Iterable[Row[Any]]) -> None:
    for (school, list_id), of_list in groupby(rows, key=lambda row: (row.school, row.list_id)):
        subjects = [row.pupil for row in of_list]
        audit.record(viewer, session, action=Action.LIST_READ, school=school, subjects=subjects, object_id=list_id)


def _conditions(wanted: Wanted) -> Iterable[ColumnElement[bool]]:
    if wanted.school is not None:
        yield SignalRow.school == wanted.school
    if wanted.pupil is not None:
        yield SignalRow.pupil == wanted.pupil
    if wanted.group is not None:
        yield SignalRow.group_name == wanted.group
    if wanted.weeks:
        yield ListRow.week.in_(wanted.weeks)
    if wanted.on_list is not None:
        yield SignalRow.on_list.is_(wanted.on_list)
    if wanted.rule is not None:
        # As pydantic writes it; within a text quotes are escaped, so no sentence can look like this.
        yield SignalRow.document.contains(f'"rule":"{wanted.rule}"', autoescape=True)
