"""A register that was mended: who was absent turns out to have been there, and the absence is taken back.

Systems say so with a row in the place of the absence: the same record, or the same pupil and lesson, with a word for present.
"""

from datetime import datetime

import polars as pl


def mended(undone: pl.DataFrame, rows: pl.DataFrame, stored: pl.DataFrame, *, delivered_at: datetime) -> pl.DataFrame:
    """Return rows that take back the absences of which a file says that they were none.

    Parameters
    ----------
    undone
        What the file says was no absence: ``_row, record, recorded_at`` (`pipelines.sources.readings.Reading`).
    rows
        The absences of the same file. Where it says both, the later moment stands; without moments the absence does: two
        teachers may have seen different things.
    stored
        Every stored version of this school's absences.
    delivered_at
        What was delivered after it (UTC) does not exist yet.

    Returns
    -------
    polars.DataFrame
        The columns of `rows`; one row for each absence that is known, withdrawn from the moment at which that was recorded.
    """
    said = undone.sort("recorded_at", nulls_last=False, maintain_order=True).unique("record", keep="last")
    absent = _last(rows.filter(pl.col("record").is_in(said["record"].implode())))
    later = pl.col("recorded_at") > pl.col("_absent_at")
    said = said.join(
        absent.select("record", _absent_at="recorded_at", _absent=pl.lit(value=True)), "record", how="left"
    )
    said = said.filter(pl.col("_absent").is_null() | later.fill_null(value=False))
    before = stored.filter(
        (pl.col("delivered_at") <= delivered_at) & pl.col("record").is_in(said["record"].implode())
    ).sort("recorded_at", "delivered_at")
    columns = [name for name in rows.columns if name != "_row"]
    stands = before.join(absent, on="record", how="anti").unique("record", keep="last", maintain_order=True)
    known = pl.concat([stands.select(columns), absent.select(columns)])
    moments = said.select("record", "_row", "recorded_at")
    taken = known.filter(~pl.col("withdrawn")).drop("recorded_at").join(moments, on="record", how="inner")
    return taken.with_columns(withdrawn=pl.lit(value=True)).select(rows.columns).sort("_row")


def _last(rows: pl.DataFrame) -> pl.DataFrame:
    """Return of each record what is said last: the later moment, and of one moment the row that comes last."""
    ordered = rows.with_columns(_place=pl.int_range(pl.len())).sort("recorded_at", "_place", nulls_last=False)
    return ordered.unique("record", keep="last", maintain_order=True).drop("_place")
