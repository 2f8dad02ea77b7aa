"""Who sees and writes which rows: the same truth table on SQLite and on PostgreSQL, whoever wrote the query."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from postgres_server import Postgres
from sqlalchemy import Engine, delete, exists, func, insert, literal, select, text, union_all, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, aliased
from sqlalchemy.orm.exc import StaleDataError

from service import db, lists, scope
from service.scope import OutOfScopeError
from service.tables import (
    AuditRow,
    Base,
    CaseRow,
    DeliveryRow,
    DutyRow,
    FollowUpRow,
    ListRow,
    PersonRow,
    PlaybookRow,
    RegionCellRow,
    RightsRow,
    SchoolPageRow,
    SchoolRow,
    SealedNameRow,
    SignalRow,
    now,
)
from service.viewer import Permission, Role, Viewer

OWN, OTHER = "11ZZ03", "33ZZ01"
MINE, THEIRS = "1a", "1b"
WEEK = date(2026, 11, 16)

PUPILS = {
    "mine": (OWN, MINE),
    "colleague": (OWN, THEIRS),
    "running": (OWN, THEIRS),
    "expired": (OWN, THEIRS),
    "closed": (OWN, THEIRS),
    "objected": (OWN, MINE),
    "stranger": (OTHER, MINE),
    "elsewhere": (OTHER, THEIRS),
}
"""Who there is: school and group. Three of the own school were brought before the alliance; of one that still runs. One
objected, and was brought before the alliance before that; another did once, and takes part again.
"""


def viewer(role: Role, *schools: str, group: str | None = None, only: Permission | None = None) -> Viewer:
    return Viewer(
        person="wie",
        name="Wie",
        role=role,
        schools=frozenset(schools) or None,
        groups=None if group is None else frozenset((school, group) for school in schools),
        narrowed=None if only is None else frozenset({only}),
    )


CARE, MENTOR = viewer(Role.CARE_COORDINATOR, OWN), viewer(Role.MENTOR, OWN, group=MINE)
OF_SCHOOL = {"mine", "colleague", "running", "expired", "closed"}
SHOWN = set(PUPILS) - {"objected"}

SEES: dict[str, tuple[Viewer, dict[type[Base], set[str]]]] = {
    "care coordinator": (
        CARE,
        {
            ListRow: {OWN},
            SchoolPageRow: {OWN},
            SignalRow: OF_SCHOOL,
            SealedNameRow: OF_SCHOOL | {"objected"},
            DutyRow: {"mine", "objected"},
            FollowUpRow: {"mine", "colleague"},
            PlaybookRow: {OWN},
            CaseRow: {"running", "expired", "closed", "objected"},
            RightsRow: {"objected", "colleague", "mine"},
            DeliveryRow: {OWN},
        },
    ),
    "mentor": (
        MENTOR,
        {
            ListRow: {OWN},
            SchoolPageRow: {OWN},
            SignalRow: {"mine"},
            SealedNameRow: {"mine", "objected"},
            DutyRow: {"mine", "objected"},
            FollowUpRow: {"mine"},
            PlaybookRow: {OWN},
            RightsRow: {"objected"},
        },
    ),
    "data team": (
        viewer(Role.DATA_TEAM),
        {
            ListRow: {OWN, OTHER},
            SchoolPageRow: {OWN, OTHER},
            SignalRow: SHOWN,
            DutyRow: {"mine", "objected", "stranger"},
            RightsRow: {"objected"},
            DeliveryRow: {OWN, OTHER},
        },
    ),
    "privacy officer": (viewer(Role.PRIVACY_OFFICER, OWN), {AuditRow: {OWN}}),
    "privacy officer of all": (viewer(Role.PRIVACY_OFFICER), {AuditRow: {OWN, OTHER, "nowhere"}}),
    "attendance officer": (
        viewer(Role.ATTENDANCE_OFFICER, OWN),
        {
            DutyRow: {"mine", "objected"},
            SealedNameRow: {"mine", "objected"},
            RegionCellRow: {f"{OWN}/leerlingen"},
        },
    ),
    "alliance": (
        viewer(Role.ALLIANCE, OWN),
        {
            RegionCellRow: {f"{OWN}/leerlingen", f"{OWN}/inBeeld"},
            CaseRow: {"running", "objected"},
            SignalRow: {"running"},
            SealedNameRow: {"running"},
            RightsRow: {"objected"},
        },
    ),
    "alliance of all": (
        viewer(Role.ALLIANCE),
        {
            RegionCellRow: {f"{one}/{measure}" for one in (OWN, OTHER) for measure in ("leerlingen", "inBeeld")},
            CaseRow: {"running", "elsewhere", "objected"},
            SignalRow: {"running", "elsewhere"},
            SealedNameRow: {"running", "elsewhere"},
            RightsRow: {"objected"},
        },
    ),
    "supplier": (viewer(Role.SUPPLIER, OWN), {DeliveryRow: {OWN}}),
    "administrator": (viewer(Role.ADMINISTRATOR, OWN), {DeliveryRow: {OWN}}),
    "token for cases alone": (
        viewer(Role.ALLIANCE, OWN, only=Permission.READ_CASES),
        {
            RegionCellRow: {f"{OWN}/leerlingen"},
            CaseRow: {"running", "objected"},
            SignalRow: {"running"},
            RightsRow: {"objected"},
        },
    ),
    "token for lists alone": (
        viewer(Role.CARE_COORDINATOR, OWN, only=Permission.READ_LISTS),
        {
            ListRow: {OWN},
            SchoolPageRow: {OWN},
            SignalRow: OF_SCHOOL,
            DutyRow: {"mine", "objected"},
            RightsRow: {"objected"},
        },
    ),
    "token for names alone": (viewer(Role.CARE_COORDINATOR, OWN, only=Permission.READ_NAMES), {}),
}
"""Per role all that it sees, by the ids of the rows; of a table that is not named: nothing."""

SCOPED = tuple(scope.conditions(CARE))
KEYS = {SealedNameRow: SealedNameRow.pupil}


def key(row: type[Base]):
    return KEYS.get(row, getattr(row, "id", None))


def follow_up(school: str, group: str, **values: object) -> FollowUpRow:
    whole = {"pupil": "p", "kind": "gesprek", "owner": "wie", "opened_by": "wie", "change": 1, "changed_at": now()}
    return FollowUpRow(school=school, group_name=group, **(whole | values))


def case(school: str, group: str, **values: object) -> CaseRow:
    whole = {"pupil": "p", "ground": "toestemmingOuders", "opened_by": "wie", "expires_on": scope.today()}
    return CaseRow(school=school, group_name=group, **(whole | values))


def steps(school: str, **values: object) -> PlaybookRow:
    whole = {"pattern": "ziek", "version": 1, "text": "Bel.", "written_by": "Wie"}
    return PlaybookRow(school=school, **(whole | values))


def request(school: str, group: str, **values: object) -> RightsRow:
    whole = {"pupil": "p", "kind": "bezwaar", "asked_by": "ouders", "asked_on": WEEK, "registered_by": "wie"}
    return RightsRow(school=school, group_name=group, **(whole | values))


def delivery(school: str, **values: object) -> DeliveryRow:
    whole = {
        column.name: "x" if column.type.python_type is str else 1
        for column in DeliveryRow.__table__.columns
        if not column.nullable and column.default is None
    }
    return DeliveryRow(**(whole | {"school": school} | values))


@pytest.fixture(scope="module")
def rows(engine: Engine) -> Engine:
    """The pupils, and around them a row of each kind, on either engine."""
    fill(engine)
    return engine


@pytest.fixture(scope="module")
def postgresql(postgres: Postgres) -> Iterator[Engine]:
    """The same on PostgreSQL alone, which has row-level security."""
    engine = lists.open_database(postgres.new_database())
    fill(engine)
    yield engine
    engine.dispose()


def fill(engine: Engine) -> None:
    with db.transaction(engine) as session:
        session.add_all(SchoolRow(id=one, name=one, sector="vo") for one in (OWN, OTHER))
        session.flush()
        for one in (OWN, OTHER):
            session.add(
                ListRow(
                    id=one,
                    school=one,
                    week=WEEK,
                    edition=1,
                    digest="",
                    provisional=False,
                    published_by="x",
                    document="",
                )
            )
            session.add(delivery(one, id=one))
            session.add(steps(one, id=one))
            session.add(SchoolPageRow(id=one, list_id=one, school=one, week=WEEK, edition=1, document=""))
            session.add_all(
                RegionCellRow(
                    id=f"{one}/{measure}",
                    list_id=one,
                    school=one,
                    week=WEEK,
                    edition=1,
                    year_group="",
                    measure=measure,
                    count=1,
                    members="",
                )
                for measure in ("leerlingen", "inBeeld")
            )
        session.flush()
        for pupil, (school, group) in PUPILS.items():
            of = {"id": pupil, "list_id": school, "school": school, "pupil": pupil, "group_name": group}
            session.add(SignalRow(**of, rank=1, on_list=True, document="", calendar=""))
            session.add(SealedNameRow(school=school, pupil=pupil, sealed=""))
            if pupil in {"mine", "objected", "stranger"}:
                session.add(DutyRow(**of, week=WEEK, edition=1, document=""))
            if pupil in {"mine", "colleague", "stranger"}:
                session.add(follow_up(school, group, id=pupil, pupil=pupil))
        session.add(SealedNameRow(school=OWN, pupil="gone", sealed=""))
        today = scope.today()
        session.add(case(OWN, THEIRS, id="running", pupil="running", expires_on=today))
        session.add(case(OWN, THEIRS, id="expired", pupil="expired", expires_on=today - timedelta(days=1)))
        session.add(case(OWN, THEIRS, id="closed", pupil="closed", closed_at=now()))
        session.add(case(OTHER, THEIRS, id="elsewhere", pupil="elsewhere"))
        session.add(case(OWN, MINE, id="objected", pupil="objected", expires_on=today))
        session.add(request(OWN, MINE, id="objected", pupil="objected"))
        session.add(request(OWN, THEIRS, id="colleague", pupil="colleague", ended_at=now()))
        session.add(request(OWN, MINE, id="mine", pupil="mine", kind="correctie"))
        session.add_all(
            AuditRow(id=place or "nowhere", actor="x", role="mentor", action="x", purpose="", school=place)
            for place in (OWN, OTHER, None)
        )
        session.add(PersonRow(id="iemand", name="Iemand"))


@contextmanager
def looking(engine: Engine, who: Viewer) -> Iterator[Session]:
    """A transaction as `who`, of which nothing stays."""
    with db.transaction(engine) as session:
        scope.enter(session, who)
        yield session
        session.rollback()


@pytest.mark.parametrize("who", SEES)
@pytest.mark.parametrize("row", SCOPED, ids=lambda row: row.__tablename__)
def test_a_role_sees_these_rows_and_no_others(rows: Engine, who: str, row: type[Base]):
    viewer, sees = SEES[who]
    with looking(rows, viewer) as session:
        assert set(session.scalars(select(key(row)))) == sees.get(row, set())


@pytest.mark.parametrize("who", SEES)
@pytest.mark.parametrize("row", SCOPED, ids=lambda row: row.__tablename__)
def test_the_database_itself_says_the_same_to_a_query_in_sql(postgresql: Engine, who: str, row: type[Base]):
    viewer, sees = SEES[who]
    with looking(postgresql, viewer) as session:
        found = session.connection().scalars(select(row.__table__.c[key(row).name]))
        assert set(found) == sees.get(row, set())


WITH_RIGHTS: dict[str, dict[type[Base], set[str]]] = {
    "care coordinator": {
        SignalRow: OF_SCHOOL | {"objected"},
        AuditRow: {"looked-mine", "looked-objected", "looked-colleague"},
    },
    "mentor": {SignalRow: {"mine"}, AuditRow: {"looked-mine"}},
    "data team": {SignalRow: SHOWN},
    "alliance": {SignalRow: {"running"}},
    "attendance officer": {},
    "token for lists alone": {SignalRow: OF_SCHOOL},
}
"""What is seen where it is about what parents ask: whoever deals with that, also what an objection hides."""


def look_at(session: Session) -> None:
    session.add_all(
        AuditRow(id=f"looked-{one}", actor="x", role="mentor", action="x", purpose="", school=school, subject=one)
        for one, school in (("mine", OWN), ("objected", OWN), ("colleague", OWN), ("stranger", OTHER), ("gone", OWN))
    )
    session.flush()


@pytest.mark.parametrize("who", WITH_RIGHTS)
@pytest.mark.parametrize("row", [SignalRow, AuditRow], ids=lambda row: row.__tablename__)
def test_who_answers_parents_sees_what_an_objection_hides_and_who_looked(rows: Engine, who: str, row: type[Base]):
    viewer, _ = SEES[who]
    with db.transaction(rows) as session:
        look_at(session)
        scope.enter(session, viewer, rights=True)
        assert set(session.scalars(select(key(row)))) == WITH_RIGHTS[who].get(row, set())
        scope.enter(session, viewer)
        assert set(session.scalars(select(key(row)))) == SEES[who][1].get(row, set())
        session.rollback()


@pytest.mark.parametrize("who", WITH_RIGHTS)
@pytest.mark.parametrize("row", [SignalRow, AuditRow], ids=lambda row: row.__tablename__)
def test_and_so_does_the_database_itself(postgresql: Engine, who: str, row: type[Base]):
    viewer, _ = SEES[who]
    with db.transaction(postgresql) as session:
        look_at(session)
        scope.enter(session, viewer, rights=True)
        found = session.connection().scalars(select(row.__table__.c["id"]))
        assert set(found) == WITH_RIGHTS[who].get(row, set())
        session.rollback()


def test_each_table_about_pupils_or_schools_is_scoped():
    """A table with a school in it is one that somebody may see a part of; people and their grants are nobody's to see."""
    about = {
        mapper.class_
        for mapper in Base.registry.mappers
        if "school" in mapper.columns and mapper.class_.__tablename__ != "grants"
    }
    assert about == set(SCOPED)


