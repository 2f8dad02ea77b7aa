"""Writes docs/contracts.md from the contracts themselves, so that the page cannot say something else.

``python -m data_contracts.docs`` writes the page anew.
"""

import inspect
import re
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from data_contracts.grading import percentage, thresholds
from data_contracts.identifiers import Sector
from data_contracts.reasons import KINDS
from data_contracts.rules import rules_of
from data_contracts.school import Closure, Norm, Reason, SchoolSettings
from data_contracts.tables import CONTRACT_VERSION, LAKE_COLUMNS, TABLES, Column, Table, Unit

PAGE = Path("docs/contracts.md")

_INTRO = """# Contracts

What a delivery must hold, and what becomes of it. Version {version}.

**This page is written by `python -m data_contracts.docs`; do not edit it.** How the exports of each system become these
tables stands in [sources.md](sources.md).

A delivery is one file from one school. It is accepted, accepted with warnings, or refused; nothing of a refused file is
stored, and its report names file, row, column, value and remedy. Delivering the same file twice changes nothing. A
correction is a new delivery: nothing stored is ever changed.
"""

_LAKE = """## What the import adds

`pupil` replaces `pupil_number`, names are sealed, and every row says when it became known.
"""

_VERSIONS = """
A **record** is one fact of one school. Each time its content changes a new version is stored, with the moment from which
it holds (`recorded_at`). Known on a given moment is the latest version by then, unless it was withdrawn. No two versions
of a record share a moment:

- a row that says what is known already is not stored again;
- a changed row whose own moment is not later than that of the version it changes holds from the delivery's moment (with a
  warning where the source states an earlier one);
- nothing is recorded after it was delivered: such a moment becomes the delivery's, with a warning;
- several rows of one record in one file are its history; the one with the latest moment is what the file says now;
- of two files delivered at one moment that disagree, the one that changes what was known stands.
"""

_DELIVERIES = """## Leveringen: when each file was delivered

A folder may hold `deliveries.toml`. Every file in the folder must then be in it.

```toml
[[delivery]]
file = "absentiemeldingen-1.json"
delivered_at = 2026-11-01T18:00:00+01:00
source = "somtoday"                  # only where it differs from the school's
recorded_as_event = true             # the source has no recorded moment: take the evening of the day itself, as assumed
complete_from = 2026-10-01           # the file holds every fact of this period: known ones that are missing are withdrawn
complete_to = 2026-11-01
```

A moment without an offset is Dutch local time. A complete delivery that would withdraw more than half of what is known is
refused. Complete files of one school and one moment (pages of an export) are complete together: what one leaves out another may
tell. Without `deliveries.toml` all files that can be read are imported, pupils and timetables first, as delivered now;
a file that was imported before and not touched since keeps its first moment.
"""

_SCHOOL = """## Schoolbestand: settings of a school

One TOML file per school, `schools/<school>.toml` in `AANWEZIG_HOME`. A `school.toml` beside the files of a first delivery
is copied there. `aanwezig ingest --propose-mapping FILE` proposes `[reasons]` from the codes seen.

```toml
school = "11ZZ03"
name = "Voorbeeldcollege"
sector = "vo"
region = "midden"
capacity = 10
source = "somtoday"
closures = [{ first = 2026-12-18, last = 2026-12-18, name = "studiedag" }]

[reasons]
z = { kind = "sick" }
bv = { kind = "leave", authorised = "yes" }
```
"""

_REASONS = """## Reasons: the shared vocabulary

Every school has its own codes; its settings turn them into these words. Nothing about the nature of an illness exists
here. Where two registrations cover one slot, the one that stands higher in this table stands.
"""

_QUALITY = """## Quality of a school's week

Each week is graded good, fair or poor; the grade and its reasons are kept with the delivery and shown on the list. The
limits stand in `data_contracts/quality.toml`.
"""


def render() -> str:
    """Return the whole page as Markdown."""
    parts = [
        _INTRO.format(version=CONTRACT_VERSION),
        *(_table(table) for table in TABLES.values()),
        _LAKE + "\n" + _rows(("column", "type", "meaning"), ([_code(c.name), c.type, c.meaning] for c in LAKE_COLUMNS)),
        _VERSIONS.lstrip("\n"),
        _DELIVERIES,
        _SCHOOL + "".join(f"\n{_settings(model)}" for model in (SchoolSettings, Norm, Reason, Closure)),
        _norms(),
        _REASONS + "\n" + _reasons(),
        _QUALITY + "\n" + _quality(),
    ]
    return "\n".join(parts)


