"""The history of pupils as it was known at a moment: school days, pupil-weeks, pupil-days and spells.

Features, rules, outcomes and the calendar on the page all read this one history.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Literal

import narwhals as nw
from narwhals.typing import IntoFrame

from features.absent import cells
from features.before import Before
from features.calendar import local_date, school_year_start
from features.enrolled import current, periods
from features.fixed import fixed
from features.frames import Frame, held, settle
from features.keys import with_day
from features.known import known
from features.lesson_days import with_lesson_days
from features.pupil_days import lessons_missed, pupil_days
from features.pupil_time import own_days, pupil_weeks
from features.registered import registered
from features.scheduled import Scheduled, scheduled
from features.school_days import closed_days
from features.school_time import SchoolTime, over_time
from features.spells import spells
from features.tables import Tables

EPOCH = date(1970, 1, 1)
FULL_DAY = 0.8
"""Share of a day's scheduled time from which the pupil counts as away that day."""

SUMS = (
    "absent_minutes",
    "sick_minutes",
    "medical_minutes",
    "authorised_minutes",
    "unauthorised_minutes",
    "unexplained_minutes",
    "luxury_minutes",
    "slots_missed",
    "first_slot_missed",
    "last_slot_missed",
    "late_count",
    "late_minutes",
    "removed_count",
)
"""What is added up from pupil-days to pupil-weeks."""


@dataclass(frozen=True)
class History:
    """What was known at `as_of` (UTC) about the school days before it.

    Parameters
    ----------
    as_of
        The moment.
    until
        First day that does not count (the Dutch calendar day of `as_of`, unless asked otherwise).
    pupils
        Pupils enrolled on that day: ``school, pupil, pupil_no, group, year_group, enrolled_from`` (first known day at the
        school).
    enrolments
        All known enrolment periods: ``school, pupil, pupil_no, group, year_group, from_day, to_day`` (day numbers; to_day may lie
        far ahead for an enrolment without an end).
    school_days
        ``school, day, week, number``: days that counted, numbered in order per school.
    school_weeks
        ``school, week, weeks_ago``: weeks with at least one school day; 0 is the newest.
    weeks
        ``school, pupil, pupil_no, week, weeks_ago, scheduled_minutes, days, days_away, days_absent, days_part`` and the
        `SUMS`: every pupil and school week. ``days_part``: days with absence on which the pupil was not away.
    days
        Only pupil-days with a registration: ``school, pupil, pupil_no, unit, day, week, weeks_ago, number, unit_number``
        (as in `numbers`), ``lesson_day`` (see `features.lesson_days`), ``away`` (1 where at least `FULL_DAY` of the day was missed), ``part`` (1 where something was
        missed, but not so much), ``code`` and the minutes and counts of `features.pupil_days.pupil_days`.
    lessons
        Lessons missed on days on which the pupil was not away: ``school, pupil, pupil_no, day, week, weeks_ago, subject,
        lessons``. Only where the school delivers subjects; of parallel lessons the subject that comes first in the alphabet.
    registers
        ``school, week, weeks_ago, planned_minutes, untaken_minutes``: what a school's timetables planned, and of which
        part of it no register was taken.
    numbers
        Days with lessons, numbered per school and per timetable, see `features.spells.numbered`.
    shifts
        See `features.lesson_days.with_lesson_days`.
    closed
        Days left out because (nearly) the whole school was away: ``school, day, away, enrolled`` (numbers of pupils); None
        where there are none.
    before
        What this history goes on from, if it does.
    time
        What was worked out before for all pupils of the school, if it was.
    plan, missed
        The timetables and the missed lessons (`features.absent.cells`) that all this was counted from; None where they
        are not kept.

    Notes
    -----
    ``day``, ``week``, ``first_day`` and the like are day numbers (days since 1970-01-01); `day_of` and `number_of`
    convert. Minutes are whole numbers. ``pupil_no`` numbers the pupils of this history, for quick joins within it.
    """

    as_of: datetime
    until: date
    pupils: Frame
    enrolments: Frame
    school_days: Frame
    school_weeks: Frame
    weeks: Frame
    days: Frame
    lessons: Frame
    registers: Frame
    numbers: Frame
    shifts: Frame | None
    closed: Frame | None
    before: Before | None = None
    time: SchoolTime | None = None
    plan: Scheduled | None = None
    missed: Frame | None = None

    def of_schools(self, name: str, make: Callable[[], Frame]) -> Frame:
        """Return what `make` makes of schools alone: only once for all histories with the same `time`."""
        return make() if self.time is None else self.time.once(name, make)

    @cached_property
    def sick_spells(self) -> Frame:
        """Spells of days with any sickness, see `features.spells`. Of a history that goes on, only days from its first."""
        return settle(spells(self.days.filter(_sick())))


