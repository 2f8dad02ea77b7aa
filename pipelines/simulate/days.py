"""What really happened at one school: who was away in which slot and why, and who came late. The truth, not the books."""

from dataclasses import dataclass

import numpy as np

from data_contracts.reasons import Kind
from pipelines.simulate.arrays import Bools, Floats, Small, chance, flat, per_day
from pipelines.simulate.clock import Clock, season
from pipelines.simulate.habits import Habits
from pipelines.simulate.names import BACKGROUNDS
from pipelines.simulate.paths import AWAY_KINDS, Pull
from pipelines.simulate.roster import Persons
from pipelines.simulate.school_plan import SUBJECTS, Plan

KINDS_OF_CELLS: tuple[Kind | None, ...] = (
    None,
    Kind.SICK,
    Kind.MEDICAL_APPOINTMENT,
    Kind.LEAVE,
    Kind.RELIGIOUS,
    Kind.LUXURY_LEAVE,
    Kind.TRUANCY,
    Kind.UNEXPLAINED,
    Kind.SUSPENSION,
    Kind.OTHER_AUTHORISED,
)
"""What a number in a cell means; 0 is present."""

# Eid al-Fitr and Eid al-Adha, or the school day next to them.
_RELIGIOUS_DAYS = np.asarray(["2025-03-31", "2025-06-06", "2026-03-20", "2026-05-27"], dtype="datetime64[D]")
MOST_OFTEN_ILL, MOST_OFTEN_ILL_ON_A_PATH = 0.065, 0.2
"""Bounds of the chance a day to fall ill: of a pupil's own, and on a path."""
MOST_OFTEN_SKIPPED, MOST_OFTEN_SKIPPED_ON_A_PATH = 0.14, 0.35
"""The same for skipping a lesson."""
_OBSERVE = tuple(BACKGROUNDS.index(name) for name in ("turkish", "moroccan"))


def code(kind: Kind) -> int:
    """Return the number of `kind` in a cell."""
    return KINDS_OF_CELLS.index(kind)


@dataclass(frozen=True)
class Attendance:
    """What happened. P stays, D school days, S slots.

    Parameters
    ----------
    required
        Shape (P, D, S): expected to be there.
    cells
        Shape (P, D, S): why away, an index into `KINDS_OF_CELLS`; 0 where present or not expected.
    days
        Shape (P, D): why away all day (or, for illness, from `sick_from` on).
    sick_from
        Shape (P, D): slot index at which a day of illness begins.
    late, removed
        Shape (P, D): slot number (from 1) of coming late or being sent out; 0 for neither.
    late_minutes
        Shape (P, D).
    """

    required: Bools
    cells: Small
    days: Small
    sick_from: Small
    late: Small
    removed: Small
    late_minutes: Small


@dataclass(frozen=True)
class Scene:
    """Where pupils live their days: P stays at one school.

    Parameters
    ----------
    habits, clock, plan
        The sector's figures, the school's days and its timetable.
    persons
        One row a stay.
    pulled
        What the paths do.
    levels
        Shape (P, D): how much more lessons are skipped in higher years.
    """

    habits: Habits
    clock: Clock
    plan: Plan
    persons: Persons
    pulled: Pull
    levels: Floats


def live(rng: np.random.Generator, scene: Scene) -> Attendance:
    """Let one school's pupils live their days."""
    habits, persons, pulled = scene.habits, scene.persons, scene.pulled
    required = scene.plan.expected(scene.clock, cancelled_until=scene.clock.count)
    days, sick_from = _whole_days(rng, scene)
    slot = np.arange(required.shape[2])
    ill = (days == code(Kind.SICK))[:, :, None]
    covered = (days > 0)[:, :, None] & (~ill | (slot >= sick_from[:, :, None]))
    cells = np.where(covered & required, days[:, :, None], 0).astype(np.int8)
    _appointments(rng, scene, cells=cells, required=required)
    _single_lessons(rng, scene, cells=cells, required=required)
    present = required & (cells == 0)
    late_chance = habits.late * persons.late[:, None] * (1 + pulled.channels["late"])
    removed_chance = habits.removed * np.minimum(persons.truant, 5)[:, None] + pulled.channels["removed"]
    late = _one_slot(rng, late_chance.astype(np.float32), present=present, first_share=0.6)
    removed = _one_slot(rng, removed_chance.astype(np.float32), present=present, first_share=0.0)
    removed[removed == late] = 0
    minutes = np.minimum(1 + rng.geometric(0.12, late.shape), 40).astype(np.int8)
    return Attendance(required, cells, days, sick_from, late, removed, np.where(late > 0, minutes, 0).astype(np.int8))


