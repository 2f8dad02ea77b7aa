"""Which of a pupil's own school days a day is: by these numbers spells, runs and the gaps between them are counted.

The days of a pupil are those of its group, so the numbers are those of the group's timetable. Only where a pupil's own
days are others does a *shift* come to them, from that day on: where it changed group, was away from the school, has a day of
its own, or need not be there all day.
"""

import narwhals as nw

from features.before import Before
from features.fixed import fixed
from features.frames import Frame, Held, held, settle
from features.keys import day_in, number_in, with_day
from features.ordered import ordered
from features.school_days import Calendar

_CHANGE = ["pupil_no", "day", "change"]
_UNIT_DAY = ["school", "unit", "day"]


def with_lesson_days(
    days: Held,
    enrolled: Held,
    own: Frame | None,
    calendar: Calendar,
    before: Before | None,
    *,
    stretch: tuple[int, int],
) -> tuple[Frame, Frame | None]:
    """Add ``lesson_day`` to `days`: the number of the day among the pupil's own; null where it had no lessons to go to.

    Parameters
    ----------
    days
        Pupil-days with ``pupil_day, pupil_no, day, unit_number, scheduled_minutes``, and whether they are ``_excused``.
    enrolled
        Periods with ``unit_no``, see `features.enrolled`, and whether they have ``_ended``.
    own
        See `features.pupil_time.own_days`.
    calendar
        See `features.school_days`.
    before
        What is gone on from, if anything.
    stretch
        First day looked at, and first that does not count.

    Returns
    -------
    narwhals.LazyFrame, narwhals.LazyFrame or None
        `days`, and the shifts of pupils from days on: ``pupil_no, day, shift``; None where there are none.
    """
    there = calendar.places.filter(_with_number()).select("unit_day", "unit_no", "day", "unit_number")
    changes = []
    if days.any("_excused"):
        changes.append(held(days.frame.filter(nw.col("_excused")).select("pupil_no", "day", _one_less())))
    if enrolled.any("_ended"):
        changes.append(_moves(enrolled.frame, there, before, stretch=stretch))
    if own is not None:
        changes.append(held(_own_days(own, enrolled.frame, there)))
    if before is not None:
        changes.append(held(before.shifts.with_columns(*_before(stretch[0])).select(_CHANGE)))
    some = [one.frame for one in changes if not one.empty()]
    rows = days.frame.drop("_excused")
    if not some:
        return rows.with_columns(_lesson_day_alone()), None
    shifts = _shifts(some, rows)
    numbers = _numbers_of_group(rows, shifts, enrolled.frame, there, before, own=own is not None)
    found = rows.join(numbers, on="pupil_day", how="left").with_columns(_lesson_day()).drop("_shift", "_of_group")
    lasting = shifts.filter(_changed(stretch[0])).select("pupil_no", "day", "shift")
    return settle(found), settle(lasting)


@fixed
def _with_number() -> nw.Expr:
    return ~nw.col("unit_number").is_null()


@fixed
def _lesson_day_alone() -> nw.Expr:
    return nw.col("unit_number").alias("lesson_day")


@fixed
def _before(first_day: int) -> dict[str, nw.Expr]:
    return {"day": nw.lit(first_day - 1).cast(nw.Int64), "change": nw.col("shift")}


@fixed
def _changed(first_day: int) -> nw.Expr:
    return nw.col("_change") & (nw.col("day") >= first_day)


def _moves(enrolled: Frame, there: Frame, before: Before | None, *, stretch: tuple[int, int]) -> Held:
    """Who leaves a group takes along how many days that had; who enters another leaves its earlier days behind."""
    since = enrolled.group_by("pupil_no").agg(nw.col("from_day").min().alias("_since"))
    columns = ["pupil_no", "school", "unit", "unit_no", "day", "_sign"]
    entered = enrolled.join(since, on="pupil_no", how="inner").filter(nw.col("from_day") > nw.col("_since"))
    entered = entered.with_columns(day=nw.col("from_day"), _sign=nw.lit(-1)).select(columns)
    left = enrolled.with_columns(day=nw.col("to_day") + 1, _sign=nw.lit(1)).select(columns)
    both = nw.concat([entered, left], how="vertical")
    # Whoever moves on the first day that does not count, moves in what goes on from there.
    moves = held(both.filter((nw.col("day") >= stretch[0]) & (nw.col("day") < stretch[1])))
    if moves.empty():
        return moves
    counted = _days_before(moves.frame, there, before)
    of_move = moves.frame.join(counted, on=_UNIT_DAY, how="left").with_columns(_change_of_move())
    return held(of_move.select(_CHANGE))


@fixed
def _change_of_move() -> nw.Expr:
    return (nw.col("_sign") * nw.col("_count").fill_null(0)).cast(nw.Int64).alias("change")


