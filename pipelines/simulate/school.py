"""One synthetic school, from its pupils to its books."""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl

from data_contracts.identifiers import Sector
from pipelines.simulate.arrays import Bools, Floats, Ints
from pipelines.simulate.books import Desk, write_books
from pipelines.simulate.clock import YEARS, Clock, make_clock
from pipelines.simulate.days import Scene, live
from pipelines.simulate.habits import HABITS
from pipelines.simulate.names import draw_names
from pipelines.simulate.paths import Episodes, pull
from pipelines.simulate.region import Place
from pipelines.simulate.roster import Persons, Stays
from pipelines.simulate.school_plan import make_plan

_SICK_BY_TRACK = np.asarray([1.1, 1.0, 0.92], dtype=np.float32)
_TRUANT_BY_LEVEL = np.asarray([0.0, 0.45, 0.75, 1.1, 1.35, 1.5, 1.4, 1.0, 1.0], dtype=np.float32)


@dataclass(frozen=True)
class School:
    """One school, with everything that happened and everything that was written down.

    Parameters
    ----------
    desk
        Place, clock, plan and attendance.
    stays, numbers, names
        Its pupils, their numbers at this school, and ``given_name``, ``prefix``, ``family_name``.
    episodes, episode_stay
        The paths its pupils are on, and whose stay each touches.
    books
        All versions of all absences.
    chronic
        Whether each pupil lives with a chronic illness.
    """

    desk: Desk
    stays: Stays
    numbers: Ints
    names: pl.DataFrame
    episodes: Episodes
    episode_stay: Ints
    books: pl.DataFrame
    chronic: Bools

    @property
    def place(self) -> Place:
        """Its settings."""
        return self.desk.place

    @property
    def clock(self) -> Clock:
        """Its school days."""
        return self.desk.clock


def make_school(
    rng: np.random.Generator,
    place: Place,
    *,
    stays: Stays,
    persons: Persons,
    episodes: Episodes,
    names: pl.DataFrame,
    until: date,
) -> School:
    """Simulate one school.

    Parameters
    ----------
    rng, place
        Chance, and the school.
    stays
        Its own stays.
    persons, episodes, names
        Of the whole sector, by number of the person.
    until
        The day before which things are known.
    """
    clock = make_clock(place.region, until=until, closures=place.closures)
    stay_of = np.full(len(persons.strain), -1, dtype=np.int64)
    stay_of[stays.person] = np.arange(len(stays))
    own = episodes.where(np.flatnonzero(stay_of[episodes.person] >= 0))
    episode_stay = stay_of[own.person]
    stays = _without_leavers(stays, own, episode_stay, clock=clock)
    plan = make_plan(rng, place, stays, clock)
    here = Persons(*(getattr(persons, name)[stays.person] for name in persons.__dataclass_fields__))
    if place.sector is Sector.VO:
        here = replace(here, sick=here.sick * _SICK_BY_TRACK[stays.track])
    pulled = pull(rng, own, episode_stay, clock=clock, stays=len(stays))
    scene = Scene(HABITS[place.sector], clock, plan, here, pulled, _levels(stays, clock))
    attendance = live(rng, scene)
    desk = Desk(rng, place, clock, plan, attendance)
    low, high = (100_000, 900_000) if place.sector is Sector.VO else (10_000, 90_000)
    numbers = low + rng.permutation(high - low)[: len(stays)]
    return School(desk, stays, numbers, names[stays.person], own, episode_stay, write_books(desk), here.chronic > 0)


def _without_leavers(stays: Stays, episodes: Episodes, episode_stay: Ints, *, clock: Clock) -> Stays:
    """End the stays of who does not come back after long absence."""
    leaving = np.flatnonzero(episodes.leaves)
    end = clock.place(episodes.onset[leaving]) + episodes.prodrome[leaving] + episodes.away[leaving]
    within = end < clock.count
    chosen, day = episode_stay[leaving[within]], clock.days[end[within]]
    earlier = np.isnat(stays.last[chosen]) | (day < stays.last[chosen])
    earlier &= day > stays.first[chosen]
    last, levels = stays.last.copy(), stays.levels.copy()
    last[chosen[earlier]] = day[earlier]
    year = clock.year[end[within]][earlier]
    levels[chosen[earlier]] = np.where(np.arange(YEARS) <= year[:, None], levels[chosen[earlier]], 0)
    return Stays(stays.person, stays.school, stays.track, levels, stays.first, last)


def _levels(stays: Stays, clock: Clock) -> Floats:
    """How much more lessons are skipped in higher years: shape (P, D)."""
    return _TRUANT_BY_LEVEL[stays.levels.astype(np.int64)][:, clock.year]


def draw_all_names(rng: np.random.Generator, persons: Persons) -> pl.DataFrame:
    """Draw a name for each person of a sector."""
    return draw_names(rng, persons.background)
