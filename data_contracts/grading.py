"""Grades a school's week by thresholds that stand, with a sentence each, in ``quality.toml``."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

from data_contracts.frozen import Frozen
from data_contracts.quality import Grade
from data_contracts.tables import Unit

_WORSE = {Grade.GOOD: 0, Grade.FAIR: 1, Grade.POOR: 2}


class Measure(Frozen):
    """One share and the limits beyond which it lowers the grade; no `poor` means never worse than fair.

    `sentence_none`, where there is one, is said instead of `sentence` when the share is nothing at all.
    """

    name: str
    worse: Literal["above", "below"]
    fair: float
    poor: float | None = None
    sentence: str
    sentence_none: str = ""
    why: str

    def grade(self, share: float | None) -> Grade:
        """Grade one share; nothing to take a share of is no fault."""
        if share is None:
            return Grade.GOOD
        if self.poor is not None and self._beyond(share, self.poor):
            return Grade.POOR
        return Grade.FAIR if self._beyond(share, self.fair) else Grade.GOOD

    def _beyond(self, share: float, limit: float) -> bool:
        return share > limit if self.worse == "above" else share < limit


class Late(Frozen):
    """From how many days after the event a registration is late."""

    days: int
    why: str


class Silent(Frozen):
    """When a week is suddenly silent: fewer than `share` of the median of the `weeks` school weeks before."""

    weeks: int
    look_back_weeks: int
    least_median: int
    share: float
    sentence: str
    why: str


class Empty(Frozen):
    """From how many pupils on a week without any registration is odd."""

    least_pupils: int
    sentence: str
    why: str


class MostADay(Frozen):
    """The most of each unit that fits in one day; more is refused."""

    minutes: int
    lesson_slots: int
    half_days: int
    days: int
    why: str

    def of(self, unit: Unit) -> int:
        """Return the limit in `unit`."""
        limits = {
            Unit.MINUTES: self.minutes,
            Unit.LESSON_SLOTS: self.lesson_slots,
            Unit.HALF_DAYS: self.half_days,
            Unit.DAYS: self.days,
        }
        return limits[unit]


class Thresholds(Frozen):
    """Everything in ``quality.toml``."""

    measure: tuple[Measure, ...]
    late: Late
    silent: Silent
    empty: Empty
    most_a_day: MostADay


@cache
def thresholds() -> Thresholds:
    """Read ``quality.toml``."""
    text = files("data_contracts").joinpath("quality.toml").read_text(encoding="utf-8")
    return Thresholds.model_validate(tomllib.loads(text))


def grade_week(shares: dict[str, float | None]) -> tuple[Grade, tuple[str, ...]]:
    """Return the grade of a week and, where it is not good, why, in Dutch.

    Parameters
    ----------
    shares
        A share (0 to 1) for each measure in ``quality.toml``; None where there was nothing to take a share of.
    """
    grade, reasons = Grade.GOOD, []
    for measure in thresholds().measure:
        share = shares[measure.name]
        given = measure.grade(share)
        if given is not Grade.GOOD and share is not None:
            sentence = measure.sentence_none if measure.sentence_none and not share else measure.sentence
            reasons.append(sentence.format(share=percentage(share), days=thresholds().late.days))
            grade = worst(grade, given)
    return grade, tuple(reasons)


def worst(first: Grade, second: Grade) -> Grade:
    """Return the worse of two grades."""
    return max(first, second, key=_WORSE.__getitem__)


def percentage(share: float) -> str:
    """Write a share as a Dutch reader expects it, never rounded to a false 0 or 100 %."""
    whole = round(share * 100)
    if whole == 0 and share > 0:
        return "minder dan 1 %"
    if whole == 100 and share < 1:  # noqa: PLR2004 - per cent
        return "meer dan 99 %"
    return f"{whole} %"
