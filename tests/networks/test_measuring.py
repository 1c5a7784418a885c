"""Measured times by a clock that only the layers move, and what measuring leaves behind."""

import copy
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from asl_gym import SideTimings, Timings, networks
from asl_gym.networks import NetworkError, split_step
from asl_gym.networks.split_step import Stopwatch
from tests.networks.zoo import ZOO

FORWARD_S, BACKWARD_S, LOSS_S = (1.0, 20.0, 400.0), (3000.0, 70000.0, 900000.0), 2.0**24
NAMES = ("first", "second", "third")
CUTS = ("input", *NAMES)
STEPS_BEFORE = 2
"""Steps at each cut before those that count: the first, and one to warm up."""


class Clock:
    """Time that passes only where it is spent.

    Attributes:
        now: What it shows [s].
        log: Names of all that spent time.
        busy: When, counted in entries of the log, everything takes far longer.
        unrecorded: Layers that ran forward without recording what backward needs.
    """

    def __init__(self) -> None:
        self.now, self.log, self.unrecorded = 0.0, list[str](), list[str]()
        self.busy = range(0)

    def __call__(self) -> float:
        return self.now

    def spend(self, name: str, seconds: float) -> None:
        self.now += seconds * (1000.0 if len(self.log) in self.busy else 1.0)
        self.log.append(name)


class Spending(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, layer: "Layer") -> Tensor:
        ctx.layer = layer
        layer.clock.spend(f"{layer.name} forward", layer.forward_s)
        return values.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        ctx.layer.clock.spend(f"{ctx.layer.name} backward", ctx.layer.backward_s)
        return gradient, None


class Layer(nn.Module):
    """A layer with a weight that spends time on a clock."""

    def __init__(self, clock: Clock, place: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((4,), 2.0))
        self.clock, self.name = clock, NAMES[place]
        self.forward_s, self.backward_s = FORWARD_S[place], BACKWARD_S[place]

    def forward(self, values: Tensor) -> Tensor:
        if not torch.is_grad_enabled():
            self.clock.unrecorded.append(self.name)
        return Spending.apply(values * self.weight, self)  # type: ignore[no-any-return,no-untyped-call]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(split_step, "perf_counter", made)
    return made


def chain(clock: Clock) -> list[tuple[str, nn.Module]]:
    return [(name, Layer(clock, place)) for place, name in enumerate(NAMES)]


def measured(clock: Clock, links: Any = None, **options: Any) -> Any:
    """The chain's times; what came before the first step at a cut is taken out of the log."""

    def loss(output: Tensor) -> Tensor:
        clock.spend("loss", LOSS_S)
        return output.sum()

    links = links or chain(clock)
    return networks.measure(links, torch.ones(5, 4), loss=loss, **({"repeats": 3} | options))


def table(trained_from: int = 0) -> Timings:
    """What the chain's halves take; no gradient goes back beyond a layer."""
    each = [
        forward + (backward if place >= trained_from else 0.0)
        for place, (forward, backward) in enumerate(zip(FORWARD_S, BACKWARD_S, strict=True))
    ]
    device = [sum(each[:place]) for place in range(4)]
    server = [sum(each[place:]) + LOSS_S for place in range(3)] + [0.0]
    return Timings(CUTS, (*device[:3], device[3] + LOSS_S), tuple(server), samples=5)


def test_both_passes_of_both_halves_are_timed_and_the_loss_with_the_half_that_ends(
    clock: Clock,
) -> None:
    assert measured(clock) == table()


def test_where_no_gradient_goes_back_there_is_no_backward_pass(clock: Clock) -> None:
    links = chain(clock)
    links[0][1].requires_grad_(False)
    assert measured(clock, links) == table(trained_from=1)
    links[1][1].requires_grad_(False)
    assert measured(clock, links) == table(trained_from=2)
    assert measured(clock, links, side="device").seconds == table(trained_from=2).device_s


class Detaching(Layer):
    """A layer that lets no gradient through."""

    def forward(self, values: Tensor) -> Tensor:
        return super().forward(values.detach())


