"""Stability: how much lists change from week to week, and why. A list that turns over every Monday is read by nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from data_contracts.frozen import Frozen
from models.splits import SUMMER

Pupil = tuple[str, str]
"""School and pupil."""


@dataclass(frozen=True)
class Week:
    """One Monday's lists of all schools together, made with one model.

    Parameters
    ----------
    week
        The Monday.
    listed
        Who was on a list.
    there
        Who could be ordered at all: enrolled, with a score.
    already
        Who had come into the outcome (these stand apart); those of whom it was looked up.
    simple
        Who would have been on a list by a simple order.
    """

    week: date
    listed: frozenset[Pupil]
    there: frozenset[Pupil]
    already: frozenset[Pupil]
    simple: frozenset[Pupil] = frozenset()


class WeekPair(Frozen):
    """Lists of two weeks in a row, made with the same model.

    Parameters
    ----------
    week, following
        The two Mondays.
    overlap
        Jaccard: pupils on both, of those on either (0..1).
    kept
        Pupils on both.
    came, went
        Pupils on the later only, and on the earlier only.
    left, already
        Of those who went: enrolled no longer; and long absent by now.
    new_data
        Of those who went, the rest: it is the week's registrations that changed the order.
    """

    week: date
    following: date
    overlap: float
    kept: int
    came: int
    went: int
    left: int
    already: int
    new_data: int


class ModelPair(Frozen):
    """Lists of the same Monday from the same data, by the model before and by the new one (Jaccard, 0..1)."""

    week: date
    overlap: float
    changed: int


class Stability(Frozen):
    """How steady lists are.

    Parameters
    ----------
    week_to_week
        Mean overlap of two weeks in a row, over a summer left out; None where no two weeks were followed.
    yardstick
        The same of the lists that a simple order would have given.
    new_model
        Mean overlap of the lists of two models on the same data.
    weeks, models
        Each pair.
    """

    week_to_week: float | None
    yardstick: float | None = None
    new_model: float | None
    weeks: tuple[WeekPair, ...]
    models: tuple[ModelPair, ...]


def overlap(one: frozenset[Pupil], other: frozenset[Pupil]) -> float:
    """Jaccard: those in both, of those in either; two empty lists are the same list."""
    either = len(one | other)
    return len(one & other) / either if either else 1.0


def stability(
    periods: Sequence[Sequence[Week]], models: Sequence[tuple[date, frozenset[Pupil], frozenset[Pupil]]]
) -> Stability:
    """Compare lists.

    Parameters
    ----------
    periods
        Per model its weeks, rising.
    models
        Monday, and who is listed on the same data by the model before and by the new one.
    """
    following = [(one, other) for period in periods for one, other in pairwise(period)]
    weeks = [_pair(one, other) for one, other in following]
    close = [(one, other) for one, other in following if other.week - one.week < SUMMER]
    pairs = [ModelPair(week=week, overlap=overlap(old, new), changed=len(new - old)) for week, old, new in models]
    return Stability(
        week_to_week=_mean([overlap(one.listed, other.listed) for one, other in close]),
        yardstick=_mean([overlap(one.simple, other.simple) for one, other in close if one.simple or other.simple]),
        new_model=_mean([pair.overlap for pair in pairs]),
        weeks=tuple(weeks),
        models=tuple(pairs),
    )


def _pair(one: Week, other: Week) -> WeekPair:
    went = one.listed - other.listed
    left = {pupil for pupil in went if pupil not in other.there}
    already = (went - left) & other.already
    return WeekPair(
        week=one.week,
        following=other.week,
        overlap=overlap(one.listed, other.listed),
        kept=len(one.listed & other.listed),
        came=len(other.listed - one.listed),
        went=len(went),
        left=len(left),
        already=len(already),
        new_data=len(went) - len(left) - len(already),
    )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
