"""Our own format: the tables of the contract, as they are. For schools and systems without a reader of their own."""

from collections.abc import Callable

import polars as pl

from data_contracts.tables import ABSENCES, NAMES, TABLES, Column, Table
from pipelines.sources.readings import Intake, Reading, SourceFile, assemble, assemble_names, safe_codes
from pipelines.sources.sheet import Layout, Sheet
from pipelines.sources.values import booleans, dates, drop_never, moments, numbers, whole_numbers

SCHOOL = "school"
"""The column in which one file may hold several schools."""

_PARSERS: dict[str, tuple[Callable[[pl.Series], pl.Series], str]] = {
    "int": (whole_numbers, "heel getal"),
    "float": (numbers, "getal"),
    "bool": (booleans, "ja of nee"),
    "date": (dates, "datum"),
    "datetime": (moments, "datum en tijd"),
}


def _file(table: Table) -> SourceFile:
    needed = tuple(column.name for column in table.columns if not column.optional)
    names = ("given_name", "family_name") if table is NAMES else ()
    layout = Layout(
        needed=needed,
        optional=(*(name for name in table.column_names if name not in needed), SCHOOL),
        pupil="pupil_number",
        names=names,
    )
    return SourceFile(layout, lambda sheet, intake: [_read(sheet, intake, table)], school_column=SCHOOL)


def _read(sheet: Sheet, intake: Intake, table: Table) -> Reading:
    rows = sheet.cells.height
    if table is NAMES:
        names = {name: sheet.text(name, required=name == "pupil_number") for name in table.column_names}
        return assemble_names(names, sheet=sheet, intake=intake, rows=rows)
    values = {column.name: _values(sheet, column) for column in table.columns}
    if "valid_to" in values:
        values["valid_to"] = drop_never(values["valid_to"])
    if table is ABSENCES:
        said = values["end_date"]
        values["end_date"] = drop_never(said)
        never = said.is_not_null() & values["end_date"].is_null()
        values["open_ended"] = values["open_ended"] | never
    if "code" in values:
        known = pl.repeat(value=False, n=rows, dtype=pl.Boolean, eager=True)
        if intake.settings is not None:
            known = values["code"].str.to_lowercase().is_in(list(intake.settings.reasons))
        values["code"] = safe_codes(values["code"], known, sheet, column="code")
    return assemble(table, values, sheet=sheet, intake=intake, rows=rows, versions=True)


def _values(sheet: Sheet, column: Column) -> pl.Series:
    if column.type == "string":
        text = sheet.text(column.name, required=column.required)
        return text.str.to_lowercase() if column.values is not None else text
    parser, expected = _PARSERS[column.type]
    return sheet.parse(column.name, parser, expected=expected, required=column.required)


FILES: dict[str, SourceFile] = {name: _file(table) for name, table in TABLES.items()}
"""Files by the start of their name."""
