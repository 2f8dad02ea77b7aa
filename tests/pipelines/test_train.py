"""Training on what was delivered: learned from the past alone, judged next to the rules, registered, serving nobody yet."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from small_world import (
    DELIVERED,
    FIRST,
    HALFWAY,
    OUTCOME,
    PLAN,
    PUPILS,
    SCHOOLS,
    SMALL,
    World,
    days,
    evening,
    pupil,
    region,
    store,
)

from data_contracts.errors import NotEnoughDataError
from data_contracts.tables import CONTRACT_VERSION
from features.catalogue import CATALOGUE_VERSION, NAMES
from models.figures import Evaluation
from models.fit import Settings
from models.registry import aliased, model_name
from models.serving import Decision, challenger, champion, decide, scorecard
from pipelines.home import Home
from pipelines.lake import Lake
from pipelines.panels import KEY, features_at, labels_at, survey
from pipelines.tested import largest_gap
from pipelines.train import TrainResult, train


@pytest.fixture(scope="module")
def home(small_home: Home) -> Home:
    return small_home


@pytest.fixture(scope="module")
def said(small: World) -> list[str]:
    return small.said


@pytest.fixture(scope="module")
def trained(small: World) -> TrainResult:
    return small.result


def test_the_trained_card_is_the_challenger_and_makes_no_lists(home: Home, trained: TrainResult):
    card = challenger(home.scorecards)
    assert card.version == trained.scorecard
    assert champion(home.scorecards) is None
    assert aliased(home.mlflow_uri, "long_absence", "challenger") == trained.scorecard
    assert aliased(home.mlflow_uri, "long_absence", "champion") is None
    assert "aanwezig promote" in trained.next_step
    assert card.data_moment == DELIVERED
    assert (card.rows, card.events) == (trained.rows, trained.events)


def test_mlflow_keeps_when_from_what_with_what_and_how_well(home: Home, trained: TrainResult, tmp_path: Path):
    from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds to load

    kept = MlflowClient(tracking_uri=home.mlflow_uri, registry_uri=home.mlflow_uri)
    run = kept.get_run(kept.get_model_version_by_alias(model_name("long_absence"), "challenger").run_id)
    assert run.data.tags["data_moment"] == DELIVERED.isoformat()
    assert {run.data.tags[name] for name in ("contract_version", "catalogue_version")} == {
        CONTRACT_VERSION,
        CATALOGUE_VERSION,
    }
    assert run.data.tags["scorecard"] == trained.scorecard
    assert run.data.params["step_weeks"] == str(PLAN.step_weeks)
    assert run.data.params["seed"] == str(SMALL.seed)
    for ranking in trained.evaluation.pooled.rankings:
        assert run.data.metrics[f"{ranking.name}.found"] == ranking.found.value
        assert run.data.metrics[f"{ranking.name}.roc_auc"] == ranking.roc_auc.value
    ours = trained.evaluation.pooled.rankings[0]
    assert run.data.metrics["scorecard.ece"] == ours.ece.value
    assert run.data.metrics["scorecard.calibration_slope"] == ours.calibration_slope.value
    folder = Path(kept.download_artifacts(run.info.run_id, "", str(tmp_path)))
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert trained.evaluation.headline in report
    assert report.count('<svg class="chart"') >= 2
    assert Evaluation.model_validate_json((folder / "evaluation.json").read_text("utf-8")) == trained.evaluation
    card = challenger(home.scorecards)
    assert {path.stem for path in (folder / "shapes").iterdir()} == set(card.names)
    assert (folder / "scorecard" / "scorecard.json").read_text(encoding="utf-8") == card.to_json()


def test_it_learned_from_earlier_origins_than_it_was_calibrated_on(trained: TrainResult):
    assert len(trained.calibration_origins) == 2
    assert trained.fit_origins[-1] + timedelta(weeks=8) <= trained.calibration_origins[0]
    assert trained.calibration_origins[-1] + timedelta(weeks=8) < DELIVERED.date()


def test_absence_raises_the_score(home: Home, trained: TrainResult):
    assert trained.largest_gap < 1e-9
    reach = {shape.name: max(shape.values) - min(shape.values) for shape in challenger(home.scorecards).shapes}
    assert max(value for name, value in reach.items() if name.startswith(("absent", "days_away", "sick"))) > 0.5


def test_the_method_is_judged_at_the_length_of_the_lists(trained: TrainResult):
    evaluation = trained.evaluation
    assert trained.evaluation_note == ""
    assert evaluation.headline.startswith("Bij deze lijstlengte vinden wij ")
    assert evaluation.pooled.places == 12 * len(evaluation.origins)
    figures = {ranking.name: ranking for ranking in evaluation.pooled.rankings}
    assert figures["scorecard"].roc_auc.value > 0.6
    assert {"rules", "rules_mazl", "absence_4w", "chance"} <= set(figures)
    assert figures["scorecard"].found.value > figures["chance"].found.value


def test_its_backtest_is_kept_with_scores_and_outcomes_and_without_features(home: Home, trained: TrainResult):
    folder = home.papers(trained.scorecard)
    frame = pl.read_parquet(folder / "backtest.parquet")
    assert {str(origin) for origin in frame["origin"].unique()} == set(trained.evaluation.origins)
    assert {"outcome", "already", "onset", "reached", "log_odds", "probability", "rules", "chance"} <= set(
        frame.columns
    )
    assert set(frame.columns) & set(NAMES) == {"absent_rate_4w"}
    assert Evaluation.model_validate_json((folder / "evaluation.json").read_text()) == trained.evaluation
    assert largest_gap(home, trained.scorecard) == trained.largest_gap


def test_progress_is_told_in_dutch(trained: TrainResult, said: list[str]):
    assert trained
    assert said[0] == "Gegevens lezen"
    assert "Kenmerken berekenen" in said
    assert said[-1] == "Klaar"


def test_what_became_known_later_changes_nothing(home: Home, tmp_path: Path):
    later = region(tmp_path)
    future = [day for day in days() if day > HALFWAY.date()]
    for school in SCHOOLS:
        rows = [
            {"pupil": pupil(school, number), "start_date": day, "kind": "sick", "recorded_at": DELIVERED}
            for number in range(PUPILS)
            for day in (*future, *days()[:60])
        ]
        store(Lake(later), school, "absences", rows, DELIVERED + timedelta(days=7))
    seen = []
    for each in (home, later):
        ground = survey(each, OUTCOME, until=HALFWAY, plan=PLAN)
        origin = ground.origins[-1]
        features = features_at(ground, [origin], plan=PLAN).sort(KEY)
        seen.append((ground.origins, features, labels_at(ground, HALFWAY, ground.origins).sort(KEY)))
    assert seen[0][0] == seen[1][0]
    assert seen[0][1].equals(seen[1][1])
    assert seen[0][2].equals(seen[1][2])
    assert seen[0][2]["outcome"].sum() > 0


def test_too_short_a_period_trains_nothing_and_writes_nothing(home: Home, tmp_path: Path):
    fresh = Home(tmp_path, home.database_url)
    with pytest.raises(NotEnoughDataError, match="nog geen afwezigheden"):
        train(fresh)
    with pytest.raises(NotEnoughDataError, match="schoolweken"):
        survey(home, OUTCOME, until=evening(FIRST + timedelta(weeks=10)), plan=PLAN)
    assert champion(fresh.scorecards) is None
    assert not (tmp_path / "mlflow.db").exists()


def test_a_next_model_is_also_judged_from_the_dates_of_the_one_that_serves(
    home: Home, trained: TrainResult, tmp_path: Path
):
    copy = Home.at(tmp_path / "home")
    shutil.copytree(home.root, copy.root)
    signed = Decision(at=DELIVERED, what="promoted", version=trained.scorecard, serves=trained.scorecard, by="Fatima B")
    decide(copy.scorecards, signed)
    own = date.fromisoformat(trained.evaluation.origins[-1])
    another = trained.evaluation.model_copy(update={"origins": (str(own - timedelta(weeks=1)),)})
    (copy.papers(trained.scorecard) / "evaluation.json").write_text(another.model_dump_json(), encoding="utf-8")
    after = train(copy, plan=PLAN, settings=SMALL)
    frame = pl.read_parquet(copy.papers(after.scorecard) / "backtest.parquet")
    judged = {date.fromisoformat(origin) for origin in after.evaluation.origins}
    assert set(frame["origin"].unique()) == {*judged, own - timedelta(weeks=1)}
    assert after.evaluation.origins == trained.evaluation.origins
    cards = [scorecard(copy.scorecards, version) for version in (trained.scorecard, after.scorecard)]
    assert cards[0].shapes == cards[1].shapes, "nothing is learned from the dates of another model"
    assert champion(copy.scorecards).version == trained.scorecard


def test_too_few_cases_are_counted_for_the_reader(home: Home):
    with pytest.raises(NotEnoughDataError, match=r"leerlingen met deze uitkomst om van te leren .* nodig zijn er 9000"):
        train(home, plan=PLAN, settings=Settings(min_pupils_fit=9000))
