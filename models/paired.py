"""Two orderings of the same pupils, as lists of the schools' lengths: who finds more, and how alike are the lists."""

from collections.abc import Mapping
from dataclasses import dataclass

import narwhals as nw
import numpy as np
from narwhals.typing import IntoDataFrame

from models.calibration import Floats
from models.figures import Figure
from models.ranking import Ints, listed

KEY = ["school", "pupil", "origin"]


@dataclass(frozen=True)
class Pair:
    """Rows that a new and an old model both ordered, as arrays of shape (n,).

    Parameters
    ----------
    origins
        The dates both were judged from, rising.
    origin, pupil
        Number of the row's date and of its pupil.
    outcome
        1, 0 or NaN (unknown).
    new, old
        Chance to be on the list of either model.
    """

    origins: tuple[str, ...]
    origin: Ints
    pupil: Ints
    outcome: Floats
    new: Floats
    old: Floats

    @property
    def before(self) -> float:
        """New cases that the old model found."""
        return float(np.nansum(self.old * self.outcome))

    def difference(self, *, resamples: int, seed: int) -> Figure:
        """New cases that the new model found more, with an interval by pupil: drawn with all of its rows."""
        gain = np.nan_to_num((self.new - self.old) * self.outcome)
        by_pupil = np.bincount(self.pupil, weights=gain)
        moved = by_pupil[by_pupil != 0]  # all others weigh nothing, however often they are drawn
        draws = np.random.default_rng(seed).poisson(1.0, size=(resamples, len(moved)))
        return Figure.of(float(gain.sum()), draws @ moved)

    def overlap(self) -> float:
        """Share of the places on both models' lists together that they share (Jaccard), at the last date."""
        last = self.origin == len(self.origins) - 1
        both, either = np.minimum(self.new, self.old)[last].sum(), np.maximum(self.new, self.old)[last].sum()
        return float(both / either) if either else 1.0


def paired(new: IntoDataFrame, old: IntoDataFrame, capacity: Mapping[str, int]) -> Pair | None:
    """Pair two backtests on the pupils and dates that both have; None where they have none in common.

    Parameters
    ----------
    new, old
        Backtest frames: ``school, pupil, origin, log_odds``; of the new one also ``outcome`` (as known now) and
        ``already``: who was in the outcome at the date is left out.
    capacity
        Places a week, per school; other schools are left out.
    """
    ours = nw.from_native(new, eager_only=True).select(*KEY, "outcome", "already", "log_odds")
    theirs = nw.from_native(old, eager_only=True).select(*KEY, _before="log_odds")
    both = ours.filter(~nw.col("already"), nw.col("school").is_in(list(capacity))).join(theirs, on=KEY, how="inner")
    if both.is_empty():
        return None
    both = both.sort(KEY)
    schools, school = np.unique(both["school"].to_numpy().astype(str), return_inverse=True)
    origins, origin = np.unique(both["origin"].to_numpy().astype(str), return_inverse=True)
    pupils = np.char.add(np.char.add(schools[school], "/"), both["pupil"].to_numpy().astype(str))
    lists = origin * len(schools) + school
    places = np.tile(np.array([capacity[name] for name in schools.tolist()], dtype=np.int64), len(origins))
    return Pair(
        origins=tuple(origins.tolist()),
        origin=origin,
        pupil=np.unique(pupils, return_inverse=True)[1],
        outcome=floats(both, "outcome"),
        new=listed(floats(both, "log_odds"), lists, places),
        old=listed(floats(both, "_before"), lists, places),
    )


def floats(frame: nw.DataFrame[IntoDataFrame], name: str) -> Floats:
    """Return a column as floats; null becomes NaN."""
    return frame[name].cast(nw.Float64).to_numpy().astype(np.float64)
