"""The history of pupils as it was known at a moment: school days, pupil-weeks, pupil-days and spells.

Features, rules, outcomes and the calendar on the page all read this one history.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import narwhals as nw

from features.absent import absence_days, cells, pupil_days
from features.calendar import local_date, school_year_start
from features.frames import Frame, settle
from features.known import known
from features.scheduled import periods, pupil_weeks, scheduled, without_days
from features.spells import numbered, spells
from features.tables import Tables

EPOCH = date(1970, 1, 1)
FULL_DAY = 0.8
"""Share of a day's scheduled time from which the pupil counts as away that day."""
CLOSED_SHARE = 0.6
"""A day on which more of a school's pupils than this were away was no ordinary school day: it is left out.

Source: on a bank holiday English schools were open in name with 86 % "absent" (DfE daily data, 19 September 2022);
no illness wave in those data comes near it."""

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
        Pupils enrolled on that day: ``school, pupil, group, year_group, enrolled_from`` (first known day at the school).
    enrolments
        All known enrolment periods: ``school, pupil, group, year_group, from_day, to_day`` (day numbers; to_day may lie
        far ahead for an enrolment without an end).
    school_days
        ``school, day, week, number``: days that counted, numbered in order per school.
    school_weeks
        ``school, week, weeks_ago``: weeks with at least one school day; 0 is the newest.
    weeks
        ``school, pupil, week, weeks_ago, scheduled_minutes, days`` ``days_away``, ``days_absent`` and the `SUMS`: every pupil and
        school week.
    days
        Only pupil-days with a registration, see `features.absent.pupil_days`; with ``week``, ``weeks_ago``, ``away``
        (1 where at least `FULL_DAY` of the day was missed).
    numbers
        Days with lessons, numbered per school and per timetable, see `features.spells.numbered`.
    sick_spells
        Spells of days with any sickness, see `features.spells`.

    Notes
    -----
    ``day``, ``week``, ``first_day`` and the like are day numbers (days since 1970-01-01); `day_of` and `number_of`
    convert. Minutes are whole numbers.
    """

    as_of: datetime
    until: date
    pupils: Frame
    enrolments: Frame
    school_days: Frame
    school_weeks: Frame
    weeks: Frame
    days: Frame
    numbers: Frame
    sick_spells: Frame


def number_of(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def day_of(number: int) -> date:
    """Return the date of a day number."""
    return EPOCH + timedelta(days=int(number))


def history(tables: Tables, as_of: datetime, *, since: date | None = None, until: date | None = None) -> History:
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

    Raises
    ------
    ValueError
        `as_of` has no time zone.
    """
    if as_of.tzinfo is None:
        msg = "as_of needs a time zone"
        raise ValueError(msg)
    today = until or local_date(as_of)
    first = since or school_year_start(school_year_start(today) - timedelta(days=1))
    first_day, end_day = number_of(first), number_of(today)
    enrolled = settle(periods(known(tables.enrolments, as_of), end_day=end_day))
    plan = scheduled(known(tables.timetable, as_of), first_day=first_day, end_day=end_day)
    registered = known(tables.absences, as_of).rename({"unit": "unit_stated"}).drop("code")
    rows = settle(absence_days(settle(registered), enrolled, plan, first_day=first_day, end_day=end_day))
    days = pupil_days(rows, cells(rows, plan), plan)
    share = nw.col("absent_minutes") / nw.max_horizontal(nw.col("scheduled_minutes"), nw.lit(1))
    away = (share >= FULL_DAY) & (nw.col("scheduled_minutes") > 0)
    days = settle(days.with_columns(away=away.cast(nw.Int64)))
    closed = settle(_closed_days(days, enrolled))
    unit_days = settle(without_days(plan.days, closed))
    numbers = settle(numbered(unit_days))
    school_days = settle(_school_days(unit_days, numbers))
    school_weeks = settle(_weeks_ago(school_days))
    # Joining with the school days leaves the closed ones out here too.
    days = settle(
        days.join(school_days.select("school", "day", "week"), on=["school", "day"], how="inner").join(
            school_weeks, on=["school", "week"], how="inner"
        )
    )
    weeks = settle(_pupil_weeks(enrolled, unit_days, days, school_weeks))
    return History(
        as_of=as_of,
        until=today,
        pupils=settle(_current(enrolled, today=end_day)),
        enrolments=enrolled.drop("unit"),
        school_days=school_days,
        school_weeks=school_weeks,
        weeks=weeks,
        days=days,
        numbers=numbers,
        sick_spells=settle(spells(days.filter(nw.col("sick_minutes") > 0), numbers)),
    )


