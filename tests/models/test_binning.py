"""Cutting a feature into bins."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.binning import cut, find_edges, place

NUMBERS = hnp.arrays(
    np.float64,
    st.integers(1, 300),
    elements=st.one_of(st.integers(-20, 20).map(float), st.floats(-1e3, 1e3), st.just(np.nan)),
)


def test_few_values_get_a_bin_each_with_edges_between_them():
    assert find_edges(np.array([0.0, 1.0, 1.0, 3.0, np.nan]), 32).tolist() == [0.5, 2.0]


def test_edges_are_short_decimals():
    assert find_edges(np.array([0.123456, 0.234567]), 32).tolist() == [0.2]


def test_a_value_that_many_share_gets_its_own_bin():
    column = np.concatenate([np.zeros(500), np.linspace(0.001, 1, 500)])
    edges = find_edges(column, 16)
    assert 0 < edges[0] < 0.001
    assert len(edges) == 15


def test_the_upper_tail_is_cut_more_finely_than_the_middle():
    edges = find_edges(np.arange(100_000, dtype=float), 32)
    assert (edges > 90_000).sum() > (np.abs(edges - 50_000) < 5_000).sum()
    assert edges[-1] > 99_900


def test_numbers_that_two_engines_round_differently_share_a_bin():
    column = np.array([0.1 + 0.2, 0.3, 0.5])
    edges = find_edges(column, 32)
    assert place(column[:, None], [edges])[:, 0].tolist() == [0, 0, 1]


def test_nothing_known_gives_one_bin():
    assert find_edges(np.array([np.nan, np.nan]), 32).tolist() == []


@given(NUMBERS, st.integers(4, 32))
def test_bins_are_ordered_bounded_and_never_empty(column, max_bins):
    edges = find_edges(column, max_bins)
    assert len(edges) < max_bins
    assert np.all(np.diff(edges) > 0)
    places = place(column[:, None], [edges])[:, 0]
    known = ~np.isnan(column)
    assert np.array_equal(np.isnan(places), ~known)
    if known.any():
        assert set(np.unique(places[known])) == set(range(len(edges) + 1))
        assert np.all(np.diff(places[known][np.argsort(column[known])]) >= 0)


def test_no_bin_tells_of_fewer_than_ten_pupils():
    rng = np.random.default_rng(3)
    pupil = rng.integers(0, 200, 900)
    numbers = np.column_stack([rng.gamma(0.3, 1.0, 900), rng.poisson(0.7, 900)])
    numbers[pupil == 7, 0] = 40.0  # one pupil, far out, with many rows
    loose = [find_edges(column, 64) for column in numbers.T]
    binned = cut(numbers, pupil, max_bins=64, fewest=10)
    for column, edges, before in zip(binned.places.T, binned.edges, loose, strict=True):
        assert min(len(np.unique(pupil[column == one])) for one in range(len(edges) + 1)) >= 10
        assert set(edges) < set(before)
        assert len(edges) > 2


def test_a_missing_value_of_few_pupils_is_counted_with_the_fullest_bin():
    pupil = np.arange(300)
    numbers = np.where(pupil < 200, 0.0, 1.0)
    some, few = np.where(pupil < 50, np.nan, numbers), np.where(pupil < 9, np.nan, numbers)
    binned = cut(np.column_stack([numbers, some, few]), pupil, max_bins=8, fewest=10)
    assert binned.stand_in == [None, None, 0]
    assert np.isnan(binned.places[:, 1]).sum() == 50
    assert not np.isnan(binned.places[:, 2]).any()


def test_a_value_that_few_pupils_have_teaches_nothing():
    column = np.where(np.arange(300) < 9, 1.0, np.nan)
    binned = cut(column[:, None], np.arange(300), max_bins=8, fewest=10)
    assert np.isnan(binned.places).all()
    assert binned.stand_in == [None]
