"""An Ed-Fi file of two schools, from the file to both lists: what a user does by hand, with numbers one can count."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from data_contracts.quality import Verdict
from data_contracts.weekly_list import Basis, Signal
from pipelines.home import Home
from pipelines.ingest import ingest
from pipelines.keys import Keys
from pipelines.sources import propose_mapping
from pipelines.standing import standing
from pipelines.weekly import Listed, weekly

HIGH, ELEMENTARY = "255901001", "255901107"
HEADER = "student_id,school_id,session,event_date,category,reason,duration_days"
AWAY = [
    (HIGH, "601", "2022-03-07", "Excused Absence", "Absent excused", "1"),
    *((HIGH, "601", f"2022-03-{day}", "Unexcused Absence", "Absent unexcused", "1") for day in (22, 23, 24, 28)),
    (HIGH, "602", "2022-03-15", "Tardy", "Tardy", ""),
    (HIGH, "602", "2022-03-29", "Tardy", "Tardy", ""),
    (HIGH, "602", "2022-03-30", "Excused Absence", "Absent excused", "1"),
    (HIGH, "603", "2022-03-31", "Partial", "Absent excused", ""),
    (ELEMENTARY, "601", "2022-03-11", "Excused Absence", "Doctor's appointment", "1"),
]
DELIVERED = datetime(2022, 4, 2, 16, tzinfo=UTC)
WEEK = date(2022, 4, 4)


def settings(school: str, sector: str, more: str = "") -> str:
    return f'school = "{school}"\nname = "Grand Bend {sector}"\nsector = "{sector}"\nsource = "edfi"\n{more}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "export"
    path.mkdir()
    rows = [f"{pupil},{school},Spring,{day},{what},{why},{days}" for school, pupil, day, what, why, days in AWAY]
    (path / "attendance_events.csv").write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    (path / f"school-{HIGH}.toml").write_text(settings(HIGH, "vo"), encoding="utf-8")
    closed = "closures = [{ first = 2022-03-14, last = 2022-03-18 }]\n"
    (path / f"school-{ELEMENTARY}.toml").write_text(settings(ELEMENTARY, "po", closed), encoding="utf-8")
    return path


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path / "home")


def listed(home: Home) -> dict[str, Listed]:
    return {each.weekly_list.school: each for each in weekly(home, week=WEEK, now=datetime(2022, 4, 4, 8, tzinfo=UTC))}


def of_pupil(home: Home, made: Listed, number: str) -> Signal:
    school = made.weekly_list.school
    pseudonym = Keys.of(home).pseudonyms(pl.Series([number]), school)[0]
    return next(signal for signal in made.weekly_list.signals if signal.pupil == pseudonym)


def test_school_files_beside_the_export_say_what_format_it_is_and_every_school_gets_a_list(home: Home, folder: Path):
    reports = ingest(home, folder, delivered_at=DELIVERED)
    assert {(r.school, r.table, r.new) for r in reports} == {
        (HIGH, "enrolments", 3),
        (HIGH, "absences", 9),
        (ELEMENTARY, "enrolments", 1),
        (ELEMENTARY, "absences", 1),
    }
    assert all(r.verdict is not Verdict.REFUSED for r in reports)
    lists = listed(home)
    assert set(lists) == {HIGH, ELEMENTARY}
    assert {each.weekly_list.basis for each in lists.values()} == {Basis.RULES}


def test_numbers_on_the_list_are_those_one_counts_by_hand(home: Home, folder: Path):
    ingest(home, folder, delivered_at=DELIVERED)
    high = listed(home)[HIGH]
    # Four lesson weeks from 7 March: twenty days of six lessons of fifty minutes, five hours a day.
    assert len(high.weekly_list.school_days) == 20
    truant, late, part = (of_pupil(home, high, number) for number in ("601", "602", "603"))
    assert truant.position == 1
    assert {(hit.rule, hit.value, hit.reached_on) for hit in truant.rule_hits} == {
        ("lpw_16h", 20.0, date(2022, 3, 28)),
        ("tier_3", 0.25, date(2022, 4, 1)),
    }
    assert "25 van de 100 uur" in truant.raising[0].text
    assert [(day.day.day, day.absent_minutes, day.authorised) for day in truant.calendar] == [
        (7, 300, "yes"),
        (22, 300, "no"),
        (23, 300, "no"),
        (24, 300, "no"),
        (28, 300, "no"),
    ]
    assert [(day.day.day, day.late, day.absent_minutes) for day in late.calendar] == [
        (15, 1, 0),
        (29, 1, 0),
        (30, 0, 300),
    ]
    assert [day.absent_minutes for day in part.calendar] == [150]


def test_a_number_used_at_two_schools_is_two_pupils_and_a_closure_holds_for_its_own_school(home: Home, folder: Path):
    ingest(home, folder, delivered_at=DELIVERED)
    lists = listed(home)
    assert of_pupil(home, lists[HIGH], "601").pupil != of_pupil(home, lists[ELEMENTARY], "601").pupil
    days = lists[ELEMENTARY].weekly_list.school_days
    assert date(2022, 3, 11) in days
    assert not [day for day in days if date(2022, 3, 14) <= day <= date(2022, 3, 18)]


def test_a_schools_own_mapping_and_number_scope_hold_in_a_file_of_several_schools(home: Home, folder: Path):
    shared = 'pupil_number_scope = "district"\n'
    mapping = '[reasons]\n"excused absence" = { kind = "sick" }\n'
    (folder / f"school-{HIGH}.toml").write_text(settings(HIGH, "vo", shared + mapping), encoding="utf-8")
    (folder / f"school-{ELEMENTARY}.toml").write_text(settings(ELEMENTARY, "po", shared), encoding="utf-8")
    ingest(home, folder, delivered_at=DELIVERED)
    lists = listed(home)
    both = [{signal.pupil for signal in lists[school].weekly_list.signals} for school in (HIGH, ELEMENTARY)]
    assert len(both[0] & both[1]) == 1
    kinds = {day.kind for signal in lists[HIGH].weekly_list.signals for day in signal.calendar}
    assert "sick" in kinds


def test_a_proposed_mapping_leaves_an_excused_absence_excused(folder: Path):
    proposed = propose_mapping(folder / "attendance_events.csv", source="edfi")
    assert '"excused absence" = { kind = "other_authorised" }' in proposed
    assert '"unexcused absence" = { kind = "truancy" }' in proposed


def test_without_school_files_the_standing_says_which_are_missing(home: Home, folder: Path):
    ingest(home, folder / "attendance_events.csv", source="edfi", delivered_at=DELIVERED)
    for path in home.schools.glob("*.toml"):
        path.unlink()
    missing = standing(home, now=DELIVERED).missing
    assert any("schoolbestand" in line and HIGH in line and ELEMENTARY in line for line in missing)
