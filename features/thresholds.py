"""Which pupils have reached which threshold: the rules of `features.rules`, counted on the same history as the features.

Engines that keep rows in memory are asked first whether there is anything to count: most rules are reached by nobody.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Mapping, Sequence

import narwhals as nw

from data_contracts.weekly_list import RuleHit
from features.fixed import fixed
from features.frames import Frame, collected, settle
from features.history import FULL_DAY, History
from features.rule_windows import (
    DIGITS,
    HIT,
    PUPIL,
    as_hits,
    enough,
    from_day,
    is_reached,
    lesson_weeks,
    looked_at,
    of_rule,
    this_year,
    within,
)
from features.rules import Rule, worded
from features.scheduled import week_of, weekday_of
from features.spells import in_spells

_PUBLISHED_DIGITS = 9
_WEEKDAYS = 5
_Event = tuple[int, int, float]
"""A day, how many of the pupil's lesson weeks ago it was, and how much it counts."""

_WEEK_OF_LESSONS = _WEEKDAYS * 300  # minutes: a few hours say nothing about a share


def reached(past: History, rules: Mapping[str, Sequence[Rule]]) -> dict[tuple[str, str], tuple[RuleHit, ...]]:
    """Rules reached by the pupils of `past`, in words: per school and pupil, duties first.

    Parameters
    ----------
    rules
        Of each school those by which it works.
    """
    every_rule = tuple({rule.id: rule for of_school in rules.values() for rule in of_school}.values())
    applies = {school: {rule.id for rule in of_school} for school, of_school in rules.items()}
    found = collected(hits(past, every_rule)).rows(named=True)
    return worded([row for row in found if row["rule"] in applies[row["school"]]], every_rule)


def hits(past: History, rules: Sequence[Rule]) -> Frame:
    """Who has reached which rule: ``school, pupil, rule, value, reached`` (day number), for pupils now enrolled.

    Every rule is counted for every school; the caller keeps those of the school's sector.
    """
    found = [part for rule in rules if (part := _hits_of(past, rule)) is not None]
    if not found:
        return as_hits(past, [])
    reached = nw.concat(found, how="vertical").join(past.pupils.select(*PUPIL), on=PUPIL, how="inner")
    # The last bits of a sum depend on the order in which it was made; what is published does not.
    return reached.with_columns(nw.col("value").round(_PUBLISHED_DIGITS)).select(HIT)


def _hits_of(past: History, rule: Rule) -> Frame | None:
    """`HIT` of one rule; None where nobody can have reached it."""
    if rule.window.restarts:
        return _restarting(past, rule)
    if rule.measure.endswith("_run"):
        return _runs(past, rule)
    if rule.measure == "absent_share":
        return _shares(past, rule)
    return _counts(past, rule)


_PER_DAY: dict[str, tuple[str, Callable[[nw.Expr], nw.Expr]]] = {
    "unauthorised_hours": ("unauthorised_minutes", lambda minutes: minutes / 60),
    "luxury_days": ("luxury_minutes", lambda _: nw.lit(1.0)),
    "sick_days": ("sick_minutes", lambda _: nw.lit(1.0)),
    "late": ("late_count", lambda count: count.cast(nw.Float64)),
}
"""Per measure of days: on which column it goes, and how much a day counts."""


def _events(past: History, measure: str) -> Frame:
    """Return what is counted, day by day: ``school, pupil, day, amount``, and of days ``weeks_ago``."""
    if measure in _PER_DAY:
        return past.days.filter(_any(_PER_DAY[measure][0])).select(*_amounts(measure))
    return past.sick_spells.filter(_of_length(measure)).select(*PUPIL, day="first_day", amount=nw.lit(1.0))


@fixed
def _any(column: str) -> nw.Expr:
    return nw.col(column) > 0


@fixed
def _amounts(measure: str) -> tuple[nw.Expr, ...]:
    column, amount = _PER_DAY[measure]
    return nw.col(*PUPIL, "day", "weeks_ago"), amount(nw.col(column)).alias("amount")


@fixed
def _of_length(measure: str) -> nw.Expr:
    length = nw.col("school_days")
    return length <= 2 if measure == "short_sick_spells" else length > 0  # noqa: PLR2004 - by the rule's source


