"""Pupils who went back to a group they were in before, under the same first day.

Systems that state the beginning of the school year as everybody's first day name an enrolment that is stored already, with
not a word changed. Of two enrolments from one day the one recorded last stands: so this one has to be recorded once more.
"""

from datetime import datetime

import polars as pl

from pipelines.versions import latest

SAME = ["pupil", "valid_from"]


def returned(rows: pl.DataFrame, stored: pl.DataFrame, *, delivered_at: datetime) -> pl.Series:
    """Return the records in `rows` that another enrolment from the same day overtook, which the file no longer names.

    Parameters
    ----------
    rows
        The delivered enrolments.
    stored
        Every stored version of this school's enrolments.
    delivered_at
        The moment of the delivery (UTC). Of two files of one moment neither overtakes the other.
    """
    theirs = stored.filter((pl.col("delivered_at") <= delivered_at) & pl.col("pupil").is_in(rows["pupil"].implode()))
    known = latest(theirs).filter(~pl.col("withdrawn"))
    named = rows.filter(~pl.col("withdrawn")).select("record").unique()
    here = known.join(named, on="record", how="semi").select("record", *SAME, _at="recorded_at")
    others = known.filter(pl.col("recorded_at") < delivered_at).join(rows, on="record", how="anti")
    beside = here.join(others.select(*SAME, _later="recorded_at"), on=SAME)
    return beside.filter(pl.col("_later") > pl.col("_at"))["record"].unique()
