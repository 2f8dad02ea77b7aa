"""Train: learn a scorecard from what was known, judge the method on a later period, register it and serve it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
from pydantic import BaseModel, ConfigDict

from data_contracts.errors import NotEnoughDataError
from features.calendar import local_date
from features.catalogue import CATALOGUE, CATALOGUE_VERSION, NAMES
from models.evaluate import Ranking
from models.evaluate import evaluate as judge
from models.figures import Evaluation
from models.fit import About, Fitted, Sample, Settings, fit
from models.outcome import LISTED, read_outcome
from models.scorecard import as_matrix
from models.serving import save, serve
from models.splits import Plan, Split, as_of, evaluation_origins, plan_for, split
from pipelines.engines import POLARS, Engine
from pipelines.home import Home
from pipelines.panels import KEY, PACKS, Ground, features_at, labels_at, survey

Progress = Callable[[str, int, int], None]
SIMPLE = "absent_rate_4w"
"""Feature that serves as the simple yardstick."""


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TrainResult(_Frozen):
    """What a training brought.

    Parameters
    ----------
    scorecard
        Version of the scorecard, now serving.
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
        How the method did when trained on what was known at an earlier date; None where there is too little for that.
    evaluation_note
        Why there is no evaluation.
    registered
        Number in the MLflow registry.
    serves
        Whether lists are made with it from now on: only a model of the outcome that lists are about.
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
    registered: str
    serves: bool
    seconds: float


