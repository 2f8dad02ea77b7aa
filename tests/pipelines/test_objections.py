"""Who objected is scored, listed and learned from no longer: in the weekly run, in training, in features; and comes back."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from small_world import HALFWAY, OUTCOME, PLAN, SCHOOLS
from small_world import pupil as small_pupil
from sqlalchemy import Engine, select
from typer.testing import CliRunner, Result

from data_contracts.errors import AanwezigError, NotFoundError, UsageError
from data_contracts.identifiers import Sector
from data_contracts.weekly_list import DutyAlone, Standing, WeeklyList
from pipelines import by_number
from pipelines.cli import app
from pipelines.counting import count
from pipelines.home import Home
from pipelines.ingest import ingest
from pipelines.kept import features_of_week, known_by
from pipelines.keys import Keys
from pipelines.lake import Lake
from pipelines.listing import weekly_list
from pipelines.objections import AskedBy, Objector, objected, register, withdraw, without
from pipelines.panels import features_at, survey
from pipelines.publishing import Status, open_database
from pipelines.retention import pseudonym_of
from pipelines.simulate import simulate
from pipelines.weekly import gathered, weekly
from service import db
from service.rights.kinds import RunningObjectionError
from service.tables import AuditRow, DutyRow, RegionCellRow, RightsRow, SealedNameRow, SignalRow

NOW = datetime(2026, 11, 18, 9, tzinfo=UTC)
MONDAY, BEFORE = date(2026, 11, 16), date(2026, 11, 9)
ASKED = {"by": "test", "asked_by": AskedBy.PARENTS, "asked_on": MONDAY}

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """One school, simulated and delivered, with last week's list."""
    root = tmp_path_factory.mktemp("objections")
    simulate(root / "region", pupils_vo=260, pupils_po=0, schools_vo=1, schools_po=0, seed=7)
    home = Home.at(root / "var")
    ingest(home, root / "region" / "exports")
    weekly(home, week=BEFORE, now=NOW)
    return home


@pytest.fixture
def home(world: Home, tmp_path: Path) -> Home:
    """The same in a place of its own, with everything that was delivered."""
    shutil.copytree(world.root, tmp_path / "var")
    shutil.copytree(world.root.parent / "region" / "truth", tmp_path / "region" / "truth")
    return Home.at(tmp_path / "var")


