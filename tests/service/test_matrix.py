"""Every route of the application x every role x an object of one's own and a stranger's.

A role that may not use a route gets 403, whatever it asks for. Who may use it gets the own object, and of a stranger's the
same 404 as of one that does not exist. A route that is not in the table below fails: say here who may use it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
from conftest import OWN, Client
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from sample_lists import SCHOOL, STRANGER, pupil
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from service import auth, db, openapi, scope
from service.settings import Settings
from service.tables import (
    CaseRow,
    ClientRow,
    DutyRow,
    FollowUpRow,
    GrantRow,
    ListRow,
    PersonRow,
    RightsRow,
    SignalRow,
    now,
)
from service.viewer import Role

A = "/api/v1"
CARE, MENTOR, DATA = Role.CARE_COORDINATOR, Role.MENTOR, Role.DATA_TEAM
OFFICER, ALLIANCE, SUPPLIER, PRIVACY = Role.ATTENDANCE_OFFICER, Role.ALLIANCE, Role.SUPPLIER, Role.PRIVACY_OFFICER
ADMIN = Role.ADMINISTRATOR
EVERYONE = frozenset(Role)
LISTS, NAMED = frozenset({CARE, MENTOR, DATA}), frozenset({CARE, MENTOR})
MODEL, DELIVERERS = frozenset({CARE, DATA, ALLIANCE}), frozenset({CARE, SUPPLIER, ADMIN})
MANAGERS = frozenset({ADMIN})
BEGINNERS = frozenset({CARE, ADMIN})
GROUP = "2hv1"

FOUND, SENT = frozenset({200}), frozenset({303})
TODAY = str(scope.today())
PLAN = {"soort": "gesprek", "eigenaar": "S. Jansen"}
FILE = {"content": b"kolom\nwaarde\n", "headers": OWN | {"content-type": "application/octet-stream"}}

CORRECTION = {"door": "ouders", "op": TODAY, "van": TODAY, "tot": TODAY, "wat": "reden", "toelichting": "Was ziek."}
ANSWER = {"antwoord": "aangepast", "op": TODAY, "toelichting": "Aangepast."}
DONE = {"uitkomst": "afspraken", "gedaan": TODAY, "notitie": "Belt zelf."}
NAMED_SCHOOL = {"naam": "Het Baken", "sector": "vo", "regio": "midden", "systeem": "magister", "plaatsen": "10"}

Ids = Mapping[str, str]


@dataclass(frozen=True)
class Rule:
    """Who may use a route, how it is asked, and what whoever may use it gets.

    ``ask`` is the address where it is not the path alone; words in braces, there, in ``json`` and in ``data`` (a form), are
    ids of whose object it is. A route that names none has no stranger's object.
    """

    who: frozenset[Role]
    ok: frozenset[int] = FOUND
    ask: str = ""
    json: Mapping[str, Any] | None = None
    data: Mapping[str, str] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    within_group: bool = True


def example(path: str) -> dict[str, Any]:
    """The documented body of a route."""
    content = openapi.document()["paths"][path]["post"]["requestBody"]["content"]
    return content["application/json"]["example"]


MATCH = {"headers": OWN | {"if-match": "*"}}
CASE = {"signaal": "{signal}", "grond": "toestemmingOuders", "totEnMet": str(scope.today() + timedelta(days=9))}
CASE_FORM = {"data": {"grond": CASE["grond"], "tot_en_met": CASE["totEnMet"]}}
OF_SCHOOL = {"within_group": False}

TABLE: dict[tuple[str, str], Rule] = {
    # pages
    ("GET", "/"): Rule(EVERYONE, frozenset({303})),
    ("GET", "/uitleg"): Rule(EVERYONE),
    ("GET", "/weeklijst"): Rule(LISTS, ask="/weeklijst?school={school}", **OF_SCHOOL),
    ("GET", "/weeklijst.xlsx"): Rule(NAMED, ask="/weeklijst.xlsx?school={school}", **OF_SCHOOL),
    ("GET", "/weeklijst.pdf"): Rule(NAMED, ask="/weeklijst.pdf?school={school}", **OF_SCHOOL),
    ("GET", "/leerling/{signal_id}"): Rule(LISTS),
    ("POST", "/leerling/{signal_id}/opvolging"): Rule(NAMED, SENT, data={"soort": "gesprek", "eigenaar": "S. Jansen"}),
    ("GET", "/opvolging"): Rule(NAMED, ask="/opvolging?school={school}", **OF_SCHOOL),
    ("GET", "/opvolging/niet-pluis"): Rule(NAMED, ask="/opvolging/niet-pluis?school={school}", **OF_SCHOOL),
    ("POST", "/opvolging/niet-pluis"): Rule(NAMED, SENT, data={"leerling": "{signal}", "notitie": "Slaapt slecht."}),
    # Once: who comes second is told so (412).
    ("POST", "/opvolging/{follow_up_id}/afronden"): Rule(NAMED, SENT | {412}, data=DONE),
    # Only who recorded it last takes it back (400), and then it is not there any more (404).
    ("POST", "/opvolging/{follow_up_id}/terugdraaien"): Rule(NAMED, SENT | {400, 404}),
    ("GET", "/beheer/draaiboek"): Rule(frozenset({CARE}), ask="/beheer/draaiboek?school={school}", **OF_SCHOOL),
    ("POST", "/beheer/draaiboek"): Rule(frozenset({CARE}), data={"school": "{school}", "patroon": "x"}, **OF_SCHOOL),
    ("GET", "/beheer/leveringen"): Rule(DELIVERERS | {DATA}, ask="/beheer/leveringen?school={school}", **OF_SCHOOL),
    ("GET", "/beheer/leveringen/{delivery_id}"): Rule(DELIVERERS | {DATA}, **OF_SCHOOL),
    # A school without settings cannot hand in on the page (400): its file could not be read.
    ("POST", "/beheer/leveringen"): Rule(
        DELIVERERS,
        frozenset({303, 400}),
        ask="/beheer/leveringen?school={school}",
        options={"files": {"bestand": ("leerlingen.csv", b"kolom\n")}},
        **OF_SCHOOL,
    ),
    ("GET", "/beheer/codes"): Rule(BEGINNERS, ask="/beheer/codes?school={school}", **OF_SCHOOL),
    ("POST", "/beheer/codes"): Rule(BEGINNERS, frozenset({303, 400, 409}), data={"school": "{school}"}, **OF_SCHOOL),
    ("GET", "/beheer/begin"): Rule(BEGINNERS, ask="/beheer/begin?school={school}", **OF_SCHOOL),
    # A school that has settings already is not named again (409).
    ("POST", "/beheer/begin"): Rule(
        BEGINNERS, frozenset({303, 409}), data={"school": "{school}"} | NAMED_SCHOOL, **OF_SCHOOL
    ),
    ("GET", "/school"): Rule(LISTS, ask="/school?school={school}", **OF_SCHOOL),
    ("GET", "/model"): Rule(MODEL),
    ("GET", "/logboek"): Rule(frozenset({PRIVACY})),
    ("POST", "/logboek"): Rule(frozenset({PRIVACY}), data={"rol": "mentor"}),
    ("POST", "/logboek.csv"): Rule(frozenset({PRIVACY}), data={}),
    ("GET", "/logboek/overzicht"): Rule(frozenset({PRIVACY})),
    # arranging
    ("GET", "/beheer"): Rule(frozenset({CARE, ADMIN})),
    ("GET", "/beheer/bewaren"): Rule(frozenset({PRIVACY, ADMIN})),
    ("GET", "/beheer/groepen"): Rule(MANAGERS, ask="/beheer/groepen?school={school}"),
    ("GET", "/beheer/mensen"): Rule(MANAGERS, ask="/beheer/mensen?school={school}"),
    ("POST", "/beheer/mensen"): Rule(
        MANAGERS,
        SENT,
        data={"school": "{school}", "naam": "Nieuw", "adres": "nieuw@school.example", "rol": "care_coordinator"},
    ),
    ("GET", "/beheer/mensen/{person_id}"): Rule(MANAGERS),
    ("POST", "/beheer/mensen/{person_id}/rollen"): Rule(MANAGERS, SENT, data={"school": "{school}", "rol": "supplier"}),
    ("POST", "/beheer/mensen/{person_id}/rollen/{grant_id}/einde"): Rule(MANAGERS, SENT),
    ("POST", "/beheer/mensen/{person_id}/einde"): Rule(MANAGERS, SENT),
    ("POST", "/beheer/mensen/{person_id}/afmelden"): Rule(MANAGERS, SENT),
    ("GET", "/beheer/programmas"): Rule(MANAGERS),
    ("POST", "/beheer/programmas"): Rule(MANAGERS, data={"school": "{school}", "naam": "LAS", "rol": "supplier"}),
    ("POST", "/beheer/programmas/{client_id}/einde"): Rule(MANAGERS, SENT),
    ("GET", "/beheer/school"): Rule(MANAGERS, ask="/beheer/school?school={school}"),
    ("POST", "/beheer/school"): Rule(
        MANAGERS, SENT, data={"school": "{school}", "naam": "School", "plaats": "10", "regelset": "mazl"}
    ),
    ("GET", "/regio"): Rule(frozenset({ALLIANCE})),
    ("GET", "/regio/rekenhulp"): Rule(MODEL),
    ("GET", "/dossiers"): Rule(frozenset({CARE, ALLIANCE})),
    ("POST", "/leerling/{signal_id}/dossier"): Rule(frozenset({CARE}), frozenset({303, 409}), options=CASE_FORM),
    ("POST", "/dossiers/{case_id}/sluiten"): Rule(frozenset({CARE}), frozenset({303})),
    ("GET", "/leerling/{signal_id}/ouders"): Rule(NAMED),
    ("GET", "/leerling/{signal_id}/inzage.json"): Rule(frozenset({CARE})),
    ("GET", "/leerling/{signal_id}/inzage.xlsx"): Rule(frozenset({CARE})),
    ("POST", "/leerling/{signal_id}/correctie"): Rule(frozenset({CARE}), SENT, data=CORRECTION),
    ("POST", "/leerling/{signal_id}/bezwaar"): Rule(frozenset({CARE}), SENT, data={"door": "ouders", "op": TODAY}),
    ("GET", "/rechten"): Rule(frozenset({CARE}), ask="/rechten?school={school}", **OF_SCHOOL),
    ("POST", "/rechten/bezwaar"): Rule(
        frozenset({CARE}),
        SENT,
        data={"school": "{school}", "leerlingnummer": "1001", "door": "ouders", "op": TODAY},
        **OF_SCHOOL,
    ),
    ("POST", "/rechten/{correction_id}/antwoord"): Rule(frozenset({CARE}), SENT, data=ANSWER),
    ("POST", "/rechten/{objection_id}/intrekken"): Rule(
        frozenset({CARE}), SENT, data={"door": "leerling", "op": TODAY}
    ),
    ("GET", "/verzuimmeldingen"): Rule(frozenset({OFFICER})),
    ("GET", "/verzuimmeldingen/{duty_id}"): Rule(frozenset({OFFICER})),
    # lists and signals
    ("GET", f"{A}/weeklijsten"): Rule(LISTS),
    ("GET", f"{A}/weeklijsten/{{list_id}}"): Rule(LISTS, **OF_SCHOOL),
    ("GET", f"{A}/weeklijsten/{{list_id}}/signalen"): Rule(LISTS, **OF_SCHOOL),
    ("GET", f"{A}/signalen"): Rule(LISTS),
    ("POST", f"{A}/signalen/_zoek"): Rule(LISTS, json={}),
    ("GET", f"{A}/signalen/{{signal_id}}"): Rule(LISTS),
    ("GET", f"{A}/signalen/{{signal_id}}/historie"): Rule(LISTS),
    # what people do
    ("POST", f"{A}/signalen/{{signal_id}}/opvolgingen"): Rule(NAMED, frozenset({201}), json=PLAN),
    ("GET", f"{A}/opvolgingen"): Rule(NAMED),
    ("GET", f"{A}/opvolgingen/{{follow_up_id}}"): Rule(NAMED),
    ("PUT", f"{A}/opvolgingen/{{follow_up_id}}"): Rule(NAMED, json=PLAN, options=MATCH),
    # what leaves the school
    ("GET", f"{A}/verzuimmeldingen"): Rule(frozenset({OFFICER})),
    ("GET", f"{A}/verzuimmeldingen/{{duty_id}}"): Rule(frozenset({OFFICER})),
    ("GET", f"{A}/regiobeelden"): Rule(frozenset({ALLIANCE})),
    ("POST", f"{A}/dossiers"): Rule(frozenset({CARE}), frozenset({201, 409}), json=CASE),
    ("GET", f"{A}/dossiers"): Rule(frozenset({CARE, ALLIANCE})),
    ("GET", f"{A}/dossiers/{{case_id}}"): Rule(frozenset({CARE, ALLIANCE})),
    ("DELETE", f"{A}/dossiers/{{case_id}}"): Rule(frozenset({CARE}), frozenset({204})),
    # programs
    ("GET", f"{A}/modellen/huidig"): Rule(MODEL, frozenset({200, 404})),
    ("GET", f"{A}/modellen/{{version}}/scorekaart"): Rule(
        MODEL, frozenset({200, 404}), ask=f"{A}/modellen/x/scorekaart"
    ),
    ("POST", f"{A}/scores"): Rule(frozenset({CARE, DATA}), frozenset({200, 409, 503}), json=example("/scores")),
    ("POST", f"{A}/leveringen"): Rule(
        DELIVERERS,
        frozenset({202}),
        ask=f"{A}/leveringen?school={{school}}&soort=verantwoordingen&formaat=csv",
        options=FILE,
    ),
    ("GET", f"{A}/leveringen"): Rule(DELIVERERS | {DATA}),
    ("GET", f"{A}/leveringen/{{delivery_id}}"): Rule(DELIVERERS | {DATA}),
    # oversight
    ("GET", f"{A}/logboek"): Rule(frozenset({PRIVACY})),
    ("POST", f"{A}/logboek/_zoek"): Rule(frozenset({PRIVACY}), json={}),
}

WITHOUT_A_VIEWER: dict[tuple[str, str], str] = {
    ("GET", "/aanmelden"): "nobody is signed in yet",
    ("POST", "/aanmelden"): "the same",
    ("POST", "/aanmelden/begin"): "the same",
    ("GET", "/aanmelden/terug"): "the same",
    ("POST", "/aanmelden/rol"): "the same",
    ("POST", "/afmelden"): "ends what there is",
    ("GET", "/.well-known/oauth-authorization-server"): "where a program asks for a token",
    ("GET", "/.well-known/jwks.json"): "public keys",
    ("POST", "/oauth/token"): "a program has no token yet",
    ("GET", "/metrics"): "nothing of anybody in it; on this machine only, or with a token of its own",
    ("GET", f"{A}/openapi.json"): "the description, open by the design rules",
    ("GET", f"{A}/docs"): "the same, to read",
    ("GET", f"{A}/gezondheid"): "who is ill has to be asked",
    ("GET", f"{A}/gezondheid/levend"): "the same",
    ("GET", "/static"): "style sheet and icon",
}

PLACEHOLDER = re.compile(r"\{(\w+?)(?:_id)?\}")


def every_route(app: FastAPI) -> set[tuple[str, str]]:
    """Every way in, as the application itself has it."""
    return {
        (method, route.path)
        for route in iter_route_contexts(app.routes)
        for method in (route.methods or {"GET"}) - {"HEAD", "OPTIONS"}
    }


def test_every_route_says_here_who_may_use_it(app: FastAPI):
    assert every_route(app) == set(TABLE) | set(WITHOUT_A_VIEWER)


@pytest.fixture(scope="module")
def clients(app: FastAPI, settings: Settings, engine: Engine) -> dict[Role, Client]:
    """Somebody in each role at the school; the mentor has one group."""
    return in_every_role(app, settings, engine)


def in_every_role(app: FastAPI, settings: Settings, engine: Engine) -> dict[Role, Client]:
    for school in (SCHOOL, STRANGER):
        file = settings.home / "schools" / f"{school}.toml"
        file.parent.mkdir(exist_ok=True)
        text = f'school = "{school}"\nname = "School"\nsector = "vo"\ncapacity = 10\nrule_packs = ["mazl"]\n'
        file.write_text(text, encoding="utf-8")
    found = {}
    with db.transaction(engine) as session:
        for role in Role:
            person = PersonRow(name=str(role))
            session.add(person)
            session.flush()
            session.add(
                GrantRow(person=person.id, role=role, school=SCHOOL, group_name=GROUP if role is MENTOR else None)
            )
            session.flush()
            found[role] = Client(app)
            found[role].cookies.set(settings.cookie, auth.sign_in(session, person, role, hours=1))
    return found


@pytest.fixture(scope="module")
def stranger(app: FastAPI, settings: Settings, engine: Engine) -> Client:
    """A care coordinator at another school, who makes a stranger's objects."""
    client = Client(app)
    with db.transaction(engine) as session:
        person = PersonRow(name="elders")
        session.add(person)
        session.flush()
        session.add(GrantRow(person=person.id, role=CARE, school=STRANGER))
        session.flush()
        client.cookies.set(settings.cookie, auth.sign_in(session, person, CARE, hours=1))
    return client


