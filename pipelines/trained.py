"""A trained model as it is kept: its scorecard, and the folder with what was found out about it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import polars as pl
from pydantic import BaseModel, ValidationError

from data_contracts.errors import NotFoundError, StorageError
from models import serving
from models.audit import Audit
from models.figures import Evaluation
from models.scorecard import Scorecard
from pipelines.home import Home

_Kept = TypeVar("_Kept", bound=BaseModel)
_DIGITS = 12  # of a version
BACKTEST, EVALUATION, FAIRNESS = "backtest.parquet", "evaluation.json", "fairness.json"


@dataclass(frozen=True)
class Trained:
    """A scorecard, and the folder of its papers.

    Parameters
    ----------
    card, folder
        The scorecard; ``<home>/reports/<version>``.
    serves
        Whether lists are made with it.
    """

    card: Scorecard
    folder: Path
    serves: bool

    @property
    def backtest(self) -> pl.DataFrame | None:
        """The backtest frame (pseudonyms only), or None where none was kept."""
        path = self.folder / BACKTEST
        return pl.read_parquet(path) if path.exists() else None

    @property
    def evaluation(self) -> Evaluation | None:
        """What the backtest found, or None where none was kept."""
        return _read(self.folder / EVALUATION, Evaluation)

    @property
    def audit(self) -> Audit | None:
        """The audit of groups, or None where none was made."""
        return _read(self.folder / FAIRNESS, Audit)


def trained(home: Home, version: str | None) -> Trained:
    """Return the model of that version; without one, the model that was trained last.

    Raises
    ------
    NotFoundError
        Nothing was trained yet.
    ModelError
        There is no such version, or its file cannot be trusted.
    """
    if version is not None:
        card = serving.scorecard(home.scorecards, version)
    else:
        paths = list(home.scorecards.glob(f"{'[0-9a-f]' * _DIGITS}.json"))
        if not paths:
            detail = "er is nog geen model getraind"
            raise NotFoundError(detail, remedy="Train er eerst een met 'aanwezig train'.")
        cards = [serving.scorecard(home.scorecards, path.stem) for path in paths]
        card = max(cards, key=lambda one: (one.trained_at, len(one.parts)))  # a merged one comes after its newest part
    champion = serving.champion(home.scorecards)
    serves = champion is not None and champion.version == card.version
    return Trained(card=card, folder=home.papers(card.version), serves=serves)


def _read(path: Path, kind: type[_Kept]) -> _Kept | None:
    if not path.exists():
        return None
    try:
        return kind.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        detail = f"{path} is niet te lezen: {str(error).splitlines()[0]}"
        raise StorageError(detail, remedy="Gooi het bestand weg en maak het opnieuw.") from None
