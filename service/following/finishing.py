"""Saying what came of a follow-up: an outcome, a day and a few words. What was noted before stays."""

from dataclasses import replace
from datetime import date

from sqlalchemy.orm import Session

from data_contracts.errors import UsageError
from service.following import follow_ups
from service.following.follow_ups import ChangedError, FollowUp, Outcome
from service.vault import Vault
from service.viewer import Viewer


def finish(
    viewer: Viewer, session: Session, follow_up: str, *, outcome: Outcome, done_on: date, note: str, vault: Vault
) -> FollowUp:
    """Finish a follow-up; it is logged.

    Raises
    ------
    NotFoundError
        It does not exist, or not for this viewer.
    ChangedError
        Somebody finished it already: what they wrote stands.
    UsageError
        There is nothing in the note, or the day has yet to come.
    """
    if not any(letter.isalpha() for letter in note):
        detail = "Bij afronden hoort in een paar woorden wat eruit kwam."
        raise UsageError(detail, remedy="Ga terug en vul de toelichting in.")
    before = follow_ups.follow_up(viewer, session, follow_up, vault=vault)
    if before.plan.done_on is not None:
        detail = "Iemand heeft deze opvolging al afgerond."
        raise ChangedError(detail, remedy="Open de pagina opnieuw: daar staat wat eruit kwam.")
    whole = f"{before.plan.note}\n{note.strip()}" if before.plan.note else note.strip()
    plan = replace(before.plan, done_on=done_on, outcome=outcome, note=whole)
    return follow_ups.change(viewer, session, follow_up, seen=before.change, plan=plan, vault=vault)
