"""How long what is kept: terms as data, each with its source."""

import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import ValidationError, model_validator

from data_contracts.errors import SettingsError
from data_contracts.frozen import Frozen

FILE = "retention.toml"
SCHOOL_YEAR_BEGINS = 8
"""August: a Dutch school year runs from 1 August (docs/how-it-works.md)."""


class Part(StrEnum):
    """What has a term of its own."""

    LAKE = "lake"
    LISTS = "lists"
    FOLLOW_UPS = "follow_ups"
    CASES = "cases"
    RIGHTS = "rights"
    DELIVERIES = "deliveries"
    REFUSED = "refused"
    AUDIT = "audit"
    SESSIONS = "sessions"


class Term(Frozen):
    """How long one part is kept: exactly one of `school_years`, `years` and `days`.

    Parameters
    ----------
    label, what, after
        What it is called, what is in it, and from when it counts; Dutch, for the page.
    source, sourced
        Where the figure comes from, and whether that is more than our own choice.
    """

    label: str
    what: str
    after: str
    source: str
    sourced: bool
    school_years: int | None = None
    years: int | None = None
    days: int | None = None

    @model_validator(mode="after")
    def _one_figure(self) -> Self:
        given = [one for one in (self.school_years, self.years, self.days) if one is not None]
        if len(given) != 1 or given[0] < 1:
            msg = "geef een van school_years, years en days, van 1 of meer"
            raise ValueError(msg)
        return self

    @property
    def length(self) -> str:
        """The term in words."""
        if self.school_years is not None:
            return "1 schooljaar" if self.school_years == 1 else f"{self.school_years} schooljaren"
        if self.years is not None:
            return f"{self.years} jaar"
        return "1 dag" if self.days == 1 else f"{self.days} dagen"

    def cutoff(self, today: date) -> date:
        """Return the day before which it is past its term."""
        if self.school_years is not None:
            running = today.year if today.month >= SCHOOL_YEAR_BEGINS else today.year - 1
            return date(running - self.school_years, SCHOOL_YEAR_BEGINS, 1)
        if self.years is not None:
            last = 28 if (today.month, today.day) == (2, 29) else today.day
            return date(today.year - self.years, today.month, last)
        return today - timedelta(days=self.days or 0)


def terms(home: Path | None = None) -> Mapping[Part, Term]:
    """Return every term; what `home` has in its own ``retention.toml`` is laid over ours, figure by figure.

    Raises
    ------
    SettingsError
        That file is no TOML, names something else, or a figure is wrong.
    """
    found: dict[str, dict[str, object]] = tomllib.loads(Path(__file__).with_name(FILE).read_text("utf-8"))["term"]
    own = None if home is None else home / FILE
    try:
        if own is not None and own.exists():
            for name, changes in tomllib.loads(own.read_text("utf-8"))["term"].items():
                figures = {"school_years": None, "years": None, "days": None} if _has_figure(changes) else {}
                found[Part(name)] = found[Part(name)] | figures | changes
        return {part: Term.model_validate(found[part]) for part in Part}
    except (OSError, ValueError, KeyError, AttributeError, TypeError, ValidationError) as error:
        detail = f"{own} klopt niet: {error}"
        raise SettingsError(detail, remedy="Schrijf bijvoorbeeld [term.lists] met school_years = 1.") from None


def _has_figure(changes: Mapping[str, object]) -> bool:
    return bool({"school_years", "years", "days"} & changes.keys())
