"""The hidden truth: who is on which path, and every absence that really happened, also after `until`.

Read by no pipeline. It serves the calibration, and whoever wants to see how well a list did.
"""

from pathlib import Path

import numpy as np
import polars as pl

from data_contracts.identifiers import Sector
from data_contracts.reasons import KINDS, Authorised, Kind
from pipelines.simulate.arrays import Bools, Ints, per_day, runs
from pipelines.simulate.books import KINDS as REGISTERED
from pipelines.simulate.clock import YEARS
from pipelines.simulate.days import KINDS_OF_CELLS, code
from pipelines.simulate.exports import columns
from pipelines.simulate.known import Span, lessons
from pipelines.simulate.paths import PATHS
from pipelines.simulate.school import School

LONG_DAYS, LONG_WINDOW, MOSTLY = 20, 40, 0.8
"""Long absence: within 40 school days (8 weeks) at least 20 with 80 % or more of the scheduled time absent."""
MAZL_REPORTS, MAZL_DAYS, MAZL_WINDOW = 4, 7, 60
"""M@ZL in secondary: 4 reports of illness in 12 school weeks, or 7 school days in a row."""

TABLES = ("pupils", "paths", "absent_days", "pupil_years", "day_totals", "reasons_missing")


def tell(school: School) -> dict[str, pl.DataFrame]:
    """Return the tables of one school, see `TABLES`.

    Returns
    -------
    dict
        ``pupils``: one row a stay. ``paths``: one row an episode, with its onset and its days away. ``absent_days``: one
        row a pupil and day with any absence, up to the horizon. ``pupil_years``: one row a pupil and school year, for
        the calibration. ``day_totals``: one row a day. ``reasons_missing``: registered absence four weeks later, and
        how much of it has no reason yet.
    """
    return {
        "pupils": _pupils(school),
        "paths": _paths(school),
        "absent_days": _absent_days(school),
        "pupil_years": _pupil_years(school),
        "day_totals": _day_totals(school),
        "reasons_missing": _reasons_missing(school),
    }


def write_truth(target: Path, parts: list[dict[str, pl.DataFrame]]) -> dict[str, pl.DataFrame]:
    """Write the tables of all schools below `target`; return them."""
    target.mkdir(parents=True, exist_ok=True)
    together = {name: pl.concat([part[name] for part in parts]) for name in TABLES}
    for name, frame in together.items():
        frame.write_parquet(target / f"{name}.parquet")
    return together


def _who(school: School, stay: Ints) -> dict[str, pl.Series | list[str]]:
    count = len(stay)
    return {
        "school": [school.place.school] * count,
        "sector": [school.place.sector.value] * count,
        "pupil_number": pl.Series(school.numbers[stay]).cast(pl.String),
    }


def _pupils(school: School) -> pl.DataFrame:
    stays = school.stays
    return pl.DataFrame(
        {
            **_who(school, np.arange(len(stays))),
            "person": stays.person,
            "first": stays.first,
            "last": stays.last,
            "chronic": school.chronic,
        }
    )


def _paths(school: School) -> pl.DataFrame:
    episodes, clock = school.episodes, school.clock
    start = clock.place(episodes.onset)
    away_from, away_to = start + episodes.prodrome, start + episodes.prodrome + episodes.away - 1
    happens = (away_from < clock.count) & (episodes.away > 0)
    return pl.DataFrame(
        {
            **_who(school, school.episode_stay),
            "path": [PATHS[path].name for path in episodes.path],
            "onset": episodes.onset,
            "escalates": episodes.escalates,
            "peak": episodes.peak,
            "visible": episodes.visible,
            "away_from": columns.dates(school, np.minimum(away_from, clock.count - 1)).set(pl.Series(~happens), None),
            "away_to": columns.dates(school, np.minimum(away_to, clock.count - 1)).set(pl.Series(~happens), None),
        }
    )


def _absent_days(school: School) -> pl.DataFrame:
    attendance = school.desk.attendance
    absent = per_day(attendance.cells > 0)
    pupil, day = np.nonzero(absent)
    minutes = int(school.desk.plan.slot_minutes[0])
    kinds = ["" if kind is None else kind.value for kind in KINDS_OF_CELLS]
    return pl.DataFrame(
        {
            **_who(school, pupil),
            "date": columns.dates(school, day),
            "kind": columns.looked_up(pl.Series(kinds), attendance.cells[pupil, day].max(axis=1)),
            "absent_minutes": absent[pupil, day] * minutes,
            "scheduled_minutes": attendance.required[pupil, day].sum(axis=1) * minutes,
            "after_until": day >= school.clock.known,
        }
    )


def mostly_absent(school: School) -> Bools:
    """Whether 80 % or more of the scheduled time was missed: shape (P, D)."""
    attendance = school.desk.attendance
    scheduled = per_day(attendance.required)
    return np.asarray((scheduled > 0) & (per_day(attendance.cells > 0) >= MOSTLY * scheduled))


def long_absent(away: Bools) -> Bools:
    """Whether long absence begins on a day, looking ahead: shape (P, D)."""
    return away & (_ahead(away, LONG_WINDOW) >= LONG_DAYS)


