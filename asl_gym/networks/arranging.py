"""The order in which a graph's operators run, and what is alive between them.

Values that come from no input are not sent if they needn't be: those made of constants alone are
made in both halves, those made of weights just before they are first used.
"""

import operator
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor, fx, nn

from asl_gym.networks.capture import Capture, own_name
from asl_gym.networks.counting import storage_of, tensors_in
from asl_gym.networks.tracing import trace, without_in_place
from asl_gym.validation.checks import FieldError

__all__ = ["Arrangement", "Weight", "float_buffers"]

STATISTICS = torch.ops.aten.batch_norm.default, torch.ops.aten.instance_norm.default
"""Operators that change running statistics where their sixth argument is true."""


class Weight(NamedTuple):
    """A parameter or buffer of a graph.

    Attributes:
        name: Its name.
        tensor: The tensor.
        first: Index of the first operator that uses it.
        last: Index of the last one.
        changes: Whether training changes it, so that both sides of a cut must not hold it.
        travels: Whether it goes to the device with its half: a parameter, or a floating-point
            buffer of the module's state.
    """

    name: str
    tensor: Tensor
    first: int
    last: int
    changes: bool
    travels: bool


def float_buffers(module: nn.Module) -> dict[str, Tensor]:
    """Floating-point buffers of a module's state, by all of their names."""
    return {
        f"{path}.{name}" if path else name: buffer
        for path, each in module.named_modules(remove_duplicate=False)
        for name, buffer in each._buffers.items()
        if buffer is not None
        and buffer.is_floating_point()
        and name not in each._non_persistent_buffers_set
    }


