"""Magister: the database tables around `verantwoording`, the API dump per pupil, appointments and pupils.

Field names: docs/sources.md. `Verantwoordingtype` is the system's own type; the school's code says more.
"""

from dataclasses import replace

import polars as pl

from data_contracts.reasons import KINDS, Kind, Registration
from data_contracts.tables import ABSENCES, TIMETABLE, SlotStatus
from pipelines.sources.mapping import Coded, read_reasons
from pipelines.sources.notices import own_record
from pipelines.sources.periods import PeriodColumns, read_periods
from pipelines.sources.pupils import PupilColumns, pupil_file
from pipelines.sources.readings import CodeColumns, Intake, Reading, SourceFile, assemble, seen_in_lessons, undone_by
from pipelines.sources.scheduled import scheduled
from pipelines.sources.sheet import Layout, Sheet
from pipelines.sources.values import booleans, dates, moments, slots, whole_numbers

TYPES: dict[str, str | None] = {
    "1": Kind.UNEXPLAINED.value,
    "2": Kind.LATE.value,
    "3": Kind.SICK.value,
    "4": Kind.REMOVED_FROM_CLASS.value,
    "6": Kind.EXEMPTION.value,
}
"""`Verantwoordingtype` to kind."""

PRESENT = "5"
PRESENT_TYPES = (PRESENT, "7", "8")
"""Present, books forgotten, homework not done: no absence."""

LESSON, CANCELLED = 13, (4, 5)
"""`Type` of a lesson; `Status` of one that was cancelled."""

_EVENTS = [kind.value for kind, info in KINDS.items() if info.event_only]


def _read_rows(sheet: Sheet, intake: Intake) -> list[Reading]:
    rows = sheet.cells.height
    there, sheet = _apart(sheet, "idverantwoordingtypen")
    coded = Coded(
        "code",
        kind=sheet.choose("idverantwoordingtypen", TYPES, strict=False),
        authorised=sheet.parse("geoorloofd", booleans, expected="ja of nee"),
        luxury=sheet.parse("bluxeverzuim", booleans, expected="ja of nee"),
        type_column="idverantwoordingtypen",
    )
    values = _which(sheet) | read_reasons(sheet, coded, intake.settings)
    values["withdrawn"] = sheet.parse("bvervallen", booleans, expected="ja of nee")
    reading = assemble(ABSENCES, values, sheet=sheet, intake=intake, rows=rows)
    day, slot = dates(there.cells["daanwezigheid"]), slots(there.cells["lesuur"])
    present = seen_in_lessons(there, intake, number="stamnr", day=day, slot=slot)
    there = _instead(there, "idverantwoordingtypen", "idverantwoording")
    there = there.filter(~booleans(there.cells["bvervallen"]).fill_null(value=False))
    return [replace(reading, present=present, undone=undone_by(_which(there), sheet=there, intake=intake))]


def _which(sheet: Sheet) -> dict[str, pl.Series]:
    """Of which pupil and lesson a row is, and when it was recorded."""
    slot = sheet.parse("lesuur", slots, expected="lesuur")
    day = sheet.parse("daanwezigheid", dates, expected="datum", required=True)
    return {
        "record": own_record(sheet, "verantwoording", "idverantwoording"),
        "pupil_number": sheet.text("stamnr", required=True),
        "start_date": day,
        "end_date": day,
        "start_slot": slot,
        "end_slot": slot,
        "registration": _registration(slot),
        "recorded_at": sheet.parse("dinvoer", moments, expected="datum en tijd"),
    }


def _read_dump(sheet: Sheet, intake: Intake) -> list[Reading]:
    rows = sheet.cells.height
    there, sheet = _apart(sheet, "Verantwoordingtype")
    there = _instead(there, "Verantwoordingtype", "Id")
    coded = Coded(
        "Code",
        kind=sheet.choose("Verantwoordingtype", TYPES, strict=False),
        authorised=sheet.parse("Geoorloofd", booleans, expected="ja of nee"),
        type_column="Verantwoordingtype",
    )
    reasons = read_reasons(sheet, coded, intake.settings)
    values = _which_in_dump(sheet, event=reasons["kind"].is_in(_EVENTS)) | reasons
    reading = assemble(ABSENCES, values, sheet=sheet, intake=intake, rows=rows)
    never = pl.repeat(value=False, n=there.cells.height, dtype=pl.Boolean, eager=True)
    return [replace(reading, undone=undone_by(_which_in_dump(there, event=never), sheet=there, intake=intake))]


