"""Why a list is not last week's."""

from datetime import date

import pytest

from models.stability import Moved, Moves, Stability, Week, overlap, stability

FIRST, SECOND, THIRD = date(2026, 1, 5), date(2026, 1, 12), date(2026, 1, 19)


def pupils(names: str) -> frozenset[tuple[str, str]]:
    return frozenset(("A", name) for name in names)


def week(day: date, listed: str, *, there: str = "abcdefgh", already: str = "") -> Week:
    return Week(day, pupils(listed), pupils(there), pupils(already))


def test_each_reason_to_leave_a_list_is_counted_once():
    found = stability([[week(FIRST, "abcd"), week(SECOND, "aefg", there="acdefgh", already="c")]], [])
    pair = found.weeks[0]
    assert (pair.kept, pair.came, pair.went) == (1, 3, 3)
    assert (pair.left, pair.already, pair.new_data) == (1, 1, 1), "b left school, c is long absent, d was passed by"
    assert pair.overlap == pytest.approx(1 / 7)


def test_who_left_is_not_counted_as_long_absent_too():
    pair = stability([[week(FIRST, "a"), week(SECOND, "", there="b", already="a")]], []).weeks[0]
    assert (pair.left, pair.already, pair.new_data) == (1, 0, 0)


def test_who_was_passed_by_may_still_be_near():
    later = Week(SECOND, pupils("aefg"), pupils("abcdefgh"), pupils(""), near=pupils("aefgbh"))
    pair = stability([[week(FIRST, "abcd"), later]], []).weeks[0]
    assert (pair.new_data, pair.near) == (3, 1), "b would be on a list twice as long, c and d would not"


def test_what_moved_scores_stands_beside_how_much_lists_change():
    moves = Moves((Moved(theme="amount", label="hoeveel is gemist", came=1.0, went=-0.5),), span=1.6, step=0.9)
    found = stability([[week(FIRST, "a"), week(SECOND, "a")]], [], moves)
    assert (found.moved, found.span, found.step) == (moves.moved, 1.6, 0.9)
    assert Stability.model_validate_json(found.model_dump_json()) == found


def test_periods_are_not_compared_with_each_other():
    found = stability([[week(FIRST, "a"), week(SECOND, "a")], [week(THIRD, "b")]], [])
    assert [(pair.week, pair.following) for pair in found.weeks] == [(FIRST, SECOND)]
    assert found.week_to_week == 1.0


def test_a_new_model_on_the_same_data():
    found = stability([], [(FIRST, pupils("abcd"), pupils("abce"))])
    assert found.models[0].overlap == pytest.approx(3 / 5)
    assert found.models[0].changed == 1
    assert found.new_model == pytest.approx(3 / 5)
    assert found.week_to_week is None
    assert Stability.model_validate_json(found.model_dump_json()) == found


def test_a_summer_between_two_lists_is_shown_but_not_averaged():
    found = stability([[week(FIRST, "ab"), week(SECOND, "ab"), week(date(2026, 8, 31), "cd")]], [])
    assert [pair.overlap for pair in found.weeks] == [1.0, 0.0]
    assert found.week_to_week == 1.0


def test_a_simple_order_is_measured_beside_it():
    one, other = (
        Week(day, pupils("a"), pupils("abc"), pupils(""), pupils(by)) for day, by in ((FIRST, "ab"), (SECOND, "bc"))
    )
    found = stability([[one, other]], [])
    assert (found.week_to_week, found.yardstick) == (1.0, pytest.approx(1 / 3))


def test_two_empty_lists_are_the_same_list():
    assert overlap(frozenset(), frozenset()) == 1.0
