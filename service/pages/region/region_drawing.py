"""Counts of a region by week as bars: only what is told is drawn, on a scale that only knows what is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from service import words
from service.region import Picture
from service.shared import Measure

BAR, HEIGHT = 16, 48
LEAST_WEEKS = 8

LABELS: dict[Measure, str] = {
    Measure.ON_LIST: "Op de lijst",
    Measure.IN_VIEW: "Met aanleiding",
    Measure.DUTY: "Wettelijke drempel",
    Measure.AWAY: "Langdurig afwezig",
    Measure.PUPILS: "Leerlingen",
}
"""What is counted, in the order of the page."""

LEFT_OUT = "niet genoemd"


@dataclass(frozen=True)
class Bar:
    """One week: where it stands, and how high; without a height its count is not told."""

    x: int
    y: float
    height: float | None


@dataclass(frozen=True)
class Chart:
    """One measure by week, oldest first, and the same in words."""

    label: str
    width: int
    height: int
    bars: tuple[Bar, ...]
    summary: str
    weeks: tuple[date, ...]


def charts(pictures: Sequence[Picture]) -> tuple[Chart, ...]:
    """Draw the region as a whole over the weeks of `pictures`; what is told in no week at all is not drawn."""
    ordered = sorted(pictures, key=lambda one: one.week)
    drawn = (_chart(measure, ordered) for measure in LABELS if measure is not Measure.PUPILS)
    return tuple(one for one in drawn if any(bar.height is not None for bar in one.bars))


def _chart(measure: Measure, pictures: Sequence[Picture]) -> Chart:
    counts = [one.region[measure] for one in pictures]
    places = max(len(counts), LEAST_WEEKS)  # a short course stands at the right, as wide as any other
    most = max((count for count in counts if count is not None), default=1)
    told = [f"{words.week(one.week)}: {said(count)}" for one, count in zip(pictures, counts, strict=True)]
    return Chart(
        label=LABELS[measure],
        width=places * BAR,
        height=HEIGHT,
        bars=tuple(_bar(place, count, most) for place, count in enumerate(counts, places - len(counts))),
        summary=f"{LABELS[measure]} per week. {'; '.join(told)}.",
        weeks=tuple(one.week for one in pictures),
    )


def _bar(place: int, count: int | None, most: int) -> Bar:
    height = None if count is None else round(HEIGHT * count / most, 2)
    return Bar(place * BAR, HEIGHT - (height or 0), height)


def said(count: int | None) -> str:
    """Return a count as the page says it."""
    return LEFT_OUT if count is None else f"{count:,}".replace(",", ".")
