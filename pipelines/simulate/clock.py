"""The school days of one school, and what the season and the weekday do to them."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from data_contracts.identifiers import Region
from data_contracts.school import Closure
from features.calendar import monday, school_days, school_year_start
from pipelines.simulate.arrays import Bools, Dates, Floats, Ints

WEEKS_AFTER = 8
"""School weeks after `until` that only the hidden truth holds: the horizon of the outcome."""

YEARS = 3

# Mean ILI consultation rate of 5-14 year olds in the Netherlands per ISO week 1..53, relative to the mean of all weeks:
# ECDC ERVISS (EUPL-1.2), 2021-W25..2025-W39. Week 53 was never observed: the mean of weeks 52 and 1.
_ILI = (
    *(1.38, 0.73, 2.67, 2.46, 3.98, 2.69, 1.69, 2.39, 0.83, 0.97, 1.03, 2.09, 1.50, 1.42, 1.76, 0.73, 0.48, 0.20),
    *(0.36, 0.36, 0.26, 0.44, 0.49, 0.19, 0.09, 0.21, 0.25, 0.25, 0.38, 0.23, 0.08, 0.16, 0.16, 0.17, 0.08, 0.43),
    *(0.49, 0.48, 0.72, 0.54, 0.40, 0.75, 0.82, 1.12, 1.05, 1.31, 1.22, 1.57, 1.30, 1.57, 2.98, 1.58, 1.48),
)


def ili() -> Floats:
    """ILI per ISO week 1..53, smoothed by a circular mean of five weeks (there were few cases)."""
    raw = np.asarray(_ILI)
    smooth = sum(np.roll(raw, shift) for shift in range(-2, 3)) / 5
    return np.asarray(smooth, dtype=np.float32)


@dataclass(frozen=True)
class Clock:
    """The school days of one school, from the first year until the horizon after `until`.

    Parameters
    ----------
    days
        The dates, in order.
    year
        School year of each day: 0 is the first one simulated.
    weekday
        0 Monday .. 4 Friday.
    week
        Number of the school week, counted over weeks that have school days.
    iso_week
        ISO week number, for the season.
    before_break, after_break
        The last day before, and the first day after, at least five days without school.
    known
        Number of days before `until`.
    """

    days: Dates
    year: Ints
    weekday: Ints
    week: Ints
    iso_week: Ints
    before_break: Bools
    after_break: Bools
    known: int

    @property
    def count(self) -> int:
        """Number of school days."""
        return len(self.days)

    def of_year(self, year: int) -> Ints:
        """Places of the days of one school year."""
        return np.flatnonzero(self.year == year)

    def place(self, dates: Dates) -> Ints:
        """Place of the first school day on or after each date."""
        return np.searchsorted(self.days, dates).astype(np.int64)


def year_starts(until: date) -> list[date]:
    """1 August of each school year, the last one being that of `until`."""
    this = school_year_start(until)
    return [date(this.year - back, this.month, this.day) for back in range(YEARS - 1, -1, -1)]


def make_clock(region: Region, *, until: date, closures: tuple[Closure, ...] = ()) -> Clock:
    """Lay out the school days of a school in `region`, up to `WEEKS_AFTER` school weeks from `until` on."""
    starts = year_starts(until)
    found = school_days(region, starts[0], until + timedelta(weeks=2 * WEEKS_AFTER), closures)
    after = sorted({monday(day) for day in found if day >= until})[:WEEKS_AFTER]
    chosen = [day for day in found if day < until or monday(day) <= after[-1]]
    days = np.asarray(chosen, dtype="datetime64[D]")
    gaps = np.diff(days).astype(np.int64)
    mondays = np.asarray([monday(day) for day in chosen], dtype="datetime64[D]")
    return Clock(
        days=days,
        year=np.searchsorted(np.asarray(starts, dtype="datetime64[D]"), days, side="right") - 1,
        weekday=np.asarray([day.weekday() for day in chosen]),
        week=np.unique(mondays, return_inverse=True)[1].astype(np.int64),
        iso_week=np.asarray([day.isocalendar().week for day in chosen]),
        before_break=np.append(gaps >= 5, False),
        after_break=np.insert(gaps >= 5, 0, True),
        known=int(np.searchsorted(days, np.datetime64(until))),
    )


def season(clock: Clock, power: float) -> Floats:
    """Multiplier of sickness per school day: ILI to a `power`, a quiet first fortnight, mean 1.

    Sources: ILI swings far more than illness absence (power .1-.2); the first weeks after summer are low (week 37 is
    about two thirds of week 38, England).
    """
    shape = ili()[clock.iso_week - 1] ** power
    for year in range(YEARS):
        shape[clock.of_year(year)[:10]] *= 0.75
    return np.asarray(shape / shape.mean(), dtype=np.float32)


def around_breaks(clock: Clock, days: int) -> Bools:
    """The last `days` school days before and the first `days` after a break: when families take extra holiday."""
    near = np.zeros(clock.count, dtype=bool)
    for step in range(days):
        near |= np.roll(clock.before_break, -step) | np.roll(clock.after_break, step)
    return near
