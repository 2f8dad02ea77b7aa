"""A score in plain Dutch: which reasons raise it, which lower it, how likely, and what changed since last week.

The sentences speak for the exact contributions of the scorecard: features of one theme are told together, by the
sentence of the strongest, and the theme weighs what its contributions add up to. Raising and lowering never mix.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from data_contracts.weekly_list import Certainty, Contribution, Direction, Reason, Signal, Tier
from features.catalogue import CATALOGUE, Feature, feature
from features.formulas import BEFORE, EARLIER
from features.history import day_of
from features.words import day_text, number_text, percent_text, singular

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
    themes: dict[str, list[Contribution]] = {}
    for part in contributions:
        themes.setdefault(feature(part.feature).theme, []).append(part)
    told = [reason for parts in themes.values() if (reason := _reason(parts, row, periods)) is not None]
    raising = sorted((r for r in told if r.direction is Direction.RAISES), key=lambda r: -r.log_odds)
    lowering = sorted((r for r in told if r.direction is Direction.LOWERS), key=lambda r: r.log_odds)
    return tuple(raising), tuple(lowering)


def _reason(parts: Sequence[Contribution], row: Row, periods: Mapping[str, Period]) -> Reason | None:
    weight = sum(part.log_odds for part in parts)
    if abs(weight) < _settings()["smallest_reason"]:
        return None
    sign = 1 if weight > 0 else -1
    strongest = max(parts, key=lambda part: (_telling(part), sign * part.log_odds))
    return Reason(
        features=tuple(part.feature for part in parts),
        direction=Direction.RAISES if weight > 0 else Direction.LOWERS,
        text=sentence(feature(strongest.feature), row, periods),
        log_odds=weight,
    )


def _telling(part: Contribution) -> bool:
    """Whether a value can be told as a reason: a weekday's share near what chance gives is none."""
    is_share = feature(part.feature).measure.startswith("weekday_")
    return not is_share or (part.value is not None and part.value >= _settings()["telling_weekday_share"])


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
    text = entry.sentence.format(
        count=number_text(value),
        magnitude=number_text(abs(value)),
        shorter="korter" if value >= 0 else "langer",
        percent=percent_text(share or 0.0),
        hours=_hours(in_window),
        of_hours=_hours(scheduled),
        before_hours=_hours(in_before),
        earlier_hours=_hours(earlier),
        per_hundred=number_text(100 * value),
        total=number_text(in_window or 0),
        before=number_text(in_before or 0),
        difference=_difference(value),
        window=period.text,
        first=period.first,
        last=period.last,
        last_sick=day_text(day_of(int(last_sick))) if last_sick is not None else "onbekend",
    )
    return singular(text[0].upper() + text[1:])


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
