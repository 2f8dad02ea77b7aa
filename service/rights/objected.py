"""Who does not take part, for the batch: it neither scores nor lists them, and learns from none of them. No viewer asks.

A pupil who never stood on a list has no page; then whoever runs the command line writes the objection down here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Engine, or_, select
from sqlalchemy.orm import Session

from data_contracts.errors import NotFoundError
from service import audit, db
from service.audit import Action
from service.rights.kinds import Answer, AskedBy, Kind, RunningObjectionError
from service.tables import RightsRow, SealedNameRow, now

Pupil = tuple[str, str]
"""A school, and a pseudonym there."""


@dataclass(frozen=True)
class Objector:
    """Whose objection it is: with the group, and the name as sealed as it came, for the page of who deals with it."""

    school: str
    pupil: str
    group: str
    sealed_name: str | None = None


def objected(engine: Engine, *, schools: Sequence[str] | None = None, at: datetime | None = None) -> frozenset[Pupil]:
    """Return who does not take part, now or as it stood at a moment (UTC)."""
    moment = at or now()
    query = select(RightsRow.school, RightsRow.pupil).where(
        RightsRow.kind == Kind.OBJECTION,
        RightsRow.registered_at <= moment,
        or_(RightsRow.ended_at.is_(None), RightsRow.ended_at > moment),
    )
    if schools is not None:
        query = query.where(RightsRow.school.in_(schools))
    with db.transaction(engine, writes=False) as session:
        return frozenset((school, pupil) for school, pupil in session.execute(query))


def register(engine: Engine, of: Objector, *, by: str, asked_by: AskedBy, asked_on: date) -> None:
    """Write an objection down, in the name of `by` at the command line; it is logged.

    Raises
    ------
    RunningObjectionError
        There is an objection already.
    """
    with db.transaction(engine, durable=True) as session:
        db.next_change(session)
        if running(session, of) is not None:
            detail = "Voor deze leerling loopt al een bezwaar."
            raise RunningObjectionError(detail, remedy="Er hoeft niets te gebeuren.")
        session.add(
            RightsRow(
                school=of.school,
                pupil=of.pupil,
                group_name=of.group,
                kind=Kind.OBJECTION,
                asked_by=asked_by,
                asked_on=asked_on,
                registered_by=by,
                registered_at=now(),
            )
        )
        keep_name(session, of)
        _record(by, session, of, Action.OBJECTION_REGISTERED)


def withdraw(engine: Engine, of: Objector, *, by: str, asked_by: AskedBy, asked_on: date) -> None:
    """Write down that an objection was withdrawn; it is logged.

    Raises
    ------
    NotFoundError
        None runs.
    """
    with db.transaction(engine, durable=True) as session:
        db.next_change(session)
        row = running(session, of)
        if row is None:
            detail = "Voor deze leerling loopt geen bezwaar."
            raise NotFoundError(detail, remedy="Controleer de school en het leerlingnummer.")
        row.answer, row.answered_on, row.withdrawn_by = Answer.WITHDRAWN, asked_on, asked_by
        row.ended_by, row.ended_at = by, now()
        _record(by, session, of, Action.OBJECTION_WITHDRAWN)


def record_access(engine: Engine, *, by: str, school: str, pupil: str) -> None:
    """Write that everything stored about a pupil was taken out at the command line."""
    with db.transaction(engine, durable=True) as session:
        audit.record_rights(by, session, action=Action.ACCESS_HANDED_OVER, school=school, subject=pupil)


def running(session: Session, of: Objector) -> RightsRow | None:
    """Return the objection that runs about somebody, where one does."""
    theirs = (RightsRow.school == of.school, RightsRow.pupil == of.pupil, RightsRow.kind == Kind.OBJECTION)
    return session.scalar(select(RightsRow).where(*theirs, RightsRow.ended_at.is_(None)).limit(1))


def keep_name(session: Session, of: Objector) -> None:
    """Keep the name of somebody who may be on no list, for who deals with the objection."""
    if of.sealed_name and session.get(SealedNameRow, (of.school, of.pupil)) is None:
        session.add(SealedNameRow(school=of.school, pupil=of.pupil, sealed=of.sealed_name))


def _record(by: str, session: Session, of: Objector, action: Action) -> None:
    audit.record_rights(by, session, action=action, school=of.school, subject=of.pupil)
