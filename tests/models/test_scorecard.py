"""The scorecard: a score that is exactly the sum of its parts, read from a file that can be trusted."""

import json
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from made_scorecard import scorecard_of

from data_contracts.errors import ModelError
from models.bins import find_bins
from models.scorecard import Scorecard, Scores, Shape, as_matrix


def shape(name: str, **changes) -> dict:
    return {
        "name": name,
        "label": name,
        "unit": "share",
        "direction": 1,
        "edges": (0.5, 2.0),
        "values": (-0.3, 0.1, 0.9),
        "missing": 0.05,
        "shares": (0.5, 0.3, 0.1, 0.1),
    } | changes


def card(*shapes: dict) -> Scorecard:
    chosen = shapes or (shape("a"), shape("b", direction=0, values=(0.2, -0.7, 0.0)))
    return scorecard_of((Shape(**one) for one in chosen), baseline=-4.0)


def test_a_pupil_gets_the_value_of_the_bin_each_feature_falls_in():
    scores = card().score(np.array([[0.4, 0.5], [0.5, 1.9], [2.0, np.nan]]))
    assert scores.contributions.tolist() == [[-0.3, -0.7], [0.1, -0.7], [0.9, 0.05]]
    assert scores.log_odds == pytest.approx([-5.0, -4.6, -3.05])
    assert scores.probability == pytest.approx(1 / (1 + np.exp(-scores.log_odds)))


CARD = card()
MATRICES = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 700), st.just(2)),
    elements=st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([0.5, 2.0])),
)


@given(MATRICES)
@settings(deadline=None, max_examples=50)
def test_every_score_is_the_sum_of_its_parts_and_the_same_alone_as_among_others(matrix):
    together = CARD.score(matrix)
    CARD.check(together)
    for row in {0, len(matrix) // 2, len(matrix) - 1}:
        alone = CARD.score(matrix[row : row + 1])
        assert alone.log_odds[0] == together.log_odds[row]
        assert alone.probability[0] == together.probability[row]
        assert np.array_equal(alone.contributions[0], together.contributions[row])


@given(hnp.arrays(np.float64, 600, elements=st.floats(-3, 3)), st.lists(st.floats(-3, 3), max_size=40, unique=True))
@settings(deadline=None, max_examples=50)
def test_counting_and_searching_find_the_same_bins(numbers, edges):
    cuts = np.sort(np.array(edges, dtype=np.float64))
    assert np.array_equal(find_bins(numbers, cuts), np.searchsorted(cuts, numbers, side="right"))


def test_check_refuses_a_score_that_is_not_the_sum_of_its_parts():
    scores = CARD.score(np.zeros((3, 2)))
    moved = Scores(scores.log_odds + np.array([0, 2e-9, 0]), scores.probability, scores.contributions)
    with pytest.raises(ModelError, match="bij 1 van 3 leerlingen"):
        CARD.check(moved)
    unknown = Scores(np.array([0.0, np.nan, 0.0]), scores.probability, scores.contributions)
    with pytest.raises(ModelError, match="bij 3 van 3"):
        CARD.check(unknown)


def test_a_matrix_of_another_shape_is_refused():
    with pytest.raises(ModelError, match="verwacht 2 kenmerken"):
        CARD.score(np.zeros((3, 5)))


def test_reading_back_gives_the_same_card_and_the_same_version():
    again = Scorecard.from_json(CARD.to_json())
    assert again == CARD
    assert again.version == CARD.version
    assert again.to_json() == CARD.to_json()


def test_another_content_is_another_version():
    assert card(shape("a"), shape("b")).version != card(shape("a"), shape("b", missing=0.06)).version


def test_a_card_without_bags_keeps_the_version_it_had_before_there_were_any():
    assert CARD.version == "5485a50b32b6"
    assert "bags" not in CARD.to_json()
    assert "parts" not in CARD.to_json()


BAGGED = card(
    shape("a", bags=((0.1, 0.0, -0.2, 0.0), (-0.1, 0.0, 0.2, 0.0))),
    shape("b", direction=0, values=(0.2, -0.7, 0.0), bags=((0.3, 0.0, 0.0, -1.0), (-0.3, 0.0, 0.0, 1.0))),
)


def test_the_spread_is_the_standard_deviation_over_the_models_behind_the_card():
    spread = BAGGED.spread(np.array([[0.0, 0.0], [1.0, 1.0], [3.0, np.nan]]))
    assert spread == pytest.approx([0.4 * 2**0.5, 0.0, 1.2 * 2**0.5])
    assert CARD.spread(np.zeros((1, 2))) is None


def test_bags_change_neither_the_score_nor_its_parts():
    rows = np.array([[0.0, 0.0], [1.0, 1.0], [3.0, np.nan]])
    assert np.array_equal(BAGGED.score(rows).contributions, CARD.score(rows).contributions)
    assert BAGGED.version != CARD.version


def test_rows_of_numbers_stand_on_one_line():
    lines = BAGGED.to_json().splitlines()
    assert any(line.strip() == "[0.1, 0.0, -0.2, 0.0]," for line in lines)
    assert any(line.strip() == '"edges": [0.5, 2.0],' for line in lines)
    assert Scorecard.from_json(BAGGED.to_json()) == BAGGED


def edited(**changes) -> str:
    return json.dumps(json.loads(CARD.to_json()) | changes)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "geen geldige JSON"),
        ("[]", "geen geldige JSON"),
        ('{"baseline": 1}', "met een versie"),
        (edited(baseline=-3.9), "is veranderd"),
        (edited(baseline=None), "baseline"),
        (edited(extra=1), "extra"),
        (edited(shapes=[]), "shapes"),
        (edited(shapes=[shape("a"), shape("a")]), "twee keer"),
        (edited(shapes=[shape("a", edges=[2.0, 0.5])]), "lopen niet op"),
        (edited(shapes=[shape("a", values=[0.1])]), "passen niet bij elkaar"),
        (edited(shapes=[shape("a", values=[0.3, 0.1, 0.9])]), "tegen de richting"),
        (edited(shapes=[shape("a", bags=[[0.1, 0.2]])]), "zak"),
        (edited(shapes=[shape("a", bags=[[0.0] * 4] * 2), shape("b")]), "zakken"),
        (edited(calibration={"intercept": 0, "slope": -1}), "slope"),
        (CARD.to_json().replace("-4.0", "NaN"), "scorekaart"),
    ],
)
def test_a_malformed_card_is_refused_in_plain_words(text, says):
    with pytest.raises(ModelError, match=says):
        Scorecard.from_json(text)