def _whole_days(rng: np.random.Generator, scene: Scene) -> tuple[Small, Small]:
    """Paint whole days away, what explains least first."""
    habits, clock, persons, pulled = scene.habits, scene.clock, scene.persons, scene.pulled
    shape = pulled.reported.shape
    days = np.zeros(shape, dtype=np.int8)
    off = chance(rng, habits.day_off * persons.truant[:, None] + pulled.channels["day_off"])
    hard_day = ((clock.weekday == 0) | clock.after_break).astype(np.float32) + 0.4 * (clock.weekday == 4)
    avoided = chance(rng, pulled.channels["monday"] * hard_day)
    said_ill = (off | avoided) & chance(rng, pulled.reported)
    days[off | avoided] = code(Kind.UNEXPLAINED)
    days[chance(rng, habits.other, shape=shape)] = code(Kind.OTHER_AUTHORISED)
    days[chance(rng, habits.leave + pulled.channels["leave"])] = code(Kind.LEAVE)
    _religious(rng, scene, days=days)
    _luxury(rng, scene, days=days)
    _spans(rng, days, chance(rng, pulled.channels["suspended"]), value=code(Kind.SUSPENSION), lengths=(1, 4))
    days[said_ill] = code(Kind.SICK)
    sick_from = _illness(rng, scene, days=days)
    kinds = np.asarray([0, *(code(kind) for kind in AWAY_KINDS)], dtype=np.int8)
    gone = pulled.away > 0
    days[gone] = kinds[pulled.away[gone]]
    sick_from[gone] = 0
    return days, sick_from


def _illness(rng: np.random.Generator, scene: Scene, *, days: Small) -> Small:
    """Paint spells of illness; return the slot index at which each day of illness begins."""
    habits, clock, plan, persons = scene.habits, scene.clock, scene.plan, scene.persons
    shape = np.asarray(habits.start_shape, dtype=np.float32)[clock.weekday]
    rhythm = season(clock, habits.season_power) * shape
    frailty = persons.sick * (1 + (habits.chronic_sick - 1) * persons.chronic)
    waves = plan.of_pupils(_waves(rng, plan, clock)[:, :, None], clock)[:, :, 0]
    own = np.minimum(habits.sick * frailty, MOST_OFTEN_ILL)
    hazard = own[:, None] * rhythm * (1 + scene.pulled.channels["sick"]) * np.where(waves, habits.wave, 1.0)
    hazard = np.minimum(hazard, MOST_OFTEN_ILL_ON_A_PATH)
    rows, first = np.nonzero(chance(rng, hazard.astype(np.float32)))
    length = rng.geometric(habits.sick_end, len(rows))
    longer = chance(rng, habits.flu + scene.pulled.channels["longer"][rows, first])
    length = length + np.where(longer, rng.integers(3, 6, len(rows)), 0)
    length = np.minimum(length, clock.count - first)
    run, column = flat(first, length)
    days[rows[run], column] = code(Kind.SICK)
    sick_from = np.zeros(days.shape, dtype=np.int8)
    midday = chance(rng, habits.sick_midday, shape=(len(rows),))
    slots = plan.planned.shape[2]
    sick_from[rows[midday], first[midday]] = rng.integers(1, max(2, slots - 3), int(midday.sum()))
    before = np.roll(days == code(Kind.SICK), 1, axis=1)
    sick_from[before] = 0  # already ill the day before: then also in the morning
    return sick_from


def _waves(rng: np.random.Generator, plan: Plan, clock: Clock) -> Bools:
    """Flu goes round a class in a week and a half, once or twice a winter. Shape (G, D)."""
    waves = np.zeros((len(plan.group_names), clock.count), dtype=bool)
    winter = np.isin(clock.iso_week, [*range(46, 54), *range(1, 12)])
    for _ in range(2):
        for year in np.unique(plan.group_year):
            groups = np.flatnonzero((plan.group_year == year) & (rng.random(len(plan.group_year)) < 0.6))
            places = np.flatnonzero(winter & (clock.year == year))
            if len(places) and len(groups):
                start = rng.choice(places, len(groups))
                run, column = flat(start, np.minimum(rng.integers(5, 10, len(groups)), clock.count - start))
                waves[groups[run], column] = True
    return waves


def _religious(rng: np.random.Generator, scene: Scene, *, days: Small) -> None:
    places = np.flatnonzero(np.isin(scene.clock.days, _RELIGIOUS_DAYS))
    who = np.flatnonzero(np.isin(scene.persons.background, _OBSERVE))
    stay = chance(rng, scene.habits.religious, shape=(len(who), len(places)))
    rows, columns = np.nonzero(stay)
    days[who[rows], places[columns]] = code(Kind.RELIGIOUS)


