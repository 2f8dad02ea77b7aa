"""Columns of the backtest frame that other methods fill, learned from the very rows that the scorecard learned from."""

from collections.abc import Sequence
from datetime import date, timedelta

import polars as pl

from features.catalogue import NAMES
from features.history import history
from models.calibration import Floats
from models.learning import Sample
from models.peers import ON_FEATURES, ON_TOTALS, TOTAL_WEEKS, feature_scores, total_scores
from models.scorecard import as_matrix
from models.splits import Split, as_of
from pipelines.engines import brought_back
from pipelines.fitting import sample
from pipelines.panels import KEY, Ground

RIVALS = (*ON_FEATURES, *ON_TOTALS)
TOTALS = [f"{kind}_{week}" for kind in ("authorised", "unauthorised") for week in range(TOTAL_WEEKS)]
_LOOK_BACK = timedelta(weeks=26)  # ten school weeks, a summer and the other holidays
_HOUR = 60


def totals_at(ground: Ground, origins: Sequence[date]) -> pl.DataFrame:
    """Hours of authorised and unauthorised absence in each of the last school weeks, as known at each origin.

    What nobody gave a reason for is not authorised: so the exports that the method reads count it (``unap``).

    Returns
    -------
    polars.DataFrame
        `KEY` and `TOTALS`, of pupils with any absence in those weeks; 0 is the newest week.
    """
    return pl.concat([_totals(ground, origin) for origin in origins])


def _totals(ground: Ground, origin: date) -> pl.DataFrame:
    past = history(ground.tables, as_of(origin), since=origin - _LOOK_BACK)
    names = ("school", "pupil", "weeks_ago", "authorised_minutes", "unauthorised_minutes", "unexplained_minutes")
    weeks = brought_back(past.weeks.select(*names)).filter(pl.col("weeks_ago") < TOTAL_WEEKS)
    weeks = weeks.with_columns(unauthorised_minutes=pl.col("unauthorised_minutes") + pl.col("unexplained_minutes"))
    hours = [
        (pl.col(f"{kind}_minutes").filter(pl.col("weeks_ago") == week).sum() / _HOUR).alias(f"{kind}_{week}")
        for kind in ("authorised", "unauthorised")
        for week in range(TOTAL_WEEKS)
    ]
    absent = weeks.filter((pl.col("authorised_minutes") > 0) | (pl.col("unauthorised_minutes") > 0))
    return (
        absent.group_by("school", "pupil").agg(hours).select("school", "pupil", pl.lit(origin).alias("origin"), *TOTALS)
    )


def with_rivals(frame: pl.DataFrame, rows: pl.DataFrame, parts: Split, totals: pl.DataFrame) -> pl.DataFrame:
    """Add a column of scores per rival to the rows of one origin.

    Parameters
    ----------
    frame
        Who is ordered, with the features.
    rows, parts
        What is learned from (`pipelines.fitting.known_rows`): like the scorecard, from the origins to fit on.
    totals
        See `totals_at`; of the origins of both.
    """
    rows = rows.filter(pl.col("origin").is_in(parts.fit))
    learn = sample(rows)
    scores = feature_scores(learn, as_matrix(frame, NAMES))
    scores |= total_scores(
        Sample(matrix=_matrix(rows, totals), outcome=learn.outcome, pupil=learn.pupil), _matrix(frame, totals)
    )
    return frame.with_columns(**{name: pl.Series(values, dtype=pl.Float64) for name, values in scores.items()})


def _matrix(rows: pl.DataFrame, totals: pl.DataFrame) -> Floats:
    found = rows.select(KEY).join(totals, on=KEY, how="left", maintain_order="left")
    return found.select(pl.col(TOTALS).fill_null(0.0)).to_numpy()
