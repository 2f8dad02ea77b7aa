"""Every page that the application has, for everybody who may see it: found in the application itself, so none is forgotten.

A new page is here as soon as `test_matrix` says who may use it.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import httpx
from conftest import OWN, Client
from demo_home import fill
from fastapi import FastAPI
from sample_lists import NAMES, SCHOOL, STRANGER, pupil, weekly_list
from sample_model import page as model_page
from sample_school import page_of
from sqlalchemy import Engine, select
from test_matrix import CARE, DONE, TABLE, TODAY, WITHOUT_A_VIEWER, filled, in_every_role, objects_of

from service import db, lists
from service.app import create_app
from service.settings import Mode, Settings
from service.tables import SignalRow
from service.viewer import Role

API = "/api/"
NOWHERE = "bestaatniet"
SUM = "leerlingen=12.500&lijst=200&rondes=5&uren=2,5&kosten=150&thuis=20000&aandeel=10"
STATES = (
    (CARE, "/weeklijst?nieuw=ja&opvolging=wacht&volgorde=naam"),
    (CARE, "/weeklijst?klas=4v1&nieuw=ja"),
    (CARE, "/leerling/{finished}"),
    (CARE, "/leerling/{below}"),
    (CARE, "/leerling/{absent}"),
    (CARE, "/leerling/{absent}/ouders"),
    (CARE, "/leerling/{objected}"),
    (CARE, "/leerling/{objected}/ouders"),
    (Role.ALLIANCE, f"/regio/rekenhulp?{SUM}"),
    (Role.ALLIANCE, "/regio/rekenhulp?leerlingen=veel"),
    (CARE, "/weeklijst"),
    (CARE, "/opvolging"),
    (CARE, "/school"),
    (CARE, "/weeklijst?week=morgen"),
    (CARE, "/bestaat-niet"),
    (Role.SUPPLIER, "/weeklijst"),
)
"""Faces of a page that the table does not ask for, by who sees them; the last are pages that say what is wrong."""


@dataclass(frozen=True)
class Page:
    """One page as one person gets it.

    ``role`` None is somebody not signed in, ``form`` what was posted to get it, ``told`` what it says without its ids: of
    pages that say the same one is looked at.
    """

    role: Role | None
    route: str
    address: str
    form: Mapping[str, str] | None = None
    told: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        return f"{self.role or 'niemand'} {'GET' if self.form is None else 'POST'} {self.route}"


@dataclass(frozen=True)
class World:
    """A service with something in it or nothing, who can look at it, and every page that they get."""

    app: FastAPI
    cookie: str
    tokens: Mapping[Role, str]
    pages: tuple[Page, ...] = field(repr=False)


def world(home: Path, *, kind: str) -> World:
    """A service that is full, has a list without anybody on it, or holds nothing at all."""
    url = f"sqlite:///{home / 'service.db'}"
    if kind == "vol":
        fill(home, url)
    engine = lists.open_database(url)
    if kind == "vol":
        lists.publish_model(engine, model_page(SCHOOL, STRANGER))
    elif kind == "leeg":
        weekly = weekly_list(signals=(), gone=())
        lists.publish(engine, weekly, names=[], by="test", page=page_of(weekly))
    settings = Settings(mode=Mode.DEMO, home=home, database_url=url)
    app = create_app(settings)
    clients = in_every_role(app, settings, engine)
    ids = _ids(clients[CARE], engine) if kind == "vol" else defaultdict(lambda: NOWHERE, school=SCHOOL)
    engine.dispose()
    pages = (*_got(clients, ids), *_posted(clients, ids), *_open(app))
    tokens = {role: client.cookies[settings.cookie] for role, client in clients.items()}
    return World(app, settings.cookie, tokens, pages)


def _ids(by: Client, engine: Engine) -> dict[str, str]:
    """One's own objects, a pupil about whom something was done, one below the list, one who is away for long, one who objected;
    and an objection by number that waits.
    """
    own, other = objects_of(by, engine, SCHOOL, 0), objects_of(by, engine, SCHOOL, 4)
    done = by.post(f"/opvolging/{other['follow_up']}/afronden", data=DONE, headers=OWN)
    worry = {"leerling": other["signal"], "notitie": "Slaapt slecht."}
    told = by.post("/opvolging/niet-pluis", data=worry, headers=OWN)
    objection = {"school": SCHOOL, "leerlingnummer": "1001", "door": "ouders", "op": TODAY}
    waits = by.post("/rechten/bezwaar", data=objection, headers=OWN)
    assert {one.status_code for one in (done, told, waits)} == {HTTPStatus.SEE_OTHER}
    found = {**own, "finished": other["signal"]}
    with db.transaction(engine) as session:
        for name, number in {"below": 11, "absent": 30, "objected": 20}.items():
            query = select(SignalRow.id).where(SignalRow.pupil == pupil(number))
            found[name] = session.scalars(query).first()
    return found


def _got(clients: Mapping[Role, Client], ids: Mapping[str, str]) -> Iterator[Page]:
    """Every page that somebody gets by its address."""
    routes = [(path, rule.ask or path, rule.who) for (method, path), rule in TABLE.items() if method == "GET"]
    asked = [(role, path, ask) for path, ask, who in routes for role in Role if role in who]
    asked += [(role, address.partition("?")[0], address) for role, address in STATES]
    for role, route, ask in asked:
        if not route.startswith(API):
            address = filled(ask, ids)
            answer = clients[role].get(address)
            if _is_page(answer):
                yield Page(role, route, address, told=_told(answer))


def _posted(clients: Mapping[Role, Client], ids: Mapping[str, str]) -> Iterator[Page]:
    """Every form that comes back because nothing was filled in."""
    for (method, path), rule in TABLE.items():
        data = rule.data or rule.options.get("data")
        if method == "POST" and data and not path.startswith(API):
            role = next(role for role in Role if role in rule.who)
            address, form = filled(path, ids), dict.fromkeys(data, "")
            answer = clients[role].post(address, data=form, headers=OWN)
            if _is_page(answer):
                yield Page(role, path, address, form, told=_told(answer))


def _open(app: FastAPI) -> Iterator[Page]:
    """What somebody sees who is not signed in."""
    for method, path in WITHOUT_A_VIEWER:
        answer = Client(app).get(path)
        if method == "GET" and _is_page(answer):
            yield Page(None, path, path, told=_told(answer))


def _is_page(answer: httpx.Response) -> bool:
    return answer.headers.get("content-type", "").startswith("text/html")


def _told(answer: httpx.Response) -> str:
    return re.sub(r"[\w-]{22}", "", answer.text.partition("<main")[2])


def holds_a_name(text: str) -> bool:
    """Whether a pupil's name stands in `text`."""
    return any(f"{given} " in text and family in text for given, family in NAMES)
