"""Follow drift in an installation: weekly shares of what schools record, and scores and features every few weeks."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from data_contracts.errors import NotFoundError, UsageError
from data_contracts.files import write_text
from data_contracts.model_page import Drift, SchoolDrift
from features.calendar import local_date, monday, school_year_start
from features.catalogue import feature
from models.drift import (
    Followed,
    Series,
    counting_error,
    follow,
    limit_for,
    proportions,
    settings,
    vanished,
)
from models.scorecard import Scorecard
from models.serving import champion
from pipelines.drift_words import described, headline
from pipelines.home import Home
from pipelines.lake import Lake
from pipelines.model_page import DRIFT, publish_page
from pipelines.observed import recorded_by_week, scored_by_moment

Progress = Callable[[str, int, int], None]
_NONE = (
    "Niet te beoordelen: er zijn minstens {schools} scholen en {weeks} lesweken van het schooljaar ervoor nodig om een "
    "griepgolf van een verandering te onderscheiden."
)


def drift(
    home: Home, *, week: date | None = None, now: datetime | None = None, progress: Progress | None = None
) -> Drift:
    """Look for drift up to `week`, keep what was found beside the serving scorecard, and publish the model's page.

    Parameters
    ----------
    week
        Monday before which weeks count; by default that of the newest delivery.
    now
        Moment up to which things may be known (UTC); by default the newest delivery's.

    Raises
    ------
    NotFoundError
        No model serves.
    UsageError
        `week` is no Monday.
    """
    card = champion(home.scorecards)
    if card is None:
        detail = "er is geen model in gebruik, dus er is geen score om te volgen"
        raise NotFoundError(detail, remedy="Neem eerst een model in gebruik: aanwezig promote --by NAAM")
    lake = Lake(home)
    newest = lake.scan("absences").select(pl.col("delivered_at").max()).collect().item()
    moment = newest if now is None else min(now, newest)
    until = week or monday(local_date(moment))
    if until != monday(until):
        detail = f"{until} is geen maandag"
        raise UsageError(detail, remedy=f"Een week heet naar haar maandag: {monday(until)}.")
    say = progress or (lambda _text, _done, _total: None)
    found = _looked(home, lake, card, until=until, moment=moment, say=say)
    write_text(home.papers(card.version) / DRIFT, found.model_dump_json(indent=1))
    publish_page(home)
    return found


def _looked(home: Home, lake: Lake, card: Scorecard, *, until: date, moment: datetime, say: Progress) -> Drift:
    year = school_year_start(until - timedelta(days=1))
    since = school_year_start(year - timedelta(days=1))
    schools = lake.schools()
    weekly = recorded_by_week(home, schools, since=since, until=until, moment=moment, say=say)
    weeks = sorted(weekly["week"].unique().to_list())
    scored = scored_by_moment(home, schools, card, moments=_looks(weeks), say=say)
    names = {school: lake.settings(school).name for school in schools}
    lines: list[SchoolDrift] = []
    for group, among in _groups({school: lake.settings(school).sector.value for school in schools}):
        kinds = _kinds(weekly.filter(pl.col("school").is_in(among)), among, year=year)
        scores = _scores(scored.filter(pl.col("school").is_in(among)), among, year=year)
        lines += [_judged(school, names[school], among.index(school), kinds, scores) for school in group]
    lines.sort(key=lambda line: line.school)
    return Drift(
        scorecard=card.version,
        week=until,
        headline=headline(lines, until),
        schools=tuple(lines),
        moved=_moved(scored, year=year),
    )


def _looks(weeks: Sequence[date]) -> list[date]:
    """Mondays on which scores are looked at: after every so many school weeks of a school year."""
    every = int(settings()["score_every"])
    chosen = []
    for year in sorted({school_year_start(week) for week in weeks}):
        own = [week for week in weeks if school_year_start(week) == year]
        chosen += [week + timedelta(days=7) for week in own[every - 1 :: every]]
    return chosen


def _groups(sectors: Mapping[str, str]) -> list[tuple[list[str], list[str]]]:
    """Schools to judge, and schools they are judged among: those of their sector, or all where these are too few."""
    by_sector: dict[str, list[str]] = {}
    for school, sector in sorted(sectors.items()):
        by_sector.setdefault(sector, []).append(school)
    return [(own, own if len(own) >= settings()["fewest_schools"] else sorted(sectors)) for own in by_sector.values()]


class _Kinds:
    """What was recorded per week, followed: weeks, names of the kinds, and what was found."""

    def __init__(self, weeks: list[date], followed: Followed | None, gone: Any) -> None:  # noqa: ANN401 - an array
        self.weeks, self.followed, self.gone = weeks, followed, gone


def _kinds(frame: pl.DataFrame, schools: Sequence[str], *, year: date) -> _Kinds:
    terms = settings()
    names = [kind["name"] for kind in terms["kind"]]
    weeks = sorted(frame["week"].unique().to_list())
    shares = np.stack([_table(frame, "week", name, schools) for name in names], axis=-1)
    pupils = _table(frame, "week", "pupils", schools)
    starts = np.array([school_year_start(week).toordinal() for week in weeks], dtype=np.int64)
    first = np.searchsorted(starts, starts)
    settled = np.arange(len(weeks)) - first >= terms["settling_weeks"]
    reference = starts < year.toordinal()
    series = Series(
        values=proportions(shares, pupils),
        counts=~np.isnan(pupils) & settled[:, None],
        years=starts,
        reference=reference,
        tested=starts == year.toordinal(),
        back=int(terms["back"]),
        fewest=int(terms["fewest_back"]),
        floor=counting_error(shares, pupils, reference),
    )
    limit = limit_for(len(names), looks=int(terms["school_weeks"]))
    followed = follow(series, limit=limit, fewest_reference=int(terms["fewest_reference_weeks"]))
    return _Kinds(weeks, followed, vanished(shares, series))


def _scores(frame: pl.DataFrame, schools: Sequence[str], *, year: date) -> _Kinds:
    terms = settings()
    moments = sorted(frame["moment"].unique().to_list())
    if not moments:
        return _Kinds([], None, None)
    score = _table(frame.unique(["school", "moment"]), "moment", "score", schools)
    starts = np.array([school_year_start(one - timedelta(days=7)).toordinal() for one in moments], dtype=np.int64)
    series = Series(
        values=score[:, :, None],
        counts=~np.isnan(score),
        years=starts,
        reference=starts < year.toordinal(),
        tested=starts == year.toordinal(),
    )
    limit = limit_for(1, looks=int(terms["school_weeks"] / terms["score_every"]))
    return _Kinds(moments, follow(series, limit=limit, fewest_reference=int(terms["fewest_reference_looks"])), None)


def _table(
    frame: pl.DataFrame, by: str, column: str, schools: Sequence[str]
) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Return a column as a table of shape (weeks, schools); NaN where there is no row."""
    wide = (
        frame.select("school", by, pl.col(column).cast(pl.Float64)).pivot(on="school", index=by, values=column).sort(by)
    )
    blank = [pl.lit(None, dtype=pl.Float64).alias(school) for school in schools if school not in wide.columns]
    return wide.with_columns(blank).select(schools).to_numpy().astype(np.float64)


