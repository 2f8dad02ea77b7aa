"""A scorecard of which only the shapes matter: what a test does not say of it is made up."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from models.scorecard import Calibration, Scorecard, Shape, Target

MOMENT = datetime(2026, 11, 16, tzinfo=UTC)


def scorecard_of(shapes: Iterable[Shape], **said: Any) -> Scorecard:
    made_up = {
        "target": Target(name="x", label="x", meaning="x"),
        "contract_version": "1.0.0",
        "catalogue_version": "1",
        "trained_at": MOMENT,
        "data_moment": MOMENT,
        "rows": 100,
        "events": 10,
        "pupils_with_outcome": 9,
        "baseline": -3.0,
        "calibration": Calibration(intercept=0.0, slope=1.0),
    }
    return Scorecard(**(made_up | said), shapes=tuple(shapes))
