"""What is counted at one moment, for several schools at once: features, scores, rules and who is away already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
from narwhals.typing import IntoFrame

from data_contracts.compulsory import may_not_apply
from data_contracts.school import SchoolSettings
from data_contracts.school_page import SchoolPage
from data_contracts.weekly_list import DutyAlone, RuleHit
from features.build import build_from
from features.frames import Frame
from features.history import History, day_of, history, number_of
from features.rules import Rule, rules_of
from features.thresholds import reached
from models.scorecard import Scorecard, Scores
from models.scored import Scored, already_there, proved
from pipelines.engines import POLARS, SCORES, Engine, brought_back
from pipelines.home import Home
from pipelines.lake import Lake
from pipelines.objections import Pupil
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
    alone
        Per school, who is enrolled and does not take part, with the legal duties about them and nothing else.
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
    alone: Mapping[str, tuple[DutyAlone, ...]]


def count(  # noqa: PLR0913 - this much is said of a run
    home: Home,
    schools: Sequence[str],
    *,
    week: date,
    as_of: datetime,
    scorecard: Scorecard | None,
    engine: Engine = POLARS,
    followed: Followed | None = None,
    objected: frozenset[Pupil] = frozenset(),
) -> Counting:
    """Count everything that lists of `schools` need, from what had been delivered and was known at `as_of`.

    Only days before `week` count: a list made on Tuesday knows more than Monday's, but looks at the same weeks. The
    `engine` counts, and its results come back: none of them is larger than a few rows a pupil. Where it is said who were
    `followed` up, the pages about the schools are counted too. Who `objected` is neither counted nor scored; only what the
    law has a school report is seen of them, in the rules.

    Raises
    ------
    ModelError
        A score is not the sum of its parts.
    """
    lake = Lake(home)
    settings = {school: lake.settings(school) for school in schools}
    tables = engine.load(home, schools=schools, delivered_by=as_of, until=week)
    past = history(tables, as_of, until=week)
    frame = engine.scored(scorecard, _taking_part(build_from(past), objected))
    scored: dict[tuple[str, str], Scored] = {}
    if scorecard is not None:
        scored = _proved(scorecard, frame)
        frame = frame.drop(SCORES)
    rules = {school: rules_of(settings[school].rule_packs, settings[school].sector) for school in schools}
    lately = number_of(week) - LATELY
    on_norm = _norm_schools(tables.timetable, first=day_of(lately), end=week)
    hits = reached(past, rules)
    return Counting(
        as_of=as_of,
        pictures=pictures(past),
        rows=_by_school(frame, schools),
        scored=scored,
        hits=hits,
        already=_already(past),
        settings=settings,
        rules=rules,
        scorecard=scorecard,
        on_norm=on_norm,
        pages={} if followed is None else school_pages(past, settings, on_norm=on_norm, followed=followed),
        alone=_alone(past, objected, hits, sectors={school: one.sector for school, one in settings.items()}),
    )


def _taking_part(features: Frame, objected: frozenset[Pupil]) -> Frame:
    """Features of who did not object: before anything is scored."""
    return features.filter(~_is_any(objected)) if objected else features


def _alone(
    past: History,
    objected: frozenset[Pupil],
    hits: Mapping[tuple[str, str], tuple[RuleHit, ...]],
    *,
    sectors: Mapping[str, str],
) -> dict[str, tuple[DutyAlone, ...]]:
    """Who objected and is enrolled; of the thresholds only the statutory ones, which no objection ends.

    Not even those where the law may not apply: then there may be nothing but the profiling that was objected to.
    """
    if not objected:
        return {}
    found = brought_back(past.pupils.filter(_is_any(objected)).select("school", "pupil", "group", "year_group"))
    alone: dict[str, list[DutyAlone]] = {}
    for school, pupil, group, year_group in found.sort("school", "pupil").iter_rows():
        bound = not may_not_apply(sectors[school], year_group)
        statutory = tuple(hit for hit in hits.get((school, pupil), ()) if hit.statutory and bound)
        one = DutyAlone(pupil=pupil, group=group, year_group=year_group, rule_hits=statutory)
        alone.setdefault(school, []).append(one)
    return {school: tuple(theirs) for school, theirs in alone.items()}


def _is_any(pupils: frozenset[Pupil]) -> nw.Expr:
    named = nw.concat_str(nw.col("school"), nw.col("pupil"), separator=" ")
    return named.is_in([f"{school} {pupil}" for school, pupil in sorted(pupils)])


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
