"""Who left long ago, and who asked to be erased, is gone from the lake, from what was counted of it, and from backtests."""

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from small_world import DELIVERED, FIRST, SCHOOLS, pupil, region, store
from sqlalchemy import select
from typer.testing import CliRunner

from data_contracts.errors import NotFoundError, StorageError
from data_contracts.tables import TABLES
from pipelines.cli import app
from pipelines.home import Home
from pipelines.keys import Keys
from pipelines.lake import Lake
from pipelines.leavers import leavers
from pipelines.locks import locked
from pipelines.publishing import open_database
from pipelines.retention import erase, pseudonym_of, retention
from pipelines.weekly import weekly
from service import db
from service.tables import AuditRow, RetentionRunRow, SignalRow

SCHOOL, OTHER = SCHOOLS
LEFT, CHANGED_CLASS = pupil(SCHOOL, 0), pupil(SCHOOL, 1)
LAST_DAY = date(2026, 6, 30)
LONG_AFTER = datetime(2031, 7, 1, tzinfo=UTC)
TOO_SOON = datetime(2031, 6, 29, tzinfo=UTC)
MONDAY = date(2026, 6, 22)
NOW = datetime(2026, 6, 28, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two schools with lists; at the first one pupil left in June 2026, and another only changed class then."""
    root = tmp_path_factory.mktemp("bewaren")
    Keys.of(Home.at(root))
    home = region(root)
    lake = Lake(home)
    left = {"group": "g0", "valid_from": FIRST, "valid_to": LAST_DAY, "recorded_at": DELIVERED}
    store(
        lake,
        SCHOOL,
        "enrolments",
        [
            left | {"pupil": LEFT, "record": "0627-0"},
            left | {"pupil": CHANGED_CLASS, "record": "0627-1", "group": "g1"},
            left | {"pupil": CHANGED_CLASS, "record": "nieuw", "valid_from": date(2026, 7, 1), "valid_to": None},
        ],
        DELIVERED + timedelta(hours=30),
    )
    store(lake, SCHOOL, "names", [{"pupil": LEFT, "sealed": "x"}, {"pupil": CHANGED_CLASS, "sealed": "y"}])
    weekly(home, week=MONDAY, now=NOW)
    folder = home.papers("1")
    folder.mkdir(parents=True)
    rows = {"school": [SCHOOL, SCHOOL, OTHER], "pupil": [LEFT, CHANGED_CLASS, LEFT], "score": [0.1, 0.2, 0.3]}
    pl.DataFrame(rows).write_parquet(folder / "backtest.parquet")
    return home


@pytest.fixture
def home(world: Home, tmp_path: Path) -> Iterator[Home]:
    shutil.copytree(world.root, tmp_path / "home")
    return Home.at(tmp_path / "home")


def stored(home: Home, school: str = SCHOOL) -> dict[str, set[str]]:
    """Which pupils each table of the lake holds."""
    scans = {name: Lake(home).scan(name, schools=[school]).select("pupil").unique().collect() for name in TABLES}
    return {name: set(frame["pupil"].drop_nulls()) for name, frame in scans.items()}


def backtest(home: Home) -> list[tuple[str, str]]:
    return pl.read_parquet(home.papers("1") / "backtest.parquet").select("school", "pupil").rows()


def test_who_left_longer_ago_than_the_term_is_gone_and_nobody_else(home: Home):
    before, elsewhere = stored(home), stored(home, OTHER)
    found = retention(home, by="test", at=LONG_AFTER, remove=True)
    assert found.counts["pupils"] == 1
    assert found.counts["rows"] > 1
    after = stored(home)
    assert {name: pupils - after[name] for name, pupils in before.items() if pupils != after[name]} == {
        name: {LEFT} for name, pupils in before.items() if LEFT in pupils
    }
    assert stored(home, OTHER) == elsewhere
    assert backtest(home) == [(SCHOOL, CHANGED_CLASS), (OTHER, LEFT)]


class TestWhoNobodySaidLeft:
    """Facts without an end: an enrolment that stayed open beside a later one, absences or a name of somebody never enrolled."""

    EARLY = datetime(2020, 9, 1, tzinfo=UTC)
    OPEN, NEVER, NAMED = (pupil(SCHOOL, number) for number in (500, 501, 502))

    @pytest.fixture
    def lake(self, home: Home) -> Lake:
        lake = Lake(home)
        first = {"pupil": self.OPEN, "group": "g0", "valid_from": date(2018, 8, 1), "recorded_at": self.EARLY}
        later = {"group": "g1", "valid_from": date(2019, 8, 1), "valid_to": date(2020, 7, 31), "record": "later"}
        store(lake, SCHOOL, "enrolments", [first, first | later], self.EARLY)
        ill = {"pupil": self.NEVER, "start_date": date(2020, 8, 20), "kind": "sick", "recorded_at": self.EARLY}
        store(lake, SCHOOL, "absences", [ill], self.EARLY)
        store(lake, SCHOOL, "names", [{"pupil": self.NAMED, "sealed": "x"}], self.EARLY)
        return lake

    def gone(self, home: Home, at: datetime) -> set[str]:
        cutoff = at.date().replace(year=at.year - 5)
        return set(leavers(Lake(home), SCHOOL, cutoff=cutoff, at=at).pupils) & {self.OPEN, self.NEVER, self.NAMED}

    def test_they_go_as_long_after_the_last_that_came_in_about_them(self, lake: Lake):
        assert self.gone(lake.home, datetime(2025, 9, 1, tzinfo=UTC)) == set()
        assert self.gone(lake.home, datetime(2025, 9, 2, tzinfo=UTC)) == {self.OPEN, self.NEVER, self.NAMED}

    def test_their_names_and_absences_are_removed(self, lake: Lake):
        retention(lake.home, by="test", at=datetime(2026, 6, 28, tzinfo=UTC), remove=True)
        assert not any({self.OPEN, self.NEVER, self.NAMED} & pupils for pupils in stored(lake.home).values())

    def test_a_later_absence_keeps_them(self, lake: Lake):
        ill = {"pupil": self.OPEN, "start_date": date(2024, 3, 4), "kind": "sick", "recorded_at": DELIVERED}
        store(lake, SCHOOL, "absences", [ill], DELIVERED + timedelta(days=1))
        assert self.gone(lake.home, NOW + timedelta(days=1)) == {self.NEVER, self.NAMED}

    def test_an_enrolment_that_runs_stays_whatever_its_age_and_is_counted(self, lake: Lake):
        at = datetime(2026, 6, 28, tzinfo=UTC)
        before = leavers(lake, SCHOOL, cutoff=date(2021, 6, 28), at=at)
        running = {
            "pupil": pupil(SCHOOL, 503),
            "group": "g0",
            "valid_from": date(2018, 8, 1),
            "recorded_at": self.EARLY,
        }
        store(lake, SCHOOL, "enrolments", [running | {"record": "runs"}], self.EARLY + timedelta(days=1))
        after = leavers(lake, SCHOOL, cutoff=date(2021, 6, 28), at=at)
        assert (after.pupils, after.silent - before.silent) == (before.pupils, 1)


def test_counting_first_says_the_same_and_changes_not_a_byte(home: Home):
    def bytes_of() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in home.lake.rglob("*.parquet")}

    before = bytes_of()
    counted = retention(home, by="test", at=LONG_AFTER, remove=False)
    assert bytes_of() == before
    assert counted.counts["pupils"] == retention(home, by="test", at=LONG_AFTER, remove=True).counts["pupils"] == 1
    assert not counted.removed


def test_a_day_too_soon_nobody_goes(home: Home):
    assert retention(home, by="test", at=TOO_SOON, remove=True).counts["pupils"] == 0
    assert LEFT in stored(home)["absences"]


def test_the_rows_of_the_timetable_that_are_of_nobody_in_particular_stay(home: Home):
    def lessons() -> int:
        return Lake(home).scan("timetable", schools=[SCHOOL]).select(pl.len()).collect().item()

    before = lessons()
    erase(home, by="test", school=SCHOOL, pupil=LEFT)
    assert lessons() == before > 0


def test_an_erased_pupil_is_on_no_list_that_is_made_afterwards(home: Home):
    engine = open_database(home.database_url)
    with db.transaction(engine, writes=False) as session:
        somebody = session.scalars(select(SignalRow.pupil).where(SignalRow.school == SCHOOL)).first()
    assert erase(home, by="test", school=SCHOOL, pupil=somebody).counts["signals"] >= 1
    (made,) = weekly(home, week=MONDAY, schools=[SCHOOL], now=NOW)
    assert somebody not in made.weekly_list.model_dump_json()
    assert made.weekly_list.pupils_considered == 159
    engine.dispose()


def test_running_it_again_after_half_of_it_does_the_rest(home: Home, monkeypatch: pytest.MonkeyPatch):
    import pipelines.retention as module  # noqa: PLC0415 (to break it)

    def breaks(*_: object) -> None:
        raise StorageError("de schijf is vol")  # noqa: EM101, TRY003

    with monkeypatch.context() as broken:
        broken.setattr(module, "_forget_counted", breaks)
        with pytest.raises(StorageError):
            retention(home, by="test", at=LONG_AFTER, remove=True)
    erase(home, by="test", school=SCHOOL, pupil=LEFT)
    assert all(LEFT not in pupils for pupils in stored(home).values())
    assert backtest(home) == [(SCHOOL, CHANGED_CLASS), (OTHER, LEFT)]


def test_while_a_school_is_imported_nothing_of_it_is_removed(home: Home):
    with locked(home, SCHOOL), pytest.raises(StorageError, match="er loopt al een import"):
        erase(home, by="test", school=SCHOOL, pupil=LEFT)
    assert LEFT in stored(home)["absences"]


def test_of_whom_nothing_is_known_that_is_said(home: Home):
    with pytest.raises(NotFoundError, match="niets bekend"):
        erase(home, by="test", school=SCHOOL, pupil="p" + "z" * 26)


def test_a_report_of_a_refused_file_goes_after_a_year(home: Home):
    import os  # noqa: PLC0415 (to make it old)

    folder = home.reports / "refused" / SCHOOL
    folder.mkdir(parents=True)
    for name, at in (("oud", datetime(2025, 1, 1, tzinfo=UTC)), ("nieuw", datetime(2026, 6, 1, tzinfo=UTC))):
        (folder / f"{name}.json").write_text("{}", encoding="utf-8")
        os.utime(folder / f"{name}.json", (at.timestamp(), at.timestamp()))
    assert retention(home, by="test", at=NOW, remove=True).counts["refused"] == 1
    assert [path.stem for path in folder.iterdir()] == ["nieuw"]


def test_a_pupil_is_found_by_the_school_s_own_number(home: Home):
    expected = Keys.of(home).pseudonyms(pl.Series(["204817"]), SCHOOL)[0]
    assert pseudonym_of(home, school=SCHOOL, number=" 204817 ") == expected


class TestCommands:
    """What somebody types, and what comes of it."""

    @pytest.fixture
    def run(self, home: Home, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("AANWEZIG_HOME", str(home.root))
        monkeypatch.delenv("AANWEZIG_DATABASE_URL", raising=False)
        return lambda *words, **options: CliRunner().invoke(app, words, **options)

    def test_nothing_is_removed_without_being_told_to(self, run, home: Home):
        for words in (["retention"], ["retention", "--yes", "--dry-run"], ["erase", LEFT, "--school", SCHOOL]):
            assert run(*words).exit_code != 0
        assert LEFT in stored(home)["absences"]

    def test_a_dry_run_tells_and_removes_nothing(self, run, home: Home):
        done = run("retention", "--dry-run")
        assert done.exit_code == 0, done.output
        assert done.output.startswith("Over de termijn: ")
        assert LEFT in stored(home)["absences"]

    def test_who_stays_only_for_want_of_an_end_is_told(self, run, home: Home):
        early = datetime(2020, 9, 1, tzinfo=UTC)
        running = {"pupil": pupil(SCHOOL, 503), "group": "g0", "valid_from": date(2018, 8, 1), "recorded_at": early}
        store(Lake(home), SCHOOL, "enrolments", [running], early)
        said = run("retention", "--dry-run").output
        assert "Ingeschreven zonder einddatum, terwijl er langer dan een jaar niets over hen binnenkwam: 1." in said

    def test_a_run_is_written_down(self, run, home: Home):
        assert run("retention", "--yes").exit_code == 0
        engine = open_database(home.database_url)
        with db.transaction(engine, writes=False) as session:
            assert session.scalar(select(RetentionRunRow.by)).startswith("beheer: ")
        engine.dispose()

    def test_a_pupil_is_erased_by_a_number_that_is_asked_for_and_not_shown(self, run, home: Home):
        number = "204817"
        known = pseudonym_of(home, school=SCHOOL, number=number)
        store(Lake(home), SCHOOL, "names", [{"pupil": known, "sealed": "z"}], DELIVERED + timedelta(days=3))
        done = run("erase", "--school", SCHOOL, "--yes", input=f"{number}\n")
        assert done.exit_code == 0, done.output
        assert number not in done.output
        assert known not in stored(home)["names"]
        engine = open_database(home.database_url)
        with db.transaction(engine, writes=False) as session:
            (line,) = session.scalars(select(AuditRow).where(AuditRow.action == "pupil.erased"))
        engine.dispose()
        assert (line.school, line.subject) == (SCHOOL, None)
        assert known not in line.detail

    def test_what_is_no_pseudonym_is_refused_before_anything_is_opened(self, run):
        assert run("erase", "204817", "--school", SCHOOL, "--yes").exit_code != 0
