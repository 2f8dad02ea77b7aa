"""What an alliance gets of its region: rounded counts, none of them small, and nothing of any one pupil."""

from datetime import timedelta

import pytest
from conftest import CAST, OWN, Client, SignedIn
from fastapi import FastAPI
from sample_lists import (
    LAST_WEEK,
    PRIMARY,
    SCHOOL,
    STRANGER,
    WEEK,
    already_absent,
    below,
    mazl_rule,
    on_list,
    pupil,
    weekly_list,
)
from sqlalchemy import Engine, select

from data_contracts.weekly_list import Signal, Tier
from service import db, lists, region
from service.shared import region_cells
from service.tables import AuditRow, ListRow

REGION = "/api/v1/regiobeelden"
MEASURES = ("leerlingen", "opLijst", "inBeeld", "wettelijkeDrempel", "langdurigAfwezig")


@pytest.fixture(scope="module")
def alliance(app: FastAPI) -> Client:
    client = Client(app)
    assert client.post("/aanmelden", data={"persoon": CAST["alliance"]}, headers=OWN).status_code == 303
    return client


def picture(client: Client, **asked: str) -> dict:
    answer = client.get(REGION, params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_newest_week_is_given_with_a_line_a_school_and_a_year_group(alliance: Client):
    found = picture(alliance)
    assert found["week"] == str(WEEK)
    assert [one["school"] for one in found["scholen"]] == [SCHOOL, PRIMARY, STRANGER]
    assert found["aantalScholen"] == 3
    assert picture(alliance, week=str(LAST_WEEK))["aantalScholen"] == 1
    assert alliance.get(REGION, params={"week": "2020-01-06"}).status_code == 404


def test_a_school_has_these_counts_rounded_to_fives_and_no_small_ones(alliance: Client):
    """412 pupils, 10 on the list, 14 who stand out (8 of them on the list), 2 with a legal duty, 3 away for long."""
    school = picture(alliance)["scholen"][0]
    assert school["schoolnaam"] == "Het Baken College"
    assert school["leerlingen"] in {410, 415}
    assert school["opLijst"] == 10
    assert school["inBeeld"] in {10, 15}
    assert (school["wettelijkeDrempel"], school["langdurigAfwezig"]) == (None, None)


def test_a_small_school_tells_nothing_but_its_size(alliance: Client):
    primary = picture(alliance)["scholen"][1]
    assert primary["leerlingen"] in {185, 190}
    assert {primary[measure] for measure in MEASURES[1:]} == {None}


def test_year_groups_are_counted_over_the_schools_and_those_without_a_figure_are_not_there(alliance: Client):
    found = picture(alliance)["jaargroepen"]
    assert all(any(one[measure] is not None for measure in MEASURES) for one in found)
    assert {one["leerlingen"] for one in found} <= {None}
    assert [one["jaargroep"] for one in found] == sorted(one["jaargroep"] for one in found)


def test_no_figure_is_less_than_five_and_nothing_says_who(alliance: Client):
    found = alliance.get(REGION)
    figures = [one[measure] for one in _lines(found.json()) for measure in MEASURES]
    assert [figure for figure in figures if figure is not None]
    assert not [figure for figure in figures if figure is not None and (figure < 5 or figure % 5)]
    assert not [number for number in range(40) if pupil(number) in found.text or pupil(number, STRANGER) in found.text]


def test_the_same_answer_however_often_it_is_asked(alliance: Client):
    assert len({alliance.get(REGION).text for _ in range(5)}) == 1


def test_a_new_edition_about_the_same_pupils_gives_the_same_figures(alliance: Client, engine: Engine):
    before = _lines(picture(alliance))
    lists.publish(engine, weekly_list(notes=("Een andere opmerking.",)), names=[], by="test")
    assert _lines(picture(alliance)) == before


def test_the_newest_edition_counts(alliance: Client, engine: Engine):
    week = WEEK + timedelta(days=7)
    for signals in (_in_year("13", 10), _in_year("13", 20)):
        lists.publish(engine, weekly_list(week=week, signals=signals, gone=()), names=[], by="test")
    found = picture(alliance, week=str(week))
    assert found["scholen"][0]["inBeeld"] == 20
    assert {(one["jaargroep"], one["inBeeld"]) for one in found["jaargroepen"]} == {("13", 20)}


QUIET = mazl_rule().model_copy(update={"rule": "tier_2"})


@pytest.mark.parametrize(
    ("made", "counts"),
    [
        (below(1), False),
        (on_list(8), False),  # on a list that is as long as the school chose
        (on_list(8).model_copy(update={"tier": Tier.ATTENTION}), True),
        (below(1).model_copy(update={"tier": Tier.DISCUSS_NOW}), True),
        (below(1, hits=(mazl_rule(),)), True),
        (below(1, hits=(QUIET,)), False),
        (below(1).model_copy(update={"tier": None}), False),  # a list that stands on rules
        (already_absent(30), True),
    ],
)
def test_who_only_fills_up_a_list_is_not_counted_among_those_who_stand_out(made: Signal, counts: bool):
    row = ListRow(id="x", school=SCHOOL, week=WEEK, edition=1)
    cells = region_cells(row, weekly_list(signals=(made,), gone=()))
    assert ("inBeeld" in {cell.measure for cell in cells}) == counts


def test_where_nearly_every_pupil_is_in_view_that_is_not_told(alliance: Client, engine: Engine):
    week = WEEK + timedelta(days=14)
    everyone = weekly_list(week=week, signals=_in_year("13", 20), gone=(), pupils_considered=23)
    lists.publish(engine, everyone, names=[], by="test")
    school = picture(alliance, week=str(week))["scholen"][0]
    assert (school["leerlingen"], school["inBeeld"]) in {(20, None), (25, None)}


def test_the_figures_hang_on_a_secret_of_this_installation_alone(alliance: Client, app: FastAPI):
    picture(alliance)
    home = app.state.installation.settings.home
    path = home / region.KEY_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert region.key_at(home) == path.read_bytes()
    assert len(region.key_at(home)) == region.KEY_BYTES


def test_looking_at_a_region_is_a_line_about_no_pupil(alliance: Client, engine: Engine):
    picture(alliance)
    with db.transaction(engine) as session:
        found = session.scalars(select(AuditRow).where(AuditRow.action == "region.read")).all()
    assert found
    assert {(row.role, row.subject) for row in found} == {("alliance", None)}


def test_nobody_else_sees_the_region_and_the_alliance_sees_no_list(signed_in: SignedIn, alliance: Client):
    others = {who for who in CAST if who != "alliance"}
    assert {signed_in(who).get(REGION).status_code for who in others} == {403}
    for address in ("/api/v1/weeklijsten", "/api/v1/signalen", "/weeklijst"):
        assert alliance.get(address).status_code == 403


def _in_year(year_group: str, pupils: int) -> tuple[Signal, ...]:
    changes = {"year_group": year_group}
    made = [on_list(0), *(below(number, hits=(mazl_rule(),)) for number in range(1, pupils - 1)), already_absent(30)]
    return tuple(one.model_copy(update=changes) for one in made[:pupils])


def _lines(found: dict) -> list[dict]:
    return [found["regio"], *found["scholen"], *found["jaargroepen"]]
