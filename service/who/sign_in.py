"""Signing in and out: as one of the demo cast, or at the provider of the school and back."""

import hmac
import json
from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from data_contracts.errors import NotFoundError
from service import auth, db, demo, web
from service.auth import Installation
from service.tables import PersonRow, new_id, now
from service.viewer import ROLES, Role
from service.who import identities, oidc, once, viewers
from service.who.lifetimes import LIFETIMES
from service.who.oidc import BACK, Attempt, Provider
from service.who.outside import IssuerUnreachableError

router = APIRouter(include_in_schema=False)

SIGN_IN = "/aanmelden"
AWAY = "attempt"
CHOOSING = "role"
"""What an unfinished sign-in waits for; a value that was given for the one is no good for the other."""


@router.get(SIGN_IN)
def page(request: Request, naar: str = "") -> Response:
    """Show the button to the provider, and in the demo whom to sign in as."""
    here = auth.installation(request)
    tables: tuple[demo.Table, ...] = ()
    if here.settings.is_demo:
        with db.transaction(here.engine, writes=False) as session:
            tables = demo.cast(session)
    return web.render(
        request,
        "sign_in.html",
        tables=tables,
        published=any(table.of_list for table in tables),
        to=_local(naar),
        is_demo=here.settings.is_demo,
        has_provider=here.provider is not None,
    )


@router.post(SIGN_IN)
def as_cast(request: Request, persoon: Annotated[str, Form()], naar: Annotated[str, Form()] = "") -> Response:
    """Sign in as one of the demo cast; in production this does not exist."""
    here = auth.installation(request)
    if not here.settings.is_demo:
        detail = "Aanmelden als demo-gebruiker bestaat hier niet."
        raise NotFoundError(detail, remedy="Meld u aan met het account van uw school.")
    with db.transaction(here.engine) as session:
        person, role = demo.person(session, persoon)
        token = auth.sign_in(session, person, role, hours=here.settings.session_hours)
    response = RedirectResponse(_local(naar) or ROLES[role].home, HTTPStatus.SEE_OTHER)
    auth.give_cookie(response, token, here.settings)
    return response


@router.post("/aanmelden/begin")
def begin(request: Request, naar: Annotated[str, Form()] = "") -> Response:
    """Send the browser to the provider, with an attempt that only this browser can finish."""
    here = auth.installation(request)
    attempt = Attempt.new(_local(naar))
    address = _provider(here).address(attempt)
    response = _elsewhere(request, address, "Aanmelden", "Verder naar het aanmeldsysteem van uw school")
    with db.transaction(here.engine) as session:
        _remember(session, response, here, what=AWAY, content=json.dumps(asdict(attempt)))
    return response


@router.get(BACK)
def back(request: Request, state: str = "", code: str = "", iss: str = "") -> Response:
    """Take in somebody who comes back from the provider."""
    here = auth.installation(request)
    provider = _provider(here)
    kept = _recall(request, here, what=AWAY)
    attempt = Attempt(**json.loads(kept))
    if not hmac.compare_digest(attempt.state.encode(), state.encode()):
        raise oidc.attempt_error(oidc.NOT_THIS_ONE)
    if not code or not provider.is_answer(iss):
        raise oidc.attempt_error(oidc.NOT_SIGNED_IN)
    identity = provider.identity(attempt, code=code)
    with db.transaction(here.engine) as session:
        person = identities.person_of(session, identity)
        roles = viewers.roles_of(session, person)
        if not roles:
            raise identities.unknown_person()
        if len(roles) == 1:
            return _arrived(session, here, person, roles[0], to=attempt.to)
        choices = [(role.value, ROLES[role].label) for role in roles]
        response = web.render(request, "sign_in_role.html", choices=choices, name=person.name)
        content = json.dumps({"person": person.id, "to": attempt.to})
        _remember(session, response, here, what=CHOOSING, content=content)
        return response


@router.post("/aanmelden/rol")
def choose(request: Request, rol: Annotated[Role, Form()]) -> Response:
    """Sign in in one of several roles."""
    here = auth.installation(request)
    chosen = json.loads(_recall(request, here, what=CHOOSING))
    with db.transaction(here.engine) as session:
        person = session.get_one(PersonRow, chosen["person"])
        return _arrived(session, here, person, rol, to=chosen["to"])


@router.post("/afmelden")
def sign_out(request: Request) -> Response:
    """End the session on the server, then in the browser, then at the provider."""
    here = auth.installation(request)
    token = request.cookies.get(here.settings.cookie)
    person = None
    if token:
        with db.transaction(here.engine) as session:
            person = auth.sign_out(session, token)
    leaving = _leaving(here) if person is not None and person.demo_key is None else ""
    if leaving:
        response = _elsewhere(request, leaving, "Afgemeld", "Ook afmelden bij het aanmeldsysteem van uw school")
    else:
        response = RedirectResponse(SIGN_IN, HTTPStatus.SEE_OTHER)
    auth.take_cookie(response, here.settings)
    return response


def _leaving(here: Installation) -> str:
    try:
        return "" if here.provider is None else here.provider.leaving()
    except IssuerUnreachableError:
        return ""  # here the session has ended, and that is what was asked


def _provider(here: Installation) -> Provider:
    if here.provider is None:
        detail = "Aanmelden met een schoolaccount is hier niet ingesteld."
        raise NotFoundError(detail, remedy="Vraag uw beheerder om de koppeling met het aanmeldsysteem van de school.")
    return here.provider


def _arrived(session: Session, here: Installation, person: PersonRow, role: Role, *, to: str) -> Response:
    token = auth.sign_in(session, person, role, hours=here.settings.session_hours)
    response = RedirectResponse(to or ROLES[role].home, HTTPStatus.SEE_OTHER)
    auth.give_cookie(response, token, here.settings)
    _set(response, here, "", seconds=0)
    return response


def _elsewhere(request: Request, address: str, title: str, label: str) -> Response:
    """Send the browser to `address` by a page of our own.

    A redirect would be the answer to a form, and then our policy would have to allow forms to the provider, and to
    wherever the provider sends people on to.
    """
    response = web.render(request, "sign_in_elsewhere.html", address=address, title=title, label=label)
    response.headers["Refresh"] = f"0; url={address}"
    return response


def _remember(session: Session, response: Response, here: Installation, *, what: str, content: str) -> None:
    """Keep `content` until this browser comes back with the value that it is given here."""
    value = new_id() + new_id()
    once.keep(session, once.digest(what, value), until=now() + LIFETIMES.attempt, content=content)
    _set(response, here, value, seconds=int(LIFETIMES.attempt.total_seconds()))


def _recall(request: Request, here: Installation, *, what: str) -> str:
    """Take out what was kept for this browser. Gone is gone, also when what follows fails: nothing is tried twice."""
    value = request.cookies.get(_cookie(here), "")
    with db.transaction(here.engine) as session:
        content = once.take(session, once.digest(what, value))
    if content is None:
        raise oidc.attempt_error(oidc.OVER)
    return content


def _cookie(here: Installation) -> str:
    return f"{here.settings.cookie}-onderweg"


def _set(response: Response, here: Installation, value: str, *, seconds: int) -> None:
    secure = not here.settings.is_demo
    # Lax: it has to come along when the provider sends the browser back.
    response.set_cookie(_cookie(here), value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax")


def _local(address: str) -> str:
    """Return `address` if it is a path on this host, or else nothing: a sign-in never sends anyone elsewhere."""
    is_path = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if is_path and address.isprintable() and "\\" not in address else ""
