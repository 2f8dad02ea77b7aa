"""Each spec of what is counted holds, and the page docs/features.md tells the same."""

from pathlib import Path
from typing import Any

import pytest
from spec import SPECS
from spec.asked import RULES, answered, expected
from spec.elsewhere import ELSEWHERE, TRAPS
from spec.page import FEATURE_THEMES, PAGE, render
from spec.written import Spec, days_from, moment, names, number, school_of, table

from features.catalogue import CATALOGUE, NAMES

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_what_was_delivered_goes_in_and_the_values_come_out(spec: Spec):
    assert answered(spec) == expected(spec)


def test_the_page_is_up_to_date():
    assert (ROOT / PAGE).read_text(encoding="utf-8") == render(), "run: make docs"


def asked_for() -> set[str]:
    return {row["what"] for spec in SPECS for row in table(spec.expects)}


def test_every_feature_is_worked_out_by_hand_somewhere():
    assert set(NAMES) - asked_for() == set()


def test_every_rule_is_reached_somewhere_and_just_missed_somewhere():
    told: dict[str, set[bool]] = {rule: set() for rule in RULES}
    for spec in SPECS:
        for _, _, what, value in expected(spec):
            if what in told:
                told[what].add(value == "none")
    assert {rule for rule, sides in told.items() if sides != {True, False}} == set()


def test_every_trap_has_a_spec_or_a_statement():
    told = {spec.trap for spec in SPECS} | {each.trap for each in ELSEWHERE}
    assert told - {None} == set(TRAPS)


@pytest.mark.parametrize("test", sorted({test for each in ELSEWHERE for test in each.tests}))
def test_what_is_held_elsewhere_is_held_there(test: str):
    path, name = test.split("::")
    assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")


def test_each_spec_has_a_name_of_its_own():
    assert len({spec.name for spec in SPECS}) == len(SPECS)


def test_every_theme_of_the_catalogue_has_a_heading():
    assert {feature.theme for feature in CATALOGUE} == set(FEATURE_THEMES)


class TestHowASpecIsWritten:
    def test_a_weekday_that_is_not_that_of_the_day_is_an_error(self):
        with pytest.raises(ValueError, match="'Tue 12 Oct' is a Mon"):
            moment("Tue 12 Oct")

    def test_a_day_without_a_year_lies_in_this_school_year(self):
        assert [moment(text).year for text in ("Mon 12 Oct", "Mon 4 Jan", "Mon 12 Oct 2020")] == [2026, 2027, 2020]

    def test_moments_are_dutch_local_time(self):
        assert [moment(text).hour for text in ("Mon 19 Oct", "Mon 26 Oct", "Mon 26 Oct 05:30")] == [4, 5, 4]

    def test_days_run_up_to_and_including_the_last(self):
        assert [day.day for day in days_from("Thu 1 Oct", "Sat 3 Oct")] == [1, 2, 3]

    @pytest.mark.parametrize(
        ("text", "value"),
        [("50 / 6000", 50 / 6000), ("(14 + 5 + 2) / 3 - 2", 5.0), ("-1", -1.0), ("missing", None)],
    )
    def test_values_are_worked_out(self, text: str, value: float | None):
        assert number(text) == value

    def test_names_may_be_listed_or_counted(self):
        assert names("Anna, Bo") == ["Anna", "Bo"]
        assert names("P08 to P11") == ["P08", "P09", "P10", "P11"]

    def test_a_row_for_several_days_is_several_registrations(self):
        absences = "from | kind\nMon 5 Oct, Tue 6 Oct | sick"
        rows = school_of(Spec("x", "", "", absences=absences)).absences
        assert [(row["start_date"].day, row["end_date"]) for row in rows] == [(5, None), (6, None)]
        assert len({row["record"] for row in rows}) == 2

    def test_what_is_taken_back_is_the_fact_that_was_told(self):
        absences = "record | from | kind | known from\na | Mon 5 Oct | sick |\na | Mon 5 Oct | taken back | Tue 6 Oct"
        told, taken_back = school_of(Spec("x", "", "", absences=absences)).absences
        assert differing(told, taken_back) == {"recorded_at", "withdrawn"}

    def test_a_change_stands_in_place_of_the_lesson_at_that_hour(self):
        changes = "for | from | which | status\n2a | Mon 5 Oct | lesson 2 | cancelled"
        rows = school_of(Spec("x", "", "", changes=changes)).timetable
        there = [row["status"] for row in rows if (row["date"].month, row["date"].day) == (10, 5)]
        assert there == ["planned", "cancelled", "planned", "planned", "planned", "planned"]

    def test_who_is_not_at_the_school_is_an_error(self):
        with pytest.raises(ValueError, match="not a pupil of this school: Bo"):
            school_of(Spec("x", "", "pupil | what | value\nBo | lpw_16h | none"))

    def test_a_part_that_cannot_be_read_is_an_error(self):
        with pytest.raises(ValueError, match="not a part of a day"):
            school_of(Spec("x", "", "", absences="from | part | kind\nMon 5 Oct | a bit | sick"))


def differing(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    return {name for name in {*one, *other} if one.get(name) != other.get(name)}
