"""What an attendance officer gets: legal duties and unauthorised days. Of sickness or suspension not one byte."""

import json
from datetime import date, timedelta

import pytest
from conftest import CAST, OWN, Client, SignedIn
from demo_home import full_name
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from sample_lists import LAST_WEEK, SCHOOL, STRANGER, WEEK, below, hours_rule, mazl_rule, on_list, pupil, weekly_list
from sqlalchemy import Engine, select

from data_contracts.reasons import KINDS, Kind
from data_contracts.weekly_list import CalendarDay, DutyAlone
from features.rules import Rule, rule_packs
from service import db, lists
from service.tables import AuditRow, DutyRow, RegionCellRow
from service.viewer import ROLES, Role

ELSEWHERE = "44ZZ00"
DUTIES = "/api/v1/verzuimmeldingen"
DAYS = {
    "sick": ("sick", 350, "yes"),
    "sick, which the school calls unauthorised": ("sick", 350, "no"),
    "suspended": ("suspension", 350, "yes"),
    "suspended, which the school calls unauthorised": ("suspension", 350, "no"),
    "at the doctor's": ("medical_appointment", 100, "no"),
    "of a religious duty": ("religious", 350, "no"),
    "late": ("late", 0, "no"),
    "sent out": ("removed_from_class", 50, "no"),
    "unexplained": ("unexplained", 50, "unknown"),
    "truant": ("truancy", 250, "no"),
    "on a holiday": ("luxury_leave", 350, "no"),
}
TOLD = {"truant", "on a holiday"}


def calendar() -> tuple[CalendarDay, ...]:
    return tuple(
        CalendarDay(
            day=date(2026, 11, 2) + timedelta(days=place),
            kind=kind,
            absent_minutes=minutes,
            scheduled_minutes=351,
            late=1,
            authorised=authorised,
        )
        for place, (kind, minutes, authorised) in enumerate(DAYS.values())
    )


@pytest.fixture(scope="module")
def officer(app: FastAPI, engine: Engine, settings: object) -> Client:
    """An attendance officer, after a school published a pupil with a day of every sort."""
    del settings
    whole = on_list(4).model_copy(update={"calendar": calendar(), "rule_hits": (hours_rule(), mazl_rule())})
    ill = on_list(0).model_copy(update={"rule_hits": (mazl_rule(),)})
    lists.publish(engine, weekly_list(signals=(whole, ill), gone=()), names=[], by="test")
    client = Client(app)
    assert client.post("/aanmelden", data={"persoon": CAST["attendance_officer"]}, headers=OWN).status_code == 303
    return client


