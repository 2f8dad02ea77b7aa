"""How one feature moves the score, as geometry and as a picture of its own (SVG, no library needed)."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from models.scorecard import Shape

WIDTH, HEIGHT = 240, 96
_LEFT, _MISSING = 8, 24  # room at the left edge; for the column of missing values at the right
_EDGE = 6


@dataclass(frozen=True)
class Drawn:
    """A shape in a box of `WIDTH` by `HEIGHT`.

    Parameters
    ----------
    path
        The steps, as the ``d`` of an SVG path.
    zero
        Height of no effect.
    missing
        Height of a missing value; None where that never occurred.
    bars
        Left, width and height of a bar per bin: the share of pupils learned from, drawn from the bottom.
    low, high
        Smallest and largest contribution (log-odds).
    ticks
        Places and values of a few edges.
    """

    path: str
    zero: float
    missing: float | None
    bars: tuple[tuple[float, float, float], ...]
    low: float
    high: float
    ticks: tuple[tuple[float, float], ...]


def drawn(shape: Shape, *, reach: float | None = None) -> Drawn:
    """Lay out a shape: each bin as wide as any other, since edges lie close where most pupils are.

    Parameters
    ----------
    reach
        Largest contribution (log-odds, either way) of the scale, so that shapes beside each other can be compared; by
        default the shape's own.
    """
    known = shape.shares[-1] > 0
    values = [*shape.values, *([shape.missing] if known else [])]
    top = max(0.0, *values) if reach is None else reach
    bottom = min(0.0, *values) if reach is None else -reach
    span = (top - bottom) or 1.0
    step = (WIDTH - _LEFT - _MISSING) / len(shape.values)

    def height(value: float) -> float:
        return round(_EDGE + (HEIGHT - 2 * _EDGE) * (top - value) / span, 1)

    lefts = [round(_LEFT + place * step, 1) for place in range(len(shape.values) + 1)]
    path = f"M{lefts[0]} {height(shape.values[0])}H{lefts[1]}"
    for value, right in zip(shape.values[1:], lefts[2:], strict=True):
        path += f"V{height(value)}H{right}"
    most = max(*shape.shares, 0.0) or 1.0
    bars = [
        (left, round(step, 2), round(share / most * HEIGHT / 3, 1))
        for left, share in zip(lefts, shape.shares[:-1], strict=False)
    ]
    return Drawn(
        path=path,
        zero=height(0.0),
        missing=height(shape.missing) if known else None,
        bars=tuple(bars),
        low=min(values),
        high=max(values),
        ticks=tuple((lefts[place + 1], shape.edges[place]) for place in _few(shape.edges)),
    )


def _few(edges: Sequence[float]) -> list[int]:
    """Places of at most three edges: the first, the middle and the last."""
    return sorted({0, len(edges) // 2, len(edges) - 1}) if edges else []


def plot(shape: Shape) -> str:
    """Return the shape as a complete SVG picture, with its label, scale and a few edges."""
    laid = drawn(shape)
    bars = "".join(
        f'<rect x="{x}" y="{HEIGHT - height}" width="{width}" height="{height}" fill="#d9dee4"/>'
        for x, width, height in laid.bars
    )
    ticks = "".join(
        f'<text x="{x}" y="{HEIGHT + 11}" font-size="9" text-anchor="middle">{edge:g}</text>' for x, edge in laid.ticks
    )
    missing = (
        ""
        if laid.missing is None
        else f'<circle cx="{WIDTH - _MISSING / 2}" cy="{laid.missing}" r="3" fill="#7a4b00"/>'
        f'<text x="{WIDTH - _MISSING / 2}" y="{HEIGHT + 11}" font-size="9" text-anchor="middle">onb.</text>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 -16 {WIDTH} {HEIGHT + 32}" width="480" '
        f'font-family="sans-serif"><title>{escape(shape.label)}</title>'
        f'<text x="{_LEFT}" y="-5" font-size="10">{escape(shape.label)} ({laid.low:+.2f} tot {laid.high:+.2f})</text>{bars}'
        f'<path d="M0 {laid.zero}H{WIDTH}" stroke="#8a94a0" stroke-dasharray="3 3"/>'
        f'<path d="{laid.path}" fill="none" stroke="#0b4f71" stroke-width="2"/>{missing}{ticks}</svg>\n'
    )
