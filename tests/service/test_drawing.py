"""Numbers in, places and words out."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from sample_lists import on_list

from data_contracts.reasons import Kind
from data_contracts.weekly_list import AttendanceWeek, CalendarDay, Contribution
from service import words
from service.pages import drawing

MONDAY = date(2026, 11, 2)


def week(place: int, pupil: float | None, group: float | None) -> AttendanceWeek:
    return AttendanceWeek(week=MONDAY + timedelta(days=7 * place), pupil=pupil, group=group)


def absent(day: date, kind: str, authorised: str = "yes", *, minutes: int = 300, late: int = 0) -> CalendarDay:
    return CalendarDay(
        day=day, kind=kind, absent_minutes=minutes, scheduled_minutes=300, late=late, authorised=authorised
    )


def test_a_chart_has_a_bar_a_week_on_a_scale_from_zero_and_marks_what_is_clearly_lower_than_the_group():
    chart = drawing.chart([week(0, 1.0, 0.9), week(1, 0.5, 0.9), week(2, None, None), week(3, 0.85, 0.9)])
    assert chart is not None
    assert (chart.width, chart.height) == (96, 32)
    assert [(bar.x, bar.y, bar.height, bar.known, bar.low) for bar in chart.bars] == [
        (65, 0, 32, True, False),
        (73, 16, 16, True, True),
        (81, 31, 1, False, False),
        (89, 4.8, 27.2, True, False),
    ]
    assert chart.group == "M64 3.2H72L72 3.2H80M88 3.2H96"


def test_a_week_of_no_attendance_is_still_a_mark():
    (bar,) = drawing.chart([week(0, 0.0, 0.9)]).bars
    assert (bar.height, bar.known, bar.low) == (1, True, True)


@pytest.mark.parametrize(
    ("weeks", "sentence"),
    [
        (
            [week(0, 0.5, 0.9), week(1, 0.8, 0.95)],
            "Aanwezigheid in de laatste 2 schoolweken: laatst 80 procent, op zijn laagst 50 procent; de klas in die laatste week 95 procent.",
        ),
        ([week(0, None, None)], "Aanwezigheid in de laatste 1 schoolweek: niet bekend."),
        (
            [week(0, 1, None)],
            "Aanwezigheid in de laatste 1 schoolweek: laatst 100 procent, op zijn laagst 100 procent.",
        ),
    ],
)
def test_a_chart_says_the_same_in_words(weeks: list[AttendanceWeek], sentence: str):
    chart = drawing.chart(weeks)
    assert chart is not None
    assert chart.summary == sentence


def test_a_chart_shows_the_last_weeks_and_none_without_weeks():
    many = [week(place, 1, 1) for place in range(30)]
    assert len(drawing.chart(many).weeks) == 12
    assert len(drawing.chart(many, weeks=None).weeks) == 30
    assert drawing.chart([]) is None


def test_the_waterfall_goes_from_the_average_pupil_to_this_one_and_adds_up():
    parts = tuple(
        Contribution(feature=f"f{place}", label=f"Kenmerk {place}", value=1, log_odds=amount)
        for place, amount in enumerate((0.5, -0.25, 1.0, 0.01, -0.02, 0.3, 0.2, -0.4, 0.6, 0.05, 0.0))
    )
    total = -3 + sum(one.log_odds for one in parts)
    signal = on_list(0).model_copy(update={"contributions": parts, "baseline": -3.0, "log_odds": total})
    steps = drawing.waterfall(signal)
    assert [(step.label, step.kind, step.points.replace("\N{MINUS SIGN}", "-")) for step in steps] == [
        ("Gemiddelde leerling", "anchor", "-3,00"),
        ("Kenmerk 2", "raises", "+1,00"),
        ("Kenmerk 8", "raises", "+0,60"),
        ("Kenmerk 0", "raises", "+0,50"),
        ("Kenmerk 5", "raises", "+0,30"),
        ("Kenmerk 6", "raises", "+0,20"),
        ("Kenmerk 9", "raises", "+0,05"),
        ("Kenmerk 7", "lowers", "-0,40"),
        ("Kenmerk 1", "lowers", "-0,25"),
        ("2 andere kenmerken samen", "lowers", "-0,01"),
        ("Deze leerling", "anchor", "-1,01"),
    ]
    for before, after in pairwise(steps[1:7]):
        assert before.x + before.width == pytest.approx(after.x, abs=0.02)
    assert all(step.x >= 0 and step.x + step.width <= 100 for step in steps)


def test_without_a_score_there_is_no_waterfall():
    assert drawing.waterfall(on_list(0).model_copy(update={"contributions": ()})) == ()


@pytest.mark.parametrize(
    ("entry", "letter", "family", "part", "text"),
    [
        (absent(MONDAY, "sick"), "Z", "sick", False, "ziekmelding, de hele dag"),
        (absent(MONDAY, "sick", minutes=100), "Z", "sick", True, "ziekmelding, 100 van 300 minuten"),
        (absent(MONDAY, "leave", "no"), "V", "unauthorised", False, "verlof, de hele dag"),
        (absent(MONDAY, "unexplained", "unknown"), "?", "unknown", False, "onbekende reden, de hele dag"),
        (absent(MONDAY, "late", "no", minutes=0, late=1), "T", "event", True, "te laat"),
        (
            absent(MONDAY, "sick", minutes=50, late=2),
            "Z",
            "sick",
            True,
            "ziekmelding, 50 van 300 minuten, 2 keer te laat",
        ),
        (absent(MONDAY, "iets nieuws", "yes"), "*", "authorised", False, "iets nieuws, de hele dag"),
    ],
)
def test_a_day_on_the_calendar(entry: CalendarDay, letter: str, family: str, part: bool, text: str):
    (year,) = drawing.calendar([entry], [MONDAY])
    cell = year.months[0].weeks[0].cells[0]
    assert (cell.letter, cell.family, cell.part, cell.text) == (letter, family, part, text)


def test_the_calendar_has_the_newest_school_year_first_and_its_months_in_order():
    days = [date(2026, 6, 30), date(2026, 7, 1), date(2026, 9, 1), date(2026, 11, 3)]
    years = drawing.calendar([], days)
    assert [(year.name, [month.name for month in year.months]) for year in years] == [
        ("Schooljaar 2026-2027", ["september 2026", "november 2026"]),
        ("Schooljaar 2025-2026", ["juni 2026", "juli 2026"]),
    ]


def test_a_month_begins_and_ends_with_the_weeks_that_have_school():
    days = [date(2026, 11, 10), date(2026, 11, 24)]
    ((month,),) = (year.months for year in drawing.calendar([], days))
    assert [one.first for one in month.weeks] == [9, 16, 23]
    assert [cell.family for cell in month.weeks[0].cells] == ["closed", "present", "closed", "closed", "closed"]


def test_a_school_day_in_the_weekend_widens_the_calendar():
    (year,) = drawing.calendar([], [date(2026, 11, 7)])
    assert year.months[0].days[-1] == "zaterdag"


def test_every_kind_has_its_letter_and_letters_are_told_apart_or_mean_the_same():
    assert set(words.LETTERS) == set(Kind)
    letters = [letter for letter in words.LETTERS.values() if letter != "-"]
    assert len(letters) == len(set(letters))


def test_the_legend_names_what_occurs_most_days_first():
    days = [absent(MONDAY + timedelta(days=place), kind) for place, kind in enumerate(("leave", "sick", "sick"))]
    assert [(one.letter, one.label, one.days) for one in drawing.legend(days)] == [
        ("Z", "ziekmelding", 2),
        ("V", "verlof", 1),
    ]


def test_dates_and_numbers_are_written_as_in_dutch():
    assert words.day(date(2026, 3, 5)) == "do\N{NO-BREAK SPACE}5\N{NO-BREAK SPACE}mrt"
    assert words.long_day(date(2026, 3, 5)) == "donderdag 5 maart 2026"
    assert words.moment(datetime(2026, 7, 1, 16, 5, tzinfo=UTC)).endswith("2026, 18:05 uur")
    assert [words.number(one, 1) for one in (1.0, 2.5, -0.5)] == ["1", "2,5", "\N{MINUS SIGN}0,5"]
    assert words.signed(0.844) == "+0,84"
