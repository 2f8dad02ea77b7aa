"""The page about a school: what is counted is hand-worked here, and what is too small is not shown."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from small_world import SCHOOLS, pupil, region

from data_contracts.identifiers import Sector
from data_contracts.school import SchoolSettings
from data_contracts.school_page import Attendance, PageWeek, SchoolPage, total
from data_contracts.tables import ABSENCES, ENROLMENTS, TIMETABLE, Table
from features.history import history
from features.tables import Tables
from pipelines.home import Home
from pipelines.lake import schema
from pipelines.publishing import Status, open_database, standing_pages
from pipelines.school_page import _large_enough, around, beside_others, school_pages
from pipelines.silent_weeks import silent_of
from pipelines.weekly import weekly
from service import db
from service.tables import FollowUpRow

SCHOOL = "11ZZ03"
MONDAY = date(2026, 9, 7)
AS_OF = datetime(2026, 9, 21, 5, tzinfo=UTC)
SETTINGS = {SCHOOL: SchoolSettings(school=SCHOOL, name="Het Baken", sector=Sector.VO)}
FIVE = "abcde"


def frame(table: Table, rows: list[dict]) -> pl.LazyFrame:
    types = schema(table)
    defaults = {column.name: column.default for column in table.columns}
    blank = {"school": SCHOOL, "withdrawn": False, "recorded_at": datetime(2026, 8, 1, tzinfo=UTC)}
    filled = [defaults | blank | {"record": str(n)} | row for n, row in enumerate(rows)]
    return pl.LazyFrame([{name: row.get(name) for name in types} for row in filled], schema=types)


def page(classes: dict[str, str], absent: list[tuple[str, date]], *, told: bool = True, **more: object) -> SchoolPage:
    """The page after two weeks of two lessons of 50 minutes a day, last year and this; `classes` has a letter a pupil.

    `told`: somebody was late on the last day, which takes no lesson time but says that the school registered.
    """
    days = [monday + timedelta(days=n) for monday in (MONDAY, MONDAY + timedelta(days=7)) for n in range(5)]
    days += [day - timedelta(weeks=52) for day in days]
    subjects = {1: "wi", 2: "ne"}
    lessons = [
        {"group": group, "date": day, "slot": slot, "start_minute": 480 + 50 * slot, "minutes": 50, "subject": subject}
        for group in classes
        for day in days
        for slot, subject in subjects.items()
    ]
    enrolled = [
        {"pupil": pupil, "group": group, "year_group": f"1{group[0]}", "valid_from": date(2025, 8, 18)}
        for group, pupils in classes.items()
        for pupil in pupils
    ]
    absences = [{"pupil": pupil, "start_date": day, "kind": "sick"} for pupil, day in absent]
    if told:
        absences.append({"pupil": FIVE[0], "start_date": date(2026, 9, 18), "start_slot": 1, "kind": "late"})
    tables = Tables(
        enrolments=frame(ENROLMENTS, enrolled),
        timetable=frame(TIMETABLE, lessons),
        absences=frame(ABSENCES, absences),
    )
    past = history(tables, AS_OF, until=date(2026, 9, 21))
    return school_pages(past, SETTINGS, **({"on_norm": frozenset(), "followed": {}} | more))[SCHOOL]


def minutes(scheduled: int, absent: int) -> Attendance:
    return Attendance(scheduled=scheduled, absent=absent)


class TestWhatIsCounted:
    """Five pupils in 2a and six in 2b, a day of 100 minutes each: 11 x 5 x 100 = 5,500 minutes a week."""

    CLASSES = {"2a": FIVE, "2b": "fghijk"}  # noqa: RUF012 - never written

    def test_a_week_beside_the_same_week_a_year_earlier(self):
        made = page(self.CLASSES, [("a", MONDAY), ("f", MONDAY), ("a", MONDAY - timedelta(weeks=52))])
        assert made.weeks == (
            PageWeek(week=MONDAY, own=minutes(5500, 200), last_year=minutes(5500, 100)),
            PageWeek(week=date(2026, 9, 14), own=minutes(5500, 0), last_year=minutes(5500, 0)),
        )

    def test_classes_and_year_groups_each_add_up_to_the_school(self):
        made = page(self.CLASSES, [("a", MONDAY), ("f", MONDAY), ("g", MONDAY)])
        school = total(week.own for week in made.weeks)
        assert [(part.name, part.pupils, part.attendance) for part in made.classes] == [
            ("2a", 5, minutes(5000, 100)),
            ("2b", 6, minutes(6000, 200)),
        ]
        assert [(part.name, part.attendance) for part in made.years] == [("12", minutes(11000, 300))]
        assert total(part.attendance for part in made.classes) == school
        assert total(part.attendance for part in made.years) == school

    def test_the_weeks_of_a_class(self):
        made = page(self.CLASSES, [("a", MONDAY)])
        assert [part.weeks for part in made.classes] == [(0.96, 1.0), (1.0, 1.0)]

    def test_weekdays_hours_and_subjects(self):
        made = page(self.CLASSES, [("a", MONDAY)])
        assert [(one.weekday, one.attendance) for one in made.weekdays][:2] == [
            (0, minutes(2200, 100)),
            (1, minutes(2200, 0)),
        ]
        assert {(one.weekday, one.hour): one.attendance for one in made.hours}[0, 1] == minutes(1100, 50)
        assert len(made.hours) == 10
        assert [(one.name, one.pupils, one.attendance) for one in made.subjects] == [
            ("ne", 11, minutes(5500, 50)),
            ("wi", 11, minutes(5500, 50)),
        ]

    def test_nobody_stands_on_it(self):
        made = page(self.CLASSES, [("a", MONDAY)], followed={SCHOOL: {"a": MONDAY}})
        assert '"a"' not in made.model_dump_json()


class TestWhatIsTooSmall:
    def parts(self, **classes: str) -> list[tuple[str, int]]:
        return [(part.name, part.pupils) for part in page(classes, []).classes]

    def test_a_class_of_five_is_shown_and_classes_of_four_stand_together(self):
        assert self.parts(k1=FIVE, k2="fghi", k3="jklm") == [("k1", 5), ("", 8)]

    def test_a_small_class_takes_the_next_one_with_it_so_that_it_is_no_remainder(self):
        assert self.parts(k1="fghi", k2=FIVE, k3="jklmno") == [("k3", 6), ("", 9)]

    def test_a_school_of_four_has_no_classes_and_no_hours(self):
        made = page({"2a": "abcd"}, [("a", MONDAY)])
        assert (made.classes, made.hours, made.subjects) == ((), (), ())

    def test_together_they_still_add_up_to_the_school(self):
        made = page({"2a": FIVE, "2b": "fghi", "2c": "jklm"}, [("f", MONDAY), ("j", MONDAY)])
        assert total(part.attendance for part in made.classes) == total(week.own for week in made.weeks)
        assert made.classes[-1].attendance == minutes(8000, 200)

    def test_an_hour_or_subject_of_few_pupils_is_left_out(self):
        rows = [
            (1, 0, 1, "la", 3, 300, 0),
            (1, 0, 2, "la", 3, 300, 0),
            (2, 0, 1, "wi", 4, 400, 40),
            (2, 1, 1, "wi", 2, 0, 0),
        ]
        names = ["unit_no", "weekday", "slot", "subject", "pupils", "scheduled", "absent"]
        hours = pl.DataFrame(rows, schema=names, orient="row")
        assert _large_enough(hours, "weekday", "slot") == [((0, 1), 7, minutes(700, 40))]
        assert _large_enough(hours, "subject") == [], "two hours a week of three pupils are three pupils"


class TestAWeekOfWhichNothingIsKnown:
    """Nobody absent is no attendance where nothing was registered."""

    USUAL = [30, 40, 30, 40]  # noqa: RUF012 - never written

    def test_a_tenth_of_what_is_usual_is_silent(self):
        assert silent_of([*self.USUAL, 3, 4, 30]) == [False] * 4 + [True, False, False]

    def test_however_long_it_lasts(self):
        assert silent_of([*self.USUAL, *[0] * 8, 30])[4:] == [True] * 8 + [False]

    def test_a_small_school_can_have_a_week_without_anything(self):
        assert silent_of([2, 1, 3, 2, 0, 1]) == [False] * 6

    def test_but_not_as_its_last(self):
        assert silent_of([2, 1, 0, 0]) == [False, False, True, True]

    def test_its_week_has_nothing_scheduled_and_counts_nowhere(self):
        made = page({"2a": FIVE}, [("a", MONDAY)], told=False)
        assert [one.own for one in made.weeks] == [minutes(2500, 100), minutes(0, 0)]
        assert made.classes[0].attendance == minutes(2500, 100)
        assert made.classes[0].weeks == (0.96, None)
        assert sum(one.attendance.scheduled for one in made.weekdays) == 2500
        assert sum(one.attendance.scheduled for one in made.hours) == 2500


class TestOtherSchools:
    def of(self, school: str, absent: int, *, sector: str = "vo", weeks: int = 1) -> SchoolPage:
        known = tuple(PageWeek(week=MONDAY + timedelta(weeks=n), own=minutes(1000, absent)) for n in range(weeks))
        return SchoolPage(
            school=school, school_name=school, sector=sector, week=MONDAY, as_of=AS_OF, fewest=5, weeks=known
        )

    def test_three_others_of_the_same_sector_are_added_up_without_the_school_itself(self):
        pages = beside_others([self.of(name, absent) for name, absent in zip("abcd", (100, 10, 20, 30), strict=True)])
        assert [one.weeks[0].others for one in pages][:2] == [minutes(3000, 60), minutes(3000, 150)]
        assert [one.other_schools for one in pages] == [3, 3, 3, 3]

    def test_two_others_are_too_few(self):
        pages = beside_others([self.of(name, 10) for name in "abc"])
        assert [(one.weeks[0].others, one.other_schools) for one in pages] == [(None, 0)] * 3

    def test_another_sector_is_no_other_school(self):
        vo, po = [self.of(name, 10) for name in "abc"], [self.of(name, 10, sector="po") for name in "defg"]
        assert [one.other_schools for one in beside_others([*vo, *po])] == [0, 0, 0, 3, 3, 3, 3]

    def test_a_week_in_which_too_few_others_had_school_is_left_out(self):
        pages = [self.of("a", 10, weeks=2), self.of("b", 10, weeks=2), self.of("c", 10), self.of("d", 10)]
        assert [week.others for week in beside_others(pages)[0].weeks] == [minutes(3000, 30), None]

    def test_schools_that_are_not_made_now_count_as_they_stand(self):
        alone = [self.of("a", 100)]
        (made,) = beside_others(alone, [self.of(name, 10) for name in "abcd"])
        assert (made.weeks[0].others, made.other_schools) == (minutes(3000, 30), 3)


class TestFollowUp:
    WEEKS = [(MONDAY + timedelta(weeks=n), minutes(100, n)) for n in range(9)]  # noqa: RUF012 - never written

    def test_four_school_weeks_on_either_side_without_the_week_itself(self):
        assert around(self.WEEKS, date(2026, 10, 7)) == (minutes(400, 0 + 1 + 2 + 3), minutes(400, 5 + 6 + 7 + 8))

    @pytest.mark.parametrize("day", [date(2026, 9, 30), date(2026, 10, 14)])
    def test_too_early_or_too_late_is_not_known(self, day: date):
        assert around(self.WEEKS, day) is None

    def test_it_is_counted_how_many_were_followed_up_and_of_how_many_it_is_known(self):
        made = page({"2a": FIVE}, [], followed={SCHOOL: {"a": MONDAY, "b": MONDAY}})
        assert made.recovery is not None
        assert (made.recovery.pupils, made.recovery.measured, made.recovery.before) == (2, 0, None)

    def test_without_any_there_is_nothing_to_say(self):
        assert page({"2a": FIVE}, []).recovery is None


class TestInTheWeeklyRun:
    """Two schools of 160 pupils in five classes, all in one sector: too few schools to compare."""

    WEEK = date(2026, 6, 29)
    NOW = datetime(2026, 6, 29, 12, tzinfo=UTC)

    @pytest.fixture
    def home(self, tmp_path: Path) -> Home:
        made = region(tmp_path)
        weekly(made, week=self.WEEK, now=self.NOW)
        return made

    def pages(self, home: Home) -> dict[str, SchoolPage]:
        engine = open_database(home.database_url)
        found = {one.school: one for one in standing_pages(engine, week=self.WEEK)}
        engine.dispose()
        return found

    def test_every_school_has_a_page_beside_its_list(self, home: Home):
        pages = self.pages(home)
        assert set(pages) == set(SCHOOLS)
        for made in pages.values():
            assert [part.pupils for part in made.classes] == [32] * 5
            assert total(part.attendance for part in made.classes) == total(week.own for week in made.weeks)
            assert [(one.week, one.own) for one in made.weeks][-1] == (date(2026, 6, 22), minutes(0, 0)), (
                "not delivered yet"
            )
            assert made.hours == ()  # the timetable has whole days

    def test_again_it_is_the_same_page_and_a_follow_up_makes_the_next(self, home: Home):
        before = self.pages(home)
        school = SCHOOLS[0]
        (again,) = weekly(home, week=self.WEEK, now=self.NOW, schools=[school])
        assert again.published.status is Status.UNCHANGED
        assert self.pages(home) == before
        self.followed_up(home, school, 6)
        (after,) = weekly(home, week=self.WEEK, now=self.NOW, schools=[school])
        assert after.published.status is Status.UNCHANGED, "the list itself did not change"
        recovery = self.pages(home)[school].recovery
        assert recovery is not None
        assert (recovery.pupils, recovery.measured) == (6, 6)
        assert recovery.before is not None
        assert recovery.before.scheduled == 6 * 4 * 5 * 300

    def followed_up(self, home: Home, school: str, pupils: int) -> None:
        """Conversations about some pupils, and one pupil who was let be."""
        engine = open_database(home.database_url)
        with db.transaction(engine) as session:
            for number in range(pupils + 1):
                session.add(
                    FollowUpRow(
                        school=school,
                        pupil=pupil(school, number),
                        group_name="g0",
                        kind="laten" if number == pupils else "gesprek",
                        owner="Karim",
                        done_on=date(2025, 12, 10),
                        opened_by="x",
                        change=1,
                    )
                )
        engine.dispose()
