"""Rates in, places and words out."""

from datetime import date, timedelta

import pytest

from data_contracts.school_page import Attendance, Hour, Part
from service.pages.school_drawing import Scale, difference, dots, hours, lines, scale_of, share

WEEKS = [date(2026, 9, 7) + timedelta(weeks=n) for n in range(3)]


def of(rate: float, scheduled: int = 1000) -> Attendance:
    return Attendance(scheduled=scheduled, absent=round((1 - rate) * scheduled))


class TestTheScale:
    @pytest.mark.parametrize(
        ("rates", "low", "high"),
        [
            ([0.92, 0.93], 0.90, 0.95),
            ([0.88, 0.97], 0.85, 1.0),
            ([1.0], 0.95, 1.0),
            ([0.95], 0.95, 1.0),
            ([0.0, 1.0], 0.0, 1.0),
            ([], 0.95, 1.0),
        ],
    )
    def test_it_holds_all_rates_in_steps_of_five(self, rates, low, high):
        assert scale_of(rates) == Scale(low, high)

    def test_a_rate_has_its_place(self):
        assert Scale(0.9, 1.0).place(0.95, 100) == 50
        assert Scale(0.9, 1.0).ends == ("90 %", "100 %")


class TestLines:
    def test_a_week_that_is_not_known_breaks_the_line(self):
        drawn = lines(WEEKS, [("de school", [0.95, None, 0.9])])
        assert drawn.lines[0].path == "M6 0H10M46 100H50"

    def test_known_weeks_hang_together(self):
        assert lines(WEEKS, [("de school", [0.95, 0.9, 0.95])]).lines[0].path == "M6 0H10L30 100L50 0"

    def test_lines_are_told_apart_by_how_they_are_drawn(self):
        drawn = lines(WEEKS, [(name, [0.9, 0.9, 0.9]) for name in ("een", "twee", "drie")])
        assert [line.kind for line in drawn.lines] == ["first", "second", "third"]

    def test_what_is_not_known_at_all_is_no_line(self):
        drawn = lines(WEEKS, [("de school", [0.9, 0.9, 0.9]), ("vorig schooljaar", [None] * 3)])
        assert [line.label for line in drawn.lines] == ["de school"]
        assert lines(WEEKS, [("de school", [None] * 3)]) is None

    def test_in_words(self):
        drawn = lines(WEEKS, [("de school", [0.95, 0.9, 0.926])])
        assert drawn.summary == "Aanwezigheid per week: de school laatst 92,6\xa0%, op zijn laagst 90,0\xa0%."


class TestHours:
    """Tuesday's first hour is low but rare, Monday's is less so but has many pupils."""

    WEEKDAYS = [Hour(weekday=day, attendance=of(0.93)) for day in range(5)]  # noqa: RUF012 - never written
    HOURS = [  # noqa: RUF012 - never written
        Hour(weekday=0, hour=1, attendance=of(0.90, 1000)),
        Hour(weekday=0, hour=2, attendance=of(0.94, 1000)),
        Hour(weekday=1, hour=1, attendance=of(0.80, 50)),
        Hour(weekday=1, hour=2, attendance=of(0.94, 1000)),
    ]

    def test_an_hour_without_lessons_is_no_cell(self):
        laid = hours(self.WEEKDAYS, self.HOURS, in_halves=False)
        assert [row.label for row in laid.rows] == ["1e uur", "2e uur"]
        assert laid.rows[0].cells[2] is None
        assert laid.days == ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag")

    def test_what_is_clearly_lower_than_the_average_is_marked_once_or_twice(self):
        laid = hours(self.WEEKDAYS, self.HOURS, in_halves=False)
        assert [(cell.text, cell.marks) for row in laid.rows for cell in row.cells[:2]] == [
            ("90,0", 2),
            ("80,0", 2),
            ("94,0", 0),
            ("94,0", 0),
        ]
        one = [*self.HOURS[1:2], Hour(weekday=0, hour=1, attendance=of(0.92))]
        assert hours(self.WEEKDAYS, one, in_halves=False).rows[0].cells[0].marks == 1

    def test_the_sentence_is_about_where_most_lesson_time_is_lost(self):
        assert "maandag, 1e uur: 90,0" in hours(self.WEEKDAYS, self.HOURS, in_halves=False).summary

    def test_where_nothing_is_clearly_lower_it_says_so(self):
        laid = hours(self.WEEKDAYS, self.HOURS[1::2], in_halves=False)
        assert laid.summary == "Geen dag of uur ligt duidelijk lager dan het gemiddelde."

    def test_without_hours_there_is_the_whole_day(self):
        laid = hours(self.WEEKDAYS, [], in_halves=True)
        assert (laid.rows, laid.whole.label, len(laid.whole.cells)) == ((), "hele dag", 5)
        assert hours([], [], in_halves=True) is None


class TestDots:
    def test_each_part_and_the_school_have_their_place_on_one_scale(self):
        laid = dots([("2a", Part(name="2a", pupils=25, attendance=of(0.95)))], 0.90)
        assert laid.scale == Scale(0.9, 0.95)
        assert (laid.school, laid.dots[0].place) == (2, 98)
        assert (laid.dots[0].pupils, laid.dots[0].text) == (25, "95,0\xa0%")

    def test_a_part_without_lessons_is_no_dot(self):
        assert dots([("2a", Part(name="2a", pupils=25, attendance=Attendance(scheduled=0, absent=0)))], 0.9) is None


def test_words():
    assert share(None) == "niet bekend"
    assert share(1.0) == "100,0\xa0%"
    assert difference(0.93, 0.92) == "1 procentpunt hoger"
    assert difference(0.9251, 0.93) == "0,5 procentpunt lager"
    assert difference(0.93, 0.9301) == "even hoog"
