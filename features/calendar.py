"""School calendar: which days are school days where a school delivers no timetable of its own.

Source: ``features/calendars/nl.toml`` (OpenHolidays, ODbL). A school's own timetable always wins over this.
"""

import tomllib
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Protocol
from zoneinfo import ZoneInfo

from dateutil.easter import easter

from data_contracts.errors import SettingsError
from data_contracts.identifiers import Region

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
WEEKEND = 5  # date.weekday() of Saturday
FIRST_MONTH = 8  # a school year runs from 1 August to 31 July


class Span(Protocol):
    """Days from `first` to `last`, inclusive."""

    @property
    def first(self) -> date: ...  # noqa: D102
    @property
    def last(self) -> date: ...  # noqa: D102


@cache
def _calendar() -> dict[str, object]:
    text = files("features").joinpath("calendars/nl.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def holidays(region: Region) -> tuple[tuple[str, date, date], ...]:
    """School holidays of `region`: name, first day and last day, inclusive, in order of date."""
    entries = _calendar()["holiday"]
    assert isinstance(entries, list)  # noqa: S101 - the file is ours
    spans = [(str(entry["name"]), first, last) for entry in entries for first, last in entry[region.value]]
    return tuple(sorted(spans, key=lambda span: span[1]))


def covered() -> tuple[date, date]:
    """First and last day for which `holidays` is complete."""
    calendar = _calendar()
    first, last = calendar["covered_from"], calendar["covered_to"]
    assert isinstance(first, date)  # noqa: S101 - the file is ours
    assert isinstance(last, date)  # noqa: S101
    return first, last


@cache
def public_holidays(year: int) -> frozenset[date]:
    """Days on which every Dutch school is closed: New Year, Easter Monday, King's Day, Ascension, Whit Monday, Christmas.

    King's Day is 27 April, or the 26th when the 27th is a Sunday. Good Friday and 5 May are the school's own choice.
    """
    sunday = easter(year)
    kings_day = date(year, 4, 27)
    if kings_day.isoweekday() == 7:  # noqa: PLR2004 - Sunday
        kings_day -= timedelta(days=1)
    return frozenset(
        {
            date(year, 1, 1),
            sunday + timedelta(days=1),
            kings_day,
            sunday + timedelta(days=39),
            sunday + timedelta(days=50),
            date(year, 12, 25),
            date(year, 12, 26),
        }
    )


def school_days(region: Region | None, first: date, last: date, closures: Sequence[Span] = ()) -> list[date]:
    """Weekdays from `first` to `last` inclusive, without holidays of the region and closures of the school.

    Parameters
    ----------
    region
        Holiday region; None for a school abroad: then only weekends and `closures` are left out.
    first, last
        Period, inclusive.
    closures
        The school's own days off.

    Raises
    ------
    SettingsError
        The period lies outside the years for which the holidays are known.
    """
    spans: list[tuple[date, date]] = [(span.first, span.last) for span in closures]
    free: set[date] = set()
    if region is not None and first <= last:
        known_from, known_to = covered()
        if first < known_from or last > known_to:
            detail = f"schoolvakanties zijn bekend van {known_from} tot en met {known_to}; gevraagd: {first} - {last}"
            remedy = "Lever een rooster voor deze periode, of vul features/calendars/nl.toml aan."
            raise SettingsError(detail, remedy=remedy)
        spans += [(start, end) for _, start, end in holidays(region)]
        free.update(*(public_holidays(year) for year in range(first.year, last.year + 1)))
    for start, end in spans:
        free.update(_days(max(start, first), min(end, last)))
    return [day for day in _days(first, last) if day.weekday() < WEEKEND and day not in free]


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def monday(day: date) -> date:
    """Return the Monday of the week of `day`. Weeks are keyed on this date, never on a week number."""
    return day - timedelta(days=day.weekday())


def school_year_start(day: date) -> date:
    """1 August on or before `day`."""
    return date(day.year if day.month >= FIRST_MONTH else day.year - 1, FIRST_MONTH, 1)


def local_date(moment: datetime) -> date:
    """Return the Dutch calendar day of a UTC `moment`."""
    return moment.astimezone(AMSTERDAM).date()


def working_days_after(day: date, count: int) -> date:
    """Return the day that lies `count` working days after `day` (weekends and public holidays do not count)."""
    while count:
        day += timedelta(days=1)
        if day.weekday() < WEEKEND and day not in public_holidays(day.year):
            count -= 1
    return day
