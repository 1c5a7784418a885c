"""Scenarios as data: files, errors, equality, fleets of other sizes."""

import copy
import dataclasses
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from asl_gym.envs.env import ASLEnv
from asl_gym.model.components import Fleet, Server, Workload
from asl_gym.model.demands import Budget
from asl_gym.model.profiles import NetworkProfile
from asl_gym.model.radio import Radio
from asl_gym.scenario.building import load_scenario
from asl_gym.scenario.presets import preset, preset_names
from asl_gym.scenario.scenario import Scenario
from asl_gym.validation.checks import FieldError
from tests.battery_strategies import all_scenarios

DEFAULT = preset("default")
PARTS = "fleet", "server", "radio", "workload", "budget"


def changed(part: str, **values: Any) -> Scenario:
    return DEFAULT.replace(**{part: dataclasses.replace(getattr(DEFAULT, part), **values)})


# Files


@pytest.mark.parametrize("name", preset_names())
def test_presets_survive_a_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / "scenario.json"
    preset(name).to_json(path)
    read = Scenario.from_json(path)
    assert read == preset(name)
    assert hash(read) == hash(preset(name))
    assert read.reference_delay == preset(name).reference_delay
    if read.batteries is None:
        np.testing.assert_array_equal(read.energy_budgets, preset(name).energy_budgets)
        assert read.V == preset(name).V


@given(all_scenarios())
def test_every_scenario_survives_plain_data(scenario: Scenario) -> None:
    assert Scenario.from_dict(scenario.to_dict()) == scenario


@pytest.mark.parametrize(
    "scenario",
    [
        changed("budget", fraction=None, joules=90.0),
        changed("budget", fraction=None, joules=(5.0,) * 11, scope="per_device"),
        changed("workload", splits=(0, 3, 12)),
        changed("radio", count_downlink_energy=False),
        DEFAULT.replace(horizon=np.int64(50)),
        changed("workload", samples_per_round=np.int64(64)),
        changed("workload", splits=tuple(np.arange(2, 9))),
        DEFAULT.replace(v=np.float32(2.5), initial_queue_j=np.float64(3.0)),
    ],
    ids=["joules", "many joules", "splits", "no downlink", "horizon", "samples", "range", "v"],
)
def test_variants_survive_a_file(scenario: Scenario, tmp_path: Path) -> None:
    scenario.to_json(tmp_path / "scenario.json")
    assert Scenario.from_json(tmp_path / "scenario.json") == scenario


def test_plain_data_may_leave_out_what_has_a_default() -> None:
    data = DEFAULT.to_dict()
    for name in ("schedule", "horizon", "v", "initial_queue_j"):
        del data[name]
    del data["workload"]["splits"], data["radio"]["count_downlink_energy"], data["budget"]["scope"]
    assert Scenario.from_dict(data) == DEFAULT


@pytest.mark.parametrize("part", ["scenario", *PARTS])
def test_plain_data_with_missing_or_unknown_fields(part: str) -> None:
    for change in ("miss", "add", "spoil"):
        data = copy.deepcopy(DEFAULT.to_dict())
        holder = data if part == "scenario" else data[part]
        if change == "miss":
            name = {"budget": "fraction"}.get(part, next(iter(holder)))
            del holder[name]
            message = name if part != "budget" else "exactly one of joules and fraction"
        elif change == "add":
            holder["colour"], message = 1, "colour"
        else:
            data, message = (data | {part: 7}, part) if part != "scenario" else (7, part)  # type: ignore[assignment]
        with pytest.raises(ValueError, match=message):
            Scenario.from_dict(data)


def test_loading_by_name_file_and_itself(tmp_path: Path) -> None:
    assert load_scenario("ergodic") is preset("ergodic")
    assert load_scenario(DEFAULT) is DEFAULT
    DEFAULT.to_json(tmp_path / "mine.json")
    assert load_scenario(tmp_path / "mine.json") == DEFAULT
    assert load_scenario(str(tmp_path / "mine.json")) == DEFAULT


@pytest.mark.parametrize("unknown", ["defualt", "missing.json", Path("missing.json"), 3, None])
def test_loading_what_there_is_not(unknown: Any) -> None:
    with pytest.raises(FieldError, match=r"^scenario = "):
        load_scenario(unknown)
    names = ", ".join(map(repr, preset_names()))
    with pytest.raises(FieldError, match=f"expected one of {names}$"):
        load_scenario("defualt")


# Errors