SIGNAL, SUB = aliased(SignalRow), select(SignalRow).subquery()
CTE = select(SignalRow.id, SignalRow.school).cte()
FORGOTTEN = {
    "whole rows": select(SignalRow).with_only_columns(SignalRow.id),
    "columns": select(SignalRow.id),
    "an alias": select(SIGNAL.id),
    "a subquery": select(SUB.c.id),
    "an alias of a subquery": select(aliased(SignalRow, SUB).id),
    "a common table expression": select(CTE.c.id),
    "a join": select(SignalRow.id).join(SchoolRow, SchoolRow.id == SignalRow.school),
    "an outer join": select(SignalRow.id).select_from(SchoolRow).outerjoin(SignalRow, SignalRow.school == SchoolRow.id),
    "a self join": select(SignalRow.id).join(SIGNAL, SIGNAL.list_id == SignalRow.list_id),
    "a union": select(SignalRow.id).union(select(SIGNAL.id)),
    "a union in a subquery": select(union_all(select(SignalRow.id), select(SIGNAL.id)).subquery()),
}


@pytest.mark.parametrize("query", FORGOTTEN.values(), ids=FORGOTTEN)
def test_a_query_that_somebody_forgot_to_filter_is_filtered(rows: Engine, query: object):
    with looking(rows, MENTOR) as session:
        assert set(session.scalars(query)) - {None} == {"mine"}


