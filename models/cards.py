"""Pictures for a model card: each shape of the scorecard, how much each feature does, and how well its chances fit.

Contributions of an additive model are its exact Shapley values, so that these pictures show what a plot of shap's own would
show, for the whole population learned from and without drawing a sample. Shapes are plain SVG, for there are many of them;
matplotlib loads when the calibration is drawn.
"""

import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from models.figures import Bin
from models.scorecard import Scorecard, Shape

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, MUTED, LINE, ACCENT, SOFT = "#17262a", "#556468", "#dcdad1", "#0b5259", "#cfe0df"
_SQUARE = (3.6, 3.5)  # inches
_WIDTH, _HEIGHT = 240, 126
_LEFT, _RIGHT, _TOP, _BOTTOM = 32, 190, 6, 108  # of the axes
_APART = 216  # where a missing value stands
_PILE = 16  # height of the fullest bin, in shares
_MOST_TICKS = 5
_ROUND = 1e-9
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: small, searchable, in the page's own letter
    "font.family": "sans-serif",
    "font.size": 8,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
}
_FACTORS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_ROOM = 1.15
_PERCENT = 0.01
_LEAST = float(np.log(2.0))  # a scale that is finer would blow up nothing


@dataclass(frozen=True)
class Words:
    """Words on a picture, in the reader's language.

    Parameters
    ----------
    missing
        Of a value that is not known.
    predicted, observed
        Of the axes of the calibration.
    number
        Writes a number with a number of decimals.
    """

    missing: str
    predicted: str
    observed: str
    number: Callable[[float, int], str]


def importance(card: Scorecard) -> tuple[tuple[Shape, float], ...]:
    """Shapes with what each does to a score, on average over the pupils learned from (log-odds), most first.

    The mean absolute contribution, from the shares per bin that the scorecard keeps: mean absolute Shapley values of
    exactly that population.
    """
    sizes = [(shape, float(np.dot(shape.shares, np.abs([*shape.values, shape.missing])))) for shape in card.shapes]
    return tuple(sorted(sizes, key=lambda pair: -pair[1]))


def is_flat(shape: Shape) -> bool:
    """Whether a feature does nothing in this model: the same contribution whatever its value."""
    return len({*shape.values, *([shape.missing] if shape.shares[-1] > 0 else [])}) == 1


def reach(card: Scorecard) -> float:
    """Largest contribution of any shape, either way (log-odds): the scale on which all can be compared."""
    return max(_LEAST, *(abs(value) for shape in card.shapes for value in (*shape.values, shape.missing)))


def shape_plot(shape: Shape, *, title: str, most: float, words: Words, percent: bool) -> str:
    """Draw what one feature adds, as an SVG for within a page.

    Parameters
    ----------
    title
        Says what is drawn, for who does not see it.
    most
        Largest contribution of the scale (log-odds), see `reach`.
    percent
        Whether the value is a share, to be written as a percentage.

    Returns
    -------
    str
        The steps over the value of the feature, on a scale of odds, in the band of what repeated learning gave; a dot apart
        for a missing value; below, light, how many pupils have such values.
    """
    low, high = _span(shape.edges)
    bounds = [low, *shape.edges, high]
    across = _Scale(low, high, _LEFT, _RIGHT)
    up = _Scale(-most * _ROOM, most * _ROOM, _BOTTOM, _TOP)
    fullest = max(*shape.shares[:-1], 1e-9)
    bars = "".join(
        f"M{across(left)} {_BOTTOM}V{_BOTTOM - _PILE * share / fullest:.1f}H{across(right)}V{_BOTTOM}Z"
        for left, right, share in zip(bounds, bounds[1:], shape.shares, strict=False)
        if share > 0
    )
    band = "".join(
        f"M{across(left)} {up(max(own))}H{across(right)}V{up(min(own))}H{across(left)}Z"
        for left, right, own in zip(bounds, bounds[1:], zip(*shape.bags, strict=True), strict=False)
    )
    steps = "".join(f"V{up(value)}H{across(right)}" for value, right in zip(shape.values, bounds[1:], strict=True))
    marks = [_mark(_LEFT - 4, up(height) + 3, word, "end") for height, word in _odds(most, words)]
    marks += [
        _mark(across(one), _BOTTOM + 12, word, "middle") for one, word in _ticks(low, high, words, percent=percent)
    ]
    dot = ""
    if shape.shares[-1] > 0:
        dot = f'<circle cx="{_APART}" cy="{up(shape.missing)}" r="3" fill="{ACCENT}"/>'
        marks.append(_mark(_APART, up(shape.missing) + 13, words.missing, "middle"))
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title, quote=True)}">'
        f'<path d="{bars}" fill="{SOFT}"/>'
        f'<path d="M{_LEFT} {_TOP}V{_BOTTOM}H{_RIGHT}M{_LEFT} {up(0.0)}H{_RIGHT}" fill="none" stroke="{MUTED}" stroke-width=".7"/>'
        f'<path d="{band}" fill="{ACCENT}" fill-opacity=".2"/>'
        f'<path d="M{across(low)} {up(shape.values[0])}{steps}" fill="none" stroke="{ACCENT}" stroke-width="1.8"/>'
        f'{dot}<g font-size="9" fill="{MUTED}">{"".join(marks)}</g></svg>'
    )


