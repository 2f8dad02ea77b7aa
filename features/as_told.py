"""Pupils whose past was known otherwise at earlier Mondays, counted again as of each: all of them together.

At each such Monday a pupil becomes a pupil of its own, with the versions that were known then. Then one history counts
them all, on the timetable that their school had at every one of those Mondays.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import narwhals as nw
from narwhals.typing import IntoFrame

from features.build import PUPIL, WANTED, subjects_of
from features.calendar import local_date, school_year_start
from features.frames import Frame, held, like, settle
from features.history import History, history, number_of
from features.known import SUPERSEDED
from features.retold import Retold
from features.seen import Places
from features.tables import Tables
from features.weeks import LOWEST, pupil_weeks
from features.windows import SPANS, seen_now

_REST_OF_WEEK = timedelta(days=6)


@dataclass(frozen=True)
class AsTold:
    """Facts of pupils as they were known at each Monday at which that was otherwise.

    Parameters
    ----------
    tables
        The facts; a pupil goes by another name (``alias``) at each Monday.
    pupils
        ``school, pupil, origin, origin_year, alias``.
    rest
        Who and what has to be counted Monday by Monday all the same.
    """

    tables: Tables
    pupils: Frame
    rest: Retold


def as_told(tables: Tables, other: Retold, mondays: Sequence[datetime]) -> AsTold:
    """Take from `other` the pupils who can be counted together, with their facts as known at each of `mondays`.

    Where the timetable or the school's days were known otherwise too, they cannot: all of a Monday's pupils have the
    timetable that is known now. Nor can they while an amount is being spread over days that are not over.
    """
    days = [local_date(moment) for moment in mondays]
    columns: dict[str, list[Any]] = {
        "origin": [number_of(day) for day in days],
        "origin_year": [school_year_start(day).year for day in days],
        "_day": days,
        "_until": [day + _REST_OF_WEEK for day in days],
        "_moment": list(mondays),
    }
    types = {"origin": nw.Int64, "origin_year": nw.Int64, "_day": nw.Date, "_until": nw.Date}
    looking = like(other.pupils, columns, types | {"_moment": nw.Datetime("us", "UTC")})
    schools = nw.concat([other.schools, other.registers], how="vertical").unique()
    quick = other.pupils.join(schools, on=["school", "origin"], how="anti")
    named = quick.join(looking, on="origin", how="inner").with_row_index("alias", order_by=[*PUPIL, "origin"])
    named = settle(named.with_columns(nw.col("alias").cast(nw.String)))
    absences = settle(_then(tables.absences, named).filter(nw.col("start_date") < nw.col("_day")))
    lasting = nw.col("open_ended") | (nw.col("end_date") >= nw.col("_day"))
    spread = absences.filter((~nw.col("amount").is_null() & lasting).fill_null(value=False))
    if not (spreading := held(spread.select("alias").unique())).empty():
        named = settle(named.join(spreading.frame, on="alias", how="anti"))
        absences = absences.join(named.select("alias"), on="alias", how="semi")
    enrolments = _then(tables.enrolments, named).filter(nw.col("valid_from") <= nw.col("_day"))
    # Weeks after the Monday's own are not looked at.
    until = nw.min_horizontal("valid_to", "_until")
    timetable = nw.from_native(tables.timetable).lazy()
    timetable = timetable.join(named.select("school").unique(), on="school", how="semi")
    whole = timetable.filter(nw.col("pupil").is_null())
    facts = Tables(
        enrolments=_as_aliases(enrolments.with_columns(until.alias("valid_to")), tables.enrolments),
        timetable=nw.concat([whole, _own(timetable, named)], how="vertical").to_native(),
        absences=_as_aliases(absences, tables.absences),
    )
    pupils = named.select(*PUPIL, "origin", "origin_year", "alias")
    rest = settle(other.pupils.join(pupils, on=[*PUPIL, "origin"], how="anti"))
    return AsTold(facts, pupils, replace(other, pupils=rest))


def _then(versions: IntoFrame, named: Frame) -> Frame:
    """Versions of the pupils in `named` that were known at their moment."""
    told = nw.from_native(versions).lazy().join(named, on=PUPIL, how="inner")
    superseded, moment = nw.col(SUPERSEDED), nw.col("_moment")
    known = (nw.col("recorded_at") <= moment) & (superseded.is_null() | (superseded > moment)) & ~nw.col("withdrawn")
    never = nw.when(nw.lit(value=False)).then(nw.col("recorded_at")).alias(SUPERSEDED)
    return told.filter(known).with_columns(never)


def _as_aliases(told: Frame, like_this: IntoFrame) -> IntoFrame:
    columns = nw.from_native(like_this).lazy().collect_schema().names()
    native: IntoFrame = settle(told.with_columns(pupil=nw.col("alias")).select(columns)).to_native()
    return native


def _own(timetable: Frame, named: Frame) -> Frame:
    """Timetables that pupils have of their own."""
    columns = timetable.collect_schema().names()
    own = timetable.join(named.select(*PUPIL, "alias"), on=PUPIL, how="inner")
    return own.with_columns(pupil=nw.col("alias")).select(columns)


def counted_as_told(told: AsTold, past: History, looking: Places, *, since: date) -> Frame:
    """`features.build.counted` of those `told`, each at its own Monday.

    Parameters
    ----------
    past
        The history as known at the last Monday, from `since`: the same days were closed.
    looking
        See `features.seen.places_of`.
    """
    again = history(told.tables, past.as_of, since=since, closed=past.closed)
    named = again.enrolments.select("school", "pupil_no", alias="pupil").unique(subset="pupil_no", keep="any")
    own = settle(named.join(told.pupils, on=["school", "alias"], how="inner").drop("alias", "school"))
    mine, week = own.select("pupil_no", "origin", "origin_year"), ["school", "origin", "week"]
    before = pupil_weeks(again).join(mine, on="pupil_no", how="inner").filter(nw.col("week") < nw.col("origin"))
    # As if every pupil were seen from the year of the last Monday.
    year = nw.col("year") - nw.col("origin_year") + school_year_start(past.until).year
    weeks = before.join(looking.at.select(*week, "ago"), on=week, how="left").with_columns(
        weeks_ago=nw.col("ago").fill_null(0), year=year
    )
    missed = again.lessons.join(mine, on="pupil_no", how="inner")
    missed = missed.join(looking.at.filter(nw.col("ago") < SPANS["12w"][1]).select(week), on=week, how="inner")
    since_when = again.enrolments.group_by("pupil_no").agg(nw.col("from_day").min().alias("enrolled_from"))
    there = again.enrolments.drop("pupil").join(own, on="pupil_no", how="inner")
    return (
        there.filter((nw.col("from_day") <= nw.col("origin")) & (nw.col("origin") <= nw.col("to_day")))
        .join(since_when, on="pupil_no", how="inner")
        .join(seen_now(weeks, "pupil_no", WANTED, until=past.until, lowest=LOWEST), on="pupil_no", how="left")
        .join(subjects_of(missed, ["pupil_no"]), on="pupil_no", how="left")
        .join(looking.schools, on=["school", "origin"], how="left")
    )
