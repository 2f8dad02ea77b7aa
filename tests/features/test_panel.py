"""A panel of many Mondays is what is built at each of them, also of pupils whose past was known otherwise then."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import polars as pl
import pytest
from made_school import School
from polars.testing import assert_frame_equal

from features.build import build
from features.calendar import AMSTERDAM, local_date
from features.history import number_of
from features.panel import panel

FIRST, LAST = date(2026, 8, 31), date(2026, 10, 16)
LAST_YEAR = date(2026, 5, 11)
MONDAYS = [datetime.combine(FIRST + timedelta(weeks=n), time(6), AMSTERDAM).astimezone(UTC) for n in range(1, 7)]
WEDNESDAY = date(2026, 9, 9)
EARLY = datetime(2026, 5, 1, tzinfo=UTC)
LATE = MONDAYS[3]
PUPILS = 25  # in fewer, one pupil more or less that was away could make a closed day


def class_of(count: int) -> School:
    school = School()
    for number in range(count):
        school.pupil(f"p{number:02}", start=date(2026, 5, 1), recorded_at=EARLY)
    school.pupil("other", "2b", start=date(2026, 5, 1), recorded_at=EARLY)
    for group in ("2a", "2b"):
        school.lessons(LAST_YEAR, LAST_YEAR + timedelta(days=4), group, subject="wi", recorded_at=EARLY)
        school.lessons(FIRST, LAST, group, subject="wi", recorded_at=EARLY)
    return school


def told_late(school: School) -> None:
    """A day of sickness that was registered weeks after it."""
    school.absent("p00", WEDNESDAY, record="late", recorded_at=LATE)


def told_late_beside_the_rest(school: School) -> None:
    told_late(school)
    school.absent("p00", LAST_YEAR, record="in May", recorded_at=EARLY)
    school.absent("p00", date(2026, 9, 2), "late", start_slot=1, record="slept in", recorded_at=EARLY)
    school.absent("p00", date(2026, 9, 15), start_slot=2, end_slot=3, record="two lessons", recorded_at=EARLY)
    school.absent("p01", WEDNESDAY, record="another", recorded_at=EARLY)


def corrected(school: School) -> None:
    """Another reason, known from the very moment of a Monday on."""
    school.absent("p00", WEDNESDAY, record="x", recorded_at=EARLY)
    school.absent("p00", WEDNESDAY, "truancy", record="x", authorised="no", recorded_at=MONDAYS[2])


def withdrawn(school: School) -> None:
    """Taken back at the very moment of a Monday at which something else was not known yet."""
    told_late(school)
    school.absent("p00", date(2026, 9, 3), record="x", recorded_at=EARLY)
    school.absent("p00", date(2026, 9, 3), record="x", withdrawn=True, recorded_at=MONDAYS[2])


def asked_ahead(school: School) -> None:
    told_late(school)
    school.absent("p00", date(2026, 10, 8), "leave", record="ahead", recorded_at=EARLY)


def moved_late(school: School) -> None:
    """A change of class that was entered weeks after it, and of which there is a return ahead."""
    school.pupil("p00", "2b", start=WEDNESDAY, record="move", recorded_at=LATE)
    school.pupil("p00", "2a", start=date(2026, 10, 6), record="return", recorded_at=EARLY)


def came_today(school: School) -> None:
    """Pupils who start on a Monday: one was entered the week before, the other that evening."""
    today = local_date(MONDAYS[1])
    school.pupil("before", start=today, recorded_at=EARLY)
    school.pupil("after", start=today, recorded_at=MONDAYS[1] + timedelta(hours=15))


def with_a_timetable_of_its_own(school: School) -> None:
    told_late_beside_the_rest(school)
    school.timetable += [
        {"pupil": "p00", "date": day, "slot": 2, "minutes": 50, "recorded_at": EARLY}
        for day in (date(2026, 9, 2), WEDNESDAY, date(2026, 9, 15))
    ]


def while_an_amount_is_spread(school: School) -> None:
    told_late(school)
    days = {"end_date": date(2026, 9, 24), "amount": 20.0, "unit": "lesson_slots"}
    school.absent("p00", date(2026, 9, 10), record="hours", recorded_at=EARLY, **days)


def while_an_open_amount_is_spread(school: School) -> None:
    told_late(school)
    days = {"open_ended": True, "amount": 20.0, "unit": "lesson_slots"}
    school.absent("p00", date(2026, 9, 10), record="hours", recorded_at=EARLY, **days)


def on_a_closed_day(school: School) -> None:
    for number in range(22):
        school.absent(f"p{number:02}", WEDNESDAY, "unexplained", record=f"all {number}", recorded_at=EARLY)
    school.absent("p00", date(2026, 9, 10), record="late", recorded_at=LATE)


def in_a_register_filled_late(school: School) -> None:
    """Pupils of the other class were counted alike; only the share of registers that were taken was another."""
    row = {"group": "2b", "date": WEDNESDAY, "slot": 1, "start_minute": 530, "minutes": 50, "record": "lesson"}
    taken = [each for each in school.timetable if (each["group"], each["date"], each["slot"]) != ("2b", WEDNESDAY, 1)]
    school.timetable[:] = [
        *taken,
        row | {"register": "not_taken", "recorded_at": EARLY},
        row | {"register": "taken", "recorded_at": LATE},
    ]
    told_late(school)


def of_weeks_with_hardly_a_lesson(school: School) -> None:
    school.timetable[:] = [each for each in school.timetable if each["date"].weekday() == 2 and each["slot"] < 5]
    told_late(school)


STORIES = [
    told_late,
    told_late_beside_the_rest,
    corrected,
    withdrawn,
    asked_ahead,
    moved_late,
    came_today,
    with_a_timetable_of_its_own,
    while_an_amount_is_spread,
    while_an_open_amount_is_spread,
    on_a_closed_day,
    in_a_register_filled_late,
    of_weeks_with_hardly_a_lesson,
]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_panel_is_what_is_built_at_each_monday(story: Callable[[School], None]):
    school = class_of(PUPILS)
    story(school)
    tables = school.tables()
    found = panel(tables, MONDAYS)
    for moment in MONDAYS:
        then = found.filter(pl.col("origin") == number_of(local_date(moment))).drop("origin").sort("school", "pupil")
        assert_frame_equal(then, build(tables, moment).select(then.columns), rel_tol=0, abs_tol=1e-9)


@pytest.mark.parametrize("story", STORIES[:-1], ids=lambda story: story.__name__)
def test_each_story_was_another_one_at_an_earlier_monday(story: Callable[[School], None]):
    """Otherwise the comparison above would say nothing."""
    school = class_of(PUPILS)
    story(school)
    then = build(school.tables(), MONDAYS[1])
    for table in ("enrolments", "timetable", "absences"):
        for row in getattr(school, table):
            row["recorded_at"] = min(row["recorded_at"], EARLY + timedelta(days=1))
    assert not then.equals(build(school.tables(), MONDAYS[1]))
