"""The usual way to serve a model: ``mlflow models serve``, with LightGBM and shap, on features that somebody else made.

It answers a probability and its contributions for each row; no list, no scope, no audit, no sentences, no database. Without
a signature, too: to hold every column against one takes MLflow four times as long for a single row as all the rest.
"""

import json
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np

from benchmarks.api_load import request
from benchmarks.api_served import STARTS, answers, free_port
from features.catalogue import NAMES
from models.peers import _LIGHTGBM

TREES = 200
MODEL = """
import lightgbm
import mlflow
import numpy as np
import shap


class Explained(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        self.booster = lightgbm.Booster(model_file=context.artifacts["booster"])
        self.explainer = shap.TreeExplainer(self.booster)

    def predict(self, context, model_input, params=None):
        rows = model_input.to_numpy(dtype=float)
        parts = self.explainer.shap_values(rows)
        parts = parts[1] if isinstance(parts, list) else parts
        return [
            {"probability": float(one), "contributions": [float(part) for part in each]}
            for one, each in zip(self.booster.predict(rows), parts)
        ]


mlflow.models.set_model(Explained())
"""
"""Written beside the model, as MLflow wants code that it loads itself."""


@contextmanager
def serving_mlflow(matrix: "np.ndarray", outcome: "np.ndarray") -> Iterator[int]:
    """Learn a LightGBM from `matrix` and `outcome`, serve it with MLflow on loopback, and give its port."""
    with tempfile.TemporaryDirectory(prefix="aanwezig-mlflow-") as folder:
        _save(Path(folder), lightgbm.train(_LIGHTGBM, lightgbm.Dataset(matrix, label=outcome), TREES))
        port = free_port()
        command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", f"{folder}/model", "--env-manager", "local"]
        said = {
            "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        with subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            env=os.environ | said,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            try:
                answers(process, f"http://127.0.0.1:{port}/ping")
                yield port
            finally:
                os.killpg(process.pid, 15)  # what it starts itself is in the same session
                process.wait(STARTS)


def invocation(matrix: "np.ndarray") -> bytes:
    """Return the request for the rows of `matrix`."""
    rows: list[list[Any]] = [[None if np.isnan(value) else value for value in row] for row in matrix.tolist()]
    body = json.dumps({"dataframe_split": {"columns": list(NAMES), "data": rows}}).encode()
    return request("POST", "/invocations", headers={"Content-Type": "application/json"}, body=body)


def _save(folder: Path, booster: lightgbm.Booster) -> None:
    import mlflow  # noqa: PLC0415 - slow to load

    booster.save_model(folder / "booster.txt")
    (folder / "explained.py").write_text(MODEL, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow, of types that it would like to have
        mlflow.pyfunc.save_model(
            folder / "model",
            python_model=str(folder / "explained.py"),
            artifacts={"booster": str(folder / "booster.txt")},
        )
