"""Looking at a module without leaving a trace on it."""

import contextlib
import random
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from asl_gym.validation.checks import FieldError

__all__ = ["untouched"]


@contextlib.contextmanager
def untouched(module: nn.Module, *, runs: bool = False) -> Iterator[None]:
    """Leaves attributes, hooks, modes, buffers and all random states as they were.

    Gradients are recorded inside, whatever the caller's grad or inference mode.

    Args:
        module: The module.
        runs: Whether it is to run on real tensors, which may change its buffers.

    Raises:
        FieldError: (a ValueError) If a parameter was made in inference mode: it can't train.
    """
    for name, parameter in module.named_parameters():
        if parameter.is_inference():
            made = "a parameter made in inference mode"
            raise FieldError(name, made, "one that can be trained, made outside of that mode")
    attributes = [(each, _copies(each.__dict__)) for each in module.modules()]
    buffers = [(each, each.detach().clone()) for each in module.buffers()] if runs else []
    generators = random.getstate(), np.random.get_state()  # noqa: NPY002
    devices = range(torch.cuda.device_count())
    try:
        with (
            torch.random.fork_rng(devices),
            torch.inference_mode(False),
            torch.enable_grad(),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        for each, copies in attributes:
            _restore(each.__dict__, copies)
        with torch.no_grad():
            for buffer, values in buffers:
                if not torch.equal(buffer, values):
                    buffer.copy_(values)
        random.setstate(generators[0])
        np.random.set_state(generators[1])  # noqa: NPY002


def _copies(attributes: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Each attribute with a copy of what it holds if it is a list or a dictionary."""
    return {
        name: (value, value.copy() if isinstance(value, list | dict) else None)
        for name, value in attributes.items()
    }


def _restore(attributes: dict[str, Any], copies: dict[str, tuple[Any, Any]]) -> None:
    for value, held in copies.values():
        if isinstance(held, list):
            value[:] = held
        elif isinstance(held, dict):
            value.clear()
            value.update(held)
    attributes.clear()
    attributes.update({name: value for name, (value, _) in copies.items()})
