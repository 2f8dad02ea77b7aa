"""The synthetic national shape: what it promises, and that what is written is a lake like any other."""

from datetime import timedelta

import polars as pl
import pytest

from benchmarks.shape import WEEKS, one_school, origins, tables
from benchmarks.shape_lake import Shape, write_school
from data_contracts.tables import ABSENCES
from pipelines.home import Home
from pipelines.lake import Lake, as_known, schema


@pytest.fixture(scope="module")
def school():
    return one_school(7, 400, seed=2)


def test_the_same_seed_gives_the_same_rows(school):
    again = one_school(7, 400, seed=2)
    assert all(mine.equals(theirs) for mine, theirs in zip(school, again, strict=True))


def test_another_seed_gives_others(school):
    assert not one_school(7, 400, seed=3)[2].equals(school[2])


def test_a_pupil_has_about_105_registrations_a_year(school):
    assert 95 < len(school[2]) / 400 < 115


def test_registrations_are_skewed_over_pupils(school):
    counts = school[2].group_by("pupil").len()["len"]
    assert counts.median() < 0.9 * counts.mean()


def test_a_year_has_forty_school_weeks_and_a_monday_after_each():
    mondays = origins(2025)
    assert len(mondays) == WEEKS
    assert {monday.weekday() for monday in mondays} == {0}


def test_every_registration_lies_within_an_enrolment(school):
    enrolments, _, absences = school
    held = absences.join(enrolments, on="pupil").filter(
        pl.col("start_date").is_between(pl.col("valid_from"), pl.col("valid_to"))
    )
    assert held["record"].n_unique() == len(absences)


def test_what_is_recorded_late_is_recorded_one_to_three_weeks_later():
    absences = one_school(7, 400, seed=2, late_share=0.1)[2]
    days = absences.select((pl.col("recorded_at").dt.date() - pl.col("start_date")).alias("days"))["days"]
    assert 0.08 < (days > timedelta(0)).mean() < 0.12
    assert set(days.dt.total_days()) == {0, *range(7, 22)}


def test_half_of_what_is_late_corrects_what_was_unexplained():
    absences = one_school(7, 400, seed=2, late_share=0.1)[2].sort("record", "recorded_at")
    twice = absences.filter(pl.len().over("record") == 2)
    assert 0.04 < twice["record"].n_unique() / absences["record"].n_unique() < 0.06
    assert set(twice.group_by("record").first()["kind"]) == {"unexplained"}


def test_what_is_written_is_a_lake_with_a_delivery_a_week(tmp_path):
    home = Home.at(tmp_path)
    home.schools.mkdir()
    written = write_school(home, Shape(pupils=50, seed=2), number=3, pupils=50)
    lake = Lake(home)
    assert lake.schools() == ["00ZZ03"]
    assert lake.settings("00ZZ03").scheduled_norm.slot_minutes == 50
    assert len([report for report in lake.reports() if report.table == "absences"]) == WEEKS
    rows = lake.scan("absences").collect()
    assert rows.schema == pl.Schema(schema(ABSENCES))
    assert len(rows) == written == len(one_school(3, 50, seed=2)[2])
    assert (rows["recorded_at"] < rows["delivered_at"]).all()


def test_in_memory_there_are_as_many_schools_as_the_pupils_need():
    made = tables(1_000, seed=2)
    counts = pl.DataFrame(made.enrolments).group_by("school").agg(pl.col("pupil").n_unique()).sort("school")
    assert counts["pupil"].to_list() == [800, 200]


def test_a_correction_stands_from_the_moment_it_was_recorded():
    absences = one_school(7, 50, seed=2, late_share=0.3)[2]
    twice = absences.filter(pl.len().over("record") == 2).sort("record", "recorded_at")
    first, second = twice.row(0, named=True), twice.row(1, named=True)
    before = as_known(absences.lazy(), second["recorded_at"] - timedelta(hours=1)).collect()
    after = as_known(absences.lazy(), second["recorded_at"]).collect()
    assert before.filter(record=first["record"])["kind"].to_list() == ["unexplained"]
    assert after.filter(record=first["record"])["kind"].to_list() == [second["kind"]]
