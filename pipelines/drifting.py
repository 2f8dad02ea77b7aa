"""Follow drift in an installation: weekly shares of what schools record, and scores and features every few weeks."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta

import polars as pl

from data_contracts.errors import NotFoundError, UsageError
from data_contracts.files import write_text
from data_contracts.model_page import Drift, SchoolDrift
from features.calendar import local_date, monday, school_year_start
from features.catalogue import feature
from models.drift import settings
from models.scorecard import Scorecard
from models.serving import champion
from pipelines import watched
from pipelines.drift_words import described, headline
from pipelines.home import Home
from pipelines.lake import Lake
from pipelines.model_page import DRIFT, publish_page
from pipelines.observed import recorded_by_week, scored_by_moment
from pipelines.watched import Watched

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
        theirs = scored.filter(pl.col("school").is_in(among))
        kinds = watched.kinds(weekly.filter(pl.col("school").is_in(among)), among, year=year)
        scores, points = watched.scores(theirs, among, year=year), watched.points(theirs, among, year=year)
        for school in group:
            by = moved_by(theirs, school, year=year)
            place = among.index(school)
            lines.append(_judged(school, names[school], place, kinds=kinds, scores=scores, points=points, by=by))
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


def _judged(
    school: str,
    name: str,
    place: int,
    *,
    kinds: Watched,
    scores: Watched,
    points: Watched,
    by: Sequence[tuple[str, float]],
) -> SchoolDrift:
    """First ask whether the recording changed; only then whether pupils or scores did."""
    terms = settings()
    if kinds.found is None:
        text = _NONE.format(schools=terms["fewest_schools"], weeks=terms["fewest_reference_weeks"])
        return SchoolDrift(school=school, name=name, verdict="unknown", text=text)
    (score,) = scores.alarms(place).values() or (None,)
    verdict, text, since = described(
        kinds.alarms(place), kinds.vanished(place), score=score, score_by=by, features=points.alarms(place)
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
