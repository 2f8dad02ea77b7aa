"""Does the list serve every group alike? Figures per group at the length of the lists, for the audit and nothing else.

The only door to Fairlearn, which loads when an audit is made. No module that counts features, trains or scores imports
this one: a wall in pyproject.toml holds that, and a test that groups change nothing in a model.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from narwhals.typing import IntoDataFrame
from numpy.typing import NDArray

from data_contracts.errors import NotEnoughDataError
from models.audit import FEWEST_CASES, SMALL, SMALLEST_GROUP, UNKNOWN, Audit, Group, Judged, RecallGap, headline
from models.calibration import Floats
from models.figures import Figure
from models.ranking import Ints, listed

__all__ = ["About", "Attribute", "Audit", "RecallGap", "audit"]

_LAST = (SMALL, UNKNOWN)
_TAIL = 0.025  # of a 95 % interval, at one side
_RARE = 0.05  # in so many audits may chance alone call any attribute unequal
_DEALS = 2000
_SAME = 1e-9  # rounding

_FIGURES = {
    "recall": ("found", "cases"),
    "rules_recall": ("found_by_rules", "cases"),
    "false_positive": ("in_vain", "others"),
    "precision": ("found", "told_known"),
    "selection": ("told", "rows"),
    "predicted": ("expected", "known"),
    "observed": ("cases", "known"),
}
"""Each figure as one sum over another; see `_parts`."""

Texts = NDArray[np.str_]


@dataclass(frozen=True)
class Attribute:
    """A column of the frame to audit by, and whether a data team supplied it."""

    name: str
    supplied: bool


@dataclass(frozen=True)
class About:
    """What is audited: the scorecard's version and its outcome."""

    scorecard: str
    outcome: str


@dataclass(frozen=True)
class _Rows:
    """The frame as arrays of shape (n,); ``told`` and ``by_rules`` are chances to be on a list (ties share places)."""

    pupil: Ints
    outcome: Floats
    probability: Floats
    told: Floats
    by_rules: Floats


def audit(
    frame: IntoDataFrame,
    attributes: Sequence[Attribute],
    *,
    capacity: Mapping[str, int],
    about: About,
    resamples: int = 300,
    seed: int = 1,
) -> Audit:
    """Compare groups at the schools' list lengths, on new cases.

    Parameters
    ----------
    frame
        The backtest: ``school, pupil, origin, already, outcome`` (1, 0, null), ``log_odds, probability, rules``, and a
        text column for each attribute (null: not known).
    attributes
        What to group by.
    capacity
        Places a week, per school.
    about, resamples, seed
        See `Audit`.

    Raises
    ------
    NotEnoughDataError
        No case is known.
    """
    table = nw.from_native(frame, eager_only=True).filter(~nw.col("already"))
    rows = _rows(table, capacity)
    cases = int(np.nansum(rows.outcome))
    if cases == 0:
        detail = (
            "in het terugkijken van dit model is geen enkel nieuw geval bekend, dus groepen zijn niet te vergelijken"
        )
        raise NotEnoughDataError(detail, remedy="Lever meer schoolweken aan en train opnieuw.")
    rng = np.random.default_rng(seed)
    draws = rng.poisson(1.0, size=(resamples, int(rows.pupil.max()) + 1)).astype(np.float64)
    judged, gaps = [], []
    for attribute in attributes:
        values = _pooled(table[attribute.name].cast(nw.String).fill_null(UNKNOWN).to_numpy().astype(str), rows.pupil)
        judged.append(_judge(attribute, values, rows, draws))
        gap = _gap(judged[-1], values, rows, rng=rng, attributes=len(attributes))
        gaps += [gap] if gap is not None else []
    return Audit(
        scorecard=about.scorecard,
        outcome=about.outcome,
        headline=headline(judged, gaps),
        origins=tuple(sorted(set(table["origin"].cast(nw.String).to_list()))),
        pupils=int(rows.pupil.max()) + 1,
        cases=cases,
        resamples=resamples,
        attributes=tuple(judged),
        recall_gaps=tuple(gaps),
    )


