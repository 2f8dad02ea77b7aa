"""Pictures of a model card: they show the scorecard's own numbers, and fit in a page beside each other."""

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from made_scorecard import scorecard_of

from models.cards import Words, calibration_plot, importance, is_flat, reach, shape_plot
from models.figures import Bin, Figure
from models.scorecard import Scorecard, Shape

WORDS = Words("onbekend", "verwacht", "uitgekomen", lambda value, digits: f"{value:.{digits}f}".replace(".", ","))


def shape(**changes) -> Shape:
    content = {
        "name": "absent_4w",
        "label": "afwezig",
        "unit": "share of scheduled time",
        "direction": 1,
        "edges": (0.1, 0.4),
        "values": (-0.2, 0.3, 0.9),
        "missing": 0.1,
        "shares": (0.6, 0.2, 0.1, 0.1),
    }
    return Shape(**(content | changes))


def drawn(one: Shape, *, percent: bool = True, title: str = "afwezig") -> str:
    return shape_plot(one, title=title, most=1.0, words=WORDS, percent=percent)


def centred_on(population: np.ndarray) -> Scorecard:
    """A card of three features whose shares and means are those of `population`, as training leaves it."""
    rng = np.random.default_rng(4)
    shapes = []
    for place, column in enumerate(population.T):
        edges = np.quantile(column[~np.isnan(column)], [0.3, 0.8])
        bins = np.where(np.isnan(column), 3, np.searchsorted(edges, column, side="right"))
        shares = np.bincount(bins, minlength=4) / len(column)
        values = rng.normal(size=4) * (place + 1)
        values -= shares @ values
        content = {"name": f"f{place}", "direction": 0, "edges": tuple(edges), "shares": tuple(shares)}
        shapes.append(shape(**content, values=tuple(values[:3]), missing=values[3]))
    return scorecard_of(shapes)


def test_what_a_feature_does_is_its_mean_absolute_shapley_value(shap):
    population = np.random.default_rng(5).normal(size=(60, 3))
    population[::7, 1] = np.nan
    card = centred_on(population)

    def replaced(mask, row):
        """Interventional: what is not given comes from everybody."""
        return (np.where(mask, row, population),)

    oracle = shap.explainers.Exact(lambda rows: card.score(np.asarray(rows)).log_odds, replaced)
    expected = np.abs(oracle(population).values).mean(axis=0)
    assert {one.name: size for one, size in importance(card)} == pytest.approx(
        dict(zip(card.names, expected, strict=True)), abs=1e-9
    )
    sizes = [size for _, size in importance(card)]
    assert sizes == sorted(sizes, reverse=True)


def test_a_flat_shape_does_nothing_whatever_its_value():
    flat = {"edges": (0.1,), "values": (0.0, 0.0), "shares": (0.5, 0.5, 0.0)}
    assert is_flat(shape(**flat))  # missing never occurred
    assert not is_flat(shape(**(flat | {"shares": (0.5, 0.4, 0.1)})))
    assert not is_flat(shape())


def test_the_scale_holds_every_shape(scorecard: Scorecard):
    assert reach(scorecard) >= max(abs(value) for one in scorecard.shapes for value in (*one.values, one.missing))


def test_a_shape_is_drawn_at_its_values_with_a_dot_for_what_is_missing():
    picture = drawn(shape())
    assert "onbekend" in picture
    assert "onbekend" not in drawn(shape(shares=(0.6, 0.2, 0.2, 0.0)))
    assert "20 %" in picture
    assert " %" not in drawn(shape(), percent=False)
    assert "×0,5" in picture  # noqa: RUF001 - a multiplication sign


def test_repeated_learning_shows_as_a_band_that_stays_on_the_scale():
    assert 'fill-opacity=".2"' in drawn(shape())
    band = drawn(shape(bags=((-0.3, 0.2, 0.8, 0.0), (-0.1, 0.4, 50.0, 0.2))))
    assert band != drawn(shape())
    heights = [float(number) for number in re.findall(r"V(-?[\d.]+)", band)]
    assert min(heights) >= 0


def test_other_values_give_another_picture_and_the_same_ones_the_same():
    assert drawn(shape()) == drawn(shape())
    assert drawn(shape(values=(-0.2, 0.3, 0.8))) != drawn(shape())


@pytest.mark.parametrize(
    "changes",
    [
        {"edges": (), "values": (0.4,), "shares": (1.0, 0.0)},
        {"edges": (5.0,), "values": (0.0, 0.4), "shares": (0.5, 0.5, 0.0)},
        {"edges": (0.0, 1e-9), "shares": (1.0, 0.0, 0.0, 0.0)},
        {"edges": (-3.0, 4e6)},
        {"edges": (0.0, 7.0)},
    ],
)
def test_any_shape_can_be_drawn(changes):
    ET.fromstring(drawn(shape(**changes)))  # noqa: S314 - our own


def test_pictures_can_stand_on_one_page():
    first, second = drawn(shape()), drawn(shape(values=(-0.2, 0.3, 0.8)), title='een "ander" <kenmerk>')
    ids = [re.findall(r'id="([^"]+)"', picture) for picture in (first, second)]
    assert len(set(ids[0])) == len(ids[0])
    assert not set(ids[0]) & set(ids[1])
    for picture in (first, second):
        assert ET.fromstring(picture).tag == "svg"  # noqa: S314 - our own
        assert "<style" not in picture  # it would hold for the whole page
        assert "<!DOCTYPE" not in picture
    assert 'aria-label="een &quot;ander&quot; &lt;kenmerk&gt;"' in second


def test_calibration_leaves_out_what_cannot_be_drawn_on_ratios():
    known = Bin(predicted=0.01, observed=Figure(value=0.012, low=0.008, high=0.02), pupils=100)
    nothing = Bin(predicted=0.0, observed=Figure(value=0.0, low=0.0, high=0.0), pupils=100)
    none_yet = Bin(predicted=0.002, observed=Figure(value=0.0, low=0.0, high=0.004), pupils=100)
    picture = calibration_plot([nothing, none_yet, known], title="kansen", words=WORDS)
    assert ET.fromstring(picture).tag == "svg"  # noqa: S314 - our own
    assert "verwacht" in picture
    assert calibration_plot([], title="kansen", words=WORDS).startswith("<svg")
