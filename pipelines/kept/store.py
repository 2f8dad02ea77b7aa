"""What is kept between weekly runs, on disk: what was counted of the weeks that are over.

Schools are kept in fixed groups (shards), so that a country is some thousands of files and not a hundred thousand. A shard
is a row of *segments*, directories that are never changed. A segment holds, of each of its schools, everything from that
school's ``since`` on as it was known at the segment's moment; it replaces what earlier segments say of those days. All of it
can be deleted at any time: it is worked out again.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from secrets import token_hex
from typing import Any
from zlib import crc32

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data_contracts.tables import ABSENCES, ENROLMENTS, TIMETABLE, Table
from features.build import WANTED
from features.weeks import LOWEST
from pipelines.home import Home
from pipelines.lake import schema

SHARDS = 16
"""About 80 of the country's schools, 60,000 pupils, a shard: enough that the fixed cost of counting is small, and no more
memory than a laptop has."""
SEGMENTS, TURNS = 8, 4
"""Segments of a shard at which they are put together; shards differ in this by less than the second number."""
ROOM = 1 << 17
"""More than the pupils that a school ever has; `pupil_no` is the school's number times this, and the pupil's own."""
AFTER_ALL = 1 << 20
"""A day number that never comes."""

FACTS: dict[str, Table] = {table.name: table for table in (ENROLMENTS, TIMETABLE, ABSENCES)}
MEASURES = sorted({measure for measure, _ in WANTED.sums | WANTED.largest})
SUMMED = sorted({measure for measure, _ in WANTED.sums})
_NO: dict[str, pl.DataType] = {"pupil_no": pl.Int64()}
DATED: dict[str, tuple[str, dict[str, pl.DataType]]] = {
    "rows": (
        "week",
        _NO
        | {"week": pl.Int32(), "year": pl.Int32()}
        | {name: pl.Float64() if name in LOWEST else pl.Int32() for name in MEASURES},
    ),
    "marks": ("day", _NO | dict.fromkeys(("kind", "day", "lesson_day", "position"), pl.Int64())),
    "shifts": ("day", _NO | dict.fromkeys(("day", "shift"), pl.Int64())),
    "numbers": (
        "day",
        {"school": pl.String(), "unit": pl.String()} | dict.fromkeys(("day", "number", "unit_number"), pl.Int64()),
    ),
    "registers": (
        "week",
        {"school": pl.String()} | dict.fromkeys(("week", "planned_minutes", "untaken_minutes"), pl.Int64()),
    ),
    "lessons": ("week", _NO | {"week": pl.Int64(), "subject": pl.String(), "lessons": pl.Int64()}),
    "closed": ("day", {"school": pl.String()} | dict.fromkeys(("day", "away", "enrolled"), pl.Int64())),
    "norm": ("day", {"school": pl.String(), "group": pl.String(), "day": pl.Int64(), "shape": pl.String()}),
}
"""Tables that say something of a day or a week, by name: the column that says which, and their columns. `rows` are
pupil-weeks (`features.weeks.pupil_weeks`); rows of weeks long ago are one row a pupil and year."""

LASTING: dict[str, dict[str, pl.DataType]] = {
    "pupils": {"school": pl.String(), "pupil": pl.String(), "pupil_no": pl.Int64()},
    "deliveries": {
        "school": pl.String(),
        "table": pl.String(),
        "delivery": pl.String(),
        "last": pl.Int64(),
        "moment": pl.Datetime("us", "UTC"),
        "whole": pl.Boolean(),
    },
    "enrolments": schema(ENROLMENTS),
    "special_absences": schema(ABSENCES),
    "special_timetable": schema(TIMETABLE),
    "first_absences": schema(ABSENCES),
    "first_timetable": schema(TIMETABLE),
}
"""Tables to which segments add: numbers of pupils; which deliveries were read, the last day they touch, when, and whether
wholly; versions of facts that are needed whatever the day (see `pipelines.kept.news`)."""


@cache
def logic() -> str:
    """Fingerprint of the code that counts: what was kept by other code is worked out again."""
    text = hashlib.sha256(pl.__version__.encode())
    code = [
        *files("features").iterdir(),
        *files("pipelines.kept").iterdir(),
        *(files("pipelines") / name for name in ("begun.py", "norm.py", "personal.py")),
    ]
    for path in sorted(code, key=str):
        if path.name.endswith((".py", ".toml")):
            text.update(path.name.encode() + path.read_bytes())
    return text.hexdigest()


@dataclass(frozen=True)
class Standing:
    """How far one school is kept.

    Parameters
    ----------
    number
        The school's number in `pupil_no`.
    since, until, moment
        Days from the first up to the second are told, as known at the third (UTC).
    fold
        Weeks before this day are put together.
    ever
        Pupils that it ever had.
    """

    number: int
    since: int
    until: int
    moment: datetime
    fold: int
    ever: int


@dataclass(frozen=True)
class Segment:
    """One segment.

    Parameters
    ----------
    moment, until
        What was known then (UTC) of the days before then (day number).
    first_day
        First day that was looked at.
    schools
        Its schools.
    tables
        `DATED` and `LASTING`, worked out or lazy.
    keys, starts
        Hashes of the records that were read, in order, and the first day of each.
    """

    moment: datetime
    until: int
    first_day: int
    schools: dict[str, Standing]
    tables: Mapping[str, pl.LazyFrame]
    keys: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    starts: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))


def shard_of(school: str) -> int:
    """Shard of a school, always the same one."""
    return crc32(school.encode()) % SHARDS


def place(home: Home, shard: int) -> Path:
    """Directory of a shard."""
    return home.kept / f"{shard:02d}"


def read(folder: Path, *, first_day: int, moment: datetime, until: int) -> tuple[list[Segment], bool]:
    """Segments of a shard that say only what was known at `moment` of the days before `until`.

    Returns
    -------
    list[Segment], bool
        In order; and whether they are all there are, so that more may be added. None and True where the code has changed,
        or another school year has begun.
    """
    found = sorted(path for path in folder.glob("[0-9]*") if (path / "state.json").exists())
    segments: list[Segment] = []
    for path in found:
        state = json.loads((path / "state.json").read_text(encoding="utf-8"))
        if state["logic"] != logic() or state["first_day"] < first_day:
            return [], True
        if datetime.fromisoformat(state["moment"]) > moment or state["until"] > until:
            return segments, False
        segments.append(_segment(path, state))
    return segments, True


def _segment(path: Path, state: Mapping[str, Any]) -> Segment:
    return Segment(
        moment=datetime.fromisoformat(state["moment"]),
        until=state["until"],
        first_day=state["first_day"],
        schools={
            school: Standing(**at | {"moment": datetime.fromisoformat(at["moment"])})
            for school, at in state["schools"].items()
        },
        tables={name: pl.scan_parquet(path / f"{name}.parquet") for name in state["tables"]},
        keys=np.load(path / "keys.npy", mmap_mode="r"),
        starts=np.load(path / "starts.npy", mmap_mode="r"),
    )


def write(folder: Path, segment: Segment, *, replacing: bool) -> None:
    """Add `segment` to a shard, or let it replace all there are. It is wholly there, or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    before = sorted(folder.glob("[0-9]*"))
    number = int(before[-1].name) + 1 if before else 0
    fresh = folder / f".{number:06d}-{token_hex(8)}"
    fresh.mkdir()
    try:
        for name, table in segment.tables.items():
            table.collect().write_parquet(fresh / f"{name}.parquet", compression="lz4")
        np.save(fresh / "keys.npy", segment.keys)
        np.save(fresh / "starts.npy", segment.starts)
        state = {
            "logic": logic(),
            "moment": segment.moment.isoformat(),
            "until": segment.until,
            "first_day": segment.first_day,
            "tables": list(segment.tables),
            "schools": {s: asdict(at) | {"moment": at.moment.isoformat()} for s, at in segment.schools.items()},
        }
        (fresh / "state.json").write_text(json.dumps(state), encoding="utf-8")
        if replacing:
            # Without its state a segment does not count; the newest go first, so that what is left is always whole.
            for path in reversed(before):
                (path / "state.json").unlink(missing_ok=True)
        fresh.rename(folder / f"{number:06d}")
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    if replacing:
        for path in before:
            shutil.rmtree(path, ignore_errors=True)


