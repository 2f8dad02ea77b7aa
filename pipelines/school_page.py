"""The page about a school's attendance, from the history that the lists are counted from."""

import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from importlib.resources import files

import narwhals as nw
import polars as pl

from data_contracts.school import SchoolSettings
from data_contracts.school_page import Attendance, Hour, PageWeek, Part, Rate, Recovery, SchoolPage, total
from features import attended
from features.calendar import monday, school_year_start
from features.frames import like
from features.history import History, day_of, number_of
from pipelines.engines import brought_back
from pipelines.silent_weeks import silent_weeks

SETTINGS: Mapping[str, int] = tomllib.loads(files("pipelines").joinpath("school_page.toml").read_text(encoding="utf-8"))
FEWEST = SETTINGS["fewest_pupils"]
YEAR = timedelta(weeks=52)
"""Back to the same calendar week a year earlier."""

_BY_WEEK = ("weeks", "days", "school_days")
"""Frames of a history with a row a week or day; the others go by these."""

Followed = Mapping[str, Mapping[str, date]]
"""Per school and pupil: the day of the first follow-up that was done this school year."""


@dataclass(frozen=True)
class _Counted:
    """Everything that was counted, of all schools together."""

    before: pl.DataFrame
    placed: pl.DataFrame
    weekdays: pl.DataFrame
    hours: pl.DataFrame
    silent: pl.DataFrame


@dataclass
class _Some:
    """Pupils of one part of a school: who they are, by number, and by week how many and their minutes."""

    pupils: set[int] = field(default_factory=set)
    weeks: dict[date, tuple[int, Attendance]] = field(default_factory=dict)

    @property
    def attendance(self) -> Attendance:
        return total(minutes for _, minutes in self.weeks.values())

    def with_those_of(self, other: "_Some") -> "_Some":
        weeks = dict(self.weeks)
        for week, (pupils, minutes) in other.weeks.items():
            if week in weeks:
                weeks[week] = weeks[week][0] + pupils, total((weeks[week][1], minutes))
            else:
                weeks[week] = pupils, minutes
        return _Some(self.pupils | other.pupils, weeks)


def school_pages(
    past: History, settings: Mapping[str, SchoolSettings], *, on_norm: frozenset[str], followed: Followed
) -> dict[str, SchoolPage]:
    """Make the page of each school, still without the other schools beside it (`beside_others`).

    Parameters
    ----------
    past
        The history of these schools, with what it was counted from.
    settings
        Per school.
    on_norm
        Schools that had no timetable of their own lately.
    followed
        Who had a follow-up.
    """
    first = number_of(school_year_start(past.until))
    silent = silent_weeks(past)
    past = _without(past, silent)
    counted = _Counted(
        before=brought_back(attended.weeks_of(past, before=first)),
        placed=brought_back(attended.placed(past, first=first)),
        weekdays=brought_back(attended.weekdays_of(past, first=first)),
        hours=brought_back(attended.hours_of(past, first=first)),
        silent=silent.filter(pl.col("week") >= first),
    )
    recovered = _recovered(past, followed, first=first)
    return {
        school: SchoolPage(
            school=school,
            school_name=each.name,
            sector=each.sector,
            week=past.until,
            as_of=past.as_of,
            fewest=FEWEST,
            on_norm=school in on_norm,
            recovery=recovered.get(school),
            **_figures(_of(counted, school)),
        )
        for school, each in settings.items()
    }


def beside_others(pages: Sequence[SchoolPage], standing: Sequence[SchoolPage] = ()) -> list[SchoolPage]:
    """Put beside each page the other schools of its sector together, where they are enough.

    Parameters
    ----------
    pages
        Pages of one week, one a school.
    standing
        Pages of that week that other schools have already.
    """
    by_sector: dict[str, list[SchoolPage]] = defaultdict(list)
    made = {page.school for page in pages}
    for page in (*pages, *(page for page in standing if page.school not in made)):
        by_sector[page.sector].append(page)
    return [_beside(page, [one for one in by_sector[page.sector] if one.school != page.school]) for page in pages]


def _without(past: History, silent: pl.DataFrame) -> History:
    """Leave the silent weeks out: nobody is known to have been there."""
    if silent.is_empty():
        return past
    weeks = like(past.weeks, silent.to_dict(as_series=False), {"school": nw.String, "week": nw.Int64})
    frames = {name: getattr(past, name).join(weeks, on=["school", "week"], how="anti") for name in _BY_WEEK}
    return replace(past, **frames)


def _beside(page: SchoolPage, others: Sequence[SchoolPage]) -> SchoolPage:
    fewest = SETTINGS["fewest_other_schools"]
    by_week: dict[date, list[Attendance]] = defaultdict(list)
    for other in others:
        for one in other.weeks:
            by_week[one.week] += [one.own] if one.own.scheduled else []
    weeks = tuple(
        week.model_copy(update={"others": total(by_week[week.week]) if len(by_week[week.week]) >= fewest else None})
        for week in page.weeks
    )
    return page.model_copy(update={"weeks": weeks, "other_schools": len(others) if len(others) >= fewest else 0})


def _of(counted: _Counted, school: str) -> _Counted:
    here = pl.col("school") == school
    return _Counted(*(getattr(counted, name).filter(here) for name in _Counted.__dataclass_fields__))


