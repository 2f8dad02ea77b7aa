"""Arranging who sees what, tried as somebody would who wants to see more than they may."""

from collections.abc import Callable, Iterator
from threading import Thread

import pytest
from sample_lists import SCHOOL, STRANGER, weekly_list
from sqlalchemy import Engine, delete, select

from data_contracts.errors import NotAllowedError, NotFoundError, SignInError, UsageError
from service import auth, db, lists, scope
from service.audit import Action
from service.tables import AuditRow, ClientRow, GrantRow, PersonRow, SessionRow
from service.viewer import Role, Viewer
from service.who import managed, managing, overseeing, viewers
from service.who.access import Access

ELSEWHERE = "22ZZ00"


@pytest.fixture
def database(request: pytest.FixtureRequest, new_url: str) -> Iterator[Engine]:
    """Two schools, each with an administrator, one of every school, and an officer who oversees the first."""
    if new_url.startswith("postgresql"):
        new_url = request.getfixturevalue("postgres").current_database()
    else:
        new_url = f"sqlite:///{request.getfixturevalue('tmp_path') / 'service.db'}"
    engine = lists.open_database(new_url)
    for school in (SCHOOL, STRANGER):
        lists.publish(engine, weekly_list(school=school, name=school), names=[], by="test")
    with db.transaction(engine) as session:
        for name, role, school in (
            ("hier", Role.ADMINISTRATOR, SCHOOL),
            ("daar", Role.ADMINISTRATOR, STRANGER),
            ("overal", Role.ADMINISTRATOR, None),
            ("fg", Role.PRIVACY_OFFICER, SCHOOL),
            ("zorg", Role.CARE_COORDINATOR, SCHOOL),
            ("allebei", Role.CARE_COORDINATOR, SCHOOL),
            ("allebei", Role.DATA_TEAM, None),
        ):
            session.merge(PersonRow(id=name, name=name.title(), email=f"{name}@school.example"))
            session.flush()
            session.add(GrantRow(id=f"{name}-{role}", person=name, role=role, school=school))
    yield engine
    engine.dispose()


def somebody(engine: Engine, name: str, role: Role = Role.ADMINISTRATOR) -> Viewer:
    with db.transaction(engine, writes=False) as session:
        return viewers.viewer_for(session, session.get_one(PersonRow, name), role)


def access(role: Role, *schools: str, groups: tuple[str, ...] = ()) -> Access:
    return Access(role=role, schools=schools, groups=groups)


def granted(engine: Engine, name: str) -> set[tuple[str, str | None]]:
    with db.transaction(engine, writes=False) as session:
        return {(row.role, row.school) for row in session.scalars(select(GrantRow).where(GrantRow.person == name))}


def told(engine: Engine, action: Action) -> list[AuditRow]:
    with db.transaction(engine, writes=False) as session:
        return list(session.scalars(select(AuditRow).where(AuditRow.action == action)))


def test_an_administrator_lets_a_mentor_in_who_then_sees_that_group_only(database: Engine):
    by = somebody(database, "hier")
    mentor = access(Role.MENTOR, SCHOOL, groups=("2hv1",))
    added = managing.add_person(by, database, name="Karin", email=" Karin@School.example ", access=mentor)
    viewer = somebody(database, added, Role.MENTOR)
    assert (viewer.schools, viewer.groups) == ({SCHOOL}, {(SCHOOL, "2hv1")})
    (line,) = told(database, Action.ACCESS_GIVEN)
    assert (line.actor, line.role, line.school, line.object) == ("hier", "administrator", SCHOOL, added)
    assert line.detail == "mentor van 2hv1"


Attempt = Callable[[Viewer, Engine], object]

