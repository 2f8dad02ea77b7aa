"""Absent time: registrations become cells of scheduled time, and cells become pupil-days.

A registration is first spread over the school days it covers, then laid on the timetable. Where several registrations
cover one slot (a parent's report and a teacher's observation, say) the slot counts once, under the kind that explains
most (`data_contracts.reasons.KINDS`, ``precedence``). Lateness and removal are events: they count, but take no time.
"""

from functools import cache

import narwhals as nw

from data_contracts.reasons import KINDS, Authorised, Kind, Registration
from data_contracts.tables import Unit
from features.frames import Frame, like, settle
from features.scheduled import UNNUMBERED, Scheduled, day_number, own_days

BUCKET = 28  # days; a span is joined to the school days of the few buckets it touches, not of the whole year
LONGEST_SPAN = 60  # buckets, more than four years, counted from the first day looked at
DEFAULT_SLOT_MINUTES = 50  # a lesson hour where the timetable has whole days only (40-80 in practice, domain reference)
AUTHORISED_CODES = {Authorised.YES: 0, Authorised.NO: 1, Authorised.UNKNOWN: 2}
PUPIL_DAY = ["school", "pupil", "day"]
_NOT_COUNTED = max(info.precedence for info in KINDS.values() if not info.counts) * 3 + 2


def _code() -> nw.Expr:
    """Return kind and authorised in one number that sorts by precedence: ``precedence * 3 + authorised``."""
    authorised = nw.lit(AUTHORISED_CODES[Authorised.UNKNOWN])
    precedence = nw.lit(KINDS[Kind.UNEXPLAINED].precedence)
    by_default = nw.lit(AUTHORISED_CODES[Authorised.UNKNOWN])
    for kind, info in KINDS.items():
        is_kind = nw.col("kind") == kind.value
        precedence = nw.when(is_kind).then(nw.lit(info.precedence)).otherwise(precedence)
        by_default = nw.when(is_kind).then(nw.lit(AUTHORISED_CODES[info.authorised])).otherwise(by_default)
    for word, number in AUTHORISED_CODES.items():
        chosen = by_default if word is Authorised.UNKNOWN else nw.lit(number)
        authorised = nw.when(nw.col("authorised") == word.value).then(chosen).otherwise(authorised)
    return precedence.cast(nw.Int64) * 3 + authorised.cast(nw.Int64)


