"""The whole catalogue equals what plain pandas counts from the same tables, written from the meanings alone."""

from datetime import date, timedelta

import polars as pl
import pytest
from made_school import School

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


def test_what_few_pupils_have_is_counted_alike(school: School):
    """One lesson left of a day away, and late for it or sent out of it; late for a lesson that was missed as well; ill on a
    first day that is too short for rates.
    """
    friday, monday = date(2026, 10, 23), date(2026, 10, 26)
    for name in ("late", "sent out", "new"):
        school.pupil(name, start=friday if name == "new" else date(2026, 8, 17))
    school.lessons(date(2026, 8, 31), friday - timedelta(days=1), subject="wi")
    school.lessons(friday, friday, slots=5, subject="wi")
    school.absent("late", date(2026, 10, 12), "truancy", start_slot=1, authorised="no")
    for slot in range(1, 6):
        for name in ("late", "sent out"):
            school.absent(name, date(2026, 10, 19), start_slot=slot, authorised="yes")
        school.absent("new", friday, start_slot=slot, authorised="yes")
    school.absent("late", date(2026, 10, 19), "late", start_slot=6)
    school.absent("sent out", date(2026, 10, 19), "removed_from_class", start_slot=6)
    for name, event in (("late", "late"), ("sent out", "removed_from_class")):
        school.absent(name, date(2026, 10, 20), event, start_slot=2)
        school.absent(name, date(2026, 10, 20), "unexplained", start_slot=2)
    made = [pl.DataFrame(each.collect()) for each in vars(school.tables()).values()]
    found = pl.DataFrame(build(Tables(*made), as_of(monday))).sort("school", "pupil")
    assert of_frames(found, of_pandas(plain_panel(*(each.to_pandas() for each in made), [monday]))) == {}
