"""Attendance of pupils together: by week and class, by weekday, and by lesson hour and subject.

Where a history counts pupil by pupil, this counts what a school is asked about as a whole. All of it is in minutes of
lesson time, and all of it is of days from a first day on.
"""

import narwhals as nw

from data_contracts.reasons import KINDS
from features.absent import EVENT_SLOTS, kind_of
from features.fixed import fixed
from features.frames import Frame, settle
from features.history import History
from features.keys import day_in, number_in, with_day, with_slot
from features.pupil_time import own_days
from features.scheduled import UNNUMBERED, Scheduled, weekday_of

_CODES = {code: KINDS[kind_of(code)[0]] for code in range(3 * (max(info.precedence for info in KINDS.values()) + 1))}
_ABSENT = [code for code, info in _CODES.items() if info.counts and not info.event_only]
_EXCUSED = [code for code, info in _CODES.items() if not info.counts]


def weeks_of(past: History, *, before: int) -> Frame:
    """Attendance by school and week, of weeks before day `before`: ``school, week, scheduled, absent``."""
    weeks = past.weeks.filter(nw.col("week") < before)
    return weeks.group_by("school", "week").agg(
        scheduled=nw.col("scheduled_minutes").sum(), absent=nw.col("absent_minutes").sum()
    )


def placed(past: History, *, first: int) -> Frame:
    """Pupil-weeks from day `first`, each in the class in which the pupil was last that week.

    Returns
    -------
    narwhals.LazyFrame
        ``school, pupil_no, week, group, year_group, scheduled, absent``: every pupil-week once.
    """
    weeks = past.weeks.filter(nw.col("week") >= first).select(
        "school", "pupil_no", "week", scheduled="scheduled_minutes", absent="absent_minutes"
    )
    periods = past.enrolments.filter(nw.col("to_day") >= first)
    touching = weeks.join(
        periods.select("pupil_no", "group", "year_group", "from_day", "to_day"), on="pupil_no", how="inner"
    ).filter((nw.col("from_day") <= nw.col("week") + 6) & (nw.col("week") <= nw.col("to_day")))
    return touching.unique(subset=["pupil_no", "week"], keep="last", order_by=["from_day"]).drop("from_day", "to_day")


def weekdays_of(past: History, *, first: int) -> Frame:
    """Attendance by school and weekday (Monday 0), from day `first`: ``school, weekday, scheduled, absent``."""
    plan = _plan(past)
    there = _there(past, plan, first=first).join(plan.days.select("unit_day", "scheduled"), on="unit_day", how="inner")
    planned = there.group_by("school", "weekday").agg(scheduled=(nw.col("pupils") * nw.col("scheduled")).sum())
    missed = past.days.filter(nw.col("day") >= first).with_columns(weekday=weekday_of(nw.col("day")))
    missed = missed.group_by("school", "weekday").agg(nw.col("absent_minutes", "excused_minutes").sum())
    both = planned.join(missed, on=["school", "weekday"], how="left").with_columns(_none_where_null())
    return both.select(
        "school",
        "weekday",
        scheduled=nw.col("scheduled") - nw.col("excused_minutes"),
        absent="absent_minutes",
    )


def hours_of(past: History, *, first: int) -> Frame:
    """Attendance by lesson: what each timetable planned in an hour of a weekday, from day `first`.

    Only lessons with a number. What was missed without saying when in the day is in none of them.

    Returns
    -------
    narwhals.LazyFrame
        ``school, unit_no, weekday, slot, subject, pupils, scheduled, absent``: ``pupils`` is the most there were at a
        time; ``subject`` is null where none was delivered.
    """
    plan = _plan(past)
    slots = plan.slots.filter((nw.col("slot") > 0) & (nw.col("slot") < UNNUMBERED))
    lessons = slots.select("unit_slot", "unit_day", "slot", "minutes").join(
        _there(past, plan, first=first), on="unit_day", how="inner"
    )
    if plan.subjects is None:
        lessons = lessons.with_columns(subject=nw.lit(None).cast(nw.String))
    else:
        lessons = lessons.join(plan.subjects, on="unit_slot", how="left")
    lessons = lessons.join(_missed(past, first=first), on="unit_slot", how="left").with_columns(_none_where_null())
    required = nw.col("pupils") * nw.col("minutes") - nw.col("excused_minutes")
    keys = ["school", "unit_no", "weekday", "slot", "subject"]
    return (
        lessons.with_columns(scheduled=required, absent=nw.min_horizontal(nw.col("absent_minutes"), required))
        .group_by(keys)
        .agg(nw.col("pupils").max(), nw.col("scheduled", "absent").sum())
    )


