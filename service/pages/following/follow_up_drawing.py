"""Attendance before and after a follow-up, and the clock of a pupil who is away for long: numbers in, places and words out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from data_contracts.weekly_list import AttendanceWeek, Signal
from service import words
from service.following.undoing import FIGURES
from service.pages import drawing

GAP = 1
"""Places between before and after: the week of the follow-up itself."""

MONTHS_A_YEAR = 12
LAST_DAY_OF_ALL = 28
"""The last day that every month has."""


@dataclass(frozen=True)
class Around:
    """Attendance in the weeks around a day: bars, the place of the day between them, and the same in words."""

    width: int
    height: int
    bars: tuple[drawing.Bar, ...]
    line: float
    text: str


def around(attendance: Sequence[AttendanceWeek], day: date) -> Around:
    """Draw the school weeks before and after the week of `day`."""
    weeks = FIGURES["compared_weeks"]
    monday = day - timedelta(days=day.weekday())
    before = [one for one in attendance if one.week < monday][-weeks:]
    after = [one for one in attendance if one.week > monday][:weeks]
    first = weeks - len(before)
    bars = [drawing.bar(first + place, one) for place, one in enumerate(before)]
    bars += [drawing.bar(weeks + GAP + place, one) for place, one in enumerate(after)]
    width = (2 * weeks + GAP) * drawing.BAR
    return Around(width, drawing.CHART_HEIGHT, tuple(bars), width / 2, _compared(before, after))


def _compared(before: Sequence[AttendanceWeek], after: Sequence[AttendanceWeek]) -> str:
    known = [[one.pupil for one in side if one.pupil is not None] for side in (before, after)]
    earlier, later = known
    if len(earlier) < FIGURES["least_weeks"]:
        return "Van de weken ervoor is te weinig bekend om te vergelijken."
    text = f"In {_weeks(earlier)} ervoor {words.percent(sum(earlier) / len(earlier))} aanwezig"
    if len(later) < FIGURES["least_weeks"]:
        return f"{text}; voor een vergelijking is het nog te vroeg."
    return f"{text}, in {_weeks(later)} erna {words.percent(sum(later) / len(later))}."


def _weeks(known: Sequence[float]) -> str:
    return f"de {len(known)} schoolweken"


@dataclass(frozen=True)
class Mark:
    """A moment on the clock: what it is called, when, whether it has passed, and where it is drawn (percent)."""

    label: str
    day: date
    passed: bool
    place: float


@dataclass(frozen=True)
class Clock:
    """How long a pupil has been away, as far as is known: since which Monday, how many weeks, the marks, and how far it is.

    Parameters
    ----------
    at_least
        The row goes back to the first week that the list knows of, so it may be longer.
    place
        Percent.
    """

    since: date
    at_least: bool
    weeks: int
    marks: tuple[Mark, ...]
    place: float


def clock(signal: Signal, *, today: date) -> Clock | None:
    """Read from the weeks how long a pupil has hardly been there; None where the last known week was another.

    It counts up to the end of the last week that is known: nobody knows whether the pupil came back after that.
    """
    figures = FIGURES["clock"]
    since: date | None = None
    for one in reversed(signal.attendance):
        if one.pupil is None:
            continue  # not known is neither here nor away
        if one.pupil > figures["present_at_most"]:
            break
        since = one.week
    if since is None:
        return None
    known = [one.week for one in signal.attendance if one.pupil is not None]
    until = min(today, known[-1] + timedelta(weeks=1))
    moments = (
        (f"{figures['weeks']} weken", since + timedelta(weeks=figures["weeks"])),
        (f"{figures['months']} maanden", months_later(since, figures["months"])),
    )
    whole = (moments[-1][1] - since).days
    marks = tuple(Mark(label, day, day <= until, _percent((day - since).days, whole)) for label, day in moments)
    return Clock(since, since == known[0], (until - since).days // 7, marks, _percent((until - since).days, whole))


def _percent(days: int, whole: int) -> float:
    return round(min(100 * days / whole, 100), 1)


def months_later(day: date, months: int) -> date:
    """Return the same day so many months later, or the last day that every month has."""
    years, month = divmod(day.month - 1 + months, MONTHS_A_YEAR)
    try:
        return day.replace(year=day.year + years, month=month + 1)
    except ValueError:
        return day.replace(year=day.year + years, month=month + 1, day=LAST_DAY_OF_ALL)
