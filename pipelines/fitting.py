"""Fit a scorecard on the outcomes that were known at a moment: what a training and a look back have in common."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

import polars as pl

from features.catalogue import CATALOGUE, CATALOGUE_VERSION, NAMES
from models.fit import About, Fitted, fit
from models.learning import Sample, Settings
from models.scorecard import as_matrix
from models.splits import Plan, Split
from pipelines.panels import KEY, Ground, features_at, labels_at

Progress = Callable[[str, int, int], None]
"""Told a Dutch description, how far, of how much."""


def silent(_description: str, _done: int, _total: int) -> None:
    """Say nothing."""


def panel_at(ground: Ground, tests: Sequence[date], *, plan: Plan, say: Progress) -> pl.DataFrame:
    """Features at every origin of `ground`; at those to test on also the rules (see `pipelines.panels.features_at`)."""
    return features_at(ground, tests, plan=plan, say=lambda done, total: say("Kenmerken berekenen", done, total))


def fit_known(ground: Ground, panel: pl.DataFrame, parts: Split, *, moment: datetime, settings: Settings) -> Fitted:
    """Fit and calibrate on the outcomes that were known at `moment` (UTC).

    Parameters
    ----------
    ground, panel
        What is stored, and the features at its origins (`panel_at`).
    parts
        Origins to fit and to calibrate on.
    settings
        How is fitted.

    Raises
    ------
    NotEnoughDataError
        Too few pupils with the outcome.
    """
    return fit_rows(ground, known_rows(ground, panel, parts, moment=moment), parts, moment=moment, settings=settings)


def fit_rows(ground: Ground, rows: pl.DataFrame, parts: Split, *, moment: datetime, settings: Settings) -> Fitted:
    """As `fit_known`, from rows that were looked up already (`known_rows`)."""
    return fit(
        sample(rows.filter(pl.col("origin").is_in(parts.fit))),
        sample(rows.filter(pl.col("origin").is_in(parts.calibrate))),
        features=CATALOGUE,
        outcome=ground.outcome,
        about=About(catalogue_version=CATALOGUE_VERSION, trained_at=datetime.now(UTC), data_moment=moment),
        settings=settings,
    )


def known_rows(ground: Ground, panel: pl.DataFrame, parts: Split, *, moment: datetime) -> pl.DataFrame:
    """Rows of `panel` to learn from: outcome known at `moment` and not in it already, with ``_number`` a pupil."""
    known = labels_at(ground, moment, [*parts.fit, *parts.calibrate])
    rows = panel.join(known.filter(pl.col("outcome").is_not_null() & ~pl.col("already")), on=KEY, how="inner")
    return rows.sort(KEY).with_columns(_number=pl.struct("school", "pupil").rank("dense").cast(pl.Int64))


def sample(rows: pl.DataFrame) -> Sample:
    """Rows as `known_rows` gives them, in numbers."""
    outcome = rows["outcome"].cast(pl.Float64).to_numpy()
    return Sample(matrix=as_matrix(rows, NAMES), outcome=outcome, pupil=rows["_number"].to_numpy())
