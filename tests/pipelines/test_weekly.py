"""The whole line on a small synthetic region: exports in, published lists out, and the same again."""

import hashlib
import json
import shutil
import socket
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from data_contracts.errors import NotEnoughDataError, UsageError
from data_contracts.quality import Verdict
from data_contracts.weekly_list import Basis, WeeklyList
from pipelines.cli import app
from pipelines.crew import crew_of
from pipelines.home import Home
from pipelines.ingest import ingest
from pipelines.publishing import Status
from pipelines.simulate import simulate
from pipelines.weekly import Listed, _why_rules, weekly

NOW = datetime(2026, 11, 18, 9, tzinfo=UTC)
MONDAY = date(2026, 11, 16)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two secondary and two primary schools, simulated and delivered."""
    root = tmp_path_factory.mktemp("home")
    simulate(root / "region", pupils_vo=500, pupils_po=160, schools_vo=2, schools_po=2, seed=7)
    home = Home.at(root / "var")
    reports = ingest(home, root / "region" / "exports")
    assert {report.verdict for report in reports} <= {Verdict.ACCEPTED, Verdict.ACCEPTED_WITH_WARNINGS}
    return home


@pytest.fixture(scope="module")
def listed(home: Home) -> list[Listed]:
    return [*weekly(home, week=date(2026, 11, 9), now=NOW), *weekly(home, week=MONDAY, now=NOW)]


def test_every_school_gets_its_list_of_at_most_its_capacity(listed: list[Listed]):
    this_week = [each.weekly_list for each in listed if each.weekly_list.week == MONDAY]
    assert len(this_week) == 4
    for made in this_week:
        assert sum(signal.on_list for signal in made.signals) == made.capacity
        assert made.pupils_considered > 50


def test_without_a_model_it_stands_on_rules_and_says_so(listed: list[Listed]):
    for each in listed:
        assert each.weekly_list.basis is Basis.RULES
        assert "nog geen model" in each.weekly_list.basis_reason


def test_in_the_first_two_lesson_weeks_of_a_year_there_is_no_score():
    pupils = range(200)
    assert "In de eerste 2 lesweken van een schooljaar" in _why_rules(pupils, weeks=40, this_year=1, poor=0)
    assert _why_rules(pupils, weeks=40, this_year=2, poor=0) == ""


def test_the_second_list_compares_with_the_first(listed: list[Listed]):
    second = [each.weekly_list for each in listed if each.weekly_list.week == MONDAY]
    assert {signal.since.value for made in second for signal in made.signals} >= {"new", "still"}
    assert any(made.gone for made in second) or any(signal.order_note for made in second for signal in made.signals)


def test_running_again_publishes_nothing_new(home: Home, listed: list[Listed]):
    assert listed
    again = weekly(home, week=MONDAY, now=NOW)
    assert {each.published.status for each in again} == {Status.UNCHANGED}


def test_one_school_alone_gets_the_same_list_as_among_all(home: Home, listed: list[Listed]):
    school = listed[-1].weekly_list.school
    (alone,) = weekly(home, week=MONDAY, schools=[school], now=NOW)
    assert alone.weekly_list == listed[-1].weekly_list


def test_lists_made_side_by_side_are_the_same(home: Home, listed: list[Listed]):
    with crew_of(2) as crew:
        again = weekly(home, week=MONDAY, now=NOW, crew=crew)
    assert [each.weekly_list for each in again] == [e.weekly_list for e in listed if e.weekly_list.week == MONDAY]
    assert {each.published.status for each in again} == {Status.UNCHANGED}


def test_delivering_everything_again_changes_not_a_byte(home: Home):
    def tree() -> dict[str, str]:
        files = sorted(path for path in home.lake.rglob("*") if path.is_file())
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    before = tree()
    ingest(home, home.root.parent / "region" / "exports")
    assert tree() == before


def test_nothing_that_happens_later_is_on_a_list(listed: list[Listed]):
    for made in (each.weekly_list for each in listed):
        assert all(day < made.week for day in made.school_days)
        assert all(day.day < made.week for signal in made.signals for day in signal.calendar)
        assert all(hit.reached_on < made.week for signal in made.signals for hit in signal.rule_hits)


def test_a_published_list_survives_its_own_json(listed: list[Listed]):
    made = listed[0].weekly_list
    assert WeeklyList.model_validate_json(made.model_dump_json()) == made


def test_no_name_or_pupil_number_leaves_the_sources(home: Home):
    """Not in the lake, not in the lists; names stand sealed."""
    exports = home.root.parent / "region" / "exports"
    given = set()
    for path in exports.rglob("leerlingen.csv"):
        text = path.read_bytes().decode("cp1252", errors="ignore")
        separator = ";" if ";" in text.splitlines()[0] else ","
        rows = [line.split(separator) for line in text.splitlines()]
        column = [head.lower().strip('"\ufeff') for head in rows[0]].index("achternaam")
        given |= {row[column] for row in rows[1:] if len(row) > column and len(row[column]) > 6}
    assert given
    stored = b"".join(path.read_bytes() for path in home.lake.rglob("*") if path.is_file())
    for path in home.lake.rglob("*.parquet"):
        frame = pl.read_parquet(path).select(pl.col(pl.String))
        stored += "\n".join(str(value) for column in frame for value in column.unique()).encode()
    database = (home.root / "service.db").read_bytes()
    for name in given:
        assert name.encode() not in stored
        assert name.encode() not in database


def test_a_week_is_named_by_its_monday(home: Home):
    with pytest.raises(UsageError, match="geen maandag"):
        weekly(home, week=date(2026, 11, 17), now=NOW)


def test_a_week_ahead_is_refused(home: Home):
    with pytest.raises(UsageError, match="nog niet begonnen"):
        weekly(home, week=date(2026, 11, 23), now=NOW)


def test_without_deliveries_there_is_no_list(tmp_path: Path):
    with pytest.raises(NotEnoughDataError, match="geen levering"):
        weekly(Home.at(tmp_path), now=NOW)


def aanwezig(home: Home, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "AANWEZIG_HOME": str(home.root),
        "AANWEZIG_MODE": "demo",
        "PATH": "/usr/bin:/bin",
        "HOME": str(home.root),
    }
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


class TestCommandLine:
    def test_weekly_reports_as_json(self, home: Home, listed: list[Listed]):
        assert listed
        done = aanwezig(home, "weekly", "--week", "2026-11-16", "--json")
        assert done.returncode == 0, done.stderr
        assert {each["status"] for each in json.loads(done.stdout)} == {"unchanged"}

    def test_from_export_files_to_lists_in_one_command(self, home: Home, listed: list[Listed], tmp_path: Path):
        exports = home.root.parent / "region" / "exports"
        fresh = Home.at(tmp_path / "var")
        done = aanwezig(fresh, "weekly", "--from", str(exports), "--week", "2026-11-16", "--json")
        assert done.returncode == 0, done.stderr
        made = {each["school"]: each["pupils_considered"] for each in json.loads(done.stdout)}
        assert made == {e.weekly_list.school: e.weekly_list.pupils_considered for e in listed}

    def test_a_refused_delivery_stops_no_list_but_is_not_silent(self, home: Home, listed: list[Listed], tmp_path: Path):
        assert listed
        shutil.copytree(home.root, tmp_path / "var")
        school = listed[-1].weekly_list.school
        shutil.copy(home.schools / f"{school}.toml", tmp_path / "school.toml")
        (tmp_path / "notes.csv").write_text("a,b\n1,2\n", encoding="utf-8")
        copy = Home.at(tmp_path / "var")
        done = aanwezig(
            copy, "weekly", "--from", str(tmp_path / "notes.csv"), "--week", "2026-11-16", "--school", school
        )
        assert done.returncode == 3
        assert "notes.csv" in done.stdout
        assert "stond er al" in done.stdout

    def test_status_says_what_is_missing(self, home: Home):
        done = aanwezig(home, "status", "--json")
        found = json.loads(done.stdout)
        assert len(found["schools"]) == 4
        assert any("aanwezig train" in line for line in found["missing"])

    def test_a_mistake_is_one_message_and_its_exit_code(self, home: Home):
        done = aanwezig(home, "weekly", "--week", "2026-11-17")
        assert done.returncode == 2
        assert "geen maandag" in done.stderr
        assert "Traceback" not in done.stderr

    def test_a_refused_delivery_has_its_own_exit_code(self, home: Home, tmp_path: Path):
        broken = tmp_path / "absences.csv"
        broken.write_text("pupil_number,start_date,kind\n1,gisteren,sick\n", encoding="utf-8")
        school = next(path.stem for path in home.schools.glob("*.toml"))
        done = aanwezig(home, "ingest", str(broken), "--school", school, "--source", "canonical")
        assert done.returncode == 3
        assert "gisteren" in done.stdout
        assert "rij 2" in done.stdout

    @pytest.mark.parametrize(
        "words",
        [
            ("ingest", ".", "--delivered-at", "2199-01-01T00:00"),
            ("ingest", ".", "--delivered-at", "gisteren"),
            ("ingest", ".", "--complete-from", "2026-11-05", "--complete-to", "2026-11-01"),
            ("ingest", ".", "--complete-from", "2026-11-05"),
            ("simulate", "leeg", "--pupils-vo", "0", "--pupils-po", "0"),
            ("simulate", __file__, "--pupils-vo", "5"),
        ],
    )
    def test_what_cannot_be_meant_is_refused_in_words(self, home: Home, words: tuple[str, ...]):
        done = aanwezig(home, *words)
        assert done.returncode == 2
        assert done.stderr.startswith("Opdracht niet begrepen: ")
        assert "Traceback" not in done.stderr

    def test_a_damaged_database_is_one_message_too(self, home: Home, tmp_path: Path):
        copy = Home.at(tmp_path / "var")
        shutil.copytree(home.root, copy.root)
        (copy.root / "service.db").write_bytes(b"no database at all" * 400)
        done = aanwezig(copy, "status")
        assert done.returncode == 7
        assert "Opslag niet bereikbaar" in done.stderr
        assert "Traceback" not in done.stderr

    def test_serving_on_a_port_in_use_says_so(self, home: Home):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            done = aanwezig(home, "serve", "--port", str(taken.getsockname()[1]))
        assert done.returncode == 8
        assert "--port" in done.stderr
        assert "De demo draait" not in done.stdout

    def test_what_is_stored_is_for_its_owner_alone(self, tmp_path: Path):
        done = aanwezig(
            Home.at(tmp_path / "new"), "simulate", str(tmp_path / "region"), "--pupils-vo", "0", "--pupils-po", "40"
        )
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "region" / "exports").stat().st_mode & 0o077 == 0

    @pytest.mark.parametrize(
        "command",
        [
            "simulate",
            "ingest",
            "train",
            "evaluate",
            "promote",
            "rollback",
            "score",
            "drift",
            "merge",
            "weekly",
            "serve",
            "status",
        ],
    )
    def test_every_command_has_help_with_an_example(self, command: str):
        assert "Voorbeeld" in CliRunner().invoke(app, [command, "--help"]).stdout
