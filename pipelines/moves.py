"""What moved scores from one Monday to the next, exactly: contributions add up to the score, so their changes to its change."""

from collections.abc import Sequence
from itertools import chain, pairwise

import numpy as np
import polars as pl

from features.catalogue import feature
from models.explain import THEMES
from models.scorecard import Scorecard, as_matrix
from models.splits import SUMMER
from models.stability import Moved, Moves, Pupil, Week

WHO = ["school", "pupil"]
CAME, WENT, NEAR = "came", "went", "near"
_SCORE = "log_odds"
_SCHEMA: dict[str, type[pl.DataType]] = {
    "how": pl.String,
    _SCORE: pl.Float64,
    **dict.fromkeys(THEMES, pl.Float64),
    "span": pl.Float64,
}


def moves_of(panel: pl.DataFrame, card: Scorecard, weeks: Sequence[Week]) -> pl.DataFrame:
    """Changes of score between weeks in a row, of one model.

    Parameters
    ----------
    panel
        Features at the Mondays of `weeks`.

    Returns
    -------
    polars.DataFrame
        One row a pupil and pair of weeks: ``how`` (came on a list, went off one for new data, or was near on both sides), the
        change of the score and of each theme (log-odds). And one row a list with its ``span``, the rest null.
    """
    parts = [pl.DataFrame(schema=_SCHEMA)]
    for one, other in pairwise(weeks):
        if other.week - one.week >= SUMMER:
            continue
        passed = one.listed - other.listed - other.already
        whom = {CAME: other.listed - one.listed, WENT: passed, NEAR: one.near - other.already}
        everybody = frozenset(chain.from_iterable(whom.values()))
        before, after = (_themes(panel, card, week, everybody) for week in (one, other))
        both = after.join(before, on=WHO, suffix="_before")
        changes = [(pl.col(name) - pl.col(f"{name}_before")).alias(name) for name in (_SCORE, *THEMES)]
        for how, pupils in whom.items():
            rows = both.join(_frame(pupils), on=WHO, how="semi").select(pl.lit(how).alias("how"), *changes)
            parts.append(rows.with_columns(span=pl.lit(None, dtype=pl.Float64)))
    for week in weeks:
        spans = _themes(panel, card, week, week.listed).group_by("school")
        found = spans.agg(span=pl.col(_SCORE).max() - pl.col(_SCORE).min()).select("span")
        parts.append(found)
    return pl.concat(parts, how="diagonal")


def why_moved(moves: pl.DataFrame) -> Moves:
    """Mean changes by theme, largest first; how far the places of a list lie apart, and how much scores move."""
    came, went = (moves.filter(pl.col("how") == how) for how in (CAME, WENT))
    near = moves.filter(pl.col("how") == NEAR)[_SCORE]
    spans = moves["span"].drop_nulls()
    means = {theme: (_mean(came[theme]), _mean(went[theme])) for theme in THEMES}
    moved = [Moved(theme=theme, label=THEMES[theme], came=up, went=down) for theme, (up, down) in means.items()]
    return Moves(
        moved=tuple(sorted(moved, key=lambda one: -abs(one.came) - abs(one.went))) if len(came) or len(went) else (),
        span=_mean(spans) if len(spans) else None,
        step=float(np.std(near.to_numpy(), ddof=1)) if len(near) > 1 else None,
    )


def _mean(values: pl.Series) -> float:
    return float(values.to_numpy().mean()) if len(values) else 0.0


def _themes(panel: pl.DataFrame, card: Scorecard, week: Week, whom: frozenset[Pupil]) -> pl.DataFrame:
    """Score and sum per theme on a Monday, of those of `whom` who were there."""
    rows = panel.filter(pl.col("origin") == week.week).join(_frame(whom), on=WHO, how="semi")
    scores = card.score(as_matrix(rows, card.names))
    themes = np.array([feature(name).theme for name in card.names])
    sums = {
        theme: pl.Series(scores.contributions[:, themes == theme].sum(axis=1), dtype=pl.Float64) for theme in THEMES
    }
    return rows.select(WHO).with_columns(pl.Series(_SCORE, scores.log_odds, dtype=pl.Float64), **sums)


def _frame(pupils: frozenset[Pupil]) -> pl.DataFrame:
    return pl.DataFrame(sorted(pupils), schema=dict.fromkeys(WHO, pl.String), orient="row")
