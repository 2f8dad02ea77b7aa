"""Counts for a region: what is told, and what somebody who adds and subtracts can make of it."""

import math
from itertools import count

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from service.disclosure import RULES, Cell, Name, Sum, possible, rounded, told

KEY = b"k" * 32
REGION = ("regio",)


def region(table: list[list[int]], *, edition: int = 0) -> tuple[dict[Name, Cell], list[Sum]]:
    """A region from counts by school (row) and year group (column)."""
    numbers = count()
    members = [[f"{edition}/{next(numbers)}" if cell else "" for cell in row] for row in table]
    schools = {
        ("school", str(place)): Cell(sum(row), tuple(filter(None, members[place]))) for place, row in enumerate(table)
    }
    years = {
        ("jaar", str(place)): Cell(sum(column), tuple(filter(None, (row[place] for row in members))))
        for place, column in enumerate(zip(*table, strict=True))
    }
    every = Cell(sum(map(sum, table)), tuple(one for row in members for one in row if one))
    return {REGION: every, **schools, **years}, [Sum(REGION, tuple(schools)), Sum(REGION, tuple(years))]


def tables(most: int = 30) -> st.SearchStrategy[list[list[int]]]:
    """Regions of 1 to 6 schools and 1 to 4 year groups, with many a small count."""
    cell = st.one_of(st.integers(0, 4), st.integers(0, most))
    return st.integers(1, 4).flatmap(
        lambda width: st.lists(st.lists(cell, min_size=width, max_size=width), min_size=1, max_size=6)
    )


@pytest.mark.parametrize(("pupils", "figures"), [(5, {5}), (9, {5, 10}), (10, {10}), (14, {10, 15}), (412, {410, 415})])
def test_a_count_is_rounded_to_a_five_above_or_below(pupils: int, figures: set[int]):
    assert {rounded(Cell(pupils, (str(one),)), key=KEY) for one in range(200)} == figures


def test_rounding_is_right_on_average():
    figures = [rounded(Cell(13, (str(one),)), key=KEY) for one in range(20_000)]
    assert abs(np.mean(figures) - 13) < 0.1


def test_the_same_pupils_are_rounded_the_same_way_however_often_and_in_whatever_order():
    for one in range(50):
        members = (f"{one}a", f"{one}b", f"{one}c")
        assert len({rounded(Cell(13, order), key=KEY) for order in (members, members[::-1], members)}) == 1


def test_rounding_depends_on_the_key():
    cells = [Cell(13, (str(one),)) for one in range(64)]
    assert [rounded(one, key=KEY) for one in cells] != [rounded(one, key=b"another") for one in cells]


@pytest.mark.parametrize("pupils", range(5))
def test_fewer_than_five_is_not_told_and_neither_is_none(pupils: int):
    assert told({REGION: Cell(pupils, ("a",))}, [], key=KEY) == {REGION: None}


@pytest.mark.parametrize(("pupils", "is_told"), [(96, False), (95, True), (100, False)])
def test_all_but_fewer_than_five_is_not_told_either(pupils: int, is_told: bool):
    assert (told({REGION: Cell(pupils, ("a",), among=100)}, [], key=KEY)[REGION] is not None) == is_told


@settings(max_examples=300, deadline=None)
@given(tables())
def test_what_is_told_is_a_five_near_the_truth_or_nothing(table: list[list[int]]):
    cells, sums = region(table)
    for name, figure in told(cells, sums, key=KEY).items():
        if figure is None:
            continue
        assert figure % RULES.base == 0
        assert abs(figure - cells[name].count) < RULES.base
        assert cells[name].count >= RULES.smallest


def test_one_small_school_cannot_be_had_by_subtracting_the_others_from_the_region():
    """Three schools of 6 were rounded up and the region of 18 down: at most one pupil is left for the fourth school."""
    small = {("school", "3")}
    for edition in range(4000):
        cells, sums = region([[6], [6], [6], [0]], edition=edition)
        plain = {name: None if name in small else rounded(cell, key=KEY) for name, cell in cells.items()}
        if _attack(plain, sums, small, ("school", "3")) == (0, 1):
            break
    else:
        pytest.fail("rounding never fell that way")
    shown = told(cells, sums, key=KEY)
    assert sum(figure is None for figure in shown.values()) == 2  # the small school, and one of the others with it
    assert _attack(shown, sums, small, ("school", "3")) == (0, 4)


