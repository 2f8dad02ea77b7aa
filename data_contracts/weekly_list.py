"""The weekly list as it is published: immutable, and complete enough to be shown again years later."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from data_contracts.frozen import Frozen
from data_contracts.identifiers import PUPIL_PATTERN, SCHOOL_PATTERN
from data_contracts.quality import WeekQuality

Pseudonym = Annotated[str, StringConstraints(pattern=PUPIL_PATTERN)]


class Basis(StrEnum):
    """What a list stands on."""

    SCORECARD = "scorecard"
    RULES = "rules"


class Standing(StrEnum):
    """Whether a pupil can still be found early, or is away for long already."""

    CANDIDATE = "candidate"
    ALREADY_ABSENT = "already_absent"


class Since(StrEnum):
    """Compared with the list of the week before."""

    NEW = "new"
    STILL = "still"
    BACK = "back"


class Tier(StrEnum):
    """Likelihood in words: in beeld, aandacht, nu bespreken."""

    IN_VIEW = "in_view"
    ATTENTION = "attention"
    DISCUSS_NOW = "discuss_now"


class Certainty(StrEnum):
    """How much a score would differ had the model learned from other pupils like these: redelijk zeker, onzeker."""

    FAIR = "fair"
    LOW = "low"


class Direction(StrEnum):
    """Which way a contribution moves the score."""

    RAISES = "raises"
    LOWERS = "lowers"


class Contribution(Frozen):
    """What one feature adds to the log-odds, against the average pupil. Together with the baseline they *are* the score."""

    feature: str
    label: str
    value: float | None = Field(description="the feature's value; None is missing")
    log_odds: float


class Reason(Frozen):
    """A sentence in plain Dutch, with its dates and counts, and the contribution it speaks for."""

    features: tuple[str, ...]
    direction: Direction
    text: str
    log_odds: float


class RuleHit(Frozen):
    """A threshold that schools use today and that this pupil has reached.

    Parameters
    ----------
    rule, label, source
        Id of the rule, its Dutch name and where it comes from.
    statutory
        A legal duty, as against a method or a local agreement.
    value, threshold, unit
        What was counted, and from where the rule speaks.
    reached_on
        The day on which the threshold was reached.
    deadline
        For a duty: the last day to report.
    text
        One Dutch sentence.
    """

    rule: str
    label: str
    source: str
    statutory: bool
    value: float
    threshold: float
    unit: str
    reached_on: date
    deadline: date | None = None
    text: str


class CalendarDay(Frozen):
    """One school day on which something was registered (days without are not listed)."""

    day: date
    kind: str
    absent_minutes: int = Field(ge=0)
    scheduled_minutes: int = Field(ge=0)
    late: int = Field(default=0, ge=0)
    authorised: str


class AttendanceWeek(Frozen):
    """Attendance in one school week, of the pupil and of the group; None where nothing is known."""

    week: date
    pupil: float | None = Field(ge=0, le=1)
    group: float | None = Field(ge=0, le=1)


class Signal(Frozen):
    """One pupil on one list, in view for whatever reason: on the list, below the cut, or away for long.

    Parameters
    ----------
    enrolled_from
        First known day at this school: before it nothing is known, which is not the same as attendance.
    position
        Place in the order, from 1; None for pupils who are away for long already (not ordered).
    on_list
        Within the school's capacity this week.
    log_odds, probability, baseline, contributions
        The score and its exact parts: ``log_odds = baseline + sum(contributions)``. None or empty where the list
        stands on rules.
    tier, frequency
        The likelihood in words and as a natural frequency.
    certainty
        How sure the score is; None where the model cannot tell, and on lists of before it could.
    raising, lowering
        Sentences, strongest first, never mixed.
    since, order_note
        New, still or back since last week's list, and why the place changed.
    """

    pupil: Pseudonym
    group: str
    year_group: str | None
    enrolled_from: date | None = None
    standing: Standing
    position: int | None
    on_list: bool
    log_odds: float | None = None
    probability: float | None = Field(default=None, ge=0, le=1)
    baseline: float | None = None
    contributions: tuple[Contribution, ...] = ()
    tier: Tier | None = None
    certainty: Certainty | None = None
    frequency: str = ""
    raising: tuple[Reason, ...] = ()
    lowering: tuple[Reason, ...] = ()
    rule_hits: tuple[RuleHit, ...] = ()
    since: Since = Since.NEW
    order_note: str = ""
    attendance: tuple[AttendanceWeek, ...] = ()
    calendar: tuple[CalendarDay, ...] = ()
    notes: tuple[str, ...] = Field(default=(), description="what to bear in mind, such as a short history")


class DutyAlone(Frozen):
    """A legal duty about a pupil who objected to being listed: no signal, no score, nothing but the duty.

    An objection ends the profiling (GDPR, article 21), not what the law has the school report (Leerplichtwet, article 21a).
    """

    pupil: Pseudonym
    group: str
    year_group: str | None
    rule_hits: tuple[RuleHit, ...]
    calendar: tuple[CalendarDay, ...] = ()


class Gone(Frozen):
    """A pupil who was on last week's list and is not on this one, and why."""

    pupil: Pseudonym
    reason: str


class WeeklyList(Frozen):
    """One school's list for one week, as published.

    Parameters
    ----------
    school, school_name, sector
        Whose list.
    week
        Monday of the week in which it is discussed.
    as_of
        Moment up to which things had to be known to count (UTC).
    data_moment
        When the newest delivery behind it arrived; None where nothing was delivered.
    basis, basis_reason
        What it stands on, and if on rules: why.
    model_version
        Version of the scorecard; None for rules.
    capacity, pupils_considered, tie_rule
        Length of the list, size of the cohort, and how equal scores were ordered.
    provisional
        First weeks of the year, or thin data: to be read with care.
    notes
        What the reader must know (norm timetable, old data), in plain Dutch.
    school_days
        School days of the last twelve months up to `as_of`, for the calendar.
    duties_alone
        Legal duties about pupils who do not take part.
    """

    school: Annotated[str, StringConstraints(pattern=SCHOOL_PATTERN)]
    school_name: str
    sector: str
    week: date
    as_of: datetime
    data_moment: datetime | None
    basis: Basis
    basis_reason: str = ""
    model_version: str | None = None
    contract_version: str
    capacity: int = Field(ge=1)
    pupils_considered: int = Field(ge=0)
    provisional: bool = False
    tie_rule: str
    notes: tuple[str, ...] = ()
    quality: tuple[WeekQuality, ...] = ()
    school_days: tuple[date, ...] = ()
    signals: tuple[Signal, ...] = ()
    gone: tuple[Gone, ...] = ()
    duties_alone: tuple[DutyAlone, ...] = ()


class SealedName(Frozen):
    """One pupil's name, encrypted; it travels beside a list, never in it."""

    pupil: Pseudonym
    sealed: str
