"""The weekly run: from the lake to published lists, the same lists however often it is run."""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Engine as Database

from data_contracts.errors import NotEnoughDataError, UsageError
from data_contracts.quality import Grade
from data_contracts.school_page import SchoolPage
from data_contracts.tables import ABSENCES
from data_contracts.weekly_list import SealedName, WeeklyList
from features.calendar import AMSTERDAM, local_date, monday, school_year_start
from models.explain import periods_of
from models.scorecard import Scorecard
from models.scored import ENOUGH, matrix, too_little
from models.serving import champion, decisions, why_rules
from pipelines.clock import MONDAY_MORNING
from pipelines.counting import Counting, count
from pipelines.crew import ALONE, Crew, shared_out
from pipelines.engines import POLARS, Engine
from pipelines.home import Home
from pipelines.lake import Lake
from pipelines.listing import SETTINGS, Candidate, Counted, in_view, weekly_list
from pipelines.objections import objected
from pipelines.publishing import (
    Published,
    Written,
    earlier_on_list,
    followed_up,
    moments,
    open_database,
    previous,
    publish,
    standing_pages,
    write,
)
from pipelines.quality import week_quality
from pipelines.school_page import beside_others

Progress = Callable[[str, int, int], None]
EARLIER_LISTS = 4
PARTS_EACH = 4
"""Parts of the schools that each of several processes takes, one after the other: so many fewer are in memory at a time."""


@dataclass(frozen=True)
class Listed:
    """What became of one school's list."""

    weekly_list: WeeklyList
    published: Published


def weekly(
    home: Home,
    *,
    week: date | None = None,
    schools: Sequence[str] | None = None,
    now: datetime | None = None,
    engine: Engine = POLARS,
    crew: Crew = ALONE,
    progress: Progress | None = None,
) -> list[Listed]:
    """Make and publish the lists of one week.

    Parameters
    ----------
    week
        Monday of the week in which the lists are discussed; this week where left out.
    schools
        Only these schools; all that delivered where left out.
    now
        The present moment (UTC).
    engine
        What counts and scores.
    crew
        Processes that make the lists side by side; a cluster does that by itself.

    Returns
    -------
    list[Listed]
        One a school, in order. The same data and model give the same list, which is then published no second time.

    Raises
    ------
    UsageError, NotEnoughDataError
        `week` is no Monday or lies ahead; no school has delivered anything.
    ModelError
        The scorecard does not add up for a pupil: nothing is published.
    """
    present = now or datetime.now(UTC)
    monday_of = week or monday(local_date(present))
    _refuse_odd_weeks(monday_of, present)
    lake = Lake(home)
    chosen = list(schools) if schools is not None else lake.schools()
    if not chosen:
        detail = "er is nog geen levering geaccepteerd, dus er valt geen lijst te maken"
        raise NotEnoughDataError(detail, remedy="Lever eerst gegevens aan met: aanwezig ingest MAP")
    database = open_database(home.database_url)
    served = min(present, datetime.combine(monday_of + timedelta(days=7), time(), tzinfo=AMSTERDAM).astimezone(UTC))
    scorecard = champion(home.scorecards, served)  # a week that is over keeps the model that served when it ended
    no_model = why_rules(decisions(home.scorecards), served)
    say = progress or (lambda _text, _done, _total: None)
    made: list[tuple[WeeklyList, SchoolPage, Written]] = []
    stood = moments(database, week=monday_of)
    for as_of, group in _by_moment(lake, chosen, week=monday_of, now=present, stood=stood).items():
        say("kenmerken", len(made), len(chosen))
        asked = _Asked(monday_of, as_of, scorecard, no_model, engine)
        parts = [group] if crew is ALONE or engine is not POLARS else _parted(lake, group, crew.size * PARTS_EACH)
        made += [each for lists in crew.work(_lists, [(home, part, asked) for part in parts]) for each in lists]
    # Only when every list is made and every score has proved to be the sum of its parts is anything published.
    listed = []
    made.sort(key=lambda each: each[0].school)
    pages = beside_others([page for _, page, _ in made], standing_pages(database, week=monday_of))
    for (each, _, written), page in zip(made, pages, strict=True):
        names = _names(lake, each)
        published = publish(database, each, names=names, by="aanwezig weekly", page=page, written=written)
        listed.append(Listed(each, published))
    say("gepubliceerd", len(listed), len(chosen))
    database.dispose()
    return listed


@dataclass(frozen=True)
class _Asked:
    """What the lists of a run have in common."""

    week: date
    as_of: datetime
    scorecard: Scorecard | None
    no_model: str
    engine: Engine


def _parted(lake: Lake, schools: Sequence[str], parts: int) -> list[list[str]]:
    """Share schools out by what is stored of them."""
    stored = {name: sum(file.stat().st_size for file in lake.files(ABSENCES.name, schools=[name])) for name in schools}
    return shared_out(schools, parts, size=stored.__getitem__)


def _lists(home: Home, schools: Sequence[str], asked: _Asked) -> list[tuple[WeeklyList, SchoolPage, Written]]:
    """Make and write the lists of some schools and the pages beside them; nothing is published yet."""
    lake, database = Lake(home), open_database(home.database_url)
    week, engine = asked.week, asked.engine
    followed = followed_up(database, schools=schools, since=school_year_start(week), before=week)
    with _uncollected():
        counting = count(
            home,
            schools,
            week=week,
            as_of=asked.as_of,
            scorecard=asked.scorecard,
            engine=engine,
            followed=followed,
            objected=objected(home, schools=schools),
        )
        counted = (
            gathered(counting, lake, school, week=week, database=database, no_model=asked.no_model)
            for school in schools
        )
        lists = [(weekly_list(each), counting.pages[each.settings.school]) for each in counted]
        made = [(each, page, write(each)) for each, page in lists]
    database.dispose()
    return made