@settings(max_examples=150, deadline=None)
@given(tables(most=12), st.binary(min_size=16, max_size=16))
def test_whoever_adds_and_subtracts_is_not_sure_of_any_small_count(table: list[list[int]], key: bytes):
    cells, sums = region(table)
    shown = told(cells, sums, key=key)
    small = {name for name, cell in cells.items() if cell.count < RULES.smallest}
    for name in small:
        low, high = _attack(shown, sums, small, name)
        assert low <= cells[name].count <= high
        assert high - low + 1 >= RULES.left_open


@settings(max_examples=150, deadline=None)
@given(tables(), st.data())
def test_two_editions_that_differ_by_one_pupil_do_not_tell_of_that_pupil(table: list[list[int]], data: st.DataObject):
    """Whatever two answers say of a count, a reader cannot tell whether it went up by one, down by one, or not."""
    row = data.draw(st.integers(0, len(table) - 1))
    column = data.draw(st.integers(0, len(table[0]) - 1))
    after = [list(one) for one in table]
    after[row][column] += 1
    first, second = (told(*region(one, edition=edition), key=KEY) for edition, one in enumerate((table, after)))
    for name in first:
        before, now = _alone(first[name]), _alone(second[name])
        least, most = now[0] - before[1], now[1] - before[0]
        assert least <= -1
        assert most >= 1


@settings(max_examples=150, deadline=None)
@given(tables())
def test_a_region_less_one_of_its_parts_does_not_tell_a_small_rest(table: list[list[int]]):
    cells, sums = region(table)
    shown = told(cells, sums, key=KEY)
    for one in sums:
        for part in one.parts:
            rest = cells[one.whole].count - cells[part].count
            whole, own = _alone(shown[one.whole]), _alone(shown[part])
            if rest < RULES.smallest and len(one.parts) > 1:
                assert min(whole[1] - own[0], math.inf) - max(whole[0] - own[1], 0) >= 1


@settings(max_examples=200, deadline=None)
@given(tables(most=9))
def test_bounds_are_those_that_a_solver_finds(table: list[list[int]]):
    cells, sums = region(table)
    small = {name for name, cell in cells.items() if cell.count < RULES.smallest}
    shown = {name: None if name in small else rounded(cell, key=KEY) for name, cell in cells.items()}
    bounds = possible(shown, sums, small=small)
    for name in cells:
        assert bounds[name] == _attack(shown, sums, small, name)


def _alone(figure: int | None) -> tuple[float, float]:
    """What a reader of one figure knows; of nothing, nothing but that it is no negative number."""
    return (0, math.inf) if figure is None else (max(5, figure - 4), figure + 4)


def _attack(shown: dict[Name, int | None], sums: list[Sum], small: set[Name], target: Name) -> tuple[float, float]:
    """Least and most that `target` can be, by a solver for whole numbers that knows nothing of how we count."""
    names = list(shown)
    ranges = [(0, 4) if name in small else _alone(shown[name]) for name in names]
    matrix = np.zeros((len(sums), len(names)))
    for place, one in enumerate(sums):
        matrix[place, names.index(one.whole)] = -1
        for part in one.parts:
            matrix[place, names.index(part)] = 1
    found = []
    for sign in (1, -1):
        goal = np.zeros(len(names))
        goal[names.index(target)] = sign
        lows, highs = np.array(ranges, dtype=float).T
        answer = milp(
            goal,
            constraints=LinearConstraint(matrix, 0, 0),
            bounds=Bounds(lows, highs),
            integrality=np.ones(len(names)),
        )
        found.append(math.inf if answer.status == 3 else round(sign * answer.fun))
    return found[0], found[1]
