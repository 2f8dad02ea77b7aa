"""Time honesty: what becomes known later, and what happens later, changes nothing at a moment; whatever the records are."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_school import SCHOOL, School
from polars.testing import assert_frame_equal

from data_contracts.reasons import Kind
from features.build import IDENTITY, build, build_from
from features.calendar import AMSTERDAM, local_date
from features.catalogue import NAMES
from features.history import history, number_of
from features.panel import panel
from features.rules import rule_packs
from features.tables import Tables
from features.thresholds import hits

FIRST, LAST = date(2026, 8, 31), date(2026, 10, 16)
JUNE = date(2026, 6, 22)
"""A week of last school year, so that features of it are about something."""
MONDAYS = [datetime.combine(FIRST + timedelta(weeks=n), time(6), AMSTERDAM).astimezone(UTC) for n in range(1, 8)]
AS_OF = MONDAYS[4]  # Monday 5 October
TODAY = local_date(AS_OF)
RULES = [rule for rules in rule_packs().values() for rule in rules]
PUPILS = ["a", "b", "c", "d"]

quick = settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.too_slow])


def moments(first: datetime, last: datetime) -> st.SearchStrategy[datetime]:
    minutes = int((last - first).total_seconds() // 60)
    return st.integers(0, minutes).map(lambda n: first + timedelta(minutes=n))


BEFORE = moments(datetime(2026, 6, 22, tzinfo=UTC), AS_OF)
LATER = moments(AS_OF + timedelta(seconds=1), datetime(2026, 11, 1, tzinfo=UTC))
WHENEVER = moments(datetime(2026, 6, 22, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
SCHOOL_TIME = st.one_of(st.dates(FIRST, LAST), st.dates(JUNE, JUNE + timedelta(days=4)))


def absences(recorded: st.SearchStrategy[datetime], days: st.SearchStrategy[date] = SCHOOL_TIME) -> Any:
    """Registrations of every kind and shape; records are few, so that versions of one come about."""
    part = st.sampled_from(
        [
            {},
            {},
            {"start_slot": 1, "end_slot": 1},
            {"start_slot": 3, "end_slot": 6},
            {"start_minute": 600, "end_minute": 700},
            {"amount": 90.0, "unit": "minutes"},
            {"amount": 1.0, "unit": "half_days"},
        ]
    )
    rows = st.fixed_dictionaries(
        {
            "record": st.integers(0, 9).map(lambda n: f"absence {n}"),
            "recorded_at": recorded,
            "withdrawn": st.sampled_from([False, False, False, True]),
            "pupil": st.sampled_from(PUPILS),
            "start_date": days,
            "lasts": st.integers(0, 9),
            "open_ended": st.sampled_from([False, False, False, True]),
            "kind": st.sampled_from(sorted(Kind)),
            "authorised": st.sampled_from(["yes", "no", "unknown"]),
            "registration": st.sampled_from(["report", "observation"]),
            "part": part,
        }
    )
    return st.lists(rows.map(_spread_out), max_size=10, unique_by=_version)


def _spread_out(row: dict[str, Any]) -> dict[str, Any]:
    lasts, part = row.pop("lasts"), row.pop("part")
    return row | {"end_date": row["start_date"] + timedelta(days=lasts)} | part


def _version(row: dict[str, Any]) -> Any:
    return row["record"], row["recorded_at"]


def lessons(recorded: st.SearchStrategy[datetime], days: st.SearchStrategy[date] = SCHOOL_TIME) -> Any:
    """Other versions of lessons, and lessons of one pupil."""
    rows = st.fixed_dictionaries(
        {
            "for": st.sampled_from([("group", "2a"), ("group", "2a"), ("group", "2b"), ("pupil", "b")]),
            "date": days,
            "slot": st.integers(1, 6),
            "recorded_at": recorded,
            "withdrawn": st.sampled_from([False, False, True]),
            "status": st.sampled_from(["planned", "cancelled", "not_required"]),
            "register": st.sampled_from(["taken", "not_taken", "by_exception"]),
            "subject": st.sampled_from([None, "wi", "ne"]),
            "minutes": st.sampled_from([40, 50, 80]),
        }
    )
    return st.lists(rows.map(_of_whom), max_size=6, unique_by=_version)


def _of_whom(row: dict[str, Any]) -> dict[str, Any]:
    column, whom = row.pop("for")
    return row | {column: whom, "record": f"{whom} {row['date']} {row['slot']}", "start_minute": 450 + 50 * row["slot"]}


def enrolments(recorded: st.SearchStrategy[datetime], days: st.SearchStrategy[date] = SCHOOL_TIME) -> Any:
    """Changes of class, and other versions of the enrolments there are."""
    rows = st.fixed_dictionaries(
        {
            "record": st.sampled_from(["pupil a", "pupil b", "move 1", "move 2"]),
            "recorded_at": recorded,
            "withdrawn": st.sampled_from([False, False, True]),
            "pupil": st.sampled_from(PUPILS),
            "group": st.sampled_from(["2a", "2b"]),
            "year_group": st.just("12"),
            "valid_from": days,
            "valid_to": st.sampled_from([None, None, date(2026, 12, 18)]),
        }
    )
    return st.lists(rows, max_size=3, unique_by=_version)


def a_school(*registered: Sequence[dict[str, Any]]) -> School:
    """Two classes, four pupils (one of them new this year), six weeks of lessons and one of last year."""
    school = School()
    for name in PUPILS:
        start = date(2026, 9, 7) if name == "d" else date(2025, 8, 18)
        group = "2b" if name == "c" else "2a"
        school.enrolments.append(
            {
                "record": f"pupil {name}",
                "pupil": name,
                "group": group,
                "year_group": "12",
                "valid_from": start,
                "recorded_at": datetime(2025, 8, 1, tzinfo=UTC),
            }
        )
    for group in ("2a", "2b"):
        # The autumn holiday is the week of 21 September here, so that windows and spells have one to pass.
        for first, last in ((JUNE, JUNE + timedelta(days=4)), (FIRST, date(2026, 9, 18)), (date(2026, 9, 28), LAST)):
            school.lessons(first, last, group)
    for row in school.timetable:
        row |= {
            "record": f"{row['group']} {row['date']} {row['slot']}",
            "recorded_at": datetime(2025, 8, 1, tzinfo=UTC),
            "subject": ("wi", "ne", "gym")[row["slot"] % 3],
        }
    for rows in registered:
        add(school, rows)
    return school


def add(school: School, rows: Sequence[dict[str, Any]]) -> None:
    """Put `rows` into the table that they are of."""
    for row in rows:
        table = school.absences if "kind" in row else school.enrolments if "valid_from" in row else school.timetable
        table.append(row)


def seen(tables: Tables, as_of: datetime = AS_OF) -> tuple[pl.DataFrame, list[tuple[Any, ...]]]:
    """Everything that is known of a school at a moment: features and rules."""
    past = history(tables, as_of)
    found = hits(past, RULES).collect().to_native().select("pupil", "rule", "reached", pl.col("value").round(9))
    return build_from(past).collect().to_native(), sorted(found.rows())


def assert_same(one: Any, other: Any) -> None:
    assert_frame_equal(one[0], other[0], rel_tol=0, abs_tol=1e-9)
    assert one[1] == other[1]


@given(past=absences(BEFORE), later=st.tuples(absences(LATER), lessons(LATER), enrolments(LATER)))
@quick
def test_what_is_added_changed_or_taken_back_later_changes_nothing(past: Any, later: Any):
    assert_same(seen(a_school(past, *later).tables()), seen(a_school(past).tables()))


DAYS_TO_COME = st.dates(TODAY, LAST)


@given(
    past=absences(BEFORE),
    ahead=st.tuples(
        absences(BEFORE, DAYS_TO_COME),
        lessons(BEFORE, DAYS_TO_COME),
        enrolments(BEFORE, st.dates(date(2026, 10, 6), LAST)),
    ),
)
@quick
def test_what_is_of_today_or_later_changes_nothing_though_it_is_known(past: Any, ahead: Any):
    # As records of their own: the same record with another day would be a correction of the past.
    known = [[row | {"record": f"ahead {row['record']}"} for row in rows] for rows in ahead]
    lessons_ahead = [row | {"record": row["record"].removeprefix("ahead ")} for row in known[1]]
    with_them = a_school(past, known[0], lessons_ahead, known[2])
    assert_same(seen(with_them.tables()), seen(a_school(past).tables()))


@given(
    past=absences(BEFORE),
    corrected=moments(MONDAYS[1], MONDAYS[6]),
    day=st.dates(FIRST, date(2026, 9, 4)),
    slot=st.integers(1, 6),
)
@settings(quick, max_examples=5)
def test_a_corrected_code_counts_from_the_moment_of_the_correction(
    past: Any, corrected: datetime, day: date, slot: int
):
    fact = {"record": "x", "pupil": "a", "start_date": day, "start_slot": slot, "end_slot": slot}
    truancy = fact | {"kind": "truancy", "recorded_at": datetime.combine(day, time(9), UTC)}
    ill = truancy | {"kind": "sick"}
    correction = ill | {"recorded_at": corrected}
    books = a_school(past, [truancy, correction]).tables()
    for moment in (corrected - timedelta(seconds=1), corrected, MONDAYS[6]):
        as_if = a_school(past, [truancy if moment < corrected else ill]).tables()
        assert_same(seen(books, moment), seen(as_if, moment))


@given(past=absences(BEFORE), day=st.dates(FIRST, date(2026, 9, 18)), gone=BEFORE)
@quick
def test_what_was_taken_back_by_then_might_never_have_been_said(past: Any, day: date, gone: datetime):
    said = {"record": "x", "pupil": "a", "start_date": day, "kind": "sick", "recorded_at": gone - timedelta(hours=1)}
    taken_back = said | {"recorded_at": gone, "withdrawn": True}
    assert_same(seen(a_school(past, [said, taken_back]).tables()), seen(a_school(past).tables()))


@given(
    told=st.tuples(absences(WHENEVER), lessons(WHENEVER), enrolments(WHENEVER)),
    order=st.randoms(use_true_random=False),
    twice=st.integers(0, 30),
)
@quick
def test_neither_the_order_of_rows_nor_saying_them_twice_matters(told: Any, order: Any, twice: int):
    school = a_school(*told)
    expected = seen(school.tables())
    for rows in (school.enrolments, school.timetable, school.absences):
        rows += [dict(row) for row in rows[:twice]]
        order.shuffle(rows)
    assert_same(seen(school.tables()), expected)


@given(
    told=st.tuples(absences(WHENEVER), lessons(WHENEVER), enrolments(WHENEVER)),
    asked=st.lists(st.sampled_from(MONDAYS), min_size=1, max_size=4, unique=True),
    midweek=st.sampled_from([None, datetime(2026, 10, 7, 10, tzinfo=UTC)]),
)
@quick
def test_a_panel_is_what_is_built_at_each_of_its_moments(told: Any, asked: list[datetime], midweek: datetime | None):
    tables = a_school(*told).tables()
    moments_asked = [*asked, midweek] if midweek else asked
    found = panel(tables, moments_asked)
    assert found.columns[: 1 + len(IDENTITY) + len(NAMES)] == ["origin", *IDENTITY, *NAMES]
    for moment in moments_asked:
        then = found.filter(pl.col("origin") == number_of(local_date(moment))).drop("origin").sort("school", "pupil")
        assert_frame_equal(then, build(tables, moment).select(then.columns), rel_tol=0, abs_tol=1e-9)


CLASS = [f"p{n:02}" for n in range(25)]
THURSDAY = date(2026, 9, 10)


def of_the_class(count: int, known_from: datetime, **more: Any) -> list[dict[str, Any]]:
    """So many pupils of a class of 25, away on Thursday 10 September."""
    fact = {"start_date": THURSDAY, "kind": "unexplained", "recorded_at": known_from} | more
    return [fact | {"record": f"away {name}", "pupil": name} for name in CLASS[:count]]


@pytest.mark.parametrize(
    ("first_told", "then_told", "closed_on"),
    [
        (of_the_class(3, MONDAYS[0]), of_the_class(20, MONDAYS[2]), [False, True, True]),
        (of_the_class(20, MONDAYS[0]), of_the_class(12, MONDAYS[2], withdrawn=True), [True, False, False]),
    ],
    ids=["a closed day that was registered late", "registrations of a closed day, most of them taken back"],
)
def test_a_day_closes_or_opens_when_that_becomes_known(first_told: Any, then_told: Any, closed_on: list[bool]):
    school = School()
    for name in CLASS:
        school.pupil(name)
    school.lessons(FIRST, LAST)
    add(school, [row | {"recorded_at": row["recorded_at"] + timedelta(days=4)} for row in first_told])
    add(school, then_told)
    asked = [MONDAYS[1], MONDAYS[2], MONDAYS[4]]
    found = panel(school.tables(), asked)
    for moment, closed in zip(asked, closed_on, strict=True):
        past = history(school.tables(), moment)
        days = past.school_days.collect()["day"].to_list()
        assert (number_of(THURSDAY) not in days) is closed
        then = found.filter(pl.col("origin") == number_of(local_date(moment))).drop("origin").sort("school", "pupil")
        assert_frame_equal(then, build(school.tables(), moment).select(then.columns), rel_tol=0, abs_tol=1e-9)


def test_the_comparison_can_fail():
    one = seen(a_school([{"record": "x", "pupil": "a", "start_date": FIRST, "kind": "sick"}]).tables())
    assert set(one[0]["school"]) == {SCHOOL}
    with pytest.raises(AssertionError):
        assert_same(one, seen(a_school().tables()))
