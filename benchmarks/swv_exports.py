"""The exports of one SWV: sixteen schools for secondary education near the end of a school year. Nobody in it exists.

The simulated region of `pipelines.simulate` twice over, cut to one school year: what the schools' systems would have
written on a Sunday evening late in June, with three weekly deliveries after the first large one.
"""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from data_contracts.identifiers import Sector
from pipelines.simulate.exports import write_exports
from pipelines.simulate.exports.folder import Folder
from pipelines.simulate.names import draw_backgrounds
from pipelines.simulate.paths import draw_episodes
from pipelines.simulate.region import Place, secondary
from pipelines.simulate.roster import draw_persons, draw_stays
from pipelines.simulate.school import School, draw_all_names, make_school

SEED = 7
WEEK = date(2026, 6, 29)
"""Monday of the lists: forty school weeks lie behind it."""
SIMULATED_UNTIL = date(2026, 8, 31)
SCHOOLS = 16
YEAR = 1  # 2025-26, of the three school years that are simulated


def write_swv(target: Path, *, pupils: int) -> None:
    """Write ``<target>/<school>/`` for `SCHOOLS` schools with `pupils` pupils together."""
    places = _places()
    rng = np.random.default_rng(SEED)
    stays = draw_stays(rng, places, pupils=pupils, until=SIMULATED_UNTIL)
    count = int(stays.person.max()) + 1
    persons = draw_persons(rng, count, sector=Sector.VO, backgrounds=draw_backgrounds(rng, count))
    episodes = draw_episodes(rng, persons, sector=Sector.VO, until=SIMULATED_UNTIL)
    names = draw_all_names(rng, persons)
    for number, place in enumerate(places):
        school = make_school(
            np.random.default_rng([SEED, number]),
            place,
            stays=stays.where(np.flatnonzero(stays.school == number)),
            persons=persons,
            episodes=episodes,
            names=names,
            until=SIMULATED_UNTIL,
        )
        write_exports(_one_year(school), Folder(target / place.school, WEEK))


def _places() -> list[Place]:
    """The eight secondary schools of the simulated region, and eight more that are like them."""
    return [
        replace(place, school=f"99X{letter}{number:02d}", name=f"{place.name} {letter}")
        for letter in "AB"
        for number, place in enumerate(secondary(SIMULATED_UNTIL))
    ]


def _one_year(school: School) -> School:
    """Leave out what an export of one school year leaves out: other years' groups, lessons and registrations."""
    plan, clock = school.desk.plan, school.clock
    plan.planned[:, clock.year != YEAR] = False
    plan.group[:, np.arange(plan.group.shape[1]) != YEAR] = -1
    days = clock.of_year(YEAR)
    return replace(school, books=school.books.filter(pl.col("start").is_between(int(days[0]), int(days[-1]))))
