"""Registrations laid on the timetable: each on the days that it covers, and those of one lesson on that lesson.

Most registrations are of one lesson hour. They meet the timetable on one number and keep few columns; only the others,
of days, spans, clock times and amounts, take the longer way.
"""

from dataclasses import dataclass

import narwhals as nw

from data_contracts.tables import Unit
from features.fixed import fixed
from features.frames import Frame, Held, held
from features.keys import with_day, with_slot
from features.scheduled import Scheduled
from features.spans import FIRST_EVENT, over_days, spans_of

MOST_LATE = 1_000_000.0
"""Minutes that one lateness counts for at most: far more than any, and whole weeks of it still fit a number of 32 bits."""


@dataclass(frozen=True)
class Registered:
    """What was registered, on scheduled days of the time that pupils were enrolled.

    Parameters
    ----------
    lessons
        Registrations of one lesson that was scheduled: ``pupil_day, unit_no, slot, minutes, code, late_minutes``.
    events
        Lateness and removal of which the lesson is not known: ``pupil_day, unit_no, code, late_minutes``.
    rows
        All other absence, one row a registration and day: ``pupil_day, unit_no, unit_day, code``, the bounds of the
        registration on that day (``lo, hi`` slots, ``clock_lo, clock_hi`` minutes), ``amount, unit_stated, record, one_day,
        days_elsewhere``,
        the day's own ``scheduled, slots, numbered, clocked``, and how they say how much was missed: ``_slotted``
        or ``_clocked``; ``loose`` where it is not known where in the day it lies, ``by_clock`` where clock times say so.
    """

    lessons: Frame
    events: Frame
    rows: Held


def registered(
    absences: Frame,
    enrolled: Frame,
    plan: Scheduled,
    own: Frame | None,
    *,
    first_day: int,
    end_day: int,
    told_from: int | None = None,
) -> Registered:
    """Lay `absences` on the timetable.

    Open-ended reports last until the day before `end_day`, or until the pupil's next report begins. Days without
    scheduled time, and days outside the enrolment, fall away.

    Parameters
    ----------
    absences
        Known registrations (the table of that name), with their ``unit`` as ``unit_stated``.
    enrolled
        Periods with ``unit_no``, see `features.enrolled`.
    plan, own
        See `features.scheduled.scheduled` and `features.pupil_time.own_days`.
    told_from
        Day from which a report may end an open-ended one; `first_day` unless days before that were counted earlier.
    """
    told_from = first_day if told_from is None else told_from
    spans, longer = spans_of(absences, enrolled, first_day=first_day, end_day=end_day, told_from=told_from)
    single = _on_units(spans.filter(_single(first_day)).with_columns(*_day_and_minutes()), own)
    of_slot = single.filter(_one_slot()).with_columns(_its_slot())
    keyed = of_slot.with_columns(_unit_slot()).select(
        "pupil_day", "unit_no", "slot", "code", "late_minutes", "unit_slot"
    )
    lessons = keyed.join(plan.slots.select("unit_slot", "minutes"), on="unit_slot", how="inner")
    without_slot = single.filter(_not_one_slot())
    # Where a day has no numbered slots, the number of a lesson hour says how much was missed, not which part of it.
    if plan.loose:
        odd = plan.days.filter(_without_numbers()).select("unit_day")
        loose = of_slot.drop("slot").join(odd, on="unit_day", how="semi")
        without_slot = nw.concat([without_slot, loose.select(without_slot.collect_schema().names())], how="vertical")
    rows = _with_bounds(without_slot.filter(_no_event()))
    if longer:
        many = over_days(spans.filter(_several_days()), plan, first_day=first_day)
        rows = nw.concat([rows, _with_bounds(_on_units(many, own))], how="vertical")
    days = plan.days.filter(_with_lessons()).select("unit_day", "scheduled", "slots", "numbered", "clocked")
    events = without_slot.filter(_event()).join(days.select("unit_day"), on="unit_day", how="semi")
    return Registered(
        lessons=lessons,
        events=events.select("pupil_day", "unit_no", "code", "late_minutes"),
        rows=held(_in_ways(rows.join(days, on="unit_day", how="inner"))),
    )


@fixed
def _event() -> nw.Expr:
    return nw.col("code") >= FIRST_EVENT


@fixed
def _no_event() -> nw.Expr:
    return ~(nw.col("code") >= FIRST_EVENT)


@fixed
def _single(first_day: int) -> nw.Expr:
    """Of one day, within the enrolment; an event is always of its first day."""
    start = nw.col("start_day")
    one = (start == nw.col("last_day")) | (nw.col("code") >= FIRST_EVENT)
    return one & (start >= first_day) & (start >= nw.col("from_day")) & (start <= nw.col("to_day"))