@pytest.fixture(scope="module")
def made(clients: dict[Role, Client], stranger: Client, engine: Engine) -> dict[str, Ids]:
    """An object of each kind: one's own, a colleague's (the same school, another group), and a stranger's."""
    return {
        "own": objects_of(clients[CARE], engine, SCHOOL, 0),
        "colleague": objects_of(clients[CARE], engine, SCHOOL, 4),
        "stranger": objects_of(stranger, engine, STRANGER, 4),
    }


@pytest.fixture
def ids(made: dict[str, Ids], engine: Engine) -> dict[str, Ids]:
    """The same, where a test before closed a case, took a follow-up back or ended somebody: as they were."""
    with db.transaction(engine) as session:
        for one in made.values():
            _arranged(session, one)
        session.execute(update(CaseRow).values(closed_at=None))
        session.execute(update(FollowUpRow).values(withdrawn_at=None))
        session.execute(update(RightsRow).values(ended_at=now()))  # what tests before asked
        kept = RightsRow.id.in_([one[name] for one in made.values() for name in ("objection", "correction")])
        session.execute(update(RightsRow).where(kept).values(ended_at=None, answer=None))
    return made


def objects_of(by: Client, engine: Engine, school: str, number: int) -> Ids:
    with db.transaction(engine) as session:
        signal = session.scalars(select(SignalRow.id).where(SignalRow.pupil == pupil(number, school))).first()
        weekly = session.scalars(select(ListRow.id).where(ListRow.school == school)).first()
        duty = session.scalars(select(DutyRow.id).where(DutyRow.school == school).order_by(DutyRow.week.desc())).first()
        asked = [_asked_about(school, number + 20, kind) for kind in ("bezwaar", "correctie")]
        session.add_all(asked)
    delivery = f"{A}/leveringen?school={school}&soort=verantwoordingen&formaat=csv"
    people = {
        "person": f"iemand-{school}-{number}",
        "grant": f"rol-{school}-{number}",
        "client": f"las-{school}-{number}",
    }
    with db.transaction(engine) as session:
        _arranged(session, people | {"school": school})
    return people | {
        "school": school,
        "signal": signal,
        "list": weekly,
        "duty": duty,
        "case": by.post(f"{A}/dossiers", json=filled(CASE, {"signal": signal}), headers=OWN).json()["id"],
        "follow_up": by.post(f"{A}/signalen/{signal}/opvolgingen", json=PLAN, headers=OWN).json()["id"],
        "delivery": by.post(delivery, **FILE).json()["id"],
        "objection": asked[0].id,
        "correction": asked[1].id,
    }


