"""Spells: unbroken series of school days. Weekends and holidays do not break a spell; a school day without does."""

import narwhals as nw

from features.frames import Frame

PUPIL = ["school", "pupil"]


def spells(days: Frame, school_days: Frame) -> Frame:
    """Collapse pupil-days to spells.

    Parameters
    ----------
    days
        ``school, pupil, day``: the days that count, in any order, each once.
    school_days
        ``school, day, number``: the school's days, numbered in order. A spell runs on while the numbers do.

    Returns
    -------
    narwhals.LazyFrame
        ``school, pupil, first_day, last_day, school_days, gap``: first and last day, length in school days, and school
        days between the end of the spell before and this one's first day (null for the first).
    """
    numbered = days.select(*PUPIL, "day").join(
        school_days.select("school", "day", "number"), on=["school", "day"], how="inner"
    )
    begins = numbered.with_columns(_step=nw.col("number") - nw.col("number").shift(1).over(*PUPIL, order_by="number"))
    in_spell = begins.with_columns(_new=(nw.col("_step").fill_null(2) > 1).cast(nw.Int64)).with_columns(
        spell=nw.col("_new").cum_sum().over(*PUPIL, order_by="number")
    )
    found = in_spell.group_by([*PUPIL, "spell"]).agg(
        nw.col("day").min().alias("first_day"),
        nw.col("day").max().alias("last_day"),
        nw.col("number").min().alias("_first"),
        nw.col("number").max().alias("_last"),
    )
    return found.with_columns(
        school_days=nw.col("_last") - nw.col("_first") + 1,
        gap=nw.col("_first") - nw.col("_last").shift(1).over(*PUPIL, order_by="_first") - 1,
    ).drop("spell", "_first", "_last")
