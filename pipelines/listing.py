"""One school's weekly list from what was counted: order, cut, comparison with last week, and what the reader must know."""

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from importlib.resources import files
from typing import Any

from data_contracts.quality import Grade, WeekQuality
from data_contracts.school import SchoolSettings
from data_contracts.tables import CONTRACT_VERSION
from data_contracts.weekly_list import (
    AttendanceWeek,
    Basis,
    CalendarDay,
    DutyAlone,
    Gone,
    RuleHit,
    Signal,
    Since,
    Standing,
    WeeklyList,
)
from features.history import day_of
from features.words import day_text
from models.explain import Period, moved
from models.scored import ENOUGH, Scored, short_history, told

SETTINGS: Mapping[str, int] = tomllib.loads(files("pipelines").joinpath("weekly.toml").read_text(encoding="utf-8"))

TIE_RULE = (
    "Bij een gelijke score gaat voor: wie meer drempels heeft bereikt; dan wie in de laatste 4 lesweken meer lestijd "
    "miste; dan een loting die elke week anders uitvalt."
)
TIE_RULE_RULES = (
    "De volgorde is: het aantal bereikte drempels; dan de gemiste lestijd in de laatste 4 lesweken; dan een loting die "
    "elke week anders uitvalt. Wettelijke meldplichten staan apart bovenaan."
)


@dataclass(frozen=True)
class Candidate:
    """One enrolled pupil as counted this week.

    Parameters
    ----------
    row
        The pupil's row of `features.build.build`.
    hits, quiet
        Rules reached, in words; ids of those that bring nobody into view.
    already
        Whether the pupil is in the outcome already (away for long).
    scored
        None where the list stands on rules.
    """

    row: Mapping[str, Any]
    hits: tuple[RuleHit, ...]
    quiet: frozenset[str]
    already: bool
    scored: Scored | None = None

    @property
    def pupil(self) -> str:
        """The pupil's pseudonym."""
        return str(self.row["pupil"])

    @property
    def loud(self) -> int:
        """Number of rules reached that bring a pupil into view."""
        return len({hit.rule for hit in self.hits} - self.quiet)


@dataclass(frozen=True)
class Counted:
    """Everything counted for one school and week.

    Parameters
    ----------
    settings, week, as_of, data_moment
        Whose list, for which Monday, from what was known when, and when the newest delivery arrived.
    candidates
        All enrolled pupils.
    basis_reason
        Why the list stands on rules; empty where it stands on the scorecard.
    model_version, baseline, features
        Of the scorecard; None or empty for rules.
    weeks_known
        School weeks of this school year so far.
    on_norm
        No timetable of the school's own lately.
    learned_until
        Moment (UTC) up to which the scorecard learned.
    periods
        Words for the windows.
    spread
        Per pupil in view how far the models behind the scorecard lie apart (log-odds); empty where it cannot be told.
    quality, school_days, attendance, calendar
        The last weeks' quality; days for the calendar; per pupil attendance and registered days.
    before, earlier
        The list before, and who was on it and on those before that, newest first.
    alone
        Who objected and is enrolled, with the legal duties about them.
    """

    settings: SchoolSettings
    week: date
    as_of: datetime
    data_moment: datetime | None
    candidates: Sequence[Candidate]
    periods: Mapping[str, Period]
    basis_reason: str = ""
    model_version: str | None = None
    baseline: float | None = None
    features: tuple[str, ...] = ()
    weeks_known: int = 0
    on_norm: bool = False
    learned_until: datetime | None = None
    spread: Mapping[str, float] = field(default_factory=dict)
    quality: tuple[WeekQuality, ...] = ()
    school_days: tuple[date, ...] = ()
    attendance: Mapping[str, tuple[AttendanceWeek, ...]] = field(default_factory=dict)
    calendar: Mapping[str, tuple[CalendarDay, ...]] = field(default_factory=dict)
    before: WeeklyList | None = None
    earlier: Sequence[frozenset[str]] = ()
    alone: tuple[DutyAlone, ...] = ()

    @property
    def on_rules(self) -> bool:
        """Whether the list stands on rules alone."""
        return bool(self.basis_reason)


