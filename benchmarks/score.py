"""Scoring and explaining many pupils at once."""

import statistics
from datetime import UTC, datetime

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from benchmarks.measured import peak_mb, show, timed
from features.catalogue import feature
from models.fit import About, Sample, fit
from models.outcome import read_outcome
from models.scorecard import Scorecard

RUNS = 3
MADE_AT = datetime(2026, 6, 29, 4, tzinfo=UTC)
NAMES = tuple(f"absent_rate_{window}" for window in ("1w", "2w", "4w", "8w", "12w", "year"))


def score(size: str) -> None:
    """Score and explain, against the fitted scikit-learn model that the scorecard was read from, which explains nothing."""
    rows = {"small": 200_000, "full": 1_000_000}[size]
    rng = np.random.default_rng(2)
    matrix = rng.gamma(0.6, 0.1, (20_000, len(NAMES)))
    outcome = (rng.random(20_000) < 1 / (1 + np.exp(3 - 6 * matrix[:, 2]))).astype(np.float64)
    booster = HistGradientBoostingClassifier(interaction_cst="no_interactions", max_iter=100).fit(matrix, outcome)
    scorecard = _scorecard(matrix, outcome)
    many = rng.gamma(0.6, 0.1, (rows, len(NAMES)))
    scorecard.check(scorecard.score(many))
    ours, theirs = [], []
    for _ in range(RUNS):  # in turn: what else the machine does, burdens both
        ours.append(timed(lambda: scorecard.score(many))[0])
        theirs.append(timed(lambda: booster.decision_function(many))[0])
    ours_s, peer_s = statistics.median(ours), statistics.median(theirs)
    show(
        {
            "bench": "score",
            "n": rows,
            "ours_s": ours_s,
            "peer": "scikit-learn decision_function, without explanation",
            "peer_s": peer_s,
            "ratio": peer_s / ours_s,
            "peak_mb": peak_mb(),
            "features": len(NAMES),
            "note": "one process for both sides: peak_mb is theirs together",
        }
    )


def _scorecard(matrix: np.ndarray, outcome: np.ndarray) -> Scorecard:
    pupils, half = np.arange(len(outcome)), len(outcome) // 2
    return fit(
        Sample(matrix[:half], outcome[:half], pupils[:half]),
        Sample(matrix[half:], outcome[half:], pupils[half:]),
        features=[feature(name) for name in NAMES],
        outcome=read_outcome("long_absence"),
        about=About(catalogue_version="benchmark", trained_at=MADE_AT, data_moment=MADE_AT),
    ).scorecard