REACHING_FURTHER: dict[str, Attempt] = {
    "a role at another school": lambda by, to: managing.give(by, to, "zorg", access(Role.CARE_COORDINATOR, STRANGER)),
    "a role at the own and another": lambda by, to: managing.give(
        by, to, "zorg", access(Role.CARE_COORDINATOR, SCHOOL, STRANGER)
    ),
    "a role at every school": lambda by, to: managing.give(by, to, "zorg", access(Role.CARE_COORDINATOR)),
    "arranging every school, oneself": lambda by, to: managing.give(by, to, "hier", access(Role.ADMINISTRATOR)),
    "the data team": lambda by, to: managing.give(by, to, "zorg", access(Role.DATA_TEAM, SCHOOL)),
    "the alliance": lambda by, to: managing.give(by, to, "zorg", access(Role.ALLIANCE, SCHOOL)),
    "the privacy officer": lambda by, to: managing.give(by, to, "hier", access(Role.PRIVACY_OFFICER, SCHOOL)),
    "getting rid of the privacy officer": lambda by, to: managing.take(by, to, "fg", "fg-privacy_officer"),
    "ending the privacy officer": lambda by, to: managing.end(by, to, "fg"),
    "ending somebody elsewhere": lambda by, to: managing.end(by, to, "daar"),
    "ending who arranges every school": lambda by, to: managing.end(by, to, "overal"),
    "signing somebody elsewhere out": lambda by, to: managing.end_sessions(by, to, "daar"),
    "taking a role elsewhere by its id": lambda by, to: managing.take(by, to, "allebei", "allebei-data_team"),
    "taking a role of one through another": lambda by, to: managing.take(by, to, "zorg", "allebei-care_coordinator"),
    "a school that is none": lambda by, to: managing.give(by, to, "zorg", access(Role.CARE_COORDINATOR, "")),
    "a mentor of the whole school": lambda by, to: managing.give(by, to, "zorg", access(Role.MENTOR, SCHOOL)),
    "a care coordinator with a group": lambda by, to: managing.give(
        by, to, "zorg", access(Role.CARE_COORDINATOR, SCHOOL, groups=("2hv1",))
    ),
    "a program that arranges": lambda by, to: managing.add_program(
        by, to, name="LAS", access=access(Role.ADMINISTRATOR, SCHOOL)
    ),
    "a program for every school": lambda by, to: managing.add_program(by, to, name="LAS", access=access(Role.SUPPLIER)),
    "seeing somebody elsewhere": lambda by, to: managed.person(by, to, "daar"),
    "the groups of another school": lambda by, to: managed.groups(by, to, STRANGER),
}


@pytest.mark.parametrize("attempt", REACHING_FURTHER.values(), ids=REACHING_FURTHER)
def test_an_administrator_of_a_school_does_not_reach_further(database: Engine, attempt: Attempt):
    before = {name: granted(database, name) for name in ("hier", "daar", "overal", "fg", "zorg", "allebei")}
    with pytest.raises((NotAllowedError, NotFoundError, UsageError)):
        attempt(somebody(database, "hier"), database)
    assert {name: granted(database, name) for name in before} == before
    assert [told(database, action) for action in (Action.ACCESS_GIVEN, Action.ACCESS_ENDED)] == [[], []]


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMINISTRATOR}))
def test_who_is_no_administrator_arranges_nothing(database: Engine, role: Role):
    with db.transaction(database) as session:
        session.add(
            GrantRow(person="zorg", role=role, school=SCHOOL, group_name="2hv1" if role is Role.MENTOR else None)
        )
    by = somebody(database, "zorg", role)
    for attempt in (
        lambda: managing.give(by, database, "zorg", access(Role.ADMINISTRATOR, SCHOOL)),
        lambda: managed.people(by, database),
        lambda: managing.end(by, database, "hier"),
    ):
        with pytest.raises(NotAllowedError):
            attempt()


def test_giving_oneself_a_role_at_the_own_school_cannot_be_prevented_and_is_told_apart(database: Engine):
    managing.give(somebody(database, "hier"), database, "hier", access(Role.CARE_COORDINATOR, SCHOOL))
    (line,) = told(database, Action.OWN_ACCESS_GIVEN)
    assert (line.actor, line.object, line.school, line.detail) == ("hier", "hier", SCHOOL, "zorgcoördinator")
    assert told(database, Action.ACCESS_GIVEN) == []


