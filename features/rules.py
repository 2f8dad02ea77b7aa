"""The thresholds that schools use today, on the same history as the features. Rule packs are data, with their source."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from data_contracts.errors import SettingsError
from data_contracts.identifiers import Sector
from data_contracts.weekly_list import RuleHit
from features.calendar import working_days_after
from features.history import day_of
from features.words import day_text, number_text, singular


@dataclass(frozen=True)
class Window:
    """The time a rule looks at: lesson weeks, calendar months or the school year, up to the as-of date.

    With `restarts`, a new window begins after each time the threshold was reached (the 16-hour report).
    """

    lesson_weeks: int | None = None
    months: int | None = None
    school_year: bool = False
    restarts: bool = False


@dataclass(frozen=True)
class Rule:
    """One threshold, as its TOML entry has it.

    Parameters
    ----------
    id, label, source
        Key, Dutch name, and where the rule comes from.
    sectors
        Kinds of education to which it applies.
    measure, window, operator, threshold, below, unit
        What is counted, over which time, and from where the rule speaks (``below``: up to where).
    statutory, deadline_working_days
        A legal duty, and the days to report it in.
    quiet
        Told with a pupil who is in view, but brings nobody into view by itself.
    sentence
        Template in plain Dutch.
    """

    id: str
    label: str
    sectors: tuple[Sector, ...]
    measure: str
    window: Window
    operator: str
    threshold: float
    unit: str
    source: str
    sentence: str
    statutory: bool = False
    quiet: bool = False
    below: float | None = None
    deadline_working_days: int | None = None
    pack: str = field(default="", compare=False)


@cache
def rule_packs() -> dict[str, tuple[Rule, ...]]:
    """All rule packs by name."""
    packs = {}
    for entry in sorted(files("features").joinpath("rule_packs").iterdir(), key=lambda path: path.name):
        content = tomllib.loads(entry.read_text(encoding="utf-8"))
        packs[content["name"]] = tuple(
            Rule(
                **rule
                | {
                    "window": Window(**rule["window"]),
                    "sectors": tuple(Sector(sector) for sector in rule["sectors"]),
                    "pack": content["name"],
                }
            )
            for rule in content["rule"]
        )
    return packs


def rules_of(packs: Iterable[str], sector: Sector) -> tuple[Rule, ...]:
    """Rules of the named `packs` that apply in `sector`.

    Raises
    ------
    SettingsError
        There is no pack of that name.
    """
    known = rule_packs()
    chosen: list[Rule] = []
    for name in packs:
        if name not in known:
            detail = f"er is geen regelset '{name}'"
            raise SettingsError(detail, remedy=f"Kies uit: {', '.join(known)}.")
        chosen += [rule for rule in known[name] if sector in rule.sectors]
    return tuple(chosen)


def rule_hit(rule: Rule, *, value: float, reached: date) -> RuleHit:
    """Put a hit into words."""
    deadline = None
    if rule.deadline_working_days is not None:
        deadline = working_days_after(reached, rule.deadline_working_days)
    text = rule.sentence.format(
        value=number_text(value),
        percent=f"{number_text(100 * value)} %",
        threshold=number_text(rule.threshold),
        reached=day_text(reached),
        deadline=day_text(deadline) if deadline else "",
    )
    return RuleHit(
        rule=rule.id,
        label=rule.label,
        source=rule.source,
        statutory=rule.statutory,
        value=value,
        threshold=rule.threshold,
        unit=rule.unit,
        reached_on=reached,
        deadline=deadline,
        text=singular(text),
    )


def worded(found: Iterable[dict[str, Any]], rules: Sequence[Rule]) -> dict[tuple[str, str], tuple[RuleHit, ...]]:
    """Put collected rows of `hits` into words: per school and pupil, duties first."""
    by_id = {rule.id: rule for rule in rules}
    said: dict[tuple[str, str], list[RuleHit]] = {}
    for row in found:
        hit = rule_hit(by_id[row["rule"]], value=float(row["value"]), reached=day_of(row["reached"]))
        said.setdefault((row["school"], row["pupil"]), []).append(hit)
    # By id, not by the order of `rules`: a school's list may not depend on which other schools are counted with it.
    return {
        who: tuple(sorted(theirs, key=lambda hit: (not hit.statutory, by_id[hit.rule].quiet, hit.rule, hit.reached_on)))
        for who, theirs in said.items()
    }