def _figures(counted: _Counted) -> dict[str, tuple[object, ...]]:
    weeks = _weeks(counted)
    mondays = [one.week for one in weeks]
    return {
        "weeks": weeks,
        "years": _parts(counted.placed, "year_group", mondays),
        "classes": _parts(counted.placed, "group", mondays),
        "weekdays": tuple(
            Hour(weekday=weekday, attendance=_minutes(scheduled, absent))
            for weekday, scheduled, absent in counted.weekdays.sort("weekday")
            .select("weekday", "scheduled", "absent")
            .iter_rows()
        ),
        "hours": tuple(
            Hour(weekday=weekday, hour=slot, attendance=minutes)
            for (weekday, slot), _, minutes in _large_enough(counted.hours, "weekday", "slot")
        ),
        "subjects": tuple(
            Part(name=subject, pupils=pupils, attendance=minutes)
            for (subject,), pupils, minutes in _large_enough(counted.hours.drop_nulls("subject"), "subject")
        ),
    }


def _weeks(counted: _Counted) -> tuple[PageWeek, ...]:
    before = {
        day_of(week): _minutes(scheduled, absent)
        for week, scheduled, absent in counted.before.select("week", "scheduled", "absent").iter_rows()
    }
    sums = counted.placed.group_by("week").agg(pl.col("scheduled", "absent").sum())
    own = {day_of(week): _minutes(scheduled, absent) for week, scheduled, absent in sums.iter_rows()}
    own |= {day_of(week): _minutes(0, 0) for week in counted.silent["week"].to_list()}
    return tuple(PageWeek(week=week, own=own[week], last_year=before.get(week - YEAR)) for week in sorted(own))


def _parts(placed: pl.DataFrame, by: str, mondays: Sequence[date]) -> tuple[Part, ...]:
    """Parts of a school by the column `by`; those of too few pupils are put together."""
    found = {
        name: _Some(set(pupils)) for name, pupils in placed.group_by(by).agg(pl.col("pupil_no").unique()).iter_rows()
    }
    weeks = placed.group_by(by, "week").agg(pl.len(), pl.col("scheduled", "absent").sum())
    for name, week, pupils, scheduled, absent in weeks.iter_rows():
        found[name].weeks[day_of(week)] = pupils, _minutes(scheduled, absent)
    return tuple(
        Part(
            name=name,
            pupils=len(some.pupils),
            attendance=some.attendance,
            weeks=tuple(_rate(some.weeks.get(week)) for week in mondays),
        )
        for name, some in _put_together(found)
    )


def _put_together(found: Mapping[str | None, _Some]) -> list[tuple[str, _Some]]:
    """Put what is too small together, with the next smallest where that is still too small; without a name it goes there too."""
    small = _Some()
    shown: list[tuple[str, _Some]] = []
    for name, some in sorted(found.items(), key=lambda item: (item[0] is not None, len(item[1].pupils), item[0] or "")):
        too_small = len(some.pupils) < FEWEST or 0 < len(small.pupils) < FEWEST
        if name is None or too_small:
            small = small.with_those_of(some)
        else:
            shown.append((name, some))
    if 0 < len(small.pupils) < FEWEST:
        return []
    return [*sorted(shown, key=lambda item: item[0]), *([("", small)] if small.pupils else [])]


def _rate(of_week: tuple[int, Attendance] | None) -> Rate | None:
    if of_week is None or of_week[0] < FEWEST or of_week[1].rate is None:
        return None
    return round(of_week[1].rate, 4)


def _large_enough(hours: pl.DataFrame, *by: str) -> list[tuple[tuple[object, ...], int, Attendance]]:
    """Sums of lessons by some columns, where there are pupils enough: a pupil goes by one timetable at a time."""
    units = hours.group_by("unit_no", *by).agg(pl.col("pupils").max(), pl.col("scheduled", "absent").sum())
    sums = units.group_by(*by).agg(pl.col("pupils", "scheduled", "absent").sum()).filter(pl.col("pupils") >= FEWEST)
    return [
        (key, pupils, _minutes(scheduled, absent))
        for *key_, pupils, scheduled, absent in sums.sort(*by).iter_rows()
        if (key := tuple(key_)) and scheduled > 0
    ]


def _minutes(scheduled: int, absent: int) -> Attendance:
    return Attendance(scheduled=scheduled, absent=absent)


def _recovered(past: History, followed: Followed, *, first: int) -> dict[str, Recovery]:
    """Attendance around the first follow-up of each pupil that had one."""
    pupils = sorted({pupil for them in followed.values() for pupil in them})
    if not pupils:
        return {}
    theirs = past.weeks.filter((nw.col("week") >= first) & nw.col("pupil").is_in(pupils))
    columns = ("week", "scheduled_minutes", "absent_minutes")
    weeks = brought_back(theirs.select("school", "pupil", *columns)).sort("week")
    by_pupil: dict[tuple[str, str], list[tuple[date, Attendance]]] = defaultdict(list)
    for school, pupil, week, scheduled, absent in weeks.iter_rows():
        by_pupil[school, pupil].append((day_of(week), _minutes(scheduled, absent)))
    return {
        school: _recovery([around(by_pupil[school, pupil], day) for pupil, day in them.items()])
        for school, them in followed.items()
        if them
    }


def around(weeks: Sequence[tuple[date, Attendance]], day: date) -> tuple[Attendance, Attendance] | None:
    """Attendance in the school weeks before and after that of `day`; None where one side is not known (yet) as a whole."""
    length = SETTINGS["weeks_around"]
    before = [minutes for week, minutes in weeks if week < monday(day)][-length:]
    after = [minutes for week, minutes in weeks if week > monday(day)][:length]
    return (total(before), total(after)) if len(before) == len(after) == length else None


def _recovery(pupils: Sequence[tuple[Attendance, Attendance] | None]) -> Recovery:
    known = [sides for sides in pupils if sides is not None]
    enough = len(known) >= FEWEST
    return Recovery(
        pupils=len(pupils),
        measured=len(known),
        weeks=SETTINGS["weeks_around"],
        before=total(before for before, _ in known) if enough else None,
        after=total(after for _, after in known) if enough else None,
    )