def test_whoever_was_ended_meanwhile_arranges_nothing_any_more(database: Engine):
    by = somebody(database, "hier")
    managing.end(somebody(database, "overal"), database, "hier")
    with pytest.raises(SignInError):
        managing.give(by, database, "zorg", access(Role.ADMINISTRATOR, SCHOOL))


def test_whose_schools_became_fewer_meanwhile_is_held_to_those(database: Engine):
    by = somebody(database, "overal")
    with db.transaction(database) as session:
        session.get_one(GrantRow, "overal-administrator").school = STRANGER
    with pytest.raises(NotFoundError):
        managing.give(by, database, "zorg", access(Role.CARE_COORDINATOR, SCHOOL))


def test_whoever_arranges_every_school_gives_no_role_at_a_school_that_cannot_be(database: Engine):
    for school in ("", "school", "11ZZ03\n"):
        with pytest.raises(NotFoundError):
            managing.give(somebody(database, "overal"), database, "zorg", access(Role.CARE_COORDINATOR, school))


def test_the_last_administrator_does_not_end_themselves(database: Engine):
    by = somebody(database, "overal")
    for attempt in (
        lambda: managing.take(by, database, "overal", "overal-administrator"),
        lambda: managing.end(by, database, "overal"),
    ):
        with pytest.raises(NotAllowedError, match="laatste beheerder"):
            attempt()
    managing.add_person(by, database, name="Tweede", email="t@school.example", access=access(Role.ADMINISTRATOR))
    managing.end(by, database, "overal")
    assert granted(database, "overal") == set()


def test_an_administrator_of_a_school_may_go_while_somebody_else_arranges_it(database: Engine):
    managing.end(somebody(database, "hier"), database, "hier")
    assert granted(database, "hier") == set()


def test_ending_at_one_school_leaves_what_somebody_does_elsewhere(database: Engine):
    managing.end(somebody(database, "hier"), database, "allebei")
    assert granted(database, "allebei") == {("data_team", None)}
    with db.transaction(database, writes=False) as session:
        assert session.get_one(PersonRow, "allebei").ended_at is None


def test_who_keeps_no_role_is_out_at_once_and_the_address_is_free(database: Engine):
    with db.transaction(database) as session:
        person = session.get_one(PersonRow, "zorg")
        token = auth.sign_in(session, person, Role.CARE_COORDINATOR, hours=1)
    managing.end(somebody(database, "hier"), database, "zorg")
    with db.transaction(database) as session:
        with pytest.raises(SignInError):
            auth.viewer_of(session, token)
        assert session.get_one(PersonRow, "zorg").email is None


def test_signing_out_ends_every_session_and_is_told(database: Engine):
    with db.transaction(database) as session:
        auth.sign_in(session, session.get_one(PersonRow, "zorg"), Role.CARE_COORDINATOR, hours=1)
    managing.end_sessions(somebody(database, "hier"), database, "zorg")
    with db.transaction(database, writes=False) as session:
        assert session.scalar(select(SessionRow.ended_at).where(SessionRow.person == "zorg")) is not None
    assert [one.object for one in told(database, Action.SESSIONS_ENDED)] == ["zorg"]


def test_who_is_known_elsewhere_gets_the_role_here_and_keeps_the_name(database: Engine):
    by = somebody(database, "hier")
    care = access(Role.CARE_COORDINATOR, SCHOOL)
    assert managing.add_person(by, database, name="Anders", email="daar@school.example", access=care) == "daar"
    assert granted(database, "daar") == {("administrator", STRANGER), ("care_coordinator", SCHOOL)}
    shown = managed.person(by, database, "daar")
    assert [(one.role, one.school) for one in shown.holdings] == [(Role.CARE_COORDINATOR, SCHOOL)]
    assert shown.name == "Daar"


def test_an_administrator_sees_the_people_of_the_own_school_only(database: Engine):
    assert {one.id for one in managed.people(somebody(database, "hier"), database)} == {"hier", "fg", "zorg", "allebei"}
    everybody = {one.id for one in managed.people(somebody(database, "overal"), database)}
    assert everybody == {"hier", "daar", "overal", "fg", "zorg", "allebei"}