COUNTED = {
    "a count": select(func.count()).select_from(SignalRow),
    "a count of a column": select(func.count(SignalRow.id)),
    "a count in another query": select(select(func.count(SignalRow.id)).scalar_subquery()),
    "whether there is one": select(func.count()).select_from(SchoolRow).where(exists().where(SignalRow.id == "mine")),
}


@pytest.mark.parametrize("query", COUNTED.values(), ids=COUNTED)
def test_nor_does_counting_go_round_it(rows: Engine, query: object):
    with looking(rows, MENTOR) as session:
        assert session.scalar(query) == (2 if "schools" in str(query) else 1)
        strange = select(literal(1)).where(exists(select(SignalRow.id).where(SignalRow.id == "stranger")))
        assert session.scalar(strange) is None


PREPARED = scope.prepared(select(ListRow.id).where(ListRow.school == OWN))


def test_nor_does_what_is_added_to_a_statement_that_was_made_before(rows: Engine):
    pupils = select(SignalRow.pupil).where(SignalRow.list_id == ListRow.id, SignalRow.group_name == THEIRS)
    with looking(rows, viewer(Role.MENTOR, OWN, group=MINE)) as session:
        assert session.scalars(PREPARED).all() == [OWN]
        assert session.scalars(PREPARED.where(exists(pupils))).all() == []


