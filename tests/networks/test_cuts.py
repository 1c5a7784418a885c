"""Which cuts there are, what they are called, and what crosses them."""

from typing import Any

import gymnasium as gym
import pytest
import torch
from torch import Tensor, nn

import asl_gym
from asl_gym import networks
from asl_gym.networks.cuts import Cut, chosen
from asl_gym.networks.graph_plan import GraphPlan
from asl_gym.networks.library import build_network, example_input
from tests.networks.zoo import GPT, ZOO, Tied, TwoInputs, numbers


def names(*arguments: Any, **options: Any) -> list[str]:
    return [cut.name for cut in networks.cuts(*arguments, **options)]


@pytest.fixture(scope="module")
def resnet() -> GraphPlan:
    return GraphPlan(build_network("resnet18_cifar"), example_input("resnet18_cifar"), None)


def of_resnet(plan: GraphPlan, granularity: Any, *, dominated: bool = False) -> tuple[Cut, ...]:
    return chosen(plan.candidates, granularity, tied=False, dominated=dominated)


def test_cuts_are_named_after_modules_and_lie_where_the_fewest_bits_cross(
    resnet: GraphPlan,
) -> None:
    """After a block its sum alone crosses, inside of it what goes past it, too."""
    found = of_resnet(resnet, "all")
    first = "input", "conv1", "layer1.0.conv1", "layer1.0", "layer1.1.conv1"
    assert tuple(cut.name for cut in found[:5]) == first
    maps = (1, 64, 32, 32)
    assert found[2].shapes == (maps, maps)
    assert found[3].shapes == (maps,)
    flops = [cut.training_flops for cut in found]
    assert flops == sorted(set(flops))
    assert found[-1].name == "fc"
    assert "layer2.0.conv1" in {cut.name for cut in found}


def test_granularity_by_modules_and_by_their_depth(resnet: GraphPlan) -> None:
    every = {cut.name for cut in of_resnet(resnet, "all", dominated=True)}
    modules = {cut.name for cut in of_resnet(resnet, "modules", dominated=True)}
    assert {"layer1.0.add", "flatten"} <= every - modules
    assert {"layer2.0.downsample.0", "layer2.0.bn1", "layer2.0.relu", "layer2.0"} <= modules
    layers = ["input", "conv1", "layer1", "layer2", "layer3", "avgpool", "fc"]
    assert [cut.name for cut in of_resnet(resnet, 1)] == layers
    assert len(of_resnet(resnet, 2)) == 11


@pytest.mark.parametrize("wrong", ["layers", 0, 1.5])
def test_other_granularities_are_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="granularity"):
        networks.cuts(nn.Linear(4, 2), torch.zeros(1, 4), granularity=wrong)
    with pytest.raises(ValueError, match="granularity"):
        networks.cuts([("it", nn.Linear(4, 2))], torch.zeros(1, 4), granularity=wrong)


def test_the_raw_data_in_another_shape_is_no_cut() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 3), nn.ReLU())
    assert names(network, torch.zeros(1, 3, 4)) == ["input", "2"]
    smaller = nn.Sequential(nn.AvgPool1d(2), nn.Linear(2, 3), nn.ReLU())
    assert names(smaller, torch.zeros(1, 3, 4)) == ["input", "0", "2"]


def test_inputs_that_only_the_server_needs_cross_and_need_no_gradient() -> None:
    build, inputs = ZOO["two_inputs"]
    found = {cut.name: cut for cut in networks.cuts(build(), inputs(), dominated=True)}
    # Of the image four means are left; the words go on as they are, and so does the scale.
    assert found["mean"].shapes == ((3, 7), (3, 1), (3, 4))
    assert found["mean"].uplink_bits == 32 * 3 * (7 + 1 + 4)
    assert found["mean"].downlink_bits == 32 * 3 * 4
    assert found["input"].downlink_bits == 0


def test_ties_are_marked_and_left_out() -> None:
    inputs = torch.zeros(2, 6)
    assert names(Tied(), inputs) == ["input", "encoder#2"]
    found = networks.cuts(Tied(), inputs, tied=True)
    assert [cut.tied for cut in found[1:-1]] == [("encoder.weight", "encoder.bias")] * 3
    gpt = GPT(tied=True)
    assert names(gpt, numbers()) == ["input", "head"]
    assert {cut.tied for cut in networks.cuts(gpt, numbers(), tied=True)[1:-1]} == {("wte.weight",)}
    assert len(names(GPT(tied=False), numbers())) > 10


