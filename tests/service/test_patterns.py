"""How absence runs: periods that weekends and holidays do not break, and days of the week with how often there was school."""

from datetime import date, timedelta

from conftest import SignedIn
from sample_lists import SCHOOL, pupil
from sqlalchemy import Engine, select

from data_contracts.weekly_list import CalendarDay, Contribution
from service import db
from service.pages.patterns import LESSONS, NEWEST, Period, lessons, pattern
from service.tables import SignalRow

MONDAY = date(2026, 11, 2)
WEEKS = [MONDAY + timedelta(days=7 * week + day) for week in range(2) for day in range(5)]
"""Two whole school weeks."""


def absent(day: date, kind: str = "sick", *, minutes: int = 300) -> CalendarDay:
    return CalendarDay(day=day, kind=kind, absent_minutes=minutes, scheduled_minutes=300, authorised="yes")


def test_a_weekend_does_not_break_a_period_and_a_day_at_school_does():
    friday, monday, wednesday = WEEKS[4], WEEKS[5], WEEKS[7]
    found = pattern([absent(friday), absent(monday), absent(wednesday, "unexplained", minutes=50)], WEEKS)
    assert found.newest == (
        Period(wednesday, wednesday, 1, ("onbekende reden",)),
        Period(friday, monday, 2, ("ziekmelding",)),
    )
    assert found.periods == 2


def test_the_kind_of_most_days_of_a_period_comes_first():
    found = pattern([absent(WEEKS[0], "unexplained"), absent(WEEKS[1]), absent(WEEKS[2])], WEEKS)
    assert found.newest[0].kinds == ("ziekmelding", "onbekende reden")


def test_each_day_of_the_week_is_counted_against_its_school_days():
    closed = WEEKS[5]
    found = pattern([absent(WEEKS[0]), absent(WEEKS[4]), absent(WEEKS[9])], [one for one in WEEKS if one != closed])
    assert [(one.name, one.missed, one.days) for one in found.weekdays] == [
        ("maandag", 1, 1),
        ("dinsdag", 0, 2),
        ("woensdag", 0, 2),
        ("donderdag", 0, 2),
        ("vrijdag", 2, 2),
    ]


def test_being_late_or_exempt_is_no_absence_and_another_school_year_is_none_of_this_one():
    last_year = date(2026, 6, 1)
    days = [absent(WEEKS[0], "late", minutes=0), absent(WEEKS[1], "exemption"), absent(last_year)]
    assert pattern(days, [last_year, *WEEKS]) is None
    assert pattern([], []) is None


def test_hours_and_subjects_are_told_as_the_score_counted_them_and_only_where_there_were_any():
    values = {
        "first_slot_missed_12w": 7.0,
        "first_slot_share_12w": 0.7,
        "last_slot_missed_12w": 0.0,
        "absent_rate_4w": 0.2,
    }
    parts = [Contribution(feature=name, label=name, value=value, log_odds=0.1) for name, value in values.items()]
    parts += [Contribution(feature="top_subject_share_12w", label="x", value=None, log_odds=0.0)]
    window = "de laatste 2 lesweken (2 tot en met 13 november)"  # the year is no older than that
    assert lessons(parts, [date(2026, 6, 1), *WEEKS]) == (
        f"7 keer het eerste uur gemist in {window}.",
        f"Op 70 % van de dagen waarop iets is gemist in {window}, was het eerste uur gemist.",
    )
    whole = [Contribution(feature=name, label=name, value=0.5, log_odds=0.1) for name in LESSONS]
    assert len(lessons(whole, WEEKS)) == len(LESSONS)
    assert lessons([], WEEKS) == ()
    assert lessons(whole, []) == ()


def test_only_the_newest_periods_are_told_and_all_are_counted():
    many = [MONDAY + timedelta(days=one) for one in range(40) if (MONDAY + timedelta(days=one)).weekday() < 5]
    found = pattern([absent(one) for one in many[::2]], many)
    assert (found.periods, len(found.newest)) == (len(many[::2]), NEWEST)
    assert found.newest[0].first == max(many[::2])


def test_the_page_of_a_pupil_tells_both(signed_in: SignedIn, engine: Engine):
    with db.transaction(engine) as session:
        signal = session.scalars(select(SignalRow.id).where(SignalRow.pupil == pupil(0, SCHOOL))).first()
    text = signed_in("care").get(f"/leerling/{signal}").text.partition('id="patroon"')[2].partition("</section>")[0]
    assert "achter elkaar afwezig" in text
    assert "ziekmelding" in text
    assert '<th scope="row">maandag</th>' in text
