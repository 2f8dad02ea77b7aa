"""Scheduled time: who should have been where, per slot, day and week. It is the denominator of every rate.

A *unit* is whatever a timetable is made for: ``g:<group>`` or, where a pupil has rows of its own, ``p:<pupil>``.
Days are whole numbers (days since 1970-01-01) and weeks are the number of their Monday, so that every engine counts
alike; `features.history` turns them back into dates. Units are numbered too (``unit_no``), and a unit's day and slot
are one number (see `features.keys`).
"""

from dataclasses import dataclass

import narwhals as nw

from data_contracts.tables import Register, SlotStatus
from features.fixed import fixed
from features.frames import Frame, Held, held, settle, with_day_numbers
from features.keys import day_in, day_key_in, number_in, slot_in, with_day, with_slot

UNNUMBERED = 1_000  # slots from here on are lessons without a number, by their start


_AUGUST_1969 = -153
"""Day number of 1 August 1969: school years from there on are 365, 365, 366 and 365 days long, and so on to 2099."""


@dataclass(frozen=True)
class Scheduled:
    """Scheduled time of the units.

    Parameters
    ----------
    units
        ``school, unit, unit_no``.
    own
        Whether there may be pupils with a timetable of their own.
    slots
        ``unit_slot, unit_day, slot, start_minute, minutes``; slot 0 is a row for the whole day, slots from `UNNUMBERED`
        on are lessons without a number.
    days
        ``unit_day, unit_no, school, unit, day, week, scheduled, named, slots, numbered, first_slot, last_slot, clocked``:
        minutes (``named``: of lessons with a subject) and slots a day. A pupil's own day may have none.
    loose
        Whether there may be days without numbered slots.
    untaken
        ``unit_day, minutes``: lessons that were planned but of which the register was not taken; None where all were.
    subjects
        ``unit_slot, subject``; None where no subject was delivered.
    """

    units: Frame
    own: bool
    slots: Frame
    days: Frame
    loose: bool
    untaken: Frame | None
    subjects: Frame | None


def week_of(day: nw.Expr) -> nw.Expr:
    """Day number of the Monday of the week of `day` (1970-01-01 was a Thursday)."""
    return day - weekday_of(day)


def weekday_of(day: nw.Expr) -> nw.Expr:
    """Weekday of a day number, Monday 0 to Sunday 6. Written without a remainder, which Arrow does not have."""
    return (day + 3) - (day + 3) // 7 * 7


def scheduled(timetable: Frame, *, first_day: int, end_day: int) -> Scheduled:
    """Scheduled slots and days from `first_day` up to, not including, `end_day`.

    Cancelled lessons and time that is not required are no scheduled time. A register that was not taken leaves it
    unknown whether pupils were there: it leaves the denominator too, and so do absences in it.
    """
    rows, numbered = _numbered(timetable, first_day=first_day, end_day=end_day)
    units = numbered.frame.drop("_own")
    off = rows.any("_off")
    # Parallel lessons of one group in one slot are one slot of its pupils' time: the longest stands.
    counting = rows.frame.filter(_counts()) if off else rows.frame
    slots = settle(counting.group_by("unit_slot").agg(*_longest()).with_columns(*_day_and_slot()))
    if rows.has("slot", 0):
        # Beside lessons, a row for the whole day would count the same time twice.
        lessons, whole = slots.filter(nw.col("slot") > 0), slots.filter(nw.col("slot") == 0)
        slots = settle(nw.concat([lessons, whole.join(lessons, on="unit_day", how="anti")], how="vertical"))
    days = _days(slots)
    if off and numbered.any("_own"):
        days = nw.concat([days, _free_days(rows.frame, units, days)], how="vertical")
    days = days.with_columns(*_unit_and_day()).join(units, on="unit_no", how="inner").with_columns(_week())
    subjects = None
    if rows.any("_taught"):
        subjects = settle(counting.filter(_taught()).group_by("unit_slot").agg(_first_subject()))
    whole_days = held(days)
    return Scheduled(
        units=units,
        own=numbered.any("_own"),
        slots=slots,
        days=whole_days.frame,
        loose=whole_days.has("numbered", 0),
        untaken=_untaken(rows, slots) if rows.any("_untaken") else None,
        subjects=subjects,
    )


@fixed
def _counts() -> nw.Expr:
    return ~nw.col("_off")


@fixed
def _taught() -> nw.Expr:
    return nw.col("_taught")


@fixed
def _first_subject() -> nw.Expr:
    """Of parallel lessons."""
    return nw.col("subject").min()


@fixed
def _longest() -> tuple[nw.Expr, ...]:
    return nw.col("minutes").max(), nw.col("start_minute").min(), nw.col("_taught").any()


@fixed
def _day_and_slot() -> dict[str, nw.Expr]:
    return {"unit_day": day_key_in(nw.col("unit_slot")), "slot": slot_in(nw.col("unit_slot"))}


@fixed
def _unit_and_day() -> dict[str, nw.Expr]:
    return {"unit_no": number_in(nw.col("unit_day")), "day": day_in(nw.col("unit_day"))}


@fixed
def _week() -> nw.Expr:
    return week_of(nw.col("day")).alias("week")


def year_of(week: nw.Expr) -> nw.Expr:
    """School year of the week that begins on day number `week`: that of its Friday, as the year in which it began."""
    friday = week + 4
    return (4 * (friday - _AUGUST_1969) + 2) // (4 * 365 + 1) + 1969