def test_the_groups_of_a_school_are_those_of_its_newest_list(database: Engine):
    assert "2hv1" in managed.groups(somebody(database, "hier"), database, SCHOOL)


def test_a_program_gets_a_secret_of_which_a_digest_stays(database: Engine):
    by = somebody(database, "hier")
    client, secret = managing.add_program(by, database, name="LAS", access=access(Role.SUPPLIER, SCHOOL))
    with db.transaction(database, writes=False) as session:
        row = session.get_one(ClientRow, client)
        assert secret is not None
        assert secret not in str(vars(row))
    assert [one.id for one in managed.programs(by, database)] == [client]
    managing.end_program(by, database, client)
    assert managed.programs(by, database) == ()
    with db.transaction(database, writes=False) as session:
        assert session.get_one(ClientRow, client).ended_at is not None


def test_a_program_is_nobody_to_give_a_role_to(database: Engine):
    by = somebody(database, "hier")
    client, _ = managing.add_program(by, database, name="LAS", access=access(Role.SUPPLIER, SCHOOL))
    with db.transaction(database, writes=False) as session:
        person = session.get_one(ClientRow, client).person
    with pytest.raises(NotFoundError):
        managing.give(by, database, person, access(Role.CARE_COORDINATOR, SCHOOL))


def test_a_key_that_is_none_lets_no_program_in(database: Engine):
    by = somebody(database, "hier")
    with pytest.raises(UsageError, match="geen bruikbare sleutel"):
        managing.add_program(by, database, name="LAS", access=access(Role.SUPPLIER, SCHOOL), public_key="geheim")


def test_an_officer_of_a_school_sees_who_sees_it_every_school_included(database: Engine):
    officer = somebody(database, "fg", Role.PRIVACY_OFFICER)
    found = {(one.person, one.school) for one in overseeing.sights(officer, database)}
    assert found == {
        ("hier", SCHOOL),
        ("fg", SCHOOL),
        ("zorg", SCHOOL),
        ("allebei", SCHOOL),
        ("allebei", None),
        ("overal", None),
    }


@pytest.mark.parametrize("ask", [overseeing.sights, lambda viewer, engine: overseeing.names(viewer, engine, ["zorg"])])
def test_nobody_else_is_told_who_has_access(database: Engine, ask: Attempt):
    for name, role in (("hier", Role.ADMINISTRATOR), ("zorg", Role.CARE_COORDINATOR)):
        with pytest.raises(NotAllowedError):
            ask(somebody(database, name, role), database)


def test_no_page_can_touch_these_rows_in_its_own_transaction(database: Engine):
    by = somebody(database, "hier")
    with db.transaction(database) as session:
        scope.enter(session, by)
        session.add(GrantRow(person="hier", role=Role.ADMINISTRATOR))
        with pytest.raises(scope.OutOfScopeError):
            session.flush()
        session.expunge_all()


def test_of_two_administrators_who_end_each_other_at_once_one_stays(database: Engine):
    with db.transaction(database) as session:
        session.execute(delete(GrantRow).where(GrantRow.person == "overal"))
        session.add(GrantRow(person="allebei", role=Role.ADMINISTRATOR, school=SCHOOL))
    first, second = somebody(database, "hier"), somebody(database, "allebei")
    refused: list[Exception] = []

    def end_the_first() -> None:
        try:
            managing.take(second, database, "hier", "hier-administrator")
        except (NotAllowedError, SignInError) as error:
            refused.append(error)

    other = Thread(target=end_the_first)
    with managed.opened(first, database) as (_, session):
        other.start()
        other.join(timeout=0.5)
        session.execute(delete(GrantRow).where(GrantRow.person == "allebei", GrantRow.role == Role.ADMINISTRATOR))
    other.join(timeout=60)
    assert len(refused) == 1
    assert granted(database, "hier") == {("administrator", SCHOOL)}
