"""Everything about one school's pupils that is still to be done: who waits, what is late, planned, left for now or done."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from data_contracts.weekly_list import Standing
from service import audit, reading, scope
from service.audit import Action
from service.brief import Brief
from service.following import care, follow_ups, undoing
from service.following.care import Care
from service.following.follow_ups import RESTING, FollowUp, Kind
from service.following.undoing import FIGURES
from service.pages import listed
from service.pages.filters import sortable
from service.pages.following import follow_up_drawing
from service.pages.following.follow_up_drawing import Clock
from service.pages.listed import Row
from service.reading import Head, Shown
from service.rights import requests
from service.tables import FollowUpRow, ListRow, SignalRow
from service.vault import Vault
from service.viewer import Permission, Viewer


@dataclass(frozen=True)
class Item:
    """A follow-up on the page: the pupil's name, the signal to open, and whether it can be taken back still."""

    follow_up: FollowUp
    name: str
    signal: str
    undoable: bool

    @property
    def open(self) -> bool:
        """Whether it is still to be done."""
        return self.follow_up.plan.done_on is None

    @property
    def late(self) -> bool:
        """Whether its day has passed; to look again is due on the day itself."""
        plan, today = self.follow_up.plan, scope.today()
        due = plan.planned_on is not None and (
            plan.planned_on < today or (plan.planned_on == today and plan.kind in RESTING)
        )
        return self.open and due


@dataclass(frozen=True)
class Waiting:
    """A pupil whom nobody has picked up: what is going on, since when, and who said that something is wrong."""

    row: Row
    concern: FollowUp | None
    woke: tuple[str, ...]


@dataclass(frozen=True)
class AtHome:
    """A pupil who is away for long: how long, and what was agreed about it."""

    row: Row
    clock: Clock | None
    agreement: Item | None


@dataclass(frozen=True)
class Board:
    """The page, in the order in which it is gone through."""

    waiting: tuple[Waiting, ...]
    concerns: tuple[Item, ...]
    late: tuple[Item, ...]
    planned: tuple[tuple[str, tuple[Item, ...]], ...]
    at_home: tuple[AtHome, ...]
    resting: tuple[Item, ...]
    done: tuple[Item, ...]
    owners: tuple[tuple[str, str], ...]


def board(viewer: Viewer, session: Session, head: Head, *, vault: Vault, owner: str = "") -> Board:
    """Return all that is open, and what was done lately, at the school of `head`; each pupil shown is logged once.

    Parameters
    ----------
    head
        The newest list of the school.
    owner
        Only what the owner of this follow-up (its id) has; who waits is nobody's, and always shown.
    """
    viewer.must(Permission.READ_FOLLOW_UPS)
    school, week = head.document.school, head.document.week
    every = _every(session, school)
    rows = [row for row in every if row.done_on is None or row.done_on >= _lately()]
    shown = {one.signal.pupil: one for one in _signals(session, head)}
    known = care.care_on(session, school=school, week=week, pupils=list(shown))
    waiting = [one for one in shown.values() if _waits(one, known[one.signal.pupil])]
    away = [one for one in shown.values() if one.signal.standing is Standing.ALREADY_ABSENT]
    seen = [one.signal.pupil for one in (*waiting, *away)] + [row.pupil for row in rows]
    pupils = list(dict.fromkeys(seen))
    audit.record(viewer, session, action=Action.FOLLOW_UP_READ, school=school, subjects=pupils, object_id=head.id)
    named = reading.names(viewer, session, school=school, pupils=pupils, vault=vault)
    closed = _closed(viewer, session, school)
    items = [_item(viewer, row, shown, named, closed=closed, vault=vault) for row in rows]
    return _parted(
        _of_owner(items, owner),
        waiting=_waiting(listed.rows_of(waiting, named, known), items),
        at_home=tuple(_at_home(row, items) for row in listed.rows_of(away, named, known)),
        unanswered=_unanswered(every),
        owners=owners(items),
    )


def _parted(
    items: Sequence[Item],
    *,
    waiting: tuple[Waiting, ...],
    at_home: tuple[AtHome, ...],
    unanswered: set[str],
    owners: tuple[tuple[str, str], ...],
) -> Board:
    pupils = {one.row.shown.signal.pupil for one in waiting}
    left = [one for one in items if one.open and one.follow_up.plan.kind in RESTING]
    over = [one for one in left if one.late and one.follow_up.pupil not in pupils]
    planned = [one for one in items if one.open and one.follow_up.plan.kind not in RESTING | {Kind.CONCERN}]
    return Board(
        waiting=waiting,
        concerns=tuple(one for one in items if one.follow_up.id in unanswered and one.follow_up.pupil not in pupils),
        late=tuple(one for one in (*planned, *over) if one.late),
        planned=_by_owner(one for one in planned if not one.late),
        at_home=at_home,
        resting=tuple(one for one in left if not one.late),
        done=tuple(one for one in reversed(items) if not one.open),
        owners=owners,
    )


def _every(session: Session, school: str) -> Sequence[FollowUpRow]:
    """Return all follow-ups in scope that were not taken back; the first planned (or done) first."""
    query = select(FollowUpRow).where(FollowUpRow.school == school, FollowUpRow.withdrawn_at.is_(None))
    rows = session.scalars(query).all()
    return sorted(rows, key=lambda row: (row.done_on or row.planned_on or date.max, row.opened_at, row.id))


def _lately() -> date:
    return scope.today() - timedelta(days=FIGURES["done_days"])


def _waits(one: Shown, care: Care) -> bool:
    return bool(care.woke) or (one.signal.on_list and not care.picked_up)


