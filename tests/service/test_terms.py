"""How long what is kept: the terms, and from which day on something is past them."""

from datetime import date
from pathlib import Path

import pytest

from data_contracts.errors import SettingsError
from service.terms import Part, Term, terms

WORDS = {"label": "x", "what": "x", "after": "x", "source": "x", "sourced": False}


@pytest.mark.parametrize(
    ("length", "today", "before"),
    [
        ({"school_years": 2}, date(2026, 11, 22), date(2024, 8, 1)),
        ({"school_years": 2}, date(2026, 7, 31), date(2023, 8, 1)),
        ({"school_years": 2}, date(2026, 8, 1), date(2024, 8, 1)),
        ({"years": 5}, date(2026, 11, 22), date(2021, 11, 22)),
        ({"years": 5}, date(2028, 2, 29), date(2023, 2, 28)),
        ({"days": 30}, date(2026, 11, 22), date(2026, 10, 23)),
    ],
)
def test_what_is_older_than_this_day_is_past_its_term(length: dict, today: date, before: date):
    assert Term(**WORDS, **length).cutoff(today) == before


def test_every_part_has_a_term_and_says_where_it_comes_from():
    found = terms()
    assert set(found) == set(Part)
    assert all(one.source and one.label and one.after for one in found.values())


def test_a_term_that_is_our_own_choice_says_so():
    assert {part for part, one in terms().items() if one.sourced} == {Part.LAKE, Part.FOLLOW_UPS, Part.CASES}


def test_an_installation_lays_its_own_figures_over_ours(tmp_path: Path):
    (tmp_path / "retention.toml").write_text("[term.audit]\nyears = 7\n[term.lists]\ndays = 90\n", encoding="utf-8")
    found = terms(tmp_path)
    assert (found[Part.AUDIT].length, found[Part.LISTS].length) == ("7 jaar", "90 dagen")
    assert found[Part.LISTS].school_years is None


@pytest.mark.parametrize(
    "text",
    ["[term.audit]\nyears = 0", "[term.maandag]\ndays = 3", "[term.audit]\nyears = 1\ndays = 2", "term = 3", "="],
)
def test_figures_that_cannot_be_are_refused(tmp_path: Path, text: str):
    (tmp_path / "retention.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"retention\.toml"):
        terms(tmp_path)
