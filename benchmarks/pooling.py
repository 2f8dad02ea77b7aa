"""Pooling without sharing data: scorecards of groups of schools merged, beside all rows together, and each group alone.

Every group learns and calibrates on its own schools, at each test origin, and is judged on the same pupils: by its own
card, by the merged one, and by the one that a pool of all rows would give. Small groups have fewer cases than a
training asks for; the limit is lowered here, for all three, to see what happens. Where: see `benchmarks.models_compared`.
"""

import os
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.measured import peak_mb, show
from benchmarks.models_compared import MADE_AT, WHERE, Fold, figures, folds_of
from features.catalogue import CATALOGUE, CATALOGUE_VERSION
from models.calibration import Floats
from models.fit import About, Sample, Settings, fit
from models.merge import merge
from models.outcome import read_outcome
from models.scorecard import Scorecard
from pipelines.home import Home

GROUPS = {"small": (2,), "full": (2, 4)}
SETTINGS = Settings(min_pupils_fit=10, min_pupils_calibrate=5)
WAYS = ("pooled", "merged", "local")


def pooling(size: str) -> None:
    """Print a line for each way, per installation and number of groups."""
    for pair in os.environ.get("AANWEZIG_COMPARED", WHERE).split(","):
        root, _, outcome = pair.rpartition(":")
        folds = list(folds_of(Home.at(Path(root)), outcome, 2 if size == "small" else None))
        for groups in GROUPS[size]:
            show_groups(folds, outcome, groups, data=root)


def show_groups(folds: list[Fold], outcome: str, groups: int, *, data: str) -> None:
    """Print the lines of one number of groups; schools are dealt out in order of their number."""
    begun = time.process_time()
    with threadpool_limits(limits=1):
        judged = [_judged(fold, outcome, groups) for fold in folds]
    cpu_s = time.process_time() - begun
    pooled = [one["pooled"] for one in judged]
    for way in WAYS:
        about = {"bench": "pooling", "data": data, "groups": groups, "way": way, "origins": len(folds)}
        about |= figures(folds, [one[way] for one in judged], pooled)
        show(about | {"cpu_s_all_ways": cpu_s, "peak_mb": peak_mb()})


def _judged(fold: Fold, outcome: str, groups: int) -> dict[str, Floats]:
    everything = np.ones(len(fold.learn.outcome), dtype=bool), np.ones(len(fold.calibrate.outcome), dtype=bool)
    pooled = _card(fold, outcome, *everything)
    own = [
        _card(fold, outcome, fold.learn_school % groups == one, fold.calibrate_school % groups == one)
        for one in range(groups)
    ]
    together = merge(own)
    scores = together.score(fold.matrix)
    together.check(scores)
    local = np.empty(len(fold.matrix))
    for number, card in enumerate(own):
        here = fold.school % groups == number
        local[here] = card.score(fold.matrix[here]).log_odds
    return {"pooled": pooled.score(fold.matrix).log_odds, "merged": scores.log_odds, "local": local}


def _card(fold: Fold, outcome: str, learn: NDArray[np.bool_], calibrate: NDArray[np.bool_]) -> Scorecard:
    about = About(catalogue_version=CATALOGUE_VERSION, trained_at=MADE_AT, data_moment=MADE_AT)
    return fit(
        _part(fold.learn, learn),
        _part(fold.calibrate, calibrate),
        features=CATALOGUE,
        outcome=read_outcome(outcome),
        about=about,
        settings=SETTINGS,
    ).scorecard


def _part(sample: Sample, rows: NDArray[np.bool_]) -> Sample:
    return Sample(sample.matrix[rows], sample.outcome[rows], sample.pupil[rows])