class BacktestResult(_Frozen):
    """An evaluation over several origins, and those for which nothing could be trained."""

    evaluation: Evaluation
    skipped: tuple[str, ...]
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
    """Train on everything known at `until`, and make the scorecard the one that lists are made with.

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
    plan, settings, say = plan or plan_for(chosen), settings or Settings(), progress or _silent
    say("Gegevens lezen", 0, 1)
    ground = survey(home, chosen, until=until, plan=plan, engine=engine)
    final = split(ground.weeks, ground.origins, chosen, moment=local_date(ground.moment), plan=plan)
    panel = _panel(ground, ground.origins[-1:], plan=plan, say=say)
    say("Scorekaart leren", 0, 1)
    fitted = _fit(ground, panel, final, moment=ground.moment, settings=settings)
    save(home.scorecards, fitted.scorecard)
    evaluation, note = _last_evaluation(ground, panel, plan=plan, settings=settings, say=say)
    say("Vastleggen in MLflow", 0, 1)
    number = _register(home, fitted, evaluation, plan=plan, settings=settings)
    serves = chosen.name == LISTED
    if serves:
        serve(home.scorecards, fitted.scorecard)
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
        registered=number,
        serves=serves,
        seconds=round(time.monotonic() - started, 1),
    )


def evaluate(
    home: Home,
    *,
    outcome: str | Path = "long_absence",
    until: datetime | None = None,
    plan: Plan | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> BacktestResult:
    """Backtest: at each evaluation origin, train on what was known then, and see what became of its list.

    Parameters
    ----------
    home, outcome, until, plan, settings, progress
        See `train`.

    Raises
    ------
    NotEnoughDataError
        No origin leaves enough before it to train on.
    """
    started = time.monotonic()
    chosen = read_outcome(outcome)
    plan, settings, say = plan or plan_for(chosen), settings or Settings(), progress or _silent
    say("Gegevens lezen", 0, 1)
    ground = survey(home, chosen, until=until, plan=plan)
    tests = evaluation_origins(ground.weeks, ground.origins, chosen, plan=plan)
    panel = _panel(ground, tests, plan=plan, say=say)
    result, skipped = _backtest(ground, panel, tests, plan=plan, settings=settings, say=say)
    return BacktestResult(evaluation=result, skipped=skipped, seconds=round(time.monotonic() - started, 1))


def _silent(_description: str, _done: int, _total: int) -> None:
    """Say nothing."""


def _panel(ground: Ground, tests: Sequence[date], *, plan: Plan, say: Progress) -> pl.DataFrame:
    """Features at every origin; at those to test on also the rules."""
    return features_at(ground, tests, plan=plan, say=lambda done, total: say("Kenmerken berekenen", done, total))


def _fit(ground: Ground, panel: pl.DataFrame, parts: Split, *, moment: datetime, settings: Settings) -> Fitted:
    """Fit and calibrate on the outcomes that were known at `moment`."""
    known = labels_at(ground, moment, [*parts.fit, *parts.calibrate])
    rows = panel.join(known.filter(pl.col("outcome").is_not_null() & ~pl.col("already")), on=KEY, how="inner")
    rows = rows.sort(KEY).with_columns(_number=pl.struct("school", "pupil").rank("dense").cast(pl.Int64))
    return fit(
        _sample(rows.filter(pl.col("origin").is_in(parts.fit))),
        _sample(rows.filter(pl.col("origin").is_in(parts.calibrate))),
        features=CATALOGUE,
        outcome=ground.outcome,
        about=About(catalogue_version=CATALOGUE_VERSION, trained_at=datetime.now(UTC), data_moment=moment),
        settings=settings,
    )


def _sample(rows: pl.DataFrame) -> Sample:
    outcome = rows["outcome"].cast(pl.Float64).to_numpy()
    return Sample(matrix=as_matrix(rows, NAMES), outcome=outcome, pupil=rows["_number"].to_numpy())


def _last_evaluation(
    ground: Ground, panel: pl.DataFrame, *, plan: Plan, settings: Settings, say: Progress
) -> tuple[Evaluation | None, str]:
    """Backtest on the last origin alone; a reason where that cannot be done."""
    try:
        result, _ = _backtest(ground, panel, ground.origins[-1:], plan=plan, settings=settings, say=say)
    except NotEnoughDataError as error:
        return None, error.detail
    return result, ""


def _backtest(
    ground: Ground, panel: pl.DataFrame, tests: Sequence[date], *, plan: Plan, settings: Settings, say: Progress
) -> tuple[Evaluation, tuple[str, ...]]:
    scored, skipped = [], []
    for done, origin in enumerate(tests):
        say("Terugkijken", done, len(tests))
        try:
            parts = split(ground.weeks, ground.origins, ground.outcome, moment=origin, plan=plan)
            card = _fit(ground, panel, parts, moment=as_of(origin), settings=settings).scorecard
        except NotEnoughDataError as error:
            skipped.append(f"{origin:%d-%m-%Y}: {error.detail}")
            continue
        frame = panel.filter(pl.col("origin") == origin)
        scores = card.score(as_matrix(frame, card.names))
        card.check(scores)
        columns = {"log_odds": scores.log_odds, "probability": scores.probability}
        scored.append(frame.with_columns(**{name: pl.Series(values) for name, values in columns.items()}))
    if not scored:
        detail = "op geen enkele peildatum was er genoeg om van te leren: " + "; ".join(skipped)
        raise NotEnoughDataError(detail, remedy="Lever meer schoolweken aan. Tot die tijd staan de lijsten op regels.")
    # Who could be listed is decided by what was known then; only what came of it is known later.
    later = labels_at(ground, ground.moment, tests).drop("already")
    frame = pl.concat(scored).join(later, on=KEY, how="left").rename({"already_then": "already"})
    missed = pl.col(SIMPLE).fill_null(0.0) / 2  # less than one rule
    frame = frame.with_columns(rules=pl.col("loud") + missed, chance=pl.lit(0.0))
    capacity = {school: one.capacity for school, one in ground.settings.items()}
    return judge(frame, _rankings(), capacity=capacity, outcome=ground.outcome.name), tuple(skipped)


def _rankings() -> list[Ranking]:
    """The model; a list on rules, in the order it really has; each pack alone; and simple yardsticks."""
    packs = [Ranking(name, f"regelset {name.removeprefix('rules_')}", name, "rules") for name in PACKS]
    return [
        Ranking("scorecard", "de scorekaart", "log_odds", "model", "probability"),
        Ranking("rules", "de regels", "rules", "rules"),
        *packs,
        Ranking("absence_4w", "de afwezigheid in de laatste 4 weken", SIMPLE, "simple"),
        Ranking("chance", "het toeval", "chance", "simple"),
    ]


def _register(home: Home, fitted: Fitted, evaluation: Evaluation | None, *, plan: Plan, settings: Settings) -> str:
    """Log and register; MLflow takes seconds to load, so that only who trains waits for it."""
    from models.registry import Run, register, set_alias  # noqa: PLC0415 - see above

    card = fitted.scorecard
    run = Run(
        name=f"{card.target.name} {card.data_moment:%Y-%m-%d}",
        params={**asdict(plan), **asdict(settings), "features": len(card.shapes), "trees": fitted.iterations},
        metrics=_metrics(fitted, evaluation),
        files={} if evaluation is None else {"evaluation.json": evaluation.model_dump_json(indent=1)},
    )
    registered = register(home.mlflow_uri, home.artifacts, card, run)
    set_alias(home.mlflow_uri, registered, "champion")
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
