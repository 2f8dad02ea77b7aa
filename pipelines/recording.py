"""Record a model in MLflow: what it learned from, how its method did, and the scorecard itself."""

from collections.abc import Mapping

from models.figures import Evaluation
from models.lead_time import LeadTime
from models.scorecard import Scorecard
from pipelines.evaluation_page import page
from pipelines.home import Home
from pipelines.looked_back import BacktestResult

_FIGURES = (
    *("found", "precision", "recall", "average_precision", "roc_auc", "roc_auc_within"),
    *("brier", "calibration_slope", "calibration_intercept", "ece", "listed_predicted"),
)


def record(
    home: Home,
    card: Scorecard,
    evaluation: Evaluation | None,
    *,
    largest_gap: float,
    params: Mapping[str, str | int | float],
    lead_time: LeadTime | None = None,
) -> str:
    """Log and register a scorecard as the newest one, and return its number in the registry.

    What looking back found is kept as data and as the page with its plots. MLflow takes seconds to load, so that only who
    makes a model waits for it.

    Raises
    ------
    StorageError
        MLflow cannot be reached or written.
    """
    from models.registry import Run, mirror, register  # noqa: PLC0415 - see above

    run = Run(
        name=f"{card.target.name} {card.data_moment:%Y-%m-%d}",
        params=params,
        metrics=_metrics(card, evaluation, largest_gap=largest_gap),
        files={} if evaluation is None else _files(card, evaluation, lead_time),
    )
    registered = register(home.mlflow_uri, home.artifacts, card, run)
    mirror(home.mlflow_uri, card.target.name, {"challenger": card.version})
    return registered.number


def _files(card: Scorecard, evaluation: Evaluation, lead_time: LeadTime | None) -> dict[str, str]:
    result = BacktestResult(
        evaluation=evaluation, lead_time=lead_time, outcome_label=card.target.label, skipped=(), seconds=0.0
    )
    return {"evaluation.json": evaluation.model_dump_json(indent=1), "report.html": page(result)}


def _metrics(card: Scorecard, evaluation: Evaluation | None, *, largest_gap: float) -> dict[str, float]:
    metrics: dict[str, float] = {
        "rows": card.rows,
        "events": card.events,
        "pupils_with_outcome": card.pupils_with_outcome,
        "largest_gap": largest_gap,
        "calibration_slope": card.calibration.slope,
        "calibration_intercept": card.calibration.intercept,
    }
    for ranking in () if evaluation is None else evaluation.pooled.rankings:
        for name in _FIGURES:
            figure = getattr(ranking, name)
            if figure is not None and figure.value is not None:
                metrics[f"{ranking.name}.{name}"] = figure.value
    return metrics
