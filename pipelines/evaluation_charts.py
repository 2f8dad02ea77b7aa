"""Drawings of an evaluation, as inline SVG: numbers in, geometry out. Colours come from the page's stylesheet."""

import math
from collections.abc import Callable, Sequence
from html import escape

from markupsafe import Markup

from models.figures import Bin, Curve, Figure

WIDTH, HEIGHT = 360, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 22, 12, 40
_BIN = 5  # school days, a week
_MOST_BINS = 16
_FLOOR = 1e-4  # one in ten thousand: below it a share is drawn at the edge
_BAR = 100
_MOST_STEPS = 5


def curve_chart(curves: Sequence[tuple[str, Curve]], cases: int) -> Markup:
    """Share of the new cases found, by list length; each curve comes with its class in the stylesheet."""
    most = max((value for _, curve in curves for value in curve.found), default=0.0)
    top = _round_up(most / cases) if cases else 1.0
    longest = max((length for _, curve in curves for length in curve.lengths), default=1.0)
    x, y = _linear(longest, _LEFT, WIDTH - _RIGHT), _linear(top, HEIGHT - _BOTTOM, _TOP)
    parts = [_grid_line(y(share)) + _tick_left(y(share), f"{100 * share:.0f} %") for share in _steps(top)]
    parts += [_tick_below(x(length), f"{length}x") for length in range(1, int(longest) + 1)]
    parts.append(f'<line class="mark" x1="{x(1):.1f}" x2="{x(1):.1f}" y1="{_TOP}" y2="{HEIGHT - _BOTTOM}"/>')
    for style, curve in curves:
        points = [(0.0, 0.0), *zip(curve.lengths, (found / max(cases, 1) for found in curve.found), strict=True)]
        path = " ".join(f"{x(length):.1f},{y(share):.1f}" for length, share in points)
        parts.append(f'<polyline class="line {style}" points="{path}"/>')
    parts.append(_caption("lengte van de lijst, in keren de eigen lijst"))
    return _svg(parts, "Deel van de nieuwe gevallen dat gevonden wordt, bij langere en kortere lijsten")


def reliability_chart(bins: Sequence[Bin], listed: tuple[float, Figure] | None) -> Markup:
    """What was predicted against what came of it, both on a logarithmic scale; the listed pupils apart."""
    values = [one.predicted for one in bins] + [one.observed.high or 0.0 for one in bins]
    if listed is not None:
        values += [listed[0], listed[1].high or 0.0]
    top = 10 ** math.ceil(math.log10(max([*values, 0.01])))
    x, y = _logarithmic(top, _LEFT, WIDTH - _RIGHT), _logarithmic(top, HEIGHT - _BOTTOM, _TOP)
    parts = []
    for power in range(int(math.log10(_FLOOR)), round(math.log10(top)) + 1):
        share = 10.0**power
        text = f"{100 * share:g} %".replace(".", ",")
        parts.append(_grid_line(y(share)) + _tick_left(y(share), text) + _tick_below(x(share), text))
    parts.append(f'<line class="mark" x1="{x(_FLOOR):.1f}" y1="{y(_FLOOR):.1f}" x2="{x(top):.1f}" y2="{y(top):.1f}"/>')
    parts += [_point(x(one.predicted), one.observed, y, "dot") for one in bins]
    if listed is not None:
        parts.append(_point(x(listed[0]), listed[1], y, "dot listed"))
    parts.append(_caption("verwacht deel (logaritmisch)"))
    return _svg(parts, "Verwacht en uitgekomen deel met de uitkomst, per tiende van de leerlingen")


