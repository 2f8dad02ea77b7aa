"""Removing what is past its term, and one pupil: from the lake, from what was counted from it, and from the service.

The lake is only ever added to (ADR 0007), with this one exception. A file that holds somebody who has to go is written
anew beside the old one and takes its place in one move, so a reader sees all of the old file or all of the new one. Who
reads several files meanwhile may see a pupil in one and not in the other; the next run does not. Running it again after a
crash does the rest.
"""

import shutil
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import polars as pl

from data_contracts.errors import NotFoundError
from data_contracts.files import write_whole
from data_contracts.frozen import Frozen
from data_contracts.tables import TABLES
from pipelines.home import Home
from pipelines.kept.store import place, shard_of
from pipelines.keys import Keys
from pipelines.lake import Lake
from pipelines.leavers import leavers
from pipelines.locks import locked
from pipelines.publishing import open_database
from pipelines.trained import BACKTEST
from service import retention as in_service
from service.terms import Part, Term, terms

BUSY = "er worden net kenmerken geteld"
PUPIL, SCHOOL = "pupil", "school"


class Removed(Frozen):
    """What was removed, or would be: how many of what.

    Parameters
    ----------
    removed
        False where nothing was removed yet.
    counts
        Numbers by kind.
    silent
        Pupils who stay because nobody gave their enrolment an end, although nothing came in about them for over a year.
    """

    removed: bool
    counts: dict[str, int]
    silent: int = 0

    @property
    def words(self) -> str:
        """The counts in Dutch."""
        return in_service.worded(self.counts)


def retention(home: Home, *, by: str, at: datetime, remove: bool) -> Removed:
    """Count what is past its term, and remove it where asked to.

    Parameters
    ----------
    home
        The installation.
    by
        Who does so, for the audit.
    at
        What is past its term at this moment (UTC).
    remove
        False only counts.

    Raises
    ------
    StorageError
        An import is running, or a file cannot be written.
    """
    rules, today = terms(home.root), at.date()
    engine = open_database(home.database_url)
    try:
        lake, cutoff = Lake(home), rules[Part.LAKE].cutoff(today)
        found = [leavers(lake, school, cutoff=cutoff, at=at) for school in lake.schools()]
        silent = sum(one.silent for one in found)
        refused = _refused(home, rules[Part.REFUSED], at)
        if not remove:
            elsewhere = {"pupils": sum(len(one.pupils) for one in found), "refused": len(refused)}
            counts = in_service.due(engine, rules, today=today) | elsewhere
            return Removed(removed=False, counts=counts, silent=silent)
        elsewhere = {"pupils": sum(len(one.pupils) for one in found), "rows": 0, "backtests": 0, "refused": 0}
        for one in found:
            rows, backtests = _remove(home, one.school, one.pupils)
            elsewhere["rows"] += rows
            elsewhere["backtests"] += backtests
        for path in refused:
            path.unlink(missing_ok=True)
            elsewhere["refused"] += 1
        counts = in_service.remove(engine, rules, by=by, today=today, elsewhere=elsewhere)
        return Removed(removed=True, counts=counts, silent=silent)
    finally:
        engine.dispose()


def erase(home: Home, *, by: str, school: str, pupil: str) -> Removed:
    """Remove everything about one pupil of `school` (a pseudonym), from the lake first.

    Raises
    ------
    NotFoundError
        Nothing is known of that pupil.
    StorageError
        An import is running, or a file cannot be written.
    """
    rows, backtests = _remove(home, school, frozenset({pupil}))
    engine = open_database(home.database_url)
    try:
        elsewhere = {"rows": rows, "backtests": backtests}
        counts = in_service.erase(engine, by=by, school=school, pupil=pupil, elsewhere=elsewhere)
    finally:
        engine.dispose()
    if not any(counts.values()):
        detail = f"van deze leerling is bij school {school} niets bekend"
        raise NotFoundError(detail, remedy="Controleer het nummer en de school.")
    return Removed(removed=True, counts=counts)


def pseudonym_of(home: Home, *, school: str, number: str) -> str:
    """Return the pseudonym of a pupil by the school's own number.

    Raises
    ------
    StorageError
        There is no key, so there are no pseudonyms either.
    """
    settings = Lake(home).settings(school)
    scope = school if settings.pupil_number_scope == "school" else settings.pupil_number_scope
    return str(Keys.of(home).pseudonyms(pl.Series([number]), scope)[0])


def _remove(home: Home, school: str, pupils: Collection[str]) -> tuple[int, int]:
    """Take `pupils` out of the lake, of what is kept and of backtests; return rows of the first and of the last."""
    if not pupils:
        return 0, 0

    def is_theirs(frame: pl.DataFrame) -> pl.Series:
        return frame.select(
            (pl.col(PUPIL).is_in(sorted(pupils)) & (pl.col(SCHOOL) == school)).fill_null(value=False)
        ).to_series()

    lake = Lake(home)
    with locked(home, school):
        files = [path for table in TABLES for path in lake.files(table, schools=[school])]
        rows = sum(_without(path, is_theirs) for path in files)
    with locked(home, "kept", busy=BUSY):
        _forget_counted(place(home, shard_of(school)))
    backtests = sum(_without(path, is_theirs) for path in sorted(home.reports.glob(f"*/{BACKTEST}")))
    return rows, backtests


def _without(path: Path, is_theirs: Callable[[pl.DataFrame], pl.Series]) -> int:
    """Write a file anew without the rows that are theirs; return how many they were. One without any stays as it is."""
    frame = pl.read_parquet(path)
    theirs = is_theirs(frame)
    count = int(theirs.sum())
    if count:
        write_whole(path, frame.filter(~theirs).write_parquet)
    return count


def _forget_counted(folder: Path) -> None:
    """Remove what was counted of the weeks that are over; the next run counts it again, without who is gone."""
    for segment in sorted(folder.glob("[0-9]*"), reverse=True):
        with suppress(FileNotFoundError):
            (segment / "state.json").unlink()  # without it the segment does not count, also halfway
        shutil.rmtree(segment, ignore_errors=True)


def _refused(home: Home, term: Term, at: datetime) -> list[Path]:
    before = datetime.combine(term.cutoff(at.date()), datetime.min.time(), at.tzinfo).timestamp()
    found = (home.reports / "refused").rglob("*.json")
    return sorted(path for path in found if path.stat().st_mtime < before)
