"""A stepped wedge over schools: the order by lot, and the analysis that docs/pilot.md prescribes.

Works on counts per school and period alone: no row about a pupil is needed. `benchmarks.pilot_power` tries it on
simulated counts; at the end of a pilot the same functions take the real ones.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEVEL = 0.05  # two-sided
_CLOSE, _ROUNDS = 1e-9, 200
_ROUNDS_OF_RATIO = 100  # each leaves less than four fifths of the error
_LONGEST_STEP = 0.5  # of the log of the ratio, in one round
_RATIOS = np.exp(np.linspace(-2.0, 2.0, 401))  # steps of 1 %, from a seventh of the cases to seven times as many
_SAME = 1e-9  # orders that give the same statistic, but for rounding


@dataclass(frozen=True)
class Wedge:
    """Which schools get the lists when.

    Parameters
    ----------
    strata
        Number of schools in each stratum (a sector, say). The lot is drawn within a stratum, and each has periods of
        its own. Schools are in the order of the strata.
    starts
        First period (from 0) with lists, for each step. A start that is no period means: after the trial.
    periods
        Number of periods, those before the trial of which there are records included.
    first
        What a school's first period with lists counts for (0..1): habits take time.
    """

    strata: tuple[int, ...]
    starts: tuple[int, ...]
    periods: int
    first: float = 0.5

    @property
    def schools(self) -> int:
        """Number of schools."""
        return sum(self.strata)

    @property
    def exposed(self) -> Floats:
        """0 where a step has no lists in a period, `first` where they are new, then 1; shape (steps, periods)."""
        since = np.arange(self.periods) - np.array(self.starts)[:, None]
        return np.select([since < 0, since == 0], [0.0, self.first], 1.0)

    def parts(self) -> list[slice]:
        """Where each stratum's schools are."""
        ends = np.cumsum(self.strata).tolist()
        return [slice(end - size, end) for size, end in zip(self.strata, ends, strict=True)]

    def orders(self, rng: np.random.Generator, count: int) -> Ints:
        """Draw `count` orders: the step of each school, as even as can be within a stratum; shape (count, schools)."""
        even = [np.resize(np.arange(len(self.starts)), size) for size in self.strata]
        return np.hstack([rng.permuted(np.tile(steps, (count, 1)), axis=1) for steps in even])


def expected(counts: Floats, at_risk: Floats) -> Floats:
    """Return the cases to expect if lists did nothing: Poisson regression on school and period alone.

    Parameters
    ----------
    counts, at_risk
        New cases, and what they are in proportion to (pupils); shape (..., schools, periods), of one stratum.

    Returns
    -------
    Floats
        Fitted counts, found by scaling rows and columns in turn until they add up to the observed ones. That is the
        maximum likelihood fit.
    """
    fitted = np.broadcast_to(at_risk, counts.shape).astype(np.float64)
    for _ in range(_ROUNDS):
        fitted *= _factor(counts.sum(-1), fitted.sum(-1))[..., None]
        by_period = _factor(counts.sum(-2), fitted.sum(-2))[..., None, :]
        fitted *= by_period
        if np.abs(by_period - 1).max() < _CLOSE:
            break
    return fitted


def p_values(
    counts: Floats,
    at_risk: Floats,
    steps: Ints,
    wedge: Wedge,
    *,
    rng: np.random.Generator,
    permutations: int,
    ratio: float | Floats = 1.0,
) -> Floats:
    """Return two-sided p-values, by drawing the order of the schools anew within the strata.

    The statistic is the score of the regression on school, period by stratum, and lists: cases under lists beyond those
    that `expected` gives, a first period counted for `Wedge.first`. No assumption is needed about spread within or
    between schools: the lot itself is the ground.

    Parameters
    ----------
    counts, at_risk
        New cases and pupils; shape (trials, schools, periods).
    steps
        The order that was really drawn: each school's step; shape (trials, schools).
    wedge, rng
        The design; randomness for the other orders.
    permutations
        How many other orders are drawn; the smallest p-value is one in so many and one.
    ratio
        Rate ratio that is tested; shape () or (trials,). 1 is no effect, and exact; others serve `interval`.
    """
    under_lists = wedge.exposed[steps]
    weighted = at_risk * np.asarray(ratio, dtype=np.float64).reshape(-1, 1, 1) ** under_lists
    fitted = [expected(counts[:, part], weighted[:, part]) for part in wedge.parts()]
    beyond = (counts - np.concatenate(fitted, axis=1)) @ wedge.exposed.T  # of each school, had it been in each step
    observed = np.take_along_axis(beyond, steps[..., None], axis=2).sum((1, 2))
    drawn = np.eye(len(wedge.starts))[wedge.orders(rng, permutations)].reshape(permutations, -1)
    others = drawn @ beyond.reshape(len(beyond), -1).T
    as_far: Ints = (np.abs(others) >= np.abs(observed) - _SAME).sum(0)
    return (1.0 + as_far) / (1 + permutations)


def rate_ratio(counts: Floats, at_risk: Floats, steps: Ints, wedge: Wedge) -> Floats:
    """Return cases under lists as a multiple of those without: Poisson regression on school, period by stratum, and lists.

    Shapes as in `p_values`; the result has shape (trials,). Found by adjusting schools, periods and lists in turn.
    """
    under_lists = wedge.exposed[steps]
    fitted = np.broadcast_to(at_risk, counts.shape).astype(np.float64)
    log_ratio = np.zeros(len(counts))
    for _ in range(_ROUNDS_OF_RATIO):
        for part in wedge.parts():
            here, there = fitted[:, part], counts[:, part]
            here *= _factor(there.sum(-1), here.sum(-1))[..., None]
            here *= _factor(there.sum(-2), here.sum(-2))[..., None, :]
        beyond = ((counts - fitted) * under_lists).sum((1, 2))
        step = np.clip(beyond / (fitted * under_lists**2).sum((1, 2)), -_LONGEST_STEP, _LONGEST_STEP)
        fitted *= np.exp(step[:, None, None] * under_lists)
        log_ratio += step
    return np.exp(log_ratio)


def interval(
    counts: Floats, at_risk: Floats, steps: Ints, wedge: Wedge, *, rng: np.random.Generator, permutations: int = 4999
) -> tuple[float, float]:
    """Return the 95 % interval of one trial's rate ratio: all ratios that the test does not refuse.

    Shapes are those of one trial: (schools, periods) and (schools,). Ratios are looked at in steps of 1 %.
    """
    many = (len(_RATIOS), 1, 1)
    p = p_values(
        np.tile(counts, many),
        np.tile(at_risk, many),
        np.tile(steps, many[:2]),
        wedge,
        rng=rng,
        permutations=permutations,
        ratio=_RATIOS,
    )
    kept = _RATIOS[p > LEVEL]
    return float(kept.min()), float(kept.max())


def _factor(wanted: Floats, got: Floats) -> Floats:
    """By what to multiply; 1 where there is nothing to multiply."""
    return np.divide(wanted, got, out=np.ones_like(got), where=got > 0)
