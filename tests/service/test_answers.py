"""Every route guarded, every answer with its headers, every error told to whom it concerns."""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import pytest
from conftest import CAST, OWN, Client, SignedIn
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sample_lists import SCHOOL, on_list, weekly_list
from sqlalchemy import Engine, select
from starlette.routing import BaseRoute

import service
from service import db, lists, openapi
from service.app import create_app
from service.front import headers
from service.settings import Mode, Settings
from service.tables import ListRow, SignalRow

OPEN_TO_ALL = {
    ("GET", "/aanmelden"),
    ("POST", "/aanmelden"),
    ("POST", "/aanmelden/begin"),
    ("GET", "/aanmelden/terug"),
    ("POST", "/aanmelden/rol"),
    ("POST", "/afmelden"),
    ("POST", "/oauth/token"),
    ("GET", "/.well-known/oauth-authorization-server"),
    ("GET", "/.well-known/jwks.json"),
    ("GET", "/api/v1/gezondheid"),
    ("GET", "/api/v1/gezondheid/levend"),
    ("GET", "/metrics"),
    ("GET", "/api/v1/docs"),
}
"""Routes without a viewer, each for a reason: one cannot be signed in to sign in, or ill to be asked for health."""

PACKAGE = Path(service.__file__).parent
HEAVY = ("sklearn", "mlflow", "shap", "great_expectations", "pyspark", "interpret", "pandas", "polars", "alembic")


