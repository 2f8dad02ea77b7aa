"""Features at many moments at once, each from what was known then: what a model learns from.

Most of what is known at the last moment was already known at the ones before, so it is counted once and seen from each
(`features.windows.seen_from`). Where a pupil's past was known otherwise at a moment (a late registration, a corrected code,
a register filled in afterwards) that pupil is counted anew as of that moment. The result is that of `features.build.build`
at every moment (tested).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import narwhals as nw
from narwhals.typing import IntoFrame

from features.as_told import as_told, counted_as_told
from features.build import FACTS, IDENTITY, PEERS, PUPIL, REGISTERS, WANTED, counted, counted_schools, features_of
from features.calendar import local_date, school_year_start
from features.catalogue import NAMES
from features.frames import Frame, held, settle
from features.history import History, history, number_of
from features.keys import with_day
from features.retold import Retold, retold
from features.seen import places_of, seen_of
from features.tables import Tables, prepared

MONDAY = 0
Peers = dict[str, Frame]
"""Numbers of groups, year groups and schools, by the column that names them."""


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
    peers = _peers(tables)
    # From a Monday whole weeks are seen, so that many Mondays can share what is counted.
    mondays = [moment for moment in in_order if local_date(moment).weekday() == MONDAY]
    alone = [moment for moment in in_order if moment not in mondays or len(mondays) == 1]
    parts = [_numbered(counted(history(tables, moment)), peers) for moment in alone]
    if len(mondays) > 1:
        parts += _from_mondays(tables, mondays, peers)
    together = {name: with_day(nw.col(_number(name)), nw.col("origin")).alias(f"_at_{name}") for name in peers}
    everyone = _below(parts).with_columns(*together.values())
    return features_of(everyone, {name: f"_at_{name}" for name in peers}).select("origin", *IDENTITY, *NAMES, *FACTS)


def _from_mondays(tables: Tables, mondays: Sequence[datetime], peers: Peers) -> list[Frame]:
    """What was counted at each of `mondays`, in parts that together have every pupil and moment once."""
    first_year = school_year_start(local_date(mondays[0]))
    since = school_year_start(first_year - timedelta(days=1))
    past = history(tables, mondays[-1], since=since)
    past = replace(past, enrolments=settle(_numbered(past.enrolments, peers)))
    other = retold(tables, past, mondays)
    looking = places_of(past, [local_date(moment) for moment in mondays])
    parts = [settle(seen_of(past, other, looking))]
    rest = other
    if not held(other.pupils).empty():
        told = as_told(tables, other, mondays)
        parts.append(settle(_numbered(counted_as_told(told, past, looking, since=since), peers)))
        rest = told.rest
    registers = []
    origins = _origins_of(rest)
    for moment in mondays:
        if number_of(local_date(moment)) in origins:
            pupils, schools = _anew(tables, past, rest, moment)
            parts += [_numbered(part, peers) for part in pupils]
            registers.append(schools)
    return [_with_registers(parts[0], registers), *parts[1:]] if registers else parts


def _with_registers(shared: Frame, registers: Sequence[Frame]) -> Frame:
    """Put `registers` that were counted anew in the place of those that were not."""
    names = REGISTERS.columns()
    told_anew = _below(registers).rename({name: f"_{name}" for name in names}).with_columns(_anew=nw.lit(value=True))
    shared = shared.join(told_anew, on=["school", "origin"], how="left").with_columns(
        **{name: nw.when(~nw.col("_anew").is_null()).then(nw.col(f"_{name}")).otherwise(nw.col(name)) for name in names}
    )
    return shared.drop("_anew", *(f"_{name}" for name in names))


def _anew(tables: Tables, past: History, other: Retold, moment: datetime) -> tuple[list[Frame], Frame]:
    """Count anew at `moment` whom `other` names; and the registers of their schools."""
    origin = nw.col("origin") == number_of(local_date(moment))
    whole = other.schools.filter(origin).select("school")
    some = other.pupils.filter(origin).select(*PUPIL).join(whole, on="school", how="anti")
    # A school's days and registers are those of its whole timetable, whoever is counted.
    schools = nw.concat([some.select("school"), other.registers.filter(origin).select("school")], how="vertical")
    schools = settle(schools.unique().join(whole, on="school", how="anti"))
    pasts = [history(_only(tables, settle(some), PUPIL, schools), moment, closed=past.closed)]
    if not held(whole).empty():
        pasts.append(history(_only(tables, whole, ["school"], whole), moment))
    registers = _below([counted_schools(one) for one in pasts])
    return [settle(counted(one)) for one in pasts], settle(registers)


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


def _peers(tables: Tables) -> Peers:
    """Number whoever pupils are compared with, see `_numbered`: to look up a number is quicker than names."""
    everyone = nw.from_native(tables.enrolments).lazy()
    found = {}
    for name in PEERS:
        columns = list(dict.fromkeys(["school", name]))
        numbers = everyone.select(columns).unique().with_row_index(_number(name), order_by=columns)
        found[name] = settle(numbers.with_columns(nw.col(_number(name)).cast(nw.Int64)))
    return found


def _number(peers: str) -> str:
    return f"{peers}_no"


def _numbered(frame: Frame, peers: Peers) -> Frame:
    """Add the numbers of `peers`."""
    for name, numbers in peers.items():
        frame = frame.join(numbers, on=list(dict.fromkeys(["school", name])), how="left")
    return frame


def _below(parts: Sequence[Frame]) -> Frame:
    columns = parts[0].collect_schema().names()
    # Engines differ in the width of what they add up.
    whole = [name for name in WANTED.columns() if name in columns and not name.startswith("week_rate")]
    narrowed = (part.select(columns).with_columns(nw.col(whole).cast(nw.Int32)) if whole else part for part in parts)
    return nw.concat([part.select(columns) for part in narrowed], how="vertical")
