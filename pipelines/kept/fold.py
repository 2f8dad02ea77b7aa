"""Put the segments of a shard together, and weeks of long ago in one row a pupil and year."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from pipelines.kept.news import merged
from pipelines.kept.store import DATED, LASTING, MEASURES, ROOM, SUMMED, Segment, dated, lasting, standings


def last_marks(marks: pl.DataFrame) -> pl.DataFrame:
    """Return the last of each pupil and kind."""
    return marks.sort("day").unique(["pupil_no", "kind"], keep="last")


def last_shifts(shifts: pl.DataFrame) -> pl.DataFrame:
    """Return the last of each pupil."""
    return shifts.sort("day").unique("pupil_no", keep="last")


def put_together(segments: Sequence[Segment], fold: Mapping[str, int]) -> Segment:
    """Return one segment that says what `segments` say, weeks before the day in `fold` as one row a pupil and year."""
    at = standings(segments)
    days = {school: max(each.fold, fold.get(school, each.fold)) for school, each in at.items()}
    numbers = {at[school].number: day for school, day in days.items() if at[school].number >= 0}
    of_pupil = (pl.col("pupil_no") // ROOM).replace_strict(numbers, default=0, return_dtype=pl.Int64)
    of_school = pl.col("school").replace_strict(days, default=0, return_dtype=pl.Int64)
    tables = {name: dated(segments, name).collect() for name in DATED} | {
        name: lasting(segments, name).unique(keep="last", maintain_order=True).collect() for name in LASTING
    }
    tables["rows"] = _folded(tables["rows"].with_columns(_fold=of_pupil))
    marks, days_told = tables["marks"].with_columns(_fold=of_pupil), tables["numbers"].with_columns(_fold=of_school)
    recent, old = pl.col("day") >= pl.col("_fold"), pl.col("day") < pl.col("_fold")
    tables["marks"] = pl.concat([marks.filter(recent), last_marks(marks.filter(old))]).drop("_fold")
    shifts = tables["shifts"].with_columns(_fold=of_pupil)
    tables["shifts"] = pl.concat([shifts.filter(recent), last_shifts(shifts.filter(old))]).drop("_fold")
    last = days_told.filter(old).filter(pl.col("day") == pl.col("day").max().over("school", "unit"))
    tables["numbers"] = pl.concat([days_told.filter(recent), last]).drop("_fold")
    tables["registers"] = tables["registers"].filter(pl.col("week") >= of_school)
    tables["lessons"] = tables["lessons"].filter(pl.col("week") >= of_pupil)
    keys, starts = merged(segments)
    return replace(
        segments[-1],
        keys=keys,
        starts=starts,
        schools={school: replace(each, fold=days[school]) for school, each in at.items()},
        tables={name: table.lazy() for name, table in tables.items()},
    )


def _folded(rows: pl.DataFrame) -> pl.DataFrame:
    columns = [name for name in rows.columns if name != "_fold"]
    recent = rows.filter(pl.col("week") >= pl.col("_fold"))
    old = (
        rows.filter(pl.col("week") < pl.col("_fold"))
        .group_by("pupil_no", "year")
        .agg(pl.col(*SUMMED).sum(), pl.col(*(set(MEASURES) - set(SUMMED))).max(), week=pl.col("_fold").max() - 1)
    )
    schema = {name: rows.schema[name] for name in columns}
    return pl.concat([part.select(pl.col(n).cast(t) for n, t in schema.items()) for part in (recent, old)])
