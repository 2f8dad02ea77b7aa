"""The door: what is refused, and how the school is told."""

import warnings
from datetime import UTC, date, datetime

import pandas as pd
import polars as pl
import pytest

from data_contracts.checks import LOCATED, Delivered, check, check_all
from data_contracts.quality import Severity
from data_contracts.rules import checked_columns
from data_contracts.tables import ABSENCES, ENROLMENTS, NAMES, OUTCOMES, TABLES, TIMETABLE, Table
from pipelines.lake import polars_type

PUPIL = "p" + "a" * 26
DELIVERED = datetime(2026, 9, 14, 16, tzinfo=UTC)

SOUND: dict[str, dict[str, object]] = {
    "enrolments": {"pupil": PUPIL, "group": "2hv1", "year_group": "12", "valid_from": date(2026, 8, 31)},
    "timetable": {"group": "2hv1", "date": date(2026, 9, 14), "slot": 1, "minutes": 50, "status": "planned"},
    "absences": {"pupil": PUPIL, "start_date": date(2026, 9, 14), "kind": "sick", "open_ended": False},
    "outcomes": {"pupil": PUPIL, "outcome": "withdrawal", "date": date(2026, 9, 14)},
    "names": {"pupil": PUPIL, "sealed": "x"},
}


def frame(table: Table, *rows: dict[str, object]) -> pd.DataFrame:
    types = {column.name: polars_type(column) for column in checked_columns(table)} | {"_row": pl.Int64()}
    filled = [SOUND[table.name] | row | {"_row": at} for at, row in enumerate(rows, start=2)]
    return pl.DataFrame(filled, schema=types).to_pandas()


def found(table: Table, *rows: dict[str, object]) -> list[tuple[str, int | None, str | None, str | None]]:
    findings = check(table, frame(table, *rows), file="a.csv", delivered_at=DELIVERED)
    assert all(f.file == "a.csv" and f.remedy and f.severity is Severity.ERROR for f in findings)
    return [(f.check, f.row, f.column, f.value) for f in findings]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_sound_delivery_has_no_findings(table: Table):
    assert found(table, {}, {}) == []


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_delivery_without_rows_breaks_no_promise(table: Table):
    assert found(table) == []


DAY = date(2026, 9, 14)


@pytest.mark.parametrize(
    ("table", "row", "finding"),
    [
        (ENROLMENTS, {"group": None}, ("missing_value", 3, "group", None)),
        (ENROLMENTS, {"pupil": None}, ("missing_value", 3, "pupil_number", None)),
        (ENROLMENTS, {"year_group": "17"}, ("bad_form", 3, "year_group", "17")),
        (ENROLMENTS, {"valid_to": date(2026, 8, 30)}, ("end_before_start", 3, "valid_to", "2026-08-30")),
        (ENROLMENTS, {"valid_from": date(1926, 8, 30)}, ("impossible_date", 3, "valid_from", "1926-08-30")),
        (TIMETABLE, {"minutes": 721}, ("out_of_range", 3, "minutes", "721")),
        (TIMETABLE, {"minutes": None}, ("missing_value", 3, "minutes", None)),
        (TIMETABLE, {"slot": 0}, ("out_of_range", 3, "slot", "0")),
        (TIMETABLE, {"status": "open"}, ("unknown_value", 3, "status", "open")),
        (TIMETABLE, {"group": None}, ("group_or_pupil", 3, "group", None)),
        (TIMETABLE, {"pupil": PUPIL}, ("group_or_pupil", 3, "group", "2hv1")),
        (ABSENCES, {"kind": "griep"}, ("unknown_value", 3, "kind", "griep")),
        (ABSENCES, {"end_date": date(2026, 9, 13)}, ("end_before_start", 3, "end_date", "2026-09-13")),
        (ABSENCES, {"start_slot": 3, "end_slot": 2}, ("end_before_start", 3, "end_slot", "2")),
        (ABSENCES, {"start_minute": 540, "end_minute": 540}, ("end_before_start", 3, "end_minute", "540")),
        (ABSENCES, {"amount": 3.5}, ("amount_without_unit", 3, "amount", "3.5")),
        (ABSENCES, {"amount": -1, "unit": "minutes"}, ("out_of_range", 3, "amount", "-1")),
        (ABSENCES, {"amount": 721, "unit": "minutes"}, ("too_much_for_a_day", 3, "amount", "721")),
        (ABSENCES, {"amount": 21, "unit": "lesson_slots"}, ("too_much_for_a_day", 3, "amount", "21")),
        (ABSENCES, {"amount": 3, "unit": "half_days"}, ("too_much_for_a_day", 3, "amount", "3")),
        (
            ABSENCES,
            {"amount": 3, "unit": "days", "end_date": date(2026, 9, 15)},
            ("too_much_for_a_day", 3, "amount", "3"),
        ),
        (
            ABSENCES,
            {"open_ended": True, "end_date": date(2026, 9, 18)},
            ("end_of_open_ended", 3, "end_date", "2026-09-18"),
        ),
        (ABSENCES, {"open_ended": True, "start_slot": 1, "end_slot": 3}, ("end_of_open_ended", 3, "end_slot", "3")),
        (ABSENCES, {"open_ended": True, "end_minute": 720}, ("end_of_open_ended", 3, "end_minute", "720")),
        (ABSENCES, {"start_date": date(2027, 9, 15)}, ("impossible_date", 3, "start_date", "2027-09-15")),
        (
            ABSENCES,
            {"recorded_at": datetime(1999, 1, 1, tzinfo=UTC)},
            ("impossible_date", 3, "recorded_at", "1999-01-01T00:00:00Z"),
        ),
        (OUTCOMES, {"date": None}, ("missing_value", 3, "date", None)),
        (NAMES, {"sealed": None}, ("missing_value", 3, "family_name", None)),
    ],
)
def test_a_broken_promise_is_found_where_it_is(
    table: Table, row: dict[str, object], finding: tuple[str, int, str, str | None]
):
    assert found(table, {}, row) == [finding]


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (ENROLMENTS, {"valid_to": date(2032, 7, 31)}),  # the planned end of a school career
        (ENROLMENTS, {"valid_to": date(2026, 8, 31)}),  # one day
        (TIMETABLE, {"group": None, "pupil": PUPIL}),
        (ABSENCES, {"start_slot": 6, "end_slot": 2, "end_date": date(2026, 9, 15)}),
        (ABSENCES, {"start_slot": 6, "open_ended": True}),  # from that lesson on
        (ABSENCES, {"start_slot": 3, "end_slot": 3}),
        (ABSENCES, {"amount": 1500, "unit": "minutes", "end_date": date(2026, 9, 18)}),  # a week's total
        (ABSENCES, {"amount": 5000, "unit": "minutes", "open_ended": True}),  # over nobody knows how many days
        (ABSENCES, {"start_date": date(2027, 9, 14)}),  # leave, a year ahead
        (ABSENCES, {"recorded_at": datetime(2026, 9, 20, tzinfo=UTC)}),  # set to the delivery's moment, with a warning
    ],
)
def test_what_looks_odd_but_can_be_is_let_through(table: Table, row: dict[str, object]):
    assert found(table, {}, row) == []