def days_chart(days: Sequence[int], description: str) -> Markup:
    """How often each number of school days occurred, in bars of a week; 0 is marked."""
    if not days:
        return Markup("")
    first = max(math.floor(min(days) / _BIN), math.floor(max(days) / _BIN) - _MOST_BINS + 1)
    last = math.floor(max(days) / _BIN)
    counts = [0] * (last - first + 1)
    for day in days:
        counts[max(math.floor(day / _BIN), first) - first] += 1
    height = HEIGHT - 70
    step = (WIDTH - _LEFT - _RIGHT) / len(counts)
    y = _linear(float(max(counts)), height - _BOTTOM, _TOP)
    parts = [_grid_line(y(value)) + _tick_left(y(value), f"{value:g}") for value in _whole_steps(max(counts))]
    for place, count in enumerate(counts):
        left = _LEFT + place * step
        style = "column" if (first + place) * _BIN >= 0 else "column late"
        bar = f'x="{left + 1:.1f}" width="{max(step - 2, 1):.1f}" y="{y(count):.1f}"'
        parts.append(f'<rect class="{style}" {bar} height="{height - _BOTTOM - y(count):.1f}"/>')
    every = max(1, math.ceil(len(counts) / 8))
    places = range(0, len(counts) + 1, every)
    parts += [_tick_below(_LEFT + place * step, str((first + place) * _BIN), base=height) for place in places]
    parts.append(_caption("schooldagen", base=height))
    return _svg(parts, description, height=height)


def interval_bar(figure: Figure, most: float, kind: str) -> Markup:
    """One row of a comparison: a bar up to the value, and its interval."""
    if figure.value is None or not most:
        return Markup("")
    value, low, high = (_BAR * (one or 0.0) / most for one in (figure.value, figure.low, figure.high))
    return Markup(  # noqa: S704 - numbers and a word of ours
        f'<svg class="interval" viewBox="0 0 {_BAR} 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="upto {escape(kind)}" x="0" y="2" width="{value:.2f}" height="6"/>'
        f'<line class="reach" x1="{low:.2f}" x2="{min(high, _BAR):.2f}" y1="5" y2="5"/></svg>'
    )


def _svg(parts: Sequence[str], label: str, *, height: int = HEIGHT) -> Markup:
    body = "".join(parts)
    box = f'viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}"'
    return Markup(f'<svg class="chart" {box}>{body}</svg>')  # noqa: S704 - every text in it was escaped


def _linear(top: float, start: float, end: float) -> Callable[[float], float]:
    return lambda value: start + (end - start) * value / (top or 1.0)


def _logarithmic(top: float, start: float, end: float) -> Callable[[float], float]:
    low, span = math.log10(_FLOOR), math.log10(top) - math.log10(_FLOOR)
    return lambda value: start + (end - start) * (math.log10(min(max(value, _FLOOR), top)) - low) / span


def _point(x: float, observed: Figure, y: Callable[[float], float], style: str) -> str:
    value, low, high = observed.value or 0.0, observed.low or 0.0, observed.high or 0.0
    reach = f'<line class="reach" x1="{x:.1f}" x2="{x:.1f}" y1="{y(low):.1f}" y2="{y(high):.1f}"/>'
    return f'{reach}<circle class="{style}" cx="{x:.1f}" cy="{y(value):.1f}" r="4"/>'


def _grid_line(y: float) -> str:
    return f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'


def _tick_left(y: float, text: str) -> str:
    return f'<text class="tick" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(text)}</text>'


def _tick_below(x: float, text: str, *, base: int = HEIGHT) -> str:
    return f'<text class="tick" x="{x:.1f}" y="{base - _BOTTOM + 16}" text-anchor="middle">{escape(text)}</text>'


def _caption(text: str, *, base: int = HEIGHT) -> str:
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    return f'<text class="tick" x="{middle:.1f}" y="{base - 6}" text-anchor="middle">{escape(text)}</text>'


def _round_up(share: float) -> float:
    """Next of 5, 10, 20, 40, 60, 80 and 100 percent."""
    return next((step for step in (0.05, 0.1, 0.2, 0.4, 0.6, 0.8) if share <= step), 1.0)


def _steps(top: float) -> list[float]:
    return [top * part / 4 for part in range(5)]


def _whole_steps(most: int) -> list[int]:
    step = next(
        size for size in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, most) if most / size <= _MOST_STEPS or size == most
    )
    return list(range(0, most + 1, step))
