"""Write the papers of one model."""

from pathlib import Path

from data_contracts.files import write_text
from data_contracts.frozen import Frozen
from pipelines.home import Home
from pipelines.papers.card import LANGUAGES, model_card
from pipelines.papers.facts import gather
from pipelines.papers.organisation import FILE
from pipelines.papers.register import record, to_fill
from pipelines.papers.technical import technical_documentation

REGISTER, TECHNICAL = "algoritmeregister.json", "technical-documentation.md"


class Papers(Frozen):
    """What was written.

    Parameters
    ----------
    scorecard
        Version of the model.
    folder, written
        Where, and which files.
    evaluated, groups_compared
        Whether the papers hold figures from looking back, and per group.
    to_fill
        Fields of the register that only the organisation can fill in.
    next_step
        What to do about those, in Dutch; empty where all is said.
    """

    scorecard: str
    folder: Path
    written: tuple[str, ...]
    evaluated: bool
    groups_compared: bool
    to_fill: tuple[str, ...]
    next_step: str


def papers(home: Home, *, version: str | None = None, out: Path | None = None) -> Papers:
    """Write model cards, register record and technical documentation of a model.

    Parameters
    ----------
    home
        The installation.
    version
        Version of the scorecard; None: the one trained last.
    out
        Folder to write to; None: the model's own, ``<home>/reports/<version>``.

    Raises
    ------
    NotFoundError
        Nothing was trained yet.
    ModelError, StorageError, SettingsError
        Something that is kept or set cannot be read, or the folder cannot be written.
    """
    facts = gather(home, scorecard_version=version)
    made = record(facts)
    texts = {f"model-card.{language}.html": model_card(facts, language) for language in LANGUAGES}
    texts |= {REGISTER: made.to_json(), TECHNICAL: technical_documentation(facts)}
    folder = facts.model.folder if out is None else out
    for name, text in texts.items():
        write_text(folder / name, text)
    missing = to_fill(made)
    place = home.root / FILE
    return Papers(
        scorecard=facts.card.version,
        folder=folder,
        written=tuple(texts),
        evaluated=facts.evaluation is not None,
        groups_compared=facts.audit is not None,
        to_fill=missing,
        next_step=f"Vul in {place} aan: {', '.join(missing)}. Maak de stukken daarna opnieuw." if missing else "",
    )
