"""Registrations laid on the timetable: each on the days that it covers, and those of one lesson on that lesson.

Most registrations are of one lesson hour. They meet the timetable on one number and keep few columns; only the others,
of days, spans, clock times and amounts, take the longer way.
"""

from dataclasses import dataclass

import narwhals as nw

from data_contracts.reasons import KINDS, Authorised, Kind, Registration
from data_contracts.tables import Unit
from features.frames import Frame, Held, held, like, settle, with_day_numbers
from features.keys import with_day, with_slot
from features.scheduled import Scheduled

BUCKET = 7  # days; a span is joined to the school days of the few buckets it touches, not of the whole year
REACHES = (2, 8, 32, 256)  # buckets; the largest is almost five years, counted from the first day looked at
AUTHORISED_CODES = {Authorised.YES: 0, Authorised.NO: 1, Authorised.UNKNOWN: 2}
FIRST_EVENT = min(info.precedence for info in KINDS.values() if info.event_only) * 3
"""Codes from here on are of lateness and removal: they count, but take no time. See `_code`."""


@dataclass(frozen=True)
class Registered:
    """What was registered, on scheduled days of the time that pupils were enrolled.

    Parameters
    ----------
    lessons
        Registrations of one lesson that was scheduled: ``pupil_day, unit_no, slot, minutes, code, late_minutes``.
    events
        Lateness and removal of which the lesson is not known: ``pupil_day, unit_no, code, late_minutes``.
    rows
        All other absence, one row a registration and day: ``pupil_day, unit_no, unit_day, code``, the bounds of the
        registration on that day (``lo, hi`` slots, ``clock_lo, clock_hi`` minutes), ``amount, unit_stated, record, one_day``,
        the day's own ``scheduled, slots, numbered, clocked``, and how they say how much was missed: ``_slotted``
        or ``_clocked``; ``loose`` where it is not known where in the day it lies, ``by_clock`` where clock times say so.
    """

    lessons: Frame
    events: Frame
    rows: Held


