"""Merge scorecards that were learned apart, from files: what came in is checked, what goes out is a scorecard.

A merged scorecard was learned from pupils of others too, so each party judges it at home. What it was learned from reaches
into the weeks that can be looked back at; so at each earlier date not the scorecard itself is judged, but the merge of what
each party had learned by then. It then goes before the gate like any other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from data_contracts.errors import ModelError, NotEnoughDataError, StorageError, UsageError
from data_contracts.files import write_whole
from data_contracts.frozen import Frozen
from models.figures import Evaluation
from models.merge import merge as merged
from models.outcome import LISTED, read_outcome
from models.scorecard import Part, Scorecard
from models.serving import propose
from models.splits import Plan, as_of, evaluation_origins, plan_for
from pipelines.backtest import judged, look_back_with
from pipelines.fitting import Progress, panel_at, silent
from pipelines.home import Home
from pipelines.panels import survey
from pipelines.recording import record
from pipelines.tested import Training, keep, of_the_champion

_REMEDY = "Geef van elke partij de map 'to_merge' die 'aanwezig train' naast het model schrijft."
_ELSEWHERE = "Kies met --out een nieuw bestand."
PROMOTE = "Dit model maakt nog geen lijsten. Laat het keuren en teken ervoor: aanwezig promote --by NAAM"


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
    evaluation
        How merging did on earlier dates of this installation; None where that was not asked for.
    skipped
        Dates at which a party had no scorecard yet.
    """

    scorecard: str
    outcome: str
    file: str
    rows: int
    events: int
    pupils_with_outcome: int
    parts: tuple[Part, ...]
    evaluation: Evaluation | None = None
    skipped: tuple[date, ...] = ()


@dataclass(frozen=True)
class Party:
    """The scorecard of one party, and those that it had learned at earlier dates, oldest first."""

    card: Scorecard
    earlier: tuple[Scorecard, ...] = ()

    def at(self, origin: date) -> Scorecard | None:
        """Return the newest of the earlier ones that was learned from nothing later than `origin`; None: there was none."""
        then = [card for card in self.earlier if card.data_moment <= as_of(origin)]
        return then[-1] if then else None


def merge(
    paths: Sequence[Path],
    *,
    out: Path,
    home: Home | None = None,
    plan: Plan | None = None,
    progress: Progress | None = None,
) -> Merged:
    """Merge the scorecards in `paths` and write the result to `out`.

    Parameters
    ----------
    paths
        For each party a file, or a folder with its scorecards: the newest is merged, the others are of earlier dates.
    home
        Where to judge the result on earlier dates and make it the challenger; None: it is only written.
    plan
        How those dates are laid.
    progress
        Told a Dutch description, how far, of how much.

    Raises
    ------
    ModelError
        A file is no scorecard or was changed, or the cards do not speak of the same things.
    StorageError
        `out` exists already or cannot be written.
    UsageError, NotEnoughDataError
        It cannot be judged here: it is about another outcome than the lists, or parties gave no earlier scorecards.
    """
    if out.exists():
        detail = f"{out} is niet te schrijven: het bestaat al"
        raise StorageError(detail, remedy=_ELSEWHERE)
    parties = [_party(path) for path in paths]
    card = merged([party.card for party in parties])
    evaluation: Evaluation | None = None
    skipped: tuple[date, ...] = ()
    if home is not None:
        evaluation, skipped = _judged_at_home(home, card, parties, plan=plan, say=progress or silent)
    write_whole(out, lambda fresh: fresh.write_text(card.to_json(), encoding="utf-8"), remedy=_ELSEWHERE)
    return Merged(
        scorecard=card.version,
        outcome=card.target.name,
        file=str(out),
        rows=card.rows,
        events=card.events,
        pupils_with_outcome=card.pupils_with_outcome,
        parts=card.parts,
        evaluation=evaluation,
        skipped=skipped,
    )


def _judged_at_home(
    home: Home, card: Scorecard, parties: Sequence[Party], *, plan: Plan | None, say: Progress
) -> tuple[Evaluation, tuple[date, ...]]:
    """Judge merging on this installation's earlier dates, and make `card` its challenger."""
    if card.target.name != LISTED:
        detail = f"deze scorekaarten gaan over '{card.target.name}', en de lijsten over '{LISTED}'"
        raise UsageError(detail, remedy="Laat --judge weg: dan wordt de kaart alleen geschreven.")
    outcome = read_outcome(LISTED)
    plan = plan or plan_for(outcome)
    say("Gegevens lezen", 0, 1)
    ground = survey(home, outcome, until=None, plan=plan)
    tests = evaluation_origins(ground.weeks, ground.origins, outcome, plan=plan)
    wanted = sorted({*tests, *of_the_champion(home, ground)})
    cards, skipped = _merged_then(parties, wanted)
    dates = sorted(cards)
    panel = panel_at(replace(ground, origins=tuple(dates)), dates, plan=plan, say=say)
    looked = look_back_with(ground, panel, cards)
    own = replace(looked, frame=looked.frame.filter(looked.frame["origin"].is_in(tests)))
    evaluation = judged(ground, own)
    # It stands for no other model than itself, so there is nothing that it could differ from.
    keep(home.papers(card.version), Training(largest_gap=0.0), frame=looked.frame, evaluation=evaluation)
    say("Vastleggen in MLflow", 0, 1)
    params: dict[str, str | int | float] = {
        "merged": ", ".join(part.version for part in card.parts),
        "features": len(card.shapes),
    }
    record(home, card, evaluation, largest_gap=0.0, params=params)
    propose(home.scorecards, card)
    return evaluation, skipped


def _merged_then(parties: Sequence[Party], wanted: Sequence[date]) -> tuple[dict[date, Scorecard], tuple[date, ...]]:
    """Merge, for each date, what every party had learned by then; and say at which dates one had nothing yet."""
    cards: dict[date, Scorecard] = {}
    for origin in wanted:
        known = [card for party in parties if (card := party.at(origin)) is not None]
        if len(known) == len(parties):
            cards[origin] = merged(known)
    if not cards:
        detail = "op geen enkele eerdere peildatum had elke partij al een scorekaart, dus er valt niets te beoordelen"
        raise NotEnoughDataError(detail, remedy=_REMEDY)
    return cards, tuple(origin for origin in wanted if origin not in cards)


def _party(path: Path) -> Party:
    """Read one party's scorecards, from a file or from a folder of them."""
    if not path.is_dir():
        return Party(_read(path))
    cards = sorted((_read(file) for file in sorted(path.glob("*.json"))), key=lambda card: card.data_moment)
    if not cards:
        detail = f"in {path} staat geen enkele scorekaart"
        raise ModelError(detail, remedy=_REMEDY)
    return Party(cards[-1], tuple(cards[:-1]))


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
    if result.evaluation is not None:
        dates = len(result.evaluation.origins)
        words_for = "eerdere peildatum" if dates == 1 else "eerdere peildata"
        lines += [f"Op {dates} {words_for}: {result.evaluation.headline}", PROMOTE]
    lines += [
        f"Overgeslagen: {origin:%d-%m-%Y}, toen had niet elke partij een scorekaart." for origin in result.skipped
    ]
    return "\n".join(lines)
