"""Cuts of a network: what runs before each and what crosses it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from torch import Tensor

from asl_gym.networks.counting import Work
from asl_gym.validation.checks import FieldError, whole_number

__all__ = ["Cut", "Granularity", "bits_of", "chosen", "named"]

BITS_PER_BYTE = 8

Granularity = Literal["all", "modules"] | int
"""Which cuts: all, at the ends of modules, or at the ends of modules at most so deep."""


@dataclass(frozen=True)
class Cut:
    """A place at which a network can be divided between a device and a server.

    All figures are of the whole batch that the network was looked at with.

    Attributes:
        name: The module path that the cut follows, or that path and the operator's name.
        position: Number of operators before it, in the graph's order (of links, for a chain).
        ends: Paths of the modules that end here, outermost first.
        shapes: Shapes of the tensors that cross, in order.
        forward: Forward pass of the device's half.
        backward: Backward pass of the device's half.
        parameter_bits: Parameters that the device's half uses, each once [bit].
        buffer_bits: Floating-point buffers of the device's half that its state holds [bit].
        uplink_bits: Tensors that cross up to the server [bit].
        downlink_bits: Gradients that cross down, of those tensors that need one [bit].
        tied: Names of parameters and changing buffers that both halves would hold.
    """

    name: str
    position: int
    ends: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    forward: Work
    backward: Work
    parameter_bits: int
    buffer_bits: int
    uplink_bits: int
    downlink_bits: int
    tied: tuple[str, ...] = ()

    @property
    def training_flops(self) -> int:
        """FLOPs of the device's half, both passes."""
        return self.forward.flops + self.backward.flops

    @property
    def depth(self) -> float:
        """Depth of the outermost module that ends here; infinite where none does."""
        return min((path.count(".") + 1 for path in self.ends), default=float("inf"))


def bits_of(tensors: Iterable[Tensor], bits_per_value: int | None) -> int:
    """Size of tensors [bit]; ``bits_per_value`` replaces that of floating-point numbers."""
    total = 0
    for tensor in tensors:
        replaced = bits_per_value if tensor.is_floating_point() else None
        total += tensor.numel() * (replaced or tensor.element_size() * BITS_PER_BYTE)
    return total


def checked_granularity(granularity: Granularity) -> float:
    """The greatest depth of modules at whose end a cut may come; infinite for all of them."""
    if granularity in ("all", "modules"):
        return float("inf")
    if isinstance(granularity, str):
        raise FieldError("granularity", granularity, "'all', 'modules' or a depth of modules")
    return whole_number("granularity", granularity, 1)


def chosen(
    candidates: Sequence[Cut], granularity: Granularity, *, tied: bool, dominated: bool
) -> tuple[Cut, ...]:
    """The cuts worth choosing from: the first and the last, and in between those asked for.

    Args:
        candidates: All of them, in order, from the one before everything to the whole network.
        granularity: Which ones.
        tied: Whether to take cuts across a tie of weights.
        dominated: Whether to keep, of neighbours with the same device FLOPs, all of them rather
            than that with the fewest bits.
    """
    deepest = checked_granularity(granularity)
    first, *inner, last = candidates
    if granularity != "all":
        inner = [cut for cut in inner if cut.ends and cut.depth <= deepest]
    if not tied:
        inner = [cut for cut in inner if not cut.tied]
    if not dominated:
        inner = _undominated(first, inner, last)
    return (first, *inner, last)


def _undominated(first: Cut, inner: list[Cut], last: Cut) -> list[Cut]:
    """Without those that cost the device the same FLOPs as a neighbour that sends fewer bits.

    Data in another shape, without a weight applied to it, is no cut beside the raw data; nor is
    anything beside the whole network once all FLOPs are spent.
    """
    kept = []
    for flops, group in groupby(inner, key=lambda cut: cut.training_flops):
        cuts = list(group)
        if flops == first.training_flops:
            cuts = [cut for cut in cuts if _bits(cut) < _bits(first) or cut.parameter_bits]
        if cuts and flops < last.training_flops:
            kept.append(min(cuts, key=lambda cut: (_bits(cut), *_weight_bits_and_place(cut))))
    return kept


def _bits(cut: Cut) -> int:
    return cut.uplink_bits + cut.downlink_bits


def _weight_bits_and_place(cut: Cut) -> tuple[int, bool, int]:
    return cut.parameter_bits + cut.buffer_bits, not cut.ends, cut.position


def named(name: str, cuts: Sequence[Cut]) -> Cut:
    """The cut of a name, or after a module of that path.

    Raises:
        FieldError: If there is none; the message lists those that there are.
    """
    for cut in cuts:
        if cut.name == name:
            return cut
    for cut in cuts:
        if name in cut.ends:
            return cut
    raise FieldError("cut", name, "one of " + ", ".join(repr(cut.name) for cut in cuts))