def found(client: Client, **asked: str) -> list[dict]:
    answer = client.get(DUTIES, params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()["verzuimmeldingen"]


def test_the_officer_sees_who_reached_a_legal_threshold_with_name_and_deadline(officer: Client):
    (melding,) = found(officer, school=SCHOOL, week=str(WEEK))
    assert (melding["leerling"], melding["naam"], melding["groep"]) == (pupil(4), " ".join(full_name(4)), "2m1")
    (duty,) = melding["plichten"]
    assert (duty["regel"], duty["waarde"], duty["drempel"]) == ("lpw_16h", 17, 16)
    assert (duty["bereiktOp"], duty["uiterlijk"]) == ("2026-11-12", "2026-11-19")
    assert "17 uur ongeoorloofd" in duty["tekst"]


def test_and_only_the_days_that_were_missed_without_leave(officer: Client):
    (melding,) = found(officer, school=SCHOOL, week=str(WEEK))
    told = {str(one.day) for one, name in zip(calendar(), DAYS, strict=True) if name in TOLD}
    assert {day["dag"] for day in melding["dagen"]} == told
    assert {day["soort"] for day in melding["dagen"]} == {"ongeoorloofd afwezig", "luxeverzuim"}


def test_how_much_of_a_day_was_missed_is_not_told_for_illness_would_be_in_it(officer: Client):
    (melding,) = found(officer, school=SCHOOL, week=str(WEEK))
    assert {frozenset(day) for day in melding["dagen"]} == {frozenset({"dag", "soort"})}
    assert "minuten" not in officer.get(f"{DUTIES}/{melding['id']}").text


WITHHELD = (
    *(KINDS[one].label for one in (Kind.SICK, Kind.SUSPENSION, Kind.MEDICAL_APPOINTMENT, Kind.RELIGIOUS)),
    *(one.value for one in (Kind.SICK, Kind.SUSPENSION, Kind.MEDICAL_APPOINTMENT, Kind.RELIGIOUS)),
    "ziek",
    "schors",
    "mazl",
    "M@ZL",
    "jeugdarts",
)


def test_of_sickness_and_suspension_there_is_not_one_byte_in_any_answer(officer: Client, app: FastAPI):
    """Every address that can be read without an id, and every duty."""
    routes = [one for one in iter_route_contexts(app.routes) if "GET" in (one.methods or ())]
    public = {"/aanmelden", "/uitleg", "/api/v1/openapi.json", "/api/v1/docs", "/metrics"}
    addresses = {one.path for one in routes if "{" not in one.path} - public
    asked = sorted(addresses | {f"{DUTIES}/{one['id']}" for one in found(officer)})
    assert len(asked) > 10
    for address in asked:
        answer = officer.get(address)
        text = answer.text + json.dumps(dict(answer.headers))
        assert not [word for word in WITHHELD if word in text], address
    (theirs,) = found(officer, school=SCHOOL, week=str(WEEK))
    days = [str(one.day) for one, name in zip(calendar(), DAYS, strict=True) if name not in TOLD]
    assert not [day for day in days if day in officer.get(f"{DUTIES}/{theirs['id']}").text]


def test_nor_in_what_is_stored_for_that_role(officer: Client, engine: Engine):
    assert officer
    with db.transaction(engine) as session:
        documents = session.scalars(select(DutyRow.document)).all()
    assert documents
    assert not [word for word in WITHHELD for document in documents if word in document]


STATUTORY = [rule for pack in rule_packs().values() for rule in pack if rule.statutory]


@pytest.mark.parametrize("rule", STATUTORY, ids=lambda rule: rule.id)
def test_each_legal_rule_counts_and_tells_unauthorised_absence_only(rule: Rule):
    assert rule.measure in {"unauthorised_hours", "unauthorised_run", "luxury_days"}
    assert not [word for word in WITHHELD if word in rule.sentence + rule.label + rule.source]


def test_what_a_correction_took_back_is_not_told_any_more(officer: Client, engine: Engine):
    (before,) = found(officer, school=SCHOOL, week=str(WEEK))
    without = weekly_list(signals=(on_list(0),), gone=())
    lists.publish(engine, without, names=[], by="test")
    assert found(officer, school=SCHOOL, week=str(WEEK)) == []
    assert officer.get(f"{DUTIES}/{before['id']}").status_code == 404
    with db.transaction(engine) as session:
        assert session.get(DutyRow, before["id"]) is not None


@pytest.mark.parametrize(
    ("sector", "year_group", "told"),
    [
        ("vo", "12", True),
        ("vo", "16", True),
        ("po", "2", True),
        ("po", None, True),
        ("so", "S", True),
        ("po", "1", False),  # most are four when the year begins
        ("so", "1", False),
        ("po", "0", False),
        ("mbo", None, False),  # many are 18 or older
        ("mbo", "16", False),
    ],
)
def test_of_whom_the_law_may_not_apply_to_the_officer_hears_nothing(
    officer: Client, engine: Engine, sector: str, year_group: str | None, told: bool
):
    """Neither in the answers nor in what is stored for that role, also not after an objection; and no count has it."""
    signal = on_list(4).model_copy(update={"year_group": year_group})
    about = {"pupil": pupil(5, ELSEWHERE), "group": "1a", "year_group": year_group, "rule_hits": (hours_rule(),)}
    made = weekly_list(
        school=ELSEWHERE,
        sector=sector,
        signals=(signal,),
        gone=(),
        duties_alone=(DutyAlone(**about),),
        notes=(f"{sector} {year_group}",),
    )
    published = lists.publish(engine, made, names=[], by="test")
    assert len(found(officer, school=ELSEWHERE)) == 2 * told
    with db.transaction(engine) as session:
        assert len(session.scalars(select(DutyRow).where(DutyRow.list_id == published.id)).all()) == 2 * told
        cells = select(RegionCellRow.measure).where(RegionCellRow.list_id == published.id)
        assert ("wettelijkeDrempel" in session.scalars(cells).all()) == told


def test_pages_follow_one_another_and_hold_the_newest_list_of_each_school_alone(officer: Client, engine: Engine):
    """A day that is on last week's list and not on this one became something else, such as sickness."""
    signals = tuple(below(number, hits=(hours_rule(),)) for number in range(20, 25))
    for week in (LAST_WEEK, WEEK):
        weekly = weekly_list(school=STRANGER, name="Lyceum Zuid", week=week, signals=signals, gone=())
        lists.publish(engine, weekly, names=[], by="test")
    with db.transaction(engine) as session:
        older = session.scalars(select(DutyRow.id).where(DutyRow.school == STRANGER, DutyRow.week == LAST_WEEK)).all()
    assert older
    whole = found(officer, school=STRANGER)
    assert [one["week"] for one in whole] == [str(WEEK)] * 5
    assert found(officer, school=STRANGER, week=str(LAST_WEEK)) == []
    assert {officer.get(f"{DUTIES}/{one}").status_code for one in older} == {404}
    seen, address = [], f"{DUTIES}?school={STRANGER}&aantal=3"
    while address:
        page = officer.get(address).json()
        seen += page["verzuimmeldingen"]
        address = page["_links"].get("volgende", {}).get("href")
    assert seen == whole


def test_each_pupil_that_is_shown_is_a_line_in_the_audit(officer: Client, engine: Engine):
    def lines() -> list[str]:
        with db.transaction(engine) as session:
            return list(session.scalars(select(AuditRow.subject).where(AuditRow.action == "duty.read")))

    before = lines()
    shown = found(officer, school=STRANGER)
    assert sorted(lines()) == sorted(before + [one["leerling"] for one in shown])
    officer.get(f"{DUTIES}/{shown[0]['id']}")
    assert len(lines()) == len(before) + len(shown) + 1


def test_nobody_else_reads_them(signed_in: SignedIn):
    others = {who for who in CAST if who != "attendance_officer"}
    assert {signed_in(who).get(DUTIES).status_code for who in others} == {403}
    assert [role for role in Role if "verzuimmeldingen:lezen" in ROLES[role].permissions] == [Role.ATTENDANCE_OFFICER]