def _numbered(timetable: Frame, *, first_day: int, end_day: int) -> tuple[Held, Held]:
    """Rows of the timetable with ``unit_slot`` and what becomes of them, and the units with their number."""
    taught = "subject" in timetable.collect_schema().names()
    columns = ["start_minute", "minutes", "_off", "_untaken", "_taught", *(["subject"] if taught else [])]
    rows = with_day_numbers(timetable, day="date").filter(_between(first_day, end_day))
    rows = settle(rows.with_columns(*_of_row(taught=taught)).select("school", "unit", "day", "slot", *columns))
    each = rows.select("school", "unit").unique(keep="any").with_row_index("unit_no", order_by=["school", "unit"])
    units = held(each.with_columns(*_number_and_whose()))
    rows = rows.join(units.frame, on=["school", "unit"], how="inner").with_columns(_unit_slot())
    rows = rows.select("slot", *columns, "unit_slot")
    return held(rows), units


@fixed
def _between(first_day: int, end_day: int) -> nw.Expr:
    return (nw.col("day") >= first_day) & (nw.col("day") < end_day)


@fixed
def _of_row(*, taught: bool) -> dict[str, nw.Expr]:
    """What a row of the timetable says; whether subjects are `taught` by name."""
    by_group = nw.concat_str(nw.lit("g:"), nw.col("group"), ignore_nulls=True)
    by_pupil = nw.concat_str(nw.lit("p:"), nw.col("pupil"), ignore_nulls=True)
    # A lesson without a number is told apart by its start; a row without either is the day as a whole, slot 0.
    by_start = nw.col("start_minute").cast(nw.Int64) + UNNUMBERED
    planned, untaken = nw.col("status") == SlotStatus.PLANNED.value, nw.col("register") == Register.NOT_TAKEN.value
    return {
        "minutes": nw.col("minutes").cast(nw.Int64),
        "slot": nw.coalesce(nw.col("slot").cast(nw.Int64), by_start).fill_null(0),
        "unit": nw.when(nw.col("pupil").is_null()).then(by_group).otherwise(by_pupil),
        "_off": ~planned | untaken,
        "_untaken": planned & untaken,
        "_taught": ~nw.col("subject").is_null() if taught else nw.lit(value=False),
    }


@fixed
def _number_and_whose() -> dict[str, nw.Expr]:
    return {"unit_no": nw.col("unit_no").cast(nw.Int64), "_own": nw.col("unit").str.starts_with("p:")}


@fixed
def _unit_slot() -> nw.Expr:
    return with_slot(with_day(nw.col("unit_no"), nw.col("day")), nw.col("slot")).alias("unit_slot")


_COUNTED = ("scheduled", "named", "slots", "numbered", "first_slot", "last_slot")


def _days(slots: Frame) -> Frame:
    return slots.with_columns(*_ways()).group_by("unit_day").agg(*_day_together()).select(*_of_day())


@fixed
def _ways() -> dict[str, nw.Expr]:
    numbered = (nw.col("slot") > 0) & (nw.col("slot") < UNNUMBERED)
    return {
        "unclocked": nw.col("start_minute").is_null().cast(nw.Int64),
        "numbered": numbered.cast(nw.Int64),
        "named": nw.when(nw.col("_taught")).then(nw.col("minutes")).otherwise(0),
    }


@fixed
def _day_together() -> tuple[nw.Expr, ...]:
    return (
        nw.col("minutes").sum().alias("scheduled"),
        nw.len().alias("slots"),
        nw.col("named", "numbered").sum(),
        nw.col("slot").min().alias("first_slot"),
        nw.col("slot").max().alias("last_slot"),
        nw.col("unclocked").max(),
    )


@fixed
def _of_day() -> tuple[nw.Expr, ...]:
    return nw.col("unit_day"), nw.col(*_COUNTED).cast(nw.Int64), (nw.col("unclocked") == 0).alias("clocked")


def _free_days(rows: Frame, units: Frame, days: Frame) -> Frame:
    """Days of a pupil's own on which nothing counts: its row stands in place of the group's all the same."""
    nothing = {name: nw.lit(0).cast(nw.Int64) for name in _COUNTED}
    own = units.filter(nw.col("unit").str.starts_with("p:"))
    return (
        rows.filter(nw.col("_off"))
        .select(unit_day=day_key_in(nw.col("unit_slot")))
        .unique(keep="any")
        .with_columns(unit_no=number_in(nw.col("unit_day")))
        .join(own, on="unit_no", how="semi")
        .join(days.select("unit_day"), on="unit_day", how="anti")
        .select("unit_day", **nothing, clocked=nw.lit(value=True))
    )


def _untaken(rows: Held, slots: Frame) -> Frame:
    """Planned slots without a register: ``unit_day, minutes``."""
    missing = rows.frame.filter(_without_register()).group_by("unit_slot").agg(_most_minutes())
    missing = missing.join(slots.select("unit_slot"), on="unit_slot", how="anti").with_columns(*_day_and_slot())
    if not rows.has("slot", 0):
        return missing.select("unit_day", "minutes")
    lessons = nw.concat([each.select("unit_day", "slot") for each in (missing, slots)], how="vertical")
    lessons = lessons.filter(nw.col("slot") > 0).select("unit_day")
    beside = missing.filter(nw.col("slot") == 0).join(lessons, on="unit_day", how="anti")
    return nw.concat([missing.filter(nw.col("slot") > 0), beside], how="vertical").select("unit_day", "minutes")


@fixed
def _without_register() -> nw.Expr:
    return nw.col("_untaken")


@fixed
def _most_minutes() -> nw.Expr:
    return nw.col("minutes").max()
