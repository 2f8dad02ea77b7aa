"""Absent time: registrations become cells of scheduled time, and cells become pupil-days.

Where several registrations cover one slot (a parent's report and a teacher's observation, say) the slot counts once,
under the kind that explains most (`data_contracts.reasons.KINDS`, ``precedence``). Lateness and removal are events: they
count, but take no time.
"""

from functools import cache

import narwhals as nw

from data_contracts.reasons import KINDS, Authorised, Kind
from data_contracts.tables import ABSENCES, Unit
from features.each_minute import CELL, each_minute_once
from features.fixed import fixed
from features.frames import Frame, held, settle
from features.keys import day_key_in, slot_in, with_slot
from features.registered import Registered
from features.scheduled import UNNUMBERED, Scheduled
from features.spans import AUTHORISED_CODES, FIRST_EVENT

DEFAULT_SLOT_MINUTES = 50  # a lesson hour where the timetable has whole days only (40-80 in practice, domain reference)
EVENT_SLOTS = 4_096  # lateness and removal stand in slots of their own from here on, one for each kind and lesson
HIGHEST_SLOT = int(ABSENCES.column("end_slot").maximum or 0)
"""Up to this number is up to the end of the day, however many lessons that has."""
_BY_CLOCK = 100_000
"""Further than any lesson of a day, in minutes."""
_LUMP = ["pupil_day", "unit_no", "slot", "minutes", "code"]


