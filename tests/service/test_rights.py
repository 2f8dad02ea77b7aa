"""What parents and pupils ask: seen, put right, objected to; by whom, within which term, and what stays of it afterwards."""

import json
import re
from collections.abc import Iterator
from datetime import date, timedelta

import fastexcel
import httpx
import pytest
from conftest import CAST, OWN, Client, SignedIn
from demo_home import full_name
from fastapi import FastAPI
from sample_lists import SCHOOL, calendar, on_list, pupil
from sqlalchemy import Engine, delete, select, update

from service import db, scope
from service.rights.kinds import a_month_after
from service.rights.objected import objected
from service.tables import AuditRow, CaseRow, FollowUpRow, RightsRow, SignalRow, now

API = "/api/v1"
TODAY = scope.today()
SICK, HOURS = 0, 4
"""Pupils on the list: one who is ill often, and one with 16 hours of truancy, so with a legal duty to report."""


def name(number: int) -> str:
    return " ".join(full_name(number))


def signal(engine: Engine, number: int) -> str:
    with db.transaction(engine) as session:
        return session.scalars(select(SignalRow.id).where(SignalRow.pupil == pupil(number))).first()


def page_of(engine: Engine, number: int) -> str:
    return f"/leerling/{signal(engine, number)}"


def objects(client: Client, engine: Engine, number: int, **changes: str) -> httpx.Response:
    form = {"door": "ouders", "op": str(TODAY)} | changes
    return client.post(f"{page_of(engine, number)}/bezwaar", data=form, headers=OWN)


def says_wrong(client: Client, engine: Engine, number: int, **changes: str) -> httpx.Response:
    form = {
        "door": "ouders",
        "op": str(TODAY),
        "van": str(TODAY - timedelta(days=3)),
        "tot": str(TODAY - timedelta(days=2)),
        "wat": "wasAanwezig",
        "toelichting": "Zij zat gewoon in de klas, zegt moeder.",
    }
    return client.post(f"{page_of(engine, number)}/correctie", data=form | changes, headers=OWN)


def acts(engine: Engine, number: int) -> list[str]:
    """What was done about a pupil, the first first."""
    with db.transaction(engine) as session:
        query = select(AuditRow.action).where(AuditRow.subject == pupil(number), AuditRow.school == SCHOOL)
        return list(session.scalars(query.order_by(AuditRow.at, AuditRow.id)))


@pytest.fixture
def care(app: FastAPI, engine: Engine) -> Iterator[Client]:
    """A care coordinator, at a school where nobody asked anything yet."""
    client = Client(app)
    assert client.post("/aanmelden", data={"persoon": CAST["care"]}, headers=OWN).status_code == 303
    yield client
    with db.transaction(engine) as session:
        for row in (RightsRow, FollowUpRow, CaseRow):
            session.execute(delete(row))


