"""Rivals learn what there is to learn, in the circumstances in which they are asked to."""

import numpy as np
import pytest

from models.learning import Sample
from models.peers import ON_FEATURES, ON_TOTALS, TOTAL_WEEKS, feature_scores, total_scores
from models.ranking import rank_figures


def world(seed: int, *, columns: int, rows: int = 6000, share: float = 0.01) -> tuple[np.ndarray, np.ndarray]:
    """Few rows have the outcome; where the first two columns are both high it is most likely."""
    rng = np.random.default_rng(seed)
    matrix = rng.gamma(0.5, 2.0, size=(rows, columns))
    outcome = (rng.random(rows) < np.clip(share * matrix[:, 0] * matrix[:, 1], 0, 1)).astype(float)
    return matrix, outcome


def auc(scores: np.ndarray, outcome: np.ndarray) -> float:
    return float(rank_figures(scores, outcome, np.ones((1, len(outcome))))[1][0])


def sample(matrix: np.ndarray, outcome: np.ndarray) -> Sample:
    return Sample(matrix=matrix, outcome=outcome, pupil=np.arange(len(outcome)))


def test_each_rival_on_features_orders_pupils_it_never_saw():
    learn, later = world(1, columns=8), world(2, columns=8)
    found = feature_scores(sample(*learn), later[0])
    assert list(found) == [peer.name for peer in ON_FEATURES]
    for name, scores in found.items():
        assert auc(scores, later[1]) > 0.75, name


def test_missing_values_and_an_empty_column_are_no_obstacle():
    matrix, outcome = world(1, columns=6)
    matrix[::3, 2] = np.nan
    matrix[:, 5] = np.nan
    for scores in feature_scores(sample(matrix, outcome), matrix[:50]).values():
        assert np.isfinite(scores).all()


def test_that_a_value_is_missing_can_tell_by_itself():
    rng = np.random.default_rng(3)
    outcome = (rng.random(4000) < 0.03).astype(float)
    matrix = rng.normal(size=(4000, 3))
    matrix[(outcome == 1) & (rng.random(4000) < 0.7), 0] = np.nan
    assert auc(feature_scores(sample(matrix, outcome), matrix)["logistic"], outcome) > 0.75


def test_each_form_of_the_uitnodigingsregel_orders_pupils_it_never_saw():
    learn, later = world(1, columns=2 * TOTAL_WEEKS), world(2, columns=2 * TOTAL_WEEKS)
    found = total_scores(sample(*learn), later[0])
    assert list(found) == [peer.name for peer in ON_TOTALS]
    for name, scores in found.items():
        assert auc(scores, later[1]) > 0.7, name


def test_the_same_rows_give_the_same_order():
    matrix, outcome = world(4, columns=2 * TOTAL_WEEKS, rows=1500)
    one, other = (total_scores(sample(matrix, outcome), matrix) for _ in range(2))
    again = feature_scores(sample(matrix, outcome), matrix)
    for name, scores in (one | feature_scores(sample(matrix, outcome), matrix)).items():
        assert scores == pytest.approx((other | again)[name], abs=1e-12)


def test_a_handful_of_cases_is_no_crash():
    matrix, _ = world(5, columns=2 * TOTAL_WEEKS, rows=300)
    outcome = np.zeros(300)
    outcome[:3] = 1
    for scores in (
        feature_scores(sample(matrix, outcome), matrix) | total_scores(sample(matrix, outcome), matrix)
    ).values():
        assert scores.shape == (300,)
        assert np.isfinite(scores).all()
