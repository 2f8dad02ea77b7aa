"""Scheduled time: who should have been where, per slot, day and week. It is the denominator of every rate.

A *unit* is whatever a timetable is made for: ``g:<group>`` or, where a pupil has rows of its own, ``p:<pupil>``.
Days are whole numbers (days since 1970-01-01) and weeks are the number of their Monday, so that every engine counts
alike; `features.history` turns them back into dates. Units are numbered too (``unit_no``), and a unit's day and slot
are one number (see `features.keys`).
"""

from dataclasses import dataclass

import narwhals as nw

from data_contracts.tables import Register, SlotStatus
from features.frames import Frame, Held, held, settle, with_day_numbers
from features.keys import day_in, day_key_in, number_in, slot_in, with_day, with_slot

UNNUMBERED = 1_000  # slots from here on are lessons without a number, by their start


@dataclass(frozen=True)
class Scheduled:
    """Scheduled time of the units.

    Parameters
    ----------
    units
        ``school, unit, unit_no``.
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
    rows, units = _numbered(timetable, first_day=first_day, end_day=end_day)
    off = rows.any("_off")
    # Parallel lessons of one group in one slot are one slot of its pupils' time: the longest stands.
    counting = rows.frame.filter(~nw.col("_off")) if off else rows.frame
    slots = counting.group_by("unit_slot").agg(nw.col("minutes").max(), nw.col("start_minute").min())
    slots = slots.with_columns(unit_day=day_key_in(nw.col("unit_slot")), slot=slot_in(nw.col("unit_slot")))
    slots = settle(slots)
    if rows.has("slot", 0):
        # Beside lessons, a row for the whole day would count the same time twice.
        lessons, whole = slots.filter(nw.col("slot") > 0), slots.filter(nw.col("slot") == 0)
        slots = settle(nw.concat([lessons, whole.join(lessons, on="unit_day", how="anti")], how="vertical"))
    days = _days(slots)
    if off:
        days = nw.concat([days, _free_days(rows.frame, units, days)], how="vertical")
    days = days.with_columns(unit_no=number_in(nw.col("unit_day")), day=day_in(nw.col("unit_day")))
    days = days.join(units, on="unit_no", how="inner").with_columns(week=week_of(nw.col("day")))
    subjects, days = None, days.with_columns(named=nw.lit(0).cast(nw.Int64))
    if rows.any("_taught"):
        subjects = settle(counting.filter(nw.col("_taught")).group_by("unit_slot").agg(nw.col("subject").min()))
        days = days.drop("named").join(_named(slots, subjects), on="unit_day", how="left")
        days = days.with_columns(nw.col("named").fill_null(0))
    whole_days = held(days)
    return Scheduled(
        units=units,
        slots=slots,
        days=whole_days.frame,
        loose=whole_days.has("numbered", 0),
        untaken=_untaken(rows.frame, slots) if off else None,
        subjects=subjects,
    )


def _numbered(timetable: Frame, *, first_day: int, end_day: int) -> tuple[Held, Frame]:
    """Rows of the timetable with ``unit_slot`` and what becomes of them, and the units with their number."""
    by_group = nw.concat_str(nw.lit("g:"), nw.col("group"), ignore_nulls=True)
    by_pupil = nw.concat_str(nw.lit("p:"), nw.col("pupil"), ignore_nulls=True)
    # A lesson without a number is told apart by its start; a row without either is the day as a whole, slot 0.
    by_start = nw.col("start_minute").cast(nw.Int64) + UNNUMBERED
    taught = "subject" in timetable.collect_schema().names()
    columns = ["start_minute", "minutes", "_off", "_untaken", "_taught", *(["subject"] if taught else [])]
    planned, untaken = nw.col("status") == SlotStatus.PLANNED.value, nw.col("register") == Register.NOT_TAKEN.value
    rows = settle(
        with_day_numbers(timetable, day="date")
        .filter(nw.col("day") >= first_day, nw.col("day") < end_day)
        .with_columns(
            nw.col("minutes").cast(nw.Int64),
            slot=nw.coalesce(nw.col("slot").cast(nw.Int64), by_start).fill_null(0),
            unit=nw.when(nw.col("pupil").is_null()).then(by_group).otherwise(by_pupil),
            _off=~planned | untaken,
            _untaken=planned & untaken,
            _taught=~nw.col("subject").is_null() if taught else nw.lit(value=False),
        )
        .select("school", "unit", "day", "slot", *columns)
    )
    units = rows.select("school", "unit").unique(keep="any").with_row_index("unit_no", order_by=["school", "unit"])
    units = settle(units.with_columns(nw.col("unit_no").cast(nw.Int64)))
    unit_slot = with_slot(with_day(nw.col("unit_no"), nw.col("day")), nw.col("slot"))
    rows = rows.join(units, on=["school", "unit"], how="inner").select("slot", *columns, unit_slot=unit_slot)
    return held(rows), units


_COUNTED = ("scheduled", "slots", "numbered", "first_slot", "last_slot")


def _days(slots: Frame) -> Frame:
    numbered = (nw.col("slot") > 0) & (nw.col("slot") < UNNUMBERED)
    return (
        slots.with_columns(unclocked=nw.col("start_minute").is_null().cast(nw.Int64), numbered=numbered.cast(nw.Int64))
        .group_by("unit_day")
        .agg(
            nw.col("minutes").sum().alias("scheduled"),
            nw.len().alias("slots"),
            nw.col("numbered").sum(),
            nw.col("slot").min().alias("first_slot"),
            nw.col("slot").max().alias("last_slot"),
            nw.col("unclocked").max(),
        )
        .select("unit_day", nw.col(*_COUNTED).cast(nw.Int64), clocked=nw.col("unclocked") == 0)
    )


def _named(slots: Frame, subjects: Frame) -> Frame:
    """Minutes a day of lessons with a subject: ``unit_day, named``."""
    lessons = slots.join(subjects, on="unit_slot", how="semi").group_by("unit_day")
    return lessons.agg(nw.col("minutes").sum().alias("named"))


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


def _untaken(rows: Frame, slots: Frame) -> Frame:
    """Planned slots without a register: ``unit_day, minutes``."""
    missing = rows.filter(nw.col("_untaken")).group_by("unit_slot").agg(nw.col("minutes").max())
    missing = missing.join(slots.select("unit_slot"), on="unit_slot", how="anti").with_columns(
        unit_day=day_key_in(nw.col("unit_slot")), slot=slot_in(nw.col("unit_slot"))
    )
    lessons = nw.concat([each.select("unit_day", "slot") for each in (missing, slots)], how="vertical")
    lessons = lessons.filter(nw.col("slot") > 0).select("unit_day")
    beside = missing.filter(nw.col("slot") == 0).join(lessons, on="unit_day", how="anti")
    return nw.concat([missing.filter(nw.col("slot") > 0), beside], how="vertical").select("unit_day", "minutes")


def own_days(plan: Scheduled, enrolled: Frame) -> Frame | None:
    """Days on which a pupil has a timetable of its own: ``pupil_day, own_unit``; None where nobody has."""
    mine = plan.units.filter(nw.col("unit").str.starts_with("p:")).with_columns(pupil=nw.col("unit").str.slice(2))
    pupils = enrolled.select("school", "pupil", "pupil_no").unique(keep="any")
    found = held(mine.join(pupils, on=["school", "pupil"], how="inner").select("unit_no", "pupil_no"))
    if found.empty():
        return None
    days = plan.days.select("unit_no", "day").join(found.frame, on="unit_no", how="inner")
    return settle(days.select(pupil_day=with_day(nw.col("pupil_no"), nw.col("day")), own_unit=nw.col("unit_no")))


def pupil_weeks(enrolled: Frame, days: Frame, own: Frame | None) -> Frame:
    """Scheduled minutes a pupil and week: ``pupil_week, pupil_no, week, weeks_ago, scheduled, named, days``.

    Parameters
    ----------
    enrolled
        Periods, see `features.enrolled.periods`, with ``unit_no``.
    days
        Unit days that are school days, see `Scheduled`, with ``weeks_ago``.
    own
        See `own_days`.

    Notes
    -----
    Weeks that lie wholly within an enrolment take their group's week. Only the weeks at its edges, and weeks in which
    a pupil has a timetable of its own, are added up day by day.
    """
    key = with_day(nw.col("pupil_no"), nw.col("week"))
    columns = ["pupil_no", "week", "weeks_ago", "scheduled", "named", "days"]
    unit_weeks = days.group_by(["unit_no", "week", "weeks_ago"]).agg(
        nw.col("scheduled", "named").sum(), nw.len().alias("days")
    )
    within = (nw.col("from_day") <= nw.col("week")) & (nw.col("week") + 6 <= nw.col("to_day"))
    touched = (nw.col("from_day") <= nw.col("week") + 6) & (nw.col("week") <= nw.col("to_day"))
    weeks = enrolled.select("pupil_no", "unit_no", "from_day", "to_day").join(unit_weeks, on="unit_no", how="inner")
    weeks = weeks.filter(touched).with_columns(
        nw.col("days").cast(nw.Int64), pupil_week=key, _whole=within, _edge=~within
    )
    own_weeks = None
    if own is not None:
        monday = with_day(number_in(nw.col("pupil_day")), week_of(day_in(nw.col("pupil_day"))))
        own_weeks = own.select(pupil_week=monday).unique(keep="any")
    touching = held(weeks)
    weeks = touching.frame
    whole = weeks.filter(nw.col("_whole"))
    if own_weeks is not None:
        whole = whole.join(own_weeks, on="pupil_week", how="anti")
    elif not touching.any("_edge"):
        return whole.select("pupil_week", *columns)
    by_day = _day_by_day(enrolled, weeks, days, own, own_weeks).with_columns(
        pupil_no=number_in(nw.col("pupil_week")), week=day_in(nw.col("pupil_week"))
    )
    parts = [each.select("pupil_week", *columns) for each in (whole, by_day)]
    return nw.concat(parts, how="vertical")


def _day_by_day(enrolled: Frame, weeks: Frame, days: Frame, own: Frame | None, own_weeks: Frame | None) -> Frame:
    """Scheduled minutes of weeks that are not wholly a group's: ``pupil_week, weeks_ago, scheduled, named, days``."""
    edges = weeks.filter(~nw.col("_whole"))
    if own_weeks is not None:
        irregular = weeks.filter(nw.col("_whole")).join(own_weeks, on="pupil_week", how="semi")
        edges = nw.concat([edges, irregular], how="vertical")
    pupil_day = with_day(nw.col("pupil_no"), nw.col("day"))
    columns = ["pupil_day", "pupil_week", "weeks_ago", "scheduled", "named"]
    covered = (nw.col("from_day") <= nw.col("day")) & (nw.col("day") <= nw.col("to_day"))
    edges = edges.drop("scheduled", "named", "days").join(
        days.select("unit_no", "week", "day", "scheduled", "named"), on=["unit_no", "week"], how="inner"
    )
    edges = edges.filter(covered).with_columns(pupil_day=pupil_day).select(columns)
    if own is not None:
        mine = own.with_columns(pupil_no=number_in(nw.col("pupil_day")), unit_no=nw.col("own_unit"))
        mine = mine.with_columns(day=day_in(nw.col("pupil_day"))).join(
            days.select("unit_no", "day", "week", "weeks_ago", "scheduled", "named"), on=["unit_no", "day"], how="inner"
        )
        mine = mine.join(enrolled.select("pupil_no", "from_day", "to_day"), on="pupil_no", how="inner").filter(covered)
        mine = mine.with_columns(pupil_week=with_day(nw.col("pupil_no"), nw.col("week"))).select(columns)
        edges = nw.concat([edges.join(own, on="pupil_day", how="anti"), mine], how="vertical")
    found = edges.group_by("pupil_week").agg(
        nw.col("weeks_ago").max(), nw.col("scheduled", "named").sum(), nw.len().alias("days")
    )
    return found.with_columns(nw.col("days").cast(nw.Int64))
