"""Scheduled time of pupils: their group's, on days of the enrolment, or their own."""

import narwhals as nw

from features.fixed import fixed
from features.frames import Frame, held, settle
from features.keys import day_in, number_in, with_day
from features.scheduled import Scheduled, week_of


def own_days(plan: Scheduled, enrolled: Frame) -> Frame | None:
    """Days on which a pupil has a timetable of its own: ``pupil_day, own_unit``; None where nobody has."""
    if not plan.own:
        return None
    mine = plan.units.filter(_of_pupil()).with_columns(_its_pupil())
    pupils = enrolled.select("school", "pupil", "pupil_no").unique(keep="any")
    found = held(mine.join(pupils, on=["school", "pupil"], how="inner").select("unit_no", "pupil_no"))
    if found.empty():
        return None
    days = plan.days.select("unit_no", "day").join(found.frame, on="unit_no", how="inner")
    return settle(days.select(pupil_day=with_day(nw.col("pupil_no"), nw.col("day")), own_unit=nw.col("unit_no")))


@fixed
def _of_pupil() -> nw.Expr:
    return nw.col("unit").str.starts_with("p:")


@fixed
def _its_pupil() -> nw.Expr:
    return nw.col("unit").str.slice(2).alias("pupil")


def pupil_weeks(enrolled: Frame, days: Frame, own: Frame | None) -> Frame:
    """Scheduled minutes a pupil and week: ``pupil_week, pupil_no, week, weeks_ago, scheduled, named, days`` (with lessons).

    Parameters
    ----------
    enrolled
        Periods, see `features.enrolled.periods`, with ``unit_no``.
    days
        Unit days that are school days, see `Scheduled`, with ``weeks_ago``.
    own
        See `own_days`.

    Notes
    -----
    Weeks that lie wholly within an enrolment take their group's week. Only the weeks at its edges, and weeks in which
    a pupil has a timetable of its own, are added up day by day.
    """
    columns = ["pupil_no", "week", "weeks_ago", "scheduled", "named", "days"]
    unit_weeks = days.group_by(["unit_no", "week", "weeks_ago"]).agg(*_week_together())
    weeks = enrolled.select("pupil_no", "unit_no", "from_day", "to_day").join(unit_weeks, on="unit_no", how="inner")
    weeks = weeks.filter(_touched()).with_columns(*_of_week())
    own_weeks = None
    if own is not None:
        monday = with_day(number_in(nw.col("pupil_day")), week_of(day_in(nw.col("pupil_day"))))
        own_weeks = own.select(pupil_week=monday).unique(keep="any")
    touching = held(weeks)
    weeks = touching.frame
    whole = weeks.filter(nw.col("_whole"))
    if own_weeks is not None:
        whole = whole.join(own_weeks, on="pupil_week", how="anti")
    elif not touching.any("_edge"):
        return whole.select("pupil_week", *columns)
    by_day = _day_by_day(enrolled, weeks, days, own, own_weeks).with_columns(*_pupil_and_week())
    parts = [each.select("pupil_week", *columns) for each in (whole, by_day)]
    return nw.concat(parts, how="vertical")


@fixed
def _week_together() -> tuple[nw.Expr, ...]:
    return nw.col("scheduled", "named").sum(), nw.len().alias("days")


@fixed
def _touched() -> nw.Expr:
    return (nw.col("from_day") <= nw.col("week") + 6) & (nw.col("week") <= nw.col("to_day"))


@fixed
def _of_week() -> dict[str, nw.Expr]:
    within = (nw.col("from_day") <= nw.col("week")) & (nw.col("week") + 6 <= nw.col("to_day"))
    key = with_day(nw.col("pupil_no"), nw.col("week"))
    return {"days": nw.col("days").cast(nw.Int64), "pupil_week": key, "_whole": within, "_edge": ~within}


def _day_by_day(enrolled: Frame, weeks: Frame, days: Frame, own: Frame | None, own_weeks: Frame | None) -> Frame:
    """Scheduled minutes of weeks that are not wholly a group's: ``pupil_week, weeks_ago, scheduled, named, days``."""
    edges = weeks.filter(~nw.col("_whole"))
    if own_weeks is not None:
        irregular = weeks.filter(nw.col("_whole")).join(own_weeks, on="pupil_week", how="semi")
        edges = nw.concat([edges, irregular], how="vertical")
    columns = ["pupil_day", "pupil_week", "weeks_ago", "scheduled", "named"]
    edges = edges.drop("scheduled", "named", "days").join(
        days.select("unit_no", "week", "day", "scheduled", "named"), on=["unit_no", "week"], how="inner"
    )
    edges = edges.filter(_covered()).with_columns(_pupil_day()).select(columns)
    if own is not None:
        mine = own.with_columns(pupil_no=number_in(nw.col("pupil_day")), unit_no=nw.col("own_unit"))
        mine = mine.with_columns(day=day_in(nw.col("pupil_day"))).join(
            days.select("unit_no", "day", "week", "weeks_ago", "scheduled", "named"), on=["unit_no", "day"], how="inner"
        )
        mine = mine.join(enrolled.select("pupil_no", "from_day", "to_day"), on="pupil_no", how="inner").filter(
            _covered()
        )
        mine = mine.with_columns(pupil_week=with_day(nw.col("pupil_no"), nw.col("week"))).select(columns)
        edges = nw.concat([edges.join(own, on="pupil_day", how="anti"), mine], how="vertical")
    return edges.with_columns(_with_lessons()).group_by("pupil_week").agg(*_edge_together())


@fixed
def _pupil_and_week() -> dict[str, nw.Expr]:
    return {"pupil_no": number_in(nw.col("pupil_week")), "week": day_in(nw.col("pupil_week"))}


@fixed
def _covered() -> nw.Expr:
    return (nw.col("from_day") <= nw.col("day")) & (nw.col("day") <= nw.col("to_day"))


@fixed
def _pupil_day() -> nw.Expr:
    return with_day(nw.col("pupil_no"), nw.col("day")).alias("pupil_day")


@fixed
def _with_lessons() -> nw.Expr:
    """A day of a pupil's own may have none."""
    return (nw.col("scheduled") > 0).cast(nw.Int64).alias("days")


@fixed
def _edge_together() -> tuple[nw.Expr, ...]:
    return nw.col("weeks_ago").max(), nw.col("scheduled", "named", "days").sum()
