"""From a network and its inputs to the plan that has its cuts and makes its halves."""

from collections.abc import Sequence
from typing import Any

from torch import nn

from asl_gym.networks.chain import ChainPlan, NamedLayers
from asl_gym.networks.cuts import Cut, Granularity, checked_granularity, chosen
from asl_gym.networks.graph_plan import GraphPlan
from asl_gym.validation.checks import FieldError, whole_number

__all__ = ["Network", "Plan", "chosen_of", "plan_of"]

Network = nn.Module | NamedLayers

Plan = GraphPlan | ChainPlan


def plan_of(module: Any, inputs: Any, bits_per_value: int | None, whole: nn.Module | None) -> Plan:
    """The plan of a network: of its operators' graph, or of a chain cut by hand.

    Args:
        module: As for :func:`asl_gym.networks.cuts`, like all the others.
        inputs: A batch of inputs.
        bits_per_value: Size of a floating-point number on the link [bit].
        whole: The module that a chain stands for.
    """
    if bits_per_value is not None:
        whole_number("bits_per_value", bits_per_value, 1)
    if isinstance(module, nn.Module):
        if whole is not None:
            raise FieldError("whole", type(whole).__name__, "None, as module is no chain")
        return GraphPlan(module, inputs, bits_per_value)
    if not isinstance(module, Sequence):
        allowed = "a torch.nn.Module or a sequence of (name, module) pairs"
        raise FieldError("module", type(module).__name__, allowed)
    return ChainPlan(module, inputs, bits_per_value, whole)


def chosen_of(
    plan: Plan, granularity: Granularity, *, tied: bool, dominated: bool
) -> tuple[Cut, ...]:
    """The cuts of a plan that are asked for; of a chain all but those across a tie.

    Args:
        plan: The plan.
        granularity: As for :func:`asl_gym.networks.cuts`, like all the others.
        tied: Whether to take cuts across a tie of weights.
        dominated: Whether to keep those that a neighbour dominates.
    """
    checked_granularity(granularity)
    if isinstance(plan, ChainPlan):
        if granularity != "all":
            raise FieldError("granularity", granularity, "'all', as every link is a layer")
        dominated = True
    return chosen(plan.candidates, granularity, tied=tied, dominated=dominated)
