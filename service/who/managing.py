"""What an administrator does on the page: letting people and programs in, roles, and ending them.

What an administrator of some schools may give or take: roles at those schools, and no role whose work lies beyond a school
(`BEYOND`): those are for whoever arranges every school. Taking a role is held to the same, so that nobody gets rid of their
privacy officer this way. Giving yourself a role at your own school cannot be prevented, since you could give it to a friend;
it is a line of its own in the audit, which the privacy officer sees first. Who decides, does and tells it: one transaction.
"""

import re

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from data_contracts.errors import NotAllowedError, NotFoundError, UsageError
from data_contracts.identifiers import SCHOOL_PATTERN
from service import audit
from service.audit import Action
from service.tables import ClientRow, GrantRow, PersonRow, now
from service.viewer import ROLES, Permission, Role, Viewer
from service.who import granting
from service.who.access import Access
from service.who.managed import givable, grants, nobody, opened, visible, within

NOT_A_PROGRAM = frozenset({Role.ADMINISTRATOR, Role.MENTOR})


def must_give(viewer: Viewer, access: Access) -> None:
    """Refuse to give `access` where it reaches further than `viewer` arranges.

    Raises
    ------
    NotAllowedError
        The role is not for this administrator to give, or it would hold for every school.
    NotFoundError
        One of the schools is not theirs.
    UsageError
        A mentor without groups of one school, or groups with another role.
    """
    viewer.must(Permission.MANAGE)
    if any(not (re.fullmatch(SCHOOL_PATTERN, school) and viewer.reaches(school)) for school in access.schools):
        raise _no_school()
    if access.role not in givable(viewer) or (not access.schools and viewer.schools is not None):
        detail = f"De rol {ROLES[access.role].label} reikt hier verder dan uw eigen scholen, en die geeft u niet."
        raise NotAllowedError(detail, remedy="Vraag het wie het beheer voor alle scholen doet.")
    if (access.role is Role.MENTOR) != bool(access.groups) or (access.groups and len(access.schools) != 1):
        detail = "Een mentor heeft een of meer groepen van een school, en een andere rol heeft die niet."
        raise UsageError(detail, remedy="Kies bij de rol mentor ten minste een groep.")


def add_person(viewer: Viewer, engine: Engine, *, name: str, email: str, access: Access) -> str:
    """Let somebody in by their school's account, who is known already gets this role too; return the id.

    Raises
    ------
    NotAllowedError, NotFoundError, UsageError
        As `must_give`; or the address or name is none.
    """
    address = granting.address(email, what="Het e-mailadres")
    if not name.strip():
        detail = "Er staat geen naam."
        raise UsageError(detail, remedy="Vul de naam in zoals collega's die kennen.")
    with opened(viewer, engine) as (by, session):
        must_give(by, access)
        row = granting.person_at(session, address, name=name.strip())
        _give(by, session, row, access)
        return row.id


def give(viewer: Viewer, engine: Engine, id_: str, access: Access) -> None:
    """Give somebody whom the administrator sees a role more.

    Raises
    ------
    NotAllowedError, NotFoundError, UsageError
        As `must_give`; or there is nobody like that.
    """
    with opened(viewer, engine) as (by, session):
        must_give(by, access)
        _give(by, session, visible(by, session, id_), access)


def take(viewer: Viewer, engine: Engine, id_: str, holding: str) -> None:
    """Take one role of somebody at one place.

    Raises
    ------
    NotFoundError
        There is no such role of that person at the administrator's schools.
    NotAllowedError
        It is not for this administrator to take; or nobody would be left to arrange this school.
    """
    with opened(viewer, engine) as (by, session):
        row = visible(by, session, id_)
        grant = session.get(GrantRow, holding)
        if grant is None or grant.person != row.id or not within(by, grant):
            raise nobody()
        _take(by, session, grant)


def end(viewer: Viewer, engine: Engine, id_: str) -> None:
    """Take everything that somebody may do at the administrator's schools; whoever keeps nothing is out for good.

    Raises
    ------
    NotFoundError, NotAllowedError
        As `take`.
    """
    with opened(viewer, engine) as (by, session):
        row = visible(by, session, id_)
        for grant in session.scalars(select(GrantRow).where(GrantRow.person == row.id)).all():
            if within(by, grant):
                _take(by, session, grant)
        session.flush()
        if session.scalar(select(GrantRow.id).where(GrantRow.person == row.id).limit(1)) is None:
            granting.end_person(session, row)


