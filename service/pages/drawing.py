"""Geometry for the page's drawings: numbers in, places and words out. The templates only put them down."""

import calendar as calendar_rules
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from data_contracts.reasons import KINDS, Authorised, Kind
from data_contracts.weekly_list import AttendanceWeek, CalendarDay, Contribution, Signal
from features.calendar import school_year_start
from service import words

BAR = 8
"""Width of a week in a chart, in units of its view box."""

BAR_GAP = 2
CHART_HEIGHT = 32
SPARK_WEEKS = 12
WATERFALL_STEPS = 8
WHOLE_DAY_SHARE = 0.8
"""From this share of the scheduled minutes a day is drawn as missed altogether."""

SCHOOL_WEEK = 5
LEAST_HEIGHT = 1
"""A week of no attendance at all is still a mark, unlike a week that is not known."""

CLEARLY_LOWER = 0.1
"""From this far below the group a week is drawn darker, so that the eye goes there; it decides nothing."""

FULL = 1.0


@dataclass(frozen=True)
class Bar:
    """One week of a pupil: ``y`` and ``height`` in the view box; no height where nothing is known."""

    x: float
    y: float
    height: float
    known: bool
    low: bool


@dataclass(frozen=True)
class Chart:
    """Attendance by week: bars for the pupil, a stepped line for the group, and the same in words."""

    width: int
    height: int
    bars: tuple[Bar, ...]
    group: str
    summary: str
    weeks: tuple[AttendanceWeek, ...]


def chart(attendance: Sequence[AttendanceWeek], *, weeks: int | None = SPARK_WEEKS) -> Chart | None:
    """Draw attendance over the last `weeks` weeks (None: all), on a scale from 0 to 100 percent.

    Returns
    -------
    Chart or None
        None where there is no week at all.
    """
    shown = tuple(attendance if weeks is None else attendance[-weeks:])
    if not shown:
        return None
    places = max(len(shown), SPARK_WEEKS)
    first = places - len(shown)  # a short history stands at the right, as wide as any other
    return Chart(
        width=places * BAR,
        height=CHART_HEIGHT,
        bars=tuple(bar(first + place, week) for place, week in enumerate(shown)),
        group=_steps([None] * first + [week.group for week in shown]),
        summary=_summary(shown),
        weeks=shown,
    )


def bar(place: int, week: AttendanceWeek) -> Bar:
    """Draw one week at `place`, lower and darker where the pupil was clearly less there than the group."""
    height = max(round((week.pupil or 0) * CHART_HEIGHT, 2), LEAST_HEIGHT)
    usual = FULL if week.group is None else week.group
    return Bar(
        x=place * BAR + BAR_GAP / 2,
        y=round(CHART_HEIGHT - height, 2),
        height=height,
        known=week.pupil is not None,
        low=week.pupil is not None and week.pupil < usual - CLEARLY_LOWER,
    )


def _steps(rates: Sequence[float | None]) -> str:
    path = []
    pen_down = False
    for place, rate in enumerate(rates):
        if rate is None:
            pen_down = False
            continue
        y = round((1 - rate) * CHART_HEIGHT, 2)
        path.append(f"{'L' if pen_down else 'M'}{place * BAR} {y}H{(place + 1) * BAR}")
        pen_down = True
    return "".join(path)


def _summary(shown: Sequence[AttendanceWeek]) -> str:
    known = [week for week in shown if week.pupil is not None]
    text = f"Aanwezigheid in de laatste {words.count(len(shown), 'schoolweek', 'schoolweken')}: "
    if not known:
        return text + "niet bekend."
    last = known[-1]
    low = min(week.pupil for week in known if week.pupil is not None)
    text += f"laatst {words.percent(last.pupil or 0)}, op zijn laagst {words.percent(low)}"
    return text + ("." if last.group is None else f"; de klas in die laatste week {words.percent(last.group)}.")


@dataclass(frozen=True)
class Step:
    """One step of the waterfall, in percent of its width, with its words.

    Parameters
    ----------
    kind
        ``anchor`` (where it begins or ends), ``raises`` or ``lowers``.
    """

    label: str
    kind: str
    x: float
    width: float
    points: str


def waterfall(signal: Signal) -> tuple[Step, ...]:
    """Lay out how the score is built: from the average pupil, up, down, to this pupil. Empty where there is no score.

    The strongest contributions have a step of their own; the others are summed in one, so that it still adds up.
    """
    if signal.baseline is None or signal.log_odds is None or not signal.contributions:
        return ()
    moves = _moves(signal.contributions)
    totals = [signal.baseline]
    for _, amount in moves:
        totals.append(totals[-1] + amount)
    low, high = min(totals), max(totals)
    span = (high - low) or 1.0

    def place(value: float) -> float:
        return round(2 + 96 * (value - low) / span, 2)

    steps = [Step("Gemiddelde leerling", "anchor", place(totals[0]) - 1, 2, words.signed(signal.baseline))]
    for (label, amount), before, after in zip(moves, totals, totals[1:], strict=False):
        left, right = place(min(before, after)), place(max(before, after))
        kind = "raises" if amount >= 0 else "lowers"
        steps.append(Step(label, kind, left, round(right - left, 2), words.signed(amount)))
    steps.append(Step("Deze leerling", "anchor", place(totals[-1]) - 1, 2, words.signed(signal.log_odds)))
    return tuple(steps)


