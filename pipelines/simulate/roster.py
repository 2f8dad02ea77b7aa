"""Who goes to which school, in which class, from when until when; and what sets pupils apart.

A *stay* is one person at one school, without a gap. Persons move up each year, stay down, graduate, leave, enter, and
some change schools within the year: then they have two stays, with a new pupil number at the new school.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from data_contracts.identifiers import Sector
from pipelines.simulate.arrays import Dates, Floats, Ints, Small, chance, cycled
from pipelines.simulate.clock import YEARS, year_starts
from pipelines.simulate.region import Place

LAST_LEVEL = {Sector.VO: (4, 5, 6), Sector.PO: (8,)}
"""Last year per track: vmbo, havo, vwo; primary."""

STAYS_DOWN = {Sector.VO: 0.035, Sector.PO: 0.015}
MOVES_AWAY = {Sector.VO: 0.02, Sector.PO: 0.025}
CHANGES_SCHOOL = {Sector.VO: 0.012, Sector.PO: 0.012}
"""Shares a year (assumptions, of the order that schools see)."""

QUIET_WEEKS = 5
"""Nobody enters, leaves or changes in the last weeks before `until`, so that one list of pupils serves all deliveries."""


@dataclass(frozen=True)
class Stays:
    """One row a stay.

    Parameters
    ----------
    person
        Number of the person.
    school
        Index of the school in the list of places.
    track
        Index into `LAST_LEVEL`.
    levels
        Shape (stays, YEARS): year of the curriculum, 0 where the person is not there in that school year.
    first, last
        First and last day; `last` is NaT while the stay lasts.
    """

    person: Ints
    school: Ints
    track: Ints
    levels: Small
    first: Dates
    last: Dates

    def __len__(self) -> int:
        return len(self.person)

    def where(self, chosen: Ints) -> "Stays":
        """Return the chosen rows."""
        return Stays(
            self.person[chosen],
            self.school[chosen],
            self.track[chosen],
            self.levels[chosen],
            self.first[chosen],
            self.last[chosen],
        )


@dataclass(frozen=True)
class Persons:
    """What sets persons apart; each array has one cell a person.

    Parameters
    ----------
    strain
        Standard normal: how much is going on in someone's life. It makes sickness, truancy and lateness cluster.
    sick, truant, late, appointments
        Multipliers, mean about 1.
    chronic
        Lives with a chronic illness: stable, high, authorised absence.
    background
        Index into the backgrounds of the names; some observe religious days.
    """

    strain: Floats
    sick: Floats
    truant: Floats
    late: Floats
    appointments: Floats
    chronic: Floats
    background: Ints


def _year_dates(until: date) -> tuple[Dates, Dates]:
    starts = year_starts(until)
    ends = [date(day.year + 1, 7, 31) for day in starts]
    return np.asarray(starts, dtype="datetime64[D]"), np.asarray(ends, dtype="datetime64[D]")


def _move_up(rng: np.random.Generator, levels: Small, track: Ints, *, sector: Sector) -> Small:
    """Return next year's level of those who are there; 0 for who graduates or moves away."""
    last = np.asarray(LAST_LEVEL[sector], dtype=np.int8)[track]
    there = levels > 0
    down = chance(rng, STAYS_DOWN[sector], shape=levels.shape)
    away = chance(rng, MOVES_AWAY[sector], shape=levels.shape)
    following = np.where(down, levels, levels + 1).astype(np.int8)
    return np.where(there & ~away & (following <= last), following, 0).astype(np.int8)


def _one_school(rng: np.random.Generator, place: Place, *, pupils: int, until: date) -> tuple[Ints, Small, Dates]:
    """Return track, levels and first day of everybody who begins at one school; its size stays about the same."""
    lasts = np.asarray(LAST_LEVEL[place.sector])
    starts, _ = _year_dates(until)
    track = cycled(rng, pupils, tuple(np.asarray(place.tracks) * lasts))
    first_level = (1 + np.floor(rng.random(pupils) * lasts[track])).astype(np.int8)
    levels = np.zeros((pupils, YEARS), dtype=np.int8)
    levels[:, 0] = first_level
    first = np.full(pupils, starts[0], dtype="datetime64[D]")
    for year in range(1, YEARS):
        levels[:, year] = _move_up(rng, levels[:, year - 1], track, sector=place.sector)
        new = max(0, pupils - int((levels[:, year] > 0).sum()))
        entered_track = cycled(rng, new, place.tracks)
        entered = np.zeros((new, YEARS), dtype=np.int8)
        higher = chance(rng, 0.1, shape=(new,))
        entered[:, year] = np.where(higher, 1 + np.floor(rng.random(new) * lasts[entered_track]), 1)
        day = np.full(new, starts[year], dtype="datetime64[D]")
        if place.sector is Sector.PO:  # children of four come when they turn four
            later = (rng.random(new) < 0.5) * np.floor(rng.random(new) * 280)
            day = np.minimum(day + later.astype(np.int64), _last_quiet(until))
        track = np.concatenate([track, entered_track])
        levels = np.concatenate([levels, entered])
        first = np.concatenate([first, day])
    return track, levels, first


