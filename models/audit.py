"""What an audit of groups says: figures with their intervals, and the gaps. Written and read as JSON."""

from collections.abc import Sequence
from typing import Literal

from data_contracts.frozen import Frozen
from models.figures import Figure

SMALLEST_GROUP = 10
"""Values that fewer pupils have are put together: no figure may be about a few children."""
FEWEST_CASES = 5
"""With fewer cases a group is not judged."""
SMALL = "overig/te klein"
UNKNOWN = "onbekend"


class Group(Frozen):
    """Figures of the pupils with one value of an attribute.

    Parameters
    ----------
    value
        The value; `SMALL` for values that fewer than ten pupils have, `UNKNOWN` where the file says nothing.
    pupils, rows
        Pupils, and times that one could be listed (pupil and origin); None where there are fewer than ten.
    cases
        Cases among the rows; None where the group is not judged.
    judged
        Whether there are enough cases; if not, every figure is None.
    recall, rules_recall
        Share of the group's cases that was on a list; and on a list by rules of the same length.
    false_positive
        Share of those who did not become a case that was on a list.
    precision
        Share of the listed that became a case.
    selection
        Share of the rows that was on a list.
    predicted, observed
        Mean probability, and share that became a case, among rows whose outcome is known.
    """

    value: str
    pupils: int | None
    rows: int | None
    cases: int | None
    judged: bool
    recall: Figure | None = None
    rules_recall: Figure | None = None
    false_positive: Figure | None = None
    precision: Figure | None = None
    selection: Figure | None = None
    predicted: Figure | None = None
    observed: Figure | None = None


class Judged(Frozen):
    """One attribute: where it came from, for which share of pupils it is known, and its groups."""

    attribute: str
    supplied: bool
    known: float
    groups: tuple[Group, ...]


class RecallGap(Frozen):
    """The largest difference in recall between two judged groups of one attribute.

    Parameters
    ----------
    attribute, supplied
        The attribute; whether it came from the data team's file or from what is stored.
    gap, low, high
        Recall of the best found group minus that of the worst found one, with its 95 % interval. The two were chosen
        because they differ most, so the interval alone says too much.
    lowest, highest
        The two groups.
    p_value
        How often the groups' recalls spread as widely when groups are dealt out at random, times the number of attributes:
        who compares many finds something.
    beyond_chance
        Whether that is rare (below 0.05).
    """

    attribute: str
    supplied: bool
    gap: float
    low: float | None
    high: float | None
    lowest: str
    highest: str
    p_value: float
    beyond_chance: bool


class Audit(Frozen):
    """What an audit found; kept as ``fairness.json`` beside the model.

    Parameters
    ----------
    scorecard, outcome
        Version of the scorecard whose method was audited, and what it scores.
    headline
        What it comes to, in plain Dutch.
    origins
        Dates from which was looked.
    pupils, cases
        Pupils that could be listed, and cases among them whose outcome is known.
    resamples
        Number of resamples behind the intervals.
    attributes, recall_gaps
        Per attribute; a gap only where at least two groups are judged.
    """

    format: Literal[1] = 1
    scorecard: str
    outcome: str
    headline: str
    origins: tuple[str, ...]
    pupils: int
    cases: int
    resamples: int
    attributes: tuple[Judged, ...]
    recall_gaps: tuple[RecallGap, ...]


def digits(share: float) -> int:
    """Decimals that a share (0..1) is worth when shown in percent: 24, 2.4 and 0.24."""
    return 0 if share >= 0.1 or share == 0 else 1 if share >= 0.01 else 2  # noqa: PLR2004 - as the summary says


def headline(judged: Sequence[Judged], gaps: Sequence[RecallGap]) -> str:
    """Say in plain Dutch what an audit comes to."""
    if not gaps:
        reason = (
            "bij geen enkel kenmerk zijn er twee groepen met genoeg gevallen" if judged else "er zijn geen kenmerken"
        )
        return f"Of de lijst elke groep even goed bereikt, is niet te zeggen: {reason}."
    beyond = [gap for gap in gaps if gap.beyond_chance]
    start = f"Vergeleken op {len(gaps)} {'kenmerk' if len(gaps) == 1 else 'kenmerken'}"
    if not beyond:
        largest = max(gaps, key=lambda gap: gap.gap)
        return (
            f"{start}: nergens verschilt het deel van de gevallen dat de lijst vindt meer tussen groepen dan toeval geeft. "
            f"Het grootste verschil is {_points(largest.gap)} procentpunt, bij {largest.attribute} ('{largest.highest}' "
            f"boven '{largest.lowest}'). Met dit aantal gevallen kan een echt verschil onopgemerkt blijven."
        )
    told = "; ".join(
        f"{gap.attribute} ('{gap.highest}' {_points(gap.gap)} procentpunt boven '{gap.lowest}')" for gap in beyond
    )
    return f"{start}: bij {len(beyond)} verschilt het deel van de gevallen dat de lijst vindt meer dan toeval geeft: {told}."


def _points(share: float) -> str:
    return f"{100 * share:.0f}"
