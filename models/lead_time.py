"""Lead time: how long before a long absence a pupil was first on a list, and before a threshold would have told.

Counted in school days of the pupil's own school, from the Monday of the first list.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from data_contracts.frozen import Frozen
from models.calibration import Floats
from models.figures import Figure

EARLY = 15
"""School days before the report from which a signal counts as early: three weeks in which a conversation can still help."""


@dataclass(frozen=True)
class Case:
    """A pupil who came into the outcome within a period that was followed week by week.

    Parameters
    ----------
    school, pupil
        Who.
    onset, reached
        First day that counts towards the outcome, and the day on which it became true.
    listed
        Monday of the first list within the period that the pupil was on, not after `reached`; None if on none.
    thresholds
        Per threshold the day on which it was first reached, as far as known within the period.
    """

    school: str
    pupil: str
    onset: date
    reached: date
    listed: date | None
    thresholds: Mapping[str, date]


@dataclass(frozen=True)
class Threshold:
    """A threshold to compare with: id, Dutch words, and for how many pupils it spoke when the periods began."""

    name: str
    label: str
    spoke: int = 0


class Spread(Frozen):
    """Numbers of school days: how many there are, median, quartiles, and each of them (rising)."""

    count: int
    median: float | None
    quarter: float | None
    three_quarters: float | None
    days: tuple[int, ...]

    @classmethod
    def of(cls, days: Sequence[int]) -> "Spread":
        """Describe `days`."""
        if not days:
            return cls(count=0, median=None, quarter=None, three_quarters=None, days=())
        quarter, median, three = np.percentile(days, (25, 50, 75)).tolist()
        return cls(count=len(days), median=median, quarter=quarter, three_quarters=three, days=tuple(sorted(days)))


class Ahead(Frozen):
    """The list beside one threshold.

    Parameters
    ----------
    threshold, label
        Id and Dutch words.
    spoke
        Pupils for whom the threshold spoke at the start of the periods, cases or not: it knows no length of a list.
    reached
        Cases that reached the threshold within the period, or had before it.
    listed
        Of these, those on a list at all.
    before
        Of these (all that reached it), the share that was on a list before the threshold was reached.
    early
        The share that was on a list `EARLY` school days or more before.
    earlier
        School days from the list to the threshold; negative where the threshold came first.
    """

    threshold: str
    label: str
    spoke: int = 0
    reached: int
    listed: int
    before: Figure
    early: Figure
    earlier: Spread


class LeadTime(Frozen):
    """How early lists are.

    Parameters
    ----------
    periods
        First Mondays of the periods that were followed.
    weeks
        Lists that were made, per school.
    cases, listed
        New cases in these periods, and those on any list before the outcome was reached.
    share_listed, share_before_onset
        Of all cases: on a list before it was reached; and before the first day that counts.
    to_onset, to_reached
        School days from the first list to either day.
    ahead
        Beside each threshold.
    """

    periods: tuple[date, ...]
    weeks: int
    cases: int
    listed: int
    share_listed: Figure
    share_before_onset: Figure
    to_onset: Spread
    to_reached: Spread
    ahead: tuple[Ahead, ...]


def lead_time(
    cases: Sequence[Case],
    school_days: Mapping[str, Sequence[date]],
    *,
    thresholds: Sequence[Threshold],
    periods: Sequence[date],
    weeks: int,
    resamples: int = 300,
    seed: int = 1,
) -> LeadTime:
    """Count the school days between the first list and what came of it.

    Parameters
    ----------
    cases
        Every new case of the followed periods, listed or not.
    school_days
        Per school its school days, rising.
    thresholds
        What to compare with.
    periods, weeks
        See `LeadTime`.
    resamples, seed
        Of the bootstrap over pupils.
    """
    rng = np.random.default_rng(seed)
    pupils = {who: number for number, who in enumerate(sorted({(one.school, one.pupil) for one in cases}))}
    weights = rng.poisson(1.0, size=(resamples, len(pupils))).astype(np.float64)
    weights = np.vstack([np.ones(len(pupils)), weights])
    draws = weights[:, [pupils[one.school, one.pupil] for one in cases]]
    listed = [_days(school_days, one.school, one.listed, one.reached) for one in cases]
    before = [_days(school_days, one.school, one.listed, one.onset) for one in cases]
    return LeadTime(
        periods=tuple(periods),
        weeks=weeks,
        cases=len(cases),
        listed=sum(days is not None for days in listed),
        share_listed=_share([days is not None for days in listed], draws),
        share_before_onset=_share([days is not None and days > 0 for days in before], draws),
        to_onset=Spread.of([days for days in before if days is not None]),
        to_reached=Spread.of([days for days in listed if days is not None]),
        ahead=tuple(_ahead(threshold, cases, school_days, draws) for threshold in thresholds),
    )


def _ahead(
    threshold: Threshold, cases: Sequence[Case], school_days: Mapping[str, Sequence[date]], draws: Floats
) -> Ahead:
    name = threshold.name
    places = [place for place, one in enumerate(cases) if name in one.thresholds]
    told = [cases[place] for place in places]
    earlier = [_days(school_days, one.school, one.listed, one.thresholds[name]) for one in told]
    return Ahead(
        threshold=name,
        label=threshold.label,
        spoke=threshold.spoke,
        reached=len(told),
        listed=sum(days is not None for days in earlier),
        before=_share([days is not None and days > 0 for days in earlier], draws[:, places]),
        early=_share([days is not None and days >= EARLY for days in earlier], draws[:, places]),
        earlier=Spread.of([days for days in earlier if days is not None]),
    )


def _days(school_days: Mapping[str, Sequence[date]], school: str, start: date | None, end: date) -> int | None:
    """School days from `start` up to `end`; negative where `end` lies before."""
    if start is None:
        return None
    days = school_days.get(school, ())
    return bisect_left(days, end) - bisect_left(days, start)


def _share(which: Sequence[bool], draws: Floats) -> Figure:
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = (draws @ np.array(which, dtype=np.float64)) / draws.sum(axis=1)
    return Figure.of(float(shares[0]), shares[1:])
