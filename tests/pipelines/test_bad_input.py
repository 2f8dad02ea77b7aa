"""Every kind of bad input: the file goes in, the report says it, and this is what is counted. See docs/bad-input.md."""

import re
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from office import (
    AS_OF,
    DAY,
    DELIVERED,
    FRIDAY,
    KNOWN,
    LESSONS,
    MONDAY,
    OTHER,
    PUPILS,
    SCHOOL,
    SETTINGS,
    SHARED,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    Office,
    absence,
    lessons,
    refusal,
    warnings,
)
from typer.testing import CliRunner

from data_contracts.quality import Grade, QualityReport, Verdict
from features.enrolled import current, periods
from features.history import EPOCH
from features.known import known
from pipelines.cli import app
from pipelines.ingest import ingest
from pipelines.lake import Lake, as_known
from pipelines.tables import load


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A school whose pupils and timetable are in, to begin from."""
    root = tmp_path_factory.mktemp("opened")
    Office(root).opened()
    return root


@pytest.fixture
def office(opened: Path, tmp_path: Path) -> Office:
    shutil.copytree(opened / "home", tmp_path / "home")
    return Office(tmp_path)


class TestOverlappingEnrolments:
    TWICE = "pupil_number,group,valid_from,valid_to\n100,2a,2026-08-31,\n100,2b,2026-09-14,\n"

    def test_the_group_that_began_later_counts_and_no_lesson_counts_twice(self, tmp_path: Path):
        office = Office(tmp_path)
        assert warnings(office.deliver("enrolments.csv", self.TWICE)) == [("overlapping_enrolments", 3, 1)]
        office.deliver("timetable.csv", lessons(date(2026, 9, 7), FRIDAY))
        office.deliver("timetable-2b.csv", lessons(date(2026, 9, 7), FRIDAY, "2b", slots=5))
        assert warnings(office.absent(absence(100, TUESDAY))) == []
        assert office.scheduled() == {date(2026, 9, 7): 5 * DAY, MONDAY: 5 * 250}
        assert office.minutes() == {TUESDAY: 250}

    def test_one_of_them_may_have_come_with_an_earlier_file(self, office: Office):
        second = "pupil_number,group,valid_from,valid_to\n100,2b,2026-09-14,\n"
        report = office.deliver("enrolments.csv", second, at=DELIVERED + timedelta(minutes=1))
        assert warnings(report) == [("overlapping_enrolments", 2, 1)]


class TestAbsencesOutsideAnEnrolment:
    def test_they_are_kept_and_do_not_count(self, office: Office):
        report = office.absent(absence(200, THURSDAY), absence(100, THURSDAY))
        assert warnings(report) == [("outside_enrolment", 2, 1)]
        assert office.minutes(200) == {}
        assert office.minutes(100) == {THURSDAY: DAY}

    def test_of_one_that_runs_out_of_it_only_the_days_within_count(self, office: Office):
        assert warnings(office.absent(absence(200, TUESDAY, FRIDAY))) == [("partly_outside_enrolment", 2, 1)]
        assert office.minutes(200) == {TUESDAY: DAY, WEDNESDAY: DAY}

    def test_an_enrolment_that_is_shortened_afterwards_tells_which_were_known(self, office: Office):
        office.absent(absence(200, WEDNESDAY))
        left = "pupil_number,group,valid_from,valid_to\n200,2a,2026-08-31,2026-09-11\n"
        report = office.deliver("enrolments.csv", left, at=DELIVERED + timedelta(minutes=1))
        assert warnings(report) == [("outside_enrolment", None, 1)]
        assert office.minutes(200) == {}


class TestNegativeOrHugeMinutes:
    @pytest.mark.parametrize(
        ("amount", "unit", "check"),
        [
            (-30, "minutes", "out_of_range"),
            (5000, "minutes", "too_much_for_a_day"),
            (1800, "minutes", "too_much_for_a_day"),
            (30, "lesson_slots", "too_much_for_a_day"),
            (3, "half_days", "too_much_for_a_day"),
        ],
    )
    def test_they_are_refused_with_row_column_and_value(self, office: Office, amount: int, unit: str, check: str):
        report = office.absent(absence(100, MONDAY), absence(100, TUESDAY, amount=amount, unit=unit))
        found = refusal(report)
        assert (found.check, found.row, found.column, found.value) == (check, 3, "amount", str(amount))
        assert office.minutes() == {}

    def test_the_total_of_several_days_is_no_huge_amount_and_is_spread_over_them(self, office: Office):
        assert warnings(office.absent(absence(100, MONDAY, FRIDAY, amount=1000, unit="minutes"))) == []
        assert office.minutes() == dict.fromkeys((MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY), 200)

    def test_a_negative_duration_in_an_export_of_a_system_is_refused_too(self, office: Office):
        export = "leerlingnummer;datum;dagdeel;code;geoorloofd;minuten\n100;14-09-2026;ochtend;tl;nee;-5\n"
        found = refusal(office.deliver("absenties.csv", export, source="parnassys"))
        assert (found.row, found.column, found.value) == (2, "minuten", "-5")

    @pytest.mark.parametrize("minutes", [-50, 0, 5000])
    def test_a_lesson_of_impossible_length_is_refused(self, office: Office, minutes: int):
        found = refusal(office.deliver("timetable.csv", LESSONS + f",2a,{MONDAY},7,900,{minutes},,,\n"))
        assert (found.check, found.row, found.column, found.value) == ("out_of_range", 2, "minutes", str(minutes))


class TestAnEndOfWhatHasNone:
    @pytest.mark.parametrize(("end", "value"), [("end_date", str(WEDNESDAY)), ("end_slot", "3"), ("end_minute", "720")])
    def test_it_is_refused_with_what_to_do(self, office: Office, end: str, value: str):
        report = office.absent(absence(100, MONDAY), absence(100, TUESDAY, open_ended="true", **{end: value}))
        found = refusal(report)
        assert (found.check, found.row, found.column, found.value) == ("end_of_open_ended", 3, end, value)
        assert "laat dan" in found.remedy
        assert office.minutes() == {}

    def test_without_an_end_it_lasts_and_with_one_it_ends_there(self, office: Office):
        office.absent(absence(100, MONDAY, TUESDAY, open_ended="false"))
        assert office.minutes() == dict.fromkeys((MONDAY, TUESDAY), DAY)
        office.absent(absence(100, WEDNESDAY, open_ended="true"))
        assert office.minutes() == dict.fromkeys((MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY), DAY)


class TestThirtyHourDays:
    def test_a_registration_of_thirty_hours_is_refused(self, office: Office):
        export = "datumvan;ovnr;lesuurbegin;lesuureind;tijd;reden\n14-09-2026;100;;;30u00m;z\n"
        found = refusal(office.deliver("verzuim.csv", export, source="eduarte"))
        assert (found.check, found.row, found.value) == ("too_much_for_a_day", 2, "1800")

    def test_registrations_that_add_up_to_thirty_hours_never_exceed_the_lessons_of_the_day(self, office: Office):
        halves = [absence(100, MONDAY, record=n, amount=300, unit="minutes") for n in range(5)]
        lesson = [absence(100, MONDAY, record=f"l{n}", start_slot=n, kind="truancy") for n in range(1, 7)]
        office.absent(*halves, *lesson, absence(100, MONDAY, record="day"))
        assert office.minutes() == {MONDAY: DAY}

    def test_a_timetable_of_thirty_hours_on_a_day_is_refused(self, office: Office):
        rows = "".join(f",2a,{MONDAY},,{40 * n},50,,,\n" for n in range(36))
        found = refusal(office.deliver("timetable.csv", LESSONS + rows))
        assert (found.check, found.row, found.column, found.value) == ("day_too_long", 2, "minutes", "2100")
        assert office.scheduled()[MONDAY] == 5 * DAY

    def test_also_where_it_only_becomes_so_with_what_was_known(self, office: Office):
        rows = "".join(f",2a,{MONDAY},,{500 + 50 * n},50,,,\n" for n in range(9))
        found = refusal(office.deliver("timetable.csv", LESSONS + rows))
        assert (found.check, found.value) == ("day_too_long", "750")

    def test_parallel_lessons_in_one_slot_make_no_long_day(self, office: Office):
        rows = "".join(f"{n},2a,{MONDAY},1,530,50,,,\n" for n in range(40))
        assert warnings(office.deliver("timetable.csv", LESSONS + rows)) == []
        assert office.scheduled()[MONDAY] == 5 * DAY


class TestClockChanges:
    @pytest.mark.parametrize(
        ("written", "utc", "told"),
        [
            (
                "2026-03-29T02:30:00",
                datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
                True,
            ),  # the clock skips it: the hour after
            (
                "2025-10-26T02:30:00",
                datetime(2025, 10, 26, 1, 30, tzinfo=UTC),
                True,
            ),  # the clock shows it twice: the second
            ("2025-10-26T02:30:00+02:00", datetime(2025, 10, 26, 0, 30, tzinfo=UTC), False),
            ("2025-10-26T02:30:00+01:00", datetime(2025, 10, 26, 1, 30, tzinfo=UTC), False),
            ("2026-03-29T03:30:00", datetime(2026, 3, 29, 1, 30, tzinfo=UTC), False),
            ("2026-03-29T01:59:59", datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC), False),
            ("2025-10-26T03:00:00", datetime(2025, 10, 26, 2, tzinfo=UTC), False),
        ],
    )
    def test_a_recorded_moment_is_never_earlier_than_it_was(
        self, office: Office, written: str, utc: datetime, told: bool
    ):
        report = office.absent(absence(100, MONDAY), absence(100, TUESDAY, recorded_at=written))
        assert warnings(report) == ([("clock_change", 3, 1)] if told else [])
        stored = Lake(office.home).scan("absences").filter(pl.col("start_date") == TUESDAY).collect()
        assert stored["recorded_at"].to_list() == [utc]

    @pytest.mark.parametrize(
        ("written", "utc"),
        [
            ("2026-03-29T02:30:00", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
            ("2025-10-26T02:30:00", datetime(2025, 10, 26, 1, 30, tzinfo=UTC)),
            ("2025-10-26T12:00:00", datetime(2025, 10, 26, 11, tzinfo=UTC)),
        ],
    )
    def test_the_moment_of_a_delivery_is_read_likewise(self, tmp_path: Path, written: str, utc: datetime):
        office = Office(tmp_path)
        (office.folder / "enrolments.csv").write_text(PUPILS.replace("2026-", "2025-"), encoding="utf-8")
        listing = f'[[delivery]]\nfile = "enrolments.csv"\ndelivered_at = {written}\n'
        (office.folder / "deliveries.toml").write_text(listing, encoding="utf-8")
        assert [report.delivered_at for report in ingest(office.home, office.folder)] == [utc]

    @pytest.mark.parametrize(
        ("first", "last"), [(date(2026, 10, 23), date(2026, 10, 27)), (date(2026, 3, 27), date(2026, 3, 31))]
    )
    @pytest.mark.parametrize("begin", ["00:00:00", "02:30:00"])
    def test_days_over_such_a_night_are_days(self, tmp_path: Path, first: date, last: date, begin: str):
        office = Office(tmp_path, SETTINGS + 'source = "somtoday"\n')
        pupils = f"leerlingnummer;roepnaam;achternaam;stamgroep;begindatum\n100;N;V;2a;{first - timedelta(days=7)}\n"
        at = (
            datetime(last.year, last.month, last.day + 1, 12, tzinfo=UTC)
            if last.day < 30
            else datetime(2026, 4, 1, 12, tzinfo=UTC)
        )
        office.deliver("leerlingen.csv", pupils, at=at)
        ingest(office.home, self._timetable(office, first, last), source="canonical", delivered_at=at)
        reports = (
            "leerling.leerlingnummer;absentieReden.absentieSoort;absentieReden.afkorting;beginDatumTijd;eindDatumTijd\n"
        )
        office.deliver("absentiemeldingen.csv", f"{reports}100;Absent;z;{first}T{begin};{last}T23:59:59\n", at=at)
        weekdays = [first, first + timedelta(days=3), last]
        assert office.minutes(as_of=at + timedelta(hours=1)) == dict.fromkeys(weekdays, DAY)

    @staticmethod
    def _timetable(office: Office, first: date, last: date) -> Path:
        path = office.folder / "timetable.csv"
        path.write_text(lessons(first, last, recorded=""), encoding="utf-8")
        return path


class TestUnknownPupils:
    def test_they_are_told_and_are_on_no_list_until_they_are_enrolled(self, office: Office):
        assert warnings(office.absent(absence(900, MONDAY))) == [("unknown_pupil", 2, 1)]
        assert (office.minutes(900), office.scheduled(900)) == ({}, {})
        office.deliver("enrolments.csv", PUPILS + "900,2a,2026-08-31,\n", at=DELIVERED + timedelta(minutes=1))
        assert office.minutes(900) == {MONDAY: DAY}


class TestTwoSchoolsClaimingOnePupil:
    def test_each_school_counts_its_own_part_and_nothing_is_added_up(self, tmp_path: Path):
        office = Office(tmp_path, SHARED).opened()
        office.absent(absence(100, MONDAY))
        (office.folder / "school.toml").write_text(SHARED.replace(SCHOOL, OTHER), encoding="utf-8")
        report = office.deliver("enrolments.csv", PUPILS)
        assert warnings(report) == [("in_two_schools", 2, 1)]  # pupil 200 has left the first
        office.deliver("timetable.csv", lessons(MONDAY, FRIDAY, slots=3))
        office.absent(absence(100, MONDAY), absence(100, TUESDAY))
        assert office.minutes() == {MONDAY: DAY}
        assert office.minutes(school=OTHER) == {MONDAY: 150, TUESDAY: 150}
        assert (office.scheduled()[MONDAY], office.scheduled(school=OTHER)[MONDAY]) == (5 * DAY, 5 * 150)

    def test_who_delivered_first_hears_it_with_its_next_file_and_the_order_changes_no_count(self, tmp_path: Path):
        counted = []
        for order in ((SCHOOL, OTHER), (OTHER, SCHOOL)):
            root = tmp_path / order[0]
            root.mkdir()
            office = Office(root, SHARED)
            told = []
            for school in order:
                (office.folder / "school.toml").write_text(SHARED.replace(SCHOOL, school), encoding="utf-8")
                told.append(warnings(office.deliver("enrolments.csv", PUPILS)))
                office.deliver("timetable.csv", lessons(date(2026, 9, 7), FRIDAY, slots=3 if school == OTHER else 6))
                office.absent(absence(100, TUESDAY))
            (office.folder / "school.toml").write_text(SHARED.replace(SCHOOL, order[0]), encoding="utf-8")
            again = office.deliver(
                "enrolments.csv", PUPILS + "300,2a,2026-08-31,\n", at=DELIVERED + timedelta(minutes=1)
            )
            assert [*told, warnings(again)] == [[], [("in_two_schools", 2, 1)], [("in_two_schools", 2, 1)]]
            counted.append([(office.minutes(school=one), office.scheduled(school=one)) for one in (SCHOOL, OTHER)])
        assert counted[0] == counted[1]

    def test_without_a_shared_number_nobody_can_know(self, tmp_path: Path):
        office = Office(tmp_path).opened()
        (office.folder / "school.toml").write_text(SETTINGS.replace(SCHOOL, OTHER), encoding="utf-8")
        assert warnings(office.deliver("enrolments.csv", PUPILS)) == []


class TestATimetableOfGroupsInWhichNobodyIs:
    MATHS = "2a.wi1"

    def test_the_door_says_so_and_the_week_is_not_to_be_leaned_on(self, tmp_path: Path):
        office = Office(tmp_path)
        office.deliver("enrolments.csv", PUPILS)
        mentor = lessons(date(2026, 8, 31), date(2026, 8, 31), slots=1)
        others = lessons(date(2026, 8, 31), FRIDAY, self.MATHS, slots=2).replace(LESSONS, "")
        report = office.deliver("timetable.csv", mentor + others)
        assert warnings(report) == [("lessons_of_nobody", 3, 30)]
        assert (report.findings[0].value, "1 van de 2 groepen" in report.findings[0].message) == (self.MATHS, True)
        truancy = [absence(100, day, kind="truancy", start_slot=1) for day in (MONDAY, TUESDAY)]
        report = office.absent(*truancy)
        assert [found.check for found in report.findings] == ["no_school_day"]
        assert office.minutes() == {}
        week = report.weeks[-1]
        assert (week.week, week.grade, week.unattended_share) == (MONDAY, Grade.POOR, 1.0)
        assert any("niet bekend welke leerlingen" in reason for reason in week.reasons)

    def test_a_class_that_has_left_or_is_yet_to_come_is_nobody_only_then(self, tmp_path: Path):
        office = Office(tmp_path)
        office.deliver(
            "enrolments.csv",
            "pupil_number,group,valid_from,valid_to\n100,2a,2026-08-31,\n200,2b,2026-08-31,2026-09-08\n",
        )
        both = lessons(date(2026, 9, 7), FRIDAY) + lessons(date(2026, 9, 7), FRIDAY, "2b").replace(LESSONS, "")
        assert warnings(office.deliver("timetable.csv", both)) == []
        after = lessons(FRIDAY + timedelta(days=3), FRIDAY + timedelta(days=7), "2b", slots=1)
        assert warnings(office.deliver("timetable-2b.csv", after)) == [("lessons_of_nobody", 2, 5)]

    def test_without_any_pupil_known_nothing_is_said(self, tmp_path: Path):
        assert warnings(Office(tmp_path).deliver("timetable.csv", lessons(MONDAY, FRIDAY))) == []


class TestLessonsOnDaysOff:
    HOLIDAY = date(2026, 10, 21)

    def test_they_are_told_and_count_as_the_school_said(self, office: Office):
        of_one = (
            "record,pupil_number,date,slot,start_minute,minutes,status,register,recorded_at\n"
            f"x,100,{self.HOLIDAY},1,530,50,planned,taken,{KNOWN}\ny,100,{FRIDAY},1,530,50,planned,taken,{KNOWN}\n"
            f"z,100,{self.HOLIDAY},2,580,50,cancelled,taken,{KNOWN}\n"
        )
        report = office.deliver("timetable-100.csv", of_one)
        assert warnings(report) == [("lessons_on_days_off", 2, 1)]
        assert report.findings[0].value == self.HOLIDAY.isoformat()
        after = datetime(2026, 10, 26, tzinfo=UTC)
        assert office.scheduled(as_of=after)[date(2026, 10, 19)] == 50

    def test_a_closure_of_the_school_itself_is_such_a_day(self, tmp_path: Path):
        closed = SETTINGS + f"[[closures]]\nfirst = {TUESDAY}\nlast = {TUESDAY}\n"
        office = Office(tmp_path, closed)
        office.deliver("enrolments.csv", PUPILS)
        report = office.deliver("timetable.csv", lessons(MONDAY, FRIDAY, slots=2))
        assert warnings(report) == [("lessons_on_days_off", 4, 2)]

    def test_beyond_the_years_of_the_calendar_nothing_is_said(self, tmp_path: Path):
        office = Office(tmp_path)
        office.deliver("enrolments.csv", PUPILS)
        far = date(2012, 1, 2)
        assert warnings(office.deliver("timetable.csv", lessons(far, far + timedelta(days=6)))) == []


class TestATimetableThatContradictsTheAbsences:
    CHANGED = (
        f"c,2a,{WEDNESDAY},7,830,50,cancelled,taken,{KNOWN}\nn,2a,{WEDNESDAY},8,880,50,not_required,taken,{KNOWN}\n"
        f"r,2a,{WEDNESDAY},9,930,50,planned,not_taken,{KNOWN}\n"
    )

    @pytest.mark.parametrize(
        ("more", "check"),
        [
            ({"start_slot": 7, "end_slot": 7}, "lesson_cancelled"),
            ({"start_slot": 8}, "lesson_cancelled"),
            ({"start_slot": 9}, "register_not_taken"),
            ({"start_slot": 12}, "no_lesson"),
            ({"start_minute": 60, "end_minute": 120}, "no_lesson"),
            ({"start_slot": 12, "kind": "late"}, "no_lesson"),
        ],
    )
    def test_at_an_hour_without_a_lesson_nothing_was_missed(self, office: Office, more: dict[str, object], check: str):
        office.deliver("timetable-2.csv", LESSONS + self.CHANGED)
        report = office.absent(absence(100, MONDAY), absence(100, WEDNESDAY, **more))
        assert warnings(report) == [(check, 3, 1)]
        assert report.findings[0].value == str(WEDNESDAY)
        assert office.minutes() == {MONDAY: DAY}

    @pytest.mark.parametrize(
        ("first", "last"),
        [
            (date(2026, 9, 12), None),  # a Saturday
            (date(2026, 9, 12), date(2026, 9, 13)),
            (date(2026, 10, 19), date(2026, 10, 23)),  # the autumn holiday of the region
        ],
    )
    def test_on_a_day_without_school_nothing_was_missed(self, office: Office, first: date, last: date | None):
        report = office.absent(absence(100, first, last, recorded_at=KNOWN))
        assert warnings(report) == [("no_school_day", 2, 1)]
        assert office.minutes(as_of=datetime(2026, 11, 2, tzinfo=UTC)) == {}

    def test_a_school_that_is_closed_that_day_may_say_so_in_its_settings(self, tmp_path: Path):
        closed = f'closures = [{{ first = {WEDNESDAY}, last = {WEDNESDAY}, name = "studiedag" }}]\n'
        office = Office(tmp_path, SETTINGS + closed)
        office.deliver("enrolments.csv", PUPILS)
        report = office.absent(absence(100, TUESDAY), absence(100, WEDNESDAY))
        assert warnings(report) == [("no_school_day", 3, 1)]
        assert office.minutes() == {TUESDAY: DAY}

    @pytest.mark.parametrize(
        "more",
        [
            {"start_slot": 6, "end_slot": 7},  # one of the two was cancelled
            {"start_minute": 520, "end_minute": 600},
            {},
            {"kind": "not_required", "start_slot": 7},
            {"open_ended": "true"},
        ],
    )
    def test_what_finds_a_lesson_or_agrees_with_the_timetable_is_not_told(
        self, office: Office, more: dict[str, object]
    ):
        office.deliver("timetable-2.csv", LESSONS + self.CHANGED)
        assert warnings(office.absent(absence(100, WEDNESDAY, **more))) == []

    def test_a_timetable_that_comes_later_tells_of_absences_that_were_known(self, office: Office):
        office.absent(absence(100, MONDAY, start_slot=2), absence(100, TUESDAY))
        assert office.minutes() == {MONDAY: 50, TUESDAY: DAY}
        later = DELIVERED + timedelta(minutes=1)
        report = office.deliver("timetable.csv", LESSONS + f",2a,{MONDAY},2,580,50,cancelled,taken,\n", at=later)
        assert warnings(report) == [("lesson_cancelled", None, 1)]
        assert office.minutes() == {TUESDAY: DAY}

    def test_a_register_that_says_present_beside_a_report_is_told_and_the_report_stands(self, tmp_path: Path):
        office = Office(tmp_path).opened()
        office.absent(absence(100, TUESDAY, open_ended="true"))
        seen = "leerling.leerlingnummer;waarnemingSoort;beginDatumTijd;eindDatumTijd;beginLesuur;eindLesuur\n"
        rows = [(MONDAY, "Aanwezig"), (WEDNESDAY, "Aanwezig"), (THURSDAY, "Afwezig"), (THURSDAY, "Aanwezig")]
        export = seen + "".join(f"100;{kind};{day}T09:40:00;{day}T10:30:00;2;2\n" for day, kind in rows)
        report = office.deliver("waarnemingen.csv", export, source="somtoday")
        assert warnings(report) == [("present_beside_report", 3, 2)]
        assert office.minutes() == dict.fromkeys((TUESDAY, WEDNESDAY, THURSDAY, FRIDAY), DAY)
        stored = Lake(office.home).scan("absences").select("kind").collect()["kind"].to_list()
        assert sorted(stored) == ["sick", "unexplained"]

    def test_so_does_a_system_that_keeps_both_in_one_file(self, office: Office):
        rows = [(MONDAY, "1", "", "3"), (MONDAY, "2", "2", "5"), (TUESDAY, "3", "2", "5")]
        export = "idverantwoording;stamnr;daanwezigheid;lesuur;code;idverantwoordingtypen\n"
        export += "".join(f"{key};100;{day};{slot};;{kind}\n" for day, key, slot, kind in rows)
        report = office.deliver("verantwoordingen.csv", export, source="magister")
        assert ("present_beside_report", 3, 1) in warnings(report)
        assert office.minutes() == {MONDAY: DAY}

    def test_a_report_that_ended_before_the_lesson_is_no_contradiction(self, tmp_path: Path):
        office = Office(tmp_path).opened()
        office.absent(absence(100, TUESDAY, WEDNESDAY, end_slot=2))
        seen = "leerling.leerlingnummer;waarnemingSoort;beginDatumTijd;eindDatumTijd;beginLesuur;eindLesuur\n"
        export = seen + "".join(
            f"100;Aanwezig;{day}T09:40:00;{day}T10:30:00;{slot};{slot}\n"
            for day, slot in ((WEDNESDAY, 3), (THURSDAY, 1))
        )
        assert office.deliver("waarnemingen.csv", export, source="somtoday").findings == ()


class TestMomentsThatAreNotRecorded:
    def test_the_delivery_stands_for_them_and_the_grade_says_so(self, office: Office):
        report = office.absent(absence(100, MONDAY, recorded_at=None))
        (week,) = report.weeks
        assert (week.delivery_moment_share, week.grade) == (1, Grade.FAIR)
        assert any("het moment van de levering" in reason for reason in week.reasons)
        assert office.minutes(as_of=DELIVERED - timedelta(seconds=1)) == {}
        assert office.minutes(as_of=DELIVERED) == {MONDAY: DAY}

    def test_a_timetable_that_came_afterwards_counts_from_then_and_the_norm_before(self, tmp_path: Path):
        office = Office(tmp_path)
        office.deliver("enrolments.csv", PUPILS, at=datetime(2026, 8, 31, tzinfo=UTC))
        office.absent(absence(100, date(2026, 9, 7)), at=datetime(2026, 9, 12, tzinfo=UTC))
        office.deliver("timetable.csv", lessons(date(2026, 9, 7), FRIDAY, slots=4, recorded=""))
        before, after = datetime(2026, 9, 14, 5, tzinfo=UTC), AS_OF
        assert office.scheduled(as_of=before) == {date(2026, 9, 7): 5 * DAY}
        assert office.minutes(as_of=before) == {date(2026, 9, 7): DAY}
        assert office.scheduled(as_of=after) == {date(2026, 9, 7): 1000, MONDAY: 1000}
        assert office.minutes(as_of=after) == {date(2026, 9, 7): 200}


class TestPupilsWhoAreNoLongerInTheFile:
    EVERYBODY = "pupil_number,group,valid_from,valid_to\n" + "".join(f"{n},2a,2026-08-31,\n" for n in (100, 200, 300))
    NEXT = DELIVERED + timedelta(weeks=1)

    def test_they_stay_enrolled_and_the_report_says_how_many_and_what_to_do(self, tmp_path: Path):
        office = Office(tmp_path)
        assert warnings(office.deliver("enrolments.csv", self.EVERYBODY)) == []
        report = office.deliver("enrolments.csv", self.EVERYBODY.replace("300,", "400,"), at=self.NEXT)
        assert warnings(report) == [("no_longer_named", None, 1)]
        assert "complete_from" in report.findings[0].remedy

    def test_a_last_day_tells_it(self, tmp_path: Path):
        office = Office(tmp_path)
        office.deliver("enrolments.csv", self.EVERYBODY)
        left = self.EVERYBODY.replace("300,2a,2026-08-31,", "300,2a,2026-08-31,2026-09-25")
        assert warnings(office.deliver("enrolments.csv", left, at=self.NEXT)) == []


class TestAClassChangedAndChangedBack:
    @staticmethod
    def deliver(office: Office, *groups: str, at: datetime) -> QualityReport:
        rows = "".join(f"100,{group},2026-08-01,\n" for group in groups)
        return office.deliver("enrolments.csv", f"pupil_number,group,valid_from,valid_to\n{rows}", at=at)

    @staticmethod
    def group(office: Office, as_of: datetime) -> str:
        enrolled = known(load(office.home, until=as_of.date()).enrolments, as_of)
        now = current(periods(enrolled, end_day=(as_of.date() - EPOCH).days), today=(as_of.date() - EPOCH).days)
        return str(pl.DataFrame(now.collect().to_native())["group"].item())

    def test_the_newest_file_says_in_which_class_a_pupil_is_and_each_date_keeps_what_it_knew(self, tmp_path: Path):
        office = Office(tmp_path)
        weeks = [DELIVERED + timedelta(weeks=n) for n in range(4)]
        reports = [
            self.deliver(office, group, at=at) for group, at in zip(("2a", "2b", "2a", "2a"), weeks, strict=True)
        ]
        assert [(report.new, report.corrected) for report in reports] == [(1, 0), (1, 0), (0, 1), (0, 0)]
        assert [self.group(office, at) for at in weeks] == ["2a", "2b", "2a", "2a"]

    def test_files_given_again_add_nothing(self, tmp_path: Path):
        office = Office(tmp_path)
        weeks = [(group, DELIVERED + timedelta(weeks=n)) for n, group in enumerate(("2a", "2b", "2a"))]
        for group, at in weeks:
            self.deliver(office, group, at=at)
        again = [self.deliver(office, group, at=at).verdict for group, at in (weeks[1], weeks[0], weeks[2])]
        assert set(again) == {Verdict.UNCHANGED}

    def test_a_file_that_names_both_says_no_more_than_before(self, tmp_path: Path):
        office = Office(tmp_path)
        self.deliver(office, "2a", at=DELIVERED)
        self.deliver(office, "2a", "2b", at=DELIVERED + timedelta(weeks=1))
        report = self.deliver(office, "2a", "2b", at=DELIVERED + timedelta(weeks=2))
        assert (report.new, report.corrected) == (0, 0)
        assert self.group(office, DELIVERED + timedelta(weeks=2)) == "2b"


class TestWhoLeavesAfterAChangeOfClass:
    HEADER = "pupil_number,group,valid_from,valid_to\n"
    WEEKS = tuple(DELIVERED + timedelta(weeks=n) for n in range(4))

    def deliver(self, office: Office, row: str, at: datetime, *, others: bool = True) -> QualityReport:
        rest = "200,2a,2026-08-01,\n300,2a,2026-08-01,\n" if others else ""
        return office.deliver("enrolments.csv", f"{self.HEADER}100,{row}\n{rest}", at=at)

    @staticmethod
    def group(office: Office, day: date, as_of: datetime) -> str | None:
        end_day = (as_of.date() - EPOCH).days
        enrolled = known(load(office.home, until=as_of.date()).enrolments, as_of)
        now = current(periods(enrolled, end_day=end_day), today=(day - EPOCH).days).collect().to_native()
        pupil = office.pseudonym(100)
        return dict(pl.DataFrame(now).select("pupil", "group").iter_rows()).get(pupil)

    @pytest.mark.parametrize(("one", "other"), [("2a", "2b"), ("2b", "2a")])
    @pytest.mark.parametrize("began", ["2026-08-01", "2026-09-07"])
    def test_they_are_not_back_in_the_class_before(self, tmp_path: Path, one: str, other: str, began: str):
        office = Office(tmp_path)
        self.deliver(office, f"{one},2026-08-01,", self.WEEKS[0])
        self.deliver(office, f"{other},{began},", self.WEEKS[1])
        report = self.deliver(office, f"{other},{began},2026-10-02", self.WEEKS[2])
        assert report.new == 0
        monday = self.WEEKS[2].date()
        assert self.group(office, date(2026, 10, 2), self.WEEKS[2]) == other
        assert self.group(office, monday, self.WEEKS[2]) is None
        again = self.deliver(office, f"{other},{began},2026-10-02", self.WEEKS[2])
        assert again.verdict is Verdict.UNCHANGED

    def test_who_is_named_in_the_class_before_is_back_in_it(self, tmp_path: Path):
        office = Office(tmp_path)
        rows = ("2a,2026-08-01,", "2b,2026-09-07,", "2b,2026-09-07,2026-10-02", "2a,2026-08-01,")
        for row, at in zip(rows, self.WEEKS, strict=True):
            self.deliver(office, row, at)
        assert self.group(office, self.WEEKS[3].date(), self.WEEKS[3]) == "2a"

    def test_a_file_about_some_pupils_ends_only_what_it_names(self, tmp_path: Path):
        office = Office(tmp_path)
        self.deliver(office, "2a,2026-08-01,", self.WEEKS[0])
        self.deliver(office, "2b,2026-09-07,2026-10-02", self.WEEKS[1], others=False)
        assert self.group(office, self.WEEKS[2].date(), self.WEEKS[2]) == "2a"


class TestAShortenedDay:
    @staticmethod
    def deliver(office: Office, minutes: int, *, at: datetime, record: str = "") -> QualityReport:
        hours = "".join(
            f"{record and f'{record}{slot}'},2a,{MONDAY},{slot},{480 + minutes * slot},{minutes},planned,taken,\n"
            for slot in range(1, 7)
        )
        return office.deliver("timetable-verkort.csv", LESSONS + hours, at=at)

    @pytest.fixture
    def school(self, tmp_path: Path) -> Office:
        office = Office(tmp_path)
        office.deliver("enrolments.csv", PUPILS)
        self.deliver(office, 50, at=DELIVERED)
        return office

    @staticmethod
    def minutes(office: Office, hours: int) -> int:
        week = office.scheduled(as_of=DELIVERED + timedelta(hours=hours))[MONDAY]
        return week - 4 * DAY  # the other days have the norm

    def test_it_replaces_the_ordinary_day_from_its_own_moment(self, school: Office):
        report = self.deliver(school, 30, at=DELIVERED + timedelta(hours=2))
        assert (report.new, report.withdrawn, report.dropped) == (6, 6, 0)
        assert [self.minutes(school, hours) for hours in (1, 3)] == [300, 180]

    def test_the_ordinary_day_given_once_more_is_the_last_word_again(self, school: Office):
        for hours, minutes in ((2, 30), (4, 50)):
            self.deliver(school, minutes, at=DELIVERED + timedelta(hours=hours))
        assert [self.minutes(school, hours) for hours in (1, 3, 5)] == [300, 180, 300]

    def test_files_given_again_add_nothing(self, school: Office):
        self.deliver(school, 30, at=DELIVERED + timedelta(hours=2))
        again = [
            self.deliver(school, minutes, at=DELIVERED + timedelta(hours=hours)).verdict
            for minutes, hours in ((50, 0), (30, 2))
        ]
        assert set(again) == {Verdict.UNCHANGED}

    def test_parallel_lessons_of_one_moment_and_lessons_with_a_record_stand(self, school: Office):
        parallel = self.deliver(school, 30, at=DELIVERED)
        recorded = self.deliver(school, 40, at=DELIVERED + timedelta(hours=2), record="L")
        assert (parallel.withdrawn, recorded.withdrawn) == (0, 0)
        assert self.minutes(school, 3) == 300


class TestFilesOutOfOrder:
    @staticmethod
    def deliver(office: Office, kind: str, hours: int) -> QualityReport:
        row = absence(100, TUESDAY, record="r1", kind=kind, recorded_at=None)
        return office.absent(row, at=DELIVERED + timedelta(hours=hours))

    @staticmethod
    def kind(office: Office, hours: int) -> str:
        known = as_known(Lake(office.home).scan("absences"), DELIVERED + timedelta(hours=hours)).collect()
        return str(known["kind"].item())

    def test_a_late_file_tells_that_a_newer_one_may_have_said_otherwise(self, office: Office):
        self.deliver(office, "sick", 1)
        self.deliver(office, "sick", 3)
        assert warnings(self.deliver(office, "leave", 2)) == [("given_late", None, 1)]
        assert self.kind(office, 4) == "leave"

    def test_the_newer_file_once_more_is_the_last_word_again_from_its_own_moment(self, office: Office):
        for kind, hours in (("sick", 1), ("sick", 3), ("leave", 2), ("sick", 3)):
            self.deliver(office, kind, hours)
        assert [self.kind(office, hours) for hours in (1, 2, 3, 4)] == ["sick", "leave", "sick", "sick"]

    def test_nothing_is_told_where_the_newer_file_itself_changed_the_fact_or_was_of_another_table(self, office: Office):
        self.deliver(office, "sick", 1)
        office.deliver("enrolments.csv", PUPILS, at=DELIVERED + timedelta(hours=3))
        assert warnings(self.deliver(office, "leave", 2)) == []
        self.deliver(office, "late", 6)
        assert warnings(self.deliver(office, "truancy", 5)) == []
        assert self.kind(office, 7) == "late"


class TestAnOlderExportGivenAsNew:
    OLD = absence(100, TUESDAY, record="m1", kind="unexplained", recorded_at="2026-09-15T08:00:00Z")
    NEW = absence(100, TUESDAY, record="m1", kind="sick", recorded_at="2026-09-17T08:00:00Z")
    MOMENTS = tuple(DELIVERED + timedelta(hours=n) for n in range(5))

    @pytest.mark.parametrize("before", [(OLD, NEW), (NEW,)], ids=["sent again", "in the wrong order"])
    def test_it_tells_that_it_puts_an_older_reading_back(self, office: Office, before: tuple[str, ...]):
        for row, at in zip(before, self.MOMENTS, strict=False):
            assert warnings(office.absent(row, at=at)) == []
        assert warnings(office.absent(self.OLD, at=self.MOMENTS[2])) == [("older_reading", 2, 1)]
        assert warnings(office.absent(self.NEW, at=self.MOMENTS[3])) == []

    def test_given_with_its_own_moment_there_is_nothing_to_tell(self, office: Office):
        for row, at in ((self.OLD, 0), (self.NEW, 1), (self.OLD, 0)):
            report = office.absent(row, at=self.MOMENTS[at])
        assert report.verdict is Verdict.UNCHANGED
        assert report.findings == ()

    def test_a_source_that_keeps_its_first_moment_is_not_told_of(self, office: Office):
        kept = self.NEW.replace("2026-09-17T08", "2026-09-15T08")
        found = [office.absent(row, at=at) for row, at in zip((self.OLD, kept, self.OLD), self.MOMENTS, strict=False)]
        assert [warnings(report) for report in found] == [[], [], []]


class TestFilesThatCannotBeRead:
    @staticmethod
    def unreadable(office: Office) -> None:
        """Put a file there that opens, and fails on reading."""
        (office.folder / "absences.csv").symlink_to("/proc/self/mem")

    def test_the_others_go_on_and_the_report_says_which(self, tmp_path: Path):
        office = Office(tmp_path)
        self.unreadable(office)
        (office.folder / "enrolments.csv").write_text(PUPILS, encoding="utf-8")
        reports = ingest(office.home, office.folder, delivered_at=DELIVERED)
        assert {report.file: report.verdict for report in reports} == {
            "absences.csv": Verdict.REFUSED,
            "enrolments.csv": Verdict.ACCEPTED,
        }
        (found,) = next(report.findings for report in reports if report.verdict is Verdict.REFUSED)
        assert (found.check, found.file) == ("unreadable", "absences.csv")
        assert "niet te lezen" in found.message

    def test_the_exit_code_says_so_too(self, tmp_path: Path):
        office = Office(tmp_path)
        self.unreadable(office)
        (office.folder / "enrolments.csv").write_text(PUPILS, encoding="utf-8")
        result = CliRunner().invoke(app, ["ingest", str(office.folder)], env={"AANWEZIG_HOME": str(office.home.root)})
        assert result.exit_code == 3
        assert Lake(office.home).schools() == [SCHOOL]

    def test_every_refusal_keeps_a_report_of_its_own(self, tmp_path: Path):
        office = Office(tmp_path)
        for name in ("absences.csv", "absences.txt", "absences.json"):  # one stem, within one second
            (office.folder / name).write_text("\n", encoding="utf-8")
        reports = ingest(office.home, office.folder, delivered_at=DELIVERED)
        reports += ingest(office.home, office.folder, delivered_at=DELIVERED)
        kept = [QualityReport.model_validate_json(p.read_bytes()) for p in office.home.reports.rglob("*.json")]
        assert len(reports) == 6
        assert sorted(report.delivery for report in kept) == sorted(report.delivery for report in reports)


ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "bad-input.md"


def rows_of_the_page() -> list[list[str]]:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines][2:]


def test_every_check_that_the_page_names_is_in_the_code():
    code = "\n".join(
        p.read_text(encoding="utf-8") for room in ("data_contracts", "pipelines") for p in (ROOT / room).rglob("*.py")
    )
    named = {check for row in rows_of_the_page() for check in re.findall(r"`([a-z_]+)`", row[2])}
    assert named
    assert {check for check in named if f'"{check}"' not in code} == set()


def test_every_test_here_is_on_the_page_and_every_test_on_the_page_is_here():
    here = {name for name, kind in globals().items() if name.startswith("Test") and isinstance(kind, type)}
    assert {name for row in rows_of_the_page() for name in re.findall(r"`(Test\w+)`", row[3])} == here
