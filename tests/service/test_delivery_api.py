"""Deliveries over the API: kept for good once confirmed, taken in by the batch as a folder would be, and told of."""

import os
import shutil
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from conftest import OWN, Client, SignedIn
from fastapi import FastAPI
from sample_lists import SCHOOL, STRANGER
from sqlalchemy import Engine, delete, select, update
from typer.testing import CliRunner

import pipelines.inbox
import pipelines.ingest
from data_contracts.errors import StorageError
from pipelines.cli import app as commands
from pipelines.deliveries import SUFFIXES
from pipelines.home import Home
from pipelines.inbox import Taken, attended, take_in, unattended
from pipelines.lake import Lake
from pipelines.locks import locked
from pipelines.sources import _FILES
from pipelines.sources.files import EXTENSIONS
from service import batch, db, inbox
from service.inbox import Format, Kind
from service.settings import Settings
from service.tables import AuditRow, DeliveryRow, now

SCHOOL_FILE = 'school = "{school}"\nname = "Het Baken"\nsector = "vo"\nregion = "midden"\n'
PUPILS = b"pupil_number,group,year_group,valid_from,valid_to\n100,2hv1,12,2026-08-31,\n200,2hv1,12,2026-08-31,\n"
WRONG = b"pupil_number,group,year_group,valid_from,valid_to\n100,2hv1,12,2026-31-08,\n"
OF_ANOTHER = b"school,pupil_number,group,year_group,valid_from,valid_to\n33ZZ01,100,2hv1,12,2026-08-31,\n"
ADDRESS = "/api/v1/leveringen"
OCTETS = {"content-type": "application/octet-stream"}


@pytest.fixture
def office(settings: Settings, engine: Engine, app: FastAPI) -> Iterator[Home]:
    """An installation that knows one school, with an empty inbox and an empty lake."""
    del app
    key = (settings.home / "keys" / "names.key").read_bytes()  # of the lists; the batch makes its own
    for name in ("inbox", "lake", "keys", "schools", "reports"):
        shutil.rmtree(settings.home / name, ignore_errors=True)
    with db.transaction(engine) as session:
        session.execute(delete(DeliveryRow))
    made = Home.at(settings.home, database_url=settings.database_url)
    made.schools.mkdir()
    (made.schools / f"{SCHOOL}.toml").write_text(SCHOOL_FILE.format(school=SCHOOL))
    yield made
    shutil.rmtree(settings.home / "keys", ignore_errors=True)
    (settings.home / "keys").mkdir()
    (settings.home / "keys" / "names.key").write_bytes(key)


def hand_in(client: Client, content: object = PUPILS, *, school: str = SCHOOL, **said: str) -> httpx.Response:
    parameters = {"school": school, "soort": "enrolments", "formaat": "csv"} | said
    return client.post(ADDRESS, params=parameters, content=content, headers=OWN | OCTETS)


def taken(office: Home) -> list[Taken]:
    found: list[Taken] = []
    take_in(office, done=found.append)
    return found


def kept_files(office: Home) -> list[Path]:
    return sorted((office.root / "inbox").glob("*")) + sorted((office.root / "inbox").glob(".*"))


def test_a_file_is_kept_for_its_owner_alone_and_confirmed(office: Home, signed_in: SignedIn, engine: Engine):
    answer = hand_in(signed_in("care"))
    assert answer.status_code == 202
    body = answer.json()
    assert answer.headers["location"] == f"{ADDRESS}/{body['id']}" == body["_links"]["self"]["href"]
    assert (body["status"], body["school"], body["soort"], body["omvang"]) == (
        "ontvangen",
        SCHOOL,
        "enrolments",
        len(PUPILS),
    )
    assert body["afgehandeldOp"] is None
    (file,) = kept_files(office)
    assert file.read_bytes() == PUPILS
    assert file.name == f"enrolments-{body['id']}.csv"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with db.transaction(engine) as session:
        row = session.scalar(select(AuditRow).where(AuditRow.action == "delivery.received"))
    assert (row.school, row.subject) == (SCHOOL, None)


