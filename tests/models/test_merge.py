"""Merging scorecards: exact, the same in any order, and never of things that do not agree."""

from dataclasses import replace

import numpy as np
import pytest

from data_contracts.errors import ModelError
from models.learning import Sample
from models.merge import merge
from models.ranking import rank_figures
from models.scorecard import Scorecard, Shape


@pytest.fixture(scope="module")
def parts(refit, make_people) -> list[Scorecard]:
    """Two schools: the second has more absence, and no pupil who was never away."""
    cards = []
    for seed, more in ((11, 0.0), (12, 0.03)):
        here = make_people(9_000, seed)
        matrix = here.matrix.copy()
        matrix[:, 0] += more
        cards.append(refit(replace(here, matrix=matrix), max_iterations=40, bags=3).scorecard)
    return cards


@pytest.fixture(scope="module")
def merged(parts) -> Scorecard:
    return merge(parts)


def changed(card: Scorecard, **values) -> Scorecard:
    return Scorecard.model_validate(card.model_dump() | values)


def test_the_merged_card_is_exact_monotone_and_can_be_read_back(merged, make_people):
    scores = merged.score(make_people(2_000, 5).matrix)
    merged.check(scores)
    again = Scorecard.from_json(merged.to_json())  # refuses shapes against their direction
    assert again.version == merged.version
    for shape in merged.shapes:
        assert abs(np.dot(shape.shares, [*shape.values, shape.missing])) < 1e-9
        assert sum(shape.shares) == pytest.approx(1)


def test_it_names_its_parts_and_counts_their_rows(merged, parts):
    assert {part.version for part in merged.parts} == {card.version for card in parts}
    assert merged.rows == sum(card.rows for card in parts)
    assert merged.events == sum(card.events for card in parts)
    assert merged.pupils_with_outcome == sum(card.pupils_with_outcome for card in parts)
    assert merged.version not in {card.version for card in parts}


def test_the_order_of_the_cards_does_not_matter(merged, parts):
    assert merge(parts[::-1]).version == merged.version


def test_two_cards_that_say_the_same_give_that_again(parts, make_people):
    twin = changed(parts[0], rows=parts[0].rows + 1)
    both = merge([parts[0], twin])
    rows = make_people(2_000, 5).matrix
    assert both.score(rows).log_odds == pytest.approx(parts[0].score(rows).log_odds, abs=1e-8)


def test_one_function_learned_on_two_populations_is_that_function(parts, make_people):
    """The same sum, told against another average pupil: merging must not mix up the two averages."""
    first = parts[0]
    moved, shift = [], 0.0
    for shape in first.shapes:
        shares = np.array(shape.shares) * np.linspace(0.2, 2.0, len(shape.shares))
        shares /= shares.sum()
        mean = float(shares @ [*shape.values, shape.missing])
        shift += mean
        values = tuple((np.array(shape.values) - mean).tolist())
        moved.append(
            shape.model_dump() | {"values": values, "missing": shape.missing - mean, "shares": shares.tolist()}
        )
    other = changed(
        first, shapes=[Shape(**one).model_dump() for one in moved], baseline=first.baseline + shift, rows=3 * first.rows
    )
    rows = make_people(2_000, 5).matrix
    assert other.score(rows).log_odds == pytest.approx(first.score(rows).log_odds)
    assert merge([first, other]).score(rows).log_odds == pytest.approx(first.score(rows).log_odds, abs=1e-8)


def test_who_never_saw_a_value_has_no_say_in_it(parts):
    first, second = parts
    shape = second.shapes[1]
    unseen = (*shape.shares[:-1], 0.0)
    blind = changed(
        second,
        shapes=[
            one.model_dump()
            | ({"shares": np.divide(unseen, sum(unseen)).tolist(), "missing": 3.0} if one is shape else {})
            for one in second.shapes
        ],
    )
    known = merge([first, blind]).shapes[1]
    gap = known.missing - known.values[0]
    own = first.shapes[1]
    assert abs(gap - (own.missing - own.values[0])) < 0.5  # and nothing of the 3.0 that only the blind one says


def test_merging_finds_more_than_the_weakest_part(parts, merged, make_people):
    later: Sample = make_people(6_000, 77)
    weights = np.ones((1, len(later.outcome)))
    auc = [rank_figures(card.score(later.matrix).log_odds, later.outcome, weights)[1][0] for card in (*parts, merged)]
    assert auc[2] > min(auc[:2])


def test_the_spread_of_a_mean_is_smaller_than_that_of_its_parts(parts, merged, make_people):
    rows = make_people(2_000, 5).matrix
    assert merged.spread(rows).mean() < min(card.spread(rows).mean() for card in parts)


def test_what_does_not_agree_is_refused(parts):
    first, second = parts
    other = {
        "uitkomst": changed(second, target=second.target.model_dump() | {"name": "other"}),
        "gegevenscontract": changed(second, contract_version="0.0.1"),
        "kenmerken": changed(second, catalogue_version="other"),
        "richting": changed(second, shapes=[*(s.model_dump() for s in second.shapes[:-1]), turned(second.shapes[-1])]),
    }
    for words, card in other.items():
        with pytest.raises(ModelError, match=words):
            merge([first, card])


def turned(shape: Shape) -> dict:
    return shape.model_dump() | {"direction": 1, "values": tuple(sorted(shape.values))}


def test_a_card_counts_once(parts, merged):
    for cards in ([parts[0]], [parts[0], parts[0]]):
        with pytest.raises(ModelError, match="minstens twee"):
            merge(cards)
    with pytest.raises(ModelError, match="dubbel tellen"):
        merge([merged, parts[0]])


def test_a_card_without_bags_takes_the_spread_away(parts):
    bare = changed(parts[1], shapes=[shape.model_dump() | {"bags": ()} for shape in parts[1].shapes])
    assert merge([parts[0], bare]).spread(np.zeros((1, 5))) is None
