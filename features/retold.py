"""Whose past was known otherwise at an earlier moment than at the last: late registrations, corrections, withdrawals.

Every version of a fact is known over a stretch of moments. Where that stretch does not begin with the first moment after
the fact's own day, or ends before the last moment, the moments between were told another story.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import narwhals as nw

from data_contracts.tables import Register, SlotStatus
from features.calendar import local_date
from features.fixed import fixed
from features.frames import Frame, like, settle
from features.history import History, number_of
from features.known import SUPERSEDED
from features.school_days import CLOSED_SHARE
from features.tables import Tables

PUPIL = ["school", "pupil"]


@dataclass(frozen=True)
class Retold:
    """What has to be counted anew, and at which moment.

    Parameters
    ----------
    pupils
        ``school, pupil, origin``: whose past was known otherwise. Origins are day numbers.
    schools
        ``school, origin``: where so much was known otherwise that other days may have counted as school days.
    registers
        ``school, origin``: where the timetable was known otherwise.
    """

    pupils: Frame
    schools: Frame
    registers: Frame


def retold(tables: Tables, past: History, moments: Sequence[datetime]) -> Retold:
    """Compare what was known at each of `moments` (UTC, in order) with `past`, the history as known at the last.

    Parameters
    ----------
    tables
        Versions with their successors, see `features.tables.prepared`.
    """
    looking = _Moments(tuple(moments), tuple(local_date(moment) for moment in moments))
    versions = nw.from_native(tables.absences).lazy()
    doubted = versions.filter(_may_differ(looking, "start_date") | _over_days())
    absences = settle(_stretches(doubted, looking, "start_date"))
    enrolments = nw.from_native(tables.enrolments).lazy()
    # An enrolment that begins today counts today, if it was entered before the moment.
    moved = enrolments.filter(_may_differ(looking, "valid_from", today=True))
    moved = _stretches(moved, looking, "valid_from", today=True)
    timetable = nw.from_native(tables.timetable).lazy()
    told = _stretches(timetable.filter(_may_differ(looking, "date")), looking, "date")
    planned = settle(told.filter(_otherwise()).select("school", "group", "pupil", "date", "lo", "hi"))
    members = enrolments.select(*PUPIL, "group").unique()
    taught = planned.drop("pupil").join(members, on=["school", "group"], how="inner")
    parts = [
        absences.filter(_otherwise()),
        _spread(absences, looking),
        moved.filter(_otherwise()),
        taught,
        planned.filter(~nw.col("pupil").is_null()),
    ]
    columns = [*PUPIL, "lo", "hi"]
    pupils = settle(_at_each(nw.concat([part.select(columns) for part in parts], how="vertical"), PUPIL, looking))
    days = _at_each(_other_days(timetable, planned, looking), ["school"], looking)
    schools = nw.concat([days, _doubtful(past, pupils)], how="vertical").unique()
    return Retold(pupils, settle(schools), settle(_at_each(planned, ["school"], looking)))


@dataclass(frozen=True)
class _Moments:
    """Moments in order, with their Dutch days. A place is a whole number, 0 that of the first."""

    moments: tuple[datetime, ...]
    days: tuple[date, ...]

    def count_from(self, day: str) -> nw.Expr:
        """Number of moments on or before `day`: the place of the first one that has it in its past."""
        return _count(nw.col(day) >= one for one in self.days)

    def count_after(self, day: str) -> nw.Expr:
        """Number of moments before `day`."""
        return _count(nw.col(day) > one for one in self.days)

    def count_until(self, moment: str) -> nw.Expr:
        """Number of moments before `moment`: the place of the first one at which it has come."""
        return _count(nw.col(moment) > one for one in self.moments)


def _count(conditions: Iterable[nw.Expr]) -> nw.Expr:
    return nw.sum_horizontal(nw.lit(0).cast(nw.Int64), *(each.cast(nw.Int64) for each in conditions))


@fixed
def _may_differ(looking: _Moments, day: str, *, today: bool = False) -> nw.Expr:
    """Whether a version may have been unknown at a moment that has `day` in its past: most never were.

    With `today` a moment has its own day in its past.
    """
    moments = zip(looking.moments, looking.days, strict=True)
    early = today or any(moment.astimezone(UTC).date() < own for moment, own in moments)
    recorded = nw.col("recorded_at").dt.date()
    late = recorded >= nw.col(day) if early else recorded > nw.col(day)
    return late | ~nw.col(SUPERSEDED).is_null()


def _stretches(versions: Frame, looking: _Moments, day: str, *, today: bool = False) -> Frame:
    """Add ``final`` (known at the last moment) and the places ``lo`` up to ``hi`` at which it was otherwise.

    A moment has a fact in its past if `day` was before its own; with `today` also if it is its own.
    """
    told = versions.with_columns(*_places(looking, day, today=today))
    return told.with_columns(_final(len(looking.moments))).with_columns(*_stretch())


@fixed
def _places(looking: _Moments, day: str, *, today: bool) -> dict[str, nw.Expr]:
    """Places of the first moment that has the fact in its past, at which it is known, and at which it no longer is."""
    last = nw.when(nw.col(SUPERSEDED).is_null()).then(nw.lit(len(looking.moments)))
    return {
        "after": looking.count_after(day) if today else looking.count_from(day),
        "seen": looking.count_until("recorded_at"),
        "gone": last.otherwise(looking.count_until(SUPERSEDED)).cast(nw.Int64),
    }


@fixed
def _final(last: int) -> nw.Expr:
    return ((nw.col("seen") < last) & (nw.col("gone") == last) & ~nw.col("withdrawn")).alias("final")


@fixed
def _stretch() -> dict[str, nw.Expr]:
    final, after = nw.col("final"), nw.col("after")
    nowhere = nw.when(nw.col("withdrawn")).then(nw.lit(0)).otherwise(nw.col("gone"))
    return {
        "lo": nw.when(final).then(after).otherwise(nw.max_horizontal("after", "seen")).cast(nw.Int64),
        "hi": nw.when(final).then(nw.col("seen")).otherwise(nowhere).cast(nw.Int64),
    }


@fixed
def _otherwise() -> nw.Expr:
    return nw.col("lo") < nw.col("hi")


def _spread(absences: Frame, looking: _Moments) -> Frame:
    """Amounts over several days: how much falls on a day depends on how many of its days are in the past."""
    spread = absences.filter(nw.col("final") & _over_days())
    return spread.with_columns(*_while_spread(looking)).filter(_otherwise())


@fixed
def _while_spread(looking: _Moments) -> dict[str, nw.Expr]:
    last = nw.when(nw.col("open_ended")).then(nw.lit(len(looking.moments)))
    return {"lo": nw.col("after"), "hi": last.otherwise(looking.count_from("end_date")).cast(nw.Int64)}


@fixed
def _over_days() -> nw.Expr:
    longer = nw.col("open_ended") | (nw.col("end_date") > nw.col("start_date"))
    return (~nw.col("amount").is_null() & longer).fill_null(value=False)


def _other_days(timetable: Frame, planned: Frame, looking: _Moments) -> Frame:
    """Of `planned`, the days that may have been no school day at all: nothing else of the school stood on them."""
    taken = (nw.col("status") == SlotStatus.PLANNED.value) & (nw.col("register") != Register.NOT_TAKEN.value)
    concerned = timetable.join(planned.select("school", "date").unique(), on=["school", "date"], how="semi")
    beside = _stretches(concerned, looking, "date")
    stood = beside.filter(nw.col("final") & ~_otherwise() & taken).select("school", "date").unique()
    return planned.join(stood, on=["school", "date"], how="anti")


def _at_each(stretches: Frame, keys: Sequence[str], looking: _Moments) -> Frame:
    """`keys` and ``origin`` for every moment within a stretch."""
    columns = {"_place": list(range(len(looking.days))), "origin": [number_of(day) for day in looking.days]}
    each = like(stretches, columns, {"_place": nw.Int64, "origin": nw.Int64})
    found = stretches.select(*keys, "lo", "hi").unique().join(each, how="cross")
    inside = (nw.col("lo") <= nw.col("_place")) & (nw.col("_place") < nw.col("hi"))
    return found.filter(inside).select(*keys, "origin").unique()


def _doubtful(past: History, pupils: Frame) -> Frame:
    """Schools and origins at which a day may have counted as closed, or not, because of those in `pupils`."""
    changed = pupils.group_by(["school", "origin"]).agg(nw.len().cast(nw.Int64).alias("_changed"))
    seen = changed.join(_crowds(past), on="school", how="inner").filter(nw.col("day") < nw.col("origin"))
    # At most so many more, or fewer, were away, and as many more or fewer enrolled.
    room = (1 + CLOSED_SHARE) * nw.col("_changed")
    over = nw.col("away") - CLOSED_SHARE * nw.col("enrolled")
    return seen.filter((over + room > 0) & (over - room <= 0)).select("school", "origin").unique()


def _crowds(past: History) -> Frame:
    """How many were away of how many enrolled: ``school, day, away, enrolled``, closed days included."""
    away = past.days.filter(nw.col("away") == 1).group_by(["school", "day"]).agg(nw.len().cast(nw.Int64).alias("away"))
    enrolled = past.enrolments.group_by(["school", "from_day", "to_day"]).agg(nw.len().cast(nw.Int64).alias("_pupils"))
    crowds = (
        away.join(enrolled, on="school", how="inner")
        .filter((nw.col("from_day") <= nw.col("day")) & (nw.col("day") <= nw.col("to_day")))
        .group_by(["school", "day"])
        .agg(nw.col("away").max(), nw.col("_pupils").sum().alias("enrolled"))
    )
    columns = ["school", "day", "away", "enrolled"]
    parts = [crowds] if past.closed is None else [crowds, past.closed]
    return settle(nw.concat([part.select(columns) for part in parts], how="vertical"))
