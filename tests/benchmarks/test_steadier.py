"""A bonus for who stood on the list the week before keeps places, and what that finds is counted twice."""

from datetime import date, timedelta
from types import SimpleNamespace

import polars as pl
import pytest

from benchmarks.steadier import figures, lists_with
from pipelines.backtest import SIMPLE

PERIOD = date(2026, 1, 12)
GROUND = SimpleNamespace(settings={"A": SimpleNamespace(capacity=1), "B": SimpleNamespace(capacity=1)})


def week(number: int, *, a: float, b: float, period: date = PERIOD) -> tuple[date, date, pl.DataFrame]:
    """School A with pupils a (no case) and b (a case); school B with c alone, of whom nothing is known yet."""
    rows = {"school": ["A", "A", "B"], "pupil": list("abc"), SIMPLE: [0.0, 0.0, 0.1], "log_odds": [a, b, -3.0]}
    return period, PERIOD + timedelta(weeks=number), pl.DataFrame(rows | {"outcome": [0, 1, None]})


def listed(weeks: list, bonus: float) -> list[str]:
    return lists_with(GROUND, weeks, bonus).filter(pl.col("school") == "A")["pupil"].to_list()


def test_who_stood_on_the_list_stays_unless_clearly_lower():
    weeks = [week(0, a=0.0, b=-1.0), week(1, a=0.0, b=0.4), week(2, a=0.0, b=0.6)]
    assert listed(weeks, 0.0) == ["a", "b", "b"]
    assert listed(weeks, 0.5) == ["a", "a", "b"]


def test_nothing_is_kept_from_another_period_or_over_a_summer():
    assert listed([week(0, a=0.0, b=-1.0), week(1, a=0.0, b=0.4, period=PERIOD + timedelta(weeks=1))], 0.5) == [
        "a",
        "b",
    ]
    assert listed([week(0, a=0.0, b=-1.0), week(6, a=0.0, b=0.4)], 0.5) == ["a", "b"]


def test_cases_are_counted_list_by_list_and_as_different_pupils():
    weeks = [week(0, a=0.0, b=-1.0), week(1, a=0.0, b=0.4), week(2, a=0.0, b=0.6)]
    plain, steady = lists_with(GROUND, weeks, 0.0), lists_with(GROUND, weeks, 0.5)
    told = figures(steady, plain)
    assert (told["places"], told["found"], told["found_more"]) == (6, 1, -1.0)
    assert (told["pupils"], told["cases"], told["cases_more"]) == (3, 1, 0.0)
    assert told["kept_share"] == pytest.approx(3 / 4), "c twice, and a once of two"
