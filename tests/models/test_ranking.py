"""Ordering pupils: who is on the list, and how good the whole order is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from models.ranking import listed, rank_figures

ONE_LIST = np.array([2])


def on_list(scores, lists, capacity=ONE_LIST) -> list[float]:
    return listed(np.array(scores, dtype=float), np.array(lists), capacity).tolist()


def test_the_highest_scores_are_on_the_list():
    assert on_list([0.1, 0.9, 0.5], [0, 0, 0]) == [0, 1, 1]


def test_equal_scores_share_the_last_places():
    assert on_list([0.9, 0.5, 0.5, 0.5, 0.1], [0] * 5, np.array([2])) == pytest.approx([1, 1 / 3, 1 / 3, 1 / 3, 0])


def test_what_is_missing_comes_last():
    assert on_list([np.nan, -5.0, 3.0], [0, 0, 0]) == [0, 1, 1]


def test_each_list_has_its_own_places():
    assert on_list([1, 2, 3, 4], [0, 1, 0, 1], np.array([1, 2])) == [0, 1, 1, 1]


def test_a_short_list_leaves_places_empty():
    assert on_list([1, 2], [0, 0], np.array([5])) == [1, 1]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=60), st.integers(0, 9))
def test_a_list_is_exactly_as_long_as_its_capacity_or_its_pupils(rows, capacity):
    scores, lists = np.array(rows).T
    chance = listed(scores.astype(float), lists, np.full(3, capacity))
    for number in set(lists.tolist()):
        assert chance[lists == number].sum() == pytest.approx(min(capacity, (lists == number).sum()))
    assert chance.min() >= 0
    assert chance.max() <= 1


def test_figures_are_those_of_the_textbook_also_under_ties_and_weights():
    rng = np.random.default_rng(2)
    scores, outcome = rng.integers(0, 12, 400).astype(float), (rng.random(400) < 0.2).astype(float)
    weights = np.vstack([np.ones(400), rng.poisson(1.0, 400)])
    precision, auc = rank_figures(scores, outcome, weights)
    for row, weight in enumerate(weights):
        assert precision[row] == pytest.approx(average_precision_score(outcome, scores, sample_weight=weight))
        assert auc[row] == pytest.approx(roc_auc_score(outcome, scores, sample_weight=weight))


def test_an_order_that_says_nothing_has_the_base_rate():
    precision, auc = rank_figures(np.zeros(10), np.array([1.0] * 3 + [0.0] * 7), np.ones((1, 10)))
    assert precision[0] == pytest.approx(0.3)
    assert auc[0] == pytest.approx(0.5)