def _rows(table: nw.DataFrame[Any], capacity: Mapping[str, int]) -> _Rows:
    schools, school = np.unique(table["school"].to_numpy().astype(str), return_inverse=True)
    _, origin = np.unique(table["origin"].cast(nw.String).to_numpy().astype(str), return_inverse=True)
    names = np.char.add(np.char.add(schools[school], "/"), table["pupil"].to_numpy().astype(str))
    lists = origin * len(schools) + school
    places = np.tile(np.array([capacity[name] for name in schools.tolist()], dtype=np.int64), int(origin.max()) + 1)
    columns = {
        name: table[name].cast(nw.Float64).to_numpy().astype(np.float64)
        for name in ("outcome", "probability", "log_odds", "rules")
    }
    return _Rows(
        pupil=np.unique(names, return_inverse=True)[1],
        outcome=columns["outcome"],
        probability=columns["probability"],
        told=listed(columns["log_odds"], lists, places),
        by_rules=listed(columns["rules"], lists, places),
    )


def _pooled(values: Texts, pupil: Ints) -> Texts:
    """Put values together that fewer than `SMALLEST_GROUP` pupils have; what is unknown stays unknown."""
    pairs = np.unique(np.column_stack([np.unique(values, return_inverse=True)[1], pupil]), axis=0)
    names, places = np.unique(values, return_inverse=True)
    few = np.bincount(pairs[:, 0], minlength=len(names)) < SMALLEST_GROUP
    few &= names != UNKNOWN
    return np.where(few[places], SMALL, values)


def _judge(attribute: Attribute, values: Texts, rows: _Rows, draws: Floats) -> Judged:
    observed = _by_fairlearn(values, rows)
    names = sorted(observed["recall"], key=_order)
    groups = [
        _group(name, values == name, rows, draws, {each: observed[each][name] for each in _FIGURES}) for name in names
    ]
    known = float(np.mean(values != UNKNOWN))
    return Judged(attribute=attribute.name, supplied=attribute.supplied, known=known, groups=tuple(groups))


def _order(value: str) -> tuple[bool, str]:
    """Numbers by their size, other words by the alphabet, and what is no group last."""
    return value in _LAST, re.sub(r"\d+", lambda digits: digits.group().zfill(9), value)


def _group(name: str, here: NDArray[np.bool_], rows: _Rows, draws: Floats, observed: Mapping[str, float]) -> Group:
    pupils, cases = len(np.unique(rows.pupil[here])), int(np.nansum(rows.outcome[here]))
    shown = pupils >= SMALLEST_GROUP
    size = {"pupils": pupils if shown else None, "rows": int(here.sum()) if shown else None}
    if cases < FEWEST_CASES or not shown:
        return Group(value=name, cases=None, judged=False, **size)
    sums, resampled = _resampled(here, rows, draws)
    figures = {
        each: _widened(Figure.of(observed[each], resampled[each]), sums[below]) for each, (_, below) in _FIGURES.items()
    }
    return Group(value=name, cases=cases, judged=True, **size, **figures)


def _widened(figure: Figure, times: float) -> Figure:
    """Resampling cannot see beyond none (or all) of `times` times: there the exact binomial bound stands."""
    far = 1 - _TAIL ** (1 / times) if times >= 1 else 1.0
    if figure.value == 0:
        return Figure(value=0.0, low=0.0, high=far)
    return Figure(value=1.0, low=1 - far, high=1.0) if figure.value == 1 else figure


def _gap(judged: Judged, values: Texts, rows: _Rows, *, rng: np.random.Generator, attributes: int) -> RecallGap | None:
    """The largest difference in recall; its interval from those of the two groups (Newcombe's method)."""
    recall = {
        group.value: group.recall
        for group in judged.groups
        if group.recall is not None and group.recall.value is not None and group.value not in _LAST
    }
    if len(recall) < 2:  # noqa: PLR2004 - a difference takes two
        return None
    lowest, highest = (choose(recall, key=lambda name: recall[name].value or 0.0) for choose in (min, max))
    (below, low, upper), (above, lower, high) = (
        (float(one.value or 0.0), float(one.low or 0.0), float(1.0 if one.high is None else one.high))
        for one in (recall[lowest], recall[highest])
    )
    gap = above - below
    p_value = min(1.0, attributes * _by_chance(values, list(recall), rows, rng=rng))
    return RecallGap(
        attribute=judged.attribute,
        supplied=judged.supplied,
        gap=gap,
        low=gap - float(np.hypot(above - lower, upper - below)),
        high=gap + float(np.hypot(high - above, below - low)),
        lowest=lowest,
        highest=highest,
        p_value=p_value,
        beyond_chance=p_value < _RARE,
    )


