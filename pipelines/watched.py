"""What is watched for drift at each of some schools: what is recorded per week, and scores and features from look to look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from features.calendar import school_year_start
from models.drift import Followed, Series, counting_error, follow, limit_for, proportions, settings, vanished
from pipelines.drift_words import Alarm


@dataclass(frozen=True)
class Watched:
    """Some series at some schools, followed.

    Parameters
    ----------
    moments
        Mondays: of the weeks, or of the looks.
    names
        The series, as `found` has them in its last axis.
    found
        None where too little is known to follow them.
    gone
        Of shape (schools, series): whether what was recorded is recorded no more; None where that is not asked.
    """

    moments: Sequence[date]
    names: Sequence[str]
    found: Followed | None
    gone: "np.ndarray[Any, np.dtype[np.bool_]] | None" = None

    def alarms(self, place: int) -> dict[str, Alarm]:
        """Series that changed at the school at `place`: the Monday from which, and whether they rose."""
        if self.found is None:
            return {}
        return {
            name: (self.moments[self.found.since[place, number]], bool(self.found.rising[place, number]))
            for number, name in enumerate(self.names)
            if self.found.alarm[place, number] >= 0
        }

    def vanished(self, place: int) -> list[str]:
        """Series of which the school at `place` records nothing more."""
        return (
            [] if self.gone is None else [name for name, gone in zip(self.names, self.gone[place], strict=True) if gone]
        )


def kinds(frame: pl.DataFrame, schools: Sequence[str], *, year: date) -> Watched:
    """What is recorded of each kind, followed from week to week (`pipelines.observed.recorded_by_week`)."""
    terms = settings()
    names = [kind["name"] for kind in terms["kind"]]
    weeks = sorted(frame["week"].unique().to_list())
    shares = np.stack([_table(frame, "week", name, schools) for name in names], axis=-1)
    pupils = _table(frame, "week", "pupils", schools)
    starts = np.array([school_year_start(week).toordinal() for week in weeks], dtype=np.int64)
    first = np.searchsorted(starts, starts)
    settled = np.arange(len(weeks)) - first >= terms["settling_weeks"]
    reference = starts < year.toordinal()
    series = Series(
        values=proportions(shares, pupils),
        counts=~np.isnan(pupils) & settled[:, None],
        years=starts,
        reference=reference,
        tested=starts == year.toordinal(),
        back=int(terms["back"]),
        fewest=int(terms["fewest_back"]),
        floor=counting_error(shares, pupils, reference),
    )
    limit = limit_for(len(names), looks=int(terms["school_weeks"]))
    followed = follow(series, limit=limit, fewest_reference=int(terms["fewest_reference_weeks"]))
    return Watched(weeks, names, followed, vanished(shares, series))


def scores(frame: pl.DataFrame, schools: Sequence[str], *, year: date) -> Watched:
    """The mean score, followed from look to look (`pipelines.observed.scored_by_moment`)."""
    rows = frame.unique(["school", "moment"])
    return _from_look_to_look(rows, {"score": rows}, schools, column="score", year=year)


def points(frame: pl.DataFrame, schools: Sequence[str], *, year: date) -> Watched:
    """What each feature adds to the mean score, followed from look to look."""
    by_feature = {name: frame.filter(pl.col("feature") == name) for name in sorted(frame["feature"].unique())}
    terms = settings()
    floor, back = float(terms["smallest_points"]), int(terms["looks_back"])
    return _from_look_to_look(frame, by_feature, schools, column="points", year=year, floor=floor, back=back)


def _from_look_to_look(
    frame: pl.DataFrame,
    series: Mapping[str, pl.DataFrame],
    schools: Sequence[str],
    *,
    column: str,
    year: date,
    floor: float = 0.0,
    back: int = 1,
) -> Watched:
    terms = settings()
    moments = sorted(frame["moment"].unique().to_list())
    if not moments:
        return Watched([], [], None)
    values = np.stack([_table(rows, "moment", column, schools) for rows in series.values()], axis=-1)
    starts = np.array([school_year_start(one - timedelta(days=7)).toordinal() for one in moments], dtype=np.int64)
    looked = Series(
        values=values,
        counts=~np.isnan(values[:, :, 0]),  # all series are of the same looks
        years=starts,
        reference=starts < year.toordinal(),
        tested=starts == year.toordinal(),
        back=back,
        floor=floor,
    )
    limit = limit_for(len(series), looks=int(terms["school_weeks"] / terms["score_every"]))
    found = follow(looked, limit=limit, fewest_reference=int(terms["fewest_reference_looks"]))
    return Watched(moments, list(series), found)


def _table(
    frame: pl.DataFrame, by: str, column: str, schools: Sequence[str]
) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Return a column as a table of shape (weeks, schools); NaN where there is no row."""
    wide = (
        frame.select("school", by, pl.col(column).cast(pl.Float64)).pivot(on="school", index=by, values=column).sort(by)
    )
    blank = [pl.lit(None, dtype=pl.Float64).alias(school) for school in schools if school not in wide.columns]
    return wide.with_columns(blank).select(schools).to_numpy().astype(np.float64)
