"""The pages on which somebody arranges: what they show, what they change, and what nobody may see there."""

import re
from pathlib import Path

import pytest
from conftest import OWN, Client, SignedIn
from sample_lists import NAMES, SCHOOL, STRANGER, pupil
from sqlalchemy import Engine, select

from data_contracts.school import read_school
from service import db
from service.audit import Action
from service.settings import Settings
from service.tables import AuditRow, ClientRow, GrantRow, PersonRow
from service.viewer import ROLES, Permission, Role

SETTINGS = f"""# door de school zelf geschreven
school = "{SCHOOL}"
name = "Het Baken College"
sector = "vo"
capacity = 10
rule_packs = ["wettelijk", "mazl"]
closures = [{{ first = 2026-12-18, last = 2026-12-18, name = "studiedag" }}]

[reasons]
z = {{ kind = "sick" }}
"""
PAGES = ["/beheer", "/beheer/mensen", "/beheer/groepen", "/beheer/programmas", "/beheer/school", "/beheer/bewaren"]


@pytest.fixture
def file(settings: Settings) -> Path:
    """The settings of the school, as they were."""
    path = settings.home / "schools" / f"{SCHOOL}.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(SETTINGS, encoding="utf-8")
    return path


@pytest.fixture
def manager(signed_in: SignedIn, file: Path) -> Client:
    assert file.exists()
    return signed_in("administrator")


def form(client: Client) -> dict[str, object]:
    """The settings form as the page has it."""
    text = client.get(f"/beheer/school?school={SCHOOL}").text
    seen = re.search(r'name="gezien" value="(\w+)"', text)
    assert seen is not None
    return {
        "school": SCHOOL,
        "gezien": seen[1],
        "naam": "Het Baken College",
        "plaats": "10",
        "regelset": ["wettelijk", "mazl"],
        "dicht_van": ["2026-12-18", ""],
        "dicht_tot": ["2026-12-18", ""],
        "dicht_naam": ["studiedag", ""],
        "minuten": "",
        "uren": ["", "", "", "", ""],
    }


def send(client: Client, **changes: object):
    return client.post("/beheer/school", data=form(client) | changes, headers=OWN)


def lines(engine: Engine, action: Action) -> list[AuditRow]:
    with db.transaction(engine, writes=False) as session:
        return list(session.scalars(select(AuditRow).where(AuditRow.action == action).order_by(AuditRow.at)))


@pytest.mark.parametrize("page", PAGES)
def test_no_pupil_is_on_any_page_of_an_administrator(manager: Client, page: str):
    text = manager.get(page).text
    assert "<h1>" in text
    for number in range(40):
        assert pupil(number) not in text
    for given, family in NAMES:
        assert f"{given} {family}" not in text


def test_an_administrator_may_nothing_that_is_about_a_pupil(manager: Client):
    for page in (
        "/weeklijst",
        "/opvolging",
        "/school",
        "/dossiers",
        "/verzuimmeldingen",
        "/regio",
        "/logboek",
        "/model",
    ):
        assert manager.get(page).status_code == 403, page
    for resource in ("weeklijsten", "signalen", "opvolgingen", "dossiers", "logboek", "regiobeelden"):
        assert manager.get(f"/api/v1/{resource}").status_code == 403, resource
    about_pupils = {Permission.READ_LISTS, Permission.READ_NAMES, Permission.READ_FOLLOW_UPS, Permission.READ_AUDIT}
    assert ROLES[Role.ADMINISTRATOR].permissions.isdisjoint(about_pupils)


def test_the_index_says_how_each_thing_stands_and_leads_to_a_page_that_is_there(manager: Client):
    text = manager.get("/beheer").text
    links = re.findall(r'<h2><a href="(/beheer/\w+)"', text)
    assert {"/beheer/mensen", "/beheer/school", "/beheer/bewaren", "/beheer/leveringen", "/beheer/codes"} <= set(links)
    assert [link for link in links if manager.get(link).status_code != 200] == []
    assert "Er is nog nooit opgeruimd." in text


def test_a_care_coordinator_finds_there_what_is_hers_and_no_people(signed_in: SignedIn):
    text = signed_in("care").get("/beheer").text
    assert "/beheer/draaiboek" in text
    assert "/beheer/mensen" not in text


