"""Answers what a spec asks, from the public functions alone: `build`, `history`, `hits`."""

from datetime import datetime
from functools import cached_property
from typing import Any

from made_school import SCHOOL

from features.build import build
from features.history import History, day_of, history, number_of
from features.rules import rule_packs
from features.tables import Tables
from features.thresholds import hits
from spec.written import MONTHS, WEEKDAYS, Spec, day, moment, number, school_of, table

RULES = {rule.id: rule for rules in rule_packs().values() for rule in rules}
SPELLS, LISTED = IN_WORDS = ("lengths of sickness spells", "on the list of pupils")
"""What is answered in words."""
DIGITS = 9


class Known:
    """What is known of a school at a moment; each kind of answer is worked out once, when it is asked for.

    Parameters
    ----------
    tables
        Everything that was ever delivered.
    as_of
        The moment.
    """

    def __init__(self, tables: Tables, as_of: datetime) -> None:
        self.tables, self.as_of = tables, as_of

    @cached_property
    def features(self) -> dict[str, dict[str, Any]]:
        """Features by pupil."""
        return {row["pupil"]: row for row in build(self.tables, self.as_of).to_dicts() if row["school"] == SCHOOL}

    @cached_property
    def past(self) -> History:
        """The history."""
        return history(self.tables, self.as_of)

    @cached_property
    def hits(self) -> list[dict[str, Any]]:
        """Rule hits in order of day."""
        found = hits(self.past, list(RULES.values())).collect().to_native().to_dicts()
        return sorted(found, key=lambda hit: hit["reached"])

    def answer(self, what: str, pupil: str) -> Any:
        """Return the value of `what` for `pupil`."""
        if what == LISTED:
            return "yes" if pupil in self.features else "no"
        if what == SPELLS:
            spells = [row for row in self.past.sick_spells.collect().to_native().to_dicts() if row["pupil"] == pupil]
            return ", ".join(str(row["school_days"]) for row in sorted(spells, key=lambda row: row["spell"])) or "none"
        if " of " in what:
            return self._from_history(*what.split(" of "), pupil=pupil)
        if what in RULES:
            theirs = [hit for hit in self.hits if hit["pupil"] == pupil and hit["rule"] == what]
            return "; ".join(f"{_plain(hit['value'])} on {_written(hit['reached'])}" for hit in theirs) or "none"
        value = self.features[pupil][what]
        return None if value is None else round(value, DIGITS)

    def _from_history(self, column: str, when: str, *, pupil: str) -> float:
        weekly = when.startswith("week ")
        frame, key = (self.past.weeks, "week") if weekly else (self.past.days, "day")
        at = number_of(day(when.removeprefix("week ")))
        cells = frame.collect().to_native().select("pupil", key, column).rows()
        found = [value for who, then, value in cells if (who, then) == (pupil, at)]
        return float(found[0]) if found else 0.0


def _plain(value: float) -> str:
    return f"{round(value, 4):g}"


def _written(reached: int) -> str:
    on = day_of(reached)
    return f"{WEEKDAYS[on.weekday()]} {on.day} {MONTHS[on.month - 1]}"


def expected(spec: Spec) -> list[tuple[str, str, str, Any]]:
    """Each thing asked: moment, pupil, what, value."""
    return [
        (row.get("asked") or spec.asked, row.get("pupil") or "Anna", row["what"], _value(row["what"], row["value"]))
        for row in table(spec.expects)
    ]


def _value(what: str, text: str) -> Any:
    if what in RULES or what in IN_WORDS:
        return text
    value = number(text)
    return None if value is None else round(value, DIGITS)


def answered(spec: Spec) -> list[tuple[str, str, str, Any]]:
    """Return the same from the code."""
    tables = school_of(spec).tables()
    at = {asked: Known(tables, moment(asked)) for asked, _, _, _ in expected(spec)}
    return [(asked, pupil, what, at[asked].answer(what, pupil)) for asked, pupil, what, _ in expected(spec)]