@contextmanager
def _uncollected() -> Iterator[None]:
    """Hold the garbage collector: a run makes a million small objects that all stay, and none that go in circles.

    Looking through them again and again took a quarter of the run (13.0 s against 18.9 s for the default region).
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _refuse_odd_weeks(week: date, now: datetime) -> None:
    if week != monday(week):
        detail = f"{week} is geen maandag"
        raise UsageError(detail, remedy=f"Een week heet naar haar maandag: {monday(week)}.")
    if week > local_date(now):
        detail = f"de week van {week} is nog niet begonnen"
        raise UsageError(detail, remedy=f"Kies uiterlijk {monday(local_date(now))}.")


def _by_moment(
    lake: Lake, schools: Sequence[str], *, week: date, now: datetime, stood: Mapping[str, datetime]
) -> dict[datetime, list[str]]:
    """As-of moments with their schools.

    A list counts what was known on Monday at six. In the running week a delivery that came in later counts as well: who
    uploads on Monday at nine wants to see it. Later on, the moment of the list that stands is kept (`stood`), so that
    making it again never knows less. Either way the moment follows from the data, not from the clock.
    """
    opening = datetime.combine(week, MONDAY_MORNING).astimezone(UTC)
    running = week <= local_date(now) < week + timedelta(days=7)
    found: dict[datetime, list[str]] = {}
    for school in schools:
        arrived = [report.delivered_at for report in lake.reports(school) if running and report.delivered_at <= now]
        found.setdefault(max([opening, stood.get(school, opening), *arrived]), []).append(school)
    return found


def gathered(
    counting: Counting, lake: Lake, school: str, *, week: date, database: Database, no_model: str = ""
) -> Counted:
    """Gather what one school's list is made from: what was counted, its quality, and the lists before.

    Parameters
    ----------
    no_model
        Why there is no scorecard, where there is none.
    """
    settings = counting.settings[school]
    as_of = counting.as_of
    rows = counting.rows[school]
    drawn = counting.pictures.get(school)
    weeks = drawn.school_weeks if drawn else []
    graded = [monday_of for monday_of, _, _ in weeks[3::-1]]  # oldest first
    quality = tuple(week_quality(lake, school, weeks=graded, as_of=as_of))
    year = school_year_start(week)
    poor = sum(each.grade is Grade.POOR for each in quality)
    weeks_known = sum(first >= year for _, first, _ in weeks)
    reason = no_model
    if counting.scorecard is not None:
        reason = _why_rules(rows, weeks=len(weeks), this_year=weeks_known, poor=poor)
    quiet = frozenset(rule.id for rule in counting.rules[school] if rule.quiet)
    candidates = [
        Candidate(
            row=row,
            hits=counting.hits.get((school, row["pupil"]), ()),
            quiet=quiet,
            already=(school, row["pupil"]) in counting.already,
            scored=None if reason else counting.scored.get((school, row["pupil"])),
        )
        for row in rows
    ]
    arrived = [report.delivered_at for report in lake.reports(school) if report.delivered_at <= as_of]
    counted = Counted(
        settings=settings,
        week=week,
        as_of=as_of,
        data_moment=max(arrived, default=None),
        candidates=candidates,
        periods=periods_of(weeks, year=year),
        basis_reason=reason,
        model_version=None if counting.scorecard is None else counting.scorecard.version,
        baseline=None if counting.scorecard is None else counting.scorecard.baseline,
        features=() if counting.scorecard is None else counting.scorecard.names,
        weeks_known=weeks_known,
        on_norm=school in counting.on_norm,
        learned_until=None if counting.scorecard is None else counting.scorecard.data_moment,
        quality=quality,
        school_days=drawn.drawn_days() if drawn else (),
        before=previous(database, school=school, before=week),
        earlier=earlier_on_list(database, school=school, before=week, weeks=EARLIER_LISTS),
        alone=counting.alone.get(school, ()),
    )
    pupils = in_view(counted)
    if counting.scorecard is not None and not reason:
        counted = replace(counted, spread=_spread(counting.scorecard, [row for row in rows if row["pupil"] in pupils]))
    if drawn is None:
        return counted
    return replace(counted, calendar=drawn.calendar(pupils), attendance=drawn.attendance(pupils))


def _spread(card: Scorecard, rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """How sure each score is, of those in view alone: it takes as long as scoring all of them several times."""
    spread = card.spread(matrix(card, rows))
    return {} if spread is None else {row["pupil"]: float(one) for row, one in zip(rows, spread, strict=True)}


def _why_rules(rows: Sequence[object], *, weeks: int, this_year: int, poor: int) -> str:
    """Why a school's list stands on rules although there is a model; empty where it can stand on a score."""
    if little := too_little(weeks=weeks, this_year=this_year):
        return little
    if len(rows) < ENOUGH["fewest_pupils"]:
        return f"Er zijn {len(rows)} leerlingen ingeschreven; voor een score zijn er {ENOUGH['fewest_pupils']} nodig."
    if poor >= SETTINGS["poor_weeks"]:
        return f"De registratie was in {poor} van de laatste 4 lesweken onvoldoende: een score zou meer zeggen dan we weten."
    return ""


def _names(lake: Lake, made: WeeklyList) -> list[SealedName]:
    """Names of the pupils on the list or just off it, still sealed."""
    wanted = {signal.pupil for signal in made.signals} | {gone.pupil for gone in made.gone}
    wanted |= {one.pupil for one in made.duties_alone}
    names = lake.sealed_names(made.school)
    return [SealedName(pupil=pupil, sealed=names[pupil]) for pupil in sorted(wanted & names.keys())]
