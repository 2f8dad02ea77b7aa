"""Pupils scored: exact parts, whether the outcome is there already, and the score in words.

The weekly run and a live request both go through here, so the same facts give the same number and the same sentences.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import narwhals as nw
import numpy as np

from data_contracts.weekly_list import Certainty, Contribution, Reason, Tier
from features.catalogue import feature
from features.frames import Frame
from features.history import History
from models.explain import Period, certainty, frequency, in_brief, reasons, tier
from models.outcome import LISTED, AbsentDays, read_outcome
from models.scorecard import Floats, Scorecard, Scores, refuse_unknown

ENOUGH: Mapping[str, int] = tomllib.loads(files("models").joinpath("enough.toml").read_text(encoding="utf-8"))

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Scored:
    """One pupil's score and its exact parts, in log-odds.

    Parameters
    ----------
    probability
        From 0 to 1.
    parts
        One for each feature of the scorecard, in its order.
    """

    log_odds: float
    probability: float
    parts: tuple[float, ...]


@dataclass(frozen=True)
class Told:
    """What is said of one pupil.

    Parameters
    ----------
    raising, lowering
        Sentences, strongest first. Without a score plain facts, under `raising`.
    log_odds, probability, baseline, contributions, tier, certainty, frequency
        See `data_contracts.weekly_list.Signal`; None or empty without a score.
    """

    raising: tuple[Reason, ...]
    lowering: tuple[Reason, ...] = ()
    log_odds: float | None = None
    probability: float | None = None
    baseline: float | None = None
    contributions: tuple[Contribution, ...] = ()
    tier: Tier | None = None
    certainty: Certainty | None = None
    frequency: str = ""


def too_little(*, weeks: int, this_year: int) -> str:
    """Why too little is known of a school for a score, from its lesson weeks ever and of this year; empty if it is enough."""
    if weeks < ENOUGH["fewest_school_weeks"]:
        return f"Er zijn pas {weeks} lesweken van deze school bekend; voor een score zijn er {ENOUGH['fewest_school_weeks']} nodig."
    if this_year < ENOUGH["weeks_into_year"]:
        return f"In de eerste {ENOUGH['weeks_into_year']} lesweken van een schooljaar is over bijna niemand genoeg bekend voor een score."
    return ""


def matrix(card: Scorecard, rows: Sequence[Row]) -> Floats:
    """Return rows of `features.build.build` as the matrix that `card` scores; None becomes NaN.

    Raises
    ------
    ModelError
        The rows lack a feature: features and scorecard are of different versions.
    """
    if rows:
        refuse_unknown(card.names, rows[0])
    values = np.array([[row[name] for name in card.names] for row in rows], dtype=np.float64)
    return values.reshape(len(rows), len(card.names))


def proved(card: Scorecard, scores: Scores) -> list[Scored]:
    """Return scores pupil by pupil; refuse to go on unless every score is the sum of its parts.

    Raises
    ------
    ModelError
        One is not.
    """
    card.check(scores)
    columns = (scores.log_odds.tolist(), scores.probability.tolist(), scores.contributions.tolist())
    return [Scored(log_odds, probability, tuple(parts)) for log_odds, probability, parts in zip(*columns, strict=True)]


def already_there(past: History) -> Frame:
    """Pupils of `past` who are in the listed outcome already: ``school, pupil``.

    As ``already`` of `models.outcome.labels` at the end of `past`, without looking ahead: days that count, in as many of
    the newest school weeks as the outcome looks back.
    """
    outcome = _listed()
    share = nw.col("absent_minutes") >= outcome.min_share * nw.col("scheduled_minutes")
    lately = nw.col("weeks_ago") < outcome.horizon_weeks
    days = past.days.filter(lately & share & (nw.col("scheduled_minutes") > 0))
    often = days.group_by("pupil_no").agg(nw.len().alias("_days")).filter(nw.col("_days") >= outcome.min_days)
    return past.pupils.join(often, on="pupil_no", how="semi").select("school", "pupil")


@cache
def _listed() -> AbsentDays:
    outcome = read_outcome(LISTED)
    assert isinstance(outcome, AbsentDays)  # noqa: S101 - the file is ours
    return outcome


def told(
    row: Row,
    periods: Mapping[str, Period],
    scored: Scored | None = None,
    *,
    names: Sequence[str] = (),
    baseline: float | None = None,
    spread: float | None = None,
) -> Told:
    """Put one pupil into words.

    Parameters
    ----------
    row
        The pupil's row of `features.build.build`.
    periods
        Words for the windows of the pupil's school.
    scored, names, baseline
        The score, and the features and baseline of the scorecard that gave it; without a score plain facts are told.
    spread
        How far the models behind the scorecard lie apart (log-odds); None where it cannot be told.
    """
    if scored is None:
        return Told(raising=in_brief(row, periods))
    parts = zip(names, scored.parts, strict=True)
    contributions = tuple(
        _contribution(name, row[name], part + 0.0) for name, part in parts
    )  # no -0.0, which equals 0.0
    raising, lowering = reasons(contributions, row, periods)
    return Told(
        raising=raising,
        lowering=lowering,
        log_odds=scored.log_odds,
        probability=scored.probability,
        baseline=baseline,
        contributions=contributions,
        tier=tier(scored.probability),
        certainty=None if spread is None else certainty(spread),
        frequency=frequency(scored.probability),
    )


@lru_cache(maxsize=1 << 17)  # a scorecard has few steps: three of four contributions are like another pupil's
def _contribution(name: str, value: float | None, log_odds: float) -> Contribution:
    # Our own floats: checked again when a list is read back.
    return Contribution.model_construct(feature=name, label=feature(name).label, value=value, log_odds=log_odds)


def short_history(row: Row) -> tuple[str, ...]:
    """What must be said beside a pupil of whom little is known yet."""
    weeks = int(row["weeks_known"] or 0)
    if weeks >= ENOUGH["provisional_weeks"]:
        return ()
    return (f"Van deze leerling zijn dit schooljaar {weeks} lesweken bekend: een korte geschiedenis zegt weinig.",)
