"""The scorecards that are served: plain JSON files in one folder, read without any machine-learning library.

``<version>.json`` is never changed; ``champion.json`` is the one that lists are made with, replaced in one move.
"""

import os
import re
import tempfile
from pathlib import Path

from data_contracts.errors import ModelError, StorageError
from models.scorecard import Scorecard

CHAMPION = "champion"
_NAME = re.compile(r"champion|[0-9a-f]{12}")


def save(folder: Path, scorecard: Scorecard) -> Path:
    """Keep a scorecard under its version; saving it again changes nothing.

    Raises
    ------
    StorageError
        The folder cannot be written.
    """
    path = folder / f"{scorecard.version}.json"
    if not path.exists():
        _write(path, scorecard.to_json())
    return path


def serve(folder: Path, scorecard: Scorecard) -> None:
    """Make `scorecard` the one that lists are made with. A reader sees the old one or the new one, never half.

    Raises
    ------
    StorageError
        The folder cannot be written.
    """
    save(folder, scorecard)
    _write(folder / f"{CHAMPION}.json", scorecard.to_json())


def champion(folder: Path) -> Scorecard | None:
    """Return the scorecard that lists are made with; None where there is none yet.

    Raises
    ------
    ModelError
        The file is there but cannot be trusted.
    """
    return _read(folder / f"{CHAMPION}.json") if (folder / f"{CHAMPION}.json").exists() else None


def scorecard(folder: Path, version: str) -> Scorecard:
    """Return the scorecard of that version, to reproduce what was once published.

    Raises
    ------
    ModelError
        It is not there, or cannot be trusted.
    """
    path = folder / f"{version}.json"
    if not _NAME.fullmatch(version) or not path.exists():
        detail = f"er is geen scorekaart met versie {version}"
        raise ModelError(detail, remedy="Kijk met 'aanwezig status' welke versies er zijn.")
    return _read(path)


def _read(path: Path) -> Scorecard:
    try:
        return Scorecard.from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        detail = f"{path} is niet te lezen: {error}"
        raise ModelError(detail, remedy="Train opnieuw met 'aanwezig train'.") from None
    except ModelError as error:
        detail = f"{path}: {error.detail}"
        raise ModelError(detail, remedy=error.remedy) from None


def _write(path: Path, text: str) -> None:
    """Write to a temporary name beside it, flush to disk, and move."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, suffix=".tmp", delete=False) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(path)
    except OSError as error:
        detail = f"{path} is niet te schrijven: {error}"
        raise StorageError(detail, remedy="Maak ruimte, of geef schrijfrechten op AANWEZIG_HOME.") from None
