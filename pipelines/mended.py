"""A register that was mended: who was absent turns out to have been there, and the absence is taken back.

Systems say so with a row in the place of the absence: the same record, or the same pupil and lesson, with a word for present.
"""

from datetime import datetime

import polars as pl

_NUMBERED = r"(\|.*)#\d+$"
"""A record that follows from the fact itself (`pipelines.sources.readings`), with its number."""


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
    said = undone.sort("recorded_at", nulls_last=False, maintain_order=True).with_columns(_fact())
    said = said.unique("_fact", keep="last").select("_fact", "_row", _said_at="recorded_at")
    absent = _last(rows.with_columns(_fact()).join(said.select("_fact"), on="_fact", how="semi"))
    later = (pl.col("_said_at") > pl.col("recorded_at")).fill_null(value=False)
    said = said.join(absent.drop("_row").join(said, on="_fact").filter(~later), on="_fact", how="anti")
    before = stored.filter(pl.col("delivered_at") <= delivered_at).with_columns(_fact())
    before = before.join(said, on="_fact", how="semi").sort("recorded_at", "delivered_at")
    columns = [*(name for name in rows.columns if name != "_row"), "_fact"]
    stands = before.join(absent, on="record", how="anti").unique("record", keep="last", maintain_order=True)
    known = pl.concat([stands.select(columns), absent.select(columns)])
    taken = known.filter(~pl.col("withdrawn")).drop("recorded_at").join(said, on="_fact", how="inner")
    taken = taken.rename({"_said_at": "recorded_at"}).with_columns(withdrawn=pl.lit(value=True))
    return taken.select(rows.columns).sort("_row", "record")


def _fact() -> pl.Expr:
    """Return what a record is about: of facts that look alike and were numbered (``#2``), one and the same."""
    return pl.col("record").str.replace(_NUMBERED, "${1}").alias("_fact")


def _last(rows: pl.DataFrame) -> pl.DataFrame:
    """Return of each record what is said last: the later moment, and of one moment the row that comes last."""
    ordered = rows.with_columns(_place=pl.int_range(pl.len())).sort("recorded_at", "_place", nulls_last=False)
    return ordered.unique("record", keep="last", maintain_order=True).drop("_place")
