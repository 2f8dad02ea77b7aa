"""Sums over a part of the rows, for many resamples at once: what every figure of an evaluation is made from.

Sums add up: those of schools to a region, those of origins to everything. Weights have shape (resamples + 1, pupils); the
first row is what was observed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.calibration import Floats, fit_line
from models.figures import Bin, Figure
from models.ranking import Ints, rank_figures

TENTHS = 10
_NORMAL = 1.959963984540054  # 97.5 % of a normal distribution
_SMALLEST = 1e-12


@dataclass(frozen=True)
class Rows:
    """The rows that are judged, as arrays of shape (n,).

    Parameters
    ----------
    origin, school, sector
        Numbers: places in `origins`, `schools` and `sectors`.
    pupil
        A number per pupil, the same at every origin.
    lists, capacity
        Number of the list that the pupil competes for; places per list, by number.
    outcome
        1, 0, or NaN where unknown.
    """

    origin: Ints
    school: Ints
    sector: Ints
    pupil: Ints
    lists: Ints
    capacity: Ints
    outcome: Floats
    origins: list[str]
    schools: list[str]
    sectors: list[str]

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whose outcome is known."""
        return ~np.isnan(self.outcome)


@dataclass(frozen=True)
class Scored:
    """One ranking, as arrays of shape (n,).

    Parameters
    ----------
    score
        Higher is earlier.
    chance
        Chance (0..1) to be on the list.
    probability
        Of the outcome; None for an order without one.
    tenth
        Which tenth of the pupils by probability.
    """

    score: Floats
    chance: Floats
    probability: Floats | None
    tenth: Ints | None

    @classmethod
    def of(cls, score: Floats, chance: Floats, probability: Floats | None) -> "Scored":
        """Cut the probability, if any, into tenths."""
        if probability is None:
            return cls(score, chance, None, None)
        cuts = np.unique(np.quantile(probability, np.linspace(0, 1, TENTHS + 1)[1:-1]))
        return cls(score, chance, probability, np.searchsorted(cuts, probability, side="right").astype(np.int64))


@dataclass(frozen=True)
class Sums:
    """Of one ranking over one part: arrays of shape (resamples + 1,).

    Parameters
    ----------
    found, told, cases, rows
        Cases on the lists; listed pupils; cases; pupils. Only those whose outcome is known.
    precision, auc
        Average precision and ROC AUC; NaN where there is one class only.
    predicted, squares
        Sum of the probabilities of listed pupils, and of squared errors of all.
    tenths
        Shape (3, resamples + 1, tenths): pupils, predicted and observed.
    """

    found: Floats
    told: Floats
    cases: Floats
    rows: Floats
    precision: Floats
    auc: Floats
    predicted: Floats | None = None
    squares: Floats | None = None
    tenths: Floats | None = None


def sums(rows: Rows, scored: Sequence[Scored], part: Ints, draws: Floats) -> list[Sums]:
    """Sum each of `scored` over `part` (row numbers, all with a known outcome); `draws` are the weights of those rows.

    Parameters
    ----------
    draws
        Shape (resamples + 1, len(part)).
    """
    outcome = rows.outcome[part]
    cases, pupils = draws @ outcome, draws.sum(axis=1)
    found = []
    for one in scored:
        chance = one.chance[part]
        place = np.flatnonzero(chance)  # a list is short
        weights, share = draws[:, place], chance[place]
        precision, auc = rank_figures(one.score[part], outcome, draws)
        plain = Sums(weights @ (share * outcome[place]), weights @ share, cases, pupils, precision, auc)
        found.append(plain if one.probability is None else _of_probability(plain, one, part, outcome, draws))
    return found


def _of_probability(plain: Sums, scored: Scored, part: Ints, outcome: Floats, draws: Floats) -> Sums:
    if scored.probability is None or scored.tenth is None:
        return plain
    probability = scored.probability[part]
    inside = (scored.tenth[part][:, None] == np.arange(TENTHS)).astype(np.float64)
    tenths = np.stack([draws @ (inside * value[:, None]) for value in (np.ones(len(part)), probability, outcome)])
    predicted, squares = draws @ (scored.chance[part] * probability), draws @ (probability - outcome) ** 2
    return replace(plain, predicted=predicted, squares=squares, tenths=tenths)