def _signals(session: Session, head: Head) -> tuple[Shown, ...]:
    """Return every signal on the list that is in scope, to choose from; who is shown of them is logged by `board`."""
    asked = {"list_id": head.id, "after": reading.START, "limit": reading.EVERY}
    return tuple(reading.shown_on(head, row, kind=Brief) for row in session.execute(reading.ON_ONE_LIST, asked))


def _closed(viewer: Viewer, session: Session, school: str) -> frozenset[str]:
    """Return whose page is not there for the viewer: of who objected, only who deals with that gets one."""
    return frozenset() if viewer.may(Permission.READ_RIGHTS) else requests.objectors(session, school=school)


def _item(
    viewer: Viewer,
    row: FollowUpRow,
    shown: dict[str, Shown],
    named: dict[str, str],
    *,
    closed: frozenset[str],
    vault: Vault,
) -> Item:
    newest = shown.get(row.pupil)
    earlier = "" if row.pupil in closed else row.signal_id or ""
    return Item(
        follow_ups.as_seen(viewer, row, vault),
        listed.call(row.pupil, named),
        earlier if newest is None else newest.id,
        undoable=undoing.may_undo(viewer, changed_by=row.changed_by, changed_at=row.changed_at),
    )


def _waiting(rows: Iterable[Row], items: Sequence[Item]) -> tuple[Waiting, ...]:
    concerns = {
        one.follow_up.pupil: one.follow_up for one in items if one.open and one.follow_up.plan.kind is Kind.CONCERN
    }
    return tuple(Waiting(row, concerns.get(row.shown.signal.pupil), row.care.woke if row.care else ()) for row in rows)


def _unanswered(every: Sequence[FollowUpRow]) -> set[str]:
    """Return the concerns about pupils for whom nothing was begun since, by id."""
    begun: dict[str, datetime] = {}
    for row in every:
        if row.kind != Kind.CONCERN:
            begun[row.pupil] = max(row.opened_at, begun.get(row.pupil, row.opened_at))
    return {
        row.id
        for row in every
        if row.kind == Kind.CONCERN
        and row.done_on is None
        and (row.pupil not in begun or begun[row.pupil] < row.opened_at)
    }


def _by_owner(items: Iterable[Item]) -> tuple[tuple[str, tuple[Item, ...]], ...]:
    found: dict[str, list[Item]] = {}
    for one in items:
        found.setdefault(one.follow_up.plan.owner, []).append(one)
    return tuple((owner, tuple(found[owner])) for owner in sorted(found, key=str.casefold))


def _at_home(row: Row, items: Sequence[Item]) -> AtHome:
    pupil = row.shown.signal.pupil
    offers = [one for one in items if one.follow_up.pupil == pupil and one.follow_up.plan.kind is Kind.OFFER]
    return AtHome(
        row,
        follow_up_drawing.clock(row.shown.signal, today=scope.today()),
        max(offers, key=lambda one: one.follow_up.opened_at, default=None),
    )


def _of_owner(items: Sequence[Item], owner: str) -> Sequence[Item]:
    of = {one.follow_up.plan.owner for one in items if one.follow_up.id == owner}
    return [one for one in items if one.follow_up.plan.owner in of] if owner else items


def owners(items: Iterable[Item]) -> tuple[tuple[str, str], ...]:
    """Return who has something to do, each with the id of a follow-up of theirs: names do not belong in an address."""
    found = {one.follow_up.plan.owner: one.follow_up.id for one in sorted(items, key=_age, reverse=True) if one.open}
    return tuple((found[one], one) for one in sorted(found, key=str.casefold))


def _age(item: Item) -> tuple[datetime, str]:
    return item.follow_up.opened_at, item.follow_up.id


def concerns(viewer: Viewer, session: Session, head: Head, *, vault: Vault) -> tuple[Item, ...]:
    """Return the concerns at the school of `head` that nobody has answered yet; each pupil is logged."""
    if not viewer.may(Permission.READ_FOLLOW_UPS):
        return ()
    school = head.document.school
    every = _every(session, school)
    unanswered = _unanswered(every)
    rows = [row for row in every if row.id in unanswered]
    pupils = list(dict.fromkeys(row.pupil for row in rows))
    audit.record(viewer, session, action=Action.FOLLOW_UP_READ, school=school, subjects=pupils, object_id=head.id)
    named = reading.names(viewer, session, school=school, pupils=pupils, vault=vault)
    closed = _closed(viewer, session, school)
    return tuple(_item(viewer, row, {}, named, closed=closed, vault=vault) for row in rows)


def known_pupils(viewer: Viewer, session: Session, *, school: str, vault: Vault) -> tuple[tuple[str, str, str], ...]:
    """Return signal, name and group of every pupil in scope whom a list ever showed, by name; each is logged."""
    viewer.must(Permission.WRITE_FOLLOW_UPS)
    query = (
        select(SignalRow.id, SignalRow.pupil, SignalRow.group_name)
        .join(ListRow, ListRow.id == SignalRow.list_id)
        .where(SignalRow.school == school)
        .order_by(ListRow.week, ListRow.edition)
    )
    newest = {row.pupil: row for row in session.execute(query)}
    audit.record(viewer, session, action=Action.LIST_READ, school=school, subjects=newest)
    named = reading.names(viewer, session, school=school, pupils=newest, vault=vault)
    found = [(row.id, listed.call(pupil, named), row.group_name) for pupil, row in newest.items()]
    return tuple(sorted(found, key=lambda one: (sortable(one[1]), one[0])))
