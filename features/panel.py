"""Features at many moments at once, each from what was known then: what a model learns from.

Most of what is known at the last moment was already known at the ones before, so it is counted once and seen from each
(`features.windows.seen_from`). Where a pupil's past was known otherwise at a moment (a late registration, a corrected code,
a register filled in afterwards) that pupil is counted anew as of that moment. The result is that of `features.build.build`
at every moment (tested).
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import narwhals as nw
from narwhals.typing import IntoFrame

from features.build import FACTS, IDENTITY, PUPIL, REGISTERS, WANTED, counted, counted_schools, features_of, subjects_of
from features.calendar import local_date, school_year_start
from features.catalogue import NAMES
from features.frames import Frame, like, settle
from features.history import History, history, number_of
from features.holidays import year_of
from features.retold import Retold, retold
from features.tables import Tables, prepared
from features.weeks import LOWEST, pupil_weeks
from features.windows import SPANS, column, last_year, places, seen_from

MONDAY = 0


def panel(tables: Tables, moments: Sequence[datetime]) -> Any:  # noqa: ANN401 - the caller's own kind of frame
    """Features of every pupil enrolled at each of `moments`, from what was known then.

    Parameters
    ----------
    tables
        Versions of facts of one or more schools.
    moments
        As-of moments (UTC, aware), at most one a day.

    Returns
    -------
    native frame
        ``origin`` (day number of the moment's Dutch day), `IDENTITY`, `NAMES` and `FACTS` as `features.build.build` has
        them; in no particular order.
    """
    return panel_from(prepared(tables), moments).collect().to_native()


def panel_from(tables: Tables, moments: Sequence[datetime]) -> Frame:
    """As `panel`, lazily, from `features.tables.prepared` tables."""
    in_order = sorted(moments)
    # From a Monday whole weeks are seen, so that many Mondays can share what is counted.
    mondays = [moment for moment in in_order if local_date(moment).weekday() == MONDAY]
    alone = [moment for moment in in_order if moment not in mondays or len(mondays) == 1]
    parts = [counted(history(tables, moment)) for moment in alone]
    if len(mondays) > 1:
        parts += _from_mondays(tables, mondays)
    return features_of(_below(parts)).select("origin", *IDENTITY, *NAMES, *FACTS)


def _from_mondays(tables: Tables, mondays: Sequence[datetime]) -> list[Frame]:
    """What was counted at each of `mondays`, in parts that together have every pupil and moment once."""
    first_year = school_year_start(local_date(mondays[0]))
    past = history(tables, mondays[-1], since=school_year_start(first_year - timedelta(days=1)))
    other = retold(tables, past, mondays)
    shared = settle(_seen_from(past, other, [local_date(moment) for moment in mondays]))
    anew, registers = [], []
    told = _origins_of(other)
    for moment in mondays:
        if number_of(local_date(moment)) in told:
            pupils, schools = _anew(tables, past, other, moment)
            anew += pupils
            registers.append(schools)
    if not anew:
        return [shared]
    names = REGISTERS.columns()
    told_anew = _below(registers).rename({name: f"_{name}" for name in names}).with_columns(_anew=nw.lit(value=True))
    shared = shared.join(told_anew, on=["school", "origin"], how="left").with_columns(
        **{name: nw.when(~nw.col("_anew").is_null()).then(nw.col(f"_{name}")).otherwise(nw.col(name)) for name in names}
    )
    shared = shared.drop("_anew", *(f"_{name}" for name in names))
    return [shared, *anew]


def _anew(tables: Tables, past: History, other: Retold, moment: datetime) -> tuple[list[Frame], Frame]:
    """Count anew at `moment` whom `other` names; and the registers of their schools."""
    origin = nw.col("origin") == number_of(local_date(moment))
    whole = other.schools.filter(origin).select("school")
    some = other.pupils.filter(origin).select(*PUPIL).join(whole, on="school", how="anti")
    # A school's days and registers are those of its whole timetable, whoever is counted.
    schools = nw.concat([some.select("school"), other.registers.filter(origin).select("school")], how="vertical")
    schools = settle(schools.unique().join(whole, on="school", how="anti"))
    for_some = history(_only(tables, settle(some), PUPIL, schools), moment, closed=past.closed)
    for_whole = history(_only(tables, whole, ["school"], whole), moment)
    parts = [counted(for_some), counted(for_whole)]
    registers = _below([counted_schools(one) for one in (for_some, for_whole)])
    return [settle(part) for part in parts], settle(registers)


def _only(tables: Tables, who: Frame, keys: Sequence[str], schools: Frame) -> Tables:
    """`tables` of `who` alone, with the timetable of `schools`."""

    def chosen(table: IntoFrame, them: Frame, on: Sequence[str]) -> IntoFrame:
        kept: IntoFrame = nw.from_native(table).lazy().join(them, on=list(on), how="semi").to_native()
        return kept

    return Tables(
        enrolments=chosen(tables.enrolments, who, keys),
        timetable=chosen(tables.timetable, schools, ["school"]),
        absences=chosen(tables.absences, who, keys),
    )


def _origins_of(other: Retold) -> set[int]:
    found = nw.concat(
        [each.select("origin") for each in (other.pupils, other.schools, other.registers)], how="vertical"
    )
    return set(found.unique().collect()["origin"].to_list())


def _seen_from(past: History, other: Retold, origins: Sequence[date]) -> Frame:
    """`features.build.counted` at each of `origins`, of all but those in `other`: what is known now was known then."""
    weeks = settle(pupil_weeks(past))
    school_weeks = settle(past.school_weeks.with_columns(year=year_of(nw.col("week"), past.until)))
    at = settle(places(school_weeks, origins))
    windows = seen_from(weeks, WANTED, at=at, school_weeks=school_weeks, lowest=LOWEST)
    week, key = ["school", "week"], ["pupil_no", "origin"]
    lately = {window: at.filter(nw.col("ago") < SPANS[window][1]).select(*week, "origin") for window in ("4w", "12w")}
    recorded = past.registers.join(lately["4w"], on=week, how="inner").group_by(["school", "origin"])
    registers = recorded.agg(nw.col(name).sum().alias(column(name, window)) for name, window in REGISTERS.sums)
    missed = past.lessons.join(lately["12w"], on=week, how="inner")
    numbers = past.school_days.group_by(week).agg(nw.col("number").max().alias("newest"))
    newest = at.filter(nw.col("ago") == 0).join(numbers, on=week, how="inner").select("school", "origin", "newest")
    of_school = settle(registers.join(newest, on=["school", "origin"], how="inner"))
    enrolled = _enrolled_at(past, origins).join(other.pupils, on=[*PUPIL, "origin"], how="anti")
    enrolled = settle(enrolled.join(other.schools, on=["school", "origin"], how="anti"))
    seen = settle(windows.join(enrolled, on=key, how="left").filter(~nw.col("enrolled_from").is_null()))
    # Who has no school week behind them yet.
    fresh = enrolled.join(seen.select(key), on=key, how="anti")
    everyone = nw.concat([seen, fresh], how="diagonal").select(seen.collect_schema().names())
    everyone = everyone.join(settle(last_year(weeks, WANTED)), on=["pupil_no", "origin_year"], how="left")
    return (
        everyone.drop("origin_year")
        .join(subjects_of(missed, key), on=key, how="left")
        .join(of_school, on=["school", "origin"], how="left")
    )


def _enrolled_at(past: History, origins: Sequence[date]) -> Frame:
    """Who was enrolled at each origin, and where: as `features.history.History.pupils`, with ``origin, origin_year``."""
    columns = {
        "origin": [number_of(one) for one in origins],
        "origin_year": [school_year_start(one).year for one in origins],
    }
    looking = like(past.enrolments, columns, {"origin": nw.Int64, "origin_year": nw.Int64})
    since = past.enrolments.group_by("pupil_no").agg(nw.col("from_day").min().alias("enrolled_from"))
    there = past.enrolments.join(looking, how="cross").filter(
        (nw.col("from_day") <= nw.col("origin")) & (nw.col("origin") <= nw.col("to_day"))
    )
    return there.drop("from_day", "to_day").join(since, on="pupil_no", how="inner")


def _below(parts: Sequence[Frame]) -> Frame:
    columns = parts[0].collect_schema().names()
    # Engines differ in the width of what they add up.
    whole = [name for name in WANTED.columns() if name in columns and not name.startswith("week_rate")]
    narrowed = (part.select(columns).with_columns(nw.col(whole).cast(nw.Int32)) if whole else part for part in parts)
    return nw.concat([part.select(columns) for part in narrowed], how="vertical")
