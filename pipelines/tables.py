"""The tables of one or more schools from the lake, ready for features: where a school has no timetable, its norm."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import polars as pl

from features.tables import Tables
from pipelines.home import Home
from pipelines.lake import Lake
from pipelines.norm import NORM, norm_timetables

__all__ = ["NORM", "load"]


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
    names = ("enrolments", "timetable", "absences")
    scans = [
        lake.scan(name, schools=chosen, delivered_by=delivered_by).drop("delivered_at", "delivery") for name in names
    ]
    # Read once: the norm and the features both look at all of it.
    rows = {name: frame.lazy() for name, frame in zip(names, pl.collect_all(scans), strict=True)}
    norms = norm_timetables([lake.settings(school) for school in chosen], rows, last=last)
    return Tables(
        enrolments=rows["enrolments"],
        timetable=pl.concat([rows["timetable"], *(norm.lazy() for norm in norms)]),
        absences=rows["absences"],
    )
