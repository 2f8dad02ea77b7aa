"""A booster without interactions, read off as one table per feature."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from models.calibration import Floats


@dataclass(frozen=True)
class Additive:
    """The booster as tables, before calibration.

    Parameters
    ----------
    mean
        Its mean log-odds over the rows learned from.
    centred
        Per feature and bin (missing last) what it adds to that mean.
    shares
        Per feature the share of the rows in each bin.
    """

    mean: float
    centred: list[Floats]
    shares: list[Floats]

    def score(self, places: Floats) -> Floats:
        """Log-odds, shape (n,), of rows of bin numbers (n, features)."""
        total = np.full(len(places), self.mean)
        for column, table in zip(places.T, self.centred, strict=True):
            total += table[_indices(column, len(table))]
        return total


def read_off(booster: HistGradientBoostingClassifier, places: Floats, bins: Sequence[int]) -> Additive:
    """Vary one feature at a time from bin 0: exact, as the booster adds up functions of one feature each."""
    rows = np.zeros((1 + sum(bins) + len(bins), len(bins)))
    first = 1
    for column, count in enumerate(bins):
        rows[first : first + count, column] = np.arange(count)
        rows[first + count, column] = np.nan
        first += count + 1
    scored = booster.decision_function(rows)
    tables = np.split(scored[1:] - scored[0], np.cumsum([count + 1 for count in bins])[:-1])
    mean, centred, shares = float(scored[0]), [], []
    for column, table in zip(places.T, tables, strict=True):
        share = np.bincount(_indices(column, len(table)), minlength=len(table)) / len(places)
        average = float(share @ table)
        if share[-1] == 0:
            table[-1] = average  # never seen missing: says nothing
        centred.append(table - average)
        mean += average
        shares.append(share)
    return Additive(mean, centred, shares)


def _indices(column: Floats, length: int) -> NDArray[np.int64]:
    return np.where(np.isnan(column), length - 1, column).astype(np.int64)
