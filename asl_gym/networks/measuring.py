"""Measured times of a network's two halves at each of its cuts, on the machine that runs this."""

import statistics
from collections.abc import Sequence
from typing import Any, Literal, TypedDict, Unpack, get_args, overload

import torch
from torch import nn

from asl_gym.model.timings import Side, SideTimings, Timings
from asl_gym.networks.cuts import Cut, Granularity, named
from asl_gym.networks.planning import Network, Plan, chosen_of, plan_of
from asl_gym.networks.split_step import Loss, SplitStep, sum_of_outputs
from asl_gym.networks.untouched import untouched
from asl_gym.validation.checks import FieldError, one_of, sequence, whole_number

__all__ = ["measure"]

BOTH: tuple[Side, ...] = get_args(Side)


class Options(TypedDict, total=False):
    """What :func:`measure` takes beside the network, its inputs and the side."""

    granularity: Granularity
    tied: bool
    dominated: bool
    bits_per_value: int | None
    whole: nn.Module | None
    cuts: Sequence[str] | None
    loss: Loss | None
    repeats: int
    warmup: int


@overload
def measure(
    module: Network, inputs: Any, *, side: Literal["both"] = "both", **options: Unpack[Options]
) -> Timings: ...


@overload
def measure(
    module: Network, inputs: Any, *, side: Side, **options: Unpack[Options]
) -> SideTimings: ...


def measure(
    module: Network,
    inputs: Any,
    *,
    granularity: Granularity = "all",
    tied: bool = False,
    dominated: bool = False,
    bits_per_value: int | None = None,
    whole: nn.Module | None = None,
    cuts: Sequence[str] | None = None,
    side: Literal["both"] | Side = "both",
    loss: Loss | None = None,
    repeats: int = 10,
    warmup: int = 1,
) -> Timings | SideTimings:
    """Measures what both halves of a network take at each cut that its :func:`profile` has.

    Each half runs forward and backward as in split training, without updates of the weights, in the
    mode that the network is in and with as many threads as torch has now. The median over the
    repeats counts; the cuts are measured in turn, one repeat of all after another, so that a busy
    moment spoils none. The network is left as it was: weights, gradients, buffers, mode and random
    state.

    A call costs ``1 + warmup + repeats`` training steps of the whole network for every cut; with
    one side alone only the first is of both. A network of hundreds of cuts takes long: ``cuts`` or
    a coarser ``granularity`` makes it fewer.

    Args:
        module: As for :func:`cuts`, like all that isn't named here; its weights need data.
        inputs: As for :func:`cuts`; a batch of the size that is to be trained with.
        granularity: As for :func:`cuts`.
        tied: As for :func:`cuts`.
        dominated: As for :func:`cuts`.
        bits_per_value: As for :func:`cuts`.
        whole: As for :func:`cuts`.
        cuts: Names of the cuts, as for :func:`split`, in place of those that ``granularity``,
            ``tied`` and ``dominated`` choose.
        side: ``"both"``; or ``"device"`` or ``"server"`` for that half alone, where each half is
            measured on the machine that will run it: :meth:`Timings.joined` puts the two together.
        loss: From the network's output to a tensor of one number, where training starts backward;
            by default the sum of all its floating-point numbers. Whichever half ends the network
            computes it.
        repeats: Timed repeats.
        warmup: Untimed ones before them, after a first one that tells which gradients cross.

    Returns:
        Seconds of both passes for the batch. Before everything the device takes 0 s, behind the
        whole network the server. With one side alone, a :class:`SideTimings`.

    Raises:
        NetworkError: (a ValueError) As for :func:`cuts`.
        FieldError: (a ValueError) As for :func:`cuts`; or if there is no such cut, weights or
            inputs have no data, or the loss is none.
    """
    one_of("side", side, ("both", *BOTH))
    sides = BOTH if side == "both" else (side,)
    whole_number("repeats", repeats, 1)
    whole_number("warmup", warmup, 0)
    plan = plan_of(module, inputs, bits_per_value, whole)
    if cuts is None:
        found = chosen_of(plan, granularity, tied=tied, dominated=dominated)
    else:
        found = _of_names(plan, cuts)
    accelerators = _accelerators(plan)
    with untouched(plan.module, runs=True):
        steps = [SplitStep(plan, cut, loss or sum_of_outputs, accelerators) for cut in found]
        columns = _medians(steps, sides, warmup, repeats)
    names, samples = tuple(cut.name for cut in found), plan.inputs[0].shape[0]
    if side == "both":
        return Timings(names, columns["device"], columns["server"], samples)
    return SideTimings(side, names, columns[side], samples)


def _of_names(plan: Plan, names: Sequence[str]) -> tuple[Cut, ...]:
    """Cuts by name, in the network's order."""
    found: dict[int, Cut] = {}
    for place, name in enumerate(sequence("cuts", names, "names of cuts")):
        cut = named(name, plan.candidates)
        if cut.position in found:
            raise FieldError(f"cuts[{place}]", name, "a cut that is not there yet")
        found[cut.position] = cut
    if not found:
        raise FieldError("cuts", names, "at least one name")
    return tuple(found[position] for position in sorted(found))


def _accelerators(plan: Plan) -> list[torch.device]:
    """Devices of weights and inputs that compute on their own, beside the processor."""
    tensors = {"module": [*plan.module.parameters(), *plan.module.buffers()], "inputs": plan.inputs}
    for field, each in tensors.items():
        if any(tensor.is_meta for tensor in each):
            raise FieldError(field, "tensors on the meta device", "tensors with data to run on")
    found = {tensor.device for each in tensors.values() for tensor in each}
    return sorted((each for each in found if each.type != "cpu"), key=str)


def _medians(
    steps: Sequence[SplitStep], sides: Sequence[Side], warmup: int, repeats: int
) -> dict[Side, tuple[float, ...]]:
    """Median seconds of each side at each cut."""
    for step in steps:
        step.run(BOTH)
    rounds = [[step.run(sides) for step in steps] for _ in range(warmup + repeats)][warmup:]
    return {
        side: tuple(
            statistics.median(seconds[side] for seconds in of_cut)
            for of_cut in zip(*rounds, strict=True)
        )
        for side in sides
    }
