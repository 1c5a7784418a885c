"""A network that its user has cut by hand: a chain of named modules, each with all of its layers.

The way out where ``torch.export`` can't take a module: the links really run, one after another. A
link is called with what the one before returned; a tuple is unpacked into several arguments.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from asl_gym.model.profiles import INPUT
from asl_gym.networks.arranging import float_buffers
from asl_gym.networks.capture import (
    fresh,
    gradient_functions,
    inputs_tuple,
    layer_of,
    own_functions,
)
from asl_gym.networks.counting import Counter, NetworkError, Weights, Work, tensors_in
from asl_gym.networks.cuts import Cut, bits_of
from asl_gym.networks.halves import Half
from asl_gym.networks.untouched import untouched
from asl_gym.validation.checks import FieldError

__all__ = ["ChainPlan", "NamedLayers"]

NamedLayers = Sequence[tuple[str, nn.Module]]

AGREEMENT = 1e-5
"""Greatest relative difference between the outputs of a chain and of the whole module."""


class _Run(NamedTuple):
    """A link that ran: what it returned and what it cost."""

    outputs: Any
    counter: Counter | None

    @property
    def tensors(self) -> list[Tensor]:
        return tensors_in(self.outputs)


class ChainPlan:
    """A chain of named modules with its cuts, one after every link.

    Args:
        links: (name, module) pairs.
        inputs: A tensor, or a tuple of the first link's arguments.
        bits_per_value: Size of a floating-point number on the link; by default that of its dtype.
        whole: The module that the chain stands for, with which its output is compared.

    Raises:
        FieldError: If a name comes twice or there are no links.
        NetworkError: (a ValueError) If a link can't run on what the one before returned, or the
            chain's output isn't that of ``whole``.
    """

    def __init__(
        self,
        links: NamedLayers,
        inputs: Any,
        bits_per_value: int | None,
        whole: nn.Module | None = None,
    ) -> None:
        self.names = _checked_names(links)
        self.modules = [module for _, module in links]
        self.bits_per_value = bits_per_value
        self.arguments = inputs_tuple(inputs)
        chain = nn.ModuleList(self.modules if whole is None else [*self.modules, whole])
        with untouched(chain, runs=True):
            state = torch.random.get_rng_state()
            self.runs = list(self._run())
            self.candidates = self._candidates()
        if whole is not None:
            with untouched(chain, runs=True), torch.no_grad():
                torch.random.set_rng_state(state)
                self._compare(whole(*fresh(self.arguments)))
        self.runs = [run._replace(outputs=fresh(run.outputs), counter=None) for run in self.runs]

    @property
    def inputs(self) -> list[Tensor]:
        """The input tensors."""
        return tensors_in(self.arguments)

    @property
    def module(self) -> nn.Module:
        """All of its links."""
        return nn.ModuleList(self.modules)

    def _run(self) -> Iterator[_Run]:
        weights = Weights(each for module in self.modules for each in _held(module))
        values: Any = fresh(self.arguments)
        yield _Run(values, None)
        for name, module in zip(self.names, self.modules, strict=True):
            counter = Counter(f"layer {name!r}", weights)
            try:
                with counter:
                    values = module(*_arguments(values))
            except NetworkError:
                raise
            except Exception as error:
                inner = f" ({layer_of(module, error)})" if layer_of(module, error) else ""
                raise NetworkError(f"layer {name!r}{inner} cannot run: {error}") from error
            if not tensors_in(values):
                kind = type(values).__name__
                raise NetworkError(f"layer {name!r} returned {kind}: expected tensors")
            own = own_functions(tensors_in(values))
            if own and counter.without_gradient_flops:
                raise NetworkError(
                    f"layer {name!r}: the backward pass of {own[0]} is its own and not known; "
                    "leave products out of it"
                )
            yield _Run(values, counter)

    def _candidates(self) -> list[Cut]:
        reached = gradient_functions(self.runs[-1].tensors)
        forward, backward = Work(), Work()
        cuts = []
        for position, run in enumerate(self.runs):
            gets_gradient = [each.grad_fn in reached for each in run.tensors]
            if run.counter is not None:
                forward = forward.plus(run.counter.forward)
                backward = backward.plus(run.counter.backward if any(gets_gradient) else Work())
            cuts.append(self._cut(position, gets_gradient, forward, backward))
        return cuts

    def _cut(self, position: int, gets_gradient: list[bool], forward: Work, backward: Work) -> Cut:
        before, after = self.modules[:position], self.modules[position:]
        tensors = self.runs[position].tensors
        down = [each for each, gets in zip(tensors, gets_gradient, strict=True) if gets]
        parameters, buffers = _weights(before)
        later = {id(each) for module in after for each in _held(module)}
        held = {id(each): name for module in before for name, each in _named(module)}
        name = self.names[position - 1] if position else INPUT
        return Cut(
            name=name,
            position=position,
            ends=(name,) if position else (),
            shapes=tuple(tuple(each.shape) for each in tensors),
            forward=forward,
            backward=backward,
            parameter_bits=bits_of(parameters, self.bits_per_value),
            buffer_bits=bits_of(buffers, self.bits_per_value),
            uplink_bits=bits_of(tensors, self.bits_per_value),
            downlink_bits=bits_of(down, self.bits_per_value),
            tied=tuple(name for tensor, name in held.items() if tensor in later),
        )

    def _compare(self, expected: Any) -> None:
        found = self.runs[-1].tensors
        for mine, its in zip(found, tensors_in(expected), strict=False):
            if mine.shape == its.shape:
                difference = torch.linalg.vector_norm((mine.detach() - its).double())
                if difference <= AGREEMENT * torch.linalg.vector_norm(its.double()):
                    continue
            break
        else:
            if len(found) == len(tensors_in(expected)):
                return
        shapes = (
            [tuple(each.shape) for each in found],
            [tuple(each.shape) for each in tensors_in(expected)],
        )
        raise NetworkError(
            f"the chain's output is not that of the whole module (shapes {shapes[0]} and "
            f"{shapes[1]}): a layer is missing, or the module does more than call its layers"
        )

    def halves(self, cut: Cut) -> tuple[nn.Module, nn.Module]:
        """The device's and the server's half at a cut."""
        leaves, spec = pytree.tree_flatten(self.runs[cut.position].outputs)
        training = any(module.training for module in self.modules)
        links = list(zip(self.names, self.modules, strict=True))
        device = ChainDevice(links[: cut.position], training)
        return device, ChainServer(links[cut.position :], training, leaves, spec)


class ChainHalf(Half):
    """Some links of a chain."""

    def __init__(self, links: NamedLayers, training: bool) -> None:
        super().__init__(training)
        self.names = [name for name, _ in links]
        self.links = nn.ModuleList(module for _, module in links)

    def _run(self, values: Any) -> Any:
        for name, module in zip(self.names, self.links, strict=True):
            if self.before_random is not None:
                self.before_random(name)
            values = module(*_arguments(values))
        return values


class ChainDevice(ChainHalf):
    """The first links of a chain."""

    def forward(self, *inputs: Any) -> tuple[Tensor, ...]:
        """From the network's arguments to the tensors that cross."""
        return tuple(tensors_in(self._run(inputs)))


