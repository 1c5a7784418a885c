"""The policies for devices on batteries by name."""

from collections.abc import Callable
from typing import Any, NamedTuple

from asl_gym.model.radio import Radio
from asl_gym.policies.base import Policy
from asl_gym.policies.harvest.prices import ConstantPrice, DriftPlusPenalty, Myopic
from asl_gym.policies.harvest.ration import RationToSunrise
from asl_gym.policies.harvest.told_law import ToldTheLaw
from asl_gym.policies.schemes.ablation import RandomCut
from asl_gym.scenario.presets import preset
from asl_gym.scenario.scenario import Scenario

__all__ = ["HARVEST_POLICIES", "TOLD_THE_LAW", "HarvestEntry", "harvest_policies_for"]


class HarvestEntry(NamedTuple):
    """A policy for devices on batteries.

    Attributes:
        name: For results.
        label: For people.
        policy: Builds it from an environment or scenario.
        told_more: Whether it is told laws that the others have to find out, of a radio's shadowing
            among them.
        of_preset: Whether it fits the devices of the preset ``harvest`` alone.
    """

    name: str
    label: str
    policy: Callable[[Any], Policy]
    told_more: bool = False
    of_preset: bool = False


TOLD_THE_LAW = HarvestEntry("told-the-law", "told the law", ToldTheLaw, told_more=True)
"""The mark, which is told what the others have to find out."""

HARVEST_POLICIES = (
    TOLD_THE_LAW,
    HarvestEntry("harvest-drift", "drift plus penalty, tuned", DriftPlusPenalty),
    HarvestEntry(
        "harvest-drift-by-device",
        "drift plus penalty, tuned by device",
        DriftPlusPenalty.by_device,
        of_preset=True,
    ),
    HarvestEntry(
        "harvest-deficit", "drift plus penalty, deficit alone", DriftPlusPenalty.on_deficit
    ),
    HarvestEntry("ration", "ration to sunrise", RationToSunrise),
    HarvestEntry("constant-price", "constant price", ConstantPrice),
    HarvestEntry("myopic", "myopic", Myopic),
    HarvestEntry("random", "random", RandomCut),
)
"""Every one of them, from the mark to chance."""


def harvest_policies_for(scenario: Scenario) -> tuple[HarvestEntry, ...]:
    """The policies that fit a scenario with batteries: none by a law that its channel lacks."""
    shipped = scenario.fleet == preset("harvest").fleet
    has_law = isinstance(scenario.radio, Radio)
    return tuple(
        each
        for each in HARVEST_POLICIES
        if (shipped or not each.of_preset) and (has_law or not each.told_more)
    )
