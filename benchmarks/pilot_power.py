"""How many schools a pilot needs: power of the stepped wedge of docs/pilot.md, by simulation.

All counts are simulated; nobody in them exists. One JSON object a design. With figures of your own, from a shadow run:

    .venv/bin/python -m benchmarks.pilot_power --schools 24 --pupils 900 --yearly 0.012 --between 0.3
"""

import argparse
from dataclasses import asdict, dataclass, field, replace

import numpy as np

from benchmarks.measured import show
from benchmarks.stepped_wedge import LEVEL, Floats, Ints, Wedge, p_values, rate_ratio

EFFECTS = (0.1, 0.2, 0.3)
TERMS = 3  # periods a school year
BATCH = 20  # trials that are tested on the same draw of other orders
FITTED = 4  # of one in so many trials the rate ratio is fitted too
SHOWN = 0.2  # effect of which the ratio found is shown
MARGIN = 3.29  # standard errors; a test that is right lies outside in one design of a thousand
PROVEN, WISHED = 1.96, 0.84  # normal quantiles: 5 % two-sided, 80 % power

VO, PO = 0.015, 0.0045
"""Pupils with long absence in a school year: middle of the assumptions in docs/simulation.md (vo 1-2 %, po 0.3-0.6 %)."""


@dataclass(frozen=True)
class Stratum:
    """Schools of one sector: how many, pupils in each on average, and new cases a pupil and school year."""

    schools: int
    pupils: int = 800
    yearly: float = VO


@dataclass(frozen=True)
class Design:
    """A trial, and what is assumed of the world. Except for the season there is no source: ours, to be replaced.

    Parameters
    ----------
    strata
        The schools.
    starts
        First term with lists of each step, from 0. Before it a school works as it always did.
    periods
        Terms of the trial, three a school year.
    records
        Terms before it of which the schools' records tell the same counts.
    between
        Spread of the schools' usual rates (standard deviation / mean), whatever it comes from.
    wobble
        Spread of one school's rate from term to term beyond chance.
    drift
        Spread of the schools' own trends, a year.
    trend
        Growth of all, a year; `Stratum.yearly` is the rate at the beginning of the trial.
    sizes
        Spread of the schools' sizes.
    first_term
        Share of the effect that a school's first term with lists really has; the analysis takes a half.
    uneven
        Whether schools differ in effect: uniformly between none and twice the average.
    season
        Rate in each term, mean 1: illness absence in English secondary schools (DfE), by thirds of the year.
    """

    name: str
    strata: tuple[Stratum, ...]
    starts: tuple[int, ...] = (1, 2, 3, 4, 5)
    periods: int = 6
    records: int = 6
    between: float = 0.4
    wobble: float = 0.2
    drift: float = 0.1
    trend: float = 0.05
    sizes: float = 0.35
    first_term: float = 0.5
    uneven: bool = True
    season: tuple[float, ...] = field(default=(1.01, 1.10, 0.89))

    @property
    def wedge(self) -> Wedge:
        """The design without the assumptions."""
        strata = tuple(stratum.schools for stratum in self.strata)
        return Wedge(strata, tuple(start + self.records for start in self.starts), self.records + self.periods)

    @property
    def cases_a_year(self) -> float:
        """New cases to expect in all schools together, in a school year without lists."""
        return sum(stratum.schools * stratum.pupils * stratum.yearly for stratum in self.strata)


def vo(schools: int, pupils: int = 800) -> Design:
    """Return the design of the protocol for secondary schools."""
    return Design(f"{schools} vo schools of {pupils}", (Stratum(schools, pupils),))


