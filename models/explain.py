"""A score in plain Dutch: which reasons raise it, which lower it, how likely, and what changed since last week.

The sentences speak for the exact contributions of the scorecard: features of one theme are told together, by the
sentence of the strongest, and the theme weighs what its contributions add up to. Raising and lowering never mix.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from importlib.resources import files
from string import Formatter
from typing import Any

import narwhals as nw
from narwhals.typing import IntoFrame

from data_contracts.weekly_list import Certainty, Contribution, Direction, Reason, Signal, Tier
from features.catalogue import CATALOGUE, Feature, feature
from features.formulas import BEFORE, EARLIER
from features.frames import collected
from features.history import day_of
from features.words import day_text, number_text, percent_text, singular, span_text

THEMES = {
    "amount": "hoeveel is gemist",
    "sickness": "ziekmeldingen",
    "unauthorised": "ongeoorloofd of zonder bekende reden",
    "lateness": "te laat of uit de les",
    "pattern": "vaste uren of dagen",
    "trend": "verandering in de laatste weken",
    "compare": "verschil met de klas",
    "earlier": "vorig schooljaar",
    "recording": "hoe deze school registreert",
}
"""Dutch words for the themes of the catalogue."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Period:
    """A window in words, for one school: ``de laatste 4 lesweken (19 oktober tot en met 13 november)``."""

    text: str
    first: str
    last: str


SchoolWeek = tuple[date, date, date]
"""A week of a school: its Monday, its first and its last school day."""


def school_weeks(school_days: IntoFrame) -> dict[str, list[SchoolWeek]]:
    """Weeks of each school, newest first, from `features.history.History.school_days`."""
    day = nw.col("day")
    spans = nw.from_native(school_days).lazy().group_by("school", "week").agg(first=day.min(), last=day.max())
    found: dict[str, list[SchoolWeek]] = {}
    for school, *week in collected(spans.sort("school", "week", descending=[False, True])).iter_rows():
        found.setdefault(school, []).append((day_of(week[0]), day_of(week[1]), day_of(week[2])))
    return found


def periods_of(weeks: Sequence[SchoolWeek], *, year: date) -> dict[str, Period]:
    """Words for the windows, from a school's weeks, newest first: a window never looks over the summer.

    Parameters
    ----------
    year
        First day of this school year.
    """
    this_year = [week for week in weeks if week[2] >= year]
    last_year = [week for week in weeks if week[2] < year]
    found = {}
    for length in (1, 2, 4, 8, 12):
        chosen = this_year[:length]
        name = "de laatste lesweek" if len(chosen) == 1 else f"de laatste {len(chosen)} lesweken"
        first, last = _reach(chosen, year)
        found[f"{length}w"] = Period(f"{name} ({span_text(first, last)})", *_ends(first, last))
    for window, words, chosen in (("year", "dit schooljaar", this_year), ("last_year", "vorig schooljaar", last_year)):
        found[window] = Period(words, *_ends(*_reach(chosen, year)))
    return found


def _reach(chosen: Sequence[SchoolWeek], year: date) -> tuple[date, date]:
    return (chosen[-1][1], chosen[0][2]) if chosen else (year, year)


def _ends(first: date, last: date) -> tuple[str, str]:
    return span_text(first, first), span_text(last, last)


@cache
def _settings() -> dict[str, float]:
    return tomllib.loads(files("models").joinpath("tiers.toml").read_text(encoding="utf-8"))


def tier(probability: float) -> Tier:
    """Likelihood (0..1) in words."""
    if probability >= _settings()["discuss_now"]:
        return Tier.DISCUSS_NOW
    return Tier.ATTENTION if probability >= _settings()["attention"] else Tier.IN_VIEW


def certainty(spread: float) -> Certainty:
    """How sure a score is, in words, from its spread in log-odds (`models.scorecard.Scorecard.spread`)."""
    return Certainty.FAIR if spread < _settings()["certain_below"] else Certainty.LOW


def frequency(probability: float) -> str:
    """Likelihood (0..1) as a natural frequency: ``ongeveer 3 van de 10 leerlingen met dit patroon``."""
    for of in (10, 100, 1000):
        if probability * of >= 1.5 or of == 1000:  # noqa: PLR2004 - one of ten is better told in hundreds
            break
    count = min(round(probability * of), of - 1)
    if count == 0:
        return f"minder dan 1 van de {of} leerlingen met dit patroon"
    return f"ongeveer {count} van de {of} leerlingen met dit patroon"


def reasons(
    contributions: Sequence[Contribution], row: Row, periods: Mapping[str, Period]
) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """Sentences for what raises a score and for what lowers it, strongest first.

    Parameters
    ----------
    contributions
        All contributions of one pupil.
    row
        The pupil's row as `features.build.build` gives it: features, facts and window sums.
    periods
        Words for the windows of the pupil's school.
    """
    weights = [part.log_odds for part in contributions]
    least, told = _settings()["smallest_reason"], []
    for places, names in _by_theme(tuple(part.feature for part in contributions)):
        weight = sum(weights[at] for at in places)
        if abs(weight) >= least:
            told.append(_reason([contributions[at] for at in places], names, weight, row, periods))
    raising = sorted((r for r in told if r.direction is Direction.RAISES), key=lambda r: -r.log_odds)
    lowering = sorted((r for r in told if r.direction is Direction.LOWERS), key=lambda r: r.log_odds)
    return tuple(raising), tuple(lowering)


@lru_cache(maxsize=8)
def _by_theme(names: tuple[str, ...]) -> tuple[tuple[tuple[int, ...], tuple[str, ...]], ...]:
    """Return for each theme where its features stand, and which they are."""
    themes: dict[str, list[int]] = {}
    for at, name in enumerate(names):
        themes.setdefault(feature(name).theme, []).append(at)
    return tuple((tuple(places), tuple(names[at] for at in places)) for places in themes.values())


