"""ParnasSys: absence per half-day, and pupils. Every column name is ours; see docs/sources.md."""

from dataclasses import replace

import polars as pl

from data_contracts.reasons import Kind, Registration
from data_contracts.tables import ABSENCES, Unit
from pipelines.sources.mapping import Coded, read_reasons
from pipelines.sources.pupils import PupilColumns, pupil_file
from pipelines.sources.readings import CodeColumns, Intake, Reading, SourceFile, assemble
from pipelines.sources.sheet import Layout, Sheet
from pipelines.sources.values import booleans, dates, durations

HALF_DAYS: dict[str, str | None] = {
    "ochtend": "1",
    "middag": "2",
    "heledag": None,
    "hele": None,
    "dag": None,
    "o": "1",
    "m": "2",
    "h": None,
    "1": "1",
    "2": "2",
}
"""Half-day to slot; a whole day has none."""


def _read_absences(sheet: Sheet, intake: Intake) -> list[Reading]:
    day = sheet.parse("datum", dates, expected="datum", required=True)
    slot = sheet.choose("dagdeel", HALF_DAYS).cast(pl.Int64)
    minutes = sheet.parse("minuten", durations, expected="aantal minuten")
    late = (minutes > 0).fill_null(value=False)
    words = {True: Kind.LATE.value, False: Kind.UNEXPLAINED.value}
    coded = Coded(
        "code",
        kind=late.replace_strict(words, return_dtype=pl.String),
        authorised=sheet.parse("geoorloofd", booleans, expected="ja of nee"),
    )
    reasons = read_reasons(sheet, coded, intake.settings)
    told = pl.DataFrame({"minutes": minutes, "kind": reasons["kind"], "late": late}).select(
        pl.when(pl.col("late") & (pl.col("kind") == Kind.LATE.value))
        .then(pl.col("minutes").cast(pl.Float64))
        .alias("amount")
    )
    values = {
        "pupil_number": sheet.text("leerlingnummer", required=True),
        "start_date": day,
        "end_date": day,
        "start_slot": slot,
        "end_slot": slot,
        "amount": told["amount"],
        "unit": told.select(pl.when(pl.col("amount").is_not_null()).then(pl.lit(Unit.MINUTES.value)))["literal"],
        **reasons,
    }
    absences = assemble(ABSENCES, values, sheet=sheet, intake=intake, rows=sheet.cells.height)
    return [replace(absences, registration=Registration.REPORT.value)]


FILES: dict[str, SourceFile] = {
    "absenties": SourceFile(
        Layout(
            needed=("leerlingnummer", "datum", "dagdeel", "code"),
            optional=("geoorloofd", "minuten"),
            pupil="leerlingnummer",
        ),
        _read_absences,
        codes=CodeColumns("code", {}, authorised="geoorloofd", late="minuten"),
    ),
    "leerlingen": pupil_file(
        PupilColumns("leerlingnummer", "roepnaam", "voorvoegsel", "achternaam", "groep", "jaargroep")
    ),
}
"""Files by the start of their name."""
