"""Writes docs/features.md from the specs, the catalogue and the rule packs.

``make docs`` writes the page anew; a test holds page and specs equal.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from features.catalogue import CATALOGUE, Feature
from features.rules import Rule, rule_packs
from spec import SPECS, THEMES
from spec.asked import RULES
from spec.elsewhere import ELSEWHERE, TRAPS
from spec.written import Spec, Theme, table

PAGE = Path("docs/features.md")

INTRO = """# What each feature means

**This page is written by `make docs` from the tests' own examples; do not edit it.** Every table below is run as a test
against the code: what was delivered goes in, and the values must come out.

- [How to read it](#how-to-read-it)
- [The traps](#the-traps): where registrations of absence mislead, and what is done about each
{themes}
- [What no feature can mend](#what-no-feature-can-mend)
- [The catalogue](#the-catalogue): all {features} features
- [The rules](#the-rules): all {rules} thresholds

## How to read it

Each example is a small school, a moment, and what is known of it then. Unless an example says otherwise:

| | |
|---|---|
| pupils | Anna, in class 2a since Monday 17 August 2026 |
| lessons | 2a has six lessons of 50 minutes from Monday to Friday, from Monday 31 August to Friday 23 October 2026: eight school weeks of 1,500 minutes. The first lesson begins at 08:30 |
| absences | each is known from eight in the morning of its first day (*known from*) and covers the whole day (*part*). Where a row names several days, each is a registration of its own; where *to* is given, it is one registration from day to day |
| asked | Monday 26 October 2026 at six in the morning, Dutch time. The last four school weeks then began on 28 September, the last two on 12 October |

*Changes* stand in place of the lessons at the same hour; lessons of a pupil by name stand in place of those of the class on
that day. Days without a year lie in the school year 2026-27.

Values are written as they are worked out: `50 / 6000` is 50 minutes missed of 6,000 scheduled. `missing` means that it cannot
be known, and is never the same as 0. A rule's value is followed by the day on which its threshold was reached. Beside features
and rules an example may ask the history that both are counted from: `absent_minutes of Mon 19 Oct`, or the lengths, in school
days, of a pupil's sickness spells.
"""

TRAPS_INTRO = """
## The traps

Nineteen ways in which registrations of absence mislead whoever counts their rows.

"""

MEND_INTRO = """
## What no feature can mend

Some traps are dealt with before anything is counted, and some cannot be dealt with here at all.

"""

CATALOGUE_INTRO = """
## The catalogue

One number a pupil, from what was known at the moment that is asked. *Raises* means that more of it may only raise the score,
*lowers* that it may only lower it. Windows are school weeks of this school year; a share is
missing where less than about a school day was scheduled. No feature says who a pupil is: no sex, age, origin or address, and
no name of a school.
"""

RULES_INTRO = """
## The rules

Thresholds that schools use today, as data in `features/rule_packs/`. A school chooses its packs in its settings.
"""

FEATURE_THEMES = {
    "amount": "How much was missed",
    "sickness": "Illness",
    "unauthorised": "Without a valid or known reason",
    "lateness": "Late, sent out",
    "pattern": "Hours, days and subjects",
    "trend": "Change",
    "compare": "Compared with others",
    "earlier": "Last year",
    "recording": "How the school records",
}
DIRECTIONS = {1: "raises", -1: "lowers", 0: "the data decide"}
WINDOWS = {"year": "this year", "last_year": "last year"}


def render() -> str:
    """Return the whole page as Markdown."""
    contents = "\n".join(f"- [{theme.title}](#{anchor(theme.title)})" for theme in THEMES)
    parts = [
        INTRO.format(themes=contents, features=len(CATALOGUE), rules=len(RULES)),
        TRAPS_INTRO + rows(("trap", "", "examples"), ([str(n), TRAPS[n], _examples(n)] for n in TRAPS)),
        *(_theme(theme) for theme in THEMES),
        MEND_INTRO + rows(("trap", "what is done", "held by"), _elsewhere()),
        CATALOGUE_INTRO + "".join(_features(theme) for theme in FEATURE_THEMES),
        RULES_INTRO + "".join(f"\n### {name}\n\n{_rules(rules)}" for name, rules in rule_packs().items()),
    ]
    return "".join(parts)


def anchor(heading: str) -> str:
    """Return what a heading is called in an address."""
    return re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", heading).lower()).replace(" ", "-")


def rows(header: Iterable[str], cells: Iterable[list[str]]) -> str:
    """Return a Markdown table."""
    names = list(header)
    lines = [names, ["---"] * len(names), *cells]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _link(spec: Spec) -> str:
    return f"[{spec.name}](#{anchor(spec.name)})"


def _examples(trap: int) -> str:
    links = [_link(spec) for spec in SPECS if spec.trap == trap]
    if any(each.trap == trap for each in ELSEWHERE):
        links.append("[what no feature can mend](#what-no-feature-can-mend)")
    return "<br>".join(links)


def _theme(theme: Theme) -> str:
    return f"\n## {theme.title}\n\n{theme.says}\n" + "".join(_spec(spec) for spec in theme.specs)


def _spec(spec: Spec) -> str:
    trap = f" *(Trap {spec.trap}.)*" if spec.trap else ""
    given = {"pupils": spec.pupils, "lessons": spec.lessons, "changes": spec.changes, "absences": spec.absences}
    told = "".join(f"\n{name.capitalize()}:\n\n{_table(text)}" for name, text in given.items() if text)
    asks_when = "asked" in table(spec.expects)[0]
    asked = "Then" if asks_when else f"Asked on {spec.asked}"
    return f"\n### {spec.name}\n\n{spec.says}{trap}\n{told}\n{asked}:\n\n{_table(spec.expects, code=('what', 'value'))}"


def _table(text: str, *, code: tuple[str, ...] = ()) -> str:
    lines = table(text)
    return rows(
        lines[0], ([f"`{cell}`" if name in code and cell else cell for name, cell in line.items()] for line in lines)
    )


def _elsewhere() -> Iterable[list[str]]:
    for each in ELSEWHERE:
        held = [f"`{name}` in `{path}`" for path, name in (test.split("::") for test in each.tests)]
        yield [f"{each.trap}. {TRAPS[each.trap]}", each.says, "<br>".join(held) or "nothing: it cannot be"]


def _first_example(what: str) -> str:
    """Link to the first spec that asks for `what`."""
    found = [spec for spec in SPECS if any(row["what"] == what for row in table(spec.expects))]
    return _link(found[0]) if found else ""


def _features(theme: str) -> str:
    entries = [feature for feature in CATALOGUE if feature.theme == theme]
    sources = list(dict.fromkeys(feature.source for feature in entries if feature.source))
    header = ("name", "on the page", "what is counted", "window", "unit", "more of it", "example", "source")
    told = rows(header, (_feature(feature, sources) for feature in entries))
    notes = "".join(f"{n}. {source}\n" for n, source in enumerate(sources, 1))
    return f"\n### {FEATURE_THEMES[theme]}\n\n{told}" + (f"\nSources:\n\n{notes}" if notes else "")


def _feature(feature: Feature, sources: list[str]) -> list[str]:
    return [
        f"`{feature.name}`",
        feature.label,
        feature.meaning,
        WINDOWS.get(feature.window, f"{feature.window.removesuffix('w')} weeks".replace("1 weeks", "1 week")),
        feature.unit,
        DIRECTIONS[feature.direction],
        _first_example(feature.name),
        str(sources.index(feature.source) + 1) if feature.source else "ours",
    ]


def _rules(rules: Iterable[Rule]) -> str:
    header = ("rule", "on the page", "education", "threshold", "window", "duty", "example", "source")
    return rows(header, (_rule(rule) for rule in rules))


def _rule(rule: Rule) -> list[str]:
    window = rule.window
    spans = {
        "lesson_weeks": window.lesson_weeks and f"{window.lesson_weeks} lesson weeks",
        "months": window.months and ("a month" if window.months == 1 else f"{window.months} months"),
        "school_year": window.school_year and "the school year",
    }
    span = next(text for text in spans.values() if text)
    threshold = f"{rule.operator} {rule.threshold:g}" + (f", up to {rule.below:g}" if rule.below else "")
    return [
        f"`{rule.id}`",
        rule.label,
        ", ".join(sector.value for sector in rule.sectors),
        f"{threshold} {rule.unit}",
        span + (", restarts" if window.restarts else ""),
        "statutory" if rule.statutory else "",
        _first_example(rule.id),
        rule.source,
    ]


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
