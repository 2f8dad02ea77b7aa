"""Who may sign in and which programs may come in: added, listed and ended, for the command line."""

from collections.abc import Collection, Mapping
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from data_contracts.errors import NotFoundError, UsageError
from data_contracts.files import create_secret
from service import audit, db
from service.audit import Action
from service.tables import ClientRow, GrantRow, IdentityRow, PersonRow, SchoolRow, now
from service.viewer import ROLES, Role
from service.who import granting
from service.who.access import Access, Account, Accounts

EVERYBODY = "*"
"""Whose sessions ended, in the audit, where it was everybody's."""


def add_person(engine: Engine, *, by: str, name: str, email: str, access: Access) -> Account:
    """Let somebody in by their school's account; who is known already gets this role too.

    Raises
    ------
    UsageError
        The address is none.
    """
    address = granting.address(email)
    with db.transaction(engine) as session:
        person = granting.person_at(session, address, name=name)
        _given(by, session, person.id, granting.give(session, person, access))
        return _account(session, person, how=address)


def people(engine: Engine) -> Accounts:
    """Return everybody who may sign in or could, by name; not the demo cast."""
    query = (
        select(PersonRow)
        .where(PersonRow.demo_key.is_(None), PersonRow.id.not_in(select(ClientRow.person)))
        .order_by(PersonRow.name, PersonRow.id)
    )
    with db.transaction(engine, writes=False) as session:
        return Accounts(accounts=tuple(_account(session, one, how=one.email or "") for one in session.scalars(query)))


def end_person(engine: Engine, who: str, *, by: str) -> Account:
    """End the access of somebody (an e-mail address or id) at once, with all sessions; the address becomes free.

    Raises
    ------
    NotFoundError
        There is nobody like that.
    """
    with db.transaction(engine) as session:
        person = _find(session, who)
        granting.end_person(session, person)
        audit.record_managing(by, session, action=Action.ACCESS_ENDED, object_id=person.id)
        return _account(session, person, how="")


def end_sessions(engine: Engine, who: str | None, *, by: str) -> int:
    """End the running sessions of somebody, or of everybody; return how many.

    Raises
    ------
    NotFoundError
        There is nobody like that.
    """
    with db.transaction(engine) as session:
        person = None if who is None else _find(session, who).id
        audit.record_managing(by, session, action=Action.SESSIONS_ENDED, object_id=person or EVERYBODY)
        return granting.end_sessions(session, person)


def add_client(
    engine: Engine,
    *,
    by: str,
    name: str,
    access: Access,
    settled: Collection[str] = (),
    public_key: Path | None = None,
    secret: Path | None = None,
) -> Account:
    """Let a program in by our own issuer: by its public key (a file), or by a secret that is written to a new file.

    Parameters
    ----------
    settled
        Schools that have settings, so that are known though they have no list yet.

    Raises
    ------
    UsageError
        Not one of the two was given, the key is not usable, the file for the secret is there already, or of a school there is
        nothing here.
    """
    if (public_key is None) == (secret is None):
        detail = "een programma bewijst met een sleutel of met een geheim wie het is"
        raise UsageError(detail, remedy="Geef --public-key of --secret-file, en niet allebei.")
    key = None if public_key is None else _public(public_key)
    with db.transaction(engine) as session:
        _must_be_known(session, access.schools, settled)
        person = granting.new_person(session, name)
        client, value = granting.new_client(session, person, public_key=key)
        _given(by, session, person.id, granting.give(session, person, access.for_program()))
        if secret is not None and value is not None and not create_secret(secret, value.encode()):
            detail = f"--secret-file {secret} bestaat al"
            raise UsageError(detail, remedy="Kies een bestand dat er nog niet is.")
        return _account(session, person, how=granting.proof(client), of=client)


