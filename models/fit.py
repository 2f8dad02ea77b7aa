"""Fit the additive, monotone booster, calibrate it, and write it out as a scorecard that is exactly the same model.

scikit-learn's histogram booster with ``interaction_cst="no_interactions"`` grows every tree on one feature, so its score
is a sum of one function per feature. We cut the features into bins ourselves; on bin numbers each of those functions is
a short table, read off by varying one feature at a time. The table is then compared with the booster on every row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from data_contracts.errors import ModelError, NotEnoughDataError
from data_contracts.tables import CONTRACT_VERSION
from models.additive import read_off
from models.binning import find_edges, place
from models.calibration import Floats, Line, fit_line
from models.outcome import AbsentDays, Registered
from models.scorecard import EXACT, Calibration, Scorecard, Shape, Target

_DECIMALS = 12  # of values in the file: forty of them still add up to within 1e-10
RETRY = "Lever meer schoolweken of meer scholen aan. Tot die tijd staan de lijsten op regels."


class Described(Protocol):
    """What fitting needs of `features.catalogue.Feature`."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def unit(self) -> str: ...  # noqa: D102
    @property
    def direction(self) -> Literal[-1, 0, 1]: ...  # noqa: D102


@dataclass(frozen=True)
class Settings:
    """How to fit. Results on the simulated region hardly depend on these values; they are logged with every run.

    Parameters
    ----------
    max_bins
        Bins per feature, besides the one for missing.
    learning_rate, max_iterations, patience
        Step of the booster, most trees, and trees without gain on held-out pupils after which it stops.
    max_leaves, min_leaf_rows, l2
        Size of a tree, fewest rows in a leaf (rows without the outcome count as sampled), and shrinkage.
    negatives_per_event
        Rows without the outcome that are kept per row with it; those kept stand for the rest by weight, so that the
        intercept needs no correction.
    holdout_share
        Share of pupils held out to decide when to stop.
    min_pupils_fit, min_pupils_calibrate
        Fewest distinct pupils with the outcome, below which no score is made.
    seed
        Of the sample and the hold-out.
    """

    max_bins: int = 32
    learning_rate: float = 0.06
    max_iterations: int = 500
    patience: int = 25
    max_leaves: int = 5
    min_leaf_rows: int = 60
    l2: float = 20.0
    negatives_per_event: int = 30
    holdout_share: float = 0.2
    min_pupils_fit: int = 60
    min_pupils_calibrate: int = 20
    seed: int = 20240902


@dataclass(frozen=True)
class Sample:
    """Rows to learn from: pupils seen from origins, not in the outcome yet, whose outcome is known.

    Parameters
    ----------
    matrix
        Shape (n, features), NaN is missing.
    outcome
        Shape (n,), 0 or 1.
    pupil
        Shape (n,): a number per pupil, the same at every origin.
    """

    matrix: Floats
    outcome: Floats
    pupil: NDArray[np.int64]

    @property
    def pupils_with_outcome(self) -> int:
        """Distinct pupils with the outcome."""
        return len(np.unique(self.pupil[self.outcome == 1]))


@dataclass(frozen=True)
class About:
    """What the scorecard says of its origin; see `models.scorecard.Scorecard`."""

    catalogue_version: str
    trained_at: datetime
    data_moment: datetime


@dataclass(frozen=True)
class Fitted:
    """A scorecard, and how it came about.

    Parameters
    ----------
    scorecard
        The model.
    line
        Its calibration, with standard errors.
    iterations
        Trees in the booster.
    largest_gap
        Largest difference, in log-odds, between scorecard and booster over all rows learned from.
    """

    scorecard: Scorecard
    line: Line
    iterations: int
    largest_gap: float


def fit(
    learn: Sample,
    calibrate: Sample,
    *,
    features: Sequence[Described],
    outcome: AbsentDays | Registered,
    about: About,
    settings: Settings | None = None,
) -> Fitted:
    """Fit on `learn`, calibrate on `calibrate` (a later period), return the scorecard.

    Raises
    ------
    NotEnoughDataError
        Too few pupils with the outcome, or a score that does not order a later period at all.
    ModelError
        The scorecard is not the fitted model, to 1e-9 in log-odds, on any row.
    """
    settings = settings or Settings()
    _enough(learn, calibrate, settings)
    # On a busy machine the booster's threads wait for each other in a spin, and it slows to a crawl.
    with threadpool_limits(limits=1, user_api="openmp"):
        return _fit(learn, calibrate, features=features, outcome=outcome, about=about, settings=settings)


def _fit(
    learn: Sample,
    calibrate: Sample,
    *,
    features: Sequence[Described],
    outcome: AbsentDays | Registered,
    about: About,
    settings: Settings,
) -> Fitted:
    edges = [find_edges(column, settings.max_bins) for column in learn.matrix.T]
    places = place(learn.matrix, edges)
    booster, iterations = _boost(places, learn, features=features, settings=settings)
    additive = read_off(booster, places, [len(cuts) + 1 for cuts in edges])
    line = fit_line(additive.score(place(calibrate.matrix, edges)), calibrate.outcome, calibrate.pupil)
    if line is None or line.slope <= 0:
        detail = "de score ordent de leerlingen in de ijkperiode niet, dus er valt niets te ijken"
        raise NotEnoughDataError(detail, remedy=RETRY)
    shapes = [
        _shape(feature, cuts, centred=centred, shares=shares, slope=line.slope)
        for feature, cuts, centred, shares in zip(features, edges, additive.centred, additive.shares, strict=True)
    ]
    scorecard = Scorecard(
        target=Target(name=outcome.name, label=outcome.label, meaning=outcome.meaning),
        contract_version=CONTRACT_VERSION,
        catalogue_version=about.catalogue_version,
        trained_at=about.trained_at,
        data_moment=about.data_moment,
        rows=len(learn.outcome),
        events=int(learn.outcome.sum()),
        pupils_with_outcome=learn.pupils_with_outcome,
        baseline=line.intercept + line.slope * additive.mean,
        calibration=Calibration(intercept=line.intercept, slope=line.slope),
        shapes=tuple(shapes),
    )
    return Fitted(scorecard, line, iterations, _same_model(scorecard, booster, learn, edges=edges, line=line))