class TestAnObjection:
    def test_takes_the_pupil_off_every_list_at_once_and_says_how_many(
        self, care: Client, signed_in: SignedIn, engine: Engine
    ):
        mentor, data_team = signed_in("mentor"), signed_in("data_team")
        assert name(SICK) in care.get("/weeklijst").text
        assert name(SICK) in mentor.get("/weeklijst").text
        answer = objects(care, engine, SICK)
        assert (answer.status_code, answer.headers["location"][:9]) == (303, "/rechten?")
        for who in (care, mentor):
            assert name(SICK) not in who.get("/weeklijst").text
        assert "1 leerling doet niet mee na bezwaar." in care.get("/weeklijst").text
        assert "1 leerling doet niet mee na bezwaar." in data_team.get(f"/weeklijst?school={SCHOOL}").text
        assert pupil(SICK)[:8] not in data_team.get(f"/weeklijst?school={SCHOOL}").text

    def test_is_not_counted_for_who_is_kept_to_some_groups(self, care: Client, signed_in: SignedIn, engine: Engine):
        for number in (SICK, HOURS):
            objects(care, engine, number)
        page = signed_in("mentor").get("/weeklijst").text
        assert "alleen 2hv1" in page
        assert "na bezwaar" not in page

    def test_stays_to_be_closed_where_everything_else_of_the_pupil_is_gone(self, care: Client, engine: Engine):
        objects(care, engine, SICK)
        with db.transaction(engine) as session:
            session.execute(update(RightsRow).values(pupil="abcdefghijklmnopqrstuvwxyz2"))
        page = care.get("/rechten").text
        assert "Leerling zonder naam" in page
        assert "Alleen het bezwaar is er nog" in page
        assert "abcdefgh" not in page
        closing = re.search(r'action="(/rechten/[^"]+/intrekken)"', page)
        assert closing is not None
        answer = care.post(closing[1], data={"door": "ouders", "op": str(TODAY)}, headers=OWN)
        assert answer.status_code == 303
        assert "Alleen het bezwaar is er nog" not in care.get("/rechten").text

    def test_hides_every_signal_about_the_pupil_from_the_api(self, care: Client, signed_in: SignedIn, engine: Engine):
        one = signal(engine, SICK)
        objects(care, engine, SICK)
        for who in (care, signed_in("data_team"), signed_in("mentor")):
            assert who.get(f"{API}/signalen/{one}").status_code == 404
            assert who.get(f"{API}/signalen/{one}/historie").status_code == 404
            found = who.post(f"{API}/signalen/_zoek", json={"leerling": pupil(SICK)}, headers=OWN).json()
            assert found["signalen"] == []
            assert pupil(SICK) not in who.get(f"{API}/signalen").text
            planned = {"soort": "gesprek", "eigenaar": "S. Jansen"}
            answer = who.post(f"{API}/signalen/{one}/opvolgingen", json=planned, headers=OWN)
            assert answer.status_code in {403, 404}

    def test_shows_the_care_coordinator_that_it_was_made_and_a_mentor_nothing(
        self, care: Client, signed_in: SignedIn, engine: Engine
    ):
        objects(care, engine, SICK, door="leerling")
        text = care.get(page_of(engine, SICK)).text
        assert "Bezwaar gemaakt op" in text
        assert "de leerling zelf (16 jaar of ouder)" in text
        for reason in on_list(SICK).raising:
            assert reason.text not in text
        assert "op plaats" not in text
        assert signed_in("mentor").get(page_of(engine, SICK)).status_code == 404
        assert signed_in("mentor").get(f"{page_of(engine, SICK)}/ouders").status_code == 404

    def test_leaves_what_the_law_has_the_school_report(self, care: Client, signed_in: SignedIn, engine: Engine):
        officer = signed_in("attendance_officer")
        objects(care, engine, HOURS)
        text = care.get("/weeklijst").text
        assert f"{name(HOURS)} <span" in text
        assert page_of(engine, HOURS) not in text
        assert on_list(HOURS).raising[0].text not in text
        assert name(HOURS) in officer.get("/verzuimmeldingen").text
        book = care.get("/weeklijst.xlsx").content
        assert name(HOURS) in str(fastexcel.read_excel(book).load_sheet("Meldplicht", header_row=None).to_arrow())
        assert name(HOURS) not in str(fastexcel.read_excel(book).load_sheet("Lijst", header_row=None).to_arrow())

    def test_hides_the_signal_of_a_running_case_from_the_alliance(
        self, care: Client, signed_in: SignedIn, engine: Engine
    ):
        form = {"grond": "toestemmingOuders", "tot_en_met": str(TODAY + timedelta(days=9))}
        care.post(f"{page_of(engine, SICK)}/dossier", data=form, headers=OWN)
        assert on_list(SICK).raising[0].text in signed_in("alliance").get("/dossiers").text
        objects(care, engine, SICK)
        assert on_list(SICK).raising[0].text not in signed_in("alliance").get("/dossiers").text

    def test_is_there_once_and_not_before_its_day(self, care: Client, engine: Engine):
        assert objects(care, engine, SICK, op=str(TODAY + timedelta(days=1))).status_code == 400
        assert objects(care, engine, SICK).status_code == 303
        assert objects(care, engine, SICK).status_code == 409

    def test_is_withdrawn_and_then_the_pupil_is_back(self, care: Client, engine: Engine):
        objects(care, engine, SICK)
        (known,) = _all(engine)
        assert name(SICK) in care.get("/rechten").text
        form = {"door": "ouders", "op": str(TODAY)}
        assert care.post(f"/rechten/{known.id}/intrekken", data=form, headers=OWN).status_code == 303
        assert care.post(f"/rechten/{known.id}/intrekken", data=form, headers=OWN).status_code == 409
        assert name(SICK) in care.get("/weeklijst").text
        assert "niet mee na bezwaar" not in care.get("/weeklijst").text
        assert "Ingetrokken" in care.get("/rechten").text
        assert acts(engine, SICK).count("objection.registered") >= 1
        assert acts(engine, SICK).count("objection.withdrawn") >= 1

    def test_is_told_to_the_batch_as_it_stood_at_a_moment(self, care: Client, engine: Engine):
        before = now()
        objects(care, engine, SICK)
        during = now()
        (known,) = _all(engine)
        care.post(f"/rechten/{known.id}/intrekken", data={"door": "ouders", "op": str(TODAY)}, headers=OWN)
        assert objected(engine, at=before) == objected(engine) == frozenset()
        assert objected(engine, at=during) == {(SCHOOL, pupil(SICK))}
        assert objected(engine, schools=["99ZZ99"], at=during) == frozenset()

    def test_leaves_what_people_agreed_without_a_way_to_the_signal_for_a_mentor(
        self, care: Client, signed_in: SignedIn, engine: Engine
    ):
        planned = {"soort": "gesprek", "eigenaar": "S. Jansen"}
        care.post(f"{page_of(engine, SICK)}/opvolging", data=planned, headers=OWN)
        assert page_of(engine, SICK) in signed_in("mentor").get("/opvolging").text
        objects(care, engine, SICK)
        assert page_of(engine, SICK) in care.get("/opvolging").text
        text = signed_in("mentor").get("/opvolging").text
        assert page_of(engine, SICK) not in text
        assert name(SICK) in text


