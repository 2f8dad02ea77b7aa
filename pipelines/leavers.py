"""Who left a school longer ago than its data are kept, and who seems to have left without anybody saying so."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from data_contracts.tables import ABSENCES, ENROLMENTS, TABLES
from pipelines.lake import Lake, as_known

SILENT = timedelta(days=366)
"""Every school year brings an enrolment in another group, or an absence: who has neither for longer is rarely still there."""


@dataclass(frozen=True)
class Leavers:
    """Pupils of one school who are past their term.

    Parameters
    ----------
    school, pupils
        The school, and who has to go.
    silent
        How many others are enrolled without an end, although nothing came in about them for longer than `SILENT`.
    """

    school: str
    pupils: frozenset[str]
    silent: int


def leavers(lake: Lake, school: str, *, cutoff: date, at: datetime) -> Leavers:
    """Find who has to go, as is known at `at` (UTC): about whom the newest fact is of before `cutoff`.

    Of whoever left that is the last day, or an absence after it. Of whoever is only known from absences or a name, or has
    besides the enrolment that ended an older one without an end, nobody said when they left: then it also counts when
    something about them was last delivered. Whose enrolment that began last has no end, is there.
    """
    enrolled = _enrolled(as_known(lake.scan(ENROLMENTS.name, schools=[school]), at))
    absent = as_known(lake.scan(ABSENCES.name, schools=[school]), at).group_by("pupil")
    pupils = (
        _heard(lake, school, at)
        .join(enrolled, on="pupil", how="left")
        .join(absent.agg(absent=pl.max_horizontal("start_date", "end_date").max()), on="pupil", how="left")
        .with_columns(pl.col("open", "runs").fill_null(value=False))
        .collect()
    )
    heard = pl.when(pl.col("left").is_null() | pl.col("open")).then("heard")
    newest = pl.max_horizontal("left", "absent", heard)
    gone = ~pl.col("runs") & (newest < cutoff)
    silent = ~gone & pl.col("open") & (pl.col("heard") < at.date() - SILENT)
    return Leavers(school, frozenset(pupils.filter(gone)["pupil"]), pupils.filter(silent).height)


def _enrolled(known: pl.LazyFrame) -> pl.LazyFrame:
    """Say of each pupil the last day known, whether the enrolment that began last runs, and whether any has no end."""
    ordered = known.sort("valid_from", "recorded_at", "record")
    return ordered.group_by("pupil", maintain_order=True).agg(
        left=pl.col("valid_to").max(),
        runs=pl.col("valid_to").last().is_null(),
        open=pl.col("valid_to").is_null().any(),
    )


def _heard(lake: Lake, school: str, at: datetime) -> pl.LazyFrame:
    """Return everybody of whom the lake holds anything, and the day on which something of them was last delivered."""
    scans = [lake.scan(table, schools=[school]).select("pupil", "delivered_at") for table in TABLES]
    rows = pl.concat(scans).filter(pl.col("pupil").is_not_null() & (pl.col("delivered_at") <= at))
    return rows.group_by("pupil").agg(heard=pl.col("delivered_at").max().dt.date())