def _ahead(cells: Bools, window: int) -> Ints:
    """Count true cells in the window that begins at each day."""
    total = np.concatenate([np.zeros((len(cells), 1), dtype=np.int64), np.cumsum(cells, axis=1)], axis=1)
    end = np.minimum(np.arange(cells.shape[1]) + window, cells.shape[1])
    return np.asarray(total[:, end] - total[:, :-1])


def _by_year(school: School, cells: Bools) -> Ints:
    """Sum over the days of each school year: shape (P, YEARS)."""
    years = [cells[:, school.clock.of_year(year)].sum(axis=1) for year in range(YEARS)]
    return np.stack(years, axis=1).astype(np.int64)


def _of_kinds(*, authorised: bool) -> Bools:
    """For each number in a cell, whether its kind counts as authorised (or not)."""
    word = Authorised.YES if authorised else Authorised.NO
    return np.asarray([kind is not None and KINDS[kind].authorised is word for kind in KINDS_OF_CELLS])


def _measured(school: School) -> dict[str, Ints | Bools]:
    """Return what is summed over a pupil's school year; each array has shape (P, D)."""
    attendance, clock = school.desk.attendance, school.clock
    cells, required = attendance.cells, attendance.required
    ill = cells == code(Kind.SICK)
    ill_days = (attendance.days == code(Kind.SICK)) & school.desk.plan.there
    row, first, last = runs(ill_days)
    begins = np.zeros(ill_days.shape, dtype=bool)
    begins[row, first] = True
    lasting = np.zeros(ill_days.shape, dtype=bool)
    lasting[row[last - first + 1 >= MAZL_DAYS], first[last - first + 1 >= MAZL_DAYS]] = True
    missed = required & school.desk.plan.of_pupils(school.desk.plan.missed, clock)
    winter = np.isin(
        np.arange(clock.count), np.concatenate([clock.of_year(year)[60 : 60 + MAZL_WINDOW] for year in range(YEARS)])
    )
    return {
        "days": per_day(required) > 0,
        "slots": per_day(required),
        "sick": per_day(ill),
        "sick_days": per_day(ill) > 0,
        "sick_spells": begins,
        "medical": per_day(cells == code(Kind.MEDICAL_APPOINTMENT)),
        "authorised": per_day(_of_kinds(authorised=True)[cells]),
        "truancy": per_day((cells == code(Kind.TRUANCY)) | (cells == code(Kind.UNEXPLAINED))),
        "absent": per_day(cells > 0),
        "late": attendance.late > 0,
        "removed": attendance.removed > 0,
        "missed": per_day(missed),
        "mazl_reports": begins & winter,
        "mazl_long": lasting & winter,
        "long_absent": long_absent(mostly_absent(school)),
    }


def _pupil_years(school: School) -> pl.DataFrame:
    measured = _measured(school)
    sums = {name: _by_year(school, np.asarray(values)) for name, values in measured.items()}
    pupil, year = np.nonzero(sums["days"])
    return pl.DataFrame(
        {
            **_who(school, pupil),
            "year": year,
            "level": school.stays.levels[pupil, year],
            "track": school.stays.track[pupil],
            **{name: values[pupil, year] for name, values in sums.items()},
        }
    )


def _day_totals(school: School) -> pl.DataFrame:
    attendance, clock = school.desk.attendance, school.clock
    slots = per_day(attendance.required)
    sessions = (2 * (slots > 0) if school.place.sector is Sector.VO else slots).sum(axis=0)
    return pl.DataFrame(
        {
            "school": [school.place.school] * clock.count,
            "sector": [school.place.sector.value] * clock.count,
            "date": clock.days,
            "year": clock.year,
            "weekday": clock.weekday,
            "iso_week": clock.iso_week,
            "week": clock.week,
            "slots": slots.sum(axis=0),
            "sessions": sessions,
            "sick": per_day(attendance.cells == code(Kind.SICK)).sum(axis=0),
            "absent": per_day(attendance.cells > 0).sum(axis=0),
            "late": (attendance.late > 0).sum(axis=0),
        }
    )


def _reasons_missing(school: School) -> pl.DataFrame:
    """Lessons of secondary in the books, four weeks before `until`: all, and those still unexplained."""
    until = school.clock.days[school.clock.known].astype("datetime64[m]").astype(np.int64)
    known = lessons(school.books, school.desk, Span(-1, int(until))).filter(~pl.col("withdrawn"))
    settled = known.filter(pl.col("day") < school.clock.known - 20)
    absent = settled.filter(
        ~pl.col("kind").is_in([REGISTERED.index(Kind.LATE), REGISTERED.index(Kind.REMOVED_FROM_CLASS)])
    )
    unexplained = (absent["kind"] == REGISTERED.index(Kind.UNEXPLAINED)).sum()
    return pl.DataFrame(
        {
            "school": [school.place.school],
            "sector": [school.place.sector.value],
            "unexplained": [unexplained],
            "all": [len(absent)],
        }
    )
