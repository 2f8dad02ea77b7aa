"""Classes and timetable of one school: who sits where, which slots are planned, cancelled, and registered."""

from dataclasses import dataclass

import numpy as np

from data_contracts.identifiers import Sector
from pipelines.simulate.arrays import Bools, Ints, Small, chance
from pipelines.simulate.clock import YEARS, Clock
from pipelines.simulate.region import Place
from pipelines.simulate.roster import LAST_LEVEL, Stays

CLASS_SIZE = 25
SLOTS = {Sector.VO: 8, Sector.PO: 2}
SUBJECTS = ("ne", "en", "wi", "bi", "gs", "ak", "lo", "te", "mu", "nask", "ec", "fa", "du", "men")
LESSONS_A_DAY = ((5, 6, 7), (0.45, 0.42, 0.13))
FREE_FIRST_HOUR = 0.22
CANCELLED = 0.035
CARELESS_TEACHERS, CARELESS_MISS, CAREFUL_MISS = 0.08, 0.4, 0.01
PART_TIME = 0.004
EXAMS_FROM, SUMMER = 134, 212  # days since 1 January: 15 May to the end of July
"""Assumptions: with these a year holds about 1,100 lessons (1,000-1,200 is usual)."""

_START, _BREAKS = 510, ((3, 20), (5, 30))  # minutes after midnight; (after slot, minutes)


@dataclass(frozen=True)
class Plan:
    """Everything planned at one school. G groups, P stays, D school days, S slots.

    Parameters
    ----------
    group_names
        Name of each group; a group exists in one school year only.
    group_year, group_level
        School year and level of each group.
    group
        Shape (P, YEARS): index of the group, -1 where the pupil is not there.
    planned, cancelled, missed
        Shape (G, D, S): planned at all; of those cancelled; of those without register.
    subject
        Shape (G, 5, S): index into `SUBJECTS`, a week's pattern.
    slot_start, slot_minutes
        Start (minutes after midnight) and length of each slot.
    there
        Shape (P, D): enrolled on that day.
    part_time
        Stays with a timetable of their own: afternoons off.
    """

    group_names: list[str]
    group_year: Ints
    group_level: Ints
    group: Ints
    planned: Bools
    cancelled: Bools
    missed: Bools
    subject: Small
    slot_start: Ints
    slot_minutes: Ints
    there: Bools
    part_time: Ints

    def of_pupils(self, cells: Bools, clock: Clock) -> Bools:
        """Spread cells (G, D, S) over pupils: shape (P, D, S)."""
        result = np.zeros((len(self.group), *cells.shape[1:]), dtype=bool)
        for year in range(YEARS):
            days = clock.of_year(year)
            rows = np.flatnonzero(self.group[:, year] >= 0)
            if len(days) and len(rows):
                first, end = int(days[0]), int(days[-1]) + 1
                result[rows, first:end] = cells[self.group[rows, year], first:end]
        return result

    def expected(self, clock: Clock, *, cancelled_until: int) -> Bools:
        """Where each pupil is expected: planned, enrolled, not left out by a part-time timetable, and not cancelled.

        Lessons are cancelled on the first `cancelled_until` days only: what comes after is not known yet.
        """
        cancelled = self.cancelled & (np.arange(clock.count) < cancelled_until)[:, None]
        cells = self.of_pupils(self.planned & ~cancelled, clock) & self.there[:, :, None]
        cells[self.part_time, :, _half(cells.shape[2]) :] = False
        return cells


def _half(slots: int) -> int:
    return 1 if slots == 2 else slots // 2


def _groups(rng: np.random.Generator, place: Place, stays: Stays) -> tuple[list[str], Ints, Ints, Ints]:
    """Divide the pupils of each year, level and track over classes of about `CLASS_SIZE`."""
    group = np.full((len(stays), YEARS), -1, dtype=np.int64)
    names: list[str] = []
    years: list[int] = []
    levels: list[int] = []
    for year in range(YEARS):
        key = np.where(stays.levels[:, year] > 0, stays.levels[:, year].astype(np.int64) * 10 + stays.track, 0)
        for cohort in np.unique(key[key > 0]):
            members = np.flatnonzero(key == cohort)
            count = max(1, round(len(members) / CLASS_SIZE))
            group[members, year] = len(names) + rng.permutation(np.arange(len(members)) % count)
            level, track = divmod(int(cohort), 10)
            names += [_group_name(place.sector, level=level, track=track, number=n) for n in range(count)]
            years += [year] * count
            levels += [level] * count
    return names, np.asarray(years), np.asarray(levels), group


