"""What a benchmark plays: environment, scenario, seeds, and measured logs where there are any."""

import os
import re
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypedDict, Unpack

import gymnasium as gym
import numpy as np

from agents.bookkeeping import sha256_of
from asl_gym import Budget, Evaluator, Scenario, with_settings
from asl_gym.policies.base import scenario_of
from asl_gym.scenario.scenario import REFERENCE_SEEDS
from asl_gym.traces.columns import Columns
from asl_gym.traces.gnettrack import RATE_SOURCE
from asl_gym.traces.harvest_log import HarvestColumns
from asl_gym.traces.measured import MeasuredTraces
from asl_gym.traces.measured_harvest import MeasuredHarvest
from asl_gym.validation.checks import whole_number
from benchmarks.errors import BenchmarkError

__all__ = ["Configuration"]

LONGEST_SETTING = 40
"""Characters of a setting in a scenario's name."""


class LogOptions(TypedDict, total=False):
    """Options of :class:`asl_gym.traces.measured.MeasuredTraces` beside the rounds' duration."""

    rates: str | None
    columns: Columns | None
    stitch: bool


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
        log_options: How else the logs are read and played, as plain data.
        harvest: Measured harvests, or ``None`` for those by the weather's law.
        harvest_told: Their file's SHA-256 and how it is read, as plain data.
        notes: What readers of the results must know of it.
    """

    env_id: str
    scenario_name: str
    scenario: Scenario
    num_seeds: int
    traces: MeasuredTraces | None = None
    trace_files: tuple[tuple[str, str], ...] = ()
    seconds_per_round: float | None = None
    log_options: dict[str, Any] = field(default_factory=dict)
    harvest: MeasuredHarvest | None = None
    harvest_told: dict[str, Any] = field(default_factory=dict)
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
        settings: Mapping[str, Any] | None = None,
    ) -> "Configuration":
        """Builds it from what a user names.

        Args:
            env_id: A registered environment's id.
            scenario: A preset's name or a JSON file; the environment id's own by default.
            rounds: Rounds of an episode; the scenario's horizon by default.
            num_seeds: Number of evaluation seeds.
            num_devices: Fleet size; the scenario's by default.
            budget_fraction: The energy budget as a fraction; the scenario's budget by default.
            settings: Fields of the scenario by path, see :func:`asl_gym.with_settings`.

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
            base = with_settings(named, settings) if settings else named
            env = gym.make(env_id, scenario=base, num_devices=num_devices, horizon=rounds)
            built = scenario_of(env)
        except (TypeError, gym.error.Error) as error:
            raise BenchmarkError(refusal) from error
        if budget_fraction is not None:
            budget = Budget(built.energy_limit.scope, fraction=budget_fraction)
            built = built.replace(budget=budget)
        name = Path(named).stem if named.endswith(".json") else named
        return cls(
            env_id, "+".join([name, *map(_brief, (settings or {}).items())]), built, num_seeds
        )

    def with_measured_logs(
        self, trace_dir: Path, seconds_per_round: float | None = None, **options: Unpack[LogOptions]
    ) -> "Configuration":
        """Returns the configuration played on measured logs.

        A budget given as a fraction refers to the logs, see
        :meth:`asl_gym.Scenario.with_budget_on`.

        Args:
            trace_dir: The directory of logs, see :func:`asl_gym.traces.files.trace_files`.
            seconds_per_round: See :class:`asl_gym.traces.measured.MeasuredTraces`.
            **options: Its other options, likewise.

        Raises:
            BenchmarkError: If there is no such directory.
            FieldError: If an option is not allowed.
            TextFileError: If a log cannot be read or all are too short.
        """
        if not os.path.isdir(trace_dir):
            raise BenchmarkError(f"trace-dir = {str(trace_dir)!r} is no directory")
        scenario, rounds = self.scenario, self.scenario.horizon
        with warnings.catch_warnings(record=True) as notices:
            warnings.simplefilter("always")
            traces = MeasuredTraces(scenario, trace_dir, seconds_per_round, **options)
            rounds += scenario.knowledge.csi_delay_rounds
            # The first draw of so many rounds tells which logs are too short.
            traces.draw([np.random.default_rng(0)], rounds)
            budget = scenario.budget
            if budget is not None and budget.fraction is not None:
                scenario = scenario.with_budget_on(traces)
        described = traces.describe(rounds).replace("\n", "\n  - ")
        told = dict.fromkeys(str(each.message) for each in notices)
        notes = [f"Measured logs: {described}", *told]
        if budget is not None and budget.fraction is not None:
            notes.append(
                f"The budget's fraction {budget.fraction:g} refers to the logs: "
                f"{scenario.energy_budget:.4g} J a round, the mean over {len(REFERENCE_SEEDS)} "
                "draws from them."
            )
        return replace(
            self,
            scenario=scenario,
            traces=traces,
            trace_files=tuple((path.name, sha256_of(path)) for path in traces.files),
            seconds_per_round=seconds_per_round,
            log_options=_plain(options),
            notes=(*self.notes, *notes),
        )

    def with_measured_harvest(self, path: Path, columns: HarvestColumns) -> "Configuration":
        """Returns the configuration played on measured harvests.

        Args:
            path: The file, see :meth:`asl_gym.MeasuredHarvest.from_csv`.
            columns: How it is read.

        Raises:
            FieldError: If devices have no batteries, or skies are to be shown.
            TextFileError: If the file cannot be read or has too few days.
        """
        with warnings.catch_warnings(record=True) as notices:
            warnings.simplefilter("always")
            harvest = MeasuredHarvest.from_csv(path, **asdict(columns))
            played = replace(
                self,
                harvest=harvest,
                harvest_told={
                    "harvest_file": [path.name, sha256_of(path)],
                    "harvest_columns": asdict(columns),
                },
            )
            batteries = played.evaluator.scenario.batteries
        assert batteries is not None
        note = f"Measured harvest: {harvest.describe(batteries.rounds_per_day)}"
        told = (str(each.message) for each in notices)
        return replace(played, notes=(*self.notes, note, *told))

    def __getstate__(self) -> dict[str, Any]:
        # An evaluation is made anew where the configuration goes, and with it its frontiers.
        return {name: value for name, value in vars(self).items() if name != "evaluator"}

    @property
    def seeds(self) -> range:
        """The evaluation seeds."""
        return range(self.num_seeds)

    @cached_property
    def evaluator(self) -> Evaluator:
        """The evaluation that plays it."""
        sources = {"traces": self.traces, "harvest": self.harvest}
        return Evaluator(self.env_id, scenario=self.scenario, **sources)

    def as_dict(self) -> dict[str, Any]:
        """All that decides the rows, as plain data."""
        return {
            "env_id": self.env_id,
            "scenario_name": self.scenario_name,
            "seeds": list(self.seeds),
            "trace_files": [list(file) for file in self.trace_files],
            "seconds_per_round": self.seconds_per_round,
            **self.log_options,
            **self.harvest_told,
            "scenario": self.scenario.to_dict(),
        }


def _brief(setting: tuple[str, Any]) -> str:
    """A setting as part of a scenario's name, which is part of a folder's."""
    path, value = setting
    shown = f"{value:g}" if isinstance(value, float) else value
    return re.sub(r"[^\w.=-]+", "_", f"{path}={shown}")[:LONGEST_SETTING]


def _plain(options: LogOptions) -> dict[str, Any]:
    """The options that are not at their defaults, as plain data."""
    columns = options.get("columns")
    plain = {**options, "columns": None if columns is None else asdict(columns)}
    return {name: value for name, value in plain.items() if value not in (None, False, RATE_SOURCE)}