def end_sessions(viewer: Viewer, engine: Engine, id_: str) -> None:
    """Sign somebody out everywhere; signing in again is possible at once.

    Raises
    ------
    NotFoundError
        There is nobody like that.
    """
    with opened(viewer, engine) as (by, session):
        row = visible(by, session, id_)
        granting.end_sessions(session, row.id)
        for school in {grant.school for grant in grants(by, session, row)}:
            audit.record(by, session, action=Action.SESSIONS_ENDED, school=school, object_id=row.id)


def add_program(
    viewer: Viewer, engine: Engine, *, name: str, access: Access, public_key: str = ""
) -> tuple[str, str | None]:
    """Let a program in, by its public key or else by a secret; return its client id, and the secret: nobody keeps that.

    Raises
    ------
    NotAllowedError, NotFoundError, UsageError
        As `must_give`; or the role is for people only, or the key is not usable.
    """
    key = granting.public(public_key.encode(), what="Dit") if public_key.strip() else None
    if access.role in NOT_A_PROGRAM or not name.strip():
        detail = "Een programma heeft een naam, en een rol die geen mens vraagt."
        raise UsageError(detail, remedy="Vul een naam in, en kies een andere rol dan mentor of beheerder.")
    with opened(viewer, engine) as (by, session):
        must_give(by, access)
        row = granting.new_person(session, name.strip())
        client, secret = granting.new_client(session, row, public_key=key)
        _give(by, session, row, access)
        return client.id, secret


def end_program(viewer: Viewer, engine: Engine, client: str) -> None:
    """End a program at the administrator's schools, also with a token that runs.

    Raises
    ------
    NotFoundError, NotAllowedError
        As `take`.
    """
    with opened(viewer, engine) as (by, session):
        row = session.get(ClientRow, client)
        if row is None:
            raise nobody()
        of = session.get_one(PersonRow, row.person)
        theirs = grants(by, session, of)
        if not theirs:
            raise nobody()
        for grant in theirs:
            _take(by, session, grant)
        session.flush()
        if session.scalar(select(GrantRow.id).where(GrantRow.person == of.id).limit(1)) is None:
            row.ended_at = now()


def _give(by: Viewer, session: Session, to: PersonRow, access: Access) -> None:
    action = Action.OWN_ACCESS_GIVEN if to.id == by.person else Action.ACCESS_GIVEN
    for school, what in granting.give(session, to, access).items():
        audit.record(by, session, action=action, school=school, object_id=to.id, detail=what)


def _take(by: Viewer, session: Session, grant: GrantRow) -> None:
    role = Role(grant.role)
    if role not in givable(by):
        detail = f"De rol {ROLES[role].label} geeft u niet, en beëindigt u dus ook niet."
        raise NotAllowedError(detail, remedy="Vraag het wie het beheer voor alle scholen doet.")
    if role is Role.ADMINISTRATOR and _is_last(session, grant):
        detail = "Dit is de laatste beheerder: daarna kan niemand hier nog iets regelen."
        raise NotAllowedError(detail, remedy="Maak eerst iemand anders beheerder.")
    what = granting.worded(role, [(grant.school, grant.group_name)])[grant.school]
    session.delete(grant)
    audit.record(by, session, action=Action.ACCESS_ENDED, school=grant.school, object_id=grant.person, detail=what)


def _is_last(session: Session, grant: GrantRow) -> bool:
    """Whether nobody else arranges as much: the same school or every school, or, of every school, every school."""
    others = (
        select(GrantRow.id)
        .join(PersonRow, PersonRow.id == GrantRow.person)
        .where(
            GrantRow.role == Role.ADMINISTRATOR,
            GrantRow.person != grant.person,
            PersonRow.ended_at.is_(None),
            GrantRow.school.is_(None) | (GrantRow.school == grant.school),
        )
    )
    return session.scalar(others.limit(1)) is None


def _no_school() -> NotFoundError:
    detail = "Deze school bestaat niet, of hoort niet bij wat u beheert."
    return NotFoundError(detail, remedy="Kies een school uit de lijst.")
