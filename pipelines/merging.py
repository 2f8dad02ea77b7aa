"""Merge scorecards that were learned apart, from files: what came in is checked, what goes out is a scorecard."""

from collections.abc import Sequence
from pathlib import Path

from data_contracts.errors import ModelError, StorageError
from data_contracts.frozen import Frozen
from models.merge import merge as merged
from models.scorecard import Part, Scorecard


class Merged(Frozen):
    """A scorecard made of others.

    Parameters
    ----------
    scorecard, outcome, file
        Its version, what it scores, and where it was written.
    rows, events, pupils_with_outcome
        Of its parts together.
    parts
        What it was made from.
    """

    scorecard: str
    outcome: str
    file: str
    rows: int
    events: int
    pupils_with_outcome: int
    parts: tuple[Part, ...]


def merge(paths: Sequence[Path], *, out: Path) -> Merged:
    """Merge the scorecards in `paths` and write the result to `out`.

    Raises
    ------
    ModelError
        A file is no scorecard or was changed, or the cards do not speak of the same things.
    StorageError
        `out` exists already or cannot be written.
    """
    card = merged([_read(path) for path in paths])
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(card.to_json())
    except OSError as error:
        detail = f"{out} is niet te schrijven: {'het bestaat al' if out.exists() else error}"
        raise StorageError(detail, remedy="Kies met --out een nieuw bestand.") from None
    return Merged(
        scorecard=card.version,
        outcome=card.target.name,
        file=str(out),
        rows=card.rows,
        events=card.events,
        pupils_with_outcome=card.pupils_with_outcome,
        parts=card.parts,
    )


def _read(path: Path) -> Scorecard:
    try:
        return Scorecard.from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        detail = f"{path} is niet te lezen: {error}"
        raise ModelError(
            detail, remedy="Geef het JSON-bestand van een scorekaart, zoals 'aanwezig train' het maakt."
        ) from None
    except ModelError as error:
        detail = f"{path}: {error.detail}"
        raise ModelError(detail, remedy=error.remedy) from None


def words(result: Merged) -> str:
    """Tell the result, in Dutch."""
    lines = [f"Scorekaart {result.scorecard} ({result.outcome}), samengevoegd uit {len(result.parts)}: {result.file}"]
    lines += [f"  {part.version}: {part.pupils_with_outcome} leerlingen met de uitkomst" for part in result.parts]
    return "\n".join(lines)
