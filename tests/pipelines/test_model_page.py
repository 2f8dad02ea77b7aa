"""What the page about the model takes from what is kept of it, for whoever calculates with it."""

import shutil
from datetime import date
from pathlib import Path

import pytest
from small_world import DELIVERED, World

from data_contracts.errors import ModelError
from models.lead_time import Case, LeadTime, Threshold, lead_time
from models.serving import Decision, decide
from pipelines.home import Home
from pipelines.model_page import LEAD, keep_lead_time, model_page
from pipelines.trained import trained


@pytest.fixture
def home(small: World, tmp_path: Path) -> Home:
    """The trained world with a model that serves."""
    copy = Home.at(tmp_path / "home")
    shutil.copytree(small.home.root, copy.root, ignore=shutil.ignore_patterns("lake", "service.db*"))
    version = small.result.scorecard
    decide(copy.scorecards, Decision(at=DELIVERED, what="promoted", version=version, serves=version, by="F. Bakker"))
    return copy


def found() -> LeadTime:
    """Five cases in a row of hundred days; four of them were on a list, 5 to 20 days before."""
    days = [date.fromordinal(date(2026, 1, 5).toordinal() + place) for place in range(100)]
    listed = [days[30], days[35], days[40], days[45], None]
    cases = [Case("11ZZ01", f"p{place}", days[40], days[50], one, {}) for place, one in enumerate(listed)]
    return lead_time(cases, {"11ZZ01": days}, thresholds=[Threshold("rule", "een drempel")], periods=days[:1], weeks=8)


def test_shares_are_those_of_the_evaluation_and_of_the_best_rules(home: Home, small: World):
    pooled = trained(home, small.result.scorecard).evaluation.pooled
    measured = model_page(home).measured
    ours = pooled.rankings[0]
    assert measured.pupils == pooled.pupils
    assert (measured.precision.value, measured.precision.high) == (ours.precision.value, ours.precision.high)
    assert (measured.recall.value, measured.recall.low) == (ours.recall.value, ours.recall.low)
    evaluation = trained(home, small.result.scorecard).evaluation
    best = next(one for one in pooled.rankings if one.name == evaluation.best_rule)
    assert measured.rules.value == best.precision.value
    assert measured.beats_rules == evaluation.beats_rules


def test_a_training_measures_how_early_lists_are(home: Home, small: World):
    lead = model_page(home).lead
    assert 0 < lead.listed <= lead.cases
    assert 0 <= lead.quarter <= lead.median <= lead.three_quarters
    (home.papers(small.result.scorecard) / LEAD).unlink()
    assert model_page(home).lead is None, "of a model that was trained before this was kept"


def test_what_an_evaluation_found_takes_the_place_of_what_the_training_found(home: Home, small: World):
    keep_lead_time(home, found(), outcome="long_absence")
    lead = model_page(home).lead
    assert (lead.cases, lead.listed) == (5, 4)
    assert (lead.quarter, lead.median, lead.three_quarters) == (8.75, 12.5, 16.25)
    assert lead.before_onset.value == pytest.approx(2 / 5)
    (home.papers(small.result.scorecard) / LEAD).write_text("geen json", encoding="utf-8")
    with pytest.raises(ModelError, match="niet te lezen"):
        model_page(home)


def test_not_where_it_is_about_another_outcome_or_nobody_was_listed(home: Home):
    before = model_page(home).lead
    keep_lead_time(home, found(), outcome="dropout")
    assert model_page(home).lead == before
    nobody = lead_time([], {}, thresholds=[], periods=[], weeks=8)
    keep_lead_time(home, nobody, outcome="long_absence")
    assert model_page(home).lead is None
