"""What does not fit what is known already is accepted, and said."""

from datetime import date

import polars as pl
import pytest

from data_contracts.quality import Severity
from data_contracts.tables import ABSENCES, OUTCOMES, TIMETABLE
from pipelines.coherence import fits_enrolments, in_two_schools, no_longer_named, overlapping_enrolments

ENROLMENT = {"pupil": pl.String, "valid_from": pl.Date, "valid_to": pl.Date}
AUTUMN = date(2026, 8, 31), date(2026, 12, 31)


def enrolments(*rows: tuple[str, date, date | None]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=ENROLMENT, orient="row")


def delivered(*rows: tuple[str, date, date | None], withdrawn: bool = False) -> pl.DataFrame:
    return enrolments(*rows).with_columns(withdrawn=pl.lit(withdrawn)).with_row_index("_row", offset=2)


def absences(*rows: tuple[str, date] | tuple[str, date, date], open_ended: bool = False) -> pl.DataFrame:
    filled = [(*row, None)[:3] for row in rows]
    columns = {"pupil": pl.String, "start_date": pl.Date, "end_date": pl.Date}
    frame = pl.DataFrame(filled, schema=columns, orient="row").with_row_index("_row", 2)
    return frame.with_columns(open_ended=pl.lit(open_ended))


def test_absences_within_an_enrolment_fit():
    rows = absences(("a", date(2026, 8, 31)), ("a", date(2026, 12, 31)), ("b", date(2030, 1, 1)))
    known = enrolments(("a", *AUTUMN), ("b", date(2026, 8, 31), None))
    assert fits_enrolments(ABSENCES, rows, known, file="a.csv") == []


def test_pupils_without_enrolment_and_days_outside_one_are_counted():
    rows = absences(("x", date(2026, 9, 1)), ("a", date(2027, 1, 1)), ("x", date(2026, 9, 2)), ("a", date(2026, 9, 1)))
    findings = fits_enrolments(ABSENCES, rows, enrolments(("a", *AUTUMN)), file="a.csv")
    assert [(f.check, f.row, f.count) for f in findings] == [("unknown_pupil", 2, 2), ("outside_enrolment", 3, 1)]
    assert findings[0].message.startswith("1 leerlingen")
    assert all(f.severity is Severity.WARNING and f.value is None for f in findings)


def test_one_of_several_enrolments_is_enough():
    known = enrolments(("a", date(2025, 8, 1), date(2026, 7, 31)), ("a", *AUTUMN))
    assert fits_enrolments(ABSENCES, absences(("a", date(2026, 9, 1))), known, file="a.csv") == []


def test_a_registration_that_lies_partly_outside_an_enrolment_is_told_apart():
    known = enrolments(("a", date(2025, 8, 1), date(2026, 7, 31)), ("a", *AUTUMN))
    rows = absences(
        ("a", date(2026, 12, 30), date(2027, 1, 2)),  # runs out of the enrolment
        ("a", date(2026, 8, 29), date(2026, 9, 1)),  # begins before it
        ("a", date(2026, 7, 30), date(2026, 8, 31)),  # from one enrolment into the next
        ("a", date(2026, 8, 1), date(2026, 8, 2)),  # between the two
    )
    found = fits_enrolments(ABSENCES, rows, known, file="a.csv")
    assert [(f.check, f.row, f.count) for f in found] == [
        ("outside_enrolment", 5, 1),
        ("partly_outside_enrolment", 2, 2),
    ]


def test_a_report_without_an_end_may_outlast_the_enrolment():
    known = enrolments(("a", *AUTUMN))
    assert fits_enrolments(ABSENCES, absences(("a", AUTUMN[1]), open_ended=True), known, file="a.csv") == []


def test_a_school_without_enrolments_is_said_once():
    findings = fits_enrolments(ABSENCES, absences(("a", AUTUMN[0]), ("b", AUTUMN[0])), enrolments(), file="a.csv")
    assert [(f.check, f.count) for f in findings] == [("no_enrolments", 2)]


def test_outcomes_are_compared_too_and_timetables_are_not():
    outcomes = absences(("x", AUTUMN[0])).rename({"start_date": "date"})
    assert [f.check for f in fits_enrolments(OUTCOMES, outcomes, enrolments(("a", *AUTUMN)), file="o.csv")] == [
        "unknown_pupil"
    ]
    assert fits_enrolments(TIMETABLE, outcomes, enrolments(), file="t.csv") == []


@pytest.mark.parametrize(
    ("second", "overlaps"),
    [(date(2027, 1, 1), []), (date(2026, 12, 31), [("overlapping_enrolments", 3, 1)])],
)
def test_a_pupil_in_two_groups_on_one_day_is_said(second: date, overlaps: list[tuple[str, int, int]]):
    rows = delivered(("a", *AUTUMN), ("a", second, None), ("b", *AUTUMN))
    assert [(f.check, f.row, f.count) for f in overlapping_enrolments(rows, file="e.csv")] == overlaps


def test_an_enrolment_within_a_longer_one_does_not_hide_what_comes_after_it():
    inner, after = ("a", date(2026, 10, 1), date(2026, 10, 14)), ("a", date(2026, 11, 1), date(2026, 12, 31))
    rows = delivered(("a", *AUTUMN), inner, after)
    assert [(f.row, f.count) for f in overlapping_enrolments(rows, file="e.csv")] == [(3, 2)]


def test_an_enrolment_taken_back_does_not_overlap():
    rows = pl.concat([delivered(("a", *AUTUMN)), delivered(("a", *AUTUMN), withdrawn=True)])
    assert overlapping_enrolments(rows, file="e.csv") == []


def test_a_pupil_in_two_schools_on_the_day_of_delivery_is_said():
    rows = delivered(("a", *AUTUMN), ("b", *AUTUMN), ("c", *AUTUMN))
    elsewhere = enrolments(("b", *AUTUMN), ("c", date(2025, 8, 1), date(2026, 7, 31)))
    findings = in_two_schools(rows, elsewhere, day=date(2026, 9, 14), file="e.csv")
    assert [(f.check, f.row, f.count) for f in findings] == [("in_two_schools", 3, 1)]


@pytest.mark.parametrize(
    ("named", "missing"), [("abcd", []), ("abc", [("no_longer_named", None, 1)]), ("ab", []), ("a", [])]
)
def test_who_is_enrolled_and_not_in_a_file_of_most_pupils_is_told(named: str, missing: list[object]):
    day = date(2026, 10, 9)
    gone = ("e", date(2025, 8, 1), date(2026, 7, 31))
    known = enrolments(*((pupil, AUTUMN[0], None) for pupil in "abcd"), gone, ("f", date(2027, 1, 4), None))
    file = delivered(*((pupil, AUTUMN[0], None) for pupil in named))
    found = no_longer_named(file, known, day=day, file="a.csv")
    assert [(f.check, f.row, f.count) for f in found] == missing
