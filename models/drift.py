"""Drift: whether a school moved away from the others since last year, in what is recorded of it or in its scores.

Every school is compared with the median of the others in the same week, so that a wave of illness, a holiday or the time
of year, which all schools share, is no drift. How much that difference usually moves is learned from the school year
before. A sequential test adds up evidence week by week: per step size a Shiryaev-Roberts sum of likelihood ratios. While
nothing changes each has mean 1, and were they independent, the sum would reach ``c`` within a year of ``n`` weeks with a
chance of at most ``n / c``, however often one looks. Weeks are not quite independent; simulation shows what is left of it.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.calibration import Floats
from models.scorecard import Scorecard

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
_EMPTY = 1e-4  # share that stands for none in a stability index
_TESTS = 3  # of recorded kinds, of the score, and of its features: they share the false alarms
_LITTLE = 0.25  # power of the limit below which evidence is still chance: a change is dated from the week after


@cache
def settings() -> Mapping[str, Any]:
    """Return the limits of ``drift.toml``."""
    return tomllib.loads(files("models").joinpath("drift.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Series:
    """Weekly means per school.

    Parameters
    ----------
    values
        Shape (weeks, schools, series); NaN where nothing is known.
    counts
        Shape (weeks, schools): whether something new was known of the school since the week before, in a week that may
        be looked at (not in a holiday, not in the first weeks of a school year).
    years
        Shape (weeks,), rising: the school year of each week. Nothing is compared over the summer.
    reference, tested
        Shape (weeks,): weeks to learn the usual movement from, and weeks to look at.
    back, fewest
        How many counting weeks before a week it is held against, and how many there must be. Series of separate weeks
        can be held against the mean of many; windows that overlap only against the week before.
    floor
        Smallest usual movement that is believed, shape (schools, series) or one number: what counting alone brings.
    """

    values: Floats
    counts: Bools
    years: Ints
    reference: Bools
    tested: Bools
    back: int = 1
    fewest: int = 1
    floor: Floats | float = 0.0


@dataclass(frozen=True)
class Followed:
    """What following found, per school and series.

    Parameters
    ----------
    evidence
        Shape (schools, series): the largest sum reached; the larger, the less it is chance.
    alarm
        Shape (schools, series): number of the week in which the limit was reached, -1 where it never was.
    since
        Shape (schools, series): number of the week from which the evidence grew; -1 without an alarm.
    rising
        Shape (schools, series): whether it is for a rise.
    """

    evidence: Floats
    alarm: Ints
    since: Ints
    rising: Bools


def follow(series: Series, *, limit: float, fewest_reference: int) -> Followed | None:
    """Follow every school and series through the tested weeks; None where there is too little to compare with.

    Parameters
    ----------
    limit
        Evidence from which it is an alarm, see `limit_for`.
    fewest_reference
        Fewest weeks to learn the usual movement from.
    """
    terms = settings()
    schools = series.values.shape[1]
    if schools < terms["fewest_schools"] or series.reference.sum() < fewest_reference:
        return None
    steps = _steps(series)
    usual = np.maximum(_usual(steps[series.reference]), series.floor)
    largest = float(terms["largest_step"])
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = np.clip(np.where(usual > 0, steps / usual, np.nan), -largest, largest)
    sizes = [sign * size for size in terms["steps"] for sign in (-1.0, 1.0)]
    known = moved[series.reference]
    means = [np.maximum(_mean(np.exp(size * known)), np.exp(size**2 / 2)) for size in sizes]
    sums = np.zeros((len(sizes), *moved.shape[1:]))
    evidence = np.zeros(moved.shape[1:])
    alarm, since = np.full(evidence.shape, -1), np.full(evidence.shape, -1)
    began = np.full(evidence.shape, -1)
    rising = np.zeros(evidence.shape, dtype=bool)
    upward = np.array([size > 0 for size in sizes])
    for week in np.flatnonzero(series.tested):
        now = moved[week]
        for place, (size, mean) in enumerate(zip(sizes, means, strict=True)):
            ratio = np.exp(size * np.nan_to_num(now)) / mean
            sums[place] = np.where(np.isnan(now), sums[place], (1 + sums[place]) * ratio)
        total = sums.mean(axis=0)
        began = np.where((total <= limit**_LITTLE) | (began < 0), week + (total <= limit**_LITTLE), began)
        fresh = (total >= limit) & (alarm < 0)
        alarm, since = np.where(fresh, week, alarm), np.where(fresh, began, since)
        rising = np.where(fresh, sums[upward].sum(axis=0) > sums[~upward].sum(axis=0), rising)
        evidence = np.maximum(evidence, total)
    return Followed(evidence=evidence, alarm=alarm, since=since, rising=rising)


def _mean(values: Floats) -> Floats:
    """Mean over weeks and schools, of what is known."""
    known = ~np.isnan(values)
    return np.asarray(np.where(known, values, 0.0).sum(axis=(0, 1)) / np.maximum(known.sum(axis=(0, 1)), 1))


def limit_for(series: int, *, looks: int) -> float:
    """Evidence from which `series` series, looked at `looks` times a year, give their part of the false alarms together."""
    return float(looks * series / (settings()["false_alarms"] / _TESTS))


def proportions(shares: Floats, pupils: Floats) -> Floats:
    """Return the logarithm of shares of pupils, with one pupil added: a wave multiplies every school's share alike.

    Parameters
    ----------
    shares, pupils
        Shapes (weeks, schools, series) and (weeks, schools).
    """
    return np.asarray(np.log(shares + 1 / pupils[:, :, None]))


def counting_error(shares: Floats, pupils: Floats, reference: Bools) -> Floats:
    """Movement of `proportions` that counting alone brings, shape (schools, series): large where a kind is rare."""
    counts = np.nan_to_num(shares[reference] * pupils[reference][:, :, None])
    usual = counts.sum(axis=0) / max(int(reference.sum()), 1)
    return np.asarray(settings()["counting"] / np.sqrt(usual + 1))


def against_others(values: Floats) -> Floats:
    """Difference of each school with the median of the others in the same week; shape (weeks, schools, series)."""
    found = np.empty_like(values)
    for school in range(values.shape[1]):
        found[:, school] = values[:, school] - _median(np.delete(values, school, axis=1))
    return found


def _median(values: Floats) -> Floats:
    """Median over the second axis, of what is known; NaN where nothing is."""
    ordered = np.sort(values, axis=1)  # NaN comes last
    known = np.sum(~np.isnan(values), axis=1)
    last = values.shape[1] - 1
    picks = [np.clip(place, 0, last)[:, None] for place in ((known - 1) // 2, known // 2)]
    low, high = (np.take_along_axis(ordered, pick, axis=1)[:, 0] for pick in picks)
    return np.asarray((low + np.where(known % 2 == 0, high, low)) / 2)


def _steps(series: Series) -> Floats:
    """Movement of each school, against the others, since the weeks before; NaN where it does not count."""
    apart = np.where(series.counts[:, :, None], against_others(series.values), np.nan)
    apart = _without_the_season(apart, series)
    steps = np.full(apart.shape, np.nan)
    for start in np.flatnonzero(np.r_[True, series.years[1:] != series.years[:-1]]):
        this_year = np.flatnonzero(series.years == series.years[start])
        for school in range(apart.shape[1]):
            weeks = this_year[series.counts[this_year, school]]
            for place in range(series.fewest, len(weeks)):
                before = weeks[max(0, place - series.back) : place]
                steps[weeks[place], school] = apart[weeks[place], school] - apart[before, school].mean(axis=0)
    return steps


def _without_the_season(apart: Floats, series: Series) -> Floats:
    """Subtract, in tested weeks, how far the school was from the others around the same week of the reference year.

    Exam classes leave in May at some schools and not at others; that comes back every year.
    """
    around = int(settings()["weeks_around"])
    numbers = np.arange(len(series.years)) - np.searchsorted(series.years, series.years)
    before = np.flatnonzero(series.reference & ~series.tested)
    found = apart.copy()
    for week in np.flatnonzero(series.tested) if len(before) else ():
        near = before[np.abs(numbers[before] - numbers[week]) <= around]
        known = ~np.isnan(apart[near])
        mean = np.nan_to_num(apart[near]).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        found[week] = apart[week] - np.where(known.any(axis=0), mean, np.nan)
    return found


def _usual(steps: Floats) -> Floats:
    """Usual movement per school and series, shape (schools, series): halfway the school's own and everybody's."""
    known = ~np.isnan(steps)
    own = np.where(known, steps, 0.0) ** 2
    squares = own.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    all_schools = own.sum(axis=(0, 1)) / np.maximum(known.sum(axis=(0, 1)), 1)
    return np.asarray(np.sqrt((squares + all_schools) / 2))


def vanished(present: Floats, series: Series) -> Bools:
    """Whether nobody at a school shows a feature any more that somebody always showed; shape (schools, series).

    Parameters
    ----------
    present
        Shape (weeks, schools, series): share of pupils in whom the feature is more than 0.
    """
    terms = settings()
    counts = series.counts[:, :, None]
    before = np.where(counts & series.reference[:, None, None], present, np.inf).min(axis=0)
    gone = np.zeros(before.shape, dtype=bool)
    for school in range(present.shape[1]):
        weeks = np.flatnonzero(series.counts[:, school] & series.tested)[-int(terms["vanished_weeks"]) :]
        if len(weeks) == terms["vanished_weeks"]:
            gone[school] = (present[weeks, school] == 0).all(axis=0)
    return np.asarray(gone & (before >= terms["usual_share"]) & np.isfinite(before))


def stability(card: Scorecard, matrix: Floats) -> dict[str, float]:
    """Population stability index of each feature: how far these pupils differ from those learned from.

    Parameters
    ----------
    matrix
        Shape (pupils, features), in the order of the scorecard; NaN is missing.

    Returns
    -------
    dict
        By feature: the sum over its bins of ``(share now - share then) * ln(share now / share then)``; 0 is equal.
    """
    found = {}
    for shape, column in zip(card.shapes, matrix.T, strict=True):
        values = np.ascontiguousarray(column, dtype=np.float64)
        places = np.searchsorted(np.array(shape.edges), values, side="right")
        places[np.isnan(values)] = len(shape.values)
        shares = np.bincount(places, minlength=len(shape.shares)) / max(len(values), 1)
        now, then = (np.maximum(each, _EMPTY) for each in (shares, np.array(shape.shares)))
        found[shape.name] = float(((now - then) * np.log(now / then)).sum())
    return found
