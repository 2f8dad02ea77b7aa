"""What is stored of one school, read once for all the files of an import, and what each file adds to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

import polars as pl

from data_contracts.tables import ABSENCES, ENROLMENTS, OUTCOMES, TIMETABLE
from features.known import SUPERSEDED
from pipelines.lake import Lake, as_known, succeeded

_TABLES = (ENROLMENTS.name, TIMETABLE.name, ABSENCES.name, OUTCOMES.name)
Made = TypeVar("Made")


@dataclass(frozen=True)
class Stored:
    """Every version of one school's facts, names apart. Nothing of it is changed: what arrives gives another.

    Parameters
    ----------
    school
        The school.
    deliveries
        The deliveries in it that are stored.
    tables
        Versions by table as the lake holds them, and the moment at which the next version of the record was recorded.
    worked_out
        What was asked of one table and will be asked again, by table and question.
    """

    school: str
    deliveries: frozenset[str]
    tables: Mapping[str, pl.DataFrame]
    worked_out: dict[tuple[str, str], object] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, lake: Lake, school: str) -> "Stored":
        """Read everything that is stored of `school`."""
        scans = [lake.scan(name, schools=[school]) for name in _TABLES]
        frames = [succeeded(frame) for frame in pl.collect_all(scans)]
        return cls(school, lake.deliveries(school), dict(zip(_TABLES, frames, strict=True)))

    def versions(self, table: str) -> pl.DataFrame:
        """Every version of `table`, as the lake holds it."""
        return self.tables[table].drop(SUPERSEDED)

    def known(self, table: str, as_of: datetime) -> pl.LazyFrame:
        """Facts of `table` as known at `as_of` (UTC), taken from all that is here."""
        return as_known(self.tables[table].lazy(), as_of).drop(SUPERSEDED)

    def with_rows(self, table: str, rows: pl.DataFrame) -> "Stored":
        """Return the same with `rows`, which are about to be stored, in the columns of the lake."""
        if rows.is_empty():
            return self
        before = self.tables[table]
        corrected = before["record"].is_in(rows["record"].implode())
        if corrected.any():
            rows = pl.concat([before.filter(corrected).drop(SUPERSEDED), rows])
            before = before.filter(~corrected)
        return self._with(table, pl.concat([before, succeeded(rows)]))

    def delivered_by(self, moment: datetime) -> "Stored":
        """Return only what had been delivered by `moment` (UTC): an old delivery given again finds what it found then."""
        made = self
        for name, frame in self.tables.items():
            if (frame["delivered_at"] > moment).any():
                rows = frame.drop(SUPERSEDED).filter(pl.col("delivered_at") <= moment)
                made = made._with(name, succeeded(rows))
        return made

    def with_deliveries(self, deliveries: frozenset[str]) -> "Stored":
        """Return the same, now that `deliveries` are stored as well."""
        return replace(self, deliveries=self.deliveries | deliveries)

    def once(self, table: str, question: str, answer: Callable[[pl.DataFrame], Made]) -> Made:
        """Answer a question about all versions of `table`, once for as long as they stay the same."""
        if (table, question) not in self.worked_out:
            self.worked_out[table, question] = answer(self.tables[table])
        found: Made = self.worked_out[table, question]  # type: ignore[assignment]  # as it was put there
        return found

    def _with(self, table: str, frame: pl.DataFrame) -> "Stored":
        kept = {key: answer for key, answer in self.worked_out.items() if key[0] != table}
        return replace(self, tables={**self.tables, table: frame}, worked_out=kept)


class Shelf:
    """Holds what is stored of the school that is being imported; of one school only, for the memory it takes."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self._held: Stored | None = None

    def of(self, school: str) -> Stored:
        """Return what is stored of `school` now; only for who holds the school's lock."""
        held = self._held
        if held is None or held.school != school or held.deliveries != self.lake.deliveries(school):
            held = self._held = Stored.of(self.lake, school)
        return held

    def keep(self, stored: Stored) -> None:
        """Hold `stored`, all of which is in the lake by now."""
        self._held = stored