def test_what_gets_no_gradient_back_is_not_gone_back_through_on_either_side(clock: Clock) -> None:
    """Though what crosses comes from weights that are trained."""
    links = chain(clock)
    links[1] = (NAMES[1], Detaching(clock, 1))
    assert measured(clock, links) == table(trained_from=1)
    assert measured(clock, links, side="device").seconds == table(trained_from=1).device_s


def test_layers_that_work_in_place_on_the_inputs_see_them_new_each_time() -> None:
    seen = set()

    class Adding(nn.Module):
        def forward(self, values: Tensor) -> Tensor:
            seen.add(values.sum().item())
            return values.add_(1.0)

    inputs = torch.ones(3, 4)
    networks.measure([("add", Adding()), ("last", nn.Linear(4, 2))], inputs, repeats=2)
    assert seen == {12.0}
    assert (inputs == 1.0).all()


def test_each_side_alone_has_the_same_times_and_the_two_joined_are_both(clock: Clock) -> None:
    device, server = measured(clock, side="device"), measured(clock, side="server")
    assert device == SideTimings("device", CUTS, table().device_s, 5)
    assert server == SideTimings("server", CUTS, table().server_s, 5)
    assert Timings.joined(device, server) == table()


@pytest.mark.parametrize(
    ("side", "others"),
    [
        ("device", {"third forward", "third backward", "loss"}),
        ("server", {"first backward"}),
    ],
)
def test_of_one_side_the_other_only_does_what_it_must(
    clock: Clock, side: Any, others: set[str]
) -> None:
    """Of what the other half does at the cut after the first layer nothing is run but once."""
    links = chain(clock)
    measured(clock, links, cuts=["first"], side=side, repeats=7)
    counts = Counter(clock.log)
    looked = Counter(f"{name} forward" for name in NAMES)  # The chain ran once to be looked at.
    for name in others:
        assert counts[name] - looked[name] == 1, name
    mine = {"device": "first backward", "server": "loss"}[side]
    assert counts[mine] == STEPS_BEFORE + 7
    once = {"device": [], "server": ["first"]}[side]
    assert clock.unrecorded == once * (STEPS_BEFORE + 7 - 1)


@pytest.mark.parametrize(("side", "cut"), [("device", "input"), ("server", "third")])
def test_what_has_nothing_to_compute_is_not_run(clock: Clock, side: Any, cut: str) -> None:
    """Once it is, as at every cut, since nobody knows before."""
    found = measured(clock, cuts=[cut], side=side, repeats=7)
    assert found.seconds == (0.0,)
    assert clock.log.count("loss") == 1


