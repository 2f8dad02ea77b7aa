"""Small files that unpack to something that would fill the memory: refused before they are read."""

import io
import struct
import zipfile
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from data_contracts.errors import RefusedDeliveryError
from pipelines.sources import files
from pipelines.sources.sheet import Layout

LAYOUT = Layout(("pupil", "kind"))
SHEET = b"xl/worksheets/sheet1.xml"
CENTRAL = b"PK\x01\x02"
"""How a file begins in the directory of an archive; its size stands 24 bytes further, its name 46."""


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    """A workbook with a thousand rows of long text."""
    path = tmp_path / "verzuim.xlsx"
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, LAYOUT.needed)
        for row in range(1, 1000):
            page.write_row(row, 0, ["1", "y" * 1000])
    return path


def lie(path: Path) -> None:
    """Have the directory of an archive say that its sheet is small."""
    raw = bytearray(path.read_bytes())
    at = raw.index(SHEET, raw.index(CENTRAL)) - 46
    assert raw[at : at + 4] == CENTRAL
    struct.pack_into("<I", raw, at + 24, 1000)
    path.write_bytes(raw)
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        assert archive.getinfo(SHEET.decode()).file_size == 1000


@pytest.mark.parametrize("lies", [False, True])
def test_a_workbook_that_unpacks_to_too_much_is_refused_whatever_it_says(
    workbook: Path, monkeypatch: pytest.MonkeyPatch, *, lies: bool
):
    assert files.read_sheet(workbook, LAYOUT).cells.height == 999
    if lies:
        lie(workbook)
    monkeypatch.setattr(files, "LARGEST_WORKBOOK", 500_000)
    with pytest.raises(RefusedDeliveryError, match="uitgepakt is dit bestand groter dan"):
        files.read_sheet(workbook, LAYOUT)


def test_a_parquet_file_with_more_rows_than_anybody_has_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "verzuim.parquet"
    pl.DataFrame({"pupil": ["1"] * 1001, "kind": ["sick"] * 1001}).write_parquet(path)
    assert files.read_sheet(path, LAYOUT).cells.height == 1001
    monkeypatch.setattr(files, "MOST_ROWS", 1000)
    with pytest.raises(RefusedDeliveryError, match="meer dan 1000 rijen"):
        files.read_sheet(path, LAYOUT)
