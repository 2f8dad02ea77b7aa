"""What a list finds, next to the rules."""

import polars as pl
import pytest

from data_contracts.errors import ModelError, NotEnoughDataError
from models.evaluate import Ranking, evaluate
from models.figures import Evaluation

OURS = Ranking("scorecard", "de scorekaart", "score", "model", "probability")
RULES = Ranking("rules", "de regels", "rules", "rules")
CHANCE = Ranking("chance", "het toeval", "chance", "simple")


def region(pupils: int = 400, *, origins=("2026-01-05", "2026-03-30")) -> pl.DataFrame:
    """Two schools; one pupil in ten comes into the outcome, and the score knows most of them."""
    rows = [
        {
            "school": "A" if number % 2 else "B",
            "pupil": f"p{number}",
            "origin": origin,
            "outcome": 1 if number % 10 == 3 else 0,
            "already": number % 40 == 39,
            "score": float(number % 10 == 3) + (number * 7 % 11) / 9,
            "probability": 0.3 if number % 10 == 3 else 0.078,
            "rules": float(number % 5 == 0),
            "chance": 0.0,
        }
        for origin in origins
        for number in range(pupils)
    ]
    return pl.DataFrame(rows)


def judged(frame=None, rankings=(OURS, RULES, CHANCE), **changes) -> Evaluation:
    options = {"capacity": {"A": 10, "B": 10}, "outcome": "long_absence", "resamples": 50} | changes
    return evaluate(region() if frame is None else frame, rankings, **options)


