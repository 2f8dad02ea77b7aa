"""The features of all pupils in one week: what was counted of the weeks before is kept and only extended.

The result is that of `features.build.build` on everything that was known, at a fraction of the work: of a week's deliveries,
only those weeks are counted about which they say something (`pipelines.kept.count`).
"""

import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl
from pyarrow.parquet import ParquetWriter
from pydantic import BaseModel, ConfigDict

from data_contracts.errors import NotEnoughDataError, UsageError
from features.build import FACTS, IDENTITY, counted, features_of
from features.calendar import local_date, monday
from features.catalogue import NAMES
from features.enrolled import current
from features.history import History, number_of
from pipelines.clock import MONDAY_MORNING
from pipelines.crew import polars_threads
from pipelines.home import Home
from pipelines.kept.count import AT_A_TIME, batched, count_on
from pipelines.kept.fold import put_together
from pipelines.kept.known import Known, find_out, first_looked_at
from pipelines.kept.news import gone
from pipelines.kept.store import ROOM, SEGMENTS, TURNS, Segment, dated, empty, place, read, shard_of, standings, write
from pipelines.lake import Lake
from pipelines.locks import locked
from pipelines.objections import objected, without

COLUMNS = (*IDENTITY, *NAMES, *FACTS)
DETAILED = 16
"""Newest school weeks that are kept one by one: the longest window has 12, and what is recorded late needs room."""
LONG_AGO = 10_000
"""How many weeks ago a week was that is kept together with others."""

SCHOOLS_A_WORKER = 50
"""Fewer schools are counted before another process has started."""

Say = Callable[[str, int, int], None]


class Summary(BaseModel):
    """What `features_of_week` did: of how many schools and pupils, and where the rows are, if anywhere."""

    model_config = ConfigDict(frozen=True)

    week: date
    as_of: datetime
    schools: int
    pupils: int
    out: str = ""


def known_by(week: date, *, now: datetime) -> datetime:
    """Moment of the lists of `week`: its Monday at six.

    Raises
    ------
    UsageError
        That lies ahead of `now`.
    """
    opening = datetime.combine(week, MONDAY_MORNING).astimezone(UTC)
    if opening > now:
        detail = f"de week van {week} is nog niet begonnen"
        raise UsageError(detail, remedy=f"Kies uiterlijk {monday(local_date(now))}.")
    return opening


def features_of_week(  # noqa: PLR0913 - this much can be asked
    home: Home,
    *,
    week: date,
    as_of: datetime,
    schools: Sequence[str] | None = None,
    out: Path | None = None,
    each: Callable[[pl.DataFrame], None] | None = None,
    progress: Say | None = None,
    workers: int | None = None,
) -> Summary:
    """Features of all pupils in one week, from what was known at `as_of`.

    Parameters
    ----------
    week
        A Monday; days before it count.
    as_of
        Moment (UTC, aware).
    schools
        Only these; all that delivered where left out.
    out
        Parquet file to write: `COLUMNS`, one row a pupil.
    each
        Called with every part of the result: some schools, all their pupils.
    progress
        Called with what is done, how far, of how much.
    workers
        Processes that count; as many as there are cores for many schools where left out.

    Raises
    ------
    UsageError, NotEnoughDataError
        `week` is no Monday; no school has delivered anything.
    """
    if week != monday(week):
        detail = f"{week} is geen maandag"
        raise UsageError(detail, remedy=f"Een week heet naar haar maandag: {monday(week)}.")
    chosen = sorted(Lake(home).schools() if schools is None else schools)
    if not chosen:
        detail = "er is nog geen levering geaccepteerd, dus er valt niets te tellen"
        raise NotEnoughDataError(detail, remedy="Lever eerst gegevens aan met: aanwezig ingest MAP")
    shards: dict[int, list[str]] = {}
    for school in chosen:
        shards.setdefault(shard_of(school), []).append(school)
    say = progress or (lambda _text, _done, _total: None)
    at_once = workers or min(os.cpu_count() or 1, 1 + len(chosen) // SCHOOLS_A_WORKER)
    pupils, done = 0, 0
    left_out = objected(home, schools=chosen)
    with locked(home, "kept", busy="er worden al kenmerken geteld"), _written(out) as add:
        say("scholen", done, len(chosen))
        for members, counted_rows in _of_shards(home, shards, week, as_of, at_once):
            rows = without(counted_rows, left_out)
            for take in (add, each):
                if take is not None:
                    take(rows)
            pupils, done = pupils + len(rows), done + members
            say("scholen", done, len(chosen))
    where = "" if out is None else str(out)
    return Summary(week=week, as_of=as_of, schools=len(chosen), pupils=pupils, out=where)


@contextmanager
def _written(out: Path | None) -> Iterator[Callable[[pl.DataFrame], None] | None]:
    """Give a function that adds rows to a Parquet file, which is there once it is whole."""
    if out is None:
        yield None
        return
    fresh = out.with_name(f".{out.name}-{secrets.token_hex(8)}")
    with ExitStack() as stack:
        stack.callback(fresh.unlink, missing_ok=True)
        writer: list[ParquetWriter] = []

        def add(rows: pl.DataFrame) -> None:
            table = rows.to_arrow(compat_level=pl.CompatLevel.oldest())
            if not writer:
                writer.append(stack.enter_context(ParquetWriter(fresh, table.schema, compression="zstd")))
            writer[0].write_table(table)

        yield add
        for each in writer:
            each.close()
        fresh.replace(out)


def _of_shards(
    home: Home, shards: Mapping[int, Sequence[str]], week: date, as_of: datetime, workers: int
) -> Iterator[tuple[int, pl.DataFrame]]:
    """How many schools, and their rows, shard by shard."""
    work = [(home, shard, members, week, as_of) for shard, members in sorted(shards.items())]
    if workers == 1:
        yield from map(_of_shard, work)
        return
    # One process a core, each with one thread: they wait less for each other than threads do.
    with polars_threads(1), ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_of_shard, work)


