"""From files to the lake: accepted, refused or unchanged, and never half."""

import hashlib
import os
import pickle
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from data_contracts.errors import NotFoundError, StorageError, UsageError
from data_contracts.quality import QualityReport, Severity, Verdict
from pipelines.crew import crew_of
from pipelines.home import Home
from pipelines.ingest import ingest
from pipelines.keys import Keys
from pipelines.lake import Lake, as_known
from pipelines.locks import locked

SCHOOL = "11ZZ03"
SETTINGS = f'school = "{SCHOOL}"\nname = "De Proef"\nsector = "vo"\nregion = "midden"\n'
ENROLMENTS = "pupil_number,group,year_group,valid_from,valid_to\n100,2hv1,12,2026-08-31,\n200,2hv1,12,2026-08-31,\n"
NAMES = "pupil_number,given_name,family_name\n100,Noor,de Vries\n200,Sem,Bakker\n"
HEADER = "record,pupil_number,start_date,end_date,kind,code,recorded_at\n"
FIRST = datetime(2026, 9, 14, 16, tzinfo=UTC)
SECOND = FIRST + timedelta(days=7)


def absences(*rows: str) -> str:
    return HEADER + "".join(f"{row}\n" for row in rows)


SICK = "1,100,2026-09-07,2026-09-08,sick,z,2026-09-07T08:10:00+02:00"
LATE = "2,200,2026-09-08,,late,to,2026-09-08T08:40:00+02:00"


