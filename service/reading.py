"""Lists and signals as a viewer reads them: each pupil shown is logged here, in the same transaction.

Every function takes the viewer first, and a session that `service.scope` entered for that viewer: it adds to each query
which rows are the viewer's. What lies outside the scope does not exist: a stranger's list or pupil is *not found*, never
*forbidden*. Queries are made once, when the module is read: making one takes longer than answering it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, or_, select
from sqlalchemy.orm import Session

from data_contracts.errors import NotFoundError
from data_contracts.weekly_list import Gone, Signal, Tier, WeeklyList
from service import audit
from service.audit import Action
from service.lists import CALENDAR
from service.scope import prepared
from service.tables import ListRow, SchoolRow, SealedNameRow, SignalRow
from service.vault import Vault
from service.viewer import Permission, Viewer

A_LIST = "deze weeklijst"
A_PUPIL = "deze leerling"


@dataclass(frozen=True)
class School:
    """A school in the viewer's scope."""

    id: str
    name: str
    sector: str


@dataclass(frozen=True)
class Head:
    """A published list without its signals (``document.signals`` is empty)."""

    id: str
    edition: int
    published_at: datetime
    change: int
    document: WeeklyList


@dataclass(frozen=True)
class Shown:
    """One signal as shown, with its opaque id, its place in the order, and the list that it is on."""

    id: str
    rank: int
    head: Head
    signal: Signal

    @property
    def list_id(self) -> str:
        """The list that it is on."""
        return self.head.id

    @property
    def school(self) -> str:
        """The school of that list."""
        return self.head.document.school


@dataclass(frozen=True)
class Earlier:
    """Where one pupil stood on a list of another week."""

    id: str
    week: date
    position: int | None
    on_list: bool
    probability: float | None
    tier: Tier | None


LISTS = select(
    ListRow.id, ListRow.school, ListRow.week, ListRow.edition, ListRow.published_at, ListRow.change, ListRow.document
)
NEWEST = (
    select(ListRow.school, ListRow.week, func.max(ListRow.edition).label("edition"))
    .group_by(ListRow.school, ListRow.week)
    .subquery()
)
STANDS = (NEWEST.c.school == ListRow.school) & (NEWEST.c.week == ListRow.week) & (NEWEST.c.edition == ListRow.edition)
NEWEST_FIRST = LISTS.join(NEWEST, STANDS).order_by(ListRow.week.desc(), ListRow.school)
ONE_LIST = prepared(LISTS.where(ListRow.id == bindparam("id")))

SIGNALS = select(SignalRow.id, SignalRow.list_id, SignalRow.school, SignalRow.pupil, SignalRow.rank, SignalRow.document)
ON_LIST = (
    SIGNALS.where(SignalRow.list_id == bindparam("list_id"), SignalRow.rank > bindparam("after"))
    .order_by(SignalRow.rank)
    .limit(bindparam("limit"))
)
ON_ONE_LIST, WITH_CALENDAR = prepared(ON_LIST), prepared(ON_LIST.add_columns(SignalRow.calendar))
WITH_LIST = SIGNALS.join(ListRow, ListRow.id == SignalRow.list_id).add_columns(
    ListRow.edition, ListRow.published_at, ListRow.change, ListRow.document.label("list_document")
)
ONE_SIGNAL = prepared(WITH_LIST.add_columns(SignalRow.calendar).where(SignalRow.id == bindparam("id")))
SEALED = prepared(
    select(SealedNameRow.pupil, SealedNameRow.sealed).where(
        SealedNameRow.school == bindparam("school"), SealedNameRow.pupil.in_(bindparam("pupils", expanding=True))
    )
)

START = -1
EVERY = 2**31 - 1


def schools(viewer: Viewer, session: Session) -> tuple[School, ...]:
    """Return the schools in scope that have published a list, by name."""
    viewer.must(Permission.READ_LISTS)
    query = select(SchoolRow).order_by(SchoolRow.name, SchoolRow.id)
    if viewer.schools is not None:  # names of schools are nobody's data, so no scope is on them
        query = query.where(SchoolRow.id.in_(viewer.schools))
    return tuple(School(row.id, row.name, row.sector) for row in session.scalars(query))


