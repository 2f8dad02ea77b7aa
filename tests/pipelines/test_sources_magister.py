"""Magister: rows of `verantwoording`, a dump per pupil, appointments and pupils."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sources_cast import KEYS, errors, first, pupil, readings, school, warnings

HEADER = (
    "idverantwoording;stamnr;daanwezigheid;lesuur;code;idverantwoordingtypen;geoorloofd;bluxeverzuim;bvervallen;dinvoer"
)


def rows(folder: Path, *lines: str, **more: object):
    return first(folder, "verantwoordingen.csv", "\n".join([HEADER, *lines]), source="magister", **more)


def test_a_row_is_one_observation_of_one_lesson(tmp_path: Path):
    frame = rows(tmp_path, "81237;204817;14-09-2026;3;Z;3;1;0;0;14-09-2026 08:41:00")
    assert frame.to_dicts() == [
        {
            "record": "verantwoording:81237",
            "pupil": pupil("204817"),
            "start_date": date(2026, 9, 14),
            "end_date": date(2026, 9, 14),
            "open_ended": False,
            "start_slot": 3,
            "end_slot": 3,
            "start_minute": None,
            "end_minute": None,
            "amount": None,
            "unit": None,
            "kind": "sick",
            "authorised": "yes",
            "registration": "observation",
            "code": "Z",
            "mapped": True,
            "recorded_at": datetime(2026, 9, 14, 6, 41, tzinfo=UTC),
            "withdrawn": False,
            "_row": 2,
        }
    ]


@pytest.mark.parametrize(
    ("type_", "authorised", "luxury", "kind", "counts_as"),
    [
        ("1", "0", "0", "unexplained", "no"),
        ("1", "1", "0", "other_authorised", "yes"),
        ("1", "", "0", "unexplained", "unknown"),
        ("1", "0", "1", "luxury_leave", "no"),
        ("2", "0", "0", "late", "no"),
        ("2", "1", "0", "late", "yes"),
        ("3", "1", "0", "sick", "yes"),
        ("4", "0", "0", "removed_from_class", "no"),
        ("6", "1", "0", "exemption", "yes"),
    ],
)
def test_a_code_nobody_mapped_falls_back_on_the_type(
    tmp_path: Path, type_: str, authorised: str, luxury: str, kind: str, counts_as: str
):
    frame = rows(tmp_path, f"1;204817;14-09-2026;3;QQ;{type_};{authorised};{luxury};0;14-09-2026 08:41:00")
    assert frame.select("kind", "authorised", "mapped", "code").rows() == [(kind, counts_as, False, "QQ")]


@pytest.mark.parametrize("type_", ["5", "7", "8"])
def test_present_books_and_homework_are_no_absence(tmp_path: Path, type_: str):
    absent = "1;204817;14-09-2026;3;Z;3;1;0;0;14-09-2026 08:41:00"
    text = "\n".join([HEADER, absent, f"2;204817;14-09-2026;4;HV;{type_};0;0;0;14-09-2026 09:41:00"])
    reading = readings(tmp_path, "verantwoordingen.csv", text, source="magister")[0]
    assert (reading.rows, reading.dropped, reading.frame.height) == (2, 1, 1)


def test_an_unknown_type_is_an_error_until_the_school_maps_the_code(tmp_path: Path):
    line = "1;204817;14-09-2026;3;QQ;11;0;0;0;14-09-2026 08:41:00"
    reading = readings(tmp_path, "verantwoordingen.csv", f"{HEADER}\n{line}", source="magister")[0]
    assert errors(reading) == [("unknown_type", 2, "idverantwoordingtypen", "11")]
    mapped = school(reasons={"qq": {"kind": "leave", "authorised": "yes"}})
    assert rows(tmp_path, line, school=mapped)["kind"].to_list() == ["leave"]


def test_a_row_taken_back_stays_as_a_row_taken_back(tmp_path: Path):
    assert rows(tmp_path, "1;204817;14-09-2026;3;Z;3;1;0;1;15-09-2026 08:41:00")["withdrawn"].to_list() == [True]


def dump(*items: object, number: object = 204817):
    return [
        {"Stamnr": number, "Items": list(items)},
        {"Stamnr": 204818, "Items": []},
        {"Stamnr": 204819, "Items": None},
    ]


ITEM = {
    "Id": 81237,
    "Start": "2026-09-14T10:00:00",
    "Eind": "2026-09-14T10:50:00",
    "Lesuur": 3,
    "Geoorloofd": True,
    "AfspraakId": 5,
    "Omschrijving": "hoofdpijn",
    "Code": "Z",
    "Verantwoordingtype": 3,
}


def test_a_dump_lists_facts_per_pupil(tmp_path: Path):
    frame = first(tmp_path, "absenties.json", dump(ITEM), source="magister")
    wanted = ["record", "pupil", "start_date", "start_slot", "end_slot", "start_minute", "kind", "registration", "_row"]
    assert frame.select(wanted).rows() == [
        ("absentie:81237", pupil("204817"), date(2026, 9, 14), 3, 3, None, "sick", "observation", 1)
    ]
    assert frame["recorded_at"].to_list() == [None]
    assert "hoofdpijn" not in str(frame.rows())


@pytest.mark.parametrize(
    ("start", "end", "days", "minutes"),
    [
        ("2026-09-14T00:00:00", "2026-09-15T23:59:59", (date(2026, 9, 14), date(2026, 9, 15)), (None, None)),
        ("2026-09-14T00:00:00", "2026-09-16T00:00:00", (date(2026, 9, 14), date(2026, 9, 15)), (None, None)),
        ("2026-09-14", "2026-09-15", (date(2026, 9, 14), date(2026, 9, 15)), (None, None)),
        ("2026-09-13T22:00:00Z", "2026-09-14T21:59:59Z", (date(2026, 9, 14), date(2026, 9, 14)), (None, None)),
        ("2026-09-14T10:00:00", "2026-09-14T10:50:00", (date(2026, 9, 14), date(2026, 9, 14)), (600, 650)),
        ("2026-09-14T10:00:00", "2026-09-15T23:59:59", (date(2026, 9, 14), date(2026, 9, 15)), (600, 1440)),
    ],
)
def test_without_a_lesson_hour_begin_and_end_say_which_days_or_minutes(
    tmp_path: Path, start: object, end: str, days: object, minutes: object
):
    item = ITEM | {"Start": start, "Eind": end, "Lesuur": None}
    frame = first(tmp_path, "absenties.json", dump(item), source="magister")
    assert frame.select("start_date", "end_date").row(0) == days
    assert frame.select("start_minute", "end_minute").row(0) == minutes
    assert frame.select("start_slot", "registration", "open_ended").row(0) == (None, "report", False)


def test_one_pupils_own_answer_of_the_api_is_read_too(tmp_path: Path):
    assert first(tmp_path, "absenties.json", dump(ITEM)[0], source="magister").height == 1


def test_appointments_become_scheduled_minutes(tmp_path: Path):
    text = (
        "Id;Groep;Start;Einde;Lesuur;Type;Status;Vak\n"
        "1;2hv1;14-09-2026 08:30;14-09-2026 09:20;1;13;1;wi\n"
        "2;2hv1;14-09-2026 09:20;14-09-2026 10:10;2;13;5;en\n"
        "3;2hv1;14-09-2026 10:30;14-09-2026 11:20;3;1;1;vergadering\n"
    )
    reading = readings(tmp_path, "afspraken.csv", text, source="magister")[0]
    wanted = ["record", "group", "pupil", "date", "slot", "start_minute", "minutes", "status", "register", "subject"]
    day = date(2026, 9, 14)
    assert reading.frame.select(wanted).rows() == [
        ("afspraak:1", "2hv1", None, day, 1, 510, 50, "planned", "by_exception", "wi"),
        ("afspraak:2", "2hv1", None, day, 2, 560, 50, "cancelled", "by_exception", "en"),
    ]
    assert reading.dropped == 1


def test_a_lesson_that_ends_before_it_begins_is_an_error(tmp_path: Path):
    text = "Groep;Start;Einde;Type\n2hv1;14-09-2026 09:20;14-09-2026 08:30;13\n"
    reading = readings(tmp_path, "afspraken.csv", text, source="magister")[0]
    assert errors(reading) == [("bad_lesson", 2, "Einde", "14-09-2026 08:30")]


PUPILS = "Stamnr;Roepnaam;Tussenvoegsel;Achternaam;Klas;Leerjaar;Begindatum;Einddatum\n"


def test_pupils_become_enrolments_and_sealed_names(tmp_path: Path):
    text = PUPILS + "204817;Noor;de;Vries;2hv1;2;31-08-2026;\n204818;Sem;;Jansen;6v1;6;31-08-2026;31-12-9999\n"
    enrolments, names = readings(tmp_path, "leerlingen.csv", text, source="magister")
    first_day = date(2026, 8, 31)
    assert enrolments.frame.select("record", "group", "year_group", "valid_from", "valid_to").rows() == [
        (f"{pupil('204817')}|2hv1|2026-08-31", "2hv1", "12", first_day, None),
        (f"{pupil('204818')}|6v1|2026-08-31", "6v1", "16", first_day, None),
    ]
    assert names.frame.columns == ["pupil", "sealed", "_row"]
    assert [KEYS.open(sealed) for sealed in names.frame["sealed"]] == ["Noor\tde Vries", "Sem\tJansen"]


def test_a_pupil_who_changes_class_has_two_enrolments_and_one_name(tmp_path: Path):
    text = PUPILS + "204817;Noor;de;Vries;2hv1;2;31-08-2026;31-10-2026\n204817;Noor;de;Vries;2v1;2;1-11-2026;\n"
    enrolments, names = readings(tmp_path, "leerlingen.csv", text, source="magister")
    assert (enrolments.frame.height, names.frame.height) == (2, 1)


def test_a_pupil_without_a_class_is_enrolled_in_an_unknown_group(tmp_path: Path):
    reading = readings(tmp_path, "leerlingen.csv", PUPILS + "204817;Noor;;Smit;;2;31-8-2026;\n", source="magister")[0]
    assert reading.frame["group"].to_list() == ["onbekend"]
    assert warnings(reading) == [("no_group", 1)]


def test_a_year_that_does_not_exist_is_an_error(tmp_path: Path):
    reading = readings(tmp_path, "leerlingen.csv", PUPILS + "204817;Noor;;Smit;2a;7;31-8-2026;\n", source="magister")[0]
    assert errors(reading) == [("bad_value", 2, "Leerjaar", "7")]


def test_in_a_file_with_names_no_word_is_shown(tmp_path: Path):
    reading = readings(tmp_path, "leerlingen.csv", PUPILS + "204817;Noor;;2a;2;Smit;31-8-2026;\n", source="magister")[0]
    assert errors(reading) == [("bad_value", 2, "Leerjaar", "(4 tekens, niet getoond)")]
