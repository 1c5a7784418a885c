"""Each scheme's cuts and clocks against its rule, tried out split point by split point."""

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings

from asl_gym import (
    ARES,
    CARDStyle,
    CommonCut,
    ESFLStyle,
    FixedSplit,
    GreedyDelay,
    LeastDeviceEnergy,
    RateThresholds,
    Scenario,
    SkipOrSplit,
    StaticCut,
    preset,
)
from asl_gym.arrays import Array, Splits
from asl_gym.model.demands import PERFECT
from asl_gym.policies.cuts import nominal_clock
from asl_gym.policies.schemes.common_cut import NUM_SAMPLES
from asl_gym.scenario.reference import reference_trace
from asl_gym.validation.checks import FieldError
from tests.by_hand import bits_by_hand
from tests.policies.shown import rounds_shown, table_of
from tests.strategies import drawn_trace, scenarios, seeds


def parallel(scenario: Scenario) -> Scenario:
    return scenario.replace(schedule="parallel")


def small(schedule: str, devices: int = 3) -> Scenario:
    name = "default" if schedule == "sequential" else "parallel"
    scenario = preset(name).with_num_devices(devices)
    workload = dataclasses.replace(scenario.workload, splits=(1, 3, 6, 9, 12))
    return scenario.replace(workload=workload)


def every_device(scenario: Scenario, rows: int = 2) -> Any:
    return itertools.product(range(rows), range(scenario.num_devices))


@settings(max_examples=25)
@given(scenarios(), seeds)
def test_least_device_energy(scenario: Scenario, seed: int) -> None:
    for each in (scenario, parallel(scenario)):
        seen = rounds_shown(each, seed)
        splits, _ = LeastDeviceEnergy(each).decide(seen)
        for row, n in every_device(each):
            table = table_of(each, seen, row, n)
            assert table.device_energy[splits[row, n]] == table.device_energy.min()
            ties = np.flatnonzero(table.device_energy == table.device_energy.min())
            delay = table.delay + table.work / nominal_clock(each)
            assert delay[splits[row, n]] == pytest.approx(delay[ties].min())


def ares_by_hand(scenario: Scenario, seen: Any, place: tuple[int, int], alpha: float) -> Array:
    """The score of each split point of a device: its delay and energy, less the parameters'."""
    row, n = place
    table, unit = table_of(scenario, seen, row, n), seen.unit_costs(scenario.cost_model)
    splits = scenario.workload_of(n).admissible_splits
    parameters = np.array(scenario.workload_of(n).profile.parameter_bits)[list(splits)]
    received = 0.0 if unit.receiving_energy is None else unit.receiving_energy[row, n]
    time = table.delay + table.work / nominal_clock(scenario)
    time = time - parameters * unit.transfer_delay[row, n]
    energy = table.device_energy - parameters * (unit.uplink_energy[row, n] + received)
    norms = [np.sqrt((each**2).sum()) or 1.0 for each in (time, energy)]
    return np.asarray(alpha * time / norms[0] + (1 - alpha) * energy / norms[1])


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
@settings(max_examples=25)
@given(scenario=scenarios(), seed=seeds)
def test_ares(scenario: Scenario, seed: int, alpha: float) -> None:
    for each in (scenario, parallel(scenario)):
        seen = rounds_shown(each, seed)
        splits, _ = ARES(each, alpha).decide(seen)
        for row, n in every_device(each):
            score = ares_by_hand(each, seen, (row, n), alpha)
            assert score[splits[row, n]] == pytest.approx(score.min(), rel=1e-9, abs=1e-12)


def test_ares_leaves_the_parameters_out() -> None:
    """With nothing but parameters in its way the rule cuts as if they were free."""
    scenario = preset("default").with_num_devices(2)
    seen = rounds_shown(scenario, 0)._replace(uplink_bps=np.full((2, 2), 1e5))
    ends = ARES(scenario, 1.0).cuts(seen)
    up, _ = bits_by_hand(scenario, 0, 12)
    assert up > 1e6
    assert (ends == scenario.split_points.most - 1).all()


def test_rate_thresholds_are_quantiles_and_lower_rates_cut_later() -> None:
    scenario = preset("parallel")
    policy, trace = RateThresholds(scenario), reference_trace(scenario.system, PERFECT)
    shares = [(trace.uplink_bps < each).mean() for each in policy.thresholds_bps]
    np.testing.assert_allclose(shares, [0.2, 0.4, 0.6, 0.8], atol=1e-4)
    assert policy.split_points == (1, 4, 7, 9, 12)
    rates = np.array([0.5, *(policy.thresholds_bps * 1.001)])
    seen = rounds_shown(scenario, 0, 5)
    seen = seen._replace(uplink_bps=np.repeat(rates[:, None], 10, axis=1))
    chosen = scenario.split_points.chosen(policy.cuts(seen))
    assert (chosen == np.array([12, 9, 7, 4, 1])[:, None]).all()
    later = RateThresholds(scenario, skew=0.25).cuts(rounds_shown(scenario, 1, 50)).mean()
    assert later > policy.cuts(rounds_shown(scenario, 1, 50)).mean()


