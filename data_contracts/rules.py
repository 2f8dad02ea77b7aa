"""What is checked at the door, as data: each table's promises turned into expectations with a Dutch remedy.

An expectation is named here and carried out in :mod:`data_contracts.checks`, the one door to Great
Expectations. Promises about one column follow from :mod:`data_contracts.tables`; those that join
columns stand below.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from data_contracts.grading import thresholds
from data_contracts.quality import Severity
from data_contracts.tables import ABSENCES, ENROLMENTS, NAMES, TIMETABLE, Column, Table, Unit

EARLIEST = pd.Timestamp(2000, 1, 1)
"""No pupil in school today was at school before this day; an older date is a typing error."""

YEARS_AHEAD = 1
"""A day further ahead of the delivery than this is a typing error."""

DOCS = "Zie docs/contracts.md."
AS_DELIVERED = {"pupil": "pupil_number", "sealed": "family_name"}
"""Columns that the import renames, and what the school knows them as."""

_NO_LIMIT_AHEAD = {"valid_to", "recorded_at"}
"""`valid_to` may be the planned end of a school career; a moment after the delivery is set to the delivery."""

_UNSHOWN = {"pupil", "sealed"}
"""Values of these are never repeated in a finding."""


Made = dict[str, pd.Series | pd.Timestamp]
"""Columns that `prepare` adds: one value a row, or one for all."""


@dataclass(frozen=True)
class Rule:
    """One promise, the expectation that tests it, and what to tell the school when it is broken.

    Parameters
    ----------
    check
        Short name of the check.
    column
        The column as the school knows it.
    shown
        The frame's column whose value the finding shows; empty where it shows none.
    expectation
        Name of the class in ``great_expectations.expectations``.
    arguments
        Its arguments. Columns that start with ``_`` are made by `prepare`.
    message, remedy
        What is wrong and what to do, in Dutch.
    """

    check: str
    column: str
    shown: str
    expectation: str
    arguments: dict[str, object]
    message: str
    remedy: str
    severity: Severity = Severity.ERROR

    @property
    def needs(self) -> tuple[str, ...]:
        """Columns of the frame that the expectation looks at."""
        return tuple(str(value) for key, value in self.arguments.items() if key in {"column", "column_A", "column_B"})


def rules_of(table: Table) -> tuple[Rule, ...]:
    """Return everything that is promised about `table`, columns first."""
    columns = [rule for column in checked_columns(table) for rule in _column_rules(column)]
    return (*columns, *_JOINED.get(table.name, ()))


def checked_columns(table: Table) -> tuple[Column, ...]:
    """Columns of `table` as a reader hands them over: the number is a pseudonym by now, a name is sealed."""
    if table.name == NAMES.name:
        meaning = "Name, encrypted by the reader."
        return (_renamed(table.column("pupil_number"), "pupil"), Column("sealed", "string", meaning, required=True))
    return tuple(_renamed(c, "pupil") if c.name == "pupil_number" else c for c in table.columns)


def prepare(table: Table, frame: pd.DataFrame, *, latest: pd.Timestamp) -> pd.DataFrame:
    """Return `frame` with the columns that the joined rules compare, all starting with ``_``."""
    made: Made = {"_earliest": EARLIEST, "_latest": latest}
    make = _PREPARED.get(table.name)
    if make is not None:
        made |= make(frame)
    return frame.assign(**made)


def _renamed(column: Column, name: str) -> Column:
    return Column(name, column.type, column.meaning, required=column.required)


def _column_rules(column: Column) -> list[Rule]:
    name = AS_DELIVERED.get(column.name, column.name)
    shown = "" if column.name in _UNSHOWN else column.name
    rules = []

    def add(check: str, expectation: str, arguments: dict[str, object], message: str, remedy: str) -> None:
        rules.append(Rule(check, name, shown, expectation, arguments, message, remedy))

    on: dict[str, object] = {"column": column.name}
    if column.required:
        remedy = f"Vul '{name}' in, of laat de regel weg. {DOCS}"
        add("missing_value", "ExpectColumnValuesToNotBeNull", on, f"'{name}' is leeg", remedy)
    if column.values is not None:
        words = [str(word) for word in column.values]
        remedy = f"Gebruik een van deze woorden: {', '.join(words)}."
        message = f"'{name}' heeft een waarde buiten de afspraak"
        add("unknown_value", "ExpectColumnValuesToBeInSet", on | {"value_set": words}, message, remedy)
    if column.pattern is not None:
        message = f"'{name}' heeft een andere vorm dan afgesproken"
        remedy = f"{column.meaning.split(':')[0]}: de vorm is {column.pattern}. {DOCS}"
        add("bad_form", "ExpectColumnValuesToMatchRegex", on | {"regex": column.pattern}, message, remedy)
    if column.minimum is not None or column.maximum is not None:
        limits: dict[str, object] = {"min_value": column.minimum, "max_value": column.maximum}
        message = f"'{name}' valt buiten {_limits(column)}"
        remedy = f"Controleer de waarde en de eenheid. {DOCS}"
        add("out_of_range", "ExpectColumnValuesToBeBetween", on | limits, message, remedy)
    if column.type in {"date", "datetime"}:
        remedy = "Controleer het jaartal en de volgorde van dag en maand (d-m-jjjj)."
        after = _ordered("_earliest", column.name)
        add("impossible_date", _PAIR, after, f"'{name}' ligt vóór {EARLIEST.year}", remedy)
        if column.name not in _NO_LIMIT_AHEAD:
            before = _ordered(column.name, "_latest")
            add("impossible_date", _PAIR, before, f"'{name}' ligt meer dan een jaar na de levering", remedy)
    return rules


def _limits(column: Column) -> str:
    if column.maximum is None:
        return f"{column.minimum:g} en hoger"
    if column.minimum is None:
        return f"{column.maximum:g} en lager"
    return f"{column.minimum:g} t/m {column.maximum:g}"


_PAIR = "ExpectColumnPairValuesAToBeGreaterThanB"


def _ordered(first: str, second: str, *, or_equal: bool = True) -> dict[str, object]:
    """Arguments of an expectation that `first` is not after `second`, where both are filled."""
    return {
        "column_A": second,
        "column_B": first,
        "or_equal": or_equal,
        "ignore_row_if": "either_value_is_missing",
    }


def _end_before_start(start: str, end: str, *, compared: str = "", or_equal: bool = True) -> Rule:
    return Rule(
        "end_before_start",
        end,
        end,
        _PAIR,
        _ordered(compared or start, end, or_equal=or_equal),
        f"'{end}' ligt vóór '{start}'" if or_equal else f"'{end}' ligt niet na '{start}'",
        f"Controleer '{start}' en '{end}' van deze regel; misschien zijn ze verwisseld.",
    )


_WORDS = {
    Unit.MINUTES: ("minuut", "minuten"),
    Unit.LESSON_SLOTS: ("lesuur", "lesuren"),
    Unit.HALF_DAYS: ("dagdeel", "dagdelen"),
    Unit.DAYS: ("dag", "dagen"),
}


def _too_much(unit: Unit) -> Rule:
    """More of a unit than fits in the days of the registration."""
    most = thresholds().most_a_day.of(unit)
    one, more = _WORDS[unit]
    return Rule(
        "too_much_for_a_day",
        "amount",
        "amount",
        "ExpectColumnValuesToBeBetween",
        {"column": f"_{unit.value}_a_day", "max_value": most},
        f"meer dan {most} {one if most == 1 else more} afwezig per dag",
        f"Controleer of de hoeveelheid in {more} is, en of begin- en einddatum alle dagen noemen waarover is geteld.",
    )


_ENDS = ("end_date", "end_slot", "end_minute")


def _ends_though_open(end: str) -> Rule:
    """An end that is told of what is said to have none yet: one of the two is not so, and nobody here can say which."""
    return Rule(
        "end_of_open_ended",
        end,
        end,
        "ExpectColumnValuesToBeInSet",
        {"column": f"_{end}_though_open", "value_set": [0]},
        f"'open_ended' is waar, en toch is '{end}' ingevuld",
        f"Is het einde bekend, zet dan 'open_ended' op false. Is het nog niet bekend, laat dan '{end}' leeg.",
    )


_JOINED: dict[str, tuple[Rule, ...]] = {
    ENROLMENTS.name: (_end_before_start("valid_from", "valid_to"),),
    TIMETABLE.name: (
        Rule(
            "group_or_pupil",
            "group",
            "group",
            "ExpectColumnValuesToBeInSet",
            {"column": "_owners", "value_set": [1]},
            "een lesuur hoort bij een groep of bij een leerling, bij precies één van beide",
            "Vul óf 'group' óf 'pupil_number' in.",
        ),
    ),
    ABSENCES.name: (
        _end_before_start("start_date", "end_date"),
        _end_before_start("start_slot", "end_slot", compared="_start_slot_same_day"),
        _end_before_start("start_minute", "end_minute", compared="_start_minute_same_day", or_equal=False),
        Rule(
            "amount_without_unit",
            "amount",
            "amount",
            "ExpectColumnValuesToBeInSet",
            {"column": "_amount_parts", "value_set": [0, 2]},
            "'amount' en 'unit' horen bij elkaar; één van beide is leeg",
            "Vul beide in, of laat beide leeg.",
        ),
        *(_too_much(unit) for unit in Unit),
        *(_ends_though_open(end) for end in _ENDS),
    ),
}


def _for_timetable(frame: pd.DataFrame) -> Made:
    return {"_owners": frame["group"].notna().astype("int8") + frame["pupil"].notna().astype("int8")}


def _for_absences(frame: pd.DataFrame) -> Made:
    is_open = frame["open_ended"].fillna(value=False).astype(bool)
    ended = frame["end_date"].isna() & ~is_open
    same_day = ended | (frame["end_date"] == frame["start_date"])
    # An amount over several days is their total. Of an open-ended one nobody knows over how many days.
    days = (frame["end_date"] - frame["start_date"]).dt.days.fillna(0).clip(lower=0) + 1
    each = (frame["amount"] / days).where(~is_open)
    made: Made = {
        "_start_slot_same_day": frame["start_slot"].where(same_day),
        "_start_minute_same_day": frame["start_minute"].where(same_day),
        "_amount_parts": frame["amount"].notna().astype("int8") + frame["unit"].notna().astype("int8"),
    }
    made |= {f"_{unit.value}_a_day": each.where(frame["unit"] == unit) for unit in Unit}
    made |= {f"_{end}_though_open": (is_open & frame[end].notna()).astype("int8") for end in _ENDS}
    return made


_PREPARED: dict[str, Callable[[pd.DataFrame], Made]] = {
    TIMETABLE.name: _for_timetable,
    ABSENCES.name: _for_absences,
}
