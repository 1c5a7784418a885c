"""Server and devices on a network: the run in memory, its bytes, and devices that go away."""

import copy
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import TensorDataset

import asl_gym
from asl_gym import NetworkProfile, Workload, preset
from asl_gym.networks.library import build_network
from asl_gym.training import Shard, SplitTraining, TrainingError
from asl_gym.training.channel import DeviceLost
from asl_gym.training.remote import DeviceClient, DeviceServer
from asl_gym.training.remote.messages import Message
from asl_gym.training.remote.running import agreement, remote_training, shard_of_labels
from asl_gym.training.setting import Setting
from asl_gym.training.side import Recipe
from asl_gym.training.sides import DeviceSide
from tests.training.small import CLASSES, built, scenario_of, shards, training_of

RECIPE = {"seed": 3}
SEED, MOMENTUM = 3, 0.5


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Processes of devices run on one thread, whose sums have other bits than those of several."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@contextmanager
def devices_of(
    module: nn.Module, of_devices: Sequence[Shard], recipe: Recipe, port: int
) -> Iterator[None]:
    """Devices in threads of this process, each with a replica of its own."""
    ends: list[str] = []

    def run(device: int, shard: Shard) -> None:
        side = DeviceSide(copy.deepcopy(module), recipe)
        client = DeviceClient(f"localhost:{port}", device, side, shard, RECIPE)
        ends.append(client.run())

    running = [threading.Thread(target=run, args=each) for each in enumerate(of_devices)]
    for each in running:
        each.start()
    yield
    for each in running:
        each.join(20)
    assert ends == ["the training has ended"] * len(running)


@pytest.mark.parametrize(
    ("network", "schedule"), [("plain", "sequential"), ("residual", "parallel")]
)
def test_remote_parameters_are_those_in_memory(network: str, schedule: str) -> None:
    expected, module = built(network), built(network)
    here = training_of(expected, schedule, momentum=MOMENTUM, seed=SEED).run(3)
    workload = scenario_of(module, momentum=MOMENTUM).workload
    recipe = Recipe(workload, F.cross_entropy, SEED, classes=CLASSES)
    server = DeviceServer("localhost:0", 3, RECIPE)
    with devices_of(module, shards(), recipe, server.port):
        server.wait_for_all(30)
        known = [_double(shard_of_labels(link, (3, 8, 8))) for link in server.links]
        training = training_of(
            module, schedule, momentum=MOMENTUM, seed=SEED, shards=known, links=server.links
        )
        there = training.run(3)
        server.close()
    for mine, its in zip(module.state_dict().values(), expected.state_dict().values(), strict=True):
        assert torch.equal(mine, its)
    assert [each.uplink_bits for each in here] == [each.uplink_bits for each in there]
    assert [each.loss for each in here] == [each.loss for each in there]


def _double(shard: Shard) -> Shard:
    """The server knows of the samples no more than shape and type."""
    pixels, labels = shard.dataset.tensors  # type: ignore[attr-defined]
    assert not pixels.any()
    return Shard(TensorDataset(pixels.double(), labels))


