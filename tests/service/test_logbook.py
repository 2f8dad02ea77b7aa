"""The audit for the privacy officer, and as records of Logboek Dataverwerkingen."""

import json
import re
from datetime import datetime, timedelta

import pytest
from conftest import CAST, OWN, Client, SignedIn
from fastapi import FastAPI
from sample_lists import SCHOOL, STRANGER, pupil
from sqlalchemy import Engine, select

from service import audit, db, logbook, scope
from service.audit import LABELS, Action, Wanted
from service.tables import AuditRow, SignalRow
from service.viewer import Role, Viewer

LOGBOOK = "/api/v1/logboek"
NDJSON = {"accept": "application/x-ndjson"}
TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture(scope="module")
def officer(app: FastAPI, engine: Engine) -> Client:
    """The privacy officer, after a care coordinator opened two pupils within a trace that began elsewhere."""
    clients = {}
    for who in ("care", "privacy_officer"):
        clients[who] = Client(app)
        assert clients[who].post("/aanmelden", data={"persoon": CAST[who]}, headers=OWN).status_code == 303
    with db.transaction(engine) as session:
        found = {row.pupil: row.id for row in session.scalars(select(SignalRow).where(SignalRow.school == SCHOOL))}
    for number in (0, 1):
        headers = {"traceparent": f"00-{TRACE}-{CALLER}-01"}
        assert clients["care"].get(f"/api/v1/signalen/{found[pupil(number)]}", headers=headers).status_code == 200
    return clients["privacy_officer"]


def lines(client: Client, **asked: object) -> list[dict]:
    answer = client.post(f"{LOGBOOK}/_zoek", json=asked, headers=OWN)
    assert answer.status_code == 200, answer.text
    return answer.json()["logregels"]


def test_the_officer_sees_who_saw_what_of_whom_and_why(officer: Client):
    (line,) = [one for one in lines(officer, leerling=pupil(0)) if one["handeling"] == "leerling geopend"]
    assert (line["rol"], line["doel"]) == ("zorgcoördinator", "begeleiding van leerlingen")
    assert (line["school"], line["leerling"], line["verwerkingsactiviteit"]) == (SCHOOL, pupil(0), "begeleiding")


def test_a_trace_from_elsewhere_stands_in_the_audit_and_goes_on_in_the_answer(officer: Client):
    (line,) = [one for one in lines(officer, leerling=pupil(0)) if one["handeling"] == "leerling geopend"]
    assert line["spoor"] == TRACE
    answer = officer.get(LOGBOOK, headers={"traceparent": f"00-{TRACE}-{CALLER}-01"})
    assert answer.headers["traceparent"].split("-")[1] == TRACE
    assert officer.get(LOGBOOK, headers={"traceparent": "onzin"}).headers["traceparent"].split("-")[1] != TRACE


def test_looking_in_the_audit_is_a_line_itself_and_of_whom_too(officer: Client):
    before = len(lines(officer, leerling=pupil(1)))
    after = lines(officer, leerling=pupil(1))
    assert len(after) == before + 1
    assert (after[0]["handeling"], after[0]["leerling"]) == ("logboek geopend", pupil(1))


