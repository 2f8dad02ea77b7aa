"""Ways to learn the model, on the same rows and origins: ours, an explainable boosting machine, and LightGBM as ceiling.

Learned from what was known at each test origin, calibrated the same way on the same later period, and judged on new cases
at the length of the schools' lists. Which installations: ``AANWEZIG_COMPARED``, pairs of a folder and an outcome such as
``var/demo:long_absence,var/oulad:uitval``; by default the demonstration's. Full size: every test origin; small: the last.
"""

import os
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
from interpret.glassbox import ExplainableBoostingClassifier
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.measured import peak_mb, show
from features.catalogue import CATALOGUE, CATALOGUE_VERSION, NAMES
from models.calibration import Floats, fit_line
from models.fit import About, Sample, fit
from models.outcome import read_outcome
from models.peers import _ceiling
from models.ranking import listed, rank_figures
from models.scorecard import as_matrix
from models.splits import as_of, evaluation_origins, plan_for, split
from pipelines.fitting import known_rows
from pipelines.home import Home
from pipelines.panels import KEY, features_at, labels_at, survey

MADE_AT = datetime(2026, 11, 16, tzinfo=UTC)
WHERE = "var/demo:long_absence"
SEED = 20240902
RESAMPLES = 500
NEGATIVES = 30  # as ours: rows without the outcome per row with it
INTERACTIONS = 5


@dataclass(frozen=True)
class Fold:
    """One test origin: rows to learn from and to calibrate on, and the pupils who were judged from it.

    Parameters
    ----------
    matrix, outcome, pupil
        Features, what is known at the end (1, 0, NaN), and a number per pupil, the same at every origin.
    school, places
        Number of the school of each pupil; places on its list, by number.
    learn_school, calibrate_school
        The same for the rows of the two samples.
    """

    learn: Sample
    calibrate: Sample
    matrix: Floats
    outcome: Floats
    pupil: NDArray[np.int64]
    school: NDArray[np.int64]
    places: NDArray[np.int64]
    learn_school: NDArray[np.int64]
    calibrate_school: NDArray[np.int64]


def models_compared(size: str) -> None:
    """Print a line for each way to learn, per installation; the first, LightGBM, is what the others are held against."""
    for pair in os.environ.get("AANWEZIG_COMPARED", WHERE).split(","):
        root, _, outcome = pair.rpartition(":")
        folds = list(folds_of(Home.at(Path(root)), outcome, 1 if size == "small" else None))
        ceiling: list[Floats] = []
        for name, learner in LEARNERS.items():
            begun = time.process_time()
            with threadpool_limits(limits=1):
                scores = [learner(fold, outcome) for fold in folds]
            cpu_s = time.process_time() - begun
            ceiling = ceiling or scores
            about = {"bench": "models_compared", "data": root, "model": name, "origins": len(folds), "cpu_s": cpu_s}
            show(about | figures(folds, scores, ceiling) | {"peak_mb": peak_mb()})


def folds_of(home: Home, name: str, latest: int | None) -> Iterator[Fold]:
    """Yield the test origins of an installation, the `latest` so many or all."""
    outcome = read_outcome(name)
    plan = plan_for(outcome)
    ground = survey(home, outcome, until=None, plan=plan)
    tests = evaluation_origins(ground.weeks, ground.origins, outcome, plan=plan)[-latest if latest else 0 :]
    panel = features_at(ground, tests, plan=plan)
    panel = panel.with_columns(_number=pl.struct("school", "pupil").rank("dense").cast(pl.Int64))
    schools = sorted(ground.settings)
    final = labels_at(ground, ground.moment, tests).select(*KEY, "outcome")
    for test in tests:
        parts = split(ground.weeks, ground.origins, outcome, moment=test, plan=plan)
        known = known_rows(ground, panel.drop("_number"), parts, moment=as_of(test))
        judged = panel.filter((pl.col("origin") == test) & ~pl.col("already_then")).join(final, on=KEY, how="left")
        learn, later = (known.filter(pl.col("origin").is_in(each)) for each in (parts.fit, parts.calibrate))
        yield Fold(
            learn=_sample(learn),
            calibrate=_sample(later),
            matrix=as_matrix(judged, NAMES),
            outcome=judged["outcome"].cast(pl.Float64).to_numpy(),
            pupil=judged["_number"].to_numpy(),
            school=_numbers(judged, schools),
            places=np.array([ground.settings[one].capacity for one in schools]),
            learn_school=_numbers(learn, schools),
            calibrate_school=_numbers(later, schools),
        )


def _numbers(rows: pl.DataFrame, schools: list[str]) -> NDArray[np.int64]:
    return np.searchsorted(schools, rows["school"].to_numpy().astype(str)).astype(np.int64)


