"""Dossiers: pupils whom a school brings before the alliance, seen from both sides; and the form with which it does so."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from data_contracts.errors import UsageError
from service import auth, cases, names, reading, scope, web
from service.cases import GROUNDS, LONGEST, Case, Ground, Status
from service.following.undoing import FIGURES
from service.front.entitled import needs
from service.pages import listed
from service.pages.following import follow_up_drawing
from service.pages.following.follow_up_drawing import Clock
from service.pages.listed import Hit
from service.reading import Shown
from service.tables import SchoolRow
from service.vault import Vault
from service.viewer import Permission, Viewer

router = APIRouter(include_in_schema=False)

MOST = 500
"""More than an alliance has at a time; a bound, as every query has one."""

ENDED = (Status.EXPIRED, Status.CLOSED)
STATUSES = {Status.RUNNING: "lopend", Status.EXPIRED: "verlopen", Status.CLOSED: "gesloten"}


class Opened(BaseModel):
    """The form *Breng in* as it was sent."""

    grond: Ground
    tot_en_met: date


@dataclass(frozen=True)
class OnPupil:
    """What the page of a pupil needs: the case that runs about that pupil, or else what the form offers."""

    running: Case | None
    grounds: dict[Ground, str]
    today: date
    last: date


@dataclass(frozen=True)
class Item:
    """One case on the page.

    Parameters
    ----------
    signal
        Id of the pupil's newest signal, for whoever may open it.
    hits
        The thresholds in that newest signal, each once.
    clock
        How long the pupil has hardly been there; None where the newest signal does not say so.
    """

    case: Case
    name: str
    school: str
    status: str
    signal: str
    hits: tuple[Hit, ...]
    clock: Clock | None


@router.get("/dossiers")
def cases_page(request: Request) -> Response:
    """Show the cases: to a school all of its own, to the alliance those that run, each with its newest signal."""
    vault = auth.installation(request).vault
    with auth.asking(request) as (viewer, session):
        found = cases.cases(viewer, session, limit=MOST, with_signals=viewer.may(Permission.READ_CASES))
        items = _items(viewer, session, found, vault=vault)
    return web.render(
        request,
        "following/cases.html",
        viewer=viewer,
        running=[one for one in items if one.case.status is Status.RUNNING],
        ended=[one for one in items if one.case.status in ENDED],
        grounds=GROUNDS,
        clock=FIGURES["clock"],
        may_open=viewer.may(Permission.OPEN_CASES),
    )


@router.post("/leerling/{signal_id}/dossier", openapi_extra=needs(Permission.OPEN_CASES))
def open_case(request: Request, signal_id: str, asked: Annotated[Opened, Form()]) -> Response:
    """Bring a pupil before the alliance; what cannot be is said on a page with the form, as it was filled in."""
    try:
        with auth.asking(request) as (viewer, session):
            cases.open_case(viewer, session, signal=signal_id, ground=asked.grond, until=asked.tot_en_met)
    except UsageError as error:
        with auth.asking(request) as (viewer, session):
            shown = reading.signal(viewer, session, signal_id)
            case = on_pupil(viewer, session, shown)
        values = {"viewer": viewer, "shown": shown, "case": case, "tried": asked, "error": error}
        return web.render(request, "following/case.html", status=error.status, **values)
    return RedirectResponse(f"/leerling/{signal_id}#dossier", HTTPStatus.SEE_OTHER)


@router.post("/dossiers/{case_id}/sluiten")
def close_case(request: Request, case_id: str) -> Response:
    """Close a case: from then on the alliance does not see it."""
    with auth.asking(request) as (viewer, session):
        cases.close(viewer, session, case_id)
    return RedirectResponse("/dossiers", HTTPStatus.SEE_OTHER)


def on_pupil(viewer: Viewer, session: Session, shown: Shown) -> OnPupil | None:
    """Return what there is to see and do about a case on the page of a pupil; None for who may not open one."""
    if not viewer.may(Permission.OPEN_CASES):
        return None
    running = cases.about(viewer, session, school=shown.school, pupil=shown.signal.pupil)
    today = scope.today()
    return OnPupil(running, GROUNDS, today, today + LONGEST)


def _items(viewer: Viewer, session: Session, found: Collection[Case], *, vault: Vault) -> list[Item]:
    pupils = [(one.school, one.pupil) for one in found]
    named = names.of(viewer, session, pupils, vault=vault)
    signals = cases.newest_signals(viewer, session, pupils)
    schools = {row.id: row for row in session.scalars(select(SchoolRow))}
    return [
        Item(
            case=one,
            name=named.get((one.school, one.pupil)) or listed.call(one.pupil, {}),
            school=schools[one.school].name,
            status=STATUSES[one.status],
            signal=signals.get((one.school, one.pupil), ""),
            hits=() if one.latest is None else listed.hits_of(one.latest.signal, sector=schools[one.school].sector),
            clock=None if one.latest is None else follow_up_drawing.clock(one.latest.signal, today=scope.today()),
        )
        for one in found
    ]
