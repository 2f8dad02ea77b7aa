"""Write the national shape as a real lake: one delivery a table, school and week, as a school's weekly export would give.

``python benchmarks/shape_lake.py HOME PUPILS`` writes one to look at.
"""

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import polars as pl

from benchmarks.shape import name_of, one_school, schools
from data_contracts.quality import QualityReport, Verdict
from data_contracts.tables import CONTRACT_VERSION, TABLES
from pipelines.home import Home
from pipelines.lake import schema

SETTINGS = """school = "{school}"
name = "Meetschool {school}"
sector = "vo"
region = "midden"
"""


@dataclass(frozen=True)
class Shape:
    """What `write_lake` writes; two lakes of the same shape are the same."""

    pupils: int
    seed: int
    late_share: float = 0.0
    years: tuple[int, ...] = (2025,)


def write_lake(home: Home, pupils: int, seed: int, *, late_share: float = 0.0) -> int:
    """Write a lake of `pupils` at `home`; return its absence registrations.

    Written school by school, in as many processes as there are cores: a school stands on its own.
    """
    shape = Shape(pupils, seed, late_share)
    home.schools.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        work = [pool.submit(write_school, home, shape, number=number, pupils=size) for number, size in schools(pupils)]
        return sum(done.result() for done in work)


def write_school(home: Home, shape: Shape, *, number: int, pupils: int) -> int:
    """Write one school's settings and deliveries; return its absence registrations."""
    school = name_of(number)
    made = one_school(number, pupils, seed=shape.seed, years=shape.years, late_share=shape.late_share)
    (home.schools / f"{school}.toml").write_text(SETTINGS.format(school=school), encoding="utf-8")
    (home.lake / "reports" / school).mkdir(parents=True, exist_ok=True)
    for table, rows in zip(("enrolments", "timetable", "absences"), made, strict=True):
        (home.lake / table / school).mkdir(parents=True, exist_ok=True)
        _deliver(home, school, table, rows)
    return len(made[-1])


def _deliver(home: Home, school: str, table: str, rows: pl.DataFrame) -> None:
    """Write `rows` as the exports of the Sundays that follow: what was recorded by then and not delivered yet."""
    sunday = pl.col("recorded_at").dt.date().dt.truncate("1w") + timedelta(days=6)
    for (day,), part in (
        rows.with_columns(sunday=sunday).partition_by("sunday", as_dict=True, include_key=False).items()
    ):
        assert isinstance(day, date)  # noqa: S101 - the key is a date
        delivered_at = datetime(day.year, day.month, day.day, 17, tzinfo=UTC)
        delivery = f"{delivered_at:%Y%m%dT%H%M%SZ}-{table}"
        report = QualityReport(
            delivery=delivery,
            school=school,
            source="canonical",
            table=table,
            file=f"{table}.csv",
            delivered_at=delivered_at,
            sha256="0" * 64,
            verdict=Verdict.ACCEPTED,
            rows=len(part),
            new=len(part),
            contract_version=CONTRACT_VERSION,
        )
        part.with_columns(delivered_at=pl.lit(delivered_at).dt.cast_time_unit("us"), delivery=pl.lit(delivery)).select(
            *schema(TABLES[table])
        ).write_parquet(home.lake / table / school / f"{delivery}.parquet")
        marker = home.lake / "reports" / school / f"{delivery}.json"
        marker.write_text(report.model_dump_json(indent=1), encoding="utf-8")


if __name__ == "__main__":
    print(write_lake(Home.at(Path(sys.argv[1])), int(sys.argv[2]), 1))
