"""Time, kept honest: at which dates we look, and what may be learned from at each of them.

An *origin* is an as-of date, always a Monday. Origins to learn from may lie closer together than a horizon is long;
those to evaluate on may not. For a model as it stood at a moment, only labels whose whole
horizon was over and known by then exist; the latest of these calibrate, earlier ones fit, and a fitted horizon never
reaches into the calibration period.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta

from data_contracts.errors import NotEnoughDataError, SettingsError
from features.calendar import AMSTERDAM, monday
from models.outcome import AbsentDays, Registered

LIST_TIME = time(6)
"""Local time on Monday from which a list is made: what was recorded before counts."""

SUMMER = timedelta(weeks=5)
"""Between two school weeks at least this far apart lies a summer holiday (six weeks; schools differ by a week)."""


@dataclass(frozen=True)
class Plan:
    """How origins are laid over the school weeks.

    Parameters
    ----------
    step_weeks
        School weeks between two origins to learn from. As many as the default horizon has: each stretch is seen once.
        Closer together costs time and brings little: it is mostly the same pupils again (docs/model.md).
    history_weeks
        School weeks that must lie before the first origin, or features would describe an empty past.
    settle_in_weeks
        School weeks at the start of a school year from which we do not look: groups and registers are still forming.
    calibration_origins
        Number of latest usable origins that calibrate.
    evaluation_origins
        Largest number of origins to evaluate on.
    minimum_fit_origins
        Fewest origins to fit on.
    """

    step_weeks: int = 8
    history_weeks: int = 8
    settle_in_weeks: int = 2
    calibration_origins: int = 2
    evaluation_origins: int = 4
    minimum_fit_origins: int = 2


def plan_for(outcome: AbsentDays | Registered) -> Plan:
    """Return the plan that the outcome's file asks for under ``[plan]``, and for the rest the usual one.

    Raises
    ------
    SettingsError
        It names something that a plan does not have.
    """
    names = [field.name for field in fields(Plan)]
    unknown = sorted(set(outcome.plan) - set(names))
    if unknown:
        detail = f"uitkomst '{outcome.name}': [plan] kent geen {', '.join(unknown)}"
        raise SettingsError(detail, remedy=f"Kies uit: {', '.join(names)}.")
    return Plan(**outcome.plan)


@dataclass(frozen=True)
class Split:
    """What may be learned from at `moment`.

    Parameters
    ----------
    moment
        Origin at which the model is put to use.
    fit, calibrate
        Origins to fit on and, all later, to calibrate on.
    """

    moment: date
    fit: tuple[date, ...]
    calibrate: tuple[date, ...]


def as_of(origin: date) -> datetime:
    """Moment (UTC) up to which things had to be recorded to be known at `origin`: 06:00 Dutch time."""
    return datetime.combine(origin, LIST_TIME, tzinfo=AMSTERDAM).astimezone(UTC)


def common_weeks(days: Sequence[tuple[str, date]]) -> list[date]:
    """Mondays of the weeks in which at least half of the schools then known have a school day.

    Parameters
    ----------
    days
        School and day of every school day; weeks may be given instead of days. A school is known from its first day to
        its last.
    """
    weeks: dict[str, set[date]] = {}
    for school, day in days:
        weeks.setdefault(school, set()).add(monday(day))
    spans = [(min(own), max(own)) for own in weeks.values()]
    every = sorted(set().union(*weeks.values()))
    return [
        week
        for week in every
        if 2 * sum(week in own for own in weeks.values()) >= sum(first <= week <= last for first, last in spans)
    ]


def calendar_weeks(days: Sequence[tuple[str, date]]) -> list[date]:
    """Mondays of every week from the first school day to the last, for outcomes whose horizon is in calendar days.

    Parameters
    ----------
    days
        See `common_weeks`.
    """
    weeks = sorted({monday(day) for _, day in days})
    return [weeks[0] + timedelta(weeks=n) for n in range((weeks[-1] - weeks[0]).days // 7 + 1)] if weeks else []


def known_from(weeks: Sequence[date], origin: date, outcome: AbsentDays | Registered) -> date | None:
    """First day on which the outcome seen from `origin` is known everywhere: its horizon over, and settled.

    None where `weeks` (Mondays of school weeks) do not reach to the end of the horizon.
    """
    end = _horizon_end(weeks, origin, outcome)
    return end + timedelta(days=outcome.settle_days + 1) if end is not None else None


def _horizon_end(weeks: Sequence[date], origin: date, outcome: AbsentDays | Registered) -> date | None:
    """Sunday that ends the last school week of the horizon, or its last calendar day."""
    if isinstance(outcome, Registered):
        return origin + timedelta(days=outcome.horizon_days - 1)
    ahead = [week for week in weeks if week >= origin]
    return ahead[outcome.horizon_weeks - 1] + timedelta(days=6) if len(ahead) >= outcome.horizon_weeks else None


def origins(weeks: Sequence[date], outcome: AbsentDays | Registered, *, until: date, plan: Plan) -> tuple[date, ...]:
    """Origins whose outcome is known by `until`: every `step_weeks`-th school week, counted back from the latest.

    The first `history_weeks` school weeks of all are left out, and the first `settle_in_weeks` of each school year.
    """
    settling = {week for start in _year_starts(weeks) for week in weeks[start : start + plan.settle_in_weeks]}
    late_enough = [week for week in weeks[plan.history_weeks :] if week not in settling]
    usable = [
        week for week in late_enough if (known := known_from(weeks, week, outcome)) is not None and known <= until
    ]
    return tuple(reversed(usable[:: -plan.step_weeks]))


def _year_starts(weeks: Sequence[date]) -> list[int]:
    """Places of the first school weeks after a summer holiday."""
    return [place for place in range(1, len(weeks)) if weeks[place] - weeks[place - 1] >= SUMMER]


def split(
    weeks: Sequence[date], candidates: Sequence[date], outcome: AbsentDays | Registered, *, moment: date, plan: Plan
) -> Split:
    """Divide the origins whose outcome was known at `moment` into those to fit on and those to calibrate on.

    Parameters
    ----------
    weeks, candidates
        Mondays of all school weeks; origins to choose from, rising.
    outcome
        Its horizon and settling time decide what was known.
    moment
        Day on which the model is put to use.
    plan
        See `Plan`.

    Raises
    ------
    NotEnoughDataError
        Fewer origins are usable than the plan needs.
    """
    known = {origin: known_from(weeks, origin, outcome) for origin in candidates}
    usable = [origin for origin in candidates if (day := known[origin]) is not None and day <= moment]
    calibrate = usable[-plan.calibration_origins :]
    fit = [origin for origin in usable if calibrate and _ends_before(weeks, origin, outcome, calibrate[0])]
    if len(calibrate) < plan.calibration_origins or len(fit) < plan.minimum_fit_origins:
        detail = (
            f"op {moment:%d-%m-%Y} zijn {len(usable)} peildata bruikbaar, waarvan {len(fit)} om van te leren; nodig zijn "
            f"er {plan.minimum_fit_origins} om van te leren en daarna {plan.calibration_origins} om te ijken"
        )
        raise NotEnoughDataError(detail, remedy="Lever meer schoolweken aan. Tot die tijd staan de lijsten op regels.")
    return Split(moment=moment, fit=tuple(fit), calibrate=tuple(calibrate))


def evaluation_origins(
    weeks: Sequence[date], candidates: Sequence[date], outcome: AbsentDays | Registered, *, plan: Plan
) -> tuple[date, ...]:
    """Latest of `candidates` whose horizons do not overlap, rising; at most as many as the plan asks for."""
    chosen: list[date] = []
    for origin in reversed(candidates):
        if len(chosen) < plan.evaluation_origins and (not chosen or _ends_before(weeks, origin, outcome, chosen[-1])):
            chosen.append(origin)
    return tuple(reversed(chosen))


def _ends_before(weeks: Sequence[date], origin: date, outcome: AbsentDays | Registered, day: date) -> bool:
    end = _horizon_end(weeks, origin, outcome)
    return end is not None and end < day