def _counts(past: History, rule: Rule) -> Frame | None:
    found = _events(past, rule.measure)
    events = looked_at(within(past, found, rule, placed=rule.measure in _PER_DAY))
    if events.empty():
        return None
    totals = events.frame.with_columns(*_running()).with_columns(_day_reached(rule)).group_by(PUPIL).agg(*_totals())
    return totals.filter(enough("value", rule)).select(*of_rule(rule))


@fixed
def _running() -> dict[str, nw.Expr]:
    return {"_sum": nw.col("amount").cum_sum().over(*PUPIL, order_by="day")}


@fixed
def _day_reached(rule: Rule) -> nw.Expr:
    return nw.when(is_reached(nw.col("_sum"), rule)).then(nw.col("day")).alias("reached")


@fixed
def _totals() -> tuple[nw.Expr, ...]:
    return nw.col("amount").sum().alias("value"), nw.col("reached").min()


def _runs(past: History, rule: Rule) -> Frame | None:
    if rule.measure == "sick_run":
        # Spells of sickness are there already; to place their days anew is only for those that count.
        long = past.sick_spells.filter(enough("school_days", rule))
        if looked_at(within(past, long, rule, day="last_day")).empty():
            return None
    counting = past.days.filter(_counts_in_run(rule.measure))
    if not rule.statutory:
        counting = counting.filter(from_day("day", this_year(past)))
    days = looked_at(counting)
    if days.empty():
        return None
    placed = in_spells(days.frame)
    if rule.measure != "sick_run":
        begun = placed.filter(_begins()).select(*PUPIL, "spell", _since="day", _week_since="week")
        away = placed.join(begun, on=[*PUPIL, "spell"], how="inner")
        # There are no more lesson weeks than weeks: only who can have reached the threshold is placed in them.
        if (reaching := looked_at(away.filter(_by_the_calendar(rule)).select(*PUPIL, "spell").unique())).empty():
            return None
        placed = _in_lesson_weeks(past, away.join(reaching.frame, on=[*PUPIL, "spell"], how="semi"))
    placed = settle(placed.with_columns(_length(rule.measure), _long_enough(rule)))
    runs = placed.group_by([*PUPIL, "spell"]).agg(*_of_run()).filter(enough("length", rule))
    recent = looked_at(within(past, runs, rule, day="last_day"))
    if recent.empty():
        return None
    newest = recent.frame.group_by(PUPIL).agg(nw.col("last_day").max())
    return recent.frame.join(newest, on=[*PUPIL, "last_day"], how="inner").select(*of_rule(rule, "length"))


@fixed
def _counts_in_run(measure: str) -> nw.Expr:
    if measure == "sick_run":
        return nw.col("sick_minutes") > 0
    unauthorised = nw.col("unauthorised_minutes")
    return (unauthorised >= FULL_DAY * nw.col("scheduled_minutes")) & (unauthorised > 0)


@fixed
def _of_run() -> tuple[nw.Expr, ...]:
    return nw.col("length").max(), nw.col("day").max().alias("last_day"), nw.col("reached").min()


@fixed
def _begins() -> nw.Expr:
    return nw.col("position") == 1


def _days_of_a_week() -> nw.Expr:
    """Days of the last week of a run less those before its first day; a week is five, also with lessons on a Saturday."""
    last, first = (nw.min_horizontal(weekday_of(nw.col(day)), nw.lit(_WEEKDAYS - 1)) for day in ("day", "_since"))
    return (last - first + 1) / _WEEKDAYS


@fixed
def _by_the_calendar(rule: Rule) -> nw.Expr:
    return is_reached((nw.col("week") - nw.col("_week_since")) / 7 + _days_of_a_week(), rule)


def _in_lesson_weeks(past: History, away: Frame) -> Frame:
    """Add ``_weeks``: from the first day of a run, in weeks in which the pupil had lessons, however few of its days."""
    mine = settle(lesson_weeks(past, away).with_columns(_nth=nw.col("week").rank("dense").over(*PUPIL).cast(nw.Int64)))
    away = away.join(mine, on=[*PUPIL, "week"], how="inner")
    since = mine.select(*PUPIL, _week_since="week", _nth_since="_nth")
    return away.join(since, on=[*PUPIL, "_week_since"], how="inner").with_columns(_weeks_away())


