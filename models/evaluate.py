"""How good an ordering is where it matters: at the length of a school's list, on new cases, next to the rules.

Figures come per origin and pooled. Counts are expected values where scores tie. Intervals are 95 % bootstrap intervals
over pupils: a pupil is drawn with all of its rows. Ranks are compared within an origin; pooled rank figures are means
over origins, weighted by cases.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import narwhals as nw
import numpy as np
from narwhals.typing import IntoDataFrame

from data_contracts.errors import ModelError, NotEnoughDataError
from models.calibration import Floats, fit_line
from models.figures import Difference, Evaluation, Figure, Kind, RankingFigures, Slice
from models.ranking import Ints, listed, rank_figures

_NORMAL = 1.959963984540054  # 97.5 % of a normal distribution
_SMALLEST = 1e-12


@dataclass(frozen=True)
class Ranking:
    """One way to order pupils.

    Parameters
    ----------
    name, label
        Id and Dutch words ("de regels").
    column
        Column with what it orders by: higher is earlier, null is last.
    kind
        The model, a rule (pack), or a simple yardstick.
    probability
        Column with its probability of the outcome (0..1), if it has one.
    """

    name: str
    label: str
    column: str
    kind: Kind
    probability: str | None = None


@dataclass(frozen=True)
class _Rows:
    """The frame as arrays of shape (n,)."""

    origin: Ints
    keys: list[str]
    pupil: Ints
    lists: Ints
    capacity: Ints
    outcome: Floats

    @property
    def known(self) -> np.ndarray:
        return ~np.isnan(self.outcome)


def evaluate(
    frame: IntoDataFrame,
    rankings: Sequence[Ranking],
    *,
    capacity: Mapping[str, int],
    outcome: str,
    population: Literal["new", "all"] = "new",
    resamples: int = 300,
    seed: int = 1,
) -> Evaluation:
    """Compare rankings at the schools' list lengths.

    Parameters
    ----------
    frame
        One row a pupil and origin: ``school, pupil, origin, outcome`` (1, 0, null), ``already``, and the columns that
        the rankings name. Pupils with an unknown outcome take up places but count in no figure.
    rankings
        The first is the model that the others are compared with.
    capacity
        Places a week, per school.
    outcome
        Name of the outcome, for the record.
    population, resamples, seed
        See `Evaluation`.

    Raises
    ------
    NotEnoughDataError
        There is no known case to find.
    ModelError
        A school has no capacity.
    """
    rows, columns = _rows(frame, rankings, capacity, population)
    if not rows.known.any() or np.nansum(rows.outcome) == 0:
        detail = "in deze periode is geen enkel nieuw geval bekend, dus er valt niets te beoordelen"
        raise NotEnoughDataError(detail, remedy="Lever meer schoolweken aan.")
    rng = np.random.default_rng(seed)
    draws = rng.poisson(1.0, size=(resamples, int(rows.pupil.max()) + 1)).astype(np.float64)
    draws = np.vstack([np.ones(draws.shape[1]), draws])  # the first is what was observed
    everything = [_Judged(ranking, rows, columns, draws) for ranking in rankings]
    slices = [_slice(rows, everything, None), *(_slice(rows, everything, number) for number in range(len(rows.keys)))]
    differences = _differences(everything)
    beats, headline = _headline(slices[0], differences, everything)
    return Evaluation(
        headline=headline,
        beats_rules=beats,
        outcome=outcome,
        population=population,
        origins=tuple(rows.keys),
        resamples=resamples,
        slices=tuple(slices),
        differences=differences,
    )


def _rows(
    frame: IntoDataFrame, rankings: Sequence[Ranking], capacity: Mapping[str, int], population: str
) -> tuple[_Rows, dict[str, Floats]]:
    table = nw.from_native(frame, eager_only=True)
    if population == "new":
        table = table.filter(~nw.col("already"))
    schools, school = np.unique(table["school"].to_numpy().astype(str), return_inverse=True)
    without = sorted(set(schools.tolist()) - set(capacity))
    if without:
        detail = f"geen lijstlengte bekend voor {', '.join(without)}"
        raise ModelError(detail, remedy="Geef de school een schoolbestand met capacity.")
    keys, origin = np.unique(table["origin"].to_numpy().astype(str), return_inverse=True)
    pupils = np.char.add(np.char.add(schools[school], "/"), table["pupil"].to_numpy().astype(str))
    lists = origin * len(schools) + school
    places = np.tile(np.array([capacity[name] for name in schools.tolist()], dtype=np.int64), max(len(keys), 1))
    rows = _Rows(
        origin=origin,
        keys=keys.tolist(),
        pupil=np.unique(pupils, return_inverse=True)[1],
        lists=lists,
        capacity=places,
        outcome=table["outcome"].cast(nw.Float64).to_numpy().astype(np.float64),
    )
    wanted = {name for ranking in rankings for name in (ranking.column, ranking.probability) if name}
    return rows, {name: table[name].cast(nw.Float64).to_numpy().astype(np.float64) for name in wanted}


class _Judged:
    """One ranking: its sums per origin and resample, from which every slice is made."""

    def __init__(self, ranking: Ranking, rows: _Rows, columns: Mapping[str, Floats], draws: Floats) -> None:
        self.ranking = ranking
        self.chance = listed(columns[ranking.column], rows.lists, rows.capacity)
        self.probability = columns[ranking.probability] if ranking.probability else None
        shape = (len(rows.keys), len(draws))
        self.found, self.told, self.cases = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self.precision, self.auc = np.zeros(shape), np.zeros(shape)
        self.squares, self.rows = np.zeros(shape), np.zeros(shape)
        for origin in range(len(rows.keys)):
            here = (rows.origin == origin) & rows.known
            weights, outcome = draws[:, rows.pupil[here]], rows.outcome[here]
            chance = self.chance[here]
            self.found[origin], self.told[origin] = weights @ (chance * outcome), weights @ chance
            self.cases[origin], self.rows[origin] = weights @ outcome, weights.sum(axis=1)
            self.precision[origin], self.auc[origin] = rank_figures(columns[ranking.column][here], outcome, weights)
            if self.probability is not None:
                self.squares[origin] = weights @ (self.probability[here] - outcome) ** 2

    def figures(self, rows: _Rows, origin: int | None) -> RankingFigures:
        """Figures of one origin, or of all (None)."""
        part = slice(None) if origin is None else slice(origin, origin + 1)
        found, told, cases = self.found[part].sum(axis=0), self.told[part].sum(axis=0), self.cases[part].sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            values = {
                "found": found,
                "precision": found / told,
                "recall": found / cases,
                "average_precision": _mean(self.precision[part], self.cases[part]),
                "roc_auc": _mean(self.auc[part], self.cases[part]),
            }
            if self.probability is not None:
                values["brier"] = self.squares[part].sum(axis=0) / self.rows[part].sum(axis=0)
        figures = {name: Figure.of(float(value[0]), value[1:]) for name, value in values.items()}
        figures |= self._calibration(rows, origin)
        kind, name = self.ranking.kind, self.ranking.name
        return RankingFigures(name=name, label=self.ranking.label, kind=kind, **figures)

    def _calibration(self, rows: _Rows, origin: int | None) -> dict[str, Figure]:
        if self.probability is None:
            return {}
        here = rows.known if origin is None else rows.known & (rows.origin == origin)
        chance = np.clip(self.probability[here], _SMALLEST, 1 - _SMALLEST)
        line = fit_line(np.log(chance / (1 - chance)), rows.outcome[here], rows.pupil[here])
        if line is None:
            return {}
        return {
            "calibration_slope": _wald(line.slope, line.slope_error),
            "calibration_intercept": _wald(line.intercept, line.intercept_error),
        }


def _wald(value: float, error: float) -> Figure:
    return Figure(value=value, low=value - _NORMAL * error, high=value + _NORMAL * error)


def _mean(values: Floats, weights: Floats) -> Floats:
    """Mean over origins (first axis), leaving out those that say nothing."""
    known = np.isfinite(values)
    weight = np.where(known, weights, 0.0)
    return np.asarray((np.where(known, values, 0.0) * weight).sum(axis=0) / weight.sum(axis=0))


def _slice(rows: _Rows, judged: Sequence[_Judged], origin: int | None) -> Slice:
    here = np.ones(len(rows.origin), dtype=bool) if origin is None else rows.origin == origin
    return Slice(
        kind="pooled" if origin is None else "origin",
        key="alles" if origin is None else rows.keys[origin],
        pupils=int(here.sum()),
        unknown=int((here & ~rows.known).sum()),
        cases=int(np.nansum(rows.outcome[here])),
        places=int(rows.capacity[np.unique(rows.lists[here])].sum()),
        rankings=tuple(one.figures(rows, origin) for one in judged),
    )


def _differences(judged: Sequence[_Judged]) -> tuple[Difference, ...]:
    ours = judged[0].found.sum(axis=0)
    gaps = [(other.ranking, ours - other.found.sum(axis=0)) for other in judged[1:]]
    return tuple(
        Difference(name=ranking.name, label=ranking.label, kind=ranking.kind, found=Figure.of(float(gap[0]), gap[1:]))
        for ranking, gap in gaps
    )


def _headline(pooled: Slice, differences: Sequence[Difference], judged: Sequence[_Judged]) -> tuple[bool | None, str]:
    """Lead with what a school notices: at this list length, how many do we find, and how many would the rules."""
    found = {one.ranking.name: float(one.found[:, 0].sum()) for one in judged}
    ours = found[judged[0].ranking.name]
    rules = [gap for gap in differences if gap.kind == "rules"] or list(differences)
    start = f"Bij deze lijstlengte vinden wij {ours:.0f} van de {pooled.cases} nieuwe gevallen"
    if not rules:
        return None, f"{start}."
    best = max(rules, key=lambda gap: found[gap.name])
    low, high, value = best.found.low, best.found.high, best.found.value
    sentence = f"{start}; {best.label} {found[best.name]:.0f}."
    if low is None or high is None or value is None:
        return (False if best.kind == "rules" else None), sentence
    beats = low > 0
    if value <= 0:
        verdict = "Wij vinden er niet meer."
    else:
        verdict = f"Dat zijn er {value:.0f} meer (95 %-interval {low:.0f} tot {high:.0f})" + (
            "." if beats else ": te weinig verschil om zeker van te zijn."
        )
    return (beats if best.kind == "rules" else None), f"{sentence} {verdict}{_yardstick(differences, found, ours)}"


def _yardstick(differences: Sequence[Difference], found: dict[str, float], ours: float) -> str:
    """Name the best simple order too: a model that a yardstick beats has not earned its place, whatever the rules do."""
    simple = [gap for gap in differences if gap.kind == "simple"]
    if not simple:
        return ""
    best = max(simple, key=lambda gap: found[gap.name])
    verdict = "" if found[best.name] < ours else ": niet minder dan het model"
    return f" Ter vergelijking: {best.label} alleen vindt er {found[best.name]:.0f}{verdict}."