def _last_quiet(until: date) -> np.datetime64:
    return np.datetime64(until - timedelta(weeks=QUIET_WEEKS))


def _last_days(stays: Stays, until: date) -> Dates:
    """31 July of the last year there; NaT for who is there in the year of `until`."""
    _, ends = _year_dates(until)
    final = YEARS - 1 - np.argmax(stays.levels[:, ::-1] > 0, axis=1)
    last: Dates = ends[final].copy()
    last[final == YEARS - 1] = np.datetime64("NaT")
    return last


def _change_schools(rng: np.random.Generator, stays: Stays, *, schools: int, sector: Sector, until: date) -> Stays:
    """Cut some stays within a school year and let the person go on at another school of the sector."""
    starts, _ = _year_dates(until)
    year = rng.integers(0, YEARS, len(stays))
    day = starts[year] + rng.integers(60, 270, len(stays))
    there = stays.levels[np.arange(len(stays)), year] > 0
    chosen = np.flatnonzero(
        there
        & (day > stays.first + 40)
        & (day < _last_quiet(until))
        & (rng.random(len(stays)) < 3 * CHANGES_SCHOOL[sector])
    )
    if schools < 2 or not len(chosen):
        return stays
    moved = stays.where(chosen)
    columns = np.arange(YEARS)[None, :]
    after = replace(
        moved,
        school=(moved.school + rng.integers(1, schools, len(chosen))) % schools,
        levels=np.where(columns >= year[chosen, None], moved.levels, 0).astype(np.int8),
        first=day[chosen],
    )
    levels, last = stays.levels.copy(), stays.last.copy()
    levels[chosen] = np.where(columns <= year[chosen, None], levels[chosen], 0)
    last[chosen] = day[chosen] - 1
    before = replace(stays, levels=levels, last=last)
    return Stays(
        *(np.concatenate([getattr(before, name), getattr(after, name)]) for name in before.__dataclass_fields__)
    )


def draw_stays(rng: np.random.Generator, places: list[Place], *, pupils: int, until: date) -> Stays:
    """Draw the stays of one sector's schools, `pupils` together at any time."""
    sizes = np.asarray([place.size for place in places])
    counts = np.maximum(40, np.round(pupils * sizes / sizes.sum())).astype(np.int64)
    parts, known = [], 0
    for index, place in enumerate(places):
        track, levels, first = _one_school(rng, place, pupils=int(counts[index]), until=until)
        count = len(track)
        person = known + np.arange(count)
        school = np.full(count, index)
        never = np.full(count, np.datetime64("NaT"), dtype="datetime64[D]")
        parts.append(Stays(person, school, track, levels, first, never))
        known += count
    stays = Stays(*(np.concatenate([getattr(part, name) for part in parts]) for name in Stays.__dataclass_fields__))
    stays = replace(stays, last=_last_days(stays, until))
    return _change_schools(rng, stays, schools=len(places), sector=places[0].sector, until=until)


def draw_persons(rng: np.random.Generator, count: int, *, sector: Sector, backgrounds: Ints) -> Persons:
    """Draw what sets `count` persons apart. Primary: gamma(4) sickness, so that spells are NegBin with k = 4 (PO21)."""
    strain = rng.standard_normal(count).astype(np.float32)
    if sector is Sector.PO:
        mixed = strain + rng.standard_normal(count)
        sick = np.sort(rng.gamma(4.0, 0.25, count))[np.argsort(np.argsort(mixed))].astype(np.float32)
    else:
        sick = _lognormal(rng, strain, sigma=SICK_SIGMA, loading=0.5)
    return Persons(
        strain=strain,
        sick=sick,
        truant=_lognormal(rng, strain, sigma=1.3, loading=0.5),
        late=_lognormal(rng, strain, sigma=1.1, loading=0.4),
        appointments=_lognormal(rng, strain, sigma=0.8, loading=0.4),
        chronic=chance(rng, 0.03 if sector is Sector.VO else 0.008, shape=(count,)).astype(np.float32),
        background=backgrounds,
    )


SICK_SIGMA = 0.62
"""Spread (log) of the inclination to sickness in secondary; with chance on top the hours come out near sigma .785."""


def _lognormal(rng: np.random.Generator, strain: Floats, *, sigma: float, loading: float) -> Floats:
    own = rng.standard_normal(len(strain))
    mixed = loading * strain + np.sqrt(1 - loading**2) * own
    return np.asarray(np.exp(sigma * mixed - sigma**2 / 2), dtype=np.float32)
