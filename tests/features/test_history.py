"""Each data trap of absence registration, as a small table in and a value out."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from made_school import School

from features.history import History, history, number_of

FIRST, LAST = date(2026, 9, 7), date(2026, 10, 2)
AS_OF = datetime(2026, 10, 5, 4, tzinfo=UTC)
Rows = Callable[[Any], list[dict[str, Any]]]


@pytest.fixture
def term(school: School) -> School:
    """Four weeks of six hours a day for class 2a, with one pupil."""
    school.pupil("a")
    school.lessons(FIRST, LAST)
    return school


def past(school: School, as_of: datetime = AS_OF) -> History:
    return history(school.tables(), as_of)


def day(rows: Rows, school: School, when: date, pupil: str = "a") -> dict[str, Any]:
    found = [r for r in rows(past(school).days) if r["day"] == number_of(when) and r["pupil"] == pupil]
    assert len(found) <= 1
    return found[0] if found else {}


def week(rows: Rows, school: School, monday: date, pupil: str = "a") -> dict[str, Any]:
    found = [r for r in rows(past(school).weeks) if r["week"] == number_of(monday) and r["pupil"] == pupil]
    assert len(found) == 1
    return found[0]


class TestTrap1ASickReportIsNotASpell:
    def test_one_report_a_day_is_one_spell(self, term: School, rows: Rows):
        for n in (14, 15, 16):
            term.absent("a", date(2026, 9, n))
        assert [s["school_days"] for s in rows(past(term).sick_spells)] == [3]

    def test_a_weekend_does_not_end_a_spell(self, term: School, rows: Rows):
        term.absent("a", date(2026, 9, 11))
        term.absent("a", date(2026, 9, 14))
        assert [s["school_days"] for s in rows(past(term).sick_spells)] == [2]

    def test_a_holiday_does_not_end_a_spell(self, school: School, rows: Rows):
        school.pupil("a")
        school.lessons(date(2026, 9, 7), date(2026, 9, 11))
        school.lessons(date(2026, 9, 21), date(2026, 9, 25))
        school.absent("a", date(2026, 9, 11), end_date=date(2026, 9, 21))
        assert [s["school_days"] for s in rows(past(school).sick_spells)] == [2]

    def test_a_day_at_school_does(self, term: School, rows: Rows):
        term.absent("a", date(2026, 9, 14))
        term.absent("a", date(2026, 9, 16))
        spells = rows(past(term).sick_spells)
        assert sorted((s["school_days"], s["gap"]) for s in spells if s["gap"]) == [(1, 1)]
        assert len(spells) == 2


class TestTrap3ARegisterNotTakenIsUnknown:
    def test_it_leaves_the_denominator(self, school: School, rows: Rows):
        school.pupil("a")
        school.lessons(FIRST, LAST, slots=5)
        school.lessons(date(2026, 9, 14), date(2026, 9, 14), slots=0)
        school.timetable += [
            {"group": "2a", "date": date(2026, 9, 14), "slot": 6, "minutes": 50, "register": "not_taken"}
        ]
        assert week(rows, school, date(2026, 9, 14))["scheduled_minutes"] == 25 * 50

    def test_and_an_absence_in_it_counts_neither(self, school: School, rows: Rows):
        school.pupil("a")
        school.lessons(FIRST, LAST, slots=5)
        school.timetable += [
            {"group": "2a", "date": date(2026, 9, 14), "slot": 6, "minutes": 50, "register": "not_taken"}
        ]
        school.absent("a", date(2026, 9, 14), "unexplained", start_slot=6)
        assert day(rows, school, date(2026, 9, 14)) == {}


class TestTrap4PlannedButNotRequired:
    @pytest.mark.parametrize("status", ["cancelled", "not_required"])
    def test_a_lesson_that_is_off_leaves_numerator_and_denominator(self, school: School, rows: Rows, status: str):
        school.pupil("a")
        school.lessons(FIRST, LAST, slots=5)
        school.timetable += [{"group": "2a", "date": date(2026, 9, 14), "slot": 6, "minutes": 50, "status": status}]
        school.absent("a", date(2026, 9, 14))
        found = day(rows, school, date(2026, 9, 14))
        assert (found["absent_minutes"], found["scheduled_minutes"]) == (250, 250)

    def test_an_observation_not_required_leaves_them_too(self, term: School, rows: Rows):
        term.absent("a", date(2026, 9, 14), "not_required", start_slot=6, registration="observation")
        found = week(rows, term, date(2026, 9, 14))
        assert (found["absent_minutes"], found["scheduled_minutes"]) == (0, 1450)

    def test_so_does_an_exemption(self, term: School, rows: Rows):
        term.absent("a", date(2026, 9, 14), "exemption", end_date=date(2026, 9, 18))
        found = week(rows, term, date(2026, 9, 14))
        assert (found["absent_minutes"], found["scheduled_minutes"]) == (0, 0)


class TestTrap5ReportAndObservationOverlap:
    def test_a_report_and_the_observations_in_it_count_once(self, term: School, rows: Rows):
        term.absent("a", date(2026, 9, 14))
        for slot in (1, 2, 3):
            term.absent("a", date(2026, 9, 14), "unexplained", start_slot=slot, registration="observation")
        found = day(rows, term, date(2026, 9, 14))
        assert (found["absent_minutes"], found["sick_minutes"], found["unexplained_minutes"]) == (300, 300, 0)

    def test_where_they_differ_the_kind_that_explains_most_stands(self, term: School, rows: Rows):
        term.absent("a", date(2026, 9, 14), "medical_appointment", start_slot=1, end_slot=2)
        term.absent("a", date(2026, 9, 14), "unexplained", start_slot=2, end_slot=3)
        found = day(rows, term, date(2026, 9, 14))
        assert (found["medical_minutes"], found["unexplained_minutes"]) == (100, 50)


class TestTrap6WholeDayReports:
    def test_a_whole_day_is_what_was_scheduled_that_day(self, school: School, rows: Rows):
        school.pupil("a")
        school.lessons(FIRST, LAST, slots=4)
        school.absent("a", date(2026, 9, 14))
        assert day(rows, school, date(2026, 9, 14))["absent_minutes"] == 200

    def test_a_report_over_a_weekend_counts_school_days_only(self, term: School, rows: Rows):
        term.absent("a", date(2026, 9, 11), end_date=date(2026, 9, 14))
        assert len(rows(past(term).days)) == 2

    def test_a_report_of_months_is_spread_over_all_its_school_days(self, school: School, rows: Rows):
        school.pupil("a")
        school.lessons(date(2026, 8, 24), date(2026, 12, 18))
        school.absent("a", date(2026, 8, 25), end_date=date(2026, 12, 11))
        assert len(rows(past(school, datetime(2026, 12, 21, 5, tzinfo=UTC)).days)) == 79

    def test_a_span_may_begin_and_end_within_a_day(self, term: School, rows: Rows):
        term.absent("a", date(2026, 9, 14), end_date=date(2026, 9, 16), start_slot=5, end_slot=2)
        minutes = {r["day"] - number_of(date(2026, 9, 14)): r["absent_minutes"] for r in rows(past(term).days)}
        assert minutes == {0: 100, 1: 300, 2: 100}


class TestTrap7OpenEndedReports:
    def test_it_lasts_until_the_as_of_date(self, term: School, rows: Rows):
        term.absent("a", date(2026, 9, 28), open_ended=True)
        assert [s["school_days"] for s in rows(past(term).sick_spells)] == [5]

    def test_or_until_the_next_registration_begins(self, term: School, rows: Rows):
        term.absent("a", date(2026, 9, 7), open_ended=True)
        term.absent("a", date(2026, 9, 14), "late", start_slot=1)
        assert [s["school_days"] for s in rows(past(term).sick_spells)] == [5]


class TestTrap9LateAndRemoved:
    @pytest.mark.parametrize(("kind", "count"), [("late", "late_count"), ("removed_from_class", "removed_count")])
    def test_it_is_an_event_and_no_missed_hour(self, term: School, rows: Rows, kind: str, count: str):
        term.absent("a", date(2026, 9, 14), kind, start_slot=1)
        found = day(rows, term, date(2026, 9, 14))
        assert (found[count], found["absent_minutes"]) == (1, 0)

    def test_minutes_of_lateness_are_kept_apart(self, term: School, rows: Rows):
        term.absent("a", date(2026, 9, 14), "late", start_slot=1, amount=12.0, unit="minutes")
        found = day(rows, term, date(2026, 9, 14))
        assert (found["late_minutes"], found["absent_minutes"]) == (12, 0)


class TestTrap10AuthorisedIsTheSchoolsWord:
    def test_the_school_word_goes_before_the_usual_one(self, term: School, rows: Rows):
        term.absent("a", date(2026, 9, 14), "leave", authorised="no")
        assert day(rows, term, date(2026, 9, 14))["unauthorised_minutes"] == 300

    def test_without_a_word_the_kind_counts_as_usual(self, term: School, rows: Rows):
        term.absent("a", date(2026, 9, 14), "sick", authorised="unknown")
        assert day(rows, term, date(2026, 9, 14))["authorised_minutes"] == 300


class TestTrap11HoursDiffer:
    @pytest.mark.parametrize(
        ("amount", "unit", "minutes"),
        [(90.0, "minutes", 90), (2.0, "lesson_slots", 100), (1.0, "half_days", 150), (1.0, "days", 300)],
    )
    def test_an_amount_is_converted_by_the_timetable(
        self, term: School, rows: Rows, amount: float, unit: str, minutes: int
    ):
        term.absent("a", date(2026, 9, 14), amount=amount, unit=unit)
        assert day(rows, term, date(2026, 9, 14))["absent_minutes"] == minutes

    def test_clock_times_are_laid_on_the_lessons(self, term: School, rows: Rows):
        term.absent("a", date(2026, 9, 14), start_minute=600, end_minute=700)  # lessons run from 8:50 on
        assert day(rows, term, date(2026, 9, 14))["absent_minutes"] == 100

    def test_no_day_has_more_absence_than_lessons(self, term: School, rows: Rows):
        term.absent("a", date(2026, 9, 14), amount=500.0, unit="minutes")
        term.absent("a", date(2026, 9, 14), start_slot=1, end_slot=4)
        assert day(rows, term, date(2026, 9, 14))["absent_minutes"] == 300


class TestTrap12ClosureDays:
    def test_a_day_on_which_the_whole_school_was_away_is_no_school_day(self, school: School, rows: Rows):
        for n in range(30):
            school.pupil(f"p{n}")
        school.lessons(FIRST, LAST)
        for n in range(28):
            school.absent(f"p{n}", date(2026, 9, 14), "unexplained")
        assert number_of(date(2026, 9, 14)) not in {r["day"] for r in rows(past(school).school_days)}
        assert week(rows, school, date(2026, 9, 14), "p0")["scheduled_minutes"] == 1200

    def test_a_wave_of_illness_is(self, school: School, rows: Rows):
        for n in range(30):
            school.pupil(f"p{n}")
        school.lessons(FIRST, LAST)
        for n in range(12):
            school.absent(f"p{n}", date(2026, 9, 14))
        assert day(rows, school, date(2026, 9, 14), "p0")["sick_minutes"] == 300


class TestTrap13DenominatorsShift:
    def test_a_pupil_with_a_timetable_of_its_own_is_measured_by_it(self, term: School, rows: Rows):
        term.timetable += [{"pupil": "a", "date": date(2026, 9, 14), "slot": 1, "minutes": 50}]
        term.absent("a", date(2026, 9, 14))
        assert day(rows, term, date(2026, 9, 14))["scheduled_minutes"] == 50
        assert week(rows, term, date(2026, 9, 14))["scheduled_minutes"] == 1250

    def test_a_day_without_lessons_is_no_absence(self, school: School, rows: Rows):
        school.pupil("a", "6v1")
        school.pupil("b", "5v1")
        school.lessons(FIRST, date(2026, 9, 18), "6v1")
        school.lessons(FIRST, LAST, "5v1")
        school.absent("a", date(2026, 9, 14), end_date=LAST)
        assert len([r for r in rows(past(school).days) if r["pupil"] == "a"]) == 5


class TestTrap14Transfers:
    def test_time_before_the_enrolment_is_not_good_attendance(self, term: School, rows: Rows):
        term.pupil("new", start=date(2026, 9, 23))
        weeks = {r["week"]: r["scheduled_minutes"] for r in rows(past(term).weeks) if r["pupil"] == "new"}
        assert weeks == {number_of(date(2026, 9, 21)): 900, number_of(date(2026, 9, 28)): 1500}

    def test_absence_outside_the_enrolment_does_not_count(self, term: School, rows: Rows):
        term.pupil("new", start=date(2026, 9, 23))
        term.absent("new", date(2026, 9, 15))
        assert day(rows, term, date(2026, 9, 15), "new") == {}

    def test_a_change_of_group_in_mid_week_adds_up(self, term: School, rows: Rows):
        term.enrolments[0]["valid_to"] = date(2026, 9, 16)
        term.pupil("a", "2b", start=date(2026, 9, 17))
        term.lessons(FIRST, LAST, "2b", slots=4)
        assert week(rows, term, date(2026, 9, 14))["scheduled_minutes"] == 3 * 300 + 2 * 200

    def test_of_two_enrolments_at_once_the_later_one_stands(self, term: School, rows: Rows):
        term.pupil("a", "2b", start=date(2026, 9, 21))
        term.lessons(FIRST, LAST, "2b", slots=4)
        assert week(rows, term, date(2026, 9, 21))["scheduled_minutes"] == 1000
        assert [r["group"] for r in rows(past(term).pupils)] == ["2b"]


def test_only_days_before_the_as_of_day_count(term: School, rows: Rows):
    term.absent("a", date(2026, 9, 30))
    assert rows(past(term, datetime(2026, 9, 30, 20, tzinfo=UTC)).days) == []
    assert len(rows(past(term, datetime(2026, 9, 30, 22, 30, tzinfo=UTC)).days)) == 1  # past midnight in Amsterdam


def test_an_as_of_without_time_zone_is_refused(term: School):
    with pytest.raises(ValueError, match="time zone"):
        history(term.tables(), datetime(2026, 10, 5))  # noqa: DTZ001 - that is the point


def test_an_hour_that_was_not_scheduled_is_no_absence(term: School, rows: Rows):
    term.absent("a", date(2026, 9, 14), "truancy", start_slot=9)
    assert day(rows, term, date(2026, 9, 14)) == {}


class TestLongReports:
    def test_a_report_from_before_the_timetable_covers_all_of_it(self, term: School, rows: Rows):
        term.enrolments[0]["valid_from"] = date(2025, 8, 18)
        term.absent("a", date(2026, 3, 2), open_ended=True)
        assert len(rows(past(term).days)) == 20

    def test_an_exemption_of_years_excuses_all_of_it(self, term: School, rows: Rows):
        term.absent("a", date(2023, 3, 4), "exemption", end_date=date(2027, 12, 31))
        assert sum(r["scheduled_minutes"] for r in rows(past(term).weeks)) == 0

    def test_weeks_without_lessons_in_between_break_nothing(self, school: School, rows: Rows):
        school.pupil("a", start=date(2025, 8, 18))
        school.lessons(date(2026, 6, 1), date(2026, 6, 12))
        school.lessons(FIRST, LAST)
        school.absent("a", date(2026, 6, 8), open_ended=True)
        assert len(rows(past(school).days)) == 5 + 20

    @pytest.mark.parametrize(("until", "days"), [(8, 2), (9, 10), (10, 10), (11, 10)])
    def test_a_change_of_class_over_a_weekend_does_not_end_a_report(
        self, school: School, rows: Rows, until: int, days: int
    ):
        for group in ("2a", "2b"):
            school.lessons(FIRST, date(2026, 10, 20), group)
        school.pupil("a", valid_to=date(2026, 10, until))
        school.pupil("a", "2b", start=date(2026, 10, 12))
        school.absent("a", date(2026, 10, 7), open_ended=True)
        found = rows(past(school, datetime(2026, 10, 21, 4, tzinfo=UTC)).sick_spells)
        assert [s["school_days"] for s in found] == [days]

    def test_an_observation_on_the_way_does_not_end_a_report(self, term: School, rows: Rows):
        term.absent("a", date(2026, 9, 7), open_ended=True)
        term.absent("a", date(2026, 9, 8), "unexplained", start_slot=1, registration="observation")
        assert [s["school_days"] for s in rows(past(term).sick_spells)] == [20]

    def test_an_amount_over_several_days_is_their_total(self, term: School, rows: Rows):
        term.absent("a", date(2026, 9, 14), "truancy", end_date=date(2026, 9, 18), amount=4.0, unit="lesson_slots")
        assert sum(r["unauthorised_minutes"] for r in rows(past(term).days)) == 200


class TestSpellsAreOfThePupilsOwnDays:
    def test_days_without_lessons_for_this_pupil_break_nothing(self, term: School, rows: Rows):
        term.pupil("b", "part")
        for monday in (7, 14, 21):
            for n in (0, 2, 4):
                day = date(2026, 9, monday + n)
                term.timetable.append({"group": "part", "date": day, "slot": 1, "minutes": 50})
        term.absent("b", date(2026, 9, 14), end_date=date(2026, 9, 25))
        assert [s["school_days"] for s in rows(past(term).sick_spells)] == [6]

    @pytest.mark.parametrize("off", [{"status": "cancelled"}, {"register": "not_taken"}])
    def test_nor_does_a_day_that_fell_out_or_of_which_no_register_was_taken(self, school: School, rows: Rows, off: Any):
        school.pupil("a")
        school.lessons(FIRST, date(2026, 9, 15))
        school.lessons(date(2026, 9, 16), date(2026, 9, 16), **off)
        school.lessons(date(2026, 9, 17), LAST)
        school.lessons(FIRST, LAST, "other")
        school.absent("a", date(2026, 9, 14), end_date=date(2026, 9, 18))
        assert [s["school_days"] for s in rows(past(school).sick_spells)] == [4]


class TestEnrolmentsWithinEnrolments:
    def test_after_two_weeks_in_another_class_the_pupil_is_back(self, term: School, rows: Rows):
        term.pupil("a", "2b", start=date(2026, 9, 14), valid_to=date(2026, 9, 18))
        term.lessons(FIRST, LAST, "2b", slots=4)
        assert [r["group"] for r in rows(past(term).pupils)] == ["2a"]
        minutes = [week(rows, term, date(2026, 9, day))["scheduled_minutes"] for day in (7, 14, 21)]
        assert minutes == [1500, 1000, 1500]

    @pytest.mark.parametrize("order", [1, -1])
    def test_of_two_from_the_same_day_the_one_recorded_last_stands(self, term: School, rows: Rows, order: int):
        term.pupil("a", "2b", recorded_at=datetime(2026, 9, 1, tzinfo=UTC))
        term.enrolments = term.enrolments[::order]
        assert [r["group"] for r in rows(past(term).pupils)] == ["2b"]


class TestOwnTimetables:
    def test_own_lessons_that_are_not_required_leave_nothing_scheduled(self, term: School, rows: Rows):
        for slot in range(1, 7):
            term.timetable.append(
                {"pupil": "a", "date": date(2026, 9, 14), "slot": slot, "minutes": 50, "status": "not_required"}
            )
        term.absent("a", date(2026, 9, 14))
        found = week(rows, term, date(2026, 9, 14))
        assert (found["scheduled_minutes"], found["absent_minutes"]) == (1200, 0)

    def test_a_shorter_day_of_its_own_keeps_its_place_among_the_days_of_the_group(self, term: School, rows: Rows):
        term.timetable += [{"pupil": "a", "date": date(2026, 9, 15), "slot": 1, "minutes": 50}]
        term.absent("a", date(2026, 9, 14), end_date=date(2026, 9, 16))
        assert [s["school_days"] for s in rows(past(term).sick_spells)] == [3]

    def test_an_amount_over_several_days_is_not_spread_over_a_free_day_of_its_own(self, term: School, rows: Rows):
        term.timetable.append(
            {"pupil": "a", "date": date(2026, 9, 16), "slot": 1, "minutes": 50, "status": "not_required"}
        )
        term.absent("a", date(2026, 9, 14), "truancy", end_date=date(2026, 9, 18), amount=10.0, unit="lesson_slots")
        assert week(rows, term, date(2026, 9, 14))["unauthorised_minutes"] == 500


class TestNothingCountsTwice:
    def test_excused_time_is_never_more_than_the_day(self, term: School, rows: Rows):
        for kind in ("exemption", "not_required"):
            term.absent("a", date(2026, 9, 14), kind, amount=1.0, unit="days")
        term.absent("a", date(2026, 9, 15), end_date=date(2026, 9, 18))
        found = week(rows, term, date(2026, 9, 14))
        assert (found["scheduled_minutes"], found["absent_minutes"]) == (1200, 1200)

    def test_amounts_of_different_kinds_keep_their_kinds(self, term: School, rows: Rows):
        term.absent("a", date(2026, 9, 14), amount=50.0, unit="minutes")
        term.absent("a", date(2026, 9, 14), "truancy", amount=250.0, unit="minutes")
        found = day(rows, term, date(2026, 9, 14))
        assert (found["sick_minutes"], found["unauthorised_minutes"]) == (50, 250)

    def test_two_parts_of_one_day_level_slot_add_up_by_kind(self, school: School, rows: Rows):
        school.pupil("a")
        for n in range(4):
            school.timetable.append({"group": "2a", "date": date(2026, 9, 14 + n), "start_minute": 510, "minutes": 300})
        school.absent("a", date(2026, 9, 14), "not_required", start_minute=510, end_minute=570)
        school.absent("a", date(2026, 9, 14), "truancy", start_minute=570, end_minute=810)
        found = day(rows, school, date(2026, 9, 14))
        assert (found["scheduled_minutes"], found["unauthorised_minutes"]) == (240, 240)

    def test_a_whole_day_row_beside_lessons_is_the_same_time(self, term: School, rows: Rows):
        term.timetable.append({"group": "2a", "date": date(2026, 9, 14), "minutes": 300})
        assert week(rows, term, date(2026, 9, 14))["scheduled_minutes"] == 1500

    def test_lessons_without_a_number_are_told_apart_by_their_start(self, school: School, rows: Rows):
        school.pupil("a")
        for n in range(6):
            school.timetable.append(
                {"group": "2a", "date": date(2026, 9, 14), "start_minute": 500 + 60 * n, "minutes": 50}
            )
        school.absent("a", date(2026, 9, 14), start_minute=560, end_minute=610)
        found = day(rows, school, date(2026, 9, 14))
        assert (found["scheduled_minutes"], found["absent_minutes"]) == (300, 50)

    def test_half_a_day_of_a_day_of_one_half_is_all_of_it(self, school: School, rows: Rows):
        school.pupil("a")
        school.timetable.append({"group": "2a", "date": date(2026, 9, 16), "slot": 1, "minutes": 155})
        school.absent("a", date(2026, 9, 16), amount=1.0, unit="half_days")
        assert day(rows, school, date(2026, 9, 16))["absent_minutes"] == 155

    def test_a_report_and_an_observation_of_one_lateness_are_one(self, term: School, rows: Rows):
        term.absent("a", date(2026, 9, 14), "late", start_slot=1)
        term.absent("a", date(2026, 9, 14), "late", start_slot=1, registration="observation")
        assert day(rows, term, date(2026, 9, 14))["late_count"] == 1

    def test_lateness_where_no_lesson_was_is_none(self, term: School, rows: Rows):
        term.absent("a", date(2026, 9, 14), "late", start_slot=9)
        assert day(rows, term, date(2026, 9, 14)) == {}

    def test_who_was_ill_all_day_was_not_late(self, term: School, rows: Rows):
        term.absent("a", date(2026, 9, 14))
        term.absent("a", date(2026, 9, 14), "late", start_slot=1)
        assert day(rows, term, date(2026, 9, 14))["late_count"] == 0


def test_a_list_made_on_tuesday_looks_at_the_weeks_before_its_own(term: School, rows: Rows):
    term.absent("a", date(2026, 9, 28))
    tuesday = datetime(2026, 9, 29, 9, tzinfo=UTC)
    assert rows(history(term.tables(), tuesday, until=date(2026, 9, 28)).days) == []
    assert len(rows(history(term.tables(), tuesday).days)) == 1


class TestLessonsMissedBySubject:
    @pytest.fixture
    def taught(self, school: School) -> School:
        """Mathematics in the first three hours, Dutch in the last three."""
        school.pupil("a")
        for day in (14, 15):
            for slot in range(1, 7):
                subject = "wi" if slot <= 3 else "ne"
                school.timetable.append(
                    {
                        "group": "2a",
                        "date": date(2026, 9, day),
                        "slot": slot,
                        "start_minute": 480 + 50 * slot,
                        "minutes": 50,
                        "subject": subject,
                    }
                )
        return school

    def lessons(self, rows: Rows, school: School) -> list[tuple[int, str, int]]:
        return sorted((r["day"], r["subject"], r["lessons"]) for r in rows(past(school).lessons))

    def test_each_subject_counts_its_own_lessons(self, taught: School, rows: Rows):
        taught.absent("a", date(2026, 9, 14), "truancy", start_slot=3, end_slot=4)
        taught.absent("a", date(2026, 9, 14), "truancy", start_slot=1)
        monday = number_of(date(2026, 9, 14))
        assert self.lessons(rows, taught) == [(monday, "ne", 1), (monday, "wi", 2)]

    def test_a_lesson_missed_in_part_is_a_lesson(self, taught: School, rows: Rows):
        taught.absent("a", date(2026, 9, 14), "truancy", start_minute=530, end_minute=550)
        assert self.lessons(rows, taught) == [(number_of(date(2026, 9, 14)), "wi", 1)]

    def test_a_day_missed_altogether_says_nothing_about_subjects(self, taught: School, rows: Rows):
        taught.absent("a", date(2026, 9, 14))
        assert self.lessons(rows, taught) == []

    @pytest.mark.parametrize("kind", ["late", "removed_from_class", "not_required", "exemption"])
    def test_what_is_no_absence_misses_no_lesson(self, taught: School, rows: Rows, kind: str):
        taught.absent("a", date(2026, 9, 14), kind, start_slot=1)
        assert self.lessons(rows, taught) == []

    def test_of_lessons_at_once_the_subject_first_in_the_alphabet_stands(self, taught: School, rows: Rows):
        taught.timetable.append(
            {"group": "2a", "date": date(2026, 9, 14), "slot": 1, "start_minute": 530, "minutes": 50, "subject": "fa"}
        )
        taught.absent("a", date(2026, 9, 14), "truancy", start_slot=1)
        assert self.lessons(rows, taught) == [(number_of(date(2026, 9, 14)), "fa", 1)]

    def test_without_subjects_there_are_none(self, term: School, rows: Rows):
        term.absent("a", date(2026, 9, 14), "truancy", start_slot=1)
        assert rows(past(term).lessons) == []


class TestRegisters:
    def of_week(self, rows: Rows, school: School, monday: date) -> tuple[int, int]:
        (found,) = (r for r in rows(past(school).registers) if r["week"] == number_of(monday))
        return found["planned_minutes"], found["untaken_minutes"]

    def test_planned_time_and_the_part_without_a_register(self, term: School, rows: Rows):
        for lesson in term.timetable[:2]:
            lesson["register"] = "not_taken"
        assert self.of_week(rows, term, FIRST) == (1500, 100)
        assert self.of_week(rows, term, date(2026, 9, 14)) == (1500, 0)

    def test_cancelled_lessons_were_not_planned(self, term: School, rows: Rows):
        term.timetable[0] |= {"status": "cancelled", "register": "not_taken"}
        assert self.of_week(rows, term, FIRST) == (1450, 0)

    def test_a_register_of_one_of_two_lessons_at_once_was_taken(self, term: School, rows: Rows):
        term.timetable.append(term.timetable[0] | {"register": "not_taken"})
        assert self.of_week(rows, term, FIRST) == (1500, 0)


class TestPartsOfDays:
    def test_a_day_missed_in_part_is_told_from_a_day_away(self, term: School, rows: Rows):
        term.absent("a", date(2026, 9, 14), "truancy", start_slot=6)
        term.absent("a", date(2026, 9, 15))
        found = {r["day"] - number_of(date(2026, 9, 14)): (r["part"], r["away"]) for r in rows(past(term).days)}
        assert found == {0: (1, 0), 1: (0, 1)}
        of_week = week(rows, term, date(2026, 9, 14))
        assert (of_week["days_part"], of_week["days_away"], of_week["days_absent"]) == (1, 1, 2)

    def test_first_and_last_hours_are_counted_apart(self, term: School, rows: Rows):
        term.absent("a", date(2026, 9, 14), "truancy", start_slot=6)
        term.absent("a", date(2026, 9, 15), "truancy", start_slot=1)
        term.absent("a", date(2026, 9, 16), "truancy", start_slot=3)
        of_week = week(rows, term, date(2026, 9, 14))
        assert (of_week["first_slot_missed"], of_week["last_slot_missed"], of_week["slots_missed"]) == (1, 1, 3)

    def test_only_registrations_make_a_day(self, term: School, rows: Rows):
        term.absent("a", date(2026, 9, 14), "late", start_slot=1)
        assert [(r["part"], r["away"]) for r in rows(past(term).days)] == [(0, 0)]


def test_minutes_out_of_class_are_not_minutes_of_lateness(term: School, rows: Rows):
    term.absent("a", date(2026, 9, 14), "removed_from_class", start_slot=1, amount=20.0, unit="minutes")
    found = day(rows, term, date(2026, 9, 14))
    assert (found["removed_count"], found["late_minutes"]) == (1, 0)


def test_late_and_sent_away_in_one_lesson_are_two_events(term: School, rows: Rows):
    term.absent("a", date(2026, 9, 14), "late", start_slot=1, amount=5.0, unit="minutes")
    term.absent("a", date(2026, 9, 14), "removed_from_class", start_slot=1)
    found = day(rows, term, date(2026, 9, 14))
    assert (found["late_count"], found["removed_count"], found["late_minutes"]) == (1, 1, 5)


def test_a_report_that_ends_before_it_begins_is_no_absence(term: School, rows: Rows):
    term.absent("a", date(2026, 9, 15), end_date=date(2026, 9, 14))
    assert rows(past(term).days) == []


def test_half_a_minute_counts_as_one(school: School, rows: Rows):
    school.pupil("a")
    school.timetable.append({"group": "2a", "date": date(2026, 9, 14), "slot": 1, "minutes": 45})
    school.timetable.append({"group": "2a", "date": date(2026, 9, 14), "slot": 2, "minutes": 45})
    school.absent("a", date(2026, 9, 14), "truancy", amount=0.5, unit="lesson_slots")
    assert day(rows, school, date(2026, 9, 14))["absent_minutes"] == 23


def test_pupils_of_two_schools_with_one_name_are_two(term: School, rows: Rows):
    term.pupil("a", school="11ZZ04")
    term.timetable += [row | {"school": "11ZZ04"} for row in term.timetable]
    term.absent("a", date(2026, 9, 14), school="11ZZ04")
    assert [(r["school"], r["absent_minutes"]) for r in rows(past(term).days)] == [("11ZZ04", 300)]
