"""From when on a school is known to register absence, and whether what said so still stands.

Of nearly every school the first absences of all stand for good; only where one of them was taken back, or was on another day
after all (a mistyped year), all versions are looked at.
"""

from collections.abc import Sequence
from datetime import date, datetime

import polars as pl

from pipelines.lake import MOMENT

Period = tuple[datetime, datetime | None]
"""From the first moment up to the second; for good where there is none."""


def heard_of_absences(absences: pl.LazyFrame) -> list[pl.LazyFrame]:
    """When a first absence of each day of a school, or of a day before it, became known, as if all of them still stood.

    Returns
    -------
    list of polars.LazyFrame
        One: ``school, date, record, since, until``, in order; `until` is null. The record is that of the absence.
    """
    told = absences.filter(~pl.col("withdrawn"))
    each = told.group_by("school", date="start_date").agg(
        pl.col("record").get(pl.col("recorded_at").arg_min()), since=pl.col("recorded_at").min()
    )
    earlier = pl.col("since").cum_min().shift(1).over("school")
    steps = each.sort("school", "date").filter(earlier.is_null() | (pl.col("since") < earlier))
    return [steps.with_columns(until=pl.lit(None, dtype=MOMENT))]


def no_longer_so(steps: pl.LazyFrame, absences: pl.LazyFrame) -> set[str]:
    """Return the schools of which one of `steps` (`heard_of_absences`) was taken back, or put on another day."""
    told = absences.join(steps.select("school", "record", "date"), on=["school", "record"])
    moved = told.filter(pl.col("withdrawn") | (pl.col("start_date") != pl.col("date")))
    return set(moved.select("school").unique().collect()["school"])


def begun(absences: pl.LazyFrame) -> pl.DataFrame:
    """In which periods it is known of one school that absences are registered, on a day and on those after it.

    An absence that is taken back, or put on another day, ends what it began, from the moment at which that was recorded.

    Parameters
    ----------
    absences
        All versions of the absences of that school.

    Returns
    -------
    polars.DataFrame
        ``date, since, until``, in order; a date may have several periods, which do not touch.
    """
    columns = ["record", "start_date", "recorded_at", "withdrawn"]
    versions = absences.select(columns).collect().sort("record", "recorded_at")
    versions = versions.with_columns(until=pl.col("recorded_at").shift(-1).over("record"))
    standing = versions.filter(~pl.col("withdrawn")).sort("start_date")
    found: list[tuple[date, datetime, datetime | None]] = []
    periods: list[Period] = []
    for (day,), rows in standing.group_by("start_date", maintain_order=True):
        joined = _union([*periods, *rows.select("recorded_at", "until").iter_rows()])
        if joined != periods:
            periods = joined
            found += [(day, since, until) for since, until in periods]
    types = {"date": pl.Date(), "since": MOMENT, "until": MOMENT}
    return pl.DataFrame(found, schema=types, orient="row")


def _union(periods: Sequence[Period]) -> list[Period]:
    """Make one period of those that overlap or touch."""
    joined: list[Period] = []
    for since, until in sorted(periods, key=lambda period: period[0]):
        if not joined or (joined[-1][1] is not None and since > joined[-1][1]):
            joined.append((since, until))
        elif joined[-1][1] is not None:
            joined[-1] = (joined[-1][0], None if until is None else max(until, joined[-1][1]))
    return joined