def weekly_list(counted: Counted) -> WeeklyList:
    """Order the pupils, cut at the school's capacity, and say for each why."""
    ordered = _in_order(counted)
    capacity = counted.settings.capacity
    signals = [
        _signal(counted, candidate, position=place)
        for place, candidate in enumerate(ordered, start=1)
        if place <= capacity + SETTINGS["below_the_cut"] or candidate.loud
    ]
    away = sorted((c for c in counted.candidates if c.already), key=lambda c: c.pupil)
    signals += [_signal(counted, candidate, position=None) for candidate in away]
    return WeeklyList(
        school=counted.settings.school,
        school_name=counted.settings.name,
        sector=counted.settings.sector,
        week=counted.week,
        as_of=counted.as_of,
        data_moment=counted.data_moment,
        basis=Basis.RULES if counted.on_rules else Basis.SCORECARD,
        basis_reason=counted.basis_reason,
        model_version=None if counted.on_rules else counted.model_version,
        contract_version=CONTRACT_VERSION,
        capacity=capacity,
        pupils_considered=len(counted.candidates),
        provisional=counted.weeks_known < ENOUGH["provisional_weeks"],
        tie_rule=TIE_RULE_RULES if counted.on_rules else TIE_RULE,
        notes=_notes(counted),
        quality=counted.quality,
        school_days=counted.school_days,
        signals=tuple(signals),
        gone=_gone(counted, signals, ordered),
        duties_alone=_duties_alone(counted),
    )


def _duties_alone(counted: Counted) -> tuple[DutyAlone, ...]:
    """Return what the law has the school report about who objected, with the days behind it."""
    days = counted.calendar
    due = (one for one in counted.alone if one.rule_hits)
    return tuple(one.model_copy(update={"calendar": days.get(one.pupil, ())}) for one in due)


def in_view(counted: Counted) -> set[str]:
    """Pupils that the list will show, for whom attendance and calendar are needed."""
    top = _in_order(counted)[: counted.settings.capacity + SETTINGS["below_the_cut"]]
    shown = {c.pupil for c in top} | {c.pupil for c in counted.candidates if c.loud or c.already}
    return shown | {one.pupil for one in counted.alone if one.rule_hits}


def _in_order(counted: Counted) -> list[Candidate]:
    """Candidates, most worth a conversation first; equal ones by the tie rule."""

    def place(candidate: Candidate) -> tuple[float, float, float, str]:
        lot = hashlib.sha256(f"{counted.week}:{candidate.pupil}".encode()).hexdigest()
        missed = -(candidate.row["absent_rate_4w"] or 0.0)
        if candidate.scored is not None:
            return (-candidate.scored.log_odds, -candidate.loud, missed, lot)
        # Not duties first: a list of duties alone found a third of the new cases (docs/model.md), and they stand apart.
        return (-candidate.loud, missed, 0.0, lot)

    return sorted((c for c in counted.candidates if not c.already), key=place)


def _signal(counted: Counted, candidate: Candidate, *, position: int | None) -> Signal:
    row, scored = candidate.row, None if position is None else candidate.scored
    before = _before(counted, candidate.pupil)
    spread = counted.spread.get(candidate.pupil)
    names, baseline = counted.features, counted.baseline
    words = told(row, counted.periods, scored, names=names, baseline=baseline, spread=spread)
    signal = Signal(
        pupil=candidate.pupil,
        group=row["group"],
        year_group=row["year_group"],
        enrolled_from=day_of(row["enrolled_from"]),
        standing=Standing.CANDIDATE if position is not None else Standing.ALREADY_ABSENT,
        position=position,
        on_list=position is not None and position <= counted.settings.capacity,
        rule_hits=candidate.hits,
        since=_since(counted, candidate.pupil),
        attendance=counted.attendance.get(candidate.pupil, ()),
        calendar=counted.calendar.get(candidate.pupil, ()),
        notes=short_history(row),
    )
    signal = signal.model_copy(update=vars(words))
    return signal.model_copy(update={"order_note": _order_note(counted, signal, before)})


def _before(counted: Counted, pupil: str) -> Signal | None:
    signals = counted.before.signals if counted.before is not None else ()
    return next((signal for signal in signals if signal.pupil == pupil), None)


