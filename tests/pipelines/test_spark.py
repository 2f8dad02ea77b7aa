"""The same lists from a Spark cluster: a master and two workers on loopback read the same lake and make the scores."""

import math
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pyspark.sql import SparkSession
from spark_cluster import WORKERS, Cluster, free_port

from data_contracts.tables import CONTRACT_VERSION
from data_contracts.weekly_list import Basis, WeeklyList
from features.catalogue import CATALOGUE, CATALOGUE_VERSION
from models.outcome import read_outcome
from models.scorecard import Calibration, Scorecard, Shape, Target
from models.serving import Decision, decide, save
from models.splits import Plan
from pipelines.engines import POLARS, SCORES, Engine, with_scores
from pipelines.home import Home
from pipelines.ingest import ingest
from pipelines.panels import KEY, features_at, labels_at, survey
from pipelines.simulate import simulate
from pipelines.weekly import weekly

NOW = datetime(2026, 11, 18, 9, tzinfo=UTC)
MONDAY = date(2026, 11, 16)
FEW = Plan(step_weeks=12, history_weeks=6, calibration_origins=1, evaluation_origins=1)


def card() -> Scorecard:
    """A scorecard of the whole catalogue, with other steps for every feature."""
    shapes = [
        Shape(
            name=feature.name,
            label=feature.label,
            unit=feature.unit,
            direction=0,
            edges=(0.02, 0.1, 1.5),
            values=(-0.011 * number, -0.003, 0.017, 0.013 * number),
            missing=0.0,
            shares=(0.4, 0.3, 0.2, 0.05, 0.05),
        )
        for number, feature in enumerate(CATALOGUE, 1)
    ]
    return Scorecard(
        target=Target(name="long_absence", label="lang afwezig", meaning="is weken afwezig"),
        contract_version=CONTRACT_VERSION,
        catalogue_version=CATALOGUE_VERSION,
        trained_at=datetime(2026, 6, 1, tzinfo=UTC),
        data_moment=datetime(2026, 5, 1, tzinfo=UTC),
        rows=1000,
        events=50,
        pupils_with_outcome=40,
        baseline=-3.0,
        calibration=Calibration(intercept=0.0, slope=1.0),
        shapes=tuple(shapes),
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """One secondary and one primary school, delivered as exports; the primary one has no timetable, so its norm stands."""
    root = tmp_path_factory.mktemp("home")
    simulate(root / "region", pupils_vo=70, pupils_po=50, schools_vo=1, schools_po=1, seed=7)
    home = Home.at(root / "var")
    ingest(home, root / "region" / "exports")
    save(home.scorecards, card())
    version, signed = card().version, datetime(2026, 1, 5, tzinfo=UTC)
    decide(home.scorecards, Decision(at=signed, what="promoted", version=version, serves=version, by="Fatima Bakker"))
    return home


def lists(home: Home, engine: Engine, place: Path) -> list[WeeklyList]:
    """Lists made by `engine` in a copy of `home`, so that neither sees what the other published."""
    copy = Home.at(place)
    shutil.copytree(home.root, copy.root)
    return [each.weekly_list for each in weekly(copy, week=MONDAY, now=NOW, engine=engine)]


def assert_same(found: Any, expected: Any, path: str = "list") -> None:
    """Equal, and numbers with a fraction equal to 1e-9."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), path
        for name, value in expected.items():
            assert_same(found[name], value, f"{path}.{name}")
    elif isinstance(expected, list | tuple):
        assert len(found) == len(expected), path
        for number, (one, other) in enumerate(zip(found, expected, strict=True)):
            assert_same(one, other, f"{path}[{number}]")
    elif isinstance(expected, float):
        assert found is not None, path
        assert math.isclose(found, expected, rel_tol=0, abs_tol=1e-9), path
    else:
        assert found == expected, path


def tasks_done() -> list[int]:
    """How many tasks each executor of the present session has finished."""
    session = SparkSession.getActiveSession()
    told = session.sparkContext._jsc.sc().statusStore().executorList(False)
    each = [told.apply(number) for number in range(told.size())]
    return [one.completedTasks() for one in each if one.id() != "driver"]


class TestOnACluster:
    def test_the_lists_are_those_of_polars_and_both_workers_worked(
        self, home: Home, running: Cluster, spark: Engine, tmp_path: Path
    ):
        expected = lists(home, POLARS, tmp_path / "polars")
        found = lists(home, spark, tmp_path / "spark")
        assert [each.basis for each in found] == [Basis.SCORECARD, Basis.SCORECARD]
        assert all(each.signals for each in found)
        for one, other in zip(found, expected, strict=True):
            # The whole list: order, scores, contributions, sentences, rule hits, calendars.
            assert_same(one.model_dump(), other.model_dump(), other.school)
        done = tasks_done()
        assert len(done) == WORKERS
        assert min(done) > 0
        told = running.told()
        assert [application["name"] for application in told["activeapps"]] == ["aanwezig"]
        assert [worker["coresused"] for worker in told["workers"]] == [1] * WORKERS

    def test_what_a_model_learns_from_is_that_of_polars(self, home: Home, spark: Engine):
        outcome = read_outcome("long_absence")
        panels, labelled = [], []
        for engine in (POLARS, spark):
            ground = survey(home, outcome, until=None, plan=FEW, engine=engine)
            panels.append(features_at(ground, plan=FEW).sort(KEY))
            labelled.append(labels_at(ground, ground.moment, ground.origins).sort(KEY))
        assert panels[0].height > 100
        assert_frame_equal(panels[1], panels[0], check_dtypes=False, rel_tol=0, abs_tol=1e-9)
        assert_frame_equal(labelled[1], labelled[0], check_dtypes=False)


def test_scores_are_added_beside_the_features():
    features = pl.DataFrame({"pupil": ["a", "b"]} | {feature.name: [0.0, None] for feature in CATALOGUE})
    found = with_scores(card(), features)
    assert found.columns == [*features.columns, *SCORES]
    assert found["log_odds"][1] == card().baseline
    assert math.isclose(found["log_odds"][0], card().baseline + sum(found["parts"][0]), abs_tol=1e-9)


class TestWhatCanBeMended:
    """One message, its exit code, no traceback: from the command line, as a user meets it."""

    def aanwezig(self, tmp_path: Path, *words: str, path: str = "/usr/bin:/bin", before: str = "") -> tuple[int, str]:
        environment = {"AANWEZIG_HOME": str(tmp_path / "var"), "PATH": path, "HOME": str(tmp_path)}
        command = [sys.executable, "-c", f"{before}\nfrom pipelines.cli import main; main()", *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stderr

    @pytest.mark.parametrize("command", ["weekly", "train"])
    def test_a_master_that_does_not_answer(self, tmp_path: Path, command: str):
        nobody = f"spark://127.0.0.1:{free_port()}"
        code, said = self.aanwezig(tmp_path, command, "--engine", "spark", "--master", nobody)
        assert code == 8
        assert f"de Spark-master {nobody} antwoordt niet" in said

    def test_an_address_that_is_none(self, tmp_path: Path):
        code, said = self.aanwezig(tmp_path, "weekly", "--engine", "spark", "--master", "spark://x:port")
        assert code == 8
        assert "geen adres van een Spark-master" in said

    def test_a_master_without_spark(self, tmp_path: Path):
        code, said = self.aanwezig(tmp_path, "weekly", "--master", "spark://127.0.0.1:7077")
        assert code == 2
        assert "--engine spark" in said

    def test_no_java(self, tmp_path: Path):
        code, said = self.aanwezig(tmp_path, "weekly", "--engine", "spark", path=str(tmp_path))
        assert code == 8
        assert "Java" in said

    def test_no_pyspark(self, tmp_path: Path):
        hidden = "import sys; sys.modules['pyspark'] = None"
        code, said = self.aanwezig(tmp_path, "weekly", "--engine", "spark", before=hidden)
        assert code == 8
        assert "pip install 'aanwezig[spark]'" in said
