"""What a privacy officer looks for in the audit, keeps as a file, and adds up; and that nothing of it leaks away."""

import csv
import io
from datetime import UTC, datetime

import pytest
from conftest import OWN, Client, SignedIn
from fastapi import FastAPI
from sample_lists import SCHOOL, STRANGER, pupil
from sqlalchemy import Engine, select

from service import auth, db, scope
from service.audit import LABELS, Action
from service.pages.management import audit_pages
from service.settings import Settings
from service.tables import AuditRow, GrantRow, PersonRow
from service.viewer import Role

LONG_AGO = datetime(2026, 3, 2, 12, tzinfo=UTC)
PUPIL, OTHER = pupil(0), pupil(1)


@pytest.fixture(scope="module")
def lines(engine: Engine, settings: Settings) -> list[str]:
    """Somebody opened one pupil long ago and another lately, at two schools; one line begins as a formula does."""
    assert settings.home.exists()
    with db.transaction(engine) as session:
        session.add(PersonRow(id="sanne", name="Sanne Visser", email="sanne@school.example"))
        session.flush()
        session.add(GrantRow(person="sanne", role=Role.CARE_COORDINATOR, school=SCHOOL))
        common = {"actor": "sanne", "role": "care_coordinator", "purpose": "begeleiding van leerlingen"}
        session.add_all(
            [
                AuditRow(id="oud", at=LONG_AGO, action="pupil.read", school=SCHOOL, subject=PUPIL, **common),
                AuditRow(id="nu", action="pupil.read", school=SCHOOL, subject=OTHER, **common),
                AuditRow(id="elders", action="list.read", school=STRANGER, subject=pupil(0, STRANGER), **common),
                AuditRow(id="formule", action="access.given", school=SCHOOL, detail="=1+1", **common),
            ]
        )
    return ["oud", "nu", "elders", "formule"]


@pytest.fixture
def officer(signed_in: SignedIn, lines: list[str]) -> Client:
    assert lines
    return signed_in("privacy_officer")


def found(client: Client, **asked: str) -> str:
    answer = client.post("/logboek", data=asked, headers=OWN)
    assert answer.status_code == 200, answer.text
    return answer.text.partition("<tbody>")[2].partition("</tbody>")[0]


def test_it_is_in_dutch_and_names_who_looked(officer: Client):
    table = found(officer, wie="sanne")
    assert "Sanne Visser" in table
    assert "leerling geopend" in table
    assert "zorgcoördinator, begeleiding van leerlingen" in table
    assert not [code for code in LABELS if code in table]


@pytest.mark.parametrize(
    ("asked", "there", "not_there"),
    [
        ({"school": STRANGER}, pupil(0, STRANGER), PUPIL),
        ({"leerling": PUPIL}, PUPIL, OTHER),
        ({"handeling": "list.read", "wie": "sanne"}, pupil(0, STRANGER), OTHER),
        ({"vanaf": "2026-03-02", "tot": "2026-03-02"}, PUPIL, OTHER),
        ({"tot": "2026-03-01", "wie": "sanne"}, "", PUPIL),
        ({"rol": "care_coordinator"}, OTHER, "functionaris"),
        ({"rol": "machine"}, "lijst gepubliceerd", OTHER),
    ],
)
def test_it_is_looked_through(officer: Client, asked: dict, there: str, not_there: str):
    table = found(officer, **asked)
    assert there in table
    assert not_there not in table


def test_the_page_keeps_what_was_asked_for_in_the_form_and_nowhere_else(officer: Client):
    answer = officer.post("/logboek", data={"leerling": PUPIL, "wie": "sanne"}, headers=OWN)
    assert f'value="{PUPIL}"' in answer.text
    assert f"={PUPIL}" not in answer.text
    assert PUPIL not in str(answer.url)
    assert not [part for part in answer.text.split('"') if part.startswith("/") and (PUPIL in part or "sanne" in part)]
    assert answer.headers["cache-control"] == "no-store"


