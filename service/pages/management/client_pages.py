"""Programs that use the API: which there are, letting one in, ending one."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from data_contracts.errors import NotAllowedError, UsageError
from service import auth, web
from service.front.entitled import needs
from service.pages.management import managed_schools
from service.pages.management.managed_schools import ManagedSchool
from service.pages.management.people_pages import EVERYWHERE
from service.viewer import ROLES, Permission, Role, Viewer
from service.who import managed, managing
from service.who.access import Access

router = APIRouter(include_in_schema=False)

PAGE = "/beheer/programmas"


class NewProgram(BaseModel):
    """The form as it was sent; without a key the program gets a secret."""

    rol: Role
    naam: Annotated[str, Field(max_length=120)] = ""
    school: Annotated[str, Field(max_length=12)] = ""
    sleutel: Annotated[str, Field(max_length=4_000)] = ""

    @property
    def access(self) -> Access:
        """What was asked for."""
        return Access(role=self.rol, schools=() if self.school == EVERYWHERE else (self.school,))


@router.get(PAGE)
def programs_page(request: Request) -> Response:
    """Show which programs come in, and the form for a new one."""
    return _page(request, *_arranged(request))


@router.post(PAGE, openapi_extra=needs(Permission.MANAGE))
def add_program(request: Request, asked: Annotated[NewProgram, Form()]) -> Response:
    """Let a program in. The secret stands in this one answer, which no browser keeps, and nowhere else."""
    viewer, schools = _arranged(request)
    if asked.school != EVERYWHERE:
        managed_schools.must_have(schools, asked.school)
    engine = auth.installation(request).engine
    try:
        client, secret = managing.add_program(
            viewer, engine, name=asked.naam, access=asked.access, public_key=asked.sleutel
        )
    except (UsageError, NotAllowedError) as error:
        return _page(request, viewer, schools, tried=asked, error=error)
    if secret is None:
        return RedirectResponse(PAGE, HTTPStatus.SEE_OTHER)
    return web.render(
        request,
        "management/management_secret.html",
        viewer=viewer,
        name=asked.naam.strip(),
        client=client,
        secret=secret,
    )


@router.post(PAGE + "/{client_id}/einde")
def end_program(request: Request, client_id: str) -> Response:
    """End a program."""
    viewer, _ = _arranged(request)
    managing.end_program(viewer, auth.installation(request).engine, client_id)
    return RedirectResponse(PAGE, HTTPStatus.SEE_OTHER)


def _arranged(request: Request) -> tuple[Viewer, tuple[ManagedSchool, ...]]:
    """Return who asks, and the schools that they arrange."""
    home = auth.installation(request).settings.home
    with auth.asking(request, touches_pupils=False) as (viewer, session):
        viewer.must(Permission.MANAGE)
        return viewer, managed_schools.all_of(viewer, session, home)


def _page(
    request: Request,
    viewer: Viewer,
    schools: tuple[ManagedSchool, ...],
    *,
    tried: NewProgram | None = None,
    error: UsageError | NotAllowedError | None = None,
) -> Response:
    here = auth.installation(request)
    roles = [
        (role, ROLES[role].label, sorted(ROLES[role].permissions))
        for role in managed.givable(viewer)
        if role not in managing.NOT_A_PROGRAM
    ]
    return web.render(
        request,
        "management/management_programs.html",
        status=HTTPStatus.OK if error is None else error.status,
        viewer=viewer,
        schools=schools,
        names={one.id: one.name for one in schools},
        programs=managed.programs(viewer, here.engine),
        roles=roles,
        everywhere=viewer.schools is None,
        issues_tokens=here.settings.issues_tokens,
        tried=tried,
        error=error,
    )