def _moves(contributions: Sequence[Contribution]) -> list[tuple[str, float]]:
    strongest = sorted(contributions, key=lambda one: -abs(one.log_odds))
    own = [one for one in strongest[:WATERFALL_STEPS] if one.log_odds]
    rest = [one for one in strongest[WATERFALL_STEPS:] if one.log_odds]
    raising = [(one.label, one.log_odds) for one in own if one.log_odds > 0]
    lowering = [(one.label, one.log_odds) for one in own if one.log_odds < 0]
    if rest:
        label = f"{words.count(len(rest), 'ander kenmerk', 'andere kenmerken')} samen"
        lowering.append((label, sum(one.log_odds for one in rest)))
    return raising + lowering


@dataclass(frozen=True)
class Cell:
    """One day of the calendar: a letter, a family that decides the pattern, and the same in words."""

    day: date
    letter: str
    family: str
    text: str
    part: bool = False


@dataclass(frozen=True)
class Week:
    """One row of a month: the day of the month it begins with, and a place for each day of the school week."""

    first: int
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True)
class Month:
    """One month; a cell is None where the day is of another month."""

    name: str
    days: tuple[str, ...]
    weeks: tuple[Week, ...]


@dataclass(frozen=True)
class SchoolYear:
    """The months of one school year that have school days, oldest first."""

    name: str
    months: tuple[Month, ...]


@dataclass(frozen=True)
class Legend:
    """One kind that occurs, on how many days."""

    letter: str
    family: str
    label: str
    days: int


def calendar(days: Sequence[CalendarDay], school_days: Sequence[date]) -> tuple[SchoolYear, ...]:
    """Lay out the months that have school days: the newest school year first, its months in order.

    Parameters
    ----------
    days
        Days on which something was registered.
    school_days
        Days on which there was school; other days stay empty.
    """
    registered = {one.day: one for one in days}
    opened = set(school_days) | set(registered)
    width = max([SCHOOL_WEEK, *(one.weekday() + 1 for one in opened)])
    years: dict[int, list[Month]] = {}
    for (year, month), _ in groupby(sorted(opened), key=lambda one: (one.year, one.month)):
        began = school_year_start(date(year, month, 1)).year
        years.setdefault(began, []).append(_month(year, month, registered, opened, width))
    return tuple(
        SchoolYear(f"Schooljaar {began}-{began + 1}", tuple(months)) for began, months in sorted(years.items())[::-1]
    )


def _month(year: int, month: int, registered: dict[date, CalendarDay], opened: set[date], width: int) -> Month:
    rows = [week[:width] for week in calendar_rules.Calendar().monthdatescalendar(year, month)]
    with_school = [place for place, row in enumerate(rows) if any(one.month == month and one in opened for one in row)]
    weeks = []
    for row in rows[with_school[0] : with_school[-1] + 1]:
        cells = tuple(_cell(one, registered, opened) if one.month == month else None for one in row)
        own = [cell for cell in cells if cell]
        weeks.append(Week(own[0].day.day, cells))
    return Month(f"{words.MONTHS[month - 1]} {year}", words.DAYS[:width], tuple(weeks))


def _cell(one: date, registered: dict[date, CalendarDay], opened: set[date]) -> Cell:
    if one not in opened:
        return Cell(one, "", "closed", "geen les, of nog niet op deze school")
    entry = registered.get(one)
    if entry is None:
        return Cell(one, "", "present", "aanwezig")
    label = words.kind_label(entry.kind)
    part = entry.absent_minutes < WHOLE_DAY_SHARE * max(entry.scheduled_minutes, 1)
    if not entry.absent_minutes:
        how_much = ""
    elif part:
        how_much = f", {entry.absent_minutes} van {entry.scheduled_minutes} minuten"
    else:
        how_much = ", de hele dag"
    late = f", {entry.late} keer te laat" if entry.late and entry.kind != Kind.LATE else ""
    return Cell(one, letter(entry.kind), family(entry.kind, entry.authorised), f"{label}{how_much}{late}", part)


def letter(kind: str) -> str:
    """Return the letter of a kind; a kind we do not know has a star."""
    return words.LETTERS[Kind(kind)] if kind in set(Kind) else "*"


def family(kind: str, authorised: str) -> str:
    """Return the pattern a kind is drawn in: sick, event, exempt, or by whether it was authorised."""
    if kind in set(Kind):
        info = KINDS[Kind(kind)]
        if kind == Kind.SICK:
            return "sick"
        if not info.counts:
            return "exempt"
        if info.event_only:
            return "event"
    return {Authorised.YES: "authorised", Authorised.NO: "unauthorised"}.get(Authorised(authorised), "unknown")


def legend(days: Sequence[CalendarDay]) -> tuple[Legend, ...]:
    """Return the kinds that occur, most days first."""
    counted = Counter((one.kind, family(one.kind, one.authorised)) for one in days)
    return tuple(
        Legend(letter(kind), pattern, words.kind_label(kind), amount)
        for (kind, pattern), amount in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    )


def first_shown(school_days: Sequence[date], *, months: int = 12) -> date | None:
    """Return the first day of the `months` months that end with the last school day."""
    if not school_days:
        return None
    last = max(school_days)
    return (last - timedelta(days=round(months * 30.44))).replace(day=1)
