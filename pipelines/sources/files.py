"""From a file to a table of text, whatever it was written as: CSV, Excel, JSON or Parquet."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import fastexcel
import polars as pl

from data_contracts.errors import NotFoundError, RefusedDeliveryError, StorageError, UsageError
from data_contracts.quality import Finding, Severity
from pipelines.sources.delimited import column_names as delimited_names
from pipelines.sources.delimited import read_delimited
from pipelines.sources.documents import read_document
from pipelines.sources.sheet import Layout, Sheet, make_sheet, match_columns, normal

EXTENSIONS = (".csv", ".txt", ".xlsx", ".json", ".parquet")

LARGEST_FILE = 1 << 30
"""Bytes; a year of a large school is a hundredth of this."""

LARGEST_WORKBOOK = 1 << 31
"""Bytes of an .xlsx after unpacking: a small file may unpack to something that fills the memory."""

MOST_ROWS = 20_000_000
"""Rows of a Parquet file, for the same reason; a CSV with so many would be larger than `LARGEST_FILE`."""

UNPACKED_AT_ONCE = 1 << 20

HEADER_WITHIN = 10
"""Rows of a worksheet in which the column names must stand (some exports put a title above them)."""

_EXCEL_REMEDY = "Open het bestand in Excel, bewaar het opnieuw als .xlsx en lever opnieuw."
_IN_PARTS = "Lever het in delen, bijvoorbeeld per schooljaar."
_PARQUET_REMEDY = "Schrijf het bestand opnieuw als Parquet met platte kolommen."


def read_sheet(path: Path, layout: Layout) -> Sheet:
    """Read the known columns of a file, and nothing else of it.

    Raises
    ------
    NotFoundError
        There is no such file.
    RefusedDeliveryError
        It cannot be read as what its name says, or a needed column is missing.
    """
    file = path.name
    data = _bytes(path)
    if not data.strip():
        detail = f"{file}: het bestand is leeg"
        raise RefusedDeliveryError(detail, remedy="Controleer of de export gelukt is en lever opnieuw.")
    match path.suffix.lower():
        case ".csv" | ".txt":
            if data.startswith(b"PK\x03\x04"):
                detail = f"{file}: dit is een Excel-bestand met de naam van een tekstbestand"
                raise RefusedDeliveryError(detail, remedy="Geef het de extensie .xlsx en lever opnieuw.")
            return make_sheet(file, layout, read_delimited(data, layout, file=file))
        case ".json":
            return make_sheet(file, layout, read_document(data, layout, file=file))
        case ".xlsx":
            return _read_workbook(data, layout, file=file)
        case ".parquet":
            return make_sheet(file, layout, _read_parquet(data, layout, file=file))
        case other:
            detail = f"{file}: bestanden met de extensie '{other}' worden niet gelezen"
            raise RefusedDeliveryError(detail, remedy=f"Lever een van: {', '.join(EXTENSIONS)}.")


def column_names(path: Path, layout: Layout) -> list[str]:
    """Return the names of all columns of a CSV or Excel file, as written; the values are not read.

    Parameters
    ----------
    layout
        Columns that must be there; they tell in which row, and behind which delimiter, the names stand.

    Raises
    ------
    NotFoundError
        There is no such file.
    RefusedDeliveryError
        It cannot be read as what its name says, or none of the columns of `layout` is there.
    """
    file, data = path.name, _bytes(path)
    match path.suffix.lower():
        case ".csv" | ".txt":
            return delimited_names(data, layout, file=file)
        case ".xlsx":
            return _opened(data, layout, file=file)[1].names
        case other:
            detail = f"{file}: bestanden met de extensie '{other}' worden hier niet gelezen"
            raise RefusedDeliveryError(detail, remedy="Lever een CSV of een .xlsx.")


def _bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            detail = f"{path.name}: het bestand is groter dan {LARGEST_FILE // (1 << 20)} MB"
            raise RefusedDeliveryError(detail, remedy=_IN_PARTS)
        return path.read_bytes()
    except FileNotFoundError:
        detail = f"er is geen bestand {path}"
        raise NotFoundError(detail, remedy="Controleer de naam en de map.") from None
    except IsADirectoryError:
        detail = f"{path} is een map, geen bestand"
        raise UsageError(detail, remedy="Noem het bestand zelf.") from None
    except OSError as error:
        detail = f"{path} is niet te lezen: {error.strerror}"
        raise StorageError(detail, remedy="Geef deze gebruiker leesrecht op het bestand.") from None


def _read_workbook(data: bytes, layout: Layout, *, file: str) -> Sheet:
    """Read the first worksheet that has the known columns. Excel's own dates come out as ISO text."""
    book, found = _opened(data, layout, file=file)
    places = match_columns(found.names, layout, file=file)
    return _read_worksheet(book, found, layout, places=places, file=file)


