"""The two halves of a network at a cut, as modules that share its parameters and buffers."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, fx, nn
from torch.utils import _pytree as pytree

from asl_gym.networks.arranging import Arrangement
from asl_gym.validation.checks import FieldError

__all__ = ["RANDOM", "GraphHalf", "Half", "half_graph"]

RANDOM = "random_layer"
"""Key under which a graph's node that draws random numbers has the name of its layer."""


class Half(nn.Module):
    """A half of a network, which runs in the mode in which the network was cut.

    Args:
        training: That mode.

    Attributes:
        before_random: Called with a layer's name before it may draw random numbers, so that its
            generator can be seeded; ``None`` by default. A layer has the same name at all cuts.
    """

    def __init__(self, training: bool) -> None:
        super().__init__()
        self._mode = training
        self.training = training
        self.before_random: Callable[[str], None] | None = None

    def train(self, mode: bool = True) -> "Half":
        """Does nothing in the mode in which the network was cut.

        Raises:
            FieldError: (a ValueError) In the other mode, in which dropout and normalisation are
                other operators: cut the network in that mode for halves of it.
        """
        if mode != self._mode:
            made = "train" if self._mode else "eval"
            allowed = f"{self._mode}, as the network was in {made}() when it was cut; cut it anew"
            raise FieldError("mode", mode, allowed)
        return self


class GraphHalf(Half):
    """A half made of some of a graph's operators.

    Args:
        graph: The operators, from flat values to flat values.
        expected: What it is called with, flat: tensors whose shapes and dtypes count, and values.
        specs: How its arguments and its results are nested; ``None`` for a tuple of tensors.
        training: The mode in which the network was cut.
    """

    def __init__(
        self, graph: fx.GraphModule, expected: Sequence[Any], specs: tuple[Any, Any], training: bool
    ) -> None:
        super().__init__(training)
        self.graph = graph
        self._expected = [_outline(each) for each in expected]
        self._in_spec, self._out_spec = specs
        self._is_random = any(RANDOM in node.meta for node in graph.graph.nodes)

    def forward(self, *arguments: Any) -> Any:
        """Runs the half on tensors of the shapes that the network was cut with."""
        flat, spec = pytree.tree_flatten((arguments, {}))
        if self._in_spec is not None and spec != self._in_spec:
            raise FieldError("inputs", spec, f"values nested as {self._in_spec}")
        given = [_outline(each) for each in flat]
        if given != self._expected:
            allowed = f"{self._expected}, which the network was cut with; cut it anew for others"
            raise FieldError("inputs", given, allowed)
        results = self._run(flat)
        return results if self._out_spec is None else pytree.tree_unflatten(results, self._out_spec)

    def _run(self, flat: list[Any]) -> Any:
        if self.before_random is None or not self._is_random:
            return self.graph(*flat)
        return _Announcing(self.graph, self.before_random).run(*flat)


class _Announcing(fx.Interpreter):  # type: ignore[misc]
    """Runs a graph and tells of each layer that draws random numbers before it does."""

    def __init__(self, graph: fx.GraphModule, before_random: Callable[[str], None]) -> None:
        super().__init__(graph)
        self._before_random = before_random

    def run_node(self, n: fx.Node) -> Any:
        """Runs a node."""
        if RANDOM in n.meta:
            self._before_random(n.meta[RANDOM])
        return super().run_node(n)


def _outline(value: Any) -> Any:
    return (tuple(value.shape), value.dtype) if isinstance(value, Tensor) else value


def half_graph(
    arrangement: Arrangement, inputs: list[fx.Node], part: slice, outputs: list[fx.Node] | None
) -> fx.GraphModule:
    """A graph of some of the operators.

    Args:
        arrangement: The whole graph.
        inputs: The nodes that come in.
        part: Which operators.
        outputs: The nodes that go out; ``None`` stands for the outputs of the whole graph.
    """
    whole, graph = arrangement.captured.graph, fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    for index, node in enumerate(inputs):
        copies[node] = graph.placeholder(f"input_{index}")

    def copy_of(node: fx.Node) -> fx.Node:
        if node not in copies:
            if node.op != "get_attr" and node not in arrangement.constants:
                raise AssertionError(f"{node} does not cross")
            copies[node] = graph.node_copy(node, copy_of)
        return copies[node]

    for node in arrangement.order[part]:
        copies[node] = graph.node_copy(node, copy_of)
    if outputs is None:
        (results,) = arrangement.output.args
        graph.output(fx.node.map_arg(results, copy_of))
    else:
        graph.output(tuple(copy_of(node) for node in outputs))
    return fx.GraphModule(whole, graph)
