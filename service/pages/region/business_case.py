"""What early conversations cost and may save: somebody's own costs and capacity, against what lists were measured to do.

Advice 5 of *Beter zicht op verzuim* (2021). Pure functions; there is no amount of ours in it.
"""

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from data_contracts.model_page import Estimate, Measured
from service import words

HUNDRED = 100
WIDTH = 96
"""Percent of a drawing that its longest bar takes."""

THOUSANDS = re.compile(r"\d{1,3}(\.\d{3})+(,\d+)?")
PLAIN = re.compile(r"\d+([.,]\d+)?")


@dataclass(frozen=True)
class Field:
    """One thing to fill in: see ``business_case.toml``."""

    name: str
    label: str
    hint: str
    least: float
    most: float
    whole: bool


_DATA = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
FIELDS = tuple(Field(**one) for one in _DATA["fields"])
DIGITS: int = _DATA["digits"]


@dataclass(frozen=True)
class Own:
    """What somebody filled in.

    Parameters
    ----------
    leerlingen, lijst, rondes
        Pupils, places on the lists of one round, and rounds a year.
    uren, kosten
        Hours and euros that a conversation takes.
    thuis
        Euros that a pupil at home costs in a year.
    aandeel
        Of each hundred pupils who were rightly listed, with how many a conversation keeps them from that.
    """

    leerlingen: float
    lijst: float
    rondes: float
    uren: float
    kosten: float
    thuis: float
    aandeel: float


@dataclass(frozen=True)
class Range:
    """A result at the low end of the interval, in the middle and at the high end."""

    low: float
    middle: float
    high: float

    def times(self, factor: float) -> "Range":
        """Return all three so many times."""
        return Range(self.low * factor, self.middle * factor, self.high * factor)


@dataclass(frozen=True)
class BusinessCase:
    """What comes out, for one year.

    Parameters
    ----------
    conversations, hours, cost
        All that is done, and what it costs.
    found
        Pupils on the lists who would become absent for long.
    missed
        Pupils who would, and are on no list.
    helped, saved, left
        Those of `found` whom it helps; what that saves; and what of it is left after the cost.
    by_rules
        What the rules would save at the same length; None where that was not measured.
    even
        Of each hundred found, how many have to be helped for the cost to be made up for; None where that is more than
        all of them, at every end of the interval.
    counted
        Places for which the figures hold; the others cost, and are counted as finding nobody.
    """

    conversations: float
    hours: float
    cost: float
    found: Range
    missed: float
    helped: Range
    saved: Range
    left: Range
    by_rules: Range | None
    even: Range | None
    counted: float


@dataclass(frozen=True)
class Bar:
    """A row of the drawing: where its bar ends and its interval runs, in percent of the width, and the same in words."""

    label: str
    kind: str
    end: float
    low: float
    width: float
    text: str


def read(asked: Mapping[str, str]) -> tuple[Own | None, dict[str, str]]:
    """Return what was filled in; or None, and per field what is wrong with it, in Dutch."""
    numbers = {field.name: _number(asked.get(field.name, "")) for field in FIELDS}
    wrong = {field.name: text for field in FIELDS if (text := _wrong(field, numbers[field.name]))}
    if wrong:
        return None, wrong
    return Own(**{name: number for name, number in numbers.items() if number is not None}), {}


def _number(text: str) -> float | None:
    """Read a number as people write it: *1250*, *1.250*, *12,5*."""
    stripped = text.strip()
    if THOUSANDS.fullmatch(stripped):
        return float(stripped.replace(".", "").replace(",", "."))
    return float(stripped.replace(",", ".")) if PLAIN.fullmatch(stripped) else None


def _wrong(field: Field, number: float | None) -> str:
    if number is None:
        return "Vul hier een getal in, bijvoorbeeld met een komma: 1,5."
    if not field.least <= number <= field.most:
        return f"Dit moet tussen {words.number(field.least)} en {words.number(field.most)} liggen."
    if field.whole and not number.is_integer():
        return "Dit moet een heel getal zijn."
    return ""


