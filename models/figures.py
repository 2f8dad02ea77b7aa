"""What an evaluation says: figures with their intervals, and one sentence to lead with. Written and read as JSON."""

from typing import Literal, Self

import numpy as np

from data_contracts.frozen import Frozen
from models.calibration import Floats

Kind = Literal["model", "rules", "simple", "peer", "ceiling"]
"""The scorecard; thresholds; a simple yardstick; another method; the black box that shows what there is to find."""
_INTERVAL = (2.5, 97.5)


class Figure(Frozen):
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


class RankingFigures(Frozen):
    """Figures of one ranking in one slice.

    Parameters
    ----------
    found, precision, recall
        New cases on the lists (expected, under ties); their share of the listed pupils whose outcome is known; and of
        all cases.
    average_precision, roc_auc
        Of the whole order.
    roc_auc_within
        Of pairs of pupils of one school only.
    brier, calibration_slope, calibration_intercept
        Of the probability; None for an order without one.
    ece
        Expected calibration error: mean distance between predicted and observed share, over tenths of the pupils. Its
        interval tells how much it varies; noise alone keeps it above 0, however well probabilities fit.
    listed_predicted
        Mean probability (0..1) of listed pupils; `precision` is what came of it.
    """

    name: str
    label: str
    kind: Kind
    found: Figure
    precision: Figure
    recall: Figure
    average_precision: Figure
    roc_auc: Figure
    roc_auc_within: Figure | None = None
    brier: Figure | None = None
    calibration_slope: Figure | None = None
    calibration_intercept: Figure | None = None
    ece: Figure | None = None
    listed_predicted: Figure | None = None


class Slice(Frozen):
    """One part of the evaluation: everything pooled, one origin, one sector or one school.

    Parameters
    ----------
    kind, key
        What part.
    pupils, unknown, cases
        Rows ordered; those among them whose outcome is unknown (censored); those with the outcome.
    places
        Places on all lists together.
    """

    kind: Literal["pooled", "origin", "sector", "school"]
    key: str
    pupils: int
    unknown: int
    cases: int
    places: int
    rankings: tuple[RankingFigures, ...]


class Difference(Frozen):
    """What the model has more than another ranking (negative: less), on the same resamples.

    Parameters
    ----------
    found
        New cases on the lists.
    average_precision, roc_auc
        Of the whole order.
    """

    name: str
    label: str
    kind: Kind
    found: Figure
    average_precision: Figure | None = None
    roc_auc: Figure | None = None


class Curve(Frozen):
    """New cases that one ranking finds at other list lengths: ``found[k]`` at ``lengths[k]`` times the school's own."""

    name: str
    lengths: tuple[float, ...]
    found: tuple[float, ...]


class Bin(Frozen):
    """Pupils with about the same probability (0..1): what was predicted, what came of it, and how many they were."""

    predicted: float
    observed: Figure
    pupils: int


class Evaluation(Frozen):
    """Result of an evaluation; `slices[0]` is pooled.

    Parameters
    ----------
    headline
        What it comes to, in one or two Dutch sentences.
    beats_rules
        The interval of the difference with the best rule lies above 0; None without rules to compare with.
    best_rule
        Name of the rules that found most; empty without rules.
    population
        ``new``: pupils not in the outcome at the origin; ``all``: everybody.
    slices
        Pooled, then per origin, per sector (where there are more) and per school (where there are more).
    reliability
        Of the model's probability, from unlikely to likely.
    """

    headline: str
    beats_rules: bool | None
    best_rule: str = ""
    outcome: str
    population: Literal["new", "all"]
    origins: tuple[str, ...]
    resamples: int
    slices: tuple[Slice, ...]
    differences: tuple[Difference, ...]
    curves: tuple[Curve, ...] = ()
    reliability: tuple[Bin, ...] = ()

    @property
    def pooled(self) -> Slice:
        """Everything together."""
        return self.slices[0]

    def of(self, kind: str) -> tuple[Slice, ...]:
        """Slices of one kind, in order."""
        return tuple(one for one in self.slices if one.kind == kind)
