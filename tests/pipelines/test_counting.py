"""What every engine brings back is checked for every pupil before anything is published."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from data_contracts.errors import ModelError
from models.scorecard import Calibration, Scorecard, Shape, Target
from pipelines.counting import _proved
from pipelines.engines import with_scores

MOMENT = datetime(2026, 11, 16, tzinfo=UTC)
CARD = Scorecard(
    target=Target(name="x", label="x", meaning="x"),
    contract_version="1",
    catalogue_version="1",
    trained_at=MOMENT,
    data_moment=MOMENT,
    rows=10,
    events=1,
    pupils_with_outcome=1,
    baseline=-3.0,
    calibration=Calibration(intercept=0.0, slope=1.0),
    shapes=tuple(
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
