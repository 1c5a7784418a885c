"""Profiling of networks: against torch, and against closed forms by hand."""

import importlib
import pickle
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from asl_gym.model.profiles import NetworkProfile
from asl_gym.networks import profile, shipping
from asl_gym.networks.library import NETWORKS, build_network, example_input


class Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.body(x)  # type: ignore[no-any-return]


class Cut(nn.Module):
    """A layer with weights and a product whose output has no gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x).detach()  # type: ignore[no-any-return]


def steps(values: tuple[float, ...]) -> list[float]:
    return [after - before for before, after in pairwise(values)]


def layer(profile: NetworkProfile, name: str) -> tuple[float, float, float, float]:
    """Forward and backward FLOPs, activation and parameter bits of one layer alone."""
    index = profile.layer_names.index(name)
    return (
        steps(profile.forward_flops)[index],
        steps(profile.backward_flops)[index],
        profile.activation_bits[index + 1],
        steps(profile.parameter_bits)[index],
    )


# The shipped profiles


def test_every_network_is_shipped() -> None:
    assert NetworkProfile.shipped_names() == tuple(sorted(NETWORKS)) == ("deep_lenet", "lenet5")


def test_regeneration_gives_the_shipped_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shipping.main(["--directory", str(tmp_path)])
    printed = capsys.readouterr().out
    written = sorted(tmp_path.iterdir())
    assert [path.stem for path in written] == list(NetworkProfile.shipped_names())
    for path in written:
        assert path.read_bytes() == (shipping.SHIPPED_DIRECTORY / path.name).read_bytes()
        assert str(path) in printed


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_totals_are_those_of_the_whole_network_run_at_once(name: str) -> None:
    profile, network = NetworkProfile.shipped(name), build_network(name)
    with FlopCounterMode(display=False) as forward:
        output = network(example_input())
    with FlopCounterMode(display=False) as backward:
        output.sum().backward()
    assert profile.name == name
    assert profile.num_layers == 12
    assert profile.forward_flops[-1] == forward.get_total_flops()
    assert profile.backward_flops[-1] == backward.get_total_flops()
    assert profile.parameter_bits[-1] == 32 * sum(p.numel() for p in network.parameters())
    assert profile.activation_bits[0] == 32 * 28 * 28
    assert profile.activation_bits[-1] == 32 * 10


def test_deep_lenet_layers_by_hand() -> None:
    profile = NetworkProfile.shipped("deep_lenet")
    conv1 = 2 * 32 * 1 * 3 * 3 * 26 * 26
    conv4 = 2 * 64 * 64 * 3 * 3 * 12 * 12
    fc1 = 2 * 1152 * 382
    # The raw input takes no gradient, so conv1's backward pass is that of its weights alone.
    assert layer(profile, "conv1") == (conv1, conv1, 32 * 32 * 26 * 26, 32 * 32 * (9 + 1))
    assert layer(profile, "conv4") == (conv4, 2 * conv4, 32 * 64 * 12**2, 32 * 64 * (64 * 9 + 1))
    assert layer(profile, "pool3") == (0, 0, 32 * 128 * 3 * 3, 0)
    assert layer(profile, "fc1") == (fc1, 2 * fc1, 32 * 382, 32 * 382 * (1152 + 1))


def test_lenet5_layers_by_hand() -> None:
    profile = NetworkProfile.shipped("lenet5")
    conv2 = 2 * 16 * 6 * 5 * 5 * 10 * 10
    fc3 = 2 * 84 * 10
    assert layer(profile, "conv2") == (conv2, 2 * conv2, 32 * 16 * 10 * 10, 32 * 16 * (6 * 25 + 1))
    assert layer(profile, "flatten") == (0, 0, 32 * 400, 0)
    assert layer(profile, "fc3") == (fc3, 2 * fc3, 32 * 10, 32 * 10 * (84 + 1))


# Profiling


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_batch_size_does_not_matter(name: str) -> None:
    found = profile(build_network(name), example_input(4), name=name)
    assert found == NetworkProfile.shipped(name)


def test_residual_blocks_and_in_place_layers() -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.ReLU(inplace=True), Residual(8), nn.Flatten(), nn.Linear(288, 5)
    )
    found = profile(network, torch.randn(2, 3, 8, 8), name="residual")
    block = 2 * 8 * 8 * 9 * 36
    assert found.layer_names == ("0", "1", "2", "3", "4")
    assert layer(found, "1") == (0, 0, 32 * 8 * 36, 0)
    assert layer(found, "2") == (block, 2 * block, 32 * 8 * 36, 32 * 8 * (8 * 9 + 1 + 2))


def test_profiling_leaves_module_and_input_as_they_were() -> None:
    network = nn.Sequential(nn.ReLU(inplace=True), nn.BatchNorm1d(4), nn.Linear(4, 2))
    before = pickle.dumps(network.state_dict())
    inputs = torch.full((3, 4), -1.0)
    with torch.no_grad():
        profile(network, inputs)
    assert pickle.dumps(network.state_dict()) == before
    assert all(parameter.grad is None for parameter in network.parameters())
    assert torch.equal(inputs, torch.full((3, 4), -1.0))


def test_a_shared_module_runs_twice_and_its_parameters_count_once() -> None:
    shared = nn.Linear(4, 4)
    found = profile([("first", shared), ("second", shared)], torch.zeros(1, 4))
    assert steps(found.forward_flops) == [32, 32]
    assert steps(found.backward_flops) == [32, 64]
    assert steps(found.parameter_bits) == [640, 0]
    assert profile(nn.Sequential(shared, shared), torch.zeros(1, 4)).num_layers == 2


def test_frozen_layers_at_the_start_have_no_backward_pass() -> None:
    network = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)).double()
    network[0].requires_grad_(False)
    found = profile(network, torch.zeros(1, 4, dtype=torch.double))
    assert steps(found.backward_flops) == [0, 32, 64]
    assert found.activation_bits == (256,) * 4


def test_a_backward_pass_that_cannot_run_is_twice_the_forward_pass() -> None:
    network = nn.Sequential(nn.Linear(4, 4), Cut(), nn.Linear(3, 2))
    with pytest.warns(UserWarning, match="layer '1' has no backward pass"):
        found = profile(network, torch.zeros(1, 4))
    assert steps(found.backward_flops) == [32, 2 * 24, 2 * 12]


def test_bits_per_value_replaces_the_size_of_the_dtype() -> None:
    full = NetworkProfile.shipped("lenet5")
    eight = profile(build_network("lenet5"), example_input(), name="lenet5", bits_per_value=8)
    assert eight.activation_bits == tuple(bits / 4 for bits in full.activation_bits)
    assert eight.parameter_bits == tuple(bits / 4 for bits in full.parameter_bits)
    assert eight.training_flops == full.training_flops
    with pytest.raises(ValueError, match="bits_per_value = 0"):
        profile(LINEAR, torch.zeros(1, 4), bits_per_value=0)


LINEAR = nn.Sequential(nn.Linear(4, 2))
UNEVEN = nn.Sequential(*LINEAR, nn.Flatten(0), nn.Linear(6, 1))


@pytest.mark.parametrize(
    ("module", "shape", "error", "message"),
    [
        (nn.Linear(4, 2), (1, 4), TypeError, "Linear.*Sequential"),
        (nn.Sequential(), (1, 4), ValueError, "at least one layer"),
        (nn.Sequential(nn.ReLU()), (1, 4), ValueError, "total >= 1"),
        (nn.Sequential(nn.LSTM(4, 4)), (1, 4), TypeError, "layer '0' returned tuple"),
        (LINEAR, (0, 4), ValueError, r"\(0, 4\)"),
        (LINEAR, (), ValueError, "batch"),
        (UNEVEN, (3, 4), ValueError, "activation_bits of layer '2' = 32 .* batch size 3"),
    ],
)
def test_what_cannot_be_profiled(
    module: Any, shape: tuple[int, ...], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        profile(module, torch.zeros(shape))


def test_without_torch_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "asl_gym.networks")
    with pytest.raises(ImportError, match=r'pip install "asl-gym\[profiling\]"'):
        importlib.import_module("asl_gym.networks")
