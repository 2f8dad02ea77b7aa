"""Pupils who left after a change of class: the class they were in before ends as well.

A system that names the present class only never ends the one before. As long as the present one lasts it stands, but with its
last day the one before would resume, and who left would be back in it.
"""

from datetime import datetime

import polars as pl

from features.calendar import local_date
from pipelines.versions import latest


def ended(rows: pl.DataFrame, stored: pl.DataFrame, *, delivered_at: datetime) -> pl.DataFrame:
    """Return rows that end enrolments without a last day, of pupils whom a file of everybody names only with one.

    A file that names no more than half of who is enrolled is about some pupils only (`pipelines.coherence.no_longer_named`):
    there the earlier class resumes, as after two weeks in another one.

    Parameters
    ----------
    rows
        The delivered enrolments.
    stored
        Every stored version of this school's enrolments.
    delivered_at
        The moment of the delivery (UTC); what came later does not exist yet.

    Returns
    -------
    polars.DataFrame
        The columns of `rows`, with the last day that the file names of the pupil; withdrawn where both began on one day.
    """
    known = latest(stored.filter(pl.col("delivered_at") <= delivered_at)).filter(~pl.col("withdrawn"))
    day = local_date(delivered_at)
    runs = pl.col("valid_to").is_null() | (pl.col("valid_to") >= day)
    enrolled = known.filter((pl.col("valid_from") <= day) & runs).select("pupil").unique()
    if enrolled.join(rows, on="pupil", how="semi").height * 2 <= enrolled.height:
        return rows.clear()
    named = rows.filter(~pl.col("withdrawn")).group_by("pupil")
    told = named.agg(
        pl.col("_row").min(),
        _began=pl.col("valid_from").max(),
        _last=pl.col("valid_to").max(),
        _open=pl.col("valid_to").is_null().any(),
    )
    over = told.filter(~pl.col("_open")).drop("_open")
    older = known.filter(pl.col("valid_to").is_null()).join(rows, on="record", how="anti").join(over, on="pupil")
    older = older.filter(pl.col("valid_from") <= pl.col("_began"))
    moment = pl.lit(None, dtype=rows.schema["recorded_at"])
    # Of two from one day the one recorded last stands: beside the present one this one never counted.
    overtaken = pl.col("valid_from") == pl.col("_began")
    told_of = older.with_columns(valid_to="_last", recorded_at=moment, withdrawn=overtaken)
    return told_of.select(rows.columns).sort("_row", "record")
