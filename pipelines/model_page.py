"""The page about the model, made from what is kept of it, and handed to the service."""

from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from data_contracts.errors import ModelError
from data_contracts.files import write_text
from data_contracts.model_page import Answer, Bar, Drift, Estimate, Lead, Measured, ModelPage, Signed
from models.figures import Evaluation, Figure
from models.gate import Check
from models.lead_time import LeadTime
from models.serving import Decision, challenger, champion, decisions, reign, why_rules
from pipelines.home import Home
from pipelines.publishing import open_database, publish_model
from pipelines.trained import trained

Read = TypeVar("Read", bound=BaseModel)
DRIFT, LEAD = "drift.json", "lead_time.json"
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
        lead=None if (early := lead_time_of(home, card.version)) is None else _lead(early),
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
    return _kept(home.papers(version) / DRIFT, Drift, command="aanwezig drift")


def lead_time_of(home: Home, version: str) -> LeadTime | None:
    """Return how early lists of the method of scorecard `version` were; None where nobody measured that.

    Raises
    ------
    ModelError
        The file is there but cannot be read.
    """
    return _kept(home.papers(version) / LEAD, LeadTime, command="aanwezig evaluate")


def keep_lead_time_of(home: Home, version: str, found: LeadTime) -> None:
    """Keep how early lists were beside scorecard `version`; its page shows it once it serves."""
    write_text(home.papers(version) / LEAD, found.model_dump_json(indent=1))


def keep_lead_time(home: Home, found: LeadTime, *, outcome: str) -> None:
    """Keep how early lists were beside the scorecard that serves, where that predicts `outcome`, and show it."""
    card = champion(home.scorecards)
    if card is not None and card.target.name == outcome:
        keep_lead_time_of(home, card.version, found)
        publish_page(home)


def _kept(path: Path, kind: type[Read], *, command: str) -> Read | None:
    if not path.exists():
        return None
    try:
        return kind.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        detail = f"{path} is niet te lezen: {str(error).splitlines()[0]}"
        raise ModelError(detail, remedy=f"Gooi het bestand weg en maak het opnieuw met '{command}'.") from None


def _lead(found: LeadTime) -> Lead | None:
    days = found.to_reached
    if days.quarter is None or days.median is None or days.three_quarters is None:
        return None
    return Lead(
        cases=found.cases,
        listed=found.listed,
        quarter=days.quarter,
        median=days.median,
        three_quarters=days.three_quarters,
        before_onset=_estimate(found.share_before_onset),
    )


def _estimate(figure: Figure) -> Estimate | None:
    if figure.value is None or figure.low is None or figure.high is None:
        return None
    return Estimate(value=figure.value, low=figure.low, high=figure.high)


def _measured(evaluation: Evaluation) -> Measured | None:
    named = {one.name: one for one in evaluation.pooled.rankings}
    ours = evaluation.pooled.rankings[0]
    precision, recall = _estimate(ours.precision), _estimate(ours.recall)
    if precision is None or recall is None:
        return None
    best = named.get(evaluation.best_rule)
    return Measured(
        pupils=evaluation.pooled.pupils,
        precision=precision,
        recall=recall,
        rules=None if best is None else _estimate(best.precision),
        beats_rules=evaluation.beats_rules,
    )


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
        "measured": _measured(evaluation),
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