class Arrangement:
    """A graph's operators in order.

    Args:
        captured: The graph; operators in place are replaced where they can be.

    Attributes:
        captured: The graph.
        facts: What is known of each node.
        order: The operators; the output comes after them.
        constants: Nodes made of constants alone, not in the order.
        candidates: Numbers of leading operators after which a cut may come.
    """

    def __init__(self, captured: Capture) -> None:
        self.captured = captured
        self.facts = trace(captured)
        if without_in_place(captured.graph.graph, self.facts):
            self.facts = trace(captured)
        self.mutated = {s for facts in self.facts.values() for s in facts.mutates}
        self.constants: set[fx.Node] = set()
        self.of_weights: set[fx.Node] = set()
        self._classify()
        self.order: list[fx.Node] = []
        self.candidates: list[int] = []
        self._placed: set[fx.Node] = set()
        self._arrange()
        self.index = {node: index for index, node in enumerate(self.order)}
        self.index |= dict.fromkeys(self.placeholders, -1)

    @property
    def nodes(self) -> list[fx.Node]:
        """All nodes of the graph in its own order."""
        return list(self.captured.graph.graph.nodes)

    @cached_property
    def placeholders(self) -> list[fx.Node]:
        """The inputs."""
        return [node for node in self.nodes if node.op == "placeholder"]

    @cached_property
    def output(self) -> fx.Node:
        """The output node."""
        return self.captured.graph.graph.output_node()

    def users(self, node: fx.Node) -> Iterator[int]:
        """Indices of the operators that use a node, through constants made of it, too."""
        for user in node.users:
            if user in self.constants:
                yield from self.users(user)
            else:
                yield len(self.order) if user is self.output else self.index[user]

    def is_reached(self, index: int) -> bool:
        """Whether a gradient reaches the operator of that index; one always reaches the output."""
        return index == len(self.order) or self.facts[self.order[index]].is_reached

    @cached_property
    def weights(self) -> list[Weight]:
        """Parameters and registered buffers that are used, each once, in order of first use."""
        found: dict[int, Weight] = {}
        names = dict(self.captured.module.named_buffers(remove_duplicate=False))
        travelling = float_buffers(self.captured.module)
        first_names = {id(each): name for name, each in self.captured.module.named_parameters()}
        for node in (each for each in self.nodes if each.op == "get_attr"):
            tensor, uses = self.tensor_of(node), list(self.users(node))
            own, is_parameter = own_name(str(node.target)), isinstance(tensor, nn.Parameter)
            if not uses or not (is_parameter or own in names):
                continue
            changes = is_parameter or self._changes(node)
            travels = is_parameter or own in travelling
            name = first_names.get(id(tensor), own)
            new = Weight(name, tensor, min(uses), max(uses), changes, travels)
            old = found.get(id(tensor), new)
            found[id(tensor)] = old._replace(
                first=min(old.first, new.first),
                last=max(old.last, new.last),
                changes=old.changes or changes,
            )
        return sorted(found.values(), key=lambda each: each.first)

    def tensor_of(self, node: fx.Node) -> Tensor:
        """The module's own tensor behind an attribute's node."""
        found: Tensor = operator.attrgetter(str(node.target))(self.captured.graph)
        return found

    def _changes(self, buffer: fx.Node) -> bool:
        """Whether the graph changes a buffer; normalisation's kernels don't say that they do."""
        norms = (user for user in buffer.users if user.target in STATISTICS)
        trains = any(user.args[5] is True for user in norms)
        return trains or bool(self.facts[buffer].storages & self.mutated)

    def _classify(self) -> None:
        for node in self.nodes:
            if node.op != "call_function" or not self._is_still(node):
                continue
            inputs = node.all_input_nodes
            attributes = [each for each in inputs if each.op == "get_attr"]
            made = [each for each in inputs if each.op != "get_attr"]
            plain = not any(isinstance(self.tensor_of(each), nn.Parameter) for each in attributes)
            if plain and all(each in self.constants for each in made):
                self.constants.add(node)
            elif all(each in self.constants or each in self.of_weights for each in made):
                self.of_weights.add(node)

    def _is_still(self, node: fx.Node) -> bool:
        """Whether a node's value is the same whenever it is made."""
        facts = self.facts[node]
        if facts.is_random or facts.mutates or not tensors_in(facts.value):
            return False
        storages = facts.storages.union(
            *(self.facts[each].storages for each in node.all_input_nodes)
        )
        return not storages & self.mutated

    def _arrange(self) -> None:
        for node in self.nodes:
            if node.op != "call_function" or node in self.constants | self.of_weights:
                continue
            if node not in self._placed:
                self._place(node)
                self.candidates.append(len(self.order))
        for node in self.output.all_input_nodes:
            if node in self.of_weights:
                self._place(node)
        if not self.candidates:
            allowed = "a network with at least one operator on its inputs"
            raise FieldError("module", type(self.captured.module).__name__, allowed)
        self.candidates[-1] = len(self.order)

    def _place(self, node: fx.Node) -> None:
        """Places a node after what it is made of and before the parts of its result."""
        if node in self._placed:
            return
        for each in node.all_input_nodes:
            if each in self.of_weights:
                self._place(each)
        self._placed.add(node)
        self.order.append(node)
        if not isinstance(self.facts[node].value, Tensor):
            for user in node.users:
                if user.target is operator.getitem:
                    self._place(user)

    @cached_property
    def last_mutation(self) -> dict[int, int]:
        """Index of the last operator that changes each storage."""
        return {
            storage: index
            for index, node in enumerate(self.order)
            for storage in self.facts[node].mutates
        }

    def alive(self) -> Iterator[tuple[int, list[fx.Node]]]:
        """For no operator and after each candidate the values made so far and used later."""
        last = {node: max(self.users(node), default=-1) for node in self.index}
        living = list(self.placeholders)
        start = 0
        for stop in [0, *self.candidates]:
            living += self.order[start:stop]
            living = [node for node in living if last[node] >= stop]
            yield stop, living
            start = stop

    def needs_gradient(self, node: fx.Node, stop: int) -> bool:
        """Whether what comes after ``stop`` operators sends a gradient back to a value."""
        value = self.facts[node].value
        later = (index for index in self.users(node) if index >= stop)
        return bool(value.requires_grad) and any(self.is_reached(index) for index in later)

    def can_send(self, alive: list[fx.Node], stop: int) -> bool:
        """Whether a cut may come here: tensors cross, and none that is changed in place later."""
        values = [self.facts[node].value for node in alive]
        return all(
            isinstance(value, Tensor) and self.last_mutation.get(storage_of(value), -1) < stop
            for value in values
        )
