"""What is counted at one moment, for several schools at once: features, scores, rules and who is away already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
from narwhals.typing import IntoFrame

from data_contracts.school import SchoolSettings
from data_contracts.weekly_list import RuleHit
from features.build import build_from
from features.history import History, day_of, history, number_of
from features.rules import Rule, hits, rules_of, worded
from models.outcome import LISTED, labels, read_outcome
from models.scorecard import Scorecard, Scores
from pipelines.engines import POLARS, SCORES, Engine, brought_back
from pipelines.home import Home
from pipelines.lake import Lake
from pipelines.listing import Scored
from pipelines.pictures import Pictures, pictures
from pipelines.tables import NORM

LATELY = 28  # days back in which a norm timetable is worth a word


@dataclass(frozen=True)
class Counting:
    """What was counted at `as_of` (UTC).

    Parameters
    ----------
    pictures
        Per school, what the page draws; a school without any school day has none.
    rows
        Per school, the pupils' rows of `features.build.build`.
    scored, hits
        Per school and pupil: the score, if there is a scorecard; the rules reached, in words.
    already
        School and pupil of those who are in the outcome already.
    settings, rules
        Per school.
    on_norm
        Schools that had no timetable of their own lately.
    """

    as_of: datetime
    pictures: Mapping[str, Pictures]
    rows: dict[str, list[dict[str, Any]]]
    scored: Mapping[tuple[str, str], Scored]
    hits: Mapping[tuple[str, str], tuple[RuleHit, ...]]
    already: frozenset[tuple[str, str]]
    settings: Mapping[str, SchoolSettings]
    rules: Mapping[str, tuple[Rule, ...]]
    scorecard: Scorecard | None
    on_norm: frozenset[str]


def count(
    home: Home,
    schools: Sequence[str],
    *,
    week: date,
    as_of: datetime,
    scorecard: Scorecard | None,
    engine: Engine = POLARS,
) -> Counting:
    """Count everything that lists of `schools` need, from what had been delivered and was known at `as_of`.

    Only days before `week` count: a list made on Tuesday knows more than Monday's, but looks at the same weeks. The
    `engine` counts, and its results come back: none of them is larger than a few rows a pupil.

    Raises
    ------
    ModelError
        A score is not the sum of its parts.
    """
    lake = Lake(home)
    settings = {school: lake.settings(school) for school in schools}
    tables = engine.load(home, schools=schools, delivered_by=as_of, until=week)
    past = history(tables, as_of, until=week)
    frame = engine.scored(scorecard, build_from(past))
    scored: dict[tuple[str, str], Scored] = {}
    if scorecard is not None:
        scored = _proved(scorecard, frame)
        frame = frame.drop(SCORES)
    rules = {school: rules_of(settings[school].rule_packs, settings[school].sector) for school in schools}
    every_rule = tuple({rule.id: rule for of_school in rules.values() for rule in of_school}.values())
    lately = number_of(week) - LATELY
    on_norm = _norm_schools(tables.timetable, first=day_of(lately), end=week)
    return Counting(
        as_of=as_of,
        pictures=pictures(past),
        rows=_by_school(frame, schools),
        scored=scored,
        hits=worded(_found(past, rules), every_rule),
        already=_already(past),
        settings=settings,
        rules=rules,
        scorecard=scorecard,
        on_norm=on_norm,
    )


def _norm_schools(timetable: IntoFrame, *, first: date, end: date) -> frozenset[str]:
    """Schools for which nobody had a delivered timetable from `first` up to `end`."""
    lately = nw.from_native(timetable).lazy().filter((nw.col("date") >= first) & (nw.col("date") < end))
    own = (~nw.col("record").str.starts_with(NORM)).cast(nw.Int64)
    schools = lately.with_columns(_own=own).group_by("school").agg(nw.col("_own").sum())
    return frozenset(schools.filter(nw.col("_own") == 0).select("school").collect()["school"].to_list())


def _already(past: History) -> frozenset[tuple[str, str]]:
    """Pupils who are in the outcome already, from what was known then."""
    found = labels(past, [past.until], read_outcome(LISTED), until=past.until)
    rows = brought_back(found.filter(nw.col("already")).select("school", "pupil"))
    return frozenset((school, pupil) for school, pupil in rows.iter_rows())


def _proved(scorecard: Scorecard, frame: pl.DataFrame) -> dict[tuple[str, str], Scored]:
    """Scores by school and pupil; refuse to go on unless every score is the sum of its parts."""
    columns = frame.select("log_odds", "probability").to_numpy().T
    parts = np.array(frame["parts"].to_list(), dtype=np.float64).reshape(len(frame), len(scorecard.names))
    scorecard.check(Scores(log_odds=columns[0], probability=columns[1], contributions=parts))
    return {
        (school, pupil): Scored(log_odds=log_odds, probability=probability, parts=tuple(each))
        for school, pupil, log_odds, probability, each in frame.select("school", "pupil", *SCORES).iter_rows()
    }


def _by_school(frame: pl.DataFrame, schools: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {school: [] for school in schools}
    for row in frame.to_dicts():
        rows[row["school"]].append(row)
    return rows


def _found(past: History, rules: Mapping[str, Sequence[Rule]]) -> list[dict[str, Any]]:
    """Rules reached, of those by which each school works."""
    applies = {school: {rule.id for rule in of_school} for school, of_school in rules.items()}
    every_rule = tuple({rule.id: rule for of_school in rules.values() for rule in of_school}.values())
    if not every_rule:
        return []
    return [row for row in brought_back(hits(past, every_rule)).to_dicts() if row["rule"] in applies[row["school"]]]
