"""The fitted model and its scorecard are one and the same."""

from dataclasses import replace

import numpy as np
import pytest

import models.fit
from data_contracts.errors import ModelError, NotEnoughDataError
from models.calibration import fit_line
from models.fit import Sample


def test_the_scorecard_is_the_booster_on_every_row_learned_from(fitted):
    assert 0 < fitted.largest_gap < 1e-9


def test_a_table_that_is_not_the_booster_is_refused(refit, monkeypatch):
    read_off = models.fit.read_off

    def tampered(*args):
        additive = read_off(*args)
        additive.centred[0][0] += 1e-8
        return additive

    monkeypatch.setattr(models.fit, "read_off", tampered)
    with pytest.raises(ModelError, match="wijkt"):
        refit(max_iterations=5)


def test_shapes_keep_the_direction_of_their_feature(scorecard):
    absent, trend, present, *_ = scorecard.shapes
    assert np.all(np.diff(absent.values) >= 0)
    assert np.all(np.diff(trend.values) >= 0)
    assert np.all(np.diff(present.values) <= 0)
    assert absent.values[-1] - absent.values[0] > 1


def test_a_feature_without_direction_may_bend(scorecard):
    season = np.array(scorecard.shapes[4].values)
    assert season[0] > season[len(season) // 2] < season[-1]


def test_the_pattern_is_found_on_people_never_seen(scorecard, make_people):
    later = make_people(8_000, 9)
    log_odds = scorecard.score(later.matrix).log_odds
    assert log_odds[later.outcome == 1].mean() - log_odds[later.outcome == 0].mean() > 0.8
    line = fit_line(log_odds, later.outcome, later.pupil)
    assert abs(line.slope - 1) < 4 * line.slope_error


def test_contributions_average_to_zero_over_the_population_learned_from(scorecard, learned):
    scores = scorecard.score(learned.matrix)
    assert np.abs(scores.contributions.mean(axis=0)).max() < 1e-9
    assert scores.log_odds.mean() == pytest.approx(scorecard.baseline, abs=1e-9)


def test_shares_count_the_population_learned_from(scorecard, learned):
    trend = scorecard.shapes[1]
    assert sum(trend.shares) == pytest.approx(1)
    assert trend.shares[-1] == pytest.approx(np.isnan(learned.matrix[:, 1]).mean())


def test_calibration_is_folded_in_and_kept_on_record(fitted):
    assert fitted.scorecard.calibration.slope == fitted.line.slope
    assert fitted.scorecard.calibration.intercept == fitted.line.intercept


def test_sampling_rows_without_the_outcome_leaves_the_level_alone(refit, make_people):
    later = make_people(8_000, 9)
    full = refit(negatives_per_event=1000).scorecard.score(later.matrix).probability.mean()
    sampled = refit(negatives_per_event=5).scorecard.score(later.matrix).probability.mean()
    assert sampled == pytest.approx(full, rel=0.05)
    assert full == pytest.approx(later.outcome.mean(), rel=0.2)


def test_fitting_twice_gives_the_same_card(refit, fitted):
    assert refit().scorecard.version == fitted.scorecard.version


def test_what_was_never_missing_says_nothing_when_it_is(scorecard):
    assert scorecard.shapes[0].missing == 0.0


def test_a_feature_that_is_missing_everywhere_does_no_harm(refit, learned):
    matrix = learned.matrix.copy()
    matrix[:, 3] = np.nan
    fitted = refit(replace(learned, matrix=matrix))
    noise = fitted.scorecard.shapes[3]
    assert (noise.edges, noise.values, noise.missing) == ((), (0.0,), 0.0)


def test_the_card_counts_rows_events_and_pupils(scorecard, learned):
    assert scorecard.rows == len(learned.outcome)
    assert scorecard.events == learned.outcome.sum()
    assert scorecard.pupils_with_outcome == len(set(learned.pupil[learned.outcome == 1])) < scorecard.events


def test_too_few_pupils_with_the_outcome_is_said_with_counts(refit, learned):
    few = Sample(learned.matrix[:300], learned.outcome[:300], learned.pupil[:300])
    with pytest.raises(NotEnoughDataError, match=rf"^.*: {few.pupils_with_outcome} leerlingen") as caught:
        refit(few)
    assert "regels" in caught.value.remedy


def test_features_that_tell_nothing_make_no_score(refit, learned):
    rng = np.random.default_rng(0)
    nonsense = replace(learned, matrix=rng.normal(size=learned.matrix.shape))
    with pytest.raises(NotEnoughDataError, match=r"geen enkel kenmerk|valt niets te ijken"):
        refit(nonsense, replace(nonsense, outcome=1 - nonsense.outcome))


def test_the_card_is_the_mean_of_its_bags(fitted):
    card = fitted.scorecard
    assert {len(shape.bags) for shape in card.shapes} == {4}
    for shape in card.shapes:
        assert np.abs(np.mean(shape.bags, axis=0)).max() < 1e-4
        assert shape.direction == 0 or all(
            (np.diff(np.add(shape.values, bag[:-1])) * shape.direction >= -2e-4).all() for bag in shape.bags
        )


def test_the_spread_is_what_learning_from_other_pupils_does_to_a_score(refit, make_people, fitted):
    later = make_people(3_000, 9).matrix
    told = fitted.scorecard.spread(later)
    cards = [refit(make_people(20_000, 40 + n), bags=2, max_iterations=60).scorecard for n in range(4)]
    contributions = np.array([card.score(later).contributions.sum(axis=1) for card in cards])
    seen = contributions.std(axis=0, ddof=1)
    assert 0.5 < told.mean() / seen.mean() < 2
    sure = told < np.median(told)
    assert seen[sure].mean() < seen[~sure].mean()


def test_contributions_of_the_learned_card_are_the_exact_interventional_shapley_values(shap, scorecard, learned):
    def replaced(mask, row):
        """Interventional: what is not given comes from everybody learned from."""
        return (np.where(mask, row, learned.matrix),)

    rows = learned.matrix[:2]
    oracle = shap.explainers.Exact(lambda x: scorecard.score(np.asarray(x)).log_odds, replaced)
    assert np.abs(oracle(rows).values - scorecard.score(rows).contributions).max() < 1e-8


def test_a_missing_value_of_few_pupils_scores_as_the_bin_it_is_counted_in(refit, learned):
    matrix = learned.matrix.copy()
    matrix[learned.pupil < 3, 4] = np.nan
    assert 0 < np.isnan(matrix[:, 4]).sum() < 30
    season = refit(replace(learned, matrix=matrix)).scorecard.shapes[4]
    assert season.shares[-1] == 0
    assert season.missing == season.values[int(np.argmax(season.shares))]
