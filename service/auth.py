"""Signing in and being signed in: server-side sessions, and the one door through which a request becomes a viewer."""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self, cast

from fastapi import Request
from sqlalchemy import Engine, bindparam, select
from sqlalchemy.orm import Session
from starlette.responses import Response

from data_contracts.errors import SettingsError, UsageError
from service import audit, db, scope
from service.audit import Action
from service.settings import Settings
from service.tables import ClientRow, GrantRow, IdentityRow, PersonRow, SessionRow, now
from service.vault import Vault
from service.viewer import Role, Viewer
from service.who import tokens
from service.who.oidc import Provider
from service.who.tokens import Holder, Tokens
from service.who.viewers import not_signed_in, roles_of, viewer_for, viewer_with

TOKEN_BYTES = 32
READING = frozenset({"GET", "HEAD", "OPTIONS"})


SIGNED_IN = (
    select(PersonRow.id, PersonRow.name, SessionRow.role, GrantRow.school, GrantRow.group_name)
    .join(SessionRow, SessionRow.person == PersonRow.id)
    .join(GrantRow, (GrantRow.person == PersonRow.id) & (GrantRow.role == SessionRow.role))
    .where(
        SessionRow.token_digest == bindparam("digest"),
        SessionRow.ended_at.is_(None),
        SessionRow.expires_at > bindparam("now"),
        PersonRow.ended_at.is_(None),
    )
)
"""Who has a session, with every place where the role of it holds: asked for by every request, so made once."""


@dataclass(frozen=True)
class Installation:
    """What a running service has at hand."""

    settings: Settings
    engine: Engine
    vault: Vault
    tokens: Tokens
    provider: Provider | None

    @classmethod
    def of(cls, settings: Settings, engine: Engine) -> Self:
        """Return what a service with `settings` runs on."""
        return cls(settings, engine, Vault.at(settings.home), Tokens(settings), Provider.of(settings))


def installation(request: Request) -> Installation:
    """Return what this service runs on; the key of the names is looked for again until the first delivery has made it."""
    here = cast("Installation", request.app.state.installation)
    if here.vault.fernet is None and (vault := Vault.at(here.settings.home)).fernet is not None:
        here = request.app.state.installation = replace(here, vault=vault)
    return here


@contextmanager
def asking(
    request: Request, *, touches_pupils: bool = True, durable: bool | None = None
) -> Iterator[tuple[Viewer, Session]]:
    """Open one transaction for whoever is asking; what is read and its audit are committed together.

    Parameters
    ----------
    request
        Who asks: a person by the session cookie, a program by its token.
    touches_pupils
        False where nobody's data is read, so nothing needs to be written either.
    durable
        Whether what is written must outlive a loss of power (see `service.db.transaction`). Left out: what a request that
        changes something confirms must, the log of what was read need not.

    Raises
    ------
    SignInError
        Nobody is signed in, or the sign-in or token has ended.
    UsageError
        The request says twice who asks.
    """
    here = installation(request)
    cookie, token = request.cookies.get(here.settings.cookie), tokens.bearer(request)
    if cookie and token is not None:
        detail = "Dit verzoek heeft een token en ook een aanmelding uit een browser."
        raise UsageError(detail, remedy="Stuur een van beide mee.")
    # The token first: its issuer may have to be asked for keys, and that is no time to hold the database.
    holder = None if token is None else here.tokens.holder(token)
    if not cookie and holder is None:
        raise not_signed_in()  # before the database is opened for somebody who says nothing
    kept = request.method not in READING if durable is None else durable
    with db.transaction(here.engine, writes=touches_pupils, durable=touches_pupils and kept) as session:
        viewer = program_of(session, holder) if holder else viewer_of(session, cookie or "")
        if not hasattr(request.state, "spent"):  # an answer that is streamed asks again for each part of it
            request.app.state.people.spend(viewer.person)
            request.state.spent = True
        scope.enter(session, viewer)
        yield viewer, session


def viewer_of(session: Session, token: str) -> Viewer:
    """Return the viewer whose session has `token`.

    Raises
    ------
    SignInError
        There is no such session, or it has ended.
    """
    rows = session.execute(SIGNED_IN, {"digest": _digest(token), "now": now()}).all()
    if not rows:
        raise not_signed_in()
    first = rows[0]
    return viewer_with(first.id, first.name, Role(first.role), [(row.school, row.group_name) for row in rows])


def program_of(session: Session, holder: Holder) -> Viewer:
    """Return the program that holds a good token as a viewer, limited to the token's scopes.

    Raises
    ------
    TokenError
        The program is not known here, or its access has ended.
    """
    query = (
        select(PersonRow)
        .join(ClientRow, ClientRow.person == PersonRow.id)
        .where(ClientRow.ended_at.is_(None), PersonRow.ended_at.is_(None))
    )
    if holder.issuer:
        known = (IdentityRow.issuer == holder.issuer, IdentityRow.subject == holder.subject)
        query = query.join(IdentityRow, IdentityRow.person == PersonRow.id).where(*known)
    else:
        query = query.where(ClientRow.id == holder.subject)
    person = session.scalar(query)
    roles = () if person is None else roles_of(session, person)
    if person is None or len(roles) != 1:
        raise tokens.refused()
    return replace(viewer_for(session, person, roles[0]), narrowed=holder.scopes)


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


def sign_out(session: Session, token: str) -> PersonRow | None:
    """End the session that has `token`, on the server, and return whose it was; one that has ended already stays so."""
    row = session.get(SessionRow, _digest(token))
    if row is None or row.ended_at is not None:
        return None
    person = session.get_one(PersonRow, row.person)
    leaving = Viewer(person.id, person.name, Role(row.role), schools=frozenset())  # the role may have been taken since
    audit.record(leaving, session, action=Action.SIGNED_OUT)
    row.ended_at = now()
    return person


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
