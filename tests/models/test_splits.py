"""Time, kept honest: what may be learned from at which moment."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from data_contracts.errors import NotEnoughDataError
from models.outcome import read_outcome
from models.splits import Plan, as_of, calendar_weeks, common_weeks, evaluation_origins, known_from, origins, split

EIGHT_WEEKS = read_outcome("long_absence")
FIRST_YEAR = [date(2024, 9, 2) + timedelta(weeks=week) for week in range(44)]
SECOND_YEAR = [date(2025, 9, 1) + timedelta(weeks=week) for week in range(44)]
WEEKS = FIRST_YEAR + SECOND_YEAR
LATE = date(2026, 9, 1)
PLAN = Plan(step_weeks=4, calibration_origins=3)


def test_a_list_is_made_on_monday_at_six_dutch_time():
    assert as_of(date(2026, 11, 16)) == datetime(2026, 11, 16, 5, tzinfo=UTC)
    assert as_of(date(2026, 6, 1)) == datetime(2026, 6, 1, 4, tzinfo=UTC)


def test_a_week_counts_where_half_of_the_schools_then_known_have_school():
    first, second, third = date(2026, 9, 7), date(2026, 9, 14), date(2026, 9, 21)
    days = [("A", first), ("A", third + timedelta(days=2)), ("B", first), ("B", second), ("B", third), ("C", first)]
    assert common_weeks(days) == [first, second, third]
    assert common_weeks([*days, ("D", first), ("D", third)]) == [first, third]


def test_for_horizons_in_calendar_days_every_week_counts():
    days = [("A", date(2026, 9, 9)), ("B", date(2026, 10, 1))]
    assert calendar_weeks(days) == [date(2026, 9, 7) + timedelta(weeks=week) for week in range(4)]


def test_an_outcome_is_known_when_eight_school_weeks_are_over_and_settled():
    autumn_off = [week for week in FIRST_YEAR if week != date(2024, 10, 14)]
    assert known_from(FIRST_YEAR, date(2024, 9, 2), EIGHT_WEEKS) == date(2024, 10, 27) + timedelta(days=8)
    assert known_from(autumn_off, date(2024, 9, 2), EIGHT_WEEKS) == date(2024, 11, 3) + timedelta(days=8)
    assert known_from(FIRST_YEAR, FIRST_YEAR[-7], EIGHT_WEEKS) is None


def test_a_registered_outcome_is_known_after_its_calendar_days():
    assert known_from(WEEKS, date(2024, 9, 2), read_outcome("registered")) == date(2024, 10, 27) + timedelta(days=8)


def test_origins_stand_a_step_apart_and_their_outcome_is_known():
    found = origins(WEEKS, EIGHT_WEEKS, until=LATE, plan=PLAN)
    usable = [week for week in WEEKS if week not in (*FIRST_YEAR[:8], *SECOND_YEAR[:2])]
    steps = {usable.index(right) - usable.index(left) for left, right in pairwise(found)}
    assert steps == {4}
    assert all(known_from(WEEKS, origin, EIGHT_WEEKS) <= LATE for origin in found)
    assert found[-1] == WEEKS[-8]


def test_nothing_is_seen_from_the_first_weeks_of_all_or_of_a_school_year():
    found = origins(WEEKS, EIGHT_WEEKS, until=LATE, plan=Plan(step_weeks=1))
    assert found[0] == FIRST_YEAR[8]
    assert not {*SECOND_YEAR[:2]} & {*found}
    assert SECOND_YEAR[2] in found


def test_a_later_moment_only_adds_origins():
    for until in (date(2025, 3, 3), date(2025, 12, 1)):
        earlier = set(origins(WEEKS, EIGHT_WEEKS, until=until, plan=Plan(step_weeks=1)))
        assert earlier < set(origins(WEEKS, EIGHT_WEEKS, until=LATE, plan=Plan(step_weeks=1)))


@pytest.mark.parametrize("moment", [date(2025, 6, 2), date(2025, 11, 3), date(2026, 3, 2), LATE])
def test_fitting_comes_before_calibrating_comes_before_use(moment):
    candidates = origins(WEEKS, EIGHT_WEEKS, until=LATE, plan=PLAN)
    parts = split(WEEKS, candidates, EIGHT_WEEKS, moment=moment, plan=PLAN)
    assert len(parts.calibrate) == 3
    for origin in parts.fit:
        horizon_over = known_from(WEEKS, origin, EIGHT_WEEKS) - timedelta(days=8)
        assert horizon_over < parts.calibrate[0], "a fitted horizon reaches into the calibration period"
    for origin in parts.calibrate:
        assert known_from(WEEKS, origin, EIGHT_WEEKS) <= moment, "calibrated on an outcome nobody knew yet"


def test_too_short_a_history_is_said_with_its_numbers():
    with pytest.raises(NotEnoughDataError, match="zijn 1 peildata bruikbaar, waarvan 0 om van te leren") as caught:
        split(WEEKS, [FIRST_YEAR[8], FIRST_YEAR[12]], EIGHT_WEEKS, moment=FIRST_YEAR[18], plan=PLAN)
    assert "regels" in caught.value.remedy


def test_evaluation_horizons_do_not_overlap():
    candidates = origins(WEEKS, EIGHT_WEEKS, until=LATE, plan=PLAN)
    chosen = evaluation_origins(WEEKS, candidates, EIGHT_WEEKS, plan=PLAN)
    assert len(chosen) == 4
    assert chosen[-1] == candidates[-1]
    for left, right in pairwise(chosen):
        assert known_from(WEEKS, left, EIGHT_WEEKS) - timedelta(days=8) < right