class Office:
    """A school's office: a folder to put exports in, and an installation that imports them."""

    def __init__(self, root: Path) -> None:
        self.home = Home.at(root / "home")
        self.folder = root / "export"
        self.folder.mkdir()
        self.put("school.toml", SETTINGS)

    def put(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def deliver(self, name: str, text: str, *, at: datetime = FIRST, **said: object) -> list[QualityReport]:
        return ingest(self.home, self.put(name, text), delivered_at=at, **said)  # type: ignore[arg-type]

    @property
    def lake(self) -> Lake:
        return Lake(self.home)

    def known(self, as_of: datetime) -> dict[str, str]:
        rows = as_known(self.lake.scan("absences"), as_of).select("record", "kind").collect()
        return {record.rsplit(":")[-1]: kind for record, kind in rows.iter_rows()}

    def tree(self) -> dict[str, str]:
        files = sorted(path for path in self.home.lake.rglob("*") if path.is_file())
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def checks(report: QualityReport) -> list[tuple[str, int | None]]:
    return [(finding.check, finding.row) for finding in report.findings]


def test_a_folder_is_imported_and_known_from_its_own_moments(office: Office):
    office.put("enrolments.csv", ENROLMENTS)
    office.put("names.csv", NAMES)
    reports = ingest(office.home, office.put("absences.csv", absences(SICK, LATE)).parent, delivered_at=FIRST)
    assert [(r.table, r.verdict, r.rows, r.new) for r in reports] == [
        ("enrolments", Verdict.ACCEPTED, 2, 2),
        ("absences", Verdict.ACCEPTED, 2, 2),
        ("names", Verdict.ACCEPTED, 2, 2),
    ]
    assert office.lake.schools() == [SCHOOL]
    assert office.known(datetime(2026, 9, 8, tzinfo=UTC)) == {"1": "sick"}
    assert office.known(FIRST) == {"1": "sick", "2": "late"}
    assert office.lake.settings(SCHOOL).name == "De Proef"
    opened = {Keys.of(office.home).open(sealed) for sealed in office.lake.sealed_names(SCHOOL).values()}
    assert opened == {"Noor\tde Vries", "Sem\tBakker"}


def test_no_pupil_number_or_name_is_stored(office: Office):
    office.deliver("names.csv", NAMES.replace("100,", "987654,"))
    office.deliver("enrolments.csv", ENROLMENTS.replace("100,", "987654,"))
    stored = b"".join(path.read_bytes() for path in office.home.root.rglob("*") if path.is_file())
    rows = str([office.lake.scan(table).collect().to_dicts() for table in ("enrolments", "names")])
    assert b"987654" not in stored
    assert "987654" not in rows
    assert "Noor" not in rows


@pytest.mark.parametrize("moment", [FIRST, None], ids=["said", "now"])
def test_the_same_folder_twice_changes_no_byte(office: Office, moment: datetime | None):
    office.put("enrolments.csv", ENROLMENTS)
    office.put("names.csv", NAMES)
    office.put("absences-1.csv", absences(SICK, LATE))
    office.put("absences-2.csv", absences(SICK.replace("sick", "leave")))
    ingest(office.home, office.folder, delivered_at=moment)
    before = office.tree()
    reports = ingest(office.home, office.folder, delivered_at=moment)
    assert {r.verdict for r in reports} == {Verdict.UNCHANGED}
    assert office.tree() == before


def test_a_correction_is_a_new_delivery_and_what_was_stored_stays(office: Office):
    office.deliver("absences.csv", absences(SICK))
    before = office.tree()
    (report,) = office.deliver("absences.csv", absences(SICK.replace("sick", "leave")), at=SECOND)
    assert (report.new, report.corrected) == (0, 1)
    assert before.items() <= office.tree().items()
    assert (office.known(FIRST), office.known(SECOND)) == ({"1": "sick"}, {"1": "leave"})


def test_a_school_may_return_to_what_it_said_before_with_the_very_same_file(office: Office):
    for text in (absences(SICK), absences(SICK.replace("sick", "leave")), absences(SICK)):
        ingest(office.home, office.put("absences.csv", text))
        written = datetime.now(UTC).timestamp() + 1
        os.utime(office.folder / "absences.csv", (written, written))
    assert office.known(datetime.now(UTC)) == {"1": "sick"}
    assert len(office.lake.reports(SCHOOL)) == 3


def test_of_a_delivery_that_says_nothing_new_is_kept_that_it_came(office: Office):
    office.deliver("absences.csv", absences(SICK))
    before = office.tree()
    (report,) = office.deliver("absences.csv", absences(SICK), at=SECOND)
    assert report.verdict is Verdict.UNCHANGED
    assert [kept.delivered_at for kept in office.lake.reports(SCHOOL)] == [FIRST, SECOND]
    assert len(office.tree()) == len(before) + 1
    after = office.tree()
    office.deliver("absences.csv", absences(SICK), at=SECOND)
    assert office.tree() == after


def test_a_first_file_without_a_fact_makes_no_school(office: Office):
    office.put("school.toml", SETTINGS + 'source = "magister"\n')
    meeting = "Id;Groep;Start;Einde;Lesuur;Type;Status;Vak\n1;2hv1;2026-09-14T08:30:00;2026-09-14T09:20:00;1;1;1;wi\n"
    (report,) = office.deliver("afspraken.csv", meeting, source="magister")
    assert (report.verdict, office.lake.schools()) == (Verdict.UNCHANGED, [])


def test_a_refused_file_writes_nothing_and_says_where_and_what_to_do(office: Office):
    office.deliver("enrolments.csv", ENROLMENTS)
    before = office.tree()
    (report,) = office.deliver("absences.csv", absences(SICK, "2,200,2026-09-08,2026-09-07,late,to,"))
    assert report.verdict is Verdict.REFUSED
    (finding,) = report.findings
    assert (finding.file, finding.row, finding.column, finding.value) == ("absences.csv", 3, "end_date", "2026-09-07")
    assert finding.remedy
    assert office.tree() == before
    kept = list((office.home.reports / "refused" / SCHOOL).glob("*.json"))
    assert [QualityReport.model_validate_json(path.read_bytes()) for path in kept] == [report]


def test_a_file_that_cannot_be_read_is_refused_and_the_others_go_on(office: Office):
    office.put("absences.csv", absences(SICK))
    (office.folder / "enrolments.csv").write_bytes(b"\x00\x01\x02")
    office.put("onbekend.csv", "a,b\n1,2\n")
    reports = ingest(office.home, office.folder, delivered_at=FIRST)
    assert {r.file: r.verdict for r in reports} == {
        "enrolments.csv": Verdict.REFUSED,
        "onbekend.csv": Verdict.REFUSED,
        "absences.csv": Verdict.ACCEPTED_WITH_WARNINGS,
    }


def test_one_bad_value_is_said_once_by_reader_or_door(office: Office):
    (report,) = office.deliver("absences.csv", absences("1,100,gisteren,,sick,z,"))
    assert [row for _, row in checks(report)] == [2]


def test_what_does_not_fit_yet_is_accepted_with_a_warning(office: Office):
    (alone,) = office.deliver("absences.csv", absences(SICK))
    assert checks(alone) == [("no_enrolments", 2)]
    office.deliver("enrolments.csv", ENROLMENTS)
    (later,) = office.deliver("absences.csv", absences(SICK, LATE.replace("200", "300")), at=SECOND)
    assert (later.verdict, later.new) == (Verdict.ACCEPTED_WITH_WARNINGS, 1)
    assert checks(later) == [("unknown_pupil", 3)]


def test_a_pupil_of_two_schools_that_share_numbers_is_said(office: Office):
    shared = 'pupil_number_scope = "bestuur"\n'
    office.put("school.toml", SETTINGS + shared)
    office.deliver("enrolments.csv", ENROLMENTS)
    office.put("school.toml", SETTINGS.replace("03", "04") + shared)
    (report,) = office.deliver("enrolments.csv", ENROLMENTS.replace("200", "300"))
    assert checks(report) == [("in_two_schools", 2)]


def test_complete_files_take_back_what_they_no_longer_hold(office: Office):
    week = (date(2026, 9, 7), date(2026, 9, 11))
    third = "3,100,2026-09-10,,late,to,2026-09-10T08:40:00+02:00"
    office.deliver("absences.csv", absences(SICK, LATE, third))
    (report,) = office.deliver("absences.csv", absences(SICK, third), at=SECOND, complete=week)
    assert (report.verdict, report.withdrawn) == (Verdict.ACCEPTED_WITH_WARNINGS, 1)
    assert office.known(SECOND) == {"1": "sick", "3": "late"}
    before = office.tree()
    later = SECOND + timedelta(days=7)
    (refused,) = office.deliver("absences.csv", absences("4,100,2026-09-10,,late,to,"), at=later, complete=week)
    assert [f.check for f in refused.findings if f.severity is Severity.ERROR] == ["incomplete_delivery"]
    assert office.tree() == before


THIRD = "3,100,2026-09-10,,late,to,2026-09-10T08:40:00+02:00"
WEEK = (date(2026, 9, 7), date(2026, 9, 11))


@pytest.mark.parametrize("listed", [False, True], ids=["said", "listed"])
def test_the_pages_of_a_complete_export_are_complete_together(office: Office, listed: bool):
    office.deliver("absences.csv", absences(SICK, LATE, THIRD))
    office.put("absences.csv", absences(SICK))
    office.put("absences-2.csv", absences(LATE))
    if listed:
        entry = '[[delivery]]\nfile = "{}"\ndelivered_at = {}\ncomplete_from = {}\ncomplete_to = {}\n'
        names = ("absences.csv", "absences-2.csv")
        office.put("deliveries.toml", "".join(entry.format(name, SECOND.isoformat(), *WEEK) for name in names))
        reports = ingest(office.home, office.folder)
    else:
        reports = ingest(office.home, office.folder, delivered_at=SECOND, complete=WEEK)
    assert sorted((one.file, one.new) for one in reports) == [("absences-2.csv", 0), ("absences.csv", 0)]
    assert sum(one.withdrawn for one in reports) == 1
    assert office.known(SECOND) == {"1": "sick", "2": "late"}


def test_of_pages_that_are_complete_at_different_moments_the_last_says_what_there_is(office: Office):
    office.deliver("absences.csv", absences(SICK, LATE, THIRD))
    entry = '[[delivery]]\nfile = "{}"\ndelivered_at = {}\ncomplete_from = {}\ncomplete_to = {}\n'
    office.put("absences.csv", absences(SICK, LATE))
    office.put("absences-2.csv", absences(SICK))
    later = SECOND + timedelta(days=1)
    office.put(
        "deliveries.toml",
        entry.format("absences.csv", SECOND.isoformat(), *WEEK)
        + entry.format("absences-2.csv", later.isoformat(), *WEEK),
    )
    assert [one.withdrawn for one in ingest(office.home, office.folder)] == [1, 1]
    assert office.known(later) == {"1": "sick"}


def test_where_a_page_cannot_be_read_nothing_is_taken_back(office: Office):
    office.deliver("absences.csv", absences(SICK, LATE, THIRD))
    office.put("absences.csv", absences(SICK, LATE))
    office.put("absences-2.csv", "")
    said = {one.file: one for one in ingest(office.home, office.folder, delivered_at=SECOND, complete=WEEK)}
    assert (said["absences-2.csv"].verdict, checks(said["absences-2.csv"])) == (
        Verdict.REFUSED,
        [("unreadable", None)],
    )
    assert "not_complete" in [check for check, _ in checks(said["absences.csv"])]
    assert office.known(SECOND) == {"1": "sick", "2": "late", "3": "late"}


def test_a_crash_between_rows_and_report_is_healed_by_running_again(office: Office, monkeypatch: pytest.MonkeyPatch):
    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(QualityReport, "model_dump_json", crash)
        with pytest.raises(KeyboardInterrupt):
            office.deliver("absences.csv", absences(SICK))
    assert office.lake.scan("absences").collect().is_empty()
    office.deliver("absences.csv", absences(SICK))
    assert len(list(office.home.lake.rglob("*.parquet"))) == 1
    assert office.known(FIRST) == {"1": "sick"}


def test_two_imports_of_one_school_do_not_run_together(office: Office):
    with locked(office.home, SCHOOL), pytest.raises(StorageError, match="loopt al een import"):
        office.deliver("absences.csv", absences(SICK))


def test_a_corrected_name_replaces_the_old_one_and_the_same_one_does_not(office: Office):
    office.deliver("names.csv", NAMES)
    (same,) = office.deliver("names.csv", NAMES, at=SECOND)
    (other,) = office.deliver("names.csv", NAMES.replace("Noor", "Noortje"), at=SECOND)
    assert same.verdict is Verdict.UNCHANGED
    assert (other.new, other.corrected) == (0, 1)
    keys = Keys.of(office.home)
    assert "Noortje\tde Vries" in {keys.open(sealed) for sealed in office.lake.sealed_names(SCHOOL).values()}


def test_a_report_grades_the_weeks_it_is_about(office: Office):
    office.deliver("enrolments.csv", ENROLMENTS)
    (report,) = office.deliver("absences.csv", absences(SICK, LATE))
    assert [(week.week, week.registrations) for week in report.weeks] == [(date(2026, 9, 7), 2)]
    assert report in office.lake.reports(SCHOOL)


def test_a_mended_mapping_mends_what_was_delivered_before(office: Office):
    export = "leerlingnummer;datum;dagdeel;code;geoorloofd\n100;07-09-2026;ochtend;zk;ja\n"
    (unmapped,) = office.deliver("absenties.csv", export, source="parnassys")
    assert "unmapped_code" in [f.check for f in unmapped.findings]
    settings = office.home.schools / f"{SCHOOL}.toml"
    settings.write_text(SETTINGS + '[reasons]\nzk = { kind = "sick" }\n', encoding="utf-8")
    (mended,) = office.deliver("absenties.csv", export, source="parnassys")
    assert (mended.new, mended.corrected) == (0, 1)
    assert list(office.known(FIRST + timedelta(seconds=1)).values()) == ["sick"]


def test_several_schools_are_imported_side_by_side_with_the_same_answer(tmp_path: Path):
    for number in ("03", "04"):
        folder = tmp_path / "region" / number
        folder.mkdir(parents=True)
        (folder / "school.toml").write_text(SETTINGS.replace("03", number))
        (folder / "onbekend.csv").write_text("a,b\n1,2\n")
    told: list[tuple[int, int]] = []
    with crew_of(2) as crew:
        reports = ingest(
            Home.at(tmp_path / "home"),
            tmp_path / "region",
            crew=crew,
            progress=lambda _what, done, total: told.append((done, total)),
        )
    assert [(r.school, r.verdict) for r in reports] == [("11ZZ03", Verdict.REFUSED), ("11ZZ04", Verdict.REFUSED)]
    assert told == [(1, 2), (2, 2)]


def test_an_error_keeps_its_remedy_on_the_way_back_from_a_process():
    error = pickle.loads(pickle.dumps(StorageError("de schijf is vol", remedy="Maak ruimte.")))  # noqa: S301 - our own
    assert str(error) == "Opslag niet bereikbaar: de schijf is vol\nMaak ruimte."


def test_a_file_may_bring_several_schools_and_its_own_pupils(office: Office):
    header = "student_id,school_id,session,event_date,category,duration_days\n"
    rows = "1,255901001,Fall,2026-09-08,Excused Absence,1\n1,255901044,Fall,2026-09-08,Unexcused Absence,1\n"
    (office.folder / "school.toml").unlink()
    reports = office.deliver("attendance_events.csv", header + rows, source="edfi")
    assert [(r.school, r.table, r.new) for r in reports] == [
        ("255901001", "enrolments", 1),
        ("255901001", "absences", 1),
        ("255901044", "enrolments", 1),
        ("255901044", "absences", 1),
    ]
    assert [f.check for f in reports[1].findings] == []
    assert "no_settings" in [f.check for f in reports[0].findings]


def test_progress_is_told_file_by_file(office: Office):
    office.put("absences.csv", absences(SICK))
    told: list[tuple[str, int, int]] = []
    ingest(office.home, office.folder, delivered_at=FIRST, progress=lambda *step: told.append(step))
    assert told == [(f"{SCHOOL} absences.csv", 0, 1), ("klaar", 1, 1)]


def test_mistakes_of_the_caller_are_errors_with_a_remedy(office: Office):
    with pytest.raises(UsageError, match="tijdzone"):
        office.deliver("absences.csv", absences(SICK), at=datetime(2026, 9, 14))  # noqa: DTZ001
    with pytest.raises(NotFoundError, match="schoolbestand"):
        office.deliver("absences.csv", absences(SICK), school="11ZZ99")
    with pytest.raises(UsageError, match="bron"):
        office.deliver("absences.csv", absences(SICK), source="papier")


def test_nothing_is_stored_of_a_file_of_which_one_part_is_refused(office: Office):
    office.put("school.toml", SETTINGS + 'source = "somtoday"\n')
    pupils = "leerlingnummer;roepnaam;achternaam;stamgroep;leerjaar;begindatum;einddatum\n"
    reports = office.deliver("leerlingen.csv", pupils + "100;Noor;Vries;2hv1;2;31-08-2026;30-08-2026\n")
    assert [(r.table, r.verdict) for r in reports] == [("enrolments", Verdict.REFUSED), ("names", Verdict.REFUSED)]
    assert [checks(r)[0][0] for r in reports] == ["end_before_start", "other_part_refused"]
    assert office.tree() == {}
