"""What there was to see of a pupil when it was left for now, and what is new since: then the pupil wakes."""

import json
from collections.abc import Iterable

from data_contracts.weekly_list import RuleHit, Signal


def signs(signal: Signal) -> str:
    """Return, to be stored, the thresholds reached and the features of the sentences that raise the signal."""
    rules = sorted({_of_rule(one) for one in signal.rule_hits})
    features = sorted({name for one in signal.raising for name in one.features})
    return json.dumps({"rules": rules, "features": features})


def is_new(stored: str, signal: Signal) -> tuple[str, ...]:
    """Return in words what `signal` shows that was not there when `stored` was kept; empty where there is nothing.

    A sentence speaks for a theme, and stays the same one as long as any of its features was there before: which of them
    weighs most changes from week to week. A legal duty counts anew each time that it is reached.
    """
    kept = json.loads(stored)
    rules, features = set(kept["rules"]), set(kept["features"])
    thresholds = [one.label for one in signal.rule_hits if _of_rule(one) not in rules]
    sentences = [one.text for one in signal.raising if features.isdisjoint(one.features)]
    return _once(thresholds + sentences)


def _of_rule(hit: RuleHit) -> str:
    return f"{hit.rule} {hit.reached_on}" if hit.statutory else hit.rule


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
