"""A small table in, a value out: how the feature tests write down a school."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from data_contracts.tables import ABSENCES, ENROLMENTS, TIMETABLE, Table, lake_columns
from features.tables import Tables

TYPES = {
    "string": pl.String,
    "int": pl.Int64,
    "float": pl.Float64,
    "bool": pl.Boolean,
    "date": pl.Date,
    "datetime": pl.Datetime("us", "UTC"),
}
SCHOOL = "11ZZ03"
EARLY = datetime(2026, 8, 1, tzinfo=UTC)


def frame(table: Table, rows: Sequence[dict[str, Any]]) -> pl.LazyFrame:
    columns = lake_columns(table)
    filled = [
        {c.name: row.get(c.name, SCHOOL if c.name == "school" else c.default) for c in columns}
        | {"recorded_at": row.get("recorded_at", EARLY), "record": row.get("record", f"r{n}")}
        for n, row in enumerate(rows)
    ]
    return pl.LazyFrame(filled, schema={c.name: TYPES[c.type] for c in columns})


@dataclass
class School:
    """One school that a test fills row by row. Weeks run Monday to Friday, six hours of 50 minutes a day."""

    enrolments: list[dict[str, Any]] = field(default_factory=list)
    timetable: list[dict[str, Any]] = field(default_factory=list)
    absences: list[dict[str, Any]] = field(default_factory=list)

    def pupil(self, name: str, group: str = "2a", *, start: date = date(2026, 8, 17), **more: Any) -> None:
        self.enrolments.append({"pupil": name, "group": group, "year_group": "12", "valid_from": start} | more)

    def lessons(self, first: date, last: date, group: str = "2a", *, slots: int = 6, **more: Any) -> None:
        for n in range((last - first).days + 1):
            day = first + timedelta(days=n)
            if day.weekday() < 5:
                self.timetable += [
                    {"group": group, "date": day, "slot": s, "start_minute": 480 + 50 * s, "minutes": 50} | more
                    for s in range(1, slots + 1)
                ]

    def absent(self, pupil: str, day: date, kind: str = "sick", **more: Any) -> None:
        self.absences.append({"pupil": pupil, "start_date": day, "kind": kind} | more)

    def tables(self) -> Tables:
        return Tables(
            enrolments=frame(ENROLMENTS, self.enrolments),
            timetable=frame(TIMETABLE, self.timetable),
            absences=frame(ABSENCES, self.absences),
        )
