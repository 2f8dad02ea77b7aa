"""Days absent around a holiday, and the school year of a week: what a calendar says of pupil-weeks."""

import narwhals as nw

from features.fixed import fixed
from features.frames import Frame, settle
from features.history import History
from features.keys import with_day
from features.scheduled import week_of, year_of

HOLIDAY_GAP = 7
"""Calendar days between two school days from which there was a holiday between them."""


@fixed
def this_weeks_year() -> nw.Expr:
    """`year_of` the column ``week``, as ``year``."""
    return year_of(nw.col("week")).alias("year")


def edges_of_holidays(past: History, days: Frame, *, kind: int) -> Frame:
    """Days absent around a holiday, booked in the week after it: only then is it known that there was one.

    `kind` is the kind of the marks before that are of absence.
    """
    absent = days.select("school", "pupil_no", "day")
    if past.before is not None:
        marks = past.before.marks.filter(nw.col("kind") == kind).join(past.before.pupils, on="pupil_no", how="inner")
        absent = nw.concat([absent, marks.select("school", "pupil_no", "day")], how="vertical")
    booked = past.of_schools("around_holidays", lambda: _around_holidays(past))
    absent = absent.join(booked, on=["school", "day"], how="inner")
    return absent.with_columns(_booked_week()).group_by("pupil_week").agg(_holiday_edges()).with_columns(_edges_whole())


def _around_holidays(past: History) -> Frame:
    """Last school day before and first one after each holiday: ``school, day, booked`` (week in which it counts)."""
    known = past.school_days.with_columns(this_weeks_year())
    before = known.select(*_next_day())
    if past.before is not None:
        # A holiday may lie between the first day that is looked at and the last one before it.
        last = past.before.school_days.with_columns(_year=year_of(week_of(nw.col("day"))))
        last = last.select("school", "_year", _before=nw.col("day"), number=nw.col("number") + 1)
        before = nw.concat([before, last.select(before.collect_schema().names())], how="vertical")
    after = settle(known.join(before, on=["school", "number"], how="inner").filter(_after_holiday()))
    # The last day before the summer belongs to the year that was.
    booked = [after.select(*_first_day_after()), after.filter(_same_year()).select(*_last_day_before())]
    return nw.concat(booked, how="vertical")


@fixed
def _next_day() -> dict[str, nw.Expr]:
    return {
        "school": nw.col("school"),
        "_before": nw.col("day"),
        "_year": nw.col("year"),
        "number": nw.col("number") + 1,
    }


@fixed
def _after_holiday() -> nw.Expr:
    return nw.col("day") - nw.col("_before") >= HOLIDAY_GAP


@fixed
def _same_year() -> nw.Expr:
    return nw.col("year") == nw.col("_year")


@fixed
def _first_day_after() -> dict[str, nw.Expr]:
    return {"school": nw.col("school"), "day": nw.col("day"), "booked": nw.col("week")}


@fixed
def _last_day_before() -> dict[str, nw.Expr]:
    return {"school": nw.col("school"), "day": nw.col("_before"), "booked": nw.col("week")}


@fixed
def _booked_week() -> nw.Expr:
    return with_day(nw.col("pupil_no"), nw.col("booked")).alias("pupil_week")


@fixed
def _holiday_edges() -> nw.Expr:
    return nw.len().alias("holiday_edges")


@fixed
def _edges_whole() -> nw.Expr:
    return nw.col("holiday_edges").cast(nw.Int64)