def number_of(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def day_of(number: int) -> date:
    """Return the date of a day number."""
    return EPOCH + timedelta(days=int(number))


def history(
    tables: Tables,
    as_of: datetime,
    *,
    since: date | None = None,
    until: date | None = None,
    closed: Frame | None = None,
    before: Before | None = None,
    time: SchoolTime | None = None,
) -> History:
    """Build the history of all pupils in `tables` as it was known at `as_of`.

    Parameters
    ----------
    tables
        Versions of facts, see `features.tables.Tables`.
    as_of
        Moment (UTC, aware). What was recorded later does not exist.
    since
        First day to look at; by default 1 August of the school year before.
    until
        First day that does not count; by default the Dutch calendar day of `as_of`. A list of a week that is made on its
        Tuesday knows what was known on Tuesday, but looks at the weeks before that week.
    closed
        Closed days (`History.closed`) where they are known already, for `tables` that hold only some of a school's pupils.
    before
        What was counted of the days before `since` (a Monday), where that need not be counted again.
    time
        See `school_time`: then the timetable and `closed` are those of then, and not looked at again.

    Raises
    ------
    ValueError
        `as_of` has no time zone; or `time` is of other days, was known later, or comes with `closed` or `before`.
    """
    first_day, end_day = _stretch(as_of, since, until)
    given = time
    if time is None:
        plan = scheduled(known(tables.timetable, as_of), first_day=first_day, end_day=end_day)
    else:
        if closed is not None or before is not None:
            msg = "time of the schools has closed days of its own, and goes on from nothing"
            raise ValueError(msg)
        time.check(as_of, first_day, end_day)
        plan = time.plan
    numbers_of = None if before is None else before.pupils
    enrolled = periods(known(tables.enrolments, as_of), end_day=end_day, numbers=numbers_of)
    of_group = enrolled.with_columns(_group_unit(), _ended(end_day))
    there = held(of_group.join(plan.units, on=["school", "unit"], how="left"))
    enrolled = there.frame.drop("_ended")
    own = own_days(plan, enrolled)
    rows = known(tables.absences, as_of).rename({"unit": "unit_stated"})
    told_from = None if before is None else before.first_day
    found = registered(rows, enrolled, plan, own, first_day=first_day, end_day=end_day, told_from=told_from)
    missed = cells(found, plan)
    missed = missed if plan.subjects is None else settle(missed)
    days = settle(_with_away(pupil_days(missed, plan)))
    if time is None:
        shut = closed_days(plan, days, there) if closed is None else held(closed)
        time = over_time(plan, shut, before, as_of=as_of, first_day=first_day, end_day=end_day)
    calendar = time.calendar
    pupils = enrolled.select("school", "pupil", "pupil_no").unique(subset="pupil_no", keep="any")
    # Joining with the calendar leaves the closed days out here too. Where all match, a left join leaves rows in place.
    how: Literal["inner", "left"] = "left" if time.every_day else "inner"
    days = days.join(calendar.places.drop("school", "unit_no", "day", "scheduled", "named"), on="unit_day", how=how)
    found_days = held(days.join(pupils, on="pupil_no", how="left").with_columns(_excused()))
    stretch = first_day, end_day
    days, shifts = with_lesson_days(found_days, there, own, calendar, before, stretch=stretch)
    weeks = _pupil_weeks(pupil_weeks(enrolled, calendar.places, own), days, pupils)
    return History(
        as_of=as_of,
        until=day_of(end_day),
        pupils=settle(current(enrolled, today=end_day)),
        enrolments=enrolled.drop("unit", "unit_no"),
        school_days=calendar.school_days,
        school_weeks=calendar.school_weeks,
        weeks=settle(weeks),
        days=days.drop("pupil_day", "unit_day"),
        lessons=lessons_missed(days, missed, plan.subjects),
        registers=time.registers,
        numbers=calendar.numbers,
        shifts=shifts,
        closed=time.closed,
        before=before,
        time=given,
        plan=plan,
        missed=missed,
    )


def school_time(
    timetable: IntoFrame,
    as_of: datetime,
    *,
    since: date | None = None,
    until: date | None = None,
    closed: Frame | None = None,
) -> SchoolTime:
    """Work out once what is the same for all pupils of a school, so that each can be counted on its own.

    Parameters
    ----------
    timetable
        Versions of the timetable of whole schools, see `features.tables.Tables`.
    as_of, since, until
        See `history`, which takes this for any moment of the same day from `as_of` on. Whoever keeps it makes it anew
        when the timetable changes.
    closed
        Closed days (`History.closed`), which only the days of all pupils can tell.

    Raises
    ------
    ValueError
        `as_of` has no time zone.
    """
    first_day, end_day = _stretch(as_of, since, until)
    plan = scheduled(known(timetable, as_of), first_day=first_day, end_day=end_day)
    shut = None if closed is None else held(closed)
    found = over_time(plan, shut, None, as_of=as_of, first_day=first_day, end_day=end_day)
    return replace(found, registers=settle(found.registers))


def _stretch(as_of: datetime, since: date | None, until: date | None) -> tuple[int, int]:
    """Day numbers of the first day to look at and of the first one that does not count."""
    if as_of.tzinfo is None:
        msg = "as_of needs a time zone"
        raise ValueError(msg)
    today = until or local_date(as_of)
    first = since or school_year_start(school_year_start(today) - timedelta(days=1))
    return number_of(first), number_of(today)


def _with_away(days: Frame) -> Frame:
    return days.with_columns(*_away_and_part())


@fixed
def _away_and_part() -> dict[str, nw.Expr]:
    share = nw.col("absent_minutes") / nw.max_horizontal(nw.col("scheduled_minutes"), nw.lit(1))
    away = (share >= FULL_DAY) & (nw.col("scheduled_minutes") > 0)
    return {"away": away.cast(nw.Int64), "part": (~away & (nw.col("absent_minutes") > 0)).cast(nw.Int64)}


def _pupil_weeks(scheduled_weeks: Frame, days: Frame, pupils: Frame) -> Frame:
    sums = days.with_columns(*_of_days()).group_by("pupil_week").agg(nw.col(*_COUNTED).sum())
    weeks = scheduled_weeks.join(sums, on="pupil_week", how="left").with_columns(_none_where_null())
    weeks = weeks.with_columns(_required()).drop("scheduled", "excused_minutes", "pupil_week")
    return weeks.join(pupils, on="pupil_no", how="left")


_COUNTED = (*SUMS, "excused_minutes", "days_away", "days_absent", "days_part")


@fixed
def _group_unit() -> nw.Expr:
    return nw.concat_str(nw.lit("g:"), nw.col("group")).alias("unit")


@fixed
def _ended(end_day: int) -> nw.Expr:
    return (nw.col("to_day") < end_day).alias("_ended")


@fixed
def _excused() -> nw.Expr:
    """Whether a pupil who has lessons need not be there all day."""
    return ((nw.col("scheduled_minutes") == 0) & ~nw.col("unit_number").is_null()).alias("_excused")


@fixed
def _sick() -> nw.Expr:
    return nw.col("sick_minutes") > 0


@fixed
def _of_days() -> dict[str, nw.Expr]:
    return {
        "pupil_week": with_day(nw.col("pupil_no"), nw.col("week")),
        "days_away": nw.col("away"),
        "days_part": nw.col("part"),
        "days_absent": nw.col("away") + nw.col("part"),
    }


@fixed
def _none_where_null() -> nw.Expr:
    return nw.col(*_COUNTED).fill_null(0)


@fixed
def _required() -> nw.Expr:
    left = nw.col("scheduled") - nw.col("excused_minutes")
    return nw.max_horizontal(left, nw.lit(0)).alias("scheduled_minutes")