@fixed
def _several_days() -> nw.Expr:
    return (nw.col("start_day") < nw.col("last_day")) & ~(nw.col("code") >= FIRST_EVENT)


@fixed
def _day_and_minutes() -> dict[str, nw.Expr]:
    return {"day": nw.col("start_day"), "late_minutes": _late_minutes()}


def _of_one_slot() -> nw.Expr:
    lo, hi = nw.col("start_slot"), nw.col("end_slot")
    alone = nw.col("one_day") & (hi.is_null() | (lo == hi))
    return ~lo.is_null() & ((nw.col("code") >= FIRST_EVENT) | alone)


@fixed
def _one_slot() -> nw.Expr:
    return _of_one_slot()


@fixed
def _not_one_slot() -> nw.Expr:
    return ~_of_one_slot()


@fixed
def _its_slot() -> nw.Expr:
    return nw.col("start_slot").alias("slot")


@fixed
def _unit_slot() -> nw.Expr:
    return with_slot(nw.col("unit_day"), nw.col("slot")).alias("unit_slot")


@fixed
def _without_numbers() -> nw.Expr:
    return (nw.col("numbered") == 0) & (nw.col("scheduled") > 0)


@fixed
def _with_lessons() -> nw.Expr:
    """On a day of a pupil's own without any lessons nobody is late, and no part of an amount over several days is missed."""
    return nw.col("scheduled") > 0


def _in_ways(rows: Frame) -> Frame:
    """Tell apart in which way registrations say how much was missed."""
    return rows.with_columns(*_by_slot_or_clock()).with_columns(_loose()).with_columns(_by_clock())


@fixed
def _by_slot_or_clock() -> dict[str, nw.Expr]:
    by_slot = ~nw.col("lo").is_null() | ~nw.col("hi").is_null()
    by_clock = ~by_slot & (~nw.col("clock_lo").is_null() | ~nw.col("clock_hi").is_null())
    return {"_slotted": by_slot, "_clocked": by_clock}


@fixed
def _loose() -> nw.Expr:
    slotted, clocked = nw.col("_slotted"), nw.col("_clocked")
    stated = ~slotted & ~clocked & ~nw.col("amount").is_null()
    return (stated | (clocked & ~nw.col("clocked")) | (slotted & (nw.col("numbered") == 0))).alias("loose")


@fixed
def _by_clock() -> nw.Expr:
    return (nw.col("_clocked") & ~nw.col("loose")).alias("by_clock")


@fixed
def _late_minutes() -> nw.Expr:
    stated = nw.when(nw.col("unit_stated") == Unit.MINUTES.value).then(nw.col("amount")).fill_null(0.0)
    return (nw.min_horizontal(stated, nw.lit(MOST_LATE)) + 0.5).floor().cast(nw.Int64)


def _on_units(rows: Frame, own: Frame | None) -> Frame:
    """Say of each pupil's day by which timetable it goes: its own where there is one that day."""
    rows = rows.with_columns(_pupil_day())
    if own is not None:
        rows = rows.join(own, on="pupil_day", how="left").with_columns(_own_first()).drop("own_unit")
    return rows.filter(_has_unit()).with_columns(_unit_day())


@fixed
def _pupil_day() -> nw.Expr:
    return with_day(nw.col("pupil_no"), nw.col("day")).alias("pupil_day")


@fixed
def _own_first() -> nw.Expr:
    return nw.coalesce("own_unit", "unit_no").alias("unit_no")


@fixed
def _has_unit() -> nw.Expr:
    return ~nw.col("unit_no").is_null()


@fixed
def _unit_day() -> nw.Expr:
    return with_day(nw.col("unit_no"), nw.col("day")).alias("unit_day")


def _with_bounds(rows: Frame) -> Frame:
    return rows.select(*_bounds())


@fixed
def _bounds() -> tuple[nw.Expr, ...]:
    first, last = nw.col("day") == nw.col("start_day"), nw.col("day") == nw.col("told_until")
    hi = nw.when(last).then(nw.col("end_slot"))
    # One lesson hour without an end is that hour alone.
    alone = nw.when(nw.col("one_day")).then(nw.col("start_slot"))
    return (
        nw.col("pupil_no", "pupil_day", "unit_no", "unit_day", "code"),
        nw.col("amount", "unit_stated", "record", "one_day", "days_elsewhere"),
        nw.when(first).then(nw.col("start_slot")).alias("lo"),
        nw.coalesce(hi, alone).alias("hi"),
        nw.when(first).then(nw.col("start_minute")).alias("clock_lo"),
        nw.when(last).then(nw.col("end_minute")).alias("clock_hi"),
    )
