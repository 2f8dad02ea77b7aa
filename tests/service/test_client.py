"""The typed client: it can do all that the OpenAPI document describes, only that, and does it against the application."""

import asyncio
import inspect
import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import httpx
import polars as pl
import pytest
from fastapi import FastAPI
from joserfc.jwk import ECKey
from pydantic.alias_generators import to_snake
from sample_lists import SCHOOL, WEEK
from sqlalchemy import Engine

from service import openapi
from service.api.resources import Signalen
from service.api.signals import Zoekvraag
from service.client import calling
from service.client.calling import ApiError, Caller
from service.client.client_tokens import Tokens, by_key, by_secret
from service.client.methods import Client, frame
from service.settings import DEMO_URL
from service.who import accounts
from service.who.access import Access

CARE = Access.of("care_coordinator", schools=[SCHOOL])
ALLIANCE = Access.of("alliance", schools=[SCHOOL, "22ZZ00", "33ZZ01"])
SAMPLES = {"date": date(2026, 11, 16), "datetime": datetime(2026, 11, 15, 17, tzinfo=UTC), "str": "x", "int": 5}


def operations() -> Iterator[tuple[str, str, dict]]:
    for path, item in openapi.document()["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def over(handler: object) -> Client:
    """A client whose requests `handler` answers."""
    api = Client("http://testserver", by_secret("a", "b"))
    api.http = httpx.Client(transport=httpx.MockTransport(handler), base_url="http://testserver")
    return api


def argument(parameter: inspect.Parameter, operation: dict) -> object:
    """A value for one argument of a method, of the type that it asks for; a body is the documented example."""
    kind = parameter.annotation
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if inspect.isclass(kind) and hasattr(kind, "model_validate"):
        return kind.model_validate(body["example"])
    if "Mapping" in str(kind):
        return body["example"] if "example" in body else next(iter(body["examples"].values()))["value"]
    if kind is bytes:
        return b"x"
    name = next(one for one in ("datetime", "date", "int", "str") if re.search(rf"\b{one}\b", str(kind)))
    return SAMPLES[name]


@pytest.mark.parametrize(("method", "path", "operation"), list(operations()), ids=lambda one: str(one)[:40])
def test_every_operation_has_a_method_that_asks_just_that(method: str, path: str, operation: dict):
    call = getattr(Client, to_snake(operation["operationId"]), None)
    assert call is not None, f"{operation['operationId']} is missing in the client"
    seen: list[httpx.Request] = []

    def answered(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        good = next(one for status, one in operation["responses"].items() if status.startswith("2"))
        content = good.get("content", {}).get("application/json", {})
        return httpx.Response(200, json=content.get("example"), headers={"ETag": '"1"'})

    given = {
        name: argument(one, operation)
        for name, one in inspect.signature(call, eval_str=True).parameters.items()
        if name != "self"
    }
    call(over(answered), **given)
    (request,) = seen
    assert request.method == method
    assert re.fullmatch("/api/v1" + re.sub(r"\{\w+\}", "[^/]+", path), request.url.path)
    parameters = operation.get("parameters", [])
    assert set(request.url.params) == {one["name"] for one in parameters if one["in"] == "query"}
    assert {one["name"] for one in parameters if one["in"] == "header"} <= set(request.headers)


def test_the_client_has_no_method_for_what_does_not_exist():
    known = {to_snake(operation["operationId"]) for _, _, operation in operations()}
    own = {name for name, one in vars(Client).items() if inspect.isfunction(one) and not name.startswith("_")}
    assert own - known == {"every", "pull", "download"}


@pytest.fixture(scope="module")
def program(app: FastAPI, engine: Engine, tmp_path_factory: pytest.TempPathFactory):
    """A program with the rights of a care coordinator, which proves by a signature who it is."""
    key = ECKey.generate_key("P-256")
    public = tmp_path_factory.mktemp("key") / "public.pem"
    public.write_bytes(key.as_pem(private=False))
    who = accounts.add_client(engine, by="test", name="LAS", access=CARE, public_key=public).id
    yield from connected(app, Tokens(f"{DEMO_URL}/oauth/token", by_key(who, key.as_pem(private=True))))


@pytest.fixture(scope="module")
def alliance(app: FastAPI, engine: Engine, tmp_path_factory: pytest.TempPathFactory):
    """A program of the alliance, with a secret."""
    secret = tmp_path_factory.mktemp("secret") / "swv.secret"
    who = accounts.add_client(engine, by="test", name="SWV", access=ALLIANCE, secret=secret).id
    yield from connected(app, Tokens(f"{DEMO_URL}/oauth/token", by_secret(who, secret.read_text())))


class InProcess(httpx.BaseTransport):
    """The application in this very process, for a client that waits."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def asked() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app)) as http:
                return await http.request(request.method, request.url, headers=request.headers, content=request.read())

        answer = asyncio.run(asked())
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def connected(app: FastAPI, tokens: Tokens) -> Iterator[Client]:
    api = Client(DEMO_URL, by_secret("", ""))
    with httpx.Client(transport=InProcess(app), base_url=DEMO_URL, auth=tokens) as api.http:
        yield api


def test_a_program_pulls_every_signal_and_later_only_what_is_new(program: Client):
    pages = list(program.pull())
    signals = [one for page in pages for one in page.signalen]
    assert {one.school for one in signals} == {SCHOOL}
    assert len(signals) == len({one.id for one in signals}) > 33
    again = list(program.pull(pages[-1].links["bijgewerkt"].href))
    assert [page.signalen for page in again] == [[]]


def test_it_follows_pages_and_reads_one_signal_with_its_history(program: Client):
    pages = list(program.every(program.weekly_lists(amount=1)))
    (newest, before) = [one for page in pages for one in page.weeklijsten]
    assert (newest.week, before.school) == (WEEK, SCHOOL)
    first = program.signals_on_list(newest.id, amount=1).signalen[0]
    assert program.signal(first.id) == first
    assert program.search_signals(Zoekvraag(leerling=first.leerling, weken=[WEEK])).signalen == [first]
    assert program.signal_history(first.id).links["signaal"].href.endswith(first.id)


def test_a_region_of_this_week_is_a_data_frame(alliance: Client):
    table = frame(alliance.region(week=WEEK).scholen)
    assert isinstance(table, pl.DataFrame)
    assert {"school", "schoolnaam", "opLijst"} <= set(table.columns)
    assert len(table) == 3


def test_everything_at_once_goes_to_a_file(program: Client, tmp_path: Path):
    program.download(tmp_path / "signalen.parquet")
    assert set(pl.read_parquet(tmp_path / "signalen.parquet")["school"]) == {SCHOOL}
    program.download(tmp_path / "signalen.csv", form="text/csv", since=datetime(2020, 1, 1, tzinfo=UTC))
    assert len(pl.read_csv(tmp_path / "signalen.csv")) > 33


def test_what_the_service_refuses_is_told_with_every_field(program: Client):
    with pytest.raises(ApiError) as refused:
        program.weekly_lists(school="!", amount=1000)
    assert {one.naam for one in refused.value.problem.fouten} == {"school", "aantal"}
    with pytest.raises(ApiError, match="404"):
        program.signal("bestaatniet")
    with pytest.raises(ApiError, match="403"):
        program.region()


@pytest.mark.parametrize("status", [429, 503])
def test_it_waits_as_long_as_the_service_asks_and_tries_again(monkeypatch: pytest.MonkeyPatch, status: int):
    waited: list[float] = []
    monkeypatch.setattr(calling, "time", SimpleNamespace(sleep=waited.append))
    answers = iter(
        [httpx.Response(status, headers={"Retry-After": "7"}), httpx.Response(status), httpx.Response(200, json=EMPTY)]
    )
    api = over(lambda _: next(answers))
    assert api.signals().signalen == []
    assert waited == [7.0, 1.0]


def test_it_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(calling, "time", SimpleNamespace(sleep=lambda _: None))
    tried: list[int] = []

    def busy(_: httpx.Request) -> httpx.Response:
        tried.append(1)
        problem = {"title": "Te druk", "status": 503, "detail": "Probeer het later.", "instance": "/"}
        return httpx.Response(503, json=problem)

    with pytest.raises(ApiError, match="503 Te druk"):
        Caller(httpx.Client(transport=httpx.MockTransport(busy), base_url="http://x")).follow(
            Signalen, "/api/v1/signalen"
        )
    assert len(tried) == calling.TRIES


BROKEN = {
    "nobody listens": httpx.ConnectError,
    "the connection broke off": httpx.ReadError,
    "it ended without an answer": httpx.RemoteProtocolError,
}
ASKED = [("GET", "/signalen"), ("POST", "/signalen/_zoek"), ("POST", "/scores")]


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize(("method", "path"), ASKED)
def test_a_question_is_asked_again_where_nobody_answered(
    monkeypatch: pytest.MonkeyPatch, broken: type[httpx.TransportError], method: str, path: str
):
    waited: list[float] = []
    monkeypatch.setattr(calling, "time", SimpleNamespace(sleep=waited.append))
    assert caller_that(broken, httpx.Response(200, json=EMPTY)).send(method, path).status_code == 200
    assert waited == [calling.SHORT_WAIT_S]


def test_a_change_is_sent_again_only_where_it_came_to_nobody(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(calling, "time", SimpleNamespace(sleep=lambda _: None))
    done = httpx.Response(201, json={})
    assert caller_that(httpx.ConnectError, done).send("POST", "/opvolgingen").status_code == 201
    for perhaps in (httpx.ReadError, httpx.RemoteProtocolError):
        with pytest.raises(perhaps):
            caller_that(perhaps, done).send("POST", "/opvolgingen")


def test_it_does_not_ask_for_ever_where_nobody_answers(monkeypatch: pytest.MonkeyPatch):
    waited: list[float] = []
    monkeypatch.setattr(calling, "time", SimpleNamespace(sleep=waited.append))
    with pytest.raises(httpx.ConnectError):
        caller_that(*[httpx.ConnectError] * calling.TRIES, httpx.Response(200, json=EMPTY)).send("GET", "/signalen")
    assert len(waited) == calling.TRIES - 1


def caller_that(*happens: type[httpx.TransportError] | httpx.Response) -> Caller:
    """A caller whose requests meet one of these after the other."""
    coming = iter(happens)

    def meet(request: httpx.Request) -> httpx.Response:
        one = next(coming)
        if isinstance(one, httpx.Response):
            return one
        gone = one.__name__
        raise one(gone, request=request)

    return Caller(httpx.Client(transport=httpx.MockTransport(meet), base_url="http://x"))


def test_a_token_is_asked_for_once_and_again_when_it_is_refused():
    asked: list[str] = []
    refusals = iter([False, False, True, False])

    def answered(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            asked.append(request.content.decode())
            return httpx.Response(200, json={"access_token": f"t{len(asked)}", "expires_in": 600})
        assert request.headers["authorization"] == f"Bearer t{len(asked)}"
        return httpx.Response(401 if next(refusals) else 200, json=EMPTY)

    tokens = Tokens("http://x/oauth/token", by_secret("a", "b"), ("weeklijsten:lezen",))
    http = httpx.Client(transport=httpx.MockTransport(answered), base_url="http://x", auth=tokens)
    for _ in range(3):
        Caller(http).follow(Signalen, "/api/v1/signalen")
    assert len(asked) == 2
    assert "scope=weeklijsten%3Alezen" in asked[0]


EMPTY = json.loads('{"signalen": [], "_links": {}}')
