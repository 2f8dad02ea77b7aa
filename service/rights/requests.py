"""What parents and pupils asked, seen and written by who deals with it at school: objections and corrections.

Everything here runs with the rights of `service.scope.enter`: an objection hides a pupil from the lists, not from whoever has
to answer the parents.
"""

from collections.abc import Collection
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data_contracts.errors import UsageError
from service import audit, db, names, reading, scope
from service.audit import Action
from service.rights.kinds import (
    ABOUT_A_RECORD,
    Answer,
    Asked,
    AskedBy,
    EndedError,
    Kind,
    Record,
    Reply,
    Request,
    RunningObjectionError,
    Wrong,
    a_month_after,
)
from service.tables import RightsRow, SignalRow, now
from service.vault import Vault
from service.viewer import Permission, Viewer

A_REQUEST = "dit verzoek"
REGISTERED = {Kind.OBJECTION: Action.OBJECTION_REGISTERED, Kind.CORRECTION: Action.CORRECTION_ASKED}
ENDED = {Kind.OBJECTION: Action.OBJECTION_WITHDRAWN, Kind.CORRECTION: Action.CORRECTION_ANSWERED}
MOST = 500
"""More than a school has; a bound, as every query has one."""


def register_objection(viewer: Viewer, session: Session, *, signal: str, asked: Asked) -> Request:
    """Write down that the pupil of a signal objects: from now on no list shows the pupil; it is logged.

    Raises
    ------
    NotFoundError
        There is no such signal for this viewer.
    RunningObjectionError
        There is an objection already.
    UsageError
        It was asked on a day that has yet to come.
    """
    row = _begun(viewer, session, signal, asked, Kind.OBJECTION)
    if about(session, school=row.school, pupil=row.pupil, kind=Kind.OBJECTION):
        detail = "Voor deze leerling loopt al een bezwaar."
        raise RunningObjectionError(detail, remedy="Bekijk het op de pagina Rechten.")
    return _added(viewer, session, row)


def register_correction(
    viewer: Viewer, session: Session, *, signal: str, asked: Asked, record: Record, vault: Vault
) -> Request:
    """Write down that a record about the pupil of a signal is said to be wrong; it is logged.

    Raises
    ------
    NotFoundError
        There is no such signal for this viewer.
    UsageError
        The days cannot be, or nothing is said.
    """
    row = _begun(viewer, session, signal, asked, Kind.CORRECTION)
    if record.last_day < record.first_day or record.last_day > scope.today():
        detail = "De dagen kloppen niet: de laatste ligt voor de eerste, of zij liggen in de toekomst."
        raise UsageError(detail, remedy="Verbeter de dagen.")
    _must_say(record.note, "Wat klopt er niet? Schrijf het in een paar woorden op.")
    row.first_day, row.last_day, row.wrong = record.first_day, record.last_day, record.wrong
    row.note_sealed = vault.seal(record.note)
    return _added(viewer, session, row, vault)


def answer(viewer: Viewer, session: Session, request_id: str, *, reply: Reply, vault: Vault) -> Request:
    """Say what became of a request about a record; it is logged. The record itself is the school system's to change.

    Raises
    ------
    NotFoundError, EndedError
        There is no such request for this viewer, or it was answered already.
    UsageError
        The day has yet to come, or nothing is said.
    """
    row = _running(viewer, session, request_id, Kind.CORRECTION)
    must_have_come(reply.on)
    if reply.answer not in ABOUT_A_RECORD:
        detail = "Zo kan een verzoek om correctie niet aflopen."
        raise UsageError(detail, remedy="Kies een van de antwoorden van het formulier.")
    _must_say(reply.note, "Schrijf op wat u de ouders of de leerling hebt laten weten.")
    row.answer, row.answered_on, row.answer_sealed = reply.answer, reply.on, vault.seal(reply.note)
    return _ended(viewer, session, row, vault)


def withdraw(viewer: Viewer, session: Session, request_id: str, *, asked: Asked) -> Request:
    """Write down that an objection was withdrawn: from now on the pupil takes part again; it is logged.

    Raises
    ------
    NotFoundError, EndedError
        There is no such objection for this viewer, or it was withdrawn already.
    UsageError
        It was asked on a day that has yet to come.
    """
    row = _running(viewer, session, request_id, Kind.OBJECTION)
    must_have_come(asked.on)
    row.answer, row.answered_on, row.withdrawn_by = Answer.WITHDRAWN, asked.on, asked.by
    return _ended(viewer, session, row)


def requests(
    viewer: Viewer, session: Session, *, vault: Vault, school: str, pupil: str | None = None
) -> tuple[Request, ...]:
    """Return what was asked at a school, or about one pupil there: what was asked last first; each pupil is logged."""
    viewer.must(Permission.READ_RIGHTS)
    query = select(RightsRow).where(RightsRow.school == school)
    if pupil is not None:
        query = query.where(RightsRow.pupil == pupil)
    newest = query.order_by(RightsRow.asked_on.desc(), RightsRow.registered_at.desc(), RightsRow.id).limit(MOST)
    rows = [row for row in session.scalars(newest) if viewer.reaches(row.school, row.group_name)]
    for place, pupils in names.by_school((row.school, row.pupil) for row in rows).items():
        subjects = list(filter(None, dict.fromkeys(pupils)))  # of an objection by number nobody is known yet
        audit.record(viewer, session, action=Action.RIGHTS_READ, school=place, subjects=subjects)
    return tuple(as_seen(viewer, row, vault) for row in rows)