def _closed_days(days: Frame, enrolled: Frame) -> Frame:
    """Days on which (nearly) the whole school was away: ``school, day``."""
    away = days.filter(nw.col("away") == 1).group_by(["school", "day"]).agg(nw.len().alias("_away"))
    ever = enrolled.group_by(["school"]).agg(nw.col("pupil").n_unique().alias("_ever"))
    # Few days pass this first sieve, so that enrolment is counted for those alone.
    suspect = away.join(ever, on="school", how="inner").filter(nw.col("_away") > 0.2 * nw.col("_ever"))
    present = (
        suspect.join(enrolled.select("school", "pupil", "from_day", "to_day"), on="school", how="inner")
        .filter((nw.col("from_day") <= nw.col("day")) & (nw.col("day") <= nw.col("to_day")))
        .group_by(["school", "day"])
        .agg(nw.len().alias("_enrolled"), nw.col("_away").max())
    )
    # In a handful of pupils, most being ill at once is no closure.
    return present.filter((nw.col("_away") > CLOSED_SHARE * nw.col("_enrolled")) & (nw.col("_enrolled") >= 20)).select(  # noqa: PLR2004
        "school", "day"
    )


def _school_days(unit_days: Frame, numbers: Frame) -> Frame:
    days = numbers.select("school", "day", "number").unique(subset=["school", "day"], keep="any")
    weeks = unit_days.select("school", "day", "week").unique(subset=["school", "day"], keep="any")
    return days.join(weeks, on=["school", "day"], how="inner")


def _weeks_ago(school_days: Frame) -> Frame:
    weeks = school_days.select("school", "week").unique(subset=["school", "week"], keep="any")
    return weeks.with_columns(weeks_ago=nw.col("week").rank("dense", descending=True).over("school").cast(nw.Int64) - 1)


def _pupil_weeks(enrolled: Frame, unit_days: Frame, days: Frame, school_weeks: Frame) -> Frame:
    keys = ["school", "pupil", "week"]
    sums = (
        days.with_columns(_absent=(nw.col("absent_minutes") > 0).cast(nw.Int64))
        .group_by(keys)
        .agg(
            *(nw.col(name).sum() for name in SUMS),
            nw.col("excused_minutes").sum(),
            nw.col("away").sum().alias("days_away"),
            nw.col("_absent").sum().alias("days_absent"),
        )
    )
    counted = (*SUMS, "excused_minutes", "days_away", "days_absent")
    return (
        pupil_weeks(enrolled, unit_days)
        .join(sums, on=keys, how="left")
        .with_columns(*(nw.col(name).fill_null(0) for name in counted))
        .with_columns(scheduled_minutes=nw.max_horizontal(nw.col("scheduled") - nw.col("excused_minutes"), nw.lit(0)))
        .drop("scheduled", "excused_minutes")
        .join(school_weeks, on=["school", "week"], how="inner")
    )


def _current(enrolled: Frame, *, today: int) -> Frame:
    now = enrolled.filter((nw.col("from_day") <= today) & (today <= nw.col("to_day")))
    since = enrolled.group_by(["school", "pupil"]).agg(nw.col("from_day").min().alias("enrolled_from"))
    return now.select("school", "pupil", "group", "year_group").join(since, on=["school", "pupil"], how="inner")
