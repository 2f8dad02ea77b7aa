"""The served model: a table of points per feature, read from JSON and evaluated with numpy alone.

The score *is* its explanation: ``log_odds = baseline + sum(contributions)``, each contribution being the value of the
bin that a feature falls in, minus that feature's mean over the training population (already subtracted in the file).
For an additive model that difference is the exact interventional Shapley value.
"""

import hashlib
import json
import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, Self

import narwhals as nw
import numpy as np
from narwhals.typing import IntoFrame
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from data_contracts.errors import ModelError
from models.bins import places_of
from models.calibration import sigmoid

Floats = NDArray[np.float64]
EXACT = 1e-9
"""Largest difference, in log-odds, between a score and the sum of its parts."""
_REMEDY = "Train opnieuw met 'aanwezig train', of zet een eerdere scorekaart terug."
_VERSION_LENGTH = 12
_NUMBERS = re.compile(r"\[(\n[-+.\deE,\s]+)\]")
_FEWEST_BAGS = 2  # of which a spread can be told


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Shape(_Frozen):
    """What one feature adds, per bin.

    Parameters
    ----------
    name, label, unit, direction
        As in the catalogue; direction +1 never falls, -1 never rises, 0 is free.
    edges
        Strictly rising; bin i holds ``edges[i-1] <= x < edges[i]``.
    values
        Contribution (log-odds) per bin, one more than there are edges.
    missing
        Contribution where the value is missing.
    shares
        Share of the training population per bin, and last where it was missing; they sum to 1.
    bags
        How far each model that this one is the mean of lies from it (log-odds), per bin and last where missing. Empty on
        a card that is not such a mean.
    """

    name: str
    label: str
    unit: str
    direction: Literal[-1, 0, 1]
    edges: tuple[float, ...]
    values: tuple[float, ...]
    missing: float
    shares: tuple[float, ...]
    bags: tuple[tuple[float, ...], ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if len(self.values) != len(self.edges) + 1 or len(self.shares) != len(self.values) + 1:
            msg = f"{self.name}: aantallen grenzen, waarden en aandelen passen niet bij elkaar"
            raise ValueError(msg)
        if any(len(bag) != len(self.shares) for bag in self.bags):
            msg = f"{self.name}: een zak heeft een ander aantal waarden dan er vakken zijn"
            raise ValueError(msg)
        if any(left >= right for left, right in zip(self.edges, self.edges[1:], strict=False)):
            msg = f"{self.name}: grenzen lopen niet op"
            raise ValueError(msg)
        steps = zip(self.values, self.values[1:], strict=False)
        if any((right - left) * self.direction < 0 for left, right in steps):
            msg = f"{self.name}: waarden lopen tegen de richting van het kenmerk in"
            raise ValueError(msg)
        return self


class Calibration(_Frozen):
    """The line that was folded into baseline and values, kept on record."""

    intercept: float
    slope: float = Field(gt=0)


class Target(_Frozen):
    """The outcome that is scored."""

    name: str
    label: str
    meaning: str


class Part(_Frozen):
    """A scorecard that a merged one was made from, see `models.merge`."""

    version: str
    rows: int = Field(ge=1)
    events: int = Field(ge=1)
    pupils_with_outcome: int = Field(ge=1)


class Scorecard(_Frozen):
    """An additive, monotone model, complete: what it scores, with what, learned when and from what.

    Parameters
    ----------
    target
        The outcome.
    contract_version, catalogue_version
        Versions of the tables and of the features it was learned on.
    trained_at, data_moment
        When it was fitted, and up to which moment things had to be known to be learned from (UTC).
    rows, events, pupils_with_outcome
        Pupil-origins learned from, those with the outcome, and distinct pupils among these.
    baseline
        Log-odds of the average of the training population.
    calibration
        See `Calibration`.
    shapes
        One per feature, in the order in which they are added up.
    parts
        The cards that it was merged from; empty for one that was learned.
    """

    format: Literal[1] = 1
    target: Target
    contract_version: str
    catalogue_version: str
    trained_at: datetime
    data_moment: datetime
    rows: int = Field(ge=1)
    events: int = Field(ge=1)
    pupils_with_outcome: int = Field(ge=1)
    baseline: float
    calibration: Calibration
    shapes: tuple[Shape, ...] = Field(min_length=1)
    parts: tuple[Part, ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        if len(set(self.names)) != len(self.shapes):
            msg = "een kenmerk komt twee keer voor"
            raise ValueError(msg)
        if len({len(shape.bags) for shape in self.shapes}) > 1:
            msg = "de kenmerken hebben niet even veel zakken"
            raise ValueError(msg)
        return self

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the features, in order: the columns of the matrix to score."""
        return tuple(shape.name for shape in self.shapes)

    @cached_property
    def version(self) -> str:
        """First 12 hexadecimal digits of the SHA-256 of the canonical content."""
        canonical = json.dumps(self._content(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:_VERSION_LENGTH]

    def _content(self) -> dict[str, Any]:
        """Return everything there is; what a card does not have is left out, so that older cards keep their version."""
        content = self.model_dump(mode="json")
        for holder, name in [(content, "parts"), *((shape, "bags") for shape in content["shapes"])]:
            if not holder[name]:
                del holder[name]
        return content

    @cached_property
    def _lookup(self) -> tuple[tuple[Floats, Floats], ...]:
        """Edges, and values with that of a missing value last."""
        return tuple((np.array(shape.edges), np.array([*shape.values, shape.missing])) for shape in self.shapes)

    def to_json(self) -> str:
        """Return the scorecard as readable JSON, its version first and each row of numbers on one line."""
        text = json.dumps({"version": self.version, **self._content()}, indent=1, ensure_ascii=False)
        return _NUMBERS.sub(lambda row: f"[{' '.join(row[1].split())}]", text) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises
        ------
        ModelError
            It is no JSON, a part is missing or contradicts another, or the content is not what its version says.
        """
        try:
            content: Any = json.loads(text)
            version = content.pop("version")
            card = cls.model_validate_json(json.dumps(content))
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'bestand'}: {e['msg']}" for e in error.errors()[:5])
            detail = f"de scorekaart is niet bruikbaar: {wrong}"
            raise ModelError(detail, remedy=_REMEDY) from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            detail = "de scorekaart is geen geldige JSON met een versie"
            raise ModelError(detail, remedy=_REMEDY) from None
        if version != card.version:
            detail = f"de inhoud van de scorekaart hoort niet bij versie {version}: het bestand is veranderd"
            raise ModelError(detail, remedy=_REMEDY)
        return card

    def score(self, matrix: Floats) -> "Scores":
        """Score and explain in one pass.

        Parameters
        ----------
        matrix
            Shape (n, features), columns in the order of `names`; NaN is missing.

        Returns
        -------
        Scores
            Feature by feature added up in the same order for every row, so one row alone gives the same number, to the
            last bit, as that row among a million.

        Raises
        ------
        ModelError
            The matrix has another shape.
        """
        if matrix.ndim != 2 or matrix.shape[1] != len(self.shapes):  # noqa: PLR2004 - rows and columns
            detail = f"de scorekaart verwacht {len(self.shapes)} kenmerken, gekregen: tabel van vorm {matrix.shape}"
            raise ModelError(detail, remedy="Bouw de kenmerken met dezelfde versie als de scorekaart.")
        rows = matrix.shape[0]
        parts = np.empty((len(self.shapes), rows))
        log_odds = np.full(rows, self.baseline)
        for part, column, (edges, values) in zip(parts, matrix.T, self._lookup, strict=True):
            np.take(values, places_of(column, edges), out=part, mode="clip")
            log_odds += part
        return Scores(log_odds=log_odds, probability=sigmoid(log_odds), contributions=parts.T)

    def spread(self, matrix: Floats) -> Floats | None:
        """How far the models that this one is the mean of lie apart, for each pupil.

        Each of them was learned from pupils drawn anew, so this is what another draw of pupils would do to the score,
        measured from the average pupil (the level itself is calibrated on a later period, the same for everybody).

        Parameters
        ----------
        matrix
            As for `score`.

        Returns
        -------
        array of shape (n,), or None
            Standard deviation in log-odds; None where the card is no such mean.
        """
        if len(self.shapes[0].bags) < _FEWEST_BAGS:
            return None
        total = np.zeros((len(self.shapes[0].bags), len(matrix)))
        for column, shape in zip(matrix.T, self.shapes, strict=True):
            total += np.array(shape.bags)[:, places_of(column, np.array(shape.edges))]
        return np.asarray(total.std(axis=0, ddof=1))

    def check(self, scores: "Scores") -> None:
        """Refuse scores that are not the sum of their parts.

        Raises
        ------
        ModelError
            For any row, baseline plus contributions differs more than 1e-9 from the log-odds, or is no number.
        """
        gap = np.abs(self.baseline + scores.contributions.sum(axis=1) - scores.log_odds)
        wrong = int(np.count_nonzero(~(gap <= EXACT)))
        if wrong:
            detail = f"bij {wrong} van {len(gap)} leerlingen is de score niet de som van haar delen"
            raise ModelError(detail, remedy=_REMEDY)


@dataclass(frozen=True)
class Scores:
    """Scores of n pupils.

    Parameters
    ----------
    log_odds, probability
        Shape (n,).
    contributions
        Shape (n, features), in log-odds.
    """

    log_odds: Floats
    probability: Floats
    contributions: Floats


def as_matrix(frame: IntoFrame, names: Sequence[str]) -> Floats:
    """Return the columns `names` of a frame of features as a matrix; null becomes NaN.

    Raises
    ------
    ModelError
        The frame lacks a column: features and scorecard are of different versions.
    """
    collected = nw.from_native(frame).lazy().collect()
    refuse_unknown(names, collected.columns)
    columns = [collected[name].cast(nw.Float64).to_numpy() for name in names]
    return np.column_stack(columns).astype(np.float64) if columns else np.empty((len(collected), 0))


def refuse_unknown(names: Sequence[str], counted: Container[str]) -> None:
    """Refuse features `names` of a scorecard that are not among what was `counted`.

    Raises
    ------
    ModelError
        One is not: features and scorecard are of different versions.
    """
    absent = [name for name in names if name not in counted]
    if absent:
        detail = f"de scorekaart vraagt kenmerken die niet zijn berekend: {', '.join(absent)}"
        raise ModelError(detail, remedy="Train opnieuw met 'aanwezig train': de kenmerken zijn veranderd.")
