"""Names for the arrays of the simulator, and draws that several of its modules make."""

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Small = NDArray[np.int8]
Floats = NDArray[np.float32]
Dates = NDArray[np.datetime64]


def chance(rng: np.random.Generator, probability: Floats | float, *, shape: tuple[int, ...] | None = None) -> Bools:
    """Draw true with `probability`, cell by cell; its own shape unless `shape` is given."""
    size = np.shape(probability) if shape is None else shape
    return np.asarray(rng.random(size, dtype=np.float32) < probability)


def cycled(rng: np.random.Generator, count: int, weights: tuple[float, ...]) -> Ints:
    """Draw `count` indices of `weights`, in proportion to them."""
    shares = np.asarray(weights, dtype=np.float64)
    return rng.choice(len(weights), size=count, p=shares / shares.sum())


def flat(starts: Ints, lengths: Ints) -> tuple[Ints, Ints]:
    """Spread runs out: for each cell of each run, the number of the run and the place ``start + 0, 1, 2, ...``."""
    run = np.repeat(np.arange(len(starts)), lengths)
    step = np.arange(len(run)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return run, starts[run] + step


def runs(cells: Bools) -> tuple[Ints, Ints, Ints]:
    """Find the unbroken runs of true in each row: row, first column and last column, in order of row and column."""
    edge = np.zeros((cells.shape[0], 1), dtype=np.int8)
    steps = np.diff(np.concatenate([edge, cells.astype(np.int8), edge], axis=1), axis=1)
    rows, first = np.nonzero(steps == 1)
    _, end = np.nonzero(steps == -1)
    return rows, first, end - 1


def per_day(cells: Bools) -> Ints:
    """Count the true slots of each day: shape (P, D, S) becomes (P, D). Counts bits, since numpy sums short axes slowly."""
    words = {2: np.uint16, 8: np.uint64}[cells.shape[2]]
    counted: Ints = np.bitwise_count(np.ascontiguousarray(cells).view(words)[:, :, 0]).astype(np.int64)
    return counted
