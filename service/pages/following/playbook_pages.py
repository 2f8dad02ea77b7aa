"""The page on which a school writes its own playbook, with a look at it before it is kept."""

from enum import StrEnum
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from service import auth, web
from service.following import playbook
from service.front.entitled import needs
from service.pages import choosing
from service.viewer import Permission

router = APIRouter(include_in_schema=False)

PAGE = "/beheer/draaiboek"


class Deed(StrEnum):
    """Which button was pressed."""

    LOOK = "bekijken"
    KEEP = "bewaren"


class Written(BaseModel):
    """The form of one pattern as it was sent."""

    school: Annotated[str, Field(max_length=12)]
    patroon: Annotated[str, Field(max_length=32)]
    tekst: Annotated[str, Field(max_length=20_000)] = ""
    doe: Deed = Deed.LOOK


@router.get(PAGE)
def playbook_page(request: Request, school: str = "") -> Response:
    """Show the playbook of a school, each pattern with a form."""
    return _page(request, school)


@router.post(PAGE, openapi_extra=needs(Permission.WRITE_PLAYBOOK))
def write(request: Request, asked: Annotated[Written, Form()]) -> Response:
    """Show what was written as it will look, or keep it as the version that stands."""
    if asked.doe is Deed.LOOK:
        return _page(request, asked.school, looked=asked)
    with auth.asking(request) as (viewer, session):
        viewer.must(Permission.WRITE_PLAYBOOK)
        choosing.school(viewer, session, asked.school)
        playbook.write(viewer, session, school=asked.school, pattern=asked.patroon, text=asked.tekst)
    return RedirectResponse(f"{PAGE}?school={asked.school}#{asked.patroon}", HTTPStatus.SEE_OTHER)


def _page(request: Request, school: str, *, looked: Written | None = None) -> Response:
    with auth.asking(request, touches_pupils=False) as (viewer, session):
        viewer.must(Permission.WRITE_PLAYBOOK)
        chosen = choosing.school(viewer, session, school)
        if chosen is None:
            return web.render(request, "no_list.html", viewer=viewer)
        standing = playbook.standing(viewer, session, school=chosen.school.id)
    return web.render(
        request,
        "following/follow_up_playbook.html",
        viewer=viewer,
        chosen=chosen,
        versions=tuple(standing.values()),
        looked=looked,
        steps=playbook.steps,
        goes_too_far=playbook.goes_too_far,
    )
