"""Frames of any engine, and the few things that have to be asked of each engine in its own way."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any

import narwhals as nw
from narwhals.typing import IntoFrame

from features.fixed import fixed, quick

Frame = nw.LazyFrame[Any]

FEW = 100_000
"""Rows in memory up to which planning the work costs more than the work."""

_few: ContextVar[bool] = ContextVar("_few", default=False)


@contextmanager
def at_once_if_few(*frames: IntoFrame) -> Iterator[None]:
    """While this lasts, Polars does not plan what it works out, where `frames` are in memory and hold `FEW` rows together.

    Its usual engine is made for many rows: it costs one to three milliseconds each time it is started, however few there are.
    The results are the same.
    """
    inside = [nw.from_native(frame) for frame in frames]
    rows = sum(len(frame) if isinstance(frame, nw.DataFrame) else FEW + 1 for frame in inside)
    before = _few.set(rows <= FEW)
    try:
        yield
    finally:
        _few.reset(before)


@cache
def _unplanned() -> dict[str, Any]:
    polars: Any = nw.Implementation.POLARS.to_native_namespace()
    return {"engine": "in-memory", "optimizations": polars.QueryOptFlags.none()}


def collected(frame: Frame) -> nw.DataFrame[Any]:
    """Work `frame` out now."""
    if _few.get() and frame.implementation.is_polars():
        return frame.collect(**_unplanned())
    return frame.collect()


def settle(frame: Frame) -> Frame:
    """Work `frame` out now and return it, lazy again.

    Polars would otherwise copy the whole plan into every branch that reads it, and Spark would run it again for each.
    On Spark the rows stay with the executors; a cache would keep the plan, which grows until planning it takes minutes.
    """
    if not frame.implementation.is_pyspark():
        return quick(collected(frame).lazy())
    native: Any = frame.to_native()
    on_spark: Frame = nw.from_native(native.localCheckpoint()).lazy()
    return on_spark


@dataclass(frozen=True)
class Held:
    """A frame that was worked out, and what is in it, so that work on nothing can be left out.

    On Spark nobody looks: there asking costs more than the work it could save, so everything may be there.

    Parameters
    ----------
    frame
        The frame, lazy again.
    rows
        The same in memory; None on Spark.
    """

    frame: Frame
    rows: nw.DataFrame[Any] | None

    def any(self, column: str) -> bool:
        """Whether the yes-or-no `column` may be true in any row."""
        return self.rows is None or bool(self.rows.get_column(column).any())

    def has(self, column: str, value: int) -> bool:
        """Whether whole numbers in `column` may be as small as `value`."""
        return self.rows is None or (len(self.rows) > 0 and bool(self.rows.get_column(column).min() <= value))

    def fewer_than(self, number: int) -> bool:
        """Whether there are fewer than so many rows, for certain."""
        return self.rows is not None and len(self.rows) < number

    def empty(self) -> bool:
        """Whether there are no rows at all, for certain."""
        return self.fewer_than(1)


def held(frame: Frame) -> Held:
    """Work `frame` out as `settle` does, and keep it at hand for questions."""
    if frame.implementation.is_pyspark():
        return Held(settle(frame), None)
    rows = collected(frame)
    return Held(quick(rows.lazy()), rows)


def with_day_numbers(frame: Frame, **columns: str) -> Frame:
    """Add days since 1970-01-01 of date columns: ``with_day_numbers(frame, new="old")``, where ``new`` is a new name."""
    if frame.implementation.is_pyspark():
        native: Any = frame.to_native()
        days = [f"cast(unix_date(cast({old} as date)) as bigint) as {new}" for new, old in columns.items()]
        on_spark: Frame = nw.from_native(native.selectExpr("*", *days)).lazy()
        return on_spark
    return frame.with_columns(*_day_numbers(tuple(columns.items())))


@fixed
def _day_numbers(columns: tuple[tuple[str, str], ...]) -> dict[str, nw.Expr]:
    return {new: nw.col(old).cast(nw.Date).cast(nw.Int32).cast(nw.Int64) for new, old in columns}


def like(frame: Frame, columns: dict[str, list[Any]], schema: dict[str, Any]) -> Frame:
    """Return a frame of the same engine as `frame` that holds `columns`, typed as `schema` (Narwhals types)."""
    native: Any = frame.to_native()
    if frame.implementation.is_pyspark():
        # As Arrow: rows of Python objects would first be read by a Python process on every executor.
        table = nw.from_dict(columns, schema, backend="pyarrow").to_native()
        on_spark: Frame = nw.from_native(native.sparkSession.createDataFrame(table)).lazy()
        return on_spark
    made = nw.from_dict(columns, schema, backend=frame.implementation)
    lazy: Frame = quick(nw.from_native(made.to_native()).lazy())
    return lazy
