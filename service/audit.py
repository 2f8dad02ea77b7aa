"""The audit: one row per pupil touched, in the same transaction as the act itself. Pseudonyms only, never a name."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from service import tracing
from service.tables import AuditRow, new_id, now
from service.viewer import ROLES, Permission, Role, Viewer

MACHINE = "machine"
"""Role of an act that no person did, such as the weekly publishing."""

PUBLISHING = "publiceren van de weeklijst"


class Action(StrEnum):
    """What was done."""

    LIST_PUBLISHED = "list.published"
    LIST_READ = "list.read"
    PUPIL_READ = "pupil.read"
    AUDIT_READ = "audit.read"
    SIGNED_IN = "session.started"
    SIGNED_OUT = "session.ended"


LABELS: dict[str, str] = {
    Action.LIST_PUBLISHED: "lijst gepubliceerd",
    Action.LIST_READ: "op de lijst gezien",
    Action.PUPIL_READ: "leerling geopend",
    Action.AUDIT_READ: "logboek geopend",
    Action.SIGNED_IN: "aangemeld",
    Action.SIGNED_OUT: "afgemeld",
}


@dataclass(frozen=True)
class AuditEvent:
    """One line of the audit, as the privacy officer sees it."""

    at: datetime
    actor: str
    role: str
    action: str
    purpose: str
    school: str | None
    subject: str | None
    object: str | None


def record(
    viewer: Viewer,
    session: Session,
    *,
    action: Action,
    school: str | None = None,
    subjects: Iterable[str | None] = (None,),
    object_id: str | None = None,
) -> None:
    """Write one row for each of `subjects` (pseudonyms) that `viewer` touched."""
    moment = now()
    common = {
        "at": moment,
        "actor": viewer.person,
        "role": viewer.role.value,
        "action": action.value,
        "purpose": ROLES[viewer.role].purpose,
        "school": school,
        "object": object_id,
        **_trace(),
    }
    rows = [{**common, "id": new_id(), "subject": subject} for subject in subjects]
    if rows:
        session.execute(insert(AuditRow), rows)


def record_publishing(by: str, session: Session, *, school: str, object_id: str) -> None:
    """Write that `by`, a program, published a list."""
    session.add(
        AuditRow(
            actor=by,
            role=MACHINE,
            action=Action.LIST_PUBLISHED,
            purpose=PUBLISHING,
            school=school,
            object=object_id,
            **_trace(),
        )
    )


def _trace() -> dict[str, str | None]:
    now_running = tracing.current()
    return {"trace": now_running.trace, "operation": now_running.operation, "parent": now_running.parent}


def events(viewer: Viewer, session: Session, *, limit: int = 200) -> tuple[AuditEvent, ...]:
    """Return the newest lines of the audit, newest first; reading the audit is itself a line.

    Raises
    ------
    NotAllowedError
        The viewer's role does not read the audit.
    """
    viewer.must(Permission.READ_AUDIT)
    record(viewer, session, action=Action.AUDIT_READ)
    query = select(AuditRow).order_by(AuditRow.at.desc(), AuditRow.id).limit(limit)
    if viewer.schools is not None:
        query = query.where(AuditRow.school.in_(viewer.schools))
    return tuple(
        AuditEvent(
            at=row.at,
            actor=row.actor,
            role=role_label(row.role),
            action=LABELS.get(row.action, row.action),
            purpose=row.purpose,
            school=row.school,
            subject=row.subject,
            object=row.object,
        )
        for row in session.scalars(query)
    )


def role_label(role: str) -> str:
    """Return the Dutch name of a role as stored; programs are *programma*."""
    return ROLES[Role(role)].label if role in set(Role) else "programma"