def test_the_batch_takes_it_in_tells_what_it_found_and_lets_go_of_the_file(office: Home, signed_in: SignedIn):
    client = signed_in("care")
    where = hand_in(client).headers["location"]
    taken(office)
    body = client.get(where).json()
    assert body["status"] == "aangenomen"
    assert body["afgehandeldOp"] > body["ontvangenOp"]
    (report,) = body["kwaliteitsrapporten"]
    assert (report["tabel"], report["rijen"], report["nieuw"]) == ("enrolments", 2, 2)
    assert kept_files(office) == []
    (stored,) = Lake(office).reports(SCHOOL)
    assert stored.delivered_at.isoformat().replace("+00:00", "Z") == body["ontvangenOp"]


def test_a_refused_file_says_where_what_and_what_to_do_and_stores_nothing(office: Home, signed_in: SignedIn):
    client = signed_in("care")
    where = hand_in(client, WRONG).headers["location"]
    taken(office)
    body = client.get(where).json()
    assert body["status"] == "geweigerd"
    (found,) = [one for one in body["kwaliteitsrapporten"][0]["bevindingen"] if one["ernst"] == "fout"]
    assert (found["regel"], found["kolom"]) == (2, "valid_from")
    assert found["melding"]
    assert found["oplossing"]
    assert kept_files(office) == []
    assert Lake(office).reports(SCHOOL) == []


def test_a_file_that_speaks_of_another_school_is_refused(office: Home, signed_in: SignedIn):
    (office.schools / f"{STRANGER}.toml").write_text(SCHOOL_FILE.format(school=STRANGER))
    client = signed_in("care")
    where = hand_in(client, OF_ANOTHER).headers["location"]
    taken(office)
    body = client.get(where).json()
    assert body["status"] == "geweigerd"
    assert SCHOOL in body["kwaliteitsrapporten"][0]["bevindingen"][0]["melding"]
    assert Lake(office).reports(STRANGER) == []


def test_a_file_of_a_school_without_settings_is_refused(office: Home, signed_in: SignedIn):
    (office.schools / f"{SCHOOL}.toml").unlink()
    (office.schools / f"{STRANGER}.toml").write_text(SCHOOL_FILE.format(school=STRANGER))
    client = signed_in("care")
    where = hand_in(client, OF_ANOTHER).headers["location"]
    taken(office)
    body = client.get(where).json()
    assert body["status"] == "geweigerd"
    assert "schoolbestand" in body["kwaliteitsrapporten"][0]["bevindingen"][0]["melding"]
    assert str(office.root) not in str(body)  # where things stand here is nobody else's business
    assert Lake(office).reports(STRANGER) == []


def test_the_same_file_again_is_the_same_delivery(office: Home, signed_in: SignedIn):
    client = signed_in("care")
    first = hand_in(client).json()["id"]
    assert hand_in(client).json()["id"] == first
    assert len(kept_files(office)) == 1
    taken(office)
    again = hand_in(client).json()
    assert (again["id"], again["status"]) == (first, "aangenomen")
    assert kept_files(office) == []


def test_what_was_refused_or_taken_in_long_ago_may_come_again(office: Home, signed_in: SignedIn, engine: Engine):
    client = signed_in("care")
    refused, accepted = hand_in(client, WRONG).json()["id"], hand_in(client).json()["id"]
    taken(office)
    assert hand_in(client, WRONG).json()["id"] != refused
    with db.transaction(engine) as session:
        session.execute(update(DeliveryRow).values(received_at=now() - inbox.REPEAT))
    assert hand_in(client).json()["id"] != accepted


def test_the_same_bytes_as_another_kind_are_another_delivery(office: Home, signed_in: SignedIn):
    client = signed_in("care")
    assert hand_in(client).json()["id"] != hand_in(client, soort="names").json()["id"]
    assert len(kept_files(office)) == 2


def test_who_may_hand_in_what_for_whom(office: Home, signed_in: SignedIn):
    assert hand_in(signed_in("mentor")).status_code == 403
    assert hand_in(signed_in("data_team")).status_code == 403
    assert hand_in(signed_in("privacy_officer")).status_code == 403
    theirs, nobodys = hand_in(signed_in("stranger")), hand_in(signed_in("stranger"), school="99ZZ99")
    assert (theirs.status_code, theirs.json()) == (404, nobodys.json())
    assert kept_files(office) == []


