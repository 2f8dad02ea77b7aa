"""School days: which days counted, which were left out because (nearly) everybody was away, and where each stands."""

from dataclasses import dataclass

import narwhals as nw

from features.before import Before
from features.fixed import fixed
from features.frames import Frame, Held, held, settle
from features.scheduled import Scheduled, week_of
from features.spells import numbered

CLOSED_FROM = 20
"""In a handful of pupils, most being ill at once is no closure: a school has at least so many on a closed day."""
SUSPECT_SHARE = 0.2
"""Share of all its pupils ever enrolled below which a day of a school need not be looked at for closure."""
CLOSED_SHARE = 0.6
"""A day on which more of a school's pupils than this were away was no ordinary school day: it is left out.

Source: on a bank holiday English schools were open in name with 86 % "absent" (DfE daily data, 19 September 2022);
no illness wave in those data comes near it."""


def closed_days(plan: Scheduled, days: Frame, enrolled: Held) -> Held | None:
    """Days on which (nearly) the whole school was away: ``school, day, away, enrolled``; None where there cannot be any."""
    if enrolled.fewer_than(CLOSED_FROM):
        return None
    large = held(enrolled.frame.group_by("school").agg(_ever()).filter(_large()))
    if large.empty():
        return None
    of_unit = days.filter(nw.col("away") == 1).group_by("unit_day").agg(nw.len().alias("_away"))
    away = of_unit.join(plan.days.select("unit_day", "school", "day"), on="unit_day", how="inner")
    away = away.group_by(["school", "day"]).agg(nw.col("_away").sum())
    # Few days pass this first sieve, so that enrolment is counted for those alone.
    suspect = away.join(large.frame, on="school", how="inner").filter(nw.col("_away") > SUSPECT_SHARE * nw.col("_ever"))
    present = (
        settle(suspect)
        .join(enrolled.frame.select("school", "from_day", "to_day"), on="school", how="inner")
        .filter((nw.col("from_day") <= nw.col("day")) & (nw.col("day") <= nw.col("to_day")))
        .group_by(["school", "day"])
        .agg(nw.len().cast(nw.Int64).alias("enrolled"), nw.col("_away").max().cast(nw.Int64).alias("away"))
    )
    closed = present.filter(nw.col("away") > CLOSED_SHARE * nw.col("enrolled"), nw.col("enrolled") >= CLOSED_FROM)
    return held(closed.select("school", "day", "away", "enrolled"))


@fixed
def _ever() -> nw.Expr:
    return nw.col("pupil_no").n_unique().alias("_ever")


@fixed
def _large() -> nw.Expr:
    return nw.col("_ever") >= CLOSED_FROM


@dataclass(frozen=True)
class Calendar:
    """Which days counted, and where each stands.

    Parameters
    ----------
    unit_days
        `features.scheduled.Scheduled.days` without those that were closed.
    numbers
        See `features.spells.numbered`.
    school_days
        Days that counted, numbered in order per school: ``school, day, week, number``.
    school_weeks
        Weeks with a school day: ``school, week, weeks_ago``; 0 is the newest.
    places
        Every unit's days that are school days: ``unit_day, unit_no, school, unit, day, scheduled, named, week, number,
        weeks_ago, unit_number``.
    whole
        Whether no day was left out.
    """

    unit_days: Frame
    numbers: Frame
    school_days: Frame
    school_weeks: Frame
    places: Frame
    whole: bool


def calendar_of(plan: Scheduled, shut: Held | None, before: Before | None) -> Calendar:
    """Number the days of `plan` that were not `shut`; the numbers go on from those `before`."""
    whole = shut is None or shut.empty()
    unit_days = plan.days
    if shut is not None and not whole:
        unit_days = settle(plan.days.join(shut.frame, on=["school", "day"], how="anti"))
    numbers = settle(numbered(unit_days, before))
    days = numbers.select("school", "day", "number").unique(subset=["school", "day"], keep="any")
    days = settle(days.with_columns(_week()))
    weeks = days.select("school", "week").unique(subset=["school", "week"], keep="any")
    weeks = settle(weeks.with_columns(_ago()))
    of_unit = numbers.select("school", "unit", "day", "unit_number")
    places = (
        unit_days.select("unit_day", "unit_no", "school", "unit", "day", "scheduled", "named")
        .join(days.join(weeks, on=["school", "week"], how="inner"), on=["school", "day"], how="inner")
        .join(of_unit, on=["school", "unit", "day"], how="left")
    )
    return Calendar(unit_days, numbers, days, weeks, settle(places), whole)


@fixed
def _week() -> nw.Expr:
    return week_of(nw.col("day")).alias("week")


@fixed
def _ago() -> nw.Expr:
    newest_first = nw.col("week").rank("dense", descending=True).over("school")
    return (newest_first.cast(nw.Int64) - 1).alias("weeks_ago")