def test_a_statement_made_before_carries_the_conditions_of_its_own_tables(rows: Engine):
    with looking(rows, viewer(Role.CARE_COORDINATOR, OTHER)) as session:
        assert session.scalars(PREPARED).all() == []


def test_nor_does_asking_for_a_row_by_its_id(rows: Engine):
    with looking(rows, MENTOR) as session:
        assert session.get(SignalRow, "mine").pupil == "mine"
        assert session.get(SignalRow, "stranger") is None
        assert session.query(SignalRow).count() == 1


BESIDE = {
    "the bare table": select(SignalRow.__table__),
    "SQL": text("SELECT id FROM signals"),
    "rows from SQL": select(SignalRow).from_statement(text("SELECT * FROM signals")),
    "an update": update(SignalRow).values(rank=2),
    "an update of what may be written": update(FollowUpRow).values(school=OTHER),
    "a delete": delete(FollowUpRow),
    "an insert": insert(FollowUpRow).values(school=OTHER),
}


@pytest.mark.parametrize("statement", BESIDE.values(), ids=BESIDE)
def test_what_would_not_carry_the_conditions_is_refused(rows: Engine, statement: object):
    with looking(rows, CARE) as session, pytest.raises(OutOfScopeError):
        session.execute(statement)


Write = Callable[[Session], object]


