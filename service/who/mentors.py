"""Who mentors which groups, so that a list can be narrowed to those of one mentor.

Rows of people and grants are granted to no viewer's transaction, so this module opens its own, as `service.who.managed` does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, select

from service import db
from service.tables import GrantRow, PersonRow
from service.viewer import Permission, Role, Viewer


@dataclass(frozen=True)
class Mentor:
    """A colleague with groups at one school; `id` is opaque."""

    id: str
    name: str
    groups: frozenset[str]


def mentors(viewer: Viewer, engine: Engine) -> Mapping[str, Sequence[Mentor]]:
    """Return who mentors groups at each of the viewer's schools, by name.

    Empty for who is kept to groups, who has nobody to choose between, and for who may not know who has whom.
    """
    if viewer.groups is not None or not viewer.may(Permission.READ_FOLLOW_UPS):
        return {}
    query = (
        select(PersonRow.id, PersonRow.name, GrantRow.school, GrantRow.group_name)
        .join(GrantRow, GrantRow.person == PersonRow.id)
        .where(GrantRow.role == Role.MENTOR, GrantRow.group_name.is_not(None), PersonRow.ended_at.is_(None))
        .order_by(PersonRow.name, PersonRow.id)
    )
    if viewer.schools is not None:
        query = query.where(GrantRow.school.in_(sorted(viewer.schools)))
    found: dict[str, dict[tuple[str, str], set[str]]] = {}
    with db.transaction(engine, writes=False) as session:
        for row in session.execute(query):
            found.setdefault(row.school, {}).setdefault((row.id, row.name), set()).add(row.group_name)
    return {
        school: tuple(Mentor(id_, name, frozenset(groups)) for (id_, name), groups in people.items())
        for school, people in found.items()
    }
