"""What a parent can read on one or two sheets: what was recorded, what the signal stands on, and who saw it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from data_contracts.reasons import KINDS, Kind
from data_contracts.weekly_list import CalendarDay, Signal
from features.calendar import school_year_start
from service import words
from service.pages.drawing import WHOLE_DAY_SHARE

WEEKS = 12
"""School weeks that the sheet tells of: as far back as most of the sentences look."""


@dataclass(frozen=True)
class KindOfDays:
    """One kind of absence: whether it was authorised, on how many days, and which."""

    label: str
    authorised: str
    days: int
    which: str


@dataclass(frozen=True)
class Recorded:
    """What was recorded in a period.

    Parameters
    ----------
    first, last
        Of the period.
    school_days, days
        How many days there was school, and on how many of them something was recorded.
    kinds
        What, the most days first.
    """

    first: date
    last: date
    school_days: int
    days: int
    kinds: tuple[KindOfDays, ...]


def recorded(signal: Signal, school_days: Sequence[date]) -> Recorded | None:
    """Return what was recorded in the last school weeks of this school year; None where no school day is known.

    Before the first day at this school nothing is known, so nothing is said.
    """
    if not school_days:
        return None
    begins = school_year_start(school_days[-1])
    first = begins if signal.enrolled_from is None else max(begins, signal.enrolled_from)
    known = [day for day in school_days if day >= first]
    mondays = sorted({day - timedelta(days=day.weekday()) for day in known})[-WEEKS:]
    if not mondays:
        return None
    period = [day for day in known if day >= mondays[0]]
    told = [one for one in signal.calendar if one.day >= mondays[0]]
    parts: dict[tuple[str, str], list[CalendarDay]] = {}
    for one in told:
        parts.setdefault((one.kind, one.authorised if _counts(one.kind) else ""), []).append(one)
    kinds = [
        KindOfDays(words.kind_label(kind), words.AUTHORISED.get(authorised, ""), len(days), _which(days, period))
        for (kind, authorised), days in parts.items()
    ]
    ordered = tuple(sorted(kinds, key=lambda one: (-one.days, one.label)))
    return Recorded(period[0], period[-1], len(period), len({one.day for one in told}), ordered)


def _counts(kind: str) -> bool:
    return kind in set(Kind) and KINDS[Kind(kind)].counts


def _which(days: Sequence[CalendarDay], period: Sequence[date]) -> str:
    """Name the days; those that follow each other, and are all whole or all in part, as one row of days."""
    place = {day: number for number, day in enumerate(period)}
    rows = groupby(enumerate(days), key=lambda item: (place.get(item[1].day, -1) - item[0], _part(item[1])))
    found = []
    for (_, part), run in rows:
        of = [one.day for _, one in run]
        text = words.day(of[0]) if len(of) == 1 else f"{words.day(of[0])} t/m {words.day(of[-1])}"
        found.append(f"{text} (deel)" if part else text)
    return ", ".join(found)


def _part(day: CalendarDay) -> bool:
    return 0 < day.absent_minutes < WHOLE_DAY_SHARE * day.scheduled_minutes
