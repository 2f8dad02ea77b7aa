"""Pupil files: who is in which group from when until when, and what they are called."""

from dataclasses import dataclass

import polars as pl

from data_contracts.identifiers import Sector
from data_contracts.tables import ENROLMENTS
from pipelines.sources.readings import Intake, Reading, SourceFile, assemble, assemble_names
from pipelines.sources.sheet import Layout, Sheet
from pipelines.sources.values import dates, drop_never

UNKNOWN_GROUP = "onbekend"
"""Group of a pupil whose file names none."""

_PRIMARY = {name: name for name in ("p", "s", *map(str, range(9)))} | {"p": "P", "s": "S"}
_SECONDARY = {str(year): str(year + 10) for year in range(1, 7)} | {str(code): str(code) for code in range(11, 17)}


@dataclass(frozen=True)
class PupilColumns:
    """Names of the columns of a pupil file."""

    number: str
    given: str
    prefix: str
    family: str
    group: str
    year: str
    first: str = "begindatum"
    last: str = "einddatum"


def pupil_file(columns: PupilColumns) -> SourceFile:
    """Return how to read a pupil file with these columns: enrolments, and names apart."""
    layout = Layout(
        needed=(columns.number, columns.group, columns.first),
        optional=(columns.given, columns.prefix, columns.family, columns.year, columns.last),
        pupil=columns.number,
        names=(columns.given, columns.prefix, columns.family),
    )
    return SourceFile(layout, lambda sheet, intake: _read(sheet, intake, columns))


def _read(sheet: Sheet, intake: Intake, columns: PupilColumns) -> list[Reading]:
    rows = sheet.cells.height
    number = sheet.text(columns.number, required=True)
    names_sheet = Sheet(sheet.file, sheet.layout, sheet.cells, list(sheet.findings))
    group = sheet.text(columns.group)
    missing = int(group.null_count())
    if missing:
        message = f"regels zonder groep, waar nu '{UNKNOWN_GROUP}' staat: {missing}"
        remedy = f"Vul kolom '{columns.group}' aan: zonder groep is er geen rooster en geen vergelijking."
        sheet.warn("no_group", message, remedy=remedy, count=missing, column=columns.group)
    values = {
        "pupil_number": number,
        "group": group.fill_null(UNKNOWN_GROUP),
        "year_group": _year_group(sheet, columns.year, intake),
        "valid_from": sheet.parse(columns.first, dates, expected="datum", required=True),
        "valid_to": drop_never(sheet.parse(columns.last, dates, expected="datum")),
    }
    enrolments = assemble(ENROLMENTS, values, sheet=sheet, intake=intake, rows=rows)
    cells = names_sheet.cells
    family = cells.select(
        pl.concat_str(columns.prefix, columns.family, separator=" ", ignore_nulls=True).str.strip_chars()
    )[columns.prefix]
    if cells[columns.given].null_count() == rows and cells[columns.family].null_count() == rows:
        return [enrolments]
    names = {"pupil_number": number, "given_name": cells[columns.given], "family_name": family}
    return [enrolments, assemble_names(names, sheet=names_sheet, intake=intake, rows=rows)]


def _year_group(sheet: Sheet, column: str, intake: Intake) -> pl.Series:
    """Years 1-6 of secondary are year groups 11-16; vocational years have no year group."""
    sector = Sector.VO if intake.settings is None else intake.settings.sector
    if sector is Sector.MBO:
        return pl.repeat(None, sheet.cells.height, dtype=pl.String, eager=True)
    years = _SECONDARY if sector in {Sector.VO, Sector.VSO} else _PRIMARY
    if sector is Sector.VSO:
        years = years | {"s": "S"}
    return sheet.choose(column, dict(years))


def split_names(full: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Split *de Vries, Noor*, *Vries, Noor de* and *Noor de Vries* into given and family names.

    Where nothing but order tells them apart, the first word is the given name.
    """
    part = pl.col("part").struct
    comma = r"^(?<family>[^,]+),\s*(?<given>.+?)(?<prefix>(?:\s+\p{Ll}[\p{Ll}'\x{2019}]*)+)?$"
    lower = r"^(?<given>.+?)\s+(?<family>(?:\p{Ll}|'[st]\s).*)$"
    frame = full.to_frame("full").with_columns(pl.col("full").str.strip_chars())
    comma_parts = frame.select(pl.col("full").str.extract_groups(comma).alias("part")).select(
        pl.concat_str(part.field("prefix").str.strip_chars(), part.field("family"), separator=" ", ignore_nulls=True)
        .str.strip_chars()
        .replace("", None)
        .alias("family"),
        part.field("given").str.strip_chars().alias("given"),
    )
    lower_parts = frame.select(pl.col("full").str.extract_groups(lower).alias("part")).select(
        part.field("family"), part.field("given")
    )
    split = frame.select(
        pl.coalesce(comma_parts["given"], lower_parts["given"], pl.col("full").str.extract(r"^(\S+)\s")).alias("given"),
        pl.coalesce(
            comma_parts["family"], lower_parts["family"], pl.col("full").str.extract(r"^\S+\s+(.+)$"), "full"
        ).alias("family"),
    )
    return split["given"], split["family"]
