"""Schools that the model never saw: learned from all other schools, put to use at this one.

It answers what a school that joins may expect. At most `MOST_FITS` models are trained: of more schools, groups are left out
together, each a mixture of large and small.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from data_contracts.errors import NotEnoughDataError
from models.learning import Settings
from models.scorecard import as_matrix
from models.splits import Split, as_of
from pipelines.fitting import Progress, fit_rows
from pipelines.panels import Ground

MOST_FITS = 6
SMALL_REGION = 8
"""Up to so many schools each is left out by itself."""
COLUMNS = ("left_out", "left_out_probability")


def groups_of(sizes: Mapping[str, int]) -> tuple[tuple[str, ...], ...]:
    """Schools in groups that are left out together, by number of pupils: dealt round, largest first."""
    order = sorted(sizes, key=lambda school: (-sizes[school], school))
    count = len(order) if len(order) <= SMALL_REGION else MOST_FITS
    return tuple(tuple(sorted(order[start::count])) for start in range(count))


def with_left_out(
    ground: Ground, frame: pl.DataFrame, rows: pl.DataFrame, parts: Split, *, settings: Settings, say: Progress
) -> tuple[pl.DataFrame, str]:
    """Add what a model says that never saw the pupil's school; and a Dutch note on how that was done.

    Parameters
    ----------
    frame
        Pupils at one origin, with the features.
    rows, parts
        What may be learned from there (`pipelines.fitting.known_rows`).

    Returns
    -------
    tuple
        The frame with `COLUMNS` (null where no model could be trained without the school), and the note.
    """
    sizes = dict(frame.group_by("school").len().rows())
    empty = frame.with_columns(pl.lit(None, dtype=pl.Float64).alias(name) for name in COLUMNS)
    if len(sizes) == 1:
        return empty, "Er is maar één school, dus er valt geen school weg te laten."
    found, skipped = [], []
    groups = groups_of(sizes)
    for done, group in enumerate(groups):
        say("Scholen weglaten", done, len(groups))
        theirs = pl.col("school").is_in(group)
        try:
            fitted = fit_rows(ground, rows.filter(~theirs), parts, moment=as_of(parts.moment), settings=settings)
        except NotEnoughDataError as error:
            skipped.append(f"zonder {', '.join(group)}: {error.detail}")
            found.append(empty.filter(theirs))
            continue
        own = frame.filter(theirs)
        scores = fitted.scorecard.score(as_matrix(own, fitted.scorecard.names))
        values = zip(COLUMNS, (scores.log_odds, scores.probability), strict=True)
        found.append(own.with_columns(**{name: pl.Series(value, dtype=pl.Float64) for name, value in values}))
    return pl.concat(found), _note(groups, skipped)


def _note(groups: Sequence[Sequence[str]], skipped: Sequence[str]) -> str:
    schools = sum(map(len, groups))
    how = (
        f"Elke school is één keer weggelaten ({schools} modellen)."
        if len(groups) == schools
        else f"{schools} scholen zijn in {len(groups)} groepen weggelaten; elke groep heeft grote en kleine scholen."
    )
    return how + (f" Niet gelukt: {'; '.join(skipped)}." if skipped else "")
