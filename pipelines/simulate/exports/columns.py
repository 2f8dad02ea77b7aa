"""Columns that several formats share: dates, moments, codes, pupils, classes and the timetable."""

from collections.abc import Sequence
from datetime import date, datetime

import numpy as np
import polars as pl

from data_contracts.identifiers import Sector
from data_contracts.reasons import KINDS, Authorised, Kind
from pipelines.simulate.arrays import Ints, Small
from pipelines.simulate.books import KINDS as KIND_ORDER
from pipelines.simulate.clock import YEARS
from pipelines.simulate.school import School
from pipelines.simulate.school_plan import SUBJECTS

ZONE = "Europe/Amsterdam"


def looked_up(values: Sequence[object] | pl.Series, index: pl.Series | Ints | Small) -> pl.Series:
    """Return ``values[index]``."""
    source = values if isinstance(values, pl.Series) else pl.Series(values)
    return source.gather(pl.Series(index).cast(pl.UInt32))


def dates(school: School, index: pl.Series | Ints) -> pl.Series:
    """Return the date of each place on the clock."""
    return looked_up(pl.Series(school.clock.days), index)


def day_text(school: School, index: pl.Series | Ints, form: str) -> pl.Series:
    """Return the date of each place on the clock as text."""
    return looked_up(pl.Series(school.clock.days).dt.to_string(form), index)


def stamped(minutes: pl.Series) -> pl.Series:
    """Return local minutes since 1970 as a naive datetime."""
    return pl.from_epoch(minutes.cast(pl.Int64) * 60, time_unit="s")


def moment(day: pl.Series, minute: pl.Series | int) -> pl.Series:
    """Return a naive local datetime from a date and minutes after midnight."""
    return stamped(day.cast(pl.Int32).cast(pl.Int64) * 1440 + minute)


def with_offset(local: pl.Series) -> pl.Series:
    """Return naive local datetimes as ISO 8601 text with the offset of that moment."""
    frame = pl.select(local.rename("m")).with_columns(
        z=pl.col("m").dt.replace_time_zone(ZONE, ambiguous="earliest", non_existent="null")
    )
    summer = pl.col("z").dt.dst_offset() > pl.duration(minutes=0)
    text = pl.col("m").dt.to_string("%Y-%m-%dT%H:%M:%S") + pl.when(summer).then(pl.lit("+02:00")).otherwise(
        pl.lit("+01:00")
    )
    return frame.select(text).to_series()


def codes(school: School, kind: pl.Series) -> pl.Series:
    """Return the school's own code of each kind (an index into the books' kinds)."""
    return looked_up([school.place.codes.get(item, "??") for item in KIND_ORDER], kind)


def authorised(kind: pl.Series) -> pl.Series:
    """Whether each kind counts as geoorloofd; unknown counts as no, as the systems do."""
    return looked_up([KINDS[item].authorised is Authorised.YES for item in KIND_ORDER], kind)


def per_kind(kind: pl.Series, chosen: dict[Kind, object], other: object) -> pl.Series:
    """Return the value of each kind in `chosen`, and `other` for the rest."""
    return looked_up([chosen.get(item, other) for item in KIND_ORDER], kind)


def numbers(school: School, pupil: pl.Series) -> pl.Series:
    """Return the pupil number at this school."""
    return looked_up(pl.Series(school.numbers), pupil)


def classes(school: School, *, at: datetime) -> pl.DataFrame:
    """Return one row a pupil and school year, as known at a moment.

    Returns
    -------
    polars.DataFrame
        ``number, given_name, prefix, family_name, group, level, valid_from, valid_to`` (empty while it lasts).
    """
    stays, plan, clock = school.stays, school.desk.plan, school.clock
    parts = []
    for year in range(YEARS):
        there = np.flatnonzero((plan.group[:, year] >= 0) & (stays.first <= np.datetime64(at.date())))
        begin = clock.days[clock.of_year(year)[0]]
        following = begin.astype("datetime64[Y]") + 1  # the calendar year in which this school year closes, on 1 August
        close = following.astype("datetime64[M]") + 7
        last = np.minimum(
            np.where(np.isnat(stays.last[there]), np.datetime64("2200-01-01"), stays.last[there]),
            close.astype("datetime64[D]") - 1,
        )
        known_last = np.where(last <= np.datetime64(at.date()), last, np.datetime64("NaT"))
        parts.append(
            pl.DataFrame(
                {
                    "stay": there,
                    "group": np.asarray(plan.group_names, dtype=str)[plan.group[there, year]],
                    "level": stays.levels[there, year],
                    "valid_from": np.maximum(stays.first[there], begin),
                    "valid_to": known_last,
                }
            )
        )
    rows = pl.concat(parts).filter(pl.col("valid_to").is_null() | (pl.col("valid_to") >= pl.col("valid_from")))
    who = school.names[rows["stay"].to_numpy()].with_columns(
        number=numbers(school, rows["stay"]), prefix=pl.when(pl.col("prefix") != "").then("prefix")
    )
    return pl.concat([who, rows.drop("stay")], how="horizontal").sort("number", "valid_from")


def year_group(school: School, level: pl.Series) -> pl.Series:
    """OSO jaargroep: 1-8 in primary, 11-16 in secondary."""
    return (level + (10 if school.place.sector is Sector.VO else 0)).cast(pl.String)


def timetable(school: School, *, first: datetime, last: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the timetable as delivered at `first`, and what turned out otherwise by `last`.

    The first frame looks ahead until `last`, when nobody knows yet what will be cancelled, or which registers will be
    forgotten; the second holds only the lessons for which that happened.

    Returns
    -------
    tuple of polars.DataFrame
        ``id, group, date, slot, start, minutes, cancelled, missed, subject``, one row a group, day and slot.
    """
    plan, clock = school.desk.plan, school.clock
    known = int(np.searchsorted(clock.days, np.datetime64(last.date()), side="right"))
    group, day, slot = np.nonzero(plan.planned[:, :known])
    rows = pl.DataFrame(
        {
            "id": (group * clock.count + day) * 10 + slot,
            "group": looked_up(pl.Series(plan.group_names), group),
            "date": dates(school, day),
            "slot": slot + 1,
            "start": plan.slot_start[slot],
            "minutes": plan.slot_minutes[slot],
            "cancelled": plan.cancelled[group, day, slot],
            "missed": plan.missed[group, day, slot],
            "subject": looked_up(pl.Series(SUBJECTS), plan.subject[group, clock.weekday[day], slot]),
        }
    )
    happened = pl.col("date") <= first.date()
    ahead = rows.with_columns(pl.col("cancelled") & happened, pl.col("missed") & happened)
    return ahead, rows.filter(~happened & (pl.col("cancelled") | pl.col("missed")))


def window(school: School, complete_from: date | None) -> int | None:
    """Place on the clock of the day from which a file is complete."""
    return None if complete_from is None else int(np.searchsorted(school.clock.days, np.datetime64(complete_from)))
