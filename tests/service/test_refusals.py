"""Who may ask comes before what is wrong with the question: 401, then 403, and only then what a request should look like."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from conftest import OWN, Client
from fastapi import FastAPI
from sqlalchemy import Engine
from test_matrix import EVERYONE, TABLE, filled, in_every_role

from service.app import create_app
from service.settings import Settings
from service.viewer import Role

NOTHING = {
    **dict.fromkeys(("signal", "list", "duty", "case", "follow_up", "delivery", "objection", "correction"), "niets"),
    **dict.fromkeys(("person", "grant", "client"), "niets"),
    "school": "99ZZ99",
}
WRONG = "onbekend=1&week=gisteren&school=x&aantal=0&cursor=x&gewijzigdSinds=x&naar=x&soort=x&formaat=x"
FORM = dict.fromkeys(("rol", "op", "van", "tot", "wat", "soort", "antwoord", "uitkomst", "plaats", "leerling"), "?")
PARTS = "multipart/form-data; boundary=x"
BODIES: Mapping[str, dict[str, Any]] = {
    "nothing": {},
    "no JSON": {"content": b'{"a":', "headers": {"content-type": "application/json"}},
    "another JSON": {"json": [{"onbekend": 1}]},
    "another kind": {"content": b"<a/>", "headers": {"content-type": "text/xml"}},
    "an impossible form": {"data": FORM},
    "a broken form": {"content": b"--x\r\nnaam", "headers": {"content-type": PARTS}},
}


@pytest.fixture(scope="module")
def new_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One kind of database: what is asked here is answered before anything is read or written there."""
    return f"sqlite:///{tmp_path_factory.mktemp('db') / 'service.db'}"


@pytest.fixture(scope="module")
def app(settings: Settings) -> Iterator[FastAPI]:
    """A service that minds nobody asking much."""
    (settings.home / "limits.toml").write_text("[person]\na_second = 100000\nburst = 1000000\n", encoding="utf-8")
    application = create_app(settings)
    yield application
    application.state.installation.engine.dispose()


@pytest.fixture(scope="module")
def clients(app: FastAPI, settings: Settings, engine: Engine) -> dict[Role, Client]:
    return in_every_role(app, settings, engine)


def faulty(route: tuple[str, str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What can be wrong with a request: what it is called, the address, and the rest of it."""
    method, path = route
    address = filled(TABLE[route].ask or path, NOTHING)
    more = "&" if "?" in address else "?"
    yield "a query that cannot be", f"{address}{more}{WRONG}", {}
    yield "a query with one thing too many", f"{address}{more}onbekend=1", {}
    yield "a form of answer that there is not", address, {"headers": {"accept": "image/png"}}
    if "{" in path:
        yield "an id that cannot be", address.replace("niets", "%21"), {}
    if method != "GET":
        for what, body in BODIES.items():
            yield what, address, body


def answers(client: Client, route: tuple[str, str]) -> dict[str, int]:
    return {
        what: client.request(route[0], address, **options | {"headers": OWN | options.get("headers", {})}).status_code
        for what, address, options in faulty(route)
    }


@pytest.mark.parametrize("route", TABLE, ids=" ".join)
def test_who_may_not_is_told_that_and_nothing_else(clients: dict[Role, Client], route: tuple[str, str]):
    for role in sorted(EVERYONE - TABLE[route].who):
        found = answers(clients[role], route)
        assert set(found.values()) == {403}, (role, found)


@pytest.mark.parametrize("route", TABLE, ids=" ".join)
def test_who_may_is_told_what_is_wrong(clients: dict[Role, Client], route: tuple[str, str]):
    for role in sorted(TABLE[route].who):
        found = answers(clients[role], route)
        assert not {401, 403, 500} & set(found.values()), (role, found)


@pytest.mark.parametrize("route", TABLE, ids=" ".join)
def test_who_is_not_signed_in_is_told_that_first(app: FastAPI, route: tuple[str, str]):
    found = answers(Client(app), route)
    assert set(found.values()) <= {303, 401}, found
