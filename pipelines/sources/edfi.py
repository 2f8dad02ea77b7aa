"""Ed-Fi: student school attendance events, of one or more schools, flattened to CSV.

Source of the categories: Ed-Fi Data Standard, AttendanceEventCategoryDescriptor. There is no enrolment
file, so pupils are known from their events only.
"""

from dataclasses import replace

import polars as pl

from data_contracts.reasons import Kind, Registration
from data_contracts.tables import ABSENCES, ENROLMENTS, Unit
from pipelines.sources.mapping import Coded, read_reasons
from pipelines.sources.pupils import UNKNOWN_GROUP
from pipelines.sources.readings import CodeColumns, Intake, Reading, SourceFile, assemble, undone_by
from pipelines.sources.sheet import Layout, Sheet
from pipelines.sources.values import dates, numbers

CATEGORIES: dict[str, str | None] = {
    "excusedabsence": Kind.OTHER_AUTHORISED.value,
    "unexcusedabsence": Kind.TRUANCY.value,
    "absence": Kind.UNEXPLAINED.value,
    "tardy": Kind.LATE.value,
    "partial": Kind.OTHER_AUTHORISED.value,
    "earlydeparture": Kind.UNEXPLAINED.value,
}
"""Category to kind, where the reason says nothing more."""

PRESENT = "inattendance"

PARTS: tuple[str, ...] = ("partial", "earlydeparture")
"""Categories that mean a part of the day."""

PART_OF_DAY = 0.5
"""Days that a part of a day counts as where no duration is given. Assumed: the standard does not say."""

REASONS: dict[str, Kind] = {
    r"medical|doctor|dental|dentist|appointment": Kind.MEDICAL_APPOINTMENT,
    r"\bill|sick": Kind.SICK,
    r"religio": Kind.RELIGIOUS,
    r"suspen": Kind.SUSPENSION,
    r"vacation|family|trip": Kind.LEAVE,
}
"""Words in the reason of an excused absence that say more. The reason itself is free text and is not kept."""

FIRST_MONTH = 8
"""A school year runs from 1 August."""


def _read_events(sheet: Sheet, intake: Intake) -> list[Reading]:
    rows = sheet.cells.height
    category = sheet.text("category", required=True).str.to_lowercase().str.replace_all(r"[\s_-]", "")
    absent = (category != PRESENT).fill_null(value=True)
    there = sheet.filter(~absent)
    sheet, category = sheet.filter(absent), category.filter(absent)
    known = Sheet(sheet.file, sheet.layout, sheet.cells, list(sheet.findings))
    number = sheet.text("student_id", required=True)
    day = sheet.parse("event_date", dates, expected="datum", required=True)
    values = {
        "pupil_number": number,
        "start_date": day,
        "end_date": day,
        **_amounts(sheet, category),
        **_reasons(sheet, category, intake),
    }
    absences = assemble(ABSENCES, values, sheet=sheet, intake=intake, rows=rows)
    seen = {"pupil_number": there.cells["student_id"], "start_date": dates(there.cells["event_date"])}
    undone = undone_by(seen, sheet=there, intake=intake)
    return [
        _enrolments(known, number, day, intake=intake),
        replace(absences, undone=undone, registration=Registration.REPORT.value),
    ]


def _amounts(sheet: Sheet, category: pl.Series) -> dict[str, pl.Series]:
    days = sheet.parse("duration_days", numbers, expected="getal")
    frame = pl.DataFrame({"days": days, "category": category})
    part = pl.col("category").is_in(PARTS) & pl.col("days").is_null()
    assumed = int(frame.select(part.fill_null(value=False).sum()).item())
    if assumed:
        message = f"deel van de dag gemist zonder duur, geteld als een halve dag: {assumed} keer"
        sheet.warn(
            "assumed_duration", message, remedy="Lever duration_days mee.", count=assumed, column="duration_days"
        )
    late = (pl.col("category") == "tardy").fill_null(value=False)
    amount = pl.when(part).then(PART_OF_DAY).when(~late).then(pl.col("days")).alias("amount")
    told = frame.select(amount).with_columns(
        pl.when(pl.col("amount").is_not_null()).then(pl.lit(Unit.DAYS.value)).alias("unit")
    )
    return told.to_dict()


def _reasons(sheet: Sheet, category: pl.Series, intake: Intake) -> dict[str, pl.Series]:
    kind = category.replace_strict(CATEGORIES, default=None, return_dtype=pl.String)
    frame = pl.DataFrame({"kind": kind, "reason": sheet.cells["reason"].str.to_lowercase(), "category": category})
    excused = pl.col("kind") == Kind.OTHER_AUTHORISED.value
    said = pl.coalesce(
        pl.when(excused & pl.col("reason").str.contains(words)).then(pl.lit(meant.value))
        for words, meant in REASONS.items()
    )
    unexcused = (pl.col("category") == "partial") & pl.col("reason").str.contains("unexcused")
    chosen = frame.select(
        pl.when(unexcused.fill_null(value=False))
        .then(pl.lit(Kind.TRUANCY.value))
        .otherwise(pl.coalesce(said, "kind"))
        .alias("kind")
    )["kind"]
    nothing = pl.repeat(None, chosen.len(), dtype=pl.Boolean, eager=True)
    coded = Coded("category", kind=chosen, authorised=nothing, type_column="category", standard=True)
    return read_reasons(sheet, coded, intake.settings)


def _enrolments(sheet: Sheet, number: pl.Series, day: pl.Series, *, intake: Intake) -> Reading:
    """Take each pupil as enrolled from the start of the school year of the first event."""
    events = pl.DataFrame({"number": number, "day": day, "place": pl.int_range(0, number.len(), eager=True)})
    first = (
        events.filter(pl.col("number").is_not_null() & pl.col("day").is_not_null())
        .group_by("number")
        .agg(pl.col("day").min(), pl.col("place").min())
        .sort("place")
    )
    year = pl.col("day").dt.year() - (pl.col("day").dt.month() < FIRST_MONTH).cast(pl.Int32)
    starts = first.select(pl.date(year, FIRST_MONTH, 1).alias("valid_from"))["valid_from"]
    pupils = Sheet(sheet.file, sheet.layout, sheet.cells[first["place"].to_list()], sheet.findings)
    message = (
        f"er is geen leerlingenbestand: {first.height} leerlingen zijn alleen bekend uit hun gebeurtenissen, "
        "wie nooit afwezig was ontbreekt, en groepen zijn onbekend"
    )
    pupils.warn("no_enrolments", message, remedy="Lever enrolments.csv mee als die er is.", count=first.height)
    values = {
        "pupil_number": first["number"],
        "group": pl.repeat(UNKNOWN_GROUP, first.height, dtype=pl.String, eager=True),
        "valid_from": starts,
    }
    return assemble(ENROLMENTS, values, sheet=pupils, intake=intake, rows=first.height)


FILES: dict[str, SourceFile] = {
    "attendance_events": SourceFile(
        Layout(
            needed=("student_id", "school_id", "event_date", "category"),
            optional=("reason", "duration_days"),
            pupil="student_id",
        ),
        _read_events,
        school_column="school_id",
        codes=CodeColumns("category", CATEGORIES, standard=True),
    )
}
"""Files by the start of their name."""
