"""The whole catalogue equals what plain pandas counts from the same tables, written from the meanings alone."""

from datetime import date

import polars as pl
import pytest

from benchmarks.agreement import KEY, day_number, of_frames, of_pandas
from benchmarks.plain_pandas import panel as plain_panel
from benchmarks.shape import tables
from features.build import build
from features.catalogue import NAMES
from features.panel import panel
from features.tables import Tables
from models.splits import as_of

MONDAYS = {
    "before the first week": date(2025, 9, 1),
    "after one week": date(2025, 9, 8),
    "after five weeks": date(2025, 10, 6),
    "in a holiday": date(2025, 10, 20),
    "after a holiday": date(2026, 1, 5),
    "in spring": date(2026, 3, 2),
    "after the last week": date(2026, 7, 13),
}


@pytest.fixture(scope="module")
def made() -> Tables:
    """Two years of three classes, all recorded the same afternoon; some pupils join, leave or change class."""
    return tables(75, seed=3, years=(2024, 2025))


@pytest.fixture(scope="module")
def counted(made) -> pl.DataFrame:
    frames = (pl.DataFrame(each).to_pandas() for each in (made.enrolments, made.timetable, made.absences))
    return of_pandas(plain_panel(*frames, list(MONDAYS.values())))


@pytest.mark.parametrize("monday", MONDAYS.values(), ids=MONDAYS.keys())
def test_features_of_one_moment_are_those_that_plain_pandas_counts(made, counted, monday):
    found = pl.DataFrame(build(made, as_of(monday))).sort("school", "pupil")
    expected = counted.filter(pl.col("origin") == day_number(monday)).sort("school", "pupil")
    assert of_frames(found, expected) == {}


def test_a_panel_of_many_moments_is_the_one_that_plain_pandas_counts(made, counted):
    found = pl.DataFrame(panel(made, [as_of(monday) for monday in MONDAYS.values()])).sort(KEY)
    assert of_frames(found, counted.sort(KEY)) == {}


@pytest.mark.parametrize("name", NAMES)
def test_every_feature_has_values_to_compare(counted, name):
    assert counted[name].drop_nulls().drop_nans().n_unique() > 1
