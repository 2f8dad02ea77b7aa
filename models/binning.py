"""Cut a feature into bins: fine where pupils are, with room for peaks (zero) and for the far ends."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.bins import find_bins
from models.calibration import Floats

Counts = NDArray[np.int64]
_DECIMALS = 9  # two engines may differ in the last bits; numbers that agree this far are one number
_MARGIN = 0.1  # a cut keeps this share of the gap away from its neighbours
_LONGEST = 15


@dataclass(frozen=True)
class Binned:
    """A table of numbers as bin numbers, and how it was cut.

    Parameters
    ----------
    edges
        Per feature, rising.
    places
        Shape (n, features): bin numbers, NaN is missing.
    stand_in
        Per feature the bin that a missing value is counted in, where too few pupils miss it to be told of; else None.
    """

    edges: list[Floats]
    places: Floats
    stand_in: list[int | None]


def cut(matrix: Floats, pupil: Counts, *, max_bins: int, fewest: int) -> Binned:
    """Cut every feature, with at least `fewest` distinct pupils in each bin and among the missing.

    A table with a value and a share for a bin of three pupils tells of those three, to everybody it is sent to.

    Parameters
    ----------
    matrix, pupil
        Shape (n, features), NaN is missing; a number per pupil, of shape (n,).
    max_bins
        See `find_edges`.
    """
    enough = fewest * int(np.bincount(pupil).max(initial=1))  # so many rows are of that many pupils for certain

    def populated(which: NDArray[np.bool_]) -> bool:
        return int(which.sum()) >= enough or len(np.unique(pupil[which])) >= fewest

    edges = [_thinned(find_edges(column, max_bins), column, populated, enough) for column in matrix.T]
    places = place(matrix, edges)
    stand_in: list[int | None] = []
    for column in places.T:
        missing = np.isnan(column)
        if not populated(~missing):
            column[:] = np.nan  # so few have a value that it teaches nothing
            stand_in.append(None)
            continue
        few = missing.any() and not populated(missing)
        fullest = int(np.bincount(column[~missing].astype(np.int64)).argmax()) if few else None
        if fullest is not None:
            column[missing] = fullest
        stand_in.append(fullest)
    return Binned(edges, places, stand_in)


def find_edges(column: Floats, max_bins: int) -> Floats:
    """Edges of at most `max_bins` bins, each strictly between two values that occur.

    Few distinct values get a bin each. Otherwise a value that many pupils share gets its own bin, and the rest are
    divided by rank, more finely in both tails: a rare outcome is decided there. Edges lie between values, as short
    decimals, so that a rounding difference moves nobody to another bin and a person can read the table.

    Parameters
    ----------
    column
        Shape (n,), NaN is missing.
    max_bins
        At least 2.
    """
    known = column[~np.isnan(column)]
    values, counts = np.unique(np.round(known, _DECIMALS), return_counts=True)
    if len(values) <= max_bins:
        cuts = set(range(1, len(values)))
    else:
        heavy = _peaks(counts, max_bins)
        cuts = {cut for at in heavy for cut in (at, at + 1) if 0 < cut < len(counts)}
        light = np.where(np.isin(np.arange(len(counts)), heavy), 0, counts)
        cuts |= _ranks(light, cuts, max_bins - 1 - len(cuts))
    return np.array([_between(values[cut - 1], values[cut]) for cut in sorted(cuts)], dtype=np.float64)


def place(matrix: Floats, edges: Sequence[Floats]) -> Floats:
    """Bin number of every value, shape as `matrix`; NaN stays NaN."""
    places = np.empty(matrix.shape, order="F")
    for column, (numbers, cuts) in enumerate(zip(matrix.T, edges, strict=True)):
        places[:, column] = find_bins(np.ascontiguousarray(numbers), cuts)
    places[np.isnan(matrix)] = np.nan
    return places


def _thinned(edges: Floats, column: Floats, populated: Callable[[NDArray[np.bool_]], bool], enough: int) -> Floats:
    """Drop edges until every bin is populated: a thin one joins the thinner of its neighbours."""
    numbers = np.ascontiguousarray(column)
    known = ~np.isnan(numbers)
    while len(edges):
        bins = find_bins(numbers, edges)
        rows = np.bincount(bins[known], minlength=len(edges) + 1)
        few = [one for one in np.argsort(rows, kind="stable").tolist() if rows[one] < enough]
        one = next((one for one in few if not populated(known & (bins == one))), None)
        if one is None:
            break
        left, right = (rows[one - 1] if one else np.inf), (rows[one + 1] if one < len(edges) else np.inf)
        edges = np.delete(edges, one - 1 if left <= right else one)
    return edges


def _peaks(counts: Counts, max_bins: int) -> list[int]:
    """Places of values that hold more than an even bin would: a cut on both sides takes at most half of all cuts."""
    heavy = np.flatnonzero(counts > counts.sum() / max_bins)
    return [int(at) for at in heavy[np.argsort(-counts[heavy], kind="stable")][: max_bins // 4]]


def _ranks(counts: Counts, taken: set[int], budget: int) -> set[int]:
    """Cuts at ranks: two fifths even, two fifths in the upper tail, one fifth in the lower, then whatever is left over."""
    tail = max(budget // 5, 1)
    levels = np.concatenate(
        [
            np.linspace(0, 1, max(budget - 3 * tail, 1) + 2)[1:-1],
            1 - np.geomspace(0.1, 0.0005, 2 * tail),
            np.geomspace(0.002, 0.1, tail),
            np.linspace(0, 1, 8 * budget + 2)[1:-1],
        ]
    )
    upto = np.cumsum(counts) / counts.sum()
    wanted = (np.searchsorted(upto, levels) + 1).tolist()
    new = dict.fromkeys(cut for cut in wanted if cut < len(counts) and cut not in taken)
    return set(list(new)[:budget])


def _between(left: float, right: float) -> float:
    """Shortest decimal between two numbers, not too near to either."""
    middle, margin = (left + right) / 2, _MARGIN * (right - left)
    for digits in range(_LONGEST):
        short = round(float(middle), digits)
        if left + margin <= short <= right - margin:
            return short
    return float(middle)
