"""A school together: a small timetable and a few absences in, minutes by week, weekday, hour and subject out."""

from dataclasses import replace
from datetime import UTC, date, datetime

import narwhals as nw
import pytest
from made_school import School

from features import attended
from features.history import History, history, number_of

MONDAY = date(2026, 9, 7)
TUESDAY, FRIDAY, NEXT_MONDAY = date(2026, 9, 8), date(2026, 9, 11), date(2026, 9, 14)
AS_OF = datetime(2026, 9, 21, 5, tzinfo=UTC)
FIRST = number_of(date(2026, 8, 1))


@pytest.fixture
def school(school: School) -> School:
    """Two weeks of six lessons of 50 minutes a day; two pupils in 2a, one in 2b."""
    for group in ("2a", "2b"):
        school.lessons(MONDAY, date(2026, 9, 18), group=group)
    school.pupil("ada")
    school.pupil("bas")
    school.pupil("cem", group="2b")
    return school


def past(school: School) -> History:
    return history(school.tables(), AS_OF)


def found(frame: nw.LazyFrame, *columns: str) -> dict[tuple[object, ...], tuple[int, int]]:
    """Scheduled and absent minutes by `columns`."""
    rows = frame.collect().to_native().to_dicts()
    assert len({tuple(row[name] for name in columns) for row in rows}) == len(rows)
    return {tuple(row[name] for name in columns): (row["scheduled"], row["absent"]) for row in rows}


def hours(of: History) -> dict[tuple[int, int], tuple[int, int]]:
    sums = attended.hours_of(of, first=FIRST).group_by("weekday", "slot").agg(nw.col("scheduled", "absent").sum())
    return found(sums, "weekday", "slot")


def test_a_week_is_what_was_planned_for_everybody_and_what_was_missed_of_it(school: School):
    school.absent("ada", MONDAY)
    weeks = found(attended.weeks_of(past(school), before=FIRST + 365), "week")
    assert weeks == {(number_of(MONDAY),): (3 * 5 * 300, 300), (number_of(NEXT_MONDAY),): (3 * 5 * 300, 0)}


def test_a_pupil_week_is_in_the_class_of_the_end_of_that_week(school: School):
    school.enrolments[0]["valid_to"] = TUESDAY
    school.pupil("ada", group="2b", start=date(2026, 9, 9))
    school.absent("ada", MONDAY)
    placed = attended.placed(past(school), first=FIRST).filter(nw.col("week") == number_of(MONDAY))
    sums = placed.group_by("group").agg(nw.col("scheduled", "absent").sum())
    assert found(sums, "group") == {("2a",): (1500, 0), ("2b",): (3000, 300)}


def test_every_pupil_week_is_placed_once_also_of_who_left(school: School):
    school.enrolments[1]["valid_to"] = FRIDAY
    of = past(school)
    weeks = found(attended.weeks_of(of, before=FIRST + 365), "week")
    placed = attended.placed(of, first=FIRST).group_by("week").agg(nw.col("scheduled", "absent").sum())
    assert found(placed, "week") == weeks
    assert weeks[number_of(NEXT_MONDAY),] == (2 * 1500, 0)


def test_what_lies_before_the_first_day_does_not_count(school: School):
    later = number_of(NEXT_MONDAY)
    school.absent("ada", MONDAY)
    of = past(school)
    assert set(found(attended.placed(of, first=later).select("week", "pupil_no", "scheduled", "absent"), "week", "pupil_no")) == {
        (later, number) for number in range(3)
    }  # fmt: skip
    assert found(attended.weekdays_of(of, first=later), "weekday")[0,] == (900, 0)
    assert all(absent == 0 for _, absent in found_hours(of, first=later))


def found_hours(of: History, *, first: int) -> list[tuple[int, int]]:
    return attended.hours_of(of, first=first).select("scheduled", "absent").collect().rows()