def _sample(rows: pl.DataFrame) -> Sample:
    outcome = rows["outcome"].cast(pl.Float64).to_numpy()
    return Sample(matrix=as_matrix(rows, NAMES), outcome=outcome, pupil=rows["_number"].to_numpy())


def _ours(fold: Fold, outcome: str) -> Floats:
    about = About(catalogue_version=CATALOGUE_VERSION, trained_at=MADE_AT, data_moment=MADE_AT)
    card = fit(fold.learn, fold.calibrate, features=CATALOGUE, outcome=read_outcome(outcome), about=about).scorecard
    return card.score(fold.matrix).log_odds


def _lightgbm(fold: Fold, _outcome: str) -> Floats:
    """As the backtest's ceiling: interactions, no directions."""
    both = _ceiling(fold.learn, np.vstack([fold.calibrate.matrix, fold.matrix]))
    later = len(fold.calibrate.outcome)
    return _calibrated(both[:later], both[later:], fold.calibrate)


def _ebm(fold: Fold, *, interactions: int) -> Floats:
    """The EBM's own defaults but for what ours fixes too: bins, directions (only possible without interactions)."""
    learn, rng = fold.learn, np.random.default_rng(SEED)
    events, others = np.flatnonzero(learn.outcome == 1), np.flatnonzero(learn.outcome == 0)
    count = min(len(others), NEGATIVES * len(events))
    kept = np.sort(np.concatenate([events, rng.choice(others, count, replace=False)]))
    model = ExplainableBoostingClassifier(
        feature_names=list(NAMES),
        feature_types=["continuous"] * len(NAMES),
        max_bins=64,
        interactions=interactions,
        monotone_constraints=None if interactions else [feature.direction for feature in CATALOGUE],
        outer_bags=8,
        n_jobs=1,
        random_state=SEED,
    )
    weight = np.where(learn.outcome[kept] == 1, 1.0, len(others) / count)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of features that are missing everywhere
        model.fit(learn.matrix[kept], learn.outcome[kept].astype(int), sample_weight=weight)
        later, asked = (model.decision_function(rows) for rows in (fold.calibrate.matrix, fold.matrix))
    return _calibrated(np.asarray(later), np.asarray(asked), fold.calibrate)


def _calibrated(later: Floats, asked: Floats, calibrate: Sample) -> Floats:
    line = fit_line(later, calibrate.outcome, calibrate.pupil)
    return asked if line is None else line.intercept + line.slope * asked


LEARNERS: dict[str, Callable[[Fold, str], Floats]] = {
    "LightGBM, unrestricted (ceiling)": _lightgbm,
    "ours: mean of additive monotone boosters": _ours,
    "EBM, monotone, no interactions": lambda fold, _outcome: _ebm(fold, interactions=0),
    f"EBM, {INTERACTIONS} interactions, no directions": lambda fold, _outcome: _ebm(fold, interactions=INTERACTIONS),
}


def figures(folds: list[Fold], scores: list[Floats], ceiling: list[Floats]) -> dict[str, object]:
    """Rank figures per origin, weighted by its cases; their gap to the ceiling with an interval by pupil."""
    rng = np.random.default_rng(SEED)
    pupils = 1 + max(int(fold.pupil.max()) for fold in folds)
    draws = np.vstack([np.ones(pupils), rng.poisson(1.0, (RESAMPLES, pupils))])
    found, sums = 0.0, np.zeros((5, RESAMPLES + 1))
    for fold, own, its in zip(folds, scores, ceiling, strict=True):
        known = ~np.isnan(fold.outcome)
        weights, outcome = draws[:, fold.pupil[known]], fold.outcome[known]
        cases = weights @ outcome
        ours, theirs = (rank_figures(each[known], outcome, weights) for each in (own, its))
        sums += np.array([cases, *(cases * figure for figure in (*ours, *theirs))])
        found += float(np.nansum(listed(own, fold.school, fold.places) * fold.outcome))
    precision, auc, its_precision, its_auc = sums[1:] / sums[0]
    known = ~np.isnan(np.concatenate([fold.outcome for fold in folds]))
    line = fit_line(
        np.concatenate(scores)[known],
        np.concatenate([fold.outcome for fold in folds])[known],
        np.concatenate([fold.pupil for fold in folds])[known],
    )
    return {
        "cases": int(sums[0, 0]),
        "found": found,
        "average_precision": float(precision[0]),
        "average_precision_gap": float((precision - its_precision)[0]),
        "average_precision_gap_95": _interval(precision - its_precision),
        "roc_auc": float(auc[0]),
        "roc_auc_gap": float((auc - its_auc)[0]),
        "roc_auc_gap_95": _interval(auc - its_auc),
        "calibration_slope": None if line is None else line.slope,
    }


def _interval(gaps: Floats) -> list[float]:
    return [round(limit, 4) for limit in np.percentile(gaps[1:], [2.5, 97.5]).tolist()]
