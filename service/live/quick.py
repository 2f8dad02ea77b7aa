"""The usual request, read at once: every promise that is kept to the letter in the usual way of writing.

What is not, is left to the careful way (`service.live.score_checks`), which knows everything that is allowed, and says what
is wrong. So this may only know less: what is read here, the careful way reads the same (`tests/service/test_quick.py`). Of a part
that is there twice the last holds, in both.
"""

from collections.abc import Sequence
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, Literal

import msgspec
import polars as pl

from data_contracts.column_types import TYPES
from data_contracts.tables import Column
from service.live.asked import Asked
from service.live.score_request import COLUMNS, EARLIEST, LONGEST, MOST_ROWS, ScoreVraag
from service.moments import FIRST, LAST

_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9](\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-5][0-9])$"
_UNUSUAL = (msgspec.MsgspecError, pl.exceptions.PolarsError, UnicodeError, OverflowError, RecursionError)


class _UnusualError(Exception):
    """A value that the careful way must look at."""


def read(text: bytes) -> Asked | None:
    """Read a request; None where something in it is wrong or unusual."""
    try:
        text.decode()  # what is skipped must be text, too
        found: Any = _decoder().decode(text)
        head = ScoreVraag.model_validate_json(_head(found))
        asked = Asked(head.peilmoment, head.school, {name: _framed(name, getattr(found, name)) for name in COLUMNS})
    except (*_UNUSUAL, _UnusualError, ValueError):
        return None
    return None if any(asked.strangers.values()) else asked


@cache
def _decoder() -> "msgspec.json.Decoder[Any]":
    """Return what reads a request into rows; text is kept in dates and moments, which a frame reads faster."""
    required = set(ScoreVraag.model_json_schema()["required"])
    fields: list[Any] = [("school", msgspec.Raw), ("peilmoment", msgspec.Raw, msgspec.Raw(b"null"))]
    for name, columns in COLUMNS.items():
        row: Any = _row(name, columns)
        rows: Any = Annotated[list[row], msgspec.Meta(max_length=MOST_ROWS)]
        fields.append((name, rows) if name in required else (name, rows, msgspec.field(default_factory=list)))
    fields.sort(key=len)  # those that have no default come first
    return msgspec.json.Decoder(msgspec.defstruct("Vraag", fields, forbid_unknown_fields=True, gc=False))


def _row(name: str, columns: Sequence[Column]) -> Any:  # noqa: ANN401 - a type, made from data
    types = {column: _type(column, name) for column in columns}
    required = [(column.name, kind) for column, kind in types.items() if column.required]
    others = [(column.name, kind | None, None) for column, kind in types.items() if not column.required]
    return msgspec.defstruct(name, [*required, *others], forbid_unknown_fields=True, gc=False)


def _type(column: Column, table: str) -> Any:  # noqa: ANN401 - a type, made from data
    if column.values:
        return Literal[tuple(str(value) for value in column.values)]
    if column.type in {"int", "float"}:
        kind = int if column.type == "int" else float
        return Annotated[kind, msgspec.Meta(ge=column.minimum, le=column.maximum)]
    if column.type == "bool":
        return bool
    # Pupils of other tables must be those of the enrolments, where the pattern is looked at.
    pattern = None if column.name == "pupil" and table != "inschrijvingen" else column.pattern
    ends = None if pattern is None else pattern.removesuffix("$") + r"\Z"  # Python's $ lets a line end pass
    return Annotated[str, msgspec.Meta(max_length=LONGEST, pattern=ends)]


def _head(found: Any) -> bytes:  # noqa: ANN401 - what was decoded
    """Return the request without its rows: little enough to be read the careful way."""
    return b'{"school":%b,"peilmoment":%b,"inschrijvingen":[],"verzuim":[]}' % (found.school, found.peilmoment)


def _framed(name: str, rows: Sequence[Any]) -> pl.DataFrame:
    if not rows:
        return _empty(name)
    made = {
        column.name: pl.Series(list(map(attrgetter(column.name), rows)), dtype=_READ[column.type])
        for column in COLUMNS[name]
    }
    frame = pl.DataFrame(made).select(*_typed(name), _kept(name).alias(_KEPT))
    if not frame.item(0, _KEPT):
        raise _UnusualError
    return frame.drop(_KEPT)


_KEPT = "_kept"
_READ = {**TYPES, "date": pl.String(), "datetime": pl.String()}
"""How a column is read: days and moments as text first."""


@cache
def _empty(name: str) -> pl.DataFrame:
    return pl.DataFrame(schema={column.name: TYPES[column.type] for column in COLUMNS[name]})


@cache
def _typed(name: str) -> list[pl.Expr]:
    """Return the columns of a table as they are worked with, from those that were read."""
    return [
        _read(column).fill_null(column.default) if column.default is not None else _read(column)
        for column in COLUMNS[name]
    ]


def _read(column: Column) -> pl.Expr:
    read = pl.col(column.name)
    if column.type == "date":
        return read.str.to_date("%Y-%m-%d")
    if column.type == "datetime":
        return read.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", time_unit="us", time_zone="UTC")
    return read


@cache
def _kept(name: str) -> pl.Expr:
    """Return whether days and moments are written as usual, and lie where they may."""
    kept = []
    for column in COLUMNS[name]:
        if column.type == "date":
            kept += [pl.col(column.name).str.contains(_DATE), _read(column) >= EARLIEST]
        if column.type == "datetime":
            kept += [pl.col(column.name).str.contains(_MOMENT), _read(column).is_between(FIRST, LAST)]
    return pl.all_horizontal(*(one.all() for one in kept))
