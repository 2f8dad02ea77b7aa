"""Absent time: registrations become cells of scheduled time, and cells become pupil-days.

Where several registrations cover one slot (a parent's report and a teacher's observation, say) the slot counts once,
under the kind that explains most (`data_contracts.reasons.KINDS`, ``precedence``). Lateness and removal are events: they
count, but take no time.
"""

from functools import cache

import narwhals as nw

from data_contracts.reasons import KINDS, Authorised, Kind
from data_contracts.tables import Unit
from features.frames import Frame, like, settle
from features.keys import day_in, day_key_in, number_in, slot_in, with_day, with_slot
from features.registered import AUTHORISED_CODES, FIRST_EVENT, Registered
from features.scheduled import UNNUMBERED, Scheduled

DEFAULT_SLOT_MINUTES = 50  # a lesson hour where the timetable has whole days only (40-80 in practice, domain reference)
EVENT_SLOTS = 4_096  # lateness and removal stand in slots of their own from here on, one for each kind and lesson
MINUTES = (
    "excused_minutes",
    "absent_minutes",
    "sick_minutes",
    "medical_minutes",
    "luxury_minutes",
    "authorised_minutes",
    "unauthorised_minutes",
    "unexplained_minutes",
)
EVENTS = ("late_count", "late_minutes", "removed_count")
_CELL = ["pupil_slot", "unit_no", "minutes", "code"]
_LUMP = ["pupil_day", "unit_no", "slot", "minutes", "code"]