@dataclass(frozen=True)
class _Scale:
    """From values between `low` and `high` to places between `start` and `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        within = min(max(value, self.low), self.high)
        return round(self.start + (self.end - self.start) * (within - self.low) / (self.high - self.low), 1)


def _mark(x: float, y: float, word: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y:.1f}" text-anchor="{anchor}">{escape(word)}</text>'


def _odds(most: float, words: Words) -> list[tuple[float, str]]:
    """Heights and words of a scale in odds: twice, half."""
    shown = [factor for factor in _FACTORS if abs(np.log(factor)) <= most * _ROOM]
    return [(float(np.log(one)), f"\N{MULTIPLICATION SIGN}{words.number(one, 0 if one >= 1 else 1)}") for one in shown]


def _ticks(low: float, high: float, words: Words, *, percent: bool) -> list[tuple[float, str]]:
    """Round values between `low` and `high`, two to five of them, and their words."""
    width = high - low
    size = 10.0 ** np.floor(np.log10(width))
    step = next(part * size for part in (0.2, 0.5, 1.0, 2.0) if width / (part * size) <= _MOST_TICKS)
    values = np.arange(np.ceil(low / step - _ROUND), np.floor(high / step + _ROUND) + 1) * step
    by, unit = (100, " %") if percent else (1, "")
    digits = max(0, -int(np.floor(np.log10(step * by) + _ROUND)))
    return [(float(one), words.number(by * float(one), digits) + unit) for one in values]


def calibration_plot(bins: Sequence[Bin], *, title: str, words: Words) -> str:
    """Draw predicted against observed shares with their intervals, both on a scale of ratios, as an SVG."""
    with _axes(_SQUARE, title) as (axes, finished):
        known = [one for one in bins if one.observed.value is not None and one.predicted > 0]
        values = [one.predicted for one in known] + [one.observed.value for one in known if one.observed.value]
        low = 10 ** np.floor(np.log10(max(min(values, default=0.001), 1e-4)))
        high = min(1.0, 10 ** np.ceil(np.log10(max(values, default=1.0))))
        axes.plot([low, high], [low, high], color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        for one in known:
            below, above = max(one.observed.low or 0.0, low), max(one.observed.high or 0.0, low)
            axes.plot([one.predicted] * 2, [below, above], color=ACCENT, linewidth=1.2)
            axes.plot([one.predicted], [max(one.observed.value or 0.0, low)], "o", color=ACCENT, markersize=4)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(low, high)
        axes.set_ylim(low, high)
        axes.set_xlabel(words.predicted)
        axes.set_ylabel(words.observed)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(
                lambda value, _place: f"{words.number(100 * value, 2 if value < _PERCENT else 0)} %"
            )
            axis.set_minor_formatter(lambda _value, _place: "")
    return finished[0]


def _span(edges: Sequence[float]) -> tuple[float, float]:
    """First and last value on the axis: what lies between the edges, and some room for the outer bins."""
    if not edges:
        return -1.0, 1.0
    room = 0.12 * (edges[-1] - edges[0]) or max(abs(edges[0]) / 2, 0.5)
    return (0.0 if 0 <= edges[0] <= room else edges[0] - room), edges[-1] + room


@contextmanager
def _axes(size: tuple[float, float], title: str) -> Iterator[tuple["Axes", list[str]]]:
    """Give axes to draw on, and a list that holds the finished SVG afterwards."""
    import matplotlib as mpl  # noqa: PLC0415 - takes a second to load, and only papers need it
    from matplotlib.figure import Figure as Canvas  # noqa: PLC0415 - same

    finished: list[str] = []
    with mpl.rc_context(_STYLE | {"svg.hashsalt": title}):
        canvas = Canvas(figsize=size, layout="constrained")
        yield canvas.add_subplot(), finished
        text = io.StringIO()
        canvas.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    finished.append(_for_a_page(text.getvalue(), title))


def _for_a_page(svg: str, title: str) -> str:
    """Keep the picture itself: no prologue, no fixed size, its title said, and nothing that says how it was made."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<(metadata|style)\b.*?</\1>\s*", "", body, flags=re.DOTALL)
    body = re.sub(r'<g id="[^"]*"', "<g", body)  # the same in every picture, and a page may have an id once
    body = re.sub(r"(\d\.\d\d)\d+", r"\1", body)
    body = re.sub(r"font-family: [^;\"]+; ?", "", body)  # the page has its own
    box = re.search(r'viewBox="[^"]+"', body)
    inside = re.sub(r"\s*\n\s*", "\n", body[body.index(">") + 1 :])
    label = escape(title, quote=True)
    head = (
        f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" {box.group() if box else ""} role="img" aria-label="{label}">'
    )
    return head + inside.strip()
