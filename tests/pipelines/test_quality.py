"""How good a school's week is, as it was known at a moment."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from data_contracts.quality import Grade, QualityReport, Verdict, WeekQuality
from data_contracts.tables import CONTRACT_VERSION, TABLES
from pipelines.home import Home
from pipelines.lake import Lake, schema
from pipelines.quality import week_quality

SCHOOL = "11ZZ03"
WEEK = date(2026, 9, 28)  # school weeks before it: 31 August to 21 September
AFTER = datetime(2026, 10, 5, 5, tzinfo=UTC)
PUPIL = "p" + "a" * 26


class School:
    """A school in an otherwise empty lake."""

    def __init__(self, root: Path) -> None:
        self.lake = Lake(Home.at(root))
        self.delivered = 0
        self.settings('region = "midden"\n')

    def settings(self, more: str) -> None:
        path = self.lake.home.schools / f"{SCHOOL}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'school = "{SCHOOL}"\nname = "De Proef"\nsector = "vo"\n{more}')

    def put(self, table: str, *rows: dict[str, object]) -> None:
        self.delivered += 1
        name = f"{table}-{self.delivered}"
        usual = {
            "school": SCHOOL,
            "pupil": PUPIL,
            "withdrawn": False,
            "recorded_basis": "source",
            "delivered_at": AFTER,
            "delivery": name,
        }
        filled = [usual | {"record": f"{name}-{at}"} | row for at, row in enumerate(rows)]
        report = QualityReport(
            delivery=name,
            school=SCHOOL,
            source="canonical",
            table=table,
            file="a.csv",
            delivered_at=AFTER,
            sha256="0" * 64,
            verdict=Verdict.ACCEPTED,
            contract_version=CONTRACT_VERSION,
        )
        self.lake.append(pl.DataFrame(filled, schema=schema(TABLES[table])), report)

    def absences(self, week: date, count: int, **more: object) -> None:
        """Put `count` sick reports on the Tuesday of `week`, recorded the same day."""
        day = week + timedelta(days=1)
        recorded = datetime(day.year, day.month, day.day, 7, tzinfo=UTC)
        usual = {"start_date": day, "kind": "sick", "registration": "report", "mapped": True, "recorded_at": recorded}
        self.put("absences", *(usual | {"pupil": f"p{at:026d}"} | more for at in range(count)))

    def enrol(self, *groups: str) -> None:
        usual = {"valid_from": date(2026, 8, 1), "recorded_at": datetime(2026, 8, 1, tzinfo=UTC)}
        self.put("enrolments", *(usual | {"pupil": f"p{at:026d}", "group": g} for at, g in enumerate(groups)))

    def lessons(self, week: date, *, group: str = "2hv1", **more: object) -> None:
        usual = {
            "pupil": None,
            "group": group,
            "minutes": 50,
            "status": "planned",
            "register": "taken",
            "recorded_at": datetime(2026, 8, 1, tzinfo=UTC),
        }
        self.put("timetable", *(usual | {"date": week + timedelta(days=day), "slot": 1} | more for day in range(5)))

    def grade(self, week: date = WEEK, *, as_of: datetime = AFTER) -> WeekQuality:
        (found,) = week_quality(self.lake, SCHOOL, weeks=[week], as_of=as_of)
        return found


@pytest.fixture
def school(tmp_path: Path) -> School:
    return School(tmp_path)


def before(week: date) -> list[date]:
    return [week - timedelta(days=7 * back) for back in (4, 3, 2, 1)]


def test_a_sound_week_is_good(school: School):
    school.enrol("2hv1")
    school.lessons(WEEK)
    school.absences(WEEK, 3)
    found = school.grade()
    assert (found.grade, found.registrations, found.reasons) == (Grade.GOOD, 3, ())
    assert (found.unmapped_share, found.unrecorded_share, found.timetable_share) == (0, 0, 1)
    assert (found.late_recorded_share, found.assumed_moment_share, found.duplicates) == (0, 0, 0)


def test_unmapped_codes_lower_the_grade_and_are_said(school: School):
    school.absences(WEEK, 3)
    school.absences(WEEK, 1, mapped=False, registration="observation")
    found = school.grade()
    assert (found.grade, found.unmapped_share) == (Grade.POOR, 0.25)
    assert found.reasons == ("Van 25 % van de meldingen staat de code niet in het schoolbestand.",)


def test_registers_not_taken_count_by_minutes_and_only_for_days_that_are_over(school: School):
    school.lessons(WEEK, minutes=30)
    school.lessons(WEEK, minutes=10, register="not_taken", slot=2)
    school.lessons(WEEK, minutes=500, register="not_taken", status="cancelled", slot=3)
    assert school.grade().unrecorded_share == 0.25
    monday_evening = datetime(2026, 9, 28, 18, tzinfo=UTC)
    assert school.grade(as_of=monday_evening).unrecorded_share is None


def test_a_pupil_has_a_timetable_of_the_group_or_of_their_own(school: School):
    school.enrol("2hv1", "2hv2", "2hv3", "2hv3")
    school.lessons(WEEK, group="2hv1")
    school.lessons(WEEK, group=None, pupil=f"p{3:026d}")
    found = school.grade()
    assert (found.timetable_share, found.grade) == (0.5, Grade.FAIR)


def test_lessons_of_groups_in_which_nobody_is_lower_the_grade(school: School):
    school.enrol("2hv1")
    school.lessons(WEEK, minutes=45)
    school.lessons(WEEK, group="2hv1.wi2", minutes=5)
    school.lessons(WEEK, group=None, pupil=f"p{9:026d}", minutes=900)
    found = school.grade()
    assert (found.unattended_share, found.grade) == (0.1, Grade.FAIR)
    assert found.reasons == (
        "Van 10 % van de lestijd in het rooster is niet bekend welke leerlingen die les hebben; wie daar afwezig was telt niet mee.",
    )


def test_a_pupil_who_left_needs_no_timetable(school: School):
    school.enrol("2hv1")
    gone = {"group": "9x", "valid_from": date(2025, 8, 1), "valid_to": date(2026, 9, 27), "pupil": "p" + "b" * 26}
    school.put("enrolments", gone | {"recorded_at": datetime(2026, 8, 1, tzinfo=UTC)})
    school.lessons(WEEK)
    assert school.grade().timetable_share == 1


def test_late_is_measured_at_the_first_word_not_at_a_correction(school: School):
    day, late = datetime(2026, 9, 29, 7, tzinfo=UTC), datetime(2026, 10, 8, 7, tzinfo=UTC)
    school.absences(WEEK, 1, record="corrected", recorded_at=day)
    school.absences(WEEK, 1, record="corrected", recorded_at=late, kind="leave")
    school.absences(WEEK, 1, record="late", recorded_at=late, registration="observation")
    assert school.grade(as_of=late + timedelta(days=1)).late_recorded_share == 0.5
    assert school.grade(as_of=AFTER).late_recorded_share == 0  # not known yet


def test_without_a_moment_of_its_own_nothing_is_late_but_it_is_said_where_it_is_assumed(school: School):
    school.absences(WEEK, 1, recorded_basis="assumed")
    school.absences(WEEK, 1, recorded_basis="delivery", registration="observation")
    found = school.grade()
    assert (found.late_recorded_share, found.assumed_moment_share, found.delivery_moment_share) == (None, 0.5, 0.5)


def test_where_the_source_keeps_no_moments_the_grade_says_that_the_delivery_stands_for_them(school: School):
    school.absences(WEEK, 2, recorded_basis="delivery")
    school.absences(WEEK, 1, registration="observation")
    found = school.grade()
    assert found.delivery_moment_share == pytest.approx(2 / 3)
    (reason,) = found.reasons
    assert found.grade is Grade.FAIR
    assert reason.startswith("Van 67 % van de meldingen zegt de export niet wanneer ze zijn ingevoerd")


def test_the_same_registration_entered_twice_is_a_duplicate(school: School):
    school.absences(WEEK, 2)
    school.absences(WEEK, 2)
    found = school.grade()
    assert (found.registrations, found.duplicates, found.grade) == (4, 2, Grade.POOR)


def test_what_was_taken_back_no_longer_counts(school: School):
    school.absences(WEEK, 1, record="x")
    school.absences(WEEK, 1, record="x", withdrawn=True, recorded_at=AFTER - timedelta(hours=1))
    assert school.grade().registrations == 0


@pytest.mark.parametrize(
    ("usual", "now", "grade"), [(30, 0, Grade.POOR), (30, 2, Grade.POOR), (30, 3, Grade.GOOD), (19, 0, Grade.GOOD)]
)
def test_a_week_far_below_the_usual_number_is_suddenly_silent(school: School, usual: int, now: int, grade: Grade):
    for week in before(WEEK):
        school.absences(week, usual)
    school.absences(WEEK, now)
    found = school.grade()
    assert found.grade is grade
    assert found.suddenly_silent is (grade is Grade.POOR)


def test_a_silent_week_says_what_was_usual(school: School):
    for week in before(WEEK):
        school.absences(week, 30)
    assert school.grade().reasons == (
        "Er zijn geen meldingen, tegen gewoonlijk 30 per week; waarschijnlijk is er niet geregistreerd of niet geleverd.",
    )


def test_a_holiday_is_not_silence_and_weeks_before_it_are_the_usual_ones(school: School):
    autumn, afterwards = date(2026, 10, 19), date(2026, 10, 26)  # region midden
    for week in before(autumn):
        school.absences(week, 30)
    late = datetime(2026, 11, 2, 5, tzinfo=UTC)
    assert school.grade(autumn, as_of=late).grade is Grade.GOOD
    assert school.grade(afterwards, as_of=late).suddenly_silent


def test_a_week_that_is_not_over_is_not_silent_yet(school: School):
    for week in before(WEEK):
        school.absences(week, 30)
    assert not school.grade(as_of=datetime(2026, 10, 2, 12, tzinfo=UTC)).suddenly_silent


def test_without_calendar_or_timetable_silence_may_be_a_holiday(school: School):
    school.settings("")
    for week in before(WEEK):
        school.absences(week, 30)
    assert not school.grade().suddenly_silent


def test_a_large_school_without_any_registration_is_only_fair(school: School):
    school.enrol(*["2hv1"] * 50)
    school.lessons(WEEK)
    found = school.grade()
    assert (found.grade, found.reasons) == (Grade.FAIR, ("Er zijn deze week geen meldingen bekend.",))


def test_weeks_come_back_in_the_order_asked_and_also_for_an_unknown_school(school: School):
    weeks = [WEEK, date(2026, 9, 7)]
    assert [w.week for w in week_quality(school.lake, "11ZZ99", weeks=weeks, as_of=AFTER)] == weeks
    assert week_quality(school.lake, SCHOOL, weeks=[], as_of=AFTER) == []
