"""Reproduce a published score from stored data and the scorecard of its list, bit for bit, with its parts and sentences."""

import re
from datetime import date, datetime

import polars as pl
from pydantic import BaseModel, ConfigDict

from data_contracts.errors import NotFoundError, UsageError
from data_contracts.identifiers import PUPIL_PATTERN
from data_contracts.weekly_list import Basis, Contribution, Signal, WeeklyList
from features.calendar import monday
from models.explain import moved_by_feature
from models.serving import scorecard
from pipelines.counting import count
from pipelines.home import Home
from pipelines.keys import Keys
from pipelines.lake import Lake
from pipelines.listing import weekly_list
from pipelines.objections import objected
from pipelines.publishing import open_database, previous, published
from pipelines.weekly import gathered

_NUMBERS = ("baseline", "log_odds", "probability", "contributions", "position")
_WORDS = ("raising", "lowering", "tier", "certainty", "frequency")
_OTHER = "Kies met --school uit: {schools}."


class Move(BaseModel):
    """How far one feature moved a score since the list before (log-odds)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    feature: str
    label: str
    log_odds: float


class Explained(BaseModel):
    """A published score, made again.

    Parameters
    ----------
    school, week, edition, pupil
        Of which list (the edition published last, unless another was asked for), and whose.
    scorecard
        Version of the scorecard that the list was made with.
    baseline, contributions, log_odds, probability
        The score and its parts as made again (log-odds; 0..1).
    position, on_list
        Place in the order, and whether that is on the list.
    raising, lowering
        Sentences, strongest first.
    before, moved
        Monday of the school's list before, and what moved the score since then, largest first: together the whole
        difference of the two scores. None and empty where the pupil had no score of the same model on it.
    equal
        Whether every number is the published one, to the last bit.
    words_equal
        Whether the sentences are the published ones too: they change where our wording does.
    differences
        What is not equal, in Dutch.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    school: str
    week: date
    edition: int
    pupil: str
    scorecard: str
    baseline: float
    contributions: tuple[Contribution, ...]
    log_odds: float
    probability: float
    position: int
    on_list: bool
    raising: tuple[str, ...]
    lowering: tuple[str, ...]
    before: date | None = None
    moved: tuple[Move, ...] = ()
    equal: bool
    words_equal: bool
    differences: tuple[str, ...]


def explain(home: Home, *, pupil: str, week: date, school: str | None = None, edition: int | None = None) -> Explained:
    """Make the score of `pupil` on the published list of `week` again, and compare it with what was published.

    Parameters
    ----------
    pupil
        The pupil's number as the school knows it, or the pseudonym.
    week
        Monday of the list.
    school, edition
        Where the pupil is on several lists; which edition, by default the newest.

    Raises
    ------
    UsageError
        `week` is no Monday, or the pupil is on lists of several schools.
    NotFoundError
        Nothing was published of this pupil in that week, or no score.
    ModelError
        The scorecard of that list is gone or damaged.
    """
    if week != monday(week):
        detail = f"{week} is geen maandag"
        raise UsageError(detail, remedy=f"Een week heet naar haar maandag: {monday(week)}.")
    number, since, made, shown = _published(home, pupil, week, school, edition)
    if shown.log_odds is None or made.model_version is None:
        detail = f"van deze leerling is in de week van {week} geen score gepubliceerd"
        why = made.basis_reason if made.basis is Basis.RULES else "Deze leerling was al langdurig afwezig."
        raise NotFoundError(detail, remedy=why)
    again = _again(home, made, shown.pupil, since)
    before, moved = _moved(home, made, shown)
    differences = tuple(
        f"{name}: gepubliceerd {_told(shown, name)}, nu {_told(again, name)}"
        for name in _unequal(again, shown, _NUMBERS)
    )
    return Explained(
        school=made.school,
        week=week,
        edition=number,
        pupil=shown.pupil,
        scorecard=made.model_version,
        baseline=again.baseline or 0.0,
        contributions=again.contributions,
        log_odds=again.log_odds if again.log_odds is not None else float("nan"),
        probability=again.probability or 0.0,
        position=again.position or 0,
        on_list=again.on_list,
        raising=tuple(reason.text for reason in again.raising),
        lowering=tuple(reason.text for reason in again.lowering),
        before=before,
        moved=moved,
        equal=not differences,
        words_equal=not _unequal(again, shown, _WORDS),
        differences=differences,
    )


