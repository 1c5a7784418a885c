"""Kinds of devices and servers: the shipped ones, and fleets in words."""

import dataclasses
import pickle
from typing import Any

import pytest

from asl_gym.model import limits
from asl_gym.model.components import Server
from asl_gym.model.computing import roofline_seconds
from asl_gym.model.profiles import NetworkProfile
from asl_gym.scenario.device_kinds import DeviceKind, Kind, ServerKind, sources_of
from asl_gym.scenario.devices import (
    device_kind,
    device_kind_names,
    parse_devices,
    server_kind,
    server_kind_names,
)
from asl_gym.validation.checks import FieldError

DEVICES = tuple(device_kind(name) for name in device_kind_names())
SERVERS = tuple(server_kind(name) for name in server_kind_names())

# The shipped kinds


def test_the_shipped_kinds_are_there() -> None:
    assert device_kind_names() == (
        *("raspberry-pi-4", "raspberry-pi-5", "jetson-nano-maxn", "jetson-nano-5w"),
        *("phone", "laptop"),
    )
    assert server_kind_names() == ("cpu-server", "gpu-server")


@pytest.mark.parametrize("kind", [*DEVICES, *SERVERS], ids=lambda kind: kind.name)
def test_every_shipped_constant_has_exactly_one_of_source_and_assumption(kind: Kind) -> None:
    assert kind.description
    constants = sources_of(kind)
    numbers = {name for name, value in dataclasses.asdict(kind).items() if type(value) is float}
    assert {each.name for each in constants} == numbers == {each.name for each in kind.origins}
    assert len(kind.origins) == len(numbers)
    for each in constants:
        assert each.basis in ("source", "assumed")
        assert len(each.text) > 20
        assert each.value == getattr(kind, each.name)
        assert each.unit


def test_a_changed_constant_loses_its_source() -> None:
    pi = dataclasses.replace(device_kind("raspberry-pi-4"), flops_per_cycle=12.5)
    bases = {each.name: each.basis for each in sources_of(pi)}
    assert bases["flops_per_cycle"] == "unstated"
    assert bases["computing_power_w"] == "source"


@pytest.mark.parametrize(
    ("name", "powers"),
    [("jetson-nano-maxn", (7.27, 2.30, 2.26)), ("jetson-nano-5w", (4.25, 1.91, 1.91))],
)
def test_the_jetson_nano_draws_what_the_logs_of_ares_show(
    name: str, powers: tuple[float, ...]
) -> None:
    nano = device_kind(name)
    assert (nano.computing_power_w, nano.sending_power_w, nano.receiving_power_w) == powers


@pytest.mark.parametrize("kind", DEVICES, ids=lambda kind: kind.name)
def test_a_device_radiates_less_than_it_draws_and_draws_most_while_computing(
    kind: DeviceKind,
) -> None:
    assert kind.transmit_power_w < kind.receiving_power_w <= kind.sending_power_w
    assert kind.sending_power_w < kind.computing_power_w


@pytest.mark.parametrize("kind", SERVERS, ids=lambda kind: kind.name)
def test_a_second_at_full_clock_costs_the_servers_draw(kind: ServerKind) -> None:
    server = Server(kind.clock_min_hz, kind.clock_max_hz, kind.flops_per_cycle, kind.capacitance)
    joules = server.computing_energy(kind.clock_max_hz, work=kind.clock_max_hz)  # type: ignore[arg-type]
    assert joules == pytest.approx(kind.computing_power_w, rel=1e-12)


def test_the_gpu_server_trains_resnet50_as_fast_as_nvidia_measured() -> None:
    profile = NetworkProfile.shipped("resnet50")
    flops = 256 * (profile.forward_flops[-1] + profile.backward_flops[-1])
    assert profile.activation_bytes
    assert profile.weight_bytes
    assert profile.operators
    moved = 256 * profile.activation_bytes[-1] + profile.weight_bytes[-1]
    processor = server_kind("gpu-server").processor
    seconds = roofline_seconds(processor, flops, moved, profile.operators[-1])
    assert 256 / seconds == pytest.approx(938, rel=0.01)


def test_the_processor_of_a_kind_computes_at_its_full_clock() -> None:
    nano = device_kind("jetson-nano-5w")
    assert nano.processor.flops_per_s == 128 * 640e6
    assert (nano.processor.bytes_per_s, nano.processor.operator_s) == (19e9, 156e-6)
    assert server_kind("cpu-server").processor.flops_per_s == 904 * 2.8e9


def test_kinds_are_data() -> None:
    for kind in (*DEVICES, *SERVERS):
        assert pickle.loads(pickle.dumps(kind)) == kind
        assert hash(kind) == hash(dataclasses.replace(kind))


def test_a_draw_that_no_capacitance_explains_is_refused() -> None:
    with pytest.raises(FieldError, match="computing_power_w / clock_hz³") as caught:
        dataclasses.replace(device_kind("phone"), clock_hz=1e3, computing_power_w=100)
    assert caught.value.value == pytest.approx(1e-7)
    assert limits.CAPACITANCE.high < 1e-7


# Names


@pytest.mark.parametrize("name", ["pi", "", "Phone", None, 4, ["phone"]])
def test_an_unknown_device_names_those_there_are(name: Any) -> None:
    with pytest.raises(FieldError, match=r"'raspberry-pi-4'.*'laptop'$") as caught:
        device_kind(name)
    assert caught.value.value == name


def test_a_server_is_no_device_and_a_device_no_server() -> None:
    with pytest.raises(FieldError, match="'laptop'; this is a kind of server"):
        device_kind("cpu-server")
    with pytest.raises(FieldError, match="'gpu-server'; this is a kind of device"):
        server_kind("phone")


# Fleets in words


@pytest.mark.parametrize(
    ("text", "fleet"),
    [
        ("raspberry-pi-4", [(1, "raspberry-pi-4")]),
        (
            "4xraspberry-pi-4,2xjetson-nano-maxn",
            [(4, "raspberry-pi-4"), (2, "jetson-nano-maxn")],
        ),
        (" 10 x phone , laptop,3xphone ", [(10, "phone"), (1, "laptop"), (3, "phone")]),
        ("1000000xphone", [(1_000_000, "phone")]),
    ],
)
def test_a_fleet_in_words(text: str, fleet: list[tuple[int, str]]) -> None:
    assert [(count, kind.name) for count, kind in parse_devices(text)] == fleet


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("0xphone", "0xphone"),
        ("phone,-2xphone", "-2xphone"),
        ("1.5xphone", "1.5xphone"),
        ("9" * 5000 + "xphone", "9" * 5000 + "xphone"),
        ("fourxphone", "fourxphone"),
        ("4x", "4x"),
        ("2x3xphone", "3xphone"),
        ("phone,", ""),
        ("", ""),
        ("2xcpu-server", "cpu-server"),
        ("1000000xphone,phone", 1_000_001),
        (None, None),
        (["phone"], ["phone"]),
    ],
)
def test_a_fleet_in_wrong_words_is_refused_by_name(text: Any, named: Any) -> None:
    with pytest.raises(FieldError) as caught:
        parse_devices(text)
    assert caught.value.value == named