@pytest.mark.parametrize("mode", [True, False])
def test_running_statistics_are_a_tie_where_training_changes_them(mode: bool) -> None:
    norm = nn.BatchNorm1d(4, affine=False)
    network = nn.Sequential(nn.Linear(4, 4), norm, nn.Linear(4, 4), norm).train(mode)
    found = networks.cuts(network, torch.zeros(2, 4), tied=True, dominated=True)
    between = next(cut for cut in found if cut.name == "2")
    changed = {name.rpartition(".")[2] for name in between.tied}
    every = {"running_mean", "running_var", "num_batches_tracked"}
    assert changed == (every if mode else set())
    assert between.shapes == ((2, 4),)


def test_constants_are_made_on_both_sides_and_do_not_cross() -> None:
    """The mask of each block and the numbers of the places depend on no input."""
    for cut in networks.cuts(GPT(tied=False), numbers())[2:-1]:
        assert all(shape[0] == 3 for shape in cut.shapes), cut
        assert cut.uplink_bits == cut.downlink_bits


def test_buffers_of_the_state_count_and_integers_and_others_do_not() -> None:
    network = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    network.register_buffer("unused", torch.zeros(100))
    found = networks.cuts(network, torch.zeros(2, 6), granularity="modules", dominated=True)
    assert [cut.buffer_bits for cut in found] == [0, 0, 2 * 4 * 32, 2 * 4 * 32]
    assert found[2].parameter_bits == 32 * (6 * 4 + 4 + 4 + 4)


def test_a_half_wants_the_shapes_and_the_mode_that_it_was_cut_with() -> None:
    network = nn.Sequential(nn.Linear(6, 4), nn.Dropout(), nn.Linear(4, 2))
    device, server = networks.split(network, torch.zeros(3, 6), "0")
    assert device.train() is device
    with pytest.raises(ValueError, match=r"inputs = \[\(\(2, 6\).*3, 6.*cut it anew"):
        device(torch.zeros(2, 6))
    with pytest.raises(ValueError, match=r"mode = False.*train.*cut it anew"):
        server.eval()
    device, server = networks.split(network.eval(), torch.zeros(3, 6), "0")
    inputs = torch.randn(3, 6)
    assert torch.equal(server(*device(inputs)), network(inputs))


def test_halves_hold_the_module_s_own_weights() -> None:
    network = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    device, server = networks.split(network, torch.zeros(3, 6), "1")
    held = [*device.parameters(), *server.parameters()]
    assert {id(each) for each in held} == {id(each) for each in network.parameters()}
    assert {id(each) for each in device.buffers()} == {id(each) for each in network.buffers()}


def test_a_cut_is_found_by_any_module_that_ends_there_and_others_are_listed() -> None:
    network = nn.Sequential(nn.Sequential(nn.Linear(6, 4), nn.ReLU()), nn.Linear(4, 2))
    inputs = torch.randn(3, 6)
    for name in ("0", "0.1", "0.0"):
        device, _ = networks.split(network, inputs, name)
        expected = network.get_submodule("0.0" if name == "0.0" else "0")(inputs)
        assert torch.equal(device(inputs)[0], expected)
    with pytest.raises(ValueError, match=r"cut = '3' .*'input', '0.0', '0', '1'"):
        networks.split(network, inputs, "3")


