"""The audit: one row per pupil touched, in the same transaction as the act itself. Pseudonyms only, never a name."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, insert, or_, select
from sqlalchemy.orm import Session

from service.front import tracing
from service.tables import AuditRow, new_id, now
from service.viewer import ROLES, Permission, Role, Viewer

MACHINE = "machine"
"""Role of an act that no person did, such as the weekly publishing."""

PUBLISHING = "publiceren van de weeklijst"
MANAGING = "beheer van de toegang"
KEEPING = "bewaartermijnen en het recht op wissen"
ANSWERING = "rechten van ouders en leerling"


class Action(StrEnum):
    """What was done."""

    LIST_PUBLISHED = "list.published"
    LIST_READ = "list.read"
    LIST_EXPORTED = "list.exported"
    PUPIL_READ = "pupil.read"
    DUTY_READ = "duty.read"
    REGION_READ = "region.read"
    CASE_OPENED = "case.opened"
    CASE_READ = "case.read"
    CASE_CLOSED = "case.closed"
    FOLLOW_UP_OPENED = "follow_up.opened"
    FOLLOW_UP_READ = "follow_up.read"
    FOLLOW_UP_CHANGED = "follow_up.changed"
    FOLLOW_UP_UNDONE = "follow_up.undone"
    PLAYBOOK_WRITTEN = "playbook.written"
    PARENTS_READ = "parents.read"
    ACCESS_HANDED_OVER = "rights.access"
    RIGHTS_READ = "rights.read"
    OBJECTION_BY_NUMBER = "objection.by_number"
    OBJECTION_REGISTERED = "objection.registered"
    OBJECTION_WITHDRAWN = "objection.withdrawn"
    CORRECTION_ASKED = "correction.asked"
    CORRECTION_ANSWERED = "correction.answered"
    SCORED = "pupil.scored"
    AUDIT_READ = "audit.read"
    AUDIT_EXPORTED = "audit.exported"
    DELIVERY_RECEIVED = "delivery.received"
    ACCESS_GIVEN = "access.given"
    ACCESS_ENDED = "access.ended"
    OWN_ACCESS_GIVEN = "access.given_to_self"
    SESSIONS_ENDED = "sessions.ended"
    SETTINGS_CHANGED = "settings.changed"
    RETENTION_RUN = "retention.run"
    PUPIL_ERASED = "pupil.erased"
    SIGNED_IN = "session.started"
    SIGNED_OUT = "session.ended"


LABELS: dict[str, str] = {
    Action.LIST_PUBLISHED: "lijst gepubliceerd",
    Action.LIST_READ: "op de lijst gezien",
    Action.LIST_EXPORTED: "op een lijst op papier gezet",
    Action.PUPIL_READ: "leerling geopend",
    Action.DUTY_READ: "wettelijke meldplicht gezien",
    Action.REGION_READ: "regiobeeld gezien",
    Action.CASE_OPENED: "dossier geopend voor het samenwerkingsverband",
    Action.CASE_READ: "dossier gezien",
    Action.CASE_CLOSED: "dossier gesloten",
    Action.FOLLOW_UP_OPENED: "opvolging gepland",
    Action.FOLLOW_UP_READ: "opvolging gezien",
    Action.FOLLOW_UP_CHANGED: "opvolging gewijzigd",
    Action.FOLLOW_UP_UNDONE: "opvolging teruggedraaid",
    Action.PLAYBOOK_WRITTEN: "draaiboek gewijzigd",
    Action.PARENTS_READ: "pagina voor ouders en leerling geopend",
    Action.ACCESS_HANDED_OVER: "inzage gegeven: alles over deze leerling in een bestand",
    Action.RIGHTS_READ: "bezwaar of correctie gezien",
    Action.OBJECTION_BY_NUMBER: "bezwaar aangemeld met een leerlingnummer",
    Action.OBJECTION_REGISTERED: "bezwaar vastgelegd",
    Action.OBJECTION_WITHDRAWN: "bezwaar ingetrokken",
    Action.CORRECTION_ASKED: "verzoek om correctie vastgelegd",
    Action.CORRECTION_ANSWERED: "verzoek om correctie beantwoord",
    Action.SCORED: "score berekend",
    Action.AUDIT_READ: "logboek geopend",
    Action.AUDIT_EXPORTED: "logboek als bestand bewaard",
    Action.DELIVERY_RECEIVED: "levering ontvangen",
    Action.ACCESS_GIVEN: "toegang gegeven",
    Action.ACCESS_ENDED: "toegang beëindigd",
    Action.OWN_ACCESS_GIVEN: "toegang aan zichzelf gegeven",
    Action.SESSIONS_ENDED: "overal afgemeld door beheer",
    Action.SETTINGS_CHANGED: "instellingen van de school gewijzigd",
    Action.RETENTION_RUN: "gegevens na hun termijn verwijderd",
    Action.PUPIL_ERASED: "gegevens van een leerling gewist",
    Action.SIGNED_IN: "aangemeld",
    Action.SIGNED_OUT: "afgemeld",
}


LINES = insert(AuditRow)
"""Made once: with every pupil that is read a line is written."""


@dataclass(frozen=True)
class AuditEvent:
    """One line of the audit, as the privacy officer sees it; `action` and `role` in words, `code` as stored."""

    id: str
    at: datetime
    actor: str
    role: str
    code: str
    action: str
    purpose: str
    school: str | None
    subject: str | None
    object: str | None
    trace: str | None
    operation: str | None
    parent: str | None
    detail: str | None = None


@dataclass(frozen=True)
class Wanted:
    """Which lines: of when (from and up to a moment), of which school, about which pupil (a pseudonym), in which role,
    what was done, and by whom.

    ``after`` continues where an earlier answer ended: the moment and the id of its last line.
    """

    since: datetime | None = None
    until: datetime | None = None
    school: str | None = None
    subject: str | None = None
    role: str | None = None
    action: str | None = None
    actor: str | None = None
    after: tuple[datetime, str] | None = None


def record(
    viewer: Viewer,
    session: Session,
    *,
    action: Action,
    school: str | None = None,
    subjects: Iterable[str | None] = (None,),
    object_id: str | None = None,
    detail: str | None = None,
) -> None:
    """Write one row for each of `subjects` (pseudonyms) that `viewer` touched; `detail` is in words of ours, never free."""
    moment = now()
    common = {
        "at": moment,
        "actor": viewer.person,
        "role": viewer.role.value,
        "action": action.value,
        "purpose": ROLES[viewer.role].purpose,
        "school": school,
        "object": object_id,
        "detail": detail,
        **_trace(),
    }
    rows = [{**common, "id": new_id(), "subject": subject} for subject in subjects]
    if rows:
        session.execute(LINES, rows)


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


def record_managing(
    by: str,
    session: Session,
    *,
    action: Action,
    object_id: str,
    school: str | None = None,
    detail: str | None = None,
) -> None:
    """Write that `by`, at the command line, gave access to the person or program `object_id`, or ended it."""
    _record_machine(by, session, action, MANAGING, school=school, object=object_id, detail=detail)


def record_keeping(by: str, session: Session, *, action: Action, school: str | None = None, detail: str) -> None:
    """Write that `by` removed what is past its term, or one pupil: how many of what (`detail`), never whom."""
    _record_machine(by, session, action, KEEPING, school=school, detail=detail)


def record_rights(
    by: str, session: Session, *, action: Action, school: str, subject: str | None, object_id: str | None = None
) -> None:
    """Write that `by`, at the command line or the batch, did what a parent or pupil asked; nobody's, where nobody was found."""
    _record_machine(by, session, action, ANSWERING, school=school, subject=subject, object=object_id)