def test_it_is_asked_by_time_school_and_pupil(officer: Client):
    whole = lines(officer)
    middle = whole[len(whole) // 2]["tijdstip"]
    assert {one["tijdstip"] >= middle for one in lines(officer, vanaf=middle)} == {True}
    assert {one["tijdstip"] < middle for one in lines(officer, tot=middle)} == {True}
    assert {one["school"] for one in lines(officer, school=STRANGER)} <= {STRANGER}
    answer = officer.get(LOGBOOK, params={"vanaf": middle})
    assert {one["tijdstip"] >= middle for one in answer.json()["logregels"]} == {True}
    assert officer.post(f"{LOGBOOK}/_zoek", json={"leerling": "Noor"}, headers=OWN).status_code == 400
    assert officer.get(f"{LOGBOOK}?leerling={pupil(0)}").status_code == 400  # no pseudonym in an address


def test_pages_follow_one_another_newest_first_without_gaps(officer: Client):
    until = str(datetime.fromisoformat(lines(officer)[0]["tijdstip"]) + timedelta(microseconds=1)).replace(
        "+00:00", "Z"
    )
    whole = officer.get(LOGBOOK, params={"tot": until}).json()["logregels"]
    seen, address = [], f"{LOGBOOK}?tot={until.replace(' ', 'T')}&aantal=7"
    while address:
        page = officer.get(address).json()
        seen += page["logregels"]
        address = page["_links"].get("volgende", {}).get("href")
    assert seen[: len(whole)] == whole
    assert len({one["id"] for one in seen}) == len(seen)
    assert [one["tijdstip"] for one in seen] == sorted((one["tijdstip"] for one in seen), reverse=True)


def test_as_ndjson_each_line_is_a_record_of_the_standard(officer: Client):
    answer = officer.post(f"{LOGBOOK}/_zoek", json={"leerling": pupil(0)}, headers=OWN | NDJSON)
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    records = [json.loads(line) for line in answer.text.splitlines()]
    (record,) = [one for one in records if one["name"] == "pupil.read"]
    assert set(record) == {
        "trace_id", "span_id", "parent_span_id", "name", "start_time", "end_time", "status_code", "resource", "attributes",
    }  # fmt: skip
    assert record["trace_id"] == TRACE
    assert re.fullmatch(r"[0-9a-f]{16}", record["span_id"])
    assert record["parent_span_id"] not in {CALLER, record["span_id"]}
    assert record["status_code"] in {0, 1, 2}
    assert record["resource"]["attributes"]["name"] == "aanwezig"
    assert record["attributes"] == {
        "dpl.core.processing_activity_id": "urn:aanwezig:verwerkingsactiviteit:begeleiding",
        "dpl.core.data_subject_id": pupil(0),
        "dpl.core.data_subject_id_type": logbook.SUBJECT_TYPE,
        "dpl.core.foreign_operation.trace_id": TRACE,
        "dpl.core.foreign_operation.span_id": CALLER,
    }


def test_each_subject_has_a_record_and_a_span_of_its_own_and_nobody_who_looked(officer: Client, engine: Engine):
    answer = officer.get(LOGBOOK, headers=NDJSON)
    records = [json.loads(line) for line in answer.text.splitlines()]
    assert len({one["span_id"] for one in records}) == len(records)
    with db.transaction(engine) as session:
        actors = set(session.scalars(select(AuditRow.actor)))
    assert not [actor for actor in actors if actor in answer.text]


def test_more_of_it_is_linked_in_the_header(officer: Client):
    answer = officer.get(f"{LOGBOOK}?aantal=2", headers=NDJSON)
    following = re.fullmatch(r'<(.+)>; rel="next"', answer.headers["link"])[1]
    more = officer.get(following, headers=NDJSON).text.splitlines()
    assert len(more) == 2
    assert not set(more) & set(answer.text.splitlines())


def test_every_act_belongs_to_one_processing_activity_and_has_a_word():
    listed = [action for one in logbook.ACTIVITIES for action in one.actions]
    assert sorted(listed) == sorted(action.value for action in Action)
    assert set(LABELS) == set(Action)


def test_an_officer_of_one_school_reads_of_that_school_alone(officer: Client, engine: Engine):
    assert officer
    own = Viewer("wie", "Wie", Role.PRIVACY_OFFICER, frozenset({STRANGER}))
    with db.transaction(engine) as session:
        scope.enter(session, own)
        found = audit.events(own, session, wanted=Wanted())
    assert found
    assert {one.school for one in found} == {STRANGER}


def test_nobody_else_reads_it(signed_in: SignedIn):
    others = {who for who in CAST if who != "privacy_officer"}
    assert {signed_in(who).get(LOGBOOK).status_code for who in others} == {403}
    assert {signed_in(who).post(f"{LOGBOOK}/_zoek", json={}, headers=OWN).status_code for who in others} == {403}
