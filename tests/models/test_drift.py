"""Drift: made-up schools in which nothing changes, everything changes for all, or one thing changes at one school."""

import numpy as np
import pytest

from models.drift import (
    Series,
    against_others,
    counting_error,
    follow,
    limit_for,
    proportions,
    settings,
    stability,
    vanished,
)

WEEKS = 40
KINDS = 6
USUAL = np.array([0.12, 0.06, 0.02, 0.01, 0.08, 0.002])
WAVE = slice(WEEKS + 14, WEEKS + 18)
CHANGE = WEEKS + 18


def shares(schools: int, *, seed: int = 1, years: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Two school years of weekly shares of pupils: schools differ for good, the year has its seasons, waves of illness
    hit everybody, each school has good and bad weeks, half of them lose their exam classes in May; then chance.
    """
    rng = np.random.default_rng(seed)
    weeks = WEEKS * years
    size = rng.integers(150, 1600, schools)
    level = np.log(USUAL) + rng.normal(0, 0.4, (schools, KINDS))
    season = 0.4 * np.sin(2 * np.pi * (np.arange(weeks) % WEEKS) / WEEKS)[:, None, None]
    common = rng.normal(0, 0.15, (weeks, 1, KINDS))
    common[WAVE] += 0.8
    exams = np.where((np.arange(weeks) % WEEKS > 32)[:, None] & (np.arange(schools) % 2 == 0), -0.3, 0.0)[:, :, None]
    year = np.repeat(rng.normal(0, 0.05, (years, schools, KINDS)), WEEKS, axis=0)
    own = rng.normal(0, 0.12, (weeks, schools, KINDS))
    chance = np.exp(level + season + common + exams + year + own)
    return rng.binomial(size[:, None], np.minimum(chance, 0.9)) / size[:, None], size


def series(found: np.ndarray, size: np.ndarray) -> Series:
    terms = settings()
    weeks = len(found)
    years = np.arange(weeks) // WEEKS
    return Series(
        values=proportions(found, np.broadcast_to(size, found.shape[:2])),
        counts=np.broadcast_to((np.arange(weeks) % WEEKS > 0)[:, None], found.shape[:2]),
        years=years,
        reference=years == years[-1] - 1,
        tested=years == years[-1],
        back=terms["back"],
        fewest=terms["fewest_back"],
        floor=counting_error(found, np.broadcast_to(size, found.shape[:2]), years == years[-1] - 1),
    )


def followed(found: np.ndarray, size: np.ndarray):
    return follow(series(found, size), limit=limit_for(KINDS, looks=WEEKS), fewest_reference=12)


def test_in_a_year_without_change_fewer_than_one_school_in_twenty_is_called_out():
    called = schools = 0
    for region in range(12):
        alarm = followed(*shares(30, seed=region)).alarm
        called, schools = called + int((alarm >= 0).any(axis=1).sum()), schools + len(alarm)
    assert schools == 360
    assert called / schools < settings()["false_alarms"]


def test_a_wave_that_hits_every_school_is_no_drift():
    found, size = shares(30)
    assert found[WAVE, :, 1].mean() > 1.5 * found[WAVE.start - 8 : WAVE.start, :, 1].mean(), "there is a wave"
    alarm = followed(found, size).alarm
    assert not np.isin(alarm, np.arange(WAVE.start, WAVE.stop + 2)).any()


def test_one_odd_week_at_one_school_is_no_drift():
    found, size = shares(30)
    found[CHANGE, 3] = np.minimum(found[CHANGE, 3] * 3, 1.0)
    assert (followed(found, size).alarm[3] == -1).all()


@pytest.mark.parametrize(
    ("kind", "times", "within", "rising"),
    [(4, 0.0, 4, False), (4, 0.3, 6, False), (0, 1.8, 6, True), (2, 3.0, 6, True)],
)
def test_a_real_change_at_one_school_is_found_in_some_weeks_there_and_nowhere_else(kind, times, within, rising):
    weeks, others = [], 0
    for region in range(10):
        found, size = shares(30, seed=100 + region)
        size[0], base = 700, np.random.default_rng(region)
        rate = np.clip(found[:, 0] * np.where(np.arange(2 * WEEKS) >= CHANGE, times, 1.0)[:, None], 0, 1)
        found[:, 0, kind] = base.binomial(700, rate[:, kind]) / 700
        seen = followed(found, size)
        others += int((seen.alarm[1:] >= 0).any(axis=1).sum())
        if seen.alarm[0, kind] >= CHANGE:
            weeks.append(seen.alarm[0, kind] - CHANGE)
            assert seen.rising[0, kind] == rising
            assert seen.since[0, kind] <= seen.alarm[0, kind]
    assert len(weeks) >= 7, weeks
    assert np.median(weeks) <= within, weeks
    assert others <= 0.05 * 290


def test_what_comes_back_every_year_is_no_drift():
    found, size = shares(30)
    late = np.arange(2 * WEEKS) % WEEKS > 30
    found[late, 0] = found[late, 0] * 0.5
    assert (followed(found, size).alarm[0] == -1).all()


def test_with_few_schools_or_a_short_year_before_nothing_is_said():
    found, size = shares(30)
    assert followed(found[:, :4], size[:4]) is None
    one = series(found[WEEKS:], size)
    assert follow(one, limit=1.0, fewest_reference=12) is None


def test_a_school_is_compared_with_the_median_of_the_others_of_which_something_is_known():
    values = np.array([[1.0, 2.0, 4.0, np.nan], [np.nan, np.nan, 3.0, np.nan]])[:, :, None]
    apart = against_others(values)[:, :, 0]
    assert apart[0, :3].tolist() == [1 - 3.0, 2 - 2.5, 4 - 1.5]
    assert np.isnan(apart[0, 3])
    assert np.isnan(apart[1]).all()


class TestVanished:
    def test_a_kind_that_was_always_there_and_is_gone_for_three_weeks(self):
        found, size = shares(30)
        found[:, 0, 4] = 0.08
        found[-3:, 0, 4] = 0.0
        gone = vanished(found, series(found, size))
        assert gone[0, 4]
        assert not gone[1:, 4].any()

    def test_two_weeks_are_not_enough_and_what_was_rare_cannot_vanish(self):
        found, size = shares(30)
        found[:, 0, 4] = 0.08
        found[-2:, 0, 4] = 0.0
        found[:, 1, 5] = 0.002
        found[-3:, 1, 5] = 0.0
        assert not vanished(found, series(found, size))[:2].any()


class TestStability:
    def test_the_pupils_learned_from_are_at_home(self, scorecard, learned):
        indices = stability(scorecard, learned.matrix)
        assert set(indices) == set(scorecard.names)
        assert max(indices.values()) < 0.02

    def test_it_is_the_sum_over_bins_that_the_books_give(self, scorecard, learned):
        shape = scorecard.shapes[0]
        matrix = learned.matrix.copy()
        matrix[:, 0] = shape.edges[-1] + 1
        then = np.maximum(np.array(shape.shares), 1e-4)
        now = np.full(len(then), 1e-4)
        now[len(shape.values) - 1] = 1.0
        expected = ((now - then) * np.log(now / then)).sum()
        assert stability(scorecard, matrix)[shape.name] == pytest.approx(expected)
        assert expected > settings()["psi_large"]
