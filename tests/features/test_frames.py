"""Few rows in memory are worked out without a plan; what comes out is the same."""

import narwhals as nw
import pandas as pd
import polars as pl
import pytest

from features.frames import FEW, at_once_if_few, collected

ROWS = pl.DataFrame({"a": [1, 2, 3]})


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """The engines that Polars was asked for."""
    engines = []
    plainly = pl.LazyFrame.collect

    def collect(frame, *args, **kwargs):
        engines.append(kwargs.get("engine", "usual"))
        return plainly(frame, *args, **kwargs)

    monkeypatch.setattr(pl.LazyFrame, "collect", collect)
    return engines


def doubled(native) -> list[int]:
    return collected(nw.from_native(native).lazy().select(nw.col("a") * 2))["a"].to_list()


def test_few_rows_in_memory_are_not_planned(asked):
    with at_once_if_few(ROWS, ROWS):
        assert doubled(ROWS) == [2, 4, 6]
    assert asked == ["in-memory"]


def test_nor_is_it_forgotten_what_was_before(asked):
    with at_once_if_few(ROWS):
        with at_once_if_few(ROWS.lazy()):
            doubled(ROWS)
        doubled(ROWS)
    doubled(ROWS)
    assert asked == ["usual", "in-memory", "usual"]


@pytest.mark.parametrize(
    "frames",
    [
        [ROWS.lazy()],
        [ROWS, ROWS.lazy()],
        [pl.DataFrame({"a": range(FEW + 1)})],
        [pl.DataFrame({"a": range(FEW)}), ROWS],
    ],
    ids=["lazy", "one of them lazy", "many", "many together"],
)
def test_many_rows_or_rows_elsewhere_are(asked, frames):
    with at_once_if_few(*frames):
        assert doubled(ROWS) == [2, 4, 6]
    assert asked == ["usual"]


def test_other_engines_are_asked_as_ever():
    with at_once_if_few(pd.DataFrame({"a": [1]})):
        assert doubled(pd.DataFrame({"a": [1, 2]})) == [2, 4]
