"""Count a shard on from where it was kept: only from the first day on that came out otherwise, or is new."""

from collections.abc import Mapping, Sequence

import narwhals as nw
import polars as pl

from data_contracts.tables import ENROLMENTS
from features.before import Before
from features.history import History, day_of, history
from features.tables import Tables
from features.weeks import marked_days, pupil_weeks
from pipelines.home import Home
from pipelines.kept.fold import last_marks, last_shifts
from pipelines.kept.known import Known, counted_pupils, sinces
from pipelines.kept.news import index, reading
from pipelines.kept.norm import firsts, stands
from pipelines.kept.store import AFTER_ALL, DATED, MEASURES, ROOM, Segment, Standing, dated, empty, lasting, standings

LONG_PAST, AT_A_TIME = 120, 25
"""Where more days back are counted, so many schools at a time are: they must fit in memory."""
_FACT = ("delivered_at", "delivery")


def count_on(home: Home, now: Known) -> tuple[Segment, pl.DataFrame]:
    """Count what is not kept.

    Returns
    -------
    Segment, polars.DataFrame
        What to add to the shard; periods of enrolment.
    """
    enrolled = now.periods()
    since = sinces(now, enrolled)
    told: dict[str, list[pl.LazyFrame]] = {}
    for day in sorted(set(since.values())):
        for schools in _at_once([school for school, first in since.items() if first == day], day, now):
            for name, table in _counted(home, now, schools, since=day).items():
                told.setdefault(name, []).append(table)
    tables = {name: pl.concat(parts) for name, parts in told.items()}
    tables["norm"] = _norm_from(now, since)
    tables |= _lasting(now)
    kept, ever = standings(now.segments), counted_pupils(enrolled)
    numbers = dict(now.pupils.group_by("school").agg(pl.col("pupil_no").min() // ROOM).iter_rows())
    at = {
        school: Standing(
            number=numbers.get(school, -1),
            # A week that begins before the first day is in whole or in part of the first count.
            since=day if day > now.first_day else 0,
            until=now.until,
            moment=now.as_of,
            fold=kept[school].fold if school in kept and day > now.first_day else 0,
            ever=ever.get(school, 0),
        )
        for school, day in since.items()
    }
    keys, starts = index(now.read)
    return Segment(now.as_of, now.until, now.first_day, at, tables, keys, starts), enrolled


def _at_once(schools: list[str], since: int, now: Known) -> list[list[str]]:
    """Schools to count at a time: all, unless a long past is counted."""
    return batched(schools, AT_A_TIME) if since < now.until - LONG_PAST else [schools]


def batched(schools: list[str], size: int) -> list[list[str]]:
    """Part `schools` in batches."""
    return [schools[n : n + size] for n in range(0, len(schools), size)]


def _norm_from(now: Known, since: Mapping[str, int]) -> pl.LazyFrame:
    day = pl.col("school").replace_strict(dict(since), default=AFTER_ALL, return_dtype=pl.Int64)
    return stands(now.norm, now.as_of).filter(pl.col("day") >= day).select(*DATED["norm"][1]).lazy()


def _lasting(now: Known) -> dict[str, pl.LazyFrame]:
    had = lasting(now.segments, "pupils").collect()
    return {
        "pupils": now.pupils.join(had, on=["school", "pupil"], how="anti").lazy(),
        "deliveries": now.read.deliveries.lazy(),
        "enrolments": now.read.of(ENROLMENTS.name),
        **firsts(now.read),
    }


def _counted(home: Home, now: Known, schools: Sequence[str], *, since: int) -> dict[str, pl.LazyFrame]:
    """Count `schools` from day `since` on."""
    mine = pl.col("school").is_in(list(schools))
    rows = reading(home, now.segments, now.read, schools, since=since)
    at_hand = {"special_absences": rows.special_absences, "special_timetable": rows.special_timetable}
    if since >= now.until:
        return at_hand
    norm = now.norm.lazy().filter(mine).drop("shape")
    lessons = rows.timetable.drop(_FACT)
    tables = Tables(
        enrolments=now.enrolments.lazy().filter(mine).drop(_FACT),
        timetable=pl.concat([lessons, norm.select(lessons.collect_schema().names())]),
        absences=rows.absences.drop(_FACT),
    )
    past = history(tables, now.as_of, since=day_of(since), until=now.week, before=_before(now, schools, since=since))
    return _told(past) | at_hand


def _before(now: Known, schools: Sequence[str], *, since: int) -> Before:
    """Return what was counted of `schools` before `since`."""
    mine = pl.col("school").is_in(list(schools))
    earlier = dated(now.segments, "numbers").filter(mine, pl.col("day") < since).collect()
    pupils = now.pupils.filter(mine)
    marks = dated(now.segments, "marks").filter(pl.col("day") < since).collect()
    marks = marks.join(pupils, on="pupil_no", how="semi")
    shifts = dated(now.segments, "shifts").filter(pl.col("day") < since).collect()
    frames = {
        "pupils": pupils,
        "school_days": earlier.group_by("school").agg(pl.col("day", "number").max()),
        "units": earlier.group_by("school", "unit").agg(pl.col("unit_number").max()),
        "marks": last_marks(marks),
        "shifts": last_shifts(shifts.join(pupils, on="pupil_no", how="semi")),
    }
    return Before(now.first_day, **{name: nw.from_native(frame.lazy()) for name, frame in frames.items()})


def _told(past: History) -> dict[str, pl.LazyFrame]:
    """What a history says, in the form in which it is kept."""
    marks: pl.LazyFrame = marked_days(past).to_native()
    marks = marks.collect().lazy()
    weeks: pl.LazyFrame = pupil_weeks(past, nw.from_native(marks)).to_native()
    lessons: pl.LazyFrame = past.lessons.to_native()
    closed = empty("closed") if past.closed is None else past.closed.to_native()
    shifts = empty("shifts") if past.shifts is None else past.shifts.to_native()
    told = {
        "rows": weeks.select("pupil_no", "week", "year", *MEASURES),
        "marks": marks,
        "numbers": past.numbers.to_native(),
        "registers": past.registers.to_native(),
        "lessons": lessons.group_by("pupil_no", "week", "subject").agg(pl.col("lessons").sum()),
        "closed": closed,
        "shifts": shifts,
    }
    return {
        name: frame.select(pl.col(column).cast(kind) for column, kind in DATED[name][1].items()).collect().lazy()
        for name, frame in told.items()
    }
