"""What an error tells, and to whom: outside no path, no address and no value; in the log what the operator needs, and no value."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Client, SignedIn
from sample_lists import SCHOOL, pupil
from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import IntegrityError, OperationalError

from data_contracts.errors import ERRORS, IN_THE_LOG, SettingsError, StorageError
from data_contracts.frames import frames
from data_contracts.weekly_list import Signal
from service import batch, db
from service.settings import Settings
from service.tables import SealedNameRow, SignalRow

VALUE = "geheime-waarde"


def broken(engine: Engine) -> None:
    """Write the same pupil's name twice."""
    row = {"school": SCHOOL, "pupil": VALUE, "sealed": VALUE}
    with db.transaction(engine) as session:
        session.execute(insert(SealedNameRow), [row])
        session.execute(insert(SealedNameRow), [row])


def test_what_is_for_the_operator_alone_is_told_outside_as_that():
    for kind in ERRORS:
        error = kind("/srv/aanwezig/x.toml: fout", remedy="Herstel /srv/aanwezig/x.toml.")
        told = error.for_outside()
        assert ("/srv" in str(error), told.status, told.title) == (True, error.status, error.title)
        assert ("/srv" in str(told)) == (kind not in {SettingsError, StorageError})
    safe = StorageError("De databank is verouderd.", is_inside=False)
    assert safe.for_outside() is safe


@pytest.mark.parametrize("text", ["geen toml", "contact = 1"])
def test_a_wrong_setting_shows_its_file_in_the_log_and_not_on_the_page(
    signed_in: SignedIn, settings: Settings, engine: Engine, caplog: pytest.LogCaptureFixture, text: str
):
    with db.transaction(engine) as session:
        signal = session.scalars(select(SignalRow.id).where(SignalRow.pupil == pupil(0))).first()
    file = settings.home / "contacts.toml"
    file.write_text(text, encoding="utf-8")
    try:
        answer = signed_in("care").get(f"/leerling/{signal}/ouders")
    finally:
        file.unlink()
    assert answer.status_code == 500
    assert IN_THE_LOG in answer.text
    assert str(settings.home) not in answer.text
    assert str(file) in caplog.text


def test_so_does_the_file_of_a_school_that_somebody_broke(
    signed_in: SignedIn, settings: Settings, caplog: pytest.LogCaptureFixture
):
    file = settings.home / "schools" / f"{SCHOOL}.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text("geen toml", encoding="utf-8")
    try:
        page = signed_in("administrator").get(f"/beheer/school?school={SCHOOL}").text
    finally:
        file.unlink()
    assert IN_THE_LOG in page
    assert str(settings.home) not in page
    assert str(file) in caplog.text


def test_and_a_list_that_could_not_be_made(tmp_path: Path):
    batch.note_list(tmp_path, SCHOOL, SettingsError(f"{tmp_path}/schools/x.toml: fout"))
    told = batch.why_unlisted(tmp_path, SCHOOL)
    assert told is not None
    assert told.detail == IN_THE_LOG


def test_a_database_that_is_away_keeps_its_address_to_itself(
    signed_in: SignedIn, engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    gone = OperationalError("SELECT 1", None, Exception("away"))

    def away(*_: object, **__: object) -> None:
        raise gone

    monkeypatch.setattr("service.reading.heads", away)
    answer = signed_in("care").get("/api/v1/weeklijsten")
    assert (answer.status_code, answer.json()["detail"]) == (503, IN_THE_LOG)
    assert engine.url.database not in answer.text
    assert engine.url.database in caplog.text


def test_of_two_at_once_the_second_is_told_so_and_nobody_reads_of_whom(
    signed_in: SignedIn, engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    with pytest.raises(IntegrityError) as refused:
        broken(engine)

    def second(*_: object, **__: object) -> None:
        raise refused.value

    monkeypatch.setattr("service.reading.heads", second)
    for address, media_type in (("/weeklijst", "text/html"), ("/api/v1/weeklijsten", "application/problem+json")):
        answer = signed_in("care").get(address)
        assert answer.status_code == 409
        assert answer.headers["content-type"].startswith(media_type)
        assert VALUE not in answer.text
    assert "two requests at once" in caplog.text
    assert VALUE not in caplog.text


def test_what_fails_in_the_database_is_told_without_what_was_to_be_stored(engine: Engine):
    with pytest.raises(IntegrityError) as raised:
        broken(engine)
    assert raised.value.hide_parameters
    assert "SQL parameters hidden" in str(raised.value)
    assert VALUE not in frames(raised.value)


def invalid() -> None:
    Signal.model_validate({"pupil": VALUE})


@pytest.mark.parametrize("fail", [lambda: {}[VALUE], invalid], ids=["a key", "a stored signal"])
def test_an_error_that_nobody_expected_is_in_the_log_by_where_it_came_from(
    signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fail: Callable[[], object]
):
    monkeypatch.setattr("service.reading.heads", lambda *_, **__: fail())
    with caplog.at_level(logging.INFO):
        client: Client = signed_in("care")
        assert client.get("/weeklijst").status_code == 500
    assert "service/pages/week.py" in caplog.text
    assert "Error, from:" in caplog.text
    assert VALUE not in caplog.text