def _luxury(rng: np.random.Generator, scene: Scene, *, days: Small) -> None:
    """Holiday of one to three days just before or after a break."""
    clock = scene.clock
    for near, backwards in ((clock.before_break, True), (clock.after_break, False)):
        places = np.flatnonzero(near)
        rows, columns = np.nonzero(chance(rng, scene.habits.luxury, shape=(len(days), len(places))))
        length = rng.choice([1, 2, 3, 5], len(rows), p=[0.45, 0.3, 0.15, 0.1])
        start = places[columns] - (length - 1 if backwards else 0)
        start = np.maximum(start, 0)
        run, column = flat(start, np.minimum(length, clock.count - start))
        days[rows[run], column] = code(Kind.LUXURY_LEAVE)


def _spans(rng: np.random.Generator, days: Small, begins: Bools, *, value: int, lengths: tuple[int, int]) -> None:
    rows, first = np.nonzero(begins)
    length = np.minimum(rng.integers(*lengths, len(rows)), days.shape[1] - first)
    run, column = flat(first, length)
    days[rows[run], column] = value


def _appointments(rng: np.random.Generator, scene: Scene, *, cells: Small, required: Bools) -> None:
    """Doctor, dentist, therapist: one to three slots on end."""
    habits, persons = scene.habits, scene.persons
    daily = habits.appointment * persons.appointments + habits.chronic_appointment * persons.chronic
    rows, columns = np.nonzero(chance(rng, daily[:, None] + scene.pulled.channels["appointment"]))
    slots = cells.shape[2]
    first = rng.integers(0, max(1, slots - 2), len(rows))
    length = rng.integers(1, min(4, slots + 1), len(rows))
    run, slot = flat(first, np.minimum(length, slots - first))
    rows, columns = rows[run], columns[run]
    free = required[rows, columns, slot] & (cells[rows, columns, slot] == 0)
    cells[rows[free], columns[free], slot[free]] = code(Kind.MEDICAL_APPOINTMENT)


def _single_lessons(rng: np.random.Generator, scene: Scene, *, cells: Small, required: Bools) -> None:
    """Skipped lessons: more at the edges of the day, the first hour, and in a subject one dreads."""
    habits, pulled = scene.habits, scene.pulled
    free = required & (cells == 0)
    order = np.cumsum(required, axis=2, dtype=np.int8)
    first, last = order == 1, order == order[:, :, -1:]
    own = np.minimum(habits.lesson * scene.persons.truant[:, None] * scene.levels, MOST_OFTEN_SKIPPED)
    lesson = np.minimum(own * (1 + pulled.channels["lesson"]), MOST_OFTEN_SKIPPED_ON_A_PATH)
    odds = lesson[:, :, None] * np.where(first | last, habits.edge, 0.7).astype(np.float32)
    odds = odds + np.where(first, pulled.channels["first_hour"][:, :, None], 0)
    if habits.lesson:
        dreaded = rng.integers(0, len(SUBJECTS), len(cells)).astype(np.int8)
        odds = odds + _dreaded(scene.plan, scene.clock, dreaded) * pulled.channels["subject"][:, :, None]
    skipped = free & chance(rng, odds.astype(np.float32))
    cells[skipped] = code(Kind.TRUANCY)


def _dreaded(plan: Plan, clock: Clock, subject: Small) -> Bools:
    """Slots of a pupil's dreaded subject: shape (P, D, S)."""
    result = np.zeros((len(subject), clock.count, plan.subject.shape[2]), dtype=bool)
    for year in np.unique(clock.year):
        days = clock.of_year(int(year))
        rows = np.flatnonzero(plan.group[:, year] >= 0)
        pattern = plan.subject[plan.group[rows, year]] == subject[rows, None, None]
        result[rows, days[0] : days[-1] + 1] = pattern[:, clock.weekday[days], :]
    return result


def _one_slot(rng: np.random.Generator, odds: Floats, *, present: Bools, first_share: float) -> Small:
    """Number (from 1) of the slot in which it happens, at most one a day; 0 for none."""
    happens = chance(rng, odds) & (per_day(present) > 0)
    rows, columns = np.nonzero(happens)
    own = present[rows, columns]
    score = rng.random(own.shape, dtype=np.float32) * own
    chosen = np.where(chance(rng, first_share, shape=(len(rows),)), np.argmax(own, axis=1), np.argmax(score, axis=1))
    result = np.zeros(happens.shape, dtype=np.int8)
    result[rows, columns] = 1 + chosen
    return result
