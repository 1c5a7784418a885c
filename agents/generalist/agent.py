"""The generalist's decision in an environment of any network, fleet and link."""

from typing import Any

from agents.generalist.memory import OptionMemory
from agents.shared.policy import FleetAgent, WidthDecider
from asl_gym.policies.base import scenario_of

__all__ = ["GeneralistAgent"]


class GeneralistAgent(FleetAgent):
    """Plays the generalist.

    Args:
        network: The trained policy.
        decays: Its memories, see :class:`agents.generalist.memory.OptionMemory`.
        env: The environment (single or vector) or the scenario that it is to act in.

    Raises:
        ValueError: If devices train at once, or the network was made for other memories.
    """

    def __init__(self, network: WidthDecider, decays: tuple[float, ...], env: Any) -> None:
        memory = OptionMemory(scenario_of(env), decays)
        if memory.width != network.width:
            raise ValueError(
                f"decays = {decays} give {memory.width} features of an option: expected "
                f"{network.width}, which the network was made for"
            )
        super().__init__(network, memory)
