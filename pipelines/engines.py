"""What counts: Polars in this process, or a Spark cluster. Both read the same lake and run the same functions."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

import polars as pl

from features.catalogue import NAMES
from features.frames import Frame
from features.panel import panel_from
from features.tables import Tables, prepared
from models.scorecard import Scorecard, as_matrix
from pipelines.home import Home
from pipelines.tables import load

AT_A_TIME = 4
"""Schools of which a panel is counted together: they have nothing to do with one another, and a few keep memory small."""
SCORES = ("log_odds", "probability", "parts")
"""Columns that `with_scores` adds."""


class Load(Protocol):
    """Read the tables of schools from the lake, see `pipelines.tables.load`."""

    def __call__(self, *args: Any, **kwargs: Any) -> Tables: ...  # noqa: ANN401, D102 - as `load`


@dataclass(frozen=True)
class Engine:
    """What differs between engines; everything between reading and bringing back is the same.

    Parameters
    ----------
    load
        Reads tables from the lake.
    scored
        Features with what a scorecard makes of them (see `with_scores`), in memory; without a scorecard the features.
    panels
        What `panel_of` gives for each of some batches of schools, as they are done.
    """

    load: Load
    scored: Callable[[Scorecard | None, Frame], pl.DataFrame]
    panels: Callable[[Home, Sequence[Sequence[str]], Sequence[datetime], date], Iterator[pl.DataFrame]]


def panel_of(home: Home, schools: Sequence[str], moments: Sequence[datetime], until: date) -> pl.DataFrame:
    """Features of pupils of `schools` at each of `moments`, from the lake: ``school, pupil, origin`` (date), `NAMES`.

    Parameters
    ----------
    until
        Day up to which a norm timetable is needed.
    """
    tables = prepared(load(home, schools=schools, until=until))
    found = brought_back(panel_from(tables, moments))
    return found.select("school", "pupil", pl.col("origin").cast(pl.Int32).cast(pl.Date), *NAMES)


def _panels(
    home: Home, batches: Sequence[Sequence[str]], moments: Sequence[datetime], until: date
) -> Iterator[pl.DataFrame]:
    for schools in batches:
        yield panel_of(home, schools, moments, until)


def brought_back(frame: Frame) -> pl.DataFrame:
    """Work `frame` out where it is, and hold the result here."""
    found: pl.DataFrame = frame.collect(backend="polars").to_native()
    return found


def with_scores(scorecard: Scorecard, features: pl.DataFrame) -> pl.DataFrame:
    """Add `SCORES`; ``parts`` are the contributions, in the order of `Scorecard.names`."""
    scores = scorecard.score(as_matrix(features, scorecard.names))
    return features.with_columns(
        log_odds=pl.Series(scores.log_odds, dtype=pl.Float64),
        probability=pl.Series(scores.probability, dtype=pl.Float64),
        parts=pl.Series(scores.contributions.tolist(), dtype=pl.List(pl.Float64)),
    )


def _scored(scorecard: Scorecard | None, features: Frame) -> pl.DataFrame:
    found = brought_back(features)
    return found if scorecard is None else with_scores(scorecard, found)


POLARS = Engine(load=load, scored=_scored, panels=_panels)
