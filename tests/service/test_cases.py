"""A case: the one way in which an alliance sees a pupil, on a ground, until a day, and no longer."""

from datetime import date, timedelta

import pytest
from conftest import CAST, OWN, Client, SignedIn
from demo_home import full_name
from fastapi import FastAPI
from sample_lists import SCHOOL, STRANGER, WEEK, below, on_list, pupil, weekly_list
from sqlalchemy import Engine, select, update

from service import cases, db, lists, scope
from service.tables import AuditRow, CaseRow, SignalRow

CASES = "/api/v1/dossiers"
TODAY = scope.today()
NEXT_MONTH = TODAY + timedelta(days=30)


def signal(engine: Engine, number: int, school: str = SCHOOL) -> str:
    with db.transaction(engine) as session:
        query = select(SignalRow.id).where(SignalRow.pupil == pupil(number, school))
        return session.scalars(query).first()


def new(engine: Engine, number: int, school: str = SCHOOL, **changes: object) -> dict:
    whole = {"signaal": signal(engine, number, school), "grond": "toestemmingOuders", "totEnMet": str(NEXT_MONTH)}
    return whole | changes


@pytest.fixture(scope="module")
def people(app: FastAPI):
    """The school, and the alliance."""
    clients = []
    for who in ("care", "alliance"):
        client = Client(app)
        assert client.post("/aanmelden", data={"persoon": CAST[who]}, headers=OWN).status_code == 303
        clients.append(client)
    return clients


def opened(school: Client, engine: Engine, number: int, **changes: object) -> str:
    answer = school.post(CASES, json=new(engine, number, **changes), headers=OWN)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{CASES}/{answer.json()['id']}"
    return answer.json()["id"]


def test_the_alliance_sees_a_pupil_only_from_when_the_school_opens_a_case(people: list[Client], engine: Engine):
    school, alliance = people
    assert alliance.get(CASES).json()["dossiers"] == []
    case = opened(school, engine, 0)
    (found,) = alliance.get(CASES).json()["dossiers"]
    assert (found["id"], found["leerling"], found["naam"]) == (case, pupil(0), " ".join(full_name(0)))
    assert (found["grond"], found["totEnMet"], found["status"]) == ("toestemmingOuders", str(NEXT_MONTH), "lopend")


def test_with_the_newest_signal_in_sentences_and_nothing_else(people: list[Client], engine: Engine):
    school, alliance = people
    case = opened(school, engine, 1)
    seen = alliance.get(f"{CASES}/{case}").json()["signaal"]
    assert seen["week"] == str(WEEK)
    assert seen["verhogend"] == [one.text for one in on_list(1).raising]
    assert set(seen) == {"week", "jaargroep", "stand", "duiding", "frequentie", "verhogend", "verlagend", "drempels"}
    later = weekly_list(
        week=WEEK + timedelta(days=7), signals=(below(1).model_copy(update={"pupil": pupil(1)}),), gone=()
    )
    lists.publish(engine, later, names=[], by="test")
    assert alliance.get(f"{CASES}/{case}").json()["signaal"]["week"] == str(WEEK + timedelta(days=7))


def test_the_signal_itself_and_other_pupils_stay_closed(people: list[Client], engine: Engine):
    school, alliance = people
    opened(school, engine, 2)
    for address in (f"/api/v1/signalen/{signal(engine, 2)}", f"/leerling/{signal(engine, 2)}", "/api/v1/weeklijsten"):
        assert alliance.get(address).status_code == 403
    shown = alliance.get(CASES).text
    assert not [number for number in range(5, 30) if pupil(number) in shown]


def test_closing_ends_it_at_once_and_for_the_school_it_stays(people: list[Client], engine: Engine):
    school, alliance = people
    case = opened(school, engine, 3)
    assert alliance.get(f"{CASES}/{case}").status_code == 200
    assert school.request("DELETE", f"{CASES}/{case}", headers=OWN).status_code == 204
    assert alliance.get(f"{CASES}/{case}").status_code == 404
    assert case not in alliance.get(CASES).text
    kept = school.get(f"{CASES}/{case}").json()
    assert (kept["status"], kept["geslotenOp"] is not None) == ("gesloten", True)
    assert school.request("DELETE", f"{CASES}/{case}", headers=OWN).status_code == 204


