"""The page about the model, made from what is kept of it, and handed to the service."""

from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from data_contracts.errors import ModelError
from data_contracts.model_page import Answer, Bar, Drift, ModelPage, Signed
from models.figures import Evaluation
from models.gate import Check
from models.serving import Decision, challenger, champion, decisions, reign, why_rules
from pipelines.home import Home
from pipelines.publishing import open_database, publish_model
from pipelines.trained import trained

DRIFT = "drift.json"
DECIDED = {
    "promoted": "in gebruik genomen",
    "refused": "niet goedgekeurd",
    "rolled_back": "uit gebruik genomen",
}


def publish_page(home: Home) -> ModelPage:
    """Make the page as things stand now and publish it; the same page twice changes nothing.

    Raises
    ------
    ModelError
        Something that is kept of the model cannot be read.
    StorageError
        The service's database does not answer.
    """
    page = model_page(home)
    database = open_database(home.database_url)
    publish_model(database, page)
    database.dispose()
    return page


def model_page(home: Home) -> ModelPage:
    """Gather what the page shows."""
    taken = decisions(home.scorecards)
    card, newer = champion(home.scorecards), challenger(home.scorecards)
    signed = reign(taken)
    shared = {
        "challenger": None if newer is None else newer.version,
        "decisions": tuple(_signed(decision) for decision in reversed(taken)),
    }
    if card is None or signed is None:
        last = taken[-1].ruling if taken else None
        answers = () if last is None else tuple(_answer(check) for check in last.checks)
        return ModelPage(scorecard=None, reason=why_rules(taken), answers=answers, **shared)
    evaluation = trained(home, card.version).evaluation
    return ModelPage(
        scorecard=card.to_json(),
        since=signed.at,
        by=signed.by,
        answers=() if signed.ruling is None else tuple(_answer(check) for check in signed.ruling.checks),
        drift=drift_of(home, card.version),
        **_judged(evaluation),
        **shared,
    )


def drift_of(home: Home, version: str) -> Drift | None:
    """Return what was last found about drift of scorecard `version`; None where nobody looked yet.

    Raises
    ------
    ModelError
        The file is there but cannot be read.
    """
    path: Path = home.papers(version) / DRIFT
    if not path.exists():
        return None
    try:
        return Drift.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        detail = f"{path} is niet te lezen: {str(error).splitlines()[0]}"
        raise ModelError(detail, remedy="Gooi het bestand weg en maak het opnieuw met 'aanwezig drift'.") from None


def _judged(evaluation: Evaluation | None) -> dict[str, Any]:
    if evaluation is None:
        return {}
    pooled = evaluation.pooled
    bars = tuple(
        Bar(label=one.label, kind=one.kind, found=one.found.value, low=one.found.low, high=one.found.high)
        for one in pooled.rankings
        if one.found.value is not None
    )
    origins = tuple(date.fromisoformat(origin) for origin in evaluation.origins)
    return {
        "headline": evaluation.headline,
        "cases": pooled.cases,
        "places": pooled.places,
        "origins": origins,
        "bars": bars,
    }


def _answer(check: Check) -> Answer:
    return Answer(label=check.label, answer=check.answer, text=check.text)


def _signed(decision: Decision) -> Signed:
    return Signed(
        at=decision.at,
        what=DECIDED[decision.what],
        version=decision.version,
        by=decision.by,
        reason=decision.reason,
    )