def figures(parts: Sequence[Sums], schools: Sequence[Sums]) -> dict[str, Figure]:
    """Figures of `parts` together (one an origin); `schools` are the same rows, a school and origin apart."""
    found, told, cases, rows = (sum(getattr(one, name) for one in parts) for name in ("found", "told", "cases", "rows"))
    with np.errstate(divide="ignore", invalid="ignore"):
        values = {
            "found": found,
            "precision": found / told,
            "recall": found / cases,
            "average_precision": mean_over(parts, "precision"),
            "roc_auc": mean_over(parts, "auc"),
        }
        if schools:
            pairs = np.array([one.cases * (one.rows - one.cases) for one in schools])
            won = np.array([np.where(np.isfinite(one.auc), one.auc, 0.0) for one in schools]) * pairs
            values["roc_auc_within"] = won.sum(axis=0) / pairs.sum(axis=0)
        if parts and parts[0].tenths is not None:
            values["brier"] = sum(one.squares for one in parts if one.squares is not None) / rows
            values["listed_predicted"] = sum(one.predicted for one in parts if one.predicted is not None) / told
    found_figures = {name: Figure.of(float(value[0]), value[1:]) for name, value in values.items()}
    if parts and parts[0].tenths is not None:
        found_figures["ece"] = _calibration_error(parts, rows)
    return found_figures


def _calibration_error(parts: Sequence[Sums], rows: Floats) -> Figure:
    """Mean distance between predicted and observed share, over tenths of the pupils.

    A distance is never negative, so that resamples, which are noisier, nearly all lie above it. They say how much it varies,
    not where it lies: their spread is laid around what was observed.
    """
    _, predicted, observed = _tenths(parts)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.abs(predicted - observed).sum(axis=1) / rows
    resampled = distance[1:][np.isfinite(distance[1:])]
    around = resampled - resampled.mean() + distance[0] if len(resampled) else resampled
    return Figure.of(float(distance[0]), np.maximum(around, 0.0))


def mean_over(parts: Sequence[Sums], name: str) -> Floats:
    """Mean over origins, weighted by cases, leaving out those that say nothing."""
    values, weights = np.array([getattr(one, name) for one in parts]), np.array([one.cases for one in parts])
    known = np.isfinite(values)
    weight = np.where(known, weights, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((np.where(known, values, 0.0) * weight).sum(axis=0) / weight.sum(axis=0))


def reliability(parts: Sequence[Sums]) -> tuple[Bin, ...]:
    """What was predicted and what was observed, per tenth of the pupils."""
    if not parts or parts[0].tenths is None:
        return ()
    pupils, predicted, observed = _tenths(parts)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = observed / pupils
    return tuple(
        Bin(
            predicted=float(predicted[0, tenth] / pupils[0, tenth]),
            observed=Figure.of(float(shares[0, tenth]), shares[1:, tenth]),
            pupils=int(pupils[0, tenth]),
        )
        for tenth in range(TENTHS)
        if pupils[0, tenth] > 0
    )


def _tenths(parts: Sequence[Sums]) -> Floats:
    return np.asarray(sum(one.tenths for one in parts if one.tenths is not None))


def line_of(rows: Rows, probability: Floats | None, part: Ints) -> dict[str, Figure]:
    """Slope and intercept of the calibration, with the interval that clusters by pupil; empty where there is no line."""
    if probability is None or not len(part):
        return {}
    chance = np.clip(probability[part], _SMALLEST, 1 - _SMALLEST)
    line = fit_line(np.log(chance / (1 - chance)), rows.outcome[part], rows.pupil[part])
    if line is None:
        return {}
    return {
        "calibration_slope": _wald(line.slope, line.slope_error),
        "calibration_intercept": _wald(line.intercept, line.intercept_error),
    }


def _wald(value: float, error: float) -> Figure:
    return Figure(value=value, low=value - _NORMAL * error, high=value + _NORMAL * error)
