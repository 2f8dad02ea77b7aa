"""What giving and ending access does to the rows. Who asks, and what the audit says of it, is told by whoever calls."""

import re
import secrets
from collections.abc import Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from data_contracts.errors import UsageError
from service.tables import ClientRow, GrantRow, IdentityRow, PersonRow, SessionRow, new_id, now
from service.tables.base import ID_BYTES
from service.viewer import ROLES, Role
from service.who import client_keys, once
from service.who.access import Access

SECRET_BYTES = 32
"""256 bits: such a secret cannot be guessed, so a plain digest of it is enough to keep."""

Place = tuple[str | None, str | None]
"""A school and a group; without a school it is every school."""


def address(text: str, *, what: str = "--email") -> str:
    """Return an e-mail address as it is kept.

    Raises
    ------
    UsageError
        The address is none.
    """
    found = text.strip().lower()
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", found):
        detail = f"{what} {text} is geen e-mailadres"
        raise UsageError(detail, remedy="Gebruik het adres van het schoolaccount.")
    return found


def new_person(session: Session, name: str, *, email: str | None = None) -> PersonRow:
    """Add somebody, or the name of a program."""
    person = PersonRow(id=new_id(), name=name, email=email)
    session.add(person)
    session.flush()
    return person


def person_at(session: Session, email: str, *, name: str) -> PersonRow:
    """Return who has this address; added where nobody has."""
    found = session.scalar(select(PersonRow).where(PersonRow.email == email))
    return found or new_person(session, name, email=email)


def give(session: Session, person: PersonRow, access: Access) -> dict[str | None, str]:
    """Add what of `access` is new; return per school what was given, in words."""
    query = select(GrantRow).where(GrantRow.person == person.id, GrantRow.role == access.role)
    had = {(one.school, one.group_name) for one in session.scalars(query)}
    fresh = [place for place in access.rows() if place not in had]
    session.add_all(
        GrantRow(person=person.id, role=access.role, school=school, group_name=group) for school, group in fresh
    )
    session.flush()
    return worded(access.role, fresh)


def worded(role: Role, places: Sequence[Place]) -> dict[str | None, str]:
    """Return per school in words which role it is, and of which groups."""
    groups: dict[str | None, list[str]] = {}
    for school, group in places:
        groups.setdefault(school, []).extend([] if group is None else [group])
    label = ROLES[role].label
    return {school: f"{label} van {', '.join(of)}" if of else label for school, of in groups.items()}


def end_person(session: Session, person: PersonRow) -> None:
    """End the access of `person` with all sessions; the address becomes free."""
    end_sessions(session, person.id)
    session.execute(delete(IdentityRow).where(IdentityRow.person == person.id))
    person.ended_at, person.email = now(), None


def end_sessions(session: Session, person: str | None) -> int:
    """End the running sessions of somebody, or of everybody; return how many."""
    running = select(SessionRow.token_digest).where(SessionRow.ended_at.is_(None), SessionRow.expires_at > now())
    digests = session.scalars(running if person is None else running.where(SessionRow.person == person)).all()
    session.execute(update(SessionRow).where(SessionRow.token_digest.in_(digests)).values(ended_at=now()))
    return len(digests)


def client_id() -> str:
    """Return an opaque id that can be typed: never with a minus in front, which would be an option."""
    return secrets.token_hex(ID_BYTES)


def new_client(session: Session, person: PersonRow, *, public_key: str | None) -> tuple[ClientRow, str | None]:
    """Add a program that proves itself by `public_key`, or else by a secret; return that too, it is kept nowhere."""
    secret = None if public_key is not None else secrets.token_urlsafe(SECRET_BYTES)
    client = ClientRow(
        id=client_id(),
        person=person.id,
        public_key=public_key,
        secret_digest=None if secret is None else once.digest(secret),
    )
    session.add(client)
    session.flush()
    return client, secret


def public(content: bytes, *, what: str) -> str:
    """Return a public key as text to keep.

    Raises
    ------
    UsageError
        It is no key that can be used, or a private one.
    """
    key = client_keys.parse(content)
    if key is None:
        detail = f"{what} is geen bruikbare sleutel"
        raise UsageError(detail, remedy="Geef een openbare sleutel als PEM of JWK: P-256, of RSA vanaf 2048 bits.")
    if key.is_private:
        detail = f"{what} is een geheime sleutel, en die hoort bij het programma te blijven"
        raise UsageError(detail, remedy="Geef alleen de openbare helft, bijvoorbeeld met openssl pkey -pubout.")
    return client_keys.text(key)


def proof(client: ClientRow) -> str:
    """Return how a program proves who it is."""
    if client.public_key is not None:
        return "sleutel"
    return "geheim" if client.secret_digest is not None else "token van elders"