@cache
def kind_of(code: int) -> tuple[Kind, Authorised]:
    """Kind and authorised of a code, see `features.registered`."""
    kind = next(kind for kind, info in KINDS.items() if info.precedence == code // 3)
    authorised = next(word for word, number in AUTHORISED_CODES.items() if number == code % 3)
    return kind, authorised


def cells(found: Registered, plan: Scheduled) -> Frame:
    """Missed cells of scheduled time: ``pupil_day, unit_no, slot, minutes, code``.

    A slot that is missed wholly counts once, under the code that explains most. Parts of a slot, by clock times, add up
    per code where the slot was not missed wholly. Slot 0 is the day as a whole: for timetables without slots, and for
    amounts of which the slot is not known. An event stands in a slot of its own (from `EVENT_SLOTS` on), so that a report
    and an observation of one are one; its minutes are those stated.
    """
    timed = found.rows.frame
    event = nw.col("code") >= FIRST_EVENT
    slot = nw.col("slot") + nw.when(event).then(nw.col("code") // 3 * EVENT_SLOTS).otherwise(0)
    wholly = [
        found.lessons.with_columns(
            pupil_slot=with_slot(nw.col("pupil_day"), slot),
            minutes=nw.when(event).then(nw.col("late_minutes")).otherwise(nw.col("minutes")),
        ).select(_CELL)
    ]
    ranged = None
    if not found.rows.empty():
        ranged = timed.filter(~nw.col("loose")).join(plan.slots, on="unit_day", how="inner")
        ranged = ranged.with_columns(pupil_slot=with_slot(nw.col("pupil_day"), nw.col("slot")))
        up_to = nw.col("hi").fill_null(UNNUMBERED * 3)
        inside = (nw.col("slot") >= nw.col("lo").fill_null(0)) & (nw.col("slot") <= up_to)
        wholly.append(ranged.filter(~nw.col("_clocked") & inside).select(_CELL))
    parts = []
    if ranged is not None and found.rows.any("by_clock"):
        clock = settle(_overlapping(ranged.filter(nw.col("_clocked"))))
        wholly.append(clock.filter(nw.col("_overlap") >= nw.col("minutes")).select(_CELL))
        missed = settle(_once(wholly))
        parts = [_as_lumps(missed), _as_lumps(_partly(clock, missed))]
    else:
        parts = [_as_lumps(_once(wholly))]
    # Without a lesson, records are told apart.
    free = found.events.with_columns(slot=nw.lit(EVENT_SLOTS).cast(nw.Int64), minutes=nw.col("late_minutes"))
    parts.append(free.select(_LUMP))
    if found.rows.any("loose"):
        lumps = _with_days_covered(timed)
        lumps = lumps.with_columns(minutes=_stated_minutes(), slot=nw.lit(0).cast(nw.Int64))
        parts.append(lumps.select(_LUMP))
    return nw.concat(parts, how="vertical")


def _once(wholly: list[Frame]) -> Frame:
    missed = nw.concat(wholly, how="vertical") if len(wholly) > 1 else wholly[0]
    return missed.group_by("pupil_slot").agg(nw.col("unit_no").max(), nw.col("minutes").max(), nw.col("code").min())


def _as_lumps(cell: Frame) -> Frame:
    where = {"pupil_day": day_key_in(nw.col("pupil_slot")), "slot": slot_in(nw.col("pupil_slot"))}
    return cell.with_columns(**where).select(_LUMP)


def _overlapping(clock: Frame) -> Frame:
    start = nw.col("start_minute").cast(nw.Int64)
    end = nw.min_horizontal(nw.col("clock_hi").fill_null(1440), start + nw.col("minutes"))
    overlap = end - nw.max_horizontal(nw.col("clock_lo").fill_null(0), start)
    return clock.with_columns(_overlap=overlap).filter(nw.col("_overlap") > 0).select(*_CELL, "_overlap")


def _partly(clock: Frame, missed: Frame) -> Frame:
    """Parts of slots that were not missed wholly, added up per code, never more than the slot."""
    parts = clock.filter(nw.col("_overlap") < nw.col("minutes"))
    by_code = parts.join(missed.select("pupil_slot"), on="pupil_slot", how="anti").group_by(["pupil_slot", "code"])
    sums = by_code.agg(nw.col("_overlap").sum(), nw.col("minutes").max(), nw.col("unit_no").max())
    return sums.with_columns(minutes=nw.min_horizontal("_overlap", "minutes")).select(_CELL)


def _with_days_covered(timed: Frame) -> Frame:
    """Of what is stated as an amount, add over how many days it is spread."""
    keys = ["pupil_no", "record"]
    covered = timed.filter(~nw.col("amount").is_null()).group_by(keys).agg(nw.len().alias("days_covered"))
    lumps = timed.filter(nw.col("loose")).join(covered, on=keys, how="left")
    return lumps.with_columns(nw.col("days_covered").fill_null(1).cast(nw.Int64))


def _stated_minutes() -> nw.Expr:
    scheduled, slots = nw.col("scheduled"), nw.col("slots")
    slot = nw.when(nw.col("numbered") > 0).then(scheduled / slots).otherwise(float(DEFAULT_SLOT_MINUTES))
    # Hours of a day without slots: up to `hi`, or from `lo` to the end of the day, or both.
    last = scheduled // DEFAULT_SLOT_MINUTES
    last = nw.when(nw.col("one_day")).then(nw.col("lo")).otherwise(nw.max_horizontal(last, nw.col("lo")))
    hours = (nw.coalesce(nw.col("hi"), last) - nw.col("lo").fill_null(1) + 1) * slot
    clock = (nw.col("clock_hi").fill_null(1440) - nw.col("clock_lo").fill_null(0)).cast(nw.Float64)
    # An amount over several days is their total.
    amount = nw.col("amount") / nw.col("days_covered")
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
    # Half a minute counts as one; engines differ in how they round it themselves.
    return (nw.min_horizontal(minutes, scheduled.cast(nw.Float64)) + 0.5).floor().cast(nw.Int64)


def pupil_days(missed: Frame, plan: Scheduled) -> Frame:
    """Pupil-days on which something was registered, in minutes and counts.

    Returns
    -------
    narwhals.LazyFrame
        ``pupil_day, pupil_no, unit_day, day, scheduled_minutes``, `MINUTES`, `EVENTS`, ``slots_missed, first_slot_missed,
        last_slot_missed, code``. Excused time (exemption, not required) has left ``scheduled_minutes``.
    """
    counted = nw.col("_counted") == 1
    lesson = (nw.col("slot") > 0) & (nw.col("slot") < EVENT_SLOTS)
    where = missed.join(_meanings(missed), on="code", how="left").with_columns(
        nw.col(*MINUTES, "late_minutes") * nw.col("minutes"),
        slots_missed=nw.col("_counted") * lesson.cast(nw.Int64),
        _at=nw.when(counted & lesson).then(nw.col("slot")),
    )
    sums = where.group_by("pupil_day").agg(
        nw.col(*MINUTES, *EVENTS, "slots_missed").sum(),
        nw.col("code").min(),
        nw.col("unit_no").max(),
        nw.col("_at").min().alias("_first"),
        nw.col("_at").max().alias("_last"),
    )
    sums = sums.with_columns(pupil_no=number_in(nw.col("pupil_day")), day=day_in(nw.col("pupil_day")))
    unit_day = with_day(nw.col("unit_no"), nw.col("day"))
    days = plan.days.select("unit_day", "scheduled", "first_slot", "last_slot")
    # All of these days are known: a left join leaves the many rows where they are.
    return _limited(sums.with_columns(unit_day=unit_day).join(days, on="unit_day", how="left"))


def _limited(days: Frame) -> Frame:
    """Bring the minutes of each day within what was scheduled."""
    kinds = [name for name in MINUTES if name != "excused_minutes"]
    limit, absent = nw.col("scheduled_minutes"), nw.col("absent_minutes")
    # Who missed the whole day was not late for it.
    present = (absent < limit) | (absent == 0) | (limit == 0)
    return (
        days.with_columns(excused_minutes=nw.min_horizontal("excused_minutes", "scheduled"))
        .with_columns(scheduled_minutes=nw.col("scheduled") - nw.col("excused_minutes"))
        .with_columns(
            # Whole numbers from beginning to end: shares of minutes would round differently from engine to engine.
            _part=2 * nw.min_horizontal(absent, limit),
            _of=nw.max_horizontal(absent, nw.lit(1)),
            _present=present.cast(nw.Int64),
            first_slot_missed=(nw.col("_first") == nw.col("first_slot")).fill_null(value=False).cast(nw.Int64),
            last_slot_missed=(nw.col("_last") == nw.col("last_slot")).fill_null(value=False).cast(nw.Int64),
        )
        .with_columns(
            (nw.col(*kinds) * nw.col("_part") + nw.col("_of")) // (2 * nw.col("_of")),
            nw.col(*EVENTS) * nw.col("_present"),
        )
        .drop("scheduled", "first_slot", "last_slot", "_first", "_last", "_part", "_of", "_present", "unit_no")
    )


def _meanings(frame: Frame) -> Frame:
    """What each code counts as: 0 or 1 under each of `MINUTES` and `EVENTS`, and ``_counted``."""
    rows = []
    for code in range(3 * (max(info.precedence for info in KINDS.values()) + 1)):
        kind, authorised = kind_of(code)
        event = KINDS[kind].event_only
        counts = KINDS[kind].counts and not event
        rows.append(
            {
                "code": code,
                "excused_minutes": not KINDS[kind].counts,
                "absent_minutes": counts,
                "sick_minutes": kind is Kind.SICK,
                "medical_minutes": kind is Kind.MEDICAL_APPOINTMENT,
                "luxury_minutes": kind is Kind.LUXURY_LEAVE and authorised is not Authorised.YES,
                "authorised_minutes": counts and authorised is Authorised.YES,
                "unauthorised_minutes": counts and authorised is Authorised.NO,
                "unexplained_minutes": counts and authorised is Authorised.UNKNOWN,
                "late_count": kind is Kind.LATE,
                "late_minutes": kind is Kind.LATE,
                "removed_count": kind is Kind.REMOVED_FROM_CLASS,
                "_counted": counts,
            }
        )
    columns = {name: [int(row[name]) for row in rows] for name in rows[0]}
    return like(frame, columns, dict.fromkeys(columns, nw.Int64))


def subjects_missed(missed: Frame, days: Frame, subjects: Frame) -> Frame:
    """Missed lessons by subject, on days that were not missed altogether: ``pupil_day, subject, lessons``.

    Parameters
    ----------
    missed
        See `cells`.
    days
        Days on which the pupil was there for part of the day: ``pupil_day``.
    subjects
        See `features.scheduled.Scheduled`.
    """
    lesson = (nw.col("slot") > 0) & (nw.col("slot") < EVENT_SLOTS)
    counts = [3 * info.precedence for info in KINDS.values() if not info.counts]
    day = with_day(nw.col("unit_no"), day_in(nw.col("pupil_day")))
    return (
        missed.filter(lesson, nw.col("code") > max(counts) + 2)
        .join(days.select("pupil_day"), on="pupil_day", how="semi")
        .with_columns(unit_slot=with_slot(day, nw.col("slot")))
        .join(subjects, on="unit_slot", how="inner")
        .group_by(["pupil_day", "subject"])
        .agg(nw.col("slot").n_unique().alias("lessons"))
        .with_columns(nw.col("lessons").cast(nw.Int64))
    )
