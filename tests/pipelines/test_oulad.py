"""The Open University's tables become deliveries that say when each thing was known; a made-up course shows how."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from data_contracts.errors import NotFoundError, RefusedDeliveryError
from models.outcome import read_outcome
from models.splits import plan_for
from pipelines.home import Home
from pipelines.ingest import ingest
from pipelines.keys import Keys
from pipelines.lake import Lake, as_known
from pipelines.panels import features_at, labels_at, survey
from pipelines.sources.oulad import convert, main

OUTCOME = Path(__file__).parents[2] / "docs" / "oulad_withdrawal.toml"
AUTUMN, SPRING = "20131001", "20140202"  # AAA from October 2013, BBB from February 2014
START = date(2013, 10, 5)  # the first Saturday
TABLES = {
    "course": """code_module,code_presentation,module_presentation_length
AAA,2013J,100
BBB,2014B,100
""",
    "assessment": """code_module,code_presentation,id_assessment,assessment_type,date,weight
AAA,2013J,1,TMA,19.0,10.0
AAA,2013J,2,CMA,20.0,10.0
AAA,2013J,3,TMA,47.0,10.0
AAA,2013J,4,TMA,47.0,10.0
AAA,2013J,5,Exam,,100.0
BBB,2014B,6,TMA,19.0,10.0
""",
    "student_registration": """code_module,code_presentation,id_student,date_registration,date_unregistration
AAA,2013J,1001,-30.0,
AAA,2013J,1002,-30.0,
AAA,2013J,1003,-30.0,
AAA,2013J,1004,-30.0,
AAA,2013J,1005,-30.0,-5.0
AAA,2013J,1006,-30.0,40.0
AAA,2013J,1007,25.0,
AAA,2013J,1008,,120.0
BBB,2014B,1001,-9.0,
""",
    "student_assessment": """id_assessment,id_student,date_submitted,is_banked,score