class BranchOnData(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        y = self.fc(x)
        return y * 2 if y.sum() > 0 else y  # type: ignore[no-any-return]


class Picks(nn.Module):
    """Its shapes depend on values."""

    def forward(self, x: Tensor) -> Tensor:
        return x[x[:, 0] > 0]


class Scales(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * x.detach().max().item()


class Straight(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.sign()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient


class Signs(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return Straight.apply(x)  # type: ignore[no-any-return, no-untyped-call]


def hooked() -> nn.Module:
    layer = nn.Linear(4, 4)
    layer.register_full_backward_hook(lambda *_: None)
    return layer


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (BranchOnData(), r"layer '1'.*y \* 2 if y.sum\(\) > 0.*chain of \(name, module\)"),
        (Picks(), r"layer '1'.*x\[x\[:, 0\] > 0\].*chain"),
        (Scales(), r"layer '1'.*x.detach\(\).max\(\).item\(\).*chain"),
        (Signs(), "layer '1': Straight has a backward pass of its own.*chain"),
        (hooked(), "layer '1' has a backward hook.*chain"),
    ],
)
def test_what_no_graph_holds_is_named_and_goes_in_a_chain(layer: nn.Module, message: str) -> None:
    network = nn.Sequential(nn.Linear(4, 4), layer, nn.Linear(4, 2))
    inputs = torch.randn(30, 4)
    with pytest.raises(networks.NetworkError, match=message):
        networks.cuts(network, inputs)
    chain = list(network.named_children())
    found = networks.cuts(chain, inputs, whole=network)
    assert [cut.name for cut in found] == ["input", "0", "1", "2"]
    for cut in found:
        device, server = networks.split(chain, inputs, cut)
        network.zero_grad()
        network(inputs).square().sum().backward()
        expected = [parameter.grad for parameter in network.parameters()]
        network.zero_grad()
        server(*device(inputs)).square().sum().backward()
        for parameter, gradient in zip(network.parameters(), expected, strict=True):
            assert parameter.grad is not None
            assert gradient is not None
            torch.testing.assert_close(parameter.grad, gradient)


class Functional(nn.Module):
    """Pools between its layers, and has one that it doesn't use."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.unused, self.second = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(torch.relu(self.first(x)))  # type: ignore[no-any-return]


def test_children_that_happen_to_fit_are_no_chain_of_the_whole() -> None:
    network = Functional()
    inputs = torch.randn(3, 4)
    for chain in (
        list(network.named_children()),
        [("first", network.first), ("second", network.second)],
        [("first", network.first)],
    ):
        with pytest.raises(networks.NetworkError, match="output is not that of the whole module"):
            networks.cuts(chain, inputs, whole=network)
    right = [("first", nn.Sequential(network.first, nn.ReLU())), ("second", network.second)]
    assert len(networks.cuts(right, inputs, whole=network)) == 3
    with pytest.raises(ValueError, match=r"whole = 'Functional'.*no chain"):
        networks.cuts(network, inputs, whole=network)


def test_tuples_go_from_link_to_link() -> None:
    network = TwoInputs()

    class First(nn.Module):
        def forward(self, image: Tensor, more: dict[str, Tensor]) -> tuple[Tensor, Any]:
            return network.image(image).mean((2, 3)), more

    class Second(nn.Module):
        def forward(self, seen: Tensor, more: dict[str, Tensor]) -> dict[str, Any]:
            read = network.words(more["words"])
            found = network.body(read, seen)
            scores = (network.out(torch.relu(found)) + found) * more["scale"]
            return {"scores": scores, "parts": (read, seen)}

    chain = [("first", First()), ("second", Second())]
    inputs = ZOO["two_inputs"][1]()
    cut = networks.cuts(chain, inputs, whole=network)[1]
    assert cut.shapes == ((3, 4), (3, 7), (3, 1))
    device, server = networks.split(chain, inputs, "first")
    expected, found = network(*inputs), server(*device(*inputs))
    torch.testing.assert_close(found, expected)


class Mine(nn.Module):
    """Two inputs and a skip connection."""

    def __init__(self) -> None:
        super().__init__()
        self.image, self.sensor = nn.Conv2d(3, 8, 3, padding=1), nn.Linear(5, 8)
        self.mix, self.out = nn.Conv2d(8, 8, 3, padding=1), nn.Linear(8, 4)

    def forward(self, image: Tensor, sensor: Tensor) -> Tensor:
        seen = torch.relu(self.image(image)) + self.sensor(sensor)[..., None, None]
        return self.out((self.mix(seen) + seen).mean((2, 3)))  # type: ignore[no-any-return]


def test_from_a_module_to_an_environment() -> None:
    network, inputs = Mine(), (torch.zeros(1, 3, 16, 16), torch.zeros(1, 5))
    measured = networks.profile(network, inputs, name="mine")
    scenario = asl_gym.preset("default").replace(workload=asl_gym.Workload(measured, 64))
    env = gym.make("ASL-v0", scenario=scenario, action_view="split")
    env.reset(seed=0)
    *_, info = env.step(env.action_space.sample())
    assert info["delay"] > 0
    for name in measured.layer_names:
        device, server = networks.split(network, inputs, name)
        torch.testing.assert_close(server(*device(*inputs)), network(*inputs))


class Named(nn.Sequential):
    """Has children with names that a graph module has for its own parts."""

    def __init__(self) -> None:
        super().__init__()
        self.add_module("meta", nn.Linear(4, 4))
        self.add_module("graph", nn.ReLU())
        self.add_module("held", nn.Linear(4, 3))


def test_children_may_be_named_as_a_graphs_own_parts() -> None:
    module, inputs = Named(), torch.rand(2, 4)
    found = networks.cuts(module, inputs)
    assert [cut.name for cut in found] == ["input", "meta", "held"]
    device, server = networks.split(module, inputs, "meta")
    torch.testing.assert_close(server(*device(inputs)), module(inputs))
