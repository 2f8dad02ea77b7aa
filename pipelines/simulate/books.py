"""What the school writes down of it, when, and how it is corrected: the register as a list of versions.

Schools learn late, guess, and mend: a report of illness without an end, an empty chair that turns out to be truancy or
illness, a mark for the wrong pupil that is taken back, teachers who take no register.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from data_contracts.reasons import Kind
from pipelines.simulate.arrays import Bools, Ints, chance, runs
from pipelines.simulate.clock import Clock
from pipelines.simulate.days import Attendance, code
from pipelines.simulate.region import Place
from pipelines.simulate.school_plan import Plan

KINDS = tuple(Kind)
DAY = 24 * 60
OPEN = -1
"""End of a report whose end is not known yet."""

UNREPORTED = 0.04
"""Illness that parents report only days later: first an empty chair."""
LATE_ENTRY = (0.05, 0.012)
"""Shares of reports entered one to five, and six to nineteen, school days late."""
FOUND_OUT = 0.91
"""Truancy that is recognised as such, two to seven school days later; the rest stays unexplained."""
UNEXPLAINED_BECOMES = ((Kind.TRUANCY, 0.35), (Kind.SICK, 0.12), (Kind.OTHER_AUTHORISED, 0.08))
LUXURY_AT_ONCE = 0.3
WRONG_PUPIL = 0.006
"""Marks for the wrong pupil, of all marks; most are withdrawn within days."""
WRONG_NOTICED = 0.85
ONE_DAY_FIRST = 0.4
"""Reports of illness entered for one day and prolonged, rather than left open."""

STILL_REGISTERED = 12
"""In a silent week one in so many absences is registered all the same."""

SCHEMA = {
    "record": pl.Int64,
    "pupil": pl.Int32,
    "start": pl.Int32,
    "end": pl.Int32,
    "from_slot": pl.Int8,
    "to_slot": pl.Int8,
    "minutes": pl.Int16,
    "kind": pl.Int8,
    "observation": pl.Boolean,
    "at": pl.Int64,
    "withdrawn": pl.Boolean,
}
"""One row a version. ``pupil`` is the stay's index; ``start``/``end`` are places on the clock; slots count from 1, 0 is
the whole day; ``kind`` is an index into `KINDS`; ``at`` is local time in minutes since 1970."""


@dataclass(frozen=True)
class Desk:
    """Everything needed to write down one school's absences."""

    rng: np.random.Generator
    place: Place
    clock: Clock
    plan: Plan
    attendance: Attendance

    def moment(self, day: Ints, minute: Ints | int) -> Ints:
        """Local minutes since 1970 of a minute of a school day; days beyond the horizon count on from its end."""
        inside = np.clip(day, 0, self.clock.count - 1)
        midnight = self.clock.days[inside].astype("datetime64[m]").astype(np.int64)
        return np.asarray(midnight + (day - inside) * DAY + minute)

    def morning(self, day: Ints) -> Ints:
        """Return a moment between 7:45 and 9:30 on each day."""
        return self.moment(day, self.rng.integers(465, 570, len(day)))

    def slot_end(self, day: Ints, slot: Ints) -> Ints:
        """Return the end of the slot (numbered from 1) on each day."""
        return self.moment(day, (self.plan.slot_start + self.plan.slot_minutes)[slot - 1])


def write_books(desk: Desk) -> pl.DataFrame:
    """Return all versions of all absences of one school, see `SCHEMA`."""
    parts = [*_illness(desk), *_planned(desk), _appointments(desk), *_empty_chairs(desk), *_events(desk), _wrong(desk)]
    offset, numbered = 0, []
    for part in parts:
        numbered.append(part.with_columns(record=pl.col("record") + offset))
        offset += int(part["record"].to_numpy().max(initial=-1)) + 1
    return _without_silent_week(desk, pl.concat(numbered)).sort("record", "at")


def _without_silent_week(desk: Desk, books: pl.DataFrame) -> pl.DataFrame:
    """Leave out nearly all that began in the week in which a school registered next to nothing."""
    if desk.place.silent is None:
        return books
    week = np.asarray([desk.place.silent, desk.place.silent + timedelta(days=7)], dtype="datetime64[D]")
    first, end = desk.clock.place(week)
    kept = pl.col("record") % STILL_REGISTERED == 0
    return books.filter((pl.col("start") < int(first)) | (pl.col("start") >= int(end)) | kept)


def _frame(
    *, record: Ints | None = None, pupil: Ints, start: Ints, end: Ints | None = None, at: Ints, **others: object
) -> pl.DataFrame:
    count = len(pupil)
    columns: dict[str, object] = {
        "record": np.arange(count) if record is None else record,
        "pupil": pupil,
        "start": start,
        "end": start if end is None else end,
        "at": at,
        "from_slot": 0,
        "to_slot": 0,
        "minutes": 0,
        "observation": False,
        "withdrawn": False,
    }
    columns.update(others)
    arrays = {name: np.broadcast_to(np.asarray(columns[name]), (count,)) for name in SCHEMA}
    return pl.DataFrame(arrays).cast(SCHEMA)  # type: ignore[arg-type]


