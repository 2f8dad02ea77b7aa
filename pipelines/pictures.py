"""What the page draws beside a list: registered days, attendance by week against the class, and the school's days."""

from dataclasses import dataclass
from datetime import date
from functools import cache

import narwhals as nw
import polars as pl

from data_contracts.reasons import KINDS
from data_contracts.weekly_list import AttendanceWeek, CalendarDay
from features.absent import kind_of
from features.history import History, day_of, number_of
from models.explain import SchoolWeek, school_weeks
from pipelines.listing import SETTINGS


@dataclass(frozen=True)
class Pictures:
    """One school's part of the history, small enough to hold: the last year's days, the last weeks' attendance.

    Parameters
    ----------
    school_days
        ``day`` of every school day in the history.
    school_weeks
        Weeks of the school, newest first.
    days
        Registered pupil-days, see `features.absent.pupil_days`.
    weeks
        ``pupil, group, week, absent_minutes, scheduled_minutes`` of the weeks to draw.
    since
        Day number from which days are drawn.
    """

    school_days: pl.DataFrame
    school_weeks: list[SchoolWeek]
    days: pl.DataFrame
    weeks: pl.DataFrame
    since: int

    def drawn_days(self) -> tuple[date, ...]:
        """School days to draw, in order."""
        return tuple(day_of(day) for day in self.school_days["day"].sort().to_list() if day >= self.since)

    def calendar(self, pupils: set[str]) -> dict[str, tuple[CalendarDay, ...]]:
        """Registered days of each of `pupils`, in order."""
        found: dict[str, list[CalendarDay]] = {}
        theirs = self.days.filter(pl.col("pupil").is_in(list(pupils))).sort("pupil", "day")
        for pupil, *drawn in theirs.select("pupil", *_DRAWN).rows():
            found.setdefault(pupil, []).append(_calendar_day(*drawn))
        return {pupil: tuple(days) for pupil, days in found.items()}

    def attendance(self, pupils: set[str]) -> dict[str, tuple[AttendanceWeek, ...]]:
        """Attendance a week of each of `pupils`, beside that of the group, oldest first."""
        minutes, scheduled = pl.col("absent_minutes").sum(), pl.col("scheduled_minutes").sum()
        rate = pl.when(scheduled > 0).then(1 - minutes / scheduled)
        groups = self.weeks.group_by("group", "week").agg(group_rate=rate)
        own = self.weeks.filter(pl.col("pupil").is_in(list(pupils))).group_by("pupil", "group", "week").agg(rate=rate)
        found: dict[str, list[AttendanceWeek]] = {}
        for row in own.join(groups, on=["group", "week"]).sort("pupil", "week").to_dicts():
            week = AttendanceWeek.model_construct(week=day_of(row["week"]), pupil=row["rate"], group=row["group_rate"])
            found.setdefault(row["pupil"], []).append(week)
        return {pupil: tuple(theirs) for pupil, theirs in found.items()}


def pictures(past: History) -> dict[str, Pictures]:
    """Part a history by school, once for all of them."""
    since = number_of(past.until) - SETTINGS["calendar_days"]
    recent = past.weeks.filter(nw.col("weeks_ago") < SETTINGS["attendance_weeks"])
    groups = past.pupils.select("school", "pupil", "group")
    weeks = recent.join(groups, on=["school", "pupil"], how="inner")
    frames = [
        pl.DataFrame(frame.collect().to_native())
        for frame in (past.school_days, past.days.filter(nw.col("day") >= since), weeks)
    ]
    school_days, days, drawn = (_by_school(frame) for frame in frames)
    none = [frame.clear() for frame in frames]
    return {
        school: Pictures(school_days[school], of_school, days.get(school, none[1]), drawn.get(school, none[2]), since)
        for school, of_school in school_weeks(frames[0]).items()
    }


def _by_school(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    return {str(school): part for (school,), part in frame.partition_by("school", as_dict=True).items()}


_DRAWN = ("day", "code", "absent_minutes", "scheduled_minutes", "late_count")


@cache  # of ten registered days of an SWV nine are like another's: ill all Tuesday
def _calendar_day(day: int, code: int, absent_minutes: int, scheduled_minutes: int, late: int) -> CalendarDay:
    kind, authorised = kind_of(code)
    # Our own whole numbers: checked again when a list is read back.
    return CalendarDay.model_construct(
        day=day_of(day),
        kind=kind.value,
        absent_minutes=absent_minutes,
        scheduled_minutes=scheduled_minutes,
        late=late,
        authorised=authorised.value if KINDS[kind].counts else "yes",
    )
