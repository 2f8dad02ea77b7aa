"""Pooling without sharing rows, looked back on: two halves of the schools learn apart, and their scorecards are merged.

What a party may expect that shares no pupil's row: its own scorecard, the merged one, and what one of all rows would give
(the scorecard itself), on the same pupils and dates.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from data_contracts.errors import NotEnoughDataError
from models.learning import Settings
from models.merge import merge
from models.splits import Split, as_of
from pipelines.fitting import Progress, fit_rows
from pipelines.left_out import dealt, with_scores_of
from pipelines.panels import Ground

PARTIES = 2
MERGED = ("merged", "merged_probability")
APART = ("apart", "apart_probability")
FEWEST_FIT, FEWEST_CALIBRATE = 10, 5
"""Pupils with the outcome that a party needs here: fewer than for a model that is used, for half a region has few."""


@dataclass(frozen=True)
class Parted:
    """How schools were parted at one origin: how many each party had, and why it could not be done."""

    origin: date
    schools: tuple[int, ...] = ()
    failed: str = ""


def with_parties(
    ground: Ground, frame: pl.DataFrame, rows: pl.DataFrame, parts: Split, *, settings: Settings, say: Progress
) -> tuple[pl.DataFrame, Parted]:
    """Add what the merged scorecard says, and what that of the pupil's own party says; and how that was done.

    Parameters
    ----------
    frame
        Pupils at one origin, with the features.
    rows, parts
        What may be learned from there (`pipelines.fitting.known_rows`).

    Returns
    -------
    tuple
        The frame with `MERGED` and `APART` (null where a party had too little to learn from), and the parties.
    """
    sizes = dict(frame.group_by("school").len().rows())
    without = with_scores_of(with_scores_of(frame, None, MERGED), None, APART)
    if len(sizes) < PARTIES:
        return without, Parted(parts.moment)
    lower = replace(
        settings,
        min_pupils_fit=min(settings.min_pupils_fit, FEWEST_FIT),
        min_pupils_calibrate=min(settings.min_pupils_calibrate, FEWEST_CALIBRATE),
    )
    own, cards = [], []
    for done, schools in enumerate(dealt(sizes, PARTIES)):
        say("Apart leren en samenvoegen", done, PARTIES)
        theirs = pl.col("school").is_in(schools)
        try:
            fitted = fit_rows(ground, rows.filter(theirs), parts, moment=as_of(parts.moment), settings=lower)
        except NotEnoughDataError as error:
            return without, Parted(parts.moment, failed=f"{parts.moment:%d-%m-%Y}: {error.detail}")
        cards.append(fitted.scorecard)
        own.append(with_scores_of(frame.filter(theirs), fitted.scorecard, APART))
    schools_each = tuple(len(schools) for schools in dealt(sizes, PARTIES))
    return with_scores_of(pl.concat(own), merge(cards), MERGED), Parted(parts.moment, schools_each)


def parties_note(done: Sequence[Parted]) -> str:
    """Say in Dutch how schools were parted; empty where that was not asked for."""
    if not done:
        return ""
    made = [one for one in done if one.schools]
    failed = [one.failed for one in done if one.failed]
    if not made and not failed:
        return "Er is maar één school, dus er valt niets samen te voegen."
    how = ""
    if made:
        dates = "1 peildatum" if len(made) == 1 else f"{len(made)} peildata"
        how = (
            f"Vanaf {dates} leren twee helften van de scholen elk apart; alleen hun scorekaarten gaan samen. Een helft heeft "
            f"weinig gevallen: hier mag leren en ijken al met {FEWEST_FIT} en {FEWEST_CALIBRATE} leerlingen met de uitkomst."
        )
    return " ".join([how, f"Niet gelukt: {'; '.join(failed)}." if failed else ""]).strip()