@fixed
def _weeks_away() -> nw.Expr:
    return (nw.col("_nth") - nw.col("_nth_since") + _days_of_a_week()).alias("_weeks")


@fixed
def _length(measure: str) -> nw.Expr:
    """How long a run lasts so far: days of sickness, or lesson weeks of unauthorised absence."""
    return nw.col("position" if measure == "sick_run" else "_weeks").cast(nw.Float64).alias("length")


@fixed
def _long_enough(rule: Rule) -> nw.Expr:
    length = nw.col("position" if rule.measure == "sick_run" else "_weeks")
    return nw.when(is_reached(length, rule)).then(nw.col("day")).alias("reached")


def _shares(past: History, rule: Rule) -> Frame | None:
    weeks = within(past, past.weeks, rule, day="week", placed=True)
    found = looked_at(
        weeks.group_by(PUPIL)
        .agg(nw.col("absent_minutes", "scheduled_minutes").sum())
        .filter(_a_week())
        .with_columns(_share())
        .filter(enough("value", rule))
    )
    if found.empty():
        return None
    last = past.school_days.group_by(["school"]).agg(nw.col("day").max().alias("reached"))
    return found.frame.join(last, on="school", how="inner").select(*of_rule(rule))


@fixed
def _a_week() -> nw.Expr:
    return nw.col("scheduled_minutes") >= _WEEK_OF_LESSONS


@fixed
def _share() -> nw.Expr:
    return (nw.col("absent_minutes") / nw.max_horizontal(nw.col("scheduled_minutes"), nw.lit(1))).alias("value")


def _restarting(past: History, rule: Rule) -> Frame | None:
    """Walk through the days of the few pupils who can have reached the threshold at all.

    After each time a new period begins, so the days before count no more. Each stays in view for one more window. Weeks
    are those in which the pupil had lessons: an hour of another class in a holiday makes it no lesson week.
    """
    length = rule.window.lesson_weeks or 0
    events = looked_at(_events(past, rule.measure))
    totals = looked_at(events.frame.group_by(PUPIL).agg(_in_all()).filter(enough("_total", rule)))
    if totals.empty():
        return None
    weeks: dict[tuple[str, str], list[int]] = {}
    for school, pupil, week in sorted(collected(lesson_weeks(past, totals.frame)).rows()):
        weeks.setdefault((school, pupil), []).append(week)
    candidates = events.frame.join(totals.frame, on=PUPIL, how="semi").with_columns(_its_week())
    rows = collected(candidates.select("day", *PUPIL, "week", "amount")).rows()
    histories: dict[tuple[str, str], list[_Event]] = {}
    for day, school, pupil, week, amount in sorted(rows):
        known = weeks[school, pupil]
        histories.setdefault((school, pupil), []).append((day, len(known) - bisect_right(known, week), amount))
    over: Callable[[float], bool] = (
        (lambda amount: amount >= rule.threshold) if rule.operator == ">=" else (lambda amount: amount > rule.threshold)
    )
    reached = [
        (*who, rule.id, amount, day)
        for who, days in histories.items()
        for day, amount in _times_reached(days, length=length, over=over)
    ]
    return as_hits(past, reached)


def _times_reached(days: Sequence[_Event], *, length: int, over: Callable[[float], bool]) -> list[tuple[int, float]]:
    """Return day and amount of each time the threshold was reached within the last `length` weeks.

    Every one of them: whether an earlier report was made is not known here, so a newer one may not hide it.
    """
    period: deque[_Event] = deque()
    found: list[tuple[int, float]] = []
    for event in days:
        day, ago, _ = event
        while period and period[0][1] - ago >= length:
            period.popleft()
        period.append(event)
        amount = sum(each for _, _, each in period)
        if over(round(amount, DIGITS)):
            found += [(day, amount)] if ago < length else []
            period.clear()
    return found


@fixed
def _in_all() -> nw.Expr:
    return nw.col("amount").sum().alias("_total")


@fixed
def _its_week() -> nw.Expr:
    return week_of(nw.col("day")).alias("week")
