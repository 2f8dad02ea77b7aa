"""Delimited text: any of the delimiters and encodings that Dutch school systems write."""

import csv
import io
from itertools import islice
from operator import itemgetter

import polars as pl

from data_contracts.errors import RefusedDeliveryError
from pipelines.sources.sheet import Layout, match_columns, normal

DELIMITERS = ";,\t"

LONGEST_HEADER = 1 << 16
"""Characters in which the row of column names must end."""

NAMED_ROWS = 10
"""Ragged rows that a refusal names one by one."""

_MADE_TWICE = (
    "\xc3\xa9",
    "\xc3\xab",
    "\xc3\xa8",
    "\xc3\xaf",
    "\xc3\xb6",
    "\xc3\xbc",
)  # é ë è ï ö ü, UTF-8 read as Latin
_REMEDY = "Exporteer het bestand opnieuw, als CSV in UTF-8 of als .xlsx."


def read_delimited(data: bytes, layout: Layout, *, file: str) -> pl.DataFrame:
    """Read delimited text.

    Parameters
    ----------
    data
        The file's bytes: UTF-8 with or without byte order mark, or Windows-1252.

    Returns
    -------
    polars.DataFrame
        The known columns as text, and ``_row``.

    Raises
    ------
    RefusedDeliveryError
        It is no text, a needed column is missing, or a row has another number of fields than the header.
    """
    header, body, first = _header_and_body(data, file=file)
    delimiter, names = _split_header(header, layout, file=file)
    places = match_columns(names, layout, file=file)
    if '"' in body:
        return _read_quoted(body, delimiter, places, width=len(names), first=first, file=file)
    return _read_plain(body, delimiter, places, width=len(names), first=first, file=file)


def column_names(data: bytes, layout: Layout, *, file: str) -> list[str]:
    """Return the names of all columns of delimited text; those of `layout` tell which delimiter it has.

    Raises
    ------
    RefusedDeliveryError
        It is no text, or its first row cannot be read.
    """
    header, _, _ = _header_and_body(data, file=file)
    return _split_header(header, layout, file=file)[1]


def _header_and_body(data: bytes, *, file: str) -> tuple[str, str, int]:
    """Return the row with the column names, what follows, and the number of the first row that follows."""
    text = decode(data, file=file)
    first = 2
    if text.lower().startswith("sep="):  # a line for Excel, not for us
        text, first = text.partition("\n")[2], 3
    header, _, body = text.partition("\n")
    if not header.strip():
        detail = f"{file}: de eerste regel is leeg; daar horen de kolomnamen"
        raise RefusedDeliveryError(detail, remedy=_REMEDY)
    if len(header) > LONGEST_HEADER:
        detail = f"{file}: de eerste regel is langer dan {LONGEST_HEADER} tekens; dit is geen export met kolomnamen"
        raise RefusedDeliveryError(detail, remedy=_REMEDY)
    return header, body, first


def decode(data: bytes, *, file: str) -> str:
    r"""Return `data` as text with ``\n`` at the end of each line; UTF-8 if it is that, else Windows-1252.

    Raises
    ------
    RefusedDeliveryError
        It is empty, holds NUL bytes (UTF-16, or no text at all), or is neither encoding.
    """
    if not data.strip():
        detail = f"{file}: het bestand is leeg"
        raise RefusedDeliveryError(detail, remedy="Controleer of de export gelukt is en lever opnieuw.")
    if b"\0" in data:
        detail = f"{file}: dit is geen CSV in UTF-8 of Windows-1252 (er staan NUL-bytes in)"
        raise RefusedDeliveryError(detail, remedy=_REMEDY)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = _decode_windows(data, file=file)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decode_windows(data: bytes, *, file: str) -> str:
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        detail = f"{file}: regel {line} is geen UTF-8 en geen Windows-1252"
        raise RefusedDeliveryError(detail, remedy=_REMEDY) from None
    twice = next((word for word in _MADE_TWICE if word in text), None)
    if twice is not None:
        line = text.count("\n", 0, text.index(twice)) + 1
        detail = f"{file}: twee tekencoderingen door elkaar (UTF-8 op regel {line}, elders Windows-1252)"
        raise RefusedDeliveryError(detail, remedy=_REMEDY)
    return text


def _split_header(header: str, layout: Layout, *, file: str) -> tuple[str, list[str]]:
    """Split the header by the delimiter that yields most known columns."""
    known = {normal(column) for column in layout.columns}
    best: tuple[int, str, list[str]] = (-1, ";", [])
    for delimiter in DELIMITERS:
        try:
            names = next(csv.reader([header], delimiter=delimiter, strict=True))
        except csv.Error:
            continue
        hits = len(known & {normal(name) for name in names})
        if hits > best[0]:
            best = (hits, delimiter, names)
    if not best[2]:
        detail = f"{file}: de regel met kolomnamen is niet te lezen (een aanhalingsteken sluit niet)"
        raise RefusedDeliveryError(detail, remedy=_REMEDY)
    return best[1], best[2]


def _read_plain(
    body: str, delimiter: str, places: dict[str, int], *, width: int, first: int, file: str
) -> pl.DataFrame:
    """Read text without quotes: a line is a row, and a delimiter always delimits."""
    lines = pl.DataFrame({"line": pl.Series([body]).str.split("\n").explode()}).with_row_index("_row", offset=first)
    filled = lines.filter(pl.col("line").str.strip_chars() != "")
    ragged = filled.filter(pl.col("line").str.count_matches(delimiter, literal=True) != width - 1)
    if ragged.height:
        _refuse_ragged(ragged["_row"].to_list(), width, file=file)
    fields = pl.col("line").str.split_exact(delimiter, width - 1)
    return filled.select(
        *(fields.struct.field(f"field_{place}").alias(column) for column, place in places.items()),
        pl.col("_row").cast(pl.Int64),
    )


def _read_quoted(
    body: str, delimiter: str, places: dict[str, int], *, width: int, first: int, file: str
) -> pl.DataFrame:
    """Read text with quotes by the letter: a quoted field may hold delimiters, line ends and doubled quotes."""
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, strict=True)
    try:
        records = list(reader)
    except csv.Error:
        detail = (
            f"{file}: bij regel {reader.line_num + first - 1} sluit een aanhalingsteken niet, of is een veld te lang"
        )
        raise RefusedDeliveryError(detail, remedy=_REMEDY) from None
    rows = list(range(first, len(records) + first))
    if set(map(len, records)) != {width}:
        filled = [(row, fields) for row, fields in zip(rows, records, strict=True) if any(map(str.strip, fields))]
        ragged = [row for row, fields in filled if len(fields) != width]
        if ragged:
            _refuse_ragged(ragged, width, file=file)
        rows, records = [row for row, _ in filled], [fields for _, fields in filled]
    return pl.DataFrame(
        {**{column: list(map(itemgetter(place), records)) for column, place in places.items()}, "_row": rows},
        schema={**dict.fromkeys(places, pl.String), "_row": pl.Int64},
    )


def _refuse_ragged(rows: list[int], width: int, *, file: str) -> None:
    named = ", ".join(str(row) for row in islice(rows, NAMED_ROWS)) + (" ..." if len(rows) > NAMED_ROWS else "")
    detail = f"{file}: niet elke regel heeft {width} velden zoals de kolomnamen, maar {len(rows)} keer meer of minder: regel {named}"
    remedy = "Vaak staat er een scheidingsteken in een tekst zonder aanhalingstekens, of is het bestand afgebroken."
    raise RefusedDeliveryError(detail, remedy=f"{remedy} Exporteer opnieuw, liefst als .xlsx.")
