"""The audit added up, for a privacy officer: who looked at most pupils, and who gave themselves a role."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.audit import Action, AuditEvent, Wanted, conditions, event_of, newest, record, role_label
from service.tables import AuditRow
from service.viewer import Permission, Viewer


@dataclass(frozen=True)
class Looked:
    """How much somebody saw in one role: of how many pupils, in how many lines, the last of them when."""

    actor: str
    role: str
    pupils: int
    lines: int
    last: datetime


def looked_most(viewer: Viewer, session: Session, *, since: datetime | None, limit: int = 20) -> tuple[Looked, ...]:
    """Return who touched most pupils since a moment; asking so is a line too.

    Raises
    ------
    NotAllowedError
        The viewer's role does not read the audit.
    """
    viewer.must(Permission.READ_AUDIT)
    record(viewer, session, action=Action.AUDIT_READ)
    pupils = func.count(AuditRow.subject.distinct())
    query = (
        select(AuditRow.actor, AuditRow.role, pupils, func.count(), func.max(AuditRow.at))
        .where(AuditRow.subject.is_not(None), *conditions(Wanted(since=since)))
        .group_by(AuditRow.actor, AuditRow.role)
        .order_by(pupils.desc(), func.count().desc(), AuditRow.actor)
        .limit(limit)
    )
    return tuple(
        Looked(actor, role_label(role), count, lines, last)
        for actor, role, count, lines, last in session.execute(query)
    )


def given_to_self(viewer: Viewer, session: Session, *, since: datetime | None) -> tuple[AuditEvent, ...]:
    """Return who gave themselves a role lately, newest first; part of a look at the audit that is a line already."""
    viewer.must(Permission.READ_AUDIT)
    wanted = Wanted(since=since, action=Action.OWN_ACCESS_GIVEN)
    return tuple(event_of(row) for row in session.scalars(newest(wanted, limit=20)))
