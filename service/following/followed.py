"""How many pupils were followed up: what a school measures itself by, rather than the number of signals."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Engine, func, select
from sqlalchemy.orm import Session

from service import db
from service.following.follow_ups import NOTHING_TRIED
from service.tables import FollowUpRow
from service.viewer import Permission, Viewer


@dataclass(frozen=True)
class FollowedUp:
    """Follow-ups of one school year: how many pupils they are about, how many were done and how many are still to be."""

    pupils: int
    done: int
    planned: int


def followed_up(engine: Engine, *, schools: Sequence[str], since: date, before: date) -> dict[str, dict[str, date]]:
    """Return the day of each pupil's first follow-up done from `since` up to, not including, `before`, by school.

    For the program that publishes: it counts what came after, and shows these pseudonyms to nobody.
    """
    query = (
        select(FollowUpRow.school, FollowUpRow.pupil, func.min(FollowUpRow.done_on))
        .where(_something_was_tried(), FollowUpRow.school.in_(schools))
        .where(FollowUpRow.done_on >= since, FollowUpRow.done_on < before)
        .group_by(FollowUpRow.school, FollowUpRow.pupil)
        .order_by(FollowUpRow.school, FollowUpRow.pupil)
    )
    found: dict[str, dict[str, date]] = defaultdict(dict)
    with db.transaction(engine, writes=False) as session:
        for school, pupil, day in session.execute(query):
            if day is not None:
                found[school][pupil] = day
    return dict(found)


def counts(viewer: Viewer, session: Session, *, school: str, since: date) -> FollowedUp | None:
    """Return the follow-ups of `school` that were opened or done from `since`; None for who may not see follow-ups."""
    if not viewer.may(Permission.READ_FOLLOW_UPS):
        return None
    query = select(FollowUpRow).where(_something_was_tried(), FollowUpRow.school == school)
    rows = [row for row in session.scalars(query) if (row.done_on or row.opened_at.date()) >= since]
    done = sum(row.done_on is not None for row in rows)
    return FollowedUp(pupils=len({row.pupil for row in rows}), done=done, planned=len(rows) - done)


def _something_was_tried() -> ColumnElement[bool]:
    return FollowUpRow.kind.not_in(NOTHING_TRIED) & FollowUpRow.withdrawn_at.is_(None)
