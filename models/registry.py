"""The only door to MLflow: every training run is logged, every scorecard registered, an alias says which one serves.

MLflow is the record, not a part of the weekly run: lists are made from `models.serving`, which needs only the file.
"""

import json
import logging
import os
import re
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from data_contracts.errors import StorageError
from models.scorecard import Scorecard
from models.shape_plot import plot

if TYPE_CHECKING:
    from mlflow import MlflowClient

Alias = Literal["champion", "challenger"]
EXPERIMENT = "aanwezig"
SCORECARD_FOLDER = "scorecard"
_CHATTY = ("mlflow", "alembic")
_VERSION_TAG = "scorecard"


@dataclass(frozen=True)
class Run:
    """What is logged about one training.

    Parameters
    ----------
    name
        Name of the run.
    params, metrics, tags
        Settings; figures; other words. Moments and versions go into the tags.
    files
        Texts to keep with the run, by path. The scorecard, its features and a plot of each shape are always kept.
    """

    name: str
    params: Mapping[str, str | int | float]
    metrics: Mapping[str, float]
    tags: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Registered:
    """Where a scorecard stands in the registry: the run's id, the model's name and its number there."""

    run_id: str
    model: str
    number: str


def register(uri: str, artifacts: Path, scorecard: Scorecard, run: Run) -> Registered:
    """Log a run with its scorecard and register it as the next version of its model.

    Parameters
    ----------
    uri
        Address of MLflow: a database (``sqlite:///...``, ``postgresql://...``) or a tracking server (``http://...``).
    artifacts
        Folder for files, used when the experiment is made; a server has its own.
    scorecard, run
        The model, and what is to be logged about it.

    Raises
    ------
    StorageError
        MLflow cannot be reached or written.
    """
    with _client(uri) as client:
        run_id = client.create_run(_experiment(client, uri, artifacts), run_name=run.name).info.run_id
        try:
            _log(client, run_id, scorecard, run)
        except BaseException:
            client.set_terminated(run_id, status="FAILED")
            raise
        client.set_terminated(run_id)
        model = model_name(scorecard.target.name)
        if not client.search_registered_models(f"name = '{model}'"):
            client.create_registered_model(model, description=scorecard.target.meaning)
        source = f"runs:/{run_id}/{SCORECARD_FOLDER}"
        number = client.create_model_version(
            model, source=source, run_id=run_id, tags={_VERSION_TAG: scorecard.version}
        ).version
    return Registered(run_id=run_id, model=model, number=str(number))


def mirror(
    uri: str, outcome: str, aliases: Mapping[Alias, str | None], tags: Mapping[str, Mapping[str, str]] | None = None
) -> None:
    """Let the registry say what the installation decided; doing it again changes nothing.

    Parameters
    ----------
    uri, outcome
        Address of MLflow; the outcome that the models are about.
    aliases
        The scorecard's version that each alias is to point at; None: at nothing.
    tags
        By version of a scorecard, words to add: who signed, when, and what the gate said.

    Raises
    ------
    StorageError
        MLflow cannot be reached or written.
    """
    model = model_name(outcome)
    with _client(uri) as client:
        if not client.search_registered_models(f"name = '{model}'"):
            return
        now = client.get_registered_model(model).aliases
        numbers = {one.tags.get(_VERSION_TAG): one.version for one in client.search_model_versions(f"name = '{model}'")}
        for alias, version in aliases.items():
            # A version trained while the record was elsewhere is unknown here: better nothing than another.
            if version in numbers:
                client.set_registered_model_alias(model, alias, numbers[version])
            elif alias in now:
                client.delete_registered_model_alias(model, alias)
        for version, words in (tags or {}).items():
            for key, value in words.items() if version in numbers else ():
                client.set_model_version_tag(model, numbers[version], key, value)


def aliased(uri: str, outcome: str, alias: Alias) -> str | None:
    """Version of the scorecard that `alias` points at; None where it points at nothing.

    Raises
    ------
    StorageError
        MLflow cannot be reached.
    """
    with _client(uri) as client:
        found = client.search_registered_models(f"name = '{model_name(outcome)}'")
        if not found or alias not in found[0].aliases:
            return None
        tags = client.get_model_version_by_alias(found[0].name, alias).tags
    return str(tags[_VERSION_TAG])


def model_name(outcome: str) -> str:
    """Name of the registered model for an outcome."""
    return f"{EXPERIMENT}-{outcome}"


def _experiment(client: "MlflowClient", uri: str, artifacts: Path) -> str:
    known = client.get_experiment_by_name(EXPERIMENT)
    if known is not None:
        return str(known.experiment_id)
    place = artifacts.resolve().as_uri() if "://" in uri and not uri.startswith("http") else None
    return str(client.create_experiment(EXPERIMENT, artifact_location=place))


def _log(client: "MlflowClient", run_id: str, scorecard: Scorecard, run: Run) -> None:
    from mlflow.entities import Metric, Param, RunTag  # noqa: PLC0415 - see _client

    tags = {
        "contract_version": scorecard.contract_version,
        "catalogue_version": scorecard.catalogue_version,
        "data_moment": scorecard.data_moment.isoformat(),
        _VERSION_TAG: scorecard.version,
        **run.tags,
    }
    now = int(time.time() * 1000)
    client.log_batch(
        run_id,
        metrics=[Metric(key, value, now, 0) for key, value in run.metrics.items()],
        params=[Param(key, str(value)) for key, value in run.params.items()],
        tags=[RunTag(key, value) for key, value in tags.items()],
    )
    for path, text in {**_always(scorecard), **run.files}.items():
        client.log_text(run_id, text, path)


def _always(scorecard: Scorecard) -> dict[str, str]:
    """Files that every run keeps: the scorecard, the features it uses, and how each moves the score."""
    described = [shape.model_dump(include={"name", "label", "unit", "direction"}) for shape in scorecard.shapes]
    plots = {f"shapes/{shape.name}.svg": plot(shape) for shape in scorecard.shapes}
    return {
        f"{SCORECARD_FOLDER}/scorecard.json": scorecard.to_json(),
        "features.json": json.dumps(described, ensure_ascii=False, indent=1),
        **plots,
    }


@contextmanager
def _client(uri: str) -> Iterator["MlflowClient"]:
    """Give a client that keeps quiet, sends nothing home and raises our own errors.

    MLflow is imported here and not above: it takes seconds, and warns while it loads.
    """
    os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true", GIT_PYTHON_REFRESH="quiet")
    before = {name: logging.getLogger(name).level for name in _CHATTY}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own deprecations; ours are shown everywhere else
        from mlflow import MlflowClient  # noqa: PLC0415 - see above
        from mlflow.exceptions import MlflowException  # noqa: PLC0415

        for name in _CHATTY:
            logging.getLogger(name).setLevel(logging.ERROR)
        try:
            if uri.startswith("sqlite:///"):
                Path(uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
            address = re.sub("^postgres(ql)?://", "postgresql+psycopg://", uri)  # the driver that we install
            yield MlflowClient(tracking_uri=address, registry_uri=address)
        except (MlflowException, OSError) as error:
            detail = f"MLflow op {_without_password(uri)} werkt niet: {str(error).splitlines()[0]}"
            raise StorageError(detail, remedy="Kijk of het adres klopt en of er geschreven mag worden.") from None
        finally:
            for name, level in before.items():
                logging.getLogger(name).setLevel(level)


def _without_password(uri: str) -> str:
    scheme, separator, rest = uri.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"
