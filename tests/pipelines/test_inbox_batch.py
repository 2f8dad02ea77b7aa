"""The batch beside the page: it waits for codes, makes the first list, survives a file that kills it, and ends in time."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from data_contracts.errors import ModelError, SettingsError
from pipelines import weekly as weekly_run
from pipelines.beside import AGAIN_SECONDS, next_pause
from pipelines.cli import app as commands
from pipelines.home import Home
from pipelines.inbox import LONGEST_WAIT, TRIES, Taken, list_what_came, take_in
from pipelines.mondays import SETTING, monday_time
from pipelines.publishing import open_database
from pipelines.sources import unmapped_codes
from service import batch, db
from service.inbox import FOLDER, Format, Kind, Status, file_name
from service.tables import DeliveryRow

SCHOOL = "99PB00"
SETTINGS = f'school = "{SCHOOL}"\nname = "De Verrekijker"\nsector = "po"\nregion = "midden"\nsource = "parnassys"\n'
REASONS = '[reasons]\nz = { kind = "sick" }\nt = { kind = "late" }\n'
HEADER = "leerlingnummer;datum;dagdeel;code;geoorloofd;minuten\n"
NOW = datetime(2026, 11, 18, 9, tzinfo=UTC)
"""A Wednesday; what is known then is in the list of that week."""

WRONG = ("het model klopt niet", "Neem het uit gebruik.")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home.at(tmp_path / "home")
    (made.root / FOLDER).mkdir(parents=True)
    made.schools.mkdir()
    (made.schools / f"{SCHOOL}.toml").write_text(SETTINGS)
    return made


def received(home: Home, kind: Kind, text: str, *, at: datetime = NOW - timedelta(days=1)) -> str:
    """Put a file in the inbox, as the page does."""
    engine = open_database(home.database_url)
    with db.transaction(engine) as session:
        row = DeliveryRow(
            school=SCHOOL,
            kind=kind,
            status=Status.RECEIVED,
            received_at=at,
            received_by="wie",
            suffix=f".{Format.CSV}",
            size=len(text),
            digest=str(hash(text)),
        )
        session.add(row)
        session.flush()
        id_, name = row.id, file_name(row)
    engine.dispose()
    (home.root / FOLDER / name).write_text(text)
    return id_


def pupils(number: int = 30) -> str:
    lines = [f"{1000 + at};Sem;;Sanders;{at % 3 + 1}a;{at % 3 + 1};31-08-2026;\n" for at in range(number)]
    return "leerlingnummer;roepnaam;voorvoegsel;achternaam;groep;jaargroep;begindatum;einddatum\n" + "".join(lines)


def absences(pupil: int = 1001, code: str = "Z") -> str:
    days = [date(2026, 11, 2) + timedelta(days=at) for at in (0, 1, 2, 3, 4, 7, 8, 9, 10, 11)]
    return HEADER + "".join(f"{pupil};{day:%d-%m-%Y};hele dag;{code};ja;\n" for day in days)


def taken(home: Home) -> list[Taken]:
    found: list[Taken] = []
    take_in(home, done=found.append)
    return found


def lists(home: Home) -> list[str]:
    engine = open_database(home.database_url)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT school, week FROM weekly_lists").all()
    engine.dispose()
    return [f"{school} {week}" for school, week in rows]


def test_a_first_list_comes_by_itself_and_only_when_there_are_pupils_and_absences(home: Home):
    (home.schools / f"{SCHOOL}.toml").write_text(SETTINGS + REASONS)
    received(home, Kind.ABSENTIES, absences())
    assert [one.status for one in taken(home)] == ["accepted"]
    list_what_came(home, [SCHOOL], now=NOW)
    assert lists(home) == []
    received(home, Kind.LEERLINGEN, pupils())
    taken(home)
    list_what_came(home, [], now=NOW)  # a school without any list is not forgotten, also after a crash in between
    assert lists(home) == [f"{SCHOOL} 2026-11-16"]
    list_what_came(home, [], now=NOW)
    assert lists(home) == [f"{SCHOOL} 2026-11-16"]


MONDAY_AT_SIX = datetime(2026, 11, 23, 5, tzinfo=UTC)
"""Winter time: five o'clock UTC. Nothing came since the list of the week before."""


