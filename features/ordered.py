"""Rows in order: what stood before, and what has been counted so far, within each pupil (or school).

Engines that keep rows in order sort once and look one row up; a window per pupil costs them forty times as much. On Spark
the same questions are windows, for there a partition has no order of its own.
"""

from dataclasses import dataclass
from typing import Any

import narwhals as nw

from features.fixed import fixed, quick
from features.frames import Frame, collected
from features.keys import with_day

_FAR = 1 << 40
"""More than any value whose running maximum is asked."""


@dataclass(frozen=True)
class Order:
    """How rows are ordered, see `ordered`.

    Parameters
    ----------
    key
        Rows that agree in this column (whole numbers, not negative) belong together.
    by
        Column of the order within them: days or weeks, as day numbers.
    eager
        Whether rows keep their order.
    """

    key: str
    by: str
    eager: bool

    def previous(self, column: str, back: int = 1) -> nw.Expr:
        """Return the value of `column` `back` rows before; null where there is none."""
        if not self.eager:
            return nw.col(column).shift(back).over(self.key, order_by=self.by)
        same = nw.col(self.key) == nw.col(self.key).shift(back)
        return nw.when(same).then(nw.col(column).shift(back))

    def same(self, back: int) -> nw.Expr:
        """Whether there is a row `back` rows before, for `earlier`."""
        if not self.eager:
            return ~nw.col(self.key).shift(back).over(self.key, order_by=self.by).is_null()
        return nw.col(self.key) == nw.col(self.key).shift(back)

    def earlier(self, column: str, back: int, *, same: str, otherwise: float) -> nw.Expr:
        """As `previous`, with `same` a column that says whether there is such a row, and what stands where there is none.

        Where many columns are asked for, to look this up once is half the work.
        """
        shifted = nw.col(column).shift(back)
        value = shifted if self.eager else shifted.over(self.key, order_by=self.by)
        return nw.when(nw.col(same)).then(value).otherwise(otherwise)

    def running_sum(self, column: str) -> nw.Expr:
        """Sum of `column` (whole numbers, not negative, never null) up to and with this row."""
        if not self.eager:
            return nw.col(column).cum_sum().over(self.key, order_by=self.by)
        running = nw.col(column).cum_sum()
        before = nw.when(self._first()).then(running - nw.col(column)).otherwise(0).cum_max()
        return running - before

    def running_max(self, column: str) -> nw.Expr:
        """Largest value of `column` (whole numbers, not negative, never null) up to and with this row."""
        if not self.eager:
            return nw.col(column).cum_max().over(self.key, order_by=self.by)
        lifted = self._first().cast(nw.Int64).cum_sum() * _FAR
        return (nw.col(column) + lifted).cum_max() - lifted

    def _first(self) -> nw.Expr:
        return (nw.col(self.key) != nw.col(self.key).shift(1)).fill_null(value=True)


@dataclass(frozen=True)
class Ordered:
    """A sorted frame, see `ordered`.

    Parameters
    ----------
    frame
        Eager where the engine keeps order, else lazy. Has one row a combination of the columns of `order`.
    order
        How it is sorted.
    """

    frame: Any
    order: Order

    def with_columns(self, *exprs: nw.Expr, **columns: nw.Expr) -> "Ordered":
        """Add columns; the order stays."""
        return Ordered(self.frame.with_columns(*exprs, **columns), self.order)

    def lazy(self) -> Frame:
        """Return the frame, of no order any more."""
        frame: Frame = quick(self.frame.lazy())
        return frame


def ordered(frame: Frame, key: str, by: str) -> Ordered:
    """Put `frame` in the order of `key` and `by`."""
    if frame.implementation.is_pyspark():
        return Ordered(frame, Order(key, by, eager=False))
    # One number sorts faster than two.
    rows = collected(frame.with_columns(_place(key, by)).sort("_place").drop("_place"))
    return Ordered(rows, Order(key, by, eager=True))


@fixed
def _place(key: str, by: str) -> nw.Expr:
    return with_day(nw.col(key), nw.col(by)).alias("_place")
