"""The gate: each question on made-up backtests whose answer is known."""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from models.audit import Audit, RecallGap
from models.evaluate import Ranking, evaluate
from models.gate import Contender, exact_gap, judge

ORIGINS = (date(2025, 11, 3), date(2026, 1, 12), date(2026, 3, 16))
SCHOOLS = ("11ZZ01", "11ZZ02")
CAPACITY = dict.fromkeys(SCHOOLS, 20)
PUPILS = 600


def backtest(
    origins=ORIGINS, *, skill: float = 1.0, rules: float = 0.3, stretch: float = 1.0, seed: int = 1
) -> pl.DataFrame:
    """Pupils with a true log-odds; the model sees it with some skill, the rules with less."""
    rng = np.random.default_rng(7)  # the same children, whoever looks
    own = np.random.default_rng(seed)
    frames = []
    for origin in origins:
        for school in SCHOOLS:
            truth = rng.normal(-3.5, 1.5, PUPILS)
            outcome = (rng.random(PUPILS) < 1 / (1 + np.exp(-truth))).astype(float)
            noise, blind = own.normal(0, 1.5, PUPILS), rng.normal(0, 1.5, PUPILS)
            seen = -3.5 + (skill * (truth + 3.5) + np.sqrt(1 - skill**2) * noise) * stretch
            frames.append(
                pl.DataFrame(
                    {
                        "school": school,
                        "pupil": [f"p{number}" for number in range(PUPILS)],
                        "origin": origin,
                        "outcome": outcome,
                        "already": rng.random(PUPILS) < 0.01,
                        "log_odds": seen,
                        "probability": 1 / (1 + np.exp(-seen)),
                        "rules": rules * truth + np.sqrt(1 - rules**2) * blind,
                    }
                )
            )
    return pl.concat(frames)


def contender(card, **shape) -> Contender:
    frame = backtest(**shape)
    rankings = [
        Ranking("scorecard", "de scorekaart", "log_odds", "model", "probability"),
        Ranking("rules", "de regels", "rules", "rules"),
    ]
    evaluation = evaluate(frame, rankings, capacity=CAPACITY, outcome="long_absence", resamples=100)
    return Contender(card=card, frame=frame, evaluation=evaluation, largest_gap=1e-12)


@pytest.fixture(scope="module")
def good(scorecard) -> Contender:
    return contender(scorecard)


@pytest.fixture(scope="module")
def other(refit):
    return refit(max_iterations=10).scorecard


def answers(challenger: Contender, champion: Contender | None = None) -> dict[str, str]:
    return {check.name: check.answer for check in judge(challenger, champion, capacity=CAPACITY).checks}


def test_a_first_model_that_beats_the_rules_passes(good):
    ruling = judge(good, None, capacity=CAPACITY)
    assert ruling.passed
    assert ruling.champion is None
    found = {check.name: check.answer for check in ruling.checks}
    assert found == {
        "origins": "pass",
        "rules": "pass",
        "champion": "unknown",
        "calibration": "pass",
        "groups": "unknown",
        "exact": "pass",
        "overlap": "unknown",
    }
    assert ruling == judge(good, None, capacity=CAPACITY), "the same data give the same ruling"


def test_a_model_that_does_not_beat_the_best_rule_is_refused_and_says_rules(scorecard):
    ruling = judge(contender(scorecard, skill=0.3, stretch=0.3, rules=0.9), None, capacity=CAPACITY)
    assert not ruling.passed
    (check,) = [check for check in ruling.objections if check.name == "rules"]
    assert "volgen de lijsten de drempels" in check.text


def test_two_dates_are_too_few_even_for_a_good_model(scorecard):
    ruling = judge(contender(scorecard, origins=ORIGINS[:2]), None, capacity=CAPACITY)
    assert [check.name for check in ruling.objections] == ["origins"]
    assert "2 peildata" in ruling.objections[0].text