def _days_before(asked: Frame, there: Frame, before: Before | None) -> Frame:
    """How many days a timetable had before a day: ``school, unit, day, _count``, for ``school, unit, unit_no, day``."""
    # A group without a number has no lessons from the first day on, but may have had some before.
    pairs = settle(asked.select(*_UNIT_DAY, "unit_no").unique())
    here = pairs.filter(~nw.col("unit_no").is_null()).select("unit_no", *_day_before())
    days = nw.concat([there.select("unit_no", "day", "unit_number"), here], how="vertical")
    rows = ordered(days.group_by(["unit_no", "day"]).agg(nw.col("unit_number").max()), "unit_no", "day")
    counted = rows.with_columns(_count=rows.order.running_max("unit_number")).lazy()
    counted = counted.select("unit_no", "_count", day=nw.col("day") + 1)
    found = pairs.join(counted, on=["unit_no", "day"], how="left").with_columns(nw.col("_count").fill_null(0))
    if before is None:
        return found.select(*_UNIT_DAY, "_count")
    past = before.units.select("school", "unit", _past="unit_number")
    found = found.join(past, on=["school", "unit"], how="left")
    return found.select(*_UNIT_DAY, _count=nw.max_horizontal("_count", "_past"))


@fixed
def _day_before() -> tuple[nw.Expr, ...]:
    return (nw.col("day") - 1, nw.lit(0).cast(nw.Int64).alias("unit_number"))


@fixed
def _one_less() -> nw.Expr:
    return nw.lit(-1).cast(nw.Int64).alias("change")


def _own_days(own: Frame, enrolled: Frame, there: Frame) -> Frame:
    """Days of a pupil's own that its group does not have, and the other way round."""
    mine = own.with_columns(pupil_no=number_in(nw.col("pupil_day")), day=day_in(nw.col("pupil_day")))
    mine = mine.join(enrolled.select("pupil_no", "unit_no", "from_day", "to_day"), on="pupil_no", how="inner").filter(
        (nw.col("from_day") <= nw.col("day")) & (nw.col("day") <= nw.col("to_day"))
    )
    of_own = mine.with_columns(unit_day=with_day(nw.col("own_unit"), nw.col("day")))
    of_own = of_own.join(there.select("unit_day"), on="unit_day", how="semi").with_columns(change=nw.lit(1))
    of_group = mine.with_columns(unit_day=with_day(nw.col("unit_no"), nw.col("day")))
    of_group = of_group.join(there.select("unit_day"), on="unit_day", how="semi").with_columns(change=nw.lit(-1))
    both = nw.concat([part.select(_CHANGE) for part in (of_own, of_group)], how="vertical")
    # Also where that makes no difference: on such a day the number is not that of the pupil's own timetable.
    return both.with_columns(nw.col("change").cast(nw.Int64)).group_by(["pupil_no", "day"]).agg(nw.col("change").sum())


def _shifts(changes: list[Frame], days: Frame) -> Frame:
    """Shift of each pupil with changes on each day of one, and of the pupil's other days: ``pupil_day, pupil_no, day, shift``."""
    changed = settle(nw.concat([each.select(_CHANGE) for each in changes], how="vertical"))
    who = changed.select("pupil_no").unique()
    quiet = days.join(who, on="pupil_no", how="semi").select("pupil_no", "day", change=nw.lit(0).cast(nw.Int64))
    points = nw.concat([changed, quiet], how="vertical").group_by(["pupil_no", "day"]).agg(nw.col("change").sum())
    points = points.with_columns(
        _more=nw.max_horizontal(nw.col("change"), nw.lit(0)),
        _less=nw.max_horizontal(-nw.col("change"), nw.lit(0)),
        _change=nw.col("change") != 0,
        pupil_day=with_day(nw.col("pupil_no"), nw.col("day")),
    )
    rows = ordered(points, "pupil_no", "day")
    order = rows.order
    return settle(rows.with_columns(shift=order.running_sum("_more") - order.running_sum("_less")).lazy())


def _numbers_of_group(
    days: Frame, shifts: Frame, enrolled: Frame, there: Frame, before: Before | None, *, own: bool
) -> Frame:
    """What counts for pupils with changes: ``pupil_day``, their ``_shift`` and how many days their group had (``_of_group``)."""
    changed = shifts.select("pupil_day", _shift="shift")
    rows = days.join(changed, on="pupil_day", how="inner").select(
        "pupil_day", "pupil_no", "day", "_shift", "unit_number"
    )
    if not own:
        return rows.select("pupil_day", "_shift", _of_group="unit_number")
    periods = enrolled.select("pupil_no", "school", "unit", "unit_no", "from_day", "to_day")
    rows = rows.join(periods, on="pupil_no", how="inner").filter(
        (nw.col("from_day") <= nw.col("day")) & (nw.col("day") <= nw.col("to_day"))
    )
    # Up to and with the day: before the next.
    rows = rows.with_columns(day=nw.col("day") + 1)
    counted = _days_before(rows, there, before)
    rows = rows.join(counted, on=_UNIT_DAY, how="left")
    return rows.select("pupil_day", "_shift", _of_group=nw.col("_count").fill_null(0))


@fixed
def _lesson_day() -> nw.Expr:
    none = nw.col("unit_number").is_null() | (nw.col("scheduled_minutes") == 0)
    with_shift = nw.col("_of_group") + nw.col("_shift")
    number = nw.when(nw.col("_shift").is_null()).then(nw.col("unit_number")).otherwise(with_shift)
    return nw.when(~none).then(number).alias("lesson_day")
