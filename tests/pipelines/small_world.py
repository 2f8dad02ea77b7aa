"""A small made-up world to train on in seconds: two schools of 160 pupils, 44 school weeks."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from data_contracts.quality import QualityReport, Verdict
from data_contracts.tables import CONTRACT_VERSION, TABLES
from models.fit import Settings
from models.outcome import read_outcome
from models.splits import Plan
from pipelines.home import Home
from pipelines.lake import Lake, schema
from pipelines.train import TrainResult

SCHOOLS = ("11ZZ01", "11ZZ02")
FIRST = date(2025, 8, 18)
WEEKS = 44
PUPILS = 160
OUTCOME = read_outcome("long_absence")
PLAN = Plan(step_weeks=4, history_weeks=6, calibration_origins=2, evaluation_origins=2)
SMALL = Settings(min_pupils_fit=8, min_pupils_calibrate=3, min_leaf_rows=10, max_iterations=80)
DELIVERED = datetime(2026, 6, 27, 18, tzinfo=UTC)
HALFWAY = datetime(2026, 3, 2, 5, tzinfo=UTC)


def evening(day: date) -> datetime:
    return datetime.combine(day, time(21), tzinfo=UTC)


def days() -> list[date]:
    return [FIRST + timedelta(weeks=week, days=day) for week in range(WEEKS) for day in range(5)]


def pupil(school: str, number: int) -> str:
    return "p" + f"{school[-1]}{number}".translate(str.maketrans("0123456789", "abcdefghij")).rjust(26, "a")


def absences(school: str) -> list[dict]:
    """Every fourth pupil is away more and more for four weeks and then for six; anybody may be ill for a day."""
    rng = np.random.default_rng(int(school[-1]))
    rows = []
    for number in range(PUPILS):
        drift = 5 + number * 7 % 36 if number % 4 == 0 else 10_000
        for place, day in enumerate(days()):
            away = (place // 5 - drift) * 0.2
            share = 0.02 if away < 0 else 1.0 if 0.8 <= away < 2 else away + 0.1 if away < 2 else 0.02
            if rng.random() < share:
                rows.append({"pupil": pupil(school, number), "start_date": day, "kind": "sick", "authorised": "yes"})
    return rows


def store(lake: Lake, school: str, table: str, rows: list[dict], delivered_at: datetime = DELIVERED) -> None:
    blank = {"school": school, "withdrawn": False, "recorded_basis": "source", "delivered_at": delivered_at}
    defaults = {column.name: column.default for column in TABLES[table].columns}
    filled = [
        defaults | blank | {"delivery": f"{table}-{delivered_at:%Y%m%d}", "record": f"{delivered_at:%m%d}-{n}"} | row
        for n, row in enumerate(rows)
    ]
    report = QualityReport(
        delivery=f"{table}-{delivered_at:%Y%m%d}",
        school=school,
        source="canonical",
        table=table,
        file="x.csv",
        delivered_at=delivered_at,
        sha256="0" * 64,
        verdict=Verdict.ACCEPTED,
        contract_version=CONTRACT_VERSION,
    )
    types = schema(TABLES[table])
    lake.append(pl.DataFrame([{name: row.get(name) for name in types} for row in filled], schema=types), report)


def region(root: Path) -> Home:
    home = Home.at(root)
    home.schools.mkdir(parents=True)
    for school in SCHOOLS:
        text = f'school = "{school}"\nname = "School {school}"\nsector = "vo"\ncapacity = 6\n'
        (home.schools / f"{school}.toml").write_text(text, encoding="utf-8")
        lake, early = Lake(home), evening(FIRST - timedelta(days=30))
        groups = [{"pupil": pupil(school, n), "group": f"g{n % 5}"} for n in range(PUPILS)]
        store(lake, school, "enrolments", [row | {"valid_from": FIRST, "recorded_at": early} for row in groups])
        lessons = [{"group": f"g{n}", "date": day, "minutes": 300} for n in range(5) for day in days()]
        store(lake, school, "timetable", [row | {"recorded_at": early} for row in lessons])
        store(lake, school, "absences", [row | {"recorded_at": evening(row["start_date"])} for row in absences(school)])
    return home


@dataclass(frozen=True)
class World:
    """An installation with a model that nobody signed for yet, what the training said, and what it came to."""

    home: Home
    said: list[str]
    result: TrainResult