def _reason(
    parts: Sequence[Contribution], names: tuple[str, ...], weight: float, row: Row, periods: Mapping[str, Period]
) -> Reason:
    sign = 1 if weight > 0 else -1
    telling = [part for part in parts if part.feature not in _WEEKDAY_SHARES or _tells(part.value)]
    strongest = max(telling or parts, key=lambda part: sign * part.log_odds)
    return Reason(
        features=names,
        direction=Direction.RAISES if weight > 0 else Direction.LOWERS,
        text=sentence(feature(strongest.feature), row, periods),
        log_odds=weight,
    )


_WEEKDAY_SHARES = frozenset(entry.name for entry in CATALOGUE if entry.measure.startswith("weekday_"))


def _tells(share: float | None) -> bool:
    """Whether a weekday's share can be told as a reason: one near what chance gives is none."""
    return share is not None and share >= _settings()["telling_weekday_share"]


def sentence(entry: Feature, row: Row, periods: Mapping[str, Period]) -> str:
    """Return what a pupil's value of `entry` is, in words, with its dates and counts."""
    value = row[entry.name]
    if value is None:
        return entry.missing or f"{entry.label}: nog niet bekend."
    if entry.of == "since" and value == 0:
        return "Op de laatste schooldag iets gemist."
    period = periods[entry.window]
    before = BEFORE.get(entry.window, "")
    in_window = row.get(f"{entry.measure}__{entry.window}")
    in_before = row.get(f"{entry.measure}__{before}")
    earlier = row.get(f"{entry.measure}__{EARLIER.get(entry.window, '')}")
    scheduled = row.get(f"scheduled_minutes__{entry.window}")
    share = (in_window or 0) / scheduled if entry.of == "versus" and scheduled else value
    last_sick = row.get("last_sick")
    fields: dict[str, Callable[[], str]] = {
        "count": lambda: number_text(value) if value else "geen",
        "magnitude": lambda: number_text(abs(value)),
        "shorter": lambda: "korter" if value >= 0 else "langer",
        "percent": lambda: percent_text(share or 0.0),
        "hours": lambda: _hours(in_window),
        "of_hours": lambda: _hours(scheduled),
        "before_hours": lambda: _hours(in_before),
        "earlier_hours": lambda: _hours(earlier),
        "per_hundred": lambda: number_text(100 * value),
        "total": lambda: number_text(in_window or 0),
        "before": lambda: number_text(in_before or 0),
        "difference": lambda: _difference(value),
        "window": lambda: period.text,
        "first": lambda: period.first,
        "last": lambda: period.last,
        "last_sick": lambda: day_text(day_of(int(last_sick or 0))),
    }
    template = _without_last_sick(entry.sentence) if last_sick is None else entry.sentence
    # A template asks for two or three of these; to word them all is most of the work of a list.
    text = template.format(**{name: fields[name]() for name in _asked(template)})
    return singular(text[0].upper() + text[1:])


@cache
def _without_last_sick(template: str) -> str:
    """Leave out the clause on the last sickness, for a pupil who was never ill as far as we know."""
    clauses = template.removesuffix(".").split("; ")
    return "; ".join(clause for clause in clauses if "last_sick" not in _asked(clause)) + "."


@cache
def _asked(template: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(template) if name is not None)


def in_brief(row: Row, periods: Mapping[str, Period]) -> tuple[Reason, ...]:
    """Plain facts for a list that stands on rules: what was missed lately, without any score."""
    chosen = ("absent_rate_4w", "sick_spells_12w", "absent_change_4w")
    return tuple(
        Reason(features=(name,), direction=Direction.RAISES, text=sentence(feature(name), row, periods), log_odds=0.0)
        for name in chosen
        if row[name] is not None and row[name] > 0
    )


def moved_by_feature(now: Signal, before: Signal | None) -> tuple[tuple[str, float], ...]:
    """Which features moved the score since `before`, exactly, largest first: pairs of a name and log-odds.

    For two scores of one model the moves add up to the difference of the two log-odds. Two models differ in more than
    what happened to a pupil, so there the answer is empty; whoever calls says that the model changed.
    """
    if before is None or not now.contributions or not before.contributions or now.baseline != before.baseline:
        return ()
    earlier = {part.feature: part.log_odds for part in before.contributions}
    if [*earlier] != [part.feature for part in now.contributions]:
        return ()
    moves = [(part.feature, part.log_odds - earlier[part.feature]) for part in now.contributions]
    return tuple(sorted((pair for pair in moves if pair[1] != 0.0), key=lambda pair: -abs(pair[1])))


def moved(now: Signal, before: Signal | None) -> tuple[tuple[str, float], ...]:
    """As `moved_by_feature`, by theme: pairs of Dutch words and log-odds."""
    sums: dict[str, float] = dict.fromkeys(THEMES, 0.0)
    for name, move in moved_by_feature(now, before):
        sums[feature(name).theme] += move
    moves = [(THEMES[theme], move) for theme, move in sums.items() if move != 0.0]
    return tuple(sorted(moves, key=lambda pair: -abs(pair[1])))


def _hours(minutes: float | None) -> str:
    return number_text((minutes or 0) / 60)


def _difference(share: float) -> str:
    points = round(100 * abs(share))
    if points == 0:
        return "evenveel als"
    return f"{points} procentpunt {'meer' if share > 0 else 'minder'} dan"


assert {entry.theme for entry in CATALOGUE} <= set(THEMES)  # noqa: S101 - the catalogue and these words belong together
