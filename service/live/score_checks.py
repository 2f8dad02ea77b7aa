"""Reading a live request for scores: everything that is wrong with it at once, each with its place, in Dutch."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from features.rules import rule_packs
from service.live.score_request import COLUMNS, MOST_PUPILS, Rows, ScoreVraag

MOST_ERRORS = 100
"""Errors that are told at once; who has more, made one mistake everywhere."""

Place = tuple[str | int, ...]


class FaultyRequestError(Exception):
    """A request that breaks promises; `faults` says where and how, at most `MOST_ERRORS` of them."""

    def __init__(self, faults: Iterable[tuple[Place, str]]) -> None:
        super().__init__()
        self.faults = list(faults)[:MOST_ERRORS]


def read(text: bytes) -> ScoreVraag:
    """Read a request.

    Raises
    ------
    FaultyRequestError
        It breaks a promise: each place is named, with what is wrong in Dutch, and no value is repeated.
    """
    try:
        request = ScoreVraag.model_validate_json(text)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise FaultyRequestError((one["loc"], _in_dutch(one)) for one in found[:MOST_ERRORS]) from None
    if faults := list(_faults(request)):
        raise FaultyRequestError(faults)
    return request


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


def _faults(request: ScoreVraag) -> Iterator[tuple[Place, str]]:
    """Yield what is wrong between the columns of a row, between rows, and with the whole."""
    known = request.pupils
    if len(known) > MOST_PUPILS:
        yield ("inschrijvingen",), f"{len(known)} leerlingen; een verzoek mag er {MOST_PUPILS} hebben"
    if not request.rooster and not request.weekrooster:
        yield ("rooster",), "geef een rooster of een weekrooster: zonder lestijd is afwezigheid geen deel van iets"
    if unknown := set(request.school.regelsets) - set(rule_packs()):
        yield ("school", "regelsets"), f"{len(unknown)} onbekend; kies uit: {', '.join(rule_packs())}"
    for name, check in _CHECKS.items():
        rows: Rows = getattr(request, name)
        for place, row in enumerate(rows):
            for field, wrong in check(row):
                yield (name, place, field), wrong
            if row["pupil"] is not None and row["pupil"] not in known:
                yield (name, place, "pupil"), "deze leerling staat niet in 'inschrijvingen'"
        if name != "weekrooster":
            yield from _repeated(name, rows)


def _repeated(name: str, rows: Rows) -> Iterator[tuple[Place, str]]:
    """Yield rows on a record and moment that another row is about too: which of them holds, nobody can say."""
    keys = [(row["record"], row["recorded_at"]) for row in rows if row["record"] is not None]
    if len(set(keys)) == len(keys):
        return
    several = {key for key, count in Counter(keys).items() if count > 1}
    for place, row in enumerate(rows):
        if (row["record"], row["recorded_at"]) in several:
            yield (name, place, "record"), "een andere regel heeft hetzelfde 'record' en hetzelfde 'recorded_at'"


Wrong = Iterator[tuple[str, str]]


def _of_period(row: Mapping[str, Any]) -> Wrong:
    if row["valid_to"] is not None and row["valid_to"] < row["valid_from"]:
        yield "valid_to", "ligt vóór 'valid_from'"


def _of_lesson(row: Mapping[str, Any]) -> Wrong:
    if (row["group"] is None) == (row["pupil"] is None):
        yield "group", "vul óf 'group' óf 'pupil' in"


def _of_weekly_lesson(row: Mapping[str, Any]) -> Wrong:
    yield from _of_lesson(row)
    yield from _of_period(row)


def _of_absence(row: Mapping[str, Any]) -> Wrong:
    end, start = row["end_date"], row["start_date"]
    if end is not None and end < start:
        yield "end_date", "ligt vóór 'start_date'"
    if (row["amount"] is None) != (row["unit"] is None):
        yield "amount", "'amount' en 'unit' horen bij elkaar"
    if end is not None and end > start:
        return
    first, last = row["start_slot"], row["end_slot"]
    if first is not None and last is not None and last < first:
        yield "end_slot", "ligt vóór 'start_slot'"
    begun, ended = row["start_minute"], row["end_minute"]
    if begun is not None and ended is not None and ended <= begun:
        yield "end_minute", "ligt niet na 'start_minute'"


_CHECKS: Mapping[str, Callable[[Mapping[str, Any]], Wrong]] = {
    "inschrijvingen": _of_period,
    "verzuim": _of_absence,
    "rooster": _of_lesson,
    "weekrooster": _of_weekly_lesson,
}