NOT_ALLOWED: list[tuple[str, str, Any, str]] = [
    (
        "fleet",
        "clock_hz",
        (-1e9,) * 10,
        r"^fleet.clock_hz\[0\] = -1000000000.0 .* >= 1000 and <= 1e\+15 \[Hz\]$",
    ),
    ("fleet", "clock_hz", (), "fleet.clock_hz .* at least one entry"),
    ("fleet", "distance_m", (1.0,) * 9, "fleet.distance_m = '9 entries' .* expected 10 entries"),
    ("fleet", "capacitance", 1e-27, "fleet.capacitance = 1e-27 .* a sequence of numbers"),
    ("fleet", "min_clock_fraction", 0.0, r"fleet.min_clock_fraction = 0.0 .* >= 0.001 and <= 1"),
    ("fleet", "min_clock_fraction", 1.5, r"fleet.min_clock_fraction = 1.5"),
    ("server", "clock_min_hz", 5e9, r"server.clock_min_hz = .* <= server.clock_max_hz = 4e\+09"),
    ("server", "capacitance", float("nan"), "server.capacitance = nan .* finite number >= 1e-40"),
    ("server", "flops_per_cycle", True, "server.flops_per_cycle = True"),
    ("radio", "fading", "fast", "radio.fading = 'fast' .* one of 'block', 'ergodic', 'none'"),
    ("radio", "shadowing_correlation", 1.0, r"radio.shadowing_correlation = 1.0 .* >= 0 and < 1"),
    ("radio", "shadowing_std_db", -1, "radio.shadowing_std_db = -1 .* >= 0"),
    ("radio", "rate_floor_bps", 1e9, r"radio.rate_floor_bps = .* below the rate cap"),
    ("radio", "count_downlink_energy", 1, "radio.count_downlink_energy = 1 .* a bool"),
    ("radio", "bandwidth_hz", "20e6", "radio.bandwidth_hz = '20e6'"),
    ("workload", "samples_per_round", 0, "workload.samples_per_round = 0 .* >= 1"),
    ("workload", "samples_per_round", 2.5, "workload.samples_per_round = 2.5"),
    ("workload", "splits", (1, 13), r"workload.splits\[1\] = 13 .* >= 0 and <= 12"),
    ("workload", "splits", (2, 2), r"workload.splits = \(2, 2\) .* rising split points"),
    ("workload", "splits", (3, 1), r"workload.splits = \(3, 1\) .* rising split points"),
    ("workload", "splits", 3, "workload.splits = 3"),
    ("workload", "profile", None, "workload.profile = None"),
    ("budget", "fraction", 1.0, r"budget.fraction = 1.0 .* >= 1e-09 and < 1"),
    ("budget", "fraction", 0.0, r"budget.fraction = 0.0"),
    ("budget", "joules", 5.0, "exactly one of joules and fraction"),
    ("budget", "fraction", None, "exactly one of joules and fraction"),
    ("budget", "scope", "server", "budget.scope = 'server' .* 'system', 'per_device'"),
]


@pytest.mark.parametrize(("part", "name", "value", "message"), NOT_ALLOWED)
def test_errors_name_field_value_and_what_is_allowed(
    part: str, name: str, value: Any, message: str
) -> None:
    with pytest.raises(FieldError, match=message) as caught:
        changed(part, **{name: value})
    assert caught.value.field.startswith(part)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("horizon", 0, "horizon = 0 .* >= 1"),
        ("horizon", 10.0, "horizon = 10.0 .* whole number"),
        ("v", 0.0, "v = 0.0 .* >= 1e-09"),
        ("initial_queue_j", -1.0, "initial_queue_j = -1.0 .* >= 0"),
        ("schedule", "random", "schedule = 'random' .* 'sequential'"),
        ("fleet", None, "fleet = None .* a Fleet"),
        ("budget", 50.0, "budget = 50.0 .* a Budget"),
        ("budget", Budget("per_device", (1.0, 2.0)), "budget.joules .* 11 entries"),
        ("budget", Budget("per_device", 50.0), "budget.joules .* 11 entries"),
    ],
)
def test_errors_of_the_scenarios_own_fields(name: str, value: Any, message: str) -> None:
    with pytest.raises(FieldError, match=message):
        DEFAULT.replace(**{name: value})


# Values


def test_nothing_can_be_assigned() -> None:
    for holder in (DEFAULT, *(getattr(DEFAULT, part) for part in PARTS)):
        for field in dataclasses.fields(holder):
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(holder, field.name, 1)
    with pytest.raises(ValueError, match="read-only"):
        DEFAULT.energy_budgets[0] = 1.0


def test_equality_and_hash_go_by_value() -> None:
    twin = Scenario.from_dict(DEFAULT.to_dict())
    assert twin is not DEFAULT
    _ = twin.energy_budgets, twin.reference_delay, twin.cost_model
    assert twin == DEFAULT
    assert hash(twin) == hash(DEFAULT)
    assert {DEFAULT: 1}[twin] == 1
    assert hash(pickle.loads(pickle.dumps(twin))) == hash(DEFAULT)
    others = [DEFAULT.replace(v=4.0), DEFAULT.replace(horizon=3), DEFAULT.with_num_devices(9)]
    assert len({DEFAULT, *others}) == 4


