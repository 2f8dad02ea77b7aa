"""Benchmarks: us and a peer side by side in one run, one JSON object a line.

``make bench``, or ``make bench ONLY=features_week SIZE=full``. Wall seconds are the median of several runs in turn; every
benchmark first checks that both give the same numbers. All data here are synthetic.
"""

import argparse
import json
import resource
import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from sklearn.ensemble import HistGradientBoostingClassifier

from features.build import build
from features.catalogue import NAMES, feature
from features.tables import Tables, prepared
from models.fit import About, Sample, fit
from models.outcome import read_outcome

RUNS = 3
AS_OF = datetime(2026, 6, 29, 4, tzinfo=UTC)
FIRST = date(2025, 9, 1)
WEEKS = 40
SLOTS = 6
CLASS = 25


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Wall seconds and result of one run."""
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


def side_by_side(
    name: str, n: int, ours: Callable[[], Any], peer: tuple[str, Callable[[], Any]], **more: object
) -> None:
    """Time both in turn and print one JSON line. ``peak_mb`` is the whole process so far, both sides included."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(RUNS):
        times[0].append(timed(ours)[0])
        times[1].append(timed(peer[1])[0])
    ours_s, peer_s = (statistics.median(each) for each in times)
    line = {
        "bench": name,
        "n": n,
        "ours_s": round(ours_s, 4),
        "peer": peer[0],
        "peer_s": round(peer_s, 4),
        "ratio": round(peer_s / ours_s, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(line | more), flush=True)


def year_of(pupils: int) -> Tables:
    """A synthetic school year: every lesson hour scheduled, one in twenty missed."""
    rng = np.random.default_rng(1)
    days = [FIRST + timedelta(days=7 * week + day) for week in range(WEEKS) for day in range(5)]
    groups = [f"g{n}" for n in range(pupils // CLASS)]
    known = {
        "school": pl.lit("11ZZ03"),
        "recorded_at": pl.lit(datetime(2025, 8, 1, tzinfo=UTC)),
        "withdrawn": pl.lit(value=False),
    }
    nothing = pl.lit(None)
    enrolments = pl.DataFrame({"pupil": [f"p{n:07d}" for n in range(pupils)]}).with_columns(
        record=pl.col("pupil"),
        group=pl.Series([groups[n % len(groups)] for n in range(pupils)]),
        year_group=pl.lit("12"),
        valid_from=pl.lit(FIRST),
        valid_to=nothing.cast(pl.Date),
        **known,
    )
    timetable = (
        pl.DataFrame({"group": groups})
        .join(pl.DataFrame({"date": days}), how="cross")
        .join(pl.DataFrame({"slot": list(range(1, SLOTS + 1))}), how="cross")
        .with_columns(
            record=pl.format("{}:{}:{}", "group", "date", "slot"),
            pupil=nothing.cast(pl.String),
            start_minute=480 + 50 * pl.col("slot"),
            minutes=pl.lit(50),
            status=pl.lit("planned"),
            register=pl.lit("taken"),
            **known,
        )
    )
    count = pupils * len(days) * SLOTS // 20
    slot = pl.Series(rng.integers(1, SLOTS + 1, count))
    absences = pl.DataFrame(
        {
            "pupil": enrolments["pupil"].gather(rng.integers(0, pupils, count)),
            "start_date": pl.Series(days).gather(rng.integers(0, len(days), count)),
            "start_slot": slot,
            "end_slot": slot,
            "kind": pl.Series(["sick", "truancy", "unexplained", "leave"]).gather(rng.integers(0, 4, count)),
        }
    ).with_columns(
        record=pl.int_range(count).cast(pl.String),
        end_date=pl.col("start_date"),
        open_ended=pl.lit(value=False),
        start_minute=nothing.cast(pl.Int64),
        end_minute=nothing.cast(pl.Int64),
        amount=nothing.cast(pl.Float64),
        unit=nothing.cast(pl.String),
        authorised=pl.lit("unknown"),
        code=nothing.cast(pl.String),
        **known,
    )
    return Tables(enrolments.lazy(), timetable.lazy(), absences.lazy())


def features_week(size: str) -> None:
    """Features of one week of all pupils, against plain pandas that counts only the six rates of all absence."""
    pupils = {"small": 2_000, "full": 20_000}[size]
    tables = prepared(year_of(pupils))
    enrolments, timetable, absences = (
        pl.LazyFrame(frame).collect().to_pandas() if isinstance(frame, pl.DataFrame) else frame.collect().to_pandas()
        for frame in (tables.enrolments, tables.timetable, tables.absences)
    )

    def pandas_rates() -> pd.DataFrame:
        slots = timetable[["group", "date", "slot", "minutes"]]
        missed = absences[["pupil", "start_date", "start_slot"]].drop_duplicates()
        missed = missed.merge(enrolments[["pupil", "group"]], on="pupil").merge(
            slots, left_on=["group", "start_date", "start_slot"], right_on=["group", "date", "slot"]
        )
        monday = pd.to_datetime(missed["date"]) - pd.to_timedelta(
            pd.to_datetime(missed["date"]).dt.day_of_week, unit="D"
        )
        weekly = missed.assign(week=monday).groupby(["pupil", "week"])["minutes"].sum().unstack(fill_value=0)
        weekly = weekly.reindex(enrolments["pupil"], fill_value=0)
        scheduled = 5 * SLOTS * 50
        windows = {"1w": 1, "2w": 2, "4w": 4, "8w": 8, "12w": 12, "year": WEEKS}
        return pd.DataFrame(
            {f"absent_rate_{w}": weekly.iloc[:, -n:].sum(axis=1) / (n * scheduled) for w, n in windows.items()}
        ).sort_index()

    found = build(tables, AS_OF)
    expected = pandas_rates()
    worst = max(float(np.abs(found[name].to_numpy() - expected[name].to_numpy()).max()) for name in expected)
    if worst > 1e-9:  # noqa: PLR2004 - the bar of the feature tests
        msg = f"features differ from pandas by {worst}"
        raise SystemExit(msg)
    side_by_side(
        "features_week",
        pupils,
        lambda: build(tables, AS_OF),
        ("pandas, 6 of the features", pandas_rates),
        features=len(NAMES),
        absences=len(absences),
        note="the peer counts six rates and no rules of knowing; ours counts the whole catalogue from what was known",
    )


def score(size: str) -> None:
    """Score and explain, against the fitted scikit-learn model that the scorecard was read from, which explains nothing."""
    rows = {"small": 200_000, "full": 1_000_000}[size]
    rng = np.random.default_rng(2)
    names = tuple(f"absent_rate_{w}" for w in ("1w", "2w", "4w", "8w", "12w", "year"))
    matrix = rng.gamma(0.6, 0.1, (20_000, len(names)))
    outcome = (rng.random(20_000) < 1 / (1 + np.exp(3 - 6 * matrix[:, 2]))).astype(np.float64)
    booster = HistGradientBoostingClassifier(interaction_cst="no_interactions", max_iter=100).fit(matrix, outcome)
    pupils = np.arange(len(outcome))
    half = len(outcome) // 2
    scorecard = fit(
        Sample(matrix[:half], outcome[:half], pupils[:half]),
        Sample(matrix[half:], outcome[half:], pupils[half:]),
        features=[feature(name) for name in names],
        outcome=read_outcome("long_absence"),
        about=About(catalogue_version="benchmark", trained_at=AS_OF, data_moment=AS_OF),
    ).scorecard
    many = rng.gamma(0.6, 0.1, (rows, len(names)))
    scorecard.check(scorecard.score(many))
    side_by_side(
        "score",
        rows,
        lambda: scorecard.score(many),
        ("scikit-learn decision_function, without explanation", lambda: booster.decision_function(many)),
        features=len(names),
    )


BENCHMARKS: dict[str, Callable[[str], None]] = {"features_week": features_week, "score": score}


def main() -> None:
    """Run the benchmarks that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=sorted(BENCHMARKS))
    parser.add_argument("--size", choices=["small", "full"], default="small")
    asked = parser.parse_args()
    for name, run in BENCHMARKS.items():
        if asked.only in (None, name):
            run(asked.size)


if __name__ == "__main__":
    main()