def designs() -> list[Design]:
    """Return what is printed: by number and size of schools, then one assumption at a time."""
    middle = vo(32)
    stratum = middle.strata[0]
    return [
        *(vo(schools) for schools in (8, 16, 24, 32, 48, 64, 80, 160)),
        *(vo(schools, pupils) for schools in (16, 32, 80) for pupils in (400, 1200)),
        *(Design(f"{n} po schools of 225", (Stratum(n, 225, PO),)) for n in (40, 80)),
        Design("16 vo schools of 800, 80 po of 225", (Stratum(16), Stratum(80, 225, PO))),
        *(
            replace(middle, name=f"32 vo: {what}", strata=(replace(stratum, yearly=yearly),))
            for what, yearly in (
                ("1 % a year", 0.01),
                ("2 % a year", 0.02),
                ("a milder outcome, 6 % a year", 0.06),
                ("reported LRV alone, 0.15 % a year", 0.0015),
            )
        ),
        replace(middle, name="32 vo: schools differ more (0.8)", between=0.8),
        replace(middle, name="32 vo: terms differ more (0.4)", wobble=0.4),
        replace(middle, name="32 vo: full effect at once, everywhere", first_term=1.0, uneven=False),
        replace(middle, name="32 vo: no effect yet in the first term", first_term=0.0),
        replace(middle, name="32 vo: no records from before", records=0),
        replace(middle, name="32 vo: four steps, the first a term later", starts=(2, 3, 4, 5)),
        replace(middle, name="32 vo: three school years, eight steps", starts=tuple(range(1, 9)), periods=9),
        replace(middle, name="32 vo: one step, half not until afterwards", starts=(1, 6)),
    ]


def pilot_power(size: str) -> None:
    """Print what one school can show by itself, and the power of each design."""
    trials, permutations = {"small": (400, 199), "full": (4000, 999)}[size]
    for sector, pupils, yearly in (("vo", 800, VO), ("po", 225, PO)):
        show(one_school(sector, pupils=pupils, yearly=yearly))
    for number, design in enumerate(designs()):
        show(power(design, trials=trials, permutations=permutations, seed=number))


def one_school(sector: str, *, pupils: int, yearly: float, effect: float = 0.2, seed: int = 1) -> dict[str, object]:
    """Say what one school sees in a year by chance alone, nothing else differing: the best case for before and after."""
    rng = np.random.default_rng(seed)
    cases = pupils * yearly
    before, same, helped = (rng.poisson(cases * times, 1_000_000) for times in (1.0, 1.0, 1 - effect))
    low, high = np.quantile(before, [0.025, 0.975])
    # Two Poisson counts of as many years each, compared on the square root of their spread.
    needed = (PROVEN + WISHED) ** 2 * (2 - effect) / effect**2
    return {
        "bench": "pilot_power",
        "design": f"one {sector} school of {pupils}, before and after",
        "cases_a_year": cases,
        "range_a_year": [int(low), int(high)],
        "effect": effect,
        "looks_as_good_by_chance": float((same <= (1 - effect) * before)[before > 0].mean()),
        "no_fewer_though_it_works": float((helped >= before)[before > 0].mean()),
        "years_before_and_after": needed / cases,
    }