@fixed
def _none_where_null() -> nw.Expr:
    return nw.col("absent_minutes", "excused_minutes").fill_null(0)


def _plan(past: History) -> Scheduled:
    if past.plan is None:
        msg = "this history was put together from what is kept, without the timetable behind it"
        raise ValueError(msg)
    return past.plan


def _there(past: History, plan: Scheduled, *, first: int) -> Frame:
    """How many pupils went by each timetable on each school day: ``school, unit_no, unit_day, weekday, pupils``."""
    days = plan.days.filter(nw.col("day") >= first).join(past.school_days, on=["school", "day"], how="semi")
    days = settle(days.select("school", "unit_no", "unit_day", "day"))
    groups = nw.concat_str(nw.lit("g:"), nw.col("group"))
    periods = past.enrolments.filter(nw.col("to_day") >= first).with_columns(unit=groups)
    of_group = periods.join(plan.units, on=["school", "unit"], how="inner")
    there = of_group.select("pupil_no", "unit_no", "from_day", "to_day").join(
        days.select("unit_no", "unit_day", "day"), on="unit_no", how="inner"
    )
    columns = ["pupil_day", "unit_day"]
    there = there.filter(_covered()).with_columns(pupil_day=with_day(nw.col("pupil_no"), nw.col("day")))
    own = own_days(plan, past.enrolments)
    if own is not None:
        mine = own.with_columns(day=day_in(nw.col("pupil_day")), pupil_no=number_in(nw.col("pupil_day")))
        mine = mine.join(periods.select("pupil_no", "from_day", "to_day"), on="pupil_no", how="inner")
        mine = mine.filter(_covered()).with_columns(unit_day=with_day(nw.col("own_unit"), nw.col("day")))
        of_group_alone = there.join(own, on="pupil_day", how="anti").select(columns)
        there = nw.concat([of_group_alone, mine.select(columns)], how="vertical")
    counted = there.group_by("unit_day").agg(pupils=nw.len().cast(nw.Int64))
    return counted.join(days.with_columns(weekday=weekday_of(nw.col("day"))), on="unit_day", how="inner").drop("day")


@fixed
def _covered() -> nw.Expr:
    return (nw.col("from_day") <= nw.col("day")) & (nw.col("day") <= nw.col("to_day"))


def _missed(past: History, *, first: int) -> Frame:
    """Minutes of each timetable's lessons that pupils missed: ``unit_slot, absent_minutes, excused_minutes``."""
    if past.missed is None:
        msg = "this history was put together from what is kept, without the lessons behind it"
        raise ValueError(msg)
    day, minutes, code = day_in(nw.col("pupil_day")), nw.col("minutes"), nw.col("code")
    lessons = past.missed.filter((day >= first) & (nw.col("slot") > 0) & (nw.col("slot") < EVENT_SLOTS))
    return (
        lessons.with_columns(
            unit_slot=with_slot(with_day(nw.col("unit_no"), day), nw.col("slot")),
            absent_minutes=nw.when(code.is_in(_ABSENT)).then(minutes).otherwise(0),
            excused_minutes=nw.when(code.is_in(_EXCUSED)).then(minutes).otherwise(0),
        )
        .group_by("unit_slot")
        .agg(nw.col("absent_minutes", "excused_minutes").sum())
    )