def _which_in_dump(sheet: Sheet, *, event: pl.Series) -> dict[str, pl.Series]:
    period = read_periods(sheet, PeriodColumns("Start", "Eind", "Lesuur"), event=event)
    return {
        "record": own_record(sheet, "absentie", "Id"),
        "pupil_number": sheet.text("Stamnr", required=True),
        **period,
        "registration": _registration(period["start_slot"]),
    }


def _read_appointments(sheet: Sheet, intake: Intake) -> list[Reading]:
    rows = sheet.cells.height
    kind = sheet.parse("Type", whole_numbers, expected="getal", required=True)
    sheet = sheet.filter((kind == LESSON).fill_null(value=True))
    state = sheet.parse("Status", whole_numbers, expected="getal")
    cancelled = state.is_in(CANCELLED).fill_null(value=False)
    words = {True: SlotStatus.CANCELLED.value, False: SlotStatus.PLANNED.value}
    values = {
        "record": own_record(sheet, "afspraak", "Id"),
        "group": sheet.text("Groep", required=True),
        **scheduled(sheet, "Start", "Einde", slot="Lesuur"),
        "status": cancelled.replace_strict(words, return_dtype=pl.String),
        "subject": sheet.text("Vak"),
    }
    return [assemble(TIMETABLE, values, sheet=sheet, intake=intake, rows=rows)]


def _apart(sheet: Sheet, column: str) -> tuple[Sheet, Sheet]:
    """Rows of who was there, and of who was absent."""
    there = sheet.cells[column].is_in(PRESENT_TYPES).fill_null(value=False)
    return sheet.filter(there), sheet.filter(~there)


def _instead(there: Sheet, kind: str, key: str) -> Sheet:
    """Leave only what can stand in the place of an absence: a word for present, or a record that has become something else.

    Who came late may have forgotten the books as well; without keys those are two rows about one lesson.
    """
    return there.filter((there.cells[kind] == PRESENT) | there.cells[key].is_not_null())


def _registration(slot: pl.Series) -> pl.Series:
    words = {True: Registration.OBSERVATION.value, False: Registration.REPORT.value}
    return slot.is_not_null().replace_strict(words, return_dtype=pl.String)


FILES: dict[str, SourceFile] = {
    "verantwoordingen": SourceFile(
        Layout(
            needed=("stamnr", "daanwezigheid", "code", "idverantwoordingtypen"),
            optional=("idverantwoording", "lesuur", "geoorloofd", "bluxeverzuim", "bvervallen", "dinvoer"),
            pupil="stamnr",
        ),
        _read_rows,
        codes=CodeColumns("code", TYPES, type_column="idverantwoordingtypen", authorised="geoorloofd"),
    ),
    "absenties": SourceFile(
        Layout(
            needed=("Stamnr", "Start", "Code", "Verantwoordingtype"),
            optional=("Id", "Eind", "Lesuur", "Geoorloofd"),
            pupil="Stamnr",
            parent=("Stamnr", "Items"),
        ),
        _read_dump,
        codes=CodeColumns("Code", TYPES, type_column="Verantwoordingtype", authorised="Geoorloofd"),
    ),
    "afspraken": SourceFile(
        Layout(needed=("Groep", "Start", "Einde", "Type"), optional=("Id", "Lesuur", "Status", "Vak")),
        _read_appointments,
    ),
    "leerlingen": pupil_file(
        PupilColumns("Stamnr", "Roepnaam", "Tussenvoegsel", "Achternaam", "Klas", "Leerjaar", "Begindatum", "Einddatum")
    ),
}
"""Files by the start of their name."""
