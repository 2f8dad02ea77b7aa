"""Spells: unbroken series of school days. What breaks a spell is a day on which the pupil had lessons and was there.

Weekends and holidays do not; nor do days on which this pupil had nothing scheduled, or of which no register was taken.
"""

import narwhals as nw

from features.frames import Frame

PUPIL = ["school", "pupil"]
UNIT_DAY = ["school", "unit", "day"]


def numbered(unit_days: Frame) -> Frame:
    """Number the days with scheduled time: ``school, unit, day, number, unit_number``, per school and per unit."""
    lessons = unit_days.filter(nw.col("scheduled") > 0).select(UNIT_DAY)
    return lessons.with_columns(
        number=nw.col("day").rank("dense").over("school").cast(nw.Int64),
        unit_number=nw.col("day").rank("dense").over("school", "unit").cast(nw.Int64),
    )


def in_spells(days: Frame, numbers: Frame) -> Frame:
    """Say of each day which spell it is in.

    Parameters
    ----------
    days
        ``school, pupil, day, unit``: the days that count, each once.
    numbers
        See `numbered`.

    Returns
    -------
    narwhals.LazyFrame
        ``school, pupil, day, spell, position, gap``: number of the spell, place of the day in it (from 1), and on its
        first day the school days since the spell before (null on other days and in the first spell).
    """
    known = days.select(*PUPIL, "day", "unit").join(numbers, on=UNIT_DAY, how="inner")
    before = {
        f"_{name}": nw.col(name).shift(1).over(*PUPIL, order_by="number") for name in ("unit", "number", "unit_number")
    }
    # Within one timetable its own days are counted; where the timetable changed, those of the school.
    step = (
        nw.when(nw.col("unit") == nw.col("_unit"))
        .then(nw.col("unit_number") - nw.col("_unit_number"))
        .otherwise(nw.col("number") - nw.col("_number"))
    )
    steps = known.with_columns(**before).with_columns(_step=step)
    marked = steps.with_columns(_new=(nw.col("_step").fill_null(2) > 1).cast(nw.Int64), _one=nw.lit(1).cast(nw.Int64))
    marked = marked.with_columns(
        spell=nw.col("_new").cum_sum().over(*PUPIL, order_by="number"),
        gap=nw.when(nw.col("_new") == 1).then(nw.col("_step") - 1),
    )
    return marked.with_columns(position=nw.col("_one").cum_sum().over(*PUPIL, "spell", order_by="number")).select(
        *PUPIL, "day", "spell", "position", "gap"
    )


def spells(days: Frame, numbers: Frame) -> Frame:
    """Collapse days to spells; parameters as `in_spells`.

    Returns
    -------
    narwhals.LazyFrame
        ``school, pupil, spell, first_day, last_day, school_days, gap``: first and last day, length in the pupil's school
        days, and school days between the end of the spell before and this one's first day (null for the first).
    """
    found = in_spells(days, numbers).group_by([*PUPIL, "spell"])
    return found.agg(
        nw.col("day").min().alias("first_day"),
        nw.col("day").max().alias("last_day"),
        nw.col("position").max().alias("school_days"),
        nw.col("gap").max(),
    )
