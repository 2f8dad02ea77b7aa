"""The weekly run: from the lake to published lists, the same lists however often it is run."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

import narwhals as nw
import polars as pl

from data_contracts.errors import NotEnoughDataError, UsageError
from data_contracts.quality import Grade
from data_contracts.reasons import KINDS
from data_contracts.weekly_list import AttendanceWeek, CalendarDay, SealedName, WeeklyList
from features.absent import kind_of
from features.calendar import AMSTERDAM, local_date, monday, school_year_start
from features.history import History, day_of, number_of
from features.words import span_text
from models.explain import Period
from models.serving import champion
from pipelines.counting import Counting, count
from pipelines.home import Home
from pipelines.lake import Lake
from pipelines.listing import SETTINGS, Candidate, Counted, in_view, weekly_list
from pipelines.publishing import Published, open_database, previous, publish
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
    engine = open_database(home.database_url)
    scorecard = champion(home.scorecards)
    listed: list[Listed] = []
    for as_of, group in _by_moment(lake, chosen, week=monday_of, now=present).items():
        say = progress or (lambda _text, _done, _total: None)
        say("kenmerken", len(listed), len(chosen))
        counting = count(home, group, as_of=as_of, scorecard=scorecard)
        for school in group:
            say(f"lijst van {school}", len(listed), len(chosen))
            before = _earlier(partial(previous, engine, school=school), monday_of)
            counted = _counted(counting, lake, school, week=monday_of, earlier=before)
            made = weekly_list(counted)
            published = publish(engine, made, names=_names(lake, school, made), by="aanwezig weekly")
            listed.append(Listed(made, published))
        say("klaar", len(listed), len(chosen))
    engine.dispose()
    return sorted(listed, key=lambda each: each.weekly_list.school)


def _refuse_odd_weeks(week: date, now: datetime) -> None:
    if week != monday(week):
        detail = f"{week} is geen maandag"
        raise UsageError(detail, remedy=f"Een week heet naar haar maandag: {monday(week)}.")
    if week > local_date(now):
        detail = f"de week van {week} is nog niet begonnen"
        raise UsageError(detail, remedy=f"Kies uiterlijk {monday(local_date(now))}.")


def _by_moment(lake: Lake, schools: Sequence[str], *, week: date, now: datetime) -> dict[datetime, list[str]]:
    """As-of moments with their schools.

    A list counts what was known on Monday at six. In the running week a delivery that came in later counts as well: who
    uploads on Monday at nine wants to see it. Either way the moment follows from the data, not from the clock.
    """
    opening = datetime.combine(week, MONDAY_MORNING).astimezone(UTC)
    running = week <= local_date(now) < week + timedelta(days=7)
    moments: dict[datetime, list[str]] = {}
    for school in schools:
        arrived = [report.delivered_at for report in lake.reports(school) if running and report.delivered_at <= now]
        moments.setdefault(max([opening, *arrived]), []).append(school)
    return moments


def _counted(counting: Counting, lake: Lake, school: str, *, week: date, earlier: Sequence[WeeklyList]) -> Counted:
    settings = counting.settings[school]
    as_of = counting.as_of
    rows = counting.rows[school]
    weeks = _school_weeks(counting.past, school)
    graded = [monday_of for monday_of, _, _ in weeks[:4]]
    quality = tuple(week_quality(lake, school, weeks=graded, as_of=as_of))
    year = school_year_start(local_date(as_of))
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
        weeks_known=sum(first >= year for _, first, _ in weeks),
        on_norm=school in counting.on_norm,
        quality=quality,
        school_days=_school_days(counting.past, school),
        earlier=earlier,
    )
    pupils = in_view(counted)
    return _with_days(counting.past, counted, pupils)


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


def _earlier(read: Callable[..., WeeklyList | None], week: date) -> list[WeeklyList]:
    found: list[WeeklyList] = []
    while len(found) < EARLIER_LISTS and (before := read(before=found[-1].week if found else week)) is not None:
        found.append(before)
    return found


def _names(lake: Lake, school: str, made: WeeklyList) -> list[SealedName]:
    """Names of the pupils on the list or just off it, still sealed."""
    wanted = {signal.pupil for signal in made.signals} | {gone.pupil for gone in made.gone}
    names = lake.sealed_names(school)
    return [SealedName(pupil=pupil, sealed=names[pupil]) for pupil in sorted(wanted & names.keys())]


def _school_weeks(past: History, school: str) -> list[tuple[date, date, date]]:
    """Weeks of the school, newest first: Monday, first and last school day."""
    mine = past.school_days.filter(nw.col("school") == school)
    weeks = mine.group_by("week").agg(nw.col("day").min().alias("first"), nw.col("day").max().alias("last"))
    rows = weeks.sort("week", descending=True).collect().to_native().rows()
    return [(day_of(week), day_of(first), day_of(last)) for week, first, last in rows]


def _school_days(past: History, school: str) -> tuple[date, ...]:
    since = number_of(local_date(past.as_of)) - SETTINGS["calendar_days"]
    mine = past.school_days.filter((nw.col("school") == school) & (nw.col("day") >= since))
    return tuple(day_of(day) for day in mine.select("day").sort("day").collect().to_native()["day"])


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


def _with_days(past: History, counted: Counted, pupils: Iterable[str]) -> Counted:
    """Add attendance and registered days of the pupils in view."""
    wanted, school = list(pupils), counted.settings.school
    since = number_of(local_date(past.as_of)) - SETTINGS["calendar_days"]
    mine = (nw.col("school") == school) & nw.col("pupil").is_in(wanted)
    days = past.days.filter(mine & (nw.col("day") >= since)).sort("pupil", "day").collect().to_native()
    calendar: dict[str, list[CalendarDay]] = {}
    for row in days.to_dicts():
        calendar.setdefault(row["pupil"], []).append(_calendar_day(row))
    return replace(
        counted,
        calendar={pupil: tuple(theirs) for pupil, theirs in calendar.items()},
        attendance=_attendance(past, school, set(wanted)),
    )


def _calendar_day(row: Mapping[str, Any]) -> CalendarDay:
    kind, authorised = kind_of(int(row["code"]))
    return CalendarDay(
        day=day_of(row["day"]),
        kind=kind.value,
        absent_minutes=row["absent_minutes"],
        scheduled_minutes=row["scheduled_minutes"],
        late=row["late_count"],
        authorised=authorised.value if KINDS[kind].counts else "yes",
    )


def _attendance(past: History, school: str, wanted: set[str]) -> dict[str, tuple[AttendanceWeek, ...]]:
    recent = past.weeks.filter((nw.col("school") == school) & (nw.col("weeks_ago") < SETTINGS["attendance_weeks"]))
    pupils = past.pupils.filter(nw.col("school") == school).select("pupil", "group")
    weeks: pl.DataFrame = recent.join(pupils, on="pupil", how="inner").collect().to_native()
    minutes, scheduled = pl.col("absent_minutes").sum(), pl.col("scheduled_minutes").sum()
    rate = pl.when(scheduled > 0).then(1 - minutes / scheduled)
    groups = weeks.group_by("group", "week").agg(group_rate=rate)
    own = weeks.filter(pl.col("pupil").is_in(list(wanted))).group_by("pupil", "group", "week").agg(rate=rate)
    joined = own.join(groups, on=["group", "week"]).sort("pupil", "week")
    found: dict[str, list[AttendanceWeek]] = {}
    for row in joined.to_dicts():
        found.setdefault(row["pupil"], []).append(
            AttendanceWeek(week=day_of(row["week"]), pupil=row["rate"], group=row["group_rate"])
        )
    return {pupil: tuple(theirs) for pupil, theirs in found.items()}