def _code() -> nw.Expr:
    """Return kind and authorised in one number that sorts by precedence: ``precedence * 3 + authorised``."""
    kinds = [kind.value for kind in KINDS]
    unknown = AUTHORISED_CODES[Authorised.UNKNOWN]
    by_kind = [info.precedence * 3 + AUTHORISED_CODES[info.authorised] for info in KINDS.values()]
    usual = nw.col("kind").replace_strict(
        kinds, by_kind, default=nw.lit(KINDS[Kind.UNEXPLAINED].precedence * 3 + unknown), return_dtype=nw.Int64
    )
    words = {word: number for word, number in AUTHORISED_CODES.items() if word is not Authorised.UNKNOWN}
    said = nw.col("authorised").replace_strict(
        [word.value for word in words], list(words.values()), default=nw.lit(-1), return_dtype=nw.Int64
    )
    return nw.when(said < 0).then(usual).otherwise(usual // 3 * 3 + said)


def registered(
    absences: Frame,
    enrolled: Frame,
    plan: Scheduled,
    own: Frame | None,
    *,
    first_day: int,
    end_day: int,
    told_from: int | None = None,
) -> Registered:
    """Lay `absences` on the timetable.

    Open-ended reports last until the day before `end_day`, or until the pupil's next report begins. Days without
    scheduled time, and days outside the enrolment, fall away.

    Parameters
    ----------
    absences
        Known registrations (the table of that name), with their ``unit`` as ``unit_stated``.
    enrolled
        Periods with ``unit_no``, see `features.enrolled`.
    plan, own
        See `features.scheduled.scheduled` and `features.scheduled.own_days`.
    told_from
        Day from which a report may end an open-ended one; `first_day` unless days before that were counted earlier.
    """
    told_from = first_day if told_from is None else told_from
    spans, longer = _spans(absences, enrolled, first_day=first_day, end_day=end_day, told_from=told_from)
    start, event = nw.col("start_day"), nw.col("code") >= FIRST_EVENT
    single = spans.filter(
        (start == nw.col("last_day")) | event,
        start >= first_day,
        start >= nw.col("from_day"),
        start <= nw.col("to_day"),
    ).with_columns(day=start, late_minutes=_late_minutes())
    lo, hi = nw.col("start_slot"), nw.col("end_slot")
    one_slot = ~lo.is_null() & (event | (nw.col("one_day") & (hi.is_null() | (lo == hi))))
    single = _on_units(single, own)
    of_slot = single.filter(one_slot).with_columns(slot=lo)
    slots = plan.slots.select("unit_slot", "minutes")
    keyed = of_slot.select(
        "pupil_day", "unit_no", "slot", "code", "late_minutes", unit_slot=with_slot(nw.col("unit_day"), nw.col("slot"))
    )
    lessons = keyed.join(slots, on="unit_slot", how="inner")
    without_slot = single.filter(~one_slot)
    # Where a day has no numbered slots, the number of a lesson hour says how much was missed, not which part of it.
    if plan.loose:
        odd = plan.days.filter(nw.col("numbered") == 0).select("unit_day")
        loose = of_slot.drop("slot").join(odd, on="unit_day", how="semi")
        without_slot = nw.concat([without_slot, loose.select(without_slot.collect_schema().names())], how="vertical")
    rows = _with_bounds(without_slot.filter(~event))
    if longer:
        many = _over_days(spans.filter((start < nw.col("last_day")) & ~event), plan, first_day=first_day)
        rows = nw.concat([rows, _with_bounds(_on_units(many, own))], how="vertical")
    days = plan.days.select("unit_day", "scheduled", "slots", "numbered", "clocked")
    events = without_slot.filter(event).join(days.select("unit_day"), on="unit_day", how="semi")
    return Registered(
        lessons=lessons,
        events=events.select("pupil_day", "unit_no", "code", "late_minutes"),
        rows=held(_in_ways(rows.join(days, on="unit_day", how="inner"))),
    )


def _in_ways(rows: Frame) -> Frame:
    """Tell apart in which way registrations say how much was missed."""
    by_slot = ~nw.col("lo").is_null() | ~nw.col("hi").is_null()
    by_clock = ~by_slot & (~nw.col("clock_lo").is_null() | ~nw.col("clock_hi").is_null())
    rows = rows.with_columns(_slotted=by_slot, _clocked=by_clock)
    slotted, clocked = nw.col("_slotted"), nw.col("_clocked")
    stated = ~slotted & ~clocked & ~nw.col("amount").is_null()
    loose = stated | (clocked & ~nw.col("clocked")) | (slotted & (nw.col("numbered") == 0))
    rows = rows.with_columns(loose=loose)
    return rows.with_columns(by_clock=clocked & ~nw.col("loose"))


def _late_minutes() -> nw.Expr:
    stated = nw.when(nw.col("unit_stated") == Unit.MINUTES.value).then(nw.col("amount"))
    return (stated.fill_null(0.0) + 0.5).floor().cast(nw.Int64)


def _spans(absences: Frame, enrolled: Frame, *, first_day: int, end_day: int, told_from: int) -> tuple[Frame, bool]:
    """Registrations of enrolled pupils with their first and last day, once for each period of the enrolment.

    Also whether any may be of several days.
    """
    whole = ["start_slot", "end_slot", "start_minute", "end_minute"]
    start, last = nw.col("start_day"), nw.col("last_day")
    found = with_day_numbers(absences, start_day="start_date", _end="end_date").filter(start < end_day)
    found = found.with_columns(last_day=nw.coalesce("_end", "start_day"), code=_code())
    lasts = (last >= start) & (last >= told_from)
    found = found.filter(lasts | nw.col("open_ended")).with_columns(
        nw.col(*whole).cast(nw.Int64),
        one_day=(start == last) & ~nw.col("open_ended"),
        is_report=nw.col("registration") == Registration.REPORT.value,
    )
    columns = ["start_day", "last_day", "one_day", "open_ended", "is_report", *whole, "amount", "unit_stated", "record"]
    periods = enrolled.select("school", "pupil", "pupil_no", "unit_no", "from_day", "to_day")
    found = found.select("school", "pupil", "code", *columns).join(periods, on=["school", "pupil"], how="inner")
    kept = held(found.drop("pupil").with_columns(_longer=~nw.col("one_day")))
    found = kept.frame
    if kept.any("open_ended"):
        found = _ended(found, end_day=end_day)
    found = found.with_columns(last_day=nw.min_horizontal(nw.col("last_day"), nw.lit(end_day - 1))).filter(
        nw.col("last_day") >= first_day
    )
    return found, kept.any("_longer")


def _ended(spans: Frame, *, end_day: int) -> Frame:
    """Give open-ended reports a last day.

    A teacher's observation on the way does not end a report; the next report does.
    """
    lasting = spans.filter(nw.col("open_ended"))
    begun = spans.filter(nw.col("is_report")).select("pupil_no", _later=nw.col("start_day"))
    until_next = (
        lasting.select("pupil_no", "record", "start_day")
        .join(begun, on="pupil_no", how="inner")
        .filter(nw.col("_later") > nw.col("start_day"))
        .group_by(["pupil_no", "record"])
        .agg(nw.col("_later").min())
    )
    lasting = (
        lasting.join(until_next, on=["pupil_no", "record"], how="left")
        .with_columns(last_day=nw.col("_later").fill_null(end_day) - 1)
        .drop("_later")
    )
    return settle(nw.concat([spans.filter(~nw.col("open_ended")), lasting], how="vertical"))


def _on_units(rows: Frame, own: Frame | None) -> Frame:
    """Say of each pupil's day by which timetable it goes: its own where there is one that day."""
    rows = rows.with_columns(pupil_day=with_day(nw.col("pupil_no"), nw.col("day")))
    if own is not None:
        rows = rows.join(own, on="pupil_day", how="left").with_columns(unit_no=nw.coalesce("own_unit", "unit_no"))
        rows = rows.drop("own_unit")
    rows = rows.filter(~nw.col("unit_no").is_null())
    return rows.with_columns(unit_day=with_day(nw.col("unit_no"), nw.col("day")))


def _with_bounds(rows: Frame) -> Frame:
    first, last = nw.col("day") == nw.col("start_day"), nw.col("day") == nw.col("last_day")
    hi = nw.when(last).then(nw.col("end_slot"))
    # One lesson hour without an end is that hour alone.
    alone = nw.when(nw.col("one_day")).then(nw.col("start_slot"))
    return rows.select(
        *("pupil_no", "pupil_day", "unit_no", "unit_day", "code", "amount", "unit_stated", "record", "one_day"),
        lo=nw.when(first).then(nw.col("start_slot")),
        hi=nw.coalesce(hi, alone),
        clock_lo=nw.when(first).then(nw.col("start_minute")),
        clock_hi=nw.when(last).then(nw.col("end_minute")),
    )


def _over_days(spans: Frame, plan: Scheduled, *, first_day: int) -> Frame:
    """Registrations of several days, once for each school day that they cover."""
    offsets = like(
        plan.days,
        {
            "_reach": [reach for reach in REACHES for _ in range(reach)],
            "_offset": [offset for reach in REACHES for offset in range(reach)],
        },
        {"_reach": nw.Int64, "_offset": nw.Int64},
    )
    first = nw.max_horizontal(nw.col("start_day"), nw.col("from_day"), nw.lit(first_day))
    last = nw.min_horizontal("last_day", "to_day")
    spans = spans.with_columns(_from=first, _to=last).filter(nw.col("_from") <= nw.col("_to"))
    spans = spans.with_columns(_first=nw.col("_from") // BUCKET, _last=nw.col("_to") // BUCKET)
    needed = nw.col("_last") - nw.col("_first") + 1
    reach = nw.lit(REACHES[-1])
    for enough in REACHES[-2::-1]:
        reach = nw.when(needed <= enough).then(nw.lit(enough)).otherwise(reach)
    school_days = plan.days.select("school", "day").unique(keep="any").with_columns(_bucket=nw.col("day") // BUCKET)
    return (
        spans.with_columns(_reach=reach.cast(nw.Int64))
        .join(offsets, on="_reach", how="inner")
        .with_columns(_bucket=nw.col("_first") + nw.col("_offset"))
        .filter(nw.col("_bucket") <= nw.col("_last"))
        .join(school_days, on=["school", "_bucket"], how="inner")
        .filter(nw.col("day") >= nw.col("_from"), nw.col("day") <= nw.col("_to"))
    )
