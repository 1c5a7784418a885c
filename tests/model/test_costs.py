"""The physics against a round worked out by hand, and against itself one entry at a time."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl_gym.arrays import Array, Splits
from asl_gym.model.components import Fleet, Server, Workload
from asl_gym.model.costs import CostModel, Options, UnitCosts, sum_over_devices
from asl_gym.model.device_costs import LARGE
from asl_gym.model.kinds import grouped
from asl_gym.model.profiles import NetworkProfile
from asl_gym.model.radio import Radio
from asl_gym.scenario.presets import preset
from asl_gym.scenario.scenario import Scenario
from asl_gym.validation.checks import FieldError
from tests.strategies import drawn_trace, random_frequencies, random_splits, scenarios, seeds

# One device, 10 samples, two layers with c = 0, 3 and 9 MFLOP a sample; the uplink carries
# 1 Mbit/s, the downlink 2 Mbit/s, the device runs at 1 GHz, the server at 2 GHz.
SPLITS = (0, 1, 2)
PAYLOAD_BITS = {0: 80_000.0, 1: 140_000.0, 2: 300_000.0}
DELAY_PARTS = {
    "downlink_delay": {0: 0.04, 1: 0.07, 2: 0.15},
    "device_delay": {0: 0.0, 1: 0.015, 2: 0.045},
    "uplink_delay": {0: 0.08, 1: 0.14, 2: 0.3},
    "server_delay": {0: 0.01125, 1: 0.0075, 2: 0.0},
}
DEVICE_COMPUTING_J = {0: 0.0, 1: 0.015, 2: 0.045}
UPLINK_J = {0: 0.04, 1: 0.07, 2: 0.15}
DOWNLINK_J = {0: 0.08, 1: 0.14, 2: 0.3}
SERVER_COMPUTING_J = {0: 0.009, 1: 0.006, 2: 0.0}
SERVER_HZ = 2e9

PROFILE = NetworkProfile(
    name="by hand",
    layer_names=("first", "second"),
    forward_flops=(0, 1e6, 3e6),
    backward_flops=(0, 2e6, 6e6),
    activation_bits=(8_000, 4_000, 100),
    parameter_bits=(0, 100_000, 300_000),
)


def model(
    splits: tuple[int, ...] = SPLITS,
    count_downlink: bool = True,
    transmit_power: float = 0.5,
    capacitance: float = 1e-27,
    profile: NetworkProfile = PROFILE,
) -> CostModel:
    fleet = Fleet((1e9,), (2.0,), (capacitance,), (transmit_power,), (100.0,), 1.0)
    radio = Radio(1e6, 2.0, -174.0, 9.0, 128.1, 37.6, 8.0, 0.5, "none", 1e4, 8.0, count_downlink)
    groups = grouped(fleet, Workload(profile, 10, splits), ())
    return CostModel(fleet, Server(1e8, 4e9, 4.0, 1e-28), radio, groups)


def unit(
    of: CostModel, uplink: float = 1e6, downlink: float = 2e6, clock: float = 1e9
) -> UnitCosts:
    return of.unit_costs(np.array([uplink]), np.array([downlink]), np.array([clock]))


def options(split: int, of: CostModel | None = None) -> Options:
    of = model() if of is None else of
    return of.chosen_options(np.array([SPLITS.index(split)]), unit(of))


# By hand


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("part", DELAY_PARTS)
def test_each_part_of_the_delay(split: int, part: str) -> None:
    of = model()
    parts = of.delay_parts(np.array([split]), np.array([SERVER_HZ]), unit(of))
    assert set(parts) == set(DELAY_PARTS)
    assert parts[part] == pytest.approx([DELAY_PARTS[part][split]], rel=1e-14)


@pytest.mark.parametrize("split", SPLITS)
def test_fixed_delay_and_server_work(split: int) -> None:
    fixed = sum(DELAY_PARTS[part][split] for part in DELAY_PARTS if part != "server_delay")
    assert options(split).fixed_delay == pytest.approx([fixed], rel=1e-14)
    work = DELAY_PARTS["server_delay"][split] * SERVER_HZ
    assert options(split).server_work == pytest.approx([work], rel=1e-14)


@pytest.mark.parametrize("split", SPLITS)
def test_device_energy_is_computing_and_uplink(split: int) -> None:
    both = DEVICE_COMPUTING_J[split] + UPLINK_J[split]
    assert options(split).device_energy == pytest.approx([both], rel=1e-14)
    computing = options(split, model(transmit_power=1e-9)).device_energy
    expected = DEVICE_COMPUTING_J[split] + UPLINK_J[split] * (1e-9 / 0.5)
    assert computing == pytest.approx([expected], rel=1e-14)
    uplink = options(split, model(capacitance=1e-40)).device_energy
    expected = DEVICE_COMPUTING_J[split] * (1e-40 / 1e-27) + UPLINK_J[split]
    assert uplink == pytest.approx([expected], rel=1e-14)


@pytest.mark.parametrize("split", SPLITS)
def test_downlink_energy_and_its_switch(split: int) -> None:
    assert options(split).fixed_server_energy == pytest.approx([DOWNLINK_J[split]], rel=1e-14)
    without = options(split, model(count_downlink=False))
    assert without.fixed_server_energy == 0.0
    assert without.device_energy == options(split).device_energy
    assert without.fixed_delay == options(split).fixed_delay


@pytest.mark.parametrize("split", SPLITS)
def test_costs_of_the_round(split: int) -> None:
    costs = model().round_costs(options(split), np.array([SERVER_HZ]))
    delay = sum(part[split] for part in DELAY_PARTS.values())
    server_side = DOWNLINK_J[split] + SERVER_COMPUTING_J[split]
    device = DEVICE_COMPUTING_J[split] + UPLINK_J[split]
    assert costs.device_delay == pytest.approx([delay], rel=1e-14)
    assert costs.device_energy == pytest.approx([device], rel=1e-14)
    assert costs.server_energy == pytest.approx(server_side, rel=1e-14)
    assert costs.energy == pytest.approx(device + server_side, rel=1e-14)


def test_the_last_split_sends_parameters_only() -> None:
    of = model()
    parts = of.delay_parts(np.array([2]), np.array([SERVER_HZ]), unit(of))
    assert parts["uplink_delay"] == PROFILE.parameter_bits[-1] / 1e6
    assert parts["server_delay"] == 0.0


def test_split_zero_sends_the_raw_data_where_it_is_admitted() -> None:
    assert Workload(PROFILE, 10).admissible_splits == (1, 2)
    of = model()
    parts = of.delay_parts(np.array([0]), np.array([SERVER_HZ]), unit(of))
    assert parts["uplink_delay"] == 10 * PROFILE.activation_bits[0] / 1e6
    assert parts["device_delay"] == 0.0


@pytest.mark.parametrize("split", SPLITS)
def test_gradients_down_may_be_fewer_than_activations_up(split: int) -> None:
    fewer = dataclasses.replace(PROFILE, gradient_bits=(0, 1_000, 100))
    of, both = model(profile=fewer), model()
    index, hertz = np.array([SPLITS.index(split)]), np.array([SERVER_HZ])
    parts, before = of.delay_parts(index, hertz, unit(of)), both.delay_parts(index, hertz, unit(of))
    down = PROFILE.parameter_bits[split] + 10 * {0: 0, 1: 1_000, 2: 0}[split]
    assert parts["downlink_delay"] == pytest.approx([down / 2e6], rel=1e-14)
    assert parts["uplink_delay"] == before["uplink_delay"]
    found, whole = options(split, of), options(split, both)
    assert found.fixed_delay == pytest.approx(
        whole.fixed_delay + parts["downlink_delay"] - before["downlink_delay"], rel=1e-14
    )
    assert found.fixed_server_energy == pytest.approx([2.0 * down / 2e6], rel=1e-14)
    assert found.device_energy == whole.device_energy
    assert found.server_work == whole.server_work


def test_equal_bits_both_ways_cost_the_same_to_the_last_bit() -> None:
    same = model(profile=dataclasses.replace(PROFILE, gradient_bits=PROFILE.activation_bits))
    for mine, its in zip(
        same.all_options(unit(same)), model().all_options(unit(same)), strict=True
    ):
        np.testing.assert_array_equal(mine, its)


def test_split_indices_count_the_admissible_splits() -> None:
    only_last = model(splits=(2,))
    chosen = only_last.chosen_options(np.array([0]), unit(only_last))
    np.testing.assert_array_equal(chosen, options(2))
    assert only_last.all_options(unit(only_last)).fixed_delay.shape == (1, 1)


# Several devices


@pytest.mark.parametrize("shared", ["clock", "nothing"])
def test_each_device_has_its_own_constants(shared: str) -> None:
    """In rounds few and many, in every order of their numbers."""
    workload = Workload(PROFILE, 10)
    each = [(2.0, 1e-27, 0.5), (2.0, 2e-27, 0.25), (4.0, 1e-27, 0.5)]
    many = [each[0]] * 3 if shared == "clock" else each
    server, radio = Server(1e8, 4e9, 4.0, 1e-28), Radio(1e6, 2.0, -174.0, 9.0, 128.1, 37.6, 8.0,
                                                        0.5, "none", 1e4, 8.0)  # fmt: skip

    def fleet(devices: list[tuple[float, float, float]]) -> Fleet:
        flops, capacitance, power = zip(*devices, strict=True)
        alike = len(devices)
        return Fleet((1e9,) * alike, flops, capacitance, power, (100.0,) * alike, 1.0)

    def costs(devices: list[tuple[float, float, float]]) -> CostModel:
        return CostModel(fleet(devices), server, radio, grouped(fleet(devices), workload, ()))

    together, alone = costs(many), [costs([device]) for device in many]
    rng = np.random.default_rng(0)
    for rounds in (2, LARGE, LARGE, 2, LARGE + 1):
        given = rng.uniform(1e8, 1e9, (3, rounds, 3))
        units = together.unit_costs(*given)
        for n, one in enumerate(alone):
            own = one.unit_costs(*given[..., n : n + 1])
            for mine, theirs in zip(own[:7], units[:7], strict=True):
                assert mine is not None
                assert theirs is not None
                np.testing.assert_array_equal(mine[:, 0], theirs[:, n])


def test_real_parameters_are_multiples_of_the_fleets() -> None:
    of = model()
    given = np.array([1e6]), np.array([2e6]), np.array([1e9])
    nominal, real = of.unit_costs(*given), of.unit_costs(*given, np.array([4.0]), np.array([3.0]))
    # Four times the FLOPs per cycle take a quarter of the cycles.
    np.testing.assert_allclose(real.device_delay, nominal.device_delay / 4.0, rtol=1e-15)
    np.testing.assert_allclose(real.device_energy, nominal.device_energy * 3.0 / 4.0, rtol=1e-15)
    unchanged = real._replace(
        device_delay=nominal.device_delay, device_energy=nominal.device_energy
    )
    np.testing.assert_array_equal(unchanged[:7], nominal[:7])


@pytest.mark.parametrize("rows", [1, 2, 50])
def test_devices_are_added_in_their_order(rows: int) -> None:
    values = np.exp(np.random.default_rng(rows).normal(0.0, 5.0, (rows, 100)))
    in_order = [sum(row) for row in values.tolist()]
    np.testing.assert_array_equal(sum_over_devices(values), in_order)
    np.testing.assert_array_equal(sum_over_devices(values[:, None, :])[:, 0], in_order)


# Relations between units


@given(st.floats(0.01, 100.0))
def test_delay_and_energy_of_transfers_fall_with_the_rates(factor: float) -> None:
    of = model()
    base, faster = unit(of), unit(of, uplink=factor * 1e6, downlink=factor * 2e6)
    for name in ("uplink_delay", "downlink_delay", "transfer_delay"):
        assert factor * getattr(faster, name) == pytest.approx(getattr(base, name), rel=1e-14)
    for name in ("uplink_energy", "downlink_energy"):
        assert factor * getattr(faster, name) == pytest.approx(getattr(base, name), rel=1e-14)


@given(st.floats(0.01, 100.0))
def test_device_computing_trades_delay_for_the_square_in_energy(factor: float) -> None:
    of = model()
    base, faster = unit(of), unit(of, clock=factor * 1e9)
    assert factor * faster.device_delay == pytest.approx(base.device_delay, rel=1e-14)
    assert faster.device_energy == pytest.approx(factor**2 * base.device_energy, rel=1e-14)


@given(st.floats(0.1, 10.0))
def test_server_computing_trades_delay_for_the_square_in_energy(factor: float) -> None:
    free_downlink = model(count_downlink=False)
    chosen = options(1, free_downlink)
    base = free_downlink.round_costs(chosen, np.array([SERVER_HZ]))
    faster = free_downlink.round_costs(chosen, np.array([factor * SERVER_HZ]))
    computing = faster.device_delay - chosen.fixed_delay
    assert factor * computing == pytest.approx(base.device_delay - chosen.fixed_delay, rel=1e-12)
    assert faster.server_energy == pytest.approx(factor**2 * base.server_energy, rel=1e-14)


# Broadcasting


def costs_of_all(
    scenario: Scenario, unit: UnitCosts, splits: Splits, frequency: Array
) -> list[Array]:
    of = scenario.cost_model
    chosen = of.chosen_options(splits, unit)
    parts = of.delay_parts(splits, frequency, unit)
    return [*chosen, *of.round_costs(chosen, frequency), *parts.values()]


@given(scenarios(), seeds)
def test_leading_axes_equal_the_loop(scenario: Scenario, seed: int) -> None:
    rng = np.random.default_rng(seed)
    trace = drawn_trace(scenario, seed, rounds=6)
    splits = random_splits(scenario, rng, 2, 3)
    frequency = random_frequencies(scenario, rng, 2, 3)
    arrays = trace.uplink_bps, trace.downlink_bps, trace.clock_hz
    rates = [values.reshape(2, 3, scenario.num_devices) for values in arrays]
    unit = scenario.cost_model.unit_costs(*rates)
    together = costs_of_all(scenario, unit, splits, frequency)
    for index in np.ndindex(2, 3):
        own = scenario.cost_model.unit_costs(*(values[index] for values in rates))
        one = costs_of_all(scenario, own, splits[index], frequency[index])
        for alone, batched in zip(one, together, strict=True):
            np.testing.assert_array_equal(alone, batched[index])


@given(scenarios(), seeds)
def test_all_options_hold_the_chosen_ones(scenario: Scenario, seed: int) -> None:
    rng = np.random.default_rng(seed)
    trace = drawn_trace(scenario, seed, rounds=4)
    of = scenario.cost_model
    unit = of.unit_costs(trace.uplink_bps, trace.downlink_bps, trace.clock_hz)
    splits = random_splits(scenario, rng, 4)
    every, chosen = of.all_options(unit), of.chosen_options(splits, unit)
    for all_values, values in zip(every, chosen, strict=True):
        spread = np.broadcast_to(all_values, (*splits.shape, scenario.split_points.most))
        picked = np.take_along_axis(spread, splits[..., None], axis=-1)[..., 0]
        np.testing.assert_array_equal(picked, values)


@given(scenarios(), seeds)
def test_parts_add_up(scenario: Scenario, seed: int) -> None:
    rng = np.random.default_rng(seed)
    trace = drawn_trace(scenario, seed, rounds=4)
    of = scenario.cost_model
    unit = of.unit_costs(trace.uplink_bps, trace.downlink_bps, trace.clock_hz)
    splits, frequency = random_splits(scenario, rng, 4), random_frequencies(scenario, rng, 4)
    costs = of.round_costs(of.chosen_options(splits, unit), frequency)
    parts = of.delay_parts(splits, frequency, unit)
    np.testing.assert_allclose(sum(parts.values()), costs.device_delay, rtol=1e-12)
    total = costs.device_energy.sum(axis=-1) + costs.server_energy
    np.testing.assert_allclose(costs.energy, total, rtol=1e-12)
    round_delay = scenario.round_delay(costs.device_delay)
    np.testing.assert_allclose(round_delay, costs.device_delay.sum(axis=-1), rtol=1e-12)


def test_momentum_travels_with_parameters_and_buffers_without_any() -> None:
    """φ(ℓ) counts parameters twice and buffers once; nothing else changes."""
    plain = preset("default").workload.profile
    buffers = tuple(0.25 * bits for bits in plain.parameter_bits)
    profile = dataclasses.replace(plain, buffer_bits=buffers)
    workload = Workload(profile, samples_per_round=320)
    still, moving = workload.state_bits, dataclasses.replace(workload, momentum=0.9).state_bits
    assert still == profile.parameter_bits
    np.testing.assert_allclose(moving, 1.75 * np.array(still), rtol=1e-15)
    tables = [
        preset("default").replace(workload=each).cost_model.tables
        for each in (workload, dataclasses.replace(workload, momentum=0.9))
    ]
    more = 0.75 * np.array(still)[list(workload.admissible_splits)]
    np.testing.assert_allclose(tables[1].uplink_bits - tables[0].uplink_bits, more, rtol=1e-12)
    np.testing.assert_array_equal(tables[1].server_work, tables[0].server_work)
    with pytest.raises(FieldError, match="buffer_bits"):
        dataclasses.replace(plain, buffer_bits=tuple(2 * bits + 1 for bits in plain.parameter_bits))
    with pytest.raises(FieldError, match="momentum"):
        dataclasses.replace(workload, momentum=1.0)
