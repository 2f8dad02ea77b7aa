"""The ways into long absence, and the look-alikes that recover: what each does to a pupil's days.

An *episode* is one pupil on one path. It grows for a while (the prodrome), and then either turns into long absence,
stays as it is, or passes. Most pass, so that what leads to long absence can only be told by its odds.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np

from data_contracts.identifiers import Sector
from data_contracts.reasons import Kind
from pipelines.simulate.arrays import Bools, Dates, Floats, Ints, chance, cycled, flat
from pipelines.simulate.clock import YEARS, Clock, year_starts
from pipelines.simulate.roster import Persons

Channel = Literal[
    "sick", "longer", "monday", "first_hour", "subject", "lesson", "day_off", "late", "removed", "suspended",
    "appointment", "leave",
]  # fmt: skip


@dataclass(frozen=True)
class Path:
    """One way.

    Parameters
    ----------
    name
        As it stands in the hidden truth.
    vo, po
        Share of pupils a year that sets out on it.
    escalates
        Share of those that ends in long absence.
    weeks
        Bounds of the prodrome, in school weeks.
    effects
        What it does at full severity. ``sick``, ``lesson`` and ``late`` are added to a multiplier of 1; ``longer`` is
        the share of spells that last a week or more; the others are chances a day (``subject``: a lesson).
    reported
        Share of its whole days away that parents report as sickness.
    away
        What long absence is registered as, with weights.
    """

    name: str
    vo: float
    po: float
    escalates: float
    weeks: tuple[int, int]
    effects: dict[Channel, float]
    reported: float
    away: dict[Kind, float]


PATHS = (
    Path(
        "somatic", 0.026, 0.0100, 0.06, (4, 18),
        {"sick": 9.0, "longer": 0.06, "appointment": 0.03, "monday": 0.1},
        0.95, {Kind.SICK: 1.0},
    ),
    Path(
        "school_refusal", 0.011, 0.0050, 0.27, (5, 20),
        {"monday": 0.45, "first_hour": 0.30, "subject": 0.5, "sick": 2.5, "late": 4.0, "day_off": 0.06},
        0.7, {Kind.SICK: 0.65, Kind.UNEXPLAINED: 0.35},
    ),
    Path(
        "truancy_drift", 0.022, 0.0004, 0.07, (6, 24),
        {"lesson": 9.0, "late": 4.0, "first_hour": 0.2, "day_off": 0.14},
        0.15, {Kind.UNEXPLAINED: 0.7, Kind.TRUANCY: 0.3},
    ),
    Path(
        "family_trouble", 0.016, 0.0060, 0.11, (8, 28),
        {"sick": 3.0, "late": 6.0, "leave": 0.02, "day_off": 0.07, "lesson": 2.0, "monday": 0.1},
        0.6, {Kind.SICK: 0.6, Kind.UNEXPLAINED: 0.4},
    ),
    Path(
        "conflict", 0.007, 0.0006, 0.20, (2, 12),
        {"removed": 0.16, "suspended": 0.012, "late": 3.5, "lesson": 3.5, "day_off": 0.05},
        0.3, {Kind.UNEXPLAINED: 0.6, Kind.SUSPENSION: 0.1, Kind.SICK: 0.3},
    ),
    Path(
        "chronic_worse", 0.006, 0.0022, 0.21, (4, 16),
        {"appointment": 0.1, "sick": 3.5, "longer": 0.35},
        1.0, {Kind.SICK: 1.0},
    ),
    Path("vanished", 0.0024, 0.0007, 1.0, (0, 0), {}, 1.0, {Kind.SICK: 0.6, Kind.UNEXPLAINED: 0.4}),
    Path("long_illness", 0.017, 0.0070, 0.0, (0, 0), {}, 1.0, {Kind.SICK: 1.0}),
    Path("long_trip", 0.004, 0.0040, 0.0, (0, 0), {}, 0.0, {Kind.LUXURY_LEAVE: 1.0}),
)  # fmt: skip

CHANNELS: tuple[Channel, ...] = tuple(dict.fromkeys(channel for path in PATHS for channel in path.effects))
AWAY_KINDS = tuple(dict.fromkeys(kind for path in PATHS for kind in path.away))

PLATEAU = 0.25
"""Share of those that do not escalate and stay as they are for long instead of recovering."""
SHORT_AWAY = (6, 19)
"""School days away on a path that never escalates (a long illness, a long trip): just below long absence."""
LONG_AWAY_MEDIAN, LONG_AWAY_SIGMA, LONG_AWAY_LEAST = 18.0, 0.9, 22
LEAVES_AFTER = 0.3
VISIBLE = {Sector.VO: 1.0, Sector.PO: 0.65}
"""How much of a path shows beforehand: parents of young children keep more of it at home."""
PRESENT_WHILE_AWAY = 0.04
STRAIN_WEIGHT = 0.55
"""How much a burdened life adds to the odds (log) of setting out."""


@dataclass(frozen=True)
class Episodes:
    """One row an episode.

    Parameters
    ----------
    person, path
        Who, and index into `PATHS`.
    onset
        The day on which it sets in.
    prodrome, away, tail
        School days of growing, of being away, and of passing.
    escalates
        Ends in long absence.
    peak, visible, shape
        Severity reached (0..1), how much of it shows, and how it grows (exponent).
    kind
        Index into `AWAY_KINDS`.
    leaves
        Does not come back to this school after the long absence.
    """

    person: Ints
    path: Ints
    onset: Dates
    prodrome: Ints
    away: Ints
    tail: Ints
    escalates: Bools
    peak: Floats
    visible: Floats
    shape: Floats
    kind: Ints
    leaves: Bools

    def where(self, chosen: Ints) -> "Episodes":
        """Return the chosen rows."""
        return Episodes(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


def draw_episodes(rng: np.random.Generator, persons: Persons, *, sector: Sector, until: date) -> Episodes:
    """Draw who sets out on which path, and when; at most one path a person and school year."""
    odds = np.exp(STRAIN_WEIGHT * persons.strain - STRAIN_WEIGHT**2 / 2)
    rates = np.asarray([path.vo if sector is Sector.VO else path.po for path in PATHS])
    started = chance(rng, (rates.sum() * odds)[:, None].astype(np.float32), shape=(len(odds), YEARS))
    person, year = np.nonzero(started)
    count = len(person)
    path = cycled(rng, count, tuple(rates))
    starts = np.asarray(year_starts(until), dtype="datetime64[D]")
    weeks = np.asarray([spec.weeks for spec in PATHS])[path]
    prodrome = np.round(5 * (weeks[:, 0] + rng.random(count) * (weeks[:, 1] - weeks[:, 0]))).astype(np.int64)
    escalates = chance(rng, np.asarray([spec.escalates for spec in PATHS], dtype=np.float32)[path])
    low, high = SHORT_AWAY
    long_away = LONG_AWAY_LEAST + np.minimum(
        170, np.round(LONG_AWAY_MEDIAN * np.exp(LONG_AWAY_SIGMA * rng.standard_normal(count)))
    )
    short_away = np.where(prodrome == 0, rng.integers(low, high, count), 0)
    passes = np.where(
        rng.random(count) < PLATEAU, rng.integers(80, 250, count), prodrome * rng.uniform(0.5, 1.5, count)
    )
    return Episodes(
        person=person,
        path=path,
        onset=np.asarray(starts[year] + 20 + rng.integers(0, 320, count), dtype="datetime64[D]"),
        prodrome=prodrome,
        away=np.where(escalates, long_away, short_away).astype(np.int64),
        tail=np.where(escalates, 40, passes).astype(np.int64),
        escalates=escalates,
        peak=np.where(escalates, rng.uniform(0.5, 1.0, count), rng.uniform(0.25, 1.0, count)).astype(np.float32),
        visible=(VISIBLE[sector] * rng.beta(2.2, 1.4, count)).astype(np.float32),
        shape=rng.uniform(0.6, 2.4, count).astype(np.float32),
        kind=_away_kind(rng, path),
        leaves=escalates & chance(rng, LEAVES_AFTER if sector is Sector.VO else LEAVES_AFTER / 2, shape=(count,)),
    )


def _away_kind(rng: np.random.Generator, path: Ints) -> Ints:
    weights = np.asarray([[spec.away.get(kind, 0.0) for kind in AWAY_KINDS] for spec in PATHS])
    bounds = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)[path]
    return np.asarray((rng.random(len(path))[:, None] > bounds).sum(axis=1))


@dataclass(frozen=True)
class Pull:
    """What all episodes together do to the days of one school's pupils; each array has shape (P, D).

    Parameters
    ----------
    channels
        Strength of each channel.
    reported
        Share of whole days away that is reported as sickness.
    away
        0, or 1 + index into `AWAY_KINDS`: away all day.
    """

    channels: dict[Channel, Floats]
    reported: Floats
    away: Ints


def pull(rng: np.random.Generator, episodes: Episodes, stay: Ints, *, clock: Clock, stays: int) -> Pull:
    """Lay episodes over the days of one school.

    Parameters
    ----------
    rng
        Source of chance.
    episodes, stay
        The episodes of this school's pupils, and whose stay each one touches.
    clock, stays
        The school's days, and its number of stays.
    """
    start = clock.place(episodes.onset)
    total = episodes.prodrome + episodes.away + episodes.tail
    length = np.minimum(total, clock.count - start).clip(0)
    run, column = flat(start, length)
    since = (column - start[run]).astype(np.float32)
    severity = _severity(episodes, run, since) * episodes.visible[run]
    cell = stay[run] * clock.count + column
    channels: dict[Channel, Floats] = {}
    for channel in CHANNELS:
        gain = np.asarray([path.effects.get(channel, 0.0) for path in PATHS], dtype=np.float32)[episodes.path][run]
        channels[channel] = _summed(cell, gain * severity, shape=(stays, clock.count))
    reported = np.full(stays * clock.count, 0.7, dtype=np.float32)
    reported[cell] = np.asarray([path.reported for path in PATHS], dtype=np.float32)[episodes.path][run]
    away = np.zeros(stays * clock.count, dtype=np.int64)
    gone = _is_away(episodes, run, since) & ~chance(rng, PRESENT_WHILE_AWAY, shape=since.shape)
    away[cell[gone]] = 1 + episodes.kind[run[gone]]
    return Pull(channels, reported.reshape(stays, -1), away.reshape(stays, -1))


def _is_away(episodes: Episodes, run: Ints, since: Floats) -> Bools:
    begin = episodes.prodrome[run]
    return np.asarray((since >= begin) & (since < begin + episodes.away[run]))


def _severity(episodes: Episodes, run: Ints, since: Floats) -> Floats:
    """0..1: grows to the peak, and fades after the prodrome or the absence."""
    prodrome = np.maximum(episodes.prodrome, 1)[run]
    grown = np.minimum(since / prodrome, 1.0) ** episodes.shape[run]
    after = since - prodrome - episodes.away[run]
    fading = np.clip(1 - after / np.maximum(episodes.tail, 1)[run], 0, 1)
    lasting = episodes.tail[run] >= 80
    fading = np.where(lasting & ~episodes.escalates[run], np.minimum(1.0, 4 * fading), fading)
    return np.asarray(episodes.peak[run] * np.where(after > 0, fading, grown), dtype=np.float32)


def _summed(cell: Ints, weight: Floats, *, shape: tuple[int, int]) -> Floats:
    return np.bincount(cell, weights=weight, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float32)
