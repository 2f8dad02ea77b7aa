"""One pupil as on one list: why the pupil is here, what may help, what was done, and what somebody plans to do now."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, BeforeValidator, Field
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from data_contracts.errors import NotFoundError, UsageError
from data_contracts.weekly_list import Signal, Standing
from service import auth, reading, scope, web
from service.following import care, follow_ups, off_list, playbook
from service.following.care import Care
from service.following.follow_ups import KINDS, NOTHING_TRIED, OUTCOMES, FollowUp, Kind, Plan
from service.following.playbook import Version
from service.following.undoing import may_undo
from service.front.entitled import needs
from service.moments import Day
from service.pages import drawing, listed, patterns
from service.pages.following import case_pages, follow_up_drawing
from service.pages.following.follow_up_drawing import Around
from service.pages.rights import rights_pages
from service.reading import Shown
from service.vault import Vault
from service.viewer import Permission, Viewer

router = APIRouter(include_in_schema=False)

MOST_FOLLOW_UPS = 100
"""More than anybody has; a bound, as every query has one."""

Blank = BeforeValidator(lambda value: value or None)
"""A field that was left empty, as a form sends it."""


class Asked(BaseModel):
    """The form *Wat gaat u doen?* as it was sent."""

    soort: Kind
    eigenaar: Annotated[str, Field(min_length=1, max_length=80, pattern=r"\S")]
    datum: Annotated[Day | None, Blank] = None
    notitie: Annotated[str, Field(max_length=2000)] = ""

    @property
    def plan(self) -> Plan:
        """What is asked for."""
        return Plan(self.soort, self.eigenaar.strip(), planned_on=self.datum, note=self.notitie.strip() or None)


@dataclass(frozen=True)
class Before:
    """A follow-up of this pupil, with attendance around it where it is done, and whether it can be taken back still."""

    follow_up: FollowUp
    around: Around | None
    undoable: bool


@dataclass(frozen=True)
class Done:
    """All about follow-ups on the page of one pupil; nothing of it for who may not see follow-ups."""

    before: tuple[Before, ...] = ()
    care: Care | None = None
    owners: tuple[str, ...] = ()
    advice: tuple[Version, ...] = ()
    kinds: dict[Kind, str] = field(default_factory=dict)


@router.get("/leerling/{signal_id}")
def pupil(request: Request, signal_id: str) -> Response:
    """Show one pupil as on one list; of who objected that this is so, and only to who deals with it."""
    try:
        return _page(request, signal_id)
    except NotFoundError:
        if (hidden := rights_pages.hidden(request, signal_id)) is None:
            raise
        return hidden


@router.post("/leerling/{signal_id}/opvolging", openapi_extra=needs(Permission.WRITE_FOLLOW_UPS))
def plan(request: Request, signal_id: str, asked: Annotated[Asked, Form()]) -> Response:
    """Record what somebody is going to do; what cannot be is said on the same page, with all that was filled in."""
    vault = auth.installation(request).vault
    try:
        with auth.asking(request) as (viewer, session):
            follow_ups.open_follow_up(viewer, session, signal=signal_id, plan=asked.plan, vault=vault)
    except UsageError as error:
        return _page(request, signal_id, tried=asked, error=error)
    return RedirectResponse(f"/leerling/{signal_id}#opvolging", HTTPStatus.SEE_OTHER)


def _page(request: Request, signal_id: str, *, tried: Asked | None = None, error: UsageError | None = None) -> Response:
    vault = auth.installation(request).vault
    with auth.asking(request) as (viewer, session):
        shown = reading.signal(viewer, session, signal_id)
        head = reading.head(viewer, session, shown.list_id)
        before = reading.earlier(viewer, session, shown)
        names = reading.names(viewer, session, school=shown.school, pupils=[shown.signal.pupil], vault=vault)
        away = off_list.off_list(viewer, session, shown)
        done = _done(viewer, session, shown, vault=vault)
        case = case_pages.on_pupil(viewer, session, shown)
        asked = rights_pages.on_pupil(viewer, session, shown, vault=vault)
    signal = shown.signal
    since = drawing.first_shown(head.document.school_days)
    if since is not None and signal.enrolled_from is not None:
        since = max(since, signal.enrolled_from)
    days = [one for one in signal.calendar if since is None or one.day >= since]
    school_days = [one for one in head.document.school_days if since is None or one >= since]
    return web.render(
        request,
        "pupil.html",
        status=HTTPStatus.OK if error is None else error.status,
        viewer=viewer,
        head=head,
        shown=shown,
        row=listed.rows_of([shown], names)[0],
        signal=signal,
        chart=drawing.chart(signal.attendance, weeks=None),
        steps=drawing.waterfall(signal),
        years=drawing.calendar(days, school_days),
        pattern=patterns.pattern(days, school_days),
        lessons=patterns.lessons(signal.contributions, head.document.school_days),
        legend=drawing.legend(days),
        earlier=before,
        off_list=away,
        done=done,
        case=case,
        asked=asked,
        may_tell=viewer.may(Permission.READ_PARENTS_PAGE),
        kinds=KINDS,
        outcomes=OUTCOMES,
        tried=tried,
        error=error,
        today=scope.today(),
        may_write=viewer.may(Permission.WRITE_FOLLOW_UPS),
        sees_names=viewer.may(Permission.READ_NAMES),
        may_edit=viewer.may(Permission.WRITE_PLAYBOOK),
    )


def _done(viewer: Viewer, session: Session, shown: Shown, *, vault: Vault) -> Done:
    if not viewer.may(Permission.READ_FOLLOW_UPS):
        return Done()
    school, pupil = shown.school, shown.signal.pupil
    every = follow_ups.follow_ups(viewer, session, vault=vault, limit=MOST_FOLLOW_UPS, about=(school, pupil))
    standing = [one for one in every if one.withdrawn_at is None]
    own = playbook.standing(viewer, session, school=school)
    week = shown.head.document.week
    return Done(
        before=_around(viewer, shown.signal, standing),
        care=care.care_on(session, school=school, week=week, pupils=[pupil])[pupil],
        owners=care.owners(session, school=school),
        advice=tuple(own[one.id] for one in playbook.fitting(shown.signal)),
        kinds={kind: label for kind, label in KINDS.items() if _fits(kind, shown.signal)},
    )


def _fits(kind: Kind, signal: Signal) -> bool:
    """Whether a kind belongs on the form: an agreement on an offer is for who is away for long."""
    return kind is not Kind.OFFER or signal.standing is Standing.ALREADY_ABSENT


def _around(viewer: Viewer, signal: Signal, standing: Sequence[FollowUp]) -> tuple[Before, ...]:
    """Return the follow-ups, what is open first and then the newest first."""
    order = sorted(standing, key=lambda one: one.opened_at, reverse=True)
    order.sort(key=lambda one: one.plan.done_on is not None)
    return tuple(
        Before(
            one,
            follow_up_drawing.around(signal.attendance, one.plan.done_on)
            if one.plan.done_on is not None and one.plan.kind not in NOTHING_TRIED
            else None,
            may_undo(viewer, changed_by=one.changed_by, changed_at=one.changed_at),
        )
        for one in order
    )
