"""A straight line in log-odds."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from models.calibration import fit_line, sigmoid


def sample(intercept: float, slope: float, rows: int = 40_000):
    rng = np.random.default_rng(3)
    log_odds = rng.normal(-3, 1.5, rows)
    outcome = (rng.random(rows) < sigmoid(intercept + slope * log_odds)).astype(float)
    return log_odds, outcome


def test_the_line_is_the_most_likely_one():
    log_odds, outcome = sample(0.7, 1.3)
    line = fit_line(log_odds, outcome, np.arange(len(outcome)))
    oracle = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(log_odds[:, None], outcome)
    assert line.slope == pytest.approx(oracle.coef_[0, 0], abs=1e-5)
    assert line.intercept == pytest.approx(oracle.intercept_[0], abs=1e-5)


def test_a_perfect_calibration_lies_within_its_errors():
    line = fit_line(*sample(0, 1), np.arange(40_000))
    assert abs(line.slope - 1) < 3 * line.slope_error
    assert abs(line.intercept) < 3 * line.intercept_error


def test_the_same_pupils_twice_bring_no_certainty():
    log_odds, outcome = sample(0, 1, 5_000)
    once = fit_line(log_odds, outcome, np.arange(5_000))
    twice = fit_line(np.tile(log_odds, 2), np.tile(outcome, 2), np.tile(np.arange(5_000), 2))
    assert twice.slope == pytest.approx(once.slope, abs=1e-8)
    assert twice.slope_error == pytest.approx(once.slope_error, rel=1e-6)


@pytest.mark.parametrize(
    ("log_odds", "outcome"),
    [
        ([0.0, 1.0, 2.0], [0.0, 0.0, 0.0]),
        ([1.0, 1.0, 1.0], [0.0, 1.0, 0.0]),
        ([0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 1.0, 1.0]),
    ],
    ids=["one class", "one score", "separated"],
)
def test_where_nothing_can_be_said_nothing_is_said(log_odds, outcome):
    assert fit_line(np.array(log_odds), np.array(outcome), np.arange(len(outcome))) is None


def test_sigmoid_does_not_overflow():
    assert sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist() == [0.0, 0.5, 1.0]
