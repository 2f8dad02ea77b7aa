"""The sentence to lead with: at this list length, how many do we find, and how many would the rules find."""

from collections.abc import Sequence

from models.figures import Difference, Slice


def best_rule(pooled: Slice, differences: Sequence[Difference]) -> Difference | None:
    """Return the rules that found most; without rules whatever found most; None where nothing is compared."""
    found = _found(pooled)
    against = [gap for gap in differences if gap.kind == "rules"] or list(differences)
    return max(against, key=lambda gap: found[gap.name], default=None)


def headline(pooled: Slice, differences: Sequence[Difference], *, new: bool = True) -> tuple[bool | None, str]:
    """Whether we beat the best rule with certainty (None without rules), and that in Dutch."""
    found = _found(pooled)
    ours = found[pooled.rankings[0].name]
    start = f"Bij deze lijstlengte vinden wij {ours:.0f} van de {pooled.cases} {'nieuwe ' if new else ''}gevallen"
    best = best_rule(pooled, differences)
    if best is None:
        return None, f"{start}."
    sentence = f"{start}; {best.label} {found[best.name]:.0f}."
    low, high, value = best.found.low, best.found.high, best.found.value
    if low is None or high is None or value is None:
        return (False if best.kind == "rules" else None), sentence
    beats = low > 0
    if value <= 0:
        verdict = "Wij vinden er niet meer."
    else:
        verdict = f"Dat zijn er {value:.0f} meer (95 %-interval {low:.0f} tot {high:.0f})" + (
            "." if beats else ": te weinig verschil om zeker van te zijn."
        )
    if best.kind != "rules":
        return None, f"{sentence} {verdict}{_yardstick(differences, found, ours)}"
    advice = "" if beats else " De lijsten horen daarom op de regels te staan."
    return beats, f"{sentence} {verdict}{advice}{_yardstick(differences, found, ours)}"


def _found(pooled: Slice) -> dict[str, float]:
    return {ranking.name: ranking.found.value or 0.0 for ranking in pooled.rankings}


def _yardstick(differences: Sequence[Difference], found: dict[str, float], ours: float) -> str:
    """Name the best other order too: a model that a yardstick beats has not earned its place, whatever the rules do."""
    others = [gap for gap in differences if gap.kind in {"simple", "peer"}]
    if not others:
        return ""
    best = max(others, key=lambda gap: found[gap.name])
    verdict = "" if found[best.name] < ours else ": niet minder dan het model"
    return f" Ter vergelijking: {best.label} alleen vindt er {found[best.name]:.0f}{verdict}."
