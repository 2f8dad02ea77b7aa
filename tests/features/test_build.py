"""Features: a small table in, a value out."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from made_school import School

from features.build import IDENTITY, build
from features.catalogue import CATALOGUE, NAMES

AS_OF = datetime(2026, 10, 26, 5, tzinfo=UTC)
FIRST, LAST = date(2026, 8, 31), date(2026, 10, 23)  # eight school weeks
WEEK = 25 * 60  # scheduled minutes


@pytest.fixture
def term(school: School) -> School:
    school.pupil("a")
    school.lessons(FIRST, LAST)
    return school


def value(school: School, name: str, pupil: str = "a", as_of: datetime = AS_OF) -> Any:
    return build(school.tables(), as_of).filter(pupil=pupil)[name].item()


def test_a_row_for_every_enrolled_pupil_and_a_column_for_every_feature(term: School):
    term.pupil("left", valid_to=date(2026, 10, 1))
    term.pupil("later", start=date(2026, 11, 2))
    frame = build(term.tables(), AS_OF)
    assert frame["pupil"].to_list() == ["a"]
    assert frame.columns[: len(IDENTITY) + len(NAMES)] == [*IDENTITY, *NAMES]


def test_rates_are_minutes_missed_over_minutes_scheduled(term: School):
    term.absent("a", date(2026, 10, 19))
    assert value(term, "absent_rate_1w") == pytest.approx(300 / WEEK)
    assert value(term, "absent_rate_4w") == pytest.approx(300 / (4 * WEEK))
    assert value(term, "absent_rate_8w") == pytest.approx(300 / (8 * WEEK))


def test_a_window_longer_than_the_year_is_counted_over_what_there_is(term: School):
    term.absent("a", date(2026, 10, 19))
    assert value(term, "absent_rate_12w") == value(term, "absent_rate_year") == pytest.approx(300 / (8 * WEEK))


def test_windows_do_not_look_over_the_summer(school: School):
    school.pupil("a", start=date(2025, 8, 18))
    school.lessons(date(2026, 6, 1), date(2026, 7, 3))
    school.lessons(FIRST, date(2026, 9, 11))
    school.absent("a", date(2026, 6, 30))
    school.absent("a", date(2026, 9, 1))
    moment = datetime(2026, 9, 14, 4, tzinfo=UTC)
    for row in school.timetable + school.absences:
        row["recorded_at"] = datetime(2026, 1, 1, tzinfo=UTC)
    assert value(school, "absent_rate_4w", as_of=moment) == pytest.approx(300 / (2 * WEEK))
    assert value(school, "absent_rate_last_year", as_of=moment) == pytest.approx(300 / (5 * WEEK))


def test_too_little_scheduled_time_is_missing_not_zero(term: School):
    term.pupil("new", start=date(2026, 10, 26))
    assert value(term, "absent_rate_4w", "new") is None
    assert value(term, "late_count_4w", "new") is None


def test_no_absence_in_a_known_week_is_zero_not_missing(term: School):
    assert value(term, "absent_rate_4w") == 0.0
    assert value(term, "sick_spells_12w") == 0.0
    assert value(term, "late_count_12w") == 0.0


def test_kinds_are_told_apart(term: School):
    term.absent("a", date(2026, 10, 19), "sick")
    term.absent("a", date(2026, 10, 20), "truancy", start_slot=1)
    term.absent("a", date(2026, 10, 21), "unexplained", start_slot=1)
    term.absent("a", date(2026, 10, 22), "medical_appointment", start_slot=1)
    four = 4 * WEEK
    assert value(term, "sick_rate_4w") == pytest.approx(300 / four)
    assert value(term, "unauthorised_rate_4w") == pytest.approx(50 / four)
    assert value(term, "unexplained_rate_4w") == pytest.approx(50 / four)
    assert value(term, "medical_rate_12w") == pytest.approx(50 / (8 * WEEK))
    assert value(term, "absent_rate_4w") == pytest.approx(450 / four)


def test_whole_days_and_parts_of_days(term: School):
    term.absent("a", date(2026, 10, 19))
    term.absent("a", date(2026, 10, 20), start_slot=1)
    assert (value(term, "days_away_4w"), value(term, "days_part_4w")) == (1, 1)


def test_the_first_hour(term: School):
    for n in (19, 20):
        term.absent("a", date(2026, 10, n), "truancy", start_slot=1)
    term.absent("a", date(2026, 10, 21), "truancy", start_slot=2)
    assert value(term, "first_slot_missed_4w") == 2


def test_spells_and_shortening_gaps(term: School):
    for day in (date(2026, 9, 7), date(2026, 9, 28), date(2026, 10, 6), date(2026, 10, 9)):
        term.absent("a", day)
    assert value(term, "sick_spells_12w") == 4
    assert value(term, "sick_gap_last") == 2  # 7 and 8 October
    assert value(term, "sick_gap_shortening") == pytest.approx((14 + 5 + 2) / 3 - 2)


def test_two_spells_say_nothing_of_shortening(term: School):
    term.absent("a", date(2026, 9, 7))
    term.absent("a", date(2026, 9, 28))
    assert value(term, "sick_gap_shortening") is None


def test_the_longest_unbroken_absence_of_any_kind(term: School):
    term.absent("a", date(2026, 9, 10), "leave", end_date=date(2026, 9, 11))
    term.absent("a", date(2026, 9, 14), "sick")
    assert value(term, "longest_away_12w") == 3


def test_school_days_since_the_last_absence(term: School):
    assert value(term, "days_since_absence") is None
    term.absent("a", date(2026, 10, 16), start_slot=6)
    assert value(term, "days_since_absence") == 5


def test_change_against_the_weeks_before(term: School):
    term.absent("a", date(2026, 9, 14))
    for n in (12, 19, 20):
        term.absent("a", date(2026, 10, n))
    assert value(term, "absent_change_4w") == pytest.approx((900 - 300) / (4 * WEEK))
    assert value(term, "absent_change_2w") == pytest.approx(900 / (2 * WEEK))


def test_weekday_shares_need_three_days(term: School):
    mondays = [date(2026, 10, 5), date(2026, 10, 12)]
    for day in mondays:
        term.absent("a", day)
    assert value(term, "monday_share_12w") is None
    term.absent("a", date(2026, 10, 20))
    assert value(term, "monday_share_12w") == pytest.approx(2 / 3)
    assert value(term, "top_weekday_share_12w") == pytest.approx(2 / 3)
    assert value(term, "friday_share_12w") == 0.0


def test_a_wave_of_illness_in_the_class_is_no_difference_from_the_class(term: School):
    for n in range(4):
        term.pupil(f"b{n}")
        term.absent(f"b{n}", date(2026, 10, 19))
    term.absent("a", date(2026, 10, 19))
    assert value(term, "absent_vs_class_4w") == pytest.approx(0.0)


def test_the_class_is_the_others_not_oneself(term: School):
    for n in range(4):
        term.pupil(f"b{n}")
    term.absent("a", date(2026, 10, 19))
    assert value(term, "absent_vs_class_4w") == pytest.approx(300 / (4 * WEEK))


def test_weeks_with_absence_and_the_worst_of_them(term: School):
    term.absent("a", date(2026, 9, 14), end_date=date(2026, 9, 16))
    term.absent("a", date(2026, 10, 19))
    assert value(term, "weeks_with_absence_12w") == 2
    assert value(term, "worst_week_12w") == pytest.approx(900 / WEEK)


def test_features_of_one_school_do_not_depend_on_another(term: School):
    before = build(term.tables(), AS_OF)
    term.pupil("x", "9z", school="11ZZ99")
    term.lessons(FIRST + timedelta(days=7), LAST, "9z", school="11ZZ99")
    term.absent("x", date(2026, 10, 19), school="11ZZ99")
    after = build(term.tables(), AS_OF).filter(school="11ZZ03")
    assert after.equals(before)


def test_the_catalogue_knows_nothing_of_who_a_pupil_is():
    words = {word for feature in CATALOGUE for word in feature.name.split("_")}
    assert not words & {"gender", "sex", "age", "birth", "postcode", "nationality", "id", "name"}
    # Of a school only how it records counts, the same for all its pupils; what makes it that school does not.
    assert {feature.of for feature in CATALOGUE if "school" in feature.name.split("_")} == {
        "school",
        "registers",
        "versus",
    }
    assert len(CATALOGUE) >= 25
    assert all(feature.sentence.endswith(".") and feature.label for feature in CATALOGUE)


def test_nothing_of_last_year_is_in_a_window_of_weeks(school: School):
    school.pupil("a", start=date(2025, 8, 18))
    school.lessons(date(2026, 6, 1), date(2026, 7, 3))
    school.lessons(FIRST, date(2026, 9, 11))
    school.absent("a", date(2026, 6, 8), end_date=date(2026, 7, 3))
    school.absent("a", date(2026, 9, 7))
    for row in school.timetable + school.absences:
        row["recorded_at"] = datetime(2026, 1, 1, tzinfo=UTC)
    moment = datetime(2026, 9, 14, 4, tzinfo=UTC)
    assert value(school, "worst_week_12w", as_of=moment) == pytest.approx(300 / WEEK)
    assert value(school, "longest_away_12w", as_of=moment) == 1
    assert value(school, "sick_gap_last", as_of=moment) is None