def _of_shard(work: tuple[Home, int, Sequence[str], date, datetime]) -> tuple[int, pl.DataFrame]:
    home, shard, schools, week, as_of = work
    return len(schools), features_of_shard(home, shard, schools, week=week, as_of=as_of)


def features_of_shard(home: Home, shard: int, schools: Sequence[str], *, week: date, as_of: datetime) -> pl.DataFrame:
    """Features of the pupils of some schools of one shard, which is extended on the way."""
    moment = as_of.astimezone(UTC)
    kept = standings(_segments(home, shard, week, moment)[0])
    # Schools that are counted for the first time bring years with them: not all of them at once.
    new = [school for school in schools if school not in kept]
    waves = [[school for school in schools if school in kept], *batched(new, AT_A_TIME)]
    return pl.concat([_extended(home, shard, wave, week, moment) for wave in waves if wave])


def _segments(home: Home, shard: int, week: date, moment: datetime) -> tuple[list[Segment], bool]:
    """Return what is kept and can be used, and whether more may be added."""
    segments, open_end = read(place(home, shard), first_day=first_looked_at(week), moment=moment, until=number_of(week))
    return ([], True) if gone(home, segments) else (segments, open_end)


def _extended(home: Home, shard: int, schools: Sequence[str], week: date, moment: datetime) -> pl.DataFrame:
    segments, open_end = _segments(home, shard, week, moment)
    now = find_out(home, schools, segments, week=week, as_of=moment)
    fresh, enrolled = count_on(home, now)
    found = _features(now, [*segments, fresh], enrolled)
    if open_end and _says_more(now, fresh):
        # Not all shards in the same week.
        together = len(segments) == 0 or len(segments) >= SEGMENTS - shard % TURNS
        told = [*segments, fresh]
        write(place(home, shard), put_together(told, _folds(told)) if together else fresh, replacing=together)
    return found


def _says_more(now: Known, fresh: Segment) -> bool:
    kept = standings(now.segments)
    same = all(school in kept and kept[school].until == at.until == at.since for school, at in fresh.schools.items())
    return not (same and now.read.deliveries.is_empty())


def _school_weeks(segments: Sequence[Segment]) -> pl.LazyFrame:
    """School weeks of all schools, and how long ago they are: ``school, week, weeks_ago``."""
    days = dated(segments, "numbers")
    weeks = days.select("school", week=pl.col("day") - (pl.col("day") + 3) % 7).unique()
    ago = pl.col("week").rank("dense", descending=True).over("school").cast(pl.Int64) - 1
    return weeks.with_columns(weeks_ago=ago)


def _folds(segments: Sequence[Segment]) -> dict[str, int]:
    """Day of each school before which weeks need not be kept one by one."""
    oldest = _school_weeks(segments).filter(pl.col("weeks_ago") == DETAILED - 1).select("school", "week").collect()
    return dict(oldest.iter_rows())


def _features(now: Known, segments: Sequence[Segment], enrolled: pl.DataFrame) -> pl.DataFrame:
    weeks = _school_weeks(segments).collect()
    numbers = {at.number: school for school, at in standings(segments).items() if at.number >= 0}
    at_school = pl.DataFrame(
        {"school": list(numbers.values()), "_school": list(numbers)}, schema={"school": pl.String, "_school": pl.Int64}
    )
    ago = weeks.join(at_school, on="school").select("week", "weeks_ago", "_school")
    rows = dated(segments, "rows").with_columns(pl.col("week").cast(pl.Int64), _school=pl.col("pupil_no") // ROOM)
    rows = rows.join(ago.lazy(), on=["_school", "week"], how="left").with_columns(
        pl.col("weeks_ago").fill_null(LONG_AGO)
    )
    past = _as_history(now, segments, enrolled, weeks)
    found: pl.LazyFrame = features_of(counted(past, nw.from_native(rows))).to_native()
    return found.select(COLUMNS).sort("school", "pupil").collect()


def _as_history(now: Known, segments: Sequence[Segment], enrolled: pl.DataFrame, weeks: pl.DataFrame) -> History:
    """Return what is kept, as far as `features.build.counted` asks for it beside pupil-weeks."""
    at = weeks.lazy()
    lessons = dated(segments, "lessons").with_columns(_school=pl.col("pupil_no") // ROOM)
    schools = pl.LazyFrame(
        [(s, each.number) for s, each in standings(segments).items()],
        schema={"school": pl.String, "_school": pl.Int64},
        orient="row",
    )
    lessons = lessons.join(schools, on="_school").join(at, on=["school", "week"])
    registers = dated(segments, "registers").join(at, on=["school", "week"])
    nothing = nw.from_native(empty("numbers"))
    frames = {
        "pupils": pl.LazyFrame(current(nw.from_native(enrolled.lazy()), today=now.until).collect().to_native()),
        "school_days": dated(segments, "numbers").select("school", "day", "number"),
        "lessons": lessons,
        "registers": registers,
    }
    native: dict[str, Any] = {name: nw.from_native(frame.collect().lazy()) for name, frame in frames.items()}
    return History(
        as_of=now.as_of,
        until=now.week,
        enrolments=nothing,
        school_weeks=nothing,
        weeks=nothing,
        days=nothing,
        numbers=nothing,
        shifts=None,
        closed=None,
        **native,
    )
