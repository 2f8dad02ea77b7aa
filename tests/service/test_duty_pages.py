"""The page of an attendance officer: legal duties, the first deadline first, of the lists that stand."""

import re
from datetime import date, timedelta

import pytest
from conftest import CAST, OWN, Client
from demo_home import full_name
from fastapi import FastAPI
from sample_lists import LAST_WEEK, SCHOOL, STRANGER, WEEK, hours_rule, on_list, pupil, weekly_list
from sqlalchemy import Engine, select

from data_contracts.weekly_list import Signal
from service import db, lists, scope
from service.tables import AuditRow

PAGE = "/verzuimmeldingen"
TODAY = scope.today()


@pytest.fixture(scope="module")
def officer(app: FastAPI) -> Client:
    client = Client(app)
    assert client.post("/aanmelden", data={"persoon": CAST["attendance_officer"]}, headers=OWN).status_code == 303
    return client


def name(number: int) -> str:
    return " ".join(full_name(number))


def with_deadline(number: int, deadline: date | None) -> Signal:
    return on_list(number).model_copy(update={"rule_hits": (hours_rule().model_copy(update={"deadline": deadline}),)})


def parts(text: str) -> dict[str, list[str]]:
    """The names under each heading, in order."""
    found = re.findall(r'<h2 id="(\w+)">(.*?)</section>', text, re.DOTALL)
    return {id_: re.findall(r'<h3><a href="/verzuimmeldingen/[\w-]+">([^<]+)</a>', part) for id_, part in found}


def test_it_is_where_the_officer_begins_and_all_there_is(officer: Client):
    assert officer.get("/").headers["location"] == PAGE
    menu = re.search(r"<nav.*?</nav>", officer.get(PAGE).text, re.DOTALL)[0]
    assert re.findall(r'href="([^"]+)"', menu) == [PAGE, "/uitleg"]


def test_the_newest_list_of_each_school_counts_and_an_earlier_week_is_not_told(officer: Client, engine: Engine):
    lists.publish(
        engine,
        weekly_list(week=LAST_WEEK, signals=(with_deadline(8, None),), gone=()),
        names=[],
        by="test",
    )
    newest = officer.get(PAGE).text
    assert "Het Baken College" in newest
    assert "Lyceum Zuid" in newest
    assert len([one for part in parts(newest).values() for one in part]) == 5, (
        "two at either school for secondary education, and one at the primary school"
    )
    earlier = officer.get(f"{PAGE}?week={LAST_WEEK}").text
    assert name(8) not in earlier
    assert parts(earlier) == {}
    assert parts(officer.get(f"{PAGE}?week=").text) == parts(newest)


def test_the_first_deadline_stands_first_and_what_is_over_apart(officer: Client, engine: Engine):
    days = {0: 5, 1: 0, 2: -9, 3: -1, 4: 2}
    signals = [with_deadline(number, TODAY + timedelta(days=after)) for number, after in days.items()]
    signals.append(with_deadline(5, None))
    week = WEEK + timedelta(days=7)
    lists.publish(engine, weekly_list(week=week, signals=tuple(signals), gone=()), names=[], by="test")
    found = parts(officer.get(f"{PAGE}?week={week}").text)
    assert found == {
        "termijn": [name(1), name(4), name(0)],
        "voorbij": [name(3), name(2)],
        "zonder": [name(5)],
    }


def test_one_pupil_has_the_days_behind_it(officer: Client):
    address = re.search(r'href="(/verzuimmeldingen/[\w-]+)"', officer.get(f"{PAGE}?week={WEEK}").text)[1]
    text = officer.get(address).text
    assert hours_rule().text in text
    assert hours_rule().source in text
    assert "Dagen met ongeoorloofd verzuim" in text
    assert officer.get(f"{PAGE}/bestaatniet").status_code == 404


def test_both_pages_say_for_whom_the_duty_holds(officer: Client):
    text = officer.get(f"{PAGE}?week={WEEK}").text
    one = re.search(r'href="(/verzuimmeldingen/[\w-]+)"', text)[1]
    for page in (text, officer.get(one).text):
        assert "5 tot 18 jaar, zonder startkwalificatie" in page
        assert "De leeftijd is hier niet bekend; controleer die eerst." in page


def test_not_a_word_of_sickness_on_either_page(officer: Client):
    pages = [officer.get(f"{PAGE}?week={week}").text for week in ("", WEEK)]
    pages += [officer.get(one).text for one in set(re.findall(r"/verzuimmeldingen/[\w-]+", pages[0]))]
    assert len(pages) > 5
    assert not [word for word in ("ziek", "schors", "sick", "M@ZL", "mazl", "arts") for page in pages if word in page]


def test_each_pupil_shown_is_a_line_in_the_audit(officer: Client, engine: Engine):
    officer.get(f"{PAGE}?week={WEEK}")
    with db.transaction(engine) as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.action == "duty.read")).all()
    read = {row.subject for row in rows}
    assert {pupil(4), pupil(11)} <= read
    assert pupil(0, STRANGER) not in read
    assert {row.school for row in rows if row.subject == pupil(4)} == {SCHOOL}
