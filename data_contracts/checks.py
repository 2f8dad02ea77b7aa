"""The door: Great Expectations validates each delivery before anything of it is stored.

First every expectation says yes or no about all deliveries of a table at once; only those that say no
are asked again, delivery by delivery, for the rows. Great Expectations takes a tenth of a second to say
anything, however few the rows: so that good deliveries cost little, and a bad one names file, row,
column and value.
"""

import logging
import os
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pandas as pd

from data_contracts.imports import as_if_not_installed, not_yet
from data_contracts.quality import Finding, Severity
from data_contracts.rules import DOCS, YEARS_AHEAD, Rule, checked_columns, prepare, rules_of
from data_contracts.tables import TABLES, Table

LOCATED = 50
"""Rows that are named per check; the rest is counted."""

LONGEST_SHOWN = 24
_TELLING = re.compile(r"\d{9}|[^\W\d_]{2}.*\s|\s.*[^\W\d_]{2}")


@dataclass(frozen=True)
class Delivered:
    """One table of one delivery.

    Parameters
    ----------
    table
        The table that `frame` claims to be.
    frame
        One row per row of the file, with typed columns of `table` as a reader hands them over
        (``pupil`` for ``pupil_number``) and ``_row``, the row as the user sees it.
    file
        Name of the file, repeated in each finding.
    delivered_at
        The delivery's moment, against which a date in the future is judged; now if left out.
    """

    table: Table
    frame: pd.DataFrame
    file: str
    delivered_at: datetime | None = None


@dataclass(frozen=True)
class Ready:
    """A frame as `prepare` makes it, and the rules that apply: where a column has no value, only that is wrong with it."""

    frame: pd.DataFrame
    rules: list[Rule]


def check(table: Table, frame: pd.DataFrame, *, file: str, delivered_at: datetime | None = None) -> tuple[Finding, ...]:
    """Validate one delivery against the contract, see `check_all`."""
    return check_all([Delivered(table, frame, file, delivered_at)])[0]


def check_all(deliveries: Sequence[Delivered]) -> list[tuple[Finding, ...]]:
    """Validate deliveries against the contract; what is found in one does not depend on those beside it.

    Returns
    -------
    list of tuple[Finding, ...]
        For each delivery everything that is wrong, at most `LOCATED` rows per check and the number of the rest.
    """
    found = [_missing_columns(each) for each in deliveries]
    ready: dict[str, dict[int, Ready]] = {}
    for at, each in enumerate(deliveries):
        if not found[at] and not each.frame.empty:
            ready.setdefault(each.table.name, {})[at] = _ready(each)
    for name, of_table in ready.items():
        broken = _broken(TABLES[name], list(of_table.values()))
        for at, each_ready in of_table.items():
            asked = [rule for rule in each_ready.rules if rule in broken]
            found[at] = _located(deliveries[at], each_ready.frame, asked)
    return found


def _missing_columns(each: Delivered) -> tuple[Finding, ...]:
    required = [column.name for column in checked_columns(each.table) if column.required]
    missing = [name for name in required if name not in each.frame.columns]
    return tuple(_missing_column(name, table=each.table, file=each.file) for name in missing)


def _ready(each: Delivered) -> Ready:
    moment = each.delivered_at or datetime.now(UTC)
    latest = pd.Timestamp(moment.date()) + pd.DateOffset(years=YEARS_AHEAD)
    frame = prepare(each.table, _without_zones(each.frame), latest=latest)
    rules = rules_of(each.table)
    needed = {name for rule in rules for name in rule.needs}
    filled = {name for name in needed if name in frame and frame[name].notna().any()}
    return Ready(frame, [rule for rule in rules if rule.check == "missing_value" or filled.issuperset(rule.needs)])


def _broken(table: Table, frames: Sequence[Ready]) -> list[Rule]:
    """Rules that some row of some frame breaks. Each rule is about single rows, so frames may be judged as one."""
    rules = [rule for rule in rules_of(table) if any(rule in ready.rules for ready in frames)]
    needed = sorted({name for rule in rules for name in rule.needs})
    parts = [ready.frame.filter(needed).dropna(axis="columns", how="all") for ready in frames]
    together = pd.concat(parts, ignore_index=True).reindex(columns=needed)
    return [rule for rule, result in _validated(together, rules, located=False) if not result["success"]]


def _located(each: Delivered, frame: pd.DataFrame, rules: Sequence[Rule]) -> tuple[Finding, ...]:
    return tuple(
        finding
        for rule, result in _validated(frame, rules, located=True)
        if not result["success"]
        for finding in _findings(rule, result["result"], table=each.table, file=each.file)
    )


def _without_zones(frame: pd.DataFrame) -> pd.DataFrame:
    """Moments in UTC without saying so: the limits they are compared with have no zone."""
    zoned = {name: frame[name].dt.tz_convert(None) for name in frame.select_dtypes("datetimetz").columns}
    return frame.assign(**zoned) if zoned else frame


