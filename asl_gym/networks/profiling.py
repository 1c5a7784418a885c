"""Measures a :class:`~asl_gym.model.profiles.NetworkProfile` by running a torch network.

What is counted, layer by layer, is what ``torch.utils.flop_counter.FlopCounterMode`` sees while
the layer runs forward and then backward on the real activations. It counts matrix products,
convolutions and attention, a multiply-add as 2 FLOPs; biases, activation functions, pooling,
normalisation and the loss count 0, and a convolution's padding counts as if it were data.

The backward pass is that of training the whole network: each layer takes the gradient of its
trainable parameters and, where anything trainable lies before it, of its input. So the first
layer of a convolutional network costs once its forward pass, the later ones twice, and frozen
layers at the start cost nothing, because autograd never runs them.
"""

import copy
import warnings
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

import torch
from torch.utils.flop_counter import FlopCounterMode

from asl_gym.model.profiles import NetworkProfile
from asl_gym.validation.checks import FieldError, whole_number

__all__ = ["profile"]

BITS_PER_BYTE = 8
# Usual rule for a layer whose backward pass cannot be run: one product for the gradient of the
# parameters and one for that of the input, each as large as the forward one.
BACKWARD_PER_FORWARD = 2

NamedLayers = Sequence[tuple[str, torch.nn.Module]]


class _LayerCost(NamedTuple):
    """One layer's figures for the whole batch; parameters count where first used."""

    forward_flops: int
    backward_flops: int
    activation_bits: int
    parameter_bits: int


def profile(
    module: torch.nn.Sequential | NamedLayers,
    inputs: torch.Tensor,
    *,
    name: str = "custom",
    bits_per_value: int | None = None,
) -> NetworkProfile:
    """Profiles a network by running each of its layers forward and backward.

    The network runs as it is (training or evaluation mode, frozen parameters) but on a copy, so
    neither its gradients nor its running statistics change. The figures depend on shapes, not
    on weights or inputs, provided that the network's control flow does not either.

    Args:
        module: The network. Every child of the ``Sequential`` is a layer, whatever it contains
            (a ``Sequential`` of convolution and ReLU is one layer); or (name, module) pairs.
        inputs: A batch of inputs, of shape (batch, ...). All figures are per sample.
        name: The profile's name.
        bits_per_value: Size on the link of one number of an activation or a parameter [bit]; by
            default that of its dtype, 32 for single precision.

    Returns:
        The profile. A parameter shared by several layers counts with the first; buffers such as
        running statistics do not count as parameters.

    Raises:
        TypeError: If ``module`` is of another type, or a layer returns no single tensor.
        ValueError: If there are no layers or samples, no layer costs any FLOPs, or a figure is
            no multiple of the batch size (pass a batch of one then).

    Warns:
        UserWarning: If a layer's backward pass ought to run but cannot; it is then taken as
            twice its forward pass.
    """
    # One deep copy of the list, rather than one per layer, keeps shared parameters shared.
    layers = copy.deepcopy(_named_layers(module))
    batch_size = _batch_size(inputs)
    if bits_per_value is not None:
        whole_number("bits_per_value", bits_per_value, 1)
    costs = list(_measure(layers, inputs, bits_per_value))
    activations = [_bits(inputs, bits_per_value), *(c.activation_bits for c in costs)]
    names = tuple(layer_name for layer_name, _ in layers)

    def cumulative(field: str, per: int) -> tuple[float, ...]:
        shares = _shares(field, [getattr(cost, field) for cost in costs], per, names)
        return tuple(accumulate(shares, initial=0))

    return NetworkProfile(
        name=name,
        layer_names=names,
        forward_flops=cumulative("forward_flops", batch_size),
        backward_flops=cumulative("backward_flops", batch_size),
        activation_bits=_shares("activation_bits", activations, batch_size, ("input", *names)),
        parameter_bits=cumulative("parameter_bits", 1),
    )


def _named_layers(module: torch.nn.Sequential | NamedLayers) -> list[tuple[str, torch.nn.Module]]:
    if isinstance(module, torch.nn.Sequential):
        # named_children() would skip a module that appears twice, such as one ReLU for all.
        layers = [(name, child) for name, child in module._modules.items() if child is not None]
    elif isinstance(module, torch.nn.Module) or not isinstance(module, Sequence):
        allowed = "a torch.nn.Sequential or a sequence of (name, module) pairs"
        raise TypeError(f"module = {type(module).__name__} is not allowed: expected {allowed}")
    else:
        layers = list(module)
    if not layers:
        raise FieldError("module", module, "at least one layer")
    return layers


def _batch_size(inputs: torch.Tensor) -> int:
    shape = tuple(inputs.shape)
    if not shape or shape[0] == 0:
        raise FieldError("inputs.shape", shape, "(batch, ...) with at least one sample")
    return shape[0]


def _shares(
    field: str, totals: Sequence[int], batch_size: int, names: Sequence[str]
) -> tuple[int, ...]:
    """Divides each batch total by the batch size, which must leave no remainder."""
    for name, total in zip(names, totals, strict=True):
        if total % batch_size:
            allowed = f"a multiple of the batch size {batch_size}; pass one sample instead"
            raise FieldError(f"{field} of layer {name!r}", total, allowed)
    return tuple(total // batch_size for total in totals)


def _bits(tensor: torch.Tensor, bits_per_value: int | None) -> int:
    return tensor.numel() * (bits_per_value or tensor.element_size() * BITS_PER_BYTE)


def _measure(
    layers: NamedLayers, inputs: torch.Tensor, bits_per_value: int | None
) -> Iterator[_LayerCost]:
    """Runs the layers one after another and yields each one's cost."""
    activation, gradient_needed, seen = inputs, False, set[torch.nn.Parameter]()
    for name, layer in layers:
        # The input becomes a leaf, so that backward stops at this layer, and a clone of it, so
        # that the layer may work in place.
        leaf = activation.detach()
        leaf.requires_grad_(gradient_needed and leaf.is_floating_point())
        with torch.enable_grad(), FlopCounterMode(display=False) as counter:
            activation = layer(leaf.clone())
        if not isinstance(activation, torch.Tensor):
            kind = type(activation).__name__
            raise TypeError(f"layer {name!r} returned {kind}: expected a single torch.Tensor")
        parameters = list(layer.parameters())
        gradient_needed |= any(parameter.requires_grad for parameter in parameters)
        forward: int = counter.get_total_flops()
        yield _LayerCost(
            forward_flops=forward,
            backward_flops=_backward_flops(name, activation, forward) if gradient_needed else 0,
            activation_bits=_bits(activation, bits_per_value),
            parameter_bits=sum(_bits(p, bits_per_value) for p in parameters if p not in seen),
        )
        seen.update(parameters)


def _backward_flops(name: str, output: torch.Tensor, forward_flops: int) -> int:
    """Runs a layer's backward pass and returns its FLOPs, or else twice ``forward_flops``."""
    try:
        with FlopCounterMode(display=False) as counter:
            torch.autograd.backward(output, torch.ones_like(output))
    except RuntimeError as error:
        if forward_flops:
            warnings.warn(
                f"layer {name!r} has no backward pass that can be run ({error}); "
                f"taking {BACKWARD_PER_FORWARD} times its forward pass",
                stacklevel=4,
            )
        return BACKWARD_PER_FORWARD * forward_flops
    flops: int = counter.get_total_flops()
    return flops
