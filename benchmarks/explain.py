"""Scoring and explaining many pupils at once, beside shap's TreeExplainer on the ceiling that a black box reaches.

Ours: the score, every contribution and the check of every sum, for all pupils, on the cores that there are. Theirs: only
the contributions, by `shap.TreeExplainer` on a LightGBM as the backtest's ceiling learns it, from the same rows; for as
many pupils as fit in a benchmark, in the same run, counted per pupil. Features look like those of pupils and are made up.
"""

import statistics
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import lightgbm
import numpy as np

from benchmarks.measured import peak_mb, show, timed
from features.catalogue import CATALOGUE
from models.calibration import Floats, sigmoid
from models.fit import About, Sample, fit
from models.outcome import read_outcome
from models.peers import _LIGHTGBM
from models.scorecard import Scorecard

ROWS = {"small": 100_000, "full": 1_000_000}
LEARN, TREES, THEIRS = 40_000, 200, 300
RUNS, CORES, BLOCK = 3, 2, 65_536
PER_SECOND, TIMES = 300_000, 500  # the limits
MADE_AT = datetime(2026, 6, 29, 4, tzinfo=UTC)
COUNTS, MISSING = 0.4, 0.03  # share of the features that are counts; of the values that are missing


def explain(size: str) -> None:
    """Print one line: ours for all pupils, theirs for some of the same."""
    warnings.simplefilter("ignore")  # shap, of the future of matplotlib
    import shap  # noqa: PLC0415 - after the warning is silenced

    rng = np.random.default_rng(2)
    matrix = _pupils(LEARN, rng)
    outcome = (rng.random(LEARN) < sigmoid(-3.5 + 4 * np.nan_to_num(matrix[:, :5]).sum(axis=1))).astype(np.float64)
    card = _card(matrix, outcome)
    black_box = lightgbm.train(_LIGHTGBM, lightgbm.Dataset(matrix, label=outcome), TREES)
    explainer = shap.TreeExplainer(black_box)
    many = _pupils(ROWS[size], rng)
    some = many[:THEIRS]
    ours, cpu, theirs = [], [], []
    for _ in range(RUNS):  # in turn: what else the machine does, burdens both
        begun = time.process_time()
        ours.append(timed(lambda: _explained(card, many))[0])
        cpu.append(time.process_time() - begun)
        theirs.append(timed(lambda: explainer.shap_values(some))[0])
    ours_s, cpu_s, peer_s = (statistics.median(each) for each in (ours, cpu, theirs))
    per_second, times = len(many) / ours_s, (peer_s / THEIRS) / (ours_s / len(many))
    show(
        {
            "bench": "explain",
            "n": len(many),
            "features": len(CATALOGUE),
            "ours_s": ours_s,
            "ours_cpu_s": cpu_s,
            "per_second": per_second,
            "peer": f"shap.TreeExplainer on LightGBM ({TREES} trees), contributions only",
            "peer_n": THEIRS,
            "peer_s": peer_s,
            "peer_per_second": THEIRS / peer_s,
            "ratio": times,
            "peak_mb": peak_mb(),
            "limit_per_second": PER_SECOND,
            "limit_ratio": TIMES,
            "within": per_second >= PER_SECOND and times >= TIMES,
            "note": "one process for both sides: peak_mb is theirs together",
        }
    )


def _pupils(count: int, rng: np.random.Generator) -> Floats:
    """Shares, counts and a few missing values, as in the catalogue's features: column by column, as frames hold them."""
    matrix = np.empty((count, len(CATALOGUE)), order="F")
    for number, column in enumerate(matrix.T):
        column[:] = rng.gamma(0.6, 0.1, count) if number % 10 >= 10 * COUNTS else rng.poisson(0.8, count)
        column[rng.random(count) < MISSING] = np.nan
    return matrix


def _explained(card: Scorecard, matrix: Floats) -> None:
    """Score, explain and check, in blocks, on every core: in smaller ones the two threads wait for each other."""
    starts = range(0, len(matrix), BLOCK)

    def block(start: int) -> None:
        card.check(card.score(matrix[start : start + BLOCK]))

    with ThreadPoolExecutor(CORES) as pool:
        list(pool.map(block, starts))


def _card(matrix: Floats, outcome: Floats) -> Scorecard:
    pupils, half = np.arange(len(outcome)), len(outcome) // 2
    return fit(
        Sample(matrix[:half], outcome[:half], pupils[:half]),
        Sample(matrix[half:], outcome[half:], pupils[half:]),
        features=CATALOGUE,
        outcome=read_outcome("long_absence"),
        about=About(catalogue_version="benchmark", trained_at=MADE_AT, data_moment=MADE_AT),
    ).scorecard