@pytest.fixture
def listed(home: Home) -> Home:
    """A school with the list of last week."""
    (home.schools / f"{SCHOOL}.toml").write_text(SETTINGS + REASONS)
    received(home, Kind.LEERLINGEN, pupils())
    received(home, Kind.ABSENTIES, absences())
    taken(home)
    list_what_came(home, [SCHOOL], now=NOW)
    assert lists(home) == [f"{SCHOOL} 2026-11-16"]
    return home


@pytest.mark.parametrize(
    ("now", "at", "made"),
    [
        (MONDAY_AT_SIX - timedelta(seconds=1), "06:00", False),
        (MONDAY_AT_SIX, "06:00", True),
        (MONDAY_AT_SIX, "08:30", False),
        (MONDAY_AT_SIX + timedelta(hours=2, minutes=30), "08:30", True),
        (MONDAY_AT_SIX + timedelta(days=3), "08:30", True),  # the machine was off on Monday
        (MONDAY_AT_SIX + timedelta(days=3), "uit", False),
    ],
)
def test_on_monday_there_is_a_list_also_when_nothing_came(listed: Home, now: datetime, at: str, made: bool):
    list_what_came(listed, [], now=now, monday=monday_time({SETTING: at}))
    assert (f"{SCHOOL} 2026-11-23" in lists(listed)) == made


def test_it_is_made_once(listed: Home, monkeypatch: pytest.MonkeyPatch):
    at, made, weekly = monday_time({}), [], weekly_run.weekly

    def noted(*said: object, **more: object) -> object:
        made.append(more["schools"])
        return weekly(*said, **more)

    monkeypatch.setattr(weekly_run, "weekly", noted)
    for minutes in (0, 1, 60):
        list_what_came(listed, [], now=MONDAY_AT_SIX + timedelta(minutes=minutes), monday=at)
    assert lists(listed) == [f"{SCHOOL} 2026-11-16", f"{SCHOOL} 2026-11-23"]
    assert made == [[SCHOOL]]


def test_on_monday_a_school_whose_list_fails_is_not_tried_over_and_over(listed: Home, monkeypatch: pytest.MonkeyPatch):
    tried: list[object] = []

    def fails(*_: object, **said: object) -> None:
        tried.append(said["schools"])
        raise ModelError(WRONG[0], remedy=WRONG[1])

    monkeypatch.setattr("pipelines.weekly.weekly", fails)
    for _ in range(3):
        list_what_came(listed, [], now=MONDAY_AT_SIX, monday=monday_time({}))
    assert tried == [[SCHOOL]]
    note = listed.root / batch.BESIDE / batch.LISTS / f"{SCHOOL}.json"
    os.utime(note, (0, 0))
    list_what_came(listed, [], now=MONDAY_AT_SIX, monday=monday_time({}))
    assert len(tried) == 2


def test_on_monday_a_school_that_never_delivered_is_left_alone(home: Home):
    list_what_came(home, [], now=MONDAY_AT_SIX, monday=monday_time({}))
    assert lists(home) == []
    assert batch.why_unlisted(home.root, SCHOOL) is None


@pytest.mark.parametrize("said", ["05:59", "zes uur", "25:00", "maandag"])
def test_a_time_that_is_none_or_too_early_is_refused(said: str):
    with pytest.raises(SettingsError, match="AANWEZIG_WEEKLY_AT"):
        monday_time({SETTING: said})