def _unpacked(data: bytes) -> int:
    """Return to how many bytes a workbook unpacks, by unpacking it: what its directory says of that need not be true."""
    total = 0
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            entry.file_size = LARGEST_WORKBOOK + 1
            del entry.CRC  # of what the directory says; a damaged file is for its reader to refuse
            with archive.open(entry) as packed:
                while total <= LARGEST_WORKBOOK and (part := packed.read(UNPACKED_AT_ONCE)):
                    total += len(part)
    return total


def _opened(data: bytes, layout: Layout, *, file: str) -> "tuple[fastexcel.ExcelReader, _Header]":
    """Open a workbook and find its column names."""
    try:
        unpacked = _unpacked(data)
        book = fastexcel.read_excel(data) if unpacked <= LARGEST_WORKBOOK else None
        found = None if book is None else _find_header(book, layout)
    except (Exception, pl.exceptions.PanicException):  # noqa: BLE001 - whatever a damaged workbook does to its parser
        detail = f"{file}: dit is geen leesbaar Excel-bestand (.xlsx)"
        raise RefusedDeliveryError(detail, remedy=_EXCEL_REMEDY) from None
    if book is None:
        detail = f"{file}: uitgepakt is dit bestand groter dan {LARGEST_WORKBOOK // (1 << 20)} MB"
        raise RefusedDeliveryError(detail, remedy=_IN_PARTS)
    if found is None:
        detail = f"{file}: op geen werkblad staan de kolommen {', '.join(layout.needed)}"
        raise RefusedDeliveryError(detail, remedy=f"Zet de kolomnamen in een van de eerste {HEADER_WITHIN} rijen.")
    return book, found


@dataclass(frozen=True)
class _Header:
    """Where the column names stand: worksheet, row (from 0), and the place of each among all columns of the sheet."""

    worksheet: str
    row: int
    names: list[str]
    places: list[int]


def _find_header(book: fastexcel.ExcelReader, layout: Layout) -> _Header | None:
    """Find the row with most known columns, on the first worksheet that has any."""
    known = {normal(column) for column in layout.columns}
    for worksheet in book.sheet_names:
        sheet = book.load_sheet(worksheet, header_row=None, skip_rows=0, n_rows=HEADER_WITHIN, dtypes="string")
        rows = [[cell or "" for cell in row] for row in sheet.to_polars().rows()] if sheet.width else []
        hits = [len(known & set(map(normal, row))) for row in rows]
        if any(hits):
            row = hits.index(max(hits))
            return _Header(worksheet, row, rows[row], [column.absolute_index for column in sheet.available_columns()])
    return None