def test_what_is_asked_for_in_an_address_is_not_looked_at(officer: Client):
    assert f'value="{PUPIL}"' not in officer.get(f"/logboek?leerling={PUPIL}").text


@pytest.mark.parametrize(
    "asked",
    [
        {"leerling": "Noor"},
        {"vanaf": "maandag"},
        {"rol": "baas"},
        {"na_moment": "x"},
        {"na_moment": "2026-11-16"},
        {"tot": "9999-12-31"},
        {"vanaf": "0001-01-01"},
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_shown(officer: Client, asked: dict):
    answer = officer.post("/logboek", data=asked, headers=OWN)
    assert answer.status_code == 400
    assert "staat iets wat wij niet kennen" in answer.text
    assert "<tbody>" not in answer.text


def test_pages_follow_each_other_without_a_line_twice_or_lost(officer: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(audit_pages, "LINES", 2)
    asked = {"wie": "sanne"}
    seen: list[str] = []
    for _ in range(5):
        text = officer.post("/logboek", data=asked, headers=OWN).text
        seen += text.partition("</tbody>")[0].split("<tr>")[2:]
        if 'name="na_moment"' not in text:
            break
        for name in ("na_moment", "na_regel"):
            asked[name] = text.partition(f'name="{name}" value="')[2].partition('"')[0]
    assert len(seen) == len(set(seen)) == 4


def test_looking_and_keeping_are_lines_themselves(officer: Client, engine: Engine):
    officer.post("/logboek", data={"leerling": PUPIL}, headers=OWN)
    officer.post("/logboek.csv", data={"leerling": PUPIL}, headers=OWN)
    with db.transaction(engine, writes=False) as session:
        query = select(AuditRow.action).where(AuditRow.subject == PUPIL, AuditRow.role == "privacy_officer")
        assert {Action.AUDIT_READ, Action.AUDIT_EXPORTED} <= set(session.scalars(query))


def test_the_file_holds_what_is_asked_for_and_nothing_that_a_spreadsheet_would_run(officer: Client):
    answer = officer.post("/logboek.csv", data={"wie": "sanne", "school": SCHOOL}, headers=OWN)
    assert answer.headers["content-disposition"] == f'attachment; filename="logboek-{scope.today()}.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")), delimiter=";"))
    assert [row["leerling"] for row in rows] == ["", OTHER, PUPIL]
    assert rows[0]["bijzonderheden"] == "'=1+1"
    assert {row["wie"] for row in rows} == {"Sanne Visser"}


def test_who_looked_most_is_added_up_per_role(officer: Client):
    text = officer.get("/logboek/overzicht").text
    row = text.partition("Wie keek het meest</h2>")[2].partition("Sanne Visser")[2].partition("</tr>")[0]
    assert '<td class="num">2</td><td class="num">2</td>' in row


def test_who_has_access_is_told_per_school(officer: Client):
    access = officer.get("/logboek/overzicht").text.partition("Wie heeft toegang")[2]
    assert access.index("Alle scholen") < access.index(SCHOOL) < access.index("Sanne Visser")


def test_an_officer_of_one_school_learns_nothing_of_another(
    app: FastAPI, engine: Engine, settings: Settings, lines: list[str]
):
    client = Client(app)
    with db.transaction(engine) as session:
        person = PersonRow(name="FG van daar")
        session.add(person)
        session.flush()
        session.add(GrantRow(person=person.id, role=Role.PRIVACY_OFFICER, school=STRANGER))
        session.flush()
        client.cookies.set(settings.cookie, auth.sign_in(session, person, Role.PRIVACY_OFFICER, hours=1))
    assert lines
    shown = found(client) + client.get("/logboek/overzicht").text
    assert pupil(0, STRANGER) in shown
    assert PUPIL not in shown
    assert SCHOOL not in shown
    assert SCHOOL not in client.get("/logboek").text
