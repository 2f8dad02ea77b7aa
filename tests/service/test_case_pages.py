"""Bringing a pupil before the alliance on the page of that pupil, and what either side then has on its page."""

import re
from datetime import timedelta

import httpx
import pytest
from conftest import CAST, OWN, Client, SignedIn
from demo_home import full_name
from fastapi import FastAPI
from sample_lists import SCHOOL, already_absent, on_list, pupil
from sqlalchemy import Engine, select, update

from service import db, scope
from service.tables import AuditRow, CaseRow, SignalRow

CASES = "/dossiers"
TODAY = scope.today()
NEXT_MONTH = TODAY + timedelta(days=30)


def signal(engine: Engine, number: int, school: str = SCHOOL) -> str:
    with db.transaction(engine) as session:
        query = select(SignalRow.id).where(SignalRow.pupil == pupil(number, school))
        return session.scalars(query).first()


@pytest.fixture(scope="module")
def people(app: FastAPI) -> list[Client]:
    """The school, and the alliance."""
    clients = []
    for who in ("care", "alliance"):
        client = Client(app)
        assert client.post("/aanmelden", data={"persoon": CAST[who]}, headers=OWN).status_code == 303
        clients.append(client)
    return clients


def name(number: int) -> str:
    return " ".join(full_name(number))


def brought(school: Client, engine: Engine, number: int, **changes: str) -> httpx.Response:
    form = {"grond": "toestemmingOuders", "tot_en_met": str(NEXT_MONTH)} | changes
    return school.post(f"/leerling/{signal(engine, number)}/dossier", data=form, headers=OWN)


def test_the_alliance_sees_the_newest_signal_from_when_the_school_brings_the_pupil_in(
    people: list[Client], engine: Engine
):
    school, alliance = people
    assert "Er loopt geen dossier" in school.get(CASES).text
    assert "Er loopt geen dossier" in alliance.get(CASES).text
    answer = brought(school, engine, 0)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/leerling/{signal(engine, 0)}#dossier")
    text = alliance.get(CASES).text
    assert name(0) in text
    assert "De ouders gaven toestemming" in text
    assert f"{NEXT_MONTH.day}" in text
    for reason in on_list(0).raising:
        assert reason.text in text


def test_a_pupil_who_is_away_has_the_clock_of_the_agreement(people: list[Client], engine: Engine):
    school, alliance = people
    assert "4 weken:" not in alliance.get(CASES).text
    brought(school, engine, 30)
    text = alliance.get(CASES).text
    assert "Grotendeels afwezig sinds de week van" in text
    assert re.search(r"4 weken: (voorbij )?op", text)
    assert re.search(r"3 maanden: (voorbij )?op", text)
    assert already_absent(30).raising[0].text in text


def test_on_the_page_of_the_pupil_stands_that_it_runs_and_it_is_closed_there(people: list[Client], engine: Engine):
    school, alliance = people
    page = f"/leerling/{signal(engine, 1)}"
    assert "Breng deze leerling in" in school.get(page).text
    brought(school, engine, 1, grond="verwijzingPassendOnderwijs")
    text = school.get(page).text
    assert "Breng deze leerling in" not in text
    assert "de school verwees de leerling" in text
    close = re.search(r'action="(/dossiers/[\w-]+/sluiten)"', text)[1]
    answer = school.post(close, headers=OWN)
    assert (answer.status_code, answer.headers["location"]) == (303, CASES)
    assert name(1) not in alliance.get(CASES).text
    assert "Breng deze leerling in" in school.get(page).text
    assert name(1) in school.get(CASES).text.split('id="voorbij"')[1]


def test_what_cannot_be_is_said_beside_the_form_as_it_was_filled_in(people: list[Client], engine: Engine):
    school, _ = people
    late = TODAY + timedelta(days=999)
    answer = brought(school, engine, 2, tot_en_met=str(late), grond="toestemmingLeerling")
    assert answer.status_code == 400
    assert "uiterlijk" in answer.text
    assert f'value="{late}"' in answer.text
    assert re.search(r'value="toestemmingLeerling" required checked', answer.text)
    brought(school, engine, 2)
    again = brought(school, engine, 2)
    assert again.status_code == 409
    assert "loopt al een dossier" in again.text
    assert "<fieldset" not in again.text


@pytest.mark.parametrize("wrong", [{"grond": "omdatHetKan"}, {"tot_en_met": ""}, {"grond": ""}])
def test_without_a_known_ground_or_a_day_there_is_none(people: list[Client], engine: Engine, wrong: dict[str, str]):
    school, _ = people
    assert brought(school, engine, 3, **wrong).status_code == 400
    with db.transaction(engine) as session:
        assert session.scalar(select(CaseRow).where(CaseRow.pupil == pupil(3))) is None


def test_for_the_school_a_case_that_expired_stays_and_for_the_alliance_it_is_gone(people: list[Client], engine: Engine):
    school, alliance = people
    brought(school, engine, 5)
    assert name(5) in alliance.get(CASES).text
    with db.transaction(engine) as session:
        over = TODAY - timedelta(days=1)
        session.execute(update(CaseRow).where(CaseRow.pupil == pupil(5)).values(expires_on=over))
    assert name(5) not in alliance.get(CASES).text
    assert name(5) in school.get(CASES).text.split('id="voorbij"')[1]


def test_the_school_opens_its_pupil_from_the_list_and_the_alliance_does_not(people: list[Client], engine: Engine):
    school, alliance = people
    brought(school, engine, 6)
    links = re.findall(r"/leerling/[\w-]+", school.get(CASES).text)
    assert links
    assert {school.get(one).status_code for one in links} == {200}
    text = alliance.get(CASES).text
    assert "/leerling/" not in text
    assert "/sluiten" not in text


def test_each_pupil_shown_is_a_line_in_the_audit(people: list[Client], engine: Engine):
    school, alliance = people
    brought(school, engine, 7)
    alliance.get(CASES)
    with db.transaction(engine) as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.subject == pupil(7))).all()
    assert ("case.read", "alliance") in {(row.action, row.role) for row in rows}


def test_a_mentor_has_no_such_form(signed_in: SignedIn, engine: Engine):
    mentor = signed_in("mentor")
    text = mentor.get(f"/leerling/{signal(engine, 0)}").text
    assert name(0) in text
    assert "Samenwerkingsverband" not in text
