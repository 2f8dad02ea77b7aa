"""Lists of weeks in a row as they would have been: one model, features of every Monday, what was known on that Monday.

From these follow how early a pupil was listed, and how much lists change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import narwhals as nw
import polars as pl
from narwhals.typing import IntoFrame

from features.history import EPOCH, history
from features.rules import rule_packs
from features.tables import Tables
from features.thresholds import hits
from models.lead_time import Case, LeadTime, Threshold, lead_time
from models.scorecard import Scorecard, as_matrix
from models.splits import as_of
from models.stability import Stability, Week, stability
from pipelines.engines import brought_back
from pipelines.fitting import Progress
from pipelines.moves import moves_of, why_moved
from pipelines.panels import Ground, applying, labels_of

PERIODS = 2
"""Latest evaluation periods that are followed week by week."""
MOST_WEEKS = 8
_ROOM = 40  # pupils per school looked up below its list: so many at most stand apart as long absent
THRESHOLDS = {"report": "de melding van 16 uur in 4 lesweken", "mazl": "de M@ZL-drempels"}
_PACKS = {"report": "rules_wettelijk", "mazl": "rules_mazl"}
_SIMPLE = "absent_rate_4w"
_WHO = ["school", "pupil"]


@dataclass(frozen=True)
class Followed:
    """What came of following lists week by week."""

    lead_time: LeadTime
    stability: Stability


def mondays(ground: Ground, origin: date) -> tuple[date, ...]:
    """Mondays of the school weeks from `origin` to the end of its horizon, at most `MOST_WEEKS`."""
    horizon = getattr(ground.outcome, "horizon_weeks", 0) or -(-getattr(ground.outcome, "horizon_days", 0) // 7)
    last = ground.moment.date()
    return tuple(week for week in ground.weeks if origin <= week <= last)[: min(horizon, MOST_WEEKS)]


def follow(
    ground: Ground,
    frame: pl.DataFrame,
    panel: pl.DataFrame,
    cards: Mapping[date, Scorecard],
    *,
    periods: Sequence[date],
    say: Progress,
) -> Followed | None:
    """Make the lists of the latest periods again, week by week; None where no period had a model.

    Parameters
    ----------
    frame
        The backtest frame.
    panel
        Features at the `mondays` of those periods.
    cards
        The model of each origin.
    periods
        Origins whose weeks are followed, as far as there was a model.
    """
    periods = [origin for origin in periods if origin in cards]
    weeks: list[list[Week]] = []
    moves: list[pl.DataFrame] = []
    cases: list[Case] = []
    for done, origin in enumerate(periods):
        say("Week voor week volgen", done, len(periods))
        new = frame.filter((pl.col("origin") == origin) & (pl.col("outcome") == 1) & ~pl.col("already"))
        own, told = weeks_of(ground, panel, cards[origin], mondays(ground, origin), new)
        weeks.append(own)
        moves.append(moves_of(panel, cards[origin], own))
        cases += _cases(new, own, told)
    if not periods:
        return None
    at = frame.filter(pl.col("origin").is_in(periods) & ~pl.col("already"))
    thresholds = [Threshold(name, words, int((at[_PACKS[name]] > 0).sum())) for name, words in THRESHOLDS.items()]
    made = sum(map(len, weeks))
    ahead = lead_time(cases, _school_days(ground), thresholds=thresholds, periods=periods, weeks=made)
    calm = stability(weeks, _models(ground, frame, panel, cards), why_moved(pl.concat(moves)))
    return Followed(lead_time=ahead, stability=calm)


def weeks_of(
    ground: Ground, panel: pl.DataFrame, card: Scorecard, at: Sequence[date], cases: pl.DataFrame
) -> tuple[list[Week], dict[tuple[str, str, str], date]]:
    """Lists of each Monday; and per school, pupil and threshold the day on which it was first reached."""
    made: list[Week] = []
    told: dict[tuple[str, str, str], date] = {}
    for monday in at:
        scored = _scored(panel.filter(pl.col("origin") == monday), card)
        simple = _in_order(scored, [_SIMPLE])
        near = [_upto(order, ground, room=_ROOM).select(*_WHO) for order in (scored, simple)]
        already, reached = _known(ground, monday, pl.concat([*near, cases.select(*_WHO)]).unique())
        for school, pupil, threshold, day in reached.rows():
            key = (school, pupil, threshold)
            told[key] = min(day, told.get(key, day))
        lists = (_upto(order.join(already, on=_WHO, how="anti"), ground) for order in (scored, simple))
        listed, by_rate = (_pairs(one) for one in lists)
        twice = _pairs(_upto(scored.join(already, on=_WHO, how="anti"), ground, times=2))
        made.append(Week(monday, listed, _pairs(scored), _pairs(already), by_rate, twice))
    return made, told


def _scored(rows: pl.DataFrame, card: Scorecard) -> pl.DataFrame:
    """Pupils in the order of their school's list."""
    log_odds = pl.Series(card.score(as_matrix(rows, card.names)).log_odds, dtype=pl.Float64)
    return _in_order(rows.select(*_WHO, _SIMPLE).with_columns(log_odds=log_odds), ["log_odds", _SIMPLE])


