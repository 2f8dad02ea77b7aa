"""From begin and end to days, slots and minutes.

A report runs from a moment to a moment, and says a whole day as 00:00:00-23:59:59 inclusive, without
lesson hours (EduArte, Somtoday). The contract says the same in days, with slots or minutes only
where part of a day is meant.
"""

from dataclasses import dataclass

import polars as pl

from features.absent import HIGHEST_SLOT
from pipelines.sources.sheet import Sheet
from pipelines.sources.values import drop_never, is_plain_date, local_moments, slots

DAY = 1440
"""Minutes in a day."""

LONGEST_LESSON = 90
"""Minutes: what lies further from the begin of a lesson than this, is not its end (40-80 in practice)."""

_LAST_MINUTE = 1439


@dataclass(frozen=True)
class PeriodColumns:
    """Names of the columns that hold a period; None where a format has no such column."""

    begin: str
    end: str
    first_slot: str
    last_slot: str | None = None


def read_periods(
    sheet: Sheet, columns: PeriodColumns, *, event: pl.Series, may_be_open: bool = True
) -> dict[str, pl.Series]:
    """Parse the period of each row.

    Parameters
    ----------
    event
        Whether the row is an event (late, removed): without an end it is over, not open-ended.
    may_be_open
        Whether a row without an end lasts until further notice.

    Returns
    -------
    dict
        ``start_date``, ``end_date``, ``open_ended``, ``start_slot``, ``end_slot``, ``start_minute``, ``end_minute``.
    """
    expected = "datum en tijd"
    begin = sheet.parse(columns.begin, local_moments, expected=expected, required=True)
    said = sheet.parse(columns.end, local_moments, expected=expected)
    end = drop_never(said)
    first = sheet.parse(columns.first_slot, slots, expected="lesuur")
    last = first if columns.last_slot is None else sheet.parse(columns.last_slot, slots, expected="lesuur")
    no_end = sheet.cells[columns.end].is_null() | (said.is_not_null() & end.is_null())
    frame = pl.DataFrame(
        {
            "begin": begin,
            "end": end,
            "first": first,
            "last": last,
            "event": event,
            "no_end": no_end,
            "plain": is_plain_date(sheet.cells[columns.end]),
        }
    )
    backwards = frame.select(_backwards())["end"]
    sheet.error_where(backwards, columns.end, check="end_before_begin", what="ligt voor het begin")
    days = frame.with_columns(*_days(may_be_open=may_be_open))
    return days.select(*_parts()).to_dict()


def _backwards() -> pl.Expr:
    begin, end = pl.col("begin"), pl.col("end")
    return pl.when(pl.col("plain")).then(end.dt.date() < begin.dt.date()).otherwise(end < begin).alias("end")


def _days(*, may_be_open: bool) -> tuple[pl.Expr, ...]:
    begin, end = pl.col("begin"), pl.col("end")
    seconds = end.dt.hour().cast(pl.Int64) * 3600 + end.dt.minute().cast(pl.Int64) * 60 + end.dt.second()
    midnight = (seconds == 0) & ~pl.col("plain") & (end > begin)  # an exclusive end: the day before, to its end
    minute = (seconds + 59) // 60
    return (
        begin.dt.date().alias("start_date"),
        pl.when(midnight).then(end.dt.date().dt.offset_by("-1d")).otherwise(end.dt.date()).alias("end_date"),
        (begin.dt.hour().cast(pl.Int64) * 60 + begin.dt.minute()).alias("from"),
        pl.when(pl.col("plain") | (seconds == 0) | (minute >= _LAST_MINUTE)).then(DAY).otherwise(minute).alias("to"),
        (pl.col("no_end") & pl.col("last").is_null() & ~pl.col("event") & may_be_open)
        .fill_null(value=False)
        .alias("open_ended"),
    )


def _parts() -> tuple[pl.Expr, ...]:
    first, last = pl.col("first"), pl.col("last")
    by_slot = first.is_not_null() | last.is_not_null()
    one_day = pl.col("end_date").is_null() | (pl.col("end_date") == pl.col("start_date"))
    whole = (pl.col("from") == 0) & (pl.col("to").is_null() | (pl.col("to") == DAY))
    minutes = ~by_slot & ~whole
    ends_that_day = one_day & ~pl.col("open_ended") & pl.col("to").is_not_null()
    onwards = last.is_null() & first.is_not_null() & ends_that_day & ~pl.col("event")
    # From a lesson to the end of the day, or to a time that lies further than one lesson.
    to_the_end = onwards & (pl.col("to") == DAY)
    by_clock = onwards & (pl.col("to") != DAY) & (pl.col("from") > 0) & (pl.col("to") - pl.col("from") > LONGEST_LESSON)
    minutes = (minutes | by_clock).fill_null(value=False)
    single = one_day & ~pl.col("open_ended") & (pl.col("event") | (pl.col("to") != DAY))
    return (
        pl.col("start_date"),
        pl.col("end_date"),
        pl.col("open_ended"),
        pl.when(first.is_null() & last.is_not_null() & one_day)
        .then(1)
        .when(~by_clock.fill_null(value=False))
        .then(first)
        .alias("start_slot"),
        pl.when(to_the_end)
        .then(HIGHEST_SLOT)
        .when(by_clock)
        .then(None)
        .when(last.is_null() & single)
        .then(first)
        .otherwise(last)
        .alias("end_slot"),
        pl.when(minutes).then(pl.col("from")).alias("start_minute"),
        pl.when(minutes).then(pl.col("to")).alias("end_minute"),
    )
