"""Figures per group at the list cut: counted by hand on a small frame, pooled where small, silent where thin."""

import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from data_contracts.errors import NotEnoughDataError
from models.audit import FEWEST_CASES, SMALL, UNKNOWN, digits
from models.fairness import About, Attribute, Audit, audit

ABOUT = About(scorecard="0123456789ab", outcome="long_absence")
GENDER = (Attribute("gender", supplied=True),)


def frame(rows: list[dict]) -> pl.DataFrame:
    """Rows with what is not said filled in: everybody at one school, of whom the first are listed first."""
    filled = []
    for place, row in enumerate(rows):
        blank = {"school": "11ZZ01", "pupil": f"p{place}", "origin": "2026-01-12", "already": False, "outcome": 0}
        score = {"log_odds": -float(place), "probability": 0.1, "rules": 0.0}
        filled.append(blank | score | {"gender": "x"} | row)
    return pl.DataFrame(filled)


def judge(rows: list[dict] | pl.DataFrame, attributes=GENDER, *, places: int = 20) -> Audit:
    made = rows if isinstance(rows, pl.DataFrame) else frame(rows)
    return audit(made, attributes, capacity={"11ZZ01": places, "11ZZ02": places}, about=ABOUT)


def group(found: Audit, value: str):
    return next(one for judged in found.attributes for one in judged.groups if one.value == value)


def two_groups() -> list[dict]:
    """Of the 20 listed: 6 girls who become a case, 4 who do not, 2 boys who do, 8 who do not. 4 girls, 8 boys missed."""
    listed = [("girl", 1)] * 6 + [("girl", 0)] * 4 + [("boy", 1)] * 2 + [("boy", 0)] * 8
    rest = [("girl", 1)] * 4 + [("boy", 1)] * 8 + [("girl", 0)] * 36 + [("boy", 0)] * 32
    return [{"gender": gender, "outcome": outcome} for gender, outcome in listed + rest]


def test_each_figure_is_what_one_counts_by_hand():
    found = judge(two_groups())
    girl, boy = group(found, "girl"), group(found, "boy")
    assert (girl.pupils, girl.rows, girl.cases, girl.judged) == (50, 50, 10, True)
    assert girl.recall.value == pytest.approx(6 / 10)
    assert boy.recall.value == pytest.approx(2 / 10)
    assert girl.false_positive.value == pytest.approx(4 / 40)
    assert boy.precision.value == pytest.approx(2 / 10)
    assert boy.selection.value == pytest.approx(10 / 50)
    assert girl.predicted.value == pytest.approx(0.1)
    assert girl.observed.value == pytest.approx(10 / 50)
    assert found.cases == 20
    # Nobody reaches a rule: all 100 share the 20 places.
    assert girl.rules_recall.value == pytest.approx(0.2)


def test_intervals_hold_the_value_and_come_from_pupils_not_rows():
    once = judge(two_groups())
    several = pl.concat(
        [frame(two_groups()).with_columns(origin=pl.lit(origin)) for origin in ("2026-01-12", "2026-03-16")]
    )
    twice = judge(several)
    for found in (once, twice):
        recall = group(found, "girl").recall
        assert recall.low < recall.value < recall.high
    # The same pupils seen again tell nothing new: the interval does not shrink.
    width = [group(found, "girl").recall.high - group(found, "girl").recall.low for found in (once, twice)]
    assert width[1] == pytest.approx(width[0], abs=0.02)
    assert twice.pupils == once.pupils == 100


def test_who_is_in_the_outcome_already_is_not_listed_and_not_counted():
    extra = [{"gender": "girl", "outcome": 1, "already": True, "log_odds": 99.0, "pupil": f"a{n}"} for n in range(15)]
    assert judge([*two_groups(), *extra]) == judge(two_groups())


def test_an_unknown_outcome_takes_a_place_and_counts_in_no_other_figure():
    unknown = [{"gender": "boy", "outcome": None, "log_odds": 99.0, "pupil": f"u{n}"} for n in range(8)]
    found = judge([*two_groups(), *unknown])
    assert group(found, "boy").false_positive.value == 0.0  # they take the places of the 8 who came last
    assert group(found, "boy").recall.value == pytest.approx(0.2)
    assert group(found, "boy").cases == 10
    assert group(found, "boy").selection.value == pytest.approx(10 / 58)


def test_values_of_few_pupils_go_together_and_thin_groups_are_not_judged():
    rows = two_groups()
    for place, row in enumerate(rows[-15:]):
        row["gender"] = "rare" if place < 9 else "rarer"
    found = judge(rows)
    assert {one.value for one in found.attributes[0].groups} == {"girl", "boy", SMALL}
    pooled = group(found, SMALL)
    assert (pooled.pupils, pooled.cases, pooled.judged, pooled.recall) == (15, None, False, None)
    assert "rare" not in found.model_dump_json()


def test_fewer_than_ten_pupils_in_all_stay_uncounted_too():
    rows = two_groups()
    for row in rows[-4:]:
        row["gender"] = "rare"
    assert (group(judge(rows), SMALL).pupils, group(judge(rows), SMALL).rows) == (None, None)