1,1001,18,False,80.0
3,1001,47,False,80.0
4,1001,48,False,80.0
1,1002,20,False,80.0
3,1002,40,False,80.0
4,1002,40,False,80.0
1,1004,-1,True,70.0
3,1004,-1,True,70.0
4,1004,40,False,70.0
1,1006,10,False,60.0
3,1007,47,False,60.0
4,1007,47,False,60.0
1,1008,1,False,60.0
3,1008,1,False,60.0
4,1008,1,False,60.0
6,1001,19,False,60.0
""",
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "oulad"
    folder.mkdir()
    for name, text in TABLES.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def converted(source: Path, tmp_path: Path) -> Path:
    convert(source, tmp_path / "deliveries")
    return tmp_path / "deliveries"


def rows(folder: Path, table: str, *columns: str) -> list[tuple[object, ...]]:
    return pl.read_csv(folder / AUTUMN / f"{table}.csv", infer_schema=False).select(columns).rows()


def test_each_course_is_a_school_and_each_counted_deadline_a_slot_on_its_day(converted: Path):
    assert sorted(path.name for path in converted.iterdir()) == [AUTUMN, SPRING]
    assert rows(converted, "timetable", "date", "slot", "minutes", "recorded_at") == [
        ("2013-10-24", "1", "300", "2013-10-05T00:00:00.000000"),
        ("2013-11-21", "1", "300", "2013-10-05T00:00:00.000000"),
        ("2013-11-21", "2", "300", "2013-10-05T00:00:00.000000"),
    ]


def test_a_deadline_not_met_on_its_day_is_an_absence_known_that_evening_and_handing_in_later_changes_nothing(
    converted: Path,
):
    found = rows(converted, "absences", "pupil_number", "start_date", "start_slot", "kind", "recorded_at")
    first, second = "2013-10-24", "2013-11-21"
    assert [row[:4] for row in found] == [
        ("1002", first, "1", "unexplained"),  # a day late
        ("1003", first, "1", "unexplained"),  # never
        ("1004", first, "1", "not_required"),  # banked: done in an earlier year
        ("1003", second, "1", "unexplained"),
        ("1004", second, "1", "not_required"),
        ("1001", second, "2", "unexplained"),  # a day late
        ("1003", second, "2", "unexplained"),
    ]
    assert {(row[1], row[4]) for row in found} == {
        (first, f"{first}T23:59:00.000000"),
        (second, f"{second}T23:59:00.000000"),
    }


def test_an_unregistration_is_known_from_its_day_on_and_not_before(converted: Path):
    mine = [row for row in rows(converted, "enrolments", "pupil_number", "valid_to", "recorded_at") if row[0] == "1006"]
    assert mine == [
        ("1006", "2014-02-09", "2013-09-05T00:00:00.000000"),  # foreseen: the last day and four weeks for results
        ("1006", "2013-11-14", "2013-11-14T23:59:00.000000"),
    ]
    assert rows(converted, "outcomes", "pupil_number", "outcome", "date", "recorded_at") == [
        ("1006", "withdrawal", "2013-11-14", "2013-11-14T23:59:00.000000")
    ]


def test_who_left_before_the_start_is_left_out_and_who_left_after_the_end_had_seen_it_through(converted: Path):
    numbers = {row[0]: row[1] for row in rows(converted, "enrolments", "pupil_number", "valid_from")}
    assert "1005" not in numbers
    assert numbers["1008"] == str(START)  # the day of registration is not known


def test_the_deliveries_are_accepted_and_the_label_is_what_became_of_who_was_enrolled(converted: Path, tmp_path: Path):
    home = Home.at(tmp_path / "home")
    reports = ingest(home, converted)
    assert not [finding for report in reports for finding in report.findings]
    absences = Lake(home).scan("absences", schools=[AUTUMN])
    due_day = datetime(2013, 10, 24, 12, tzinfo=UTC)
    assert as_known(absences, due_day).collect().height == 0
    assert as_known(absences, due_day.replace(day=25)).collect().height == 3
    outcome = read_outcome(OUTCOME)
    plan = plan_for(outcome)
    ground = survey(home, outcome, until=None, plan=plan)
    origin = date(2013, 11, 4)
    assert origin in ground.origins
    number = dict(zip(Keys.of(home).pseudonyms(pl.Series(NUMBERS), AUTUMN), NUMBERS, strict=True))
    labelled = labels_at(ground, ground.moment, [origin]).filter(pl.col("school") == AUTUMN)
    assert {number[pupil]: label for pupil, label in labelled.select("pupil", "outcome").iter_rows()} == {
        "1001": 0,
        "1002": 0,
        "1003": 0,
        "1004": 0,
        "1006": 1,
        "1007": 0,
        "1008": 0,
    }
    features = features_at(ground, plan=plan).filter(school=AUTUMN, origin=origin)
    missed = {number[pupil]: rate for pupil, rate in features.select("pupil", "absent_rate_4w").iter_rows()}
    # One deadline so far; it did not hold for who had it banked or registered later, so of them nothing is known.
    assert missed == {"1001": 0, "1002": 1, "1003": 1, "1004": None, "1006": 0, "1007": None, "1008": 0}


NUMBERS = ["1001", "1002", "1003", "1004", "1006", "1007", "1008"]


def test_a_table_that_is_not_there_or_lacks_a_column_is_told_with_what_to_do(source: Path, tmp_path: Path):
    (source / "assessment.csv").write_text("id,date\n1,2\n", encoding="utf-8")
    with pytest.raises(RefusedDeliveryError, match=r"assessment\.csv"):
        convert(source, tmp_path / "out")
    (source / "assessment.csv").unlink()
    with pytest.raises(NotFoundError, match="assessment"):
        convert(source, tmp_path / "out")


def test_the_command_says_what_it_wrote_and_a_mistake_gets_its_exit_code(source: Path, tmp_path: Path, capsys):
    assert main([str(source), str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out == (
        "2 cursussen, 8 inschrijvingen (1 geëindigd vóór de start, weggelaten), 7 niet op tijd of vrijgesteld, "
        "1 uitschrijvingen\n"
    )
    assert main([str(source)]) == 2
    assert main([str(tmp_path / "nergens"), str(tmp_path / "out")]) == 4
    assert "Traceback" not in capsys.readouterr().err


STUDENTS = """code_module,code_presentation,id_student,gender,region,highest_education,imd_band,age_band,final_result,disability
AAA,2013J,1001,F,Scotland,HE Qualification,10-20,35-55,Pass,False
AAA,2013J,1002,M,Wales,No Formal quals,,0-35,Fail,True
BBB,2014B,1001,F,Scotland,HE Qualification,20-30%,35-55,Pass,False
"""


def test_demographics_go_to_a_file_of_their_own_and_to_no_delivery(source: Path, tmp_path: Path, capsys):
    (source / "student.csv").write_text(STUDENTS, encoding="utf-8")
    groups = tmp_path / "apart" / "groups.csv"
    assert main([str(source), str(tmp_path / "with"), str(groups)]) == 0
    assert "3 regels met groepen" in capsys.readouterr().out
    assert pl.read_csv(groups, infer_schema=False).rows() == [
        (AUTUMN, "1001", "F", "35-55", "10-20%", "False", "Scotland", "HE Qualification"),
        (AUTUMN, "1002", "M", "0-35", None, "True", "Wales", "No Formal quals"),
        (SPRING, "1001", "F", "35-55", "20-30%", "False", "Scotland", "HE Qualification"),
    ]
    assert main([str(source), str(tmp_path / "without")]) == 0
    files = [
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (tmp_path / "with", tmp_path / "without")
    ]
    assert files[0] == files[1]
    assert not any(b"Scotland" in content for content in files[0].values())