def _arranged(session: Session, one: Ids) -> None:
    """A person and a program with a role at the school, also where a test before ended them."""
    program = f"p{one['client']}"
    session.merge(
        PersonRow(id=one["person"], name="Iemand", email=f"{one['person'].lower()}@school.example", ended_at=None)
    )
    session.merge(PersonRow(id=program, name="LAS", ended_at=None))
    session.flush()
    session.merge(ClientRow(id=one["client"], person=program, ended_at=None))
    for grant, person in ((one["grant"], one["person"]), (program, program)):
        session.merge(GrantRow(id=grant, person=person, role=SUPPLIER, school=one["school"]))


def _asked_about(school: str, number: int, kind: str) -> RightsRow:
    """What somebody asked about another pupil: an objection hides whom it is about."""
    days = {} if kind == "bezwaar" else {"first_day": scope.today(), "last_day": scope.today(), "wrong": "reden"}
    return RightsRow(
        id=f"{kind}-{school}-{number}",
        school=school,
        pupil=pupil(number, school),
        group_name="1m2",
        kind=kind,
        asked_by="ouders",
        asked_on=scope.today(),
        registered_by="iemand",
        **days,
    )


def filled(value: Any, ids: Ids) -> Any:
    if isinstance(value, str):
        return PLACEHOLDER.sub(lambda found: ids[found[1]], value)
    return {key: filled(one, ids) for key, one in value.items()} if isinstance(value, dict) else value


