"""Lessons that a later delivery gives another start: a shortened day replaces the ordinary one, it does not stand beside it.

A lesson without a record of its own is known by its group, day, hour and start. Given again with another start it would be
another lesson in the same hour, of which the longest counts.
"""

from datetime import datetime

import polars as pl

from pipelines.versions import latest

HOUR = ["group", "pupil", "date", "slot"]
_PARTS = ("group", "pupil", "date", "slot", "start_minute")
_NUMBERED = r"#\d+$"


def replaced(rows: pl.DataFrame, stored: pl.DataFrame, *, delivered_at: datetime) -> pl.DataFrame:
    """Return rows that take back lessons of earlier deliveries, for which `rows` have another start in the same hour.

    Parallel lessons within one delivery, or in files of one moment, all stand; so do lessons that the source tells apart by
    a record.

    Parameters
    ----------
    rows
        The delivered lessons.
    stored
        Every stored version of this school's timetable.
    delivered_at
        The moment of the delivery (UTC); what came later does not exist yet.

    Returns
    -------
    polars.DataFrame
        The columns of `rows`, withdrawn from the moment of the lesson that comes in their place.
    """
    clocked = rows.filter(_by_start() & ~pl.col("withdrawn") & pl.col("start_minute").is_not_null())
    moment = pl.when(pl.col("recorded_at").null_count() == 0).then(pl.col("recorded_at").max())
    given = clocked.group_by(HOUR).agg(pl.col("_row").min(), moment, _starts=pl.col("start_minute").unique())
    theirs = stored.filter((pl.col("delivered_at") <= delivered_at) & _by_start())
    theirs = theirs.join(given, on=HOUR, how="semi", nulls_equal=True)
    standing = latest(theirs).filter(~pl.col("withdrawn") & (pl.col("delivered_at") < delivered_at)).drop("recorded_at")
    other = standing.join(given, on=HOUR, nulls_equal=True).filter(
        ~pl.col("start_minute").is_in(pl.col("_starts")).fill_null(value=False)
    )
    return other.with_columns(withdrawn=pl.lit(value=True)).select(rows.columns).sort("_row", "record")


def _by_start() -> pl.Expr:
    """Whether a lesson has an hour, and a record that follows from what it is (`pipelines.sources.readings`)."""
    parts = (pl.col(name).cast(pl.String).fill_null("") for name in _PARTS)
    own = pl.col("record").str.replace(_NUMBERED, "")
    return pl.col("slot").is_not_null() & (own == pl.concat_str(parts, separator="|"))