def test_the_first_hour_of_monday(school: School):
    school.absent("ada", MONDAY, kind="truancy", start_slot=1, registration="observation")
    school.absent("ada", NEXT_MONDAY, kind="truancy", start_slot=1, registration="observation")
    by_hour = hours(past(school))
    assert by_hour[0, 1] == (3 * 2 * 50, 100)
    assert {minutes for place, minutes in by_hour.items() if place != (0, 1)} == {(300, 0)}


def test_the_hours_of_a_day_add_up_to_the_day_and_the_days_to_the_weeks(school: School):
    school.absent("ada", MONDAY)
    school.absent("bas", TUESDAY, start_slot=2, end_slot=4)
    school.absent("cem", FRIDAY, kind="exemption")
    of = past(school)
    weekdays = found(attended.weekdays_of(of, first=FIRST), "weekday")
    assert weekdays == {(0,): (1800, 300), (1,): (1800, 150), (2,): (1800, 0), (3,): (1800, 0), (4,): (1500, 0)}
    for day in range(5):
        of_day = [minutes for (weekday, _), minutes in hours(of).items() if weekday == day]
        assert tuple(map(sum, zip(*of_day, strict=True))) == weekdays[day,]
    weeks = found(attended.weeks_of(of, before=FIRST + 365), "week")
    assert sum(scheduled for scheduled, _ in weeks.values()) == sum(scheduled for scheduled, _ in weekdays.values())


def test_an_amount_without_its_hours_is_of_the_day_and_of_no_hour(school: School):
    school.absent("ada", MONDAY, amount=2.0, unit="lesson_slots")
    of = past(school)
    assert found(attended.weekdays_of(of, first=FIRST), "weekday")[0,] == (1800, 100)
    assert sum(absent for _, absent in hours(of).values()) == 0


def test_a_lateness_takes_no_lesson_time(school: School):
    school.absent("ada", MONDAY, kind="late", start_slot=1, amount=10.0, unit="minutes")
    assert sum(absent for _, absent in hours(past(school)).values()) == 0


def test_who_has_a_timetable_of_its_own_goes_by_that_one(school: School):
    school.timetable.append(
        {"group": None, "pupil": "ada", "date": MONDAY, "slot": 3, "start_minute": 600, "minutes": 60}
    )
    school.absent("ada", MONDAY)
    of = past(school)
    assert hours(of)[0, 3] == (2 * 50 + 60 + 3 * 50, 60)
    assert hours(of)[0, 1] == (2 * 50 + 3 * 50, 0)
    assert found(attended.weekdays_of(of, first=FIRST), "weekday")[0,] == (2 * 300 + 60 + 900, 60)


def test_a_day_on_which_the_school_was_in_fact_closed_is_in_no_figure(school: School):
    for number in range(30):
        school.pupil(f"p{number}")
        school.absent(f"p{number}", TUESDAY, kind="other_authorised")
    of = past(school)
    assert found(attended.weekdays_of(of, first=FIRST), "weekday")[1,] == (33 * 300, 0)
    assert hours(of)[1, 1] == (33 * 50, 0)


def test_subjects_where_they_were_delivered(school: School):
    for row in school.timetable:
        if row["slot"] == 1:
            row["subject"] = "wi"
    school.absent("ada", MONDAY)
    rows = attended.hours_of(past(school), first=FIRST).group_by("subject").agg(nw.col("scheduled", "absent").sum())
    assert found(rows, "subject") == {("wi",): (3 * 10 * 50, 50), (None,): (3 * 10 * 250, 250)}


def test_lessons_without_a_number_are_in_no_hour(school: School):
    school.timetable = [row | {"slot": None} for row in school.timetable]
    assert hours(past(school)) == {}


def test_a_history_without_what_it_was_counted_from_says_so(school: School):
    of = past(school)
    with pytest.raises(ValueError, match="without the timetable"):
        attended.weekdays_of(replace(of, plan=None), first=FIRST)
    with pytest.raises(ValueError, match="without the lessons"):
        attended.hours_of(replace(of, missed=None), first=FIRST)