def moved(session: Session) -> None:
    session.get_one(FollowUpRow, "mine").school = OTHER


def gone(session: Session) -> None:
    session.delete(session.get_one(FollowUpRow, "mine"))


def rewritten(session: Session) -> None:
    session.get_one(SignalRow, "mine").pupil = "another"


def allowed_again(session: Session) -> None:
    session.get_one(RightsRow, "objected").ended_at = now()


def reworded(session: Session) -> None:
    session.get_one(PlaybookRow, OWN).text = "Anders."


def delivered_otherwise(session: Session) -> None:
    session.get_one(DeliveryRow, OWN).status = "x2"


REFUSED: dict[str, tuple[Viewer, Write]] = {
    "a follow-up at another school": (CARE, lambda session: session.add(follow_up(OTHER, MINE))),
    "a follow-up in another group": (MENTOR, lambda session: session.add(follow_up(OWN, THEIRS))),
    "a follow-up by who may not": (SEES["data team"][0], lambda session: session.add(follow_up(OWN, MINE))),
    "a follow-up that goes to another school": (CARE, moved),
    "a follow-up that is deleted": (CARE, gone),
    "a playbook by a mentor": (MENTOR, lambda session: session.add(steps(OWN, version=2))),
    "a playbook of another school": (CARE, lambda session: session.add(steps(OTHER, version=2))),
    "a playbook that is rewritten": (CARE, reworded),
    "a case at another school": (CARE, lambda session: session.add(case(OTHER, MINE))),
    "a case by the alliance": (SEES["alliance"][0], lambda session: session.add(case(OWN, MINE))),
    "an objection at another school": (CARE, lambda session: session.add(request(OTHER, MINE))),
    "an objection by a mentor": (MENTOR, lambda session: session.add(request(OWN, MINE))),
    "an objection that a mentor takes away": (MENTOR, allowed_again),
    "a delivery for another school": (SEES["supplier"][0], lambda session: session.add(delivery(OTHER))),
    "a delivery that is changed": (CARE, delivered_otherwise),
    "a published signal": (CARE, rewritten),
    "a person": (CARE, lambda session: session.add(PersonRow(name="nieuw"))),
}