class Relay:
    """Passes a TCP connection on and counts its bytes."""

    def __init__(self, port: int) -> None:
        self.bytes = 0
        self._target, self._listening = port, socket.create_server(("localhost", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            one, _ = self._listening.accept()
            other = socket.create_connection(("localhost", self._target))
            for ends in ((one, other), (other, one)):
                threading.Thread(target=self._pass, args=ends, daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while content := source.recv(1 << 16):
                self.bytes += len(content)
                sink.sendall(content)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


@pytest.mark.parametrize("split", [1, 6, 9, 12])
def test_bytes_on_the_socket_are_those_counted(split: int) -> None:
    """Of the default network, within 2%."""
    torch.manual_seed(0)
    data = TensorDataset(torch.rand(40, 1, 28, 28), torch.randint(10, (40,)))
    module, of_device = build_network("deep_lenet").train(), Shard(data)
    workload = Workload(NetworkProfile.shipped("deep_lenet"), 32, batch_size=16)
    scenario = preset("default").with_num_devices(1).replace(workload=workload, horizon=2)
    recipe = Recipe(workload, F.cross_entropy, 0)
    server = DeviceServer("localhost:0", 1, RECIPE)
    relay = Relay(server.port)

    def policy(env: Any) -> Any:
        return asl_gym.FixedSplit(env, split=split)

    policy.action_view = "dict"  # type: ignore[attr-defined]
    with devices_of(module, [of_device], recipe, relay.port):
        server.wait_for_all(30)
        records = training_of(
            module, policy=policy, scenario=scenario, shards=[of_device], links=server.links, seed=0
        ).run(2)
        server.close()
    counted = sum(each.uplink_bits[0] + each.downlink_bits[0] for each in records) / 8
    assert counted <= relay.bytes <= 1.02 * counted


def joining(setting: Setting, device: int, port: int) -> "subprocess.Popen[str]":
    options = ["--devices", setting.devices, "--rounds", setting.rounds, "--samples",
               setting.samples, "--connect", f"localhost:{port}", "--device", device]  # fmt: skip
    command = [sys.executable, "-m", "asl_gym.training", "device", *map(str, options)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_devices_that_go_away_are_told_and_left_out() -> None:
    """One is killed in the middle of its turn, one stands still; each is told within 5 seconds."""
    setting = Setting(devices=3, rounds=4, samples=32)
    found: list[subprocess.Popen[str]] = []

    def start(port: int) -> None:
        found.extend(joining(setting, device, port) for device in range(3))

    training, server = remote_training(setting, asl_gym.RandomPolicy, "localhost:0", 120, start)
    moments: dict[int, float] = {}
    _signal_in_turn(server.links[1], found[1], signal.SIGKILL, moments)
    _signal_in_turn(server.links[2], found[2], signal.SIGSTOP, moments, after=1)
    records = training.run(3)
    server.close()
    found[2].kill()
    told = [each.communicate(timeout=30)[0].strip() for each in found]
    assert told == ["the training has ended", "", ""]
    assert records[0].lost == ("device 1: its connection has ended",)
    assert records[1].lost == (
        "device 1: it is not connected",
        "device 2: its connection has ended",
    )
    assert records[2].lost == ("device 1: it is not connected", "device 2: it is not connected")
    assert max(moments.values()) < 5, moments
    _equals_a_run_without(setting, training)


def _signal_in_turn(
    link: Any, process: Any, number: int, moments: dict[int, float], after: int = 0
) -> None:
    """Signals a device's process when the server sends it gradients; keeps how long that took."""
    begin, receive = link.begin, link._receive

    def begun(turn: Any, state: Any) -> None:
        begin(turn, state)
        if turn.round_index == after:
            process.send_signal(number)
            if number == signal.SIGKILL:
                process.wait()
            moments[link.device] = -time.monotonic()

    def received(kind: str) -> Any:
        try:
            return receive(kind)
        except DeviceLost:
            moments[link.device] += time.monotonic()
            raise

    link.begin, link._receive = begun, received


def _equals_a_run_without(setting: Setting, training: SplitTraining) -> None:
    """The same rounds in memory, without the devices that were lost."""
    expected = setting.training(asl_gym.RandomPolicy)
    for device, last in ((1, 0), (2, 1)):
        link: Any = expected._links[device]

        link.begin = _gone_from(last, link.begin)
    expected.run(3)
    pairs = zip(training.module.parameters(), expected.module.parameters(), strict=True)
    assert all(torch.equal(mine, its) for mine, its in pairs)


def _gone_from(last: int, begin: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    def begun(turn: Any, state: Any) -> None:
        if turn.round_index >= last:
            raise DeviceLost(turn.device, "it has gone")
        begin(turn, state)

    return begun


def test_a_round_without_any_device_ends_the_training(tmp_path: Path) -> None:
    training = Setting(devices=2, rounds=3, samples=8, batch_size=4).training(asl_gym.RandomPolicy)
    for link in training._links:
        dropping: Any = link
        dropping.begin = _gone_from(1, dropping.begin)
    with pytest.raises(TrainingError, match=r"round 1: no device is left: .*it has gone"):
        training.run(3, tmp_path)
    again = Setting(devices=2, rounds=3, samples=8, batch_size=4).training(asl_gym.RandomPolicy)
    assert [record.lost for record in again.run(3, tmp_path)] == [()] * 3


def test_devices_that_do_not_fit_are_refused() -> None:
    server = DeviceServer("localhost:0", 1, RECIPE)
    recipe = Recipe(scenario_of(built("plain")).workload, F.cross_entropy, 0)
    side = DeviceSide(built("plain"), recipe)

    def told(device: int, recipe: Any) -> str:
        client = DeviceClient(f"localhost:{server.port}", device, side, shards()[0], recipe)
        with pytest.raises(TrainingError) as error:
            client.run()
        return str(error.value)

    assert "device = 1 is not allowed: expected one of 0 to 0" in told(1, RECIPE)
    assert "device 0 trains otherwise: seed differ" in told(0, {"seed": 4})
    with pytest.raises(TimeoutError, match=r"devices \[0\] have not joined in 0.1 s"):
        server.wait_for_all(0.1)
    server.close()


CUT_OFF = Message("join", {}, {}).to_bytes()[:-1]


@pytest.mark.parametrize("content", [b"", b"12345678", b"\xff" * 40, CUT_OFF])
def test_what_is_no_message_is_refused(content: bytes) -> None:
    with pytest.raises(TrainingError, match=f"a message of {len(content)} bytes is none"):
        Message.from_bytes(content)


def test_the_agreement_tells_settings_apart() -> None:
    base = Setting(devices=3)
    assert agreement(base) == agreement(base.replace(schedule="parallel"))
    for change in ({"seed": 1}, {"samples": 8}, {"batch_size": 8}, {"momentum": 0.5}):
        assert agreement(base) != agreement(base.replace(**change))


def test_a_device_may_join_again() -> None:
    """It is left out while it is away, and no longer than that."""
    module, of_devices = built("plain"), shards()
    recipe = Recipe(scenario_of(module).workload, F.cross_entropy, SEED)
    server = DeviceServer("localhost:0", 3, RECIPE)
    training = training_of(module, seed=SEED, links=server.links)
    ends: list[str] = []

    def join(device: int) -> threading.Thread:
        side = DeviceSide(copy.deepcopy(module), recipe)
        client = DeviceClient(f"localhost:{server.port}", device, side, of_devices[device], RECIPE)
        running = threading.Thread(target=lambda: ends.append(client.run()))
        running.start()
        return running

    running = [join(device) for device in range(3)]
    server.wait_for_all(30)
    training.run(1)
    server.links[1].end("a rest")
    running[1].join(20)
    while server.links[1].has_joined:
        time.sleep(0.01)
    training.run(2)
    running.append(join(1))
    server.wait_for_all(30)
    records = training.run(3)
    server.close()
    for each in running:
        each.join(20)
    told = ("device 1: it is not connected",)
    assert [record.lost for record in records] == [(), told, ()]
    assert ends == ["a rest", *["the training has ended"] * 3]
