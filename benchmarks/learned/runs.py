"""The training runs of a page: what each is, and how far it has got."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.catalogue import label_of
from agents.checkpoints import has_checkpoint
from agents.configuration import Configuration, load_configuration
from agents.description import changes_since, check_configuration, read_description
from agents.errors import RunError
from agents.runs import read_curve, run_folder
from benchmarks.errors import BenchmarkError
from benchmarks.learned.page import Page, PageEnvironment

__all__ = ["Run", "played_on", "runs_of"]


@dataclass(frozen=True, eq=False)
class Run:
    """An agent trained with one training seed; compared by identity, as configurations are long.

    Attributes:
        configuration: How it is trained.
        seed: Training seed.
        root: Folder of all runs.
    """

    configuration: Configuration
    seed: int
    root: Path

    @property
    def algorithm(self) -> str:
        """The algorithm's name."""
        return self.configuration.algorithm

    @property
    def name(self) -> str:
        """Its name among the policies of its environment id."""
        return f"{self.algorithm}-seed-{self.seed}"

    @property
    def label(self) -> str:
        """Its name for people."""
        return f"{label_of(self.algorithm)}, seed {self.seed}"

    @property
    def folder(self) -> Path:
        """Its folder."""
        return run_folder(self.root, self.configuration, self.seed)

    @property
    def model_path(self) -> Path:
        """Where its trained model is or will be."""
        return self.folder / "model.zip"

    @property
    def description(self) -> dict[str, Any]:
        """What its ``run.json`` holds.

        Raises:
            BenchmarkError: If it cannot be read.
        """
        with _faults_told():
            return read_description(self.folder)

    @property
    def curve(self) -> list[dict[str, str]]:
        """The rows of its learning curve.

        Raises:
            BenchmarkError: If it cannot be read.
        """
        with _faults_told():
            return read_curve(self.folder / "curve.csv")

    @property
    def changes(self) -> list[str]:
        """How its training goes on otherwise than it began, none where it begins.

        Raises:
            BenchmarkError: If its ``run.json`` cannot be read.
        """
        with _faults_told():
            if not has_checkpoint(self.folder):
                return []
            return changes_since(self.folder, self.configuration.total_steps)

    @property
    def steps(self) -> int:
        """Steps up to its last validation."""
        return int(self.curve[-1]["steps"]) if self.curve else 0

    @property
    def has_ended(self) -> bool:
        """Whether it was trained to the end.

        Raises:
            BenchmarkError: If what is there was trained with another configuration, or cannot be
                read.
        """
        if not self.model_path.exists():
            return False
        with _faults_told():
            check_configuration(self.configuration, self.folder)
        return int(self.description.get("steps", 0)) >= self.configuration.total_steps


@contextmanager
def _faults_told() -> Iterator[None]:
    """A run's fault as one of the command's input."""
    try:
        yield
    except RunError as error:
        raise BenchmarkError(f"{error} (runs are in --runs)") from error


def runs_of(page: Page, root: Path) -> list[Run]:
    """The runs of a page, each once: all with the first training seed, then with the next."""
    trained = dict.fromkeys(
        (algorithm, environment.trained_on(algorithm))
        for environment in page.environments
        for algorithm in environment.algorithms
    )
    return [
        Run(load_configuration(algorithm, env_id), seed, root)
        for seed in range(page.num_training_seeds)
        for algorithm, env_id in trained
    ]


def played_on(environment: PageEnvironment, runs: Sequence[Run]) -> list[Run]:
    """The runs whose agents are played on an environment id of the page."""
    return [
        run
        for run in runs
        if run.algorithm in environment.algorithms
        and run.configuration.env_id == environment.trained_on(run.algorithm)
    ]
