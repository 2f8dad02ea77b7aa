"""Live scores: facts that a program sends become features, exact scores, thresholds and sentences; nothing is kept.

The steps are those of the weekly run, so the same facts give the same number. What is compared is compared with the pupils
that were sent: they are the group, the year group and the school of the request.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
from sqlalchemy import select
from sqlalchemy.orm import Session

from data_contracts.column_types import TYPES
from data_contracts.errors import ModelError, NotEnoughDataError, SettingsError, UsageError
from data_contracts.model_page import ModelPage
from data_contracts.weekly_list import RuleHit
from features.build import build_from
from features.calendar import local_date, monday, school_days, school_year_start
from features.catalogue import CATALOGUE
from features.frames import at_once_if_few, collected
from features.history import History, history
from features.known import SUPERSEDED
from features.rules import rules_of
from features.tables import Tables
from features.thresholds import reached
from models.explain import SchoolWeek, periods_of, school_weeks
from models.scorecard import Scorecard
from models.scored import ENOUGH, Told, already_there, matrix, proved, short_history, told, too_little
from service.live.asked import Asked
from service.live.score_request import COLUMNS
from service.tables import ModelPageRow

COMPARING = tuple(entry.name for entry in CATALOGUE if entry.of in {"versus", "school"})
"""Features that look at other pupils too."""


@dataclass(frozen=True)
class Score:
    """One pupil's answer.

    Parameters
    ----------
    already
        Whether the pupil is away for long already: then there is no score, as on the weekly list.
    told
        The score, its parts and its sentences.
    hits
        Thresholds reached.
    notes
        What to bear in mind.
    """

    pupil: str
    already: bool
    told: Told
    hits: tuple[RuleHit, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Scores:
    """The answer to one request.

    Parameters
    ----------
    as_of, until
        The moment, and the first day that did not count.
    card
        What scored.
    scores
        Of the pupils enrolled on that day, by pseudonym.
    elsewhere
        Pupils who were sent but are not enrolled on that day.
    notes
        What to bear in mind about all of them.
    """

    as_of: datetime
    until: date
    card: Scorecard
    scores: tuple[Score, ...]
    elsewhere: tuple[str, ...]
    notes: tuple[str, ...]


def serving(session: Session) -> Scorecard:
    """Return the scorecard that makes the lists now, as it was published.

    Raises
    ------
    ModelError
        There is none.
    """
    newest = session.scalar(select(ModelPageRow.id).order_by(ModelPageRow.published_at.desc()).limit(1))
    card = None if newest is None else _card(session, newest)
    if card is None:
        detail = "er is geen scorekaart in gebruik, dus er valt niets te berekenen"
        raise ModelError(detail, remedy="Neem er een in gebruik met 'aanwezig promote', of gebruik de weeklijst.")
    return card


def _card(session: Session, page: str) -> Scorecard | None:
    """Return the scorecard of a page about the model, which never changes; a page is far more than its scorecard."""
    with suppress(KeyError):
        return _CARDS[page]
    document = session.scalars(select(ModelPageRow.document).where(ModelPageRow.id == page)).one()
    text = ModelPage.model_validate_json(document).scorecard
    card = None if text is None else Scorecard.from_json(text)
    _CARDS.clear()
    _CARDS[page] = card
    return card


_CARDS: dict[str, Scorecard | None] = {}
"""The newest card that was asked for, by its page."""


def scores(request: Asked, card: Scorecard, *, now: datetime) -> Scores:
    """Score the pupils of `request`.

    Parameters
    ----------
    now
        The present moment (UTC), for requests that name none.

    Raises
    ------
    UsageError
        The holidays of the school's region are not known for all its days.
    NotEnoughDataError
        Too few lesson weeks are known for a score.
    ModelError
        The scorecard asks features that are not counted here, or a score is not the sum of its parts.
    """
    as_of = (request.moment or now).astimezone(UTC)
    until = monday(local_date(as_of))
    tables = _tables(request, as_of, until=until)
    with at_once_if_few(tables.enrolments, tables.timetable, tables.absences):
        past = history(tables, as_of, until=until)
        weeks = school_weeks(past.school_days.to_native()).get(request.school.code, [])
        _refuse_too_little(weeks, until)
        rows = collected(build_from(past)).rows(named=True)
        return Scores(
            as_of=as_of,
            until=until,
            card=card,
            scores=_each(request, card, past, rows=_fit_to_compare(rows), weeks=weeks),
            elsewhere=tuple(sorted(request.pupils - {row["pupil"] for row in rows})),
            notes=_notes(len(rows)),
        )


def _each(
    request: Asked,
    card: Scorecard,
    past: History,
    *,
    rows: Sequence[Mapping[str, Any]],
    weeks: Sequence[SchoolWeek],
) -> tuple[Score, ...]:
    values = matrix(card, rows)
    scored = proved(card, card.score(values))
    spread = card.spread(values)
    spreads = [None] * len(rows) if spread is None else spread.tolist()
    hits = reached(past, {request.school.code: rules_of(request.school.regelsets, request.school.sector)})
    already = set(collected(already_there(past)).get_column("pupil").to_list())
    periods = periods_of(weeks, year=school_year_start(past.until))
    names, found = card.names, []
    for row, one, apart in zip(rows, scored, spreads, strict=True):
        pupil = row["pupil"]
        away = pupil in already
        words = told(row, periods, None if away else one, names=names, baseline=card.baseline, spread=apart)
        found.append(Score(pupil, away, words, hits.get((request.school.code, pupil), ()), short_history(row)))
    return tuple(found)


def _fit_to_compare(rows: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Leave unknown what compares pupils, where there are too few to be a school."""
    if len(rows) >= ENOUGH["fewest_pupils"]:
        return rows
    return [{**row, **dict.fromkeys(COMPARING)} for row in rows]


