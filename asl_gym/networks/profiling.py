"""The room's face: profile, cuts and halves of a network."""

from collections.abc import Sequence
from typing import Any

from torch import nn

from asl_gym.model.profiles import NetworkProfile
from asl_gym.networks.cuts import Cut, Granularity, named
from asl_gym.networks.planning import Network, chosen_of, plan_of
from asl_gym.validation.checks import FieldError

__all__ = ["cuts", "profile", "split"]


def cuts(
    module: Network,
    inputs: Any,
    *,
    granularity: Granularity = "all",
    tied: bool = False,
    dominated: bool = False,
    bits_per_value: int | None = None,
    whole: nn.Module | None = None,
) -> tuple[Cut, ...]:
    """The cuts of a network: entry ℓ is split point ℓ of its profile.

    The network is looked at in the mode that it is in, and left as it was: weights, gradients,
    buffers, mode and random state. It needn't run: shapes are all that counts.

    Args:
        module: The network; or, where ``torch.export`` can't take it, a chain of (name, module)
            pairs, each called with what the one before returns (a tuple is unpacked), in which
            every link is a layer.
        inputs: A batch of inputs: a tensor, or a tuple of the module's arguments, which may be
            nested (dictionaries of tensors and so on). The first tensor's first axis counts the
            samples.
        granularity: ``"all"`` for every cut; ``"modules"`` for those at the end of a module, or a
            number for those at the end of a module at most so deep in the tree (1: the children).
        tied: Whether to take cuts with a parameter, or a buffer that training changes, that is
            used on both sides; they are marked by :attr:`Cut.tied`.
        dominated: Whether to keep all cuts; by default, of neighbours with the same device FLOPs,
            only the one with the fewest bits is kept.
        bits_per_value: Size on the link of a floating-point number [bit]; by default that of its
            dtype, 32 for single precision.
        whole: For a chain, the module that it stands for: their outputs are compared.

    Returns:
        The cuts in order, from the one before everything to the one behind the whole network.

    Raises:
        NetworkError: (a ValueError) If the module can't be taken apart, an operator has no formula
            for its FLOPs, or a chain isn't its ``whole``; it names the layer.
        FieldError: (a ValueError) If an argument is not allowed.
    """
    plan = plan_of(module, inputs, bits_per_value, whole)
    return chosen_of(plan, granularity, tied=tied, dominated=dominated)


def profile(
    module: Network,
    inputs: Any,
    *,
    name: str = "custom",
    granularity: Granularity = "all",
    tied: bool = False,
    dominated: bool = False,
    bits_per_value: int | None = None,
    whole: nn.Module | None = None,
) -> NetworkProfile:
    """Profiles a network: what each of its :func:`cuts` costs, per sample.

    Args:
        module: As for :func:`cuts`, like all that isn't named here.
        inputs: As for :func:`cuts`.
        name: The profile's name.
        granularity: As for :func:`cuts`.
        tied: As for :func:`cuts`.
        dominated: As for :func:`cuts`.
        bits_per_value: As for :func:`cuts`.
        whole: As for :func:`cuts`.

    Returns:
        The profile. Its layers lie between neighbouring cuts and are named after the later one; a
        parameter or buffer that several layers use counts with the first.

    Raises:
        NetworkError: (a ValueError) As for :func:`cuts`.
        FieldError: (a ValueError) As for :func:`cuts`; or if a figure is no multiple of the number
            of samples (pass one sample then), or nothing costs any FLOPs.
    """
    plan = plan_of(module, inputs, bits_per_value, whole)
    found = chosen_of(plan, granularity, tied=tied, dominated=dominated)
    samples = plan.inputs[0].shape[0]
    buffer_bits = tuple(cut.buffer_bits for cut in found)

    def per_sample(field: str, totals: Sequence[int]) -> tuple[float, ...]:
        for cut, total in zip(found, totals, strict=True):
            if total % samples:
                allowed = f"a multiple of the batch size {samples}; pass one sample instead"
                raise FieldError(f"{field} of layer {cut.name!r}", total, allowed)
        return tuple(total // samples for total in totals)

    return NetworkProfile(
        name=name,
        layer_names=tuple(cut.name for cut in found[1:]),
        forward_flops=per_sample("forward_flops", [cut.forward.flops for cut in found]),
        backward_flops=per_sample("backward_flops", [cut.backward.flops for cut in found]),
        activation_bits=per_sample("activation_bits", [cut.uplink_bits for cut in found]),
        parameter_bits=tuple(cut.parameter_bits + cut.buffer_bits for cut in found),
        gradient_bits=per_sample("gradient_bits", [cut.downlink_bits for cut in found]),
        activation_bytes=tuple(_activation_bytes(cut) / samples for cut in found),
        weight_bytes=tuple(cut.forward.weight_bytes + cut.backward.weight_bytes for cut in found),
        operators=tuple(cut.forward.operators + cut.backward.operators for cut in found),
        buffer_bits=buffer_bits if any(buffer_bits) else None,
    )


def split(
    module: Network, inputs: Any, cut: str | Cut, *, whole: nn.Module | None = None
) -> tuple[nn.Module, nn.Module]:
    """Divides a network at a cut into the device's and the server's half.

    ``device(*inputs)`` returns the tuple of tensors that cross, ``server(*crossing)`` the module's
    output. They share the module's parameters and buffers, so that training through them trains it.
    They take inputs of the shapes given here and run in the mode that the module is in now.

    Args:
        module: As for :func:`cuts`.
        inputs: As for :func:`cuts`.
        cut: A cut, its name, or the path of a module that it follows; cuts across a tie of weights
            are taken, too.
        whole: As for :func:`cuts`.

    Returns:
        The device's half and the server's half.

    Raises:
        NetworkError: (a ValueError) As for :func:`cuts`.
        FieldError: (a ValueError) If there is no such cut.
    """
    if not isinstance(cut, str | Cut):
        raise FieldError("cut", cut, "the name of a cut, or one that cuts gives")
    plan = plan_of(module, inputs, None, whole)
    found = named(cut if isinstance(cut, str) else cut.name, plan.candidates)
    return plan.halves(found)


def _activation_bytes(cut: Cut) -> int:
    return cut.forward.activation_bytes + cut.backward.activation_bytes
