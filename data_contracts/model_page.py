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
    answers: tuple[Answer, ...] = ()
    challenger: str | None = None
    decisions: tuple[Signed, ...] = ()
    drift: Drift | None = None
