"""What a benchmark plays: environment, scenario, seeds, and measured logs where there are any."""

import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import gymnasium as gym

from agents.bookkeeping import sha256_of
from asl_gym import Budget, Evaluator, Scenario
from asl_gym.policies.base import scenario_of
from asl_gym.scenario.scenario import REFERENCE_SEEDS
from asl_gym.traces.measured import MeasuredTraces
from asl_gym.validation import whole_number
from benchmarks.errors import BenchmarkError

__all__ = ["Configuration"]


@dataclass(frozen=True)
class Configuration:
    """What decides the rows of a run, but for the policies.

    Attributes:
        env_id: The environment's id.
        scenario_name: The scenario's name, for people.
        scenario: The scenario.
        num_seeds: Number of evaluation seeds; they are 0, 1, ….
        traces: Measured logs, or ``None`` for the scenario's own channel model.
        trace_files: Names and SHA-256 of the logs.
        seconds_per_round: Duration of a round in the logs [s]; ``None`` makes each row a round.
        notes: What readers of the results must know of it.
    """

    env_id: str
    scenario_name: str
    scenario: Scenario
    num_seeds: int
    traces: MeasuredTraces | None = None
    trace_files: tuple[tuple[str, str], ...] = ()
    seconds_per_round: float | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def build(
        cls,
        env_id: str = "ASL-v0",
        scenario: str | None = None,
        rounds: int | None = None,
        num_seeds: int = 20,
        num_devices: int | None = None,
        budget_fraction: float | None = None,
    ) -> "Configuration":
        """Builds it from what a user names.

        Args:
            env_id: A registered environment's id.
            scenario: A preset's name or a JSON file; the environment id's own by default.
            rounds: Rounds of an episode; the scenario's horizon by default.
            num_seeds: Number of evaluation seeds.
            num_devices: Fleet size; the scenario's by default.
            budget_fraction: The energy budget as a fraction; the scenario's budget by default.

        Raises:
            BenchmarkError: If there is no environment of this project by that id.
            FieldError: If another argument is not allowed.
        """
        known = ", ".join(name for name in gym.registry if name.startswith("ASL"))
        refusal = f"env = {env_id!r} is not allowed: expected one of {known}"
        if env_id not in gym.registry:
            raise BenchmarkError(refusal)
        whole_number("seeds", num_seeds, 1)
        named = scenario or gym.spec(env_id).kwargs.get("scenario", "default")
        try:
            env = gym.make(env_id, scenario=named, num_devices=num_devices, horizon=rounds)
            built = scenario_of(env)
        except (TypeError, gym.error.Error) as error:
            raise BenchmarkError(refusal) from error
        if budget_fraction is not None:
            budget = Budget(built.budget.scope, fraction=budget_fraction)
            built = built.replace(budget=budget)
        name = Path(named).stem if named.endswith(".json") else named
        return cls(env_id, name, built, num_seeds)

    def with_measured_logs(
        self, trace_dir: Path, seconds_per_round: float | None = None
    ) -> "Configuration":
        """Returns the configuration played on measured logs.

        A budget given as a fraction refers to the logs, see
        :meth:`asl_gym.Scenario.with_budget_on`.

        Args:
            trace_dir: The directory of ``*.csv`` logs.
            seconds_per_round: See :class:`asl_gym.traces.measured.MeasuredTraces`.

        Raises:
            BenchmarkError: If there is no such directory.
            TraceFileError: If a log cannot be read or is too short.
        """
        if not trace_dir.is_dir():
            raise BenchmarkError(f"trace-dir = {str(trace_dir)!r} is no directory")
        with warnings.catch_warnings(record=True) as notices:
            warnings.simplefilter("always")
            traces = MeasuredTraces(self.scenario, trace_dir, seconds_per_round)
        described = traces.describe().replace("\n", "\n  - ")
        notes = [f"Measured logs: {described}", *(str(each.message) for each in notices)]
        scenario = self.scenario
        if scenario.budget.fraction is not None:
            scenario = scenario.with_budget_on(traces)
            notes.append(
                f"The budget's fraction {self.scenario.budget.fraction:g} refers to the logs: "
                f"{scenario.energy_budget:.4g} J a round, the mean over {len(REFERENCE_SEEDS)} "
                "draws from them."
            )
        files = sorted(trace_dir.glob("*.csv"))
        return replace(
            self,
            scenario=scenario,
            traces=traces,
            trace_files=tuple((path.name, sha256_of(path)) for path in files),
            seconds_per_round=seconds_per_round,
            notes=tuple(notes),
        )

    @property
    def seeds(self) -> range:
        """The evaluation seeds."""
        return range(self.num_seeds)

    @cached_property
    def evaluator(self) -> Evaluator:
        """The evaluation that plays it."""
        return Evaluator(self.env_id, scenario=self.scenario, traces=self.traces)

    def as_dict(self) -> dict[str, Any]:
        """All that decides the rows, as plain data."""
        return {
            "env_id": self.env_id,
            "scenario_name": self.scenario_name,
            "seeds": list(self.seeds),
            "trace_files": [list(file) for file in self.trace_files],
            "seconds_per_round": self.seconds_per_round,
            "scenario": self.scenario.to_dict(),
        }
