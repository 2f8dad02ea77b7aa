"""What is the same for all pupils of a school is worked out once: each pupil on its own then counts as among all others."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import narwhals as nw
import polars as pl
import pytest
from made_school import School
from polars.testing import assert_frame_equal

from benchmarks.shape import tables as made_tables
from features.build import IDENTITY, build
from features.catalogue import CATALOGUE
from features.history import history, number_of, school_time
from features.tables import Tables
from models.splits import as_of

FIRST, LAST = date(2026, 8, 31), date(2026, 10, 23)
AS_OF = datetime(2026, 10, 26, 5, tzinfo=UTC)
CLOSED = date(2026, 10, 20)
OF_OTHERS = {"versus", "school"}
"""Made of the other pupils: whoever is counted alone has nobody to compare with."""
OF_THE_PUPIL = [entry.name for entry in CATALOGUE if entry.of not in OF_OTHERS]


def only(tables: Tables, pupil: str) -> Tables:
    """Tables of one pupil, with no timetable at all."""
    enrolments, timetable, absences = (
        each.lazy().collect() for each in (tables.enrolments, tables.timetable, tables.absences)
    )
    mine = pl.col("pupil") == pupil
    return Tables(enrolments.filter(mine), timetable.clear(), absences.filter(mine))


def of_engine(engine: str, frame: pl.DataFrame) -> Any:
    return frame if engine == "polars" else frame.to_pandas(use_pyarrow_extension_array=True)


@pytest.fixture(scope="module")
def made() -> Tables:
    """Two years of three classes; some pupils join, leave or change class."""
    return made_tables(75, seed=5, years=(2024, 2025))


@pytest.mark.parametrize("engine", ["polars", "pandas"])
@pytest.mark.parametrize("monday", [date(2025, 10, 20), date(2026, 3, 2)])
def test_a_pupil_counted_alone_has_the_features_it_has_among_all(made, monday, engine):
    moment = as_of(monday)
    everyone = pl.DataFrame(build(made, moment))
    time = school_time(of_engine(engine, made.timetable), moment)
    columns = [*IDENTITY, *OF_THE_PUPIL]
    for pupil in everyone["pupil"].gather_every(20):
        alone = only(made, pupil)
        alone = Tables(*(of_engine(engine, each) for each in (alone.enrolments, alone.timetable, alone.absences)))
        found = nw.from_native(build(alone, moment, time=time)).to_polars().select(columns)
        assert_frame_equal(found, everyone.filter(pl.col("pupil") == pupil).select(columns), check_dtypes=False)


@pytest.fixture
def closed_once(school: School) -> School:
    """A day on which nearly everybody was away, and a pupil who was away the day after as well."""
    for n in range(30):
        school.pupil(f"p{n}")
        if n < 28:
            school.absent(f"p{n}", CLOSED, "unexplained")
    school.lessons(FIRST, LAST)
    school.absent("p0", CLOSED + timedelta(days=1), "unexplained")
    return school


def test_closed_days_are_told_by_whoever_knows_all_pupils(closed_once):
    tables = closed_once.tables()
    past = history(tables, AS_OF)
    time = school_time(tables.timetable, AS_OF, closed=past.closed)
    alone = build(only(tables, "p0"), AS_OF, time=time)
    assert alone["absent_rate_1w"].item() == pytest.approx(300 / 1200)
    days = history(only(tables, "p0"), AS_OF, time=time).days.collect()["day"].to_list()
    assert days == [number_of(CLOSED + timedelta(days=1))]


def test_it_serves_any_later_moment_of_the_day_and_what_was_registered_since(closed_once):
    tables = closed_once.tables()
    time = school_time(tables.timetable, AS_OF)
    closed_once.absent("p29", LAST, recorded_at=AS_OF + timedelta(hours=1))
    alone = only(closed_once.tables(), "p29")
    assert build(alone, AS_OF, time=time)["absent_rate_1w"].item() == 0
    assert build(alone, AS_OF + timedelta(hours=2), time=time)["absent_rate_1w"].item() > 0


def test_a_timetable_recorded_later_is_not_in_it(closed_once):
    closed_once.lessons(LAST, LAST, "2a", slots=9, recorded_at=AS_OF + timedelta(hours=1))
    tables = closed_once.tables()
    told = {moment: school_time(tables.timetable, moment) for moment in (AS_OF, AS_OF + timedelta(hours=2))}
    minutes = [time.plan.days.collect()["scheduled"].max() for time in told.values()]
    assert minutes == [300, 450]


@pytest.mark.parametrize(
    "asked", [AS_OF - timedelta(minutes=1), AS_OF + timedelta(days=1)], ids=["before", "another day"]
)
def test_what_was_known_later_or_is_of_another_day_is_refused(closed_once, asked):
    tables = closed_once.tables()
    time = school_time(tables.timetable, AS_OF)
    with pytest.raises(ValueError, match="other days, or was known later"):
        build(tables, asked, time=time)


def test_other_closed_days_beside_it_are_refused(closed_once):
    tables = closed_once.tables()
    past = history(tables, AS_OF)
    with pytest.raises(ValueError, match="closed days of its own"):
        history(tables, AS_OF, closed=past.closed, time=school_time(tables.timetable, AS_OF))


def test_a_moment_without_time_zone_is_refused(closed_once):
    with pytest.raises(ValueError, match="time zone"):
        school_time(closed_once.tables().timetable, AS_OF.replace(tzinfo=None))


def test_what_is_made_of_schools_alone_is_made_once(closed_once, monkeypatch):
    tables = closed_once.tables()
    time = school_time(tables.timetable, AS_OF)
    first = build(only(tables, "p0"), AS_OF, time=time)
    monkeypatch.setattr("features.weeks._edges_of_weeks", None)
    monkeypatch.setattr("features.holidays._around_holidays", None)
    monkeypatch.setattr("features.build.counted_schools", None)
    assert_frame_equal(build(only(tables, "p0"), AS_OF, time=time), first)
