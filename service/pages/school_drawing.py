"""Geometry and words for the page about a school: lines by week, a table of hours, dots on a scale."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import ceil, floor

from data_contracts.school_page import Attendance, Hour, Part, Rate
from service import words

WEEK_WIDTH = 20
LINES_HEIGHT = 100
LEAST_SPAN = 0.05
"""A scale shows at least so much: a difference of half a percent may not fill the page."""

STEP = 0.05
"""A scale begins and ends at a multiple of this."""

LOWER, MUCH_LOWER = 0.01, 0.02
"""From this far below the average an hour is marked, once or twice; it decides nothing."""

KINDS = ("first", "second", "third")
"""How lines are drawn, so that they can be told apart without colour: solid, dashed, dotted."""

HALVES = {1: "ochtend", 2: "middag"}


@dataclass(frozen=True)
class Scale:
    """Rates from `low` (at the bottom or left) to `high`."""

    low: Rate
    high: Rate

    def place(self, rate: Rate, length: float) -> float:
        """How far `rate` lies from the low end, on a scale so long."""
        return round((rate - self.low) / (self.high - self.low) * length, 2)

    @property
    def ends(self) -> tuple[str, str]:
        """What to write at either end, the low one first."""
        return f"{words.number(100 * self.low)} %", f"{words.number(100 * self.high)} %"


@dataclass(frozen=True)
class Line:
    """One line by week: its name, how it is drawn, its path, and each week's rate (None where nothing is known)."""

    label: str
    kind: str
    path: str
    rates: tuple[Rate | None, ...]


@dataclass(frozen=True)
class Lines:
    """Attendance by week, on a scale that does not begin at zero: it says so at its ends."""

    width: int
    height: int
    scale: Scale
    weeks: tuple[date, ...]
    lines: tuple[Line, ...]
    summary: str


@dataclass(frozen=True)
class Cell:
    """One hour of a weekday: its rate in words, and how often it is marked (0 to 2) for being lower than the average."""

    text: str
    marks: int


@dataclass(frozen=True)
class HourRow:
    """One lesson hour over the week; a cell is None where there are no lessons, or too few pupils."""

    label: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True)
class Hours:
    """Weekdays across, hours down; the last row is the whole day."""

    days: tuple[str, ...]
    rows: tuple[HourRow, ...]
    whole: HourRow
    summary: str


@dataclass(frozen=True)
class Dot:
    """One part of a school on a scale: its name, pupils and rate in words, and its place in percent of the width."""

    label: str
    pupils: int
    place: float
    text: str


@dataclass(frozen=True)
class Dots:
    """Parts of a school beside each other, with the school's own place."""

    scale: Scale
    school: float
    dots: tuple[Dot, ...]


def share(rate: Rate | None) -> str:
    """Return a rate as *92,7 %*; always one decimal, so that figures stand under each other."""
    return "niet bekend" if rate is None else f"{tenths(rate)}\N{NO-BREAK SPACE}%"


def tenths(rate: Rate) -> str:
    """Return a rate in percent without saying so: *92,7*, for where the heading says it."""
    return f"{100 * rate:.1f}".replace(".", ",")


def difference(rate: Rate, other: Rate) -> str:
    """Return how much higher or lower `rate` is, in words."""
    points = round(100 * (rate - other), 1)
    if not points:
        return "even hoog"
    return f"{words.number(abs(points), 1)} procentpunt {'hoger' if points > 0 else 'lager'}"


def scale_of(rates: Sequence[Rate]) -> Scale:
    """Return a scale that holds all `rates`, in whole steps."""
    # Rounded first: 0.95 is not quite nineteen steps to a computer.
    low = floor(round(min(rates, default=1.0) / STEP, 6)) * STEP
    high = ceil(round(max(rates, default=1.0) / STEP, 6)) * STEP
    high = min(max(high, low + LEAST_SPAN), 1.0)
    return Scale(round(min(low, high - LEAST_SPAN), 2), round(high, 2))


def lines(weeks: Sequence[date], series: Sequence[tuple[str, Sequence[Rate | None]]]) -> Lines | None:
    """Draw each of `series` (a name, and a rate for each of `weeks`); None where there is nothing to draw.

    A series in which nothing is known is left out.
    """
    known = [(label, tuple(rates)) for label, rates in series if any(rate is not None for rate in rates)]
    if not known:
        return None
    scale = scale_of([rate for _, rates in known for rate in rates if rate is not None])
    drawn = tuple(
        Line(label, kind, _path(rates, scale), rates) for kind, (label, rates) in zip(KINDS, known, strict=False)
    )
    return Lines(len(weeks) * WEEK_WIDTH, LINES_HEIGHT, scale, tuple(weeks), drawn, _in_words(drawn))