def test_own_cuts_and_trace_of_rate_thresholds() -> None:
    scenario = small("parallel")
    trace = drawn_trace(scenario, 3, 40)
    policy = RateThresholds(scenario, cuts=(1, 3, 3, 6, 9), trace=trace)
    chosen = scenario.split_points.chosen(policy.cuts(rounds_shown(scenario, 3, 40)))
    slowest = np.unravel_index(trace.uplink_bps.argmin(), trace.uplink_bps.shape)
    assert chosen[slowest] == 9
    for cuts in ((1, 3, 6), (9, 6, 3, 1, 1), (1, 2, 3, 6, 9)):
        with pytest.raises(FieldError, match=r"cuts|split"):
            RateThresholds(scenario, cuts=cuts)


@pytest.mark.parametrize("omega", [0.0, 0.3, 0.9, 1.0])
@settings(max_examples=20)
@given(scenario=scenarios(), seed=seeds)
def test_card_style_is_the_best_of_all_cuts_and_many_clocks(
    scenario: Scenario, seed: int, omega: float
) -> None:
    seen, server = rounds_shown(scenario, seed), scenario.server
    splits, frequency = CARDStyle(scenario, omega).decide(seen)
    clocks = np.geomspace(server.clock_min_hz, server.clock_max_hz, 33)
    for row, n in every_device(scenario):
        a, _, _, w = table_of(scenario, seen, row, n)

        def costs(f: Any, a: Array = a, w: Array = w) -> tuple[Array, Array]:
            return a + w / f, server.capacitance * f**2 * w

        ends = [costs(f) for f in (server.clock_min_hz, server.clock_max_hz)]
        weights = []
        for share, values in zip((omega, 1 - omega), zip(*ends, strict=True), strict=True):
            width = np.max(values) - np.min(values)
            weights.append(share / width if width > 0 else 0.0)

        def score(f: Any, weights: list[float] = weights, costs: Any = costs) -> Array:
            return np.asarray(sum(q * x for q, x in zip(weights, costs(f), strict=True)))

        found = score(frequency[row, n])[splits[row, n]]
        for f in (*clocks, frequency[row, n]):
            assert found <= score(f).min() + 1e-9 * (1 + abs(found))


def test_at_omega_one_card_style_is_the_least_delay() -> None:
    scenario = preset("default")
    seen = rounds_shown(scenario, 2, 20)
    ours, greedy = CARDStyle(scenario, 1.0).decide(seen), GreedyDelay(scenario).decide(seen)
    np.testing.assert_array_equal(ours[0], greedy[0])
    np.testing.assert_array_equal(ours[1], greedy[1])


def round_delays(scenario: Scenario, seen: Any, decision: tuple[Splits, Array]) -> Array:
    chosen = scenario.cost_model.chosen_options(decision[0], seen.unit_costs(scenario.cost_model))
    return scenario.round_delay(chosen.fixed_delay + chosen.server_work / decision[1])


@settings(max_examples=30)
@given(scenarios(), seeds)
def test_esfl_style_ends_where_no_device_gains_and_the_clock_is_full(
    scenario: Scenario, seed: int
) -> None:
    scenario = parallel(scenario)
    seen = rounds_shown(scenario, seed)
    splits, frequency = ESFLStyle(scenario).decide(seen)
    server = scenario.device_server
    for row in range(2):
        tables = [table_of(scenario, seen, row, n) for n in range(scenario.num_devices)]
        works = np.array([t.work[splits[row, n]] for n, t in enumerate(tables)])
        ends = []
        for n, table in enumerate(tables):
            delay = table.delay + table.work / frequency[row, n]
            assert delay[splits[row, n]] <= delay.min() * (1 + 1e-9)
            ends.append(delay[splits[row, n]])
        given_away = frequency[row][works > 0]
        assert given_away.sum() <= server.clock_max_hz * (1 + 1e-9)
        above = (works > 0) & (frequency[row] > server.clock_min_hz * (1 + 1e-6))
        if above.any() and max(ends) == pytest.approx(np.array(ends)[above].max()):
            # Whoever holds more than the least clock ends at T, and nothing of the clock is left.
            np.testing.assert_allclose(np.array(ends)[above], max(ends), rtol=1e-6)
    least = round_delays(scenario, seen, GreedyDelay(scenario).decide(seen))
    equal = np.full(frequency.shape, nominal_clock(scenario))
    delay = scenario.cost_model.all_options(seen.unit_costs(scenario.cost_model))
    start = (delay.fixed_delay + delay.server_work / equal[..., None]).argmin(axis=-1)
    ours = round_delays(scenario, seen, (splits, frequency))
    assert (ours <= round_delays(scenario, seen, (start, equal)) * (1 + 1e-9)).all()
    assert (ours >= least * (1 - 1e-6)).all()