def work_out(own: Own, measured: Measured, *, places: int) -> BusinessCase:
    """Set what somebody filled in against what was measured on lists of so many `places`.

    Lists that are longer, for so many pupils, than those measured find less per place. How much less is not known, so the
    places on top count as finding nobody.
    """
    counted = min(own.lijst, own.leerlingen * places / measured.pupils)
    found = _times(measured.precision, counted * own.rondes)
    helped = found.times(own.aandeel / HUNDRED)
    saved = helped.times(own.thuis)
    conversations = own.lijst * own.rondes
    cost = conversations * own.kosten
    by_rules = None
    if measured.rules is not None:
        by_rules = _times(measured.rules, counted * own.rondes * own.aandeel / HUNDRED * own.thuis)
    whole = measured.recall.value * measured.pupils
    cases = measured.precision.value * places / whole * own.leerlingen * own.rondes if whole else 0.0
    return BusinessCase(
        conversations=conversations,
        hours=conversations * own.uren,
        cost=cost,
        found=found,
        missed=max(cases - found.middle, 0.0),
        helped=helped,
        saved=saved,
        left=Range(saved.low - cost, saved.middle - cost, saved.high - cost),
        by_rules=by_rules,
        even=_even(cost, found.times(own.thuis)),
        counted=counted,
    )


def _times(estimate: Estimate, factor: float) -> Range:
    return Range(estimate.low, estimate.value, estimate.high).times(factor)


def _even(cost: float, worth: Range) -> Range | None:
    """Return the share to be helped at either end: where more is found, fewer of them have to be."""
    if worth.high <= 0 or cost > worth.high:
        return None

    def share(value: float) -> float:
        return HUNDRED * cost / value if value > 0 else math.inf

    return Range(share(worth.high), share(worth.middle), share(worth.low))


def bars(case: BusinessCase) -> tuple[Bar, ...]:
    """Draw what it costs beside what it may save, on one scale that holds every interval."""
    rows = [
        ("De gesprekken kosten", "theirs", Range(case.cost, case.cost, case.cost), euros(case.cost)),
        ("Vermeden, met het model", "ours", case.saved, between(case.saved)),
    ]
    if case.by_rules is not None:
        rows.append(("Vermeden, met alleen de drempels", "theirs", case.by_rules, between(case.by_rules)))
    most = max(1.0, *(reach.high for _, _, reach, _ in rows))

    def place(value: float) -> float:
        return round(WIDTH * value / most, 2)

    return tuple(
        Bar(label, kind, place(reach.middle), place(reach.low), round(place(reach.high) - place(reach.low), 2), text)
        for label, kind, reach, text in rows
    )


def between(reach: Range) -> str:
    """Return an estimate in euros with its interval: *€ 12.000 (€ 8.300 tot € 16.000)*."""
    return f"{euros(telling(reach.middle))} ({euros(telling(reach.low))} tot {euros(telling(reach.high))})"


def euros(value: float) -> str:
    """Return an amount in whole euros: *€ 12.300*."""
    sign = "\N{MINUS SIGN}" if round(value) < 0 else ""
    return f"{sign}€\N{NO-BREAK SPACE}{thousands(abs(value))}"


def thousands(value: float) -> str:
    """Return a whole number with a point at the thousands."""
    return f"{value:,.0f}".replace(",", ".")


def pupils(value: float) -> str:
    """Return an expected number of pupils: below ten with a decimal, for the difference between 1 and 2 is large."""
    return thousands(telling(value)) if value >= 10 else words.number(value, 1)  # noqa: PLR2004 - as the summary says


def telling(value: float) -> float:
    """Round an estimate to as many digits as say something."""
    return value if value == 0 else round(value, DIGITS - 1 - math.floor(math.log10(abs(value))))
