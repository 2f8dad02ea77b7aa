"""Train: learn a scorecard from what was known, judge the method on earlier dates, and register it as the challenger.

It makes no lists yet: `pipelines.promoting` asks the gate, and a person signs.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from pathlib import Path

import polars as pl

from data_contracts.errors import NotEnoughDataError
from data_contracts.frozen import Frozen
from features.calendar import local_date
from models import serving
from models.figures import Evaluation
from models.fit import Fitted, Settings
from models.outcome import LISTED, read_outcome
from models.serving import propose, save
from models.splits import Plan, evaluation_origins, plan_for, split
from pipelines.backtest import judged, look_back
from pipelines.engines import POLARS, Engine
from pipelines.fitting import Progress, fit_known, panel_at, silent
from pipelines.home import Home
from pipelines.looked_back import LookedBack
from pipelines.panels import Ground, survey
from pipelines.tested import Training, judged_from, keep

PROMOTE = "Dit model maakt nog geen lijsten. Laat het keuren en teken ervoor: aanwezig promote --by NAAM"
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
    also = _of_the_champion(home, ground)
    panel = _panel(ground, tests, also, plan=plan, say=say)
    say("Scorekaart leren", 0, 1)
    fitted = fit_known(ground, panel, final, moment=ground.moment, settings=settings)
    looked, evaluation, note = _tested(ground, panel, tests, also, plan=plan, settings=settings, say=say)
    save(home.scorecards, fitted.scorecard)
    kept = Training(largest_gap=fitted.largest_gap)
    frame = None if looked is None else looked.frame
    keep(home.papers(fitted.scorecard.version), kept, frame=frame, evaluation=evaluation)
    say("Vastleggen in MLflow", 0, 1)
    number = _register(home, fitted, evaluation, plan=plan, settings=settings)
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
        evaluation=evaluation,
        evaluation_note=note,
        skipped=() if looked is None else looked.skipped,
        registered=number,
        next_step=PROMOTE if chosen.name == LISTED else KEPT,
        seconds=round(time.monotonic() - started, 1),
    )


def _of_the_champion(home: Home, ground: Ground) -> tuple[date, ...]:
    """Dates that the serving model was judged from: from the same dates the two can be compared, pupil by pupil."""
    champion = serving.champion(home.scorecards)
    if champion is None or champion.target.name != ground.outcome.name:
        return ()
    judged_then = judged_from(home, champion.version)
    return tuple(origin for origin in judged_then if ground.since <= origin < local_date(ground.moment))


def _panel(ground: Ground, tests: Sequence[date], also: Sequence[date], *, plan: Plan, say: Progress) -> pl.DataFrame:
    """Features at the ground's origins and at `also`; nothing is learned from the latter."""
    everywhere = replace(ground, origins=tuple(sorted({*ground.origins, *also})))
    return panel_at(everywhere, sorted({*tests, *also}), plan=plan, say=say)


def _tested(
    ground: Ground,
    panel: pl.DataFrame,
    tests: Sequence[date],
    also: Sequence[date],
    *,
    plan: Plan,
    settings: Settings,
    say: Progress,
) -> tuple[LookedBack | None, Evaluation | None, str]:
    """Look back from `tests` and `also`, and judge on `tests` alone, whose horizons do not overlap; or say why not."""
    try:
        looked = look_back(ground, panel, sorted({*tests, *also}), plan=plan, settings=settings, say=say)
        own = looked.frame.filter(pl.col("origin").is_in(list(tests)))
        return looked, judged(ground, replace(looked, frame=own)), ""
    except NotEnoughDataError as error:
        return None, None, error.detail


def _register(home: Home, fitted: Fitted, evaluation: Evaluation | None, *, plan: Plan, settings: Settings) -> str:
    """Log and register; MLflow takes seconds to load, so that only who trains waits for it."""
    from models.registry import Run, mirror, register  # noqa: PLC0415 - see above

    card = fitted.scorecard
    run = Run(
        name=f"{card.target.name} {card.data_moment:%Y-%m-%d}",
        params={**asdict(plan), **asdict(settings), "features": len(card.shapes), "trees": fitted.iterations},
        metrics=_metrics(fitted, evaluation),
        files={} if evaluation is None else {"evaluation.json": evaluation.model_dump_json(indent=1)},
    )
    registered = register(home.mlflow_uri, home.artifacts, card, run)
    mirror(home.mlflow_uri, card.target.name, {"challenger": card.version})
    return registered.number


def _metrics(fitted: Fitted, evaluation: Evaluation | None) -> dict[str, float]:
    card = fitted.scorecard
    metrics: dict[str, float] = {
        "rows": card.rows,
        "events": card.events,
        "pupils_with_outcome": card.pupils_with_outcome,
        "largest_gap": fitted.largest_gap,
        "calibration_slope": card.calibration.slope,
        "calibration_intercept": card.calibration.intercept,
    }
    for ranking in () if evaluation is None else evaluation.pooled.rankings:
        for name in ("found", "precision", "recall", "average_precision", "roc_auc", "brier"):
            figure = getattr(ranking, name)
            if figure is not None and figure.value is not None:
                metrics[f"{ranking.name}.{name}"] = figure.value
    return metrics