def weeks(viewer: Viewer, session: Session, *, school: str) -> tuple[date, ...]:
    """Return the weeks (Mondays) for which `school` has a list, newest first."""
    viewer.must(Permission.READ_LISTS)
    query = select(ListRow.week).where(ListRow.school == school).distinct().order_by(ListRow.week.desc())
    return tuple(session.scalars(query))


def heads(
    viewer: Viewer,
    session: Session,
    *,
    school: str | None = None,
    week: date | None = None,
    after: tuple[date, str] | None = None,
    limit: int | None = None,
) -> tuple[Head, ...]:
    """Return the lists in scope, newest edition each, newest week first; from `after` (week and school) on."""
    viewer.must(Permission.READ_LISTS)
    query = of_school(NEWEST_FIRST, school=school, week=week).limit(limit)
    if after is not None:
        last_week, last_school = after
        further = or_(ListRow.week < last_week, (ListRow.week == last_week) & (ListRow.school > last_school))
        query = query.where(further)
    return tuple(head_of(row) for row in session.execute(query))


def of_school(query: Select[*tuple[Any, ...]], *, school: str | None, week: date | None) -> Select[*tuple[Any, ...]]:
    """Return `query` (of lists) for one school or week, where one is given."""
    if school is not None:
        query = query.where(ListRow.school == school)
    return query if week is None else query.where(ListRow.week == week)


def head(viewer: Viewer, session: Session, list_id: str) -> Head:
    """Return one list, of whatever edition.

    Raises
    ------
    NotFoundError
        It does not exist, or not for this viewer.
    """
    viewer.must(Permission.READ_LISTS)
    row = session.execute(ONE_LIST, {"id": list_id}).one_or_none()
    if row is None:
        raise not_found(A_LIST)
    return head_of(row)


def signals(viewer: Viewer, session: Session, of: Head, *, kind: type[Signal] = Signal) -> tuple[Shown, ...]:
    """Return the signals on a list that the viewer may see, in order; each pupil is logged.

    `kind` is how much of each is read (`service.brief`).
    """
    return tuple(shown_on(of, row, kind=kind) for row in rows_on(viewer, session, of))


def rows_on(
    viewer: Viewer,
    session: Session,
    of: Head,
    *,
    with_calendar: bool = False,
    after: int = START,
    limit: int = EVERY,
) -> Sequence[Row[Any]]:
    """Return the signals on a list as they are stored, in order, from rank `after` on; each pupil is logged."""
    viewer.must(Permission.READ_LISTS)
    query = WITH_CALENDAR if with_calendar else ON_ONE_LIST
    rows = session.execute(query, {"list_id": of.id, "after": after, "limit": limit}).all()
    read = [row.pupil for row in rows]
    audit.record(viewer, session, action=Action.LIST_READ, school=of.document.school, subjects=read, object_id=of.id)
    return rows


def signal(viewer: Viewer, session: Session, signal_id: str, *, action: Action = Action.PUPIL_READ) -> Shown:
    """Return one signal; the pupil is logged, as having been read or whatever `action` says.

    Raises
    ------
    NotFoundError
        It does not exist, or not for this viewer.
    """
    return shown_of(row_of(viewer, session, signal_id, action=action))


def row_of(viewer: Viewer, session: Session, signal_id: str, *, action: Action = Action.PUPIL_READ) -> Row[Any]:
    """Return one signal as it is stored, beside its list; logged and refused as `signal` does."""
    viewer.must(Permission.READ_LISTS)
    row = session.execute(ONE_SIGNAL, {"id": signal_id}).one_or_none()
    if row is None:
        raise not_found(A_PUPIL)
    audit.record(viewer, session, action=action, school=row.school, subjects=[row.pupil], object_id=row.id)
    return row


