"""How good an ordering is where it matters: at the length of a school's list, on new cases, next to the rules.

Counts are expected values where scores tie. Intervals are 95 % bootstrap intervals over pupils: a pupil is drawn with all
of its rows. Ranks are compared within an origin; rank figures over more origins are means over origins, weighted by cases.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import narwhals as nw
import numpy as np
from narwhals.typing import IntoDataFrame

from data_contracts.errors import ModelError, NotEnoughDataError
from models.calibration import Floats
from models.figures import Curve, Difference, Evaluation, Figure, Kind, RankingFigures, Slice
from models.headline import best_rule, headline
from models.ranking import Ints, listed
from models.sums import Rows, Scored, Sums, figures, line_of, mean_over, reliability, sums

LENGTHS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
"""List lengths, in times the school's own, at which is counted what would be found."""


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
        See `models.figures.Kind`.
    probability
        Column with its probability of the outcome (0..1), if it has one.
    """

    name: str
    label: str
    column: str
    kind: Kind
    probability: str | None = None


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
        One row a pupil and origin: ``school, pupil, origin, outcome`` (1, 0, null), ``already``, the columns that
        the rankings name, and if there are sectors ``sector``. Pupils with an unknown outcome take up places but count in
        no figure.
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
    draws = rng.poisson(1.0, size=(int(rows.pupil.max()) + 1, resamples)).astype(np.float64)
    draws = np.hstack([np.ones((len(draws), 1)), draws])  # the first is what was observed
    scored = [_scored(ranking, rows, columns) for ranking in rankings]
    judged = _Judged(rows, rankings, scored, draws)
    slices = judged.slices()
    pooled = judged.parts("origin")
    differences = _differences(rankings, pooled)
    best = best_rule(slices[0], differences)
    beats, sentence = headline(slices[0], differences, new=population == "new")
    return Evaluation(
        headline=sentence,
        beats_rules=beats,
        best_rule=best.name if best is not None and best.kind == "rules" else "",
        outcome=outcome,
        population=population,
        origins=tuple(rows.origins),
        resamples=resamples,
        slices=tuple(slices),
        differences=differences,
        curves=tuple(_curve(rows, ranking, columns) for ranking in rankings),
        reliability=reliability(pooled[0]),
    )


def _rows(
    frame: IntoDataFrame, rankings: Sequence[Ranking], capacity: Mapping[str, int], population: str
) -> tuple[Rows, dict[str, Floats]]:
    table = nw.from_native(frame, eager_only=True)
    if population == "new":
        table = table.filter(~nw.col("already"))
    schools, school = _numbered(table["school"])
    without = sorted(set(schools.tolist()) - set(capacity))
    if without:
        detail = f"geen lijstlengte bekend voor {', '.join(without)}"
        raise ModelError(detail, remedy="Geef de school een schoolbestand met capacity.")
    origins, origin = _numbered(table["origin"])
    if "sector" not in table.columns:
        table = table.with_columns(sector=nw.lit(""))
    sectors, sector = _numbered(table["sector"])
    pupils = np.char.add(np.char.add(schools[school], "/"), table["pupil"].to_numpy().astype(str))
    rows = Rows(
        origin=origin,
        school=school,
        sector=sector,
        pupil=np.unique(pupils, return_inverse=True)[1],
        lists=origin * len(schools) + school,
        capacity=np.tile(np.array([capacity[name] for name in schools.tolist()], dtype=np.int64), max(len(origins), 1)),
        outcome=table["outcome"].cast(nw.Float64).to_numpy().astype(np.float64),
        origins=origins.tolist(),
        schools=schools.tolist(),
        sectors=sectors.tolist(),
    )
    wanted = {name for ranking in rankings for name in (ranking.column, ranking.probability) if name}
    return rows, {name: table[name].cast(nw.Float64).to_numpy().astype(np.float64) for name in wanted}


def _numbered(column: "nw.Series[Any]") -> tuple[np.ndarray, Ints]:
    values, number = np.unique(column.to_numpy().astype(str), return_inverse=True)
    return values, number.astype(np.int64)


def _scored(ranking: Ranking, rows: Rows, columns: Mapping[str, Floats]) -> Scored:
    score = columns[ranking.column]
    chance = listed(score, rows.lists, rows.capacity)
    return Scored.of(score, chance, columns[ranking.probability] if ranking.probability else None)


class _Judged:
    """Sums of every ranking over every part: an origin, and within it a sector or a school."""

    def __init__(self, rows: Rows, rankings: Sequence[Ranking], scored: Sequence[Scored], draws: Floats) -> None:
        self.rows, self.rankings, self.scored = rows, rankings, scored
        self._parts: dict[tuple[str, int, int], list[Sums]] = {}
        for kind, number in (("origin", np.zeros_like(rows.origin)), ("sector", rows.sector), ("school", rows.school)):
            if kind == "sector" and len(rows.sectors) == 1:
                continue
            for key in np.unique(np.stack([number, rows.origin]), axis=1).T.tolist():
                here = np.flatnonzero((number == key[0]) & (rows.origin == key[1]) & rows.known)
                if len(here):
                    self._parts[kind, *key] = sums(rows, scored, here, draws[rows.pupil[here]].T)

    def parts(self, kind: str, number: int | None = None, origin: int | None = None) -> list[list[Sums]]:
        """Per ranking the sums of a kind of part, of one `number` and one `origin` or of all."""
        chosen = [
            part
            for key, part in self._parts.items()
            if key[0] == kind and number in {None, key[1]} and origin in {None, key[2]}
        ]
        return [[part[place] for part in chosen] for place in range(len(self.rankings))]

    def slices(self) -> list[Slice]:
        """Everything, every origin, every sector and every school."""
        rows = self.rows
        every = np.ones(len(rows.outcome), dtype=bool)
        found = [self._slice("pooled", "alles", every, self.parts("origin"), self.parts("school"))]
        for place, key in enumerate(rows.origins):
            parts = self.parts("origin", origin=place), self.parts("school", origin=place)
            found.append(self._slice("origin", key, rows.origin == place, *parts))
        for place, key in enumerate(rows.sectors if len(rows.sectors) > 1 else []):
            schools = np.unique(rows.school[rows.sector == place]).tolist()
            within = [self.parts("school", number) for number in schools]
            joined = [[one for part in within for one in part[ranking]] for ranking in range(len(self.rankings))]
            found.append(self._slice("sector", key, rows.sector == place, self.parts("sector", place), joined))
        for place, key in enumerate(rows.schools if len(rows.schools) > 1 else []):
            parts_here = self.parts("school", place)
            found.append(self._slice("school", key, rows.school == place, parts_here, parts_here))
        return [one for one in found if one is not None]

    def _slice(
        self,
        kind: Literal["pooled", "origin", "sector", "school"],
        key: str,
        here: np.ndarray,
        parts: list[list[Sums]],
        schools: list[list[Sums]],
    ) -> Slice | None:
        rows, known = self.rows, np.flatnonzero(here & self.rows.known)
        if not len(known):
            return None  # nobody whose outcome is known: nothing to say
        each = []
        for ranking, scored, own, of_schools in zip(self.rankings, self.scored, parts, schools, strict=True):
            values = figures(own, of_schools) | line_of(rows, scored.probability, known)
            each.append(RankingFigures(name=ranking.name, label=ranking.label, kind=ranking.kind, **values))
        return Slice(
            kind=kind,
            key=key,
            pupils=int(here.sum()),
            unknown=int(here.sum()) - len(known),
            cases=int(rows.outcome[known].sum()),
            places=int(rows.capacity[np.unique(rows.lists[here])].sum()),
            rankings=tuple(each),
        )


def _differences(rankings: Sequence[Ranking], parts: list[list[Sums]]) -> tuple[Difference, ...]:
    """What the first has more than each of the others, on the same resamples."""

    def vectors(own: list[Sums]) -> dict[str, Floats]:
        found = np.sum([one.found for one in own], axis=0)
        return {"found": found, "average_precision": mean_over(own, "precision"), "roc_auc": mean_over(own, "auc")}

    ours = vectors(parts[0])
    gaps = []
    for ranking, own in zip(rankings[1:], parts[1:], strict=True):
        gap = {name: ours[name] - theirs for name, theirs in vectors(own).items()}
        of = {name: Figure.of(float(value[0]), value[1:]) for name, value in gap.items()}
        gaps.append(Difference(name=ranking.name, label=ranking.label, kind=ranking.kind, **of))
    return tuple(gaps)


def _curve(rows: Rows, ranking: Ranking, columns: Mapping[str, Floats]) -> Curve:
    score, case = columns[ranking.column], np.nan_to_num(rows.outcome)
    places = [np.round(rows.capacity * length).astype(np.int64) for length in LENGTHS]
    found = tuple(float(listed(score, rows.lists, each) @ case) for each in places)
    return Curve(name=ranking.name, lengths=LENGTHS, found=found)
