"""School years."""

from datetime import timedelta

import narwhals as nw
import polars as pl

from features.calendar import school_year_start
from features.history import day_of
from features.holidays import this_weeks_year


def test_a_week_is_of_the_school_year_of_its_friday():
    weeks = [number for number in range(365 * 130) if day_of(number).weekday() == 0]  # 1970 to 2099
    found = nw.from_native(pl.DataFrame({"week": weeks})).with_columns(this_weeks_year())["year"].to_list()
    assert found == [school_year_start(day_of(week) + timedelta(days=4)).year for week in weeks]