@given(st.text())
def test_any_text_is_a_card_or_a_clear_refusal(text):
    with pytest.raises(ModelError):
        Scorecard.from_json(text)


def test_contributions_are_the_exact_interventional_shapley_values(shap):
    rng = np.random.default_rng(5)
    shapes = [shape(f"f{n}", direction=0, values=tuple(rng.normal(size=3))) for n in range(4)]
    background = rng.uniform(-1, 4, size=(50, 4))
    raw = card(*shapes)
    means = raw.score(background).contributions.mean(axis=0)
    centred = card(
        *(
            one | {"values": tuple(np.array(one["values"]) - mean), "missing": one["missing"] - mean}
            for one, mean in zip(shapes, means, strict=True)
        )
    )
    rows = rng.uniform(-1, 4, size=(20, 4))

    def replaced(mask, row):
        """Interventional: what is not given comes from everybody in the background."""
        return (np.where(mask, row, background),)

    oracle = shap.explainers.Exact(lambda x: centred.score(np.asarray(x)).log_odds, replaced)
    assert np.abs(oracle(rows).values - centred.score(rows).contributions).max() < 1e-8


def test_a_frame_becomes_a_matrix_in_the_order_of_the_card():
    frame = pl.DataFrame({"b": [1, None], "other": ["x", "y"], "a": [0.5, 0.25]})
    matrix = as_matrix(frame, ("a", "b"))
    assert matrix[:, 0].tolist() == [0.5, 0.25]
    assert matrix[0, 1] == 1.0
    assert np.isnan(matrix[1, 1])
    with pytest.raises(ModelError, match="niet zijn berekend: c"):
        as_matrix(frame, ("a", "c"))


def test_scoring_needs_no_machine_learning_library():
    code = (
        "import sys, models.scorecard, models.serving; "
        "bad = {'sklearn', 'mlflow', 'shap', 'scipy', 'matplotlib'} & set(sys.modules); sys.exit(f'{bad}' if bad else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
