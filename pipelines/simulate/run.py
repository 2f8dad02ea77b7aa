"""Simulate a whole region and write it out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from data_contracts.identifiers import Sector
from pipelines.simulate.exports import write_exports
from pipelines.simulate.exports.folder import Folder
from pipelines.simulate.groups import write_groups
from pipelines.simulate.names import draw_backgrounds
from pipelines.simulate.paths import draw_episodes
from pipelines.simulate.region import Place, primary, secondary
from pipelines.simulate.roster import draw_persons, draw_stays
from pipelines.simulate.school import School, draw_all_names, make_school
from pipelines.simulate.truth import tell, write_truth

Progress = Callable[[str, int, int], None]
UNTIL = date(2026, 11, 16)
NEWCOMER = "99PB00"
"""The school of the demo that begins; the same as `service.demo` lets somebody sign in for."""


@dataclass(frozen=True)
class Summary:
    """What was simulated.

    Parameters
    ----------
    target
        Where it was written.
    schools, pupils, registrations
        Number of schools, of pupils at a school, and of versions in their books.
    truth
        The tables of the hidden truth, for the calibration.
    """

    target: Path
    schools: int
    pupils: int
    registrations: int
    truth: dict[str, pl.DataFrame] = field(repr=False)


def simulate(  # noqa: PLR0913 - a region has this many dials
    target: Path,
    *,
    seed: int = 2026,
    pupils_vo: int = 12_000,
    pupils_po: int = 8_000,
    until: date = UNTIL,
    schools_vo: int = 8,
    schools_po: int = 20,
    progress: Progress | None = None,
) -> Summary:
    """Simulate a region and write ``exports/<school>/``, ``truth/`` and synthetic ``groups.csv`` under `target`.

    Parameters
    ----------
    target
        Folder; made when it is not there. The deliveries of an earlier region in it are replaced.
    seed
        The same seed and dials give the same region.
    pupils_vo, pupils_po
        Pupils at any time, over all schools of the sector.
    until
        The demo's today: nothing that became known on it or later is exported. Holidays must be known for its school
        year, the two before it, and four months after (`features.calendar.covered`).
    schools_vo, schools_po
        How many schools, at most 8 and 20; the first ones differ most.
    progress
        Told which school is being made, how many are done, and how many there are.

    Returns
    -------
    Summary
        With the hidden truth, from which `calibration_table` makes its table.
    """
    places = {
        Sector.VO: (secondary(until)[:schools_vo] if pupils_vo else [], pupils_vo),
        Sector.PO: (primary(until)[:schools_po] if pupils_po else [], pupils_po),
    }
    total = sum(len(chosen) for chosen, _ in places.values())
    done = registrations = pupils = 0
    told: list[dict[str, pl.DataFrame]] = []
    for number, (sector, (chosen, size)) in enumerate(places.items()):
        if not chosen:
            continue
        for school in _sector(np.random.SeedSequence([seed, number]), chosen, pupils=size, sector=sector, until=until):
            if progress:
                progress(school.place.name, done, total)
            write_exports(school, Folder(target / "exports" / school.place.school, until))
            told.append(tell(school))
            done += 1
            registrations += len(school.books)
            pupils += len(school.stays)
    if progress:
        progress("verborgen waarheid", done, total)
    truth = write_truth(target / "truth", told)
    write_groups(target, truth, seed=seed)
    return Summary(target, done, pupils, registrations, truth)


def newcomer(target: Path, *, seed: int = 2026, pupils: int = 190, until: date = UNTIL) -> Path:
    """Write what one more primary school, which is in no region and has not begun yet, exports on one evening.

    There is no ``school.toml`` with it and no list of deliveries: who begins says all of that on the page.

    Returns
    -------
    Path
        The folder.
    """
    place = replace(primary(until)[0], school=NEWCOMER, name="Basisschool De Verrekijker")
    folder = Folder(target / NEWCOMER, until, weekly=0)
    for school in _sector(np.random.SeedSequence([seed, 2]), [place], pupils=pupils, sector=Sector.PO, until=until):
        write_exports(school, folder)
    for name in ("school.toml", "deliveries.toml"):
        (folder.path / name).unlink()
    return folder.path


def _sector(
    seeds: np.random.SeedSequence, places: list[Place], *, pupils: int, sector: Sector, until: date
) -> Iterator[School]:
    roster_seed, *school_seeds = seeds.spawn(1 + len(places))
    rng = np.random.default_rng(roster_seed)
    stays = draw_stays(rng, places, pupils=pupils, until=until)
    count = int(stays.person.max()) + 1
    persons = draw_persons(rng, count, sector=sector, backgrounds=draw_backgrounds(rng, count))
    episodes = draw_episodes(rng, persons, sector=sector, until=until)
    names = draw_all_names(rng, persons)
    for index, (place, seed) in enumerate(zip(places, school_seeds, strict=True)):
        own = stays.where(np.flatnonzero(stays.school == index))
        yield make_school(
            np.random.default_rng(seed), place, stays=own, persons=persons, episodes=episodes, names=names, until=until
        )