def test_a_small_case_counted_by_hand():
    frame = pl.DataFrame(
        {
            "school": ["A"] * 6,
            "pupil": list("abcdef"),
            "origin": ["2026-01-05"] * 6,
            "outcome": [1, 0, 1, 0, 0, None],
            "already": [False] * 6,
            "score": [0.9, 0.8, 0.1, 0.2, 0.3, 0.7],
            "rules": [1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        }
    )
    ours = Ranking("scorecard", "de scorekaart", "score", "model")
    result = judged(frame, (ours, RULES), capacity={"A": 3})
    pooled = result.pooled
    assert (pooled.pupils, pooled.unknown, pooled.cases, pooled.places) == (6, 1, 2, 3)
    assert pooled.rankings[0].found.value == 1
    assert pooled.rankings[0].precision.value == pytest.approx(1 / 2), "f is on the list, but its outcome is unknown"
    assert pooled.rankings[0].recall.value == pytest.approx(1 / 2)
    assert pooled.rankings[1].found.value == pytest.approx(1 + 2 / 5), "two places left for five equal pupils"


def test_chance_finds_the_base_rate():
    pooled = judged().pooled
    chance = pooled.rankings[2]
    assert chance.found.value == pytest.approx(40 * pooled.cases / pooled.pupils, rel=0.2)
    assert chance.roc_auc.value == pytest.approx(0.5)
    assert chance.brier is None


def test_pooled_counts_are_the_sum_of_the_origins():
    result = judged()
    pooled, parts = result.pooled, result.of("origin")
    assert [part.key for part in parts] == list(result.origins) == ["2026-01-05", "2026-03-30"]
    for place, ranking in enumerate(pooled.rankings):
        assert ranking.found.value == pytest.approx(sum(part.rankings[place].found.value for part in parts))
    assert pooled.cases == sum(part.cases for part in parts)
    assert pooled.places == 40


def test_only_new_cases_count_unless_all_are_asked_for():
    new, everyone = judged().pooled, judged(population="all").pooled
    assert everyone.pupils == 800
    assert new.pupils == 780
    assert "nieuwe" not in judged(population="all").headline


def test_a_probability_that_is_the_share_of_its_group_is_calibrated():
    likely, exception = pl.col("pupil").str.ends_with("3"), pl.col("pupil").str.contains("(23|11)$")
    frame = region().with_columns(outcome=pl.when(exception).then(1 - pl.col("outcome")).otherwise("outcome"))
    frame = frame.with_columns(probability=pl.col("outcome").filter(~pl.col("already")).mean().over(likely))
    ours = judged(frame).pooled.rankings[0]
    assert ours.calibration_slope.value == pytest.approx(1, abs=1e-6)
    assert ours.calibration_intercept.value == pytest.approx(0, abs=1e-6)
    assert ours.calibration_slope.low < 1 < ours.calibration_slope.high
    assert ours.brier.value < 0.1


def test_an_interval_holds_its_value():
    for ranking in judged(resamples=200).pooled.rankings[:2]:
        for figure in (ranking.found, ranking.precision, ranking.recall, ranking.average_precision, ranking.roc_auc):
            assert figure.low <= figure.value <= figure.high


def test_intervals_come_from_pupils_so_seeing_them_twice_brings_no_certainty():
    def width(origins):
        figure = judged(region(origins=origins), resamples=300).pooled.rankings[0].roc_auc
        return figure.high - figure.low

    assert width(("2026-01-05", "2026-03-30")) == pytest.approx(width(("2026-01-05",)), rel=0.05)


def test_the_headline_says_what_we_find_and_what_the_rules_find():
    result = judged()
    found = [ranking.found.value for ranking in result.pooled.rankings]
    assert result.headline.startswith(
        f"Bij deze lijstlengte vinden wij {found[0]:.0f} van de {result.pooled.cases} nieuwe gevallen; "
        f"de regels {found[1]:.0f}."
    )
    assert result.beats_rules is True


def test_a_model_that_finds_no_more_than_the_rules_says_so():
    worse = judged(
        rankings=(Ranking("scorecard", "de scorekaart", "rules", "model"), Ranking("r", "de regels", "score", "rules"))
    )
    assert worse.beats_rules is False
    assert worse.headline.endswith("Wij vinden er niet meer. De lijsten horen daarom op de regels te staan.")


def test_a_difference_too_small_to_be_sure_of_is_not_a_win():
    nearly = region().with_columns(rules=pl.col("score") - 2.0 * (pl.col("pupil") == "p3"))
    result = judged(nearly, capacity={"A": 80, "B": 10})
    assert result.differences[0].found.value == pytest.approx(2)
    assert result.beats_rules is False
    assert "te weinig verschil" in result.headline


def test_without_rules_there_is_nothing_to_beat():
    assert judged(rankings=(OURS, CHANCE)).beats_rules is None


def test_it_reads_back_from_json():
    result = judged()
    assert Evaluation.model_validate_json(result.model_dump_json()) == result


def test_without_a_known_case_there_is_nothing_to_judge():
    with pytest.raises(NotEnoughDataError, match="geen enkel nieuw geval"):
        judged(region().with_columns(outcome=pl.lit(0)))


def test_a_school_without_a_list_length_is_named():
    with pytest.raises(ModelError, match="voor B"):
        judged(capacity={"A": 10})


def test_sectors_and_schools_stand_apart_and_add_up():
    result = judged(
        region().with_columns(sector=pl.when(pl.col("school") == "A").then(pl.lit("vo")).otherwise(pl.lit("po")))
    )
    assert [one.key for one in result.of("sector")] == ["po", "vo"]
    assert [one.key for one in result.of("school")] == ["A", "B"]
    for kind in ("sector", "school"):
        assert sum(one.cases for one in result.of(kind)) == result.pooled.cases
        assert sum(one.places for one in result.of(kind)) == result.pooled.places
        for place, ranking in enumerate(result.pooled.rankings):
            found = sum(one.rankings[place].found.value for one in result.of(kind))
            assert found == pytest.approx(ranking.found.value)


def test_one_sector_and_one_school_are_not_told_twice():
    alone = region().filter(pl.col("school") == "A").with_columns(sector=pl.lit("vo"))
    assert [one.kind for one in judged(alone).slices] == ["pooled", "origin", "origin"]


def test_within_a_school_only_its_own_pupils_are_compared():
    frame = pl.DataFrame(
        {
            "school": ["A", "A", "B", "B"],
            "pupil": list("abcd"),
            "origin": ["2026-01-05"] * 4,
            "outcome": [1, 0, 1, 0],
            "already": [False] * 4,
            "score": [4.0, 3.0, 2.0, 1.0],
        }
    )
    ours = judged(frame, (Ranking("scorecard", "de scorekaart", "score", "model"),)).pooled.rankings[0]
    assert ours.roc_auc.value == pytest.approx(3 / 4), "c lies below b, of another school"
    assert ours.roc_auc_within.value == 1.0


def test_a_school_without_cases_says_nothing_of_its_order():
    frame = region().with_columns(outcome=pl.when(pl.col("school") == "A").then(pl.col("outcome")).otherwise(0))
    school = judged(frame).of("school")[1]
    assert (school.key, school.cases) == ("B", 0)
    assert school.rankings[0].roc_auc.value is None
    assert school.rankings[0].recall.value is None


def test_a_school_of_which_nothing_is_known_yet_has_no_slice():
    unknown = pl.when(pl.col("school") == "A").then(pl.col("outcome")).otherwise(None)
    assert [one.key for one in judged(region().with_columns(outcome=unknown)).of("school")] == ["A"]


def test_the_top_of_the_list_is_predicted_and_observed():
    ours = judged(region().with_columns(probability=pl.lit(0.25))).pooled.rankings[0]
    assert ours.listed_predicted.value == pytest.approx(0.25)
    assert ours.ece.value == pytest.approx(0.25 - judged().pooled.cases / judged().pooled.pupils)


def test_the_calibration_error_has_an_interval_around_itself():
    off = judged(region().with_columns(probability=pl.lit(0.25)), resamples=200).pooled.rankings[0].ece
    assert 0 < off.low < off.value < off.high
    share = pl.col("outcome").filter(~pl.col("already")).mean()
    near = judged(region().with_columns(probability=share), resamples=200).pooled.rankings[0].ece
    assert near.value == pytest.approx(0, abs=1e-9)
    assert near.low == 0, "a distance is never negative"
    assert 0 < near.high < off.low, "noise alone"


def test_tenths_tell_what_was_predicted_and_what_came():
    bins = judged().reliability
    assert [one.predicted for one in bins] == sorted(one.predicted for one in bins)
    assert sum(one.pupils for one in bins) == judged().pooled.pupils
    assert bins[-1].predicted == pytest.approx(0.3)
    assert bins[-1].observed.value == 1.0


def test_longer_lists_find_no_less():
    for curve in judged().curves:
        assert list(curve.found) == sorted(curve.found)
        at_own_length = dict(zip(curve.lengths, curve.found, strict=True))[1.0]
        ranking = next(one for one in judged().pooled.rankings if one.name == curve.name)
        assert at_own_length == pytest.approx(ranking.found.value)


def test_a_difference_has_the_same_sign_as_what_it_compares():
    result = judged()
    ours, rules, _ = result.pooled.rankings
    gap = result.differences[0]
    assert gap.found.value == pytest.approx(ours.found.value - rules.found.value)
    assert gap.roc_auc.value == pytest.approx(ours.roc_auc.value - rules.roc_auc.value)
    assert gap.average_precision.low <= gap.average_precision.value <= gap.average_precision.high


def test_a_method_that_finds_no_less_is_named_whatever_the_rules_do():
    rival = Ranking("forest", "de buurman", "score", "peer")
    assert judged(rankings=(OURS, RULES, rival)).headline.endswith("niet minder dan het model.")
