"""The measures of a region held beside each other: who is on the list or away for long is in view as well."""

from collections.abc import Mapping

import pytest

from service import disclosure, region
from service.disclosure import RULES, Sum, possible
from service.shared import WHOLE_SCHOOL, Measure
from service.tables import RegionCellRow

KEY = (71).to_bytes(32, "big")
"""With this key every school below is rounded up and their sum down: 10, 10 and 10 in view, and 15 together."""


def counted(school: int, counts: Mapping[Measure, int], *, year_group: str = "1") -> list[RegionCellRow]:
    of = {Measure.PUPILS: (WHOLE_SCHOOL, 400)} | {measure: (year_group, count) for measure, count in counts.items()}
    return [
        RegionCellRow(
            school=str(school), edition=1, year_group=group, measure=measure, count=count, members=f"{school}{measure}"
        )
        for measure, (group, count) in of.items()
    ]


def test_what_is_told_of_one_measure_does_not_give_a_small_count_of_another_away():
    """Between 6 and 7 in view and at least 6 on the list would leave no more than one pupil away for long."""
    rows = [row for school in range(3) for row in counted(school, {Measure.IN_VIEW: 6, Measure.ON_LIST: 6})]
    figures = region.figures_of(rows, key=KEY)
    cells, sums = region.system(rows)
    shown = {name: figures[Measure(name[0])][name[1:]] for name, cell in cells.items() if not cell.remainder}
    small = {name for name in shown if cells[name].count < RULES.smallest}
    known = [one for one in sums if set(one.parts) <= set(shown)]
    for school in "012":  # what any reader knows besides
        parts = [(measure, "school", school) for measure in (Measure.ON_LIST, Measure.AWAY)]
        known.append(Sum((Measure.IN_VIEW, "school", school), (*parts, ("neither", school))))
        shown["neither", school] = None
    bounds = possible(shown, known, small=small)
    assert ("langdurigAfwezig", "school", "0") in small
    assert {name for name in small if bounds[name][1] - bounds[name][0] + 1 < RULES.left_open} == set()


def test_in_a_large_region_each_sum_is_held_to_its_parts_a_few_times_only(monkeypatch: pytest.MonkeyPatch):
    held: list[Sum] = []
    narrow = disclosure._narrow
    monkeypatch.setattr(disclosure, "_narrow", lambda bounds, one: (held.append(one), narrow(bounds, one)))
    rows = [
        row
        for school in range(40)
        for row in counted(
            school,
            {
                Measure.IN_VIEW: 9 + school % 20 + school % 4,
                Measure.ON_LIST: 5 + school % 20,
                Measure.AWAY: school % 4,
                Measure.DUTY: school % 5,
            },
            year_group=str(11 + school % 6),
        )
    ]
    region.figures_of(rows, key=KEY)
    _, sums = region.system(rows)
    assert len(sums) <= len(held) <= 25 * len(sums)


def test_a_list_with_somebody_on_it_who_is_away_for_long_is_told_all_the_same():
    twice = {Measure.IN_VIEW: 12, Measure.ON_LIST: 12, Measure.AWAY: 12}
    figures = region.figures_of([row for school in range(3) for row in counted(school, twice)], key=KEY)
    assert figures[Measure.AWAY]["school", "0"] in {10, 15}


def test_a_list_that_is_filled_up_with_pupils_whom_nothing_brings_into_view_is_still_held_to_those_away():
    _, sums = region.system(counted(0, {Measure.IN_VIEW: 7, Measure.ON_LIST: 10, Measure.AWAY: 6}))
    parts = {part for one in sums if one.whole == (Measure.IN_VIEW, "school", "0") for part in one.parts}
    assert (Measure.AWAY, "school", "0") in parts
    assert (Measure.ON_LIST, "school", "0") not in parts


def test_a_week_in_which_nobody_is_in_view_is_told_all_the_same():
    figures = region.figures_of(counted(0, {}), key=KEY)
    assert figures[Measure.PUPILS]["school", "0"] == 400
    assert {told for measure in Measure if measure is not Measure.PUPILS for told in figures[measure].values()} == {
        None
    }