def _kind(kind: Kind) -> int:
    return KINDS.index(kind)


def _entered(desk: Desk, start: Ints, from_slot: Ints) -> Ints:
    """When a report is entered: that morning, on going home ill, or days late."""
    rng = desk.rng
    often, seldom = LATE_ENTRY
    lag = np.where(chance(rng, often, shape=start.shape), rng.integers(1, 6, len(start)), 0)
    lag = np.where(chance(rng, seldom, shape=start.shape), rng.integers(6, 20, len(start)), lag)
    going_home = desk.moment(start, desk.plan.slot_start[np.maximum(from_slot, 1) - 1]) + rng.integers(
        5, 40, len(start)
    )
    return np.where((from_slot > 1) & (lag == 0), going_home, desk.morning(start + lag))


def _illness(desk: Desk) -> list[pl.DataFrame]:
    """Reports of illness: one a spell with an end that is filled in later, or one a day."""
    rng, attendance = desk.rng, desk.attendance
    ill = (attendance.days == code(Kind.SICK)) & desk.plan.there
    pupil, start, end = runs(ill)
    if desk.place.daily:
        pupil, start = np.nonzero(ill)
        end = start
    from_slot = attendance.sick_from[pupil, start].astype(np.int64)
    from_slot = np.where(from_slot > 0, from_slot + 1, 0)
    at = _entered(desk, start, from_slot)
    quiet = chance(rng, UNREPORTED, shape=at.shape)
    at = np.where(quiet, desk.morning(start + rng.integers(1, 5, len(start))), at)
    sick, record = _kind(Kind.SICK), np.arange(len(pupil))
    chairs = _chairs_before_report(desk, pupil[quiet], start[quiet], until=at[quiet])
    if desk.place.daily:
        return [_frame(pupil=pupil, start=start, at=at, from_slot=from_slot, kind=sick), chairs]
    back = np.maximum(desk.morning(end + 1), at + 1)
    one_day = chance(rng, ONE_DAY_FIRST, shape=at.shape)
    longer = end > start
    first = _frame(pupil=pupil, start=start, end=np.where(one_day, start, OPEN), at=at, from_slot=from_slot, kind=sick)
    prolonged = one_day & longer
    next_day = np.maximum(desk.morning(start + 1), at + 1)
    second = _frame(
        record=record,
        pupil=pupil,
        start=start,
        end=np.full(len(end), OPEN),
        at=next_day,
        from_slot=from_slot,
        kind=sick,
    )
    closed = ~one_day | longer
    back = np.maximum(back, next_day + 1)
    third = _frame(record=record, pupil=pupil, start=start, end=end, at=back, from_slot=from_slot, kind=sick)
    return [pl.concat([first, second.filter(pl.Series(prolonged)), third.filter(pl.Series(closed))]), chairs]


def _chairs_before_report(desk: Desk, pupil: Ints, day: Ints, *, until: Ints) -> pl.DataFrame:
    """Lessons of an unreported first day of illness: unexplained, and taken back when the report comes."""
    seen = _seen(desk)[pupil, day] & (desk.attendance.cells[pupil, day] > 0)
    which, slot = np.nonzero(seen)
    slot = slot + 1
    begun = desk.slot_end(day[which], slot)
    kept = begun < until[which]
    which, slot, begun = which[kept], slot[kept], begun[kept]
    fields = {"pupil": pupil[which], "start": day[which], "from_slot": slot, "to_slot": slot, "observation": True}
    marked = _frame(at=begun, kind=_kind(Kind.UNEXPLAINED), **fields)  # type: ignore[arg-type]
    back = _frame(at=until[which], kind=_kind(Kind.UNEXPLAINED), withdrawn=True, **fields)  # type: ignore[arg-type]
    return pl.concat([marked, back])


def _seen(desk: Desk) -> Bools:
    """Slots in which a register was taken."""
    return desk.attendance.required & ~desk.plan.of_pupils(desk.plan.missed, desk.clock)


def _planned(desk: Desk) -> list[pl.DataFrame]:
    """Leave, religious days, suspension: entered before. Luxury leave: mostly found out afterwards."""
    rng, days = desk.rng, desk.attendance.days
    parts = []
    for kind in (Kind.LEAVE, Kind.RELIGIOUS, Kind.OTHER_AUTHORISED, Kind.SUSPENSION):
        pupil, start, end = runs((days == code(kind)) & desk.plan.there)
        ahead = rng.integers(0, 2 if kind is Kind.SUSPENSION else 15, len(pupil))
        parts.append(_frame(pupil=pupil, start=start, end=end, at=desk.morning(start) - ahead * DAY, kind=_kind(kind)))
    pupil, start, end = runs((days == code(Kind.LUXURY_LEAVE)) & desk.plan.there)
    at_once = chance(rng, LUXURY_AT_ONCE, shape=start.shape)
    at = desk.morning(start)
    first = np.where(at_once, _kind(Kind.LUXURY_LEAVE), _kind(Kind.UNEXPLAINED))
    found = at + rng.integers(3, 11, len(at)) * DAY
    record = np.arange(len(pupil))
    guess = _frame(pupil=pupil, start=start, end=end, at=at, kind=first)
    mended = _frame(record=record, pupil=pupil, start=start, end=end, at=found, kind=_kind(Kind.LUXURY_LEAVE))
    return [*parts, pl.concat([guess, mended.filter(pl.Series(~at_once))])]


