"""The page about the model that makes the lists, as it is published: complete, so that the service needs nothing else."""

from datetime import date, datetime
from typing import Literal

from data_contracts.frozen import Frozen


class Answer(Frozen):
    """One question of the gate, and its answer in Dutch."""

    label: str
    answer: Literal["pass", "fail", "unknown"]
    text: str


class Bar(Frozen):
    """New cases that one way to order found, with its 95 % interval where it is known."""

    label: str
    kind: str
    found: float
    low: float | None
    high: float | None


class Estimate(Frozen):
    """A measured value and its 95 % interval."""

    value: float
    low: float
    high: float


class Measured(Frozen):
    """What lists did at earlier dates, in shares (0 to 1): what a calculation of somebody's own may start from.

    Parameters
    ----------
    pupils
        Pupils who were ordered, at all dates together; `ModelPage.places` of them were listed.
    precision, recall
        Share of the listed pupils who became a case, and share of the cases that were listed.
    rules
        Precision of the best rules at the same length; None without rules to compare with.
    beats_rules
        Whether the model surely found more than those; None without.
    """

    pupils: int
    precision: Estimate
    recall: Estimate
    rules: Estimate | None = None
    beats_rules: bool | None = None


class Lead(Frozen):
    """How long before it was reached a case was first on a list made week by week.

    Parameters
    ----------
    cases, listed
        New cases that were followed, and those that were on a list at all.
    quarter, median, three_quarters
        Of those listed: school days from the first list to the day on which the outcome was reached.
    before_onset
        Share of all cases that was on a list before the first day that counts; None where it cannot be said.
    """

    cases: int
    listed: int
    quarter: float
    median: float
    three_quarters: float
    before_onset: Estimate | None = None


class Signed(Frozen):
    """One decision about which model makes the lists.

    Parameters
    ----------
    what
        In Dutch.
    version
        The scorecard it is about.
    """

    at: datetime
    what: str
    version: str
    by: str
    reason: str


class SchoolDrift(Frozen):
    """Whether a school's pupils or its recording have moved away from the other schools'.

    Parameters
    ----------
    verdict
        ``calm``, ``recording`` (what is registered changed), ``drift`` (scores moved), ``unknown``.
    text
        In Dutch; for ``recording`` and ``drift`` which features, since when.
    since
        Monday from which the change shows.
    """

    school: str
    name: str
    verdict: Literal["calm", "recording", "drift", "unknown"]
    text: str
    since: date | None = None


class Drift(Frozen):
    """What was found when looking for drift.

    Parameters
    ----------
    scorecard
        Version of the scorecard whose features and scores were followed.
    week
        Monday up to which was looked.
    headline
        What it comes to, in Dutch.
    moved
        Features whose distribution over all schools differs from that learned from, in Dutch.
    """

    scorecard: str
    week: date
    headline: str
    schools: tuple[SchoolDrift, ...]
    moved: tuple[str, ...] = ()


class ModelPage(Frozen):
    """Everything the page about the model shows.

    Parameters
    ----------
    scorecard
        The serving scorecard as JSON; None: lists stand on rules.
    reason
        Why lists stand on rules.
    since, by
        When the scorecard was put to use, and who signed.
    headline, cases, places, bars
        How the method did at earlier dates, at the length of the lists.
    measured, lead
        The same in shares, and how early lists were; None where that was not measured.
    answers
        What the gate said.
    challenger
        Version of a newer model that nobody signed for yet.
    decisions
        Newest first.
    drift
        None where nobody looked yet.
    """

    scorecard: str | None
    reason: str = ""
    since: datetime | None = None
    by: str = ""
    headline: str = ""
    cases: int = 0
    places: int = 0
    origins: tuple[date, ...] = ()
    bars: tuple[Bar, ...] = ()
    measured: Measured | None = None
    lead: Lead | None = None
    answers: tuple[Answer, ...] = ()
    challenger: str | None = None
    decisions: tuple[Signed, ...] = ()
    drift: Drift | None = None
