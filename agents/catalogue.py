"""The agents as people read of them: labels, what they learn from, what to know of each."""

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
        note: What a reader must know of its result, the tries that led to it included.
    """

    label: str
    signal: Signal
    note: str = ""


AGENTS: dict[str, Agent] = {
    "ppo": Agent("PPO", "reward"),
    "a2c": Agent("A2C", "reward"),
    "sac": Agent("SAC", "reward"),
    "td3": Agent("TD3", "reward"),
    "tqc": Agent(
        "TQC",
        "reward",
        "TQC stays above 10% on ASL-v0, as all off-policy agents do in the view `box`. There good "
        "split points (1, 3, 6, 9) lie apart on one axis with bad ones between them, and an actor "
        "of one peak that follows its critic's slope stops in between. Tries, by priced gap on the "
        "validation traces, one training seed each: TQC with batches of 1,024, two gradient steps "
        "a round and the default temperature 51.8%; SAC with batches of 256, eight gradient steps, "
        "two critics and a temperature from 0.02 24.9%; SAC with one larger critic, a temperature "
        "from 0.1 and a target entropy of −60 22.6%; the same from 0.2 with −100 21.9%; TQC so "
        "21.3%, which is its configuration. Better server frequencies would not help: with "
        "OPEN's frequency under the same splits 22.6% becomes 21.1%.",
    ),
    "recurrent_ppo": Agent("RecurrentPPO", "reward"),
    "ppo_lagrangian": Agent("PPO-Lagrangian", "reward and cost"),
    "device_ppo": Agent("PPO by device", "reward"),
    "hybrid": Agent("LyDROO-style hybrid", "cost model"),
    "price_network": Agent("price network", "cost model"),
    "shared": Agent("shared network", "cost model"),
}
"""The agents by the name of their algorithm in :data:`agents.configuration.ALGORITHMS`."""


def label_of(algorithm: str) -> str:
    """An agent's name for people; the algorithm's own where the table has none."""
    return AGENTS[algorithm].label if algorithm in AGENTS else algorithm
