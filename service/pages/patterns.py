"""How the absence of one pupil runs: in which periods, on which days of the week, and of which hours and subjects.

Periods and days are counted from the calendar on the page; hours and subjects are what the score counted.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from data_contracts.reasons import KINDS, Kind
from data_contracts.weekly_list import CalendarDay, Contribution
from features.calendar import monday, school_year_start
from features.catalogue import feature
from models.explain import periods_of, sentence
from service import words
from service.pages.drawing import SCHOOL_WEEK

NEWEST = 6
"""So many periods are told."""


LESSONS = (
    "first_slot_missed_12w",
    "first_slot_share_12w",
    "last_slot_missed_12w",
    "subjects_missed_12w",
    "top_subject_share_12w",
)
"""Features that tell hours and subjects."""


@dataclass(frozen=True)
class Period:
    """School days one after another with absence; weekends, holidays and closed days do not break it."""

    first: date
    last: date
    days: int
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Weekday:
    """On how many of its school days there was absence."""

    name: str
    missed: int
    days: int


@dataclass(frozen=True)
class Pattern:
    """The absence of this school year: how many periods, the newest of them, and the days of the week."""

    periods: int
    newest: tuple[Period, ...]
    weekdays: tuple[Weekday, ...]


def pattern(days: Sequence[CalendarDay], school_days: Sequence[date]) -> Pattern | None:
    """Return how the absence of the newest school year runs; None where there is none.

    Parameters
    ----------
    days
        Days on which something was registered.
    school_days
        Days on which there was school.
    """
    missed = {one.day: one for one in days if one.absent_minutes and _counts(one.kind)}
    opened = sorted(set(school_days) | set(missed))
    this_year = [one for one in opened if one >= school_year_start(opened[-1])] if opened else []
    if not any(one in missed for one in this_year):
        return None
    found = list(_periods(this_year, missed))
    return Pattern(len(found), tuple(found[::-1][:NEWEST]), _weekdays(this_year, missed))


def lessons(contributions: Sequence[Contribution], school_days: Sequence[date]) -> tuple[str, ...]:
    """Return which hours and subjects were missed, in sentences; empty without a score, or where nothing of it is known.

    Parameters
    ----------
    contributions
        The parts of the score.
    school_days
        All days on which there was school, from which the weeks of a window are told.
    """
    missed = {one.feature: one.value for one in contributions if one.value}
    told = [name for name in LESSONS if name in missed]
    if not told or not school_days:
        return ()
    by_week = [(first, list(days)) for first, days in groupby(sorted(school_days), key=monday)]
    weeks = [(first, days[0], days[-1]) for first, days in reversed(by_week)]
    periods = periods_of(weeks, year=school_year_start(weeks[0][2]))
    return tuple(sentence(feature(name), missed, periods) for name in told)


def _counts(kind: str) -> bool:
    return kind not in set(Kind) or KINDS[Kind(kind)].counts


def _periods(opened: Sequence[date], missed: dict[date, CalendarDay]) -> Iterator[Period]:
    """Yield the periods, the oldest first; their kinds with the most days first."""
    for absent, run in groupby(opened, key=missed.__contains__):
        if absent:
            days = list(run)
            kinds = Counter(words.kind_label(missed[one].kind) for one in days)
            yield Period(days[0], days[-1], len(days), tuple(label for label, _ in kinds.most_common()))


def _weekdays(opened: Sequence[date], missed: dict[date, CalendarDay]) -> tuple[Weekday, ...]:
    every, absent = (Counter(one.weekday() for one in found) for found in (opened, filter(missed.__contains__, opened)))
    width = max(SCHOOL_WEEK, max(every) + 1)
    return tuple(Weekday(words.DAYS[place], absent[place], every[place]) for place in range(width))
