"""The scorecards of an installation and who serves: plain files in one folder, read without any machine-learning library.

``<version>.json`` is never changed. ``challenger.json`` is the newest model, which nobody signed for yet.
``decisions.jsonl`` holds every decision about which model makes the lists, one a line, with the person who took it; which
model serves follows from it, so that there is no second place that could say otherwise.
"""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from data_contracts.errors import ModelError
from data_contracts.files import write_text
from data_contracts.frozen import Frozen
from models.gate import Ruling
from models.scorecard import Scorecard

CHALLENGER = "challenger"
_DECISIONS = "decisions.jsonl"
_VERSION = re.compile(r"[0-9a-f]{12}")


class Decision(Frozen):
    """One decision about the model that makes the lists.

    Parameters
    ----------
    at
        When (UTC).
    what
        A model was put to use, was refused by the gate, or was taken out of use.
    version
        The scorecard it is about.
    serves
        The scorecard that makes the lists from now on; None: lists stand on rules.
    by, reason
        The person, and why, where that was said.
    ruling
        What the gate said; None for a rollback.
    """

    at: datetime
    what: Literal["promoted", "refused", "rolled_back"]
    version: str
    serves: str | None
    by: str
    reason: str = ""
    ruling: Ruling | None = None


def save(folder: Path, scorecard: Scorecard) -> Path:
    """Keep a scorecard under its version; saving it again changes nothing.

    Raises
    ------
    StorageError
        The folder cannot be written.
    """
    path = folder / f"{scorecard.version}.json"
    if not path.exists():
        write_text(path, scorecard.to_json())
    return path


def propose(folder: Path, scorecard: Scorecard) -> None:
    """Make `scorecard` the challenger. It makes no lists before somebody signs for it.

    Raises
    ------
    StorageError
        The folder cannot be written.
    """
    save(folder, scorecard)
    write_text(folder / f"{CHALLENGER}.json", scorecard.to_json())


def challenger(folder: Path) -> Scorecard | None:
    """Return the newest model; None where there is none, or where it serves already.

    Raises
    ------
    ModelError
        The file is there but cannot be trusted.
    """
    path = folder / f"{CHALLENGER}.json"
    if not path.exists():
        return None
    found = _read(path)
    return None if found.version == serving(decisions(folder)) else found


def decide(folder: Path, decision: Decision) -> None:
    """Add a decision, which holds from then on. A reader sees all of it or nothing.

    Raises
    ------
    StorageError
        The folder cannot be written.
    """
    lines = [*decisions(folder), decision]
    write_text(folder / _DECISIONS, "".join(f"{line.model_dump_json()}\n" for line in lines))


def decisions(folder: Path) -> tuple[Decision, ...]:
    """Return every decision, oldest first.

    Raises
    ------
    ModelError
        The file is there but cannot be read.
    """
    path = folder / _DECISIONS
    if not path.exists():
        return ()
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
        return tuple(Decision.model_validate_json(line) for line in lines if line)
    except (OSError, UnicodeDecodeError, ValidationError, json.JSONDecodeError) as error:
        detail = f"{path} is niet te lezen: {str(error).splitlines()[0]}"
        raise ModelError(detail, remedy="Zet het bestand terug uit de reservekopie.", is_inside=True) from None


def reign(taken: Sequence[Decision], at: datetime | None = None) -> Decision | None:
    """Return the promotion by which a model makes the lists of moment `at` (UTC), or those of now; None: rules do.

    A promotion that was rolled back counts as if it had never been: lists that are made again do not use that model.
    For a moment before any promotion it is the one that holds now.
    """
    standing: list[Decision] = []
    for decision in taken:
        if decision.what == "promoted":
            standing.append(decision)
        elif decision.what == "rolled_back" and standing:
            standing.pop()
    if not standing:
        return None
    then = [one for one in standing if at is None or one.at <= at]
    return (then or standing)[-1]


def serving(taken: Sequence[Decision], at: datetime | None = None) -> str | None:
    """Version of the scorecard that makes the lists (see `reign`); None: lists stand on rules."""
    found = reign(taken, at)
    return None if found is None else found.version


def why_rules(taken: Sequence[Decision], at: datetime | None = None) -> str:
    """Say in Dutch why no model made the lists of moment `at` (UTC); only meaningful where `serving` gives none."""
    then = [decision for decision in taken if at is None or decision.at <= at]
    last = then[-1] if then else None
    if last is None:
        return "Er is nog geen model getraind en goedgekeurd: de lijst volgt de drempels."
    if last.what == "rolled_back":
        return "Het model is uit gebruik genomen: de lijst volgt de drempels."
    objections = last.ruling.objections if last.ruling is not None else ()
    if any(check.name == "rules" for check in objections):
        return "Het model vindt bij deze lijstlengte niet zeker meer nieuwe gevallen dan de drempels: de lijst volgt de drempels."
    words = ", ".join(check.label.lower() for check in objections)
    return f"Het model is niet goedgekeurd (niet gehaald: {words}): de lijst volgt de drempels."


def champion(folder: Path, at: datetime | None = None) -> Scorecard | None:
    """Return the scorecard that lists are made with, now or at the moment `at` (see `reign`); None: there is none.

    Raises
    ------
    ModelError
        It is missing or cannot be trusted.
    """
    version = serving(decisions(folder), at)
    return None if version is None else scorecard(folder, version)


def scorecard(folder: Path, version: str) -> Scorecard:
    """Return the scorecard of that version, to reproduce what was once published.

    Raises
    ------
    ModelError
        It is not there, or cannot be trusted.
    """
    path = folder / f"{version}.json"
    if not _VERSION.fullmatch(version) or not path.exists():
        detail = f"er is geen scorekaart met versie {version}"
        raise ModelError(detail, remedy="Kijk met 'aanwezig status' welke versies er zijn.")
    return _read(path)


def _read(path: Path) -> Scorecard:
    try:
        return Scorecard.from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        detail = f"{path} is niet te lezen: {error}"
        raise ModelError(detail, remedy="Train opnieuw met 'aanwezig train'.", is_inside=True) from None
    except ModelError as error:
        detail = f"{path}: {error.detail}"
        raise ModelError(detail, remedy=error.remedy, is_inside=True) from None
