"""A register that was mended: who was absent turns out to have been there, and the absence is taken back from then on."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from data_contracts.quality import QualityReport
from pipelines.home import Home
from pipelines.ingest import ingest
from pipelines.lake import Lake, as_known

SCHOOL = "11ZZ03"
FIRST = datetime(2026, 9, 21, 4, tzinfo=UTC)
LATER = FIRST + timedelta(days=1)

FORMATS = {
    "somtoday": (
        "waarnemingen.csv",
        "id;leerling.leerlingnummer;waarnemingSoort;beginDatumTijd;eindDatumTijd;beginLesuur;eindLesuur",
        "77;1001;Afwezig;2026-09-14T11:00;2026-09-14T11:50;3;3",
        "77;1001;Aanwezig;2026-09-14T11:00;2026-09-14T11:50;3;3",
    ),
    "somtoday, by pupil and lesson": (
        "waarnemingen.csv",
        "leerling.leerlingnummer;waarnemingSoort;beginDatumTijd;eindDatumTijd;beginLesuur;eindLesuur",
        "1001;Afwezig;2026-09-14T11:00;2026-09-14T11:50;3;3",
        "1001;Aanwezig;2026-09-14T11:00;2026-09-14T11:50;3;3",
    ),
    "magister": (
        "verantwoordingen.csv",
        "idverantwoording;stamnr;daanwezigheid;lesuur;code;idverantwoordingtypen;geoorloofd;bvervallen;dinvoer",
        "1;1001;14-09-2026;3;AB;1;nee;nee;14-09-2026 11:00",
        "1;1001;14-09-2026;3;PR;5;ja;nee;15-09-2026 11:00",
    ),
    "magister, a dump": (
        "absenties.csv",
        "Id;Stamnr;Start;Eind;Lesuur;Code;Verantwoordingtype",
        "1;1001;2026-09-14T11:00;2026-09-14T11:50;3;AB;1",
        "1;1001;2026-09-14T11:00;2026-09-14T11:50;3;PR;5",
    ),
    "edfi": (
        "attendance_events.csv",
        "student_id,school_id,event_date,category,reason,duration_days",
        f"1001,{SCHOOL},2026-09-14,Excused Absence,,1",
        f"1001,{SCHOOL},2026-09-14,In Attendance,,1",
    ),
}


class School:
    """A school that delivers one kind of file."""

    def __init__(self, folder: Path, of: str) -> None:
        self.name, self.header, self.absent, self.present = FORMATS[of]
        self.folder, self.home = folder / "export", Home.at(folder / "home")
        self.folder.mkdir()
        source = of.partition(",")[0]
        text = f'school = "{SCHOOL}"\nname = "Proef"\nsector = "vo"\nregion = "midden"\nsource = "{source}"\n'
        (self.folder / "school.toml").write_text(text, encoding="utf-8")

    def delivers(self, *rows: str, at: datetime) -> QualityReport:
        file = self.folder / self.name
        file.write_text("\n".join([self.header, *rows]) + "\n", encoding="utf-8")
        return next(one for one in ingest(self.home, file, delivered_at=at) if one.table == "absences")

    def known(self, at: datetime) -> int:
        """How many absences are known at a moment."""
        return as_known(Lake(self.home).scan("absences"), at).collect().height


@pytest.fixture(params=FORMATS)
def school(tmp_path: Path, request: pytest.FixtureRequest) -> School:
    return School(tmp_path, request.param)


def test_who_was_there_after_all_is_no_longer_absent_but_was_until_then(school: School):
    school.delivers(school.absent, at=FIRST)
    report = school.delivers(school.present, at=LATER)
    assert (report.withdrawn, report.new, report.dropped) == (1, 0, 0)
    assert school.known(LATER + timedelta(minutes=1)) == 0
    before = datetime(2026, 9, 15, 8, tzinfo=UTC) if "verantwoord" in school.name else LATER - timedelta(minutes=1)
    assert school.known(before) == 1


def test_said_twice_it_is_taken_back_once(school: School):
    school.delivers(school.absent, at=FIRST)
    school.delivers(school.present, at=LATER)
    again = school.delivers(school.present, at=LATER + timedelta(days=1))
    assert (again.withdrawn, again.new, again.corrected) == (0, 0, 0)


def test_who_was_there_all_the_time_leaves_no_trace(school: School):
    report = school.delivers(school.present, at=FIRST)
    assert (report.withdrawn, report.new, report.dropped) == (0, 0, 1)
    assert Lake(school.home).files("absences", schools=[SCHOOL]) == []


def test_where_one_file_says_both_the_later_moment_stands_and_else_the_absence(school: School):
    school.delivers(school.present, school.absent, at=FIRST)
    assert school.known(LATER) == (0 if "verantwoord" in school.name else 1)


def test_absent_again_is_an_absence_again(school: School):
    school.delivers(school.absent, at=FIRST)
    school.delivers(school.present, at=LATER)
    school.delivers(school.absent, at=LATER + timedelta(days=1))
    assert school.known(LATER + timedelta(days=2)) == 1


def test_a_row_that_was_struck_out_says_nothing(tmp_path: Path):
    school = School(tmp_path, "magister")
    school.delivers(school.absent, at=FIRST)
    school.delivers(school.present.replace("ja;nee", "ja;ja"), at=LATER)
    assert school.known(LATER + timedelta(minutes=1)) == 1


@pytest.mark.parametrize(("key", "left"), [("", 1), ("1", 0)])
def test_forgotten_books_take_nothing_back_but_the_same_record(tmp_path: Path, key: str, left: int):
    school = School(tmp_path, "magister")
    late = f"{key};1001;14-09-2026;3;TL;2;nee;nee;14-09-2026 11:00"
    school.delivers(late, at=FIRST)
    school.delivers(f"{key};1001;14-09-2026;3;BV;7;nee;nee;14-09-2026 11:30", at=LATER)
    assert school.known(LATER + timedelta(minutes=1)) == left


def test_what_was_delivered_later_is_not_known_yet(tmp_path: Path):
    school = School(tmp_path, "somtoday")
    school.delivers(school.absent, at=LATER)
    report = school.delivers(school.present, at=FIRST)
    assert report.withdrawn == 0
    assert school.known(LATER + timedelta(minutes=1)) == 1


def test_other_lessons_stay(tmp_path: Path):
    school = School(tmp_path, "somtoday, by pupil and lesson")
    other = school.absent.replace(";3;3", ";4;4").replace("11:", "12:")
    school.delivers(school.absent, other, at=FIRST)
    school.delivers(school.present, other, at=LATER)
    left = as_known(Lake(school.home).scan("absences"), LATER + timedelta(minutes=1)).select(pl.col("start_slot"))
    assert left.collect().rows() == [(4,)]


EDFI = "1001,11ZZ03,2026-09-14,{},,{}"
MAGISTER = ";1001;14-09-2026;3;{};{};nee;nee;{}"


@pytest.mark.parametrize(
    ("of", "both", "present"),
    [
        ("edfi", (EDFI.format("Tardy", ""), EDFI.format("Unexcused Absence", "1")), EDFI.format("In Attendance", "1")),
        (
            "magister",
            (MAGISTER.format("AB", 1, "14-09-2026 11:00"), MAGISTER.format("TL", 2, "14-09-2026 11:00")),
            MAGISTER.format("PR", 5, "15-09-2026 11:00"),
        ),
    ],
)
def test_of_two_facts_about_one_lesson_both_are_taken_back(
    tmp_path: Path, of: str, both: tuple[str, str], present: str
):
    school = School(tmp_path, of)
    school.delivers(*both, at=FIRST)
    assert school.known(LATER - timedelta(minutes=1)) == 2
    assert school.delivers(present, at=LATER).withdrawn == 2
    assert school.known(LATER + timedelta(minutes=1)) == 0


REPORTS = "id;leerling.leerlingnummer;absentieReden.absentieSoort;absentieReden.afkorting;beginDatumTijd;eindDatumTijd"


def test_a_complete_file_of_observations_says_nothing_of_reports_and_the_other_way_round(tmp_path: Path):
    school = School(tmp_path, "somtoday")
    reports = school.folder / "absentiemeldingen.csv"
    lines = [REPORTS, *(f"{n};1001;Absent;Z;2026-09-{n}T00:00;2026-09-{n}T23:59:59" for n in (15, 16, 17))]
    reports.write_text("\n".join(lines) + "\n", encoding="utf-8")
    ingest(school.home, reports, delivered_at=FIRST)
    school.delivers(school.absent, at=FIRST)
    week = (date(2026, 9, 14), date(2026, 9, 20))
    for number, file in enumerate((school.folder / school.name, reports), 1):
        found = ingest(school.home, file, delivered_at=LATER + timedelta(minutes=number), complete=week)
        assert [one.withdrawn for one in found if one.table == "absences"] == [0]
        assert not [finding for one in found for finding in one.findings if finding.check == "incomplete_delivery"]
    reports.write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    found = ingest(school.home, reports, delivered_at=LATER + timedelta(hours=1), complete=week)
    assert [one.withdrawn for one in found] == [1]
    assert school.known(LATER + timedelta(hours=2)) == 3


ONLY_REPORTS = {
    "eduarte": ("verzuim.csv", "ovnr;datumvan;reden;lesuurbegin;lesuureind;tijd", "1001;{}-09-2026;Ziek;;;"),
    "parnassys": ("absenties.csv", "leerlingnummer;datum;dagdeel;code;geoorloofd;minuten", "1001;{}-09-2026;O;Z;ja;"),
    "edfi": ("attendance_events.csv", FORMATS["edfi"][1], f"1001,{SCHOOL},2026-09-{{}},Excused Absence,,1"),
}


@pytest.mark.parametrize("of", ONLY_REPORTS)
def test_a_complete_export_that_holds_reports_alone_leaves_observations(tmp_path: Path, of: str):
    school = School(tmp_path, "somtoday")
    school.delivers(school.absent, at=FIRST)
    settings = school.folder / "school.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("somtoday", of), encoding="utf-8")
    name, header, row = ONLY_REPORTS[of]
    file = school.folder / name
    file.write_text("\n".join([header, *(row.format(day) for day in (15, 16, 17))]) + "\n", encoding="utf-8")
    for moment in (LATER, LATER + timedelta(hours=1)):
        found = ingest(
            school.home, file, delivered_at=moment, source=of, complete=(date(2026, 9, 14), date(2026, 9, 20))
        )
        assert [one.withdrawn for one in found if one.table == "absences"] == [0]
    assert school.known(LATER + timedelta(hours=2)) == 4


@pytest.mark.parametrize("end", ["9999-12-31T23:59:59", "2099-12-31T00:00:00"])
def test_a_report_until_the_end_of_time_has_no_end_yet(tmp_path: Path, end: str):
    school = School(tmp_path, "somtoday")
    file = school.folder / "absentiemeldingen.csv"
    file.write_text(f"{REPORTS}\n1;1001;Absent;Z;2026-09-15T00:00;{end}\n", encoding="utf-8")
    report = ingest(school.home, file, delivered_at=FIRST)[0]
    known = as_known(Lake(school.home).scan("absences"), LATER).select("end_date", "open_ended").collect().rows()
    if end.startswith("9999"):
        assert (known, [one for one in report.findings if one.column == "end_date"]) == ([(None, True)], [])
    else:  # a mistyped year
        assert known == []
        assert [one.check for one in report.findings if one.column == "end_date"] == ["impossible_date"]


def test_so_has_one_in_the_contracts_own_words(tmp_path: Path):
    school = School(tmp_path, "somtoday")
    file = school.folder / "absences.csv"
    file.write_text(
        "pupil_number,start_date,end_date,kind,authorised\n1001,2026-09-15,9999-12-31,sick,yes\n", encoding="utf-8"
    )
    ingest(school.home, file, delivered_at=FIRST, source="canonical")
    known = as_known(Lake(school.home).scan("absences"), LATER).select("end_date", "open_ended").collect()
    assert known.rows() == [(None, True)]
