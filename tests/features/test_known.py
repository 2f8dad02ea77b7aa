"""Time honesty: nothing that became known later changes what was known."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from made_school import EARLY, School, frame
from polars.testing import assert_frame_equal

from data_contracts.tables import ABSENCES
from features.build import build
from features.known import known, with_successors
from features.tables import Tables, prepared

AS_OF = datetime(2026, 10, 12, 4, tzinfo=UTC)
NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
Rows = Callable[[Any], list[dict[str, Any]]]


def version(record: str, at: datetime, **more: Any) -> dict[str, Any]:
    return {"record": record, "recorded_at": at, "pupil": "a", "start_date": date(2026, 9, 14), "kind": "sick"} | more


def test_of_two_versions_the_later_one_stands(rows: Rows):
    versions = frame(ABSENCES, [version("1", EARLY, kind="truancy"), version("1", NOON, kind="sick")])
    assert [row["kind"] for row in rows(known(versions, AS_OF))] == ["sick"]


def test_before_the_correction_the_earlier_one_stands(rows: Rows):
    versions = frame(ABSENCES, [version("1", EARLY, kind="truancy"), version("1", NOON, kind="sick")])
    assert [row["kind"] for row in rows(known(versions, NOON - timedelta(seconds=1)))] == ["truancy"]


def test_a_fact_taken_back_no_longer_counts_from_then_on(rows: Rows):
    versions = frame(ABSENCES, [version("1", EARLY), version("1", NOON, withdrawn=True)])
    assert rows(known(versions, NOON)) == []
    assert len(rows(known(versions, NOON - timedelta(seconds=1)))) == 1


def test_a_fact_taken_back_can_be_stated_again(rows: Rows):
    later = NOON + timedelta(days=1)
    versions = frame(ABSENCES, [version("1", EARLY), version("1", NOON, withdrawn=True), version("1", later)])
    assert len(rows(known(versions, later))) == 1


def test_the_same_record_of_two_schools_is_two_facts(rows: Rows):
    versions = frame(ABSENCES, [version("1", EARLY), version("1", EARLY, school="11ZZ04")])
    assert len(rows(known(versions, AS_OF))) == 2


def test_a_moment_may_be_given_in_any_time_zone(rows: Rows):
    versions = frame(ABSENCES, [version("1", EARLY, kind="truancy"), version("1", NOON, kind="sick")])
    in_winter_time = timezone(timedelta(hours=1))
    assert [row["kind"] for row in rows(known(versions, NOON.astimezone(in_winter_time)))] == ["sick"]


@given(
    moments=st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 40), st.booleans()),
        min_size=1,
        max_size=30,
        unique_by=lambda m: m[:2],
    ),
    ask=st.integers(0, 40),
)
@settings(deadline=None, max_examples=60)
def test_working_out_successors_first_changes_nothing(moments: list[tuple[int, int, bool]], ask: int):
    versions = frame(
        ABSENCES,
        [version(f"r{record}", EARLY + timedelta(days=day), withdrawn=gone) for record, day, gone in moments],
    )
    moment = EARLY + timedelta(days=ask)
    plain = pl.DataFrame(known(versions, moment).collect().to_native()).drop("superseded_at").sort("record")
    ready = pl.DataFrame(known(with_successors(versions).to_native(), moment).collect().to_native())
    assert_frame_equal(plain, ready.drop("superseded_at").sort("record"))


def a_school() -> School:
    school = School()
    for pupil in "abc":
        school.pupil(pupil)
    school.lessons(date(2026, 9, 7), date(2026, 10, 9))
    school.absent("a", date(2026, 9, 14), end_date=date(2026, 9, 16), record="a1")
    school.absent("a", date(2026, 9, 28), "truancy", start_slot=1, record="a2")
    school.absent("b", date(2026, 10, 5), "late", start_slot=1, amount=8.0, unit="minutes", record="b1")
    return school


later_moments = st.integers(0, 60 * 24 * 30).map(lambda minutes: AS_OF + timedelta(minutes=minutes, seconds=1))
later_rows = st.lists(
    st.fixed_dictionaries(
        {
            "record": st.sampled_from(["a1", "a2", "b1", "n1", "n2"]),
            "pupil": st.sampled_from(["a", "b", "c"]),
            "start_date": st.dates(date(2026, 9, 7), date(2026, 10, 9)),
            "kind": st.sampled_from(["sick", "truancy", "late", "unexplained", "leave"]),
            "start_slot": st.sampled_from([None, 1, 6]),
            "withdrawn": st.booleans(),
            "recorded_at": later_moments,
        }
    ),
    min_size=1,
    max_size=8,
)


@given(later=later_rows)
@settings(deadline=None, max_examples=25)
def test_whatever_is_added_changed_or_taken_back_later_changes_no_feature(later: list[dict[str, Any]]):
    school = a_school()
    before = build(school.tables(), AS_OF)
    school.absences += later
    assert_frame_equal(build(school.tables(), AS_OF), before)


@given(gone=st.booleans(), subject=st.sampled_from(["cancelled", "not_required", "planned"]))
@settings(deadline=None, max_examples=10)
def test_a_timetable_or_enrolment_changed_later_changes_no_feature(gone: bool, subject: str):
    school = a_school()
    before = build(school.tables(), AS_OF)
    tables = school.tables()
    after = AS_OF + timedelta(hours=1)
    timetable, enrolments = pl.LazyFrame(tables.timetable.collect()), pl.LazyFrame(tables.enrolments.collect())
    changed = timetable.with_columns(recorded_at=pl.lit(after), status=pl.lit(subject), withdrawn=pl.lit(gone))
    moved = enrolments.with_columns(recorded_at=pl.lit(after), group=pl.lit("9z"), withdrawn=pl.lit(gone))
    later = Tables(pl.concat([enrolments, moved]), pl.concat([timetable, changed]), tables.absences)
    assert_frame_equal(build(later, AS_OF), before)


def test_a_code_corrected_from_unauthorised_to_sick_counts_from_the_day_it_was_corrected():
    school = a_school()
    corrected = datetime(2026, 10, 7, 9, tzinfo=UTC)
    school.absent("a", date(2026, 9, 28), "sick", start_slot=1, record="a2", recorded_at=corrected)
    columns = ["unauthorised_minutes__4w", "sick_minutes__4w"]
    week_before = build(school.tables(), datetime(2026, 10, 5, 4, tzinfo=UTC)).filter(pl.col("pupil") == "a")
    week_after = build(school.tables(), AS_OF).filter(pl.col("pupil") == "a")
    assert week_before.select(columns).row(0) == (50, 900)
    assert week_after.select(columns).row(0) == (0, 950)


def test_preparing_the_tables_changes_no_feature():
    school = a_school()
    assert_frame_equal(build(prepared(school.tables()), AS_OF), build(school.tables(), AS_OF))
