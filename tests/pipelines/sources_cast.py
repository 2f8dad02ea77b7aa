"""What the tests of the readers share: keys, schools, and a file on disk in one line."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

from data_contracts.quality import Severity
from data_contracts.school import SchoolSettings
from pipelines.keys import Keys
from pipelines.sources import Reading, read

KEYS = Keys(b"p" * 32, b"n" * 32)

REASONS = {
    "z": {"kind": "sick"},
    "ab": {"kind": "unexplained"},
    "sp": {"kind": "truancy"},
    "bv": {"kind": "leave"},
    "d": {"kind": "medical_appointment"},
    "tl": {"kind": "late"},
}


def school(sector: str = "vo", **more: object) -> SchoolSettings:
    settings = {"school": "99XA00", "name": "De Proef", "sector": sector, "reasons": REASONS} | more
    return SchoolSettings.model_validate(settings)


def pupil(number: str, scope: str = "99XA00") -> str:
    return KEYS.pseudonyms(pl.Series([number]), scope)[0]


def readings(folder: Path, name: str, content: object, *, source: str, **more: object) -> list[Reading]:
    """Write `content` to a file called `name` (text, bytes, rows for .xlsx, anything for .json) and read it."""
    path = folder / name
    settings = more.get("school", school())
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    elif path.suffix == ".json":
        path.write_text(json.dumps(content), encoding="utf-8")
    else:
        workbook(path, content)
    return read(path, source=source, school=settings, keys=KEYS)


def first(folder: Path, name: str, content: object, *, source: str, **more: object) -> pl.DataFrame:
    """Return the first table of a file that must be without errors."""
    reading = readings(folder, name, content, source=source, **more)[0]
    assert [finding for finding in reading.findings if finding.severity is Severity.ERROR] == []
    return reading.frame


def errors(reading: Reading) -> list[tuple[str, int | None, str | None, str | None]]:
    """Return check, row, column and value of each error."""
    return [(f.check, f.row, f.column, f.value) for f in reading.findings if f.severity is Severity.ERROR]


def warnings(reading: Reading) -> list[tuple[str, int]]:
    """Return check and count of each warning."""
    return [(f.check, f.count) for f in reading.findings if f.severity is Severity.WARNING]


def workbook(path: Path, rows: list[list[Any]], *, before: list[list[list[Any]]] | None = None) -> None:
    """Write an .xlsx; dates and times become Excel's own. `before`: worksheets that come first."""
    with xlsxwriter.Workbook(str(path), {"default_date_format": "dd-mm-yyyy"}) as book:
        for content in [*(before or []), rows]:
            sheet = book.add_worksheet()
            for row, cells in enumerate(content):
                for column, cell in enumerate(cells):
                    if isinstance(cell, str) and not cell.startswith("="):
                        sheet.write_string(row, column, cell)
                    else:
                        sheet.write(row, column, cell)
