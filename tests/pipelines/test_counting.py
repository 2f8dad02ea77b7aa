"""What every engine brings back is checked for every pupil before anything is published."""

import numpy as np
import polars as pl
import pytest
from made_scorecard import scorecard_of

from data_contracts.errors import ModelError
from models.scorecard import Shape
from pipelines.counting import _proved
from pipelines.engines import with_scores

CARD = scorecard_of(
    (
        Shape(
            name=name,
            label=name,
            unit="x",
            direction=0,
            edges=(0.5,),
            values=(-0.1, 0.4),
            missing=0.0,
            shares=(0.5, 0.4, 0.1),
        )
        for name in ("a", "b")
    ),
    rows=10,
    events=1,
)
PUPILS = pl.DataFrame({"school": ["s"] * 3, "pupil": ["p", "q", "r"], "a": [0.0, 1.0, None], "b": [1.0, None, 0.0]})


def test_every_pupil_is_scored_with_every_part():
    scored = _proved(CARD, with_scores(CARD, PUPILS))
    assert set(scored) == {("s", "p"), ("s", "q"), ("s", "r")}
    for one in scored.values():
        assert one.log_odds == pytest.approx(CARD.baseline + sum(one.parts), abs=1e-9)


@pytest.mark.parametrize("row", range(3))
def test_one_pupil_whose_score_is_not_the_sum_of_its_parts_stops_everything(row: int):
    frame = with_scores(CARD, PUPILS)
    moved = np.where(np.arange(3) == row, 2e-9, 0.0)
    with pytest.raises(ModelError, match="bij 1 van 3 leerlingen"):
        _proved(CARD, frame.with_columns(log_odds=pl.col("log_odds") + pl.Series(moved)))
