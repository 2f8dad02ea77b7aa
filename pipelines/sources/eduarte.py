"""EduArte: the Excel export of absence, and its reports and observations.

Field names: docs/sources.md.
"""

from dataclasses import replace

import polars as pl

from data_contracts.reasons import KINDS, Registration
from data_contracts.tables import ABSENCES, Unit
from pipelines.sources.mapping import Coded, read_reasons
from pipelines.sources.notices import NoticeColumns, notice_file, observation_file
from pipelines.sources.pupils import PupilColumns, pupil_file, split_names
from pipelines.sources.readings import CodeColumns, Intake, Reading, SourceFile, assemble, assemble_names
from pipelines.sources.sheet import Layout, Sheet
from pipelines.sources.values import dates, durations, slots

_EVENTS = [kind.value for kind, info in KINDS.items() if info.event_only]


def _read_export(sheet: Sheet, intake: Intake) -> list[Reading]:
    rows = sheet.cells.height
    number = sheet.text("ovnr", required=True)
    names_sheet = Sheet(sheet.file, sheet.layout, sheet.cells, list(sheet.findings))
    nothing = pl.repeat(None, rows, dtype=pl.String, eager=True)
    coded = Coded("reden", kind=nothing, authorised=nothing.cast(pl.Boolean))
    reasons = read_reasons(sheet, coded, intake.settings)
    day = sheet.parse("datumvan", dates, expected="datum", required=True)
    first = sheet.parse("lesuurbegin", slots, expected="lesuur")
    last = sheet.parse("lesuureind", slots, expected="lesuur")
    minutes = sheet.parse("tijd", durations, expected="duur, zoals 0u50m")
    values = {
        "pupil_number": number,
        "start_date": day,
        "end_date": day,
        "start_slot": first,
        "end_slot": last.zip_with(last.is_not_null(), first),
        **_amounts(minutes, first, reasons["kind"]),
        **reasons,
    }
    absences = assemble(ABSENCES, values, sheet=sheet, intake=intake, rows=rows)
    absences = replace(absences, registration=Registration.REPORT.value)
    full = names_sheet.cells["deelnemernaam"]
    if full.null_count() == rows:
        return [absences]
    given, family = split_names(full)
    names = {"pupil_number": number, "given_name": given, "family_name": family}
    return [absences, assemble_names(names, sheet=names_sheet, intake=intake, rows=rows)]


def _amounts(minutes: pl.Series, first: pl.Series, kind: pl.Series) -> dict[str, pl.Series]:
    """Keep the duration where it says more than the lesson hours: of a late arrival, or where there are none.

    Nothing missed is said as 0u00m: no amount at all would be the whole day. Of who was late it means that nobody looked.
    """
    frame = pl.DataFrame({"minutes": minutes, "first": first, "kind": kind})
    event = pl.col("kind").is_in(_EVENTS)
    says_more = (event & (pl.col("minutes") > 0)) | (~event & pl.col("first").is_null())
    told = frame.select(pl.when(says_more).then(pl.col("minutes").cast(pl.Float64)).alias("amount")).with_columns(
        pl.when(pl.col("amount").is_not_null()).then(pl.lit(Unit.MINUTES.value)).alias("unit")
    )
    return told.to_dict()


FILES: dict[str, SourceFile] = {
    "verzuim": SourceFile(
        Layout(
            needed=("datumvan", "ovnr", "reden"),
            optional=("deelnemernaam", "lesuurbegin", "lesuureind", "tijd"),
            pupil="ovnr",
            names=("deelnemernaam",),
        ),
        _read_export,
        codes=CodeColumns("reden", {}),
    ),
    "absentiemeldingen": notice_file(
        NoticeColumns(
            number="ovnr",
            code="afkorting",
            type="absentieSoort",
            authorised="geoorloofd",
            repeating="herhalendeAbsentieMelding",
        )
    ),
    "waarnemingen": observation_file("ovnr"),
    "leerlingen": pupil_file(PupilColumns("ovnr", "roepnaam", "voorvoegsel", "achternaam", "groepnaam", "leerjaar")),
}
"""Files by the start of their name. A code of the Excel export has no type to fall back on, only the mapping."""
