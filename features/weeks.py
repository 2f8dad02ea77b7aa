"""Pupil-weeks: everything that a feature counts, one row a pupil and school week. Features only add up and compare these.

A spell, a gap or a run is booked in the week in which it is seen, from the days before it alone. So a row says the same
whichever later day it is looked at from, and can be kept.
"""

import narwhals as nw

from features.before import Before
from features.fixed import fixed
from features.frames import Frame, settle
from features.history import SUMS, History
from features.holidays import edges_of_holidays
from features.keys import with_day
from features.scheduled import week_of, weekday_of, year_of
from features.spells import in_spells, pupil_year

FEWEST_MINUTES = 300
"""Scheduled minutes (about a school day) below which a rate says nothing and is missing."""
GAP_ROOM = 1000
"""Room for a gap in `last_sick`: more school days than two years have."""

SUMMED = (
    "scheduled_minutes",
    "named",
    *SUMS,
    "days_away",
    "days_absent",
    "days_part",
    "week_with_absence",
    "week_known",
    "sick_days",
    "sick_starts",
    "sick_gaps",
    "absence_starts",
    *(f"weekday_{n}" for n in range(5)),
    "week_edges",
    "holiday_edges",
)
"""What is added up over a window. ``named``: scheduled minutes of lessons of which the subject
is known. ``sick_gaps``: school days between sickness spells, booked where the later one begins."""

LARGEST = ("week_rate", "away_run", "absent_number", "last_sick")
"""Of what the largest in a window is taken: the week's share of time missed (-1: not known), days so far of a run of whole
days away, number of the last school day with absence (0: none), and the last sickness spell (see `GAP_ROOM`)."""

LOWEST = {"week_rate": -1.0}
"""What stands for a week without anything, where that is not 0."""


@fixed
def pupil_week() -> nw.Expr:
    """Pupil and week in one number."""
    return with_day(nw.col("pupil_no"), nw.col("week")).alias("pupil_week")


@fixed
def _absent() -> nw.Expr:
    return nw.col("absent_minutes") > 0


@fixed
def _of_weeks() -> dict[str, nw.Expr]:
    rate = nw.col("absent_minutes") / nw.max_horizontal(nw.col("scheduled_minutes"), nw.lit(1))
    known = nw.col("scheduled_minutes") >= FEWEST_MINUTES
    return {
        "pupil_week": pupil_week(),
        "year": year_of(nw.col("week")),
        "week_with_absence": (nw.col("absent_minutes") > 0).cast(nw.Int64),
        "week_known": (nw.col("scheduled_minutes") > 0).cast(nw.Int64),
        "week_rate": nw.when(known).then(rate).otherwise(LOWEST["week_rate"]),
    }


@fixed
def _narrow() -> tuple[nw.Expr, ...]:
    """Half the width: nothing counted in two years comes near two thousand million."""
    whole = [name for name in (*SUMMED, *LARGEST) if name not in LOWEST]
    return nw.col("school", "pupil_no", "week", "weeks_ago", "year"), nw.col(*whole).cast(nw.Int32), nw.col(*LOWEST)


def pupil_weeks(past: History, marked: Frame | None = None) -> Frame:
    """Everything that is counted, per pupil and school week.

    Parameters
    ----------
    marked
        See `marked_days`, where those were found already.

    Returns
    -------
    narwhals.LazyFrame
        ``school, pupil_no, week, weeks_ago, year`` (2026 is the school year that began in August 2026), `SUMMED` and
        `LARGEST`.
    """
    days = past.days.filter(_absent()).with_columns(pupil_week())
    frame = past.weeks.drop("pupil").with_columns(*_of_weeks())
    series = _series(marked_days(past) if marked is None else marked)
    marks = settle(_patterns(past, days)), settle(edges_of_holidays(past, days, kind=_ABSENT)), settle(series)
    for mark in marks:
        frame = frame.join(mark, on="pupil_week", how="left")
    return frame.with_columns(_none_where_null()).select(*_narrow())


_ON_DAY = tuple(f"weekday_{n}" for n in range(5))
_PATTERNS = (*_ON_DAY, "week_edges", "absent_number")
_OF_SERIES = ("sick_days", "sick_starts", "sick_gaps", "absence_starts", "away_run", "last_sick")


@fixed
def _none_where_null() -> nw.Expr:
    return nw.col(*_PATTERNS, "holiday_edges", *_OF_SERIES).fill_null(0)


def _patterns(past: History, days: Frame) -> Frame:
    """Where in the week the pupil was absent, and the last such day."""
    at = past.of_schools("edges_of_weeks", lambda: _edges_of_weeks(past.school_days))
    return (
        days.select("pupil_week", "school", "day", "number", "absent_minutes")
        .join(at, on=["school", "number"], how="left")
        .with_columns(*_on_weekdays())
        .group_by("pupil_week")
        .agg(*_patterns_together())
    )


