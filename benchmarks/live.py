"""One pupil, one year of history, asked for live: as a pupil's page or the API does."""

import statistics
from datetime import date

import pandas as pd
import polars as pl

from benchmarks import plain_pandas
from benchmarks.agreement import of_frames, of_pandas
from benchmarks.lakes import MONDAYS, SEED
from benchmarks.measured import apart, limits, show, timed
from benchmarks.shape import PUPILS_A_SCHOOL, Frames, one_school
from features.build import build
from features.catalogue import NAMES
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


def _frames() -> Frames:
    return one_pupil(one_school(0, PUPILS_A_SCHOOL, seed=SEED))


def _ours(calls: int) -> tuple[list[float], pl.DataFrame]:
    enrolments, timetable, absences = _frames()
    tables = Tables(enrolments, timetable, absences)
    moment = as_of(MONDAY)
    found = pl.DataFrame(build(tables, moment))
    return [timed(lambda: build(tables, moment))[0] for _ in range(calls)], found


def _plain(calls: int) -> tuple[list[float], pl.DataFrame]:
    enrolments, timetable, absences = (frame.to_pandas() for frame in _frames())

    def work() -> pd.DataFrame:
        return plain_pandas.panel(enrolments, timetable, absences, [MONDAY])

    found = of_pandas(work())
    return [timed(work)[0] for _ in range(calls)], found


def features_live(size: str) -> None:
    """All features of one pupil, the median of many calls, against the same plain pandas."""
    calls = CALLS[size]
    mine, theirs = apart(_ours, calls), apart(_plain, calls)
    (times, found), (peer_times, expected) = mine.result, theirs.result
    if differ := of_frames(found, expected):
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
            "peak_mb": mine.peak_mb,
            "ours_cpu_s": mine.cpu_s / (calls + 1),
            "peer_cpu_s": theirs.cpu_s / (calls + 1),
            "calls": calls,
            "slowest_s": max(times),
            "registrations": len(_frames()[2]),
            "features": len(NAMES),
            **limits(seconds=median, limit_s=LIMIT_S, peak=mine.peak_mb),
        }
    )
