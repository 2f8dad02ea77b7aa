"""The demo cast: people to sign in as, derived from the lists that were published. Does not exist in production."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from data_contracts.errors import NotFoundError
from service.tables import GrantRow, ListRow, PersonRow, SchoolRow, SignalRow
from service.viewer import PRIMARY_SECTORS, Role

CAST_OF = {"zorg": ("Sanne", "Karim", "Marijke", "Joris"), "mentor": ("Bilal", "Femke", "Ruben", "Aylin")}
"""First names by turn; invented, as all of the demo."""

NEWCOMER = "99PB00"
"""A school of the demo that has delivered nothing yet; `aanwezig simulate --newcomer` writes what it could hand in."""


@dataclass(frozen=True)
class Member:
    """One of the cast.

    Parameters
    ----------
    key
        Says who it is, in the sign-in form.
    name, task
        Name and task on the sign-in page.
    role, school, group
        What is granted.
    """

    key: str
    name: str
    task: str
    role: Role
    school: str | None = None
    group: str | None = None


@dataclass(frozen=True)
class Table:
    """The cast of one school of which there is a list, or of the whole region."""

    title: str
    members: tuple[Member, ...]
    of_list: bool = False


def cast(session: Session) -> tuple[Table, ...]:
    """Return the cast for the schools that have published a list."""
    schools = session.scalars(select(SchoolRow).order_by(SchoolRow.name, SchoolRow.id)).all()
    tables = [Table(one.name, _school_cast(session, one, turn), of_list=True) for turn, one in enumerate(schools)]
    region = (
        Member("datateam", "Wouter", "datateam, zonder namen", Role.DATA_TEAM),
        Member("fg", "Ingrid", "functionaris gegevensbescherming", Role.PRIVACY_OFFICER),
        Member("swv", "Meral", "samenwerkingsverband, aantallen en ingebrachte leerlingen", Role.ALLIANCE),
        Member("leerplicht", "Dirk", "leerplichtambtenaar, alleen ongeoorloofd verzuim", Role.ATTENDANCE_OFFICER),
        Member("beheerder", "Anouk", "beheerder, ziet geen leerlingen", Role.ADMINISTRATOR),
        Member("leverancier", "LAS-koppeling", "leverancier, levert gegevens aan", Role.SUPPLIER),
    )
    return (*tables, *_newcomer(schools), Table("Voor alle scholen", region))


def _newcomer(schools: Sequence[SchoolRow]) -> tuple[Table, ...]:
    """The people of the school that begins, as long as it stands in no list of the region."""
    manager = Member("beheer-nieuw", "Nadia", "beheerder, richt de school in", Role.ADMINISTRATOR, NEWCOMER)
    if any(school.id == NEWCOMER for school in schools):
        return (Table("Net begonnen", (manager,)),)
    care = Member(f"zorg-{NEWCOMER}", "Hanneke", "intern begeleider", Role.CARE_COORDINATOR, NEWCOMER)
    return (Table("Een school die nog moet beginnen", (manager, care)),)


def _school_cast(session: Session, school: SchoolRow, turn: int) -> tuple[Member, ...]:
    task = "intern begeleider" if school.sector in PRIMARY_SECTORS else "zorgcoördinator"
    care, mentor = (names[turn % len(names)] for names in CAST_OF.values())
    members = [Member(f"zorg-{school.id}", care, task, Role.CARE_COORDINATOR, school.id)]
    group = _group(session, school.id)
    if group is not None:
        task = f"{'leerkracht' if school.sector in PRIMARY_SECTORS else 'mentor'} van {group}"
        members.append(Member(f"mentor-{school.id}", mentor, task, Role.MENTOR, school.id, group))
    return tuple(members)


def _group(session: Session, school: str) -> str | None:
    """Return the group with the most pupils on the newest list, so that the mentor has something to look at."""
    newest = (
        select(ListRow.id)
        .where(ListRow.school == school)
        .order_by(ListRow.week.desc(), ListRow.edition.desc())
        .limit(1)
    )
    counts: dict[str, int] = {}
    query = select(SignalRow.group_name, SignalRow.document).where(SignalRow.list_id == newest.scalar_subquery())
    for group, document in session.execute(query):
        counts[group] = counts.get(group, 0) + bool(json.loads(document)["on_list"])
    return min(counts, key=lambda group: (-counts[group], group)) if counts else None


def person(session: Session, key: str) -> tuple[PersonRow, Role]:
    """Return the cast member with `key` as a person with a grant, made at the first sign-in, as the mentors beside it are.

    Raises
    ------
    NotFoundError
        There is no such member.
    """
    table = next((one for one in cast(session) if key in {member.key for member in one.members}), None)
    if table is None:
        detail = "Deze demo-gebruiker bestaat niet."
        raise NotFoundError(detail, remedy="Kies iemand van de lijst op de aanmeldpagina.")
    made = {one.key: _granted(session, one) for one in table.members if one.group is not None or one.key == key}
    return made[key], next(one.role for one in table.members if one.key == key)


def _granted(session: Session, member: Member) -> PersonRow:
    row = session.scalar(select(PersonRow).where(PersonRow.demo_key == member.key))
    if row is None:
        row = PersonRow(name=f"{member.name}, {member.task}", demo_key=member.key)
        session.add(row)
        session.flush()
    for grant in session.scalars(select(GrantRow).where(GrantRow.person == row.id)).all():
        session.delete(grant)  # the mentor's group follows the newest list
    session.add(GrantRow(person=row.id, role=member.role, school=member.school, group_name=member.group))
    session.flush()
    return row
