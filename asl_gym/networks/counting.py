"""What running operators costs: FLOPs, bytes to and from memory, number of operators."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from asl_gym.networks.flops import Formula, Product, formula_of
from asl_gym.networks.free import is_free

__all__ = ["Counter", "NetworkError", "Weights", "Work", "call", "storage_of", "tensors_in"]

# These read of a table only the rows that they return.
LOOKUPS = frozenset({"aten::embedding", "aten::index_select", "aten::gather", "aten::index"})


class NetworkError(ValueError):
    """A network can't be taken apart, or its costs aren't known; says where and the way out."""


class Work(NamedTuple):
    """What one direction of some operators costs for a batch.

    Attributes:
        flops: FLOPs.
        bytes_read: Bytes read from memory.
        bytes_written: Bytes written to memory.
        weight_bytes: The part of both that is parameters, buffers and their gradients, which is
            the same for any number of samples.
        operators: Number of operators; views are none.
    """

    flops: int = 0
    bytes_read: int = 0
    bytes_written: int = 0
    weight_bytes: int = 0
    operators: int = 0

    def plus(self, other: "Work") -> "Work":
        """The two one after the other."""
        return Work(*(mine + its for mine, its in zip(self, other, strict=True)))

    @property
    def activation_bytes(self) -> int:
        """Bytes read and written that grow with the number of samples."""
        return self.bytes_read + self.bytes_written - self.weight_bytes


def tensors_in(value: Any) -> list[Tensor]:
    """The tensors in a nested value, in order."""
    return [leaf for leaf in pytree.tree_leaves(value) if isinstance(leaf, Tensor)]


def storage_of(tensor: Tensor) -> int:
    """What two views of the same memory share; 0 for a tensor without memory of its own kind."""
    try:
        return int(tensor.untyped_storage()._cdata)
    except (NotImplementedError, RuntimeError):
        return 0


def size_in_memory(tensor: Tensor) -> int:
    """Bytes of the memory that a tensor covers; an expanded one covers less than its shape says."""
    size = tensor.numel() * tensor.element_size()
    try:
        return min(size, tensor.untyped_storage().nbytes())
    except (NotImplementedError, RuntimeError):
        return size


class Weights:
    """Memory whose contents don't depend on the samples: weights, constants, what is made of both.

    Args:
        tensors: Parameters and buffers.
    """

    def __init__(self, tensors: Iterable[Tensor] = ()) -> None:
        # Memory that were freed could be that of another tensor later.
        self._tensors: dict[int, Tensor] = {}
        for tensor in tensors:
            self.add(tensor)

    def add(self, tensor: Tensor) -> None:
        """Adds a tensor's memory."""
        self._tensors[storage_of(tensor)] = tensor

    def __contains__(self, tensor: Tensor) -> bool:
        return storage_of(tensor) in self._tensors


class Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the operators that run while it is active.

    Torch takes composite operators apart before they come here. The backward pass is derived: each
    operand of a product that needs a gradient costs a product, and each input that needs one is
    an operator that reads the results' gradients and the inputs and writes the gradient.

    Args:
        where: In what part of the network, for errors.
        weights: Memory of weights, to which what is made of them alone is added.

    Attributes:
        forward: The forward pass so far.
        backward: The backward pass so far, if gradients reach these operators.
        is_random: Whether an operator drew random numbers.
    """

    def __init__(self, where: str, weights: Weights) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.where, self.weights = where, weights
        self.forward, self.backward = Work(), Work()
        self.is_random = False
        self.without_gradient_flops = 0

    def __torch_dispatch__(
        self,
        operator: Any,
        types: Iterable[Any],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Runs and counts one operator."""
        kwargs = dict(kwargs or {})
        formula = formula_of(operator)
        if formula is None and not is_free(operator):
            with self:
                result = operator.decompose(*args, **kwargs)
            if result is NotImplemented:
                raise NetworkError(_unknown(operator, self.where))
            return result
        result = operator(*args, **kwargs)
        self.is_random |= torch.Tag.nondeterministic_seeded in operator.tags
        self.count(operator, args, kwargs, result, formula)
        return result

    def count(
        self, operator: Any, args: Any, kwargs: Any, result: Any, formula: Formula | None
    ) -> None:
        """Counts an operator that ran."""
        products = formula(_by_name(operator, args, kwargs), result) if formula else []
        if not torch.is_grad_enabled():
            self.without_gradient_flops += sum(product.flops for product in products)
            products = [Product(product.flops, False, False) for product in products]
        if not products and (operator.is_view or operator.namespace == "prim"):
            return
        self._add(operator._schema.name, tensors_in((args, kwargs)), tensors_in(result), products)

    def _add(
        self, name: str, inputs: list[Tensor], results: list[Tensor], products: list[Product]
    ) -> None:
        written = sum(map(size_in_memory, results))
        if not written or name == "aten::empty":
            return
        sizes = [size_in_memory(tensor) for tensor in inputs]
        weights = [tensor in self.weights for tensor in inputs]
        read, read_weights = list(sizes), list(weights)
        if name in LOOKUPS:
            read[0], read_weights[0] = min(sizes[0], written), False
        of_weights = sum(itertools.compress(read, read_weights))
        if all(weights):
            of_weights = sum(read) + written
            for tensor in results:
                self.weights.add(tensor)
        flops = sum(product.flops for product in products)
        self.forward = self.forward.plus(Work(flops, sum(read), written, of_weights, 1))
        wanted = [each.requires_grad and torch.is_grad_enabled() for each in inputs]
        if any(wanted):
            gradients = [size if want else 0 for size, want in zip(sizes, wanted, strict=True)]
            of_weights += sum(itertools.compress(gradients, weights))
            flops = sum(product.backward_flops for product in products)
            work = Work(flops, written + sum(read), sum(gradients), of_weights, sum(wanted))
            self.backward = self.backward.plus(work)


def call(counter: Counter, target: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Runs one node of a graph and counts it: as a whole if there is a formula, or taken apart."""
    formula = formula_of(target)
    if formula is None:
        with counter:
            return target(*args, **kwargs)
    result = target(*args, **kwargs)
    counter.is_random |= bool(dict(_by_name(target, args, kwargs)).get("dropout_p"))
    counter.count(target, args, kwargs, result, formula)
    return result


def _by_name(operator: Any, args: Any, kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    def named() -> Iterator[tuple[str, Any]]:
        for index, argument in enumerate(operator._schema.arguments):
            if index < len(args):
                yield argument.name, args[index]
            else:
                yield argument.name, kwargs.get(argument.name, argument.default_value)

    return dict(named())


def _unknown(operator: Any, where: str) -> str:
    return (
        f"{where}: the operator {operator} has no formula for its FLOPs; add one to "
        f"asl_gym.networks.flops.FORMULAS[{operator._schema.name!r}], which takes its arguments by "
        "name and its result and returns its products"
    )
