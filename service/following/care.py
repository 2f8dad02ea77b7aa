"""Who has a pupil in hand: since when on the list without a break, what was agreed, and whether anybody picked it up."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from data_contracts.weekly_list import Signal
from service import scope, words
from service.following import waking
from service.following.follow_ups import KINDS, OUTCOMES, RESTING, Kind, Outcome
from service.reading import NEWEST, STANDS, Head
from service.tables import FollowUpRow, ListRow, SignalRow
from service.viewer import Permission, Viewer

"""Of the editions of a list, the newest."""


@dataclass(frozen=True)
class Step:
    """What was last agreed about a pupil: what, whose it is, when, and what came of it."""

    kind: Kind
    owner: str
    opened_on: date
    planned_on: date | None = None
    done_on: date | None = None
    outcome: Outcome | None = None

    @property
    def open(self) -> bool:
        """Whether it is still to be done."""
        return self.done_on is None

    @property
    def text(self) -> str:
        """What it is and how it stands, in words."""
        what = KINDS[self.kind]
        if self.done_on is not None:
            came = f": {OUTCOMES[self.outcome]}" if self.outcome else ""
            return f"{what} op {words.day(self.done_on)}{came}"
        if self.planned_on is not None:
            return f"{what}, gepland op {words.day(self.planned_on)}"
        return f"{what}, sinds {words.day(self.opened_on)}"


@dataclass(frozen=True)
class Care:
    """What is done about one pupil.

    Parameters
    ----------
    since
        Monday of the first list of the unbroken row of lists with the pupil on it; None where not on the list.
    last
        The last follow-up, as far as it belongs to this time on the list.
    woke
        What is new since the pupil was left for now, in words.
    """

    since: date | None
    last: Step | None
    woke: tuple[str, ...] = ()

    @property
    def picked_up(self) -> bool:
        """Whether somebody has it, or had it since the pupil came onto the list, and nothing new was seen after that."""
        return self.last is not None and self.last.kind is not Kind.CONCERN and not self.woke


def care(viewer: Viewer, session: Session, of: Head, *, pupils: Iterable[str]) -> dict[str, Care]:
    """Return what is done about `pupils`, who were shown (and logged) already; empty where the viewer may not know.

    Parameters
    ----------
    of
        The list: being on it counts from its week back.
    """
    if not viewer.may(Permission.READ_FOLLOW_UPS):
        return {}
    return care_on(session, school=of.document.school, week=of.document.week, pupils=pupils)


def care_on(session: Session, *, school: str, week: date, pupils: Iterable[str] | None = None) -> dict[str, Care]:
    """Return what is done about `pupils`, or about everyone on the list of `week` where they are left out."""
    since = on_list_since(session, school=school, week=week)
    asked = list(since if pupils is None else pupils)
    last: dict[str, Step] = {}
    left: dict[str, FollowUpRow] = {}
    query = (
        select(FollowUpRow)
        .where(FollowUpRow.school == school, FollowUpRow.pupil.in_(asked), FollowUpRow.withdrawn_at.is_(None))
        .order_by(FollowUpRow.opened_at, FollowUpRow.id)
    )
    for row in session.scalars(query):
        opened = row.opened_at.astimezone(words.ZONE).date()
        outcome = None if row.outcome is None else Outcome(row.outcome)
        found = Step(Kind(row.kind), row.owner, opened, row.planned_on, row.done_on, outcome)
        began = since.get(row.pupil)
        # What ended before the pupil came onto the list was about something else.
        if found.open or (began is not None and (row.done_on or opened) >= began):
            last[row.pupil], left[row.pupil] = found, row
    woke = woken(session, (row for row in left.values() if row.kind in RESTING), school=school, week=week)
    return {pupil: Care(since.get(pupil), last.get(pupil), woke.get(pupil, ())) for pupil in asked}


def woken(session: Session, left: Iterable[FollowUpRow], *, school: str, week: date) -> dict[str, tuple[str, ...]]:
    """Return what is new about pupils who were left for now: what the list of `week` shows, or that the day has come."""
    rows = {row.pupil: row for row in left if row.done_on is None}
    found: dict[str, tuple[str, ...]] = {}
    query = (
        select(SignalRow.pupil, SignalRow.document)
        .join(ListRow, ListRow.id == SignalRow.list_id)
        .join(NEWEST, STANDS)
        .where(ListRow.school == school, ListRow.week == week, SignalRow.pupil.in_(list(rows)))
    )
    seen = _seen(session, rows.values())
    for pupil, document in session.execute(query) if rows else ():
        if week < seen.get(pupil, week):
            continue  # an older list than the one that somebody looked at shows nothing new
        if (stored := rows[pupil].signs) and (new := waking.is_new(stored, Signal.model_validate_json(document))):
            found[pupil] = new
    for pupil, row in rows.items():
        if row.planned_on is not None and row.planned_on <= scope.today():
            found[pupil] = (f"terugkijken was afgesproken voor {words.day(row.planned_on)}", *found.get(pupil, ()))
    return found


def _seen(session: Session, rows: Iterable[FollowUpRow]) -> dict[str, date]:
    """Return the week of the list on which each pupil was left."""
    query = (
        select(SignalRow.pupil, ListRow.week)
        .join(ListRow, ListRow.id == SignalRow.list_id)
        .where(SignalRow.id.in_([row.signal_id for row in rows]))
    )
    return {row.pupil: row.week for row in session.execute(query)}


def owners(session: Session, *, school: str) -> tuple[str, ...]:
    """Return who had or has a follow-up in scope, to be chosen from."""
    query = select(FollowUpRow.owner).where(FollowUpRow.school == school, FollowUpRow.withdrawn_at.is_(None)).distinct()
    return tuple(sorted(session.scalars(query), key=str.casefold))


def on_list_since(session: Session, *, school: str, week: date) -> dict[str, date]:
    """Return, of everyone on the list of `week`, the first of the unbroken row of weeks with that pupil on the list."""
    query = (
        select(ListRow.week, SignalRow.pupil)
        .join(NEWEST, STANDS)
        .outerjoin(
            SignalRow, (SignalRow.list_id == ListRow.id) & SignalRow.on_list
        )  # a week with nobody breaks the row
        .where(ListRow.school == school, ListRow.week <= week)
    )
    on: dict[date, set[str]] = {}
    for listed, pupil in session.execute(query):
        on.setdefault(listed, set()).add(pupil)
    since: dict[str, date] = {}
    unbroken = on.get(week, set()) - {None}
    for listed in sorted(on, reverse=True):
        unbroken = unbroken & on[listed]
        if not unbroken:
            break
        since |= dict.fromkeys(unbroken, listed)
    return since
