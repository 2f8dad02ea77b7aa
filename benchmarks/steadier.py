"""Steadier lists: who stood on one last week keeps the place unless clearly lower. What that brings, and what it costs.

The lists of the latest periods are made again Monday by Monday (as `aanwezig evaluate` does), with a bonus in log-odds for
who was on the list the week before. What is found is counted twice: on each list, and as different pupils over a period;
for a place that is kept is a place that nobody new gets. Where: see `benchmarks.models_compared`.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.measured import show
from benchmarks.models_compared import WHERE
from models.learning import Settings
from models.outcome import read_outcome
from models.scorecard import Scorecard, as_matrix
from models.splits import SUMMER, as_of, evaluation_origins, plan_for
from pipelines.backtest import SIMPLE, look_back
from pipelines.fitting import panel_at, silent
from pipelines.home import Home
from pipelines.panels import Ground, labels_at, survey
from pipelines.week_by_week import PERIODS, mondays

BONUSES = {"small": (0.0, 0.5), "full": (0.0, 0.25, 0.5, 1.0, 2.0)}
RESAMPLES = 1000
SEED = 1
WHO = ["school", "pupil"]


def steadier(size: str) -> None:
    """Print a line for each bonus, per installation."""
    for pair in os.environ.get("AANWEZIG_COMPARED", WHERE).split(","):
        root, _, outcome = pair.rpartition(":")
        ground, weeks = everybody(Home.at(Path(root)), outcome)
        plain = None
        for bonus in BONUSES[size]:
            listed = lists_with(ground, weeks, bonus)
            plain = listed if plain is None else plain
            show({"bench": "steadier", "data": root, "bonus": bonus} | figures(listed, plain))


def everybody(home: Home, outcome: str) -> tuple[Ground, list[tuple[date, date, pl.DataFrame]]]:
    """Return all who could be listed on each Monday: period, Monday, and per pupil the score and what came of it."""
    chosen = read_outcome(outcome)
    plan = plan_for(chosen)
    ground = survey(home, chosen, until=None, plan=plan)
    periods = evaluation_origins(ground.weeks, ground.origins, chosen, plan=plan)[-PERIODS:]
    at = {origin: mondays(ground, origin) for origin in periods}
    every = sorted({monday for own in at.values() for monday in own})
    panel = panel_at(replace(ground, origins=tuple(sorted({*ground.origins, *every}))), periods, plan=plan, say=silent)
    cards = look_back(ground, panel, periods, plan=plan, settings=Settings(), say=silent).cards
    later = labels_at(ground, ground.moment, every).drop("already")
    return ground, [
        (origin, monday, _scored(ground, panel, cards, later, origin=origin, monday=monday))
        for origin in periods
        for monday in at[origin]
        if origin in cards
    ]


def _scored(
    ground: Ground,
    panel: pl.DataFrame,
    cards: Mapping[date, Scorecard],
    later: pl.DataFrame,
    *,
    origin: date,
    monday: date,
) -> pl.DataFrame:
    rows, card = panel.filter(pl.col("origin") == monday), cards[origin]
    away = labels_at(ground, as_of(monday), [monday]).filter(pl.col("already")).select(WHO)
    score = pl.Series(card.score(as_matrix(rows, card.names)).log_odds, dtype=pl.Float64)
    scored = rows.select(*WHO, SIMPLE).with_columns(log_odds=score).join(away, on=WHO, how="anti")
    return scored.join(later.filter(pl.col("origin") == monday).select(*WHO, "outcome"), on=WHO, how="left")


def lists_with(ground: Ground, weeks: list[tuple[date, date, pl.DataFrame]], bonus: float) -> pl.DataFrame:
    """Everybody on the lists, with ``kept``: on the list of the week before as well (null where there was none)."""
    places = {school: one.capacity for school, one in ground.settings.items()}
    made: list[pl.DataFrame] = []
    before: tuple[date, date, pl.DataFrame] | None = None
    for origin, monday, rows in weeks:
        follows = before is not None and before[0] == origin and monday - before[1] < SUMMER
        there = before[2] if before is not None and follows else rows.head(0).select(WHO)
        known = rows.join(there.with_columns(kept=pl.lit(value=True)), on=WHO, how="left")
        stood = pl.col("kept").fill_null(value=False)
        order = known.with_columns(kept=stood, _by=pl.col("log_odds") + bonus * stood).sort(
            "school", "_by", SIMPLE, "pupil", descending=[False, True, True, False], nulls_last=True
        )
        inside = pl.int_range(pl.len()).over("school") < pl.col("school").replace_strict(places, return_dtype=pl.Int64)
        listed = order.filter(inside)
        before = (origin, monday, listed.select(WHO))
        kept = pl.col("kept") if follows else pl.lit(None, dtype=pl.Boolean)
        made.append(listed.select(*WHO, "outcome", kept.alias("kept"), period=pl.lit(origin)))
    return pl.concat(made)


def figures(listed: pl.DataFrame, plain: pl.DataFrame) -> dict[str, object]:
    """What was found, beside lists without a bonus; intervals by pupil."""
    different = listed.group_by("period", *WHO).agg(pl.col("outcome").max())
    return {
        "places": len(listed),
        "kept_share": listed["kept"].mean(),
        "found": int(listed["outcome"].sum()),
        **_gap("found", _cases(listed, pl.col("outcome").sum()), _cases(plain, pl.col("outcome").sum())),
        "pupils": len(different),
        "cases": int(different["outcome"].sum()),
        **_gap("cases", _cases(listed, _different()), _cases(plain, _different())),
    }


def _different() -> pl.Expr:
    """Periods in which a pupil was a case that any list held."""
    return pl.col("period").filter(pl.col("outcome") == 1).n_unique()


def _cases(listed: pl.DataFrame, counted: pl.Expr) -> pl.DataFrame:
    return listed.group_by(WHO).agg(counted.cast(pl.Float64).alias("count"))


def _gap(name: str, ours: pl.DataFrame, plain: pl.DataFrame) -> dict[str, object]:
    both = ours.join(plain, on=WHO, how="full", coalesce=True, suffix="_plain").sort(WHO).fill_null(0.0)
    gap = (both["count"] - both["count_plain"]).to_numpy()
    draws = np.random.default_rng(SEED).poisson(1.0, (RESAMPLES, len(gap))) @ gap
    low, high = np.percentile(draws, [2.5, 97.5]).tolist()
    return {f"{name}_more": float(gap.sum()), f"{name}_more_95": [round(low, 1), round(high, 1)]}
