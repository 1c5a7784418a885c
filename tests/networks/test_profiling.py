"""Profiling of networks: against torch, and against closed forms by hand."""

import importlib
import pickle
import random
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils import _pytree as pytree
from torch.utils.flop_counter import FlopCounterMode

from asl_gym.model.profiles import NetworkProfile
from asl_gym.networks import NetworkError, profile, shipping
from asl_gym.networks.library import NETWORKS, build_network, example_input
from tests.networks.zoo import ZOO


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


LENETS = "deep_lenet", "lenet5"
REGENERATED = (*LENETS, "alexnet", "resnet18_cifar", "vgg16_cifar")
"""The larger networks take long; their shipped figures are held against published ones."""

GIGA_MULTIPLY_ADDS = {
    "alexnet": 0.714,
    "vgg16": 15.47,
    "resnet18": 1.814,
    "resnet50": 4.09,
    "mobilenet_v2": 0.300,
    "inception_v3": 5.713,
    "vit_b_16": 17.56,
}
MEGA_PARAMETERS = {
    "alexnet": 61.10,
    "vgg16": 138.36,
    "resnet18": 11.69,
    "resnet50": 25.56,
    "mobilenet_v2": 3.505,
    "inception_v3": 23.83,  # Without the auxiliary classifier.
    "vit_b_16": 86.57,
    "gpt2": 124.44 + 50_257 * 768 / 1e6,  # Its head has weights of its own.
}


def test_every_network_is_shipped() -> None:
    assert NetworkProfile.shipped_names() == tuple(sorted(NETWORKS))


@pytest.mark.parametrize("name", GIGA_MULTIPLY_ADDS)
def test_shipped_networks_cost_what_is_published(name: str) -> None:
    flops = NetworkProfile.shipped(name).forward_flops[-1]
    assert flops / 2e9 == pytest.approx(GIGA_MULTIPLY_ADDS[name], rel=0.01)


@pytest.mark.parametrize("name", MEGA_PARAMETERS)
def test_shipped_networks_have_as_many_parameters_as_published(name: str) -> None:
    """Buffers of normalisation travel with them: a mean and a variance per channel."""
    bits = NetworkProfile.shipped(name).parameter_bits[-1]
    assert bits / 32e6 == pytest.approx(MEGA_PARAMETERS[name], rel=0.012)


@pytest.mark.parametrize("name", sorted(set(NETWORKS) - set(LENETS)))
def test_shipped_networks_have_cuts_to_choose_from(name: str) -> None:
    """And each costs the device more than the one before, at twice the forward FLOPs backward."""
    found = NetworkProfile.shipped(name)
    assert 12 <= found.num_layers <= 40
    assert len(set(found.layer_names)) == found.num_layers
    forward, backward = steps(found.forward_flops), steps(found.backward_flops)
    first = next(i for i, flops in enumerate(forward) if flops)
    assert backward[first + 1 :] == [2 * flops for flops in forward[first + 1 :]]
    if name != "alexnet":
        assert all(forward[1:])


def test_inception_has_the_sizes_that_are_published() -> None:
    """Table 1 of arXiv 1512.00567; as many parameters as torchvision's without its second head."""
    with torch.device("meta"):
        module = build_network("inception_v3")
    assert sum(each.numel() for each in module.parameters()) == 23_834_568
    found = NetworkProfile.shipped("inception_v3")
    sizes = dict(zip(found.layer_names, found.activation_bits[1:], strict=True))
    published = {"Mixed_5d": 35**2 * 288, "Mixed_6e": 17**2 * 768, "Mixed_7b": 8**2 * 2048}
    assert {name: sizes[name] for name in published} == {
        name: 32 * count for name, count in published.items()
    }


def test_gpt2_takes_tokens_by_their_numbers() -> None:
    found = NetworkProfile.shipped("gpt2")
    length, width, vocabulary = 1024, 768, 50_257
    block = 2 * length * (12 * width**2 + 2 * length * width)
    assert found.forward_flops[-1] == 12 * block + 2 * length * width * vocabulary
    assert found.activation_bits[:2] == (64 * length, 32 * length * width)
    assert found.gradient_bits is not None
    assert found.gradient_bits[:2] == (0, 32 * length * width)
    assert found.layer_names[0] == "tokens"
    assert found.parameter_bits[1] == 32 * vocabulary * width


def test_regeneration_gives_the_shipped_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shipping.main(["--directory", str(tmp_path), *REGENERATED])
    printed = capsys.readouterr().out
    written = sorted(tmp_path.iterdir())
    assert [path.stem for path in written] == sorted(REGENERATED)
    for path in written:
        assert path.read_bytes() == (shipping.SHIPPED_DIRECTORY / path.name).read_bytes()
        assert str(path) in printed


