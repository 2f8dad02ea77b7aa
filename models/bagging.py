"""Several boosters without interactions, each on pupils drawn for it; those left out of its bag say when it stops."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from data_contracts.errors import NotEnoughDataError
from models.calibration import Floats
from models.learning import RETRY, Ints, Sample, Settings


@dataclass(frozen=True)
class Bag:
    """One booster, as far as it was right to let it grow.

    Parameters
    ----------
    booster
        Fitted on bin numbers; holds a few trees more than count.
    trees
        Trees that count.
    """

    booster: HistGradientBoostingClassifier
    trees: int

    def log_odds(self, places: Floats) -> Floats:
        """Shape (n,), of rows of bin numbers (n, features)."""
        grown = islice(self.booster.staged_decision_function(places), self.trees - 1, None)
        return np.asarray(next(grown), dtype=np.float64)


def bags(
    places: Floats, sample: Sample, *, directions: Sequence[Literal[-1, 0, 1]], settings: Settings
) -> tuple[Bag, ...]:
    """Fit `settings.bags` boosters on bin numbers, of rows in an order that follows from what they hold.

    Raises
    ------
    NotEnoughDataError
        No feature says anything of pupils that were not learned from, in any bag.
    """
    splittable = _splittable(places)
    found = [
        _bag(splittable, sample, directions, settings, np.random.default_rng((settings.seed, number)))
        for number in range(settings.bags)
    ]
    grown = tuple(bag for bag in found if bag is not None)
    if 2 * len(grown) <= len(found):
        detail = "geen enkel kenmerk voorspelt deze uitkomst bij leerlingen waarvan niet is geleerd"
        raise NotEnoughDataError(detail, remedy=RETRY)
    return grown


def _bag(
    places: Floats,
    sample: Sample,
    directions: Sequence[Literal[-1, 0, 1]],
    settings: Settings,
    rng: np.random.Generator,
) -> Bag | None:
    """Return one booster; None where not even its first tree helps with pupils left out."""
    times = _drawn(sample, rng)[sample.pupil]
    inner, weight = _rows(sample.outcome, times, settings.negatives_per_event, rng)
    outer, weight_outer = _rows(sample.outcome, (times == 0).astype(np.float64), settings.negatives_per_event, rng)
    booster = HistGradientBoostingClassifier(
        learning_rate=settings.learning_rate,
        max_iter=settings.max_iterations,
        early_stopping=True,
        n_iter_no_change=settings.patience,
        max_leaf_nodes=settings.max_leaves,
        min_samples_leaf=settings.min_leaf_rows,
        l2_regularization=settings.l2,
        max_features=settings.features_per_split,
        monotonic_cst=list(directions),
        interaction_cst="no_interactions",
        random_state=int(rng.integers(2**31)),
    )
    booster.fit(
        places[inner],
        sample.outcome[inner],
        sample_weight=weight,
        X_val=places[outer],
        y_val=sample.outcome[outer],
        sample_weight_val=weight_outer,
    )
    trees = int(np.argmax(booster.validation_score_))
    return Bag(booster, trees) if trees else None


def _drawn(sample: Sample, rng: np.random.Generator) -> Floats:
    """How often each pupil is in the bag: as many are drawn as there are, with replacement; with the outcome apart."""
    times = np.zeros(int(sample.pupil.max()) + 1)
    affected = np.zeros(len(times), dtype=bool)
    affected[sample.pupil[sample.outcome == 1]] = True
    for group in (np.flatnonzero(affected), np.flatnonzero(~affected)):
        times[group] = np.bincount(rng.integers(len(group), size=len(group)), minlength=len(group))
    return times


def _rows(outcome: Floats, times: Floats, negatives_per_event: int, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """Rows to keep, rising, and what each stands for: all with the outcome, a sample of those without."""
    events, others = np.flatnonzero((outcome == 1) & (times > 0)), np.flatnonzero((outcome == 0) & (times > 0))
    count = min(len(others), negatives_per_event * max(len(events), 1))
    chosen = rng.choice(others, size=count, replace=False)
    kept = np.sort(np.concatenate([events, chosen]))
    scale = times[others].sum() / max(times[chosen].sum(), 1.0)
    return kept, times[kept] * np.where(outcome[kept] == 1, 1.0, scale)


def _splittable(places: Floats) -> NDArray[np.float64]:
    """Give a feature that is missing everywhere one bin: the booster cannot take an empty column, and never splits it."""
    empty = np.isnan(places).all(axis=0)
    return np.asarray(np.where(empty, 0.0, places))
