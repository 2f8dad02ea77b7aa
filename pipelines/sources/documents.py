"""JSON as an API of a school system gives it: a list of facts, possibly nested, possibly in a list per pupil."""

import json
from typing import Any

import polars as pl

from data_contracts.errors import RefusedDeliveryError
from pipelines.sources.sheet import Layout, normal

_REMEDY = "Bewaar het antwoord van het systeem ongewijzigd als .json en lever opnieuw."


def read_document(data: bytes, layout: Layout, *, file: str) -> pl.DataFrame:
    """Read a JSON dump: ``[...]`` or ``{"items": [...]}``.

    Only the fields of `layout` are picked; a dot in a column's name goes one level deeper.

    Returns
    -------
    polars.DataFrame
        The known columns as text, and ``_row``: the number of the fact in the file, from 1.

    Raises
    ------
    RefusedDeliveryError
        It is no JSON, holds no list of facts, or a needed field occurs nowhere.
    """
    facts = _facts(_load(data, file=file), layout, file=file)
    columns: dict[str, list[Any]] = {}
    if layout.parent is not None:
        number, items = layout.parent
        lists = _pick(facts, items, file=file)
        numbers = _pick(facts, number, file=file)
        if lists is None or numbers is None:
            _refuse_missing([number, items], file=file)
        nested = [_list(entry, items, file=file) for entry in lists or []]
        columns[number] = [who for who, entry in zip(numbers or [], nested, strict=True) for _ in entry]
        facts = _objects([item for entry in nested for item in entry], file=file)
    for column in layout.columns:
        if column not in columns:
            picked = _pick(facts, column, file=file)
            if picked is not None:
                columns[column] = picked
    missing = [column for column in layout.needed if column not in columns]
    if missing and facts:
        _refuse_missing(missing, file=file)
    series = {column: _text(column, values, file=file) for column, values in columns.items()}
    return pl.DataFrame({**series, "_row": pl.Series(range(1, len(facts) + 1), dtype=pl.Int64)})


def _load(data: bytes, *, file: str) -> object:
    try:
        return json.loads(data.decode("utf-8-sig"))
    except RecursionError:
        detail = f"{file}: de JSON is te diep genest"
    except UnicodeDecodeError:
        detail = f"{file}: de JSON is geen UTF-8"
    except json.JSONDecodeError as error:
        detail = f"{file}: geen geldige JSON, bij regel {error.lineno}, teken {error.colno}"
    except ValueError:
        detail = f"{file}: de JSON bevat een getal dat niet te lezen is"
    raise RefusedDeliveryError(detail, remedy=_REMEDY) from None


def _facts(document: object, layout: Layout, *, file: str) -> list[dict[str, Any]]:
    """Unwrap ``{"items": [...]}``; one pupil's own object, with a number and a list, is a list of one."""
    if isinstance(document, dict):
        fields = {normal(key): value for key, value in document.items()}
        alone = layout.parent is not None and normal(layout.parent[0]) in fields
        document = [document] if alone else fields.get("items")
    if not isinstance(document, list):
        detail = f'{file}: verwacht een lijst, of een object met een lijst "items"'
        raise RefusedDeliveryError(detail, remedy=_REMEDY)
    return _objects(document, file=file)


def _objects(values: list[Any], *, file: str) -> list[dict[str, Any]]:
    for place, value in enumerate(values, start=1):
        if not isinstance(value, dict):
            detail = f"{file}: item {place} is geen object met velden"
            raise RefusedDeliveryError(detail, remedy=_REMEDY)
    return values


def _list(value: object, name: str, *, file: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        detail = f"{file}: '{name}' is geen lijst"
        raise RefusedDeliveryError(detail, remedy=_REMEDY)
    return value


def _pick(facts: list[dict[str, Any]], column: str, *, file: str) -> list[Any] | None:
    """Return one field of every fact; None where no fact has it."""
    head, _, rest = column.partition(".")
    keys: set[str] = set().union(*facts)
    flat = [key for key in keys if rest and normal(key) == normal(column)]
    names = flat or [key for key in keys if normal(key) == normal(head)]
    if not names:
        return None
    if len(names) > 1:
        detail = f"{file}: het veld '{column}' komt onder {len(names)} namen voor"
        raise RefusedDeliveryError(detail, remedy=_REMEDY)
    values = [fact.get(names[0]) for fact in facts]
    if flat or not rest:
        return values
    return _pick([value if isinstance(value, dict) else {} for value in values], rest, file=file)


def _text(column: str, values: list[Any], *, file: str) -> pl.Series:
    """Write each value as a CSV cell would hold it."""
    kinds = set(map(type, values))
    if kinds & {list, dict}:
        place = next(place for place, value in enumerate(values, start=1) if isinstance(value, list | dict))
        detail = f"{file}: item {place}: '{column}' is geen enkele waarde"
        raise RefusedDeliveryError(detail, remedy=_REMEDY)
    try:
        if kinds <= {str, type(None)}:
            return pl.Series(values, dtype=pl.String)
        if len(kinds - {type(None)}) == 1:  # few numbers and words are different ones
            cells = {value: _cell(value) for value in set(values)}
            return pl.Series([cells[value] for value in values], dtype=pl.String)
        return pl.Series([_cell(value) for value in values], dtype=pl.String)
    except UnicodeEncodeError:
        detail = f"{file}: in '{column}' staat een half teken (een los surrogaat)"
        raise RefusedDeliveryError(detail, remedy=_REMEDY) from None


def _cell(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)


def _refuse_missing(missing: list[str], *, file: str) -> None:
    detail = f"{file}: veld ontbreekt: {', '.join(missing)}"
    raise RefusedDeliveryError(detail, remedy=f"{_REMEDY} Zie docs/sources.md.")
