"""Signing in and being signed in: server-side sessions, and the one door through which a request becomes a viewer."""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from fastapi import Request
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from starlette.responses import Response

from data_contracts.errors import SettingsError, SignInError
from service import audit, db, scope
from service.audit import Action
from service.settings import Settings
from service.tables import GrantRow, PersonRow, SessionRow, now
from service.vault import Vault
from service.viewer import Role, Viewer

TOKEN_BYTES = 32


@dataclass(frozen=True)
class Installation:
    """What a running service has at hand."""

    settings: Settings
    engine: Engine
    vault: Vault


def installation(request: Request) -> Installation:
    """Return what this service runs on."""
    return cast("Installation", request.app.state.installation)


@contextmanager
def asking(request: Request, *, touches_pupils: bool = True) -> Iterator[tuple[Viewer, Session]]:
    """Open one transaction for whoever is signed in; what is read and its audit are committed together.

    Parameters
    ----------
    request
        Who asks, by its session cookie.
    touches_pupils
        False where nobody's data is read, so nothing needs to be written either.

    Raises
    ------
    SignInError
        Nobody is signed in, or the sign-in has ended.
    """
    here = installation(request)
    token = request.cookies.get(here.settings.cookie)
    if not token:
        raise _not_signed_in()
    with db.transaction(here.engine, writes=touches_pupils) as session:
        viewer = viewer_of(session, token)
        scope.enter(session, viewer)
        yield viewer, session


def viewer_of(session: Session, token: str) -> Viewer:
    """Return the viewer whose session has `token`.

    Raises
    ------
    SignInError
        There is no such session, or it has ended.
    """
    row = session.execute(
        select(SessionRow, PersonRow)
        .join(PersonRow, PersonRow.id == SessionRow.person)
        .where(
            SessionRow.token_digest == _digest(token),
            SessionRow.ended_at.is_(None),
            SessionRow.expires_at > now(),
            PersonRow.ended_at.is_(None),
        )
    ).first()
    if row is None:
        raise _not_signed_in()
    return viewer_for(session, row.PersonRow, Role(row.SessionRow.role))


def viewer_for(session: Session, person: PersonRow, role: Role) -> Viewer:
    """Return `person` as a viewer in `role`, with the scope that the grants give today.

    Raises
    ------
    SignInError
        The person does not have that role (any more).
    """
    grants = session.scalars(select(GrantRow).where(GrantRow.person == person.id, GrantRow.role == role)).all()
    if not grants:
        raise _not_signed_in()
    everywhere = any(grant.school is None for grant in grants)
    whole = any(grant.group_name is None for grant in grants)
    return Viewer(
        person=person.id,
        name=person.name,
        role=role,
        schools=None if everywhere else frozenset(grant.school for grant in grants if grant.school is not None),
        groups=None
        if whole
        else frozenset((grant.school, grant.group_name) for grant in grants if grant.school and grant.group_name),
    )


def sign_in(session: Session, person: PersonRow, role: Role, *, hours: int) -> str:
    """Begin a session for `person` in `role`; the token returned is kept nowhere else."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    moment = now()
    session.add(
        SessionRow(
            token_digest=_digest(token),
            person=person.id,
            role=role,
            created_at=moment,
            expires_at=moment + timedelta(hours=hours),
        )
    )
    audit.record(viewer_for(session, person, role), session, action=Action.SIGNED_IN)
    return token


def sign_out(session: Session, token: str) -> None:
    """End the session that has `token`, on the server; one that has ended already stays so."""
    row = session.get(SessionRow, _digest(token))
    if row is None or row.ended_at is not None:
        return
    person = session.get_one(PersonRow, row.person)
    audit.record(viewer_for(session, person, Role(row.role)), session, action=Action.SIGNED_OUT)
    row.ended_at = now()


def give_cookie(response: Response, token: str, settings: Settings) -> None:
    """Hand the token to the browser, unreadable for scripts and never sent along from elsewhere."""
    response.set_cookie(
        settings.cookie,
        token,
        max_age=settings.session_hours * 3600,
        path="/",
        secure=not settings.is_demo,
        httponly=True,
        samesite="lax",
    )


def take_cookie(response: Response, settings: Settings) -> None:
    """Have the browser forget the token."""
    response.delete_cookie(settings.cookie, path="/", secure=not settings.is_demo, httponly=True, samesite="lax")


def refuse_demo_people(engine: Engine) -> None:
    """Refuse to start where the demo cast exists.

    Raises
    ------
    SettingsError
        There are demo people in the database.
    """
    with db.transaction(engine, writes=False) as session:
        found = session.scalars(select(PersonRow.id).where(PersonRow.demo_key.is_not(None)).limit(1)).first()
    if found is not None:
        detail = "Deze databank bevat de rolverdeling van de demo, en die mag in productie niet bestaan."
        remedy = (
            "Gebruik voor productie een nieuwe databank (AANWEZIG_DATABASE_URL), "
            "of start de demo met AANWEZIG_MODE=demo."
        )
        raise SettingsError(detail, remedy=remedy)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _not_signed_in() -> SignInError:
    return SignInError("U bent niet (meer) aangemeld.", remedy="Meld u aan en probeer het opnieuw.")
