"""Put a model to use, with the gate's ruling and a person's name; take it out of use with one command."""

import re
from datetime import UTC, datetime

from data_contracts.errors import ModelError, NotFoundError, StorageError, UsageError
from data_contracts.frozen import Frozen
from features.catalogue import CATALOGUE_VERSION
from models.gate import Check, Contender, judge
from models.outcome import LISTED
from models.scorecard import Scorecard
from models.serving import Decision, challenger, champion, decide, decisions, scorecard, serving
from pipelines.home import Home
from pipelines.lake import Lake
from pipelines.locks import locked
from pipelines.model_page import publish_page
from pipelines.tested import largest_gap
from pipelines.trained import trained

NOBODY = frozenset({"anoniem", "anonymous", "niemand", "onbekend", "iemand", "systeem", "system", "root", "admin"})
_BUSY = "er wordt op dit moment al over een model besloten"
_RULES = "geen: de lijsten volgen de drempels"


class Decided(Frozen):
    """What was decided about the model that makes the lists.

    Parameters
    ----------
    outcome
        In Dutch.
    scorecard, by, at
        Which model, who, when (UTC).
    serves
        Version that makes the lists from now on, in words where there is none.
    checks
        What the gate said; empty for a rollback.
    next_step
        What to do now.
    record
        What could not be written in MLflow; empty where all was.
    """

    passed: bool
    outcome: str
    scorecard: str
    by: str
    at: datetime
    serves: str
    checks: tuple[Check, ...] = ()
    next_step: str
    record: str = ""


def promote(home: Home, *, by: str, version: str | None = None, now: datetime | None = None) -> Decided:
    """Ask the gate about a model and, where it passes, put it to use in the name of `by`. Either way it is recorded.

    Parameters
    ----------
    by
        The person who signs.
    version
        Version of the scorecard; the challenger where left out.
    now
        The moment of the decision (UTC).

    Raises
    ------
    UsageError
        No name of a person was given; the model serves already, or is about another outcome than the lists.
    NotFoundError, ModelError
        There is no such model; it was made for other features.
    """
    person = _person(by)
    with locked(home, "model", busy=_BUSY):
        before = champion(home.scorecards)
        card = _candidate(home, version, before)
        capacity = {school: one.capacity for school, one in Lake(home).all_settings().items()}
        rival = None if before is None else _contender(home, before)
        ruling = judge(_contender(home, card), rival, capacity=capacity)
        stays = None if before is None else before.version
        decision = Decision(
            at=now or datetime.now(UTC),
            what="promoted" if ruling.passed else "refused",
            version=card.version,
            serves=card.version if ruling.passed else stays,
            by=person,
            ruling=ruling,
        )
        decide(home.scorecards, decision)
        record = _mirrored(home, decision)
        publish_page(home)
    return Decided(
        passed=ruling.passed,
        outcome=f"Model {card.version} is {'in gebruik genomen' if ruling.passed else 'niet goedgekeurd'}.",
        scorecard=card.version,
        by=person,
        at=decision.at,
        serves=decision.serves or _RULES,
        checks=ruling.checks,
        next_step=(
            "Maak de lijsten van deze week opnieuw: aanwezig weekly. Terug kan altijd: aanwezig rollback --by NAAM"
            if ruling.passed
            else "Er is niets veranderd. Los op wat niet gehaald is en train opnieuw: aanwezig train"
        ),
        record=record,
    )


def rollback(home: Home, *, by: str, reason: str = "", now: datetime | None = None) -> Decided:
    """Take the serving model out of use in the name of `by`: the one before it serves again, or rules do.

    Raises
    ------
    UsageError
        No name of a person was given.
    NotFoundError
        No model serves.
    """
    person = _person(by)
    with locked(home, "model", busy=_BUSY):
        taken = decisions(home.scorecards)
        version = serving(taken)
        if version is None:
            detail = "er is geen model in gebruik: de lijsten volgen de drempels al"
            raise NotFoundError(detail, remedy="Kijk met 'aanwezig status' hoe het ervoor staat.")
        moment = now or datetime.now(UTC)
        draft = Decision(at=moment, what="rolled_back", version=version, serves=None, by=person, reason=reason.strip())
        restored = serving([*taken, draft])
        if restored is not None:
            scorecard(home.scorecards, restored)  # refuse before anything changes if it cannot be read
        decision = draft.model_copy(update={"serves": restored})
        decide(home.scorecards, decision)
        record = _mirrored(home, decision)
        publish_page(home)
    return Decided(
        passed=True,
        outcome=f"Model {version} is uit gebruik genomen.",
        scorecard=version,
        by=person,
        at=moment,
        serves=restored or _RULES,
        next_step="Maak de lijsten van deze week opnieuw: aanwezig weekly",
        record=record,
    )


def _person(by: str) -> str:
    """Return a name to hold somebody to, without white space around it."""
    name = " ".join(by.split())
    if len(re.findall(r"[^\W\d_]", name)) < 2 or name.lower() in NOBODY:  # noqa: PLR2004 - letters
        detail = f"'{name}' is geen naam van een persoon"
        raise UsageError(detail, remedy="Zet uw eigen naam eronder: --by 'Voornaam Achternaam'.")
    return name


def _candidate(home: Home, version: str | None, before: Scorecard | None) -> Scorecard:
    card = challenger(home.scorecards) if version is None else scorecard(home.scorecards, version)
    if card is None:
        detail = "er is geen nieuw model om te keuren"
        raise NotFoundError(detail, remedy="Train er eerst een: aanwezig train")
    if before is not None and card.version == before.version:
        detail = f"model {card.version} is al in gebruik"
        raise UsageError(detail, remedy="Kies een ander model met --version, of train opnieuw.")
    if card.target.name != LISTED:
        detail = f"model {card.version} gaat over '{card.target.name}', en de lijsten over '{LISTED}'"
        raise UsageError(detail, remedy="Kies een ander model met --version.")
    if card.catalogue_version != CATALOGUE_VERSION:
        detail = f"model {card.version} is geleerd op een andere uitgave van de kenmerken"
        raise ModelError(detail, remedy="Train opnieuw: aanwezig train")
    return card


def _contender(home: Home, card: Scorecard) -> Contender:
    kept = trained(home, card.version)
    return Contender(
        card=card,
        frame=kept.backtest,
        evaluation=kept.evaluation,
        audit=kept.audit,
        largest_gap=largest_gap(home, card.version),
    )


def _mirrored(home: Home, decision: Decision) -> str:
    """Say the same in MLflow. A record that does not answer stops no decision: the next one mends it."""
    from models.registry import Alias, mirror  # noqa: PLC0415 - MLflow takes seconds to load

    newer = challenger(home.scorecards)
    aliases: dict[Alias, str | None] = {
        "champion": serving(decisions(home.scorecards)),
        "challenger": None if newer is None else newer.version,
    }
    tags = {f"{decision.what}_by": decision.by, f"{decision.what}_at": decision.at.isoformat()}
    if decision.reason:
        tags[f"{decision.what}_reason"] = decision.reason
    if decision.ruling is not None:
        tags["gate"] = ", ".join(f"{check.name}: {check.answer}" for check in decision.ruling.checks)
    try:
        mirror(home.mlflow_uri, LISTED, aliases, {decision.version: tags})
    except StorageError as error:
        return f"Het besluit geldt, maar staat nog niet in MLflow: {error.detail}"
    return ""
