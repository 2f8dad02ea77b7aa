"""Reading a live request for scores: everything that is wrong with it at once, each with its place, in Dutch."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import polars as pl
from pydantic import ValidationError

from data_contracts.column_types import TYPES
from data_contracts.grading import thresholds
from data_contracts.tables import NO_END, Unit
from features.rules import rule_packs
from service.live import quick
from service.live.asked import Asked
from service.live.score_request import COLUMNS, MOST_PUPILS, ScoreVraag

MOST_ERRORS = 100
"""Errors that are told at once; who has more, made one mistake everywhere."""

Place = tuple[str | int, ...]


class FaultyRequestError(Exception):
    """A request that breaks promises; `faults` says where and how, at most `MOST_ERRORS` of them."""

    def __init__(self, faults: Iterable[tuple[Place, str]]) -> None:
        super().__init__()
        self.faults = list(faults)[:MOST_ERRORS]


def read(text: bytes) -> Asked:
    """Read a request.

    Raises
    ------
    FaultyRequestError
        It breaks a promise: each place is named, with what is wrong in Dutch, and no value is repeated.
    """
    asked = quick.read(text) or carefully(text)
    if faults := list(_faults(asked)):
        raise FaultyRequestError(faults)
    return asked


def carefully(text: bytes) -> Asked:
    """Read a request value by value, in every way of writing that is allowed.

    Raises
    ------
    FaultyRequestError
        A value breaks a promise.
    """
    try:
        return Asked.of(ScoreVraag.model_validate_json(text))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise FaultyRequestError((one["loc"], _in_dutch(one)) for one in found[:MOST_ERRORS]) from None


_DUTCH: Mapping[str, str] = {
    "missing": "ontbreekt",
    "extra_forbidden": "dit veld bestaat hier niet; vrije tekst en namen nemen wij niet aan",
    "string_type": "moet tekst zijn",
    "string_too_long": "is te lang: hooguit {max_length} tekens",
    "int_type": "moet een heel getal zijn",
    "float_type": "moet een getal zijn",
    "finite_number": "moet een eindig getal zijn",
    "bool_type": "moet true of false zijn",
    "list_type": "moet een lijst zijn",
    "dict_type": "moet een object zijn",
    "model_type": "moet een object zijn",
    "too_long": "heeft te veel onderdelen: hooguit {max_length}",
    "timezone_aware": "moet een tijdzone hebben, zoals 2026-11-16T06:00:00+01:00",
    "greater_than_equal": "moet {ge} of meer zijn",
    "less_than_equal": "moet {le} of minder zijn",
    "json_invalid": "dit is geen geldige JSON",
    "enum": "kies uit: {expected}",
}
_BEGINNINGS: Mapping[str, str] = {
    "date_": "moet een datum zijn, zoals 2026-11-16",
    "datetime_": "moet een moment zijn, zoals 2026-11-16T06:00:00+01:00",
}


def _in_dutch(error: Mapping[str, Any]) -> str:
    kind, context = str(error["type"]), error.get("ctx", {})
    if kind == "string_pattern_mismatch":
        return _pattern_in_dutch(error["loc"])
    if kind in _DUTCH:
        return _DUTCH[kind].format(**context).replace(" or ", " of ")
    told = (text for beginning, text in _BEGINNINGS.items() if kind.startswith(beginning))
    return next(told, str(error["msg"]))


def _pattern_in_dutch(place: Place) -> str:
    column = next((one for one in COLUMNS.get(str(place[0]), ()) if one.name == place[-1]), None)
    if column is not None and column.values:
        return f"kies uit: {', '.join(column.values)}"
    if column is not None and column.name == "pupil":
        return "moet een eigen pseudoniem zijn: 8 tot 32 letters, cijfers, - of _, te beginnen met een letter"
    return "heeft niet de vorm die docs/contracts.md noemt"


def _faults(asked: Asked) -> Iterator[tuple[Place, str]]:
    """Yield what is wrong between the columns of a row, between rows, and with the whole."""
    known, tables = asked.pupils, asked.tables
    if len(known) > MOST_PUPILS:
        yield ("inschrijvingen",), f"{len(known)} leerlingen; een verzoek mag er {MOST_PUPILS} hebben"
    if tables["rooster"].is_empty() and tables["weekrooster"].is_empty():
        yield ("rooster",), "geef een rooster of een weekrooster: zonder lestijd is afwezigheid geen deel van iets"
    if unknown := set(asked.school.regelsets) - set(rule_packs()):
        yield ("school", "regelsets"), f"{len(unknown)} onbekend; kies uit: {', '.join(rule_packs())}"
    for name, frame in tables.items():
        yield from _found(name, frame, _wrong(asked, name))
        if name != "weekrooster" and frame.select(_MANY).item():
            yield from _found(name, frame, [_repeated(asked.moment)])


Wrong = tuple[str, str, pl.Expr]
"""A column, what is wrong with it, and in which rows that is so; where it is null, nothing is wrong."""


def _wrong(asked: Asked, name: str) -> list[Wrong]:
    """Return what is to be looked for in the rows of a table; nothing where that is nowhere so."""
    of_rows = [*_WRONG[name]] if asked.tables[name].select(_anywhere(name)).item() else []
    if strangers := asked.strangers[name]:
        of_rows.append(
            ("pupil", "deze leerling staat niet in 'inschrijvingen'", pl.col("pupil").is_in(list(strangers)))
        )
    return of_rows


@cache
def _anywhere(name: str) -> pl.Expr:
    return pl.any_horizontal(*(expr.any() for _, _, expr in _WRONG[name]))


def _found(name: str, frame: pl.DataFrame, wrong: Sequence[Wrong]) -> Iterator[tuple[Place, str]]:
    """Yield what is wrong in the rows of one frame, row by row."""
    if not wrong:
        return
    broken = frame.select(expr.fill_null(value=False).alias(str(at)) for at, (_, _, expr) in enumerate(wrong))
    for place, row in enumerate(broken.iter_rows()):
        for (field, said, _), is_so in zip(wrong, row, strict=True):
            if is_so:
                yield (name, place, field), said


_first, _last = pl.col("start_date"), pl.col("end_date")
_MOST = {unit.value: thresholds().most_a_day.of(unit) for unit in Unit}
# An amount over several days is their total. Of an open-ended one nobody knows over how many days.
_days = (_last - _first).dt.total_days().fill_null(0).clip(lower_bound=0) + 1
_most = pl.col("unit").replace_strict(_MOST, default=None, return_dtype=pl.Float64()) * _days
_one_day = ~(_last > _first).fill_null(value=False)
_OF_PERIOD: tuple[Wrong, ...] = (("valid_to", "ligt vóór 'valid_from'", pl.col("valid_to") < pl.col("valid_from")),)
_ENDS_THOUGH_OPEN: tuple[Wrong, ...] = tuple(
    (
        end,
        "is ingevuld terwijl 'open_ended' true is; laat een van beide weg",
        pl.col("open_ended") & pl.col(end).is_not_null(),
    )
    for end in ("end_date", "end_slot", "end_minute")
)
_NEVER_ENDS: Wrong = (
    "end_date",
    "is een einde dat nooit komt; laat het leeg en zet 'open_ended' op true",
    _last.dt.year() >= NO_END,
)
_OF_LESSON: tuple[Wrong, ...] = (
    ("group", "vul óf 'group' óf 'pupil' in", pl.col("group").is_null() == pl.col("pupil").is_null()),
)
_WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "inschrijvingen": _OF_PERIOD,
    "verzuim": (
        ("end_date", "ligt vóór 'start_date'", _last < _first),
        ("amount", "'amount' en 'unit' horen bij elkaar", pl.col("amount").is_null() != pl.col("unit").is_null()),
        (
            "amount",
            "is meer dan er past in de dagen van deze regel",
            ~pl.col("open_ended") & (pl.col("amount") > _most),
        ),
        ("end_slot", "ligt vóór 'start_slot'", _one_day & (pl.col("end_slot") < pl.col("start_slot"))),
        ("end_minute", "ligt niet na 'start_minute'", _one_day & (pl.col("end_minute") <= pl.col("start_minute"))),
        *_ENDS_THOUGH_OPEN,
        _NEVER_ENDS,
    ),
    "rooster": _OF_LESSON,
    "weekrooster": (*_OF_LESSON, *_OF_PERIOD),
}
_MANY = pl.col("record").drop_nulls().is_duplicated().any()
"""Whether any record has several rows, which most requests do not have."""


def _repeated(moment: datetime | None) -> Wrong:
    """Return what is said of rows on one fact at one moment: which of them holds, nobody can say.

    A row without a moment was known at the peilmoment `moment`, so it is compared as one of that moment.
    """
    asked = None if moment is None else moment.astimezone(UTC)
    at = pl.col("recorded_at").fill_null(pl.lit(asked, dtype=TYPES["datetime"]))
    same = pl.struct(pl.col("record"), at).is_duplicated()
    said = "een andere regel heeft hetzelfde 'record' en hetzelfde 'recorded_at' (leeg is het peilmoment)"
    return "record", said, pl.col("record").is_not_null() & same
