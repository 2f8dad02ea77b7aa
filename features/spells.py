"""Spells: unbroken series of school days. What breaks a spell is a day on which the pupil had lessons and was there.

Weekends and holidays do not; nor do days on which this pupil had nothing scheduled or need not be there, or of which no
register was taken.
"""

import narwhals as nw

from features.before import Before, going_on
from features.fixed import fixed
from features.frames import Frame
from features.keys import with_day
from features.ordered import Order, ordered
from features.scheduled import week_of, year_of

UNIT_DAY = ["school", "unit", "day"]


def numbered(unit_days: Frame, before: Before | None = None) -> Frame:
    """Number the days with scheduled time: ``school, unit, day, number, unit_number``, per school and per unit.

    The numbers go on from those `before`.
    """
    lessons = unit_days.filter(_with_lessons()).select(UNIT_DAY)
    numbers = lessons.with_columns(*_day_numbers())
    if before is None:
        return numbers
    numbers = going_on(numbers, before.school_days, ["school"], "number")
    return going_on(numbers, before.units, ["school", "unit"], "unit_number")


@fixed
def _with_lessons() -> nw.Expr:
    return nw.col("scheduled") > 0


@fixed
def _day_numbers() -> dict[str, nw.Expr]:
    day = nw.col("day").rank("dense")
    return {"number": day.over("school").cast(nw.Int64), "unit_number": day.over("school", "unit").cast(nw.Int64)}


def in_spells(days: Frame, *, key: str = "pupil_no") -> Frame:
    """Say of each day which spell it is in.

    Parameters
    ----------
    days
        ``day, lesson_day`` (see `features.lesson_days`) and `key`: the days that count, each once.
    key
        Whole number that parts days: no spell goes from one to another. The pupil, or more than that.

    Returns
    -------
    narwhals.LazyFrame
        `days`, with ``spell, position, gap``: number of the spell, place of the day in it (from 1), and on its first day
        the school days since the spell before (null on other days and in the first spell).
    """
    # A day on which nothing was scheduled for this pupil is in no spell, and breaks none.
    rows = ordered(days.filter(_was_scheduled()), key, "day")
    for columns in (_step, _begins, _counted_up, _position):
        rows = rows.with_columns(*columns(rows.order))
    return rows.lazy().drop("_step", "_new", "_one", "_place", "_began")


@fixed
def _was_scheduled() -> nw.Expr:
    return ~nw.col("lesson_day").is_null()


@fixed
def _step(order: Order) -> dict[str, nw.Expr]:
    """School days of the pupil's own from one day to the next."""
    return {"_step": nw.col("lesson_day") - order.previous("lesson_day")}


@fixed
def _begins(_: Order) -> dict[str, nw.Expr]:
    return {"_new": (nw.col("_step").fill_null(2) > 1).cast(nw.Int64), "_one": nw.lit(1).cast(nw.Int64)}


@fixed
def _counted_up(order: Order) -> dict[str, nw.Expr]:
    new, place = nw.col("_new") == 1, order.running_sum("_one")
    return {
        "spell": order.running_sum("_new"),
        "gap": nw.when(new).then(nw.col("_step") - 1),
        "_place": place,
        "_began": nw.when(new).then(place).otherwise(0),
    }


@fixed
def _position(order: Order) -> dict[str, nw.Expr]:
    return {"position": nw.col("_place") - order.running_max("_began") + 1}


def spells(days: Frame) -> Frame:
    """Collapse days to spells within a school year; `days` as for `in_spells`, with ``school, pupil, pupil_no``.

    Returns
    -------
    narwhals.LazyFrame
        ``school, pupil, pupil_no, spell, first_day, last_day, school_days, gap``: first and last day, length in the
        pupil's school days, and school days between the end of the spell before and this one's first day (null for the
        first).
    """
    found = in_spells(days.with_columns(pupil_year()), key="pupil_year")
    return found.group_by(["school", "pupil", "pupil_no", "pupil_year", "spell"]).agg(*_of_spell()).drop("pupil_year")


@fixed
def pupil_year() -> nw.Expr:
    """Pupil and school year in one number: no spell goes on over the summer."""
    return with_day(nw.col("pupil_no"), year_of(week_of(nw.col("day")))).alias("pupil_year")


@fixed
def _of_spell() -> tuple[nw.Expr, ...]:
    day = nw.col("day")
    length = nw.col("position").max().alias("school_days")
    return day.min().alias("first_day"), day.max().alias("last_day"), length, nw.col("gap").max()