def walk(routes: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    """The routes themselves, out of the routers they were included from."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        if isinstance(route, APIRoute):
            yield route
        elif inner is not None:
            yield from walk(inner.routes)


def every_route(app: FastAPI) -> set[tuple[str, str]]:
    return {(method, route.path) for route in walk(app.routes) for method in route.methods}


def asked_of(method: str, path: str) -> dict[str, object]:
    """The example that is documented for it, so that nothing but the asking itself is refused."""
    described = openapi.document()["paths"].get(path.removeprefix("/api/v1"), {}).get(method.lower(), {})
    asked = {
        one["name"]: one["example"]
        for one in described.get("parameters", [])
        if one["required"] and one["in"] == "query"
    }
    body = described.get("requestBody", {}).get("content", {}).get("application/json")
    return {"params": asked} if body is None else {"params": asked, "json": body["example"]}


def test_every_route_asks_who_is_there(app: FastAPI, visitor: Client):
    routes = every_route(app)
    assert len(routes) >= 12
    for method, path in routes - OPEN_TO_ALL:
        answer = visitor.request(
            method, re.sub(r"{\w+}", "x", path), headers=OWN | {"if-match": '"1"'}, **asked_of(method, path)
        )
        if path.startswith("/api/"):
            assert answer.status_code == 401, path
            assert answer.json()["title"] == "Niet aangemeld"
        elif method == "POST":  # a form from a page that was somebody's before
            assert answer.status_code in {400, 401}, path
        else:
            assert answer.status_code == 303, path
            assert answer.headers["location"].startswith("/aanmelden?naar=")
        assert "Het Baken" not in answer.text


def test_a_stranger_gets_nothing_of_a_school_from_any_route(app: FastAPI, signed_in: SignedIn, engine: Engine):
    with db.transaction(engine) as session:
        list_id = session.scalar(select(ListRow.id).where(ListRow.school == SCHOOL))
        signal_id = session.scalar(select(SignalRow.id).where(SignalRow.school == SCHOOL))
    with_id = {(method, path) for method, path in every_route(app) if "{" in path}
    assert with_id
    for who in ("stranger", "privacy_officer"):
        for method, path in with_id:
            known = {"list_id": list_id, "signal_id": signal_id}
            address = re.sub(r"{(\w+)}", lambda found: known.get(found[1], "x"), path)  # noqa: B023 - used at once
            assert signed_in(who).request(method, address).status_code in {403, 404}, (who, path)


ADDRESSES = (
    "/weeklijst",
    "/uitleg",
    "/aanmelden",
    "/bestaat-niet",
    "/logboek",
    "/weeklijst?week=morgen",
    "/api/v1/weeklijsten",
    "/api/v1/weeklijsten?week=morgen",
    "/api/v1/gezondheid",
    "/api/v1/openapi.json",
    "/api/v1/bestaat-niet",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_answer_has_the_strict_headers(signed_in: SignedIn, address: str):
    answer = signed_in("care").get(address)
    for name, value in headers.ALWAYS.items():
        if address != headers.OPENAPI or name != "Cross-Origin-Resource-Policy":
            assert answer.headers[name] == value
    assert answer.headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in answer.headers
    assert answer.headers.get("api-version") == ("1.0.0" if address.startswith("/api/") else None)


def test_the_policy_allows_no_script_and_no_other_host():
    policy = headers.CONTENT_SECURITY_POLICY
    assert policy.startswith("default-src 'none'")
    assert not [word for word in ("script", "unsafe", "http", "*", "data:") if word in policy]


def test_in_production_the_browser_is_kept_to_https_and_the_cookie_to_this_host(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 's.db'}"
    app = create_app(Settings(mode=Mode.PRODUCTION, home=tmp_path, database_url=url, public_url="https://a.school.nl"))
    client = Client(app)
    assert client.get("/aanmelden").headers["strict-transport-security"].startswith("max-age=31536000")
    assert "__Host-aanwezig" in client.post("/afmelden", headers=OWN).headers["set-cookie"]
    app.state.installation.engine.dispose()


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(app: FastAPI):
    cookie = Client(app).post("/aanmelden", data={"persoon": CAST["care"]}, headers=OWN).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"sec-fetch-site": "same-origin"}, 303),
        ({"origin": "http://testserver"}, 303),
        ({"sec-fetch-site": "cross-site", "origin": "http://testserver"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "http://elders.nl"}, 403),
        ({"origin": "null"}, 403),
        ({}, 403),
    ],
)
def test_a_changing_request_must_come_from_our_own_page(app: FastAPI, sent: dict[str, str], status: int):
    answer = Client(app).post("/aanmelden", data={"persoon": CAST["care"]}, headers=sent)
    assert answer.status_code == status
    assert ("set-cookie" in answer.headers) == (status == 303)


def test_static_files_may_be_kept_since_their_address_holds_their_digest(visitor: Client):
    page = visitor.get("/aanmelden").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = visitor.get(address)
    assert answer.status_code == 200
    assert "?v=" in address
    assert "immutable" in answer.headers["cache-control"]


def test_the_api_gives_the_list_and_its_signals_exactly(signed_in: SignedIn):
    client = signed_in("care")
    listed = client.get("/api/v1/weeklijsten").json()["weeklijsten"]
    assert [one["week"] for one in listed] == ["2026-11-16", "2026-11-09"]
    newest = client.get(listed[0]["_links"]["self"]["href"]).json()
    assert newest == listed[0]
    assert newest["grondslag"] == "scorekaart"
    signals = client.get(newest["_links"]["signalen"]["href"]).json()["signalen"]
    assert len(signals) == 33
    first, stored = signals[0], on_list(0)
    assert first["logOdds"] == stored.log_odds
    assert first["kans"] == stored.probability
    assert first["basis"] + sum(one["logOdds"] for one in first["bijdragen"]) == pytest.approx(first["logOdds"])
    assert first["naam"] == "Noor de Vries"
    assert first["duiding"] == "nu bespreken"
    assert [one["zekerheid"] for one in signals[:2]] == ["redelijk zeker", "onzeker"]
    assert client.get(first["_links"]["self"]["href"]).json() == first


def test_the_page_says_how_sure_a_score_is_and_nothing_where_that_is_not_known(signed_in: SignedIn):
    client = signed_in("care")
    listed = client.get("/api/v1/weeklijsten").json()["weeklijsten"]
    signals = client.get(listed[0]["_links"]["signalen"]["href"]).json()["signalen"]
    sure, unsure = (client.get(f"/leerling/{one['id']}").text for one in signals[:2])
    assert "Deze inschatting is <b>redelijk zeker</b>." in sure
    assert "Deze inschatting is <b>onzeker</b>: er waren weinig leerlingen als deze om van te leren." in unsure
    unknown = next(one for one in signals if one["zekerheid"] is None)
    assert "Deze inschatting" not in client.get(f"/leerling/{unknown['id']}").text


def test_the_api_filters_on_school_and_week(signed_in: SignedIn):
    client = signed_in("data_team")
    everything = client.get("/api/v1/weeklijsten").json()["weeklijsten"]
    assert {one["school"] for one in everything} == {"11ZZ03", "22ZZ00", "33ZZ01"}
    some = client.get("/api/v1/weeklijsten", params={"school": SCHOOL, "week": "2026-11-09"}).json()["weeklijsten"]
    assert [(one["school"], one["week"], one["voorlopig"]) for one in some] == [(SCHOOL, "2026-11-09", True)]
    none = signed_in("care").get("/api/v1/weeklijsten", params={"school": "33ZZ01"}).json()
    assert none["weeklijsten"] == []


def test_invalid_input_is_400_with_every_error_at_once(signed_in: SignedIn):
    answer = signed_in("care").get("/api/v1/weeklijsten", params={"school": "!", "week": "morgen"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert {one["naam"] for one in problem["fouten"]} == {"school", "week"}
    assert {one["plaats"] for one in problem["fouten"]} == {"query"}
    assert problem["status"] == 400
    assert problem["oplossing"]


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/api/v1/weeklijsten/", 404),
        ("GET", "/api/v1/niets", 404),
        ("DELETE", "/api/v1/weeklijsten", 405),
        ("GET", "/api/v1/weeklijsten/geen.geldig.id", 400),
    ],
)
def test_errors_of_the_api_are_problems(signed_in: SignedIn, method: str, address: str, status: int):
    answer = signed_in("care").request(method, address, headers=OWN)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "instance"} <= set(answer.json())


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/bestaat-niet", 404, "Dit adres bestaat niet."),
        ("/weeklijst/", 404, "Dit adres bestaat niet."),
        ("/leerling/niets", 404, "deze leerling niet vinden"),
        ("/weeklijst?week=morgen", 400, "Dit verzoek klopt niet."),
        ("/weeklijst?school=33ZZ01", 404, "deze weeklijst niet vinden"),
        ("/logboek", 403, "kunt u deze gegevens niet inzien"),
    ],
)
def test_errors_of_the_page_are_a_page_that_helps(signed_in: SignedIn, address: str, status: int, words: str):
    answer = signed_in("care").get(address)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert words in answer.text
    assert "Traceback" not in answer.text


NO_DATA = "Er zijn geen gegevens, dus ook geen lijst."


@pytest.mark.parametrize(
    ("changes", "said", "not_said"),
    [
        ({"signals": (), "gone": (), "data_moment": None}, NO_DATA, "staat niemand op de lijst"),
        (
            {"signals": (), "gone": (), "pupils_considered": 0},
            "Er zijn geen ingeschreven leerlingen bekend",
            "staat niemand",
        ),
        ({"signals": (), "gone": ()}, "Deze week staat niemand op de lijst.", NO_DATA),
        ({"provisional": True}, "Voorlopig:", NO_DATA),
        ({"basis": "rules", "basis_reason": "Te kort."}, "Deze lijst staat op regels, niet op een score.", NO_DATA),
        ({"week": date(2026, 3, 2)}, "Dit is niet de lijst van deze week.", NO_DATA),
        (None, "Er is nog geen lijst", "staat niemand op de lijst"),
    ],
)
def test_a_list_says_plainly_what_it_lacks(tmp_path: Path, changes: dict[str, object] | None, said: str, not_said: str):
    url = f"sqlite:///{tmp_path / 'service.db'}"
    engine = lists.open_database(url)
    if changes is not None:
        lists.publish(engine, weekly_list(**changes), names=(), by="test")
    app = create_app(Settings(mode=Mode.DEMO, home=tmp_path, database_url=url))
    client = Client(app)
    who = "datateam" if changes is None else CAST["care"]
    client.post("/aanmelden", data={"persoon": who}, headers=OWN)
    page = client.get("/weeklijst").text
    assert said in page
    assert not_said not in page
    engine.dispose()
    app.state.installation.engine.dispose()


def test_a_week_without_a_list_is_said_and_the_newest_is_shown(signed_in: SignedIn):
    page = signed_in("care").get("/weeklijst?week=2020-01-06").text
    assert "Voor de week van 6 januari 2020 heeft deze school geen lijst." in page
    assert "Week van maandag 16 november 2026" in page


def test_an_unexpected_error_tells_nothing_of_itself_and_keeps_the_headers(
    signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def fail(*_: object, **__: object) -> None:
        message = "geheim"
        raise RuntimeError(message)

    monkeypatch.setattr("service.reading.heads", fail)
    for address, media_type in (("/weeklijst", "text/html"), ("/api/v1/weeklijsten", "application/problem+json")):
        answer = signed_in("care").get(address)
        assert answer.status_code == 500
        assert answer.headers["content-type"].startswith(media_type)
        assert answer.headers["content-security-policy"] == headers.CONTENT_SECURITY_POLICY
        assert "geheim" not in answer.text
    assert "unexpected error" in caplog.text
    assert "geheim" not in caplog.text


def test_the_openapi_is_open_to_all_and_describes_what_is_answered(visitor: Client):
    answer = visitor.get("/api/v1/openapi.json")
    assert answer.headers["access-control-allow-origin"] == "*"
    described = answer.json()
    text = json.dumps(described)
    assert "422" not in text
    assert "HTTPValidationError" not in text
    for path in described["paths"].values():
        for operation in path.values():
            for answer in operation["responses"].values():
                assert "API-Version" in answer["headers"]
    references = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert references <= set(described["components"]["schemas"])


def test_health_tells_ready_from_alive(visitor: Client, monkeypatch: pytest.MonkeyPatch):
    assert visitor.get("/api/v1/gezondheid").json() == {"status": "gereed", "databank": "bereikbaar"}
    monkeypatch.setattr(db, "HEAD", "9999")
    answer = visitor.get("/api/v1/gezondheid")
    assert (answer.status_code, answer.json()["detail"]) == (503, "De databank is verouderd.")


def test_the_service_starts_without_any_heavy_library(tmp_path: Path):
    lists.open_database(f"sqlite:///{tmp_path / 'service.db'}").dispose()
    code = (
        "import sys; from service.app import create_app; create_app(); "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    environment = {"AANWEZIG_MODE": "demo", "AANWEZIG_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_words_that_label_a_child_are_on_no_page():
    texts = [one.read_text().lower() for one in (PACKAGE / "templates").rglob("*.html")]
    assert len(texts) >= 8
    for word in ("risicoleerling", "spijbel", "probleemgeval", "verdacht", "voorspel", "thuiszitter"):
        assert not [text for text in texts if word in text]