def _read_worksheet(
    book: fastexcel.ExcelReader, header: _Header, layout: Layout, *, places: dict[str, int], file: str
) -> Sheet:
    """Read the columns at `places` below the header; a cell that holds an Excel error is an error of the delivery."""
    wanted = sorted(places.values())
    absolute = [header.places[place] for place in wanted]
    cells = pl.DataFrame(schema=dict.fromkeys(places, pl.String))
    errors = None
    try:
        sheet = book.load_sheet(
            header.worksheet, header_row=None, skip_rows=header.row + 1, use_columns=absolute, dtypes="string"
        )
        if sheet.height:
            batch, errors = sheet.to_arrow_with_errors()
            frame = pl.DataFrame(pl.from_arrow(batch))
            # a date without a time comes as midnight; as a plain date it can be told from the moment
            cells = frame.select(
                pl.nth(wanted.index(place)).str.strip_suffix(" 00:00:00").alias(column)
                for column, place in places.items()
            )
    except (Exception, pl.exceptions.PanicException):  # noqa: BLE001 - whatever a damaged workbook does to its parser
        detail = f"{file}: werkblad '{header.worksheet}' is niet te lezen"
        raise RefusedDeliveryError(detail, remedy=_EXCEL_REMEDY) from None
    first = header.row + 2
    cells = cells.with_columns(pl.int_range(first, cells.height + first, dtype=pl.Int64).alias("_row"))
    made = make_sheet(file, layout, cells)
    columns = {place: column for column, place in places.items()}
    for cell in errors.errors if errors else ():
        row, column = cell.offset_position[0] + first, columns[cell.position[1]]
        made.findings.append(
            Finding(
                check="bad_value",
                severity=Severity.ERROR,
                message=f"'{column}' bevat een Excel-fout (zoals #N/B) in plaats van een waarde",
                remedy=f"Herstel de formule in kolom '{column}' op regel {row}, of zet er een waarde neer.",
                file=file,
                row=row,
                column=column,
            )
        )
    return made


def _read_parquet(data: bytes, layout: Layout, *, file: str) -> pl.DataFrame:
    """Read the known columns of a Parquet file, each written as a CSV cell would hold it."""
    try:
        names = list(pl.read_parquet_schema(io.BytesIO(data)))
        places = match_columns(names, layout, file=file)
        _must_fit(data, file=file)
        frame = pl.read_parquet(io.BytesIO(data), columns=[names[place] for place in places.values()])
        cells = frame.select(_as_text(frame[names[place]], file=file).alias(column) for column, place in places.items())
    except RefusedDeliveryError:
        raise
    except (Exception, pl.exceptions.PanicException):  # noqa: BLE001 - whatever a damaged file does to its parser
        detail = f"{file}: dit is geen leesbaar Parquet-bestand"
        raise RefusedDeliveryError(detail, remedy=_PARQUET_REMEDY) from None
    return cells.with_columns(pl.int_range(2, cells.height + 2, dtype=pl.Int64).alias("_row"))


def _must_fit(data: bytes, *, file: str) -> None:
    """Refuse more rows than anybody has: a Parquet file of one megabyte may hold a thousand million."""
    if pl.scan_parquet(io.BytesIO(data)).select(pl.len()).collect().item() > MOST_ROWS:
        detail = f"{file}: dit bestand heeft meer dan {MOST_ROWS} rijen"
        raise RefusedDeliveryError(detail, remedy=_IN_PARTS)


def _as_text(values: pl.Series, *, file: str) -> pl.Series:
    kind = values.dtype
    if isinstance(kind, pl.Datetime):
        pattern = "%Y-%m-%dT%H:%M:%S%.6f"
        if kind.time_zone is None:
            return values.dt.to_string(pattern)
        return values.dt.convert_time_zone("UTC").dt.to_string(pattern + "Z")
    if kind.is_float():
        whole = values.is_null().all() or bool((values.fill_nan(None).drop_nulls() % 1 == 0).all())
        values = values.fill_nan(None)
        return (values.cast(pl.Int64) if whole else values).cast(pl.String)  # numbers with gaps are stored as floats
    if kind.is_nested() or kind in {pl.Binary, pl.Object, pl.Time, pl.Duration}:
        detail = f"{file}: kolom '{values.name}' bevat geen tekst, getal, datum of ja/nee"
        raise RefusedDeliveryError(detail, remedy=_PARQUET_REMEDY)
    return values.cast(pl.String)