@pytest.mark.parametrize(("who", "status"), [("stranger", 404), ("mentor", 403), ("privacy_officer", 403)])
def test_a_delivery_of_another_school_is_not_there(office: Home, signed_in: SignedIn, who: str, status: int):
    del office
    where = hand_in(signed_in("care")).headers["location"]
    assert signed_in(who).get(where).status_code == status
    if status == 404:
        assert signed_in(who).get(ADDRESS).json()["leveringen"] == []
        theirs, nothing = signed_in(who).get(where).json(), signed_in(who).get(f"{ADDRESS}/niets").json()
        assert theirs.pop("instance") != nothing.pop("instance")
        assert theirs == nothing
    assert signed_in("data_team").get(where).status_code == 200


def test_deliveries_are_listed_newest_first_page_by_page(office: Home, signed_in: SignedIn, engine: Engine):
    del office
    client = signed_in("care")
    made = [hand_in(client, PUPILS + b"\n" * number).json()["id"] for number in range(5)]
    with db.transaction(engine) as session:  # two in the very same moment: the page between them loses neither
        moment = session.scalar(select(DeliveryRow.received_at).where(DeliveryRow.id == made[3]))
        session.execute(update(DeliveryRow).where(DeliveryRow.id == made[2]).values(received_at=moment))
    seen, address = [], f"{ADDRESS}?aantal=2&school={SCHOOL}"
    while address:
        page = client.get(address).json()
        seen.append([one["id"] for one in page["leveringen"]])
        address = page["_links"].get("volgende", {}).get("href")
    assert [len(page) for page in seen] == [2, 2, 1]
    together = [one for page in seen for one in page]
    assert sorted(together) == sorted(made)
    assert (together[0], together[-2:]) == (made[4], [made[1], made[0]])


def test_everything_that_is_wrong_is_said_at_once(office: Home, signed_in: SignedIn):
    answer = hand_in(signed_in("care"), school="!", soort="vakantiefotos", formaat="exe")
    assert answer.status_code == 400
    assert {one["naam"] for one in answer.json()["fouten"]} == {"school", "soort", "formaat"}
    assert hand_in(signed_in("care"), b"").status_code == 400
    form = signed_in("care").post(f"{ADDRESS}?school={SCHOOL}&soort=names&formaat=csv", data={"a": "b"}, headers=OWN)
    assert form.status_code == 415
    assert kept_files(office) == []


def test_an_upload_that_breaks_off_leaves_nothing(office: Home, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch):
    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("service.inbox.Arriving.settle", full)
    assert hand_in(signed_in("care")).status_code == 500
    assert kept_files(office) == []
    assert signed_in("care").get(ADDRESS).json()["leveringen"] == []


