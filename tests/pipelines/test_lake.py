"""Deliveries are stored whole or not at all, and only ever added."""

import os
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from data_contracts.errors import NotFoundError, StorageError
from data_contracts.quality import QualityReport, Verdict
from data_contracts.tables import CONTRACT_VERSION, TABLES
from pipelines.home import Home
from pipelines.lake import Lake, as_known, ever_within, schema
from pipelines.locks import locked

FIRST = datetime(2026, 9, 7, tzinfo=UTC)
SECOND = datetime(2026, 9, 14, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(Home.at(tmp_path))


def report(delivery: str, *, school: str = "11ZZ03", table: str = "enrolments", at: datetime = FIRST) -> QualityReport:
    return QualityReport(
        delivery=delivery,
        school=school,
        source="canonical",
        table=table,
        file="a.csv",
        delivered_at=at,
        sha256="0" * 64,
        verdict=Verdict.ACCEPTED,
        contract_version=CONTRACT_VERSION,
    )


def put(
    lake: Lake,
    delivery: str,
    *,
    table: str = "enrolments",
    school: str = "11ZZ03",
    at: datetime = FIRST,
    **values: object,
) -> None:
    row = {"school": school, "delivered_at": at, "delivery": delivery} | values
    lake.append(pl.DataFrame([row], schema=schema(TABLES[table])), report(delivery, school=school, table=table, at=at))


def test_what_was_stored_is_found_again_by_school_and_moment(lake: Lake):
    put(lake, "one", record="1")
    put(lake, "two", record="2", at=SECOND)
    put(lake, "three", record="3", school="11ZZ04")
    assert lake.schools() == ["11ZZ03", "11ZZ04"]
    assert sorted(lake.scan("enrolments").collect()["record"]) == ["1", "2", "3"]
    assert lake.scan("enrolments", schools=["11ZZ03"], delivered_by=FIRST).collect()["record"].to_list() == ["1"]
    assert [r.delivery for r in lake.reports("11ZZ03")] == ["one", "two"]
    assert [r.school for r in lake.reports()] == ["11ZZ03", "11ZZ04", "11ZZ03"]


@pytest.mark.parametrize("table", TABLES)
def test_an_empty_lake_has_the_columns_of_a_full_one(lake: Lake, table: str):
    assert lake.scan(table).collect().schema == pl.Schema(schema(TABLES[table]))
    assert lake.reports() == []
    assert lake.schools() == []


def test_rows_without_a_report_do_not_exist(lake: Lake):
    put(lake, "one", record="1")
    put(lake, "crashed", record="2")
    (lake.home.lake / "reports/11ZZ03/crashed.json").unlink()
    assert lake.scan("enrolments").collect()["record"].to_list() == ["1"]
    assert not lake.has("crashed", "11ZZ03")


def test_what_a_crash_left_behind_is_swept_away_and_nothing_else(lake: Lake):
    put(lake, "one", record="1")
    put(lake, "other", record="1", school="11ZZ04")
    before = sorted(lake.home.lake.rglob("*"))
    folder = lake.home.lake / "enrolments/11ZZ03"
    (folder / "crashed.parquet").write_bytes(b"rows")
    (folder / ".half.parquet-1a2b").write_bytes(b"ro")
    lake.sweep("11ZZ03")
    assert sorted(lake.home.lake.rglob("*")) == before


def test_a_delivery_is_never_overwritten(lake: Lake):
    put(lake, "one", record="1")
    with pytest.raises(StorageError, match="al opgeslagen"):
        put(lake, "one", record="2")
    assert lake.scan("enrolments").collect()["record"].to_list() == ["1"]


def test_a_disk_that_refuses_leaves_nothing_half(lake: Lake, monkeypatch: pytest.MonkeyPatch):
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        put(lake, "one", record="1")
    assert [path for path in lake.home.lake.rglob("*") if path.is_file()] == []


def test_the_latest_name_of_a_pupil_stands(lake: Lake):
    put(lake, "one", table="names", pupil="p1", sealed="old")
    put(lake, "two", table="names", pupil="p1", sealed="new", at=SECOND)
    assert lake.sealed_names("11ZZ03") == {"p1": "new"}
    assert lake.sealed_names("11ZZ04") == {}


def test_a_damaged_report_is_said_not_skipped(lake: Lake):
    put(lake, "one", record="1")
    (lake.home.lake / "reports/11ZZ03/one.json").write_text("{")
    with pytest.raises(StorageError, match=r"one\.json"):
        lake.reports()


def test_a_school_without_settings_is_not_found(lake: Lake):
    with pytest.raises(NotFoundError):
        lake.settings("11ZZ03")


def test_one_import_a_school_at_a_time(lake: Lake):
    busy = pytest.raises(StorageError, match="loopt al een import van school 11ZZ03")
    with locked(lake.home, "11ZZ03"), locked(lake.home, "11ZZ04"), busy, locked(lake.home, "11ZZ03"):
        pass
    with locked(lake.home, "11ZZ03"):
        pass


def test_what_is_known_of_some_days_needs_the_other_versions_of_those_records_only():
    first, last = date(2026, 9, 7), date(2026, 9, 13)
    rows = [  # record, day, recorded, withdrawn
        ("stays", date(2026, 9, 8), FIRST, False),
        ("moved out", date(2026, 9, 8), FIRST, False),
        ("moved out", date(2026, 9, 21), SECOND, False),
        ("moved in", date(2026, 9, 1), FIRST, False),
        ("moved in", date(2026, 9, 9), SECOND, False),
        ("taken back", date(2026, 9, 8), FIRST, False),
        ("taken back", date(2026, 9, 8), SECOND, True),
        ("elsewhere", date(2026, 9, 28), FIRST, False),
    ]
    names = ["record", "start_date", "recorded_at", "withdrawn"]
    versions = pl.LazyFrame(rows, schema=names, orient="row").with_columns(school=pl.lit("11ZZ03"))
    within = pl.col("start_date").is_between(first, last)
    some = ever_within(versions, "start_date", first, last)
    assert "elsewhere" not in some.collect()["record"]
    for moment, known in ((FIRST, ["moved out", "stays", "taken back"]), (SECOND, ["moved in", "stays"])):
        assert as_known(some, moment).filter(within).collect()["record"].sort().to_list() == known
        assert as_known(versions, moment).filter(within).collect()["record"].sort().to_list() == known
