"""The tables of one or more schools from the lake, ready for features: where a school has no timetable, its norm."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import polars as pl

from data_contracts.school import SchoolSettings
from data_contracts.tables import TIMETABLE, RecordedBasis, Register, SlotStatus
from features.calendar import covered, school_days
from features.tables import Tables
from pipelines.home import Home
from pipelines.lake import Lake, schema

NORM = "norm:"
"""How the record of a row begins that no school delivered."""
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_SLOT_MINUTE = 510  # half past eight


def load(
    home: Home, *, schools: Sequence[str] | None = None, delivered_by: datetime | None = None, until: date | None = None
) -> Tables:
    """Tables of `schools` (all where left out), as far as they had been delivered by `delivered_by` (UTC).

    Parameters
    ----------
    until
        Day up to which a norm timetable is needed where the school delivered none; today where left out.
    """
    lake = Lake(home)
    chosen = lake.schools() if schools is None else list(schools)
    last = until or datetime.now(UTC).date()
    rows = {
        name: lake.scan(name, schools=chosen, delivered_by=delivered_by)
        for name in ("enrolments", "timetable", "absences")
    }
    norms = [norm_timetable(lake.settings(school), rows, last=last) for school in chosen]
    filled = [norm for norm in norms if norm is not None]
    delivered = rows["timetable"].drop("delivered_at", "delivery")
    return Tables(
        enrolments=rows["enrolments"].drop("delivered_at", "delivery"),
        timetable=pl.concat([delivered, *(norm.lazy() for norm in filled)]),
        absences=rows["absences"].drop("delivered_at", "delivery"),
    )


def norm_timetable(settings: SchoolSettings, rows: dict[str, pl.LazyFrame], *, last: date) -> pl.DataFrame | None:
    """Scheduled time by the school's plain norm, for groups and days for which no timetable was delivered.

    A group without any timetable gets the norm on every school day, and every group from the day after the school's
    newest timetable. A group whose own timetable ends before that of the school has no lessons any more (an exam class
    in May): it gets none. School days are those on which the school delivered a timetable for anybody, or else those of
    the region's calendar.

    Returns
    -------
    polars.DataFrame or None
        Rows of the table ``timetable``; None where the school's own timetable covers everything.
    """
    mine = pl.col("school") == settings.school
    delivered = rows["timetable"].filter(mine)
    # Where pupils have timetables of their own, a norm for their group would be laid over those.
    own = delivered.filter(pl.col("pupil").is_not_null()).select("pupil").unique()
    pupils = rows["enrolments"].filter(mine).select("pupil", "group")
    with_own = pupils.join(own, on="pupil", how="semi").select("group").unique()
    groups = pupils.select("group").unique().join(with_own, on="group", how="anti").collect()
    spans = (
        delivered.filter(pl.col("group").is_not_null())
        .group_by("group")
        .agg(pl.col("date").max().alias("ends"))
        .collect()
    )
    own_days = delivered.select(pl.col("date")).unique().collect()["date"]
    days = _days(settings, rows, own_days, last=last)
    if days.is_empty() or groups.is_empty():
        return None
    norm = settings.scheduled_norm
    slots = pl.DataFrame(
        [
            {"weekday": weekday + 1, "slot": slot, "start_minute": FIRST_SLOT_MINUTE + (slot - 1) * norm.slot_minutes}
            for weekday, count in enumerate(norm.slots_per_day)
            for slot in range(1, count + 1)
        ],
        schema={"weekday": pl.Int8, "slot": pl.Int64, "start_minute": pl.Int64},
    )
    missing = (
        groups.join(pl.DataFrame({"date": days}), how="cross")
        .join(spans, on="group", how="left")
        .filter(pl.col("ends").is_null() | (pl.col("date") > pl.lit(own_days.max(), dtype=pl.Date)))
        .with_columns(weekday=pl.col("date").dt.weekday())
        .join(slots, on="weekday", how="inner")
    )
    if missing.is_empty():
        return None
    columns = {name: kind for name, kind in schema(TIMETABLE).items() if name not in {"delivered_at", "delivery"}}
    known = {
        "school": pl.lit(settings.school),
        "record": pl.format(NORM + "{}:{}:{}", "group", "date", "slot"),
        "group": pl.col("group"),
        "date": pl.col("date"),
        "slot": pl.col("slot"),
        "start_minute": pl.col("start_minute"),
        "minutes": pl.lit(norm.slot_minutes),
        "status": pl.lit(SlotStatus.PLANNED.value),
        "register": pl.lit(Register.BY_EXCEPTION.value),
        "recorded_at": pl.lit(ALWAYS),
        "withdrawn": pl.lit(value=False),
        "recorded_basis": pl.lit(RecordedBasis.ASSUMED.value),
    }
    return missing.select(**{name: known.get(name, pl.lit(None)).cast(kind) for name, kind in columns.items()})


def _days(settings: SchoolSettings, rows: dict[str, pl.LazyFrame], own: pl.Series, *, last: date) -> pl.Series:
    """School days from the first absence or lesson on: the school's own where it has any, else the calendar's."""
    mine = rows["absences"].filter(pl.col("school") == settings.school)
    first_absence = mine.select(pl.col("start_date").min()).collect().item()
    newest_own = own.max()
    start = max(newest_own, date.min) if isinstance(newest_own, date) else first_absence
    if start is None:
        return pl.Series("date", own, dtype=pl.Date)
    if settings.region is not None:
        start, last = max(start, covered()[0]), min(last, covered()[1])
    calendar = school_days(settings.region, start, last, settings.closures) if start <= last else []
    return pl.Series("date", sorted({*own.to_list(), *calendar}), dtype=pl.Date)
