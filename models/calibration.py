"""A straight line in log-odds: how a score is calibrated, and how a calibration is judged (Platt, Cox)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_STEPS = 50
_PRECISE = 1e-10
_STEEPEST = 50.0


@dataclass(frozen=True)
class Line:
    """``log-odds of the outcome = intercept + slope * log_odds``, with standard errors that respect pupils.

    Parameters
    ----------
    intercept, slope
        The line. A perfect calibration has 0 and 1.
    intercept_error, slope_error
        Standard errors, clustered by pupil.
    """

    intercept: float
    slope: float
    intercept_error: float
    slope_error: float


def sigmoid(log_odds: Floats) -> Floats:
    """Probability (0..1) of `log_odds`, without overflow."""
    small = np.exp(-np.abs(log_odds))
    return np.asarray(np.where(log_odds >= 0, 1.0, small) / (1.0 + small), dtype=np.float64)


def fit_line(log_odds: Floats, outcome: Floats, pupil: NDArray[np.int64]) -> Line | None:
    """Most likely line through the outcomes (logistic regression on one value, Newton's method).

    Parameters
    ----------
    log_odds, outcome, pupil
        Each of shape (n,): the score, 0 or 1, and a number per pupil (rows of one pupil hang together).

    Returns
    -------
    Line or None
        None where the data do not determine a line: one class only, one score only, or perfect separation.
    """
    spread = float(log_odds.std()) if len(log_odds) else 0.0
    if spread < _PRECISE or outcome.min() == outcome.max():
        return None
    center = float(log_odds.mean())
    design = np.column_stack([np.ones_like(log_odds), (log_odds - center) / spread])
    prior = float(outcome.mean())
    line = np.array([np.log(prior / (1.0 - prior)), 0.0])
    for _ in range(_STEPS):
        expected = sigmoid(design @ line)
        hessian = (design * (expected * (1.0 - expected))[:, None]).T @ design
        if np.linalg.det(hessian) < _PRECISE * _PRECISE:
            return None
        step = np.linalg.solve(hessian, design.T @ (outcome - expected))
        line = line + step * min(1.0, 2.0 / float(np.abs(step).max() + _PRECISE))
        if np.abs(line).max() > _STEEPEST:
            return None
        if np.abs(step).max() < _PRECISE:
            break
    else:
        return None
    errors = _clustered_covariance(design, outcome, line, pupil)
    back = np.array([[1.0, -center / spread], [0.0, 1.0 / spread]])
    intercept, slope = (back @ line).tolist()
    intercept_error, slope_error = np.sqrt(np.diag(back @ errors @ back.T)).tolist()
    return Line(intercept, slope, intercept_error, slope_error)


def _clustered_covariance(design: Floats, outcome: Floats, line: Floats, pupil: NDArray[np.int64]) -> Floats:
    """Sandwich estimate: rows of one pupil may depend on each other."""
    expected = sigmoid(design @ line)
    bread = np.linalg.inv((design * (expected * (1.0 - expected))[:, None]).T @ design)
    clusters, place = np.unique(pupil, return_inverse=True)
    scores = np.zeros((len(clusters), design.shape[1]))
    np.add.at(scores, place, design * (outcome - expected)[:, None])
    return np.asarray(bread @ (scores.T @ scores) @ bread, dtype=np.float64)
