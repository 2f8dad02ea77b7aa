"""The pages of their own: where somebody begins, and how to read the list."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from service import auth, web
from service.viewer import ROLES

router = APIRouter(include_in_schema=False)


@router.get("/")
def start(request: Request) -> Response:
    """Send whoever is signed in to where the work is."""
    with auth.asking(request, touches_pupils=False) as (viewer, _):
        return RedirectResponse(ROLES[viewer.role].home, HTTPStatus.SEE_OTHER)


@router.get("/uitleg")
def explanation(request: Request) -> Response:
    """Explain how to read the list: what it is, and what it is not."""
    with auth.asking(request, touches_pupils=False) as (viewer, _):
        return web.render(request, "explanation.html", viewer=viewer)