def _by_fairlearn(values: Texts, rows: _Rows) -> dict[str, dict[str, float]]:
    """Return the observed figures: name of the figure, then value of the attribute."""
    from fairlearn.metrics import MetricFrame  # noqa: PLC0415 - takes seconds to load, and only an audit needs it

    # All figures in one call: each costs a second on a region's rows.
    frame = MetricFrame(
        metrics=_figures,
        y_true=rows.outcome,
        y_pred=rows.told,
        sensitive_features=values,
        sample_params={"probability": rows.probability, "by_rules": rows.by_rules},
    )
    found = {str(group): figures for group, figures in frame.by_group.items()}
    return {name: {group: float(figures[name]) for group, figures in found.items()} for name in _FIGURES}


def _figures(y_true: Floats, y_pred: Floats, *, probability: Floats, by_rules: Floats) -> dict[str, float]:
    columns = (np.asarray(column, dtype=np.float64) for column in (y_true, probability, y_pred, by_rules))
    sums = {name: float(part.sum()) for name, part in _parts(_Rows(np.empty(0, dtype=np.int64), *columns)).items()}
    return {name: sums[above] / sums[below] if sums[below] else np.nan for name, (above, below) in _FIGURES.items()}


def _parts(rows: _Rows) -> dict[str, Floats]:
    """What is added up, per row. Whose outcome is unknown takes up a place and counts in no other figure."""
    known = ~np.isnan(rows.outcome)
    case = np.where(known, rows.outcome, 0.0)
    other = known - case
    return {
        "rows": np.ones(len(known)),
        "told": rows.told,
        "known": known.astype(np.float64),
        "cases": case,
        "others": other,
        "found": rows.told * case,
        "in_vain": rows.told * other,
        "told_known": rows.told * known,
        "expected": np.where(known, rows.probability, 0.0),
        "found_by_rules": rows.by_rules * case,
    }


def _resampled(here: NDArray[np.bool_], rows: _Rows, draws: Floats) -> tuple[dict[str, float], dict[str, Floats]]:
    """Sums over the rows `here`, and each figure in each resample of pupils: arrays of shape (resamples,)."""
    pupils, place = np.unique(rows.pupil[here], return_inverse=True)
    parts = _parts(rows)
    own = np.column_stack([np.bincount(place, part[here], minlength=len(pupils)) for part in parts.values()])
    sums = dict(zip(parts, (draws[:, pupils] @ own).T, strict=True))
    with np.errstate(divide="ignore", invalid="ignore"):
        figures = {name: sums[above] / sums[below] for name, (above, below) in _FIGURES.items()}
    return dict(zip(parts, own.sum(axis=0).tolist(), strict=True)), figures


def _by_chance(values: Texts, compared: Sequence[str], rows: _Rows, *, rng: np.random.Generator) -> float:
    """Deal the groups out again among the cases; return how often their recalls then spread as widely (chi-squared)."""
    cases = np.isin(values, compared) & (rows.outcome == 1)
    groups, place = np.unique(values[cases], return_inverse=True)
    sizes = np.bincount(place, minlength=len(groups))
    found = rows.told[cases]

    def spread(dealt: Floats) -> float:
        recall = np.bincount(place, weights=dealt, minlength=len(groups)) / sizes
        return float((sizes * (recall - dealt.mean()) ** 2).sum())

    as_it_is = spread(found) * (1 - _SAME)
    wider = sum(spread(rng.permutation(found)) >= as_it_is for _ in range(_DEALS))
    return (wider + 1) / (_DEALS + 1)
