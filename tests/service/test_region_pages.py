"""The page of a region: counts of five and more, week by week, and not a byte that hangs on a smaller one."""

import re
from collections.abc import Sequence
from datetime import timedelta

import pytest
from conftest import CAST, OWN, Client, SignedIn
from fastapi import FastAPI
from sample_lists import LAST_WEEK, WEEK, already_absent, below, mazl_rule, pupil, weekly_list
from sqlalchemy import Engine, select

from data_contracts.weekly_list import Signal
from service import db, lists
from service.app import create_app
from service.pages.region import region_drawing
from service.region import Picture
from service.settings import Mode, Settings
from service.shared import Measure
from service.tables import AuditRow

PAGE = "/regio"
LATER = WEEK + timedelta(days=70)


@pytest.fixture(scope="module")
def alliance(app: FastAPI) -> Client:
    client = Client(app)
    assert client.post("/aanmelden", data={"persoon": CAST["alliance"]}, headers=OWN).status_code == 303
    return client


def counts(page: str) -> list[str]:
    """Everything on the page that says how many pupils: cells of tables, figures on top, and the words of a drawing."""
    cells = re.findall(r'<td class="num[^"]*">([^<]*)</td>', page)
    cells += re.findall(r'<span class="(?:figure|muted)">([^<]*)</span></dd>', page)
    for summary in re.findall(r'aria-label="([^"]* per week\. [^"]*)"', page):
        cells += re.findall(r": ([^;]*?)(?:;|\.$)", summary)
    return [one for one in cells if not one.endswith((" school", " scholen"))]


def test_it_is_where_the_alliance_begins(alliance: Client):
    assert alliance.get("/").headers["location"] == PAGE
    menu = re.search(r"<nav.*?</nav>", alliance.get(PAGE).text, re.DOTALL)[0]
    assert re.findall(r'href="([^"]+)"', menu) == ["/regio", "/dossiers", "/model", "/uitleg"]


def test_no_count_on_it_is_below_five(alliance: Client):
    for address in (PAGE, f"{PAGE}?week={LAST_WEEK}"):
        found = counts(alliance.get(address).text)
        numbers = [int(one.replace(".", "")) for one in found if one != "niet genoemd"]
        assert len(found) > 10
        assert "niet genoemd" in found
        assert numbers
        assert not [one for one in numbers if one < 5 or one % 5]


def test_it_says_plainly_what_is_left_out(alliance: Client):
    text = alliance.get(PAGE).text
    assert "Aantallen van minder dan 5 worden nergens genoemd, ook niet nul." in text


def test_a_small_count_that_changes_changes_not_one_byte(alliance: Client, engine: Engine):
    """Two, then four of the same twenty pupils are away for long."""

    def published(away: int) -> bytes:
        signals = _twenty(away)
        lists.publish(engine, weekly_list(week=LATER, signals=signals, gone=()), names=[], by="test")
        return alliance.get(f"{PAGE}?week={LATER}").content

    two, four, six = published(2), published(4), published(6)
    assert two == four
    assert four != six, "six may be told, as five or ten"


def test_no_pupil_and_no_pseudonym_is_on_it(alliance: Client):
    text = alliance.get(PAGE).text
    assert not [number for number in range(40) if pupil(number) in text]


def test_a_week_can_be_chosen_and_the_course_runs_up_to_it(alliance: Client):
    text = alliance.get(f"{PAGE}?week={LAST_WEEK}").text
    assert "Week van 9 november 2026, lijsten van 1 school." in text
    assert text.count('<a href="/regio?week=') == 1
    assert alliance.get(f"{PAGE}?week={WEEK}").text.count('<a href="/regio?week=') == 2
    assert alliance.get(f"{PAGE}?week=").status_code == 200
    assert alliance.get(f"{PAGE}?week=2020-01-06").status_code == 404
    assert alliance.get(f"{PAGE}?week=gisteren").status_code == 400


def test_year_groups_stand_in_the_order_in_which_a_pupil_goes_through_them(alliance: Client, engine: Engine):
    week = LATER + timedelta(days=7)
    made = [below(number, hits=(mazl_rule(),)) for number in range(30)]
    years = ["12", "2", "11"]
    signals = tuple(one.model_copy(update={"year_group": years[place % 3]}) for place, one in enumerate(made))
    lists.publish(engine, weekly_list(week=week, signals=signals, gone=()), names=[], by="test")
    part = alliance.get(f"{PAGE}?week={week}").text.split('id="jaargroepen"')[1]
    assert re.findall(r'<tr><th scope="row">([^<]+)<', part) == ["groep 2", "leerjaar 1", "leerjaar 2"]


def test_looking_at_it_is_a_line_in_the_audit_about_no_pupil(alliance: Client, engine: Engine):
    alliance.get(PAGE)
    with db.transaction(engine) as session:
        found = session.scalars(select(AuditRow).where(AuditRow.action == "region.read")).all()
    assert {(row.role, row.subject) for row in found} == {("alliance", None)}


def test_nobody_else_sees_it(signed_in: SignedIn):
    assert {signed_in(who).get(PAGE).status_code for who in CAST if who != "alliance"} == {403}


def test_before_the_first_list_it_says_that_there_is_nothing_yet(tmp_path):
    settings = Settings(mode=Mode.DEMO, home=tmp_path, database_url=f"sqlite:///{tmp_path / 'service.db'}")
    app = create_app(settings)
    client = Client(app)
    client.post("/aanmelden", data={"persoon": CAST["alliance"]}, headers=OWN)
    assert "nog van geen school een lijst" in client.get(PAGE).text
    assert "Er loopt geen dossier" in client.get("/dossiers").text
    app.state.installation.engine.dispose()


def _picture(weeks_after: int, away: int | None) -> Picture:
    region = dict.fromkeys(Measure, None) | {Measure.AWAY: away}
    return Picture(week=WEEK + timedelta(days=7 * weeks_after), region=region, schools=(), year_groups=())


def test_what_is_not_told_has_no_height_and_what_is_told_nowhere_no_drawing():
    (chart,) = region_drawing.charts([_picture(2, 20), _picture(0, 10), _picture(1, None)])
    assert chart.label == "Langdurig afwezig"
    assert [bar.height for bar in chart.bars] == [24, None, 48]
    assert chart.summary.endswith("16 november 2026: 10; 23 november 2026: niet genoemd; 30 november 2026: 20.")
    assert chart.bars[-1].x + region_drawing.BAR == chart.width, "the newest week stands at the right"
    assert region_drawing.charts([_picture(0, None)]) == ()


def _twenty(away: int) -> Sequence[Signal]:
    present = [below(number) for number in range(20 - away)]
    gone = [already_absent(number).model_copy(update={"year_group": "12"}) for number in range(20 - away, 20)]
    return (*present, *gone)
