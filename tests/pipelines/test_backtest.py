"""The whole backtest through the command, on the small world: every part is there, and the report reads."""

import json
import shutil
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import narwhals as nw
import polars as pl
import pytest
from small_world import OUTCOME, PLAN, SCHOOLS, SMALL, absences, pupil
from typer.testing import CliRunner

from data_contracts.errors import NotEnoughDataError, StorageError
from models.explain import THEMES
from models.figures import Evaluation
from models.merge import merge
from models.scorecard import as_matrix
from models.splits import as_of, split
from models.stability import Moves
from pipelines import backtest
from pipelines.backtest import SIMPLE
from pipelines.cli import app
from pipelines.evaluation_page import write
from pipelines.fitting import fit_known, fit_rows, known_rows
from pipelines.home import Home
from pipelines.left_out import LeftOut, groups_of, left_out_note
from pipelines.looked_back import BacktestResult, LookedBack
from pipelines.moves import moves_of, why_moved
from pipelines.panels import features_at, survey
from pipelines.parties import Parted, parties_note, with_parties
from pipelines.rivals import RIVALS, totals_at
from pipelines.week_by_week import weeks_of

COLUMNS = {"school", "pupil", "origin", "sector", "outcome", "already", "onset", "reached", "log_odds", "probability"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("evaluated") / "terugblik"


@pytest.fixture(scope="module")
def result(small_home: Home, folder: Path) -> BacktestResult:
    return backtest.evaluate(small_home, plan=PLAN, settings=SMALL, out=folder)


@pytest.fixture(scope="module")
def frame(result: BacktestResult, folder: Path) -> pl.DataFrame:
    assert result
    return pl.read_parquet(folder / "backtest.parquet")


def test_every_ranking_stands_in_one_table(result: BacktestResult):
    names = [one.name for one in result.evaluation.pooled.rankings]
    assert names[0] == "scorecard"
    assert {"rules", "rules_mazl", "rules_wettelijk", "absence_4w", "class_rate", "chance"} <= set(names)
    assert {rival.name for rival in RIVALS} <= set(names)
    found = {one.name: one.found.value for one in result.evaluation.pooled.rankings}
    assert found["scorecard"] > found["chance"]
    assert found["ceiling"] > found["chance"]
    assert found["uitnodigingsregel_forest"] > found["chance"]


def test_the_frame_has_a_row_a_pupil_and_origin_and_no_features(frame: pl.DataFrame, result: BacktestResult):
    assert set(frame.columns) >= COLUMNS
    assert "sick_rate_4w" not in frame.columns
    assert not frame.select("school", "pupil", "origin").is_duplicated().any()
    assert [f"{origin}" for origin in frame["origin"].unique().sort()] == list(result.evaluation.origins)
    reached = frame.filter(pl.col("outcome") == 1)
    assert (reached["onset"] <= reached["reached"]).all()
    assert reached["onset"].null_count() == 0


def test_the_report_needs_nothing_beside_it_and_leads_with_the_sentence(result: BacktestResult, folder: Path):
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert result.evaluation.headline in text
    assert text.index(result.evaluation.headline) < text.index("<svg")
    assert "http" not in text.replace("http-equiv", "")
    assert "tonen geen geldigheid voor Nederlandse leerlingen" in text
    assert "<script" not in text


def test_the_figures_read_back(result: BacktestResult, folder: Path):
    assert BacktestResult.model_validate_json((folder / "terugblik.json").read_text("utf-8")) == result
    assert Evaluation.model_validate_json((folder / "evaluation.json").read_text("utf-8")) == result.evaluation


def test_no_pupil_stands_in_the_report_or_the_figures(folder: Path, frame: pl.DataFrame):
    for name in ("report.html", "evaluation.json", "terugblik.json"):
        text = (folder / name).read_text("utf-8")
        assert not any(pupil in text for pupil in frame["pupil"].unique().to_list())


def test_each_school_is_left_out_once_at_each_of_the_latest_dates(result: BacktestResult, frame: pl.DataFrame):
    dates = len(result.evaluation.origins)
    words = "1 peildatum" if dates == 1 else f"{dates} peildata"
    assert result.left_out_note == f"Vanaf {words} is elke school één keer weggelaten ({2 * dates} modellen)."
    assert frame["left_out"].null_count() == 0
    assert (frame["left_out"] != frame["log_odds"]).any()
    assert [one.name for one in result.left_out.pooled.rankings][:2] == ["left_out", "scorecard"]
    assert result.left_out.origins == result.evaluation.origins
    assert result.left_out.pooled.cases == result.evaluation.pooled.cases
    assert [one.key for one in result.left_out.of("school")] == list(SCHOOLS)


def test_many_schools_are_left_out_in_groups_that_each_hold_large_and_small_ones():
    groups = groups_of({f"s{number:02}": 1000 - number for number in range(28)})
    assert len(groups) == 6
    assert sorted(school for group in groups for school in group) == [f"s{number:02}" for number in range(28)]
    assert all(min(group) <= "s05" and max(group) >= "s22" for group in groups)
    assert groups_of({"a": 3, "b": 9}) == (("b",), ("a",))


@pytest.mark.parametrize(
    ("done", "note"),
    [
        ([], ""),
        ([LeftOut(date(2026, 1, 5), ())], "Er is maar één school, dus er valt geen school weg te laten."),
        (
            [LeftOut(date(2026, 1, 5), (("a",), ("b",)), failed=1)],
            (
                "Vanaf 1 peildatum is elke school één keer weggelaten (1 model). Er bleef te weinig over om van te "
                "leren: op 05-01-2026 1 van de 2 keer."
            ),
        ),
        (
            [LeftOut(date(2026, 1, 5), (("a", "c"), ("b",))), LeftOut(date(2026, 3, 9), (("a", "c"), ("b",)))],
            (
                "Vanaf 2 peildata is elke school één keer weggelaten (4 modellen). Het zijn er veel: steeds zijn er enkele "
                "samen weggelaten, grote en kleine door elkaar."
            ),
        ),
    ],
)
def test_how_schools_were_left_out_is_said(done: list[LeftOut], note: str):
    assert left_out_note(done) == note


def test_merged_whole_and_apart_stand_beside_each_other_on_the_same_pupils(result: BacktestResult, frame: pl.DataFrame):
    assert [one.name for one in result.merged.pooled.rankings][:3] == ["merged", "scorecard", "apart"]
    assert result.merged.origins == result.evaluation.origins
    assert result.merged.pooled.cases == result.evaluation.pooled.cases
    found = {one.name: one.found.value for one in result.merged.pooled.rankings}
    assert min(found["merged"], found["apart"]) > found["chance"]
    assert (frame["merged"] != frame["log_odds"]).any()
    assert (frame["merged"] != frame["apart"]).any()
    assert result.merged_note.startswith("Vanaf ")


def test_a_party_learns_from_its_own_schools_alone_and_what_is_merged_is_their_scorecards(
    small_home: Home, frame: pl.DataFrame
):
    ground = survey(small_home, OUTCOME, until=None, plan=PLAN)
    origin = frame["origin"].max()
    panel = features_at(ground, plan=PLAN)
    parts = split(ground.weeks, ground.origins, OUTCOME, moment=origin, plan=PLAN)
    rows = known_rows(ground, panel, parts, moment=as_of(origin))
    few = replace(SMALL, min_pupils_fit=3, min_pupils_calibrate=1)
    cards = {
        school: fit_rows(
            ground, rows.filter(pl.col("school") == school), parts, moment=as_of(origin), settings=few
        ).scorecard
        for school in SCHOOLS
    }
    seen = frame.filter(pl.col("origin") == origin).sort("school", "pupil")
    there = panel.filter(pl.col("origin") == origin).sort("school", "pupil")
    matrix = as_matrix(there, cards[SCHOOLS[0]].names)
    assert seen["merged"].to_list() == merge(list(cards.values())).score(matrix).log_odds.tolist()
    for school, card in cards.items():
        here = (there["school"] == school).to_numpy()
        assert seen.filter(pl.col("school") == school)["apart"].to_list() == card.score(matrix[here]).log_odds.tolist()


def test_where_a_party_has_too_little_nothing_is_merged_and_that_is_said(small_home: Home, frame: pl.DataFrame):
    ground = survey(small_home, OUTCOME, until=None, plan=PLAN)
    origin = frame["origin"].max()
    panel = features_at(ground, plan=PLAN)
    parts = split(ground.weeks, ground.origins, OUTCOME, moment=origin, plan=PLAN)
    rows = known_rows(ground, panel, parts, moment=as_of(origin))
    empty = rows.with_columns(outcome=pl.when(pl.col("school") == SCHOOLS[0]).then(pl.col("outcome")).otherwise(0))
    there = panel.filter(pl.col("origin") == origin)
    with_none, how = with_parties(ground, there, empty, parts, settings=SMALL, say=lambda *_: None)
    assert with_none["merged"].null_count() == with_none["apart"].null_count() == len(there)
    assert f"Niet gelukt: {origin:%d-%m-%Y}: 0 leerlingen met deze uitkomst" in parties_note([how])


def test_how_schools_were_parted_is_said():
    assert parties_note([]) == ""
    alone = "Er is maar één school, dus er valt niets samen te voegen."
    assert parties_note([Parted(date(2026, 1, 5))]) == alone
    both = parties_note([Parted(date(2026, 1, 5), (14, 14)), Parted(date(2026, 3, 9), failed="09-03-2026: te weinig")])
    assert both.startswith("Vanaf 1 peildatum leren twee helften van de scholen elk apart")
    assert both.endswith("Niet gelukt: 09-03-2026: te weinig.")


def test_lists_are_followed_week_by_week(result: BacktestResult, frame: pl.DataFrame):
    lead, calm = result.lead_time, result.stability
    new = frame.filter((pl.col("outcome") == 1) & ~pl.col("already") & pl.col("origin").is_in(lead.periods))
    assert lead.cases == len(new)
    assert 0 < lead.listed <= lead.cases
    assert lead.to_reached.count == lead.listed
    assert min(lead.to_reached.days) >= 0, "a list after the outcome comes too late to count"
    assert lead.to_onset.median <= lead.to_reached.median
    assert {one.threshold for one in lead.ahead} == {"report", "mazl"}
    assert calm.span > 0
    for pair in calm.weeks:
        assert pair.near <= pair.new_data
        assert pair.went == pair.left + pair.already + pair.new_data
        assert pair.kept + pair.came <= 12
    assert len(calm.models) == len(result.evaluation.origins) - 1


def test_what_moved_scores_is_told_by_theme_and_adds_up(small_home: Home, frame: pl.DataFrame):
    ground = survey(small_home, OUTCOME, until=None, plan=PLAN)
    origin = frame["origin"].max()
    at = [origin + timedelta(weeks=number) for number in range(3)]
    panel = features_at(replace(ground, origins=tuple(at)), plan=PLAN)
    parts = split(ground.weeks, ground.origins, OUTCOME, moment=origin, plan=PLAN)
    card = fit_known(ground, features_at(ground, plan=PLAN), parts, moment=as_of(origin), settings=SMALL).scorecard
    weeks, _ = weeks_of(ground, panel, card, at, frame.head(0))
    moves = moves_of(panel, card, weeks)
    came = moves.filter(pl.col("how") == "came")
    assert len(came) == sum(len(other.listed - one.listed) for one, other in pairwise(weeks))
    assert (came["log_odds"] - came.select(pl.sum_horizontal(*THEMES)).to_series()).abs().max() < 1e-9
    assert moves["span"].drop_nulls().len() == 3 * len(SCHOOLS)
    why = why_moved(moves)
    assert sum(one.came for one in why.moved) == pytest.approx(came["log_odds"].mean())
    assert sum(one.went for one in why.moved) < 0 < sum(one.came for one in why.moved)
    assert why.span > 0
    assert why.step > 0


def test_without_two_weeks_nothing_is_said_of_what_moved_scores():
    assert (
        why_moved(pl.DataFrame(schema=dict.fromkeys(("log_odds", "span", *THEMES), pl.Float64) | {"how": pl.String}))
        == Moves()
    )


def test_who_comes_into_the_outcome_leaves_the_list_for_that_reason(result: BacktestResult):
    assert sum(pair.already for pair in result.stability.weeks) > 0


def test_everybody_is_more_than_the_new_cases(result: BacktestResult):
    assert result.everyone.population == "all"
    assert result.everyone.pooled.pupils > result.evaluation.pooled.pupils


def test_a_folder_that_cannot_be_written_is_named(result: BacktestResult, tmp_path: Path, frame: pl.DataFrame):
    taken = tmp_path / "bezet"
    taken.write_text("")
    with pytest.raises(StorageError, match="bezet is niet te schrijven"):
        write(taken, result, LookedBack(frame=frame, skipped=()))


def test_the_command_shows_figures_and_says_what_it_skipped(result: BacktestResult, monkeypatch):
    monkeypatch.setattr(backtest, "evaluate", lambda _home, **_options: result)
    told = CliRunner().invoke(app, ["evaluate"], env={"COLUMNS": "200"})
    assert told.exit_code == 0
    assert told.output.startswith("Bij deze lijstlengte vinden wij ")
    assert "Overgeslagen: " in told.output
    assert "nieuwe gevallen kwamen op een lijst" in told.output
    assert "door nieuwe gegevens" in told.output
    assert "Scholen weggelaten. Vanaf" in told.output
    assert "Samengevoegd zonder rijen te delen. Vanaf" in told.output
    assert "log-odds" in told.output
    as_json = CliRunner().invoke(app, ["evaluate", "--json"])
    assert BacktestResult.model_validate(json.loads(as_json.output)) == result


def test_an_installation_without_data_is_told_what_to_do(tmp_path: Path):
    with pytest.raises(NotEnoughDataError, match="nog geen afwezigheden"):
        backtest.evaluate(Home.at(tmp_path))


def one_school(home: Home, target: Path) -> Home:
    """The small world with one of its schools, as if the other had never joined."""
    copy = shutil.copytree(home.root, target, ignore=shutil.ignore_patterns("mlflow*", "artifacts", "*.db"))
    for path in copy.rglob("*"):
        if SCHOOLS[1] in path.name:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return Home.at(copy)


def test_one_school_alone_is_judged_too_and_leaves_nothing_out(small_home: Home, tmp_path: Path):
    few = replace(SMALL, min_pupils_fit=3, min_pupils_calibrate=1)
    result = backtest.evaluate(one_school(small_home, tmp_path / "one"), plan=PLAN, settings=few, out=tmp_path / "out")
    assert result.left_out is None
    assert result.left_out_note == "Er is maar één school, dus er valt geen school weg te laten."
    assert result.merged is None
    assert result.merged_note == "Er is maar één school, dus er valt niets samen te voegen."
    assert result.evaluation.of("school") == ()
    assert "Er is maar één school." in (tmp_path / "out" / "report.html").read_text("utf-8")


def test_weekly_totals_are_the_hours_of_the_last_ten_school_weeks(small_home: Home):
    ground = survey(small_home, OUTCOME, until=None, plan=PLAN)
    origin = date(2026, 3, 2)
    totals = totals_at(ground, [origin])
    missed = [row for row in absences(SCHOOLS[0]) if row["pupil"] == pupil(SCHOOLS[0], 4)]
    own = totals.filter((pl.col("school") == SCHOOLS[0]) & (pl.col("pupil") == pupil(SCHOOLS[0], 4)))
    for ago in range(10):
        monday = origin - timedelta(weeks=ago + 1)
        days_missed = sum(monday <= row["start_date"] < monday + timedelta(weeks=1) for row in missed)
        assert own[f"authorised_{ago}"].item() == 5 * days_missed, f"{ago} weeks ago"
        assert own[f"unauthorised_{ago}"].item() == 0


def test_what_nobody_gave_a_reason_for_is_unauthorised_in_weekly_totals(small_home: Home):
    ground = survey(small_home, OUTCOME, until=None, plan=PLAN)
    origin = date(2026, 3, 2)
    known = totals_at(ground, [origin])
    absent = nw.from_native(ground.tables.absences)
    unexplained = absent.with_columns(kind=nw.lit("unexplained"), authorised=nw.lit("unknown")).to_native()
    told = totals_at(replace(ground, tables=replace(ground.tables, absences=unexplained)), [origin])
    keys = ["school", "pupil"]
    assert told.sort(keys)["unauthorised_0"].to_list() == known.sort(keys)["authorised_0"].to_list()
    assert told["unauthorised_0"].sum() > 0
    assert told["authorised_0"].sum() == 0


def test_the_list_of_the_first_monday_is_the_list_that_was_judged(small_home: Home, frame: pl.DataFrame):
    ground = survey(small_home, OUTCOME, until=None, plan=PLAN)
    origin = frame["origin"].max()
    looked = frame.filter(pl.col("origin") == origin)
    panel = features_at(replace(ground, origins=(origin,)), plan=PLAN)
    parts = split(ground.weeks, ground.origins, OUTCOME, moment=origin, plan=PLAN)
    everything = features_at(ground, plan=PLAN)
    card = fit_known(ground, everything, parts, moment=as_of(origin), settings=SMALL).scorecard
    new = looked.filter((pl.col("outcome") == 1) & ~pl.col("already"))
    weeks, _ = weeks_of(ground, panel, card, [origin], new)
    top = looked.filter(~pl.col("already")).sort("school", "log_odds", SIMPLE, descending=[False, True, True])
    expected = top.group_by("school", maintain_order=True).head(6)
    assert weeks[0].listed == frozenset(expected.select("school", "pupil").rows())
    already = looked.filter(pl.col("already")).select("school", "pupil").rows()
    assert weeks[0].already == frozenset(already)