def test_sequences_and_arrays_become_tuples() -> None:
    fleet = dataclasses.replace(DEFAULT.fleet, clock_hz=np.array(DEFAULT.fleet.clock_hz))  # type: ignore[arg-type]
    assert fleet == DEFAULT.fleet
    assert type(fleet.clock_hz) is tuple
    assert set(map(type, fleet.clock_hz)) == {float}


def test_a_changed_copy_has_derived_values_of_its_own() -> None:
    _ = DEFAULT.energy_budgets, DEFAULT.reference_delay
    slower = changed("server", clock_max_hz=1e9)
    assert slower.reference_delay > DEFAULT.reference_delay
    assert changed("budget", fraction=0.5).energy_budget > DEFAULT.energy_budget


def test_what_the_types_are_called() -> None:
    kinds = [type(getattr(DEFAULT, part)) for part in PARTS]
    assert kinds == [Fleet, Server, Radio, Workload, Budget]
    assert type(DEFAULT.workload.profile) is NetworkProfile


# Fleets of other sizes


@pytest.mark.parametrize("size", [1, 4, 10, 11, 17, 40])
def test_a_fleets_devices_do_not_depend_on_its_size(size: int) -> None:
    fleet = DEFAULT.with_num_devices(size).fleet
    largest = DEFAULT.with_num_devices(60).fleet
    assert fleet.num_devices == size
    for name in Fleet.PER_DEVICE:
        assert getattr(fleet, name) == getattr(largest, name)[:size]
    assert DEFAULT.with_num_devices(60).with_num_devices(size).fleet == fleet


def test_extra_devices_lie_within_the_fleets_range() -> None:
    small, large = DEFAULT.fleet, DEFAULT.with_num_devices(500).fleet
    for name in ("clock_hz", "distance_m"):
        own, extra = getattr(small, name), getattr(large, name)[10:]
        assert min(own) <= min(extra) < max(extra) <= max(own)
        assert len(set(extra)) == 490
    for name in ("flops_per_cycle", "capacitance", "transmit_power_w"):
        assert set(getattr(large, name)) == set(getattr(small, name))
    assert large.min_clock_fraction == small.min_clock_fraction


def test_hashes_are_kept_but_never_pickled() -> None:
    """Texts, and so a network's name, hash to something else in another process."""
    for part in (DEFAULT.with_num_devices(12).fleet, DEFAULT.workload.profile):
        before = pickle.dumps(dataclasses.replace(part))
        fresh = dataclasses.replace(part)
        assert hash(fresh) == hash(part) == hash(fresh)
        assert pickle.dumps(fresh) == before
        assert copy.deepcopy(fresh) == fresh


def test_a_size_asked_for_again_gives_the_same_scenario() -> None:
    twin = Scenario.from_dict(DEFAULT.to_dict())
    again = DEFAULT.with_num_devices(14)
    assert twin.with_num_devices(14) is again
    assert DEFAULT.with_num_devices(14, seed=0) is not again
    assert DEFAULT.with_num_devices(14, seed=1).fleet != DEFAULT.with_num_devices(14, seed=0).fleet
    assert DEFAULT.replace(horizon=7).with_num_devices(14).horizon == 7


@pytest.mark.parametrize("size", [0, -1, 2.5, "4", True])
def test_sizes_that_are_not_allowed(size: Any) -> None:
    with pytest.raises(FieldError, match=f"num_devices = {size!r} .* whole number >= 1"):
        DEFAULT.with_num_devices(size)


def test_default_split_points_follow_the_network() -> None:
    workload = DEFAULT.workload
    small = NetworkProfile("small", ("a", "b"), (0, 1, 2), (0, 1, 2), (8, 8, 8), (0, 8, 16))
    assert dataclasses.replace(workload, profile=small).admissible_splits == (1, 2)
    with pytest.raises(FieldError, match="one or more rising"):
        dataclasses.replace(workload, splits=())


def test_a_fleet_extended_in_two_steps_has_the_clocks_of_one_step() -> None:
    once = DEFAULT.with_num_devices(30).fleet
    twice = DEFAULT.with_num_devices(20).with_num_devices(30).fleet
    assert (twice.clock_hz, twice.distance_m) == (once.clock_hz, once.distance_m)


def test_json_errors_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(FieldError, match=r"broken\.json"):
        Scenario.from_json(path)


def test_a_queue_that_no_observation_can_show_is_refused() -> None:
    with pytest.raises(FieldError, match="initial_queue_j"):
        ASLEnv(DEFAULT.replace(initial_queue_j=1e40))
