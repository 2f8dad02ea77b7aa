"""Everything a viewer reads, and nothing a viewer may not: scope is decided here, and each pupil shown is logged here.

Every function takes the viewer first. What lies outside the scope does not exist: a stranger's list
or pupil is *not found*, never *forbidden*.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import Session, undefer

from data_contracts.errors import NotFoundError
from data_contracts.weekly_list import Gone, Signal, WeeklyList
from service import audit
from service.audit import Action
from service.lists import CALENDAR
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
    document: WeeklyList


@dataclass(frozen=True)
class Shown:
    """One signal as shown: with its opaque id, the week of its list, and whether it stood on the list."""

    id: str
    list_id: str
    school: str
    signal: Signal


@dataclass(frozen=True)
class Earlier:
    """Where one pupil stood on a list of another week."""

    id: str
    week: date
    position: int | None
    on_list: bool


def _lists(viewer: Viewer) -> Select[ListRow]:
    viewer.must(Permission.READ_LISTS)
    query = select(ListRow)
    return query if viewer.schools is None else query.where(ListRow.school.in_(viewer.schools))


def _newest_lists(viewer: Viewer) -> Select[ListRow]:
    newest = (
        select(ListRow.school, ListRow.week, func.max(ListRow.edition).label("edition"))
        .group_by(ListRow.school, ListRow.week)
        .subquery()
    )
    return (
        _lists(viewer)
        .join(
            newest,
            (newest.c.school == ListRow.school)
            & (newest.c.week == ListRow.week)
            & (newest.c.edition == ListRow.edition),
        )
        .order_by(ListRow.week.desc(), ListRow.school)
    )


def _signals(viewer: Viewer) -> Select[SignalRow]:
    viewer.must(Permission.READ_LISTS)
    query = select(SignalRow).order_by(SignalRow.rank)
    if viewer.schools is not None:
        query = query.where(SignalRow.school.in_(viewer.schools))
    if viewer.groups is not None:
        query = query.where(tuple_(SignalRow.school, SignalRow.group_name).in_(sorted(viewer.groups)))
    return query


def schools(viewer: Viewer, session: Session) -> tuple[School, ...]:
    """Return the schools in scope that have published a list, by name."""
    viewer.must(Permission.READ_LISTS)
    query = select(SchoolRow).order_by(SchoolRow.name, SchoolRow.id)
    if viewer.schools is not None:
        query = query.where(SchoolRow.id.in_(viewer.schools))
    return tuple(School(row.id, row.name, row.sector) for row in session.scalars(query))


def weeks(viewer: Viewer, session: Session, *, school: str) -> tuple[date, ...]:
    """Return the weeks (Mondays) for which `school` has a list, newest first."""
    query = _lists(viewer).where(ListRow.school == school).with_only_columns(ListRow.week).distinct()
    return tuple(session.scalars(query.order_by(ListRow.week.desc())))


def heads(viewer: Viewer, session: Session, *, school: str | None = None, week: date | None = None) -> tuple[Head, ...]:
    """Return the lists in scope, newest edition each, newest week first."""
    query = _newest_lists(viewer)
    if school is not None:
        query = query.where(ListRow.school == school)
    if week is not None:
        query = query.where(ListRow.week == week)
    return tuple(_head(row) for row in session.scalars(query))


def head(viewer: Viewer, session: Session, list_id: str) -> Head:
    """Return one list, of whatever edition.

    Raises
    ------
    NotFoundError
        It does not exist, or not for this viewer.
    """
    row = session.scalar(_lists(viewer).where(ListRow.id == list_id))
    if row is None:
        raise not_found(A_LIST)
    return _head(row)


def signals(viewer: Viewer, session: Session, of: Head, *, with_calendar: bool = False) -> tuple[Shown, ...]:
    """Return the signals on a list that the viewer may see, in order; each pupil is logged."""
    query = _signals(viewer).where(SignalRow.list_id == of.id)
    rows = session.scalars(query.options(undefer(SignalRow.calendar)) if with_calendar else query).all()
    audit.record(
        viewer,
        session,
        action=Action.LIST_READ,
        school=of.document.school,
        subjects=[row.pupil for row in rows],
        object_id=of.id,
    )
    return tuple(_shown(row, with_calendar=with_calendar) for row in rows)


def signal(viewer: Viewer, session: Session, signal_id: str) -> Shown:
    """Return one signal; the pupil is logged.

    Raises
    ------
    NotFoundError
        It does not exist, or not for this viewer.
    """
    row = session.scalar(_signals(viewer).where(SignalRow.id == signal_id))
    if row is None:
        raise not_found(A_PUPIL)
    audit.record(viewer, session, action=Action.PUPIL_READ, school=row.school, subjects=[row.pupil], object_id=row.id)
    return _shown(row, with_calendar=True)


def gone(viewer: Viewer, session: Session, of: Head) -> tuple[tuple[Gone, Shown], ...]:
    """Return who was on last week's list and is not on this one, with that earlier signal; each pupil is logged."""
    reasons = {one.pupil: one for one in of.document.gone}
    query = (
        _signals(viewer)
        .join(ListRow, ListRow.id == SignalRow.list_id)
        .where(SignalRow.school == of.document.school, SignalRow.pupil.in_(reasons), ListRow.week < of.document.week)
        .order_by(None)
        .order_by(ListRow.week, ListRow.edition)
    )
    last = {row.pupil: row for row in session.scalars(query)}
    audit.record(
        viewer,
        session,
        action=Action.LIST_READ,
        school=of.document.school,
        subjects=last,
        object_id=of.id,
    )
    return tuple((reasons[pupil], _shown(last[pupil], with_calendar=False)) for pupil in reasons if pupil in last)


