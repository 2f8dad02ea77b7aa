"""The record of every training: in a file, on PostgreSQL, and on a tracking server."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_contracts.errors import StorageError
from models.registry import Run, aliased, mirror, register

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
def server(place) -> Iterator[str]:
    """A real tracking server on loopback, with a store of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    own = place / "server"
    own.mkdir()
    command = ["server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{own}/mlflow.db", "--artifacts-destination", str(own / "files")]
    quiet = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    quiet["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"  # seven more processes, for evaluations that nobody asks for
    with (own / "log").open("wb") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", "mlflow", *command], stdout=log, stderr=log, env=quiet, start_new_session=True
        )
        try:
            yield _answering(port, running)
        finally:
            os.killpg(running.pid, 15)
            running.wait(timeout=30)


def _answering(port: int, running: subprocess.Popen) -> str:
    for _ in range(600):
        assert running.poll() is None, "the tracking server stopped"
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                return f"http://127.0.0.1:{port}"
        except OSError:
            time.sleep(0.2)
    pytest.fail("the tracking server does not answer")


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "server"])
def uri(request, place):
    if request.param == "sqlite":
        return f"sqlite:///{place.as_posix()}/deep/mlflow.db"
    if request.param == "postgresql":
        return request.getfixturevalue("postgres").new_database().replace("+psycopg", "")
    return request.getfixturevalue("server")


@pytest.fixture(scope="module")
def registered(uri, place, fitted):
    return register(uri, place / "artifacts", fitted.scorecard, RUN)


def test_a_run_keeps_settings_figures_versions_plots_and_the_card_itself(uri, registered, fitted, capfd, tmp_path):
    from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds to load

    kept = MlflowClient(tracking_uri=address(uri))
    run = kept.get_run(registered.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params == {"learning_rate": "0.06", "trees": "80"}
    assert run.data.metrics == {"scorecard.found": 12.5}
    assert run.data.tags["contract_version"] == fitted.scorecard.contract_version
    assert run.data.tags["data_moment"] == fitted.scorecard.data_moment.isoformat()
    folder = Path(kept.download_artifacts(registered.run_id, "", str(tmp_path)))
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    shapes = {f"shapes/{shape.name}.svg" for shape in fitted.scorecard.shapes}
    assert set(files) == {"scorecard/scorecard.json", "evaluation.json", "features.json", *shapes}
    assert files["scorecard/scorecard.json"].read_text(encoding="utf-8") == fitted.scorecard.to_json()
    described = json.loads(files["features.json"].read_text(encoding="utf-8"))
    assert [one["name"] for one in described] == list(fitted.scorecard.names)
    for name in shapes:
        assert files[name].read_text(encoding="utf-8").startswith("<svg ")
    assert "INFO" not in capfd.readouterr().err


def test_the_registry_says_what_the_installation_decided(uri, place, registered, fitted, refit):
    first, number = fitted.scorecard.version, registered.number
    newer = refit(max_iterations=10).scorecard
    mirror(uri, "long_absence", {"champion": first}, {first: {"promoted_by": "Fatima Bakker"}})
    assert aliased(uri, "long_absence", "champion") == first
    assert aliased(uri, "long_absence", "challenger") is None
    second = register(uri, place / "artifacts", newer, RUN)
    assert int(second.number) == int(number) + 1
    for _ in range(2):
        mirror(uri, "long_absence", {"champion": first, "challenger": newer.version})
    assert aliased(uri, "long_absence", "champion") == first
    assert aliased(uri, "long_absence", "challenger") == newer.version
    mirror(uri, "long_absence", {"champion": newer.version, "challenger": None})
    assert aliased(uri, "long_absence", "champion") == newer.version
    assert aliased(uri, "long_absence", "challenger") is None
    mirror(uri, "long_absence", {"champion": None})
    assert aliased(uri, "long_absence", "champion") is None
    from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds to load

    tags = MlflowClient(tracking_uri=address(uri)).get_model_version(registered.model, number).tags
    assert tags["promoted_by"] == "Fatima Bakker"


def test_a_version_that_the_record_does_not_know_leaves_the_alias_empty(uri, registered, fitted):
    mirror(uri, "long_absence", {"champion": fitted.scorecard.version})
    mirror(uri, "long_absence", {"champion": "0" * 12}, {"0" * 12: {"promoted_by": "Fatima Bakker"}})
    assert registered
    assert aliased(uri, "long_absence", "champion") is None


def address(uri: str) -> str:
    """The address as MLflow's own client wants it."""
    return uri.replace("postgresql://", "postgresql+psycopg://")


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
