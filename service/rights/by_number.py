"""An objection of a pupil who has no page: the school types the number, and the batch, which has the key, finds out who it is.

The number comes in with a form, waits sealed, and is wiped as soon as the batch has looked: it stands in no address, no log and
nowhere in the clear. What waits has no pupil and no group, so only who sees the whole school may ask and see it.
"""

from dataclasses import dataclass

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from data_contracts.errors import NotAllowedError, UsageError
from service import audit, db, scope
from service.audit import Action
from service.rights.kinds import Answer, Asked, Kind
from service.rights.objected import Objector, keep_name, running
from service.rights.requests import must_have_come
from service.tables import RightsRow, now
from service.vault import Vault
from service.viewer import Permission, Viewer

LONGEST_NUMBER = 40


@dataclass(frozen=True)
class Waiting:
    """An objection that waits until somebody has looked up whose it is; the number is sealed with the key of the names."""

    id: str
    school: str
    sealed_number: str


def ask(viewer: Viewer, session: Session, *, school: str, number: str, asked: Asked, vault: Vault) -> None:
    """Keep, sealed, that the pupil with this number objects, for the batch to look up; it is logged, without the number.

    Raises
    ------
    NotAllowedError
        The role does not deal with rights, or only of some groups.
    StorageError
        There is no key, and nothing is kept unsealed.
    UsageError
        It is no number, or was asked on a day that has yet to come.
    """
    viewer.must(Permission.WRITE_RIGHTS)
    if viewer.groups is not None:
        detail = "Een bezwaar op leerlingnummer kan alleen wie de hele school ziet."
        raise NotAllowedError(detail, remedy="Vraag het de zorgcoördinator van de school.")
    clean = number.strip()
    if not clean or not clean.isprintable() or len(clean) > LONGEST_NUMBER:
        detail = "Dit is geen leerlingnummer."
        raise UsageError(detail, remedy="Vul het nummer in zoals het in het schoolsysteem staat.")
    must_have_come(asked.on)
    scope.enter(session, viewer, rights=True)
    row = RightsRow(
        school=school,
        pupil="",
        group_name="",
        kind=Kind.BY_NUMBER,
        asked_by=asked.by,
        asked_on=asked.on,
        note_sealed=vault.seal(clean),
        registered_by=viewer.person,
        registered_at=now(),
    )
    session.add(row)
    session.flush()
    audit.record(viewer, session, action=Action.OBJECTION_BY_NUMBER, school=school, object_id=row.id)


def waiting(engine: Engine) -> tuple[Waiting, ...]:
    """Return what waits, the first first; for the batch, so without a viewer."""
    query = select(RightsRow).where(RightsRow.kind == Kind.BY_NUMBER, RightsRow.ended_at.is_(None))
    with db.transaction(engine, writes=False) as session:
        rows = session.scalars(query.order_by(RightsRow.registered_at, RightsRow.id))
        return tuple(Waiting(row.id, row.school, row.note_sealed or "") for row in rows)


def settle(engine: Engine, asked: Waiting, of: Objector | None, *, by: str) -> None:
    """Make what waited the objection of `of`, from now on, or end it where that is nobody; the number goes. It is logged.

    Parameters
    ----------
    by
        The program that looked.
    """
    with db.transaction(engine, durable=True) as session:
        db.next_change(session)
        row = session.get(RightsRow, asked.id)
        if row is None or row.kind != Kind.BY_NUMBER or row.ended_at is not None:
            return
        row.note_sealed = None
        if of is None or running(session, of) is not None:
            row.answer, row.answered_on = Answer.ALREADY if of else Answer.NOBODY, scope.today()
            row.ended_by, row.ended_at = by, now()
            audit.record_rights(
                by,
                session,
                action=Action.OBJECTION_BY_NUMBER,
                school=row.school,
                subject=of.pupil if of else None,
                object_id=row.id,
            )
            return
        row.kind, row.pupil, row.group_name, row.registered_at = Kind.OBJECTION, of.pupil, of.group, now()
        keep_name(session, of)
        audit.record_rights(by, session, action=Action.OBJECTION_REGISTERED, school=of.school, subject=of.pupil)
