"""The weekly run: from the lake to published lists, the same lists however often it is run."""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Engine as Database

from data_contracts.errors import NotEnoughDataError, UsageError
from data_contracts.quality import Grade
from data_contracts.weekly_list import SealedName, WeeklyList
from features.calendar import AMSTERDAM, local_date, monday, school_year_start
from features.words import span_text
from models.explain import Period
from models.serving import champion
from pipelines.counting import Counting, count
from pipelines.engines import POLARS, Engine
from pipelines.home import Home
from pipelines.lake import Lake
from pipelines.listing import SETTINGS, Candidate, Counted, in_view, weekly_list
from pipelines.publishing import Published, earlier_on_list, moments, open_database, previous, publish
from pipelines.quality import week_quality

Progress = Callable[[str, int, int], None]
MONDAY_MORNING = time(6, 0, tzinfo=AMSTERDAM)
EARLIER_LISTS = 4


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
    scorecard = champion(home.scorecards)
    say = progress or (lambda _text, _done, _total: None)
    made: list[WeeklyList] = []
    stood = moments(database, week=monday_of)
    with _uncollected():
        for as_of, group in _by_moment(lake, chosen, week=monday_of, now=present, stood=stood).items():
            say("kenmerken", len(made), len(chosen))
            counting = count(home, group, week=monday_of, as_of=as_of, scorecard=scorecard, engine=engine)
            for school in group:
                say(f"lijst van {school}", len(made), len(chosen))
                made.append(weekly_list(_counted(counting, lake, school, week=monday_of, database=database)))
    # Only when every list is made and every score has proved to be the sum of its parts is anything published.
    listed = []
    for each in sorted(made, key=lambda each: each.school):
        published = publish(database, each, names=_names(lake, each), by="aanwezig weekly")
        listed.append(Listed(each, published))
    say("gepubliceerd", len(listed), len(chosen))
    database.dispose()
    return listed


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


def _counted(counting: Counting, lake: Lake, school: str, *, week: date, database: Database) -> Counted:
    settings = counting.settings[school]
    as_of = counting.as_of
    rows = counting.rows[school]
    drawn = counting.pictures.get(school)
    weeks = drawn.school_weeks() if drawn else []
    graded = [monday_of for monday_of, _, _ in weeks[3::-1]]  # oldest first
    quality = tuple(week_quality(lake, school, weeks=graded, as_of=as_of))
    year = school_year_start(week)
    reason = _why_rules(counting, rows, weeks=len(weeks), poor=sum(each.grade is Grade.POOR for each in quality))
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
        periods=_periods(weeks, year=year),
        basis_reason=reason,
        model_version=None if counting.scorecard is None else counting.scorecard.version,
        baseline=None if counting.scorecard is None else counting.scorecard.baseline,
        features=() if counting.scorecard is None else counting.scorecard.names,
        weeks_known=sum(first >= year for _, first, _ in weeks),
        on_norm=school in counting.on_norm,
        learned_until=None if counting.scorecard is None else counting.scorecard.data_moment,
        quality=quality,
        school_days=drawn.drawn_days() if drawn else (),
        before=previous(database, school=school, before=week),
        earlier=earlier_on_list(database, school=school, before=week, weeks=EARLIER_LISTS),
    )
    if drawn is None:
        return counted
    pupils = in_view(counted)
    return replace(counted, calendar=drawn.calendar(pupils), attendance=drawn.attendance(pupils))


def _why_rules(counting: Counting, rows: Sequence[object], *, weeks: int, poor: int) -> str:
    """Why a school's list stands on rules; empty where it can stand on a score."""
    if counting.scorecard is None:
        return "Er is nog geen model getraind en goedgekeurd: de lijst volgt de drempels."
    if weeks < SETTINGS["fewest_school_weeks"]:
        return f"Er zijn pas {weeks} lesweken van deze school bekend; voor een score zijn er {SETTINGS['fewest_school_weeks']} nodig."
    if len(rows) < SETTINGS["fewest_pupils"]:
        return f"Er zijn {len(rows)} leerlingen ingeschreven; voor een score zijn er {SETTINGS['fewest_pupils']} nodig."
    if poor >= SETTINGS["poor_weeks"]:
        return f"De registratie was in {poor} van de laatste 4 lesweken onvoldoende: een score zou meer zeggen dan we weten."
    return ""


def _names(lake: Lake, made: WeeklyList) -> list[SealedName]:
    """Names of the pupils on the list or just off it, still sealed."""
    wanted = {signal.pupil for signal in made.signals} | {gone.pupil for gone in made.gone}
    names = lake.sealed_names(made.school)
    return [SealedName(pupil=pupil, sealed=names[pupil]) for pupil in sorted(wanted & names.keys())]


def _periods(weeks: Sequence[tuple[date, date, date]], *, year: date) -> dict[str, Period]:
    """Words for the windows: a window never looks over the summer."""
    this_year = [week for week in weeks if week[2] >= year]
    last_year = [week for week in weeks if week[2] < year]
    periods = {}
    for length in (1, 2, 4, 8, 12):
        chosen = this_year[:length]
        first, last = (chosen[-1][1], chosen[0][2]) if chosen else (year, year)
        name = "de laatste lesweek" if len(chosen) == 1 else f"de laatste {len(chosen)} lesweken"
        periods[f"{length}w"] = Period(
            f"{name} ({span_text(first, last)})", span_text(first, first), span_text(last, last)
        )
    for name, words, chosen in (("year", "dit schooljaar", this_year), ("last_year", "vorig schooljaar", last_year)):
        first, last = (chosen[-1][1], chosen[0][2]) if chosen else (year, year)
        periods[name] = Period(words, span_text(first, first), span_text(last, last))
    return periods