def _edges_of_weeks(school_days: Frame) -> Frame:
    """First and last school day of each week: ``school, number, week_edges``."""
    edges = school_days.group_by(["school", "week"]).agg(*_first_and_last())
    at = school_days.join(edges, on=["school", "week"], how="inner")
    return settle(at.filter(_on_an_edge()).select(*_edge()))


@fixed
def _first_and_last() -> dict[str, nw.Expr]:
    return {"_first": nw.col("day").min(), "_last": nw.col("day").max()}


@fixed
def _on_an_edge() -> nw.Expr:
    return (nw.col("day") == nw.col("_first")) | (nw.col("day") == nw.col("_last"))


@fixed
def _edge() -> tuple[nw.Expr, ...]:
    return nw.col("school", "number"), nw.lit(1).cast(nw.Int64).alias("week_edges")


@fixed
def _on_weekdays() -> dict[str, nw.Expr]:
    weekday = weekday_of(nw.col("day"))
    minutes = {
        name: nw.when(weekday == n).then(nw.col("absent_minutes")).otherwise(0) for n, name in enumerate(_ON_DAY)
    }
    return {"week_edges": nw.col("week_edges").fill_null(0)} | minutes


@fixed
def _patterns_together() -> tuple[nw.Expr, ...]:
    return nw.col(*_ON_DAY, "week_edges").sum(), nw.col("number").max().alias("absent_number")


_SICK, _ABSENT, _AWAY = 0, 1, 2
_KINDS = 3


def marked_days(past: History) -> Frame:
    """Days of sickness, of any absence and of whole days away (``kind``), in their spells: ``pupil_no, kind, day, lesson_day,
    position, gap`` (see `features.spells.in_spells`).
    """  # fmt: skip
    columns = ["pupil_no", "kind", "day", "lesson_day"]
    days = past.days.filter(_absent())
    parts = [days.filter(_is_kind(kind)).with_columns(_kind(kind)).select(columns) for kind in range(_KINDS)]
    marks = nw.concat(parts, how="vertical")
    found = in_spells(_of_one_year(marks), key="_who") if past.before is None else _gone_on(marks, past.before)
    return found.select(*columns, "position", "gap")


@fixed
def _is_kind(kind: int) -> nw.Expr:
    which = {_SICK: nw.col("sick_minutes") > 0, _ABSENT: nw.col("absent_minutes") > 0, _AWAY: nw.col("away") == 1}
    return which[kind]


@fixed
def _kind(kind: int) -> nw.Expr:
    return nw.lit(kind).cast(nw.Int64).alias("kind")


def _of_one_year(marks: Frame) -> Frame:
    """Add ``_who``: no spell goes on into the next school year, or from one kind into another."""
    return marks.with_columns(_who())


@fixed
def _who() -> nw.Expr:
    return (pupil_year() * _KINDS + nw.col("kind")).alias("_who")


def _gone_on(marks: Frame, before: Before) -> Frame:
    """Spells of `marks` that go on from the last marks `before`."""
    last = _of_one_year(before.marks)
    fresh = _of_one_year(marks).with_columns(_old=nw.lit(value=False))
    columns = fresh.collect_schema().names()
    old = last.with_columns(_old=nw.lit(value=True)).select(columns)
    found = in_spells(nw.concat([fresh, old], how="vertical"), key="_who")
    found = found.filter(~nw.col("_old")).join(last.select("_who", _so_far="position"), on="_who", how="left")
    # The first spell is the one that was under way, if there was any.
    so_far = nw.when(nw.col("spell") == 1).then(nw.col("_so_far").fill_null(1) - 1).otherwise(0)
    return found.with_columns(position=nw.col("position") + so_far)


def _series(marked: Frame) -> Frame:
    """Spells of sickness, of any absence, and runs of whole days away."""
    found = marked.with_columns(*_of_series()).group_by("pupil_week")
    return found.agg(*_series_together())


@fixed
def _of_series() -> dict[str, nw.Expr]:
    sick, starts = nw.col("kind") == _SICK, nw.col("position") == 1
    gap = nw.col("gap").fill_null(-1)
    known_gap = nw.min_horizontal(gap + 1, nw.lit(GAP_ROOM - 1))
    return {
        "pupil_week": with_day(nw.col("pupil_no"), week_of(nw.col("day"))),
        "sick_days": sick.cast(nw.Int64),
        "sick_starts": (sick & starts).cast(nw.Int64),
        "sick_gaps": nw.when(sick & (gap > 0)).then(gap).otherwise(0),
        "absence_starts": ((nw.col("kind") == _ABSENT) & starts).cast(nw.Int64),
        "away_run": nw.when(nw.col("kind") == _AWAY).then(nw.col("position")).otherwise(0),
        "last_sick": nw.when(sick & starts).then(nw.col("day") * GAP_ROOM + known_gap).otherwise(0),
    }


@fixed
def _series_together() -> tuple[nw.Expr, ...]:
    summed, largest = _OF_SERIES[:4], _OF_SERIES[4:]
    return nw.col(*summed).sum(), nw.col(*largest).max()
