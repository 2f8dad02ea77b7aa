"""Power of a pilot, by simulation: that the analysis keeps its promises, before anybody plans by its figures."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from benchmarks.pilot_power import MARGIN, PO, Design, Stratum, one_school, power, simulate, vo
from benchmarks.run import BENCHMARKS
from benchmarks.stepped_wedge import LEVEL, Wedge, expected, interval, p_values, rate_ratio


def rng():
    return np.random.default_rng(4)


def found(design, *, effect, trials, ratio=1.0):
    """Share of the trials in which the test refuses `ratio`."""
    random = rng()
    counts, pupils, steps = simulate(design, effect=effect, trials=trials, rng=random)
    p = [
        p_values(counts[n], pupils[n], steps[n], design.wedge, rng=random, permutations=199, ratio=ratio)
        for n in (slice(begin, begin + 20) for begin in range(0, trials, 20))
    ]
    return (np.concatenate(p) <= LEVEL).mean()


def chance(trials):
    return MARGIN * (LEVEL * (1 - LEVEL) / trials) ** 0.5


class TestTheLot:
    def test_lists_count_for_a_half_in_their_first_period_and_never_stop(self):
        wedge = Wedge((3,), starts=(1, 2, 9), periods=4)
        assert wedge.exposed.tolist() == [[0, 0.5, 1, 1], [0, 0, 0.5, 1], [0, 0, 0, 0]]

    def test_steps_are_even_within_each_stratum(self):
        wedge = Wedge((6, 4), starts=(1, 2), periods=3)
        for order in wedge.orders(rng(), 50):
            assert np.bincount(order[:6]).tolist() == [3, 3]
            assert np.bincount(order[6:]).tolist() == [2, 2]

    def test_every_order_is_as_likely(self):
        orders = Wedge((4,), starts=(1, 2), periods=3).orders(rng(), 12_000)
        _, times = np.unique(orders, axis=0, return_counts=True)
        assert len(times) == 6
        assert times.min() > 1800
        assert times.max() < 2200


class TestTheAnalysis:
    def test_expected_cases_are_a_product_of_school_and_period_with_the_observed_totals(self):
        counts = rng().poisson(5, (7, 5)).astype(float)
        at_risk = rng().uniform(100, 900, (7, 5))
        fitted = expected(counts, at_risk)
        assert np.allclose(fitted.sum(0), counts.sum(0))
        assert np.allclose(fitted.sum(1), counts.sum(1))
        logs = np.log(fitted / at_risk)
        assert np.allclose(logs - logs.mean(0) - logs.mean(1, keepdims=True) + logs.mean(), 0)

    def test_a_school_without_any_case_is_no_trouble(self):
        counts = np.array([[0.0, 0, 0], [2, 1, 3], [4, 0, 1]])
        fitted = expected(counts, np.full((3, 3), 100.0))
        assert fitted[0].tolist() == [0, 0, 0]
        assert np.allclose(fitted.sum(1), [0, 6, 5])

    def test_a_term_that_was_not_delivered_counts_neither_way(self):
        counts = rng().poisson(5, (6, 4)).astype(float)
        at_risk = np.full((6, 4), 500.0)
        counts[2, 1] = at_risk[2, 1] = 0
        fitted = expected(counts, at_risk)
        assert fitted[2, 1] == 0
        assert np.allclose(fitted.sum(0), counts.sum(0))
        assert np.allclose(fitted.sum(1), counts.sum(1))

    def test_the_p_value_is_the_share_of_all_orders_that_say_as_much(self):
        wedge = Wedge((4, 3), starts=(1, 2, 3), periods=4)
        counts = rng().poisson(6, (1, 7, 4)).astype(float)
        at_risk = np.full((1, 7, 4), 500.0)
        steps = wedge.orders(rng(), 1)
        residual = counts[0] - np.concatenate([expected(counts[0, part], at_risk[0, part]) for part in wedge.parts()])

        def says(order):
            return abs(sum(wedge.exposed[step] @ residual[school] for school, step in enumerate(order)))

        first, second = set(permutations(steps[0, :4])), set(permutations(steps[0, 4:]))
        every = [says(one + other) for one in first for other in second]
        exact = np.mean([value >= says(steps[0]) - 1e-9 for value in every])
        drawn = p_values(counts, at_risk, steps, wedge, rng=rng(), permutations=20_000)
        assert drawn == pytest.approx([exact], abs=0.02)
        assert 0.1 < exact < 0.9

    def test_the_ratio_is_where_cases_under_lists_are_as_many_as_fitted(self):
        wedge = Wedge((5, 4), starts=(1, 2, 3), periods=5)
        at_risk = rng().uniform(300, 900, (1, 9, 5))
        school, period = rng().uniform(0.5, 2, (9, 1)), rng().uniform(0.5, 2, (1, 5))
        steps = wedge.orders(rng(), 1)
        counts = at_risk * 0.01 * school * period * 0.7 ** wedge.exposed[steps]
        assert rate_ratio(counts, at_risk, steps, wedge) == pytest.approx([0.7], abs=1e-4)

    def test_the_interval_holds_the_ratio_and_agrees_with_the_test(self):
        design = vo(24)
        random = rng()
        counts, pupils, steps = simulate(design, effect=0.5, trials=1, rng=random)
        low, high = interval(counts[0], pupils[0], steps[0], design.wedge, rng=random, permutations=999)
        assert low < rate_ratio(counts, pupils, steps, design.wedge)[0] < high
        for ratio, refused in ((low * 0.95, True), (low * 1.05, False), (high * 0.95, False), (high * 1.05, True)):
            p = p_values(counts, pupils, steps, design.wedge, rng=random, permutations=999, ratio=ratio)
            assert (p[0] <= LEVEL) == refused


class TestFalseAlarms:
    @pytest.mark.parametrize(
        "design",
        [
            vo(16),
            Design("very uneven", (Stratum(9),), between=1.2, wobble=0.8, drift=0.5, trend=0.4, sizes=0.9),
            Design("two sectors", (Stratum(6), Stratum(14, 225, PO)), records=0),
        ],
        ids=lambda design: design.name,
    )
    def test_what_does_nothing_is_found_to_work_in_one_pilot_of_twenty(self, design):
        assert found(design, effect=0.0, trials=2000) == pytest.approx(LEVEL, abs=chance(2000))

    def test_an_effect_appears_from_nothing_if_schools_with_a_bad_term_go_first_instead_of_by_lot(self):
        design = vo(32)
        counts, pupils, steps = simulate(design, effect=0.0, trials=300, rng=rng())
        last_term = counts[:, :, design.records] / pupils[:, :, design.records]
        worst_first = np.argsort(np.argsort(-last_term, axis=1), axis=1) * 5 // 32
        assert np.median(rate_ratio(counts, pupils, steps, design.wedge)) == pytest.approx(1, abs=0.03)
        assert np.median(rate_ratio(counts, pupils, worst_first, design.wedge)) < 0.93

    def test_the_true_ratio_is_refused_in_one_pilot_of_twenty(self):
        half = (1 - 0.7**0.5) / 0.3  # so that a first term has the square root of the ratio, as the analysis takes it
        design = replace(vo(40), uneven=False, first_term=half)
        assert found(design, effect=0.3, trials=1000, ratio=0.7) == pytest.approx(LEVEL, abs=chance(1000))


class TestPower:
    def test_a_great_effect_in_many_schools_is_found(self):
        assert found(vo(80), effect=0.5, trials=60) > 0.95

    def test_more_schools_more_cases_and_records_find_more(self):
        few, many = found(vo(16), effect=0.3, trials=400), found(vo(64), effect=0.3, trials=400)
        often = found(Design("often", (Stratum(16, yearly=0.06),)), effect=0.3, trials=400)
        without = found(replace(vo(64), records=0), effect=0.3, trials=400)
        assert few + 0.2 < many
        assert few + 0.05 < often
        assert without + 0.05 < many

    def test_the_ratio_found_is_the_effect_put_in(self):
        design = vo(48)
        counts, pupils, steps = simulate(design, effect=0.2, trials=400, rng=rng())
        ratios = rate_ratio(counts, pupils, steps, design.wedge)
        assert np.exp(np.log(ratios).mean()) == pytest.approx(0.8, abs=0.02)

    def test_a_line_says_what_was_found_of_nothing_and_of_each_effect(self):
        line = power(vo(16), trials=200, permutations=99, seed=3)
        assert line == power(vo(16), trials=200, permutations=99, seed=3)
        assert line["within"]
        assert line["cases_a_year"] == pytest.approx(192)
        assert list(line["power"]) == ["10%", "20%", "30%"]
        low, high = line["interval_if_nothing"]
        assert 0.5 < low < 0.8
        assert 1.2 < high < 2

    def test_it_is_among_the_benchmarks(self):
        assert BENCHMARKS["pilot_power"] == "benchmarks.pilot_power"


class TestTheSimulation:
    def test_there_are_as_many_cases_as_assumed(self):
        design = replace(vo(40), trend=0.0, drift=0.0)
        counts, pupils, _ = simulate(design, effect=0.0, trials=300, rng=rng())
        assert counts.sum() / 300 / 4 == pytest.approx(design.cases_a_year, rel=0.02)  # four school years
        assert pupils.mean() == pytest.approx(800, rel=0.02)

    def test_lists_prevent_their_share_half_of_it_in_the_first_term_and_nothing_before(self):
        design = replace(vo(40), starts=(2,), periods=4, records=0, drift=0.0, wobble=0.0)
        with_lists, _, _ = simulate(design, effect=0.4, trials=2000, rng=rng())
        without, _, _ = simulate(design, effect=0.0, trials=2000, rng=rng())
        assert with_lists.sum((0, 1)) / without.sum((0, 1)) == pytest.approx([1, 1, 0.8, 0.6], abs=0.02)

    def test_schools_differ_as_much_as_assumed(self):
        design = Design("large", (Stratum(2000, 100_000),), sizes=0.0, wobble=0.0, drift=0.0, between=0.4)
        counts, _, _ = simulate(design, effect=0.0, trials=1, rng=rng())
        first = counts[0, :, 0]
        assert first.std() / first.mean() == pytest.approx(0.4, abs=0.03)


class TestOneSchool:
    def test_sees_twelve_cases_a_year_and_anything_from_six_to_nineteen(self):
        line = one_school("vo", pupils=800, yearly=0.015)
        assert line["cases_a_year"] == pytest.approx(12)
        assert line["range_a_year"] == [6, 19]

    def test_seems_a_fifth_better_in_three_years_of_ten_though_nothing_changed(self):
        assert one_school("vo", pupils=800, yearly=0.015)["looks_as_good_by_chance"] == pytest.approx(0.30, abs=0.01)

    def test_would_need_the_years_that_it_says(self):
        years = one_school("vo", pupils=800, yearly=0.015)["years_before_and_after"]
        before, after = rng().poisson(12 * years, 20_000), rng().poisson(0.8 * 12 * years, 20_000)
        assert ((before - after) / np.sqrt(before + after) > 1.96).mean() == pytest.approx(0.8, abs=0.02)