@pytest.mark.parametrize("schedule", ["sequential", "parallel"])
def test_the_common_cut_is_the_best_fixed_split_on_its_samples(schedule: str) -> None:
    scenario = small(schedule)
    trace = reference_trace(scenario.system, PERFECT)
    rounds = (values[:NUM_SAMPLES] for values in trace.real())
    seen = rounds_shown(scenario, 0, NUM_SAMPLES)
    names = ("uplink_bps", "downlink_bps", "clock_hz")
    seen = seen._replace(**dict(zip(names, rounds, strict=True)))
    means = {
        split: round_delays(scenario, seen, FixedSplit(scenario, split).decide(seen)).mean()
        for split in scenario.split_points.common
    }
    policy = CommonCut(scenario)
    assert policy.split == min(means, key=lambda split: means[split])
    assert (scenario.split_points.chosen(policy.cuts(seen)) == policy.split).all()


def mean_objective(scenario: Scenario, seen: Any, decision: Any, price: float) -> float:
    model = scenario.cost_model
    chosen = model.chosen_options(decision[0], seen.unit_costs(model))
    costs = model.round_costs(chosen, decision[1])
    weight = price * scenario.reference_delay / scenario.energy_budget
    return float((scenario.round_delay(costs.device_delay) + weight * costs.energy).mean())


@pytest.mark.parametrize("schedule", ["sequential", "parallel"])
@pytest.mark.parametrize("price", [0.0, 0.5])
def test_static_cuts_in_hindsight_against_all_others(schedule: str, price: float) -> None:
    scenario = small(schedule, 2)
    trace, seen = drawn_trace(scenario, 4, 12), rounds_shown(scenario, 4, 12)
    policy = StaticCut(scenario, price, trace)
    found = mean_objective(scenario, seen, policy.decide(seen), price)
    chosen, others = policy.split_index.copy(), {}
    for splits in itertools.product(range(5), repeat=2):
        policy.split_index = np.array(splits)
        others[splits] = mean_objective(scenario, seen, policy.decide(seen), price)
    one_changed = [s for s in others if (np.array(s) == chosen).sum() >= 1]
    allowed = others if schedule == "sequential" else one_changed
    assert found == pytest.approx(min(others[splits] for splits in allowed), rel=1e-9)


def test_static_cuts_at_mean_channels_are_those_of_one_round() -> None:
    scenario = small("sequential")
    trace = reference_trace(scenario.system, PERFECT)
    means = [values.mean(axis=0)[None] for values in trace.real()]
    seen = rounds_shown(scenario, 0, 1)
    names = ("uplink_bps", "downlink_bps", "clock_hz")
    seen = seen._replace(**dict(zip(names, means, strict=True)))
    greedy = GreedyDelay(scenario).decide(seen)[0][0]
    np.testing.assert_array_equal(StaticCut(scenario).split_index, greedy)
    reference = StaticCut(scenario, channels="reference").split_index
    rounds = reference_trace(scenario.system, PERFECT).mapped(lambda each: each[:NUM_SAMPLES])
    np.testing.assert_array_equal(reference, StaticCut(scenario, channels=rounds).split_index)


@settings(max_examples=25)
@given(scenarios(), seeds)
def test_skip_or_split(scenario: Scenario, seed: int) -> None:
    for each in (scenario, parallel(scenario)):
        points, devices = each.split_points, range(each.num_devices)
        ends = [each.workload_of(n).profile.num_layers for n in devices]
        has_end = all(ends[n] in each.workload_of(n).admissible_splits for n in devices)
        assume(points.common and has_end)
        seen, split = rounds_shown(each, seed), points.common[0]
        chosen = points.chosen(SkipOrSplit(each, split).cuts(seen))
        for row, n in every_device(each):
            table, own = table_of(each, seen, row, n), each.workload_of(n).admissible_splits
            delay = table.delay + table.work / nominal_clock(each)
            two = {place: delay[own.index(place)] for place in (split, ends[n])}
            assert two[int(chosen[row, n])] == pytest.approx(min(two.values()), rel=1e-9)


def test_what_does_not_fit_is_named() -> None:
    in_turn, at_once = preset("default"), preset("parallel")
    with pytest.raises(FieldError, match=r"scenario\.schedule.*'parallel'"):
        RateThresholds(in_turn)
    with pytest.raises(FieldError, match=r"scenario\.schedule.*'parallel'"):
        ESFLStyle(in_turn)
    with pytest.raises(FieldError, match=r"scenario\.schedule.*'sequential'"):
        CARDStyle(at_once)
    no_end = dataclasses.replace(in_turn.workload, splits=(1, 3))
    with pytest.raises(FieldError, match="split = 12"):
        SkipOrSplit(in_turn.replace(workload=no_end), 3)
    with pytest.raises(FieldError, match="alpha"):
        ARES(in_turn, 1.5)
    with pytest.raises(FieldError, match="omega"):
        CARDStyle(in_turn, -0.1)
    with pytest.raises(FieldError, match="server_frequency"):
        ARES(in_turn, server_frequency="full")  # type: ignore[arg-type]
    with pytest.raises(FieldError, match="channels"):
        StaticCut(in_turn, channels="median")  # type: ignore[arg-type]