def test_in_the_demo_it_stays_the_week_that_was_simulated():
    assert monday_time({"AANWEZIG_MODE": "demo"}) is None
    assert monday_time({"AANWEZIG_MODE": "demo", SETTING: "06:00"}) is not None


def test_why_a_list_could_not_be_made_is_kept_until_it_can(home: Home, monkeypatch: pytest.MonkeyPatch):
    (home.schools / f"{SCHOOL}.toml").write_text(SETTINGS + REASONS)
    received(home, Kind.LEERLINGEN, pupils())
    received(home, Kind.ABSENTIES, absences())
    taken(home)

    def fails(*_: object, **__: object) -> None:
        raise ModelError(WRONG[0], remedy=WRONG[1])

    with monkeypatch.context() as patch:
        patch.setattr("pipelines.weekly.weekly", fails)
        list_what_came(home, [SCHOOL], now=NOW)
    assert batch.why_unlisted(home.root, SCHOOL) == batch.Unlisted(*WRONG)
    list_what_came(home, [], now=NOW)  # not at once, over and over
    assert lists(home) == []
    list_what_came(home, [SCHOOL], now=NOW)  # but as soon as something comes in
    assert batch.why_unlisted(home.root, SCHOOL) is None
    assert len(lists(home)) == 1


def test_a_list_whose_making_ended_the_process_is_told_of_after_a_while(home: Home):
    batch.begin_list(home.root, SCHOOL)
    assert batch.why_unlisted(home.root, SCHOOL) is None
    os.utime(home.root / batch.BESIDE / batch.LISTS / f"{SCHOOL}.json", (0, 0))
    assert batch.why_unlisted(home.root, SCHOOL) == batch.BROKEN_OFF


def test_absences_wait_for_codes_with_a_proposal_and_nothing_is_stored_meanwhile(home: Home):
    received(home, Kind.ABSENTIES, absences() + absences(1002, "QX").removeprefix(HEADER))
    (first,) = taken(home)
    assert first.status is Status.CODES
    assert [(one.code, one.count, one.kind, one.known) for one in first.reports[0].codes] == [
        ("qx", 10, "other_authorised", False),
        ("z", 10, "sick", True),
    ]
    assert not home.lake.exists()
    assert taken(home) == []
    (home.schools / f"{SCHOOL}.toml").write_text(SETTINGS + REASONS)
    (then,) = taken(home)
    assert (then.status, then.reports[0].new) == (Status.ACCEPTED, 20)
    assert [one.code for one in then.reports[0].codes] == ["qx"]  # said later, or never: the report tells


def test_a_file_does_not_wait_for_codes_for_ever(home: Home):
    received(home, Kind.ABSENTIES, absences(), at=datetime.now(UTC) - LONGEST_WAIT)
    assert [one.status for one in taken(home)] == [Status.CODES]
    (gone,) = taken(home)
    assert (gone.status, gone.reports[0].findings[0].check) == (Status.REFUSED, "waited_too_long")
    assert not list((home.root / FOLDER).iterdir())


def test_what_is_proposed_on_the_page_is_never_a_sentence_a_number_or_a_long_word(tmp_path: Path):
    path = tmp_path / "absenties.csv"
    lines = ["verlof", "diabetes", "Z Z", "1001", "ZK", "?", "ik"]
    path.write_text(HEADER + "".join(f"1001;1{at}-09-2026;ochtend;{code};ja;\n" for at, code in enumerate(lines)))
    found = unmapped_codes(path, source="parnassys", known=("ik",))
    assert sorted(one.code for one in found) == ["?", "verlof", "zk"]


def test_words_of_a_published_vocabulary_need_no_mapping(tmp_path: Path):
    path = tmp_path / "attendance_events.csv"
    path.write_text(
        "student_id,school_id,event_date,category\n1,255901001,2026-09-14,Tardy\n1,255901001,2026-09-15,Naps\n"
    )
    assert [one.code for one in unmapped_codes(path, source="edfi", known=())] == ["naps"]