def _published(
    home: Home, pupil: str, week: date, school: str | None, edition: int | None
) -> tuple[int, datetime, WeeklyList, Signal]:
    """Return the edition that was asked for, since when it stands, its list, and the pupil's signal on it."""
    pseudonyms = _pseudonyms(home, pupil, school)
    database = open_database(home.database_url)
    lists = published(database, week=week, school=school)
    database.dispose()
    found = [
        (number, since, made, signal)
        for number, since, made in lists
        if edition in (None, number)
        for signal in made.signals
        if signal.pupil == pseudonyms.get(made.school)
    ]
    schools = sorted({made.school for _, _, made, _ in found})
    if len(schools) > 1:
        detail = "deze leerling staat in die week op lijsten van verschillende scholen"
        raise UsageError(detail, remedy=_OTHER.format(schools=", ".join(schools)))
    if not found:
        detail = f"van deze leerling is in de week van {week} niets gepubliceerd"
        raise NotFoundError(detail, remedy="Alleen wie op of net onder een lijst stond is na te rekenen.")
    return found[0]


def _pseudonyms(home: Home, pupil: str, school: str | None) -> dict[str, str]:
    """Pseudonym of the pupil by school: numbers mean another pupil in each, unless schools share them."""
    lake = Lake(home)
    schools = lake.all_settings()
    if school is not None and school not in schools:
        detail = f"school {school} is hier niet bekend"
        raise NotFoundError(detail, remedy=_OTHER.format(schools=", ".join(sorted(schools)) or "-"))
    chosen = {school: schools[school]} if school is not None else schools
    if re.fullmatch(PUPIL_PATTERN, pupil):
        return dict.fromkeys(chosen, pupil)
    keys = Keys.of(home)
    numbers = pl.Series([pupil], dtype=pl.String)
    scopes = {
        name: name if one.pupil_number_scope == "school" else one.pupil_number_scope for name, one in chosen.items()
    }
    return {name: keys.pseudonyms(numbers, scope).item() or "" for name, scope in scopes.items()}


def _again(home: Home, made: WeeklyList, pupil: str, since: datetime) -> Signal:
    """Make the school's list again with its own scorecard, from what was known at its moment, of who took part then."""
    card = scorecard(home.scorecards, made.model_version or "")
    counting = count(
        home,
        [made.school],
        week=made.week,
        as_of=made.as_of,
        scorecard=card,
        objected=objected(home, schools=[made.school], at=since),
    )
    database = open_database(home.database_url)
    anew = weekly_list(gathered(counting, Lake(home), made.school, week=made.week, database=database))
    database.dispose()
    found = next((signal for signal in anew.signals if signal.pupil == pupil and signal.log_odds is not None), None)
    if found is None:
        detail = "deze leerling krijgt uit de opgeslagen gegevens geen score meer"
        raise NotFoundError(detail, remedy="Er is iets aan de opslag of aan de instellingen van de school veranderd.")
    return found


def _moved(home: Home, made: WeeklyList, shown: Signal) -> tuple[date | None, tuple[Move, ...]]:
    """What moved the published score since the school's list before, and of which Monday that was."""
    database = open_database(home.database_url)
    earlier = previous(database, school=made.school, before=made.week)
    database.dispose()
    if earlier is None or earlier.model_version != made.model_version:
        return None, ()
    then = next((one for one in earlier.signals if one.pupil == shown.pupil and one.log_odds is not None), None)
    if then is None:
        return None, ()
    labels = {part.feature: part.label for part in shown.contributions}
    moves = (Move(feature=name, label=labels[name], log_odds=move) for name, move in moved_by_feature(shown, then))
    return earlier.week, tuple(moves)


def _unequal(again: Signal, shown: Signal, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if getattr(again, name) != getattr(shown, name)]


def _told(signal: Signal, name: str) -> str:
    if name != "contributions":
        return repr(getattr(signal, name))
    return repr(sum(part.log_odds for part in signal.contributions))
