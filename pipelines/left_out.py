"""Schools that the model never saw: learned from all other schools, put to use at this one.

It answers what a school that joins may expect. At each date at most `MOST_FITS` models are trained: of more schools, groups
are left out together, each a mixture of large and small.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from data_contracts.errors import NotEnoughDataError
from models.learning import Settings
from models.scorecard import Scorecard, as_matrix
from models.splits import Split, as_of
from pipelines.fitting import Progress, fit_rows
from pipelines.panels import Ground

MOST_FITS = 6
SMALL_REGION = 8
"""Up to so many schools each is left out by itself."""
COLUMNS = ("left_out", "left_out_probability")


@dataclass(frozen=True)
class LeftOut:
    """How schools were left out at one origin: the groups, and without how many of them too little was left to learn from."""

    origin: date
    groups: tuple[tuple[str, ...], ...]
    failed: int = 0


def groups_of(sizes: Mapping[str, int]) -> tuple[tuple[str, ...], ...]:
    """Schools in groups that are left out together, by number of pupils: dealt round, largest first."""
    return dealt(sizes, len(sizes) if len(sizes) <= SMALL_REGION else MOST_FITS)


def dealt(sizes: Mapping[str, int], count: int) -> tuple[tuple[str, ...], ...]:
    """Deal schools round over `count` groups by number of pupils, largest first."""
    order = sorted(sizes, key=lambda school: (-sizes[school], school))
    return tuple(tuple(sorted(order[start::count])) for start in range(count))


def with_left_out(
    ground: Ground, frame: pl.DataFrame, rows: pl.DataFrame, parts: Split, *, settings: Settings, say: Progress
) -> tuple[pl.DataFrame, LeftOut]:
    """Add what a model says that never saw the pupil's school; and how that was done.

    Parameters
    ----------
    frame
        Pupils at one origin, with the features.
    rows, parts
        What may be learned from there (`pipelines.fitting.known_rows`).

    Returns
    -------
    tuple
        The frame with `COLUMNS` (null where no model could be trained without the school), and the groups.
    """
    sizes = dict(frame.group_by("school").len().rows())
    if len(sizes) == 1:
        return with_scores_of(frame, None, COLUMNS), LeftOut(parts.moment, ())
    found, failed = [], 0
    groups = groups_of(sizes)
    for done, group in enumerate(groups):
        say("Scholen weglaten", done, len(groups))
        theirs = pl.col("school").is_in(group)
        card: Scorecard | None = None
        try:
            fitted = fit_rows(ground, rows.filter(~theirs), parts, moment=as_of(parts.moment), settings=settings)
            card = fitted.scorecard
        except NotEnoughDataError:
            failed += 1
        found.append(with_scores_of(frame.filter(theirs), card, COLUMNS))
    return pl.concat(found), LeftOut(parts.moment, groups, failed)


def with_scores_of(frame: pl.DataFrame, card: Scorecard | None, names: tuple[str, str]) -> pl.DataFrame:
    """Add log-odds and probability of `card` under `names`; null without a card.

    Raises
    ------
    ModelError
        A score is not the sum of its parts.
    """
    if card is None:
        return frame.with_columns(pl.lit(None, dtype=pl.Float64).alias(name) for name in names)
    scores = card.score(as_matrix(frame, card.names))
    card.check(scores)
    values = zip(names, (scores.log_odds, scores.probability), strict=True)
    return frame.with_columns(**{name: pl.Series(value, dtype=pl.Float64) for name, value in values})


def left_out_note(done: Sequence[LeftOut]) -> str:
    """Say in Dutch how schools were left out; empty where that was not asked for."""
    if not done:
        return ""
    tried = [one for one in done if one.groups]
    if not tried:
        return "Er is maar één school, dus er valt geen school weg te laten."
    dates = "1 peildatum" if len(tried) == 1 else f"{len(tried)} peildata"
    fits = sum(len(one.groups) - one.failed for one in tried)
    how = f"Vanaf {dates} is elke school één keer weggelaten ({fits} {'model' if fits == 1 else 'modellen'})."
    if any(len(group) > 1 for one in tried for group in one.groups):
        how += " Het zijn er veel: steeds zijn er enkele samen weggelaten, grote en kleine door elkaar."
    failed = ", ".join(
        f"op {one.origin:%d-%m-%Y} {one.failed} van de {len(one.groups)} keer" for one in tried if one.failed
    )
    return how + (f" Er bleef te weinig over om van te leren: {failed}." if failed else "")
