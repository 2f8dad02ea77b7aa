"""Taking back what was just recorded about a pupil: for a few minutes, by who did it. Nothing is deleted, all is logged."""

import json
import tomllib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from data_contracts.errors import UsageError
from service import audit, db, reading
from service.audit import Action
from service.tables import FollowUpRow, now
from service.viewer import Permission, Viewer

A_FOLLOW_UP = "deze opvolging"

FIGURES = tomllib.loads(Path(__file__).with_name("follow_ups.toml").read_text(encoding="utf-8"))
MINUTES = timedelta(minutes=FIGURES["undo_minutes"])
COLUMNS = ("kind", "owner", "planned_on", "done_on", "outcome", "note_sealed")
DATES = frozenset({"planned_on", "done_on"})


class TooLateError(UsageError):
    """It was recorded too long ago, or by somebody else."""

    title = "Terugdraaien kan niet meer"


@dataclass(frozen=True)
class Undone:
    """What was taken back: whose it was, and whether the whole of it went (or only the last change)."""

    signal: str | None
    school: str
    withdrawn: bool


def kept(row: FollowUpRow) -> str:
    """Return what stands in `row` now, to be put back; the note as sealed as it is."""
    return json.dumps({name: getattr(row, name) for name in COLUMNS}, default=date.isoformat)


def may_undo(viewer: Viewer, *, changed_by: str | None, changed_at: datetime, at: datetime | None = None) -> bool:
    """Whether `viewer` made this change, and only just."""
    return changed_by == viewer.person and (at or now()) - changed_at <= MINUTES


def undo(viewer: Viewer, session: Session, follow_up: str) -> Undone:
    """Take the last change of a follow-up back: what was changed is as before, what was begun is withdrawn.

    Raises
    ------
    NotFoundError
        It does not exist, or not for this viewer.
    TooLateError
        Somebody else recorded it, or more than a few minutes ago.
    """
    viewer.must(Permission.WRITE_FOLLOW_UPS)
    number = db.next_change(session)
    row = session.scalar(select(FollowUpRow).where(FollowUpRow.id == follow_up, FollowUpRow.withdrawn_at.is_(None)))
    if row is None:
        raise reading.not_found(A_FOLLOW_UP)
    if not may_undo(viewer, changed_by=row.changed_by, changed_at=row.changed_at):
        minutes = FIGURES["undo_minutes"]
        detail = f"Terugdraaien kan tot {minutes} minuten na het vastleggen, door wie het vastlegde."
        raise TooLateError(detail, remedy="Rond deze opvolging af, of leg een nieuwe vast.")
    if row.before is None:
        row.withdrawn_at = now()
    else:
        for name, value in json.loads(row.before).items():
            setattr(row, name, date.fromisoformat(value) if value and name in DATES else value)
    # What was taken back cannot be taken back once more.
    row.before, row.changed_by, row.changed_at, row.change = None, None, now(), number
    session.flush()
    audit.record(
        viewer,
        session,
        action=Action.FOLLOW_UP_UNDONE,
        school=row.school,
        subjects=[row.pupil],
        object_id=row.id,
    )
    return Undone(row.signal_id, row.school, row.withdrawn_at is not None)
