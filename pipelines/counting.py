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
from data_contracts.school_page import SchoolPage
from data_contracts.weekly_list import RuleHit
from features.build import build_from
from features.history import History, day_of, history, number_of
from features.rules import Rule, rules_of
from features.thresholds import reached
from models.scorecard import Scorecard, Scores
from models.scored import Scored, already_there, proved
from pipelines.engines import POLARS, SCORES, Engine, brought_back
from pipelines.home import Home
from pipelines.lake import Lake
from pipelines.pictures import Pictures, pictures
from pipelines.school_page import Followed, school_pages
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
    pages
        Per school, the page about it, where those were asked for.
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
    pages: Mapping[str, SchoolPage]


def count(
    home: Home,
    schools: Sequence[str],
    *,
    week: date,
    as_of: datetime,
    scorecard: Scorecard | None,
    engine: Engine = POLARS,
    followed: Followed | None = None,
) -> Counting:
    """Count everything that lists of `schools` need, from what had been delivered and was known at `as_of`.

    Only days before `week` count: a list made on Tuesday knows more than Monday's, but looks at the same weeks. The
    `engine` counts, and its results come back: none of them is larger than a few rows a pupil. Where it is said who were
    `followed` up, the pages about the schools are counted too.

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
    lately = number_of(week) - LATELY
    on_norm = _norm_schools(tables.timetable, first=day_of(lately), end=week)
    return Counting(
        as_of=as_of,
        pictures=pictures(past),
        rows=_by_school(frame, schools),
        scored=scored,
        hits=reached(past, rules),
        already=_already(past),
        settings=settings,
        rules=rules,
        scorecard=scorecard,
        on_norm=on_norm,
        pages={} if followed is None else school_pages(past, settings, on_norm=on_norm, followed=followed),
    )


def _norm_schools(timetable: IntoFrame, *, first: date, end: date) -> frozenset[str]:
    """Schools for which nobody had a delivered timetable from `first` up to `end`."""
    lately = nw.from_native(timetable).lazy().filter((nw.col("date") >= first) & (nw.col("date") < end))
    own = (~nw.col("record").str.starts_with(NORM)).cast(nw.Int64)
    schools = lately.with_columns(_own=own).group_by("school").agg(nw.col("_own").sum())
    return frozenset(schools.filter(nw.col("_own") == 0).select("school").collect()["school"].to_list())


def _already(past: History) -> frozenset[tuple[str, str]]:
    """Pupils who are in the outcome already, from what was known then."""
    return frozenset((school, pupil) for school, pupil in brought_back(already_there(past)).iter_rows())


def _proved(scorecard: Scorecard, frame: pl.DataFrame) -> dict[tuple[str, str], Scored]:
    """Scores by school and pupil; refuse to go on unless every score is the sum of its parts."""
    columns = frame.select("log_odds", "probability").to_numpy().T
    parts = np.array(frame["parts"].to_list(), dtype=np.float64).reshape(len(frame), len(scorecard.names))
    scored = proved(scorecard, Scores(log_odds=columns[0], probability=columns[1], contributions=parts))
    return dict(zip(frame.select("school", "pupil").iter_rows(), scored, strict=True))


def _by_school(frame: pl.DataFrame, schools: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {school: [] for school in schools}
    for row in frame.to_dicts():
        rows[row["school"]].append(row)
    return rows