def earlier(viewer: Viewer, session: Session, of: Shown) -> tuple[Earlier, ...]:
    """Return where the same pupil stood in other weeks (newest edition of each), newest week first."""
    query = (
        _signals(viewer)
        .join(ListRow, ListRow.id == SignalRow.list_id)
        .where(SignalRow.school == of.school, SignalRow.pupil == of.signal.pupil, SignalRow.list_id != of.list_id)
        .order_by(None)
        .order_by(ListRow.week.desc(), ListRow.edition)
        .add_columns(ListRow.week)
    )
    this_week = session.scalar(_lists(viewer).where(ListRow.id == of.list_id).with_only_columns(ListRow.week))
    found: dict[date, Earlier] = {}
    for row, week in session.execute(query):
        document = json.loads(row.document)
        if week != this_week:
            found[week] = Earlier(row.id, week, document["position"], document["on_list"])
    return tuple(found.values())


def names(viewer: Viewer, session: Session, *, school: str, pupils: Iterable[str], vault: Vault) -> dict[str, str]:
    """Return the names of `pupils`, as far as the role may see names and the key opens them.

    Call it with pupils that one of the functions above has shown (and logged).
    """
    if not viewer.may(Permission.READ_NAMES) or vault.fernet is None:
        return {}
    in_scope = _signals(viewer).with_only_columns(SignalRow.pupil).order_by(None).where(SignalRow.school == school)
    query = select(SealedNameRow).where(
        SealedNameRow.school == school, SealedNameRow.pupil.in_(list(pupils)), SealedNameRow.pupil.in_(in_scope)
    )
    opened = {row.pupil: vault.name(row.sealed) for row in session.scalars(query)}
    return {pupil: name for pupil, name in opened.items() if name is not None}


def not_found(what: str) -> NotFoundError:
    """Say that `what` does not exist, in the same words whether it does elsewhere or not."""
    return NotFoundError(
        f"Wij kunnen {what} niet vinden.",
        remedy="Misschien is het adres niet volledig, of valt dit buiten uw rol. Begin opnieuw bij de weeklijst.",
    )


def _head(row: ListRow) -> Head:
    return Head(row.id, row.edition, row.published_at, WeeklyList.model_validate_json(row.document))


def _shown(row: SignalRow, *, with_calendar: bool) -> Shown:
    signal = Signal.model_validate_json(row.document)
    if with_calendar:
        signal = signal.model_copy(update={"calendar": CALENDAR.validate_json(row.calendar)})
    return Shown(row.id, row.list_id, row.school, signal)
