from datetime import date

import pytest

from features.words import day_text, number_text, percent_text, singular, span_text


def test_days_and_spans_as_a_dutch_reader_writes_them():
    assert day_text(date(2026, 11, 3)) == "3 november"
    assert day_text(date(2026, 11, 3), year=True) == "3 november 2026"
    assert span_text(date(2026, 11, 2), date(2026, 11, 13)) == "2 tot en met 13 november"
    assert span_text(date(2026, 10, 26), date(2026, 11, 13)) == "26 oktober tot en met 13 november"


@pytest.mark.parametrize(("value", "text"), [(16, "16"), (16.0, "16"), (16.54, "16,5"), (16.96, "17"), (0.04, "0")])
def test_numbers_have_a_comma_and_at_most_one_decimal(value: float, text: str):
    assert number_text(value) == text


def test_shares_are_whole_per_cents():
    assert percent_text(0.126) == "13 %"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 ziekmeldingen in 12 lesweken", "1 ziekmelding in 12 lesweken"),
        ("1 hele dagen afwezig", "1 hele dag afwezig"),
        ("11 ziekmeldingen", "11 ziekmeldingen"),
        ("1,5 dagen", "1,5 dagen"),
    ],
)
def test_one_is_singular(text: str, said: str):
    assert singular(text) == said
