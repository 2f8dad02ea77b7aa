"""What people do about a signal: planned, done, changed by one person at a time, and never cleared without a word."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from conftest import CAST, OWN, Client, SignedIn
from demo_home import full_name
from fastapi import FastAPI
from sample_lists import SCHOOL, STRANGER, pupil
from sqlalchemy import Engine, select

from data_contracts.errors import StorageError
from service import db, scope
from service.api.follow_ups import ChangeCursor
from service.following import follow_ups
from service.following.follow_ups import KINDS, OUTCOMES, Kind, Outcome
from service.tables import AuditRow, FollowUpRow, SignalRow, now
from service.vault import Vault
from service.viewer import Permission, Role, Viewer

FOLLOW_UPS = "/api/v1/opvolgingen"
TODAY = scope.today()
PLAN = {"soort": "gesprek", "eigenaar": "S. Jansen, mentor", "geplandOp": "2026-11-19"}
NOTE = "Slaapt slecht sinds de verhuizing."


def signal(engine: Engine, number: int, school: str = SCHOOL) -> str:
    with db.transaction(engine) as session:
        query = select(SignalRow.id).where(SignalRow.pupil == pupil(number, school))
        return session.scalars(query).first()


@pytest.fixture(scope="module")
def care(app: FastAPI) -> Client:
    client = Client(app)
    assert client.post("/aanmelden", data={"persoon": CAST["care"]}, headers=OWN).status_code == 303
    return client


def opened(client: Client, engine: Engine, number: int, **changes: object) -> httpx.Response:
    address = f"/api/v1/signalen/{signal(engine, number)}/opvolgingen"
    return client.post(address, json=PLAN | changes, headers=OWN)


def changed(client: Client, before: httpx.Response, tag: str | None = None, **changes: object) -> httpx.Response:
    headers = OWN | {"if-match": tag or before.headers["etag"]}
    return client.request("PUT", before.json()["_links"]["self"]["href"], json=PLAN | changes, headers=headers)


def test_a_follow_up_is_planned_on_a_signal_and_found_again(care: Client, engine: Engine):
    answer = opened(care, engine, 0, notitie=NOTE)
    assert answer.status_code == 201
    again = care.get(answer.headers["location"])
    assert again.json() == answer.json()
    assert again.headers["etag"] == answer.headers["etag"]
    found = again.json()
    assert (found["leerling"], found["naam"], found["groep"]) == (pupil(0), " ".join(full_name(0)), "2hv1")
    assert (found["soort"], found["eigenaar"], found["notitie"]) == ("gesprek", PLAN["eigenaar"], NOTE)
    assert found["_links"]["signaal"]["href"] == f"/api/v1/signalen/{signal(engine, 0)}"


def test_it_is_finished_with_what_came_of_it_and_the_note_stays(care: Client, engine: Engine):
    before = opened(care, engine, 1, notitie=NOTE)
    after = changed(care, before, gedaanOp=str(TODAY), uitkomst="afspraken")
    assert after.status_code == 200
    assert (after.json()["uitkomst"], after.json()["notitie"]) == ("afspraken", NOTE)
    assert after.headers["etag"] != before.headers["etag"]


def test_of_two_who_change_it_at_once_the_second_is_told_and_changes_nothing(care: Client, engine: Engine):
    before = opened(care, engine, 2)
    assert changed(care, before, eigenaar="Een").status_code == 200
    second = changed(care, before, eigenaar="Twee")
    assert second.status_code == 412
    assert "opnieuw" in second.json()["oplossing"]
    assert care.get(before.headers["location"]).json()["eigenaar"] == "Een"
    assert changed(care, before, tag="*", eigenaar="Drie").status_code == 200
    assert changed(care, before, tag='W/"1"').status_code == 412


def test_a_change_says_what_it_changes(care: Client, engine: Engine):
    address = opened(care, engine, 3).headers["location"]
    assert care.request("PUT", address, json=PLAN, headers=OWN).status_code == 428


@pytest.mark.parametrize("note", [None, "", "   ", "-", "...", "123"])
@pytest.mark.parametrize("clears", [{"soort": "laten"}, {"uitkomst": "gaatBeter"}, {"uitkomst": "nietNodig"}])
def test_nobody_clears_a_pupil_without_a_word(care: Client, engine: Engine, clears: dict, note: str | None):
    done = {"gedaanOp": str(TODAY), **clears, "notitie": note}
    answer = opened(care, engine, 4, **done)
    assert answer.status_code == 400
    assert "notitie" in answer.json()["detail"]
    before = opened(care, engine, 4)
    assert changed(care, before, **done).status_code == 400
    assert changed(care, before, **(done | {"notitie": "Belde zelf: het gaat goed."})).status_code == 200


def test_what_contradicts_itself_is_refused_with_all_that_is_wrong(care: Client, engine: Engine):
    tomorrow = str(TODAY + timedelta(days=1))
    assert opened(care, engine, 5, uitkomst="afspraken").status_code == 400
    answer = opened(care, engine, 5, soort="laten", gedaanOp=tomorrow)
    assert "toekomst" in answer.json()["detail"]
    assert "notitie" in answer.json()["detail"]
    wrong = opened(care, engine, 5, soort="straf", eigenaar="")
    assert {one["naam"] for one in wrong.json()["fouten"]} == {"soort", "eigenaar"}
    assert opened(care, engine, 5, cijfer=3).status_code == 400


def test_a_note_is_sealed_and_opened_only_for_who_may_see_names(care: Client, app: FastAPI, engine: Engine):
    made = opened(care, engine, 6, notitie=NOTE).json()["id"]
    with db.transaction(engine) as session:
        row = session.get_one(FollowUpRow, made)
        assert NOTE not in str(vars(row))
        grants = frozenset({Permission.READ_FOLLOW_UPS})
        limited = Viewer("wie", "Wie", Role.CARE_COORDINATOR, frozenset({SCHOOL}), narrowed=grants)
        scope.enter(session, limited)
        shown = follow_ups.follow_up(limited, session, made, vault=app.state.installation.vault)
    assert (shown.plan.kind, shown.plan.note) == (Kind.CONVERSATION, None)


def test_without_the_key_nothing_is_written_down_in_the_open():
    with pytest.raises(StorageError, match="sleutel"):
        Vault(None).seal(NOTE)


def test_what_was_changed_since_is_given_in_order_without_gaps(care: Client, engine: Engine):
    first, second = opened(care, engine, 7), opened(care, engine, 8)
    page = care.get(f"{FOLLOW_UPS}?gewijzigdSinds={now().isoformat().replace('+00:00', 'Z')}").json()
    assert page["opvolgingen"] == []
    end = page["_links"]["bijgewerkt"]["href"]
    changed(care, first, eigenaar="Een ander")
    third = opened(care, engine, 9)

    pulled, address = [], f"{FOLLOW_UPS}?aantal=2"
    while address:
        found = care.get(address).json()
        pulled += [one["id"] for one in found["opvolgingen"]]
        address = found["_links"].get("volgende", {}).get("href")
    assert pulled[-3:] == [one.json()["id"] for one in (second, first, third)]
    assert len(pulled) == len(set(pulled))

    last = found["_links"]["bijgewerkt"]["href"]
    assert care.get(last).json()["opvolgingen"] == []
    changed(care, second, eigenaar="Weer een ander")
    assert [one["id"] for one in care.get(last).json()["opvolgingen"]] == [second.json()["id"]]
    assert [one["id"] for one in care.get(end).json()["opvolgingen"]] == [
        one.json()["id"] for one in (first, third, second)
    ]


def pulled(client: Client, address: str) -> tuple[list[str], str]:
    """What one page gives, and where the next pull begins."""
    page = client.get(address).json()
    return [one["id"] for one in page["opvolgingen"]], page["_links"]["bijgewerkt"]["href"]


@pytest.mark.parametrize(("year", "amount"), [(2035, 1), (2036, 100)])
def test_from_a_moment_on_the_order_counts_and_not_the_clock(care: Client, engine: Engine, year: int, amount: int):
    made = [opened(care, engine, number).json()["id"] for number in (0, 1, 2)]
    with db.transaction(engine) as session:
        for one, (hour, minute) in zip(made, ((10, 5), (9, 56), (10, 7)), strict=True):
            session.get_one(FollowUpRow, one).changed_at = datetime(year, 1, 1, hour, minute, tzinfo=UTC)
    found, address = [], f"{FOLLOW_UPS}?gewijzigdSinds={year}-01-01T10:00:00Z&aantal={amount}"
    for _ in range(len(made)):
        page, address = pulled(care, address)
        found += page
    assert found == made
    assert pulled(care, address)[0] == []


def test_a_moment_after_everything_gives_nothing_and_what_comes_then(care: Client, engine: Engine):
    opened(care, engine, 3)
    found, kept = pulled(care, f"{FOLLOW_UPS}?gewijzigdSinds=2040-01-01T00:00:00Z")
    assert found == []
    assert pulled(care, kept)[0] == []
    later = opened(care, engine, 4).json()["id"]
    assert pulled(care, kept)[0] == [later]


def test_where_a_moment_lies_tells_nothing_of_another_school(care: Client, engine: Engine, signed_in: SignedIn):
    opened(care, engine, 5)
    for year in (2020, 2040):
        address = f"{FOLLOW_UPS}?gewijzigdSinds={year}-01-01T00:00:00Z"
        assert pulled(signed_in("stranger"), address)[1].endswith(str(ChangeCursor("change", 0)))


def test_a_mentor_sees_and_writes_those_of_the_own_group_only(care: Client, engine: Engine, signed_in: SignedIn):
    mentor = signed_in("mentor")
    own, other = opened(care, engine, 0), opened(care, engine, 1)
    assert mentor.get(own.headers["location"]).status_code == 200
    assert mentor.get(other.headers["location"]).status_code == 404
    assert changed(mentor, other).status_code == 404
    assert {one["groep"] for one in mentor.get(FOLLOW_UPS).json()["opvolgingen"]} == {"2hv1"}
    assert opened(mentor, engine, 0).status_code == 201
    assert opened(mentor, engine, 1).status_code == 404


def test_another_school_has_none_of_it_and_other_roles_may_not_ask(care: Client, engine: Engine, signed_in: SignedIn):
    made = opened(care, engine, 2)
    stranger = signed_in("stranger")
    assert stranger.get(made.headers["location"]).status_code == 404
    assert changed(stranger, made).status_code == 404
    assert stranger.get(FOLLOW_UPS).json()["opvolgingen"] == []
    theirs = f"/api/v1/signalen/{signal(engine, 0, STRANGER)}/opvolgingen"
    assert care.post(theirs, json=PLAN, headers=OWN).status_code == 404
    for who in ("data_team", "privacy_officer", "alliance", "attendance_officer", "supplier"):
        assert signed_in(who).get(FOLLOW_UPS).status_code == 403
        assert opened(signed_in(who), engine, 2).status_code == 403


def test_each_step_is_a_line_in_the_audit(care: Client, engine: Engine):
    made = opened(care, engine, 3)
    care.get(made.headers["location"])
    changed(care, made)
    with db.transaction(engine) as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.object == made.json()["id"]).order_by(AuditRow.at))
        lines = [(row.action, row.subject) for row in rows]
    assert lines == [(f"follow_up.{verb}", pupil(3)) for verb in ("opened", "read", "changed")]


def test_every_word_has_its_sentence():
    assert set(KINDS) == set(Kind)
    assert set(OUTCOMES) == set(Outcome)