def empty(name: str) -> pl.LazyFrame:
    """Return the table `name` without rows."""
    return pl.LazyFrame(schema=DATED[name][1] if name in DATED else LASTING[name])


def dated(segments: Sequence[Segment], name: str, columns: Sequence[str] = ()) -> pl.LazyFrame:
    """Return a dated table as all `segments` together tell it: of every day, what the last of them says."""
    at, types = DATED[name]
    parts = []
    for n, segment in enumerate(segments):
        if name not in segment.tables:
            continue
        part = segment.tables[name].select(list(columns) or list(types))
        until = _until(segments, n)
        if until:
            part = part.filter(_valid(at, types, segment, until))
        parts.append(part)
    return pl.concat(parts) if parts else empty(name).select(list(columns) or list(types))


def _until(segments: Sequence[Segment], n: int) -> dict[str, int]:
    """Day from which later segments say otherwise, of each school in segment `n` where that is before its end."""
    until: dict[str, int] = {}
    for later in segments[n + 1 :]:
        for school, at in later.schools.items():
            if school in segments[n].schools:
                until[school] = min(at.since, until.get(school, AFTER_ALL))
    return {school: day for school, day in until.items() if day < segments[n].until}


def _valid(at: str, types: Mapping[str, Any], segment: Segment, until: Mapping[str, int]) -> pl.Expr:
    if len(until) == len(segment.schools) and len(set(until.values())) == 1:
        return pl.col(at) < min(until.values())
    if "school" in types:
        return pl.col(at) < pl.col("school").replace_strict(dict(until), default=AFTER_ALL, return_dtype=pl.Int64)
    numbers = {segment.schools[school].number: day for school, day in until.items()}
    return pl.col(at) < (pl.col("pupil_no") // ROOM).replace_strict(numbers, default=AFTER_ALL, return_dtype=pl.Int64)


def lasting(segments: Sequence[Segment], name: str) -> pl.LazyFrame:
    """Return all rows of a lasting table."""
    parts = [segment.tables[name] for segment in segments if name in segment.tables]
    return pl.concat(parts) if parts else empty(name)


def standings(segments: Sequence[Segment]) -> dict[str, Standing]:
    """How far each school is kept: as the last segment that has it says."""
    return {school: at for one in segments for school, at in one.schools.items()}