def test_capacity_is_changed_in_the_file_and_the_rest_of_it_stays(manager: Client, file: Path, engine: Engine):
    assert send(manager, plaats="12").status_code == 303
    assert file.read_text(encoding="utf-8") == SETTINGS.replace("capacity = 10", "capacity = 12")
    line = lines(engine, Action.SETTINGS_CHANGED)[-1]
    assert (line.school, line.detail) == (SCHOOL, "plaats op de lijst")


def test_all_of_it_can_be_changed_and_the_audit_names_settings_and_no_text(manager: Client, file: Path, engine: Engine):
    changes = {
        "naam": "Baken",
        "regelset": ["regionaal"],
        "dicht_van": ["2027-02-08", "2026-12-18"],
        "dicht_tot": ["", "2026-12-18"],
        "dicht_naam": ["carnaval", "studiedag"],
        "minuten": "45",
        "uren": ["7", "7", "6", "7", "5"],
    }
    assert send(manager, **changes).status_code == 303
    written = read_school(file)
    assert (written.name, written.rule_packs, written.norm.slots_per_day) == ("Baken", ("regionaal",), (7, 7, 6, 7, 5))
    assert [(one.name, str(one.last)) for one in written.closures] == [
        ("carnaval", "2027-02-08"),
        ("studiedag", "2026-12-18"),
    ]
    assert written.reasons["z"].kind == "sick"
    assert lines(engine, Action.SETTINGS_CHANGED)[-1].detail == "naam, regelsets, vrije dagen, lestijd"


def test_what_did_not_change_is_not_written_and_not_told(manager: Client, file: Path, engine: Engine):
    before = len(lines(engine, Action.SETTINGS_CHANGED))
    assert send(manager).status_code == 303
    assert file.read_text(encoding="utf-8") == SETTINGS
    assert len(lines(engine, Action.SETTINGS_CHANGED)) == before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"plaats": "101"}, "Dit mag hoogstens 100 zijn."),
        ({"plaats": "0"}, "Dit moet minstens 1 zijn."),
        ({"plaats": "tien"}, "Dit moet een geheel getal zijn."),
        ({"naam": " "}, "Deze tekst is te kort"),
        ({"regelset": ["eigen"]}, "Deze regelset kennen wij niet."),
        ({"dicht_van": ["18 december"]}, "Dit moet een datum zijn"),
        ({"dicht_van": ["2026-12-18"], "dicht_tot": ["2026-12-01"]}, "eindigt (2026-12-01) voor zij begint"),
        ({"minuten": "50", "uren": ["6", "", "6", "6", "6"]}, "Dit moet een geheel getal zijn."),
    ],
)
def test_what_cannot_be_is_said_at_the_field_and_what_was_filled_in_stays(
    manager: Client, file: Path, changes: dict, said: str
):
    answer = send(manager, naam="Nieuwe naam", **changes) if "naam" not in changes else send(manager, **changes)
    assert answer.status_code == 400
    assert said in answer.text
    assert ("Nieuwe naam" in answer.text) or "naam" in changes
    assert file.read_text(encoding="utf-8") == SETTINGS


def test_of_two_who_change_at_once_the_second_is_told_and_loses_nothing(manager: Client, file: Path):
    mine = form(manager) | {"plaats": "12"}
    assert send(manager, plaats="8").status_code == 303
    answer = manager.post("/beheer/school", data=mine, headers=OWN)
    assert answer.status_code == 409
    assert 'name="plaats" type="number" min="1" max="100" required value="12"' in answer.text
    assert "plaats voor 8" in answer.text
    assert read_school(file).capacity == 8


def test_a_school_without_settings_says_where_to_begin_and_shows_no_path(manager: Client, settings: Settings):
    text = manager.get(f"/beheer/school?school={STRANGER}").text
    assert "nog geen instellingen" in text
    assert str(settings.home) not in text


@pytest.mark.parametrize("school", ["../service", "99ZZ99", "../11ZZ03", "%00"])
def test_a_school_that_is_none_is_not_found(manager: Client, school: str):
    assert manager.get("/beheer/school", params={"school": school}).status_code == 404
    assert manager.post("/beheer/school", data={"school": school}, headers=OWN).status_code == 404