def about(session: Session, *, school: str, pupil: str, kind: Kind) -> bool:
    """Whether a request of `kind` runs about a pupil."""
    theirs = (
        RightsRow.school == school,
        RightsRow.pupil == pupil,
        RightsRow.kind == kind,
        RightsRow.ended_at.is_(None),
    )
    return session.scalar(select(RightsRow.id).where(*theirs).limit(1)) is not None


def objectors(session: Session, *, school: str) -> frozenset[str]:
    """Return who at a school does not take part, for who hides them and for who says how many they are."""
    running = (RightsRow.school == school, RightsRow.kind == Kind.OBJECTION, RightsRow.ended_at.is_(None))
    return frozenset(session.scalars(select(RightsRow.pupil).where(*running)))


def open_corrections(viewer: Viewer, session: Session, *, school: str) -> tuple[int, date | None]:
    """Return how many requests about records wait at a school, and the first day on which an answer is due."""
    if not viewer.may(Permission.READ_RIGHTS):
        return 0, None
    waiting = (RightsRow.school == school, RightsRow.kind == Kind.CORRECTION, RightsRow.ended_at.is_(None))
    amount, first = session.execute(select(func.count(), func.min(RightsRow.asked_on)).where(*waiting)).one()
    return amount, None if first is None else a_month_after(first)


def as_seen(viewer: Viewer, row: RightsRow, vault: Vault | None) -> Request:
    """Return a row as `viewer` may see it: what was said may hold a name, so it goes with the names."""
    opens = vault if vault is not None and viewer.may(Permission.READ_NAMES) else Vault(None)
    record = None
    if row.first_day is not None and row.last_day is not None and row.wrong is not None:
        record = Record(row.first_day, row.last_day, Wrong(row.wrong), opens.text(row.note_sealed) or "")
    return Request(
        id=row.id,
        school=row.school,
        pupil=row.pupil,
        group=row.group_name,
        kind=Kind(row.kind),
        asked=Asked(AskedBy(row.asked_by), row.asked_on),
        record=record,
        registered_at=row.registered_at,
        answer=None if row.answer is None else Answer(row.answer),
        answered_on=row.answered_on,
        reply=opens.text(row.answer_sealed),
        withdrawn_by=None if row.withdrawn_by is None else AskedBy(row.withdrawn_by),
    )


def running(found: Collection[Request], kind: Kind) -> tuple[Request, ...]:
    """Return the requests of `kind` that run; the first to be answered first."""
    return tuple(sorted((one for one in found if one.runs and one.kind is kind), key=lambda one: one.asked.on))


def _begun(viewer: Viewer, session: Session, signal: str, asked: Asked, kind: Kind) -> RightsRow:
    """Return a new row about the pupil of `signal`, not written yet."""
    viewer.must(Permission.WRITE_RIGHTS)
    scope.enter(session, viewer, rights=True)
    db.next_change(session)  # of two at once, the second reads what the first wrote
    found = session.scalar(select(SignalRow).where(SignalRow.id == signal))
    if found is None:
        raise reading.not_found(reading.A_PUPIL)
    must_have_come(asked.on)
    return RightsRow(
        school=found.school,
        pupil=found.pupil,
        group_name=found.group_name,
        kind=kind,
        asked_by=asked.by,
        asked_on=asked.on,
        registered_by=viewer.person,
        registered_at=now(),
    )


def _running(viewer: Viewer, session: Session, request_id: str, kind: Kind) -> RightsRow:
    viewer.must(Permission.WRITE_RIGHTS)
    scope.enter(session, viewer, rights=True)
    db.next_change(session)
    row = session.scalar(select(RightsRow).where(RightsRow.id == request_id, RightsRow.kind == kind))
    if row is None or not viewer.reaches(row.school, row.group_name):
        raise reading.not_found(A_REQUEST)
    if row.ended_at is not None:
        detail = "Dit verzoek is intussen al afgehandeld."
        raise EndedError(detail, remedy="Bekijk op de pagina Rechten wat er is vastgelegd.")
    return row


def _added(viewer: Viewer, session: Session, row: RightsRow, vault: Vault | None = None) -> Request:
    session.add(row)
    session.flush()
    _record(viewer, session, row, REGISTERED[Kind(row.kind)])
    return as_seen(viewer, row, vault)


def _ended(viewer: Viewer, session: Session, row: RightsRow, vault: Vault | None = None) -> Request:
    row.ended_by, row.ended_at = viewer.person, now()
    session.flush()
    _record(viewer, session, row, ENDED[Kind(row.kind)])
    return as_seen(viewer, row, vault)


def _record(viewer: Viewer, session: Session, row: RightsRow, action: Action) -> None:
    audit.record(viewer, session, action=action, school=row.school, subjects=[row.pupil], object_id=row.id)


def must_have_come(day: date) -> None:
    """Refuse a day that has yet to come.

    Raises
    ------
    UsageError
        It is one.
    """
    if day > scope.today():
        detail = "De datum ligt in de toekomst."
        raise UsageError(detail, remedy="Vul de dag in waarop het is gevraagd of beantwoord.")


def _must_say(note: str, remedy: str) -> None:
    if not any(letter.isalpha() for letter in note):
        detail = "De toelichting is leeg."
        raise UsageError(detail, remedy=remedy)
