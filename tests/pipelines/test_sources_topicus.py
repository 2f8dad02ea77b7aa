"""Somtoday and EduArte: reports cover a period, observations belong to one lesson."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sources_cast import KEYS, errors, first, pupil, readings, school, warnings


def report(**more: object):
    return {
        "leerling": {"UUID": "x", "leerlingnummer": 204817},
        "absentieReden": {"absentieSoort": "Absent", "afkorting": "Z", "omschrijving": "Ziek", "geoorloofd": True},
        "datumTijdInvoer": "2026-09-14T08:41:00+02:00",
        "beginDatumTijd": "2026-09-14T00:00:00+02:00",
        "eindDatumTijd": "2026-09-14T23:59:59+02:00",
        "beginLesuur": None,
        "eindLesuur": None,
        "afgehandeld": True,
        "opmerkingen": "heeft griep",
    } | more


def somtoday(folder: Path, *items: object):
    return first(folder, "absentiemeldingen.json", {"items": list(items)}, source="somtoday")


def test_a_whole_day_has_no_slots_and_no_minutes(tmp_path: Path):
    frame = somtoday(tmp_path, report())
    assert frame.to_dicts() == [
        {
            "record": f"{pupil('204817')}|2026-09-14|||report",
            "pupil": pupil("204817"),
            "start_date": date(2026, 9, 14),
            "end_date": date(2026, 9, 14),
            "open_ended": False,
            "start_slot": None,
            "end_slot": None,
            "start_minute": None,
            "end_minute": None,
            "amount": None,
            "unit": None,
            "kind": "sick",
            "authorised": "yes",
            "registration": "report",
            "code": "Z",
            "mapped": True,
            "recorded_at": datetime(2026, 9, 14, 6, 41, tzinfo=UTC),
            "withdrawn": False,
            "_row": 1,
        }
    ]


def period(frame: pl.DataFrame):
    columns = ["start_date", "end_date", "open_ended", "start_slot", "end_slot", "start_minute", "end_minute"]
    return frame.select(columns).row(0)


MONDAY, WEDNESDAY = date(2026, 9, 14), date(2026, 9, 16)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"eindDatumTijd": "2026-09-16T23:59:59"}, (MONDAY, WEDNESDAY, False, None, None, None, None)),
        ({"eindDatumTijd": None}, (MONDAY, None, True, None, None, None, None)),
        (
            {"beginDatumTijd": "2026-09-14T10:10:00", "eindDatumTijd": None, "beginLesuur": 3},
            (MONDAY, None, True, 3, None, None, None),
        ),
        (
            {
                "beginDatumTijd": "2026-09-14T10:10:00",
                "eindDatumTijd": "2026-09-14T11:00:00",
                "beginLesuur": 3,
                "eindLesuur": 4,
            },
            (MONDAY, MONDAY, False, 3, 4, None, None),
        ),
        (
            {"beginDatumTijd": "2026-09-14T10:10:00", "eindDatumTijd": "2026-09-14T11:00:00"},
            (MONDAY, MONDAY, False, None, None, 610, 660),
        ),
        (
            {"beginDatumTijd": "2026-09-14T13:00:00", "eindDatumTijd": "2026-09-16T23:59:59"},
            (MONDAY, WEDNESDAY, False, None, None, 780, 1440),
        ),
        (  # from a lesson to the end of the day
            {"beginDatumTijd": "2026-09-14T10:10:00", "eindDatumTijd": "2026-09-14T23:59:59", "beginLesuur": 3},
            (MONDAY, MONDAY, False, 3, 20, None, None),
        ),
        (
            {"beginDatumTijd": "2026-09-14T10:10:00", "eindDatumTijd": "2026-09-14", "beginLesuur": 3},
            (MONDAY, MONDAY, False, 3, 20, None, None),
        ),
        (  # to a time that cannot be the end of that lesson
            {"beginDatumTijd": "2026-09-14T10:10:00", "eindDatumTijd": "2026-09-14T15:00:00", "beginLesuur": 3},
            (MONDAY, MONDAY, False, None, None, 610, 900),
        ),
        (
            {"beginDatumTijd": "2026-09-14T10:10:00", "eindDatumTijd": "2026-09-14T11:00:00", "beginLesuur": 3},
            (MONDAY, MONDAY, False, 3, 3, None, None),
        ),
        (
            {"beginDatumTijd": "2026-09-14T00:00:00", "eindDatumTijd": "2026-09-14T10:09:59"},
            (MONDAY, MONDAY, False, None, None, 0, 610),
        ),
    ],
)
def test_periods(tmp_path: Path, changed: dict[str, Any], expected: object):
    assert period(somtoday(tmp_path, report(**changed))) == expected


def test_a_late_arrival_without_an_end_is_over_and_has_no_minutes(tmp_path: Path):
    reason = {"absentieSoort": "Telaat", "afkorting": "TL", "geoorloofd": False}
    late = report(absentieReden=reason, beginDatumTijd="2026-09-14T08:37:00", eindDatumTijd=None, beginLesuur=1)
    frame = somtoday(tmp_path, late)
    assert period(frame) == (MONDAY, None, False, 1, 1, None, None)
    assert frame.select("kind", "amount").row(0) == ("late", None)


def test_an_end_before_the_begin_is_an_error(tmp_path: Path):
    item = report(eindDatumTijd="2026-09-13T23:59:59")
    reading = readings(tmp_path, "absentiemeldingen.json", [item], source="somtoday")[0]
    assert errors(reading) == [("end_before_begin", 1, "eindDatumTijd", "2026-09-13T23:59:59")]


def test_free_text_is_not_read(tmp_path: Path):
    assert "griep" not in str(somtoday(tmp_path, report()).rows())


def test_csv_with_dotted_names_reads_like_the_dump(tmp_path: Path):
    text = (
        "leerling.leerlingnummer,absentieReden.absentieSoort,absentieReden.afkorting,absentieReden.geoorloofd,"
        "datumTijdInvoer,beginDatumTijd,eindDatumTijd,beginLesuur,eindLesuur\n"
        "204817,Absent,Z,true,2026-09-14T08:41:00,14-09-2026 00:00:00,14-09-2026 23:59:59,,\n"
    )
    frame = first(tmp_path, "absentiemeldingen-week-38.csv", text, source="somtoday")
    assert frame.drop("_row").rows() == somtoday(tmp_path, report()).drop("_row").rows()


def test_two_facts_that_look_alike_are_numbered_whatever_their_order_in_the_file(tmp_path: Path):
    def reason(kind: str, code: str) -> dict[str, object]:
        return {"absentieSoort": kind, "afkorting": code, "geoorloofd": False}

    lesson = {
        "beginDatumTijd": "2026-09-14T08:30:00",
        "eindDatumTijd": "2026-09-14T09:20:00",
        "beginLesuur": 1,
        "eindLesuur": 1,
    }
    late = report(**lesson, absentieReden=reason("Telaat", "TL"), datumTijdInvoer="2026-09-14T08:40:00")
    sent = report(**lesson, absentieReden=reason("Verwijderd", "VR"), datumTijdInvoer="2026-09-14T09:00:00")
    one = somtoday(tmp_path, late, sent)
    other = somtoday(tmp_path, sent, late)
    base = f"{pupil('204817')}|2026-09-14|1||report"
    assert dict(one.select("kind", "record").rows()) == {"late": base, "removed_from_class": f"{base}#2"}
    assert dict(other.select("kind", "record").rows()) == dict(one.select("kind", "record").rows())


def test_the_same_row_twice_counts_once_and_is_said(tmp_path: Path):
    reading = readings(tmp_path, "absentiemeldingen.json", [report(), report()], source="somtoday")[0]
    assert (reading.rows, reading.dropped, reading.frame.height) == (2, 1, 1)
    assert ("duplicate_row", 1) in warnings(reading)


def test_a_corrected_code_keeps_its_record(tmp_path: Path):
    later = report(
        absentieReden={"absentieSoort": "Absent", "afkorting": "SP", "geoorloofd": False},
        datumTijdInvoer="2026-09-16T10:00:00",
    )
    assert somtoday(tmp_path, report())["record"][0] == somtoday(tmp_path, later)["record"][0]


def test_observations_keep_who_was_not_there(tmp_path: Path):
    def seen(kind: str, slot: int) -> dict[str, object]:
        return {
            "leerling": {"leerlingnummer": 204817},
            "waarnemingSoort": kind,
            "beginDatumTijd": "2026-09-14T08:30:00",
            "eindDatumTijd": "2026-09-14T09:20:00",
            "beginLesuur": slot,
            "eindLesuur": slot,
        }

    items = [seen("Aanwezig", 1), seen("Afwezig", 2), seen("Nvt", 3)]
    for name, source in (("waarnemingen.json", "somtoday"),):
        reading = readings(tmp_path, name, {"items": items}, source=source)[0]
        columns = ["start_slot", "kind", "authorised", "registration", "mapped"]
        assert reading.frame.select(columns).rows() == [
            (2, "unexplained", "unknown", "observation", True),
            (3, "not_required", "yes", "observation", True),
        ]
        assert reading.dropped == 1


def test_somtoday_appointments_tell_cancelled_not_required_and_registers_not_taken(tmp_path: Path):
    header = (
        "lesgroep,beginDatumTijd,eindDatumTijd,beginLesuur,presentieRegistratieVerplicht,"
        "presentieRegistratieVerwerkt,afspraakStatus,vak\n"
    )
    lesson = "2hv1,2026-09-14T08:30:00,2026-09-14T09:20:00"
    lines = [
        "1,true,true,ACTIEF",
        "2,true,false,ACTIEF",
        "3,false,false,ACTIEF",
        "4,true,false,GEANNULEERD",
        "5,,,ACTIEF",
    ]
    text = header + "".join(f"{lesson},{line},wi\n" for line in lines)
    frame = first(tmp_path, "afspraken.csv", text, source="somtoday")
    assert frame.select("slot", "status", "register").rows() == [
        (1, "planned", "taken"),
        (2, "planned", "not_taken"),
        (3, "not_required", "by_exception"),
        (4, "cancelled", "not_taken"),
        (5, "planned", "by_exception"),
    ]


VERZUIM = ["datumvan", "ovnr", "deelnemernaam", "groepnaam", "lesuurbegin", "lesuureind", "tijd", "reden", "opmerking"]


def test_the_excel_export_of_eduarte(tmp_path: Path):
    rows = [
        VERZUIM,
        ["14-9-2026", 204817, "de Vries, Noor", "2hv1", 1, 5, "4u10m", "Z", "oorontsteking"],
        [date(2026, 9, 15), 204817, "de Vries, Noor", "2hv1", 1, 1, timedelta(minutes=7), "TL", ""],
        ["16-09-2026", 204818, "Sem Jansen", "2hv1", "", "", "1:30", "AB", ""],
        ["17-09-2026", 204818, "Sem Jansen", "2hv1", "", "", "0u00m", "AB", ""],
        ["18-09-2026", 204818, "Sem Jansen", "2hv1", "", "", "", "AB", ""],
        ["21-09-2026", 204818, "Sem Jansen", "2hv1", 1, 1, "0u00m", "TL", ""],
    ]
    absences, names = readings(tmp_path, "verzuim.xlsx", rows, source="eduarte")
    assert errors(absences) == []
    assert absences.frame.select("start_date", "start_slot", "end_slot", "amount", "unit", "kind").rows() == [
        (date(2026, 9, 14), 1, 5, None, None, "sick"),
        (date(2026, 9, 15), 1, 1, 7.0, "minutes", "late"),
        (date(2026, 9, 16), None, None, 90.0, "minutes", "unexplained"),
        (date(2026, 9, 17), None, None, 0.0, "minutes", "unexplained"),
        (date(2026, 9, 18), None, None, None, None, "unexplained"),
        (date(2026, 9, 21), 1, 1, None, None, "late"),
    ]
    assert "oorontsteking" not in str(absences.frame.rows())
    assert [KEYS.open(sealed) for sealed in names.frame["sealed"]] == ["Noor\tde Vries", "Sem\tJansen"]


@pytest.mark.parametrize(
    ("full", "given", "family"),
    [
        ("de Vries, Noor", "Noor", "de Vries"),
        ("Vries, Noor de", "Noor", "de Vries"),
        ("Berg, Jan Willem van den", "Jan Willem", "van den Berg"),
        ("Noor de Vries", "Noor", "de Vries"),
        ("Anne Fleur van 't Hof", "Anne Fleur", "van 't Hof"),
        ("Sem Jansen", "Sem", "Jansen"),
        ("Çelik, Zoë", "Zoë", "Çelik"),
        ("Madonna", "", "Madonna"),
    ],
)
def test_names_in_one_cell(tmp_path: Path, full: str, given: str, family: str):
    rows = [VERZUIM, ["14-9-2026", 204817, full, "", 1, 1, "", "Z", ""]]
    names = readings(tmp_path, "verzuim.xlsx", rows, source="eduarte")[1]
    assert KEYS.open(names.frame["sealed"][0]) == f"{given}\t{family}"


def eduarte(folder: Path, *lines: str):
    header = "ovnr;afkorting;absentieSoort;geoorloofd;beginDatumTijd;eindDatumTijd;beginLesuur;eindLesuur;herhalendeAbsentieMelding"
    return first(folder, "absentiemeldingen.csv", "\n".join([header, *lines]), source="eduarte")


def test_a_repeating_report_is_leave(tmp_path: Path):
    span = "14-09-2026 00:00:00;14-09-2026 23:59:59;;"
    frame = eduarte(
        tmp_path,
        f"1;Z;Absent;J;{span};J",
        f"2;Z;Absent;J;{span};N",
        f"3;D;Absent;J;{span};H-12",
        f"4;AB;Absent;N;{span};J",
    )
    assert frame.select("kind", "authorised").rows() == [
        ("leave", "yes"),
        ("sick", "yes"),
        ("medical_appointment", "yes"),
        ("leave", "yes"),
    ]


def test_the_own_key_of_a_report_is_used_where_it_is_delivered(tmp_path: Path):
    text = "id;ovnr;afkorting;beginDatumTijd\n77;204817;Z;14-09-2026\n"
    assert first(tmp_path, "absentiemeldingen.csv", text, source="eduarte")["record"].to_list() == ["melding:77"]


def test_pupil_numbers_that_several_schools_share(tmp_path: Path):
    settings = school(pupil_number_scope="swv")
    frame = first(tmp_path, "absentiemeldingen.json", [report()], source="somtoday", school=settings)
    assert frame["pupil"].to_list() == [pupil("204817", "swv")]