@cache
def kind_of(code: int) -> tuple[Kind, Authorised]:
    """Kind and authorised of a code, see `_code`."""
    kind = next(kind for kind, info in KINDS.items() if info.precedence == code // 3)
    authorised = next(word for word, number in AUTHORISED_CODES.items() if number == code % 3)
    return kind, authorised


def _is(*kinds: Kind) -> nw.Expr:
    return nw.any_horizontal(*((nw.col("code") // 3 == KINDS[kind].precedence) for kind in kinds), ignore_nulls=True)


def absence_days(absences: Frame, enrolled: Frame, plan: Scheduled, *, first_day: int, end_day: int) -> Frame:
    """One row a registration and scheduled day it covers, with the bounds it has on that day.

    Open-ended reports last until the day before `end_day`, or until the pupil's next report begins. Days without
    scheduled time, and days outside the enrolment, fall away.
    """
    spans = _with_last_day(absences, end_day=end_day).filter(nw.col("last_day") >= first_day)
    single = spans.filter(nw.col("start_day") == nw.col("last_day")).with_columns(day=nw.col("start_day"))
    school_days = plan.days.select("school", "day").unique(subset=["school", "day"], keep="any")
    offsets = like(
        plan.days,
        {"_key": [1] * LONGEST_SPAN, "_offset": list(range(LONGEST_SPAN))},
        {"_key": nw.Int64, "_offset": nw.Int64},
    )
    many = (
        spans.filter(nw.col("start_day") < nw.col("last_day"))
        .with_columns(
            _first=nw.max_horizontal(nw.col("start_day"), nw.lit(first_day)) // BUCKET, _key=nw.lit(1).cast(nw.Int64)
        )
        .join(offsets, on="_key", how="inner")
        .with_columns(_bucket=nw.col("_first") + nw.col("_offset"))
        .filter(nw.col("_bucket") <= nw.col("last_day") // BUCKET)
        .join(school_days.with_columns(_bucket=nw.col("day") // BUCKET), on=["school", "_bucket"], how="inner")
        .filter((nw.col("day") >= nw.col("start_day")) & (nw.col("day") <= nw.col("last_day")))
    )
    columns = [*single.collect_schema().names()]
    return _on_timetable(nw.concat([single, many.select(columns)], how="vertical"), enrolled, plan)


def _with_last_day(absences: Frame, *, end_day: int) -> Frame:
    spans = absences.with_columns(
        start_day=day_number("start_date"), last_day=nw.coalesce(day_number("end_date"), day_number("start_date"))
    ).filter(nw.col("start_day") < end_day)
    # A teacher's observation on the way does not end a report; the next report does.
    reports = spans.filter(nw.col("registration") == Registration.REPORT.value)
    begun = reports.select("school", "pupil", _later=nw.col("start_day"))
    until_next = (
        spans.filter(nw.col("open_ended"))
        .select("school", "pupil", "record", "start_day")
        .join(begun, on=["school", "pupil"], how="inner")
        .filter(nw.col("_later") > nw.col("start_day"))
        .group_by(["school", "record"])
        .agg(nw.col("_later").min())
    )
    return (
        spans.join(until_next, on=["school", "record"], how="left")
        .with_columns(
            last_day=nw.when(nw.col("open_ended"))
            .then(nw.col("_later").fill_null(end_day) - 1)
            .otherwise(nw.col("last_day"))
        )
        .with_columns(last_day=nw.min_horizontal(nw.col("last_day"), nw.lit(end_day - 1)))
        .drop("_later")
    )


def _on_timetable(rows: Frame, enrolled: Frame, plan: Scheduled) -> Frame:
    first, last = nw.col("day") == nw.col("start_day"), nw.col("day") == nw.col("last_day")
    own = own_days(plan.days).select(*PUPIL_DAY, _own=nw.col("unit"))
    days = plan.days.select(
        "school", "unit", "day", "scheduled", "slots", "numbered", "first_slot", "last_slot", "clocked"
    )
    closes = nw.coalesce("end_date", "start_date") == nw.coalesce("start_date", "end_date")
    return (
        rows.join(enrolled.select("school", "pupil", "unit", "from_day", "to_day"), on=["school", "pupil"], how="inner")
        .filter((nw.col("day") >= nw.col("from_day")) & (nw.col("day") <= nw.col("to_day")))
        .join(own, on=PUPIL_DAY, how="left")
        .with_columns(unit=nw.coalesce("_own", "unit"))
        .join(days, on=["school", "unit", "day"], how="inner")
        .with_columns(
            code=_code(),
            one_day=closes & ~nw.col("open_ended"),
            lo=nw.when(first).then(nw.col("start_slot")).cast(nw.Int64),
            hi=nw.when(last).then(nw.col("end_slot")).cast(nw.Int64),
            clock_lo=nw.when(first).then(nw.col("start_minute")).cast(nw.Int64),
            clock_hi=nw.when(last).then(nw.col("end_minute")).cast(nw.Int64),
        )
        .with_columns(
            # One lesson hour without an end is that hour alone.
            hi=nw.when(nw.col("hi").is_null() & nw.col("one_day")).then(nw.col("lo")).otherwise(nw.col("hi")),
            event=_is(Kind.LATE, Kind.REMOVED_FROM_CLASS),
            days_covered=nw.col("day").count().over("school", "record").cast(nw.Int64),
        )
    )


def cells(rows: Frame, plan: Scheduled) -> Frame:
    """Missed cells of scheduled time: ``school, pupil, day, slot, minutes, code``.

    A slot that is missed wholly counts once, under the code that explains most. Parts of a slot, by clock times, add up
    per code where the slot was not missed wholly. Slot 0 is the day as a whole: for timetables without slots, and for
    amounts of which the slot is not known; those add up per code.
    """
    timed = rows.filter(~nw.col("event"))
    slotted = ~nw.col("lo").is_null() | ~nw.col("hi").is_null()
    clocked = ~slotted & (~nw.col("clock_lo").is_null() | ~nw.col("clock_hi").is_null())
    stated = ~slotted & ~clocked & ~nw.col("amount").is_null()
    loose = stated | (clocked & ~nw.col("clocked")) | (slotted & (nw.col("numbered") == 0))
    timed = timed.with_columns(_slotted=slotted, _clocked=clocked, _loose=loose)
    # Most registrations are of one lesson hour: those meet the timetable on its key, without a range.
    one_slot = nw.col("_slotted") & (nw.col("lo") == nw.col("hi")).fill_null(value=False) & ~nw.col("_loose")
    slots = plan.slots
    columns = [*PUPIL_DAY, "slot", "minutes", "code"]
    exact = (
        timed.filter(one_slot)
        .with_columns(slot=nw.col("lo"))
        .join(
            slots.select("school", "unit", "day", "slot", "minutes"), on=["school", "unit", "day", "slot"], how="inner"
        )
    )
    ranged = timed.filter(~one_slot & ~nw.col("_loose")).join(
        slots, on=["school", "unit", "day"], how="inner", suffix="_of_slot"
    )
    inside = (nw.col("slot") >= nw.col("lo").fill_null(0)) & (nw.col("slot") <= nw.col("hi").fill_null(UNNUMBERED * 3))
    start = nw.col("start_minute_of_slot").cast(nw.Int64)
    overlap = nw.min_horizontal(nw.col("clock_hi").fill_null(1440), start + nw.col("minutes")) - nw.max_horizontal(
        nw.col("clock_lo").fill_null(0), start
    )
    clock = ranged.filter(nw.col("_clocked")).with_columns(_overlap=overlap).filter(nw.col("_overlap") > 0)
    covered = clock.filter(nw.col("_overlap") >= nw.col("minutes"))
    whole = [
        exact.select(columns),
        ranged.filter(~nw.col("_clocked") & inside).select(columns),
        covered.select(columns),
    ]
    cell = [*PUPIL_DAY, "slot"]
    wholly = nw.concat(whole, how="vertical").group_by(cell).agg(nw.col("minutes").max(), nw.col("code").min())
    wholly = settle(wholly.select(columns))
    parts = clock.filter(nw.col("_overlap") < nw.col("minutes")).join(wholly.select(cell), on=cell, how="anti")
    partly = (
        parts.group_by([*cell, "code"])
        .agg(nw.col("_overlap").sum(), nw.col("minutes").max().alias("_of"))
        .with_columns(minutes=nw.min_horizontal("_overlap", "_of"))
    )
    lumps = timed.filter(nw.col("_loose")).with_columns(minutes=_stated_minutes(), slot=nw.lit(0).cast(nw.Int64))
    by_day = lumps.select(columns).group_by([*cell, "code"]).agg(nw.col("minutes").sum())
    return nw.concat([wholly, partly.select(columns), by_day.select(columns)], how="vertical")


def _stated_minutes() -> nw.Expr:
    scheduled, slots = nw.col("scheduled"), nw.col("slots")
    slot = nw.when(nw.col("numbered") > 0).then(scheduled / slots).otherwise(float(DEFAULT_SLOT_MINUTES))
    # Hours of a day without slots: up to `hi`, or from `lo` to the end of the day, or both.
    last = (scheduled / DEFAULT_SLOT_MINUTES).floor().cast(nw.Int64)
    last = nw.when(nw.col("one_day")).then(nw.col("lo")).otherwise(nw.max_horizontal(last, nw.col("lo")))
    hours = (nw.coalesce(nw.col("hi"), last) - nw.col("lo").fill_null(1) + 1) * slot
    clock = (nw.col("clock_hi").fill_null(1440) - nw.col("clock_lo").fill_null(0)).cast(nw.Float64)
    # An amount over several days is their total.
    amount = nw.col("amount") / nw.max_horizontal(nw.col("days_covered"), nw.lit(1))
    halves = nw.when((slots == 1) & (nw.col("numbered") == 1)).then(nw.lit(1)).otherwise(nw.lit(2))
    unit = nw.col("unit_stated")
    stated = (
        nw.when(unit == Unit.LESSON_SLOTS.value)
        .then(amount * slot)
        .otherwise(
            nw.when(unit == Unit.HALF_DAYS.value)
            .then(amount * scheduled / halves)
            .otherwise(nw.when(unit == Unit.DAYS.value).then(amount * scheduled).otherwise(amount))
        )
    )
    minutes = (
        nw.when(nw.col("_slotted")).then(hours).otherwise(nw.when(nw.col("_clocked")).then(clock).otherwise(stated))
    )
    return nw.min_horizontal(minutes, scheduled.cast(nw.Float64)).round(0).cast(nw.Int64)


def pupil_days(rows: Frame, missed: Frame, plan: Scheduled) -> Frame:
    """Pupil-days on which something was registered, in minutes and counts.

    Returns
    -------
    narwhals.LazyFrame
        ``school, pupil, day, scheduled_minutes, absent_minutes, sick_minutes, medical_minutes, authorised_minutes,
        unauthorised_minutes, unexplained_minutes, luxury_minutes, excused_minutes, slots_missed, first_slot_missed,
        last_slot_missed, late_count, late_minutes, removed_count, code, unit``. Excused time (exemption, not required) has
        left ``scheduled_minutes``.
    """
    day = rows.group_by(PUPIL_DAY).agg(
        nw.col("scheduled").max(), nw.col("first_slot").max(), nw.col("last_slot").max(), nw.col("unit").max()
    )
    minutes, counted = nw.col("minutes"), nw.col("code") > _NOT_COUNTED
    authorised = nw.col("code") - nw.col("code") // 3 * 3
    parts = {
        "excused_minutes": ~counted,
        "absent_minutes": counted,
        "sick_minutes": _is(Kind.SICK),
        "medical_minutes": _is(Kind.MEDICAL_APPOINTMENT),
        "luxury_minutes": _is(Kind.LUXURY_LEAVE) & (authorised != AUTHORISED_CODES[Authorised.YES]),
        "authorised_minutes": counted & (authorised == AUTHORISED_CODES[Authorised.YES]),
        "unauthorised_minutes": counted & (authorised == AUTHORISED_CODES[Authorised.NO]),
        "unexplained_minutes": counted & (authorised == AUTHORISED_CODES[Authorised.UNKNOWN]),
    }
    where = missed.join(day, on=PUPIL_DAY, how="inner").with_columns(
        **{name: nw.when(which).then(minutes).otherwise(0) for name, which in parts.items()},
        slots_missed=(counted & (nw.col("slot") > 0)).cast(nw.Int64),
        first_slot_missed=(counted & (nw.col("slot") > 0) & (nw.col("slot") == nw.col("first_slot"))).cast(nw.Int64),
        last_slot_missed=(counted & (nw.col("slot") > 0) & (nw.col("slot") == nw.col("last_slot"))).cast(nw.Int64),
    )
    sums = where.group_by(PUPIL_DAY).agg(
        *(nw.col(name).sum() for name in parts),
        nw.col("slots_missed").sum(),
        nw.col("first_slot_missed").max(),
        nw.col("last_slot_missed").max(),
        nw.col("code").min().alias("_cell_code"),
    )
    events = _events(rows, plan)
    limit = nw.col("scheduled") - nw.col("excused_minutes")
    scale = nw.when(nw.col("absent_minutes") > limit).then(limit / nw.col("absent_minutes")).otherwise(1.0)
    counts = [
        *parts,
        "slots_missed",
        "first_slot_missed",
        "last_slot_missed",
        "late_count",
        "late_minutes",
        "removed_count",
    ]
    scaled = [name for name in parts if name != "excused_minutes"]
    return (
        day.join(sums, on=PUPIL_DAY, how="left")
        .join(events, on=PUPIL_DAY, how="left")
        .with_columns(*(nw.col(name).fill_null(0) for name in counts))
        .with_columns(excused_minutes=nw.min_horizontal("excused_minutes", "scheduled"))
        .with_columns(scheduled_minutes=limit, _scale=scale)
        .with_columns(*((nw.col(name) * nw.col("_scale")).round(0).cast(nw.Int64) for name in scaled))
        .with_columns(code=nw.coalesce("_cell_code", "_event_code"))
        # Who missed the whole day was not late for it.
        .with_columns(
            **{
                name: nw.when(
                    (nw.col("absent_minutes") >= nw.col("scheduled_minutes")) & (nw.col("absent_minutes") > 0)
                )
                .then(nw.lit(0).cast(nw.Int64))
                .otherwise(nw.col(name))
                for name in ("late_count", "late_minutes", "removed_count")
            }
        )
        # Registered, but at an hour for which nothing was scheduled: no time was missed and nothing happened.
        .filter(~nw.col("code").is_null())
        .drop("scheduled", "_scale", "first_slot", "last_slot", "_cell_code", "_event_code")
    )


def _events(rows: Frame, plan: Scheduled) -> Frame:
    """Lateness and removal, each once a lesson, on the day itself, and only where a lesson was scheduled."""
    stated = nw.when(nw.col("unit_stated") == Unit.MINUTES.value).then(nw.col("amount")).otherwise(0.0)
    at = rows.filter(nw.col("event") & (nw.col("day") == nw.col("start_day"))).with_columns(
        slot=nw.col("lo").fill_null(0),
        late_count=_is(Kind.LATE).cast(nw.Int64),
        removed_count=_is(Kind.REMOVED_FROM_CLASS).cast(nw.Int64),
        late_minutes=stated.fill_null(0.0).round(0).cast(nw.Int64),
    )
    free = at.filter((nw.col("slot") == 0) | (nw.col("numbered") == 0))
    key = ["school", "unit", "day", "slot"]
    in_lesson = at.filter((nw.col("slot") > 0) & (nw.col("numbered") > 0)).join(
        plan.slots.select(key), on=key, how="semi"
    )
    # A report and an observation of one lesson are one event; without a lesson, records are told apart.
    once = in_lesson.group_by([*PUPIL_DAY, "slot"]).agg(
        nw.col("late_count").max(), nw.col("removed_count").max(), nw.col("late_minutes").max(), nw.col("code").min()
    )
    columns = [*PUPIL_DAY, "late_count", "removed_count", "late_minutes", "code"]
    return (
        nw.concat([once.select(columns), free.select(columns)], how="vertical")
        .group_by(PUPIL_DAY)
        .agg(
            nw.col("late_count").sum(),
            nw.col("late_minutes").sum(),
            nw.col("removed_count").sum(),
            nw.col("code").min().alias("_event_code"),
        )
    )