KILLED = """
import os, signal, sys
from pipelines import ingest, inbox
from pipelines.home import Home
ingest.ingest = lambda *_, **__: os.kill(os.getpid(), signal.{how})
from pipelines.beside import attending
with attending(lambda: None, parent=None):
    inbox.take_in(Home.from_environment(), done=print)
"""


def one_that_dies(home: Home, how: str) -> int:
    """Take in with a process that does not live through it: as if memory ran out, or somebody stopped it."""
    environment = os.environ | {"AANWEZIG_HOME": str(home.root)}
    return subprocess.run([sys.executable, "-c", KILLED.format(how=how)], env=environment, check=False).returncode


def test_a_file_that_kills_the_process_twice_is_set_aside_and_those_behind_it_are_taken_in(home: Home):
    (home.schools / f"{SCHOOL}.toml").write_text(SETTINGS + REASONS)
    received(home, Kind.ABSENTIES, absences())
    for _ in range(TRIES):
        assert one_that_dies(home, "SIGKILL") == -signal.SIGKILL
    later = received(home, Kind.LEERLINGEN, pupils(), at=NOW)
    killer, behind = taken(home)
    assert killer.status is Status.FAILED
    (finding,) = killer.reports[0].findings
    assert finding.check == "ends_the_process"
    assert "2 keer afgebroken" in finding.message
    assert (behind.delivery.id, behind.status) == (later, Status.ACCEPTED)
    assert not list((home.root / FOLDER).iterdir())
    assert not list((home.root / batch.BESIDE / batch.TRIES).iterdir())


def test_being_stopped_in_order_is_no_fault_of_the_file(home: Home):
    (home.schools / f"{SCHOOL}.toml").write_text(SETTINGS + REASONS)
    received(home, Kind.ABSENTIES, absences())
    for _ in range(TRIES + 1):
        assert one_that_dies(home, "SIGTERM") == 0
    assert [one.status for one in taken(home)] == [Status.ACCEPTED]


def test_the_command_makes_the_list_when_asked_to(home: Home, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AANWEZIG_HOME", str(home.root))
    (home.schools / f"{SCHOOL}.toml").write_text(SETTINGS + REASONS)
    received(home, Kind.LEERLINGEN, pupils())
    assert CliRunner().invoke(commands, ["inbox"]).exit_code == 0
    received(home, Kind.ABSENTIES, absences())
    assert lists(home) == []
    assert CliRunner().invoke(commands, ["inbox", "--weekly"]).exit_code == 0
    assert len(lists(home)) == 1


def until(true: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_one_that_dies_again_and_again_is_started_ever_less_often_until_it_lives():
    pauses = [AGAIN_SECONDS]
    for _ in range(8):
        pauses.append(next_pause(pauses[-1], lived=pauses[-1] + 1))
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert next_pause(300, lived=300 + 3600) == AGAIN_SECONDS


BESIDE = "import time\nfrom pipelines.beside import beside\nwith beside():\n    time.sleep(120)\n"


def test_beside_the_service_it_starts_anew_when_it_dies_and_ends_when_the_service_is_gone(home: Home):
    environment = os.environ | {"AANWEZIG_HOME": str(home.root)}
    alive = home.root / batch.BESIDE / batch.ALIVE
    service = subprocess.Popen([sys.executable, "-c", BESIDE], env=environment)

    def batches() -> list[int]:
        """Processes that it started; they are listed by the thread that did."""
        tasks = Path(f"/proc/{service.pid}/task").glob("*/children")
        return [int(one) for path in tasks for one in path.read_text().split()]

    until(alive.exists)
    (first,) = batches()
    alive.unlink()
    os.kill(first, signal.SIGKILL)
    until(alive.exists)
    (second,) = batches()
    assert second != first
    service.kill()
    service.wait()
    until(lambda: not Path(f"/proc/{second}").exists(), seconds=10)
