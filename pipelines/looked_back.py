"""What a look back gives: everybody who could have been listed, and how the method did."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from data_contracts.frozen import Frozen
from models.figures import Evaluation
from models.lead_time import LeadTime
from models.scorecard import Scorecard
from models.stability import Stability


class BacktestResult(Frozen):
    """How the method did over several origins.

    Parameters
    ----------
    evaluation
        On new cases: what it is for.
    everyone
        On all cases: pupils who were in the outcome already are in the order too.
    left_out, left_out_note
        On new cases at the latest origins, by models that never saw the pupil's school; and how that was done.
    merged, merged_note
        The same by merged scorecards of halves of the schools that learned apart; and how that was done.
    lead_time, stability
        Of lists made week by week; None where no weeks could be followed.
    outcome_label
        What is predicted, in Dutch words.
    skipped
        Origins at which nothing could be trained, and why.
    next_step
        What to do where a model serves that should not, in Dutch; else empty.
    seconds
        Time it took.
    """

    evaluation: Evaluation
    everyone: Evaluation | None = None
    left_out: Evaluation | None = None
    left_out_note: str = ""
    merged: Evaluation | None = None
    merged_note: str = ""
    lead_time: LeadTime | None = None
    stability: Stability | None = None
    outcome_label: str = ""
    skipped: tuple[str, ...]
    next_step: str = ""
    seconds: float


@dataclass(frozen=True)
class LookedBack:
    """Everybody who could have been listed at the test origins, with every score and what became of them.

    Parameters
    ----------
    frame
        The backtest frame, one row a pupil and test origin: ``school, pupil, origin, sector``; ``outcome`` (1, 0, null),
        ``already, onset, reached, horizon_end``; ``log_odds, probability``; ``rules`` and one column a rule pack;
        `YARDSTICKS`; where asked for one column a rival, and at the latest origins `pipelines.left_out.COLUMNS` and
        those of `pipelines.parties`.
    skipped
        Dutch sentences: origins at which nothing could be trained, and why.
    cards
        The model of each origin.
    left_out_note, merged_note
        How schools were left out, and how they learned apart.
    """

    frame: pl.DataFrame
    skipped: tuple[str, ...]
    cards: Mapping[date, Scorecard] = field(default_factory=dict)
    left_out_note: str = ""
    merged_note: str = ""