@cache
def kind_of(code: int) -> tuple[Kind, Authorised]:
    """Kind and authorised of a code, see `features.registered`."""
    kind = next(kind for kind, info in KINDS.items() if info.precedence == code // 3)
    authorised = next(word for word, number in AUTHORISED_CODES.items() if number == code % 3)
    return kind, authorised


def cells(found: Registered, plan: Scheduled) -> Frame:
    """Missed cells of scheduled time: ``pupil_day, unit_no, slot, minutes, code``.

    A slot that is missed wholly counts once, under the code that explains most. So does each minute of a slot of which
    parts were missed, by clock times. Slot 0 is the day as a whole: for timetables without slots, and for
    amounts of which the slot is not known. An event stands in a slot of its own (from `EVENT_SLOTS` on), so that a report
    and an observation of one are one; its minutes are those stated.
    """
    timed = found.rows.frame
    wholly = [found.lessons.with_columns(*_of_lesson()).select(CELL)]
    ranged = None
    if not found.rows.empty():
        ranged = timed.filter(_in_slots()).join(plan.slots, on="unit_day", how="inner").with_columns(_pupil_slot())
        wholly.append(ranged.filter(_inside()).select(CELL))
    parts = []
    if ranged is not None and found.rows.any("by_clock"):
        clock = settle(_overlapping(ranged.filter(_clocked())))
        wholly.append(clock.filter(_overlapped()).select(CELL))
        missed, within = _apart(settle(_once(wholly)), clock)
        parts = [_as_lumps(missed), _as_lumps(each_minute_once(within))]
    else:
        parts = [_as_lumps(_once(wholly))]
    # Without a lesson, records are told apart.
    parts.append(found.events.with_columns(*_of_event()).select(_LUMP))
    if found.rows.any("loose"):
        loose = settle(_with_days_covered(timed).with_columns(*_of_amount()))
        parts.append(loose.filter(~_placed()).select(_LUMP))
        parts.append(_as_lumps(each_minute_once(loose.filter(_placed()).with_columns(*_on_the_day()))))
    return nw.concat(parts, how="vertical")


@fixed
def _of_lesson() -> dict[str, nw.Expr]:
    event = nw.col("code") >= FIRST_EVENT
    slot = nw.col("slot") + nw.when(event).then(nw.col("code") // 3 * EVENT_SLOTS).otherwise(0)
    return {
        "pupil_slot": with_slot(nw.col("pupil_day"), slot),
        "minutes": nw.when(event).then(nw.col("late_minutes")).otherwise(nw.col("minutes")),
    }


@fixed
def _in_slots() -> nw.Expr:
    return ~nw.col("loose")


@fixed
def _pupil_slot() -> nw.Expr:
    return with_slot(nw.col("pupil_day"), nw.col("slot")).alias("pupil_slot")


@fixed
def _inside() -> nw.Expr:
    """Slots within the bounds of a registration by slots."""
    up_to = nw.col("hi").fill_null(UNNUMBERED * 3)
    return ~nw.col("_clocked") & ((nw.col("slot") >= nw.col("lo").fill_null(0)) & (nw.col("slot") <= up_to))


@fixed
def _clocked() -> nw.Expr:
    return nw.col("_clocked")


@fixed
def _overlapped() -> nw.Expr:
    return nw.col("_overlap") >= nw.col("minutes")


@fixed
def _of_event() -> dict[str, nw.Expr]:
    return {"slot": nw.lit(EVENT_SLOTS).cast(nw.Int64), "minutes": nw.col("late_minutes")}


@fixed
def _of_amount() -> dict[str, nw.Expr]:
    return {"minutes": _stated_minutes(), "slot": nw.lit(0).cast(nw.Int64)}


def _once(wholly: list[Frame]) -> Frame:
    missed = nw.concat(wholly, how="vertical") if len(wholly) > 1 else wholly[0]
    return missed.group_by("pupil_slot").agg(*_slot_together())


@fixed
def _slot_together() -> tuple[nw.Expr, ...]:
    return nw.col("unit_no").max(), nw.col("minutes").max(), nw.col("code").min()


def _as_lumps(cell: Frame) -> Frame:
    return cell.with_columns(*_day_and_slot()).select(_LUMP)


@fixed
def _day_and_slot() -> dict[str, nw.Expr]:
    return {"pupil_day": day_key_in(nw.col("pupil_slot")), "slot": slot_in(nw.col("pupil_slot"))}


def _overlapping(clock: Frame) -> Frame:
    return clock.with_columns(*_overlap()).filter(_some_overlap()).select(*CELL, "_start", "_from", "_overlap")


@fixed
def _overlap() -> dict[str, nw.Expr]:
    start = nw.col("start_minute").cast(nw.Int64)
    end = nw.min_horizontal(nw.col("clock_hi").fill_null(1440), start + nw.col("minutes"))
    begin = nw.max_horizontal(nw.col("clock_lo").fill_null(0), start)
    return {"_start": start, "_from": begin, "_overlap": end - begin}


@fixed
def _some_overlap() -> nw.Expr:
    return nw.col("_overlap") > 0


def _apart(missed: Frame, clock: Frame) -> tuple[Frame, Frame]:
    """Slots that were missed under one code, and parts of those that were not: `CELL` of parts with ``_from, _to``.

    Part of a slot that was missed wholly stands on its own where its code explains more; the rest keeps that of the whole.
    """
    columns = [*CELL, "_from", "_to"]
    parts = clock.filter(_in_part()).with_columns(*_of_part())
    whole = missed.select("pupil_slot", _whole="code", _minutes="minutes")
    beside = parts.join(missed.select("pupil_slot"), on="pupil_slot", how="anti").select(columns)
    both = held(parts.join(whole, on="pupil_slot", how="inner").filter(_explains_more()))
    if both.empty():
        return missed, beside
    rest = both.frame.with_columns(*_of_whole()).unique(subset=["pupil_slot"], keep="any")
    within = nw.concat([each.select(columns) for each in (beside, both.frame, rest)], how="vertical")
    return missed.join(both.frame.select("pupil_slot"), on="pupil_slot", how="anti"), within


@fixed
def _explains_more() -> nw.Expr:
    return nw.col("code") < nw.col("_whole")


@fixed
def _of_whole() -> dict[str, nw.Expr]:
    return {
        "code": nw.col("_whole"),
        "minutes": nw.col("_minutes"),
        "_from": nw.col("_start"),
        "_to": nw.col("_start") + nw.col("_minutes"),
    }


@fixed
def _placed() -> nw.Expr:
    """Whether it is said where in the day a registration lies."""
    return nw.col("_slotted") | nw.col("_clocked")


@fixed
def _on_the_day() -> dict[str, nw.Expr]:
    """Where registrations by lesson or clock lie on a day of which only the length is known: each on a line of its own kind."""
    lesson = (nw.col("lo").fill_null(1) - 1) * DEFAULT_SLOT_MINUTES
    begin = nw.when(nw.col("_slotted")).then(lesson).otherwise(_BY_CLOCK + nw.col("clock_lo").fill_null(0))
    return {
        "pupil_slot": with_slot(nw.col("pupil_day"), nw.lit(0)),
        "_from": begin.cast(nw.Int64),
        "_to": begin.cast(nw.Int64) + nw.col("minutes"),
    }


@fixed
def _in_part() -> nw.Expr:
    return nw.col("_overlap") < nw.col("minutes")


@fixed
def _of_part() -> dict[str, nw.Expr]:
    return {"minutes": nw.col("_overlap"), "_to": nw.col("_from") + nw.col("_overlap")}


def _with_days_covered(timed: Frame) -> Frame:
    """Of what is stated as an amount, add over how many days it is spread."""
    keys = ["pupil_no", "record"]
    covered = timed.filter(_with_amount()).group_by(keys).agg(*_days_covered())
    return timed.filter(_loose()).join(covered, on=keys, how="left").with_columns(_one_day_at_least())


@fixed
def _with_amount() -> nw.Expr:
    return ~nw.col("amount").is_null()


@fixed
def _loose() -> nw.Expr:
    return nw.col("loose")


@fixed
def _days_covered() -> tuple[nw.Expr, ...]:
    return nw.len().alias("days_covered"), nw.col("days_elsewhere").max().alias("_elsewhere")


@fixed
def _one_day_at_least() -> nw.Expr:
    return (
        (nw.col("days_covered").fill_null(1) + nw.col("_elsewhere").fill_null(0)).cast(nw.Int64).alias("days_covered")
    )


def _stated_minutes() -> nw.Expr:
    scheduled, slots = nw.col("scheduled"), nw.col("slots")
    slot = nw.when(nw.col("numbered") > 0).then(scheduled / slots).otherwise(float(DEFAULT_SLOT_MINUTES))
    # Hours of a day without slots: up to `hi`, or from `lo` to the end of the day, or both.
    end = nw.max_horizontal(scheduled // DEFAULT_SLOT_MINUTES, nw.col("lo"))
    last = nw.when(nw.col("one_day")).then(nw.col("lo")).otherwise(end)
    last = nw.when(nw.col("hi") == HIGHEST_SLOT).then(end).otherwise(nw.coalesce(nw.col("hi"), last))
    hours = (last - nw.col("lo").fill_null(1) + 1) * slot
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