def test_what_is_not_known_is_a_group_of_its_own_and_takes_no_part_in_a_gap():
    rows = two_groups()
    for row in rows[10:20]:
        row["gender"] = None
    found = judge(rows)
    assert found.attributes[0].groups[-1].value == UNKNOWN
    assert found.attributes[0].known == pytest.approx(0.9)
    assert {found.recall_gaps[0].lowest, found.recall_gaps[0].highest} == {"girl", "boy"}


def test_a_few_of_whom_nothing_is_known_stay_unknown():
    rows = two_groups()
    for row in rows[-4:]:
        row["gender"] = None
    assert [one.value for one in judge(rows).attributes[0].groups] == ["boy", "girl", UNKNOWN]


def test_the_gap_is_the_largest_difference_in_recall_with_its_interval():
    gap = judge(two_groups()).recall_gaps[0]
    assert (gap.attribute, gap.supplied, gap.lowest, gap.highest) == ("gender", True, "boy", "girl")
    assert gap.gap == pytest.approx(0.4)
    assert gap.low < gap.gap < gap.high
    assert gap.low > -0.1


def many(listed_share: dict[str, float], *, cases: int = 200, seed: int = 3) -> pl.DataFrame:
    """Groups of `cases` cases each, of whom so large a share is listed, among others who never are."""
    rng = np.random.default_rng(seed)
    rows = []
    for name, share in listed_share.items():
        listed = rng.random(cases) < share
        rows += [{"gender": name, "outcome": 1, "log_odds": 9.0 if one else -9.0} for one in listed]
        rows += [{"gender": name, "outcome": 0, "log_odds": -9.5} for _ in range(cases)]
    return frame(rows)


def test_a_planted_difference_is_told_from_chance_and_equal_groups_are_not():
    uneven, even = many({"a": 0.3, "b": 0.5}), many({"a": 0.4, "b": 0.4})
    for made, beyond in ((uneven, True), (even, False)):
        places = int((made["log_odds"] == 9.0).sum())
        found = judge(made, places=places)
        assert found.recall_gaps[0].beyond_chance is beyond
        assert ("groter" in found.headline or "meer dan toeval geeft: gender" in found.headline) is beyond


def test_who_compares_much_does_not_call_chance_a_difference():
    """70 and 92 of 200 found is rare by chance (1 in 40), but not once in twelve comparisons."""
    rows = [
        {"pair": pair, "outcome": 1, "log_odds": 9.0 if number < found else -9.0}
        for pair, found in (("a", 70), ("b", 92))
        for number in range(200)
    ]
    rng = np.random.default_rng(8)
    names = ["pair", *(f"lot{number}" for number in range(11))]
    lots = {name: pl.Series(rng.choice(["p", "q", "r"], len(rows)).tolist()) for name in names[1:]}
    made = frame(rows).with_columns(**lots)
    alone = judge(made, [Attribute("pair", supplied=True)], places=162)
    among = judge(made, [Attribute(name, supplied=True) for name in names], places=162)
    assert alone.recall_gaps[0].beyond_chance
    assert len(among.recall_gaps) == 12
    assert not any(gap.beyond_chance for gap in among.recall_gaps)


def test_none_found_of_few_cases_is_not_certainty():
    rows = [{"gender": "girl", "outcome": 0}] * 20 + [{"gender": "girl", "outcome": 1}] * 10
    recall = group(judge(rows), "girl").recall
    assert (recall.value, recall.low) == (0.0, 0.0)
    assert recall.high == pytest.approx(1 - 0.025 ** (1 / 10))


def test_groups_stand_in_the_order_a_reader_expects():
    rows = [{"gender": value, "outcome": int(n < 6)} for value in ("4", "11", "onbekend", "9") for n in range(12)]
    assert [one.value for one in judge(rows).attributes[0].groups] == ["4", "9", "11", UNKNOWN]


def test_without_two_groups_to_compare_nothing_is_claimed():
    found = judge([{"gender": "girl", "outcome": int(place < FEWEST_CASES)} for place in range(40)])
    assert found.recall_gaps == ()
    assert "niet te zeggen" in found.headline


def test_without_a_case_there_is_no_audit():
    with pytest.raises(NotEnoughDataError, match="geen enkel nieuw geval"):
        judge([{"gender": "girl"}] * 30)


def test_the_same_audit_gives_the_same_figures_and_survives_json():
    found = judge(two_groups())
    assert (
        judge(frame(two_groups()).sample(fraction=1.0, shuffle=True, seed=2)).recall_gaps[0].gap
        == found.recall_gaps[0].gap
    )
    assert judge(two_groups()) == found
    assert Audit.model_validate_json(found.model_dump_json()) == found


def test_a_share_is_shown_with_as_many_decimals_as_it_is_worth():
    assert [digits(share) for share in (0.0, 0.24, 0.1, 0.024, 0.0024)] == [0, 0, 0, 1, 2]


def test_reading_an_audit_loads_no_fairlearn():
    code = "import sys, models.fairness, pipelines.trained; sys.exit('fairlearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
