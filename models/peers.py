"""Other ways to order the same pupils, learned from the same rows: what the scorecard is held against. Never served.

Three kinds. A logistic regression on the same features; LightGBM without any restriction, as the ceiling that a black box
reaches; and the method that Dutch mbo schools use today, CEDA's *Uitnodigingsregel*
(https://github.com/cedanl/Uitnodigingsregel, method of I. Eegdeman): students are ordered by a Lasso, a support vector
machine or a random forest. It is written here from its public description and its published settings, on ten weekly
totals of authorised and of unauthorised absence. Where our cases are too rare for it, it is helped; each place says so.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LassoCV, LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from models.calibration import Floats
from models.figures import Kind
from models.learning import Sample

TOTAL_WEEKS = 10
"""Weekly totals that the Uitnodigingsregel looks at."""


@dataclass(frozen=True)
class Peer:
    """Another way to order: its id (a column of the backtest frame), its Dutch name and its kind."""

    name: str
    label: str
    kind: Kind


ON_FEATURES = (
    Peer("logistic", "logistische regressie op dezelfde kenmerken", "peer"),
    Peer("ceiling", "LightGBM zonder beperkingen", "ceiling"),
)
ON_TOTALS = (
    Peer("uitnodigingsregel_lasso", "de Uitnodigingsregel (Lasso)", "peer"),
    Peer("uitnodigingsregel_svm", "de Uitnodigingsregel (SVM)", "peer"),
    Peer("uitnodigingsregel_forest", "de Uitnodigingsregel (random forest)", "peer"),
)

_SEED = 20240902
_NEGATIVES = 100  # rows without the outcome per row with it; those kept stand for the rest by weight
_HELD_OUT = 0.2
_LIGHTGBM: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.03,
    "num_leaves": 31,
    "min_child_samples": 60,
    "subsample": 0.8,
    "subsample_freq": 1,
    "colsample_bytree": 0.5,
    "reg_lambda": 10.0,
    "num_threads": 1,
    "verbosity": -1,
}
_MOST_TREES, _PATIENCE, _BOOSTERS = 1000, 50, 3
_RIDGE = 0.01
_SVM_ROWS = 3000
_FOREST: dict[str, Any] = {  # the middle of the values that are published
    "n_estimators": 200,
    "max_depth": 4,
    "max_features": 4,
    "min_samples_leaf": 4,
    "min_samples_split": 3,
}


def feature_scores(learn: Sample, matrix: Floats) -> dict[str, Floats]:
    """Order by the methods of `ON_FEATURES`.

    Parameters
    ----------
    learn
        Rows to learn from, with at least one of either outcome.
    matrix
        Rows to order, shape (n, features); NaN is missing.

    Returns
    -------
    dict
        Per name scores of shape (n,), higher is earlier, in no unit.
    """
    with _quietly():
        return {"logistic": _logistic(learn, matrix), "ceiling": _ceiling(learn, matrix)}


def total_scores(learn: Sample, matrix: Floats) -> dict[str, Floats]:
    """Order by the methods of `ON_TOTALS`.

    Parameters
    ----------
    learn, matrix
        As `feature_scores`; the columns are weekly totals in hours, first those of authorised absence.
    """
    rng = np.random.default_rng(_SEED)
    scaler = StandardScaler().fit(learn.matrix)
    seen = replace(learn, matrix=scaler.transform(learn.matrix))
    asked = np.asarray(scaler.transform(matrix))
    kept, weight = _sampled(learn.outcome, rng)
    with _quietly():
        # The published alphas (0.1 and up) leave every coefficient at nought where so few have the outcome.
        lasso = LassoCV(cv=5, alphas=20, max_iter=5000).fit(seen.matrix[kept], seen.outcome[kept], sample_weight=weight)
        forest = RandomForestRegressor(**_FOREST, random_state=_SEED)
        forest.fit(seen.matrix[kept], seen.outcome[kept], sample_weight=weight)
        return {
            "uitnodigingsregel_lasso": np.asarray(lasso.predict(asked)),
            "uitnodigingsregel_svm": _svm(seen, asked, rng),
            "uitnodigingsregel_forest": np.asarray(forest.predict(asked)),
        }


@contextmanager
def _quietly() -> Iterator[None]:
    """On one thread; and a rival that stopped just short of its optimum orders pupils as well as one that reached it."""
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def _sampled(outcome: Floats, rng: np.random.Generator) -> tuple[NDArray[np.int64], Floats]:
    """Rows to keep, rising, and what each stands for: all with the outcome, a sample of those without."""
    events, others = np.flatnonzero(outcome == 1), np.flatnonzero(outcome == 0)
    count = min(len(others), _NEGATIVES * len(events))
    kept = np.sort(np.concatenate([events, rng.choice(others, size=count, replace=False)]))
    return kept, np.where(outcome[kept] == 1, 1.0, len(others) / max(count, 1))


def _logistic(learn: Sample, matrix: Floats) -> Floats:
    """Standardised, missing values at the median with a column that says so, ridge penalty."""
    known = np.where(np.isnan(learn.matrix).all(axis=0), 0.0, learn.matrix)
    middle = np.nanmedian(known, axis=0)
    flagged = np.isnan(learn.matrix).any(axis=0)

    def filled(rows: Floats) -> Floats:
        return np.hstack([np.where(np.isnan(rows), middle, rows), np.isnan(rows)[:, flagged].astype(np.float64)])

    scaler = StandardScaler().fit(filled(learn.matrix))
    kept, weight = _sampled(learn.outcome, np.random.default_rng(_SEED))
    model = LogisticRegression(C=_RIDGE, max_iter=2000)
    model.fit(scaler.transform(filled(learn.matrix[kept])), learn.outcome[kept], sample_weight=weight)
    return np.asarray(model.decision_function(scaler.transform(filled(matrix))), dtype=np.float64)


def _ceiling(learn: Sample, matrix: Floats) -> Floats:
    """Boosted trees with interactions and without directions; the mean of a few, for one alone is a matter of luck."""
    return np.asarray(np.mean([_boosted(learn, matrix, seed) for seed in range(_BOOSTERS)], axis=0))


def _boosted(learn: Sample, matrix: Floats, seed: int) -> Floats:
    """Fit once with pupils held out, to learn when to stop, and then on everybody."""
    rng = np.random.default_rng(seed)
    options = _LIGHTGBM | {"seed": seed}
    kept, weight = _sampled(learn.outcome, rng)
    held = rng.random(int(learn.pupil.max()) + 1)[learn.pupil[kept]] < _HELD_OUT

    def data(which: NDArray[np.bool_]) -> lightgbm.Dataset:
        rows = kept[which]
        return lightgbm.Dataset(learn.matrix[rows], label=learn.outcome[rows], weight=weight[which], free_raw_data=True)

    stop = lightgbm.early_stopping(_PATIENCE, verbose=False)
    trial = lightgbm.train(options, data(~held), _MOST_TREES, valid_sets=[data(held)], callbacks=[stop])
    model = lightgbm.train(options, data(np.ones_like(held)), max(trial.best_iteration, 1))
    return np.asarray(model.predict(matrix, raw_score=True), dtype=np.float64)


def _svm(learn: Sample, matrix: Floats, rng: np.random.Generator) -> Floats:
    """Learn from a sample of at most 3,000 rows: on more a support vector machine takes minutes."""
    events, others = np.flatnonzero(learn.outcome == 1), np.flatnonzero(learn.outcome == 0)
    events = rng.permutation(events)[: _SVM_ROWS // 3]
    rows = np.concatenate([events, rng.permutation(others)[: _SVM_ROWS - len(events)]])
    model = SVC(kernel="rbf", class_weight="balanced").fit(learn.matrix[rows], learn.outcome[rows])
    return np.asarray(model.decision_function(matrix), dtype=np.float64)