def test_everything_wrong_is_said_at_once():
    rows = ({"kind": "griep"}, {"start_date": None}, {"start_slot": 40})
    assert sorted(found(ABSENCES, *rows)) == [
        ("missing_value", 3, "start_date", None),
        ("out_of_range", 4, "start_slot", "40"),
        ("unknown_value", 2, "kind", "griep"),
    ]


def test_deliveries_judged_together_have_what_they_would_have_alone():
    before = datetime(2024, 9, 14, 16, tzinfo=UTC)
    together = [
        Delivered(ABSENCES, frame(ABSENCES, {}, {"kind": "griep"}), "wrong word", DELIVERED),
        Delivered(ABSENCES, frame(ABSENCES, {}, {"amount": 1, "unit": "days"}), "sound", DELIVERED),
        Delivered(ABSENCES, frame(ABSENCES, {"start_slot": 40}), "too late", before),  # two years ahead of this one
        Delivered(TIMETABLE, frame(TIMETABLE, {"minutes": None}), "no minutes at all", DELIVERED),
        Delivered(TIMETABLE, frame(TIMETABLE, {}).drop(columns=["slot", "subject"]), "not all columns", DELIVERED),
        Delivered(TIMETABLE, frame(TIMETABLE, {}).drop(columns="minutes"), "no minutes column", DELIVERED),
        Delivered(TIMETABLE, frame(TIMETABLE, {"slot": 0}), "slot 0", DELIVERED),
        Delivered(NAMES, frame(NAMES), "empty", DELIVERED),
    ]
    alone = [check(each.table, each.frame, file=each.file, delivered_at=each.delivered_at) for each in together]
    assert check_all(together) == alone
    assert [[f.check for f in findings] for findings in alone] == [
        ["unknown_value"],
        [],
        ["impossible_date", "out_of_range"],
        ["missing_value"],
        [],
        ["missing_column"],
        ["out_of_range"],
        [],
    ]


def test_many_rows_with_the_same_fault_are_named_up_to_a_number_and_counted():
    findings = check(ABSENCES, frame(ABSENCES, *[{"kind": "x"}] * 70), file="a.csv", delivered_at=DELIVERED)
    assert [f.row for f in findings] == [*range(2, 2 + LOCATED), None]
    assert sum(f.count for f in findings) == 70


def test_a_finding_never_shows_a_pupil_or_a_name():
    rows = frame(NAMES, {"pupil": None, "sealed": "secret"})
    assert "secret" not in str(check(NAMES, rows, file="a.csv", delivered_at=DELIVERED))


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("griep", "griep"),
        ("Noor de Vries", "(13 tekens, niet getoond)"),
        ("123456789", "(9 tekens, niet getoond)"),
        ("x" * 25, "(25 tekens, niet getoond)"),
        ("12 3", "12 3"),
    ],
)
def test_a_value_that_may_tell_about_a_person_is_not_repeated(kind: str, shown: str):
    assert found(ABSENCES, {"kind": kind}) == [("unknown_value", 2, "kind", shown)]


def test_a_whole_number_beside_empty_cells_is_shown_as_it_was_written():
    rows = ({"minutes": 1234567}, {"minutes": 50}, {"slot": 40})
    assert [value for _, _, _, value in found(TIMETABLE, *rows)] == ["40", "1234567"]


def test_a_missing_column_is_named():
    without = frame(ABSENCES, {}).drop(columns=["kind"])
    assert [(f.check, f.column) for f in check(ABSENCES, without, file="a.csv")] == [("missing_column", "kind")]


def test_the_door_is_quiet(capfd: pytest.CaptureFixture[str]):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found(ENROLMENTS, {"year_group": "17"})
    assert capfd.readouterr() == ("", "")
