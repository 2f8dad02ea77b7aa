"""Bags: pupils drawn with all their rows, and boosters that stop where the pupils left out say so."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from models.bagging import _drawn, _rows, bags
from models.binning import cut
from models.learning import Settings


@pytest.fixture(autouse=True)
def one_thread():
    """As `models.fit.fit` sees to: on a busy machine the threads wait for each other."""
    with threadpool_limits(limits=1, user_api="openmp"):
        yield


def test_as_many_pupils_are_drawn_as_there_are_and_those_with_the_outcome_apart(learned):
    times = _drawn(learned, np.random.default_rng(1))
    affected = np.unique(learned.pupil[learned.outcome == 1])
    assert times[affected].sum() == len(affected)
    assert times.sum() == len(times)
    assert 0.3 < (times[affected] == 0).mean() < 0.44  # 1/e


def test_rows_kept_stand_for_all_rows_of_the_bag():
    outcome = np.array([1.0] * 10 + [0.0] * 990)
    times = np.tile([0.0, 1.0, 2.0], 334)[:1000]
    kept, weight = _rows(outcome, times, 5, np.random.default_rng(0))
    assert (times[kept] > 0).all()
    assert (outcome[kept] == 0).sum() == 5 * (outcome[kept] == 1).sum()
    assert weight[outcome[kept] == 1].sum() == times[outcome == 1].sum()
    assert weight[outcome[kept] == 0].sum() == pytest.approx(times[outcome == 0].sum())


def test_only_the_trees_that_helped_count(learned):
    settings = Settings(bags=2, max_iterations=60, patience=10)
    places = cut(learned.matrix, learned.pupil, max_bins=16, fewest=10).places
    grown = bags(places, learned, directions=[1, 1, -1, 0, 0], settings=settings)
    assert len(grown) == 2
    for bag in grown:
        assert 0 < bag.trees <= 60
        assert bag.booster.validation_score_.argmax() == bag.trees
        staged = list(bag.booster.staged_decision_function(places[:50]))
        assert np.array_equal(bag.log_odds(places[:50]), staged[bag.trees - 1])


def test_bags_differ(learned):
    places = cut(learned.matrix, learned.pupil, max_bins=16, fewest=10).places
    settings = Settings(bags=2, max_iterations=20)
    one, other = bags(places, learned, directions=[1, 1, -1, 0, 0], settings=settings)
    assert np.abs(one.log_odds(places) - other.log_odds(places)).max() > 0.01
