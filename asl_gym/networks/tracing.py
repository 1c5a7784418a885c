"""What each node of a graph makes and costs, found by running it on tensors without data."""

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx
from torch._C._autograd import _get_sequence_nr
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils import _pytree as pytree

from asl_gym.networks.capture import Capture, gradient_functions, own_name
from asl_gym.networks.counting import (
    Counter,
    NetworkError,
    Weights,
    Work,
    call,
    storage_of,
    tensors_in,
)

__all__ = ["Facts", "path_of", "stack_of", "trace", "without_in_place"]


NOTHING = Work()


@dataclass
class Facts:
    """What is known of a node.

    Attributes:
        value: What it makes, with tensors that have no data.
        forward: Its forward pass.
        backward: Its backward pass, none if no gradient reaches it.
        is_reached: Whether a gradient reaches it.
        is_random: Whether it draws random numbers.
        mutates: Storages that it changes.
        recorded: The range of the numbers that autograd has given to what it recorded of it.
    """

    value: Any
    forward: Work = NOTHING
    backward: Work = NOTHING
    is_reached: bool = False
    is_random: bool = False
    mutates: frozenset[int] = frozenset()
    recorded: range = range(0)

    @property
    def storages(self) -> set[int]:
        """Storages of its tensors."""
        return {storage_of(tensor) for tensor in tensors_in(self.value)}


def stack_of(node: fx.Node) -> list[tuple[str, str]]:
    """Calls and paths of the modules that a node lies in, the outermost first, without the root."""
    stack = node.meta.get("nn_module_stack") or {}
    paths = ((key, own_name(path)) for key, (path, _) in stack.items())
    return [(key, path) for key, path in paths if path]


def path_of(node: fx.Node) -> str:
    """Path of the innermost module that a node lies in; empty for the root."""
    stack = stack_of(node)
    return stack[-1][1] if stack else ""


def trace(captured: Capture) -> dict[fx.Node, Facts]:
    """Facts of every node of a graph but its output.

    Raises:
        NetworkError: If an operator can't run without data or has no formula; it names the layer.
    """
    fake = FakeTensorMode()
    with torch.inference_mode(False), torch.enable_grad(), torch.random.fork_rng([]):
        return _Run(captured, fake).facts()


class _Run:
    """Runs a graph node by node."""

    def __init__(self, captured: Capture, fake: FakeTensorMode) -> None:
        self.graph, self.fake = captured.graph, fake
        self.waiting = iter(captured.inputs)
        self.found: dict[fx.Node, Facts] = {}
        self.weights = Weights()

    def facts(self) -> dict[fx.Node, Facts]:
        with self.fake:
            for node in self.graph.graph.nodes:
                if node.op != "output":
                    self.found[node] = self._run(node)
        outputs = [
            self.found[each].value for each in self.graph.graph.output_node().all_input_nodes
        ]
        reached = {each._sequence_nr() for each in gradient_functions(tensors_in(outputs))}
        for facts in self.found.values():
            facts.is_reached = not reached.isdisjoint(facts.recorded)
            if not facts.is_reached:
                facts.backward = Work()
        return self.found

    def _run(self, node: fx.Node) -> Facts:
        if node.op == "placeholder":
            return Facts(self._without_data(next(self.waiting)))
        if node.op == "get_attr":
            value = self._without_data(operator.attrgetter(node.target)(self.graph))
            for tensor in tensors_in(value):
                self.weights.add(tensor)
            return Facts(value)
        if node.op != "call_function":
            raise NetworkError(f"layer {path_of(node)!r}: the graph calls {node.target}")
        return self._call(node)

    def _without_data(self, value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value
        known = self.fake.from_tensor(value)
        is_weight = isinstance(value, torch.nn.Parameter)
        return known if is_weight or not value.requires_grad else known.detach()

    def _call(self, node: fx.Node) -> Facts:
        args, kwargs = fx.node.map_arg(
            (node.args, node.kwargs), lambda each: self.found[each].value
        )
        tensors = tensors_in((args, kwargs))
        versions = [tensor._version for tensor in tensors]
        where = f"layer {path_of(node)!r}" if path_of(node) else "the module itself"
        counter = Counter(where, self.weights)
        first = _get_sequence_nr()
        try:
            value = call(counter, node.target, args, kwargs)
        except NetworkError:
            raise
        except Exception as error:
            raise NetworkError(
                f"{where}: {node.target} cannot run without data: {error}"
            ) from error
        changed = zip(tensors, versions, strict=True)
        return Facts(
            value,
            counter.forward,
            counter.backward,
            is_random=counter.is_random,
            mutates=frozenset(storage_of(t) for t, version in changed if t._version != version),
            recorded=range(first, _get_sequence_nr()),
        )


def without_in_place(graph: fx.Graph, facts: dict[fx.Node, Facts]) -> bool:
    """Replaces operators that work in place where no other view of the memory is used later.

    Returns:
        Whether any was replaced, which makes the facts stale.
    """
    weights = {s for node, each in facts.items() if node.op == "get_attr" for s in each.storages}
    order = {node: index for index, node in enumerate(graph.nodes)}
    aliases: dict[int, list[fx.Node]] = {}
    for node, each in facts.items():
        for storage in each.storages:
            aliases.setdefault(storage, []).append(node)
    replaced = False
    for node in list(facts):
        target = _returning(node, facts)
        changed = node.args[0] if target else None
        if not isinstance(changed, fx.Node):
            continue
        if facts[changed].storages & weights:
            # What it returns is the weight itself, which is on both sides of a cut anyway.
            if changed.op == "get_attr" and node.users:
                node.replace_all_uses_with(changed)
                replaced = True
            continue
        (storage,) = facts[changed].storages
        before = [each for each in aliases[storage] if order[each] < order[node]]
        if _used_after(order[node], order, (each for each in before if each is not changed)):
            continue
        changed.replace_all_uses_with(
            node,
            lambda user, after=order[node]: order[user] > after,
        )
        node.target = target
        replaced = True
    return replaced


def _used_after(index: int, order: dict[fx.Node, int], nodes: Iterable[fx.Node]) -> bool:
    return any(order[user] > index for node in nodes for user in node.users)


def _returning(node: fx.Node, facts: dict[fx.Node, Facts]) -> Any:
    """The operator that returns what this one does in place; ``None`` where there is none."""
    target = node.target
    if not isinstance(target, torch._ops.OpOverload) or facts[node].is_random:
        return None
    space, _, name = target._schema.name.partition("::")
    if space != "aten" or not name.endswith("_") or name.startswith("_"):
        return None
    inputs = tensors_in(pytree.tree_map_only(fx.Node, lambda each: facts[each].value, node.args))
    if any(each.dtype != inputs[0].dtype for each in inputs[1:]):
        return None  # The result in place keeps its type, the other one wouldn't.
    packet = getattr(torch.ops.aten, name.removesuffix("_"), None)
    return getattr(packet, target._overloadname, None)