def gone(viewer: Viewer, session: Session, of: Head) -> tuple[tuple[Gone, Shown], ...]:
    """Return who was on last week's list and is not on this one, with that earlier signal; each pupil is logged."""
    reasons = {one.pupil: one for one in of.document.gone}
    viewer.must(Permission.READ_LISTS)
    query = WITH_LIST.where(
        SignalRow.school == of.document.school, SignalRow.pupil.in_(reasons), ListRow.week < of.document.week
    ).order_by(ListRow.week, ListRow.edition)
    last = {row.pupil: row for row in session.execute(query)}
    audit.record(viewer, session, action=Action.LIST_READ, school=of.document.school, subjects=last, object_id=of.id)
    return tuple((reasons[pupil], shown_of(last[pupil])) for pupil in reasons if pupil in last)


def earlier(viewer: Viewer, session: Session, of: Shown) -> tuple[Earlier, ...]:
    """Return where the same pupil stood in other weeks (newest edition of each), newest week first."""
    viewer.must(Permission.READ_LISTS)
    query = (
        select(SignalRow.id, SignalRow.document, ListRow.week)
        .join(ListRow, ListRow.id == SignalRow.list_id)
        .join(NEWEST, STANDS)
        .where(SignalRow.school == of.school, SignalRow.pupil == of.signal.pupil, ListRow.week != of.head.document.week)
        .order_by(ListRow.week.desc(), ListRow.edition)
    )
    found: dict[date, Earlier] = {}
    for row in session.execute(query):
        stored = Signal.model_validate_json(row.document)
        found[row.week] = Earlier(row.id, row.week, stored.position, stored.on_list, stored.probability, stored.tier)
    return tuple(found.values())


def names(viewer: Viewer, session: Session, *, school: str, pupils: Iterable[str], vault: Vault) -> dict[str, str]:
    """Return the names of `pupils`, as far as the role may see names and the key opens them.

    Call it with pupils that one of the functions above has shown (and logged).
    """
    if not viewer.may(Permission.READ_NAMES) or vault.fernet is None:
        return {}
    rows = session.execute(SEALED, {"school": school, "pupils": list(pupils)})
    opened = {row.pupil: vault.name(row.sealed) for row in rows}
    return {pupil: name for pupil, name in opened.items() if name is not None}


def not_found(what: str) -> NotFoundError:
    """Say that `what` does not exist, in the same words whether it does elsewhere or not."""
    return NotFoundError(
        f"Wij kunnen {what} niet vinden.",
        remedy="Misschien is het adres niet volledig, of valt dit buiten uw rol. Begin opnieuw bij de weeklijst.",
    )


def head_of(row: Row[Any]) -> Head:
    """Return a row of `LISTS` as a list."""
    return Head(row.id, row.edition, row.published_at, row.change, _parsed(row.document))


def shown_on(of: Head, row: Row[Any], *, kind: type[Signal] = Signal) -> Shown:
    """Return a row of `SIGNALS` that is on the list `of`, with its calendar where that was asked for too."""
    signal = kind.model_validate_json(row.document)
    if "calendar" in row._fields:  # to ask for what is not there takes longer than to read the signal
        signal = signal.model_copy(update={"calendar": CALENDAR.validate_json(row.calendar)})
    return Shown(row.id, row.rank, of, signal)


def shown_of(row: Row[Any]) -> Shown:
    """Return a row of `WITH_LIST` as a signal, with its calendar where that was asked for too."""
    return shown_on(head_beside(row), row)


def head_beside(row: Row[Any]) -> Head:
    """Return the list of a row of `WITH_LIST`."""
    return Head(row.list_id, row.edition, row.published_at, row.change, _parsed(row.list_document))


@lru_cache(maxsize=128)
def _parsed(document: str) -> WeeklyList:
    """Return a list as published; the few that are read now are asked for again with every signal on them."""
    return WeeklyList.model_validate_json(document)