def _since(counted: Counted, pupil: str) -> Since:
    """Still: also on the list before. Back: not on that one, but on one of those before it."""
    if counted.earlier and pupil in counted.earlier[0]:
        return Since.STILL
    return Since.BACK if any(pupil in on_list for on_list in counted.earlier[1:]) else Since.NEW


def _order_note(counted: Counted, now: Signal, before: Signal | None) -> str:
    if now.position is None or before is None or before.position is None or counted.before is None:
        return ""
    if now.position == before.position:
        return f"Plaats {now.position}, net als vorige keer."
    note = f"Van plaats {before.position} naar {now.position}"
    if counted.model_version != counted.before.model_version:
        return f"{note}: de lijst is met een ander model gemaakt dan de vorige."
    up = now.position < before.position
    if counted.on_rules:
        return f"{note}: {_moved_on_rules(now, before, up=up)}."
    moves = [words for words, move in moved(now, before) if (move > 0) == up][:2]
    return f"{note}: {' en '.join(moves)}." if moves else f"{note}: anderen schoven op."


def _moved_on_rules(now: Signal, before: Signal, *, up: bool) -> str:
    """Why a place on a list of rules changed: thresholds reached or no longer reached, or else missed time."""
    reached = {hit.rule: hit.label for hit in now.rule_hits}
    had = {hit.rule: hit.label for hit in before.rule_hits}
    changed = [label for rule, label in reached.items() if rule not in had]
    lapsed = [label for rule, label in had.items() if rule not in reached]
    if up and changed:
        return f"bereikt: {changed[0]}"
    if not up and lapsed:
        return f"niet meer bereikt: {lapsed[0]}"
    return "meer lestijd gemist dan anderen" if up else "anderen gaan voor"


def _gone(counted: Counted, signals: Sequence[Signal], ordered: Sequence[Candidate]) -> tuple[Gone, ...]:
    if counted.before is None:
        return ()
    now = {signal.pupil: signal for signal in signals}
    objected = {one.pupil for one in counted.alone}
    places = {candidate.pupil: place for place, candidate in enumerate(ordered, start=1)}
    gone = []
    for signal in counted.before.signals:
        if not signal.on_list or signal.pupil in objected or (signal.pupil in now and now[signal.pupil].on_list):
            continue
        if signal.pupil in places:
            reason = f"Het signaal is minder sterk dan dat van anderen: nu plaats {places[signal.pupil]}."
        elif signal.pupil in now:
            reason = "Nu langdurig afwezig: staat in het aparte deel van de lijst."
        else:
            reason = "Niet meer ingeschreven op deze school."
        gone.append(Gone(pupil=signal.pupil, reason=reason))
    return tuple(gone)


def _notes(counted: Counted) -> tuple[str, ...]:
    notes = []
    if counted.data_moment is None:
        notes.append("Er zijn nog geen gegevens van deze school binnen.")
    elif counted.as_of - counted.data_moment > timedelta(days=SETTINGS["old_after_days"]):
        arrived = day_text(counted.data_moment.date(), year=True)
        notes.append(f"De nieuwste levering is van {arrived}: wat daarna gebeurde is hier niet te zien.")
    if counted.weeks_known < ENOUGH["provisional_weeks"]:
        notes.append(f"Voorlopig: er zijn pas {counted.weeks_known} lesweken van dit schooljaar bekend.")
    if counted.on_norm:
        notes.append("De school levert geen rooster: lestijd is gerekend met een vaste norm per dag.")
    if not counted.on_rules and counted.learned_until is not None and counted.learned_until > counted.as_of:
        learned = day_text(counted.learned_until.date(), year=True)
        notes.append(f"Achteraf gemaakt: het model leerde van gegevens tot {learned}, dus ook van na deze week.")
    poor = [week for week in counted.quality if week.grade is Grade.POOR]
    if poor:
        weeks = ", ".join(day_text(week.week) for week in poor)
        notes.append(f"De registratie is onvoldoende in de week van {weeks}; zie de kwaliteit van de gegevens.")
    return tuple(notes)
