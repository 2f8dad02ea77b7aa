"""Expressions that are put in the engine's words once."""

import narwhals as nw
import pandas as pd
import polars as pl
import pytest

from features.fixed import fixed, quick

COLUMNS = {"a": [1, 2], "b": [10, 20]}


@fixed
def times(factor: int) -> nw.Expr:
    return (nw.col("a") * factor).alias("times")


@fixed
def sum_and_least() -> dict[str, nw.Expr]:
    return {"sum": nw.col("a") + nw.col("b"), "least": nw.min_horizontal("a", "b")}


@fixed
def over_five() -> nw.Expr:
    return nw.col("a") * 3 > 5


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


class TestQuickFrames:
    """A quick frame gives what any frame gives, and stays quick."""

    def frames(self):
        plain = nw.from_native(pl.LazyFrame(COLUMNS))
        return plain, quick(plain)

    def test_fixed_expressions_are_not_looked_at_again(self, monkeypatch):
        _, frame = self.frames()
        monkeypatch.setattr(nw.LazyFrame, "_flatten_and_extract", None)
        found = frame.with_columns(times(3), *sum_and_least()).filter(over_five()).select(times(3), *sum_and_least())
        assert found.collect().rows() == [(6, 22, 2)]

    def test_all_other_expressions_go_the_usual_way(self):
        for frame in self.frames():
            found = frame.with_columns(times(3), more=nw.col("a") + 1).filter(nw.col("more") > 2, a=2)
            assert found.select("times", "more", least=nw.min_horizontal("a", "b")).collect().rows() == [(6, 3, 2)]
            assert frame.filter(times(3) > 3, over_five()).collect()["a"].to_list() == [2]

    def test_frames_of_both_kinds_are_put_together(self):
        plain, frame = self.frames()
        for left, right in ((plain, frame), (frame, plain), (frame, frame)):
            assert left.join(right, on="a", how="inner").sort("a").collect()["b_right"].to_list() == [10, 20]
            assert len(nw.concat([left, right], how="vertical").collect()) == 4

    def test_what_is_made_of_one_is_one(self):
        _, frame = self.frames()
        grouped = frame.group_by("a").agg(nw.col("b").sum())
        assert {type(frame)} == {
            type(each) for each in (frame.drop("a"), frame.unique(), grouped, frame.filter(over_five()))
        }

    def test_other_engines_have_none(self):
        frame = nw.from_native(pd.DataFrame(COLUMNS)).lazy()
        assert quick(frame) is frame
