"""Figures for Prometheus: how much is asked and how long it takes, and nothing about anybody."""

import re
from pathlib import Path

import httpx
import pytest
from conftest import CAST, OWN, Client, SignedIn
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from sample_lists import SCHOOL
from sqlalchemy import Engine, select

from data_contracts.errors import SettingsError, StorageError
from service import batch, db
from service.front import metrics
from service.settings import Settings
from service.tables import PersonRow, SignalRow

ELSEWHERE = ("192.0.2.7", 4711)


def figures(client: Client) -> dict[tuple[str, ...], float]:
    """Every figure, by its name and the values of its labels."""
    found = {}
    for family in text_string_to_metric_families(client.get("/metrics").text):
        for sample in family.samples:
            found[sample.name, *sample.labels.values()] = sample.value
    return found


def from_elsewhere(app: FastAPI, client: tuple[str, int] | None = ELSEWHERE) -> Client:
    """Somebody on another machine."""
    visitor = Client(app)
    visitor.http = httpx.AsyncClient(transport=httpx.ASGITransport(app, client=client), base_url="http://testserver")
    return visitor


def test_requests_are_counted_by_route_method_and_status(signed_in: SignedIn, visitor: Client):
    before = figures(visitor)
    signed_in("care").get("/api/v1/leveringen/niets")
    signed_in("care").get("/api/v1/leveringen/iets")
    signed_in("care").get("/bestaat/niet")
    after = figures(visitor)

    def more(*key: str) -> float:
        return after.get(key, 0) - before.get(key, 0)

    assert more("aanwezig_requests_total", "GET", "/api/v1/leveringen/{delivery_id}", "404") == 2
    assert more("aanwezig_requests_total", "GET", "other", "404") == 1
    assert more("aanwezig_request_seconds_count", "GET", "/api/v1/leveringen/{delivery_id}") == 2
    assert after[("aanwezig_requests_running",)] == 1  # the one that asks


def test_no_figure_says_anything_about_anybody(signed_in: SignedIn, visitor: Client, engine: Engine):
    with db.transaction(engine) as session:
        row = session.scalars(select(SignalRow).where(SignalRow.school == SCHOOL)).first()
        person = session.scalars(select(PersonRow.id)).all()
    client = signed_in("care")
    client.get(f"/api/v1/signalen/{row.id}?geheim={row.pupil}")
    client.get(f"/leerling/{row.id}")
    client.get(f"/{row.pupil}")
    client.request("GEHEIM", "/weeklijst")
    text = visitor.get("/metrics").text
    assert "/api/v1/signalen/{signal_id}" in text
    for secret in (row.id, row.pupil, SCHOOL, "geheim", "GEHEIM", CAST["care"], *person):
        assert secret not in text


def test_what_waits_is_told(visitor: Client, signed_in: SignedIn):
    assert figures(visitor)[("aanwezig_deliveries_waiting",)] == 0
    parameters = {"school": SCHOOL, "soort": "names", "formaat": "csv"}
    kind = {"content-type": "application/octet-stream"}
    signed_in("care").post("/api/v1/leveringen", params=parameters, content=b"x", headers=OWN | kind)
    after = figures(visitor)
    assert after[("aanwezig_deliveries_waiting",)] == 1
    assert 0 < after[("aanwezig_deliveries_waiting_seconds",)] < 60


def test_a_database_that_is_away_hides_no_other_figure(visitor: Client, monkeypatch: pytest.MonkeyPatch):
    def away(_: Engine) -> None:
        message = "weg"
        raise StorageError(message)

    monkeypatch.setattr(batch, "waiting", away)
    text = visitor.get("/metrics").text
    assert "aanwezig_requests_total" in text
    assert "aanwezig_deliveries" not in text


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_without_a_token_only_this_machine_may_ask_and_not_for_another(app: FastAPI, visitor: Client, header: str):
    assert visitor.get("/metrics").status_code == 200
    assert visitor.get("/metrics", headers={header: "192.0.2.7"}).status_code == 403
    assert from_elsewhere(app).get("/metrics").status_code == 403
    assert from_elsewhere(app, None).get("/metrics").status_code == 403


def test_with_a_token_whoever_has_it_may_ask_and_nobody_else(
    app: FastAPI, visitor: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(app.state, "metrics_token", "t" * 32)
    right, wrong = {"authorization": "Bearer " + "t" * 32}, {"authorization": "Bearer " + "t" * 31}
    assert from_elsewhere(app).get("/metrics", headers=right).status_code == 200
    assert from_elsewhere(app).get("/metrics", headers=wrong).status_code == 403
    assert visitor.get("/metrics").status_code == 403


def test_the_token_comes_from_a_file_that_holds_a_secret(tmp_path: Path):
    file = tmp_path / "token"
    file.write_text("s" * 32 + "\n")
    said = {"AANWEZIG_METRICS_TOKEN_FILE": str(file), "AANWEZIG_HOME": str(tmp_path)}
    assert metrics.token_of(Settings.from_environment(said).metrics_token_file) == "s" * 32
    assert metrics.token_of(Settings.from_environment({}).metrics_token_file) is None
    for content in ("kort", ""):
        file.write_text(content)
        with pytest.raises(SettingsError, match=re.escape(str(file))):
            metrics.token_of(file)
    with pytest.raises(SettingsError, match="niet te lezen"):
        metrics.token_of(tmp_path / "is-er-niet")


def test_alive_asks_nothing_of_the_database(visitor: Client, monkeypatch: pytest.MonkeyPatch):
    def away(_: Engine) -> None:
        message = "weg"
        raise StorageError(message)

    monkeypatch.setattr(db, "revision", away)
    assert visitor.get("/api/v1/gezondheid").status_code == 503
    answer = visitor.get("/api/v1/gezondheid/levend")
    assert (answer.status_code, answer.json()) == (200, {"status": "levend"})
