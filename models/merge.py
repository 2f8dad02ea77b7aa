"""Pooling without sharing data: scorecards that schools learned apart become one, and no pupil's row leaves a building.

What travels is a scorecard: per feature a table of points and the share of pupils in each bin, no bin with fewer than ten
pupils (`models.binning.cut`). The tables are brought to common edges and a common average pupil, and then averaged bin by
bin: who knows more there, weighs more. The result is a scorecard like any other, exact, with its parts on record.
"""

from collections.abc import Sequence

import numpy as np
from sklearn.isotonic import isotonic_regression

from data_contracts.errors import ModelError
from models.bins import find_bins
from models.calibration import Floats, sigmoid
from models.scorecard import Calibration, Part, Scorecard, Shape

_DECIMALS = 12
_BAG_DECIMALS = 4
_REMEDY = "Laat elke partij trainen met dezelfde versie van Aanwezig en dezelfde uitkomst."
_AGREE = {
    "format": "de vorm van de scorekaart",
    "target": "de uitkomst",
    "contract_version": "de versie van het gegevenscontract",
    "catalogue_version": "de versie van de kenmerken",
    "names": "de kenmerken",
}


def merge(cards: Sequence[Scorecard]) -> Scorecard:
    """Make one scorecard of several; their order does not matter.

    Parameters
    ----------
    cards
        At least two, of different pupils: of one outcome, learned on the same contract and catalogue.

    Raises
    ------
    ModelError
        There are fewer than two different cards, or they do not speak of the same things.
    """
    parts = sorted({card.version: card for card in cards}.values(), key=lambda card: card.version)
    _check(parts, given=len(cards))
    rows = np.array([card.rows for card in parts], dtype=np.float64)
    events = np.array([card.events for card in parts], dtype=np.float64)
    levels = np.array([card.baseline for card in parts])
    shapes = []
    for number in range(len(parts[0].shapes)):
        shape, shifts = _shape([card.shapes[number] for card in parts], rows=rows, events=events, cards=parts)
        shapes.append(shape)
        levels += shifts  # what each card says of the common average pupil, not of its own
    share = events / events.sum()
    return Scorecard(
        target=parts[0].target,
        contract_version=parts[0].contract_version,
        catalogue_version=parts[0].catalogue_version,
        trained_at=max(card.trained_at for card in parts),
        data_moment=max(card.data_moment for card in parts),
        rows=int(rows.sum()),
        events=int(events.sum()),
        pupils_with_outcome=sum(card.pupils_with_outcome for card in parts),
        baseline=float(share @ levels),
        calibration=Calibration(
            intercept=float(share @ [card.calibration.intercept for card in parts]),
            slope=float(share @ [card.calibration.slope for card in parts]),
        ),
        shapes=tuple(shapes),
        parts=tuple(
            Part(
                version=card.version,
                rows=card.rows,
                events=card.events,
                pupils_with_outcome=card.pupils_with_outcome,
            )
            for card in parts
        ),
    )


def _check(parts: Sequence[Scorecard], *, given: int) -> None:
    if len(parts) < 2 or len(parts) < given:  # noqa: PLR2004 - two is what several begins with
        detail = "er zijn minstens twee verschillende scorekaarten nodig, elk van andere leerlingen"
        raise ModelError(detail, remedy="Geef elke scorekaart één keer.")
    merged = [part.version for card in parts for part in card.parts]
    if len({*merged, *(card.version for card in parts)}) < len(merged) + len(parts):
        detail = "een van de scorekaarten zit al in een andere: haar leerlingen zouden dubbel tellen"
        raise ModelError(detail, remedy="Voeg de oorspronkelijke scorekaarten in één keer samen.")
    for name, words in _AGREE.items():
        if any(getattr(card, name) != getattr(parts[0], name) for card in parts):
            detail = f"de scorekaarten verschillen in {words}, dus ze zeggen niet hetzelfde"
            raise ModelError(detail, remedy=_REMEDY)
    if any(
        mine.direction != first.direction
        for card in parts
        for mine, first in zip(card.shapes, parts[0].shapes, strict=True)
    ):
        detail = "de scorekaarten verschillen in de richting van een kenmerk"
        raise ModelError(detail, remedy=_REMEDY)


def _shape(
    shapes: Sequence[Shape], *, rows: Floats, events: Floats, cards: Sequence[Scorecard]
) -> tuple[Shape, Floats]:
    """Return the merged table of one feature, and how far each part's average pupil lies from the common one (log-odds)."""
    edges = np.unique(np.concatenate([shape.edges for shape in shapes]))
    places = [_places(shape, edges) for shape in shapes]
    values = np.array([np.append(shape.values, shape.missing)[at] for shape, at in zip(shapes, places, strict=True)])
    counts = rows[:, None] * np.array([_spread_out(shape, at) for shape, at in zip(shapes, places, strict=True)])
    # A part that never saw the value missing has nothing to say of it: there its average stands.
    shares = counts.sum(axis=0) / counts.sum()
    shifts = values @ shares
    values -= shifts[:, None]
    chance = sigmoid(np.array([card.baseline for card in cards])[:, None] + values)
    # How much a part knows of a bin: what a case there would tell (Fisher's information of a log-odds).
    weight = counts * chance * (1 - chance)
    weight = np.where(weight.sum(axis=0) > 0, weight, events[:, None])
    weight /= weight.sum(axis=0)
    merged = (weight * values).sum(axis=0)
    if shapes[0].direction:
        rising = shapes[0].direction > 0
        merged[:-1] = isotonic_regression(merged[:-1], sample_weight=shares[:-1] + 1e-9, increasing=rising)
    if shares[-1] == 0:
        merged[-1] = shares @ merged
    merged -= shares @ merged
    first = shapes[0]
    bins = np.round(merged, _DECIMALS)
    return Shape(
        name=first.name,
        label=first.label,
        unit=first.unit,
        direction=first.direction,
        edges=tuple(edges.tolist()),
        values=tuple(bins[:-1].tolist()),
        missing=float(bins[-1]),
        shares=tuple(shares.tolist()),
        bags=_bags(shapes, places, weight),
    ), shifts


def _places(shape: Shape, edges: Floats) -> np.ndarray:
    """For each bin between `edges`, and last for missing, the bin of `shape` that it lies in."""
    inside = np.concatenate([edges[:1] - 1, edges]) if len(edges) else np.zeros(1)
    own = find_bins(inside, np.array(shape.edges))
    return np.append(own, len(shape.edges) + 1).astype(np.int64)


def _spread_out(shape: Shape, places: np.ndarray) -> Floats:
    """Shares of `shape` over finer bins, evenly: where in a bin its pupils are is not known."""
    finer = np.bincount(places, minlength=len(shape.shares))
    return np.asarray((np.array(shape.shares) / np.maximum(finer, 1))[places])


def _bags(shapes: Sequence[Shape], places: Sequence[np.ndarray], weight: Floats) -> tuple[tuple[float, ...], ...]:
    """Spread of a weighted mean of models that were learned apart: their bags differ independently."""
    count = min(len(shape.bags) for shape in shapes)
    if not count:
        return ()
    each = np.array([np.array(shape.bags[:count])[:, at] for shape, at in zip(shapes, places, strict=True)])
    merged = np.round((weight[:, None, :] * each).sum(axis=0), _BAG_DECIMALS) + 0.0
    return tuple(tuple(bag) for bag in merged.tolist())