def _path(rates: Sequence[Rate | None], scale: Scale) -> str:
    points = [
        None if rate is None else (WEEK_WIDTH * place + WEEK_WIDTH // 2, LINES_HEIGHT - scale.place(rate, LINES_HEIGHT))
        for place, rate in enumerate(rates)
    ]
    path = []
    for before, point in pairwise([None, *points]):
        if point is not None:
            x, y = point
            # A week that stands alone is drawn as a short stroke.
            path.append(f"L{x} {y:g}" if before is not None else f"M{x - 4} {y:g}H{x}")
    return "".join(path)


def _in_words(drawn: Sequence[Line]) -> str:
    last = []
    for line in drawn:
        rates = [rate for rate in line.rates if rate is not None]
        last.append(f"{line.label} laatst {share(rates[-1])}, op zijn laagst {share(min(rates))}")
    return f"Aanwezigheid per week: {'; '.join(last)}."


def hours(weekdays: Sequence[Hour], of_hours: Sequence[Hour], *, in_halves: bool) -> Hours | None:
    """Lay out attendance by weekday and hour; None where no day is known.

    Parameters
    ----------
    in_halves
        The school counts half-days, so that 1 is the morning.
    """
    if not weekdays:
        return None
    places = {(one.weekday, one.hour): one.attendance for one in (*weekdays, *of_hours)}
    days = range(max(one.weekday for one in weekdays) + 1)
    usual = _usual(of_hours or weekdays)

    def row(label: str, hour: int | None) -> HourRow:
        return HourRow(label, tuple(_cell(places.get((day, hour)), usual) for day in days))

    numbers = sorted({one.hour for one in of_hours if one.hour is not None})
    return Hours(
        days=words.DAYS[: len(days)],
        rows=tuple(row(hour_label(number, in_halves=in_halves), number) for number in numbers),
        whole=row("hele dag", None),
        summary=_most_lost(of_hours or weekdays, usual, in_halves=in_halves),
    )


def hour_label(number: int, *, in_halves: bool) -> str:
    """Return what a school calls its hour `number`: *3e uur*, *ochtend*."""
    return HALVES.get(number, f"{number}e deel") if in_halves else f"{number}e uur"


def _usual(some: Sequence[Hour]) -> Rate:
    scheduled = sum(one.attendance.scheduled for one in some)
    return 1 - sum(one.attendance.absent for one in some) / scheduled if scheduled else 1.0


def _cell(attendance: Attendance | None, usual: Rate) -> Cell | None:
    if attendance is None or attendance.rate is None:
        return None
    return Cell(tenths(attendance.rate), _marks(attendance.rate, usual))


def _marks(rate: Rate, usual: Rate) -> int:
    below = round(usual - rate, 4)
    return (below >= LOWER) + (below >= MUCH_LOWER)


def _most_lost(some: Sequence[Hour], usual: Rate, *, in_halves: bool) -> str:
    """Say where most lesson time is lost beyond what is usual; a rare hour with a low rate is not where to begin."""
    rates = [(one.attendance.rate, one) for one in some if one.attendance.rate is not None]
    lower = [(rate, one) for rate, one in rates if _marks(rate, usual)]
    if not lower:
        return "Geen dag of uur ligt duidelijk lager dan het gemiddelde."
    rate, most = max(lower, key=lambda item: (usual - item[0]) * item[1].attendance.scheduled)
    place = words.DAYS[most.weekday]
    if most.hour is not None:
        place += f", {hour_label(most.hour, in_halves=in_halves)}"
    return f"Het meeste verlies zit op {place}: {share(rate)} aanwezig, tegen gemiddeld {share(usual)}."


def dots(parts: Sequence[tuple[str, Part]], school: Rate | None) -> Dots | None:
    """Lay out parts of a school, each with what to call it, on one scale; None where there is nothing to lay out."""
    known = [(label, part, part.attendance.rate) for label, part in parts if part.attendance.rate is not None]
    rates = [rate for _, _, rate in known if rate is not None]
    if not rates or school is None:
        return None
    scale = scale_of([*rates, school])

    def place(rate: Rate) -> float:
        return round(2 + scale.place(rate, 96), 2)

    return Dots(
        scale=scale,
        school=place(school),
        dots=tuple(
            Dot(label, part.pupils, place(rate), share(rate)) for label, part, rate in known if rate is not None
        ),
    )
