"""The record of every training."""

import os

import pytest

from data_contracts.errors import StorageError
from models.registry import Run, aliased, register, set_alias

RUN = Run(
    name="proef",
    params={"learning_rate": 0.06, "trees": 80},
    metrics={"scorecard.found": 12.5},
    files={"evaluation.json": "{}"},
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("mlflow")


@pytest.fixture(scope="module")
def uri(place):
    return f"sqlite:///{place.as_posix()}/deep/mlflow.db"


@pytest.fixture(scope="module")
def registered(uri, place, fitted):
    return register(uri, place / "artifacts", fitted.scorecard, RUN)


def test_a_run_keeps_settings_figures_versions_and_the_card_itself(uri, place, registered, fitted, capfd):
    from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds to load

    run = MlflowClient(tracking_uri=uri).get_run(registered.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params == {"learning_rate": "0.06", "trees": "80"}
    assert run.data.metrics == {"scorecard.found": 12.5}
    assert run.data.tags["contract_version"] == fitted.scorecard.contract_version
    assert run.data.tags["data_moment"] == fitted.scorecard.data_moment.isoformat()
    files = {path.name: path.read_text(encoding="utf-8") for path in (place / "artifacts").rglob("*.json")}
    assert files == {"scorecard.json": fitted.scorecard.to_json(), "evaluation.json": "{}"}
    assert "INFO" not in capfd.readouterr().err


def test_an_alias_says_which_version_serves(uri, place, registered, fitted, refit):
    assert registered.number == "1"
    set_alias(uri, registered, "champion")
    assert aliased(uri, "long_absence", "champion") == fitted.scorecard.version
    assert aliased(uri, "long_absence", "challenger") is None
    newer = refit(max_iterations=10).scorecard
    second = register(uri, place / "artifacts", newer, RUN)
    assert second.number == "2"
    assert aliased(uri, "long_absence", "champion") == fitted.scorecard.version
    set_alias(uri, second, "champion")
    assert aliased(uri, "long_absence", "champion") == newer.version
    set_alias(uri, registered, "champion")
    assert aliased(uri, "long_absence", "champion") == fitted.scorecard.version


def test_an_outcome_without_model_has_no_champion(uri, registered):
    assert registered.model == "aanwezig-long_absence"
    assert aliased(uri, "something_else", "champion") is None


def test_nothing_is_sent_home(registered):
    assert registered.run_id
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_a_place_that_cannot_be_written_is_a_clear_error_without_password(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StorageError, match="werkt niet"):
        aliased(f"sqlite:///{tmp_path.as_posix()}/file/mlflow.db", "long_absence", "champion")