class TestASheetForParents:
    def test_says_what_was_recorded_what_it_stands_on_who_saw_it_and_what_they_can_ask(
        self, care: Client, signed_in: SignedIn, engine: Engine
    ):
        signed_in("mentor").get(page_of(engine, SICK))
        text = " ".join(care.get(f"{page_of(engine, SICK)}/ouders").text.replace("\N{NO-BREAK SPACE}", " ").split())
        assert f"Over de aanwezigheid van {name(SICK)}" in text
        story = calendar(SICK, "sick", heavy=0.5)
        last = story[-1].day
        assert f"{last.day} {('nov', 'okt')[last.month == 10]}" in text
        for reason in (*on_list(SICK).raising, *on_list(SICK).lowering):
            assert reason.text in text
        assert "M@ZL, ncj.nl" in text
        assert "is de vaste begeleider van de klas" in text
        assert "Autoriteit Persoonsgegevens" in text
        assert "binnen een maand" in text
        assert "parents.read" in acts(engine, SICK)

    def test_names_of_staff_only_whom_to_turn_to(self, care: Client, signed_in: SignedIn, engine: Engine):
        mentor = signed_in("mentor")
        own = re.search(r'who-name">([^<,]+)', mentor.get(page_of(engine, SICK)).text)[1]
        text = care.get(f"{page_of(engine, SICK)}/ouders").text
        assert re.search(r'who-name">([^<,]+)', text)[1] in text.split("Op school")[1]
        assert own not in text

    def test_tells_whom_the_organisation_named(self, care: Client, app: FastAPI, engine: Engine):
        file = app.state.installation.settings.home / "contacts.toml"
        file.write_text(
            '[contact]\nname = "De receptie"\nphone = "020-5550100"\n'
            f'[schools.{SCHOOL}.privacy_officer]\nname = "P. Vos"\nemail = "fg@school.example"\n'
        )
        text = care.get(f"{page_of(engine, SICK)}/ouders").text
        file.unlink()
        assert "De receptie, 020-5550100" in text
        assert "P. Vos, fg@school.example" in text

    def test_a_mentor_has_it_too_and_no_files(self, signed_in: SignedIn, engine: Engine):
        mentor = signed_in("mentor")
        assert mentor.get(f"{page_of(engine, SICK)}/ouders").status_code == 200
        assert mentor.get(f"{page_of(engine, SICK)}/inzage.json").status_code == 403
        assert "inzage.xlsx" not in mentor.get(page_of(engine, SICK)).text