@pytest.mark.parametrize("name", LENETS)
def test_totals_are_those_that_torch_counts(name: str) -> None:
    found, network = NetworkProfile.shipped(name), build_network(name)
    with FlopCounterMode(display=False) as forward:
        output = network(example_input(name))
    with FlopCounterMode(display=False) as backward:
        output.sum().backward()
    assert found.name == name
    assert found.num_layers == 12
    assert found.forward_flops[-1] == forward.get_total_flops()
    assert found.backward_flops[-1] == backward.get_total_flops()
    assert found.parameter_bits[-1] == 32 * sum(p.numel() for p in network.parameters())
    assert found.activation_bits[0] == 32 * 28 * 28
    assert found.activation_bits[-1] == 32 * 10


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


@pytest.mark.parametrize("name", LENETS)
def test_batch_size_does_not_matter(name: str) -> None:
    network = build_network(name)
    chain = list(network.named_children())
    found = profile(chain, example_input(name, 4), name=name, whole=network)
    assert found == NetworkProfile.shipped(name)


def test_a_chain_of_residual_blocks_and_in_place_layers() -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.ReLU(inplace=True), Residual(8), nn.Flatten(), nn.Linear(288, 5)
    )
    found = profile(list(network.named_children()), torch.randn(2, 3, 8, 8), name="residual")
    block = 2 * 8 * 8 * 9 * 36
    assert found.layer_names == ("0", "1", "2", "3", "4")
    assert layer(found, "1") == (0, 0, 32 * 8 * 36, 0)
    # Convolution, then normalisation's weight and bias, and its mean and variance, which travel.
    assert layer(found, "2") == (block, 2 * block, 32 * 8 * 36, 32 * 8 * (8 * 9 + 1 + 4))


