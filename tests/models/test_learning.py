"""The order of rows follows from what they hold: another key, or another delivery order, gives the same model."""

import numpy as np
import pytest

from models.learning import Sample, in_order


def table(*, seed: int = 4, rows: int = 3_000) -> tuple[Sample, np.ndarray]:
    rng = np.random.default_rng(seed)
    places = rng.integers(0, 3, (rows, 4)).astype(float)
    places[rng.random((rows, 4)) < 0.1] = np.nan
    sample = Sample(places * 10, (rng.random(rows) < 0.1).astype(float), rng.integers(0, rows // 3, rows))
    return sample, places


def renamed(sample: Sample, seed: int = 8) -> tuple[Sample, np.ndarray]:
    """The same rows in another order, every pupil under another number."""
    rng = np.random.default_rng(seed)
    order, number = rng.permutation(len(sample.outcome)), rng.permutation(int(sample.pupil.max()) + 1)
    return Sample(sample.matrix[order], sample.outcome[order], number[sample.pupil[order]]), order


def test_another_numbering_and_order_gives_the_same_rows_and_the_same_pupils():
    sample, places = table()
    other, order = renamed(sample)
    first, first_places = in_order(sample, places)
    second, second_places = in_order(other, places[order])
    assert np.array_equal(first_places, second_places, equal_nan=True)
    assert np.array_equal(first.outcome, second.outcome)
    assert np.array_equal(first.pupil, second.pupil)
    assert np.array_equal(first.matrix, second.matrix, equal_nan=True)


def test_rows_of_one_pupil_stay_of_one_pupil():
    sample, places = table()
    ordered, _ = in_order(sample, places)
    assert len(np.unique(ordered.pupil)) == len(np.unique(sample.pupil))
    assert sorted(np.bincount(ordered.pupil)) == sorted(np.unique(sample.pupil, return_counts=True)[1])
    before = {tuple(sorted(sample.outcome[sample.pupil == one])) for one in np.unique(sample.pupil)}
    after = {tuple(sorted(ordered.outcome[ordered.pupil == one])) for one in np.unique(ordered.pupil)}
    assert before == after


@pytest.mark.parametrize("seed", range(3))
def test_the_same_card_under_another_key(refit, learned, make_people, seed):
    calibrate = make_people(8_000, 2)
    settings = {"max_iterations": 15, "bags": 2}
    card = refit(learned, calibrate, **settings).scorecard
    again = refit(renamed(learned, seed)[0], renamed(calibrate, seed)[0], **settings).scorecard
    assert again.version == card.version


def test_pupils_who_are_alike_do_not_get_mixed_up():
    """Each has the same two rows: whoever comes first, rows of one pupil stand together."""
    places = np.tile([[0.0], [1.0]], (30, 1))
    sample = Sample(places, np.zeros(60), np.repeat(np.arange(30), 2))
    for seed in range(3):
        other, order = renamed(sample, seed)
        ordered, ordered_places = in_order(other, places[order])
        assert ordered.pupil.tolist() == np.repeat(np.arange(30), 2).tolist()
        assert ordered_places[:2, 0].tolist() == ordered_places[2:4, 0].tolist()