def asked(client: Client, route: tuple[str, str], ids: Ids) -> httpx.Response:
    method, path = route
    rule = TABLE[route]
    options = {"headers": OWN} | dict(rule.options)
    options |= {name: filled(body, ids) for name in ("json", "data") if (body := getattr(rule, name)) is not None}
    return client.request(method, filled(rule.ask or path, ids), **options)


def names_an_object(route: tuple[str, str]) -> bool:
    rule = TABLE[route]
    return bool(PLACEHOLDER.search(rule.ask or route[1]) or PLACEHOLDER.search(f"{rule.json} {rule.data}"))


@pytest.mark.parametrize("route", TABLE, ids=" ".join)
def test_who_may_gets_the_own_object_and_who_may_not_is_told_so(
    clients: dict[Role, Client], ids: dict[str, Ids], route: tuple[str, str]
):
    rule = TABLE[route]
    answers = {role: asked(client, route, ids["own"]).status_code for role, client in clients.items()}
    assert {role: status for role, status in answers.items() if role not in rule.who} == dict.fromkeys(
        EVERYONE - rule.who, 403
    )
    assert {role for role in rule.who if answers[role] not in rule.ok} == set(), answers


@pytest.mark.parametrize("route", [one for one in TABLE if names_an_object(one)], ids=" ".join)
def test_a_stranger_s_object_does_not_exist_for_anybody_here(
    clients: dict[Role, Client], ids: dict[str, Ids], route: tuple[str, str]
):
    rule = TABLE[route]
    for role, client in clients.items():
        answer = asked(client, route, ids["stranger"])
        assert answer.status_code == (404 if role in rule.who else 403), role
        if role in rule.who:
            nothing = dict.fromkeys(ids["stranger"], "bestaatniet") | {"school": "99ZZ99"}
            assert _words(answer) == _words(asked(client, route, nothing)), role


@pytest.mark.parametrize("route", [one for one in TABLE if names_an_object(one)], ids=" ".join)
def test_nor_a_colleague_s_for_a_mentor(clients: dict[Role, Client], ids: dict[str, Ids], route: tuple[str, str]):
    rule = TABLE[route]
    if MENTOR not in rule.who or not rule.within_group:
        return
    assert asked(clients[MENTOR], route, ids["colleague"]).status_code == 404


@pytest.mark.parametrize("route", TABLE, ids=" ".join)
def test_nobody_who_is_not_signed_in_gets_anything(app: FastAPI, ids: dict[str, Ids], route: tuple[str, str]):
    answer = asked(Client(app), route, ids["own"])
    if answer.status_code == 303:
        assert answer.headers["location"].startswith("/aanmelden")
    else:
        assert answer.status_code == 401


def _words(answer: httpx.Response) -> object:
    """What an answer says, without the address that was asked for."""
    if "json" in answer.headers["content-type"]:
        return {name: value for name, value in answer.json().items() if name != "instance"}
    return re.sub(r"[\w-]{20,}|bestaatniet|\d\dZZ\d\d", "", answer.text)
