"""ParnasSys half-days, Ed-Fi events, and our own format."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sources_cast import KEYS, errors, first, pupil, readings, school, warnings

from data_contracts.errors import RefusedDeliveryError

HALF_DAYS = "leerlingnummer;datum;dagdeel;code;geoorloofd;minuten\n"


def test_half_days_are_slots_and_minutes_belong_to_the_late(tmp_path: Path):
    text = HALF_DAYS + (
        "1001;14-09-2026;ochtend;Z;ja;\n1001;14-09-2026;middag;Z;ja;\n1002;14-09-2026;hele dag;D;ja;\n"
        "1003;14-09-2026;ochtend;TL;nee;12\n1004;14-09-2026;ochtend;TL;nee;\n1005;14-09-2026;Ochtend;L?;nee;5\n"
    )
    frame = first(tmp_path, "absenties.csv", text, source="parnassys", school=school("po"))
    assert frame.select("start_slot", "end_slot", "kind", "amount", "unit", "mapped").rows() == [
        (1, 1, "sick", None, None, True),
        (2, 2, "sick", None, None, True),
        (None, None, "medical_appointment", None, None, True),
        (1, 1, "late", 12.0, "minutes", True),
        (1, 1, "late", None, None, True),
        (1, 1, "late", 5.0, "minutes", False),
    ]


def test_an_unknown_half_day_is_an_error(tmp_path: Path):
    reading = readings(tmp_path, "absenties.csv", HALF_DAYS + "1001;14-09-2026;nacht;Z;ja;\n", source="parnassys")[0]
    assert errors(reading) == [("bad_value", 2, "dagdeel", "nacht")]


def test_year_groups_of_primary_stay_as_they_are(tmp_path: Path):
    text = "leerlingnummer;roepnaam;voorvoegsel;achternaam;groep;jaargroep;begindatum;einddatum\n"
    text += "1001;Noor;de;Vries;5a;5;01-08-2026;\n1002;Sem;;Smit;s1;s;01-08-2026;\n"
    frame = first(tmp_path, "leerlingen.csv", text, source="parnassys", school=school("po"))
    assert frame["year_group"].to_list() == ["5", "S"]


EVENTS = "student_id,school_id,session,event_date,category,reason,duration_days\n"


def test_events_of_several_schools_become_a_reading_each_with_the_pupils_they_name(tmp_path: Path):
    text = EVENTS + (
        "604822,255901001,Fall,2021-11-09,Excused Absence,Absent excused,1\n"
        "604822,255901001,Spring,2022-01-10,Unexcused Absence,Absent unexcused,1\n"
        "604823,255901044,Fall,2021-08-31,Tardy,Tardy,\n"
    )
    found = readings(tmp_path, "attendance_events.csv", text, source="edfi", school=None)
    assert [(reading.table, reading.school, reading.rows) for reading in found] == [
        ("enrolments", "255901001", 1),
        ("absences", "255901001", 2),
        ("enrolments", "255901044", 1),
        ("absences", "255901044", 1),
    ]
    assert found[0].frame.select("pupil", "group", "year_group", "valid_from", "valid_to").rows() == [
        (pupil("604822", "255901001"), "onbekend", None, date(2021, 8, 1), None)
    ]
    assert warnings(found[0]) == [("no_enrolments", 1)]
    assert found[1].frame.select("start_date", "kind", "authorised", "amount", "unit", "mapped").rows() == [
        (date(2021, 11, 9), "other_authorised", "yes", 1.0, "days", True),
        (date(2022, 1, 10), "truancy", "no", 1.0, "days", True),
    ]
    assert found[3].frame.select("kind", "amount", "unit").rows() == [("late", None, None)]


@pytest.mark.parametrize(
    ("category", "reason", "kind", "authorised", "amount"),
    [
        ("Excused Absence", "Sick child", "sick", "yes", 1.0),
        ("Excused Absence", "Doctor's appointment", "medical_appointment", "yes", 1.0),
        ("Excused Absence", "Religious holiday", "religious", "yes", 1.0),
        ("Excused Absence", "Family trip", "leave", "yes", 1.0),
        ("Excused Absence", "Still unknown", "other_authorised", "yes", 1.0),
        ("Unexcused Absence", "sick they say", "truancy", "no", 1.0),
        ("Tardy", "", "late", "no", None),
    ],
)
def test_categories_and_reasons(
    tmp_path: Path, category: str, reason: str, kind: str, authorised: str, amount: float | None
):
    text = f"{EVENTS}604822,255901001,Fall,2021-11-09,{category},{reason},1\n"
    frame = readings(tmp_path, "attendance_events.csv", text, source="edfi", school=None)[1].frame
    assert frame.select("kind", "authorised", "amount").rows() == [(kind, authorised, amount)]
    assert reason == "" or reason not in str(frame.rows())  # the reason itself is free text


def test_a_part_of_a_day_without_duration_counts_as_half_and_is_said(tmp_path: Path):
    text = EVENTS + "604822,255901001,Fall,2021-12-15,Partial,Absent excused,\n"
    reading = readings(tmp_path, "attendance_events.csv", text, source="edfi", school=None)[1]
    assert reading.frame.select("kind", "amount", "unit").rows() == [("other_authorised", 0.5, "days")]
    assert warnings(reading) == [("assumed_duration", 1)]


def test_presence_is_left_out_and_an_unknown_category_is_an_error(tmp_path: Path):
    text = EVENTS + ("604822,255901001,Fall,2021-12-15,In Attendance,,\n604822,255901001,Fall,2021-12-16,Zoom,,1\n")
    reading = readings(tmp_path, "attendance_events.csv", text, source="edfi", school=None)[1]
    assert reading.dropped == 1
    assert errors(reading) == [("unknown_type", 3, "category", "Zoom")]


def test_a_school_number_that_is_none_is_refused(tmp_path: Path):
    with pytest.raises(RefusedDeliveryError, match="regel 2: 12"):
        readings(
            tmp_path, "attendance_events.csv", f"{EVENTS}1,12,Fall,2021-12-15,Tardy,,\n", source="edfi", school=None
        )


ABSENCES = "record,pupil_number,start_date,kind,authorised,recorded_at,withdrawn,code\n"


def test_our_own_format_keeps_every_version_of_a_record(tmp_path: Path):
    text = ABSENCES + (
        "a1,204817,2026-09-14,unexplained,unknown,2026-09-14T08:41:00+02:00,false,AB\n"
        "a1,204817,2026-09-14,truancy,no,2026-09-16T10:00:00+02:00,false,SP\n"
        "a1,204817,2026-09-14,truancy,no,2026-09-17T10:00:00+02:00,true,SP\n"
    )
    frame = first(tmp_path, "absences.csv", text, source="canonical")
    assert frame.select("record", "kind", "recorded_at", "withdrawn").rows() == [
        ("a1", "unexplained", datetime(2026, 9, 14, 6, 41, tzinfo=UTC), False),
        ("a1", "truancy", datetime(2026, 9, 16, 8, 0, tzinfo=UTC), False),
        ("a1", "truancy", datetime(2026, 9, 17, 8, 0, tzinfo=UTC), True),
    ]
    assert frame.select("open_ended", "registration", "mapped").row(0) == (False, "report", True)


def test_without_a_record_the_identifying_columns_make_one_and_moments_are_versions(tmp_path: Path):
    text = "pupil_number,start_date,start_slot,kind,recorded_at\n"
    text += "204817,2026-09-14,3,unexplained,2026-09-14T09:00:00\n204817,2026-09-14,3,sick,2026-09-15T09:00:00\n"
    frame = first(tmp_path, "absences.csv", text, source="canonical")
    record = f"{pupil('204817')}|2026-09-14|3||report"
    assert frame.select("record", "kind").rows() == [(record, "unexplained"), (record, "sick")]


def test_a_record_with_the_pupil_number_inside_is_stored_without_it(tmp_path: Path):
    text = ABSENCES + "204817-140926,204817,2026-09-14,sick,yes,,,Z\nx-2048179,204817,2026-09-15,sick,yes,,,Z\n"
    frame = first(tmp_path, "absences.csv", text, source="canonical")
    assert frame["record"].to_list() == [f"{pupil('204817')}-140926", f"x-{pupil('204817')}9"]


def test_one_fact_twice_at_the_same_moment_counts_once(tmp_path: Path):
    text = ABSENCES + "a1,204817,2026-09-14,sick,yes,,,Z\na1,204817,2026-09-14,leave,yes,,,BV\n"
    reading = readings(tmp_path, "absences.csv", text, source="canonical")[0]
    assert reading.frame["kind"].to_list() == ["leave"]
    assert warnings(reading) == [("duplicate_row", 1)]


def test_a_text_in_the_place_of_a_code_is_not_kept(tmp_path: Path):
    text = ABSENCES + "a1,204817,2026-09-14,sick,yes,,,griep en hoge koorts\n"
    reading = readings(tmp_path, "absences.csv", text, source="canonical")[0]
    assert reading.frame["code"].to_list() == [None]
    assert warnings(reading) == [("text_as_code", 1)]
    assert "griep" not in str(reading)


def test_one_file_may_hold_several_schools(tmp_path: Path):
    text = (
        "school,pupil_number,group,valid_from\n11ZZ03,1,2a,2026-08-31\n11ZZ04,1,2a,2026-08-31\n11ZZ03,2,2a,2026-08-31\n"
    )
    found = readings(tmp_path, "enrolments.csv", text, source="canonical", school=None)
    assert [(reading.school, reading.frame["_row"].to_list()) for reading in found] == [
        ("11ZZ03", [2, 4]),
        ("11ZZ04", [3]),
    ]
    with pytest.raises(RefusedDeliveryError, match="99XA00; regel 2: 11ZZ03"):
        readings(tmp_path, "enrolments.csv", text, source="canonical")


def test_timetable_of_a_group_and_of_one_pupil(tmp_path: Path):
    text = "group,pupil_number,date,slot,minutes,status\n2hv1,,2026-09-14,1,50,\n,204817,2026-09-14,,120,planned\n"
    frame = first(tmp_path, "timetable.csv", text, source="canonical")
    assert frame.select("group", "pupil", "slot", "minutes", "status", "register").rows() == [
        ("2hv1", None, 1, 50, "planned", "by_exception"),
        (None, pupil("204817"), None, 120, "planned", "by_exception"),
    ]


def test_outcomes_and_names(tmp_path: Path):
    text = "pupil_number,outcome,date\n204817,withdrawal,2026-11-02\n"
    assert first(tmp_path, "outcomes.csv", text, source="canonical").select("outcome", "date").rows() == [
        ("withdrawal", date(2026, 11, 2))
    ]
    text = "pupil_number,given_name,family_name\n204817,Noor,de Vries\n204818,,\n"
    reading = readings(tmp_path, "names.csv", text, source="canonical")[0]
    assert [KEYS.open(sealed) for sealed in reading.frame["sealed"]] == ["Noor\tde Vries"]
    assert warnings(reading) == [("no_name", 1)]
    assert reading.dropped == 1