def _group_name(sector: Sector, *, level: int, track: int, number: int) -> str:
    if sector is Sector.PO:
        return f"{level}{'abcdefgh'[number]}"
    return f"{level}{'mhv'[track]}{number + 1}"


def _pattern(rng: np.random.Generator, place: Place, groups: int) -> Bools:
    """A week's pattern: shape (G, 5, S)."""
    slots = np.arange(SLOTS[place.sector])
    if place.sector is Sector.PO:
        pattern = np.ones((groups, 5, 2), dtype=bool)
        if place.norm is not None and place.norm.slots_per_day[2] == 1:
            pattern[:, 2, 1] = False
        return pattern
    lengths, shares = LESSONS_A_DAY
    count = rng.choice(lengths, size=(groups, 5), p=shares)
    first = chance(rng, FREE_FIRST_HOUR, shape=(groups, 5)).astype(np.int64)
    return np.asarray((slots >= first[:, :, None]) & (slots < (first + count)[:, :, None]))


def _missed(rng: np.random.Generator, place: Place, subject: Small, weekday: Ints) -> Bools:
    """Registers not taken: some teachers often forget. One teacher a group and subject."""
    if place.sector is Sector.PO:
        return np.zeros((len(subject), len(weekday), subject.shape[2]), dtype=bool)
    careless = chance(rng, min(0.5, CARELESS_TEACHERS * place.misses), shape=(len(subject), len(SUBJECTS)))
    share = np.where(careless, CARELESS_MISS, CAREFUL_MISS).astype(np.float32)
    per_slot = np.take_along_axis(share[:, None, :], subject.astype(np.int64), axis=2)
    return chance(rng, per_slot[:, weekday, :])


def _slot_times(place: Place) -> tuple[Ints, Ints]:
    if place.sector is Sector.PO:
        return np.asarray([510, 780 if place.lesson_minutes > 150 else 720]), np.full(2, place.lesson_minutes)
    number = np.arange(SLOTS[place.sector])
    start = _START + place.lesson_minutes * number
    for after, minutes in _BREAKS:
        start = start + minutes * (number >= after)
    return start, np.full(len(number), place.lesson_minutes)


def make_plan(rng: np.random.Generator, place: Place, stays: Stays, clock: Clock) -> Plan:
    """Make classes and timetable of one school."""
    names, years, levels, group = _groups(rng, place, stays)
    pattern = _pattern(rng, place, len(names))
    subject = rng.integers(0, len(SUBJECTS), pattern.shape).astype(np.int8)
    planned = pattern[:, clock.weekday, :] & (years[:, None, None] == clock.year[None, :, None])
    if place.sector is Sector.VO:
        since_new_year = (clock.days - clock.days.astype("datetime64[Y]")).astype(np.int64)
        exam_time = (since_new_year >= EXAMS_FROM) & (since_new_year < SUMMER)
        tracks = np.asarray(["mhv".index(name[1]) for name in names])
        last = levels == np.asarray(LAST_LEVEL[Sector.VO])[tracks]
        planned &= ~(last[:, None, None] & exam_time[None, :, None])
    share = CANCELLED if place.sector is Sector.VO else 0.0
    there = (clock.days >= stays.first[:, None]) & ((clock.days <= stays.last[:, None]) | np.isnat(stays.last)[:, None])
    start, minutes = _slot_times(place)
    return Plan(
        group_names=names,
        group_year=years,
        group_level=levels,
        group=group,
        planned=planned,
        cancelled=planned & chance(rng, share, shape=planned.shape),
        missed=planned & _missed(rng, place, subject, clock.weekday),
        subject=subject,
        slot_start=start,
        slot_minutes=minutes,
        there=np.asarray(there),
        part_time=np.flatnonzero(chance(rng, PART_TIME, shape=(len(stays),)))
        if place.source == "canonical"
        else np.empty(0, dtype=np.int64),
    )
