"""A fixed cast on a fixed set of lists, on SQLite and on a real PostgreSQL server."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet
from demo_home import names
from fastapi import FastAPI
from sample_lists import SCHOOL, STRANGER, last_weeks_list, rules_list, weekly_list
from sqlalchemy import Engine

from service import lists
from service.app import create_app
from service.settings import Mode, Settings

OWN = {"origin": "http://testserver"}
"""What a browser sends along with a form of our own page."""

CAST = {
    "care": f"zorg-{SCHOOL}",
    "stranger": f"zorg-{STRANGER}",
    "mentor": f"mentor-{SCHOOL}",
    "data_team": "datateam",
    "privacy_officer": "fg",
    "alliance": "swv",
    "attendance_officer": "leerplicht",
    "supplier": "leverancier",
    "administrator": "beheerder",
}


class Client:
    """A browser without a screen: keeps its cookies, follows nothing, asks the application in this very process."""

    def __init__(self, app: FastAPI) -> None:
        transport = httpx.ASGITransport(app)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://testserver")
        self.cookies = self.http.cookies

    def request(self, method: str, url: str, **options: object) -> httpx.Response:
        return asyncio.run(self.http.request(method, url, **options))

    def get(self, url: str, **options: object) -> httpx.Response:
        return self.request("GET", url, **options)

    def post(self, url: str, **options: object) -> httpx.Response:
        return self.request("POST", url, **options)


SignedIn = Callable[[str], Client]
"""Whoever of the cast, signed in through the page: ``signed_in("mentor")``."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of an empty database, on each engine in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('db') / 'service.db'}"
    return request.getfixturevalue("postgres").new_database()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a key for the names."""
    root = tmp_path_factory.mktemp("home")
    (root / "keys").mkdir(mode=0o700)
    (root / "keys" / "names.key").write_bytes(Fernet.generate_key())
    return root


@pytest.fixture(scope="module")
def engine(new_url: str) -> Iterator[Engine]:
    """An empty, current database."""
    opened = lists.open_database(new_url)
    yield opened
    opened.dispose()


@pytest.fixture(scope="module")
def settings(new_url: str, home: Path, engine: Engine) -> Settings:
    """A demo with the lists of three schools published."""
    fernet = Fernet((home / "keys" / "names.key").read_bytes())
    for weekly in (
        last_weeks_list(),
        weekly_list(),
        rules_list(),
        weekly_list(school=STRANGER, name="Lyceum Zuid"),
    ):
        lists.publish(engine, weekly, names=names(weekly, fernet), by="test")
    return Settings(mode=Mode.DEMO, home=home, database_url=new_url)


@pytest.fixture(scope="module")
def app(settings: Settings):
    application = create_app(settings)
    yield application
    application.state.installation.engine.dispose()


@pytest.fixture
def visitor(app: FastAPI) -> Client:
    """Somebody who is not signed in."""
    return Client(app)


@pytest.fixture(scope="module")
def signed_in(app: FastAPI):
    """Whoever of the cast, signed in through the page: ``signed_in("mentor")``."""
    clients = {}

    def of(who: str) -> Client:
        if who not in clients:
            client = Client(app)
            assert client.post("/aanmelden", data={"persoon": CAST[who]}, headers=OWN).status_code == 303
            clients[who] = client
        return clients[who]

    return of