def test_somebody_is_let_in_on_the_page(manager: Client, engine: Engine):
    asked = {
        "school": SCHOOL,
        "naam": "Karin Smit",
        "adres": "karin@school.example",
        "rol": "mentor",
        "groep": ["2hv1"],
    }
    answer = manager.post("/beheer/mensen", data=asked, headers=OWN)
    assert answer.status_code == 303
    text = manager.get(answer.headers["location"]).text
    assert "Karin Smit" in text
    assert "groep 2hv1" in text
    assert "karin@school.example" not in answer.headers["location"]
    with db.transaction(engine, writes=False) as session:
        person = session.scalar(select(PersonRow).where(PersonRow.email == "karin@school.example"))
        (grant,) = session.scalars(select(GrantRow).where(GrantRow.person == person.id))
    assert (grant.role, grant.school, grant.group_name) == ("mentor", SCHOOL, "2hv1")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"adres": "karin", "rol": "supplier"}, "geen e-mailadres"),
        ({"adres": "a@b.example", "rol": "mentor"}, "ten minste een groep"),
        ({"adres": "a@b.example", "rol": "supplier", "naam": " "}, "geen naam"),
    ],
)
def test_what_cannot_be_is_said_above_the_form(manager: Client, asked: dict, said: str):
    answer = manager.post("/beheer/mensen", data={"school": SCHOOL, "naam": "Ingevuld"} | asked, headers=OWN)
    assert answer.status_code == 400
    assert said in answer.text
    assert asked["adres"] in answer.text


def test_the_secret_of_a_program_is_shown_once_and_never_again(manager: Client, engine: Engine):
    asked = {"school": SCHOOL, "naam": "LAS", "rol": "supplier"}
    answer = manager.post("/beheer/programmas", data=asked, headers=OWN)
    client, secret = re.findall(r'<code class="secret">([^<]+)</code>', answer.text)
    assert answer.headers["cache-control"] == "no-store"
    assert secret not in manager.get("/beheer/programmas").text
    assert client in manager.get("/beheer/programmas").text
    token = manager.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=(client, secret), headers=OWN)
    assert token.status_code == 200
    assert manager.post(f"/beheer/programmas/{client}/einde", headers=OWN).status_code == 303
    with db.transaction(engine, writes=False) as session:
        assert session.get_one(ClientRow, client).ended_at is not None


@pytest.mark.parametrize("school", ["99ZZ99", "", "geen school"])
def test_no_program_comes_in_for_a_school_that_is_not_there(manager: Client, engine: Engine, school: str):
    asked = {"school": school, "naam": "Verkeerd getypt", "rol": "supplier"}
    assert manager.post("/beheer/programmas", data=asked, headers=OWN).status_code in {400, 404}
    with db.transaction(engine, writes=False) as session:
        assert session.scalar(select(PersonRow.id).where(PersonRow.name == "Verkeerd getypt")) is None


def test_a_page_elsewhere_cannot_let_anybody_in(manager: Client, engine: Engine):
    asked = {"school": SCHOOL, "naam": "Boef", "adres": "boef@elders.example", "rol": "care_coordinator"}
    for path in ("/beheer/mensen", "/beheer/programmas", "/beheer/school"):
        assert manager.post(path, data=asked, headers={"origin": "https://elders.example"}).status_code == 403
    with db.transaction(engine, writes=False) as session:
        assert session.scalar(select(PersonRow).where(PersonRow.email == "boef@elders.example")) is None


def test_the_privacy_officer_sees_first_who_gave_themselves_a_role(manager: Client, signed_in: SignedIn):
    mine = re.search(
        r'href="/beheer/mensen/([\w-]+)\?school=[^"]*">[^<]*</a> <span class="muted">\(u zelf\)',
        manager.get("/beheer/mensen").text,
    )
    assert mine is not None
    asked = {"school": SCHOOL, "rol": "care_coordinator"}
    assert manager.post(f"/beheer/mensen/{mine[1]}/rollen", data=asked, headers=OWN).status_code == 303
    officer = signed_in("privacy_officer")
    text = officer.get("/logboek").text
    assert "Beheerders gaven zichzelf een rol." in text
    assert "Anouk" in text


def test_the_terms_are_shown_to_who_oversees_too(signed_in: SignedIn, manager: Client):
    for client in (manager, signed_in("privacy_officer")):
        text = client.get("/beheer/bewaren").text
        assert "onderwijsconsument.nl" in text
        assert "Niet nagegaan." in text
