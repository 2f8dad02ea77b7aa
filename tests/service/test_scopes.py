"""A fixed cast: the owner, a colleague, a stranger. What is outside the scope does not exist."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import CAST, OWN, Client, SignedIn
from demo_home import full_name
from fastapi import FastAPI
from sample_lists import SCHOOL, STRANGER, pupil
from sqlalchemy import Engine, delete, select

from data_contracts.errors import SettingsError
from service import auth, db
from service.app import create_app
from service.settings import Mode, Settings
from service.tables import AuditRow, GrantRow, ListRow, PersonRow, SealedNameRow, SessionRow, SignalRow, now
from service.viewer import ROLES, Permission, Role, Viewer
from service.who import viewers

Audit = Callable[[], list[AuditRow]]

NOOR = " ".join(full_name(0))


def ids(engine: Engine, school: str, row: type[ListRow] | type[SignalRow] = ListRow) -> list[str]:
    with db.transaction(engine) as session:
        return list(session.scalars(select(row.id).where(row.school == school)))


@pytest.fixture
def audit(app: FastAPI):
    """The lines added to the audit since the last call."""
    engine = app.state.installation.engine
    seen = set()

    def added() -> list[AuditRow]:
        with db.transaction(engine) as session:
            rows = [row for row in session.scalars(select(AuditRow)) if row.id not in seen]
        seen.update(row.id for row in rows)
        return rows

    added()
    return added


def test_a_care_coordinator_sees_the_own_school_with_names(signed_in: SignedIn):
    page = signed_in("care").get("/weeklijst").text
    assert "Het Baken College" in page
    assert NOOR in page
    assert "Lyceum Zuid" not in page


def test_a_mentor_sees_the_own_group_only(signed_in: SignedIn):
    page = signed_in("mentor").get("/weeklijst").text
    assert "alleen 2hv1" in page
    shown = set(re.findall(r'<span class="group">([^<]+)</span>', page))
    assert shown == {"2hv1"}


def test_the_data_team_sees_every_school_and_no_name(signed_in: SignedIn, engine: Engine):
    client = signed_in("data_team")
    page = client.get(f"/weeklijst?school={SCHOOL}").text
    assert "Het Baken College" in page
    assert "Lyceum Zuid" in page
    assert f"Leerling {pupil(0)[:8]}" in page
    assert NOOR not in page
    for one in ids(engine, SCHOOL):
        answer = client.get(f"/api/v1/weeklijsten/{one}/signalen").json()
        assert {signal["naam"] for signal in answer["signalen"]} <= {None}


@pytest.mark.parametrize("who", ["stranger", "mentor", "privacy_officer"])
def test_what_is_outside_the_scope_is_not_found_or_not_allowed(signed_in: SignedIn, engine: Engine, who: str):
    client = signed_in(who)
    foreign = SCHOOL if who == "stranger" else STRANGER
    refused = {"stranger": 404, "mentor": 404, "privacy_officer": 403}[who]
    for one in ids(engine, foreign):
        for address in (f"/api/v1/weeklijsten/{one}", f"/api/v1/weeklijsten/{one}/signalen"):
            assert client.get(address).status_code == refused
    for one in ids(engine, foreign, SignalRow):
        for address in (f"/api/v1/signalen/{one}", f"/leerling/{one}"):
            assert client.get(address).status_code == refused
    assert client.get(f"/weeklijst?school={foreign}").status_code == refused


def test_a_colleague_s_pupil_in_the_own_school_does_not_exist_for_a_mentor(signed_in: SignedIn, engine: Engine):
    with db.transaction(engine) as session:
        rows = session.scalars(select(SignalRow).where(SignalRow.school == SCHOOL)).all()
    client = signed_in("mentor")
    answers = {(row.group_name == "2hv1", client.get(f"/leerling/{row.id}").status_code) for row in rows}
    assert answers == {(True, 200), (False, 404)}


def test_a_stranger_s_object_and_no_object_at_all_answer_alike(signed_in: SignedIn, engine: Engine):
    client = signed_in("stranger")
    theirs = client.get(f"/api/v1/signalen/{ids(engine, SCHOOL, SignalRow)[0]}").json()
    nothing = client.get("/api/v1/signalen/bestaatniet").json()
    assert theirs.pop("instance") != nothing.pop("instance")
    assert theirs == nothing


def test_opening_a_list_is_one_line_for_each_pupil_shown(signed_in: SignedIn, audit: Audit):
    client = signed_in("care")
    audit()
    client.get("/weeklijst")
    rows = audit()
    assert {row.action for row in rows} == {"list.read"}
    assert {row.role for row in rows} == {"care_coordinator"}
    assert {row.purpose for row in rows} == {"begeleiding van leerlingen"}
    assert sorted(row.subject for row in rows) == sorted(pupil(number) for number in range(34))


def test_opening_a_pupil_is_one_line(signed_in: SignedIn, audit: Audit, engine: Engine):
    client = signed_in("care")
    with db.transaction(engine) as session:
        row = session.scalars(select(SignalRow).where(SignalRow.pupil == pupil(2))).first()
    audit()
    client.get(f"/leerling/{row.id}")
    assert [(one.action, one.subject, one.object) for one in audit()] == [("pupil.read", pupil(2), row.id)]


def test_what_was_refused_is_no_line(signed_in: SignedIn, audit: Audit, engine: Engine):
    client = signed_in("stranger")
    audit()
    client.get(f"/leerling/{ids(engine, SCHOOL, SignalRow)[0]}")
    assert audit() == []


def test_the_audit_holds_no_name(signed_in: SignedIn, engine: Engine):
    signed_in("care").get("/weeklijst")
    with db.transaction(engine) as session:
        rows = session.scalars(select(AuditRow)).all()
        sealed = session.scalars(select(SealedNameRow.sealed)).all()
    text = " ".join(str(vars(row)) for row in rows)
    assert rows
    assert not [number for number in range(34) if " ".join(full_name(number)) in text]
    assert not [one for one in sealed if one in text]


def test_the_privacy_officer_reads_the_audit_and_that_is_a_line_itself(signed_in: SignedIn, audit: Audit):
    client = signed_in("privacy_officer")
    audit()
    page = client.get("/logboek")
    assert page.status_code == 200
    assert "op de lijst gezien" in page.text or "aangemeld" in page.text
    assert [row.action for row in audit()] == ["audit.read"]
    assert signed_in("care").get("/logboek").status_code == 403


def test_signing_out_ends_the_session_on_the_server(app: FastAPI):
    client = Client(app)
    client.post("/aanmelden", data={"persoon": CAST["care"]}, headers=OWN)
    token = client.cookies["aanwezig"]
    assert client.post("/afmelden", headers=OWN).headers["location"] == "/aanmelden"
    again = Client(app)
    again.cookies.set("aanwezig", token)
    assert again.get("/weeklijst").headers["location"].startswith("/aanmelden")
    assert again.post("/afmelden", headers=OWN).status_code == 303


def test_a_session_ends_by_itself_and_its_token_is_nowhere_in_the_database(app: FastAPI, engine: Engine):
    client = Client(app)
    client.post("/aanmelden", data={"persoon": CAST["care"]}, headers=OWN)
    token = client.cookies["aanwezig"]
    with db.transaction(engine) as session:
        rows = session.scalars(select(SessionRow)).all()
        assert token not in {row.token_digest for row in rows}
        for row in rows:
            if row.token_digest == auth._digest(token):
                row.expires_at = now()
    assert client.get("/weeklijst").status_code == 303


def test_a_grant_that_is_taken_away_ends_the_access_at_once(app: FastAPI, engine: Engine):
    client = Client(app)
    client.post("/aanmelden", data={"persoon": CAST["stranger"]}, headers=OWN)
    assert client.get("/weeklijst").status_code == 200
    with db.transaction(engine) as session:
        person = session.scalars(select(PersonRow).where(PersonRow.demo_key == CAST["stranger"])).one()
        session.execute(delete(GrantRow).where(GrantRow.person == person.id))
    assert client.get("/weeklijst").status_code == 303
    assert client.get("/api/v1/weeklijsten").status_code == 401
    Client(app).post("/aanmelden", data={"persoon": CAST["stranger"]}, headers=OWN)


def test_after_signing_in_one_is_sent_to_a_page_here_and_never_elsewhere(app: FastAPI):
    wanted = {
        "/leerling/abc": "/leerling/abc",
        "//elders.nl": "/weeklijst",
        "https://elders.nl": "/weeklijst",
        "/\\elders.nl": "/weeklijst",
        "": "/weeklijst",
    }
    for asked, sent in wanted.items():
        answer = Client(app).post("/aanmelden", data={"persoon": CAST["care"], "naar": asked}, headers=OWN)
        assert answer.headers["location"] == sent


def test_permissions_are_data_and_every_role_has_its_own():
    assert set(ROLES) == set(Role)
    may = {role for role in Role if Permission.READ_NAMES in ROLES[role].permissions}
    assert may == {Role.CARE_COORDINATOR, Role.MENTOR, Role.ATTENDANCE_OFFICER, Role.ALLIANCE}
    assert Viewer("x", "x", Role.PRIVACY_OFFICER, None).may(Permission.READ_AUDIT)


def test_production_has_no_cast_and_does_not_start_where_there_is_one(
    settings: Settings, engine: Engine, home: Path, tmp_path: Path
):
    clean = f"sqlite:///{tmp_path / 'service.db'}"
    production = Settings(mode=Mode.PRODUCTION, home=home, database_url=clean, public_url="https://a.school.nl")
    app = create_app(production)
    client = Client(app)
    page = client.get("/aanmelden").text
    assert "persoon" not in page
    assert client.post("/aanmelden", data={"persoon": "datateam"}, headers=OWN).status_code == 404
    app.state.installation.engine.dispose()

    with db.transaction(engine) as session:
        if session.scalar(select(PersonRow.id).where(PersonRow.demo_key.is_not(None))) is None:
            session.add(PersonRow(name="demo", demo_key="demo"))
    with pytest.raises(SettingsError, match="demo"):
        create_app(replace(production, database_url=settings.database_url))


def test_the_mode_is_production_unless_said_otherwise(tmp_path: Path):
    assert Settings.from_environment({}).mode is Mode.PRODUCTION
    assert Settings.from_environment({"AANWEZIG_MODE": "demo"}).is_demo
    here = Settings.from_environment({"AANWEZIG_HOME": str(tmp_path)})
    assert here.database_url == f"sqlite:///{tmp_path}/service.db"
    with pytest.raises(SettingsError, match="AANWEZIG_MODE"):
        Settings.from_environment({"AANWEZIG_MODE": "proefdraai"})


@pytest.mark.parametrize("key", [None, b"geen sleutel", b"x" * 44])
def test_without_a_usable_key_the_page_says_so_and_shows_pseudonyms(
    settings: Settings, tmp_path: Path, key: bytes | None
):
    if key:
        (tmp_path / "keys").mkdir()
        (tmp_path / "keys" / "names.key").write_bytes(key)
    app = create_app(Settings(mode=Mode.DEMO, home=tmp_path, database_url=settings.database_url))
    client = Client(app)
    client.post("/aanmelden", data={"persoon": CAST["care"]}, headers=OWN)
    page = client.get("/weeklijst").text
    assert "Namen zijn niet beschikbaar" in page
    assert f"Leerling {pupil(0)[:8]}" in page
    app.state.installation.engine.dispose()


def test_a_grant_without_a_group_does_not_open_the_groups_that_others_name(engine: Engine):
    with db.transaction(engine) as session:
        mentor = PersonRow(name="Mentor van twee scholen")
        session.add(mentor)
        session.flush()
        session.add(GrantRow(person=mentor.id, role=Role.MENTOR.value, school=SCHOOL, group_name="2hv1"))
        session.add(GrantRow(person=mentor.id, role=Role.MENTOR.value, school=STRANGER))
        session.flush()
        viewer = viewers.viewer_for(session, mentor, Role.MENTOR)
    assert viewer.reaches(SCHOOL, "2hv1")
    assert not viewer.reaches(SCHOOL, "3hv1")
    assert not viewer.reaches(STRANGER, "2hv1")