def _enough(learn: Sample, calibrate: Sample, settings: Settings) -> None:
    found, later = learn.pupils_with_outcome, calibrate.pupils_with_outcome
    if found < settings.min_pupils_fit or later < settings.min_pupils_calibrate:
        detail = (
            f"{found} leerlingen met deze uitkomst om van te leren en {later} om te ijken; nodig zijn er "
            f"{settings.min_pupils_fit} en {settings.min_pupils_calibrate}"
        )
        raise NotEnoughDataError(detail, remedy=RETRY)


def _boost(
    places: Floats, learn: Sample, *, features: Sequence[Described], settings: Settings
) -> tuple[HistGradientBoostingClassifier, int]:
    """Fit once with pupils held out, to learn when to stop, and then on everybody."""
    rng = np.random.default_rng(settings.seed)
    kept, weight = _sampled(learn.outcome, settings.negatives_per_event, rng)
    held = rng.random(int(learn.pupil.max()) + 1)[learn.pupil[kept]] < settings.holdout_share
    inner, outer = kept[~held], kept[held]
    options: dict[str, Any] = {
        "learning_rate": settings.learning_rate,
        "max_leaf_nodes": settings.max_leaves,
        "min_samples_leaf": settings.min_leaf_rows,
        "l2_regularization": settings.l2,
        "monotonic_cst": [feature.direction for feature in features],
        "interaction_cst": "no_interactions",
        "random_state": settings.seed,
    }
    trial = HistGradientBoostingClassifier(
        max_iter=settings.max_iterations, early_stopping=True, n_iter_no_change=settings.patience, **options
    )
    trial.fit(
        _splittable(places[inner]),
        learn.outcome[inner],
        sample_weight=weight[~held],
        X_val=places[outer],
        y_val=learn.outcome[outer],
        sample_weight_val=weight[held],
    )
    iterations = int(np.argmax(trial.validation_score_))
    if iterations == 0:
        detail = "geen enkel kenmerk voorspelt deze uitkomst bij leerlingen waarvan niet is geleerd"
        raise NotEnoughDataError(detail, remedy=RETRY)
    booster = HistGradientBoostingClassifier(max_iter=iterations, early_stopping=False, **options)
    return booster.fit(_splittable(places[kept]), learn.outcome[kept], sample_weight=weight), iterations


def _splittable(places: Floats) -> Floats:
    """Give a feature that is missing everywhere one bin: the booster cannot take an empty column, and never splits it."""
    empty = np.isnan(places).all(axis=0)
    return np.asarray(np.where(empty, 0.0, places))


def _sampled(outcome: Floats, negatives_per_event: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], Floats]:
    """Rows to keep, rising, and what each stands for: all with the outcome, a sample of those without."""
    events, others = np.flatnonzero(outcome == 1), np.flatnonzero(outcome == 0)
    count = min(len(others), negatives_per_event * len(events))
    kept = np.sort(np.concatenate([events, rng.choice(others, size=count, replace=False)]))
    return kept, np.where(outcome[kept] == 1, 1.0, len(others) / max(count, 1))


def _shape(feature: Described, cuts: Floats, *, centred: Floats, shares: Floats, slope: float) -> Shape:
    """Calibrated values of one feature. Differences of sums may be out of order in the last bit; that is mended."""
    values = np.round(slope * centred, _DECIMALS)
    bins = values[:-1]
    if feature.direction:
        bins = feature.direction * np.maximum.accumulate(feature.direction * bins)
    return Shape(
        name=feature.name,
        label=feature.label,
        unit=feature.unit,
        direction=feature.direction,
        edges=tuple(cuts.tolist()),
        values=tuple(bins.tolist()),
        missing=float(values[-1]),
        shares=tuple(shares.tolist()),
    )


def _same_model(
    scorecard: Scorecard, booster: HistGradientBoostingClassifier, learn: Sample, *, edges: Sequence[Floats], line: Line
) -> float:
    """Compare scorecard and calibrated booster on every row learned from.

    Raises
    ------
    ModelError
        They differ more than 1e-9 in log-odds.
    """
    scores = scorecard.score(learn.matrix)
    scorecard.check(scores)
    booster_says = line.intercept + line.slope * booster.decision_function(place(learn.matrix, edges))
    gap = float(np.abs(scores.log_odds - booster_says).max())
    if gap > EXACT:
        detail = f"de scorekaart wijkt {gap:.2e} af van het geleerde model (toegestaan: {EXACT:.0e})"
        raise ModelError(detail, remedy="Dit is een fout in het programma. Meld hem, met de gebruikte versie.")
    return gap
