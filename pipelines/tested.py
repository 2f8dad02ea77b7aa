"""What a training keeps of how its method did: written beside the scorecard, read again by the gate and the papers."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import polars as pl
from pydantic import ValidationError

from data_contracts.errors import ModelError
from data_contracts.files import write_text, write_whole
from data_contracts.frozen import Frozen
from features.calendar import local_date
from features.catalogue import NAMES
from models import serving
from models.figures import Evaluation
from models.scorecard import Scorecard
from pipelines.backtest import SIMPLE
from pipelines.home import Home
from pipelines.panels import Ground
from pipelines.trained import BACKTEST, EVALUATION

TRAINING = "training.json"
TO_MERGE = "to_merge"
"""Folder with what another party needs to merge with this model: scorecards alone, this one and those of earlier dates."""


class Training(Frozen):
    """What only the training knows.

    Parameters
    ----------
    largest_gap
        Largest difference between the scorecard and the fitted model (log-odds), over all rows learned from.
    """

    largest_gap: float


def keep(folder: Path, training: Training, *, frame: pl.DataFrame | None, evaluation: Evaluation | None) -> None:
    """Keep the backtest of a model and its figures: pseudonyms, scores and outcomes; features stay out.

    Raises
    ------
    StorageError
        The folder cannot be written.
    """
    write_text(folder / TRAINING, training.model_dump_json(indent=1))
    if evaluation is not None:
        write_text(folder / EVALUATION, evaluation.model_dump_json(indent=1))
    if frame is not None:
        shown = frame.drop([name for name in NAMES if name != SIMPLE], strict=False)
        write_whole(folder / BACKTEST, shown.write_parquet)


def keep_to_merge(folder: Path, card: Scorecard, earlier: Iterable[Scorecard]) -> None:
    """Put the scorecards that a merge asks for together: `card`, and what was learned at each date looked back from.

    Raises
    ------
    StorageError
        The folder cannot be written.
    """
    for one in (card, *earlier):
        write_text(folder / TO_MERGE / f"{one.data_moment:%Y-%m-%d}-{one.version}.json", one.to_json())


def of_the_champion(home: Home, ground: Ground) -> tuple[date, ...]:
    """Dates that the serving model was judged from: from the same dates the two can be compared, pupil by pupil."""
    champion = serving.champion(home.scorecards)
    if champion is None or champion.target.name != ground.outcome.name:
        return ()
    judged_then = judged_from(home, champion.version)
    return tuple(origin for origin in judged_then if ground.since <= origin < local_date(ground.moment))


def largest_gap(home: Home, version: str) -> float | None:
    """Return the largest difference between scorecard `version` and its fitted model; None where it was not kept.

    Raises
    ------
    ModelError
        The file is there but cannot be read.
    """
    path = home.papers(version) / TRAINING
    if not path.exists():
        return None
    try:
        return Training.model_validate_json(path.read_text(encoding="utf-8")).largest_gap
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise _unreadable(path, error) from None


def judged_from(home: Home, version: str) -> tuple[date, ...]:
    """Return the dates that scorecard `version` was judged from; none where no figures were kept.

    Raises
    ------
    ModelError
        The file is there but cannot be read.
    """
    path = home.papers(version) / EVALUATION
    if not path.exists():
        return ()
    try:
        found = Evaluation.model_validate_json(path.read_text(encoding="utf-8"))
        return tuple(date.fromisoformat(origin) for origin in found.origins)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> ModelError:
    detail = f"{path} is niet te lezen: {str(error).splitlines()[0]}"
    return ModelError(detail, remedy="Gooi het bestand weg en train opnieuw met 'aanwezig train'.")
