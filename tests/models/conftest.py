"""A small made-up population with a known pattern: enough events to learn from, in a second."""

import importlib
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pytest

from models.fit import About, Fitted, Sample, Settings, fit
from models.outcome import read_outcome


@dataclass(frozen=True)
class Described:
    name: str
    label: str
    unit: str
    direction: int


FEATURES = (
    Described("absent_4w", "afwezig in 4 weken", "share", 1),
    Described("trend", "verandering", "share", 1),
    Described("weeks_present", "weken aanwezig", "weeks", -1),
    Described("noise", "ruis", "count", 0),
    Described("season", "moment in het jaar", "weeks", 0),
)


def people(rows: int, seed: int) -> Sample:
    """Rows in which absence and trend raise the odds, presence lowers them; season bends; noise does nothing."""
    rng = np.random.default_rng(seed)
    absent = np.where(rng.random(rows) < 0.5, 0.0, rng.beta(1, 12, rows))
    trend = rng.normal(0, 0.05, rows)
    present = rng.integers(0, 13, rows).astype(float)
    noise = rng.normal(size=rows)
    season = rng.integers(0, 40, rows).astype(float)
    log_odds = -4.3 + 9 * absent + 12 * np.maximum(trend, 0) - 0.12 * (present - 6) + np.cos(season / 6.3)
    outcome = (rng.random(rows) < 1 / (1 + np.exp(-log_odds))).astype(float)
    matrix = np.column_stack([absent, trend, present, noise, season])
    matrix[rng.random(rows) < 0.1, 1] = np.nan
    return Sample(matrix=matrix, outcome=outcome, pupil=rng.integers(0, rows // 3, rows))


ABOUT = About(
    catalogue_version="test",
    trained_at=datetime(2026, 11, 16, 6, tzinfo=UTC),
    data_moment=datetime(2026, 11, 15, 18, tzinfo=UTC),
)


@pytest.fixture(scope="session")
def make_people():
    return people


@pytest.fixture(scope="session")
def learned() -> Sample:
    return people(20_000, 1)


@pytest.fixture(scope="session")
def refit(learned):
    def run(learn: Sample = learned, calibrate: Sample | None = None, *, features=FEATURES, **settings) -> Fitted:
        return fit(
            learn,
            calibrate or people(8_000, 2),
            features=features,
            outcome=read_outcome("long_absence"),
            about=ABOUT,
            settings=Settings(**({"max_iterations": 120, "bags": 4} | settings)),
        )

    return run


@pytest.fixture(scope="session")
def fitted(refit) -> Fitted:
    return refit()


@pytest.fixture(scope="session")
def scorecard(fitted):
    return fitted.scorecard


@pytest.fixture(scope="session")
def shap():
    """The oracle; it warns of matplotlib's future while it loads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("shap")