def _table(table: Table) -> str:
    columns = (
        [_code(c.name), c.type, "yes" if c.required else "", _values(c), c.meaning, _code(c.example)]
        for c in table.columns
    )
    header = ("column", "type", "required", "values", "meaning", "example")
    identity = ", ".join(_code(name) for name in table.identity)
    joined = [rule for rule in rules_of(table) if any(name.startswith("_") for name in rule.needs)]
    joined += [rule for rule in rules_of(table) if rule.check == "end_before_start" and rule not in joined]
    said = dict.fromkeys(f"- {rule.message}" for rule in joined if rule.check != "impossible_date")
    refused = "\nAlso refused (as the report says it):\n\n" + "\n".join(said) + "\n" if said else ""
    return f"## {table.name}\n\n{table.meaning}\n\nIdentified by {identity}.\n\n{_rows(header, columns)}{refused}"


def _values(column: Column) -> str:
    if column.values is not None:
        words = ", ".join(_code(str(word)) for word in column.values)
        return f"{words} (empty: {_code(str(column.default))})" if column.default is not None else words
    if column.pattern is not None:
        return _code(column.pattern)
    limits = [f"{limit:g}" for limit in (column.minimum, column.maximum) if limit is not None]
    if limits:
        if column.maximum is None:
            return f"from {limits[0]}"
        return " to ".join(limits) if column.minimum is not None else f"up to {limits[0]}"
    return f"empty: {_code(str(column.default).lower())}" if column.default is not None else ""


def _settings(model: type[BaseModel]) -> str:
    meanings = _meanings(model)
    header = ("setting", "value", "default", "meaning")
    rows = ([_code(n), _type(f.annotation), _default(f), meanings.get(n, "")] for n, f in model.model_fields.items())
    first = (inspect.getdoc(model) or "").splitlines()[0]
    return f"**{model.__name__}.** {first}\n\n{_rows(header, rows)}"


def _norms() -> str:
    """Say which norm each kind of education falls back on."""
    rows = [
        [_code(sector.value), str(norm.slot_minutes), " ".join(map(str, norm.slots_per_day))]
        for sector in Sector
        for norm in [Norm.for_sector(sector)]
    ]
    told = "Where `norm` is left out it follows from the sector. That primary schools teach 940 hours a year is common "
    told += "knowledge, not checked against the law: give your own `norm` where it differs."
    return f"{told}\n\n{_rows(('sector', 'minutes a slot', 'slots Monday to Friday'), rows)}"


def _meanings(model: type[BaseModel]) -> dict[str, str]:
    """What a model's docstring says of each of its fields; fields named together share a sentence."""
    found = re.findall(r"^(\w+(?:, \w+)*)\n((?: {4}.*\n?)+)", (inspect.getdoc(model) or "") + "\n", re.MULTILINE)
    return {name: " ".join(text.split()).replace("``", "`") for names, text in found for name in names.split(", ")}


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    return "" if value in (None, "", (), {}) else _code(str(value))


def _type(annotation: Any) -> str:  # noqa: ANN401 - an annotation can be anything
    """Name a type the way a person who writes TOML would."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(arguments[0])
    if origin is UnionType:
        return " or ".join(_type(part) for part in arguments if part is not NoneType)
    if origin is tuple:
        kinds = [part for part in arguments if part is not Ellipsis]
        return f"list of {_type(kinds[0])}" if len(set(kinds)) == 1 else "list"
    if origin is dict:
        return f"table of {_type(arguments[1])}"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(_code(str(member.value)) for member in annotation)
    return {"str": "text", "int": "whole number"}.get(annotation.__name__, str(annotation.__name__))


def _reasons() -> str:
    ordered = sorted(KINDS.items(), key=lambda item: item[1].precedence)
    header = ("kind", "Dutch", "authorised", "counted as")
    rows = (
        [
            _code(kind.value),
            info.label,
            info.authorised.value,
            "not at all" if not info.counts else "event" if info.event_only else "minutes",
        ]
        for kind, info in ordered
    )
    return _rows(header, rows)


def _quality() -> str:
    limits = thresholds()
    header = ("measure", "fair", "poor", "why")
    rows = (
        [
            _code(measure.name),
            f"{measure.worse} {percentage(measure.fair)}",
            "" if measure.poor is None else f"{measure.worse} {percentage(measure.poor)}",
            measure.why,
        ]
        for measure in limits.measure
    )
    silent = limits.silent
    return (
        _rows(header, rows)
        + f"\nA registration is late when it is recorded more than {limits.late.days} days after the day itself. A week is suddenly silent, and "
        f"poor, below {percentage(silent.share)} of the median of the {silent.weeks} school weeks before, where that median "
        f"is {silent.least_median} registrations or more. {silent.why}\n\nThe most that fits in one day is {_most_a_day()}. {limits.most_a_day.why}\n"
    )


def _most_a_day() -> str:
    most = thresholds().most_a_day
    return ", ".join(f"{most.of(unit)} {unit.value.replace('_', ' ')}" for unit in Unit)


def _rows(header: Iterable[str], rows: Iterable[list[str]]) -> str:
    names = list(header)
    lines = [names, ["---"] * len(names), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
