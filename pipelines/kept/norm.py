"""The norm timetable of kept schools, from the few versions that say when days, groups and pupils first became known."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import polars as pl

from data_contracts.tables import ABSENCES, TIMETABLE
from features.calendar import covered, school_days
from pipelines.begun import heard_of_absences, no_longer_so
from pipelines.kept.news import News
from pipelines.kept.store import Segment, lasting
from pipelines.lake import Lake, as_known
from pipelines.norm import norm_timetable, of_group

SATURDAY = 5


def firsts(read: News) -> dict[str, pl.LazyFrame]:
    """Of what was read, the versions on which a norm depends (`pipelines.norm`)."""
    lessons = read.of(TIMETABLE.name).filter(~pl.col("withdrawn"))
    parts = [_earliest(lessons.filter(of_group()), by) for by in ("date", "group")]
    parts.append(_earliest(lessons.filter(pl.col("pupil").is_not_null()), "pupil"))
    return {
        "first_timetable": pl.concat(parts).unique(),
        "first_absences": _earliest(read.of(ABSENCES.name), "start_date"),
    }


def _earliest(rows: pl.LazyFrame, by: str) -> pl.LazyFrame:
    earliest = pl.col("recorded_at") == pl.col("recorded_at").min().over("school", by)
    return rows.filter(earliest).unique(["school", by], keep="any")


def norms(
    lake: Lake,
    segments: Sequence[Segment],
    enrolments: pl.DataFrame,
    corrected: pl.LazyFrame,
    schools: Sequence[str],
    *,
    week: date,
    as_of: datetime,
) -> pl.DataFrame:
    """Versions of the norm timetable of `schools` for days before `week`, with their ``shape``.

    Parameters
    ----------
    segments
        What is kept, with what was read now.
    enrolments
        All versions of these schools.
    corrected
        All versions of absences that were ever corrected, among others.
    """
    rows = {table: lasting(segments, f"first_{table}").collect() for table in (TIMETABLE.name, ABSENCES.name)}
    columns = lasting(segments, "special_timetable").drop("delivered_at", "delivery").collect_schema()
    parts = [pl.DataFrame(schema={**columns, "shape": pl.String})]
    lazy = {table: of.lazy() for table, of in rows.items()} | {"enrolments": enrolments.lazy()}
    doubtful = _in_doubt(lake, rows, enrolments, schools, week=week)
    mended = no_longer_so(heard_of_absences(lazy[ABSENCES.name])[0], corrected) if doubtful else set()
    for school in doubtful:
        settings, known = lake.settings(school), lazy
        if school in mended:  # what else was registered on those days was not kept
            known = lazy | {ABSENCES.name: lake.scan(ABSENCES.name, schools=[school], delivered_by=as_of)}
        made = norm_timetable(settings, known, last=week)
        if made is not None:
            parts.append(made.filter(pl.col("date") < week).with_columns(shape=pl.lit(str(settings.scheduled_norm))))
    return pl.concat(parts)


def _in_doubt(
    lake: Lake, rows: dict[str, pl.DataFrame], enrolments: pl.DataFrame, schools: Sequence[str], *, week: date
) -> list[str]:
    """Schools that may need a norm: a group, or a school day of the calendar, is not on their own timetable."""
    lessons = rows[TIMETABLE.name].filter(of_group())
    own = lessons.group_by("school").agg(pl.col("date").min().alias("own"), pl.col("date").max().alias("last"))
    absent = rows[ABSENCES.name].group_by("school").agg(pl.col("start_date").min().alias("absent"))
    days = {school: rest for school, *rest in own.join(absent, on="school", how="left").rows()}
    groups = enrolments.select("school", "group").unique().join(lessons, on=["school", "group"], how="anti")
    without = set(groups["school"])
    return [
        school
        for school in schools
        if school in without or school not in days or _outside(lake, school, days[school], week)
    ]


def _outside(lake: Lake, school: str, days: Sequence[date | None], week: date) -> bool:
    """Whether there may be school days before or after the school's own timetable."""
    first, last, absent = days
    if first is None or last is None:
        return True
    gaps = [(last + timedelta(days=1), week - timedelta(days=1))]
    if absent is not None:
        gaps.append((absent, first - timedelta(days=1)))
    # Outside these years no school day is known (`pipelines.norm`).
    known_from, known_to = covered()
    for begin, end in ((max(first_day, known_from), min(last_day, known_to)) for first_day, last_day in gaps):
        weekdays = [n for n in range((end - begin).days + 1) if (begin + timedelta(days=n)).weekday() < SATURDAY]
        if weekdays:
            settings = lake.settings(school)
            if school_days(settings.region, begin, end, settings.closures):
                return True
    return False


def stands(norm: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Which days of which groups the norm fills at `as_of`: ``school, group, day, shape``."""
    rows = as_known(norm.lazy(), as_of).select(
        "school", "group", day=pl.col("date").cast(pl.Int32).cast(pl.Int64), shape="shape"
    )
    return rows.unique().collect()


def first_other_day(before: pl.DataFrame, now: pl.DataFrame) -> dict[str, int]:
    """First day of each school on which two norms differ."""
    columns = ["school", "group", "day", "shape"]
    parts = [
        one.select(columns).join(other.select(columns), on=columns, how="anti", nulls_equal=True)
        for one, other in ((before, now), (now, before))
    ]
    return dict(pl.concat(parts).group_by("school").agg(pl.col("day").min()).iter_rows())