@pytest.mark.parametrize(("stretch", "answer"), [(1.0, "pass"), (1.6, "fail"), (0.6, "fail")])
def test_chances_that_are_too_extreme_or_too_timid_are_refused(scorecard, stretch, answer):
    assert answers(contender(scorecard, stretch=stretch))["calibration"] == answer


def test_a_model_that_finds_less_than_the_serving_one_is_refused(good, other):
    worse = contender(other, skill=0.75, stretch=0.75, seed=2)
    found = answers(worse, good)
    assert found["rules"] == found["calibration"] == "pass"
    assert found["champion"] == "fail"


def test_an_equal_model_passes_and_shares_its_lists(good, other):
    ruling = judge(replace(good, card=other), good, capacity=CAPACITY)
    assert ruling.passed
    figures = {check.name: check.figures for check in ruling.checks}
    assert figures["champion"]["value"] == 0
    assert figures["overlap"]["jaccard"] == 1


def test_a_difference_is_counted_pupil_by_pupil(good, other):
    rival = contender(other, skill=0.95, stretch=0.95, seed=2)
    both = judge(rival, good, capacity=CAPACITY)
    (check,) = [check for check in both.checks if check.name == "champion"]
    tops = [
        frame.filter(~pl.col("already"))
        .sort("log_odds", descending=True)
        .group_by("school", "origin")
        .head(20)["outcome"]
        .sum()
        for frame in (rival.frame, good.frame)
    ]
    assert check.figures["value"] == tops[0] - tops[1]
    assert check.figures["champion_found"] == tops[1]
    assert check.figures["low"] < check.figures["value"] < check.figures["high"]


def test_other_dates_than_the_serving_model_s_cannot_be_compared(good, other):
    later = contender(other, origins=(date(2026, 5, 18), date(2026, 7, 13), date(2026, 3, 16)))
    ruling = judge(later, good, capacity=CAPACITY)
    assert [check.name for check in ruling.objections] == ["champion"]
    assert "1 dezelfde peildata" in ruling.objections[0].text


def test_lists_that_are_quite_other_lists_are_refused(good, other):
    turned = good.frame.with_columns(log_odds=-pl.col("log_odds"))
    assert answers(replace(good, card=other), replace(good, frame=turned))["overlap"] == "fail"


def test_without_a_backtest_nothing_passes(scorecard):
    ruling = judge(Contender(card=scorecard, frame=None, evaluation=None), None, capacity=CAPACITY)
    assert {check.name for check in ruling.objections} == {"origins", "rules", "calibration", "exact"}


def test_a_card_that_is_not_its_fitted_model_is_refused(good):
    assert answers(replace(good, largest_gap=1e-6))["exact"] == "fail"
    assert answers(replace(good, largest_gap=None))["exact"] == "fail"


def test_exactness_is_measured_on_the_card_itself(scorecard):
    assert exact_gap(scorecard) < 1e-12


def audit(gap: float, *, beyond: bool = True, supplied: bool = True) -> Audit:
    found = RecallGap.model_construct(
        attribute="geslacht", supplied=supplied, gap=gap, lowest="m", highest="v", beyond_chance=beyond
    )
    return Audit.model_construct(recall_gaps=(found,))


@pytest.mark.parametrize(
    ("ours", "theirs", "answer"),
    [
        (None, None, "unknown"),
        (audit(0.3, supplied=False), None, "unknown"),
        (audit(0.3), None, "unknown"),
        (audit(0.10), audit(0.10), "pass"),
        (audit(0.12), audit(0.10), "pass"),
        (audit(0.20), audit(0.10), "fail"),
        (audit(0.20, beyond=False), audit(0.10), "pass"),
        (None, audit(0.10), "fail"),
    ],
)
def test_groups_may_not_be_found_more_unequally(good, other, ours, theirs, answer):
    assert answers(replace(good, card=other, audit=ours), replace(good, audit=theirs))["groups"] == answer
