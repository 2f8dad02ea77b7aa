"""People, roles and programs as an administrator sees them: at the own schools, and as things stand at this moment.

The rows of people, grants, sessions and clients are granted to no viewer's transaction (on PostgreSQL the database itself
refuses), so that no page can show or change them by mistake. This module opens its own, and looks again whether the
administrator still is one.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from data_contracts.errors import NotFoundError, SignInError
from service import db
from service.tables import ClientRow, GrantRow, ListRow, PersonRow, SchoolPageRow, SignalRow
from service.viewer import ROLES, Permission, Role, Viewer
from service.who import granting, viewers

BEYOND = frozenset({Role.DATA_TEAM, Role.ALLIANCE, Role.PRIVACY_OFFICER})
"""Roles whose work lies beyond one school: only an administrator of every school gives or takes them."""


@dataclass(frozen=True)
class Holding:
    """A role that somebody has somewhere; without a school it is every school. ``may_take``: by who is looking."""

    id: str
    role: Role
    label: str
    school: str | None
    group: str | None
    may_take: bool


@dataclass(frozen=True)
class Managed:
    """A person or program as an administrator sees it: only what it may do at the administrator's own schools.

    Parameters
    ----------
    id
        Opaque; of a program it is the client id.
    how
        The e-mail address, or the kind of proof a program gives.
    holdings
        Its roles there.
    is_self
        Whether it is who is looking.
    """

    id: str
    name: str
    how: str
    holdings: tuple[Holding, ...]
    is_self: bool = False

    @property
    def roles(self) -> tuple[str, ...]:
        """Its roles in words, each once."""
        return tuple(dict.fromkeys(one.label for one in self.holdings))


def givable(viewer: Viewer) -> tuple[Role, ...]:
    """Return the roles that `viewer` may give or take somewhere."""
    return tuple(role for role in Role if viewer.schools is None or role not in BEYOND)


def people(viewer: Viewer, engine: Engine) -> tuple[Managed, ...]:
    """Return who has a role at the administrator's schools, by name."""
    query = select(PersonRow).where(PersonRow.ended_at.is_(None), PersonRow.id.not_in(select(ClientRow.person)))
    with opened(viewer, engine, writes=False) as (now, session):
        rows = session.scalars(query.order_by(PersonRow.name, PersonRow.id)).all()
        found = [_managed(now, session, row, id_=row.id, how=row.email or "") for row in rows]
    return tuple(one for one in found if one.holdings or viewer.schools is None)


def person(viewer: Viewer, engine: Engine, id_: str) -> Managed:
    """Return one of `people`.

    Raises
    ------
    NotFoundError
        There is nobody like that, or not at the administrator's schools.
    """
    found = next((one for one in people(viewer, engine) if one.id == id_), None)
    if found is None:
        raise nobody()
    return found


def programs(viewer: Viewer, engine: Engine) -> tuple[Managed, ...]:
    """Return which programs come in at the administrator's schools, by name."""
    query = (
        select(ClientRow, PersonRow)
        .join(PersonRow, PersonRow.id == ClientRow.person)
        .where(ClientRow.ended_at.is_(None), PersonRow.ended_at.is_(None))
        .order_by(PersonRow.name, ClientRow.id)
    )
    with opened(viewer, engine, writes=False) as (now, session):
        rows = session.execute(query).all()
        found = [
            _managed(now, session, row.PersonRow, id_=row.ClientRow.id, how=granting.proof(row.ClientRow))
            for row in rows
        ]
    return tuple(one for one in found if one.holdings)


def groups(viewer: Viewer, engine: Engine, school: str) -> tuple[str, ...]:
    """Return the groups that the newest list of `school` knows of, in order: names of groups, and of nobody in them.

    Raises
    ------
    NotFoundError
        The school is not among the administrator's.
    """
    if not viewer.reaches(school):
        raise nobody()
    newest = (
        select(ListRow.id)
        .where(ListRow.school == school)
        .order_by(ListRow.week.desc(), ListRow.edition.desc())
        .limit(1)
    ).scalar_subquery()
    with opened(viewer, engine, writes=False) as (_, session):
        found = set(session.scalars(select(SignalRow.group_name).where(SignalRow.list_id == newest).distinct()))
        page = session.scalar(select(SchoolPageRow.document).where(SchoolPageRow.list_id == newest))
    parts = json.loads(page)["classes"] if page else []
    return tuple(sorted(found | {one["name"] for one in parts if one["name"]}))


@contextmanager
def opened(viewer: Viewer, engine: Engine, *, writes: bool = True) -> Iterator[tuple[Viewer, Session]]:
    """Open a transaction in which `viewer` is an administrator, as the grants say at this moment.

    Raises
    ------
    SignInError, NotAllowedError
        That is over; or the role is another.
    """
    viewer.must(Permission.MANAGE)
    with db.transaction(engine, writes=writes, durable=writes) as session:
        if writes:  # of two who end each other at once, one finds that over: somebody stays to arrange things
            db.next_change(session)
        row = session.get(PersonRow, viewer.person)
        if row is None or row.ended_at is not None:
            detail = "Uw toegang is beëindigd."
            raise SignInError(detail, remedy="Vraag een andere beheerder.")
        yield viewers.viewer_for(session, row, viewer.role), session


def within(viewer: Viewer, grant: GrantRow) -> bool:
    """Whether a grant holds at the administrator's schools, and no further."""
    return viewer.schools is None or (grant.school is not None and grant.school in viewer.schools)


def grants(viewer: Viewer, session: Session, of: PersonRow) -> list[GrantRow]:
    """Return the grants of somebody at the administrator's schools."""
    query = (
        select(GrantRow).where(GrantRow.person == of.id).order_by(GrantRow.role, GrantRow.school, GrantRow.group_name)
    )
    return [one for one in session.scalars(query) if within(viewer, one)]


def visible(viewer: Viewer, session: Session, id_: str) -> PersonRow:
    """Return somebody whom the administrator sees, to be changed.

    Raises
    ------
    NotFoundError
        There is nobody like that, or not at the administrator's schools.
    """
    row = session.get(PersonRow, id_)
    is_program = session.scalar(select(ClientRow.id).where(ClientRow.person == id_).limit(1)) is not None
    if row is None or row.ended_at is not None or is_program:
        raise nobody()
    if viewer.schools is not None and not grants(viewer, session, row):
        raise nobody()
    return row


def nobody() -> NotFoundError:
    """Return what is said of whoever is not there, or not at the administrator's schools."""
    detail = "Deze persoon of dit programma bestaat niet, of hoort niet bij uw scholen."
    return NotFoundError(detail, remedy="Ga terug naar de lijst.")


def _managed(viewer: Viewer, session: Session, row: PersonRow, *, id_: str, how: str) -> Managed:
    may = frozenset(givable(viewer))
    holdings = tuple(
        Holding(
            id=one.id,
            role=Role(one.role),
            label=ROLES[Role(one.role)].label,
            school=one.school,
            group=one.group_name,
            may_take=Role(one.role) in may,
        )
        for one in grants(viewer, session, row)
    )
    return Managed(id=id_, name=row.name, how=how, holdings=holdings, is_self=row.id == viewer.person)