def _appointments(desk: Desk) -> pl.DataFrame:
    """Appointments: some slots of a day, told beforehand or that morning."""
    cells = desk.attendance.cells
    row, first, last = runs(cells.reshape(-1, cells.shape[2]) == code(Kind.MEDICAL_APPOINTMENT))
    pupil, day = np.divmod(row, desk.clock.count)
    ahead = np.where(chance(desk.rng, 0.6, shape=day.shape), desk.rng.integers(1, 15, len(day)), 0)
    at = desk.morning(day) - ahead * DAY
    return _frame(
        pupil=pupil, start=day, at=at, from_slot=first + 1, to_slot=last + 1, kind=_kind(Kind.MEDICAL_APPOINTMENT)
    )


def _marked(desk: Desk, day: Ints, slot: Ints) -> Ints:
    """When a teacher marks it: at once, that afternoon, or days later."""
    rng = desk.rng
    at = desk.slot_end(day, slot) - rng.integers(0, 40, len(day))
    at = np.where(chance(rng, 0.08, shape=at.shape), np.maximum(at, desk.moment(day, 970)), at)
    return np.where(chance(rng, 0.02, shape=at.shape), at + rng.integers(1, 4, len(at)) * DAY, at)


def _empty_chairs(desk: Desk) -> list[pl.DataFrame]:
    """Lessons missed without a report: unexplained first; many become truancy, some illness after all."""
    rng, seen = desk.rng, _seen(desk)
    parts = []
    for truth, becomes in ((Kind.TRUANCY, ((Kind.TRUANCY, FOUND_OUT),)), (Kind.UNEXPLAINED, UNEXPLAINED_BECOMES)):
        pupil, day, slot = np.nonzero(seen & (desk.attendance.cells == code(truth)))
        slot = slot + 1
        at = _marked(desk, day, slot)
        fields = {"pupil": pupil, "start": day, "from_slot": slot, "to_slot": slot, "observation": True}
        marked = _frame(at=at, kind=_kind(Kind.UNEXPLAINED), **fields)  # type: ignore[arg-type]
        bounds = np.cumsum([share for _, share in becomes])
        outcome = np.searchsorted(bounds, rng.random(len(pupil)), side="right")
        kinds = np.asarray([*(_kind(kind) for kind, _ in becomes), 0])[outcome]
        later = np.maximum(desk.morning(day + rng.integers(2, 8, len(day))), at + 1)
        mended = _frame(record=np.arange(len(pupil)), at=later, kind=kinds, **fields)  # type: ignore[arg-type]
        parts.append(pl.concat([marked, mended.filter(pl.Series(outcome < len(becomes)))]))
    return parts


def _events(desk: Desk) -> list[pl.DataFrame]:
    """Lateness with its minutes, and removals, where the register was taken."""
    parts, seen = [], _seen(desk)
    for kind, slots in ((Kind.LATE, desk.attendance.late), (Kind.REMOVED_FROM_CLASS, desk.attendance.removed)):
        pupil, day = np.nonzero(slots)
        slot = slots[pupil, day].astype(np.int64)
        kept = seen[pupil, day, slot - 1]
        pupil, day, slot = pupil[kept], day[kept], slot[kept]
        minutes = desk.attendance.late_minutes[pupil, day] if kind is Kind.LATE else 0
        parts.append(
            _frame(
                pupil=pupil, start=day, from_slot=slot, to_slot=slot, minutes=minutes, observation=True,
                at=_marked(desk, day, slot), kind=_kind(kind),
            )
        )  # fmt: skip
    return parts


def _wrong(desk: Desk) -> pl.DataFrame:
    """Marks for the wrong pupil: somebody who was there. Most are noticed and withdrawn."""
    rng = desk.rng
    cells = desk.attendance.cells
    present = _seen(desk) & (cells == 0) & (desk.attendance.late == 0)[:, :, None]
    marks = int(WRONG_PUPIL * (cells > 0).sum())
    drawn = np.unique(rng.integers(0, cells.size, 3 * marks))
    chosen = rng.permutation(drawn[present.reshape(-1)[drawn]])[:marks]
    pupil, day, slot = np.unravel_index(chosen, cells.shape)
    slot = slot + 1
    at = _marked(desk, day, slot)
    fields = {"pupil": pupil, "start": day, "from_slot": slot, "to_slot": slot, "observation": True}
    marked = _frame(at=at, kind=_kind(Kind.UNEXPLAINED), **fields)  # type: ignore[arg-type]
    noticed = chance(rng, WRONG_NOTICED, shape=at.shape)
    back = at + rng.integers(60, 4 * DAY, len(at))
    taken_back = _frame(record=np.arange(len(at)), at=back, kind=_kind(Kind.UNEXPLAINED), withdrawn=True, **fields)  # type: ignore[arg-type]
    return pl.concat([marked, taken_back.filter(pl.Series(noticed))])
