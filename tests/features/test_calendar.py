from datetime import date

import pytest

from data_contracts.errors import SettingsError
from data_contracts.identifiers import Region
from data_contracts.school import Closure
from features.calendar import holidays, monday, public_holidays, school_days, school_year_start, working_days_after


@pytest.mark.parametrize("region", list(Region))
def test_every_holiday_lasts_one_two_or_six_weeks(region: Region):
    assert {(last - first).days + 1 for _, first, last in holidays(region)} == {9, 16, 44}


@pytest.mark.parametrize("region", list(Region))
@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_a_school_year_has_as_many_days_as_dutch_schools_have(region: Region, year: int):
    days = school_days(region, date(year, 8, 1), date(year + 1, 7, 31))
    # 195-210 are left in most years; Zuid 2026-27 lies between an early and a late summer
    assert 188 <= len(days) <= 212


def test_the_moving_holidays_follow_easter():
    assert {date(2026, 4, 6), date(2026, 5, 14), date(2026, 5, 25)} <= public_holidays(2026)


def test_kings_day_on_a_sunday_is_kept_on_saturday():
    assert date(2025, 4, 26) in public_holidays(2025)
    assert date(2025, 4, 27) not in public_holidays(2025)


def test_a_school_own_closure_leaves_the_calendar():
    closed = Closure(first=date(2026, 9, 16), last=date(2026, 9, 17))
    days = school_days(Region.MIDDEN, date(2026, 9, 14), date(2026, 9, 18), [closed])
    assert days == [date(2026, 9, 14), date(2026, 9, 15), date(2026, 9, 18)]


def test_without_a_region_only_weekends_are_free():
    assert len(school_days(None, date(2021, 12, 20), date(2021, 12, 31))) == 10


def test_outside_the_known_years_it_says_so():
    with pytest.raises(SettingsError, match="2023-09-04 tot en met 2028"):
        school_days(Region.NOORD, date(2019, 9, 2), date(2019, 9, 6))


def test_weeks_are_keyed_on_their_monday_also_in_a_year_with_week_53():
    assert monday(date(2027, 1, 1)) == date(2026, 12, 28)
    assert monday(date(2026, 12, 31)) == date(2026, 12, 28)


def test_a_school_year_begins_on_the_first_of_august():
    assert school_year_start(date(2026, 7, 31)) == date(2025, 8, 1)
    assert school_year_start(date(2026, 8, 1)) == date(2026, 8, 1)


def test_five_working_days_skip_weekend_and_public_holidays():
    assert working_days_after(date(2026, 9, 18), 5) == date(2026, 9, 25)
    assert working_days_after(date(2026, 4, 24), 5) == date(2026, 5, 4)  # King's Day lies between
