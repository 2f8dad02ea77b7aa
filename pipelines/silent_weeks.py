"""Weeks of a school of which (nearly) nothing was registered or delivered: there nobody is known to have been present."""

from collections.abc import Sequence
from statistics import median

import narwhals as nw
import polars as pl

from data_contracts.grading import thresholds
from features.history import History
from pipelines.engines import brought_back


def silent_weeks(past: History) -> pl.DataFrame:
    """Return the silent weeks of each school: ``school, week``."""
    registered = past.days.group_by("school", "week").agg(registered=nw.len())
    weeks = past.school_weeks.select("school", "week").join(registered, on=["school", "week"], how="left")
    counted = brought_back(weeks).with_columns(pl.col("registered").fill_null(0).cast(pl.Int64)).sort("school", "week")
    silent: list[bool] = []
    for of_school in counted.partition_by("school", maintain_order=True):
        silent += silent_of(of_school["registered"].to_list())
    return counted.filter(pl.Series(silent, dtype=pl.Boolean)).select("school", "week")


def silent_of(counts: Sequence[int]) -> list[bool]:
    """Say of each school week, in order, whether it is silent, from how many days of pupils were registered in it.

    It is where there is a tenth of what is usual (``quality.toml``). The last weeks are also where there is nothing at all:
    most likely they still have to be delivered.
    """
    rule = thresholds().silent
    silent: list[bool] = []
    heard: list[int] = []
    for count in counts:
        usual = median(heard[-rule.weeks :]) if len(heard) >= rule.weeks else 0
        silent.append(usual >= rule.least_median and count < usual * rule.share)
        heard += [] if silent[-1] else [count]
    place = len(counts)
    while place and not counts[place - 1]:
        place -= 1
        silent[place] = True
    return silent
