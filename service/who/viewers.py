"""Who a person is here: the viewer that somebody's grants make in one role."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from data_contracts.errors import SignInError
from service.tables import GrantRow, PersonRow
from service.viewer import Role, Viewer


def roles_of(session: Session, person: PersonRow) -> tuple[Role, ...]:
    """Return the roles that `person` has somewhere."""
    found = set(session.scalars(select(GrantRow.role).where(GrantRow.person == person.id)))
    return tuple(role for role in Role if role in found)


def viewer_for(session: Session, person: PersonRow, role: Role) -> Viewer:
    """Return `person` as a viewer in `role`, with the scope that the grants give today.

    Raises
    ------
    SignInError
        The person does not have that role (any more).
    """
    query = select(GrantRow.school, GrantRow.group_name).where(GrantRow.person == person.id, GrantRow.role == role)
    grants = [(row.school, row.group_name) for row in session.execute(query)]
    if not grants:
        raise not_signed_in()
    return viewer_with(person.id, person.name, role, grants)


def viewer_with(person: str, name: str, role: Role, grants: list[tuple[str | None, str | None]]) -> Viewer:
    """Return a viewer whose scope is what the grants (school and group) give together.

    Where some of them name a group, only groups that are named count: a grant without one may not open them all.
    """
    everywhere = any(school is None for school, _ in grants)
    whole = all(group is None for _, group in grants)
    return Viewer(
        person=person,
        name=name,
        role=role,
        schools=None if everywhere else frozenset(school for school, _ in grants if school is not None),
        groups=None if whole else frozenset((school, group) for school, group in grants if school and group),
    )


def not_signed_in() -> SignInError:
    """Return what is said to who is not signed in, or no longer."""
    return SignInError("U bent niet (meer) aangemeld.", remedy="Meld u aan en probeer het opnieuw.")
