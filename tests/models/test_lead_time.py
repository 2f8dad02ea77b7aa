"""School days between the first list and what came of it."""

from datetime import date, timedelta

import pytest

from models.lead_time import Case, LeadTime, Threshold, lead_time

MONDAY = date(2026, 1, 5)
DAYS = [
    MONDAY + timedelta(weeks=week, days=day) for week in (0, 1, 2, 4, 5, 6, 7, 8) for day in range(5)
]  # week 3: holiday


def case(pupil: str, *, listed: date | None, onset: int, reached: int, **thresholds: date) -> Case:
    return Case("A", pupil, DAYS[onset], DAYS[reached], listed, thresholds)


def measured(*cases: Case) -> LeadTime:
    report = Threshold("report", "de melding", spoke=7)
    return lead_time(cases, {"A": DAYS}, thresholds=[report], periods=[MONDAY], weeks=8, resamples=100)


def test_days_are_school_days_so_a_holiday_does_not_count():
    found = measured(case("a", listed=MONDAY, onset=14, reached=20))
    assert found.to_onset.days == (14,)
    assert found.to_reached.days == (20,)
    assert DAYS[20] - MONDAY > timedelta(days=28), "four calendar weeks and more, of which one without school"


def test_who_was_on_no_list_counts_in_the_share_but_has_no_days():
    found = measured(
        case("a", listed=MONDAY, onset=3, reached=20),
        case("b", listed=None, onset=3, reached=20),
        case("c", listed=DAYS[10], onset=3, reached=20),
        case("d", listed=None, onset=3, reached=20),
    )
    assert (found.cases, found.listed) == (4, 2)
    assert found.share_listed.value == pytest.approx(0.5)
    assert found.share_before_onset.value == pytest.approx(0.25), "c was listed only after it had begun"
    assert found.to_onset.days == (-7, 3)
    assert found.to_reached.median == pytest.approx(15)


def test_the_list_beside_a_threshold():
    found = measured(
        case("a", listed=MONDAY, onset=3, reached=30, report=DAYS[15]),
        case("b", listed=MONDAY, onset=3, reached=30, report=DAYS[14]),
        case("c", listed=DAYS[10], onset=3, reached=30, report=DAYS[5]),
        case("d", listed=None, onset=3, reached=30, report=DAYS[5]),
        case("e", listed=MONDAY, onset=3, reached=30),
    )
    beside = found.ahead[0]
    assert (beside.spoke, beside.reached, beside.listed) == (7, 4, 3)
    assert beside.before.value == pytest.approx(2 / 4)
    assert beside.early.value == pytest.approx(1 / 4), "fifteen school days, not fourteen"
    assert beside.earlier.days == (-5, 14, 15)


def test_an_interval_comes_from_pupils_drawn_with_all_their_periods():
    twice = [case("a", listed=MONDAY, onset=3, reached=9)] * 40 + [case("b", listed=None, onset=3, reached=9)] * 40
    assert measured(*twice).share_listed.low == 0.0
    assert measured(*twice).share_listed.high == 1.0


def test_without_cases_nothing_is_said():
    found = measured()
    assert found.cases == 0
    assert found.share_listed.value is None
    assert found.ahead[0].early.value is None
    assert LeadTime.model_validate_json(found.model_dump_json()) == found
