"""What is on the results page of the learned agents, as data: environments, agents, seeds."""

from dataclasses import dataclass, replace
from pathlib import Path

__all__ = ["PAGE", "PAGE_PATH", "Page", "PageEnvironment"]

PAGE_PATH = Path(__file__).parents[2] / "agents" / "RESULTS.md"
"""The page in the repository."""

TRAINED_FOR_ALL = "ASL-v0"
"""The environment id in whose name an agent is trained that plays others as well."""


@dataclass(frozen=True)
class PageEnvironment:
    """An environment id of the page and what is played on it.

    Attributes:
        env_id: The environment's id.
        algorithms: Algorithms whose agents are played on it.
        carried: Those of them that are trained on :data:`TRAINED_FOR_ALL` rather than on it.
    """

    env_id: str
    algorithms: tuple[str, ...]
    carried: tuple[str, ...] = ()

    def trained_on(self, algorithm: str) -> str:
        """The environment id that an algorithm is trained on."""
        return TRAINED_FOR_ALL if algorithm in self.carried else self.env_id


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
        has_transfer: Whether the protocol of transfer is played, see
            :mod:`benchmarks.learned.transfer`.
    """

    environments: tuple[PageEnvironment, ...]
    num_training_seeds: int = 5
    num_evaluation_seeds: int = 20
    rounds: int | None = None
    fleet_algorithms: tuple[str, ...] = ()
    fleet_env_ids: tuple[str, ...] = ()
    fleet_sizes: tuple[int, ...] = (5, 10, 20, 50, 100)
    unseen_fleets: tuple[int, ...] = ()
    has_transfer: bool = False

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
            replace(
                each,
                algorithms=tuple(
                    name for name in each.algorithms if name in (algorithms or each.algorithms)
                ),
            )
            for each in self.environments
            if each.env_id in (env_ids or known)
        )
        return replace(self, environments=kept)


PAGE = Page(
    environments=(
        PageEnvironment(
            "ASL-v0",
            (
                "ppo",
                "ppo_lagrangian",
                "device_ppo",
                "hybrid",
                "shared",
                "generalist",
            ),
        ),
        PageEnvironment(
            "ASLStaleCSI-v0",
            ("ppo", "recurrent_ppo", "device_ppo", "shared", "generalist"),
            carried=("generalist",),
        ),
        PageEnvironment(
            "ASLMismatch-v0", ("ppo", "device_ppo", "shared", "generalist"), carried=("generalist",)
        ),
        PageEnvironment("ASLParallel-v0", ("ppo", "device_ppo", "hybrid")),
        PageEnvironment("ASLHarvest-v0", ("price_network", "device_ppo")),
    ),
    fleet_algorithms=("shared", "device_ppo", "price_network"),
    fleet_env_ids=("ASL-v0", "ASLStaleCSI-v0", "ASLHarvest-v0"),
    unseen_fleets=(1,),
    has_transfer=True,
)
"""The page in the repository."""