class TestAccess:
    def test_is_everything_with_what_was_noted_and_without_who_only_looked(self, care: Client, engine: Engine):
        one = signal(engine, HOURS)
        planned = {"soort": "gesprek", "eigenaar": "S. Jansen", "notitie": "Belt dinsdag."}
        care.post(f"/leerling/{one}/opvolging", data=planned, headers=OWN)
        concern = {"leerling": one, "notitie": "Zit vaak alleen."}
        care.post("/opvolging/niet-pluis", data=concern, headers=OWN)
        says_wrong(care, engine, HOURS)
        answer = care.get(f"/leerling/{one}/inzage.json")
        assert "attachment" in answer.headers["content-disposition"]
        assert name(HOURS).split()[-1] not in answer.headers["content-disposition"]
        found = answer.json()
        assert found["over"]["naam"] == name(HOURS)
        (shown,) = found["signalen"]
        assert [one["tekst"] for one in shown["verhogend"]] == [one.text for one in on_list(HOURS).raising]
        assert len(shown["kalender"]) == len(on_list(HOURS).calendar)
        assert len(shown["bijdragen"]) == len(on_list(HOURS).contributions)
        assert {one["notitie"] for one in found["opvolgingen"]} == {"Belt dinsdag.", "Zit vaak alleen."}
        by = {one["soort"]: one["wie"] for one in found["opvolgingen"]}
        assert by["gesprek"] == "S. Jansen"
        assert by["niet pluis, door de school zelf gemeld"] == "een medewerker van de school"
        assert found["verzuimmeldingen"][0]["regels"][0]["regel"] == "lpw_16h"
        assert found["verzoeken"][0]["toelichting"].startswith("Zij zat gewoon")
        assert {"rol", "dag", "handeling"} == set(found["wieKeek"][0])
        assert "Karim" not in json.dumps(found["wieKeek"])
        assert "rights.access" in acts(engine, HOURS)

    def test_is_a_workbook_too_that_says_to_read_it_first(self, care: Client, engine: Engine):
        book = fastexcel.read_excel(care.get(f"{page_of(engine, SICK)}/inzage.xlsx").content)
        assert book.sheet_names[0] == "Over dit bestand"
        assert "artikel 15, lid 4" in str(book.load_sheet(0, header_row=None).to_arrow().to_pylist())
        reasons = str(book.load_sheet("Redenen").to_arrow().to_pylist())
        for reason in (*on_list(SICK).raising, *on_list(SICK).lowering):
            assert reason.text in reasons
        assert len(book.load_sheet("Dagen").to_arrow()) == len(on_list(SICK).calendar)

    def test_stays_after_an_objection(self, care: Client, engine: Engine):
        objects(care, engine, SICK)
        found = care.get(f"{page_of(engine, SICK)}/inzage.json").json()
        assert found["signalen"]
        assert found["verzoeken"][0]["soort"] == "bezwaar"
        assert "Er is bezwaar gemaakt" in care.get(f"{page_of(engine, SICK)}/ouders").text


class TestACorrection:
    def test_waits_for_an_answer_within_a_month_on_three_pages(self, care: Client, engine: Engine):
        assert says_wrong(care, engine, SICK).status_code == 303
        due = a_month_after(TODAY)
        for address in ("/rechten", "/opvolging", page_of(engine, SICK)):
            text = care.get(address).text
            assert f"{due.day} " in text, address
            assert "orrectie" in text, address
        text = care.get("/rechten").text
        assert "De leerling was aanwezig" in text
        assert "Zij zat gewoon in de klas" in text

    def test_is_answered_once_with_what_was_done_and_changes_no_record(self, care: Client, engine: Engine):
        says_wrong(care, engine, SICK)
        (known,) = _all(engine)
        form = {"antwoord": "afgewezen", "op": str(TODAY), "toelichting": "De absentielijst zegt iets anders."}
        assert (
            care.post(f"/rechten/{known.id}/antwoord", data=form | {"toelichting": " "}, headers=OWN).status_code == 400
        )
        assert care.post(f"/rechten/{known.id}/antwoord", data=form, headers=OWN).status_code == 303
        assert care.post(f"/rechten/{known.id}/antwoord", data=form, headers=OWN).status_code == 409
        text = care.get("/rechten").text
        assert "Afgewezen, met reden" in text
        assert "De absentielijst zegt iets anders." in text
        assert "correctie gevraagd" not in care.get(page_of(engine, SICK)).text
        assert on_list(SICK).raising[0].text in care.get(page_of(engine, SICK)).text

    def test_is_kept_sealed(self, care: Client, engine: Engine):
        says_wrong(care, engine, SICK)
        (known,) = _all(engine)
        assert known.note_sealed
        assert "klas" not in known.note_sealed

    @pytest.mark.parametrize(
        "changes",
        [
            {"toelichting": " ... "},
            {"van": str(TODAY), "tot": str(TODAY - timedelta(days=1))},
            {"van": str(TODAY + timedelta(days=1)), "tot": str(TODAY + timedelta(days=2))},
            {"tot": str(TODAY + timedelta(days=1))},
            {"op": str(TODAY + timedelta(days=1))},
        ],
    )
    def test_that_cannot_be_is_said_on_a_page_that_keeps_what_was_filled_in(
        self, care: Client, engine: Engine, changes: dict[str, str]
    ):
        answer = says_wrong(care, engine, SICK, **changes)
        assert answer.status_code == 400
        assert "Nog niet vastgelegd" in answer.text
        assert f'value="{({"van": str(TODAY - timedelta(days=3))} | changes)["van"]}"' in answer.text
        assert _all(engine) == []


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        (date(2026, 11, 22), date(2026, 12, 22)),
        (date(2026, 12, 31), date(2027, 1, 31)),
        (date(2027, 1, 31), date(2027, 2, 28)),
        (date(2028, 1, 30), date(2028, 2, 29)),
    ],
)
def test_a_month_is_the_same_day_of_the_next_month_or_its_last(asked: date, due: date):
    assert a_month_after(asked) == due


def _all(engine: Engine) -> list[RightsRow]:
    with db.transaction(engine) as session:
        return list(session.scalars(select(RightsRow)))
