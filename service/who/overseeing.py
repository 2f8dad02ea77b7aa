"""Who has access to what, and whose opaque ids stand in the audit: for a privacy officer, who is asked exactly that."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, func, or_, select

from service import db
from service.tables import ClientRow, GrantRow, PersonRow, SessionRow
from service.viewer import ROLES, Permission, Role, Viewer


@dataclass(frozen=True)
class Sight:
    """One role of one person or program, where it holds, and when it was last signed in with; None is never."""

    person: str
    name: str
    is_program: bool
    role: str
    school: str | None
    group: str | None
    last: datetime | None


def sights(viewer: Viewer, engine: Engine) -> tuple[Sight, ...]:
    """Return who sees something of the officer's schools, those who see every school among them.

    Raises
    ------
    NotAllowedError
        The viewer does not read the audit.
    """
    viewer.must(Permission.READ_AUDIT)
    last = (
        select(SessionRow.person, SessionRow.role, func.max(SessionRow.created_at).label("last"))
        .group_by(SessionRow.person, SessionRow.role)
        .subquery()
    )
    query = (
        select(GrantRow, PersonRow.name, ClientRow.id.label("client"), last.c.last)
        .join(PersonRow, PersonRow.id == GrantRow.person)
        .outerjoin(ClientRow, ClientRow.person == PersonRow.id)
        .outerjoin(last, (last.c.person == GrantRow.person) & (last.c.role == GrantRow.role))
        .where(PersonRow.ended_at.is_(None), ClientRow.ended_at.is_(None))
        .order_by(GrantRow.school, GrantRow.role, PersonRow.name, GrantRow.group_name)
    )
    if viewer.schools is not None:
        query = query.where(or_(GrantRow.school.is_(None), GrantRow.school.in_(sorted(viewer.schools))))
    with db.transaction(engine, writes=False) as session:
        return tuple(
            Sight(
                person=row.GrantRow.person,
                name=row.name,
                is_program=row.client is not None,
                role=ROLES[Role(row.GrantRow.role)].label,
                school=row.GrantRow.school,
                group=row.GrantRow.group_name,
                last=row.last,
            )
            for row in session.execute(query)
        )


def names(viewer: Viewer, engine: Engine, ids: Iterable[str]) -> dict[str, str]:
    """Return what the people and programs in lines of the audit are called; who is not known any more is left out.

    Raises
    ------
    NotAllowedError
        The viewer does not read the audit.
    """
    viewer.must(Permission.READ_AUDIT)
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    with db.transaction(engine, writes=False) as session:
        query = select(PersonRow.id, PersonRow.name).where(PersonRow.id.in_(wanted))
        return {row.id: row.name for row in session.execute(query)}