class Keeps(nn.Module):
    """Keeps an activation, draws random numbers, runs normalisation, works in place."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.ReLU(inplace=True), nn.BatchNorm1d(4), nn.Dropout())
        self.lstm = nn.LSTM(4, 2)
        self.kept: torch.Tensor | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.kept = self.layers(x) + torch.rand(4)
        return self.lstm(self.kept)[0]  # type: ignore[no-any-return]


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode, torch.enable_grad])
@pytest.mark.parametrize("as_chain", [False, True])
def test_profiling_leaves_everything_as_it_was(as_chain: bool, context: Any) -> None:
    network = Keeps()
    network(torch.ones(3, 4)).sum().backward()
    network.layers[1].eval()
    before = pickle.dumps(network.state_dict())
    gradients = [parameter.grad for parameter in network.parameters()]
    attributes = [dict(vars(each)) for each in network.modules()]
    inputs = torch.full((3, 4), -1.0)
    state, python = torch.get_rng_state(), random.getstate()
    numbers = np.random.get_state(legacy=False)  # noqa: NPY002
    given: Any = [("all", network)] if as_chain else network
    with context():
        mode = torch.is_grad_enabled(), torch.is_inference_mode_enabled()
        found = profile(given, inputs)
        assert mode == (torch.is_grad_enabled(), torch.is_inference_mode_enabled())
    assert found.backward_flops[-1] > found.forward_flops[-1]
    assert pickle.dumps(network.state_dict()) == before
    pairs = zip(network.parameters(), gradients, strict=True)
    assert all(parameter.grad is gradient for parameter, gradient in pairs)
    assert [dict(vars(each)) for each in network.modules()] == attributes
    assert torch.equal(inputs, torch.full((3, 4), -1.0))
    assert torch.equal(torch.get_rng_state(), state)
    assert random.getstate() == python
    assert repr(np.random.get_state(legacy=False)) == repr(numbers)  # noqa: NPY002


def test_grouped_convolutions_are_not_counted_too_often() -> None:
    network = nn.Conv2d(8, 8, 3, groups=8)
    found = profile(network, torch.zeros(1, 8, 5, 5))
    assert (found.forward_flops[-1], found.backward_flops[-1]) == (1296, 1296)


@pytest.mark.parametrize("as_chain", [False, True])
def test_inputs_made_in_inference_mode_are_as_good_and_weights_are_refused(as_chain: bool) -> None:
    def given(network: nn.Module) -> Any:
        return list(network.named_children()) if as_chain else network

    network = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    with torch.inference_mode():
        inputs, untrainable = torch.zeros(1, 4), nn.Sequential(nn.Linear(4, 3))
        inside = profile(given(network), inputs)
    assert profile(given(network), inputs) == inside
    assert steps(inside.backward_flops) == [24, 24]
    with pytest.raises(ValueError, match=r"0\.weight = 'a parameter made in inference mode'"):
        profile(given(untrainable), inputs)


def test_a_wrapped_lstm_is_counted() -> None:
    found = profile(Recurrent(), torch.zeros(4, 10, 8))
    assert found.forward_flops[-1] == 30_720
    assert found.backward_flops[-1] == 2 * 30_720 - 2 * 10 * 64 * 8


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, 16, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.lstm(x)[0]  # type: ignore[no-any-return]


def test_a_shared_module_runs_twice_and_its_parameters_count_once() -> None:
    shared = nn.Linear(4, 4)
    chain = [("first", shared), ("second", shared)]
    found = profile(chain, torch.zeros(1, 4), tied=True)
    assert steps(found.forward_flops) == [32, 32]
    assert steps(found.backward_flops) == [32, 64]
    assert steps(found.parameter_bits) == [640, 0]
    assert profile(nn.Sequential(shared, shared), torch.zeros(1, 4), tied=True).num_layers == 2
    # By default no cut divides a tie.
    assert profile(chain, torch.zeros(1, 4)).layer_names == ("second",)
    assert profile(nn.Sequential(shared, shared), torch.zeros(1, 4)).num_layers == 1


@pytest.mark.parametrize("name", [name for name in ZOO if name != "frozen"])
def test_flops_and_bits_of_any_network_are_those_of_a_sample(name: str) -> None:
    build, make_inputs = ZOO[name]
    network, inputs = build().eval(), make_inputs()
    found = profile(network, inputs, tied=True)
    one = profile(network, pytree.tree_map(lambda each: each[:1], inputs), tied=True)
    # What isn't contiguous is copied first, which depends on more than the number of samples.
    unknown = dict.fromkeys(("activation_bytes", "weight_bytes", "operators"))
    assert replace(found, **unknown) == replace(one, **unknown)  # type: ignore[arg-type]
    for name in unknown:
        assert getattr(found, name)[-1] == pytest.approx(getattr(one, name)[-1], rel=0.5)


def test_products_of_weights_alone_are_no_multiple_of_the_batch() -> None:
    build, make_inputs = ZOO["frozen"]
    with pytest.raises(ValueError, match="multiple of the batch size 3; pass one sample"):
        profile(build().eval(), make_inputs())
    assert profile(build().eval(), make_inputs()[:1]).num_layers > 1


def test_frozen_layers_at_the_start_have_no_backward_pass() -> None:
    network = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)).double()
    network[0].requires_grad_(False)
    found = profile(network, torch.zeros(1, 4, dtype=torch.double))
    assert steps(found.backward_flops) == [0, 32, 64]
    assert found.activation_bits == (256,) * 4


@pytest.mark.parametrize("as_chain", [False, True])
def test_what_no_gradient_reaches_has_no_backward_pass(as_chain: bool) -> None:
    network = nn.Sequential(nn.Linear(4, 4), Cut(), nn.Linear(3, 2))
    given: Any = list(network.named_children()) if as_chain else network
    found = profile(given, torch.zeros(1, 4))
    assert steps(found.forward_flops) == [32, 24, 12]
    assert steps(found.backward_flops) == [0, 0, 12]
    assert found.gradient_bits == (0, 0, 0, 64)


def test_bits_per_value_replaces_the_size_of_the_dtype() -> None:
    full = NetworkProfile.shipped("lenet5")
    chain = list(build_network("lenet5").named_children())
    eight = profile(chain, example_input("lenet5"), name="lenet5", bits_per_value=8)
    assert eight.activation_bits == tuple(bits / 4 for bits in full.activation_bits)
    assert eight.parameter_bits == tuple(bits / 4 for bits in full.parameter_bits)
    assert eight.training_flops == full.training_flops
    with pytest.raises(ValueError, match="bits_per_value = 0"):
        profile(LINEAR, torch.zeros(1, 4), bits_per_value=0)


LINEAR = nn.Sequential(nn.Linear(4, 2))
UNEVEN = nn.Sequential(*LINEAR, nn.Flatten(0), nn.Linear(6, 1))


@pytest.mark.parametrize(
    ("module", "shape", "message"),
    [
        (LINEAR[0].weight, (1, 4), "module = 'Parameter'.*Module or a sequence"),
        ([], (1, 4), "at least one layer"),
        ([("a", nn.ReLU()), ("a", nn.ReLU())], (1, 4), r"module\[1\] = 'a'.*name of its own"),
        (nn.Sequential(nn.ReLU()), (1, 4), "a total >= 1"),
        (nn.Sequential(), (1, 4), "at least one operator"),
        (LINEAR, (0, 4), r"\(0, 4\)"),
        (LINEAR, (), "batch"),
        (nn.Sequential(nn.Linear(4, 4), nn.Linear(5, 2)), (1, 4), "layer '1'.*reduction dim"),
        (
            list(UNEVEN.named_children()),
            (3, 4),
            "activation_bits of layer '2' = 32 .* batch size 3",
        ),
    ],
)
def test_what_cannot_be_profiled(module: Any, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        profile(module, torch.zeros(shape))


def test_a_layer_that_takes_no_tuple_is_named_in_a_chain() -> None:
    chain = [("lstm", nn.LSTM(4, 4)), ("fc", nn.Linear(4, 2))]
    with pytest.raises(NetworkError, match=r"layer 'fc'.*cannot run"):
        profile(chain, torch.zeros(1, 4))


def test_without_torch_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "asl_gym.networks")
    with pytest.raises(ImportError, match=r"pip install 'asl-gym\[networks\]'"):
        importlib.import_module("asl_gym.networks")
