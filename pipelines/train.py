"""Train: learn a scorecard from what was known, judge the method on earlier dates, and register it as the challenger.

It makes no lists yet: `pipelines.promoting` asks the gate, and a person signs.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path

import polars as pl

from data_contracts.errors import NotEnoughDataError
from data_contracts.frozen import Frozen
from features.calendar import local_date
from models.figures import Evaluation
from models.fit import Fitted, Settings
from models.lead_time import LeadTime
from models.outcome import LISTED, read_outcome
from models.serving import propose, save
from models.splits import Plan, evaluation_origins, plan_for, split
from pipelines.backtest import judged, look_back
from pipelines.engines import POLARS, Engine
from pipelines.fitting import Progress, fit_known, panel_at, silent
from pipelines.home import Home
from pipelines.looked_back import LookedBack
from pipelines.model_page import keep_lead_time_of
from pipelines.panels import Ground, survey
from pipelines.recording import record
from pipelines.tested import Training, keep, keep_to_merge, of_the_champion
from pipelines.week_by_week import follow, mondays

PROMOTE = "Dit model maakt nog geen lijsten. Laat het keuren en teken ervoor: aanwezig promote --by NAAM"
FOLLOWED = 1
"""Latest dates after which every Monday is followed, to measure how early lists are; `evaluate` follows more of them."""
KEPT = "Dit model wordt bewaard; lijsten gaan over langdurige afwezigheid."


class TrainResult(Frozen):
    """What a training brought.

    Parameters
    ----------
    scorecard
        Version of the scorecard.
    outcome
        What it scores.
    data_moment
        Moment up to which things were known.
    rows, events, pupils_with_outcome
        What it learned from.
    fit_origins, calibration_origins
        The dates it was learned from and calibrated on.
    features, trees, largest_gap
        Number of features, trees, and the largest difference between scorecard and fitted model (log-odds).
    calibration_slope
        Slope of the calibration that was folded in.
    evaluation
        How the method did when trained on what was known at earlier dates; None where there is too little for that.
    evaluation_note
        Why there is no evaluation.
    skipped
        Earlier dates at which there was too little to learn from.
    registered
        Number in the MLflow registry.
    next_step
        What is to be done before lists are made with it.
    seconds
        Time it took.
    """

    scorecard: str
    outcome: str
    data_moment: datetime
    rows: int
    events: int
    pupils_with_outcome: int
    fit_origins: tuple[date, ...]
    calibration_origins: tuple[date, ...]
    features: int
    trees: int
    largest_gap: float
    calibration_slope: float
    evaluation: Evaluation | None
    evaluation_note: str
    skipped: tuple[str, ...]
    registered: str
    next_step: str
    seconds: float


def train(
    home: Home,
    *,
    outcome: str | Path = "long_absence",
    until: datetime | None = None,
    plan: Plan | None = None,
    settings: Settings | None = None,
    engine: Engine = POLARS,
    progress: Progress | None = None,
) -> TrainResult:
    """Train on everything known at `until`, look back with the same method, and register the challenger.

    Parameters
    ----------
    home
        The installation.
    outcome
        Name of an outcome, or the path of its TOML file.
    until
        Moment (UTC) up to which things may be known; by default the newest delivery's.
    plan, settings
        How origins are laid, and how is fitted.
    engine
        What counts the features and labels; the fitting itself, on a table of numbers, is done here.
    progress
        Called with a Dutch description, how far, of how much.

    Raises
    ------
    NotEnoughDataError
        Too few school weeks or pupils with the outcome to learn from honestly. The lists then stand on rules.
    """
    started = time.monotonic()
    chosen = read_outcome(outcome)
    plan, settings, say = plan or plan_for(chosen), settings or Settings(), progress or silent
    say("Gegevens lezen", 0, 1)
    ground = survey(home, chosen, until=until, plan=plan, engine=engine)
    final = split(ground.weeks, ground.origins, chosen, moment=local_date(ground.moment), plan=plan)
    tests = evaluation_origins(ground.weeks, ground.origins, chosen, plan=plan)
    also = of_the_champion(home, ground)
    panel = _panel(ground, tests, also, plan=plan, say=say)
    say("Scorekaart leren", 0, 1)
    fitted = fit_known(ground, panel, final, moment=ground.moment, settings=settings)
    back = _look_back(ground, panel, tests, also, plan=plan, settings=settings, say=say)
    _keep(home, fitted, back)
    say("Vastleggen in MLflow", 0, 1)
    params = {**asdict(plan), **asdict(settings), "features": len(fitted.scorecard.shapes), "trees": fitted.iterations}
    gap, early = fitted.largest_gap, back.lead_time
    number = record(home, fitted.scorecard, back.evaluation, largest_gap=gap, params=params, lead_time=early)
    if chosen.name == LISTED:
        propose(home.scorecards, fitted.scorecard)
    say("Klaar", 1, 1)
    card = fitted.scorecard
    return TrainResult(
        scorecard=card.version,
        outcome=card.target.name,
        data_moment=card.data_moment,
        rows=card.rows,
        events=card.events,
        pupils_with_outcome=card.pupils_with_outcome,
        fit_origins=final.fit,
        calibration_origins=final.calibrate,
        features=len(card.shapes),
        trees=fitted.iterations,
        largest_gap=fitted.largest_gap,
        calibration_slope=card.calibration.slope,
        evaluation=back.evaluation,
        evaluation_note=back.note,
        skipped=() if back.looked is None else back.looked.skipped,
        registered=number,
        next_step=PROMOTE if chosen.name == LISTED else KEPT,
        seconds=round(time.monotonic() - started, 1),
    )


@dataclass(frozen=True)
class _Back:
    """What looking back gave, as far as there was enough for it; or why there was not."""

    looked: LookedBack | None = None
    evaluation: Evaluation | None = None
    lead_time: LeadTime | None = None
    note: str = ""


def _panel(ground: Ground, tests: Sequence[date], also: Sequence[date], *, plan: Plan, say: Progress) -> pl.DataFrame:
    """Features at the ground's origins, at `also`, and every Monday that is followed; of the latter nothing is learned."""
    followed = {monday for origin in tests[-FOLLOWED:] for monday in mondays(ground, origin)}
    everywhere = replace(ground, origins=tuple(sorted({*ground.origins, *also, *followed})))
    return panel_at(everywhere, sorted({*tests, *also}), plan=plan, say=say)


