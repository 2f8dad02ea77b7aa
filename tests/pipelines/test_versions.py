"""A delivery adds new facts, corrections and facts taken back; nothing is ever changed."""

from datetime import UTC, date, datetime, timedelta
from random import Random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.tables import ABSENCES
from pipelines.lake import as_known, schema
from pipelines.versions import compare, dated

PUPIL = "p" + "a" * 26
MONDAY = datetime(2026, 9, 7, 17, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(days=1)
WEDNESDAY = MONDAY + timedelta(days=2)
DAY = date(2026, 9, 7)


def rows(*facts: dict) -> pl.DataFrame:
    """A reader's frame: each fact is a record with a kind, and whatever else matters."""
    usual = {
        "pupil": PUPIL,
        "start_date": DAY,
        "open_ended": False,
        "authorised": "unknown",
        "registration": "report",
        "mapped": True,
        "withdrawn": False,
    }
    columns = {
        k: v for k, v in schema(ABSENCES).items() if k not in {"school", "recorded_basis", "delivered_at", "delivery"}
    }
    filled = [usual | fact | {"_row": at} for at, fact in enumerate(facts, start=2)]
    return pl.DataFrame(filled, schema=columns | {"_row": pl.Int64()})


class Known:
    """A lake of one school in memory."""

    def __init__(self) -> None:
        self.stored = pl.DataFrame(schema=schema(ABSENCES))

    def deliver(self, *facts: dict, at: datetime, complete: tuple[date, date] | None = None, as_event: bool = False):
        frame, found = dated(ABSENCES, rows(*facts), delivered_at=at, as_event=as_event, file="a.csv")
        change = compare(ABSENCES, frame, self.stored, delivered_at=at, complete=complete, file="a.csv")
        stored = change.frame.with_columns(school=pl.lit("11ZZ03"), delivered_at=pl.lit(at), delivery=pl.lit(f"{at}"))
        self.stored = pl.concat(
            [self.stored, stored.cast({"delivered_at": pl.Datetime("us", "UTC")}).select(self.stored.columns)]
        )
        assert not self.stored.select("record", "recorded_at").is_duplicated().any(), "two versions share a moment"
        self.found = [(f.check, f.row, f.count) for f in (*found, *change.findings)]
        return change.new, change.corrected, change.withdrawn, change.dropped

    def kinds(self, as_of: datetime) -> dict[str, str]:
        return dict(as_known(self.stored.lazy(), as_of).select("record", "kind").collect().iter_rows())


@pytest.fixture
def lake():
    return Known()


def fact(record: str, kind: str, **more: object) -> dict:
    return {"record": record, "kind": kind} | more


def test_the_same_rows_again_add_nothing(lake: Known):
    assert lake.deliver(fact("1", "sick"), fact("2", "late"), at=MONDAY) == (2, 0, 0, 0)
    assert lake.deliver(fact("1", "sick"), fact("2", "late"), at=TUESDAY) == (0, 0, 0, 0)
    assert len(lake.stored) == 2


def test_a_correction_is_a_new_version_from_its_own_moment(lake: Known):
    lake.deliver(fact("1", "unexplained"), at=MONDAY)
    assert lake.deliver(fact("1", "truancy"), at=TUESDAY) == (0, 1, 0, 0)
    assert lake.kinds(MONDAY) == {"1": "unexplained"}
    assert lake.kinds(TUESDAY) == {"1": "truancy"}


def test_a_fact_may_return_to_what_it_was(lake: Known):
    for at, kind in ((MONDAY, "sick"), (TUESDAY, "leave"), (WEDNESDAY, "sick")):
        lake.deliver(fact("1", kind, recorded_at=MONDAY), at=at)
    assert [lake.kinds(at) for at in (MONDAY, TUESDAY, WEDNESDAY)] == [{"1": "sick"}, {"1": "leave"}, {"1": "sick"}]


def test_a_source_that_keeps_its_first_moment_cannot_hide_when_a_correction_came(lake: Known):
    lake.deliver(fact("1", "unexplained", recorded_at=MONDAY), at=MONDAY)
    lake.deliver(fact("1", "truancy", recorded_at=MONDAY), at=WEDNESDAY)
    assert lake.kinds(TUESDAY) == {"1": "unexplained"}
    assert lake.kinds(WEDNESDAY) == {"1": "truancy"}


def test_a_later_moment_with_the_same_content_is_no_news(lake: Known):
    lake.deliver(fact("1", "sick", recorded_at=MONDAY), at=TUESDAY)
    assert lake.deliver(fact("1", "sick", recorded_at=TUESDAY), at=WEDNESDAY) == (0, 0, 0, 0)


def test_one_file_may_tell_the_history_of_a_fact(lake: Known):
    told = (fact("1", "unexplained", recorded_at=MONDAY), fact("1", "truancy", recorded_at=TUESDAY))
    assert lake.deliver(*told, at=WEDNESDAY) == (1, 0, 0, 0)
    assert lake.kinds(MONDAY) == {"1": "unexplained"}
    assert lake.kinds(TUESDAY) == {"1": "truancy"}
    assert lake.deliver(*told, at=WEDNESDAY + timedelta(days=1)) == (0, 0, 0, 0)


def test_an_old_delivery_given_again_changes_nothing(lake: Known):
    lake.deliver(fact("1", "unexplained"), at=MONDAY)
    lake.deliver(fact("1", "truancy"), at=TUESDAY)
    assert lake.deliver(fact("1", "unexplained"), at=MONDAY) == (0, 0, 0, 0)
    assert lake.kinds(TUESDAY) == {"1": "truancy"}


def test_a_delivery_that_comes_late_fills_in_the_past_and_leaves_the_present(lake: Known):
    lake.deliver(fact("1", "truancy"), at=WEDNESDAY)
    assert lake.deliver(fact("1", "unexplained"), at=MONDAY) == (1, 0, 0, 0)
    assert lake.kinds(TUESDAY) == {"1": "unexplained"}
    assert lake.kinds(WEDNESDAY) == {"1": "truancy"}


def test_another_reading_of_a_stored_moment_is_passed_over_and_said(lake: Known):
    lake.deliver(fact("1", "truancy", recorded_at=MONDAY), at=WEDNESDAY)
    assert lake.deliver(fact("1", "unexplained", recorded_at=MONDAY), at=TUESDAY) == (0, 0, 0, 1)
    assert lake.found == [("overtaken", None, 1)]
    assert lake.kinds(WEDNESDAY) == {"1": "truancy"}


def test_two_files_of_one_moment_that_contradict_each_other_settle(lake: Known):
    for _ in range(2):
        lake.deliver(fact("1", "sick"), at=MONDAY)
        lake.deliver(fact("1", "leave"), at=MONDAY)
    assert len(lake.stored) == 2
    assert lake.kinds(TUESDAY) == {"1": "leave"}


@pytest.mark.parametrize("kinds", [("sick", "leave"), ("leave", "sick")])
def test_of_two_files_of_one_moment_the_change_stands_whichever_is_read_first(lake: Known, kinds: tuple[str, str]):
    lake.deliver(fact("1", "sick"), at=MONDAY)
    for kind in kinds * 2:
        lake.deliver(fact("1", kind), at=TUESDAY)
    assert lake.kinds(WEDNESDAY) == {"1": "leave"}
    assert len(lake.stored) == 2


def test_a_fact_taken_back_no_longer_counts_from_then_on(lake: Known):
    lake.deliver(fact("1", "sick"), at=MONDAY)
    assert lake.deliver(fact("1", "sick", withdrawn=True), at=TUESDAY) == (0, 0, 1, 0)
    assert lake.kinds(MONDAY) == {"1": "sick"}
    assert lake.kinds(TUESDAY) == {}
    assert lake.deliver(fact("1", "sick"), at=WEDNESDAY) == (0, 1, 0, 0)
    assert lake.kinds(WEDNESDAY) == {"1": "sick"}


def test_a_complete_delivery_takes_back_what_it_no_longer_holds(lake: Known):
    outside = fact("9", "sick", start_date=date(2026, 8, 31))
    lake.deliver(fact("1", "sick"), fact("2", "late"), fact("3", "late"), outside, at=MONDAY)
    week = (date(2026, 9, 7), date(2026, 9, 11))
    assert lake.deliver(fact("1", "sick"), fact("3", "late"), at=TUESDAY, complete=week) == (0, 0, 1, 0)
    assert lake.kinds(TUESDAY) == {"1": "sick", "3": "late", "9": "sick"}
    assert lake.deliver(fact("1", "sick"), fact("3", "late"), at=TUESDAY, complete=week) == (0, 0, 0, 0)
    assert lake.deliver(fact("1", "sick"), fact("3", "late"), at=WEDNESDAY, complete=week) == (0, 0, 0, 0)


@pytest.mark.parametrize(("kept", "refused"), [(1, ["incomplete_delivery"]), (2, [])])
def test_a_complete_delivery_that_misses_more_than_half_is_refused(lake: Known, kept: int, refused: list[str]):
    lake.deliver(*(fact(str(n), "sick") for n in range(4)), at=MONDAY)
    lake.deliver(*(fact(str(n), "sick") for n in range(kept)), at=TUESDAY, complete=(DAY, DAY))
    assert [check for check, _, _ in lake.found] == refused


def test_the_moment_of_the_source_stands_but_never_after_the_delivery(lake: Known):
    lake.deliver(fact("1", "sick", recorded_at=MONDAY - timedelta(hours=8)), fact("2", "sick"), at=MONDAY)
    assert lake.found == []
    lake.deliver(fact("3", "sick", recorded_at=WEDNESDAY), at=TUESDAY)
    assert lake.found == [("recorded_after_delivery", 2, 1)]
    moments = lake.stored.sort("record").select("recorded_at", "recorded_basis").rows()
    assert moments == [(MONDAY - timedelta(hours=8), "source"), (MONDAY, "delivery"), (TUESDAY, "source")]


def test_the_day_itself_can_stand_for_the_moment_and_says_that_it_is_assumed(lake: Known):
    lake.deliver(fact("1", "sick"), fact("2", "sick", start_date=date(2026, 10, 30)), at=TUESDAY, as_event=True)
    moments = lake.stored.sort("record").select("recorded_at", "recorded_basis").rows()
    assert moments == [(datetime(2026, 9, 7, 21, tzinfo=UTC), "assumed"), (TUESDAY, "assumed")]  # 23:00 in summer time


def test_rows_that_repeat_or_contradict_each_other_are_said(lake: Known):
    repeated = (fact("1", "sick"), fact("1", "sick"), fact("2", "sick"), fact("2", "late"), fact("3", "late"))
    assert lake.deliver(*repeated, at=MONDAY) == (3, 0, 0, 2)
    assert lake.found == [("duplicate_rows", 3, 1), ("contradictory_rows", 5, 1)]
    assert lake.kinds(MONDAY) == {"1": "sick", "2": "late", "3": "late"}


def test_an_emptied_value_is_a_change_too(lake: Known):
    lake.deliver(fact("1", "sick", end_date=DAY), at=MONDAY)
    assert lake.deliver(fact("1", "sick", end_date=None), at=TUESDAY) == (0, 1, 0, 0)


def test_nothing_delivered_is_nothing_new(lake: Known):
    assert lake.deliver(at=MONDAY) == (0, 0, 0, 0)


deliveries = st.lists(
    st.dictionaries(
        st.sampled_from("abc"),
        st.tuples(st.sampled_from(["sick", "leave", "late"]), st.booleans(), st.sampled_from([None, MONDAY, TUESDAY])),
        min_size=1,
    ),
    min_size=1,
    max_size=5,
)
"""Files, each saying of some records what kind they are, whether withdrawn, and when that was recorded."""


def said(file: dict[str, tuple[str, bool, datetime | None]]) -> list[dict]:
    return [fact(r, kind, withdrawn=gone, recorded_at=at) for r, (kind, gone, at) in file.items()]


@settings(max_examples=40, deadline=None)
@given(deliveries)
def test_whatever_a_school_delivers_in_order_is_what_is_known_at_that_moment(files: list[dict]):
    lake = Known()
    for day, file in enumerate(files):
        at = WEDNESDAY + timedelta(days=day)
        lake.deliver(*said(file), at=at)
        known = lake.kinds(at)
        assert {r: known.get(r) for r in file} == {r: None if gone else kind for r, (kind, gone, _) in file.items()}


@settings(max_examples=40, deadline=None)
@given(deliveries, st.randoms(use_true_random=False))
def test_giving_files_again_in_whatever_order_adds_nothing(files: list[dict], random: Random):
    lake = Known()
    moments = [WEDNESDAY + timedelta(days=day // 2) for day in range(len(files))]  # some share a moment
    given_first = list(zip(moments, files, strict=True))
    for at, file in given_first:
        lake.deliver(*said(file), at=at)
    before = lake.stored
    for at, file in random.sample(given_first, len(given_first)):
        assert lake.deliver(*said(file), at=at)[:3] == (0, 0, 0)
    assert lake.stored.equals(before)
