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
    near
        Who would have been on a list twice as long.
    """

    week: date
    listed: frozenset[Pupil]
    there: frozenset[Pupil]
    already: frozenset[Pupil]
    simple: frozenset[Pupil] = frozenset()
    near: frozenset[Pupil] = frozenset()


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
    near
        Of `new_data`, those who would still be on a list twice as long.
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
    near: int = 0


class Moved(Frozen):
    """What moved scores from one week to the next, by theme of the catalogue: a mean in log-odds; themes add up.

    Parameters
    ----------
    theme, label
        Id and Dutch words.
    came, went
        Of those who came on a list, and of those whom new data took off one.
    """

    theme: str
    label: str
    came: float
    went: float


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
    moved
        What moved the scores of those who came and went.
    span, step
        Log-odds from the first place of a list to its last (mean over lists); and by how much the score of a pupil on it,
        or near, changes in a week (standard deviation). Where a step is not small beside the span, few keep their place.
    """

    week_to_week: float | None
    yardstick: float | None = None
    new_model: float | None
    moved: tuple[Moved, ...] = ()
    span: float | None = None
    step: float | None = None
    weeks: tuple[WeekPair, ...]
    models: tuple[ModelPair, ...]


def overlap(one: frozenset[Pupil], other: frozenset[Pupil]) -> float:
    """Jaccard: those in both, of those in either; two empty lists are the same list."""
    either = len(one | other)
    return len(one & other) / either if either else 1.0


@dataclass(frozen=True)
class Moves:
    """Why scores moved, see `Stability`; nothing is known of it where no weeks were compared."""

    moved: tuple[Moved, ...] = ()
    span: float | None = None
    step: float | None = None


def stability(
    periods: Sequence[Sequence[Week]],
    models: Sequence[tuple[date, frozenset[Pupil], frozenset[Pupil]]],
    moves: Moves | None = None,
) -> Stability:
    """Compare lists.

    Parameters
    ----------
    periods
        Per model its weeks, rising.
    models
        Monday, and who is listed on the same data by the model before and by the new one.
    moves
        What moved scores from week to week.
    """
    moves = moves or Moves()
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
        moved=moves.moved,
        span=moves.span,
        step=moves.step,
    )


def _pair(one: Week, other: Week) -> WeekPair:
    went = one.listed - other.listed
    left = {pupil for pupil in went if pupil not in other.there}
    already = (went - left) & other.already
    passed = went - left - already
    return WeekPair(
        week=one.week,
        following=other.week,
        overlap=overlap(one.listed, other.listed),
        kept=len(one.listed & other.listed),
        came=len(other.listed - one.listed),
        went=len(went),
        left=len(left),
        already=len(already),
        new_data=len(passed),
        near=len(passed & other.near),
    )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
