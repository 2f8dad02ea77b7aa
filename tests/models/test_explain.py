"""A score in words: what raises and lowers never mix, and the words weigh what the contributions add up to."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.weekly_list import Certainty, Contribution, Direction, Signal, Standing, Tier
from features.catalogue import CATALOGUE, feature
from models.explain import Period, certainty, frequency, in_brief, moved, moved_by_feature, reasons, sentence, tier

PERIODS = {
    window: Period(f"de laatste lesweken ({window})", "31 augustus", "23 oktober")
    for window in ("1w", "2w", "4w", "8w", "12w", "year", "last_year")
}
PUPIL = "p" + "a" * 26


def row(**known: Any) -> dict[str, Any]:
    return {entry.name: None for entry in CATALOGUE} | {"last_sick": None} | known


def part(name: str, log_odds: float, value: float | None = 1.0) -> Contribution:
    return Contribution(feature=name, label=feature(name).label, value=value, log_odds=log_odds)


def signal(*parts: Contribution) -> Signal:
    return Signal(
        pupil=PUPIL,
        group="2a",
        year_group="12",
        standing=Standing.CANDIDATE,
        position=1,
        on_list=True,
        contributions=parts,
    )


def test_a_sentence_names_counts_hours_and_dates():
    known = row(absent_rate_4w=0.2, absent_minutes__4w=1200, scheduled_minutes__4w=6000)
    assert sentence(feature("absent_rate_4w"), known, PERIODS) == (
        "20 van de 100 uur les gemist in de laatste lesweken (4w)."
    )


def test_a_sick_report_is_told_with_its_day():
    known = row(sick_spells_12w=4, last_sick=20724)  # 28 September 2026
    assert sentence(feature("sick_spells_12w"), known, PERIODS).endswith("de laatste begon op 28 september.")


def test_who_was_never_ill_is_told_so_without_a_date():
    told = sentence(feature("sick_spells_12w"), row(sick_spells_12w=0, last_sick=None), PERIODS)
    assert told == "Geen ziekmeldingen in de laatste lesweken (12w)."


def test_one_is_told_in_the_singular():
    assert sentence(feature("sick_spells_12w"), row(sick_spells_12w=1, last_sick=20724), PERIODS).startswith(
        "1 ziekmelding "
    )


def test_what_is_not_known_is_said_so():
    assert sentence(feature("absent_rate_last_year"), row(), PERIODS) == "Van vorig schooljaar is niets bekend."
    assert "nog niet bekend" in sentence(feature("absent_rate_4w"), row(), PERIODS)


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.name)
def test_every_sentence_of_the_catalogue_can_be_said(entry: Any):
    sums = {f"{measure}__{window}": 60 for measure in ("absent_minutes", "scheduled_minutes") for window in PERIODS}
    said = sentence(entry, row(**sums, **{entry.name: 0.25}), PERIODS)
    assert said.endswith(".")
    assert "{" not in said
    assert "None" not in said


def test_raising_and_lowering_stand_apart_strongest_first():
    parts = [
        part("absent_rate_4w", 0.4),
        part("late_count_4w", 0.9),
        part("sick_rate_4w", -0.3),
        part("absent_vs_class_4w", -0.7),
    ]
    raising, lowering = reasons(parts, row(), PERIODS)
    assert [r.log_odds for r in raising] == [0.9, 0.4]
    assert [r.log_odds for r in lowering] == [-0.7, -0.3]
    assert {r.direction for r in raising} == {Direction.RAISES}
    assert {r.direction for r in lowering} == {Direction.LOWERS}


def test_features_of_one_theme_are_told_together_by_the_strongest_in_their_direction():
    parts = [part("absent_rate_1w", -0.1), part("absent_rate_4w", 0.2), part("absent_rate_12w", 0.5)]
    known = row(absent_rate_12w=0.1, absent_minutes__12w=600, scheduled_minutes__12w=6000)
    (only,), lowering = reasons(parts, known, PERIODS)
    assert only.log_odds == pytest.approx(0.6)
    assert only.features == ("absent_rate_1w", "absent_rate_4w", "absent_rate_12w")
    assert only.text == "10 van de 100 uur les gemist in de laatste lesweken (12w)."
    assert lowering == ()


@given(st.lists(st.floats(-3, 3), min_size=len(CATALOGUE), max_size=len(CATALOGUE)))
def test_what_is_told_adds_up_to_the_contributions_but_for_the_smallest(weights: list[float]):
    parts = [part(entry.name, weight) for entry, weight in zip(CATALOGUE, weights, strict=True)]
    raising, lowering = reasons(parts, row(), PERIODS)
    told = sum(reason.log_odds for reason in (*raising, *lowering))
    themes = {entry.theme for entry in CATALOGUE}
    assert abs(told - sum(weights)) <= 0.05 * len(themes) + 1e-9


def test_the_change_since_last_week_is_decomposed_exactly():
    before = signal(part("absent_rate_4w", 0.1), part("sick_rate_4w", 0.5))
    now = signal(part("absent_rate_4w", 0.7), part("sick_rate_4w", 0.2))
    moves = moved(now, before)
    assert [words for words, _ in moves] == ["hoeveel is gemist", "ziekmeldingen"]
    assert sum(move for _, move in moves) == pytest.approx((0.7 + 0.2) - (0.1 + 0.5))


def scored(baseline: float, weights: list[float]) -> Signal:
    parts = [part(entry.name, weight) for entry, weight in zip(CATALOGUE, weights, strict=True)]
    return signal(*parts).model_copy(update={"baseline": baseline, "log_odds": baseline + sum(weights)})


EVERY = st.lists(st.floats(-3, 3), min_size=len(CATALOGUE), max_size=len(CATALOGUE))


@given(EVERY, EVERY)
def test_the_moves_of_all_features_and_of_all_themes_are_the_difference_of_the_scores(
    now: list[float], then: list[float]
):
    this, last = scored(-4.2, now), scored(-4.2, then)
    difference = this.log_odds - last.log_odds
    by_feature = moved_by_feature(this, last)
    assert abs(sum(move for _, move in by_feature) - difference) < 1e-9
    assert abs(sum(move for _, move in moved(this, last)) - difference) < 1e-9
    assert [abs(move) for _, move in by_feature] == sorted((abs(move) for _, move in by_feature), reverse=True)


def test_scores_of_two_models_are_not_taken_apart():
    last = scored(-4.2, [0.0] * len(CATALOGUE))
    assert moved_by_feature(scored(-4.1, [1.0] * len(CATALOGUE)), last) == ()
    fewer = last.model_copy(update={"contributions": last.contributions[1:]})
    assert moved_by_feature(scored(-4.2, [1.0] * len(CATALOGUE)), fewer) == ()
    assert moved_by_feature(last, None) == ()


@pytest.mark.parametrize(("spread", "word"), [(0.0, Certainty.FAIR), (0.69, Certainty.FAIR), (0.7, Certainty.LOW)])
def test_how_sure_a_score_is_in_words(spread: float, word: Certainty):
    assert certainty(spread) is word


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (0.31, "ongeveer 3 van de 10 leerlingen met dit patroon"),
        (0.999, "ongeveer 9 van de 10 leerlingen met dit patroon"),
        (0.12, "ongeveer 12 van de 100 leerlingen met dit patroon"),
        (0.02, "ongeveer 2 van de 100 leerlingen met dit patroon"),
        (0.004, "ongeveer 4 van de 1000 leerlingen met dit patroon"),
        (0.0002, "minder dan 1 van de 1000 leerlingen met dit patroon"),
    ],
)
def test_likelihood_is_a_natural_frequency(probability: float, words: str):
    assert frequency(probability) == words


@pytest.mark.parametrize(
    ("probability", "word"), [(0.01, Tier.IN_VIEW), (0.05, Tier.ATTENTION), (0.2, Tier.DISCUSS_NOW)]
)
def test_likelihood_in_words(probability: float, word: Tier):
    assert tier(probability) is word


def test_a_list_on_rules_tells_plain_facts_and_never_nothing_as_something():
    known = row(absent_rate_4w=0.0, sick_spells_12w=2, last_sick=20724)
    assert [reason.features for reason in in_brief(known, PERIODS)] == [("sick_spells_12w",)]


def test_a_weekday_near_chance_is_no_reason_but_a_fixed_day_is():
    parts = [part("friday_share_12w", 0.5, value=0.22), part("first_slot_missed_4w", 0.1, value=3.0)]
    known = row(friday_share_12w=0.22, first_slot_missed_4w=3.0)
    (told,), _ = reasons(parts, known, PERIODS)
    assert "eerste uur" in told.text
    fixed = [part("friday_share_12w", 0.5, value=0.8), parts[1]]
    (told,), _ = reasons(fixed, row(friday_share_12w=0.8, first_slot_missed_4w=3.0), PERIODS)
    assert "80 %" in told.text