def _record_machine(by: str, session: Session, action: Action, purpose: str, **said: str | None) -> None:
    session.add(AuditRow(actor=by, role=MACHINE, action=action, purpose=purpose, **said, **_trace()))


def _trace() -> dict[str, str | None]:
    now_running = tracing.current()
    return {"trace": now_running.trace, "operation": now_running.operation, "parent": now_running.parent}


def events(
    viewer: Viewer,
    session: Session,
    *,
    limit: int = 200,
    wanted: Wanted | None = None,
    action: Action = Action.AUDIT_READ,
) -> tuple[AuditEvent, ...]:
    """Return lines of the audit, newest first; reading the audit is itself a line (`action`), and of whom it was read too.

    Raises
    ------
    NotAllowedError
        The viewer's role does not read the audit.
    """
    viewer.must(Permission.READ_AUDIT)
    wanted = wanted or Wanted()
    record(viewer, session, action=action, school=wanted.school, subjects=[wanted.subject])
    return tuple(event_of(row) for row in session.scalars(newest(wanted, limit=limit)))


def newest(wanted: Wanted, *, limit: int) -> Select[AuditRow]:
    """Return the query for the newest lines."""
    order = (AuditRow.at.desc(), AuditRow.id.desc())
    return select(AuditRow).where(*conditions(wanted)).order_by(*order).limit(limit)


def event_of(row: AuditRow) -> AuditEvent:
    """Return a line in words."""
    return AuditEvent(
        id=row.id,
        at=row.at,
        actor=row.actor,
        role=role_label(row.role),
        code=row.action,
        action=LABELS.get(row.action, row.action),
        purpose=row.purpose,
        school=row.school,
        subject=row.subject,
        object=row.object,
        trace=row.trace,
        operation=row.operation,
        parent=row.parent,
        detail=row.detail,
    )


def conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    """Return what a line has to meet."""
    if wanted.since is not None:
        yield AuditRow.at >= wanted.since
    if wanted.until is not None:
        yield AuditRow.at < wanted.until
    if wanted.school is not None:
        yield AuditRow.school == wanted.school
    if wanted.subject is not None:
        yield AuditRow.subject == wanted.subject
    if wanted.role is not None:
        yield AuditRow.role == wanted.role
    if wanted.action is not None:
        yield AuditRow.action == wanted.action
    if wanted.actor is not None:
        yield AuditRow.actor == wanted.actor
    if wanted.after is not None:
        at, last = wanted.after
        yield or_(AuditRow.at < at, and_(AuditRow.at == at, AuditRow.id < last))


def role_label(role: str) -> str:
    """Return the Dutch name of a role as stored; programs are *programma*."""
    return ROLES[Role(role)].label if role in set(Role) else "programma"