@pytest.fixture
def database(home: Home):
    engine = open_database(home.database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def run(home: Home, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command in that home; what a user did wrong comes out as the error itself."""
    monkeypatch.setenv("AANWEZIG_HOME", str(home.root))

    def command(*words: str, typed: str | None = None) -> Result:
        result = CliRunner().invoke(app, words, input=typed)
        if isinstance(result.exception, AanwezigError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result

    return command


def this_week(home: Home) -> WeeklyList:
    (listed,) = weekly(home, week=MONDAY, now=NOW)
    return listed.weekly_list


def first_on(made: WeeklyList) -> Objector:
    one = next(signal for signal in made.signals if signal.on_list)
    return Objector(made.school, one.pupil, one.group)


def test_the_weekly_run_leaves_out_who_objected_until_it_is_withdrawn(home: Home, database: Engine):
    before = this_week(home)
    who = first_on(before)
    register(database, who, **ASKED)
    (listed,) = weekly(home, week=MONDAY, now=NOW)
    assert listed.published.status is Status.NEW_EDITION
    without_them = listed.weekly_list
    assert who.pupil not in {one.pupil for one in (*without_them.signals, *without_them.gone)}
    assert without_them.pupils_considered == before.pupils_considered - 1
    assert sum(one.on_list for one in without_them.signals) == before.capacity
    withdraw(database, who, **ASKED)
    assert this_week(home) == before


def test_nothing_is_counted_of_them_but_what_the_law_demands(home: Home, database: Engine):
    who = first_on(this_week(home))
    counting = count(
        home,
        [who.school],
        week=MONDAY,
        as_of=NOW,
        scorecard=None,
        objected=frozenset({(who.school, who.pupil)}),
    )
    assert who.pupil not in {row["pupil"] for row in counting.rows[who.school]}
    (alone,) = counting.alone[who.school]
    assert (alone.pupil, alone.group) == (who.pupil, who.group)
    assert all(hit.statutory for hit in alone.rule_hits)
    counted = gathered(counting, Lake(home), who.school, week=MONDAY, database=database, no_model="x")
    assert (who.pupil in {one.pupil for one in weekly_list(counted).duties_alone}) == bool(alone.rule_hits)


def test_a_legal_duty_about_them_goes_to_the_officer_and_into_no_count(home: Home, database: Engine):
    lists = [listed.weekly_list for listed in weekly(home, week=MONDAY, now=NOW)]
    due = [(made, one) for made in lists for one in made.signals if any(hit.statutory for hit in one.rule_hits)]
    assert due, "the simulated school has nobody with a duty: choose another seed"
    made, signal = due[0]
    register(database, Objector(made.school, signal.pupil, signal.group), **ASKED)
    with db.transaction(database) as session:
        counted = len(session.scalars(select(DutyRow).where(DutyRow.week == MONDAY)).all())
    again = this_week(home)
    (alone,) = again.duties_alone
    assert alone == DutyAlone(
        pupil=signal.pupil,
        group=signal.group,
        year_group=signal.year_group,
        rule_hits=tuple(hit for hit in signal.rule_hits if hit.statutory),
        calendar=signal.calendar,
    )
    with db.transaction(database) as session:
        duties = session.scalars(select(DutyRow).where(DutyRow.week == MONDAY, DutyRow.edition == 2)).all()
        assert len(duties) == counted
        assert signal.pupil in {row.pupil for row in duties}
        newest = select(SignalRow.pupil).where(SignalRow.list_id == duties[0].list_id)
        assert signal.pupil not in set(session.scalars(newest))
        cells = select(RegionCellRow.measure, RegionCellRow.count).where(RegionCellRow.list_id == duties[0].list_id)
        in_view = [number for measure, number in session.execute(cells) if measure == "inBeeld"]
        told = [one for one in again.signals if one.rule_hits or one.standing is Standing.ALREADY_ABSENT]
        assert sum(in_view) == len(told), "this list stands on rules"


def test_where_the_law_may_not_apply_an_objection_takes_the_duty_too(home: Home, monkeypatch: pytest.MonkeyPatch):
    made = this_week(home)
    signal = next(one for one in made.signals if any(hit.statutory for hit in one.rule_hits))
    asked = {"week": MONDAY, "as_of": NOW, "scorecard": None, "objected": frozenset({(made.school, signal.pupil)})}
    (alone,) = count(home, [made.school], **asked).alone[made.school]
    assert alone.rule_hits
    settings = Lake(home).settings(made.school).model_copy(update={"sector": Sector.MBO})
    monkeypatch.setattr(Lake, "settings", lambda *_: settings)
    counting = count(home, [made.school], **asked)
    assert any(hit.statutory for hit in counting.hits[made.school, signal.pupil])
    assert [one.rule_hits for one in counting.alone[made.school]] == [()]


def test_who_was_on_the_list_of_last_week_is_not_named_as_having_left(home: Home, database: Engine, world: Home):
    last_week = next(listed.weekly_list for listed in weekly(world, week=BEFORE, now=NOW))
    who = first_on(last_week)
    register(database, who, **ASKED)
    assert who.pupil not in {one.pupil for one in this_week(home).gone}


def test_the_features_of_the_week_are_without_them(home: Home, database: Engine, tmp_path: Path):
    who = first_on(this_week(home))
    out = tmp_path / "features.parquet"
    before = features_of_week(home, week=MONDAY, as_of=known_by(MONDAY, now=NOW))
    register(database, who, **ASKED)
    after = features_of_week(home, week=MONDAY, as_of=known_by(MONDAY, now=NOW), out=out)
    assert after.pupils == before.pupils - 1
    assert who.pupil not in set(pl.read_parquet(out)["pupil"])


def test_nothing_is_learned_from_them_at_any_date(small_home: Home, tmp_path: Path):
    fresh = Home.at(small_home.root, database_url=f"sqlite:///{tmp_path / 'service.db'}")
    whole = survey(fresh, OUTCOME, until=HALFWAY, plan=PLAN)
    pupil = small_pupil(SCHOOLS[0], 0)
    engine = open_database(fresh.database_url)
    register(engine, Objector(SCHOOLS[0], pupil, "1a"), **ASKED)
    engine.dispose()
    less = survey(fresh, OUTCOME, until=HALFWAY, plan=PLAN)
    assert less.objected == {(SCHOOLS[0], pupil)}
    panels = [features_at(replace(one, origins=one.origins[-1:]), plan=PLAN) for one in (whole, less)]
    theirs = (pl.col("school") == SCHOOLS[0]) & (pl.col("pupil") == pupil)
    assert panels[0].filter(theirs).height == 1
    assert panels[1].equals(panels[0].filter(~theirs))


def test_the_batch_finds_out_whose_number_it_is_and_says_of_a_number_of_nobody_that_it_is(
    run: Run, home: Home, database: Engine
):
    school, number, pupil = somebody(home)
    numbers = {"known": number, "nobody's": "999999999", "another school's": number}
    with db.transaction(database) as session:
        for id_, one in numbers.items():
            place = "99ZZ99" if "school" in id_ else school
            sealed = Keys.of(home).seal(one)
            session.add(asked_by_number(id_, place, sealed))
        session.add(asked_by_number("broken", school, "geen zegel"))
    run("inbox")
    with db.transaction(database) as session:
        found = {row.id: (row.pupil, row.answer, row.note_sealed) for row in session.scalars(select(RightsRow))}
        assert session.get(SealedNameRow, (school, pupil)) is not None
    assert found == {
        "known": (pupil, None, None),
        "nobody's": ("", "onbekend", None),
        "another school's": ("", "onbekend", None),
        "broken": ("", None, "geen zegel"),  # a key may come back; it holds up nobody
    }
    assert objected(home) == {(school, pupil)}


def asked_by_number(id_: str, school: str, sealed: str) -> RightsRow:
    whose = {"school": school, "pupil": "", "group_name": ""}
    asked = {"asked_by": "ouders", "asked_on": MONDAY, "registered_by": "wie"}
    return RightsRow(id=id_, kind="bezwaarOpNummer", note_sealed=sealed, **whose, **asked)


class TestTheCommands:
    def test_an_objection_of_who_never_stood_on_a_list_takes_the_number_as_it_is_typed(
        self, run: Run, home: Home, database: Engine
    ):
        school, number, pupil = somebody(home)
        said = run("bezwaar", "--school", school, "--by", "ouders", "--on", "2026-11-16", typed=f"{number}\n")
        assert "doet niet meer mee" in said.output
        assert objected(home) == {(school, pupil)}
        with db.transaction(database) as session:
            assert session.get(SealedNameRow, (school, pupil)) is not None
            line = session.scalars(select(AuditRow).where(AuditRow.subject == pupil)).one()
            assert (line.action, line.role, line.actor[:8]) == ("objection.registered", "machine", "beheer: ")
        with pytest.raises(RunningObjectionError):
            run("bezwaar", pupil, "--school", school, "--by", "leerling")
        run("bezwaar", pupil, "--school", school, "--by", "leerling", "--withdraw")
        assert objected(home) == frozenset()
        with pytest.raises(NotFoundError):
            run("bezwaar", pupil, "--school", school, "--by", "leerling", "--withdraw")

    def test_who_was_erased_while_an_objection_ran_can_still_withdraw_it(self, run: Run, home: Home):
        school, number, pupil = somebody(home)
        run("bezwaar", pupil, "--school", school, "--by", "ouders")
        run("erase", pupil, "--school", school, "--yes")
        assert objected(home) == {(school, pupil)}
        run("bezwaar", "--school", school, "--by", "ouders", "--withdraw", typed=f"{number}\n")
        assert objected(home) == frozenset()

    def test_a_number_on_the_command_line_is_refused(self, run: Run, home: Home):
        school, number, _ = somebody(home)
        for words in (("bezwaar", "--by", "ouders"), ("inzage", "--out", "x.json")):
            with pytest.raises(UsageError, match="geen pseudoniem"):
                run(words[0], number, "--school", school, *words[1:])

    def test_nobody_cannot_object(self, run: Run, home: Home):
        school, _, _ = somebody(home)
        with pytest.raises(NotFoundError):
            run("bezwaar", "--school", school, "--by", "ouders", typed="999999999\n")

    def test_access_is_every_version_of_what_was_delivered(
        self, run: Run, home: Home, database: Engine, tmp_path: Path
    ):
        school, number, pupil = somebody(home)
        out = tmp_path / "inzage.json"
        run("inzage", "--school", school, "--out", str(out), typed=f"{number}\n")
        found = json.loads(out.read_text(encoding="utf-8"))
        stored = Lake(home).scan("absences", schools=[school]).filter(pl.col("pupil") == pupil).collect()
        assert len(found["afwezigheid"]) == len(stored) > 0
        assert {"soort", "geoorloofd", "vastgelegdOp", "geleverdOp", "teruggenomen"} <= set(found["afwezigheid"][0])
        assert found["inschrijvingen"]
        assert len(found["over"]["naam"].split()) > 1
        assert out.stat().st_mode & 0o077 == 0
        run("inzage", pupil, "--school", school, "--out", str(tmp_path / "inzage.xlsx"))
        with db.transaction(database) as session:
            lines = session.scalars(select(AuditRow.action).where(AuditRow.subject == pupil)).all()
            assert lines.count("rights.access") == 2
        with pytest.raises(UsageError):
            run("inzage", pupil, "--school", school, "--out", str(out))


def somebody(home: Home) -> tuple[str, str, str]:
    """A pupil with an absence, on no list: school, the school's own number and the pseudonym."""
    (school,) = Lake(home).schools()
    absent = set(Lake(home).scan("absences", schools=[school]).select("pupil").collect()["pupil"])
    truth = pl.read_parquet(home.root.parent / "region" / "truth" / "pupils.parquet")
    for number in truth["pupil_number"].cast(pl.String):
        pupil = pseudonym_of(home, school=school, number=number)
        if pupil in absent:
            return school, number, pupil
    raise AssertionError


def test_leaving_nobody_out_leaves_the_rows_as_they_are():
    rows = pl.DataFrame({"school": ["a", "a"], "pupil": ["x", "y"], "n": [1, 2]})
    assert without(rows, frozenset()).equals(rows)
    assert without(rows, frozenset({("a", "x"), ("b", "y")})).rows() == [("a", "y", 2)]


def test_of_two_classes_that_were_delivered_together_the_newest_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    rows = {"pupil": ["p", "p"], "group": ["2b", "1a"], "valid_from": [date(2026, 8, 1), date(2025, 8, 1)]}
    enrolled = pl.LazyFrame(rows).with_columns(recorded_at=pl.lit(datetime(2026, 9, 1, tzinfo=UTC)))
    monkeypatch.setattr(Lake, "scan", lambda *_, **__: enrolled)
    monkeypatch.setattr(Lake, "sealed_names", lambda *_: {})
    assert by_number.objector(Home.at(tmp_path), "11ZZ03", "p").group == "2b"
