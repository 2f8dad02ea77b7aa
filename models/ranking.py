"""Figures of one ordering of pupils, for many resamples at once. Every function takes weights of shape (resamples, n)."""

import numpy as np
from numpy.typing import NDArray

from models.calibration import Floats

Ints = NDArray[np.int64]


def listed(scores: Floats, lists: Ints, capacity: Ints) -> Floats:
    """Chance of each pupil to be on its list; less than 1 only where equal scores share the last places.

    Parameters
    ----------
    scores
        Shape (n,); higher is earlier, NaN comes last.
    lists
        Shape (n,): number of the list (school and origin) that the pupil competes for.
    capacity
        Places per list, by number.
    """
    scores = np.where(np.isnan(scores), -np.inf, scores)
    order = np.lexsort((-scores, lists))
    group, value = lists[order], scores[order]
    new_group = np.r_[True, group[1:] != group[:-1]]
    new_tie = new_group | np.r_[True, value[1:] != value[:-1]]
    position = np.arange(len(order)) - np.maximum.accumulate(np.where(new_group, np.arange(len(order)), 0))
    ties = np.flatnonzero(new_tie)
    sizes = np.diff(np.r_[ties, len(order)])
    share = np.clip((capacity[group[ties]] - position[ties]) / sizes, 0.0, 1.0)
    chance = np.empty(len(order))
    chance[order] = np.repeat(share, sizes)
    return chance


def rank_figures(scores: Floats, outcome: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Average precision and ROC AUC per resample; equal scores count as one step (their expected order).

    Parameters
    ----------
    scores, outcome
        Shape (n,): higher is earlier, NaN last; 0 or 1.
    weights
        Shape (resamples, n): how often each row counts.

    Returns
    -------
    tuple of arrays of shape (resamples,)
        NaN where a resample has one class only.
    """
    scores = np.where(np.isnan(scores), -np.inf, scores)
    order = np.argsort(-scores, kind="stable")
    value, hit = scores[order], outcome[order] == 1
    steps = _telling(np.flatnonzero(np.r_[True, value[1:] != value[:-1]]), hit)
    everyone = np.add.reduceat(weights.T[order], steps, axis=0)
    step_of = np.searchsorted(steps, np.flatnonzero(hit), side="right") - 1
    cases = np.zeros_like(everyone)
    np.add.at(cases, step_of, weights.T[order[hit]])
    upto, found = np.cumsum(everyone, axis=0), np.cumsum(cases, axis=0)
    positives = found[-1]
    negatives = upto[-1] - positives
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(upto > 0, found / upto, 0.0)
        average_precision = (cases * precision).sum(axis=0) / positives
        auc = ((everyone - cases) * (found - 0.5 * cases)).sum(axis=0) / (positives * negatives)
    return average_precision, auc


def _telling(steps: Ints, hit: NDArray[np.bool_]) -> Ints:
    """Leave out steps between which nothing is found: cases are few, and what lies between two of them can be one step."""
    finds = np.logical_or.reduceat(hit, steps)
    return np.asarray(steps[finds | np.r_[True, finds[:-1]]])