@pytest.mark.parametrize("share", np.linspace(0, 1, 9))
def test_a_busy_moment_spoils_no_cut(clock: Clock, share: float) -> None:
    """Half of a round over the cuts, whenever it is: of three repeats the median goes on."""
    a_round = len(CUTS) * 7
    before = len(NAMES) + STEPS_BEFORE * a_round
    start = before + round(share * 2.5 * a_round)
    clock.busy = range(start, start + a_round // 2)
    assert measured(clock) == table()
    assert clock.busy.stop <= len(clock.log) == before + 3 * a_round


@pytest.mark.parametrize(("repeats", "counted"), [(1, 1.0), (2, 1.5), (3, 2.0), (4, 2.5)])
def test_the_median_of_the_repeats_counts_and_what_came_before_does_not(
    clock: Clock, repeats: int, counted: float
) -> None:
    steps = iter([1e9, 1e8, *range(1, repeats + 1)])

    def loss(output: Tensor) -> Tensor:
        clock.spend("loss", next(steps))
        return output.sum()

    found = networks.measure(
        nn.Linear(4, 2), torch.ones(3, 4), cuts=["input"], loss=loss, repeats=repeats
    )
    assert found == Timings(("input",), (0.0,), (counted,), 3)


def test_an_accelerator_is_waited_for_before_and_after(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was started earlier isn't counted, what is started here is, whenever it is done."""
    waiting = [(torch.device("cuda:0"), 100.0)]

    def synchronize(device: torch.device) -> None:
        clock.spend("wait", sum(seconds for on, seconds in waiting if on == device))
        waiting[:] = [each for each in waiting if each[0] != device]

    monkeypatch.setattr(torch.accelerator, "synchronize", synchronize)
    watch = Stopwatch([torch.device("cuda:0"), torch.device("cuda:1")])
    for index, seconds in enumerate((7.0, 1.5)):
        watch.timed(waiting.append, (torch.device("cuda", index), seconds))
        assert not waiting
    assert watch.seconds == 8.5


# Networks of many kinds


def gradients_of(module: nn.Module) -> Counter[str]:
    """Counts the gradients that reach each weight from now on."""
    counts: Counter[str] = Counter()

    def counting(name: str) -> Callable[[Tensor], None]:
        return lambda gradient: counts.update([name])

    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            parameter.register_hook(counting(name))  # type: ignore[no-untyped-call]
    return counts


def built(name: str) -> tuple[nn.Module, Any]:
    build, make_inputs = ZOO[name]
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return build(), make_inputs()


CONTEXTS = {"grad": torch.enable_grad, "no": torch.no_grad, "inference": torch.inference_mode}


@pytest.mark.parametrize(
    ("name", "context"),
    [
        *(("normalised", context) for context in CONTEXTS),
        *((name, "grad") for name in ("gpt", "gpt_tied", "two_inputs", "in_place", "recurrent")),
    ],
)
def test_every_weight_gets_its_gradient_at_every_cut_and_nothing_of_it_is_left(
    name: str, context: str
) -> None:
    module, inputs = built(name)
    for place, parameter in enumerate(module.parameters()):
        parameter.grad = torch.full_like(parameter, 3.0) if place % 2 else None
    held = [(each, each.grad) for each in module.parameters()]
    before = copy.deepcopy((module.state_dict(), inputs))
    found = networks.cuts(module, inputs, tied=True, dominated=True)
    counts, randomness = gradients_of(module), random_states()
    with CONTEXTS[context]():
        timings = networks.measure(module, inputs, tied=True, dominated=True, repeats=2)
    # Where both halves hold a weight, each has a gradient for it.
    of_cuts = {key: sum(1 + (key in cut.tied) for cut in found) for key in counts}
    assert counts == {key: (STEPS_BEFORE + 2) * number for key, number in of_cuts.items()}
    assert set(counts) == {key for key, _ in module.named_parameters()}
    assert all(each.grad is gradient for each, gradient in held)
    assert all((each.grad == 3.0).all() for each, _ in held if each.grad is not None)
    torch.testing.assert_close((module.state_dict(), inputs), before, rtol=0, atol=0)
    assert random_states() == randomness
    assert module.training
    assert timings.cuts == tuple(cut.name for cut in found)
    assert timings.device_s[0] == timings.server_s[-1] == 0.0
    assert min(*timings.device_s[1:], *timings.server_s[:-1]) > 0


def random_states() -> tuple[Any, ...]:
    numpys = np.random.get_state()[1].tolist()  # type: ignore[index]  # noqa: NPY002
    return torch.get_rng_state().tolist(), random.getstate(), numpys


class WithToken(nn.Module):
    """How many bits a value has decides whether it is cut before the token's part or behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.table, self.last = nn.Linear(2, 4), nn.Embedding(5, 3), nn.Linear(7, 2)

    def forward(self, values: Tensor, token: Tensor) -> Tensor:
        return self.last(torch.cat([self.first(values), self.table(token)], 1))  # type: ignore[no-any-return]


def test_the_cuts_are_those_of_the_profile_with_the_same_arguments() -> None:
    module, inputs = built("residual")
    tokens = torch.randn(3, 2), torch.tensor([1, 2, 0])
    cases: list[tuple[nn.Module, Any, dict[str, Any]]] = [
        (module, inputs, {}),
        (module, inputs, {"granularity": 1}),
        (module, inputs, {"granularity": "modules", "dominated": True}),
        (WithToken(), tokens, {}),
        (WithToken(), tokens, {"bits_per_value": 1}),
    ]
    found = []
    for network, given, options in cases:
        profile = networks.profile(network, given, **options)
        timings = networks.measure(network, given, repeats=1, warmup=0, **options)
        assert timings.cuts == profile.cut_names
        assert timings.samples == 3
        found.append(timings.cuts)
    assert len(set(found)) == len(cases)


def test_cuts_by_name_come_in_the_networks_order() -> None:
    module, inputs = built("gpt")
    asked = "head", "blocks.0.mlp", "input"
    for side in ("device", "server"):
        timings = networks.measure(module, inputs, cuts=asked, side=side, repeats=1)
        assert timings.cuts == ("input", "blocks.0.mlp", "head")


def test_running_statistics_of_a_chain_and_its_mode_are_left() -> None:
    module, inputs = built("normalised")
    links = list(module.named_children())
    before = copy.deepcopy(module.state_dict())
    timings = networks.measure(links, inputs, whole=module.eval(), repeats=2)
    assert timings.cuts == ("input", *(name for name, _ in links))
    assert not module.training
    networks.measure(list(module.train().named_children()), inputs, repeats=2)
    torch.testing.assert_close(module.state_dict(), before, rtol=0, atol=0)


@pytest.mark.parametrize("side", ["both", "device", "server"])
def test_what_has_nothing_to_train_runs_forward_alone(side: Any) -> None:
    class Product(nn.Module):
        def forward(self, values: Tensor) -> Tensor:
            return (values @ values.mT).cos()

    cases: list[tuple[nn.Module, Tensor]] = [
        (Product(), torch.randn(3, 4, 5)),
        (built("residual")[0].requires_grad_(False), torch.randn(3, 3, 8, 8)),
        (nn.Sequential(nn.Linear(4, 2), Product()), torch.randn(3, 5, 4)),
    ]
    for module, inputs in cases:
        timings = networks.measure(module, inputs, side=side, repeats=1, dominated=True)
        assert len(timings.cuts) >= 3


# What is refused


def test_networks_without_data_are_refused() -> None:
    with torch.device("meta"):
        module, inputs = nn.Linear(4, 2), torch.zeros(3, 4)
    assert networks.profile(module, inputs).num_layers == 1
    with pytest.raises(ValueError, match=r"module = .*meta.* expected tensors with data"):
        networks.measure(module, inputs)


@pytest.mark.parametrize(
    "loss",
    [
        lambda output: output,
        lambda output: output.sum().item(),
        lambda output: output.sum().detach(),
    ],
    ids=["many numbers", "no tensor", "no gradient"],
)
def test_a_loss_is_one_number_with_a_gradient(loss: Any) -> None:
    with pytest.raises(ValueError, match=r"loss = .*one number with its gradient"):
        networks.measure(nn.Linear(4, 2), torch.zeros(3, 4), loss=loss)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"repeats": 0}, "repeats = 0"),
        ({"repeats": 1.5}, "repeats = 1.5"),
        ({"warmup": -1}, "warmup = -1"),
        ({"side": "link"}, "side = 'link'.*'both', 'device', 'server'"),
        ({"cuts": ["0", "none"]}, "cut = 'none'.*'input', '0', '1'"),
        ({"cuts": ["0", "1", "0"]}, r"cuts\[2\] = '0'.*not there yet"),
        ({"cuts": []}, "cuts = .*at least one name"),
        ({"cuts": "0"}, "cuts = '0'.*a sequence of names"),
        ({"granularity": 0}, "granularity = 0"),
        ({"whole": nn.Linear(1, 1)}, "whole = 'Linear'.*no chain"),
    ],
)
def test_arguments_that_are_not_allowed(options: Any, message: str) -> None:
    network = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2))
    with pytest.raises(ValueError, match=message):
        networks.measure(network, torch.zeros(3, 4), **options)


def test_what_cannot_be_cut_cannot_be_measured() -> None:
    class ByValue(nn.Linear):
        def forward(self, values: Tensor) -> Tensor:
            return super().forward(values) if values.sum() > 0 else values

    with pytest.raises(NetworkError, match="cut it by hand"):
        networks.measure(ByValue(4, 4), torch.zeros(3, 4))
