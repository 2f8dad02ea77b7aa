"""What is known of the schools of a shard at a moment, and from which day on each of them has to be counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import narwhals as nw
import polars as pl

from data_contracts.tables import ABSENCES, ENROLMENTS
from features.calendar import monday, school_year_start
from features.enrolled import periods
from features.history import day_of, number_of
from features.known import known
from features.school_days import SUSPECT_SHARE
from pipelines.home import Home
from pipelines.kept.news import VERSION, News, first_days, news, spread
from pipelines.kept.norm import first_other_day, firsts, norms, stands
from pipelines.kept.store import ROOM, Segment, dated, lasting, standings
from pipelines.lake import Lake

NEAR = 28
"""Days back within which schools are counted from one day on: it costs less than to count them apart."""


@dataclass(frozen=True)
class Known:
    """What is known of the schools of one shard at a moment.

    Parameters
    ----------
    schools, week, as_of, first_day
        Which schools, the Monday before which days count, the moment, and the first day that is ever looked at.
    segments
        What is kept.
    read
        What was not known before.
    enrolments
        All their versions.
    pupils
        ``school, pupil, pupil_no``, of everybody ever enrolled.
    norm
        Versions of the norm timetable, with ``shape``.
    """

    schools: tuple[str, ...]
    week: date
    as_of: datetime
    first_day: int
    segments: Sequence[Segment]
    read: News
    enrolments: pl.DataFrame
    pupils: pl.DataFrame
    norm: pl.DataFrame

    @property
    def until(self) -> int:
        """Day number of the week."""
        return number_of(self.week)

    def periods(self) -> pl.DataFrame:
        """Return the periods of enrolment known now."""
        return _periods(self.enrolments, self.pupils, self.as_of, self.until)


def first_looked_at(week: date) -> int:
    """First day of which anything counts in `week`: 1 August of the school year before."""
    return number_of(school_year_start(school_year_start(week) - timedelta(days=1)))


def find_out(home: Home, schools: Sequence[str], segments: Sequence[Segment], *, week: date, as_of: datetime) -> Known:
    """Read what is new of `schools`."""
    read = news(home, schools, segments, as_of)
    kept = lasting(segments, "enrolments").filter(pl.col("school").is_in(list(schools)))
    enrolments = pl.concat([kept, read.of(ENROLMENTS.name)]).collect().unique(VERSION, keep="any")
    first = _with_firsts(segments, read, as_of)
    corrected = pl.concat([lasting(segments, "special_absences"), read.of(ABSENCES.name)])
    norm = norms(Lake(home), first, enrolments, corrected, schools, week=week, as_of=as_of)
    pupils = _numbered(segments, enrolments)
    return Known(tuple(schools), week, as_of, first_looked_at(week), segments, read, enrolments, pupils, norm)


def _with_firsts(segments: Sequence[Segment], read: News, as_of: datetime) -> list[Segment]:
    return [*segments, Segment(as_of, 0, 0, {}, firsts(read))]


def _numbered(segments: Sequence[Segment], enrolments: pl.DataFrame) -> pl.DataFrame:
    """Numbers of all pupils: whoever has one keeps it."""
    had = lasting(segments, "pupils").collect()
    new = enrolments.select("school", "pupil").unique().join(had, on=["school", "pupil"], how="anti")
    schools = dict(had.group_by("school").agg(pl.col("pupil_no").min() // ROOM).iter_rows())
    for school in sorted(set(new["school"]) - set(schools)):
        schools[school] = max(schools.values(), default=-1) + 1
    counted = dict(had.group_by("school").len().iter_rows())
    number = pl.col("school").replace_strict(schools, return_dtype=pl.Int64) * ROOM
    before = pl.col("school").replace_strict(counted, default=0, return_dtype=pl.Int64)
    nth = pl.int_range(pl.len(), dtype=pl.Int64).over("school")
    added = new.sort("school", "pupil").with_columns(pupil_no=number + before + nth) if len(new) else had.clear()
    return pl.concat([had, added.select(had.columns)])


def _periods(enrolments: pl.DataFrame, pupils: pl.DataFrame, as_of: datetime, end_day: int) -> pl.DataFrame:
    numbers = nw.from_native(pupils.lazy())
    found: pl.LazyFrame = periods(known(enrolments.lazy(), as_of), end_day=end_day, numbers=numbers).to_native()
    return found.collect()


def sinces(now: Known, enrolled: pl.DataFrame) -> dict[str, int]:
    """First day from which each school is to be counted: that of its first unkept week, or the first that is otherwise."""
    kept = standings(now.segments)
    found = {school: kept[school].until if school in kept else now.first_day for school in now.schools}
    before = dated(now.segments, "norm").collect().filter(pl.col("school").is_in(list(now.schools)))
    after = stands(now.norm, now.as_of)
    for days in (first_days(now.read), first_other_day(before, after), _moved(now, enrolled), _reopened(now, enrolled)):
        for school, day in days.items():
            found[school] = min(found[school], day)
    mondays = {school: min(now.until, number_of(monday(day_of(max(day, 0))))) for school, day in found.items()}
    near = [day for day in mondays.values() if now.until - NEAR <= day < now.until]
    mondays = {school: min(near) if day in near else day for school, day in mondays.items()}
    for school, day in _uncut(mondays, spread(now.segments, now.read)).items():
        folded = school in kept and day < kept[school].fold
        mondays[school] = now.first_day if folded else max(day, now.first_day)
    return mondays


def _uncut(sinces: Mapping[str, int], amounts: Sequence[tuple[str, int, int]]) -> dict[str, int]:
    """Go back to the first day of any amount over several days that would otherwise be cut."""
    found = dict(sinces)
    changed = True
    while changed:
        changed = False
        for school, first, last in amounts:
            if school in found and first < found[school] <= last:
                found[school] = number_of(monday(day_of(first)))
                changed = True
    return found


def _moved(now: Known, enrolled: pl.DataFrame) -> dict[str, int]:
    """First day of each school on which somebody was, as is known now, in another class than was known before."""
    kept = standings(now.segments)
    fresh = set(now.read.rows[ENROLMENTS.name].filter("_fresh")["school"])
    columns = ["school", "pupil_no", "group", "from_day", "to_day"]
    found: dict[str, int] = {}
    versions = lasting(now.segments, "enrolments").collect()
    for moment, until in {(at.moment, at.until) for school, at in kept.items() if school in fresh}:
        schools = [
            school
            for school in fresh
            if school in kept and (kept[school].moment, kept[school].until) == (moment, until)
        ]
        mine = pl.col("school").is_in(schools)
        last = pl.col("to_day").clip(upper_bound=until - 1)
        old = _periods(versions.filter(mine), now.pupils, moment, until)
        one, other = (
            each.filter(mine, pl.col("from_day") < until).with_columns(to_day=last).select(columns)
            for each in (old, enrolled)
        )
        parts = []
        for mine_only, theirs in ((one, other), (other, one)):
            odd = mine_only.join(theirs, on=columns, how="anti")
            # Of the same stay with another end, only the days after the earlier end are otherwise.
            odd = odd.join(theirs.rename({"to_day": "_to"}), on=columns[:-1], how="left")
            end = pl.min_horizontal("to_day", "_to") + 1
            parts.append(odd.select("school", day=pl.when(pl.col("_to").is_null()).then("from_day").otherwise(end)))
        found |= dict(pl.concat(parts).group_by("school").agg(pl.col("day").min()).iter_rows())
    return found


def counted_pupils(enrolled: pl.DataFrame) -> dict[str, int]:
    """How many pupils each school ever had."""
    return dict(enrolled.group_by("school").agg(pl.col("pupil_no").n_unique()).iter_rows())


def _reopened(now: Known, enrolled: pl.DataFrame) -> dict[str, int]:
    """First day of each school that is looked at for closure now and was not before, or the other way round."""
    kept, ever = standings(now.segments), counted_pupils(enrolled)
    fewer = {
        school: now.first_day for school in now.schools if school in kept and ever.get(school, 0) < kept[school].ever
    }
    closed = dated(now.segments, "closed").filter(pl.col("school").is_in(list(now.schools))).collect()
    crowd = pl.col("school").replace_strict(ever, default=0, return_dtype=pl.Int64)
    open_again = closed.filter(pl.col("away") <= SUSPECT_SHARE * crowd).group_by("school").agg(pl.col("day").min())
    return dict(open_again.iter_rows()) | fewer