def _look_back(
    ground: Ground,
    panel: pl.DataFrame,
    tests: Sequence[date],
    also: Sequence[date],
    *,
    plan: Plan,
    settings: Settings,
    say: Progress,
) -> _Back:
    """Look back from `tests` and `also`, and judge on `tests` alone, whose horizons do not overlap; or say why not."""
    try:
        looked = look_back(ground, panel, sorted({*tests, *also}), plan=plan, settings=settings, say=say)
        own = looked.frame.filter(pl.col("origin").is_in(list(tests)))
        evaluation = judged(ground, replace(looked, frame=own))
    except NotEnoughDataError as error:
        return _Back(note=error.detail)
    weekly = follow(ground, looked.frame, panel, looked.cards, periods=tests[-FOLLOWED:], say=say)
    return _Back(looked, evaluation, None if weekly is None else weekly.lead_time)


def _keep(home: Home, fitted: Fitted, back: _Back) -> None:
    """Keep the scorecard, what is known of it, and what a party that merges with it needs."""
    card = fitted.scorecard
    save(home.scorecards, card)
    folder = home.papers(card.version)
    frame, earlier = (None, ()) if back.looked is None else (back.looked.frame, back.looked.cards.values())
    keep(folder, Training(largest_gap=fitted.largest_gap), frame=frame, evaluation=back.evaluation)
    keep_to_merge(folder, card, earlier)
    if back.lead_time is not None:
        keep_lead_time_of(home, card.version, back.lead_time)