def _notes(pupils: int) -> tuple[str, ...]:
    if pupils >= ENOUGH["fewest_pupils"]:
        return (f"Klas, jaarlaag en school zijn hier de {pupils} meegestuurde leerlingen.",)
    few = f"Er zijn {pupils} leerlingen meegestuurd: te weinig om met klas, jaarlaag of school te vergelijken."
    return (
        f"{few} Die kenmerken gelden als onbekend; stuur hele groepen mee voor dezelfde score als op de weeklijst.",
    )


def _refuse_too_little(weeks: Sequence[SchoolWeek], until: date) -> None:
    year = school_year_start(until)
    if little := too_little(weeks=len(weeks), this_year=sum(first >= year for _, first, _ in weeks)):
        remedy = (
            "Stuur het rooster en het verzuim mee vanaf het begin van het vorige schooljaar, of wacht enkele weken."
        )
        raise NotEnoughDataError(little, remedy=remedy)


def _tables(request: Asked, as_of: datetime, *, until: date) -> Tables:
    lessons = _facts(request, "rooster", as_of)
    if not request.tables["weekrooster"].is_empty():
        lessons = pl.concat([lessons, _week_by_week(request, as_of, until=until).select(lessons.columns)])
    return Tables(
        enrolments=_versions(_facts(request, "inschrijvingen", as_of)),
        timetable=_versions(lessons),
        absences=_versions(_facts(request, "verzuim", as_of)),
    )


def _facts(request: Asked, name: str, as_of: datetime) -> pl.DataFrame:
    """Return rows as facts: one without a record is a fact of its own, one without a moment is known at `as_of`.

    Whoever asks may call a record anything, also what we call one: theirs have a sign before them, and ours have not.
    """
    theirs = pl.format("={}", pl.col("record"))
    of_its_own = pl.format("{}:{}", pl.lit(name), pl.int_range(pl.len()))
    return request.tables[name].with_columns(
        pl.lit(request.school.code).alias("school"),
        theirs.fill_null(of_its_own).alias("record"),
        pl.col("recorded_at").fill_null(as_of),
    )


def _versions(frame: pl.DataFrame) -> pl.DataFrame:
    """Return rows as versions of facts; where nothing was corrected, nobody need look for corrections."""
    if frame.get_column("record").n_unique() == len(frame):
        return frame.with_columns(pl.lit(None, dtype=TYPES["datetime"]).alias(SUPERSEDED))
    return frame


def _week_by_week(request: Asked, as_of: datetime, *, until: date) -> pl.DataFrame:
    """Lay a weekly timetable on the school days of the region: each day of each row is a fact of its own."""
    days = pl.DataFrame({"date": pl.Series(_days(request, until=until), dtype=pl.Date())}).with_columns(
        weekday=pl.col("date").dt.weekday().cast(pl.Int64)
    )
    every = request.tables["weekrooster"].with_row_index("_place")
    ended = pl.col("valid_to").is_null() | (pl.col("date") <= pl.col("valid_to"))
    lessons = every.join(days, on="weekday", how="inner").filter((pl.col("date") >= pl.col("valid_from")) & ended)
    return lessons.with_columns(
        pl.lit(request.school.code).alias("school"),
        pl.format("week:{}:{}", "_place", "date").alias("record"),
        pl.lit(as_of, dtype=TYPES["datetime"]).alias("recorded_at"),
        *(pl.lit(column.default).alias(column.name) for column in COLUMNS["rooster"] if column.default is not None),
    )


def _days(request: Asked, *, until: date) -> list[date]:
    """School days on which a weekly timetable is taught, as far back as a history looks."""
    start = school_year_start(school_year_start(until) - timedelta(days=1))
    first = max(start, min(request.tables["weekrooster"].get_column("valid_from").unique()))
    try:
        return school_days(request.school.regio, first, until - timedelta(days=1), request.school.lesvrij)
    except SettingsError as error:
        raise UsageError(error.detail, remedy="Stuur voor deze periode een rooster per dag.") from None
