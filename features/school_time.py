"""Time of schools: timetables, school days and registers as they were known at a moment; the same for all their pupils."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import narwhals as nw

from features.before import Before
from features.fixed import fixed
from features.frames import Frame, Held, settle
from features.keys import day_in, number_in
from features.scheduled import Scheduled, week_of
from features.school_days import Calendar, calendar_of


@dataclass(frozen=True)
class SchoolTime:
    """What every pupil's history of the same schools and days begins with.

    Parameters
    ----------
    as_of
        The moment as of which it was known.
    first_day, end_day
        Day numbers of the first day that is looked at, and of the first one that does not count.
    plan
        Timetables.
    calendar
        School days: those of `plan` that were not closed.
    every_day
        Whether every day of `plan` is a school day, for certain.
    closed, registers
        See `features.history.History`.
    """

    as_of: datetime
    first_day: int
    end_day: int
    plan: Scheduled
    calendar: Calendar
    every_day: bool
    closed: Frame | None
    registers: Frame
    _made: dict[str, Frame] = field(default_factory=dict, repr=False, compare=False)

    def once(self, name: str, make: Callable[[], Frame]) -> Frame:
        """Return what `make` makes of schools and days alone, worked out the first time that `name` is asked for."""
        if name not in self._made:
            self._made[name] = settle(make())
        return self._made[name]

    def check(self, as_of: datetime, first_day: int, end_day: int) -> None:
        """Refuse another stretch of days, and what was not known yet."""
        if self.as_of > as_of or (self.first_day, self.end_day) != (first_day, end_day):
            msg = "time of the schools is that of other days, or was known later"
            raise ValueError(msg)


def over_time(
    plan: Scheduled, shut: Held | None, before: Before | None, *, as_of: datetime, first_day: int, end_day: int
) -> SchoolTime:
    """Time of schools with timetables `plan`, of which the days `shut` were closed; numbers go on from those `before`."""
    calendar = calendar_of(plan, shut, before)
    every_day = calendar.whole and not plan.loose
    return SchoolTime(
        as_of=as_of,
        first_day=first_day,
        end_day=end_day,
        plan=plan,
        calendar=calendar,
        every_day=every_day,
        closed=None if shut is None else shut.frame,
        registers=_registers(calendar, plan, every_day=every_day),
    )


def _registers(calendar: Calendar, plan: Scheduled, *, every_day: bool) -> Frame:
    """What timetables planned each week, and of which part no register was taken."""
    columns = ["school", "week", "planned_minutes", "untaken_minutes"]
    parts = [calendar.unit_days.with_columns(*_planned()).select(columns)]
    if plan.untaken is not None:
        untaken = plan.untaken.with_columns(*_unit_and_day()).join(plan.units, on="unit_no", how="inner")
        if not every_day:
            # A closed day's registers stay empty for another reason.
            closed = plan.days.join(calendar.school_days.select("school", "day"), on=["school", "day"], how="anti")
            untaken = untaken.join(closed, on=["school", "day"], how="anti")
        parts.append(untaken.with_columns(*_not_taken()).select(columns))
    sums = nw.concat(parts, how="vertical").group_by(["school", "week"])
    return sums.agg(_minutes_a_week()).join(calendar.school_weeks, on=["school", "week"], how="inner")


@fixed
def _unit_and_day() -> dict[str, nw.Expr]:
    return {"unit_no": number_in(nw.col("unit_day")), "day": day_in(nw.col("unit_day"))}


@fixed
def _not_taken() -> dict[str, nw.Expr]:
    minutes = nw.col("minutes")
    return {"week": week_of(nw.col("day")), "planned_minutes": minutes, "untaken_minutes": minutes}


@fixed
def _planned() -> dict[str, nw.Expr]:
    return {"planned_minutes": nw.col("scheduled"), "untaken_minutes": nw.lit(0).cast(nw.Int64)}


@fixed
def _minutes_a_week() -> nw.Expr:
    return nw.col("planned_minutes", "untaken_minutes").sum()
