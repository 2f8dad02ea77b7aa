"""What all rules have in common: the days that they look at, when a threshold is reached, and what a hit looks like."""

from collections.abc import Sequence
from typing import Any

import narwhals as nw
from dateutil.relativedelta import relativedelta

from features.calendar import school_year_start
from features.fixed import fixed
from features.frames import Frame, Held, held, like
from features.history import History, number_of
from features.rules import Rule, Window
from features.scheduled import week_of

PUPIL = ["school", "pupil"]
HIT = ["school", "pupil", "rule", "value", "reached"]
DIGITS = 6  # of sums of sixtieths of an hour, where they are held against a threshold


def looked_at(frame: Frame) -> Held:
    """Work `frame` out, so that work on nothing can be left out; on Spark that would cost more than it saves."""
    return Held(frame, None) if frame.implementation.is_pyspark() else held(frame)


def is_reached(value: nw.Expr, rule: Rule) -> nw.Expr:
    """Whether `value` reaches the threshold of `rule`."""
    value = value.round(DIGITS)  # sums of sixtieths of an hour: exactly sixteen hours must be sixteen
    over = value >= rule.threshold if rule.operator == ">=" else value > rule.threshold
    return over & (value <= rule.below) if rule.below is not None else over


@fixed
def enough(column: str, rule: Rule) -> nw.Expr:
    """Whether `column` reaches the threshold of `rule`."""
    return is_reached(nw.col(column), rule)


@fixed
def of_rule(rule: Rule, value: str = "value", reached: str = "reached") -> tuple[nw.Expr, ...]:
    """Columns `HIT`."""
    return (
        nw.col(*PUPIL),
        nw.lit(rule.id).alias("rule"),
        nw.col(value).cast(nw.Float64).alias("value"),
        nw.col(reached).alias("reached"),
    )


def _since(past: History, window: Window) -> int | None:
    """Return the first day number of a window that is the same for every school; None for lesson weeks."""
    today = past.until
    if window.school_year:
        return this_year(past)
    if window.months is not None:
        return number_of(today - relativedelta(months=window.months))
    return None


def this_year(past: History) -> int:
    """Day number of the first day of the school year."""
    return number_of(school_year_start(past.until))


def within(past: History, events: Frame, rule: Rule, *, day: str = "day", placed: bool = False) -> Frame:
    """Events within the window of `rule`; whether they tell ``weeks_ago`` already, is `placed`.

    Like those of the features, a window of lesson weeks does not look over the summer, but for what has to be reported by law.
    """
    window, since = rule.window, _since(past, rule.window)
    if since is not None:
        return events.filter(from_day(day, since))
    if not rule.statutory:
        events = events.filter(from_day(day, this_year(past)))
    if placed:
        return events.filter(_last(window.lesson_weeks or 0))
    weeks = past.school_weeks.filter(_last(window.lesson_weeks or 0)).select("school", "week")
    return events.with_columns(week=week_of(nw.col(day))).join(weeks, on=["school", "week"], how="inner")


def lesson_weeks(past: History, pupils: Frame) -> Frame:
    """Weeks in which each of `pupils` had lessons: ``school, pupil, week``."""
    return past.weeks.filter(_with_lessons()).join(pupils, on=PUPIL, how="semi").select(*PUPIL, "week")


@fixed
def _with_lessons() -> nw.Expr:
    return nw.col("days") > 0


@fixed
def from_day(day: str, since: int) -> nw.Expr:
    """Whether column `day` is on or after day number `since`."""
    return nw.col(day) >= since


@fixed
def _last(weeks: int) -> nw.Expr:
    return nw.col("weeks_ago") < weeks


def as_hits(past: History, found: Sequence[tuple[str, str, str, float, int]]) -> Frame:
    """Bring `HIT` rows that were found by walking back into a frame of the history's own engine."""
    types = (nw.String, nw.String, nw.String, nw.Float64, nw.Int64)
    columns: dict[str, list[Any]] = {name: [row[place] for row in found] for place, name in enumerate(HIT)}
    return like(past.pupils, columns, dict(zip(HIT, types, strict=True)))
