"""Expressions that are put in the engine's words once."""

import narwhals as nw
import pandas as pd
import polars as pl
import pytest

from features.fixed import fixed

COLUMNS = {"a": [1, 2], "b": [10, 20]}


@fixed
def times(factor: int) -> nw.Expr:
    return (nw.col("a") * factor).alias("times")


@fixed
def sum_and_least() -> dict[str, nw.Expr]:
    return {"sum": nw.col("a") + nw.col("b"), "least": nw.min_horizontal("a", "b")}


@pytest.mark.parametrize("engine", [pl.LazyFrame, pl.DataFrame, pd.DataFrame])
def test_every_engine_says_them_alike_however_often_it_is_asked(engine):
    for _ in range(2):
        frame = nw.from_native(engine(COLUMNS)).lazy()
        found = frame.with_columns(times(3), *sum_and_least()).collect()
        assert found["times"].to_list() == [3, 6]
        assert found["sum"].to_list() == [11, 22]
        assert found["least"].to_list() == [1, 2]


def test_other_arguments_make_another_expression():
    frame = nw.from_native(pl.LazyFrame(COLUMNS))
    assert frame.select(times(3)).collect()["times"].to_list() == [3, 6]
    assert frame.select(times(5)).collect()["times"].to_list() == [5, 10]


def test_they_are_part_of_other_expressions():
    frame = nw.from_native(pl.LazyFrame(COLUMNS))
    assert frame.filter(times(3) > 3).collect()["a"].to_list() == [2]


def test_polars_is_told_only_once(monkeypatch):
    told = []
    plainly = nw.Expr._to_compliant_expr

    def telling(expr, ns):
        told.append(expr)
        return plainly(expr, ns)

    monkeypatch.setattr(nw.Expr, "_to_compliant_expr", telling)

    @fixed
    def doubled() -> nw.Expr:
        return nw.col("a") * 2

    for _ in range(3):
        nw.from_native(pl.LazyFrame(COLUMNS)).select(doubled())
    assert len([expr for expr in told if expr is doubled()]) == 1
