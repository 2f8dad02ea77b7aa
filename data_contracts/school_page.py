"""The page about a school's attendance as it is published: counts and rates, and nothing of any one pupil."""

from collections.abc import Iterable
from datetime import date, datetime

from pydantic import Field

from data_contracts.frozen import Frozen

Rate = float
"""A share of lesson time, 0 to 1."""


class Attendance(Frozen):
    """Lesson time of some pupils together, in minutes: what was scheduled, and what of that was missed."""

    scheduled: int = Field(ge=0)
    absent: int = Field(ge=0)

    @property
    def rate(self) -> Rate | None:
        """Share that was attended; None where nothing was scheduled."""
        return 1 - self.absent / self.scheduled if self.scheduled else None


def total(parts: Iterable[Attendance]) -> Attendance:
    """All of `parts` together."""
    each = list(parts)
    return Attendance(scheduled=sum(one.scheduled for one in each), absent=sum(one.absent for one in each))


class PageWeek(Frozen):
    """One school week of this school year.

    Parameters
    ----------
    own
        The school; nothing scheduled where it was silent that week, so that nobody is known to have been there.
    last_year
        The same calendar week a year earlier; None where there was no school, or nothing is known.
    others
        The other schools of the same sector together; None where they were too few that week.
    """

    week: date
    own: Attendance
    last_year: Attendance | None = None
    others: Attendance | None = None


class Part(Frozen):
    """A class, a year group or a subject, over this school year.

    Parameters
    ----------
    name
        As the school writes it; empty for those that are too small to be shown apart, together.
    pupils
        How many different pupils.
    weeks
        Attendance in each of the page's weeks; None where there were too few pupils. Subjects have none.
    """

    name: str
    pupils: int = Field(ge=0)
    attendance: Attendance
    weeks: tuple[Rate | None, ...] = ()


class Hour(Frozen):
    """A lesson hour (or half-day) of a weekday (Monday 0), over this school year; without ``hour`` the whole day."""

    weekday: int = Field(ge=0, le=6)
    hour: int | None = None
    attendance: Attendance


class Recovery(Frozen):
    """Attendance of pupils before and after the first follow-up that they had this school year.

    Parameters
    ----------
    pupils
        How many had one.
    measured
        Of how many the weeks before and after are known.
    weeks
        How many school weeks before, and as many after.
    before, after
        Of those measured together; None where they are too few to be shown.
    """

    pupils: int = Field(ge=0)
    measured: int = Field(ge=0)
    weeks: int = Field(ge=1)
    before: Attendance | None = None
    after: Attendance | None = None


class SchoolPage(Frozen):
    """Everything the page about a school shows that was counted in the weekly run.

    Parameters
    ----------
    week
        Monday of the week of the list beside which it was published; that week itself does not count.
    as_of
        What was known at this moment counts (UTC).
    fewest
        Classes of fewer pupils are not shown apart.
    weeks
        School weeks of this school year, oldest first.
    years, classes
        Year groups and classes. Each adds up to the school.
    weekdays, hours, subjects
        Hours and subjects are empty where the school delivers none.
    on_norm
        The school delivers no timetable, so lesson time was counted by a norm.
    other_schools
        With how many others it is compared; 0 is not at all.
    """

    school: str
    school_name: str
    sector: str
    week: date
    as_of: datetime
    fewest: int = Field(ge=1)
    weeks: tuple[PageWeek, ...] = ()
    years: tuple[Part, ...] = ()
    classes: tuple[Part, ...] = ()
    weekdays: tuple[Hour, ...] = ()
    hours: tuple[Hour, ...] = ()
    subjects: tuple[Part, ...] = ()
    on_norm: bool = False
    other_schools: int = Field(default=0, ge=0)
    recovery: Recovery | None = None
