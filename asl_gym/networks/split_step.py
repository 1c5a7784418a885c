"""One step of split training at a cut, both halves in turn, and the time that each takes.

The device's half runs forward; what crosses is handed to the server's half, which runs forward, a
loss and backward; the gradients of what crossed then run back through the device's half. Nothing is
updated: gradients are computed and dropped, so that weights and their ``.grad`` stay as they are.
"""

import functools
import operator
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from asl_gym.model.timings import Side
from asl_gym.networks.capture import fresh
from asl_gym.networks.counting import tensors_in
from asl_gym.networks.cuts import Cut
from asl_gym.networks.planning import Plan
from asl_gym.validation.checks import FieldError

__all__ = ["Loss", "SplitStep", "sum_of_outputs"]

Loss = Callable[[Any], Tensor]
"""From the network's output to one number."""

Gradients = Sequence[Tensor | None]


def sum_of_outputs(output: Any) -> Tensor:
    """Sum of all floating-point numbers in an output."""
    sums = [each.sum() for each in tensors_in(output) if each.is_floating_point()]
    return functools.reduce(operator.add, sums) if sums else torch.zeros(())


class Stopwatch:
    """Adds up what computing takes.

    Args:
        accelerators: Devices that compute on their own, for which it waits.

    Attributes:
        seconds: What all so far took [s].
    """

    def __init__(self, accelerators: Sequence[torch.device]) -> None:
        self.seconds = 0.0
        self._accelerators = accelerators

    def timed(self, compute: Callable[..., Any], *arguments: Any) -> Any:
        """What ``compute`` returns, after it is really there."""
        self._wait()
        start = perf_counter()
        result = compute(*arguments)
        self._wait()
        self.seconds += perf_counter() - start
        return result

    def _wait(self) -> None:
        for device in self._accelerators:
            torch.accelerator.synchronize(device)


class _Half(NamedTuple):
    """A half of a network, and its weights that are trained."""

    module: nn.Module
    weights: tuple[Tensor, ...]

    @classmethod
    def of(cls, module: nn.Module) -> "_Half":
        return cls(module, tuple(each for each in module.parameters() if each.requires_grad))


class SplitStep:
    """Steps of split training at a cut.

    At the cut before everything the device has nothing to compute, and at the one behind the whole
    network the server hasn't: there one machine runs all of it, loss included.

    Args:
        plan: The network.
        cut: The cut.
        loss: From the network's output to one number.
        accelerators: Devices that compute on their own.
    """

    def __init__(
        self, plan: Plan, cut: Cut, loss: Loss, accelerators: Sequence[torch.device]
    ) -> None:
        first, last = plan.candidates[0], plan.candidates[-1]
        ends: dict[int, Side] = {first.position: "server", last.position: "device"}
        self._whole_on = ends.get(cut.position)
        self._device, self._server = map(_Half.of, plan.halves(first if self._whole_on else cut))
        self._arguments, self._loss, self._accelerators = plan.arguments, loss, accelerators
        self._tracked: list[bool] = []
        self._returned: list[bool] = []

    def run(self, sides: Sequence[Side]) -> dict[Side, float]:
        """Runs a step and tells what the named sides' halves took [s].

        The first one has to be of both sides, which tells what crosses back. Of one side alone, the
        server's half still gets what crosses from the device's, which then runs forward untimed;
        the device's half gets gradients of the right shape, and the server's needn't run.
        """
        return self._run_whole(sides) if self._whole_on else self._run_halves(sides)

    def _run_whole(self, sides: Sequence[Side]) -> dict[Side, float]:
        watch = self._stopwatch()
        if self._whole_on in sides:
            watch.timed(self._finish, self._device.module(*fresh(self._arguments)))
        return {side: watch.seconds if side == self._whole_on else 0.0 for side in sides}

    def _run_halves(self, sides: Sequence[Side]) -> dict[Side, float]:
        device, server = self._stopwatch(), self._stopwatch()
        arguments = fresh(self._arguments)
        with torch.set_grad_enabled("device" in sides):
            crossing = device.timed(self._device.module, *arguments)
        if "device" in sides:
            self._tracked = [each.requires_grad for each in crossing]
        if "server" in sides:
            back, of_weights = server.timed(self._finish, self._sent(crossing))
            self._returned = [each is not None for each in back]
        else:
            back, of_weights = self._stand_in(crossing), []
        # Gradients of weights stay as long as in training, where the optimiser waits for them:
        # how much memory is in use changes what getting more of it takes.
        if "device" in sides:
            of_weights += device.timed(self._go_back, crossing, back)
        seconds: dict[Side, float] = {"device": device.seconds, "server": server.seconds}
        return {side: seconds[side] for side in sides}

    def _sent(self, crossing: Sequence[Tensor]) -> list[Tensor]:
        """What the server's half receives."""
        pairs = zip(fresh(crossing), self._tracked, strict=True)
        return [each.requires_grad_(tracked) for each, tracked in pairs]

    def _stand_in(self, crossing: Sequence[Tensor]) -> Gradients:
        """Gradients of the right shape of what has one."""
        pairs = zip(crossing, self._returned, strict=True)
        return [torch.ones_like(each) if returned else None for each, returned in pairs]

    def _stopwatch(self) -> Stopwatch:
        return Stopwatch(self._accelerators)

    def _finish(self, received: Sequence[Tensor]) -> tuple[Gradients, Gradients]:
        """Forward from what was received, loss and backward.

        Returns:
            Gradients of what was received, and of weights.
        """
        output = self._server.module(*received)
        loss = self._loss(output)
        leaves = [each for each in (*received, *self._server.weights) if each.requires_grad]
        if not _has_gradient(loss, output) or not leaves:
            return [None] * len(received), []
        gradients = iter(torch.autograd.grad(loss, leaves, allow_unused=True))
        back = [next(gradients) if each.requires_grad else None for each in received]
        return back, list(gradients)

    def _go_back(self, crossing: Sequence[Tensor], gradients: Gradients) -> Gradients:
        """Backward from the gradients of what crossed to those of the device's weights."""
        pairs = [pair for pair in zip(crossing, gradients, strict=True) if pair[1] is not None]
        if not pairs or not self._device.weights:
            return []
        outputs, given = zip(*pairs, strict=True)
        return torch.autograd.grad(outputs, self._device.weights, given, allow_unused=True)


def _has_gradient(loss: Any, output: Any) -> bool:
    """Whether a loss has a gradient, which it has to have where the output has one."""
    is_number = isinstance(loss, Tensor) and loss.numel() == 1
    if is_number and (loss.requires_grad or not any(map(_tracks, tensors_in(output)))):
        return bool(loss.requires_grad)
    given = loss
    if isinstance(loss, Tensor):
        ending = "with its gradient" if _tracks(loss) else "without a gradient"
        given = f"a tensor of shape {tuple(loss.shape)} {ending}"
    allowed = "a function from the network's output to a tensor of one number with its gradient"
    raise FieldError("loss", given, allowed)


def _tracks(tensor: Tensor) -> bool:
    return tensor.requires_grad
