"""One pupil, one year of history, asked for live: as a pupil's page or the API does.

What is the same for every pupil of a school (timetable, school days, registers) is worked out once and timed apart, as
``school_time_s``; ``unprepared_s`` is a call that works it out too, for the pupil's class alone. Each call is of a moment of
its own, as live calls are.
"""

import statistics
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pandas as pd
import polars as pl

from benchmarks import plain_pandas
from benchmarks.agreement import of_frames, of_pandas
from benchmarks.lakes import MONDAYS, SEED
from benchmarks.measured import apart, limits, median_of, show, timed
from benchmarks.shape import PUPILS_A_SCHOOL, Frames, one_school
from features.build import build
from features.catalogue import NAMES
from features.history import school_time
from features.tables import Tables
from models.splits import as_of

CALLS = {"small": 50, "full": 200}
LIMIT_S = 0.030
MONDAY: date = MONDAYS[-1]


def one_pupil(school: Frames) -> Frames:
    """Return the rows of the pupil with the median number of registrations, and the lessons of that pupil's class."""
    enrolments, timetable, absences = school
    whole_year = enrolments.filter(pl.len().over("pupil") == 1, pl.col("valid_to") > MONDAY)
    counts = absences.join(whole_year, on="pupil", how="semi").group_by("pupil").len().sort("len", "pupil")
    pupil = counts["pupil"][len(counts) // 2]
    mine = enrolments.filter(pl.col("pupil") == pupil)
    return (
        mine,
        timetable.join(mine, on=["school", "group"], how="semi"),
        absences.filter(pl.col("pupil") == pupil),
    )


def _school() -> Frames:
    return one_school(0, PUPILS_A_SCHOOL, seed=SEED)


def _ours(calls: int) -> tuple[list[float], dict[str, float], list[pl.DataFrame]]:
    """Seconds of each call; seconds of what is beside it; and what was found, with the school worked out before and without."""
    school = _school()
    tables = Tables(*one_pupil(school))
    begun = as_of(MONDAY)
    time = school_time(school[1], begun)

    def prepared(moment: datetime) -> pl.DataFrame:
        return pl.DataFrame(build(tables, moment, time=time))

    def unprepared(moment: datetime) -> pl.DataFrame:
        return pl.DataFrame(build(tables, moment))

    found = [prepared(begun), unprepared(begun)]
    beside = {
        "school_time_s": median_of(10, lambda: school_time(school[1], begun)),
        "unprepared_s": statistics.median(_each_of(unprepared, begun, calls)),
    }
    return _each_of(prepared, begun, calls), beside, found


def _each_of(work: Callable[[datetime], pl.DataFrame], begun: datetime, calls: int) -> list[float]:
    """Seconds of each call; no two calls are of one moment."""
    moments = [begun + timedelta(seconds=n + 1) for n in range(calls)]
    return [timed(lambda moment=moment: work(moment))[0] for moment in moments]


def _plain(calls: int) -> tuple[list[float], list[pl.DataFrame]]:
    """Seconds of each call, of the pupil's class alone; and what was found of the school's timetable and of the class's."""
    school = _school()
    enrolments, timetable, absences = (frame.to_pandas() for frame in one_pupil(school))

    def work(lessons: pd.DataFrame) -> pd.DataFrame:
        return plain_pandas.panel(enrolments, lessons, absences, [MONDAY])

    found = [of_pandas(work(lessons)) for lessons in (school[1].to_pandas(), timetable)]
    return [timed(lambda: work(timetable))[0] for _ in range(calls)], found


def features_live(size: str) -> None:
    """All features of one pupil, the median of many calls, against the same plain pandas."""
    calls = CALLS[size]
    mine, theirs = apart(_ours, calls), apart(_plain, calls)
    (times, beside, found), (peer_times, expected) = mine.result, theirs.result
    for ours, plain in zip(found, expected, strict=True):
        if differ := of_frames(ours, plain):
            msg = f"features differ from plain pandas: {differ}"
            raise SystemExit(msg)
    median, peer = statistics.median(times), statistics.median(peer_times)
    show(
        {
            "bench": "features_live",
            "n": 1,
            "ours_s": median,
            "peer": "plain pandas, groupby and rolling",
            "peer_s": peer,
            "ratio": peer / median,
            **beside,
            "ratio_unprepared": peer / beside["unprepared_s"],
            "peak_mb": mine.peak_mb,
            "calls": calls,
            "fastest_s": min(times),
            "slowest_s": max(times),
            "registrations": len(one_pupil(_school())[2]),
            "features": len(NAMES),
            "note": "ours_s: timetable and school days of the school were worked out before, in school_time_s; "
            "the peer, and unprepared_s, count the timetable of one class each time",
            **limits(seconds=median, limit_s=LIMIT_S, peak=mine.peak_mb),
        }
    )
