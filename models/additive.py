"""Boosters without interactions, read off as one table per feature each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calibration import Floats


@dataclass(frozen=True)
class Additive:
    """A sum of one table per feature, before calibration.

    Parameters
    ----------
    mean
        Its mean log-odds over the rows learned from.
    centred
        Per feature and bin (missing last) what it adds to that mean.
    """

    mean: float
    centred: list[Floats]

    def score(self, places: Floats) -> Floats:
        """Log-odds, shape (n,), of rows of bin numbers (n, features)."""
        total = np.full(len(places), self.mean)
        for column, table in zip(places.T, self.centred, strict=True):
            total += table[_indices(column, len(table))]
        return total


def shares_of(places: Floats, bins: Sequence[int]) -> list[Floats]:
    """Per feature the share of the rows in each bin, and last of those where it is missing."""
    return [
        np.bincount(_indices(column, count + 1), minlength=count + 1) / len(places)
        for column, count in zip(places.T, bins, strict=True)
    ]


def read_off(log_odds: Callable[[Floats], Floats], shares: Sequence[Floats]) -> Additive:
    """Vary one feature at a time from bin 0: exact where `log_odds` adds up functions of one feature each.

    Parameters
    ----------
    log_odds
        Score of rows of bin numbers; NaN is missing.
    shares
        As `shares_of` gives them.
    """
    sizes = [len(share) for share in shares]
    rows = np.zeros((1 + sum(sizes), len(sizes)))
    first = 1
    for column, size in enumerate(sizes):
        rows[first : first + size, column] = [*range(size - 1), np.nan]
        first += size
    scored = log_odds(rows)
    tables = np.split(scored[1:] - scored[0], np.cumsum(sizes)[:-1])
    mean, centred = float(scored[0]), []
    for share, table in zip(shares, tables, strict=True):
        average = float(share @ table)
        if share[-1] == 0:
            table[-1] = average  # never seen missing: says nothing
        centred.append(table - average)
        mean += average
    return Additive(mean, centred)


def mean_of(parts: Sequence[Additive]) -> Additive:
    """The mean of several sums over the same bins is again such a sum."""
    tables = zip(*(part.centred for part in parts), strict=True)
    return Additive(float(np.mean([part.mean for part in parts])), [np.mean(table, axis=0) for table in tables])


def _indices(column: Floats, length: int) -> NDArray[np.int64]:
    return np.where(np.isnan(column), length - 1, column).astype(np.int64)
