"""Live scores over the API: who may ask, what is refused and how it is told, and that nothing is kept but the audit."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from conftest import OWN, Client, SignedIn
from sample_lists import SCHOOL, STRANGER
from sample_model import card, page, rules_page
from sqlalchemy import Engine, delete, func, insert, inspect, select, text

from features.calendar import school_days
from service.api.scores import Scores
from service.live.score_request import EXAMPLE, MOST_PUPILS
from service.tables import AuditRow, ModelPageRow, new_id, now

PATH = "/api/v1/scores"
FIRST, MONDAY = date(2026, 8, 31), date(2026, 11, 16)
PUPILS = [f"leerling-{number:03d}" for number in range(12)]


@pytest.fixture(autouse=True)
def serving(engine: Engine) -> None:
    """A scorecard is in use."""
    show(engine, page(SCHOOL, STRANGER).model_dump_json())


def show(engine: Engine, document: str | None) -> None:
    with engine.begin() as connection:
        connection.execute(delete(ModelPageRow))
        if document is not None:
            connection.execute(insert(ModelPageRow).values(id=new_id(), published_at=now(), document=document))


def request(**changes: Any) -> dict[str, Any]:
    """Twelve pupils of two groups; the first is ill more and more, the second plays truant."""
    days = school_days(None, FIRST, MONDAY - timedelta(days=3))
    ill = [{"pupil": PUPILS[0], "start_date": str(day), "kind": "sick"} for day in days[20::2]]
    truant = [
        {"pupil": PUPILS[1], "start_date": str(day), "kind": "truancy", "authorised": "no"} for day in days[-8::2]
    ]
    groups = [
        {"pupil": pupil, "group": "ab"[place % 2], "year_group": "12", "valid_from": str(FIRST)}
        for place, pupil in enumerate(PUPILS)
    ]
    lessons = [
        {"group": group, "weekday": weekday, "minutes": 300, "valid_from": str(FIRST)}
        for group in "ab"
        for weekday in range(1, 6)
    ]
    whole = {
        "peilmoment": f"{MONDAY}T06:00:00+01:00",
        "school": {"code": SCHOOL, "sector": "vo"},
        "inschrijvingen": groups,
        "verzuim": ill + truant,
        "weekrooster": lessons,
    }
    return whole | changes


def post(client: Client, body: Any) -> Any:
    return client.post(PATH, json=body, headers=OWN)


def wrong(client: Client, body: Any) -> dict[str, str]:
    """What is told to be wrong, by place."""
    answer = post(client, body) if not isinstance(body, str) else sent_as_text(client, body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    return {one["naam"]: one["detail"] for one in answer.json()["fouten"]}


def sent_as_text(client: Client, body: str) -> Any:
    return client.post(PATH, content=body, headers={**OWN, "content-type": "application/json"})


class TestAnswer:
    def test_a_score_is_the_sum_of_its_parts_with_words_and_thresholds(self, signed_in: SignedIn):
        answer = post(signed_in("care"), request())
        assert answer.status_code == 200
        found = {one["leerling"]: one for one in answer.json()["scores"]}
        assert list(found) == PUPILS
        for one in found.values():
            total = one["basis"] + sum(part["logOdds"] for part in one["bijdragen"])
            assert one["logOdds"] == pytest.approx(total, abs=1e-9)
            assert one["duiding"] in {"in beeld", "aandacht", "nu bespreken"}
        ill, truant = found[PUPILS[0]], found[PUPILS[1]]
        assert ill["kans"] > found[PUPILS[2]]["kans"]
        assert any("ziek" in reason["tekst"] for reason in ill["verhogend"])
        assert "lpw_16h" in {rule["regel"] for rule in truant["regels"]}
        assert found[PUPILS[2]]["regels"] == []

    def test_it_says_what_was_counted_with(self, signed_in: SignedIn):
        answer = post(signed_in("care"), request()).json()
        assert (answer["school"], answer["modelversie"]) == (SCHOOL, card().version)
        assert answer["geteldTot"] == str(MONDAY)
        assert answer["opmerkingen"] == ["Klas, jaarlaag en school zijn hier de 12 meegestuurde leerlingen."]

    def test_the_answer_is_what_the_description_says(self, signed_in: SignedIn):
        answer = post(signed_in("care"), request())
        assert Scores.model_validate_json(answer.content).model_dump(mode="json", by_alias=True) == answer.json()

    def test_few_pupils_are_compared_with_nobody_and_told_so(self, signed_in: SignedIn):
        few = request(inschrijvingen=request()["inschrijvingen"][:2])
        answer = post(signed_in("care"), few).json()
        assert "te weinig om met klas" in answer["opmerkingen"][0]
        values = {part["kenmerk"]: part["waarde"] for part in answer["scores"][0]["bijdragen"]}
        assert values["absent_rate_4w"] > 0

    def test_whoever_has_left_is_named_and_not_scored(self, signed_in: SignedIn):
        gone = request()
        gone["inschrijvingen"][3]["valid_to"] = "2026-10-01"
        answer = post(signed_in("care"), gone).json()
        assert answer["nietIngeschreven"] == [PUPILS[3]]
        assert PUPILS[3] not in {one["leerling"] for one in answer["scores"]}

    def test_whoever_is_away_for_long_gets_thresholds_and_no_score(self, signed_in: SignedIn):
        away = {"pupil": PUPILS[0], "start_date": "2026-09-21", "open_ended": True, "kind": "sick"}
        answer = post(signed_in("care"), request(verzuim=[away])).json()["scores"][0]
        assert answer["stand"] == "al langdurig afwezig"
        assert (answer["logOdds"], answer["kans"], answer["bijdragen"]) == (None, None, [])
        assert answer["regels"]

    def test_a_timetable_by_day_gives_what_the_same_one_by_week_gives(self, signed_in: SignedIn):
        days = school_days(None, FIRST, MONDAY - timedelta(days=1))
        lessons = [{"group": group, "date": str(day), "minutes": 300} for group in "ab" for day in days]
        by_day = request(rooster=lessons)
        del by_day["weekrooster"]
        client = signed_in("care")
        assert post(client, by_day).json()["scores"] == post(client, request()).json()["scores"]

    @pytest.mark.parametrize("part", ["verzuim", "inschrijvingen", "rooster"])
    def test_a_record_may_be_called_anything(self, signed_in: SignedIn, part: str):
        days = school_days(None, FIRST, MONDAY - timedelta(days=1))
        lessons = [{"group": group, "date": str(day), "minutes": 60} for group in "ab" for day in days]
        client, plain, named = signed_in("care"), request(rooster=lessons), request(rooster=lessons)
        taken = {"rooster": f"week:0:{FIRST}"}.get(part, f"{part}:1")
        named[part] = [row | ({"record": taken} if place == 0 else {}) for place, row in enumerate(named[part])]
        assert post(client, named).json()["scores"] == post(client, plain).json()["scores"]

    def test_days_off_are_no_lesson_days(self, signed_in: SignedIn):
        week = {"eerste": "2026-11-09", "laatste": "2026-11-15"}
        closed = request(school={"code": SCHOOL, "sector": "vo", "lesvrij": [week]})
        client = signed_in("care")
        assert post(client, closed).json()["scores"] != post(client, request()).json()["scores"]

    def test_the_example_in_the_description_is_a_good_request(self, visitor: Client, signed_in: SignedIn):
        described = visitor.get("/api/v1/openapi.json").json()["paths"]["/scores"]["post"]
        body = described["requestBody"]["content"]["application/json"]
        assert body["example"] == EXAMPLE
        assert set(body["schema"]["properties"]) == {
            "peilmoment",
            "school",
            "inschrijvingen",
            "verzuim",
            "rooster",
            "weekrooster",
        }
        assert "$ref" not in json.dumps(body["schema"])
        assert post(signed_in("care"), EXAMPLE).status_code == 200


class TestRefused:
    def test_more_than_500_pupils(self, signed_in: SignedIn):
        many = [
            {"pupil": f"leerling-{number}", "group": "a", "valid_from": str(FIRST)} for number in range(MOST_PUPILS + 1)
        ]
        assert wrong(signed_in("care"), request(inschrijvingen=many, verzuim=[])) == {
            "inschrijvingen": "501 leerlingen; een verzoek mag er 500 hebben"
        }
        assert post(signed_in("care"), request(inschrijvingen=many[:-1], verzuim=[])).status_code == 200

    def test_everything_that_is_wrong_at_once_each_with_its_row_and_field(self, signed_in: SignedIn):
        bad = request()
        bad["verzuim"][1]["kind"] = "griep"
        bad["verzuim"][2]["start_date"] = "31-08-2026"
        bad["verzuim"][3]["opmerking"] = "moeder belde, migraine"
        bad["inschrijvingen"][4]["pupil"] = "123456789"
        found = wrong(signed_in("care"), bad)
        assert set(found) == {"verzuim.1.kind", "verzuim.2.start_date", "verzuim.3.opmerking", "inschrijvingen.4.pupil"}
        assert found["verzuim.1.kind"].startswith("kies uit: sick, ")
        assert found["verzuim.2.start_date"] == "moet een datum zijn, zoals 2026-11-16"
        assert "vrije tekst" in found["verzuim.3.opmerking"]
        assert "pseudoniem" in found["inschrijvingen.4.pupil"]
        assert not any(said in json.dumps(found) for said in ("griep", "migraine", "123456789"))

    @pytest.mark.parametrize(
        ("row", "field", "said"),
        [
            ({"amount": float("nan"), "unit": "minutes"}, "amount", "eindig getal"),
            ({"amount": float("inf"), "unit": "minutes"}, "amount", "eindig getal"),
            ({"amount": -5, "unit": "minutes"}, "amount", "0 of meer"),
            ({"amount": 50}, "amount", "horen bij elkaar"),
            ({"amount": 1e308, "unit": "minutes"}, "amount", "meer dan er past"),
            ({"amount": 2.5, "unit": "days", "end_date": "2026-10-06"}, "amount", "meer dan er past"),
            ({"end_date": "2026-01-01"}, "end_date", "vóór"),
            ({"start_slot": 4, "end_slot": 2}, "end_slot", "vóór"),
            ({"start_minute": 600, "end_minute": 600}, "end_minute", "niet na"),
            ({"start_slot": "3"}, "start_slot", "heel getal"),
            ({"start_slot": 21}, "start_slot", "20 of minder"),
            ({"start_date": None}, "start_date", "datum"),
            ({"start_date": 20690}, "start_date", "datum"),
            ({"start_date": "1788220800"}, "start_date", "datum"),
            ({"end_date": "20261117"}, "end_date", "datum"),
            ({"recorded_at": "20261117"}, "recorded_at", "moment"),
            ({"kind": None}, "kind", "tekst"),
            ({"open_ended": "ja"}, "open_ended", "true of false"),
            ({"open_ended": True, "end_date": "2026-10-07"}, "end_date", "laat een van beide weg"),
            ({"end_date": "9999-12-31"}, "end_date", "zet 'open_ended' op true"),
            ({"open_ended": True, "end_slot": 3}, "end_slot", "laat een van beide weg"),
            ({"open_ended": True, "end_minute": 600}, "end_minute", "laat een van beide weg"),
            ({"recorded_at": "2026-11-01T10:00:00"}, "recorded_at", "tijdzone"),
            ({"pupil": "leerling-999"}, "pupil", "staat niet in"),
        ],
    )
    def test_what_cannot_be_true_of_a_registration(self, signed_in: SignedIn, row: dict, field: str, said: str):
        whole = {"pupil": PUPILS[5], "start_date": "2026-10-05", "kind": "sick"} | row
        found = wrong(signed_in("care"), json.dumps(request(verzuim=[whole])))
        assert list(found) == [f"verzuim.0.{field}"]
        assert said in found[f"verzuim.0.{field}"]

    def test_null_is_an_empty_cell(self, signed_in: SignedIn):
        whole = {"pupil": PUPILS[5], "start_date": "2026-10-05", "kind": "sick"}
        empty = {"end_date": None, "open_ended": None, "amount": None, "unit": None, "authorised": None, "record": None}
        client = signed_in("care")
        assert (
            post(client, request(verzuim=[whole | empty])).json()["scores"]
            == (post(client, request(verzuim=[whole])).json()["scores"])
        )

    @pytest.mark.parametrize("kind", ["sick", "late"])
    def test_of_what_is_open_ended_no_amount_is_too_much(self, signed_in: SignedIn, kind: str):
        row = {"pupil": PUPILS[5], "start_date": "2026-10-05", "open_ended": True, "amount": 1e308, "unit": "minutes"}
        assert post(signed_in("care"), request(verzuim=[row | {"kind": kind}] * 3)).status_code == 200

    def test_two_rows_on_one_fact_at_one_moment(self, signed_in: SignedIn):
        row = {"record": "17", "pupil": PUPILS[5], "start_date": "2026-10-05", "kind": "sick"}
        found = wrong(signed_in("care"), request(verzuim=[row, row | {"kind": "late"}]))
        assert list(found) == ["verzuim.0.record", "verzuim.1.record"]

    @pytest.mark.parametrize("written", ["06:00:00+01:00", "05:00:00Z", "05:00Z"])
    def test_a_row_without_a_moment_is_of_the_moment_that_is_asked_about(self, signed_in: SignedIn, written: str):
        row = {"record": "17", "pupil": PUPILS[5], "start_date": "2026-10-05", "kind": "sick"}
        back = row | {"recorded_at": f"{MONDAY}T{written}", "withdrawn": True}
        for rows in ([row, back], [back, row]):
            assert list(wrong(signed_in("care"), request(verzuim=rows))) == ["verzuim.0.record", "verzuim.1.record"]
        earlier = back | {"recorded_at": f"{MONDAY}T04:59:59Z"}
        assert post(signed_in("care"), request(verzuim=[row, earlier])).status_code == 200

    def test_no_timetable_at_all(self, signed_in: SignedIn):
        assert "rooster" in wrong(signed_in("care"), request(weekrooster=[]))

    def test_a_lesson_of_a_group_and_of_a_pupil(self, signed_in: SignedIn):
        lesson = request()["weekrooster"][0] | {"pupil": PUPILS[0]}
        assert "weekrooster.0.group" in wrong(signed_in("care"), request(weekrooster=[lesson]))

    def test_thresholds_that_do_not_exist(self, signed_in: SignedIn):
        school = {"code": SCHOOL, "sector": "vo", "regelsets": ["mazl", "xyz"]}
        assert "kies uit" in wrong(signed_in("care"), request(school=school))["school.regelsets"]

    def test_no_json(self, signed_in: SignedIn):
        answer = sent_as_text(signed_in("care"), '{"school":')
        assert (answer.status_code, answer.json()["fouten"][0]["detail"]) == (400, "dit is geen geldige JSON")

    def test_holidays_that_nobody_knows_yet(self, signed_in: SignedIn):
        school = {"code": SCHOOL, "sector": "vo", "regio": "noord"}
        later = request(school=school, peilmoment="2099-11-16T06:00:00+01:00")
        answer = post(signed_in("care"), later)
        assert answer.status_code == 400
        assert "rooster per dag" in answer.json()["oplossing"]

    def test_too_few_lesson_weeks_for_a_score(self, signed_in: SignedIn):
        answer = post(signed_in("care"), request(peilmoment="2026-10-05T06:00:00+02:00"))
        assert answer.status_code == 409
        assert answer.json()["detail"].startswith("Er zijn pas 5 lesweken")


class TestWho:
    def test_nobody_without_signing_in(self, visitor: Client):
        assert post(visitor, request()).status_code == 401

    def test_a_mentor_does_not_compute_scores(self, signed_in: SignedIn):
        assert post(signed_in("mentor"), request()).status_code == 403

    def test_another_school_does_not_exist(self, signed_in: SignedIn):
        assert post(signed_in("stranger"), request()).status_code == 404

    def test_without_a_scorecard_in_use_the_answer_is_how_to_get_one(self, engine: Engine, signed_in: SignedIn):
        for document in (None, rules_page().model_dump_json()):
            show(engine, document)
            answer = post(signed_in("care"), request())
            assert answer.status_code == 503
            assert "aanwezig" in answer.json()["oplossing"]


class TestKept:
    def test_nothing_but_a_row_in_the_audit_for_each_pupil(self, engine: Engine, signed_in: SignedIn):
        client = signed_in("care")
        before = sizes(engine)
        assert post(client, request()).status_code == 200
        after = sizes(engine)
        assert {name for name in after if after[name] != before[name]} == {AuditRow.__tablename__}
        with engine.begin() as connection:
            newest = select(func.max(AuditRow.at)).where(AuditRow.action == "pupil.scored").scalar_subquery()
            rows = connection.execute(select(AuditRow.subject, AuditRow.school).where(AuditRow.at == newest))
            assert sorted(tuple(row) for row in rows) == [(pupil, SCHOOL) for pupil in PUPILS]

    def test_a_refused_request_is_no_act(self, engine: Engine, signed_in: SignedIn):
        client = signed_in("care")
        before = sizes(engine)
        assert post(client, request(weekrooster=[])).status_code == 400
        assert sizes(engine) == before


def sizes(engine: Engine) -> dict[str, int]:
    """Rows in every table of the database."""
    with engine.begin() as connection:
        return {
            name: connection.execute(select(func.count()).select_from(text(f'"{name}"'))).scalar_one()
            for name in inspect(connection).get_table_names()
        }
