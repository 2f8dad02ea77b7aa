"""What is learned from and how: a sample of pupils, the settings, and an order of rows that no pseudonym decides."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calibration import Floats

Ints = NDArray[np.int64]
RETRY = "Lever meer schoolweken of meer scholen aan. Tot die tijd staan de lijsten op regels."
_HASH_SEED = 7219  # of the odd numbers that a row's digest is made with; any would do


@dataclass(frozen=True)
class Settings:
    """How to fit. Chosen on the simulated region and OULAD (docs/adr/0013); they are logged with every run.

    Parameters
    ----------
    bags
        Boosters that the model is the mean of, each learned from the pupils drawn for it.
    max_bins, min_bin_pupils
        Bins per feature, besides the one for missing; fewest pupils in a bin: with fewer, a table would tell of them.
    learning_rate, max_iterations, patience
        Step of a booster, most trees, and trees without gain on pupils left out of the bag after which it stops.
    max_leaves, min_leaf_rows, l2
        Size of a tree, fewest rows in a leaf (rows without the outcome count as sampled), and shrinkage.
    features_per_split
        Share of the features that a tree may choose from: features that tell the same then share the weight.
    negatives_per_event
        Rows without the outcome that are kept per row with it; those kept stand for the rest by weight, so that the
        intercept needs no correction.
    min_pupils_fit, min_pupils_calibrate
        Fewest distinct pupils with the outcome, below which no score is made.
    seed
        Of the bags and of the sample.
    """

    bags: int = 8
    max_bins: int = 64
    min_bin_pupils: int = 10
    learning_rate: float = 0.1
    max_iterations: int = 1000
    patience: int = 25
    max_leaves: int = 5
    min_leaf_rows: int = 20
    l2: float = 5.0
    features_per_split: float = 0.2
    negatives_per_event: int = 30
    min_pupils_fit: int = 60
    min_pupils_calibrate: int = 20
    seed: int = 20240902


@dataclass(frozen=True)
class Sample:
    """Rows to learn from: pupils seen from origins, not in the outcome yet, whose outcome is known.

    Parameters
    ----------
    matrix
        Shape (n, features), NaN is missing.
    outcome
        Shape (n,), 0 or 1.
    pupil
        Shape (n,): a number per pupil, the same at every origin.
    """

    matrix: Floats
    outcome: Floats
    pupil: Ints

    @property
    def pupils_with_outcome(self) -> int:
        """Distinct pupils with the outcome."""
        return len(np.unique(self.pupil[self.outcome == 1]))


def in_order(sample: Sample, places: Floats) -> tuple[Sample, Floats]:
    """Sort rows by what they hold, and number the pupils in that order.

    Bags are drawn by number. Were the numbers those of the pseudonyms, the same data under another key would give
    another model. Pupils with equal bins everywhere are interchangeable, so their order does not matter.

    Parameters
    ----------
    sample, places
        Rows, and the bin numbers of their features (NaN is missing).

    Returns
    -------
    tuple of Sample and array
        Both in the new order.
    """
    row = _digests(np.column_stack([places, sample.outcome]))
    _, number = np.unique(sample.pupil, return_inverse=True)
    pupil = np.zeros(int(number.max(initial=-1)) + 1, dtype=np.uint64)
    np.add.at(pupil, number, row)  # whole numbers that wrap around: the order in which rows come does not matter
    order = np.lexsort((row, number, pupil[number]))
    _, first, back = np.unique(number[order], return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return Sample(sample.matrix[order], sample.outcome[order], rank[back]), np.asfortranarray(places[order])


def _digests(table: Floats) -> NDArray[np.uint64]:
    """A 64-bit digest of each row of small whole numbers; NaN counts as a number of its own."""
    odd = np.random.default_rng(_HASH_SEED).integers(2**62, size=(table.shape[1],)).astype(np.uint64)
    odd = np.asarray(2 * odd + 1, dtype=np.uint64)
    total = np.zeros(len(table), dtype=np.uint64)
    for number, column in enumerate(table.T):
        total += (np.where(np.isnan(column), -1.0, column).astype(np.int64) + 2).astype(np.uint64) * odd[number]
    # Mixed (splitmix64), so that digests of several rows can be added up without cancelling.
    for shift, mixer in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        total = (total ^ (total >> np.uint64(shift))) * np.uint64(mixer)
    return total ^ (total >> np.uint64(31))