def add_external_client(
    engine: Engine, *, by: str, name: str, access: Access, issuer: str, subject: str, settled: Collection[str] = ()
) -> Account:
    """Let a program in that gets its tokens from an outside issuer, where it is known as `subject`.

    Raises
    ------
    UsageError
        That identity is in use, or of a school there is nothing here (`settled`: as with `add_client`).
    """
    with db.transaction(engine) as session:
        _must_be_known(session, access.schools, settled)
        if session.get(IdentityRow, (issuer, subject)) is not None:
            detail = f"{subject} van {issuer} is hier al bekend"
            raise UsageError(detail, remedy="Bekijk met 'aanwezig clients list' wie dat is.")
        person = granting.new_person(session, name)
        client = ClientRow(id=granting.client_id(), person=person.id)
        session.add_all([client, IdentityRow(issuer=issuer, subject=subject, person=person.id)])
        _given(by, session, person.id, granting.give(session, person, access.for_program()))
        return _account(session, person, how=granting.proof(client), of=client)


def clients(engine: Engine) -> Accounts:
    """Return every program, by name."""
    query = select(ClientRow, PersonRow).join(PersonRow, PersonRow.id == ClientRow.person)
    with db.transaction(engine, writes=False) as session:
        rows = session.execute(query.order_by(PersonRow.name, ClientRow.id)).all()
        return Accounts(
            accounts=tuple(
                _account(session, row.PersonRow, how=granting.proof(row.ClientRow), of=row.ClientRow) for row in rows
            )
        )


def end_client(engine: Engine, client: str, *, by: str) -> Account:
    """End a program at once, also with a token that runs.

    Raises
    ------
    NotFoundError
        There is no such program.
    """
    with db.transaction(engine) as session:
        row = session.get(ClientRow, client)
        if row is None:
            detail = f"programma {client} bestaat niet"
            raise NotFoundError(detail, remedy="Bekijk met 'aanwezig clients list' welke er zijn.")
        row.ended_at = row.ended_at or now()
        audit.record_managing(by, session, action=Action.ACCESS_ENDED, object_id=row.id)
        return _account(session, session.get_one(PersonRow, row.person), how=granting.proof(row), of=row)


def _given(by: str, session: Session, person: str, places: Mapping[str | None, str]) -> None:
    """Write what was given where: a line a school, so that a privacy officer of that school sees it."""
    for school, what in places.items():
        audit.record_managing(by, session, action=Action.ACCESS_GIVEN, object_id=person, school=school, detail=what)


def _must_be_known(session: Session, schools: Collection[str], settled: Collection[str]) -> None:
    """Refuse a program for a school of which there is nothing here: no settings, no list, nobody with a role.

    A mistyped BRIN would else be a program that may come in and finds nothing, now; and somebody else's school, later.
    """
    people = select(GrantRow.school).where(GrantRow.person.not_in(select(ClientRow.person)))
    known = {*settled, *session.scalars(select(SchoolRow.id)), *session.scalars(people)}
    unknown = sorted(set(schools) - known)
    if unknown:
        detail = f"van school {unknown[0]} is hier niets: geen instellingen, geen lijst en niemand met een rol"
        raise UsageError(
            detail, remedy="Controleer de BRIN met vestiging. Klopt die, laat dan eerst iemand van die school toe."
        )


def _find(session: Session, who: str) -> PersonRow:
    named = (PersonRow.email == who.strip().lower()) | (PersonRow.id == who)
    person = session.scalar(select(PersonRow).where(named, PersonRow.id.not_in(select(ClientRow.person))))
    if person is None:
        detail = f"{who} is niet bekend"
        raise NotFoundError(detail, remedy="Bekijk met 'aanwezig people list' wie er zijn.")
    return person


def _public(path: Path) -> str:
    """Return the public key in the file at `path`, as text to keep."""
    try:
        content = path.read_bytes()
    except OSError as error:
        detail = f"--public-key {path} is niet te lezen: {error.strerror}"
        raise UsageError(detail, remedy="Controleer de naam, en wie het bestand mag lezen.") from None
    return granting.public(content, what=f"--public-key {path}")


def _account(session: Session, person: PersonRow, *, how: str, of: ClientRow | None = None) -> Account:
    grants = session.scalars(select(GrantRow).where(GrantRow.person == person.id).order_by(GrantRow.role, GrantRow.id))
    access = tuple(
        " ".join(filter(None, (ROLES[Role(one.role)].label, one.school or "alle scholen", one.group_name)))
        for one in grants
    )
    ended = person.ended_at is not None or (of is not None and of.ended_at is not None)
    return Account(id=person.id if of is None else of.id, name=person.name, how=how, access=access, ended=ended)
