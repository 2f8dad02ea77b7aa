"""What an evaluation says: figures with their intervals, and one sentence to lead with. Written and read as JSON."""

from typing import Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict

from models.calibration import Floats

Kind = Literal["model", "rules", "simple"]
_INTERVAL = (2.5, 97.5)


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Figure(_Frozen):
    """A value and its 95 % interval; None where it cannot be said."""

    value: float | None
    low: float | None
    high: float | None

    @classmethod
    def of(cls, value: float, resampled: Floats) -> Self:
        """Percentile interval; without a value no interval."""
        known = resampled[np.isfinite(resampled)]
        if not np.isfinite(value) or not len(known):
            return cls(value=None, low=None, high=None)
        low, high = np.percentile(known, _INTERVAL).tolist()
        return cls(value=float(value), low=low, high=high)


class RankingFigures(_Frozen):
    """Figures of one ranking in one slice.

    Parameters
    ----------
    found, precision, recall
        New cases on the lists (expected, under ties); their share of the listed pupils whose outcome is known; and of
        all cases.
    average_precision, roc_auc
        Of the whole order.
    brier, calibration_slope, calibration_intercept
        Of the probability; None for an order without one.
    """

    name: str
    label: str
    kind: Kind
    found: Figure
    precision: Figure
    recall: Figure
    average_precision: Figure
    roc_auc: Figure
    brier: Figure | None = None
    calibration_slope: Figure | None = None
    calibration_intercept: Figure | None = None


class Slice(_Frozen):
    """One part of the evaluation: everything pooled, or one origin.

    Parameters
    ----------
    kind, key
        What part.
    pupils, unknown, cases
        Rows ordered; those among them whose outcome is unknown (censored); those with the outcome.
    places
        Places on all lists together.
    """

    kind: Literal["pooled", "origin"]
    key: str
    pupils: int
    unknown: int
    cases: int
    places: int
    rankings: tuple[RankingFigures, ...]


class Difference(_Frozen):
    """New cases that the model found more than another ranking (negative: fewer), on the same resamples."""

    name: str
    label: str
    kind: Kind
    found: Figure


class Evaluation(_Frozen):
    """Result of an evaluation; `slices[0]` is pooled.

    Parameters
    ----------
    headline
        What it comes to, in one or two Dutch sentences.
    beats_rules
        The interval of the difference with the best rule lies above 0; None without rules to compare with.
    population
        ``new``: pupils not in the outcome at the origin; ``all``: everybody.
    """

    headline: str
    beats_rules: bool | None
    outcome: str
    population: Literal["new", "all"]
    origins: tuple[str, ...]
    resamples: int
    slices: tuple[Slice, ...]
    differences: tuple[Difference, ...]

    @property
    def pooled(self) -> Slice:
        """Everything together."""
        return self.slices[0]
