"""Fit the additive, monotone model, calibrate it, and write it out as a scorecard that is exactly the same model.

The model is the mean of several boosters (`models.bagging`) whose trees each look at one feature, so its score is a sum of
one function per feature. We cut the features into bins ourselves; on bin numbers each of those functions is a short
table, read off by varying one feature at a time. The tables are then compared with the boosters on every row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from data_contracts.errors import ModelError, NotEnoughDataError
from data_contracts.tables import CONTRACT_VERSION
from models.additive import Additive, mean_of, read_off, shares_of
from models.bagging import Bag, bags
from models.binning import Binned, cut, place
from models.calibration import Floats, Line, fit_line
from models.learning import RETRY, Sample, Settings, in_order
from models.outcome import AbsentDays, Registered
from models.scorecard import EXACT, Calibration, Scorecard, Shape, Target

__all__ = ["About", "Fitted", "Sample", "Settings", "fit"]

_DECIMALS = 12  # of values in the file: seventy of them still add up to within 1e-10
_BAG_DECIMALS = 4  # a spread is told in a word


class Described(Protocol):
    """What fitting needs of `features.catalogue.Feature`."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def direction(self) -> Literal[-1, 0, 1]: ...


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
        Trees in all boosters together.
    largest_gap
        Largest difference, in log-odds, between scorecard and boosters over all rows learned from.
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
    binned = cut(learn.matrix, learn.pupil, max_bins=settings.max_bins, fewest=settings.min_bin_pupils)
    learn, places = in_order(learn, binned.places)
    grown = bags(places, learn, directions=[feature.direction for feature in features], settings=settings)
    shares = shares_of(places, [len(cuts) + 1 for cuts in binned.edges])
    parts = [_stood_in(read_off(bag.log_odds, shares), binned) for bag in grown]
    additive = mean_of(parts)
    line = _calibrated(additive, calibrate, binned)
    tables = zip(*(part.centred for part in parts), strict=True)
    shapes = [
        _shape(feature, binned.edges[number], shares[number], slope=line.slope, bags=bags_of)
        for number, (feature, bags_of) in enumerate(zip(features, tables, strict=True))
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
    gap = _same_model(scorecard, grown, learn, places=places, line=line)
    return Fitted(scorecard, line, sum(bag.trees for bag in grown), gap)


def _enough(learn: Sample, calibrate: Sample, settings: Settings) -> None:
    found, later = learn.pupils_with_outcome, calibrate.pupils_with_outcome
    if found < settings.min_pupils_fit or later < settings.min_pupils_calibrate:
        detail = (
            f"{found} leerlingen met deze uitkomst om van te leren en {later} om te ijken; nodig zijn er "
            f"{settings.min_pupils_fit} en {settings.min_pupils_calibrate}"
        )
        raise NotEnoughDataError(detail, remedy=RETRY)


def _stood_in(additive: Additive, binned: Binned) -> Additive:
    """Give missing the value of the bin that stands in for it."""
    for table, stand_in in zip(additive.centred, binned.stand_in, strict=True):
        if stand_in is not None:
            table[-1] = table[stand_in]
    return additive


def _calibrated(additive: Additive, calibrate: Sample, binned: Binned) -> Line:
    """Return the line of a later period.

    Raises
    ------
    NotEnoughDataError
        The score does not order that period at all.
    """
    later, places = in_order(calibrate, place(calibrate.matrix, binned.edges))
    line = fit_line(additive.score(places), later.outcome, later.pupil)
    if line is None or line.slope <= 0:
        detail = "de score ordent de leerlingen in de ijkperiode niet, dus er valt niets te ijken"
        raise NotEnoughDataError(detail, remedy=RETRY)
    return line


def _shape(feature: Described, cuts: Floats, shares: Floats, *, slope: float, bags: Sequence[Floats]) -> Shape:
    """Calibrated values of one feature. Differences of sums may be out of order in the last bit; that is mended."""
    each = slope * np.array(bags)
    values = np.round(each.mean(axis=0), _DECIMALS)
    apart = np.round(each - values, _BAG_DECIMALS) + 0.0
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
        bags=tuple(tuple(one) for one in apart.tolist()),
    )


def _same_model(scorecard: Scorecard, grown: Sequence[Bag], learn: Sample, *, places: Floats, line: Line) -> float:
    """Compare scorecard and calibrated boosters on every row learned from.

    Raises
    ------
    ModelError
        They differ more than 1e-9 in log-odds.
    """
    scores = scorecard.score(learn.matrix)
    scorecard.check(scores)
    boosters_say = line.intercept + line.slope * np.mean([bag.log_odds(places) for bag in grown], axis=0)
    gap = float(np.abs(scores.log_odds - boosters_say).max())
    if gap > EXACT:
        detail = f"de scorekaart wijkt {gap:.2e} af van het geleerde model (toegestaan: {EXACT:.0e})"
        raise ModelError(detail, remedy="Dit is een fout in het programma. Meld hem, met de gebruikte versie.")
    return gap
