"""The page about a school as the pipeline publishes it, made by hand."""

from datetime import UTC, date, datetime, timedelta

from sample_lists import WEEK

from data_contracts.school_page import Attendance, Hour, PageWeek, Part, Recovery, SchoolPage
from data_contracts.weekly_list import WeeklyList

FIRST = date(2026, 8, 31)
MONDAYS = tuple(FIRST + timedelta(weeks=n) for n in range(11) if n != 7)
SILENT = MONDAYS[5]


def minutes(scheduled: int, absent: int) -> Attendance:
    return Attendance(scheduled=scheduled, absent=absent)


def page_of(weekly: WeeklyList) -> SchoolPage:
    """The page beside one of the sample lists."""
    return school_page(weekly.school, name=weekly.school_name, sector=weekly.sector, week=weekly.week)


def school_page(
    school: str = "11ZZ03", *, name: str = "Het Baken College", sector: str = "vo", week: date = WEEK, **changes: object
) -> SchoolPage:
    """Ten weeks, one of them silent; on Monday the first hour is much lower than the others."""
    weeks = tuple(
        PageWeek(
            week=monday,
            own=minutes(0, 0) if monday == SILENT else minutes(10_000, 600 + 20 * place),
            last_year=None if place == 4 else minutes(10_000, 700),
            others=minutes(40_000, 3_000),
        )
        for place, monday in enumerate(MONDAYS)
    )
    rates = tuple(None if monday == SILENT else 0.9 + 0.004 * place for place, monday in enumerate(MONDAYS))
    page = SchoolPage(
        school=school,
        school_name=name,
        sector=sector,
        week=week,
        as_of=datetime(week.year, week.month, week.day, 5, tzinfo=UTC),
        fewest=5,
        weeks=weeks,
        years=(
            Part(name="12", pupils=120, attendance=minutes(60_000, 3_000)),
            Part(name="", pupils=9, attendance=minutes(4_000, 400)),
        ),
        classes=(
            Part(name="2hv1", pupils=28, attendance=minutes(14_000, 1_400), weeks=rates),
            Part(name="3m2", pupils=26, attendance=minutes(13_000, 650), weeks=rates),
        ),
        weekdays=tuple(Hour(weekday=day, attendance=minutes(18_000, 1_200)) for day in range(5)),
        hours=tuple(
            Hour(weekday=day, hour=hour, attendance=minutes(3_000, 450 if (day, hour) == (0, 1) else 180))
            for day in range(5)
            for hour in range(1, 7)
        ),
        subjects=(Part(name="wi", pupils=120, attendance=minutes(9_000, 540)),),
        other_schools=4,
        recovery=Recovery(pupils=14, measured=8, weeks=4, before=minutes(10_000, 2_000), after=minutes(10_000, 1_500)),
    )
    return page.model_copy(update=changes)