def test_the_day_after_its_last_it_is_over_without_anybody_doing_a_thing(people: list[Client], engine: Engine):
    school, alliance = people
    case = opened(school, engine, 4, totEnMet=str(TODAY))
    assert alliance.get(f"{CASES}/{case}").status_code == 200
    with db.transaction(engine) as session:
        session.execute(update(CaseRow).where(CaseRow.id == case).values(expires_on=TODAY - timedelta(days=1)))
    assert alliance.get(f"{CASES}/{case}").status_code == 404
    assert school.get(f"{CASES}/{case}").json()["status"] == "verlopen"


@pytest.mark.parametrize(
    ("day", "status"),
    [
        (TODAY - timedelta(days=1), 400),
        (TODAY, 201),
        (TODAY + cases.LONGEST, 201),
        (TODAY + cases.LONGEST + timedelta(days=1), 400),
    ],
)
def test_a_case_runs_from_today_for_a_school_year_at_most(people: list[Client], engine: Engine, day: date, status: int):
    school, _ = people
    answer = school.post(CASES, json=new(engine, 5, totEnMet=str(day)), headers=OWN)
    assert answer.status_code == status
    if status == 201:
        school.request("DELETE", f"{CASES}/{answer.json()['id']}", headers=OWN)
    else:
        assert "uiterlijk" in answer.json()["detail"]


def test_there_is_no_case_without_a_known_ground(people: list[Client], engine: Engine):
    school, _ = people
    for ground in ("omdatHetKan", "", None):
        answer = school.post(CASES, json=new(engine, 6, grond=ground), headers=OWN)
        assert answer.status_code == 400
        assert [one["naam"] for one in answer.json()["fouten"]] == ["grond"]


def test_one_case_a_pupil_at_a_time(people: list[Client], engine: Engine):
    school, _ = people
    case = opened(school, engine, 7)
    assert school.post(CASES, json=new(engine, 7), headers=OWN).status_code == 409
    school.request("DELETE", f"{CASES}/{case}", headers=OWN)
    opened(school, engine, 7)


def test_only_a_school_opens_and_closes_and_only_about_its_own_pupils(
    people: list[Client], engine: Engine, signed_in: SignedIn
):
    school, alliance = people
    assert school.post(CASES, json=new(engine, 0, STRANGER), headers=OWN).status_code == 404
    case = opened(school, engine, 8)
    assert signed_in("stranger").get(f"{CASES}/{case}").status_code == 404
    assert signed_in("stranger").request("DELETE", f"{CASES}/{case}", headers=OWN).status_code == 404
    assert alliance.post(CASES, json=new(engine, 9), headers=OWN).status_code == 403
    assert alliance.request("DELETE", f"{CASES}/{case}", headers=OWN).status_code == 403
    for who in ("mentor", "data_team", "privacy_officer", "attendance_officer", "supplier"):
        assert signed_in(who).get(CASES).status_code == 403


def test_both_sides_are_in_the_audit(people: list[Client], engine: Engine):
    school, alliance = people
    case = opened(school, engine, 9)
    alliance.get(f"{CASES}/{case}")
    school.request("DELETE", f"{CASES}/{case}", headers=OWN)
    with db.transaction(engine) as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.object == case).order_by(AuditRow.at)).all()
    assert [(row.action, row.role, row.subject) for row in rows] == [
        ("case.opened", "care_coordinator", pupil(9)),
        ("case.read", "alliance", pupil(9)),
        ("case.closed", "care_coordinator", pupil(9)),
    ]


def test_what_a_later_edition_took_off_the_list_is_not_told(people: list[Client], engine: Engine):
    school, alliance = people
    case = opened(school, engine, 6)
    week = WEEK + timedelta(days=28)
    for signals in ((on_list(0), on_list(6)), (on_list(0),)):
        lists.publish(engine, weekly_list(week=week, signals=signals, gone=()), names=[], by="test")
        told = alliance.get(f"{CASES}/{case}").json()["signaal"]["week"]
        assert (told == str(week)) == (len(signals) == 2)
