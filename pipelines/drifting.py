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
        theirs = scored.filter(pl.col("school").is_in(among))
        scores, points = _scores(theirs, among, year=year), _points(theirs, among, year=year)
        for school in group:
            by = moved_by(theirs, school, year=year)
            place = among.index(school)
            apart = _apart(points, place, _features(theirs))
            lines.append(_judged(school, names[school], place, kinds, scores, by, apart))
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
    """The mean score, followed from look to look."""
    rows = frame.unique(["school", "moment"])
    return _from_look_to_look(rows, {"score": rows}, schools, column="score", year=year)


def _points(frame: pl.DataFrame, schools: Sequence[str], *, year: date) -> _Kinds:
    """What each feature adds to the mean score, followed from look to look; in the order of `_features`."""
    by_feature = {name: frame.filter(pl.col("feature") == name) for name in _features(frame)}
    terms = settings()
    floor, back = float(terms["smallest_points"]), int(terms["looks_back"])
    return _from_look_to_look(frame, by_feature, schools, column="points", year=year, floor=floor, back=back)


def _features(frame: pl.DataFrame) -> list[str]:
    found: list[str] = sorted(frame["feature"].unique().to_list())
    return found


def _from_look_to_look(
    frame: pl.DataFrame,
    series: Mapping[str, pl.DataFrame],
    schools: Sequence[str],
    *,
    column: str,
    year: date,
    floor: float = 0.0,
    back: int = 1,
) -> _Kinds:
    terms = settings()
    moments = sorted(frame["moment"].unique().to_list())
    if not moments:
        return _Kinds([], None, None)
    values = np.stack([_table(rows, "moment", column, schools) for rows in series.values()], axis=-1)
    starts = np.array([school_year_start(one - timedelta(days=7)).toordinal() for one in moments], dtype=np.int64)
    looked = Series(
        values=values,
        counts=~np.isnan(values[:, :, 0]),  # all series are of the same looks
        years=starts,
        reference=starts < year.toordinal(),
        tested=starts == year.toordinal(),
        back=back,
        floor=floor,
    )
    limit = limit_for(len(series), looks=int(terms["school_weeks"] / terms["score_every"]))
    return _Kinds(moments, follow(looked, limit=limit, fewest_reference=int(terms["fewest_reference_looks"])), None)


def _table(
    frame: pl.DataFrame, by: str, column: str, schools: Sequence[str]
) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Return a column as a table of shape (weeks, schools); NaN where there is no row."""
    wide = (
        frame.select("school", by, pl.col(column).cast(pl.Float64)).pivot(on="school", index=by, values=column).sort(by)
    )
    blank = [pl.lit(None, dtype=pl.Float64).alias(school) for school in schools if school not in wide.columns]
    return wide.with_columns(blank).select(schools).to_numpy().astype(np.float64)


def _apart(points: _Kinds, place: int, names: Sequence[str]) -> dict[str, tuple[date, bool]]:
    """Features that came to weigh otherwise at a school: the Monday from which, and whether they raise scores more."""
    found = points.followed
    if found is None:
        return {}
    return {
        name: (points.weeks[found.since[place, number]], bool(found.rising[place, number]))
        for number, name in enumerate(names)
        if found.alarm[place, number] >= 0
    }


def _judged(
    school: str,
    name: str,
    place: int,
    kinds: _Kinds,
    scores: _Kinds,
    by: Sequence[tuple[str, float]],
    apart: Mapping[str, tuple[date, bool]],
) -> SchoolDrift:
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
    verdict, text, since = described(
        alarms, rising, gone, score_since=from_look, score_up=up, score_by=by, features=apart
    )
    return SchoolDrift(school=school, name=name, verdict=verdict, text=text, since=since)


def _same_look(scored: pl.DataFrame, *, year: date) -> tuple[date, date] | None:
    """Return the last Monday that was looked at, and the one as far into the year before; None where there is none."""
    moments = sorted(scored["moment"].unique().to_list())
    now = [one for one in moments if one > year]
    then = [one for one in moments if one <= year]
    return (now[-1], then[len(now) - 1]) if now and len(then) >= len(now) else None


def moved_by(scored: pl.DataFrame, school: str, *, year: date) -> tuple[tuple[str, float], ...]:
    """What each feature did to a school's mean score since the same time a year before, beyond what it did elsewhere.

    Parameters
    ----------
    scored
        Of the schools it is compared with and its own (`pipelines.observed.scored_by_moment`).
    year
        First day of this school year.

    Returns
    -------
    tuple
        Names and log-odds. A score is a sum, so these add up to the whole difference; empty where there is no year before.
    """
    looks = _same_look(scored, year=year)
    if looks is None:
        return ()
    now, then = (scored.filter(pl.col("moment") == one).select("school", "feature", "points") for one in looks)
    change = now.join(then, on=["school", "feature"], suffix="_then").select(
        "feature", own=pl.col("school") == school, change=pl.col("points") - pl.col("points_then")
    )
    here, there = (pl.col("change").filter(which).mean() for which in (pl.col("own"), ~pl.col("own")))
    found = change.group_by("feature", maintain_order=True).agg(here - there).drop_nulls()
    return tuple(found.iter_rows())


def _moved(scored: pl.DataFrame, *, year: date) -> tuple[str, ...]:
    """Features that differ from what was learned at the last look, at most schools, and did not a year before."""
    looks = _same_look(scored, year=year)
    if looks is None:
        return ()
    middle = scored.group_by("moment", "feature").agg(pl.col("psi").median())
    last, before = (dict(middle.filter(pl.col("moment") == one).select("feature", "psi").iter_rows()) for one in looks)
    large = settings()["psi_large"]
    found = sorted((name for name in last if last[name] >= large > before.get(name, 0.0)), key=lambda name: -last[name])
    figures = {name: f"{last[name]:.2f}".replace(".", ",") for name in found}
    return tuple(
        f"{feature(name).label}: anders verdeeld dan waarvan is geleerd (PSI {figures[name]})" for name in found
    )
