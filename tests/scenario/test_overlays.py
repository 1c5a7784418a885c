"""Scenarios with fields changed by dotted paths, by overlays, and as text."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

from asl_gym import Budget, Link, NetworkProfile, Scenario, load_scenario, preset, with_settings
from asl_gym.model.radio import cellular
from asl_gym.scenario.overlays import nested, parse_setting, parse_settings
from asl_gym.validation.checks import FieldError

DEFAULT = preset("default")


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("radio.bandwidth_hz=10e6", "radio.bandwidth_hz", 10e6),
        ("v = 2", "v", 2),
        ("v=.5", "v", 0.5),
        ("radio.fading=none", "radio.fading", "none"),
        ('schedule="parallel"', "schedule", "parallel"),
        ("radio=10/50mbit±20%", "radio", "10/50mbit±20%"),
        ("fleet=4xraspberry-pi-4,phone", "fleet", "4xraspberry-pi-4,phone"),
        ("workload.splits=[3, 6]", "workload.splits", [3, 6]),
        ("budget={fraction = 0.3}", "budget", {"fraction": 0.3}),
        ("radio.count_downlink_energy=false", "radio.count_downlink_energy", False),
    ],
)
def test_settings_are_parsed(text: str, path: str, value: Any) -> None:
    parsed = parse_setting(text)
    assert parsed == (path, value)
    assert type(parsed[1]) is type(value)


@pytest.mark.parametrize(
    "text", ["", "v", "v=", "=3", "v=a b", "v=[1,", "a..b=1", "a-b=1", "v=1\nw=2", "v=1\n[w]"]
)
def test_texts_that_are_no_settings_are_refused(text: str) -> None:
    with pytest.raises(FieldError) as error:
        parse_setting(text)
    assert error.value.field == "set"
    assert error.value.value == text


def test_a_path_is_set_once() -> None:
    with pytest.raises(FieldError, match="each path once; v is 1 already"):
        parse_settings(["v=1", "v=2"])


@pytest.mark.parametrize(
    "paths", [{"radio": "40mbit", "radio.bandwidth_hz": 1e6}, {"a.b": 1, "a.b.c": 1}]
)
@pytest.mark.parametrize("backwards", [False, True])
def test_a_part_is_set_as_a_whole_or_field_by_field(paths: dict[str, Any], backwards: bool) -> None:
    items = list(paths.items())
    with pytest.raises(FieldError, match="as a whole or field by field"):
        nested(dict(items[::-1] if backwards else items))


@pytest.mark.parametrize("part", ["fleet", "server", "radio", "workload", "knowledge"])
def test_every_field_can_be_set_by_its_path(part: str) -> None:
    whole = getattr(DEFAULT, part)
    for each in dataclasses.fields(whole):
        value = DEFAULT.to_dict()[part][each.name]
        settings = {f"{part}.{each.name}": value, "v": 3.0}
        assert with_settings(DEFAULT, settings) == DEFAULT.replace(v=3.0)


def test_changes_reach_their_fields_alone() -> None:
    changed = with_settings("default", {"radio.bandwidth_hz": 10e6, "server.clock_max_hz": 3e9})
    radio = dataclasses.replace(cellular(DEFAULT.radio, "bandwidth"), bandwidth_hz=10e6)
    server = dataclasses.replace(DEFAULT.server, clock_max_hz=3e9)
    assert changed == DEFAULT.replace(radio=radio, server=server)
    assert with_settings(DEFAULT, {}) == DEFAULT


def test_words_name_networks_fleets_servers_and_links() -> None:
    changed = with_settings(
        DEFAULT,
        {
            "workload.profile": "lenet5",
            "fleet": "2xraspberry-pi-4,phone",
            "server": "gpu-server",
            "radio": "10/50mbit",
        },
    )
    assert changed.workload.profile == NetworkProfile.shipped("lenet5")
    assert changed.fleet.kind == ("raspberry-pi-4", "raspberry-pi-4", "phone")
    assert changed.radio == Link(10e6, 50e6)
    assert changed.server.capacitance != DEFAULT.server.capacitance


def test_a_link_takes_the_place_of_a_radio_and_the_other_way_round() -> None:
    link = with_settings(DEFAULT, {"radio.uplink_bps": 1e6, "radio.downlink_bps": 2e6})
    assert link.radio == Link(1e6, 2e6)
    back = with_settings(link, {"radio": dataclasses.asdict(DEFAULT.radio)})
    assert back == DEFAULT


def test_another_network_has_all_its_split_points() -> None:
    few = with_settings(DEFAULT, {"workload.splits": [3, 12]})
    assert few.workload.admissible_splits == (3, 12)
    assert with_settings(few, {"workload.profile": "lenet5"}).workload.splits is None


def test_one_number_stands_for_all_devices() -> None:
    changed = with_settings(DEFAULT, {"num_devices": 12, "fleet.distance_m": 200})
    assert changed.fleet.distance_m == (200.0,) * 12
    assert changed.fleet.clock_hz == DEFAULT.with_num_devices(12).fleet.clock_hz


@pytest.mark.parametrize(
    ("base", "settings", "budget"),
    [
        ("default", {"budget_fraction": 0.5}, Budget(fraction=0.5)),
        ("default", {"budget.joules": 100.0}, Budget(joules=100.0)),
        ("per-device-budgets", {"budget_fraction": 0.5}, Budget("per_device", fraction=0.5)),
        (
            "per-device-budgets",
            {"num_devices": 3, "budget.fraction": 0.5},
            Budget("per_device", fraction=0.5),
        ),
        (
            "per-device-budgets",
            {"num_devices": 2, "budget.joules": [30.0, 40.0, 50.0]},
            Budget("per_device", joules=(30.0, 40.0, 50.0)),
        ),
    ],
)
def test_a_budget_takes_the_place_of_another(
    base: str, settings: dict[str, Any], budget: Budget
) -> None:
    assert with_settings(base, settings).budget == budget


def test_fewer_rounds_make_room_for_more_devices() -> None:
    assert with_settings("default", {"num_devices": 1_000_000, "horizon": 5}).horizon == 5


@pytest.mark.parametrize(
    ("settings", "field", "value"),
    [
        ({"radio.bandwith_hz": 1e6}, "radio", "bandwith_hz"),
        ({"bandwidth": 1e6}, "scenario", "bandwidth"),
        ({"radio.bandwidth_hz": "wide"}, "radio.bandwidth_hz", "wide"),
        ({"num_devices": 0}, "num_devices", 0),
        ({"horizon": 1e3}, "horizon", 1e3),
        ({"workload.profile": "nonet"}, "profile", "nonet"),
        ({"fleet": "3xtoaster"}, "device", "toaster"),
        ({"fleet.distance_m": [1.0, 2.0]}, "fleet.distance_m", "2 entries"),
        ({"budget_fraction": 0.2, "budget.joules": 3.0}, "budget_fraction", 0.2),
        ({"num_devices": 3, "fleet": "phone"}, "num_devices", 3),
        ({"radio": 3}, "radio", 3),
        ({"v": {"x": 1}}, "v", {"x": 1}),
    ],
)
def test_settings_that_are_not_allowed_are_named(
    settings: dict[str, Any], field: str, value: Any
) -> None:
    with pytest.raises(FieldError) as error:
        with_settings("default", settings)
    assert error.value.field in (field, "devices")
    assert error.value.value == value


def test_a_file_may_hold_what_differs_from_a_preset(tmp_path: Path) -> None:
    overlay = {"preset": "default", "num_devices": 4, "radio": {"bandwidth_hz": 10e6}, "schema": 1}
    path = tmp_path / "narrow.json"
    path.write_text(json.dumps(overlay))
    expected = with_settings("default", {"num_devices": 4, "radio.bandwidth_hz": 10e6})
    assert load_scenario(path) == load_scenario(overlay) == expected
    env: Any = gym.make("ASL-v0", scenario=str(path))
    assert env.unwrapped.scenario == expected


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"preset": "narrow"}, "scenario = 'narrow' is not allowed"),
        ({"preset": "default", "radio": {"bandwith_hz": 1}}, "radio = 'bandwith_hz'"),
        ({"preset": "default", "schema": 7}, "scenario.schema = 7"),
    ],
)
def test_faults_of_an_overlay_name_the_file(
    tmp_path: Path, content: dict[str, Any], told: str
) -> None:
    path = tmp_path / "overlay.json"
    path.write_text(json.dumps(content))
    with pytest.raises(FieldError) as error:
        load_scenario(path)
    assert str(error.value).startswith(f"{path}: {told}")


def test_a_scenario_is_shown_by_the_paths_that_change_it() -> None:
    text = str(with_settings(DEFAULT, {"num_devices": 20, "radio.bandwidth_hz": 10e6}))
    lines = dict(line.split(maxsplit=1) for line in text.splitlines()[1:])
    assert lines["num_devices"] == "20"
    assert lines["radio.bandwidth_hz"] == "10 MHz"
    assert lines["fleet.clock_hz"] == "0.5 … 2.5 GHz (20 entries)"
    assert lines["fleet.transmit_power_w"] == "0.1 W each"
    assert lines["radio.noise_density_dbm_per_hz"] == "-174 dBm/Hz"
    assert lines["workload.profile"] == "deep_lenet, 12 layers"
    shown = set(lines) - {"num_devices"}
    parts = {path.partition(".")[0] for path in shown}
    fields = {each.name for each in dataclasses.fields(Scenario)}
    assert parts == fields - {"per_kind", "batteries"}
    lines = dict(line.split(maxsplit=1) for line in str(preset("harvest")).splitlines()[1:])
    assert lines["batteries.trickle_power_w"] == "0.02 W"
    assert not {"v", "initial_queue_j", "budget"} & set(lines)


def test_kinds_of_a_fleet_are_counted() -> None:
    text = str(with_settings(DEFAULT, {"fleet": "2xraspberry-pi-4,phone", "radio": "40mbit"}))
    assert "2 × raspberry-pi-4, 1 × phone" in text
    assert "40 Mbit/s" in text
