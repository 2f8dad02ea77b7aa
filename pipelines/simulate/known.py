"""What the books say at a moment: the newest version of each record, and the same spread over lessons."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from data_contracts.reasons import Kind
from pipelines.simulate.arrays import Ints, flat
from pipelines.simulate.books import KINDS, OPEN, Desk

_SICK = KINDS.index(Kind.SICK)
DESK_OPENS = 8 * 60


@dataclass(frozen=True)
class Span:
    """From just after `since` until `moment`; local minutes since 1970."""

    since: int
    moment: int


def newest(books: pl.DataFrame, span: Span, *, window: int | None = None) -> pl.DataFrame:
    """Return each record as known at the end of `span`, if it changed within it.

    Parameters
    ----------
    books
        All versions, sorted by record and ``at``.
    span
        Which changes to deliver.
    window
        Place on the clock from which the file is complete: records that start there or later are all in it, and what was
        taken back is left out, for the formats that have no word for it.

    Returns
    -------
    polars.DataFrame
        The columns of the books, ``first_entered``, and ``first_at``: when it was first entered as this kind.
    """
    known = books.filter(pl.col("at") <= span.moment)
    known = known.with_columns(
        first_at=pl.col("at").min().over("record", "kind"), first_entered=pl.col("at").min().over("record")
    )
    last = known.unique(subset="record", keep="last", maintain_order=True)
    changed = pl.col("at") > span.since
    if window is None:
        return last.filter(changed)
    return last.filter((changed | (pl.col("start") >= window)) & ~pl.col("withdrawn"))


def lessons(books: pl.DataFrame, desk: Desk, span: Span) -> pl.DataFrame:
    """Return one row a pupil, day and slot, as systems that register per lesson hold it.

    A report is written down day by day: illness on the morning of each day it lasts. Where a mark of a teacher and a
    report meet in one lesson, what stands is the report.
    """
    last = newest(books, Span(-1, span.moment))
    start, end = last["start"].to_numpy().astype(np.int64), last["end"].to_numpy().astype(np.int64)
    today = (
        int(np.searchsorted(desk.clock.days.astype("datetime64[m]").astype(np.int64), span.moment, side="right")) - 1
    )
    end = np.where(end == OPEN, max(today, 0), end)
    row, day = flat(start, np.maximum(end - start + 1, 0))
    spread = last[row].with_columns(day=pl.Series(day), row=pl.Series(row))
    required = desk.attendance.required[spread["pupil"].to_numpy(), day]
    at_cell, slot = np.nonzero(required)
    cells = spread[at_cell].with_columns(slot=pl.Series(slot + 1))
    first_day, last_day = pl.col("day") == pl.col("start"), pl.col("day") == pl.col("end")
    within = (~first_day | (pl.col("slot") >= pl.col("from_slot"))) & (
        ~last_day | (pl.col("to_slot") == 0) | (pl.col("slot") <= pl.col("to_slot"))
    )
    cells = cells.filter(within)
    morning = pl.Series(_midnight(desk, cells["day"].to_numpy().astype(np.int64)) + DESK_OPENS)
    by_day = (pl.col("kind") == _SICK) & ~pl.col("observation")
    written = pl.when(pl.col("withdrawn")).then("at").when(by_day).then(pl.max_horizontal("first_at", morning))
    return (
        cells.with_columns(at=written.otherwise("first_at"))
        .filter(pl.col("at") <= span.moment)
        .sort("pupil", "day", "slot", pl.col("withdrawn").not_(), ~pl.col("observation"), "at")
        .unique(subset=["pupil", "day", "slot"], keep="last", maintain_order=True)
        .filter(pl.col("at") > span.since)
        .select("pupil", "day", "slot", "kind", "minutes", "observation", "at", "withdrawn")
    )


def _midnight(desk: Desk, day: Ints) -> Ints:
    return desk.clock.days[day].astype("datetime64[m]").astype(np.int64)


def current_lessons(books: pl.DataFrame, desk: Desk, span: Span, *, window: int | None) -> pl.DataFrame:
    """`lessons` for formats without a word for withdrawal: what changed, and all that stands from place `window` on."""
    everything = lessons(books, desk, Span(-1, span.moment)).filter(~pl.col("withdrawn"))
    changed = pl.col("at") > span.since
    return everything.filter(changed if window is None else changed | (pl.col("day") >= window))


def by_day(cells: pl.DataFrame) -> pl.DataFrame:
    """Return one row a pupil, day and reported kind; marks of teachers stay one a lesson.

    Returns
    -------
    polars.DataFrame
        ``pupil, day, kind, observation, first, last, slots, minutes``.
    """
    own_lesson = pl.when("observation").then("slot").otherwise(0)
    return (
        cells.group_by("pupil", "day", "kind", "observation", own_lesson.alias("own"))
        .agg(first=pl.col("slot").min(), last=pl.col("slot").max(), slots=pl.len(), minutes=pl.col("minutes").max())
        .sort("pupil", "day", "first", "kind")
    )
