"""What people do about a signal: plan it, do it, say what came of it. Nobody clears a pupil without a word."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from http import HTTPStatus

from sqlalchemy import select
from sqlalchemy.orm import Session

from data_contracts.errors import UsageError
from data_contracts.weekly_list import Signal
from service import audit, db, names, reading, scope
from service.audit import Action
from service.following import undoing, waking
from service.tables import FollowUpRow, SignalRow, now
from service.vault import Vault
from service.viewer import Permission, Viewer


class Kind(StrEnum):
    """What is done; stored, and in the API, as these words."""

    CONVERSATION = "gesprek"
    HOME_CONTACT = "contactThuis"
    MAZL_CONSULT = "mazlConsult"
    SUPPORT_TEAM = "ondersteuningsteam"
    OFFER = "aanbod"
    SNOOZE = "later"
    LEAVE = "laten"
    CONCERN = "nietPluis"


class Outcome(StrEnum):
    """What came of it."""

    AGREED = "afspraken"
    HELP_ELSEWHERE = "hulpElders"
    NOT_REACHED = "geenContact"
    RECOVERED = "gaatBeter"
    NOT_NEEDED = "nietNodig"


KINDS: dict[Kind, str] = {
    Kind.CONVERSATION: "gesprek",
    Kind.HOME_CONTACT: "contact met thuis",
    Kind.MAZL_CONSULT: "consult jeugdarts (M@ZL)",
    Kind.SUPPORT_TEAM: "ondersteuningsteam",
    Kind.OFFER: "afspraak over een passend aanbod",
    Kind.SNOOZE: "later opnieuw bekijken",
    Kind.LEAVE: "nu laten, met reden",
    Kind.CONCERN: "niet pluis, door de school zelf gemeld",
}
OUTCOMES: dict[Outcome, str] = {
    Outcome.AGREED: "afspraken gemaakt",
    Outcome.HELP_ELSEWHERE: "hulp elders ingezet",
    Outcome.NOT_REACHED: "geen contact gekregen",
    Outcome.RECOVERED: "het gaat beter",
    Outcome.NOT_NEEDED: "bleek niet nodig",
}
CLEARING = frozenset({Outcome.RECOVERED, Outcome.NOT_NEEDED})
"""After these nobody looks at the pupil any more, so somebody has to say why. To let it rest (`RESTING`) is another."""

RESTING = frozenset({Kind.LEAVE, Kind.SNOOZE})
"""Nobody looks at the pupil for now, until something new is seen (`service.following.waking`)."""

NOTHING_TRIED = RESTING | {Kind.CONCERN}
"""What does nothing for the pupil by itself."""


class ChangedError(UsageError):
    """Somebody else changed it in between."""

    status = HTTPStatus.PRECONDITION_FAILED
    title = "Intussen gewijzigd"


@dataclass(frozen=True)
class Plan:
    """What somebody plans, or did.

    Parameters
    ----------
    kind, owner
        What is done, and whose case it is (a name on the staff).
    planned_on, done_on, outcome
        For when, when it was done, and what came of it.
    note
        In one's own words; None leaves what was noted before.
    """

    kind: Kind
    owner: str
    planned_on: date | None = None
    done_on: date | None = None
    outcome: Outcome | None = None
    note: str | None = None


@dataclass(frozen=True)
class FollowUp:
    """A follow-up as it stands; `change` goes up with every change, of this or any other."""

    id: str
    school: str
    pupil: str
    group: str
    signal: str | None
    plan: Plan
    opened_at: datetime
    changed_at: datetime
    change: int
    changed_by: str | None = None
    signs: str | None = None
    withdrawn_at: datetime | None = None


def open_follow_up(viewer: Viewer, session: Session, *, signal: str, plan: Plan, vault: Vault) -> FollowUp:
    """Begin a follow-up on a signal; it is logged.

    Raises
    ------
    NotFoundError
        There is no such signal for this viewer.
    UsageError
        The plan contradicts itself, or clears the pupil without a word.
    """
    viewer.must(Permission.WRITE_FOLLOW_UPS)
    about = session.scalar(select(SignalRow).where(SignalRow.id == signal))
    if about is None:
        raise reading.not_found(reading.A_PUPIL)
    _must_hold(plan, plan.note)
    moment = now()
    row = FollowUpRow(
        signs=waking.signs(Signal.model_validate_json(about.document)),
        school=about.school,
        pupil=about.pupil,
        group_name=about.group_name,
        signal_id=about.id,
        opened_by=viewer.person,
        opened_at=moment,
    )
    _write(viewer, row, plan, change=db.next_change(session), moment=moment, vault=vault)
    session.add(row)
    session.flush()
    _record(viewer, session, row, Action.FOLLOW_UP_OPENED)
    return as_seen(viewer, row, vault)


def change(viewer: Viewer, session: Session, follow_up: str, *, seen: int | None, plan: Plan, vault: Vault) -> FollowUp:
    """Put `plan` in place of what stood there; it is logged.

    Parameters
    ----------
    follow_up
        Its id.
    seen
        The change that the viewer saw; None for whichever stands.
    plan, vault
        What stands from now on, and what seals its note.

    Raises
    ------
    NotFoundError
        It does not exist, or not for this viewer.
    ChangedError
        Somebody changed it since it was seen.
    UsageError
        The plan contradicts itself, or clears the pupil without a word.
    """
    viewer.must(Permission.WRITE_FOLLOW_UPS)
    number = db.next_change(session)  # first: of two at once, the second reads what the first wrote
    row = _row(session, follow_up)
    if seen is not None and seen != row.change:
        detail = "Iemand heeft deze opvolging gewijzigd nadat u haar opende."
        raise ChangedError(detail, remedy="Open de opvolging opnieuw, en breng uw wijziging daarin aan.")
    if row.withdrawn_at is not None:
        detail = "Deze opvolging is teruggedraaid."
        raise ChangedError(detail, remedy="Leg een nieuwe opvolging vast.")
    _must_hold(plan, plan.note if plan.note is not None else vault.text(row.note_sealed))
    row.before = undoing.kept(row)
    _write(viewer, row, plan, change=number, moment=now(), vault=vault)
    session.flush()
    _record(viewer, session, row, Action.FOLLOW_UP_CHANGED)
    return as_seen(viewer, row, vault)


def follow_up(viewer: Viewer, session: Session, follow_up_id: str, *, vault: Vault) -> FollowUp:
    """Return one; it is logged.

    Raises
    ------
    NotFoundError
        It does not exist, or not for this viewer.
    """
    viewer.must(Permission.READ_FOLLOW_UPS)
    row = _row(session, follow_up_id)
    _record(viewer, session, row, Action.FOLLOW_UP_READ)
    return as_seen(viewer, row, vault)


def follow_ups(
    viewer: Viewer,
    session: Session,
    *,
    vault: Vault,
    limit: int,
    after: int = 0,
    about: tuple[str, str] | None = None,
) -> tuple[FollowUp, ...]:
    """Return follow-ups in scope in the order in which they last changed; each pupil is logged.

    Parameters
    ----------
    vault, limit
        What opens notes, and how many at most.
    after
        Changed after that change.
    about
        School and pseudonym of the only pupil asked for.
    """
    viewer.must(Permission.READ_FOLLOW_UPS)
    query = select(FollowUpRow).where(FollowUpRow.change > after).order_by(FollowUpRow.change).limit(limit)
    if about is not None:
        query = query.where(FollowUpRow.school == about[0], FollowUpRow.pupil == about[1])
    rows = session.scalars(query).all()
    for school, pupils in names.by_school((row.school, row.pupil) for row in rows).items():
        audit.record(viewer, session, action=Action.FOLLOW_UP_READ, school=school, subjects=pupils)
    return tuple(as_seen(viewer, row, vault) for row in rows)


def _must_hold(plan: Plan, note: str | None) -> None:
    """Refuse a plan that cannot be, saying everything that is wrong with it."""
    wrong = []
    if plan.outcome is not None and plan.done_on is None:
        wrong.append("Een uitkomst hoort bij iets wat is gedaan: vul gedaanOp in.")
    if plan.done_on is not None and plan.done_on > scope.today():
        wrong.append("gedaanOp ligt in de toekomst.")
    if plan.kind is Kind.SNOOZE and plan.planned_on is None and plan.done_on is None:
        wrong.append("Wie later opnieuw kijkt, zegt wanneer: vul een datum in (geplandOp).")
    clears = plan.kind in NOTHING_TRIED or plan.outcome in CLEARING
    if clears and not any(letter.isalpha() for letter in note or ""):
        wrong.append("Wie een leerling laat, afsluit of zelf meldt, schrijft waarom: vul notitie in.")
    if wrong:
        raise UsageError(" ".join(wrong), remedy="Vul aan of verbeter, en probeer het opnieuw.")


def _write(viewer: Viewer, row: FollowUpRow, plan: Plan, *, change: int, moment: datetime, vault: Vault) -> None:
    row.kind, row.owner, row.outcome = plan.kind, plan.owner, plan.outcome
    row.planned_on, row.done_on = plan.planned_on, plan.done_on
    row.change, row.changed_at, row.changed_by = change, moment, viewer.person
    if plan.note is not None:
        row.note_sealed = vault.seal(plan.note)


def _row(session: Session, follow_up_id: str) -> FollowUpRow:
    row = session.scalar(select(FollowUpRow).where(FollowUpRow.id == follow_up_id))
    if row is None:
        raise reading.not_found(undoing.A_FOLLOW_UP)
    return row


def _record(viewer: Viewer, session: Session, row: FollowUpRow, action: Action) -> None:
    audit.record(viewer, session, action=action, school=row.school, subjects=[row.pupil], object_id=row.id)


def as_seen(viewer: Viewer, row: FollowUpRow, vault: Vault) -> FollowUp:
    """Return a row as `viewer` may see it: what was noted may hold a name, so it goes with the names."""
    return FollowUp(
        id=row.id,
        school=row.school,
        pupil=row.pupil,
        group=row.group_name,
        signal=row.signal_id,
        plan=Plan(
            kind=Kind(row.kind),
            owner=row.owner,
            planned_on=row.planned_on,
            done_on=row.done_on,
            outcome=None if row.outcome is None else Outcome(row.outcome),
            note=vault.text(row.note_sealed) if viewer.may(Permission.READ_NAMES) else None,
        ),
        opened_at=row.opened_at,
        changed_at=row.changed_at,
        change=row.change,
        changed_by=row.changed_by,
        signs=row.signs,
        withdrawn_at=row.withdrawn_at,
    )
