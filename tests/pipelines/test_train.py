"""Training on what was delivered: learned from the past alone, registered, served, and judged next to the rules."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from data_contracts.errors import NotEnoughDataError
from data_contracts.quality import QualityReport, Verdict
from data_contracts.tables import CONTRACT_VERSION, TABLES
from models.fit import Settings
from models.outcome import read_outcome
from models.registry import aliased
from models.serving import champion
from models.splits import Plan
from pipelines.home import Home
from pipelines.lake import Lake, schema
from pipelines.panels import KEY, features_at, labels_at, survey
from pipelines.train import BacktestResult, TrainResult, evaluate, train

SCHOOLS = ("11ZZ01", "11ZZ02")
FIRST = date(2025, 8, 18)
WEEKS = 44
PUPILS = 160
OUTCOME = read_outcome("long_absence")
PLAN = Plan(step_weeks=4, history_weeks=6, calibration_origins=2, evaluation_origins=2)
SMALL = Settings(min_pupils_fit=8, min_pupils_calibrate=3, min_leaf_rows=10, max_iterations=80)
DELIVERED = datetime(2026, 6, 27, 18, tzinfo=UTC)
HALFWAY = datetime(2026, 3, 2, 5, tzinfo=UTC)


def evening(day: date) -> datetime:
    return datetime.combine(day, time(21), tzinfo=UTC)


def days() -> list[date]:
    return [FIRST + timedelta(weeks=week, days=day) for week in range(WEEKS) for day in range(5)]


def pupil(school: str, number: int) -> str:
    return "p" + f"{school[-1]}{number}".translate(str.maketrans("0123456789", "abcdefghij")).rjust(26, "a")


def absences(school: str) -> list[dict]:
    """Every fourth pupil is away more and more for four weeks and then for six; anybody may be ill for a day."""
    rng = np.random.default_rng(int(school[-1]))
    rows = []
    for number in range(PUPILS):
        drift = 5 + number * 7 % 36 if number % 4 == 0 else 10_000
        for place, day in enumerate(days()):
            away = (place // 5 - drift) * 0.2
            share = 0.02 if away < 0 else 1.0 if 0.8 <= away < 2 else away + 0.1 if away < 2 else 0.02
            if rng.random() < share:
                rows.append({"pupil": pupil(school, number), "start_date": day, "kind": "sick", "authorised": "yes"})
    return rows


def store(lake: Lake, school: str, table: str, rows: list[dict], delivered_at: datetime = DELIVERED) -> None:
    blank = {"school": school, "withdrawn": False, "recorded_basis": "source", "delivered_at": delivered_at}
    defaults = {column.name: column.default for column in TABLES[table].columns}
    filled = [
        defaults | blank | {"delivery": f"{table}-{delivered_at:%Y%m%d}", "record": f"{delivered_at:%m%d}-{n}"} | row
        for n, row in enumerate(rows)
    ]
    report = QualityReport(
        delivery=f"{table}-{delivered_at:%Y%m%d}",
        school=school,
        source="canonical",
        table=table,
        file="x.csv",
        delivered_at=delivered_at,
        sha256="0" * 64,
        verdict=Verdict.ACCEPTED,
        contract_version=CONTRACT_VERSION,
    )
    types = schema(TABLES[table])
    lake.append(pl.DataFrame([{name: row.get(name) for name in types} for row in filled], schema=types), report)


def region(root: Path) -> Home:
    home = Home.at(root)
    home.schools.mkdir(parents=True)
    for school in SCHOOLS:
        text = f'school = "{school}"\nname = "School {school}"\nsector = "vo"\ncapacity = 6\n'
        (home.schools / f"{school}.toml").write_text(text, encoding="utf-8")
        lake, early = Lake(home), evening(FIRST - timedelta(days=30))
        groups = [{"pupil": pupil(school, n), "group": f"g{n % 5}"} for n in range(PUPILS)]
        store(lake, school, "enrolments", [row | {"valid_from": FIRST, "recorded_at": early} for row in groups])
        lessons = [{"group": f"g{n}", "date": day, "minutes": 300} for n in range(5) for day in days()]
        store(lake, school, "timetable", [row | {"recorded_at": early} for row in lessons])
        store(lake, school, "absences", [row | {"recorded_at": evening(row["start_date"])} for row in absences(school)])
    return home


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    return region(tmp_path_factory.mktemp("train"))


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def trained(home: Home, said: list[str]) -> TrainResult:
    return train(home, plan=PLAN, settings=SMALL, progress=lambda text, _done, _total: said.append(text))


def test_the_trained_card_serves_and_the_registry_agrees(home: Home, trained: TrainResult):
    card = champion(home.scorecards)
    assert card.version == trained.scorecard
    assert aliased(home.mlflow_uri, "long_absence", "champion") == trained.scorecard
    assert card.data_moment == DELIVERED
    assert (card.rows, card.events) == (trained.rows, trained.events)


def test_it_learned_from_earlier_origins_than_it_was_calibrated_on(trained: TrainResult):
    assert len(trained.calibration_origins) == 2
    assert trained.fit_origins[-1] + timedelta(weeks=8) <= trained.calibration_origins[0]
    assert trained.calibration_origins[-1] + timedelta(weeks=8) < DELIVERED.date()


def test_absence_raises_the_score(home: Home, trained: TrainResult):
    assert trained.largest_gap < 1e-9
    reach = {shape.name: max(shape.values) - min(shape.values) for shape in champion(home.scorecards).shapes}
    assert max(value for name, value in reach.items() if name.startswith(("absent", "days_away", "sick"))) > 0.5


def test_the_method_is_judged_at_the_length_of_the_lists(trained: TrainResult):
    evaluation = trained.evaluation
    assert trained.evaluation_note == ""
    assert evaluation.headline.startswith("Bij deze lijstlengte vinden wij ")
    assert evaluation.pooled.places == 12
    figures = {ranking.name: ranking for ranking in evaluation.pooled.rankings}
    assert figures["scorecard"].roc_auc.value > 0.6
    assert {"rules", "rules_mazl", "absence_4w", "chance"} <= set(figures)
    assert figures["scorecard"].found.value > figures["chance"].found.value


def test_progress_is_told_in_dutch(trained: TrainResult, said: list[str]):
    assert trained
    assert said[0] == "Gegevens lezen"
    assert "Kenmerken berekenen" in said
    assert said[-1] == "Klaar"


def test_looking_back_trains_only_on_what_was_known_at_each_origin(home: Home):
    result = evaluate(home, plan=PLAN, settings=SMALL)
    assert isinstance(result, BacktestResult)
    assert len(result.evaluation.origins) + len(result.skipped) == 2
    assert BacktestResult.model_validate_json(result.model_dump_json()) == result


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


def test_too_few_cases_are_counted_for_the_reader(home: Home):
    with pytest.raises(NotEnoughDataError, match=r"leerlingen met deze uitkomst om van te leren .* nodig zijn er 9000"):
        train(home, plan=PLAN, settings=Settings(min_pupils_fit=9000))
