"""The gate: may a newly trained model make the lists? Decided from data alone; a person signs for it afterwards.

The serving model is called the champion, the new one the challenger. Two models are compared on the dates both were
judged from, pupil by pupil, with the outcome as it is known now. A model that does not find more new cases than the best
rule does not pass: the lists then stand on rules.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import narwhals as nw
import numpy as np
from narwhals.typing import IntoDataFrame
from pydantic import Field

from data_contracts.frozen import Frozen
from models.audit import Audit, RecallGap
from models.calibration import fit_line
from models.figures import Evaluation, Figure
from models.paired import Pair, floats, paired
from models.scorecard import EXACT, Scorecard

_PROBES = 2000
_NORMAL = 1.959963984540054  # 97.5 % of a normal distribution


class Check(Frozen):
    """One question of the gate and its answer.

    Parameters
    ----------
    name, label
        Id, and Dutch words.
    answer
        ``unknown``: there is nothing to judge by, and that is no reason to refuse.
    text
        The answer in one or two Dutch sentences.
    figures
        The numbers behind it.
    """

    name: str
    label: str
    answer: Literal["pass", "fail", "unknown"]
    text: str
    figures: dict[str, float] = Field(default_factory=dict)


class Ruling(Frozen):
    """What the gate decided about `challenger`, beside `champion` (None: the lists stood on rules)."""

    challenger: str
    champion: str | None
    passed: bool
    checks: tuple[Check, ...]

    @property
    def objections(self) -> tuple[Check, ...]:
        """The checks that did not pass."""
        return tuple(check for check in self.checks if check.answer == "fail")


@dataclass(frozen=True)
class Contender:
    """A model with what was kept when it was judged.

    Parameters
    ----------
    card
        The model.
    frame
        Its backtest: one row a pupil and origin with ``school, pupil, origin, outcome, already, log_odds, probability``;
        None where it was not kept.
    evaluation
        Figures over that frame; None where it could not be judged.
    audit
        Figures per group; None where there was no audit.
    largest_gap
        Largest difference between scorecard and fitted model when it was trained (log-odds).
    """

    card: Scorecard
    frame: IntoDataFrame | None
    evaluation: Evaluation | None
    audit: Audit | None = None
    largest_gap: float | None = None


@cache
def _terms() -> Mapping[str, float]:
    return tomllib.loads(files("models").joinpath("gate.toml").read_text(encoding="utf-8"))


def judge(challenger: Contender, champion: Contender | None, *, capacity: Mapping[str, int], seed: int = 1) -> Ruling:
    """Decide whether `challenger` may take the place of `champion`.

    Parameters
    ----------
    challenger, champion
        The new model, and the one that serves; None where lists stand on rules.
    capacity
        Places a week, per school; rows of other schools are left out.
    seed
        Of the resamples: the same data give the same ruling.
    """
    pair = _pair(challenger, champion, capacity)
    checks = (
        _origins(challenger),
        _rules(challenger),
        _against(champion, pair, seed=seed),
        _calibration(challenger),
        _groups(challenger, champion),
        _exact(challenger),
        _overlap(champion, pair),
    )
    return Ruling(
        challenger=challenger.card.version,
        champion=None if champion is None else champion.card.version,
        passed=all(check.answer != "fail" for check in checks),
        checks=checks,
    )


def _origins(challenger: Contender) -> Check:
    count = 0 if challenger.evaluation is None or challenger.frame is None else len(challenger.evaluation.origins)
    fewest = int(_terms()["fewest_origins"])
    if count >= fewest:
        text = f"Er is teruggekeken vanaf {count} peildata die elkaar niet overlappen."
    else:
        text = (
            f"Er is teruggekeken vanaf {count} peildata, en er zijn er minstens {fewest} nodig om een model te kunnen "
            "vertrouwen. Met meer schoolweken komen er peildata bij; tot die tijd volgen de lijsten de drempels."
        )
    return _check("origins", "Genoeg peildata", count >= fewest, text, {"origins": count})


def _rules(challenger: Contender) -> Check:
    label = "Beter dan de drempels"
    if challenger.evaluation is None:
        return _check("rules", label, False, "Er is geen terugblik, dus dit is niet te zeggen.")
    evaluation = challenger.evaluation
    rules = [gap.found for gap in evaluation.differences if gap.kind == "rules" and gap.found.value is not None]
    smallest = min(rules, key=lambda found: found.value or 0.0, default=None)
    text = evaluation.headline
    if not evaluation.beats_rules:
        text += " Niet zeker meer dan de drempels: dan volgen de lijsten de drempels."
    return _check("rules", label, bool(evaluation.beats_rules), text, _of(smallest))


def _pair(challenger: Contender, champion: Contender | None, capacity: Mapping[str, int]) -> Pair | None:
    if champion is None or challenger.frame is None or champion.frame is None:
        return None
    return paired(challenger.frame, champion.frame, capacity)


def _against(champion: Contender | None, pair: Pair | None, *, seed: int) -> Check:
    name, label = "champion", "Niet slechter dan het huidige model"
    fewest = int(_terms()["fewest_origins"])
    if champion is None:
        return Check(
            name=name, label=label, answer="unknown", text="Er is geen huidig model: de lijsten volgen de drempels."
        )
    count = 0 if pair is None else len(pair.origins)
    if pair is None or count < fewest:
        text = (
            f"Het nieuwe en het huidige model zijn vanaf {count} dezelfde peildata beoordeeld; nodig zijn er {fewest}. "
            "Train opnieuw: 'aanwezig train' neemt de peildata van het huidige model mee."
        )
        return _check(name, label, False, text, {"origins": count})
    found, before = pair.difference(resamples=int(_terms()["resamples"]), seed=seed), pair.before
    value, high = found.value or 0.0, found.high or 0.0
    # With no case at all on either list the two are equal.
    worse = high < 0 or value < -_terms()["largest_loss"] * before
    text = (
        f"Vanaf {count} gelijke peildata vindt het nieuwe model {before + value:.0f} nieuwe gevallen en het huidige "
        f"{before:.0f}: een verschil van {value:+.0f} (95 %-interval {found.low or 0:+.0f} tot {high:+.0f})."
    )
    return _check(name, label, not worse, text, {"origins": count, "champion_found": before, **_of(found)})


def _calibration(challenger: Contender) -> Check:
    name, label = "calibration", "Kansen kloppen"
    low, high = _terms()["lowest_slope"], _terms()["highest_slope"]
    slope = None if challenger.frame is None or challenger.evaluation is None else _slope(challenger)
    if slope is None or slope.value is None:
        return _check(name, label, False, "De ijking is niet te bepalen: te weinig gevallen om aan te rekenen.")
    text = (
        f"De helling van de ijking is {_told(slope.value)} (95 %-interval {_told(slope.low)} tot {_told(slope.high)}); "
        f"tussen {_told(low)} en {_told(high)} is goed."
    )
    return _check(name, label, low <= slope.value <= high, text, _of(slope))


def _slope(challenger: Contender) -> Figure | None:
    """Slope over the origins it was judged from, of pupils who could be listed and whose outcome is known."""
    assert challenger.frame is not None and challenger.evaluation is not None  # noqa: S101, PT018 - asked by the caller
    frame = nw.from_native(challenger.frame, eager_only=True)
    origin = nw.col("origin").cast(nw.String)
    rows = frame.filter(
        ~nw.col("already"), ~nw.col("outcome").is_null(), origin.is_in(list(challenger.evaluation.origins))
    )
    if rows.is_empty():
        return None
    pupils = np.char.add(rows["school"].to_numpy().astype(str), rows["pupil"].to_numpy().astype(str))
    chance = np.clip(floats(rows, "probability"), 1e-12, 1 - 1e-12)
    line = fit_line(np.log(chance / (1 - chance)), floats(rows, "outcome"), np.unique(pupils, return_inverse=True)[1])
    if line is None:
        return None
    reach = _NORMAL * line.slope_error
    return Figure(value=line.slope, low=line.slope - reach, high=line.slope + reach)


def _groups(challenger: Contender, champion: Contender | None) -> Check:
    name, label = "groups", "Groepen niet ongelijker gevonden"

    def unknown(text: str) -> Check:
        return Check(name=name, label=label, answer="unknown", text=f"Niet beoordeeld: {text}")

    ours = _gaps(challenger.audit)
    theirs = _gaps(None if champion is None else champion.audit)
    missing = sorted(set(theirs) - set(ours))
    if missing:
        text = (
            f"Bij het huidige model zijn groepen vergeleken ({', '.join(missing)}), bij het nieuwe nog niet. "
            "Draai eerst 'aanwezig audit --groups BESTAND'."
        )
        return _check(name, label, False, text)
    if not ours:
        return unknown("het datateam heeft geen groepen aangeleverd, of zij zijn te klein om te vergelijken.")
    largest = max(ours.values(), key=lambda gap: gap.gap)
    shown = f"het grootste verschil is {largest.gap:.0%} van de gevallen ({largest.attribute}: {largest.lowest}, {largest.highest})."
    if not set(ours) & set(theirs):
        return unknown(f"er is geen eerder model waarvan groepen zijn vergeleken; {shown}")
    grown = {each: gap.gap - theirs[each].gap for each, gap in ours.items() if each in theirs}
    limit = _terms()["largest_gap_growth"]
    worse = sorted(each for each, growth in grown.items() if growth > limit and ours[each].beyond_chance)
    text = f"Het verschil tussen groepen groeit bij {', '.join(worse)}; " if worse else "Nergens groeit het verschil; "
    return _check(name, label, not worse, text + shown, grown)


def _gaps(audit: Audit | None) -> dict[str, RecallGap]:
    return {} if audit is None else {gap.attribute: gap for gap in audit.recall_gaps if gap.supplied}


def _exact(challenger: Contender) -> Check:
    gap = max(exact_gap(challenger.card), challenger.largest_gap or 0.0)
    known = challenger.largest_gap is not None
    text = f"Score en som van de delen verschillen hooguit {gap:.0e}, en mogen {EXACT:.0e} verschillen."
    if not known:
        text = "Hoe precies de scorekaart het geleerde model weergeeft is niet bewaard. Train opnieuw."
    return _check("exact", "Uitleg klopt precies", known and gap <= EXACT, text, {"gap": gap})


def exact_gap(card: Scorecard) -> float:
    """Largest difference between a score and the sum of its parts, over made-up pupils that fall in every bin."""
    rng = np.random.default_rng(0)
    columns = []
    for shape in card.shapes:
        edges = np.array(shape.edges)
        inside = (edges[1:] + edges[:-1]) / 2
        ends = [edges[0] - 1.0, edges[-1] + 1.0] if len(edges) else [0.0]
        columns.append(rng.permutation(np.resize(np.concatenate([inside, edges, ends, [np.nan]]), _PROBES)))
    scores = card.score(np.column_stack(columns))
    return float(np.abs(card.baseline + scores.contributions.sum(axis=1) - scores.log_odds).max())


def _overlap(champion: Contender | None, pair: Pair | None) -> Check:
    name, label = "overlap", "Lijsten blijven herkenbaar"
    if champion is None or pair is None:
        return Check(
            name=name,
            label=label,
            answer="unknown",
            text="Er zijn geen lijsten van een huidig model om mee te vergelijken.",
        )
    share = pair.overlap()
    least = _terms()["lowest_overlap"]
    text = f"Op {pair.origins[-1]} delen beide modellen {share:.0%} van de plaatsen; minstens {least:.0%} is nodig."
    return _check(name, label, share >= least, text, {"jaccard": share})


def _check(name: str, label: str, passed: bool, text: str, figures: Mapping[str, float] | None = None) -> Check:  # noqa: FBT001
    return Check(name=name, label=label, answer="pass" if passed else "fail", text=text, figures=dict(figures or {}))


def _told(value: float | None) -> str:
    return "?" if value is None else f"{value:.2f}".replace(".", ",")


def _of(figure: Figure | None) -> dict[str, float]:
    parts = {} if figure is None else {"value": figure.value, "low": figure.low, "high": figure.high}
    return {name: number for name, number in parts.items() if number is not None}