def _validated(frame: pd.DataFrame, rules: Sequence[Rule], *, located: bool) -> list[tuple[Rule, Mapping[str, Any]]]:
    """Each rule with what Great Expectations found; the outcome keeps the order of `rules`."""
    if not rules:
        return []
    expectations = _expectations()
    made = [
        getattr(expectations.expectations, rule.expectation)(**rule.arguments, meta={"rule": at})
        for at, rule in enumerate(rules)
    ]
    shown = sorted({rule.shown for rule in rules if rule.shown})
    result_format: dict[str, Any] = {"result_format": "BOOLEAN_ONLY"}
    if located:
        result_format = {
            "result_format": "SUMMARY",
            "partial_unexpected_count": LOCATED,
            "unexpected_index_column_names": ["_row", *shown],
        }
    suite = expectations.ExpectationSuite(name="door", expectations=made)
    batch = _door().get_batch({"dataframe": frame})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as pandas about the groups in a pattern
        results = batch.validate(suite, result_format=result_format).results
    answers: dict[int, Mapping[str, Any]] = {}
    for result in results:
        at = result.expectation_config.meta["rule"]
        _raise_if_failed(rules[at], result.exception_info)
        answers[at] = {"success": result.success, "result": result.result}
    return [(rule, answers[at]) for at, rule in enumerate(rules)]


def _raise_if_failed(rule: Rule, told: Mapping[str, Any]) -> None:
    """An expectation that could not be computed is a fault of ours, never a finding about the school's file."""
    for info in [told] if "raised_exception" in told else told.values():
        if info["raised_exception"]:
            msg = f"{rule.expectation} on {rule.column}: {info['exception_message']}"
            raise RuntimeError(msg)


def _findings(rule: Rule, result: Mapping[str, Any], *, table: Table, file: str) -> list[Finding]:
    places = result["partial_unexpected_index_list"][:LOCATED]
    found = [
        Finding(
            check=rule.check,
            severity=rule.severity,
            message=rule.message,
            remedy=rule.remedy,
            file=file,
            row=int(place["_row"]),
            column=rule.column,
            value=_text(place.get(rule.shown), table=table, column=rule.shown),
        )
        for place in places
    ]
    rest = int(result["unexpected_count"]) - len(found)
    if rest > 0:
        more = found[-1].model_copy(
            update={"row": None, "value": None, "count": rest, "message": f"{rule.message}: nog {rest} regels"}
        )
        found.append(more)
    return found


def _text(value: object, *, table: Table, column: str) -> str | None:
    """A value as the school would write it: no 3.0 for 3, no midnight behind a date."""
    if value is None or bool(pd.isna(value)):  # type: ignore[call-overload]
        return None
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat() if table.column(column).type == "date" else f"{value.isoformat()}Z"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:.10g}"
    return _discreet(str(value))


def _discreet(text: str) -> str:
    """Leave out what could be a name, an address or a citizen service number in the wrong column."""
    telling = len(text) > LONGEST_SHOWN or _TELLING.search(text) is not None
    return f"({len(text)} tekens, niet getoond)" if telling else text


def _missing_column(name: str, *, table: Table, file: str) -> Finding:
    return Finding(
        check="missing_column",
        severity=Severity.ERROR,
        message=f"kolom '{name}' ontbreekt in {table.name}",
        remedy=f"Lever het bestand met deze kolom. {DOCS}",
        file=file,
        column=name,
    )


@cache
def _expectations() -> Any:  # noqa: ANN401 - the library ships no types
    """The library itself: it takes more than a second to import, so only a delivery does.

    It loads the whole of Spark and SQLAlchemy where those are installed, though we hand it pandas frames, and statistics
    and drawings that no rule of ours asks for: as much again. Worse: Spark takes a Python without a main file
    (``python -c``) for a run of its own doctests, and ends it.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    hidden = as_if_not_installed("pyspark", "sqlalchemy")
    with hidden, not_yet("altair", "scipy.stats"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside the library are not ours to mend
        import great_expectations  # noqa: PLC0415
        import great_expectations.data_context.types.base  # noqa: PLC0415
        import great_expectations.expectations  # noqa: PLC0415
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    return great_expectations


@cache
def _door() -> Any:  # noqa: ANN401 - the library ships no types
    """One context in memory for the whole process, without analytics or progress bars."""
    context = _expectations().get_context(mode="ephemeral")
    context.enable_analytics(enable=False)
    bars = _expectations().data_context.types.base.ProgressBarsConfig(globally=False)
    context.variables.progress_bars = bars
    asset = context.data_sources.add_pandas("door").add_dataframe_asset("delivery")
    return asset.add_batch_definition_whole_dataframe("all")
