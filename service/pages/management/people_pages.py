"""Who may sign in, in which role and where; and which groups have a mentor."""

from dataclasses import dataclass
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
from service.viewer import ROLES, Permission, Role, Viewer
from service.who import managed, managing
from service.who.access import Access
from service.who.managed import Managed

router = APIRouter(include_in_schema=False)

PAGE = "/beheer/mensen"
EVERYWHERE = "alle"


class Granted(BaseModel):
    """A role and where it holds, as a form sent it; ``waar`` is a school, or every school where that was ticked."""

    rol: Role
    school: Annotated[str, Field(max_length=12)] = ""
    waar: Annotated[str, Field(max_length=12)] = ""
    groep: list[Annotated[str, Field(max_length=60)]] = []
    andere_groep: Annotated[str, Field(max_length=60)] = ""

    def access(self, school: str) -> Access:
        """What was asked for. Groups are kept for a mentor only: they stand on the form whatever the role."""
        groups = [one.strip() for one in (*self.groep, self.andere_groep) if one.strip()]
        schools = () if self.waar == EVERYWHERE else (school,)
        mentor = self.rol is Role.MENTOR
        return Access(role=self.rol, schools=schools, groups=tuple(dict.fromkeys(groups)) if mentor else ())


class NewPerson(Granted):
    """The form *Laat iemand toe* as it was sent."""

    naam: Annotated[str, Field(max_length=120)] = ""
    adres: Annotated[str, Field(max_length=254)] = ""


@dataclass(frozen=True)
class Choices:
    """What the forms offer: the school, those beside it, its groups, and the roles that may be given."""

    school: ManagedSchool
    schools: tuple[ManagedSchool, ...]
    groups: tuple[str, ...]
    roles: tuple[tuple[Role, str], ...]
    everywhere: bool

    def name_of(self, school: str | None) -> str:
        """Return how a school is called."""
        return next((one.name for one in self.schools if one.id == school), school or "alle scholen")


@router.get(PAGE)
def people_page(request: Request, school: str = "") -> Response:
    """Show who has a role, and the form with which somebody is let in."""
    viewer, choices = _choices(request, school)
    return _people(request, viewer, choices)


@router.post(PAGE, openapi_extra=needs(Permission.MANAGE))
def add_person(request: Request, asked: Annotated[NewPerson, Form()]) -> Response:
    """Let somebody in; what cannot be is said above the form, as it was filled in."""
    viewer, choices = _choices(request, asked.school)
    engine = auth.installation(request).engine
    try:
        added = managing.add_person(
            viewer, engine, name=asked.naam, email=asked.adres, access=asked.access(choices.school.id)
        )
    except (UsageError, NotAllowedError) as error:
        return _people(request, viewer, choices, tried=asked, error=error)
    return _to(added, choices)


@router.get(PAGE + "/{person_id}")
def person_page(request: Request, person_id: str, school: str = "") -> Response:
    """Show one person: the roles, each with a button to end it, and what can be given."""
    viewer, choices = _choices(request, school)
    shown = managed.person(viewer, auth.installation(request).engine, person_id)
    return _person(request, viewer, choices, shown)


@router.post(PAGE + "/{person_id}/rollen", openapi_extra=needs(Permission.MANAGE))
def give_role(request: Request, person_id: str, asked: Annotated[Granted, Form()]) -> Response:
    """Give somebody a role more."""
    viewer, choices = _choices(request, asked.school)
    engine = auth.installation(request).engine
    try:
        managing.give(viewer, engine, person_id, asked.access(choices.school.id))
    except (UsageError, NotAllowedError) as error:
        shown = managed.person(viewer, engine, person_id)
        return _person(request, viewer, choices, shown, tried=asked, error=error)
    return _to(person_id, choices)


@router.post(PAGE + "/{person_id}/rollen/{grant_id}/einde")
def take_role(request: Request, person_id: str, grant_id: str) -> Response:
    """End one role at one place."""
    viewer = _manager(request)
    managing.take(viewer, auth.installation(request).engine, person_id, grant_id)
    return RedirectResponse(PAGE, HTTPStatus.SEE_OTHER)


@router.post(PAGE + "/{person_id}/einde")
def end_person(request: Request, person_id: str) -> Response:
    """End everything that somebody may do at the administrator's schools."""
    viewer = _manager(request)
    managing.end(viewer, auth.installation(request).engine, person_id)
    return RedirectResponse(PAGE, HTTPStatus.SEE_OTHER)


@router.post(PAGE + "/{person_id}/afmelden")
def sign_out_everywhere(request: Request, person_id: str) -> Response:
    """Sign somebody out everywhere."""
    viewer = _manager(request)
    managing.end_sessions(viewer, auth.installation(request).engine, person_id)
    return RedirectResponse(f"{PAGE}/{person_id}", HTTPStatus.SEE_OTHER)


@router.get("/beheer/groepen")
def groups_page(request: Request, school: str = "") -> Response:
    """Show which group has which mentor."""
    viewer, choices = _choices(request, school)
    people = managed.people(viewer, auth.installation(request).engine)
    mentors: dict[str, list[Managed]] = {one: [] for one in choices.groups}
    for one in people:
        for holding in one.holdings:
            if holding.group is not None and holding.school == choices.school.id:
                mentors.setdefault(holding.group, []).append(one)
    return web.render(
        request,
        "management/management_groups.html",
        viewer=viewer,
        choices=choices,
        mentors=dict(sorted(mentors.items())),
    )


def _manager(request: Request) -> Viewer:
    with auth.asking(request, touches_pupils=False) as (viewer, _):
        viewer.must(Permission.MANAGE)
        return viewer


def _choices(request: Request, school: str) -> tuple[Viewer, Choices]:
    here = auth.installation(request)
    with auth.asking(request, touches_pupils=False) as (viewer, session):
        viewer.must(Permission.MANAGE)
        schools = managed_schools.all_of(viewer, session, here.settings.home)
    chosen = managed_schools.chosen(schools, school) or ManagedSchool("", "nog geen school")
    return viewer, Choices(
        school=chosen,
        schools=schools,
        groups=managed.groups(viewer, here.engine, chosen.id),
        roles=tuple((role, ROLES[role].label) for role in managed.givable(viewer)),
        everywhere=viewer.schools is None,
    )


def _people(
    request: Request,
    viewer: Viewer,
    choices: Choices,
    *,
    tried: NewPerson | None = None,
    error: UsageError | NotAllowedError | None = None,
) -> Response:
    people = managed.people(viewer, auth.installation(request).engine)
    return web.render(
        request,
        "management/management_people.html",
        status=HTTPStatus.OK if error is None else error.status,
        viewer=viewer,
        choices=choices,
        people=people,
        tried=tried,
        error=error,
    )


def _person(
    request: Request,
    viewer: Viewer,
    choices: Choices,
    shown: Managed,
    *,
    tried: Granted | None = None,
    error: UsageError | NotAllowedError | None = None,
) -> Response:
    return web.render(
        request,
        "management/management_person.html",
        status=HTTPStatus.OK if error is None else error.status,
        viewer=viewer,
        choices=choices,
        shown=shown,
        tried=tried,
        error=error,
    )


def _to(person: str, choices: Choices) -> Response:
    return RedirectResponse(f"{PAGE}/{person}?school={choices.school.id}", HTTPStatus.SEE_OTHER)
