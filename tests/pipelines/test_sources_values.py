"""A cell in, a value out; what is not clearly a value is null."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sources.values import (
    booleans,
    dates,
    drop_never,
    durations,
    local_moments,
    moments,
    numbers,
    whole_numbers,
)

FIRST, LAST = datetime(1900, 1, 2), datetime(2199, 12, 30)  # noqa: DTZ001 - of the local clock
leisurely = settings(deadline=None, max_examples=40)
Parser = Callable[[pl.Series], pl.Series]


def one(parser: Parser, text: str):
    return parser(pl.Series("cell", [text], dtype=pl.String))[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("14-9-2026", date(2026, 9, 14)),
        ("14-09-2026", date(2026, 9, 14)),
        ("2026-09-14", date(2026, 9, 14)),
        ("2026-09-14T23:30:00+02:00", date(2026, 9, 14)),
        ("2026-09-14T22:30:00Z", date(2026, 9, 15)),  # after midnight in Amsterdam
        ("46279", date(2026, 9, 14)),  # Excel counts days
        ("29-02-2024", date(2024, 2, 29)),
        ("29-02-2026", None),
        ("31-04-2026", None),
        ("14-13-2026", None),
        ("1-9-26", None),
        ("9/14/2026", None),
        ("14 september 2026", None),
        ("0026-09-14", None),
        ("999", None),
    ],
)
def test_dates(text: str, value: object):
    assert one(dates, text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("14-09-2026 08:41:00", datetime(2026, 9, 14, 6, 41, tzinfo=UTC)),  # summer time
        ("14-12-2026 08:41", datetime(2026, 12, 14, 7, 41, tzinfo=UTC)),  # winter time
        ("2026-09-14T08:41:00.5", datetime(2026, 9, 14, 6, 41, 0, 500_000, tzinfo=UTC)),
        ("2026-09-14 08:41:00+0530", datetime(2026, 9, 14, 3, 11, tzinfo=UTC)),
        ("2026-09-14", datetime(2026, 9, 13, 22, 0, tzinfo=UTC)),
        ("46279.5", datetime(2026, 9, 14, 10, 0, tzinfo=UTC)),
        # 25 October 2026, 2:30 comes twice: the later one, so that nothing seems known before it was
        ("2026-10-25T02:30:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("2026-10-25T02:30:00+02:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        # 29 March 2026, 2:30 does not exist: an hour later does
        ("2026-03-29T02:30:00", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("2026-03-29T03:30:00", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("2026-09-14T24:00:00", None),
        ("2026-09-14T08:61:00", None),
        ("2026-09-14T08:41:60", None),
        ("2026-09-14T08", None),
        ("08:41", None),
    ],
)
def test_moments(text: str, value: object):
    assert one(moments, text) == value


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("107u24m", 107 * 60 + 24),
        ("0u50m", 50),
        ("2u", 120),
        ("50m", 50),
        ("50", 50),
        ("1:30", 90),
        ("01:30:00", 90),
        ("1899-12-31 00:50:00", 50),  # how a duration cell of Excel comes out
        ("1900-01-04 11:24:00", 107 * 60 + 24),
        ("1:75", None),
        ("-5", None),
        ("0.5", None),
        ("een uur", None),
    ],
)
def test_durations(text: str, minutes: object):
    assert one(durations, text) == minutes


def test_booleans_in_the_words_of_people_and_spreadsheets():
    words = ["ja", "Nee", "J", "n", "TRUE", "false", "WAAR", "onwaar", "1", "0", "misschien", None]
    assert booleans(pl.Series(words)).to_list() == [
        True,
        False,
        True,
        False,
        True,
        False,
        True,
        False,
        True,
        False,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("text", "number", "whole"),
    [("3", 3.0, 3), ("3.0", 3.0, 3), ("0,5", 0.5, None), ("-2", -2.0, -2), ("1e2", 100.0, None), ("NaN", None, None)],
)
def test_numbers(text: str, number: object, whole: int | None):
    assert (one(numbers, text), one(whole_numbers, text)) == (number, whole)


def test_a_whole_number_too_large_to_store_is_no_number():
    assert one(whole_numbers, "9" * 30) is None


def test_the_year_9999_stands_for_no_end():
    last = dates(pl.Series(["31-12-9999", "31-7-2027"]))
    assert drop_never(last).to_list() == [None, date(2027, 7, 31)]


@leisurely
@given(st.datetimes(FIRST, LAST))
def test_a_local_moment_reads_back_as_written(moment: datetime):
    dutch = f"{moment:%d-%m-%Y %H:%M:%S}"
    iso = moment.isoformat()
    assert one(local_moments, dutch) == moment.replace(microsecond=0)
    assert one(local_moments, iso) == moment


@leisurely
@given(st.datetimes(FIRST, LAST, timezones=st.just(UTC)))
def test_a_moment_with_an_offset_is_that_moment(moment: datetime):
    assert one(moments, moment.isoformat()) == moment


@leisurely
@given(st.lists(st.text() | st.from_regex(r"[-0-9T:.uZ+ ]{0,25}", fullmatch=True), max_size=8))
def test_any_text_is_a_value_or_null_and_each_alone_reads_as_together(texts: list[str]):
    series = pl.Series("cell", [*texts, *texts, *texts], dtype=pl.String)  # repeated, so that the short cut is taken
    for parser in (dates, moments, local_moments, durations, booleans, numbers, whole_numbers):
        assert parser(series).to_list() == [one(parser, text) for text in texts] * 3
