"""The agents as people read of them: labels, and what they learn from."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["AGENTS", "Agent", "Signal", "label_of"]

Signal = Literal["reward", "cost model", "reward and cost"]


@dataclass(frozen=True)
class Agent:
    """An algorithm as people read of it.

    Attributes:
        label: Its name for people.
        signal: What it learns from: the environment's reward; the cost model, by which it prices
            decisions that were not played; or reward and energy cost apart.
    """

    label: str
    signal: Signal


AGENTS: dict[str, Agent] = {
    "ppo": Agent("PPO", "reward"),
    "a2c": Agent("A2C", "reward"),
    "sac": Agent("SAC", "reward"),
    "td3": Agent("TD3", "reward"),
    "tqc": Agent("TQC", "reward"),
    "recurrent_ppo": Agent("RecurrentPPO", "reward"),
    "ppo_lagrangian": Agent("PPO-Lagrangian", "reward and cost"),
    "device_ppo": Agent("PPO by device", "reward"),
    "hybrid": Agent("LyDROO-style hybrid", "cost model"),
    "price_network": Agent("price network", "cost model"),
    "shared": Agent("shared network", "cost model"),
    "generalist": Agent("generalist", "cost model"),
}
"""The agents by the name of their algorithm in :data:`agents.configuration.ALGORITHMS`."""


def label_of(algorithm: str) -> str:
    """An agent's name for people; the algorithm's own where the table has none."""
    return AGENTS[algorithm].label if algorithm in AGENTS else algorithm
