"""HEAD and OPTIONS: every address that knows GET knows them, and what it says that it knows it does."""

import pytest
from conftest import OWN, Client
from fastapi import FastAPI
from sample_lists import SCHOOL
from sqlalchemy import Engine, func, select
from test_matrix import TABLE, WITHOUT_A_VIEWER, every_route, filled, in_every_role
from test_refusals import NOTHING

from service import db, pulling
from service.api.bulk import FORMS
from service.settings import Settings
from service.tables import AuditRow, ListRow, SignalRow
from service.viewer import Role

GETS = [path for method, path in TABLE if method == "GET"]
ALL = "/api/v1/signalen"
TOLD_EACH_TIME = {"date", "traceparent", "set-cookie"}


@pytest.fixture(scope="module")
def clients(app: FastAPI, settings: Settings, engine: Engine) -> dict[Role, Client]:
    return in_every_role(app, settings, engine)


@pytest.fixture(scope="module")
def ids(settings: Settings, engine: Engine) -> dict[str, str]:
    assert settings.home.exists()
    with db.transaction(engine) as session:
        weekly = session.scalars(select(ListRow.id).where(ListRow.school == SCHOOL)).first()
        signal = session.scalars(select(SignalRow.id).where(SignalRow.list_id == weekly)).first()
    return NOTHING | {"school": SCHOOL, "list": weekly, "signal": signal}


def lines(engine: Engine) -> int:
    with db.transaction(engine) as session:
        return session.scalar(select(func.count()).select_from(AuditRow))


@pytest.mark.parametrize("path", GETS)
def test_head_is_get_without_its_content(clients: dict[Role, Client], ids: dict[str, str], path: str):
    rule = TABLE["GET", path]
    client, address = clients[min(rule.who)], filled(rule.ask or path, ids)
    got, headed = client.get(address), client.request("HEAD", address)
    assert (headed.status_code, headed.content) == (got.status_code, b"")
    assert headed.headers.keys() - TOLD_EACH_TIME == got.headers.keys() - TOLD_EACH_TIME
    for name in ("content-type", "etag", "cache-control"):
        assert headed.headers.get(name) == got.headers.get(name)


@pytest.mark.parametrize("form", FORMS)
def test_head_of_everything_reads_nobody(
    clients: dict[Role, Client], engine: Engine, monkeypatch: pytest.MonkeyPatch, form: str
):
    client = clients[Role.DATA_TEAM]
    got = client.get(ALL, headers={"accept": form})
    before = lines(engine)

    def not_asked(*_: object, **__: object) -> None:
        pytest.fail("a signal was read that nobody gets")

    monkeypatch.setattr(pulling, "batch", not_asked)
    headed = client.request("HEAD", ALL, headers={"accept": form})
    assert (headed.status_code, headed.content) == (200, b"")
    assert headed.headers["content-type"] == got.headers["content-type"]
    assert headed.headers["link"] == got.headers["link"]
    assert lines(engine) == before
    assert clients[Role.SUPPLIER].request("HEAD", ALL, headers={"accept": form}).status_code == 403


def test_every_address_knows_what_it_says_and_nothing_else(app: FastAPI, clients: dict[Role, Client]):
    known: dict[str, set[str]] = {}
    for method, path in every_route(app) - {("GET", "/static")}:
        known.setdefault(path, set()).add(method)
    assert known.keys() == {path for _, path in {*TABLE, *WITHOUT_A_VIEWER}} - {"/static"}
    for path, methods in known.items():
        address = filled(path.replace("{version}", "x"), NOTHING)
        expected = methods | ({"HEAD"} if "GET" in methods else set()) | {"OPTIONS"}
        told = clients[Role.CARE_COORDINATOR].request("OPTIONS", address)
        verbs = set(told.headers["allow"].split(", "))  # of every route that the address fits: `_zoek` could be an id
        assert (told.status_code, expected <= verbs) == (204, True), path
        assert ("HEAD" in verbs) == ("GET" in verbs), path
        for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} - verbs:
            refused = clients[Role.CARE_COORDINATOR].request(method, address, headers=OWN)
            assert (refused.status_code, refused.headers["allow"]) == (405, told.headers["allow"]), (method, path)