@pytest.mark.parametrize(("who", "write"), REFUSED.values(), ids=REFUSED)
def test_a_write_out_of_scope_is_refused(rows: Engine, who: Viewer, write: Write):
    with looking(rows, who) as session:
        write(session)
        with pytest.raises(OutOfScopeError):
            session.flush()


@pytest.mark.parametrize(("who", "write"), REFUSED.values(), ids=REFUSED)
def test_and_by_the_database_itself(postgresql: Engine, who: Viewer, write: Write):
    with looking(postgresql, who) as session:
        del session.info["viewer"]  # as if `service.scope` had let it through
        write(session)
        with pytest.raises(
            (DBAPIError, StaleDataError)
        ):  # a row that may be read but not changed is not there to change
            session.flush()


@pytest.mark.parametrize(
    ("who", "write"),
    [
        (CARE, lambda session: session.add(follow_up(OWN, THEIRS))),
        (MENTOR, lambda session: session.add(follow_up(OWN, MINE))),
        (CARE, lambda session: session.add(case(OWN, THEIRS))),
        (CARE, lambda session: session.add(steps(OWN, version=2))),
        (CARE, lambda session: session.add(request(OWN, THEIRS))),
        (CARE, allowed_again),
        (SEES["supplier"][0], lambda session: session.add(delivery(OWN))),
        (CARE, lambda session: setattr(session.get_one(FollowUpRow, "mine"), "owner", "een ander")),
        (CARE, lambda session: setattr(session.get_one(CaseRow, "running"), "closed_at", now())),
        (MENTOR, db.next_change),
    ],
)
def test_a_write_within_scope_is_not(rows: Engine, who: Viewer, write: Write):
    with looking(rows, who) as session:
        write(session)
        session.flush()


SECRET = ("people", "grants", "sessions", "clients", "identities", "once")


@pytest.mark.parametrize("table", SECRET)
def test_no_viewer_reads_who_there_are_and_how_they_sign_in(postgresql: Engine, table: str):
    with looking(postgresql, CARE) as session, pytest.raises(DBAPIError, match="permission denied"):
        session.connection().execute(select(Base.metadata.tables[table]))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE signals SET rank = 2",
        "UPDATE audit_events SET actor = 'een ander'",
        "DELETE FROM audit_events",
        "DELETE FROM follow_ups",
        "UPDATE weekly_lists SET document = ''",
        "INSERT INTO sealed_names VALUES ('11ZZ03', 'x', 'x')",
    ],
)
def test_no_viewer_rewrites_what_was_published_or_logged(postgresql: Engine, statement: str):
    with looking(postgresql, CARE) as session, pytest.raises(DBAPIError, match="permission denied"):
        session.connection().execute(text(statement))


@pytest.mark.parametrize("row", SCOPED, ids=lambda row: row.__tablename__)
def test_the_role_without_a_viewer_sees_nothing(postgresql: Engine, row: type[Base]):
    """A connection that served a viewer before has the settings still, but empty; so both are tried."""
    for _ in range(2):
        with db.transaction(postgresql) as session:
            session.execute(text(f"SET LOCAL ROLE {db.VIEWER}"))
            assert session.execute(select(row.__table__)).all() == []
        with looking(postgresql, CARE):
            pass


def test_what_a_viewer_was_ends_with_the_transaction(rows: Engine):
    with looking(rows, MENTOR) as session:
        assert session.scalar(select(func.count(SignalRow.id))) == 1
    with db.transaction(rows) as session:
        assert session.scalar(select(func.count(SignalRow.id))) == len(PUPILS)