def power(design: Design, *, trials: int, permutations: int, seed: int) -> dict[str, object]:
    """Simulate and analyse `trials` pilots for each effect, none first.

    Returns
    -------
    dict
        `false_alarms`: share in which the test finds an effect that is not there, and whether that lies `within` what
        chance allows around 5 %; `power`: share in which it finds each effect; `interval_if_nothing`: the usual 95 %
        interval around a rate ratio of 1, so what an empty result excludes; `ratio_found_at_20%`: median estimate.
    """
    rng = np.random.default_rng([2026, seed])
    found, ratios = {}, {}
    for effect in (0.0, *EFFECTS):
        counts, pupils, steps = simulate(design, effect=effect, trials=trials, rng=rng)
        p = [
            p_values(counts[n], pupils[n], steps[n], design.wedge, rng=rng, permutations=permutations)
            for n in (slice(begin, begin + BATCH) for begin in range(0, trials, BATCH))
        ]
        found[effect] = float((np.concatenate(p) <= LEVEL).mean())
        if effect in (0.0, SHOWN):
            few = slice(trials // FITTED)
            ratios[effect] = rate_ratio(counts[few], pupils[few], steps[few], design.wedge)
    usual = float(np.exp(PROVEN * np.log(ratios[0.0]).std()))
    margin = MARGIN * (LEVEL * (1 - LEVEL) / trials) ** 0.5
    return {
        "bench": "pilot_power",
        "design": design.name,
        "schools": design.wedge.schools,
        "pupils": sum(stratum.schools * stratum.pupils for stratum in design.strata),
        "steps": len(design.starts),
        "years": design.periods / TERMS,
        "cases_a_year": design.cases_a_year,
        "icc": _icc(design),
        "false_alarms": found[0.0],
        "within": abs(found[0.0] - LEVEL) <= margin,
        "power": {f"{effect:.0%}": round(found[effect], 3) for effect in EFFECTS},
        "interval_if_nothing": [round(1 / usual, 2), round(usual, 2)],
        f"ratio_found_at_{SHOWN:.0%}": round(float(np.median(ratios[SHOWN])), 2),
        "trials": trials,
    }


def simulate(design: Design, *, effect: float, trials: int, rng: np.random.Generator) -> tuple[Floats, Floats, Ints]:
    """Draw new cases and pupils, shape (trials, schools, periods), and the step of each school, (trials, schools).

    Parameters
    ----------
    effect
        Share of the new cases that lists prevent once they are a habit, averaged over schools (0..1).
    """
    wedge = design.wedge
    shape = (trials, wedge.schools, 1)
    terms = np.arange(wedge.periods)
    years = (terms - design.records) / TERMS
    mean = np.repeat([stratum.pupils for stratum in design.strata], wedge.strata)[:, None]
    usual = np.repeat([stratum.yearly / TERMS for stratum in design.strata], wedge.strata)[:, None]
    steps = wedge.orders(rng, trials)
    since = terms - np.array(wedge.starts)[steps][..., None]
    working = np.where(since < 0, 0.0, np.where(since == 0, design.first_term, 1.0))
    helped = effect * (rng.uniform(0, 2, shape) if design.uneven else 1.0)
    pupils = np.round(mean * _around_one(rng, design.sizes, shape)) * np.ones(wedge.periods)
    rate = (
        usual
        * np.resize(design.season, wedge.periods)
        * (1 + design.trend) ** years
        * np.exp(design.drift * rng.standard_normal(shape) * years)
        * _around_one(rng, design.between, shape)
        * _around_one(rng, design.wobble, pupils.shape)
        * (1 - helped * working)
    )
    return rng.poisson(pupils * rate).astype(np.float64), pupils, steps


def _around_one(rng: np.random.Generator, spread: float, shape: tuple[int, ...]) -> Floats:
    """Lognormal with mean 1 and this standard deviation."""
    sigma = np.log1p(spread**2) ** 0.5
    return rng.lognormal(-(sigma**2) / 2, sigma, shape)


def _icc(design: Design) -> float:
    """Intraclass correlation of being a new case in a term, for who plans in those words (first stratum)."""
    rate = design.strata[0].yearly / TERMS
    return design.between**2 * rate / (1 - rate)


def main() -> None:
    """Power with figures of your own."""
    usual = asdict(Design("", ()))
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--schools", type=int, required=True)
    parser.add_argument("--pupils", type=int, default=800, help="a school, on average")
    parser.add_argument("--yearly", type=float, default=VO, help="new cases a pupil and school year")
    for name in ("between", "wobble", "drift", "trend", "sizes", "first_term"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, default=usual[name])
    parser.add_argument("--starts", type=int, nargs="+", default=usual["starts"], help="first term with lists, from 0")
    parser.add_argument("--periods", type=int, default=usual["periods"], help="terms of the trial")
    parser.add_argument(
        "--records", type=int, default=usual["records"], help="terms before it of which there are records"
    )
    parser.add_argument("--trials", type=int, default=2000)
    asked = vars(parser.parse_args())
    stratum = Stratum(asked.pop("schools"), asked.pop("pupils"), asked.pop("yearly"))
    trials, starts = asked.pop("trials"), tuple(asked.pop("starts"))
    design = Design("with figures of your own", (stratum,), starts=starts, **asked)
    show(power(design, trials=trials, permutations=999, seed=0))


if __name__ == "__main__":
    main()
