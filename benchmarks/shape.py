"""The national shape, synthetic: schools of 800 pupils, 40 school weeks, about 105 registrations a pupil and year.

Nobody in it exists. Figures are rounded from ``docs/sources.md`` where that has one and are otherwise ours: they set how
much there is to count, not what is true of pupils. The same seed gives the same rows, school by school.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data_contracts.identifiers import Region
from data_contracts.reasons import KINDS, Kind
from data_contracts.tables import ABSENCES, ENROLMENTS, TIMETABLE, Table
from features.calendar import monday, school_days
from features.tables import Tables
from pipelines.lake import schema

PUPILS_A_SCHOOL = 800
CLASS = 25
SLOTS = 6
MINUTES = 50
FIRST_MINUTE = 510
WEEKS = 40
SUBJECTS = ("ne", "en", "wi", "fa", "du", "gs", "ak", "bi", "na", "sk", "ec", "lo")
YEAR_GROUPS = ("11", "12", "13", "14", "15", "16")
LONG_SPELL = 0.02  # of the sick spells
CHANGED = 0.02  # of the pupils each: joins, leaves or changes class within a year
MIDDLE = 0.5  # a draw that is neither low nor high: who changes class
CANCELLED, NOT_TAKEN = 0.02, 0.015  # of the lessons
SICK, LEAVE, SINGLE, LATE, REMOVED = 3.2, 0.9, 33.0, 14.0, 1.6  # spells or registrations a pupil and year
AFTERNOON = timedelta(hours=15)

Ints = NDArray[np.int64]
Frames = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]


@cache
def days_of(year: int) -> tuple[date, ...]:
    """School days of the first 40 school weeks of the year that begins in `year`."""
    days = school_days(Region.MIDDEN, date(year, 8, 15), date(year + 1, 7, 31))
    weeks = sorted({monday(day) for day in days})[:WEEKS]
    return tuple(day for day in days if monday(day) <= weeks[-1])


def origins(year: int) -> list[date]:
    """Monday after each of the 40 school weeks of `year`."""
    return sorted({monday(day) + timedelta(days=7) for day in days_of(year)})


@dataclass(frozen=True)
class Year:
    """One school in one school year.

    Parameters
    ----------
    days
        Its school days.
    groups, year_groups
        Classes, and the year group of each.
    group_of
        Class of each pupil on each day; -1 while not enrolled.
    free
        Class by day: a day off of its own.
    """

    days: NDArray[np.datetime64]
    groups: list[str]
    year_groups: list[str]
    group_of: Ints
    free: NDArray[np.bool_]

    @property
    def weekday(self) -> Ints:
        """Day of the week of each school day, Monday is 0."""
        return (self.days.astype(np.int64) + 3) % 7


def schools(pupils: int) -> list[tuple[int, int]]:
    """Number and size of each school that `pupils` need."""
    whole, rest = divmod(pupils, PUPILS_A_SCHOOL)
    return [(n, PUPILS_A_SCHOOL) for n in range(whole)] + ([(whole, rest)] if rest else [])


def name_of(number: int) -> str:
    """Return the BRIN of school `number`; ZZ is given to no real school."""
    return f"{number // 100:02d}ZZ{number % 100:02d}"


def one_school(
    number: int, pupils: int, *, seed: int, years: Sequence[int] = (2025,), late_share: float = 0.0
) -> Frames:
    """Return all enrolments, timetable and absences of one school, as the lake would hold them.

    Parameters
    ----------
    late_share
        Share of the registrations that are recorded, or corrected, one to three weeks later.
    """
    rng = np.random.default_rng([seed, number])
    school = name_of(number)
    names = pl.Series("pupil", [_pseudonym(f"{seed}:{school}:{n}") for n in range(pupils)])
    burden = rng.gamma(1.3, 1 / 1.3, (3, pupils))
    drawn = [_year(rng, pupils, year, shift=n * 7) for n, year in enumerate(years)]
    enrolled = pl.concat(_enrolments(year, names) for year in drawn)
    lessons = pl.concat(_timetable(rng, year) for year in drawn)
    missed = pl.concat(_absences(rng, year, names, burden) for year in drawn)
    return (
        _stored(ENROLMENTS, school, enrolled),
        _stored(TIMETABLE, school, lessons),
        _late(rng, _stored(ABSENCES, school, missed), late_share),
    )


def tables(pupils: int, *, seed: int, years: Sequence[int] = (2025,), late_share: float = 0.0) -> Tables:
    """Return all rows of as many schools as `pupils` need, in memory (Polars)."""
    made = [one_school(n, size, seed=seed, years=years, late_share=late_share) for n, size in schools(pupils)]
    return Tables(*(pl.concat(frames) for frames in zip(*made, strict=True)))


def _pseudonym(text: str) -> str:
    return "p" + base64.b32encode(hashlib.sha256(text.encode()).digest()).decode()[:26].lower()


def _year(rng: np.random.Generator, pupils: int, year: int, *, shift: int) -> Year:
    """Draw classes, who is in them when, and one study day of each year group."""
    days = np.array(days_of(year), dtype="datetime64[D]")
    count = -(-pupils // CLASS)
    levels = [YEAR_GROUPS[n * len(YEAR_GROUPS) // count] for n in range(count)]
    groups = [f"{int(level) - 10}{n}-{year % 100}" for n, level in enumerate(levels)]
    group_of = np.repeat((((np.arange(pupils) + shift) // CLASS) % count)[:, None], len(days), axis=1)
    turn = rng.integers(10, len(days) - 10, pupils)[:, None]
    late = np.arange(len(days))[None, :] >= turn
    what = rng.random(pupils)[:, None]
    group_of = np.where((what < CHANGED) & ~late, -1, group_of)
    group_of = np.where((what > 1 - CHANGED) & late, -1, group_of)
    moves = (what > MIDDLE) & (what < MIDDLE + CHANGED) & late
    group_of = np.where(moves, (group_of + 1) % count, group_of)
    study = dict(zip(YEAR_GROUPS, rng.integers(0, len(days), len(YEAR_GROUPS)), strict=True))
    free = np.array([[day == study[level] for day in range(len(days))] for level in levels])
    return Year(days, groups, levels, group_of, free)


def _enrolments(year: Year, names: pl.Series) -> pl.DataFrame:
    """One row for each unbroken stay in a class; who stays to the end of the year, stays till 31 July."""
    before = np.pad(year.group_of, ((0, 0), (1, 0)), constant_values=-1)[:, :-1]
    after = np.pad(year.group_of, ((0, 0), (0, 1)), constant_values=-1)[:, 1:]
    begins = np.argwhere((year.group_of != before) & (year.group_of >= 0))
    ends = np.argwhere((year.group_of != after) & (year.group_of >= 0))
    start, last = year.days[0].astype(date), year.days[-1].astype(date)
    opening, closing = np.datetime64(date(start.year, 8, 1)), np.datetime64(date(last.year, 7, 31))
    group = year.group_of[begins[:, 0], begins[:, 1]]
    # A change of class lies on a day after days off too: the old class lasts until the day before the new one.
    until = np.where(ends[:, 1] == len(year.days) - 1, closing, year.days[ends[:, 1]])
    follows = np.append(begins[1:, 0] == begins[:-1, 0], [False])
    next_day = np.append(year.days[begins[1:, 1]] - 1, [closing])
    return pl.DataFrame(
        {
            "pupil": names.gather(begins[:, 0]),
            "group": pl.Series(year.groups).gather(group),
            "year_group": pl.Series(year.year_groups).gather(group),
            "valid_from": np.where(begins[:, 1] == 0, opening, year.days[begins[:, 1]]),
            "valid_to": np.where(follows, next_day, until),
        }
    ).with_columns(recorded_at=pl.lit(datetime(start.year, 8, 1, 8, tzinfo=UTC)))


def _timetable(rng: np.random.Generator, year: Year) -> pl.DataFrame:
    """Every lesson of every class, with what became of it and the same subject each week."""
    group, day, slot = (part.ravel() for part in np.indices((len(year.groups), len(year.days), SLOTS)))
    taught = rng.integers(0, len(SUBJECTS), (len(year.groups), 7, SLOTS))
    open_day = ~year.free[group, day]
    frame = pl.DataFrame(
        {
            "group": pl.Series(year.groups).gather(group),
            "date": year.days[day],
            "slot": slot + 1,
            "start_minute": FIRST_MINUTE + MINUTES * slot,
            "subject": pl.Series(SUBJECTS).gather(taught[group, year.weekday[day], slot]),
            "cancelled": rng.random(len(slot)) < CANCELLED,
            "not_taken": rng.random(len(slot)) < NOT_TAKEN,
            "open": open_day,
        }
    ).filter("open")
    return frame.with_columns(
        minutes=pl.lit(MINUTES),
        status=pl.when("cancelled").then(pl.lit("cancelled")).otherwise(pl.lit("planned")),
        register=pl.when("not_taken").then(pl.lit("not_taken")).otherwise(pl.lit("taken")),
        recorded_at=pl.col("date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC") + AFTERNOON,
    )


def _absences(rng: np.random.Generator, year: Year, names: pl.Series, burden: NDArray[np.float64]) -> pl.DataFrame:
    """One observation for each lesson missed, entered late or left: spells of whole days, single lessons, events."""
    usual = np.where(year.weekday == 0, 1.3, np.where(year.weekday == 4, 1.15, 1.0))  # noqa: PLR2004 - Friday
    early = np.array([3.0, 1.3, 1.0, 1.0, 1.0, 1.3])
    first = np.array([8.0, 2.0, 1.0, 1.0, 1.0, 1.0])
    singles = {"truancy": 0.3, "unexplained": 0.25, "medical_appointment": 0.2, "leave": 0.1, "other_authorised": 0.15}
    longer = {"leave": 0.5, "luxury_leave": 0.2, "religious": 0.15, "suspension": 0.15}
    drawn = [
        _spells(rng, SICK * burden[0], usual, mean_days=2.3, kinds={"sick": 1.0}),
        _spells(rng, LEAVE * burden[0], usual, mean_days=1.6, kinds=longer),
        _lessons(rng, SINGLE * burden[1], usual, early, kinds=singles),
        _lessons(rng, LATE * burden[2], usual, first, kinds={"late": 1.0}),
        _lessons(rng, REMOVED * burden[2], usual, np.ones(SLOTS), kinds={"removed_from_class": 1.0}),
    ]
    pupil, day, slot = (np.concatenate([part[n] for part in drawn]) for n in range(3))
    kind = pl.concat([part[3] for part in drawn])
    group = year.group_of[pupil, day]
    at_school = (group >= 0) & ~year.free[group, day]
    order = np.lexsort((slot[at_school], day[at_school]))
    pupil, day, slot = (part[at_school][order] for part in (pupil, day, slot))
    return pl.DataFrame(
        {
            "pupil": names.gather(pupil),
            "start_date": year.days[day],
            "start_slot": slot + 1,
            "kind": kind.filter(pl.Series(at_school)).gather(order),
        }
    ).with_columns(
        end_date=pl.col("start_date"),
        end_slot=pl.col("start_slot"),
        authorised=pl.col("kind").replace_strict({k.value: info.authorised.value for k, info in KINDS.items()}),
        registration=pl.lit("observation"),
        recorded_at=pl.col("start_date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC") + AFTERNOON,
    )


Drawn = tuple[Ints, Ints, Ints, pl.Series]


def _kinds(rng: np.random.Generator, count: int, kinds: dict[str, float]) -> Ints:
    order = [kind.value for kind in Kind]
    numbers = np.array([order.index(kind) for kind in kinds])
    return numbers[rng.choice(len(kinds), count, p=list(kinds.values()))]


def _named(numbers: Ints) -> pl.Series:
    return pl.Series([kind.value for kind in Kind]).gather(numbers)


def _spells(
    rng: np.random.Generator,
    rate: NDArray[np.float64],
    usual: NDArray[np.float64],
    *,
    mean_days: float,
    kinds: dict[str, float],
) -> Drawn:
    """Whole days in a row, a row a lesson. Few spells are long; lengths are geometric."""
    pupil = np.repeat(np.arange(len(rate)), rng.poisson(rate))
    start = rng.choice(len(usual), len(pupil), p=usual / usual.sum())
    long = rng.random(len(pupil)) < LONG_SPELL
    length = rng.geometric(np.where(long, 1 / 15, 1 / mean_days))
    length = np.minimum(length, len(usual) - start)
    kind = _kinds(rng, len(pupil), kinds)
    spell = np.repeat(np.arange(len(pupil)), length * SLOTS)
    nth = np.arange(len(spell)) - np.repeat(np.cumsum(length * SLOTS) - length * SLOTS, length * SLOTS)
    return pupil[spell], start[spell] + nth // SLOTS, nth % SLOTS, _named(kind[spell])


def _lessons(
    rng: np.random.Generator,
    rate: NDArray[np.float64],
    usual: NDArray[np.float64],
    slots: NDArray[np.float64],
    *,
    kinds: dict[str, float],
) -> Drawn:
    """Single lessons, more on some days and hours than on others."""
    pupil = np.repeat(np.arange(len(rate)), rng.poisson(rate))
    day = rng.choice(len(usual), len(pupil), p=usual / usual.sum())
    slot = rng.choice(SLOTS, len(pupil), p=slots / slots.sum())
    return pupil, day, slot, _named(_kinds(rng, len(pupil), kinds))


def _late(rng: np.random.Generator, rows: pl.DataFrame, share: float) -> pl.DataFrame:
    """Let a share be recorded weeks later: half at once as it is, half first as unexplained and corrected then."""
    if not share:
        return rows
    draw = rng.random(len(rows))
    later = pl.col("recorded_at") + pl.duration(days=pl.lit(pl.Series(rng.integers(7, 22, len(rows)))))
    first = rows.filter(pl.Series((draw >= share / 2) & (draw < share))).with_columns(
        kind=pl.lit(Kind.UNEXPLAINED.value), authorised=pl.lit(KINDS[Kind.UNEXPLAINED].authorised.value)
    )
    moved = rows.with_columns(recorded_at=pl.when(pl.Series(draw < share)).then(later).otherwise("recorded_at"))
    return pl.concat([moved, first])


def _stored(table: Table, school: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Bring rows in the form of the lake's `schema`, without the delivery."""
    filled = rows.with_columns(
        school=pl.lit(school), record=pl.int_range(pl.len()).cast(pl.String), recorded_basis=pl.lit("source")
    )
    defaults = {column.name: column.default for column in table.columns}
    return filled.select(
        (pl.col(name) if name in filled.columns else pl.lit(defaults.get(name)).alias(name)).cast(kind)
        for name, kind in schema(table).items()
        if name not in {"delivered_at", "delivery"}
    )
