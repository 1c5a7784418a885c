"""Cuts and halves of a module that ``torch.export`` takes."""

import itertools
from collections import Counter as Tally
from collections.abc import Iterator
from typing import Any

from torch import Tensor, fx, nn
from torch.utils import _pytree as pytree

from asl_gym.model.profiles import INPUT
from asl_gym.networks.arranging import Arrangement
from asl_gym.networks.capture import capture
from asl_gym.networks.counting import Work
from asl_gym.networks.cuts import Cut, bits_of
from asl_gym.networks.halves import RANDOM, GraphHalf, half_graph
from asl_gym.networks.tracing import path_of, stack_of

__all__ = ["GraphPlan"]


class GraphPlan:
    """A module's graph with all of its cuts.

    Args:
        module: The module.
        inputs: A tensor, or a tuple of its arguments.
        bits_per_value: Size of a floating-point number on the link; by default that of its dtype.
    """

    def __init__(self, module: nn.Module, inputs: Any, bits_per_value: int | None) -> None:
        self.arrangement = Arrangement(capture(module, inputs))
        self.bits_per_value = bits_per_value
        self._name_random_layers()
        self.candidates = list(self._candidates())

    @property
    def inputs(self) -> list[Tensor]:
        """The input tensors."""
        return [each for each in self.arrangement.captured.inputs if isinstance(each, Tensor)]

    @property
    def module(self) -> nn.Module:
        """The module."""
        return self.arrangement.captured.module

    @property
    def arguments(self) -> tuple[Any, ...]:
        """The module's arguments."""
        captured = self.arrangement.captured
        arguments: tuple[Any, ...] = pytree.tree_unflatten(captured.inputs, captured.in_spec)[0]
        return arguments

    def _name_random_layers(self) -> None:
        """Names each operator that draws random numbers: its module, numbered from the second."""
        taken: Tally[str] = Tally()
        for node in self.arrangement.order:
            if self.arrangement.facts[node].is_random:
                path = path_of(node)
                taken[path] += 1
                node.meta[RANDOM] = path if taken[path] == 1 else f"{path}#{taken[path]}"

    def _candidates(self) -> Iterator[Cut]:
        arrangement = self.arrangement
        names, sums = self._names(), self._running_sums()
        last = arrangement.candidates[-1:]
        for stop, alive in arrangement.alive():
            if stop in (0, *last) or arrangement.can_send(alive, stop):
                name, ends = names[stop]
                yield self._cut(stop, alive, name, ends, sums[stop])

    def _cut(
        self, stop: int, alive: list[fx.Node], name: str, ends: tuple[str, ...], sums: list[Work]
    ) -> Cut:
        arrangement = self.arrangement
        facts = arrangement.facts
        crossing = [each for each in alive if isinstance(facts[each].value, Tensor)]
        up = [facts[each].value for each in crossing]
        down = [facts[each].value for each in crossing if arrangement.needs_gradient(each, stop)]
        used = [each for each in arrangement.weights if each.first < stop]
        travelling = [each.tensor for each in used if each.travels]
        shared = [each for each in used if each.changes and each.last >= stop]
        return Cut(
            name=name,
            position=stop,
            ends=ends,
            shapes=tuple(tuple(value.shape) for value in up),
            forward=sums[0],
            backward=sums[1],
            parameter_bits=bits_of(filter(_is_parameter, travelling), self.bits_per_value),
            buffer_bits=bits_of(
                itertools.filterfalse(_is_parameter, travelling), self.bits_per_value
            ),
            uplink_bits=bits_of(up, self.bits_per_value),
            downlink_bits=bits_of(down, self.bits_per_value),
            tied=tuple(each.name for each in shared),
        )

    def _running_sums(self) -> list[list[Work]]:
        """Forward and backward pass of the operators before each index."""
        arrangement = self.arrangement
        steps = [[Work(), Work()] for _ in range(len(arrangement.order) + 1)]
        for node, facts in arrangement.facts.items():
            if node in arrangement.constants:
                index = min(arrangement.users(node), default=0)
            else:
                index = arrangement.index.get(node, -1)
            if index >= 0:
                step = steps[index]
                steps[index] = [step[0].plus(facts.forward), step[1].plus(facts.backward)]
        sums = [[Work(), Work()]]
        for forward, backward in steps[:-1]:
            sums.append([sums[-1][0].plus(forward), sums[-1][1].plus(backward)])
        return sums

    def _names(self) -> dict[int, tuple[str, tuple[str, ...]]]:
        """Name and modules ended at each candidate, by its index."""
        arrangement, taken = self.arrangement, Tally([INPUT])
        names: dict[int, tuple[str, tuple[str, ...]]] = {0: (INPUT, ())}
        stops = arrangement.candidates
        lasts = [arrangement.order[stop - 1] for stop in stops]
        for index, (stop, node) in enumerate(zip(stops, lasts, strict=True)):
            after = lasts[index + 1] if index + 1 < len(lasts) else None
            goes_on = {key for key, _ in stack_of(after)} if after else set()
            ends = tuple(path for key, path in stack_of(node) if key not in goes_on)
            name = (
                ends[0] if ends else ".".join(filter(None, [path_of(node), _operator_name(node)]))
            )
            taken[name] += 1
            count = taken[name]
            names[stop] = (name if count == 1 else f"{name}#{count}", ends)
        return names

    def halves(self, cut: Cut) -> tuple[nn.Module, nn.Module]:
        """The device's and the server's half at a cut."""
        arrangement = self.arrangement
        alive = next(nodes for stop, nodes in arrangement.alive() if stop == cut.position)
        captured = arrangement.captured
        crossing = [each for each in alive if isinstance(arrangement.facts[each].value, Tensor)]
        before = half_graph(arrangement, arrangement.placeholders, slice(0, cut.position), crossing)
        after = half_graph(arrangement, crossing, slice(cut.position, None), None)
        values = [arrangement.facts[each].value for each in crossing]
        training = captured.module.training
        return (
            GraphHalf(before, captured.inputs, (captured.in_spec, None), training),
            GraphHalf(after, values, (None, captured.out_spec), training),
        )


def _is_parameter(tensor: Tensor) -> bool:
    return isinstance(tensor, nn.Parameter)


def _operator_name(node: fx.Node) -> str:
    name = getattr(node.target, "_opname", None) or getattr(node.target, "__name__", node.name)
    return str(name).strip("_")
