"""What no client of ours would send: it is refused, as a mistake of whoever sent it, and never breaks anything."""

import base64
import hashlib
import json
from datetime import date
from urllib.parse import quote

import pytest
from conftest import OWN, SignedIn
from sample_lists import SCHOOL, STRANGER
from sample_model import page
from sqlalchemy import Engine

from service import db
from service.live.score_request import EXAMPLE
from service.tables import ModelPageRow

A = "/api/v1"
ON = str(date(2026, 11, 16))
BEFORE_TIME, AFTER_TIME = "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"
"""Moments that are none in UTC."""


def forged(kind: str, *values: object) -> str:
    """A cursor as anybody can make one: what it begins with keeps no secret."""
    key = json.dumps([kind, *values]).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(key).digest()[:4] + key).decode().rstrip("=")


FORGED = [
    ("care", f"{A}/signalen", ("change", 2**70, "x", 1)),
    ("care", f"{A}/signalen", ("change", 2**40, "x", 1)),
    ("care", f"{A}/signalen", ("change", 1, "x", 2**70)),
    ("care", f"{A}/signalen", ("change", 1, "x\0", 1)),
    ("care", f"{A}/signalen", ("change", 1, "\ud800", 1)),
    ("care", f"{A}/weeklijsten", ("week", ON, "\0")),
    ("care", f"{A}/weeklijsten", ("change", 2**70, "x")),
    ("care", f"{A}/opvolgingen", ("change", 2**70)),
    ("care", f"{A}/dossiers", ("opened", "2026-11-16T00:00:00", "x")),
    ("care", f"{A}/dossiers", ("opened", BEFORE_TIME, "x")),
    ("care", f"{A}/leveringen", ("leveringen", "2026-11-16T00:00:00", "x")),
    ("care", f"{A}/leveringen", ("leveringen", AFTER_TIME, "x")),
    ("privacy_officer", f"{A}/logboek", ("at", "2026-11-16T00:00:00", "x")),
    ("privacy_officer", f"{A}/logboek", ("at", "2026-11-16T00:00:00Z", "\0")),
    ("attendance_officer", f"{A}/verzuimmeldingen", ("week", ON, "\0")),
]


@pytest.mark.parametrize(("who", "path", "values"), FORGED, ids=str)
def test_a_forged_cursor_is_no_cursor(signed_in: SignedIn, who: str, path: str, values: tuple[object, ...]):
    answer = signed_in(who).get(f"{path}?cursor={forged(*values)}")
    assert answer.status_code == 400
    assert [one["naam"] for one in answer.json()["fouten"]] == ["cursor"]


def test_nor_is_one_on_a_list(signed_in: SignedIn):
    care = signed_in("care")
    of_list = care.get(f"{A}/weeklijsten").json()["weeklijsten"][0]["_links"]["signalen"]["href"]
    assert care.get(f"{of_list}?cursor={forged('rank', 3)}").status_code == 200
    assert care.get(f"{of_list}?cursor={forged('rank', 2**70)}").status_code == 400


@pytest.mark.parametrize("moment", [BEFORE_TIME, AFTER_TIME])
@pytest.mark.parametrize(
    ("who", "asked"),
    [
        ("care", f"{A}/signalen?gewijzigdSinds="),
        ("care", f"{A}/weeklijsten?gewijzigdSinds="),
        ("care", f"{A}/opvolgingen?gewijzigdSinds="),
        ("privacy_officer", f"{A}/logboek?vanaf="),
        ("privacy_officer", f"{A}/logboek?tot="),
    ],
)
def test_a_moment_at_the_end_of_the_calendar_is_refused(signed_in: SignedIn, who: str, asked: str, moment: str):
    assert signed_in(who).get(asked + quote(moment)).status_code == 400


@pytest.mark.parametrize("moment", [BEFORE_TIME, AFTER_TIME, "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_nor_is_a_score_worked_out_there(signed_in: SignedIn, engine: Engine, moment: str):
    with db.transaction(engine) as session:
        session.add(ModelPageRow(document=page(SCHOOL, STRANGER).model_dump_json()))
    answer = signed_in("care").post(f"{A}/scores", json={**EXAMPLE, "peilmoment": moment}, headers=OWN)
    assert answer.status_code == 400
    assert [one["naam"] for one in answer.json()["fouten"]] == ["peilmoment"]


@pytest.mark.parametrize(
    ("place", "part"),
    [
        ("peilmoment", {"peilmoment": "1794805200"}),
        (
            "school.lesvrij.0.eerste",
            {"school": EXAMPLE["school"] | {"lesvrij": [{"eerste": "0", "laatste": "2026-10-05"}]}},
        ),
    ],
)
def test_nor_are_digits_taken_for_seconds_since_1970(signed_in: SignedIn, engine: Engine, place: str, part: dict):
    with db.transaction(engine) as session:
        session.add(ModelPageRow(document=page(SCHOOL, STRANGER).model_dump_json()))
    answer = signed_in("care").post(f"{A}/scores", json={**EXAMPLE, **part}, headers=OWN)
    assert answer.status_code == 400
    assert [one["naam"] for one in answer.json()["fouten"]] == [place]


@pytest.mark.parametrize("number", ["20261116", "1794787200"])
@pytest.mark.parametrize(
    ("who", "asked"),
    [
        ("care", f"{A}/opvolgingen?gewijzigdSinds="),
        ("care", f"{A}/weeklijsten?week="),
        ("privacy_officer", f"{A}/logboek?vanaf="),
        ("care", "/weeklijst?week="),
        ("alliance", "/regio?week="),
        ("attendance_officer", "/verzuimmeldingen?week="),
    ],
)
def test_nor_anywhere_else(signed_in: SignedIn, who: str, asked: str, number: str):
    assert signed_in(who).get(asked + number).status_code == 400


@pytest.mark.parametrize("path", ["/leerling/%00", "/leerling/a%00b"])
def test_an_address_with_a_character_that_cannot_be_kept_leads_nowhere(signed_in: SignedIn, path: str):
    assert signed_in("care").get(path).status_code in {400, 404}  # PostgreSQL takes no such text, SQLite does


def test_nor_does_a_text_break_anything(signed_in: SignedIn):
    care = signed_in("care")
    assert care.post(f"{A}/signalen/_zoek", json={"groep": "2hv1\0"}, headers=OWN).status_code in {200, 400}
    signal = care.get(f"{A}/signalen?aantal=1").json()["signalen"][0]["_links"]["self"]["href"]
    plan = {"soort": "gesprek", "eigenaar": "S. Jansen\0"}
    assert care.post(f"{signal}/opvolgingen", json=plan, headers=OWN).status_code in {201, 400}


def test_an_origin_that_is_no_address_is_not_ours(signed_in: SignedIn):
    assert signed_in("care").post(f"{A}/signalen/_zoek", json={}, headers={"origin": "http://["}).status_code == 403