def _in_order(rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    down = [False, *(True for _ in by), False]
    return rows.sort("school", *by, "pupil", descending=down, nulls_last=True)


def _upto(order: pl.DataFrame, ground: Ground, *, times: int = 1, room: int = 0) -> pl.DataFrame:
    """As many of each school as its list is long, or some `times` that, and `room` more."""
    places = {school: times * one.capacity + room for school, one in ground.settings.items()}
    return order.filter(
        pl.int_range(pl.len()).over("school") < pl.col("school").replace_strict(places, return_dtype=pl.Int64)
    )


def _known(ground: Ground, monday: date, whom: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Of `whom`, as known on that Monday: who is in the outcome; and which threshold was reached when."""
    tables = Tables(
        enrolments=_only(ground.tables.enrolments, whom),
        timetable=ground.tables.timetable,
        absences=_only(ground.tables.absences, whom),
    )
    # A school's closed days show in all of its pupils; these are few.
    past = history(tables, as_of(monday), closed=ground.past.closed)
    already = labels_of(past, ground, as_of(monday), [monday]).filter(pl.col("already")).select(*_WHO)
    packs = rule_packs()
    rules = [rule for rule in packs["wettelijk"] if rule.measure == "unauthorised_hours"] + list(packs["mazl"])
    sectors = {school: one.sector.value for school, one in ground.settings.items()}
    found = brought_back(hits(past, rules)).with_columns(
        sector=pl.col("school").replace_strict(sectors, return_dtype=pl.String)
    )
    threshold = pl.when(pl.col("pack") == "mazl").then(pl.lit("mazl")).otherwise(pl.lit("report"))
    reached = (
        found.join(applying(rules), on=["rule", "sector"])
        .group_by("school", "pupil", threshold.alias("threshold"))
        .agg((pl.lit(EPOCH) + pl.duration(days=pl.col("reached").min())).cast(pl.Date).alias("reached"))
    )
    return already, reached


def _only(table: IntoFrame, whom: pl.DataFrame) -> IntoFrame:
    them: nw.LazyFrame[Any] = nw.from_native(whom.lazy())
    kept: IntoFrame = nw.from_native(table).lazy().join(them, on=_WHO, how="semi").to_native()
    return kept


def _cases(new: pl.DataFrame, weeks: Sequence[Week], told: Mapping[tuple[str, str, str], date]) -> list[Case]:
    cases = []
    for school, pupil, onset, reached in new.select("school", "pupil", "onset", "reached").rows():
        listed = [one.week for one in weeks if (school, pupil) in one.listed and one.week <= reached]
        thresholds = {name: told[school, pupil, name] for name in THRESHOLDS if (school, pupil, name) in told}
        cases.append(Case(school, pupil, onset, reached, min(listed, default=None), thresholds))
    return cases


def _models(
    ground: Ground, frame: pl.DataFrame, panel: pl.DataFrame, cards: Mapping[date, Scorecard]
) -> list[tuple[date, frozenset[tuple[str, str]], frozenset[tuple[str, str]]]]:
    """Lists of each origin by the model before and by the new one, from the same data."""
    found, origins = [], sorted(cards)
    for before, origin in pairwise(origins):
        already = frame.filter((pl.col("origin") == origin) & pl.col("already")).select(*_WHO)
        rows = panel.filter(pl.col("origin") == origin).join(already, on=_WHO, how="anti")
        old, new = (_pairs(_upto(_scored(rows, cards[one]), ground)) for one in (before, origin))
        found.append((origin, old, new))
    return found


def _school_days(ground: Ground) -> dict[str, list[date]]:
    days = brought_back(ground.past.school_days.select("school", "day")).sort("school", "day")
    return {
        school: [EPOCH + timedelta(days=day) for day in own]
        for school, own in days.group_by("school").agg("day").rows()
    }


def _pairs(rows: pl.DataFrame) -> frozenset[tuple[str, str]]:
    return frozenset(rows.select(*_WHO).rows())