class ChainServer(ChainHalf):
    """The last links of a chain."""

    def __init__(self, links: NamedLayers, training: bool, leaves: list[Any], spec: Any) -> None:
        super().__init__(links, training)
        self._leaves = [None if isinstance(each, Tensor) else each for each in leaves]
        self._places = [i for i, each in enumerate(leaves) if isinstance(each, Tensor)]
        self._spec = spec

    def forward(self, *crossing: Tensor) -> Any:
        """From the tensors that cross to the network's output."""
        if len(crossing) != len(self._places):
            raise FieldError("crossing", f"{len(crossing)} tensors", f"{len(self._places)} tensors")
        leaves = list(self._leaves)
        for place, tensor in zip(self._places, crossing, strict=True):
            # A layer may work in place, which autograd forbids on what is a leaf here.
            is_leaf = tensor.is_leaf and tensor.requires_grad
            leaves[place] = tensor.clone() if is_leaf else tensor
        return self._run(pytree.tree_unflatten(leaves, self._spec))


def _checked_names(links: NamedLayers) -> list[str]:
    if not links:
        raise FieldError("module", links, "at least one layer")
    names = [name for name, _ in links]
    for index, name in enumerate(names):
        if not isinstance(name, str) or not name or name in (INPUT, *names[:index]):
            raise FieldError(f"module[{index}]", name, f"a name of its own, other than {INPUT!r}")
    return names


def _arguments(values: Any) -> tuple[Any, ...]:
    return values if isinstance(values, tuple) else (values,)


def _named(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """What training may change: parameters, and buffers of normalisation."""
    yield from module.named_parameters()
    for path, each in module.named_modules():
        if getattr(each, "running_mean", None) is not None:
            yield from each.named_buffers(path, recurse=False)


def _held(module: nn.Module) -> list[Tensor]:
    return [*module.parameters(), *module.buffers()]


def _weights(modules: Sequence[nn.Module]) -> tuple[list[Tensor], list[Tensor]]:
    """Parameters and float buffers of the state, each once."""
    parameters = {id(each): each for module in modules for each in module.parameters()}
    buffers = {id(each): each for module in modules for each in float_buffers(module).values()}
    return list(parameters.values()), list(buffers.values())
