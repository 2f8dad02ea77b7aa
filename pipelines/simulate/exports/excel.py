"""A plain worksheet, written in bulk: Excel's own dates, numbers as numbers, text as text.

xlsxwriter makes the workbook (styles, relations); its rows, a call a cell, would take minutes for a school. So the rows
are put into the finished sheet as one vectorised string.
"""

import io
import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import xlsxwriter

_SHEET = "xl/worksheets/sheet1.xml"
_EPOCH_DAYS = 25569  # Excel counts days from 1899-12-30
_DIMENSION = re.compile("<dimension[^>]*>")  # says which cells are used; it is optional
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MADE = datetime(2026, 1, 1, tzinfo=UTC)  # a fixed moment, so that the same seed gives the same bytes


def write_sheet(path: Path, frame: pl.DataFrame) -> None:
    """Write `frame` as the only sheet of a workbook, with a header row. At most 26 columns."""
    empty = _workbook()
    header = "".join(
        f'<c r="{letter}1" t="inlineStr"><is><t>{name}</t></is></c>'
        for letter, name in zip(_LETTERS, frame.columns, strict=False)
    )
    rows = frame.with_row_index("_r", offset=2).select(_row(frame)).to_series().str.join().item()
    data = f'<sheetData><row r="1">{header}</row>{rows}</sheetData>'
    with (
        zipfile.ZipFile(io.BytesIO(empty)) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target,
    ):
        for item in source.infolist():
            content = source.read(item)
            if item.filename == _SHEET:
                before, _, rest = content.decode().partition("<sheetData>")
                _, _, after = rest.partition("</sheetData>")
                content = (_DIMENSION.sub("", before) + data + after).encode()
            target.writestr(
                zipfile.ZipInfo(item.filename, date_time=(2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED
            )


def _workbook() -> bytes:
    """Return an empty workbook whose style 1 shows a date and style 2 a date with time."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    book.set_properties({"created": _MADE.replace(tzinfo=None)})
    sheet = book.add_worksheet("Blad1")
    for column, form in enumerate(("dd-mm-yyyy", "dd-mm-yyyy hh:mm")):  # a style that no cell uses would not be kept
        sheet.write_blank(0, column, None, book.add_format({"num_format": form}))
    book.close()
    return buffer.getvalue()


def _row(frame: pl.DataFrame) -> pl.Expr:
    number = pl.col("_r").cast(pl.String)
    cells = [_cell(name, kind, letter) for letter, (name, kind) in zip(_LETTERS, frame.schema.items(), strict=False)]
    return pl.concat_str([pl.lit('<row r="'), number, pl.lit('">'), *cells, pl.lit("</row>")])


def _cell(name: str, kind: pl.DataType, letter: str) -> pl.Expr:
    column = pl.col(name)
    place = pl.concat_str([pl.lit(f'<c r="{letter}'), pl.col("_r").cast(pl.String)])
    if kind == pl.Date:
        value = (column.cast(pl.Int32) + _EPOCH_DAYS).cast(pl.String)
        cell = pl.concat_str([place, pl.lit('" s="1"><v>'), value, pl.lit("</v></c>")])
    elif kind == pl.Datetime:
        value = (column.dt.epoch("s") / 86400 + _EPOCH_DAYS).round(6).cast(pl.String)
        cell = pl.concat_str([place, pl.lit('" s="2"><v>'), value, pl.lit("</v></c>")])
    elif kind.is_numeric():
        cell = pl.concat_str([place, pl.lit('"><v>'), column.cast(pl.String), pl.lit("</v></c>")])
    elif kind == pl.Boolean:
        cell = pl.concat_str([place, pl.lit('" t="b"><v>'), column.cast(pl.Int8).cast(pl.String), pl.lit("</v></c>")])
    else:
        safe = column.str.replace_all("&", "&amp;", literal=True).str.replace_all("<", "&lt;", literal=True)
        cell = pl.concat_str([place, pl.lit('" t="inlineStr"><is><t>'), safe, pl.lit("</t></is></c>")])
    return cell.fill_null("")
