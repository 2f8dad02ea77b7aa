"""Opvolging: everything that is open at a school, who has it, and what was done lately."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from service import auth, reading, scope, web
from service.following import finishing, follow_ups, undoing
from service.following.follow_ups import KINDS, OUTCOMES, Kind, Outcome, Plan
from service.following.undoing import FIGURES
from service.front.entitled import needs
from service.moments import Day
from service.pages import choosing
from service.pages.following import board
from service.rights import requests
from service.viewer import Permission

router = APIRouter(include_in_schema=False)

OPEN = "/opvolging"
WRITE = needs(Permission.WRITE_FOLLOW_UPS)
OpaqueId = Annotated[str, Field(pattern=r"^[\w-]{1,32}$")]


class Finished(BaseModel):
    """The form *Afronden* as it was sent; ``leerling`` is the page to go back to, where that is a pupil's."""

    uitkomst: Outcome
    gedaan: Day
    notitie: Annotated[str, Field(max_length=2000)] = ""
    leerling: OpaqueId | None = None


class Concern(BaseModel):
    """The form *Niet pluis* as it was sent."""

    leerling: OpaqueId
    notitie: Annotated[str, Field(max_length=2000)] = ""


@router.get(OPEN)
def open_page(
    request: Request,
    school: str = "",
    owner: Annotated[str, Query(alias="eigenaar", pattern=r"^[A-Za-z0-9_-]{0,32}$")] = "",
) -> Response:
    """Show what is open: who has not been picked up first, then what is late, planned, left for now and done."""
    vault = auth.installation(request).vault
    with auth.asking(request) as (viewer, session):
        viewer.must(Permission.READ_FOLLOW_UPS)
        chosen = choosing.school(viewer, session, school)
        if chosen is None:
            return web.render(request, "no_list.html", viewer=viewer)
        (head,) = reading.heads(viewer, session, school=chosen.school.id, limit=1)
        shown = board.board(viewer, session, head, vault=vault, owner=owner)
        corrections, answer_by = requests.open_corrections(viewer, session, school=chosen.school.id)
    return web.render(
        request,
        "following/follow_ups.html",
        viewer=viewer,
        head=head,
        chosen=chosen,
        board=shown,
        corrections=corrections,
        answer_by=answer_by,
        owner=owner,
        only=dict(shown.owners).get(owner, ""),
        kinds=KINDS,
        outcomes=OUTCOMES,
        clock=FIGURES["clock"],
        today=scope.today(),
        may_write=viewer.may(Permission.WRITE_FOLLOW_UPS),
        may_edit=viewer.may(Permission.WRITE_PLAYBOOK),
    )


@router.get(f"{OPEN}/niet-pluis")
def concern_page(request: Request, school: str = "") -> Response:
    """Show the form with which somebody adds a pupil by hand."""
    vault = auth.installation(request).vault
    with auth.asking(request) as (viewer, session):
        viewer.must(Permission.WRITE_FOLLOW_UPS)
        chosen = choosing.school(viewer, session, school)
        if chosen is None:
            return web.render(request, "no_list.html", viewer=viewer)
        pupils = board.known_pupils(viewer, session, school=chosen.school.id, vault=vault)
    return web.render(request, "following/follow_up_concern.html", viewer=viewer, chosen=chosen, pupils=pupils)


@router.post(f"{OPEN}/niet-pluis", openapi_extra=WRITE)
def concern(request: Request, asked: Annotated[Concern, Form()]) -> Response:
    """Add a pupil by hand, with the reason; the care coordinator picks it up."""
    vault = auth.installation(request).vault
    with auth.asking(request) as (viewer, session):
        plan = Plan(Kind.CONCERN, viewer.name, note=asked.notitie.strip() or None)
        made = follow_ups.open_follow_up(viewer, session, signal=asked.leerling, plan=plan, vault=vault)
    return RedirectResponse(f"{OPEN}?school={made.school}", HTTPStatus.SEE_OTHER)


@router.post(f"{OPEN}/{{follow_up_id}}/afronden", openapi_extra=WRITE)
def finish(request: Request, follow_up_id: str, asked: Annotated[Finished, Form()]) -> Response:
    """Say what came of a follow-up."""
    vault = auth.installation(request).vault
    with auth.asking(request) as (viewer, session):
        done = finishing.finish(
            viewer,
            session,
            follow_up_id,
            outcome=asked.uitkomst,
            done_on=asked.gedaan,
            note=asked.notitie,
            vault=vault,
        )
    return _back(asked.leerling, done.school)


@router.post(f"{OPEN}/{{follow_up_id}}/terugdraaien", openapi_extra=WRITE)
def undo(request: Request, follow_up_id: str, leerling: Annotated[OpaqueId | None, Form()] = None) -> Response:
    """Take back what was recorded just now."""
    with auth.asking(request) as (viewer, session):
        undone = undoing.undo(viewer, session, follow_up_id)
    return _back(leerling, undone.school)


def _back(signal: str | None, school: str) -> Response:
    """Send the browser back to where the form stood."""
    to = f"/leerling/{signal}#opvolging" if signal else f"{OPEN}?school={school}"
    return RedirectResponse(to, HTTPStatus.SEE_OTHER)
