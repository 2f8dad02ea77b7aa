"""Rules against hand-worked examples."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from made_school import SCHOOL, School

from data_contracts.errors import SettingsError
from data_contracts.identifiers import Sector
from data_contracts.weekly_list import RuleHit
from features.history import history
from features.rules import rule_packs, rules_of, worded
from features.thresholds import hits

FIRST, LAST = date(2026, 8, 31), date(2026, 12, 4)
AS_OF = datetime(2026, 10, 5, 4, tzinfo=UTC)
ALL = tuple(rule_packs())


@pytest.fixture
def term(school: School) -> School:
    school.pupil("a")
    school.lessons(FIRST, LAST)
    return school


def reached(
    school: School, sector: Sector = Sector.VO, as_of: datetime = AS_OF, packs: Any = ALL
) -> dict[str, RuleHit]:
    rules = rules_of(packs, sector)
    found = hits(history(school.tables(), as_of), rules).collect().to_native().to_dicts()
    return {hit.rule: hit for hit in worded(found, rules).get((SCHOOL, "a"), [])}


def truant(school: School, *days: date, slots: int = 6) -> None:
    for day in days:
        school.absent("a", day, "truancy", start_slot=1, end_slot=slots)


class TestSixteenHours:
    """Six lesson hours of 50 minutes are five clock hours: the fourth day brings 16 hours and more."""

    DAYS = (date(2026, 9, 14), date(2026, 9, 15), date(2026, 9, 16), date(2026, 9, 17))

    def test_fifteen_hours_are_not_enough(self, term: School):
        truant(term, *self.DAYS[:3])
        assert "lpw_16h" not in reached(term)

    def test_exactly_sixteen_hours_are(self, term: School):
        truant(term, *self.DAYS[:3])
        term.absent("a", self.DAYS[3], "truancy", amount=60.0, unit="minutes")
        hit = reached(term)["lpw_16h"]
        assert (hit.value, hit.reached_on, hit.statutory) == (16.0, date(2026, 9, 17), True)

    def test_the_report_is_due_within_five_working_days(self, term: School):
        truant(term, *self.DAYS)
        hit = reached(term)["lpw_16h"]
        assert hit.deadline == date(2026, 9, 24)
        assert "20 uur" in hit.text
        assert "24 september" in hit.text

    def test_illness_does_not_count(self, term: School):
        for day in self.DAYS:
            term.absent("a", day)
        assert "lpw_16h" not in reached(term)

    def test_lateness_does_not_count(self, term: School):
        for day in self.DAYS:
            term.absent("a", day, "late", start_slot=1, amount=300.0, unit="minutes")
        assert "lpw_16h" not in reached(term)

    def test_hours_more_than_four_lesson_weeks_apart_do_not_add_up(self, term: School):
        truant(term, date(2026, 8, 31), date(2026, 9, 1))
        truant(term, date(2026, 9, 28), date(2026, 9, 29))
        assert "lpw_16h" not in reached(term)

    def test_holiday_weeks_do_not_count_as_lesson_weeks(self, school: School):
        school.pupil("a")
        school.lessons(FIRST, date(2026, 9, 4))
        school.lessons(date(2026, 9, 28), date(2026, 10, 2))  # three weeks without lessons lie between
        truant(school, date(2026, 8, 31), date(2026, 9, 1))
        truant(school, date(2026, 9, 28), date(2026, 9, 29))
        assert reached(school)["lpw_16h"].reached_on == date(2026, 9, 29)

    def test_after_a_report_a_new_period_begins(self, term: School):
        truant(term, *self.DAYS)
        truant(term, date(2026, 9, 21), date(2026, 9, 22))
        assert reached(term)["lpw_16h"].reached_on == date(2026, 9, 17)
        truant(term, date(2026, 9, 23), date(2026, 9, 24))
        hit = reached(term)["lpw_16h"]
        assert (hit.reached_on, hit.value) == (date(2026, 9, 24), 20.0)

    def test_an_old_report_leaves_the_view_after_four_lesson_weeks(self, term: School):
        truant(term, *self.DAYS)
        assert "lpw_16h" in reached(term, as_of=datetime(2026, 10, 12, 4, tzinfo=UTC))
        assert "lpw_16h" not in reached(term, as_of=datetime(2026, 10, 19, 4, tzinfo=UTC))


@pytest.mark.parametrize("sector", Sector)
def test_a_legal_rule_says_for_whom_it_holds_since_ages_are_not_known(sector: Sector):
    rules = rules_of(("wettelijk",), sector)
    assert [rule.measure for rule in rules] == ["unauthorised_hours", "luxury_days", "unauthorised_run"]
    certain = {"Mogelijk verplicht" not in rule.sentence for rule in rules}
    assert certain == {sector is not Sector.MBO}
    for rule in rules:
        assert "als de leerling leerplichtig is" in rule.sentence or "zonder startkwalificatie" in rule.sentence


def test_in_mbo_who_is_18_or_older_is_a_matter_for_rmc(term: School):
    truant(term, *TestSixteenHours.DAYS)
    found = reached(term, Sector.MBO)
    assert "lpw_16h" not in found
    assert "RMC van 18 tot en met 22" in found["lpw_16h_mbo"].text


class TestMazl:
    SPELLS = (date(2026, 9, 7), date(2026, 9, 10), date(2026, 9, 15), date(2026, 9, 22))

    def test_three_reports_are_not_enough(self, term: School):
        for day in self.SPELLS[:3]:
            term.absent("a", day)
        assert "mazl_vo_spells" not in reached(term)

    def test_the_fourth_is(self, term: School):
        for day in self.SPELLS:
            term.absent("a", day)
        hit = reached(term)["mazl_vo_spells"]
        assert (hit.value, hit.reached_on) == (4.0, self.SPELLS[3])
        assert hit.text == "4 ziekmeldingen in 12 lesweken; de vierde begon op 22 september."

    def test_four_reports_of_one_spell_are_one(self, term: School):
        for n in range(4):
            term.absent("a", date(2026, 9, 7) + timedelta(days=n))
        assert "mazl_vo_spells" not in reached(term)

    def test_after_twelve_lesson_weeks_a_report_no_longer_counts(self, term: School):
        for day in self.SPELLS:
            term.absent("a", day)
        assert "mazl_vo_spells" in reached(term, as_of=datetime(2026, 11, 30, 5, tzinfo=UTC))
        assert "mazl_vo_spells" not in reached(term, as_of=datetime(2026, 12, 7, 5, tzinfo=UTC))

    def test_the_seventh_school_day_in_a_row(self, term: School):
        term.absent("a", date(2026, 9, 14), end_date=date(2026, 9, 22))
        hit = reached(term)["mazl_vo_run"]
        assert (hit.value, hit.reached_on) == (7.0, date(2026, 9, 22))

    def test_six_school_days_are_not_enough(self, term: School):
        term.absent("a", date(2026, 9, 14), end_date=date(2026, 9, 21))
        assert "mazl_vo_run" not in reached(term)

    def test_primary_counts_days_over_the_school_year(self, term: School):
        term.absent("a", date(2026, 9, 7), end_date=date(2026, 9, 11))
        term.absent("a", date(2026, 9, 21), end_date=date(2026, 9, 24))
        assert "mazl_po_days" not in reached(term, Sector.PO)
        term.absent("a", date(2026, 9, 29))
        assert reached(term, Sector.PO)["mazl_po_days"].reached_on == date(2026, 9, 29)


class TestShares:
    """Five weeks of 25 clock hours: 125 hours, so 12.5 hours are 10 %."""

    def test_ten_per_cent_is_not_more_than_ten(self, term: School):
        for n in (14, 15):
            term.absent("a", date(2026, 9, n), "leave")
        term.absent("a", date(2026, 9, 16), "leave", start_slot=1, end_slot=3)
        found = reached(term)
        assert "tier_3" not in found
        assert found["tier_2"].value == pytest.approx(0.1)

    def test_a_lesson_more_is(self, term: School):
        for n in (14, 15):
            term.absent("a", date(2026, 9, n), "leave")
        term.absent("a", date(2026, 9, 16), "leave", start_slot=1, end_slot=4)
        found = reached(term)
        assert found["tier_3"].value == pytest.approx(800 / 7500)
        assert "tier_2" not in found


def test_luxury_leave_is_a_duty_from_the_first_day(term: School):
    term.absent("a", date(2026, 9, 14), "luxury_leave")
    assert reached(term)["lpw_luxe"].statutory


def test_more_than_four_weeks_unauthorised_is_long_absence(term: School):
    term.absent("a", date(2026, 9, 1), "truancy", end_date=date(2026, 9, 28))
    assert "lpw_lrv" not in reached(term)
    term.absent("a", date(2026, 9, 29), "truancy")
    assert reached(term)["lpw_lrv"].value == 4.2


def test_a_week_with_lessons_on_a_saturday_too_is_one_week(term: School):
    saturdays = [date(2026, 9, 5) + timedelta(weeks=n) for n in range(5)]
    term.timetable += [{"group": "2a", "date": day, "slot": 1, "start_minute": 530, "minutes": 50} for day in saturdays]
    term.absent("a", date(2026, 8, 31), "truancy", end_date=date(2026, 9, 26))
    assert "lpw_lrv" not in reached(term)
    term.absent("a", date(2026, 9, 28), "truancy")
    assert reached(term)["lpw_lrv"].value == 4.2


def test_three_times_late_in_four_weeks(term: School):
    for n in (14, 21, 28):
        term.absent("a", date(2026, 9, n), "late", start_slot=1)
    hit = reached(term, Sector.PO)["late_a"]
    assert (hit.value, hit.reached_on) == (3.0, date(2026, 9, 28))


def test_duties_come_first(term: School):
    truant(term, *TestSixteenHours.DAYS)
    rules = rules_of(("aanwezigheid", "wettelijk"), Sector.VO)
    found = hits(history(term.tables(), AS_OF), rules).collect().to_native().to_dicts()
    assert worded(found, rules)[(SCHOOL, "a")][0].rule == "lpw_16h"


def test_every_rule_has_a_source_and_reads_as_a_sentence():
    for rules in rule_packs().values():
        for rule in rules:
            assert rule.source
            assert rule.sentence.endswith(".")


def test_an_unknown_pack_is_named():
    with pytest.raises(SettingsError, match="geen regelset 'haags'"):
        rules_of(("haags",), Sector.VO)


def test_a_pupil_who_left_has_no_hits(term: School):
    truant(term, *TestSixteenHours.DAYS)
    term.enrolments[0]["valid_to"] = date(2026, 9, 25)
    assert reached(term) == {}


@pytest.mark.parametrize(("times", "minutes"), [(12, 80.0), (20, 48.0)])
def test_sixteen_hours_in_any_pieces_are_sixteen_hours(term: School, times: int, minutes: float):
    for n in range(times):
        day = date(2026, 9, 7) + timedelta(days=n % 5 + 7 * (n // 5))
        term.absent("a", day, "truancy", amount=minutes, unit="minutes", record=f"x{n}")
    assert reached(term)["lpw_16h"].value == pytest.approx(16.0)


def test_days_that_are_mostly_illness_are_no_long_unauthorised_absence(term: School):
    for n in range(30):
        day = date(2026, 8, 31) + timedelta(days=n)
        term.absent("a", day, start_slot=1, end_slot=5)
        term.absent("a", day, "truancy", start_slot=6)
    assert "lpw_lrv" not in reached(term)


def test_leave_that_was_granted_is_no_luxury_absence(term: School):
    term.absent("a", date(2026, 9, 14), "luxury_leave", authorised="yes")
    assert "lpw_luxe" not in reached(term)


def test_a_newer_report_does_not_hide_an_earlier_one_that_may_not_have_been_made(term: School):
    truant(term, *TestSixteenHours.DAYS)
    truant(term, *(date(2026, 9, day) for day in (21, 22, 23, 24)))
    rules = rules_of(("wettelijk",), Sector.VO)
    found = hits(history(term.tables(), AS_OF), rules).collect().to_native().to_dicts()
    told = [hit.reached_on for hit in worded(found, rules)[(SCHOOL, "a")] if hit.rule == "lpw_16h"]
    assert told == [date(2026, 9, 17), date(2026, 9, 24)]


def test_a_share_just_over_the_line_is_told_with_a_decimal(term: School):
    for n in (14, 15):
        term.absent("a", date(2026, 9, n), "leave")
    term.absent("a", date(2026, 9, 16), "leave", start_slot=1, end_slot=4)
    assert reached(term)["tier_3"].text.startswith("10,7 % van de lestijd")
