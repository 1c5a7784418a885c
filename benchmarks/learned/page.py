"""What is on the results page of the learned agents, as data: agents, environments, seeds."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

__all__ = ["AGENTS", "PAGE", "PAGE_PATH", "Agent", "Page", "PageEnvironment", "label_of"]

PAGE_PATH = Path(__file__).parents[2] / "agents" / "RESULTS.md"
"""The page in the repository."""

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
    "hybrid": Agent("LyDROO-style hybrid", "cost model"),
    "shared": Agent("shared network", "cost model"),
}
"""The agents by the name of their algorithm in :data:`agents.configuration.ALGORITHMS`."""


def label_of(algorithm: str) -> str:
    """An agent's name for people; the algorithm's own where the table has none."""
    return AGENTS[algorithm].label if algorithm in AGENTS else algorithm


@dataclass(frozen=True)
class PageEnvironment:
    """An environment id of the page and the algorithms that are trained on it."""

    env_id: str
    algorithms: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """A results page.

    Attributes:
        environments: What is trained and played.
        num_training_seeds: Training seeds of each agent; they are 0, 1, ….
        num_evaluation_seeds: Evaluation seeds, whose traces are common to all; they are 0, 1, ….
        rounds: Rounds of an evaluation episode; the scenario's by default.
        fleet_algorithms: Algorithms whose agents are also played on fleets of other sizes.
        fleet_env_ids: Environment ids of that study; all where empty.
        fleet_sizes: These sizes.
        unseen_fleets: Seeds of fleets of these sizes that no training has seen.
    """

    environments: tuple[PageEnvironment, ...]
    num_training_seeds: int = 5
    num_evaluation_seeds: int = 20
    rounds: int | None = None
    fleet_algorithms: tuple[str, ...] = ()
    fleet_env_ids: tuple[str, ...] = ()
    fleet_sizes: tuple[int, ...] = (5, 10, 20, 50, 100)
    unseen_fleets: tuple[int, ...] = ()

    @property
    def algorithms(self) -> tuple[str, ...]:
        """All algorithms of the page, each once, in order."""
        every = (name for each in self.environments for name in each.algorithms)
        return tuple(dict.fromkeys(every))

    def restricted(self, env_ids: tuple[str, ...], algorithms: tuple[str, ...]) -> "Page":
        """The part of the page that has these environment ids and algorithms; all where empty.

        Raises:
            ValueError: If the page does not have one of them.
        """
        known = tuple(each.env_id for each in self.environments)
        for option, given, allowed in (
            ("env", env_ids, known),
            ("only", algorithms, self.algorithms),
        ):
            for name in given:
                if name not in allowed:
                    raise ValueError(
                        f"{option} = {name!r} is not on the page: expected one of "
                        f"{', '.join(allowed)}"
                    )
        kept = tuple(
            PageEnvironment(
                each.env_id,
                tuple(name for name in each.algorithms if name in (algorithms or each.algorithms)),
            )
            for each in self.environments
            if each.env_id in (env_ids or known)
        )
        return replace(self, environments=kept)


PAGE = Page(
    environments=(
        PageEnvironment(
            "ASL-v0", ("ppo", "tqc", "recurrent_ppo", "ppo_lagrangian", "hybrid", "shared")
        ),
        PageEnvironment("ASLStaleCSI-v0", ("ppo", "recurrent_ppo", "shared")),
        PageEnvironment("ASLMismatch-v0", ("ppo", "shared")),
        PageEnvironment("ASLParallel-v0", ("ppo", "hybrid")),
    ),
    fleet_algorithms=("shared",),
    fleet_env_ids=("ASL-v0", "ASLStaleCSI-v0"),
    unseen_fleets=(1, 2),
)
"""The page in the repository."""
