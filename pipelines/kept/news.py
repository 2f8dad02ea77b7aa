"""What became known since a shard was last counted, and how far back that reaches.

Most of a week's deliveries are about that week. For the rest the first day that may come out otherwise is found without
reading what was read before: every record that was ever read is known by its first day, and versions of facts that reach
far are kept at hand:

- all versions of records that were ever corrected, so that no replaced version is taken for the one that stands;
- what is open-ended or lasts long, and reports of pupils after an open-ended one, which end it;
- for the norm timetable, the versions by which days, groups and pupils first became known.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data_contracts.reasons import Registration
from data_contracts.tables import ABSENCES, ENROLMENTS, TIMETABLE
from pipelines.home import Home
from pipelines.kept.store import FACTS, Segment, lasting
from pipelines.lake import schema

LONG = 28
"""Days from which a registration is kept at hand, so that its file need not be read week after week."""
VERSION = ["school", "record", "recorded_at"]
_DELIVERY = ["school", "table", "delivery"]
_PLACE = ["_first", "_last", "_key"]


@dataclass(frozen=True)
class News:
    """What was not known before.

    Parameters
    ----------
    rows
        By table: versions in deliveries that were not read wholly before, as far as known by now, with ``_first`` and
        ``_last`` (day numbers: what they can touch), ``_key`` (hash of the record) and ``_fresh`` (not known before).
    deliveries
        What was read, see `pipelines.kept.store.LASTING`.
    earlier
        ``_key, _before``: records in `rows` that had been read before, and the first day they had then.
    """

    rows: Mapping[str, pl.DataFrame]
    deliveries: pl.DataFrame
    earlier: pl.DataFrame

    def of(self, table: str) -> pl.LazyFrame:
        """Rows of `table` as the lake has them."""
        return self.rows[table].lazy().select(*schema(FACTS[table]))


def stored(home: Home, schools: Sequence[str]) -> pl.DataFrame:
    """Return the deliveries that the lake holds: ``school, table, delivery``."""
    found: list[tuple[str, str, str]] = []
    for school in schools:
        committed = {name.removesuffix(".json") for name in _names(home.lake / "reports" / school)}
        for table in FACTS:
            names = {name.removesuffix(".parquet") for name in _names(home.lake / table / school)}
            found += [(school, table, name) for name in sorted(names & committed)]
    return pl.DataFrame(found, schema=dict.fromkeys(_DELIVERY, pl.String), orient="row")


def gone(home: Home, segments: Sequence[Segment]) -> bool:
    """Whether the lake no longer holds something that was counted: a school or delivery that was erased."""
    counted = lasting(segments, "deliveries").select(_DELIVERY).unique().collect()
    there = stored(home, sorted(set(counted["school"])))
    return not counted.join(there, on=_DELIVERY, how="anti").is_empty()


def _names(folder: Path) -> list[str]:
    # One call a folder: of a country there are five thousand, with a hundred thousand files.
    return os.listdir(folder) if folder.is_dir() else []  # noqa: PTH208 - names are enough


def news(home: Home, schools: Sequence[str], segments: Sequence[Segment], as_of: datetime) -> News:
    """Read what of `schools` was not read before and is known at `as_of`."""
    already = lasting(segments, "deliveries").collect().unique(_DELIVERY, keep="last", maintain_order=True)
    wholly = already.filter("whole")
    wanted = stored(home, schools).join(wholly, on=_DELIVERY, how="anti")
    partly = already.filter(~pl.col("whole")).select("school", "table", "delivery", _until="moment")
    rows, read = {}, [already.clear()]
    for table in FACTS:
        found = _of_files(home, table, wanted.filter(pl.col("table") == table))
        found = found.filter(pl.col("delivered_at") <= as_of)
        marked = with_place(found, table).with_columns(table=pl.lit(table)).collect()
        marked = marked.join(partly, on=_DELIVERY, how="left")
        known = pl.col("recorded_at") <= as_of
        read.append(
            marked.group_by(_DELIVERY).agg(
                last=pl.col("_last").filter(~_lasts_long(table)).max().fill_null(-1),
                moment=pl.lit(as_of).dt.cast_time_unit("us"),
                whole=known.all(),
            )
        )
        fresh = pl.col("_until").is_null() | (pl.col("recorded_at") > pl.col("_until"))
        rows[table] = marked.filter(known).with_columns(_fresh=fresh).drop("table", "_until")
    keys = pl.concat([rows[table]["_key"] for table in (ABSENCES.name, TIMETABLE.name)]).unique()
    return News(rows, pl.concat([part.select(already.columns) for part in read]), _earlier(segments, keys))


def _of_files(home: Home, table: str, deliveries: pl.DataFrame) -> pl.LazyFrame:
    files = [home.lake / table / school / f"{name}.parquet" for school, _, name in deliveries.select(_DELIVERY).rows()]
    return pl.scan_parquet(files) if files else pl.LazyFrame(schema=schema(FACTS[table]))


def with_place(rows: pl.LazyFrame, table: str) -> pl.LazyFrame:
    """Add the first and the last day that a version can touch, and the hash of its record."""
    key = pl.concat_str([pl.lit(table), pl.col("school"), pl.col("record")], separator="\n").hash()
    first = {ENROLMENTS.name: "valid_from", TIMETABLE.name: "date", ABSENCES.name: "start_date"}[table]
    last = pl.max_horizontal("start_date", "end_date") if table == ABSENCES.name else pl.col(first)
    day = {"_first": pl.col(first), "_last": last}
    return rows.with_columns(_key=key, **{name: of.cast(pl.Int32).cast(pl.Int64) for name, of in day.items()})


def _lasts_long(table: str) -> pl.Expr:
    """Whether a version is kept at hand because of how long it lasts; also amounts over days, see `spread`."""
    if table != ABSENCES.name:
        return pl.lit(value=False)
    several = pl.col("open_ended") | (pl.col("_last") > pl.col("_first"))
    lasting_long = pl.col("open_ended") | (pl.col("_last") - pl.col("_first") > LONG)
    return (lasting_long | (several & pl.col("amount").is_not_null())).fill_null(value=False)


def _earlier(segments: Sequence[Segment], keys: pl.Series) -> pl.DataFrame:
    wanted = np.sort(keys.to_numpy())
    parts = [pl.DataFrame(schema={"_key": pl.UInt64, "_before": pl.Int64})]
    for segment in segments:
        at = np.searchsorted(segment.keys, wanted)
        inside = at < len(segment.keys)
        at, asked = at[inside], wanted[inside]
        same = segment.keys[at] == asked
        found = {"_key": asked[same], "_before": segment.starts[at[same]].astype(np.int64)}
        parts.append(pl.DataFrame(found, schema=parts[0].schema))
    return pl.concat(parts).group_by("_key").agg(pl.col("_before").min())


def index(read: News) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """Hashes of the records in `read`, in order, and the first day of each."""
    parts = [read.rows[table].select("_key", "_first") for table in (ABSENCES.name, TIMETABLE.name)]
    found = pl.concat(parts).group_by("_key").agg(pl.col("_first").min()).sort("_key")
    return found["_key"].to_numpy().copy(), found["_first"].cast(pl.Int32).to_numpy().copy()


def merged(segments: Sequence[Segment]) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """Return the index of all `segments` in one."""
    keys = np.concatenate([segment.keys for segment in segments])
    starts = np.concatenate([segment.starts for segment in segments])
    order = np.lexsort((starts, keys))
    keys, starts = keys[order], starts[order]
    first = np.append([True], keys[1:] != keys[:-1]) if len(keys) else np.empty(0, np.bool_)
    return keys[first], starts[first]


def first_days(read: News) -> dict[str, int]:
    """First day that a fresh absence or lesson can touch, by school, in this version or in one read before."""
    parts = [
        read.rows[table].filter("_fresh").select("school", "_key", "_first")
        for table in (ABSENCES.name, TIMETABLE.name)
    ]
    found = pl.concat(parts).join(read.earlier, on="_key", how="left")
    found = found.group_by("school").agg(pl.min_horizontal(pl.col("_first").min(), pl.col("_before").min()))
    return dict(found.iter_rows())


def spread(segments: Sequence[Segment], read: News) -> list[tuple[str, int, int]]:
    """Amounts stated over several days, as school, first and last day: how much falls on each depends on all of them."""
    kept = with_place(lasting(segments, "special_absences"), ABSENCES.name).collect()
    several = pl.col("open_ended") | (pl.col("_last") > pl.col("_first"))
    rows = pl.concat([kept, read.rows[ABSENCES.name].select(kept.columns)])
    rows = rows.filter(several & pl.col("amount").is_not_null() & ~pl.col("withdrawn"))
    last = pl.when("open_ended").then(pl.lit(1 << 20)).otherwise("_last")
    return rows.select("school", "_first", last).unique().rows()


@dataclass(frozen=True)
class Reading:
    """Versions that are needed to count some schools from a day on, and those of them to keep at hand."""

    absences: pl.LazyFrame
    timetable: pl.LazyFrame
    special_absences: pl.LazyFrame
    special_timetable: pl.LazyFrame


def reading(home: Home, segments: Sequence[Segment], read: News, schools: Sequence[str], *, since: int) -> Reading:
    """Read what is needed to count `schools` from day `since` on."""
    found: dict[str, pl.LazyFrame] = {}
    for table in (ABSENCES.name, TIMETABLE.name):
        before = lasting(segments, "deliveries").collect().unique(_DELIVERY, keep="last", maintain_order=True)
        of_table = pl.col("school").is_in(list(schools)) & (pl.col("table") == table) & (pl.col("last") >= since)
        files = before.filter(of_table).join(read.deliveries, on=_DELIVERY, how="anti")
        columns = list(schema(FACTS[table]))
        mine = read.rows[table].lazy().filter(pl.col("school").is_in(list(schools)))
        fresh = mine.select(*columns, *_PLACE)
        touches = pl.col("_last") >= since
        if table == ABSENCES.name:
            touches = touches | pl.col("open_ended")
        old = with_place(_of_files(home, table, files), table).filter(touches).select(*columns, *_PLACE)
        rows = pl.concat([fresh, old]).collect()
        at_hand = lasting(segments, f"special_{table}").filter(pl.col("school").is_in(list(schools))).collect()
        special = _special(rows, at_hand, read, table).join(at_hand, on=VERSION, how="anti")
        found[table] = pl.concat([rows.select(columns), at_hand]).lazy()
        found[f"special_{table}"] = special.select(columns).lazy()
    return Reading(**found)


def _special(rows: pl.DataFrame, at_hand: pl.DataFrame, read: News, table: str) -> pl.DataFrame:
    """Those of `rows` to keep at hand."""
    versions = read.rows[table].select("_key", "recorded_at").unique()
    again = versions.filter(pl.col("_key").is_duplicated()).select("_key")
    corrected = pl.concat([read.earlier.select("_key"), again]).unique()
    chosen = rows["_key"].is_in(corrected["_key"].implode())
    if table == ABSENCES.name:
        opened = pl.concat(
            [part.filter("open_ended").select("school", "pupil", "start_date") for part in (rows, at_hand)]
        )
        opened = opened.group_by("school", "pupil").agg(_opened=pl.col("start_date").min())
        after = rows.select("school", "pupil", "start_date").join(opened, on=["school", "pupil"], how="left")
        later = (after["start_date"] > after["_opened"]).fill_null(value=False)
        report = rows["registration"] == Registration.REPORT.value
        chosen = chosen | (later & report).fill_null(value=False) | rows.select(_lasts_long(table)).to_series()
    return rows.filter(chosen)
