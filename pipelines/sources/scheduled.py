"""Scheduled lessons: from begin and end to a day, a start and a number of minutes."""

import polars as pl

from pipelines.sources.sheet import Sheet
from pipelines.sources.values import local_moments, slots

LONGEST_LESSON = 720
"""Minutes; what is longer (or runs backwards) is a wrong moment."""


def scheduled(sheet: Sheet, begin_column: str, end_column: str, *, slot: str) -> dict[str, pl.Series]:
    """Parse when each lesson is.

    Returns
    -------
    dict
        ``date``, ``start_minute``, ``minutes``, ``slot``.
    """
    begin = sheet.parse(begin_column, local_moments, expected="datum en tijd", required=True)
    end = sheet.parse(end_column, local_moments, expected="datum en tijd", required=True)
    times = pl.DataFrame({"begin": begin, "end": end}).select(
        pl.col("begin").dt.date().alias("date"),
        (pl.col("begin").dt.hour().cast(pl.Int64) * 60 + pl.col("begin").dt.minute()).alias("start_minute"),
        ((pl.col("end") - pl.col("begin")).dt.total_seconds() / 60).round(0).cast(pl.Int64).alias("minutes"),
    )
    wrong = ~times["minutes"].is_between(1, LONGEST_LESSON)
    sheet.error_where(
        wrong, end_column, check="bad_lesson", what=f"ligt niet 1 tot {LONGEST_LESSON} minuten na het begin"
    )
    return {**times.to_dict(), "slot": sheet.parse(slot, slots, expected="lesuur")}
