"""What an import holds of a school is what the lake holds, whatever came in between."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from data_contracts.quality import QualityReport, Verdict
from data_contracts.tables import CONTRACT_VERSION, ENROLMENTS
from features.known import SUPERSEDED
from pipelines.home import Home
from pipelines.lake import Lake, as_known, schema
from pipelines.stored import Shelf, Stored

SCHOOL = "11ZZ03"
START = datetime(2026, 9, 1, tzinfo=UTC)
TABLE = ENROLMENTS.name


def moment(hour: int) -> datetime:
    return START + timedelta(hours=hour)


def versions(*told: tuple[str, int, str, bool], delivered: int = 99) -> pl.DataFrame:
    """Rows of (record, hour of recording, group, withdrawn) as one delivery brings them."""
    facts = [
        {"school": SCHOOL, "record": record, "recorded_at": moment(hour), "group": group, "withdrawn": withdrawn}
        | {"delivered_at": moment(delivered), "delivery": f"d{delivered}"}
        for record, hour, group, withdrawn in told
    ]
    return pl.DataFrame(facts, schema=schema(ENROLMENTS))


def empty() -> Stored:
    return Stored(SCHOOL, frozenset(), {TABLE: versions().with_columns(superseded_at=pl.col("recorded_at"))})


def known(stored: Stored, as_of: datetime) -> pl.DataFrame:
    return stored.known(TABLE, as_of).sort("record").collect()


def at_once(rows: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    return as_known(rows.lazy(), as_of).drop(SUPERSEDED).sort("record").collect()


told = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.sampled_from(["1a", "2b"]), st.booleans()),
    unique_by=lambda row: row[:2],
    max_size=8,
)


@given(rows=told, cut=st.integers(0, 8), hour=st.integers(-1, 10))
def test_rows_that_come_in_parts_are_known_as_if_they_came_at_once(
    rows: list[tuple[str, int, str, bool]], cut: int, hour: int
):
    early, late = versions(*rows[:cut], delivered=20), versions(*rows[cut:], delivered=30)
    stored = empty().with_rows(TABLE, early).with_rows(TABLE, late)
    together = pl.concat([early, late])
    assert_frame_equal(stored.versions(TABLE), together, check_row_order=False)
    assert_frame_equal(known(stored, moment(hour)), at_once(together, moment(hour)))
    by_then = stored.delivered_by(moment(20))
    assert_frame_equal(known(by_then, moment(hour)), at_once(early, moment(hour)))


def test_what_was_worked_out_is_kept_until_its_table_changes():
    asked: list[int] = []

    def count(rows: pl.DataFrame) -> int:
        asked.append(rows.height)
        return rows.height

    before = empty().with_rows(TABLE, versions(("a", 1, "1a", False)))
    assert [before.once(TABLE, "rows", count), before.once(TABLE, "rows", count)] == [1, 1]
    after = before.with_rows(TABLE, versions(("b", 1, "1a", False)))
    assert (after.once(TABLE, "rows", count), before.once(TABLE, "rows", count)) == (2, 1)
    assert asked == [1, 2]


def append(lake: Lake, delivery: str, *told: tuple[str, int, str, bool]) -> pl.DataFrame:
    rows = versions(*told).with_columns(delivery=pl.lit(delivery))
    report = QualityReport(
        delivery=delivery,
        school=SCHOOL,
        source="canonical",
        table=TABLE,
        file="x.csv",
        delivered_at=moment(99),
        sha256="",
        verdict=Verdict.ACCEPTED,
        contract_version=CONTRACT_VERSION,
    )
    lake.append(rows, report)
    return rows


def test_a_shelf_reads_again_only_what_somebody_else_stored(tmp_path: Path):
    lake = Lake(Home.at(tmp_path))
    shelf = Shelf(lake)
    first = shelf.of(SCHOOL)
    rows = append(lake, "one", ("a", 1, "1a", False))
    mine = first.with_rows(TABLE, rows).with_deliveries(frozenset({"one"}))
    shelf.keep(mine)
    assert shelf.of(SCHOOL) is mine
    append(lake, "two", ("a", 2, "2b", False))
    again = shelf.of(SCHOOL)
    assert known(again, moment(3))["group"].to_list() == ["2b"]
    assert known(again, moment(1))["group"].to_list() == ["1a"]
    assert shelf.of("11ZZ04").school == "11ZZ04"