def _judged(school: str, name: str, place: int, kinds: _Kinds, scores: _Kinds) -> SchoolDrift:
    """First ask whether the recording changed; only then whether pupils or scores did."""
    terms = settings()
    if kinds.followed is None:
        text = _NONE.format(schools=terms["fewest_schools"], weeks=terms["fewest_reference_weeks"])
        return SchoolDrift(school=school, name=name, verdict="unknown", text=text)
    alarms = {
        kind["name"]: kinds.weeks[kinds.followed.since[place, number]]
        for number, kind in enumerate(terms["kind"])
        if kinds.followed.alarm[place, number] >= 0
    }
    rising = {kind["name"]: bool(kinds.followed.rising[place, number]) for number, kind in enumerate(terms["kind"])}
    gone = [kind["name"] for number, kind in enumerate(terms["kind"]) if kinds.gone[place, number]]
    moved = scores.followed is not None and scores.followed.alarm[place, 0] >= 0
    from_look = scores.weeks[scores.followed.since[place, 0]] if scores.followed is not None and moved else None
    up = scores.followed is not None and bool(scores.followed.rising[place, 0])
    verdict, text, since = described(alarms, rising, gone, score_since=from_look, score_up=up)
    return SchoolDrift(school=school, name=name, verdict=verdict, text=text, since=since)


def _moved(scored: pl.DataFrame, *, year: date) -> tuple[str, ...]:
    """Features that differ from what was learned at the last look, at most schools, and did not a year before."""
    moments = sorted(scored["moment"].unique().to_list())
    now = [one for one in moments if one > year]
    then = [one for one in moments if one <= year]
    if not now or len(then) < len(now):
        return ()
    middle = scored.group_by("moment", "feature").agg(pl.col("psi").median())
    last, before = (
        dict(middle.filter(pl.col("moment") == one).select("feature", "psi").iter_rows())
        for one in (now[-1], then[len(now) - 1])
    )
    large = settings()["psi_large"]
    found = sorted((name for name in last if last[name] >= large > before.get(name, 0.0)), key=lambda name: -last[name])
    figures = {name: f"{last[name]:.2f}".replace(".", ",") for name in found}
    return tuple(
        f"{feature(name).label}: anders verdeeld dan waarvan is geleerd (PSI {figures[name]})" for name in found
    )
