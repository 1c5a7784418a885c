"""The best cuts against looking at every one, and against the environment's own figures."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import asl_gym
from asl_gym.advice import Advice, advise
from asl_gym.advice.answers import lower_envelope
from asl_gym.model.components import Schedule
from asl_gym.model.radio import Link
from asl_gym.model.timings import SideTimings, Timings
from asl_gym.scenario.devices import device_kind
from asl_gym.validation.checks import FieldError
from tests.by_hand import bits_by_hand, seconds_by_hand
from tests.strategies import log_floats

FLEET: dict[str, Any] = {"devices": "2xraspberry-pi-4,jetson-nano-maxn", "server": "gpu-server"}
NETWORKS = ("lenet5", "mobilenet_v2", "resnet18")

lines = st.lists(st.tuples(log_floats(1e-3, 1e3), log_floats(1e-3, 1e3)), min_size=1, max_size=9)


@given(lines, st.lists(log_floats(1e-8, 1e8), min_size=1, max_size=20))
def test_the_envelope_is_the_least_line_everywhere(
    drawn: list[tuple[float, float]], at: list[float]
) -> None:
    slopes, intercepts = np.array(drawn).T
    chosen, starts = lower_envelope(slopes, intercepts)
    assert starts[0] == 0.0
    assert (np.diff(starts) >= 0).all()
    assert len(set(chosen.tolist())) == len(chosen)
    for x in (*at, *starts):
        line = chosen[np.searchsorted(starts, x, side="right") - 1]
        least = float((intercepts + slopes * x).min())
        assert intercepts[line] + slopes[line] * x == pytest.approx(least, rel=1e-9)


def by_hand(advice: Advice, device: int, split: int) -> tuple[float, float]:
    """Delay and device energy of a cut, the equations written out."""
    scenario, kind = advice.scenario, advice.scenario.fleet
    link = scenario.radio
    assert isinstance(link, Link)
    assert kind.computing_power_w is not None
    assert kind.sending_power_w is not None
    assert kind.receiving_power_w is not None
    up, down = bits_by_hand(scenario, device, split)
    on_device, on_server = seconds_by_hand(scenario, device, split)
    sending, receiving = up / link.uplink_bps, down / link.downlink_bps
    energy = (
        kind.computing_power_w[device] * on_device
        + kind.sending_power_w[device] * sending
        + kind.receiving_power_w[device] * receiving
    )
    return sending + receiving + on_device + on_server, energy


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("link", ["40mbit", "1/300mbit"])
def test_answers_are_the_best_of_all_cuts(network: str, link: str) -> None:
    advice = advise(network, link=link, **FLEET)
    for answer in advice.answers.values():
        costs, layers = answer.costs, advice.profile.num_layers
        every = [by_hand(advice, costs.device, split) for split in range(layers + 1)]
        np.testing.assert_allclose(costs.delay, [delay for delay, _ in every], rtol=1e-12)
        np.testing.assert_allclose(costs.device_energy, [e for _, e in every], rtol=1e-12)
        delay, energy = np.array(every[1:]).T
        assert answer.fastest == 1 + delay.argmin()
        assert answer.thriftiest == 1 + energy.argmin()
        kept = np.flatnonzero(energy <= answer.budget_j)
        assert answer.within_budget == 1 + kept[delay[kept].argmin()]
        assert (answer.server_only, answer.device_only) == (0, layers)
        saved = answer.saved(answer.fastest, answer.device_only)
        assert saved is not None
        assert saved[0] == pytest.approx(1 - delay.min() / delay[-1], rel=1e-12)


@pytest.mark.parametrize("factor", [1e-3, 0.05, 0.9, 1.1, 20.0, 1e4])
def test_the_fastest_cut_at_another_rate(factor: float) -> None:
    """The ranges of rates say what asking anew at that rate says."""
    advice = advise("resnet18", link="40mbit", **FLEET)
    anew = advise("resnet18", link=Link(factor * 40e6, factor * 40e6), **FLEET)
    for kind, answer in advice.answers.items():
        (there,) = [each for each in answer.over_rates if each.low < factor <= each.high]
        assert there.place == anew.answers[kind].fastest


@pytest.mark.parametrize("schedule", ["sequential", "parallel"])
@pytest.mark.parametrize("network", NETWORKS)
def test_the_environment_of_the_saved_scenario_charges_the_same(
    network: str, schedule: Schedule, tmp_path: Path
) -> None:
    advice = advise(network, link="10/40mbit", schedule=schedule, **FLEET)
    path = tmp_path / "scenario.json"
    advice.scenario.to_json(path)
    share = 3 if schedule == "parallel" else 1
    clock = np.full((3, 1), advice.scenario.server.clock_max_hz / share)
    name = "ASLParallel-v0" if schedule == "parallel" else "ASL-v0"
    env = gym.make(name, scenario=str(path), action_view="dict", horizon=advice.profile.num_layers)
    env.reset(seed=0)
    for index, split in enumerate(advice.scenario.split_points.common):
        *_, info = env.step({"split": np.full(3, index), "server_frequency": clock})
        for answer in advice.answers.values():
            place, n = answer.costs.place_of(split), answer.costs.device
            assert info["device_delay"][n] == pytest.approx(answer.costs.delay[place], rel=1e-9)
            energy = answer.costs.device_energy[place]
            assert info["device_energy"][n] == pytest.approx(energy, rel=1e-9)


def test_open_keeps_the_budgets_of_a_saved_scenario() -> None:
    advice = advise("resnet18", link="40mbit±50%", **FLEET)
    scenario = advice.scenario.replace(horizon=60)
    assert scenario.energy_budgets[:-1] == pytest.approx(
        [advice.answers[kind].budget_j for kind in scenario.fleet.kind or ()]
    )
    (score,) = asl_gym.evaluate(asl_gym.OPEN, scenario=scenario, seeds=[0])
    assert score.priced_gap is not None
    assert -1e-9 <= score.priced_gap < 0.05


def test_a_varying_link_costs_the_mean_over_its_rates() -> None:
    steady, varying = (advise("resnet18", link=link, **FLEET) for link in ("40mbit", "40mbit±60%"))
    rates = np.random.default_rng(0).uniform(0.4, 1.6, 1_000_000)
    for kind, answer in steady.answers.items():
        expected = answer.costs.transfer * (1.0 / rates).mean()
        np.testing.assert_allclose(varying.answers[kind].costs.transfer, expected, rtol=2e-3)


def test_kinds_of_one_name_are_one_kind() -> None:
    twice = advise("lenet5", devices="2xphone,laptop,3xphone", server="cpu-server", link="40mbit")
    assert [(count, kind.name) for count, kind in twice.devices] == [(5, "phone"), (1, "laptop")]
    slow = dataclasses.replace(device_kind("phone"), clock_hz=1e9)
    with pytest.raises(FieldError, match="kinds of different names where they differ"):
        advise("lenet5", devices=[(1, device_kind("phone")), (1, slow)], server="cpu-server",
               link="40mbit")  # fmt: skip


@pytest.mark.parametrize("schedule", ["sequential", "parallel"])
@pytest.mark.parametrize(
    ("devices", "link"), [("5xphone,3xlaptop", "40mbit±90%"), ("60xphone", "40mbit±50%")]
)
def test_saved_scenarios_can_be_kept_and_resized(
    schedule: Schedule, devices: str, link: str, tmp_path: Path
) -> None:
    advice = advise("lenet5", devices=devices, server="gpu-server", link=link, schedule=schedule,
                    raw_data=True)  # fmt: skip
    scenario = advice.scenario
    assert scenario.energy_budgets[-1] > 0
    model = scenario.cost_model
    rates = np.ones(scenario.num_devices)
    options = model.all_options(model.unit_costs(rates, rates, np.array(scenario.fleet.clock_hz)))
    power = scenario.server.capacitance * scenario.server.clock_max_hz**2
    most = (options.fixed_server_energy + power * options.server_work).max(axis=-1).sum()
    assert scenario.energy_budgets[-1] > most
    path = tmp_path / "scenario.json"
    scenario.to_json(path)
    # At once, more devices would have less of the link each, and need more energy.
    larger = 90 if schedule == "sequential" else 2
    for changes in ({"num_devices": 3}, {"num_devices": larger}, {"num_devices": 9, "budget": 5e6}):
        env = gym.make("ASLParallel-v0" if schedule == "parallel" else "ASL-v0",
                       scenario=str(path), **changes)  # fmt: skip
        resized = env.unwrapped.scenario  # type: ignore[attr-defined]
        assert resized.num_devices == changes["num_devices"]
        if "budget" not in changes:
            own = [advice.answers[kind].budget_j for kind in resized.fleet.kind]
            assert resized.budget.joules[:-1] == tuple(own)


def test_the_devices_own_times_leave_the_servers_modelled() -> None:
    profile = asl_gym.NetworkProfile.shipped("lenet5")
    whole = table(profile.cut_names)
    alone = SideTimings("device", whole.cuts, whole.device_s, whole.samples)
    modelled, measured = (
        advise("lenet5", link="40mbit", timings=given, **FLEET).answers["raspberry-pi-4"].costs
        for given in (None, {"raspberry-pi-4": alone})
    )
    np.testing.assert_array_equal(measured.parts[3], modelled.parts[3])
    np.testing.assert_array_equal(measured.parts[1], 8.0 * np.arange(13.0))
    with pytest.raises(FieldError, match="expected 16, the samples of a batch"):
        advise("lenet5", link="40mbit", batch_size=16, timings={"raspberry-pi-4": alone}, **FLEET)


def test_raw_data_is_an_answer_where_it_may_be_sent() -> None:
    kept = advise("resnet18", link="1gbit", **FLEET)
    sent = advise("resnet18", link="1gbit", raw_data=True, **FLEET)
    for kind, answer in kept.answers.items():
        assert answer.raw_data_is_faster
        assert sent.answers[kind].fastest == sent.answers[kind].server_only == 0
        assert not sent.answers[kind].raw_data_is_faster
        assert not sent.answers[kind].raw_data_is_thriftier
    assert kept.scenario.workload.admissible_splits[0] == 1
    assert sent.scenario.workload.admissible_splits[0] == 0


@pytest.mark.parametrize(
    ("link", "told"),
    [
        ("1mbit", ""),
        ("10mbit", "would take less of the device's energy;"),
        ("1gbit", "would be faster and take less of the device's energy;"),
    ],
)
def test_what_raw_data_would_do_better_is_told(link: str, told: str) -> None:
    advice = advise("lenet5", devices="raspberry-pi-4", server="gpu-server", link=link)
    (answer,) = advice.answers.values()
    delay, energy = answer.costs.delay, answer.costs.device_energy
    assert ("faster" in told) == (delay[0] < delay[1:].min()) == answer.raw_data_is_faster
    assert ("energy" in told) == (energy[0] < energy[1:].min()) == answer.raw_data_is_thriftier
    assert (f"Sending the raw data {told}" in str(advice)) == bool(told)
    assert ("Sending the raw data" in str(advice)) == bool(told)


def test_one_cut_whatever_happens_is_told() -> None:
    slow = dataclasses.replace(device_kind("raspberry-pi-4"), flops_per_cycle=1e-4)
    advice = advise("lenet5", devices=[(1, slow)], server="gpu-server", link="1gbit", raw_data=True)
    (answer,) = advice.answers.values()
    assert answer.fastest == answer.thriftiest == 0
    assert answer.one_cut == (len(answer.over_rates) == 1)
    several = advise("resnet18", link="40mbit", **FLEET)
    assert not any(each.one_cut for each in several.answers.values())
    assert "whatever happens" not in str(several)


def table(cuts: Sequence[str]) -> Timings:
    """Times that put the best cut in the middle."""
    device = tuple(float(n) for n in range(len(cuts)))
    return Timings(tuple(cuts), device, tuple(20.0 - value for value in device), samples=32)


def test_measured_times_stand_in_place_of_modelled_ones() -> None:
    profile = asl_gym.NetworkProfile.shipped("lenet5")
    timings = {"raspberry-pi-4": table(profile.cut_names)}
    advice = advise("lenet5", link="40mbit", timings=timings, samples=64, **FLEET)
    costs = advice.answers["raspberry-pi-4"].costs
    np.testing.assert_array_equal(costs.parts[1], 2.0 * np.arange(13.0))
    np.testing.assert_allclose(costs.parts[3], 40.0 - 2.0 * np.arange(13.0), rtol=1e-15)


def test_a_table_without_a_cut_names_it() -> None:
    profile = asl_gym.NetworkProfile.shipped("lenet5")
    cuts = [name for name in profile.cut_names if name != "conv2"]
    with pytest.raises(FieldError, match="'conv2' among them"):
        advise("lenet5", link="40mbit", timings={"raspberry-pi-4": table(cuts)}, **FLEET)
    # The raw data's time may be unknown where raw data is no answer.
    timings = {"raspberry-pi-4": table(profile.layer_names)}
    advice = advise("lenet5", link="40mbit", timings=timings, **FLEET)
    assert advice.answers["raspberry-pi-4"].server_only is None
    with pytest.raises(FieldError, match="'input' among them"):
        advise("lenet5", link="40mbit", timings=timings, raw_data=True, **FLEET)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"devices": "2xtoaster"}, "a kind of device, one of 'raspberry-pi-4', .*'laptop'"),
        ({"devices": "gpu-server"}, "this is a kind of server"),
        ({"server": "phone"}, "this is a kind of device"),
        ({"link": "fast"}, "a rate such as '40mbit'"),
        ({"link": "0mbit"}, "link|radio.uplink_bps"),
        ({"budget": 1e-3}, "the least that a raspberry-pi-4 can spend"),
        ({"samples": 0}, "samples_per_round = 0"),
        ({"batch_size": 0}, "batch_size = 0"),
        (
            {"timings": {"phone": table(["input"])}},
            r"timings\['phone'\].*one of jetson-nano-maxn, rasp",
        ),
        ({"timings": 3}, "a mapping from kinds"),
        ({"budget": {"phone": 3.0}}, r"budget\['phone'\].*one of jetson-nano-maxn, rasp"),
        ({"budget": "5"}, "budget = '5'"),
        ({"devices": []}, "devices = .* at least one device"),
        ({"devices": ["phone"]}, r"devices\[0\] = 'phone'.*a number of devices"),
        ({"devices": [(2, "phone")]}, r"devices\[0\]\[1\] = 'phone'.*a DeviceKind"),
        ({"devices": [(0, device_kind("phone"))]}, r"devices\[0\]\[0\] = 0"),
        ({"devices": "4xphone,"}, "kinds with commas between"),
        ({"server": None}, "server = None"),
        ({"raw_data": "no"}, "raw_data = 'no'"),
        ({"inputs": 3}, "inputs = 3.*None with a profile"),
        ({"granularity": "all"}, "granularity = 'all'.*None with a profile"),
        ({"link": "40mbit±100%"}, "link = '40mbit±100%'"),
    ],
)
def test_what_is_not_allowed_is_named(changes: dict[str, object], told: str) -> None:
    arguments: dict[str, Any] = {"link": "40mbit", **FLEET} | changes
    with pytest.raises(FieldError, match=told):
        advise("lenet5", **arguments)