def test_a_file_without_its_row_is_swept_once_it_is_old(
    office: Home, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
):
    def killed(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("service.db.next_change", killed)  # after the file was put there, before its row
        assert hand_in(signed_in("care")).status_code == 500
    (orphan,) = kept_files(office)
    hand_in(signed_in("care"), PUPILS + b"\n")
    (waiting,) = set(kept_files(office)) - {orphan}
    for file in (orphan, waiting):
        os.utime(file, (0, 0))
    engine = db.connect(office.database_url)
    batch.sweep(engine, office.root)
    engine.dispose()
    assert kept_files(office) == [waiting]


def test_a_crash_in_the_middle_leaves_it_waiting_and_nothing_is_stored_twice(
    office: Home, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
):
    client = signed_in("care")
    where = hand_in(client).headers["location"]

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pipelines.inbox.finish", killed)  # after the rows were stored
        with pytest.raises(KeyboardInterrupt):
            taken(office)
    assert client.get(where).json()["status"] == "ontvangen"
    taken(office)
    assert client.get(where).json()["status"] == "aangenomen"
    assert Lake(office).scan("enrolments").collect().height == 2


def test_a_flaw_of_ours_in_one_delivery_does_not_stop_the_next(
    office: Home, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    client = signed_in("care")
    first, second = hand_in(client).headers["location"], hand_in(client, PUPILS + b"\n").headers["location"]
    ingest, calls = pipelines.ingest.ingest, []

    def fails_once(*arguments: object, **said: object) -> object:
        calls.append(arguments)
        if len(calls) == 1:
            raise ZeroDivisionError
        return ingest(*arguments, **said)

    monkeypatch.setattr("pipelines.ingest.ingest", fails_once)
    taken(office)
    assert [client.get(one).json()["status"] for one in (first, second)] == ["mislukt", "aangenomen"]
    assert "opnieuw" in client.get(first).json()["kwaliteitsrapporten"][0]["bevindingen"][0]["oplossing"]
    assert kept_files(office) == []
    assert "ZeroDivisionError" in caplog.text


def test_while_the_school_is_imported_otherwise_it_goes_on_waiting(office: Home, signed_in: SignedIn):
    client = signed_in("care")
    where = hand_in(client).headers["location"]
    with locked(office, SCHOOL), pytest.raises(StorageError, match="er loopt al een import"):
        taken(office)
    assert client.get(where).json()["status"] == "ontvangen"
    taken(office)
    assert client.get(where).json()["status"] == "aangenomen"


def test_a_delivery_whose_file_is_gone_says_so(office: Home, signed_in: SignedIn):
    client = signed_in("care")
    where = hand_in(client).headers["location"]
    kept_files(office)[0].unlink()
    taken(office)
    assert client.get(where).json()["status"] == "mislukt"


def test_deliveries_are_taken_in_oldest_first(office: Home, signed_in: SignedIn, engine: Engine):
    older, newer = hand_in(signed_in("care")).json()["id"], hand_in(signed_in("care"), WRONG).json()["id"]
    with db.transaction(engine) as session:
        earlier = now() - timedelta(hours=1)
        session.execute(update(DeliveryRow).where(DeliveryRow.id == newer).values(received_at=earlier))
    assert [one.delivery.id for one in taken(office)] == [newer, older]


def test_one_process_at_a_time_and_it_is_known_when_there_is_none(office: Home, signed_in: SignedIn):
    assert unattended(office) == 0
    hand_in(signed_in("care"))
    assert unattended(office) == 1
    with attended(office):
        assert unattended(office) == 0
        with pytest.raises(StorageError, match="er draait al"), attended(office):
            pass


def test_the_command_takes_in_what_waits_and_ends_with_3_where_one_was_refused(
    office: Home, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AANWEZIG_HOME", str(office.root))
    monkeypatch.setenv("AANWEZIG_DATABASE_URL", office.database_url)
    hand_in(signed_in("care"))
    assert CliRunner().invoke(commands, ["inbox"]).exit_code == 0
    hand_in(signed_in("care"), WRONG)
    done = CliRunner().invoke(commands, ["inbox"])
    assert done.exit_code == 3
    assert "valid_from" in done.output


def test_watching_goes_on_after_something_that_will_pass(
    office: Home, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AANWEZIG_HOME", str(office.root))
    monkeypatch.setenv("AANWEZIG_DATABASE_URL", office.database_url)
    where = hand_in(signed_in("care")).headers["location"]
    rounds = []
    lock = locked(office, SCHOOL)
    lock.__enter__()

    def slept(seconds: float) -> None:
        rounds.append(seconds)
        if len(rounds) == 1:
            lock.__exit__(None, None, None)
        else:
            raise KeyboardInterrupt

    # The command's own clock alone: other threads of this process, such as Spark's, sleep too.
    monkeypatch.setattr("pipelines.inbox_commands.time", SimpleNamespace(sleep=slept))
    CliRunner().invoke(commands, ["inbox", "--watch", "5"])
    assert rounds == [5.0, 5.0]
    assert signed_in("care").get(where).json()["status"] == "aangenomen"


def test_what_may_be_handed_in_is_what_the_readers_know():
    assert {one.value for one in Kind} == {start for files in _FILES.values() for start in files}
    assert {f".{one}" for one in Format} == set(EXTENSIONS) <= SUFFIXES
