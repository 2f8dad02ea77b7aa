"""Counts that may leave: small ones not told, the others rounded, and nothing to be had by adding or subtracting.

Pure functions. A *cell* is a count of pupils with digests of whose they are. What adds up to what (a region is its schools)
is known to whoever reads the figures, so it is given here too, and held against what would be told.
"""

import hashlib
import hmac
import math
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Name = tuple[str, ...]
"""What a cell is called; any words."""

Interval = tuple[float, float]
"""Least and most that a count can be: whole numbers, or infinity."""

CHANCES = 2**64


@dataclass(frozen=True)
class Rules:
    """What is told; see ``disclosure.toml``, where each figure has its source."""

    smallest: int
    base: int
    left_open: int


RULES = Rules(**tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Cell:
    """A count of pupils.

    Parameters
    ----------
    count
        How many.
    members
        Digests of whose they are, in any order.
    among
        Of how many pupils they are a part, where that number is told as well; None where it is not.
    remainder
        What is left of a count beside its parts: told to nobody and no secret by itself, it ties others together.
    """

    count: int
    members: tuple[str, ...] = ()
    among: int | None = None
    remainder: bool = False


@dataclass(frozen=True)
class Sum:
    """A count that is the sum of others."""

    whole: Name
    parts: tuple[Name, ...]


def rounded(cell: Cell, *, key: bytes, rules: Rules = RULES) -> int:
    """Round a count up or down by chance, in proportion: right on average, and always the same for the same pupils."""
    whole, rest = divmod(cell.count, rules.base)
    digest = hmac.digest(key, "\n".join(sorted(cell.members)).encode(), hashlib.sha256)
    chance = int.from_bytes(digest[:8], "big") / CHANCES
    return rules.base * (whole + (chance < rest / rules.base))


def told(
    cells: Mapping[Name, Cell], sums: Sequence[Sum], *, key: bytes, rules: Rules = RULES
) -> dict[Name, int | None]:
    """Return what may be told of each cell; None where nothing is.

    Parameters
    ----------
    cells
        Every count that a reader would be given.
    sums
        What adds up to what among them.
    key
        Secret of the installation, by which rounding falls.
    rules
        What is small, and to what is rounded.

    Returns
    -------
    dict
        Per cell a multiple of the base, or None: fewer than the smallest, all but fewer than the smallest of those
        among whom they are counted, or left out because a small count could be worked out with it.
    """
    small = {name for name, cell in cells.items() if cell.count < rules.smallest and not cell.remainder}
    hidden = small | {name for name, cell in cells.items() if cell.remainder or _nearly_all(cell, rules)}
    figures = {name: rounded(cell, key=key, rules=rules) for name, cell in cells.items()}
    while True:
        shown = {name: None if name in hidden else figures[name] for name in cells}
        bounds = possible(shown, sums, small=small, rules=rules)
        betrayed = [name for name in sorted(small) if bounds[name][1] - bounds[name][0] + 1 < rules.left_open]
        if not betrayed:
            return shown
        hidden.add(_next_to_hide(betrayed[0], cells, sums, hidden))


def possible(
    shown: Mapping[Name, int | None], sums: Sequence[Sum], *, small: Collection[Name], rules: Rules = RULES
) -> dict[Name, Interval]:
    """Return what each count can be, for somebody who knows the rules, all that is told, and what adds up to what.

    `small` are the cells that were left out because they are small; of another that was left out nothing is known.
    Exact where the sums share at most one cell with each other, as a region does with its schools and year groups.
    """
    bounds = {name: _alone(figure, is_small=name in small, rules=rules) for name, figure in shown.items()}
    while True:
        before = dict(bounds)
        for one in sums:
            _narrow(bounds, one)
        if bounds == before:
            return bounds


def _nearly_all(cell: Cell, rules: Rules) -> bool:
    return cell.among is not None and cell.among - cell.count < rules.smallest


def _alone(figure: int | None, *, is_small: bool, rules: Rules) -> Interval:
    """Return what a count can be by its own figure alone."""
    if figure is None:
        return 0, rules.smallest - 1 if is_small else math.inf
    return max(rules.smallest, figure - rules.base + 1), figure + rules.base - 1


def _narrow(bounds: dict[Name, Interval], one: Sum) -> None:
    """Narrow the bounds of a sum and its parts by each other."""
    least = math.fsum(bounds[part][0] for part in one.parts)
    unbounded = sum(math.isinf(bounds[part][1]) for part in one.parts)
    most = math.fsum(high for _, high in (bounds[part] for part in one.parts) if not math.isinf(high))
    low, high = bounds[one.whole]
    low, high = bounds[one.whole] = max(low, least), min(high, math.inf if unbounded else most)
    for part in one.parts:
        own = bounds[part]
        others_unbounded = unbounded - math.isinf(own[1])
        others = most - (0 if math.isinf(own[1]) else own[1])
        at_least = -math.inf if others_unbounded else low - others
        bounds[part] = max(own[0], at_least), min(own[1], high - (least - own[0]))


def _next_to_hide(betrayed: Name, cells: Mapping[Name, Cell], sums: Sequence[Sum], hidden: Collection[Name]) -> Name:
    """Return the smallest cell that stands in a sum with `betrayed`: parts before the whole, near sums before far ones."""

    def size(name: Name) -> tuple[int, Name]:
        return cells[name].count, name

    near = [one for one in sums if betrayed in (one.whole, *one.parts)]
    for group in (near, sums):
        for names in (_parts(group), {one.whole for one in group}):
            left = sorted(names - set(hidden), key=size)
            if left:
                return left[0]
    msg = "where nothing is told, nothing can be worked out"
    raise AssertionError(msg)


def _parts(sums: Iterable[Sum]) -> set[Name]:
    return {part for one in sums for part in one.parts}
