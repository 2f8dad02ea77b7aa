"""Cutting a feature into bins."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.binning import find_edges, place

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
