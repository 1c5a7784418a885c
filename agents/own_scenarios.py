"""Training on a scenario and traces of one's own in place of an environment id's."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

from agents.bookkeeping import sha256_of
from agents.configuration import Configuration
from asl_gym import MeasuredTraces, Scenario
from asl_gym.policies.base import scenario_of
from asl_gym.scenario.building import with_settings
from asl_gym.traces.log_options import LogOptions
from asl_gym.validation.checks import FieldError

__all__ = ["OwnScenario", "on_scenario"]


@dataclass(frozen=True)
class OwnScenario:
    """What is asked for in place of an environment id's own scenario and traces.

    Attributes:
        scenario: A preset's name or a JSON file; ``None`` for the environment id's own.
        settings: Fields of it by path, see :func:`asl_gym.with_settings`.
        traces: A directory of logs, or ``None`` for the scenario's channel model.
        log_options: How the logs are read and played.
    """

    scenario: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    traces: Path | None = None
    log_options: LogOptions = field(default_factory=LogOptions)

    def __post_init__(self) -> None:
        if self.traces is None and self.log_options != LogOptions():
            raise FieldError("traces", None, "the directory of the logs that options are for")


def on_scenario(configuration: Configuration, asked: OwnScenario) -> Configuration:
    """The configuration on another scenario and other traces, which are validated on as well.

    A budget that is given as a fraction refers to the logs where there are any, see
    :meth:`asl_gym.Scenario.with_budget_on`. Fleets beside the scenario's own are not trained on
    then, since logs are read for the devices of one.

    Raises:
        ValueError: If the scenario, a setting or the traces are not allowed; the message says what.
    """
    if asked == OwnScenario():
        return configuration
    if configuration.scenarios is not None:
        allowed = f"none, since {configuration.algorithm} is trained on random scenarios"
        raise FieldError("scenario", asked.scenario or configuration.env_id, allowed)
    scenario = _scenario(configuration, asked)
    environment: dict[str, Any] = {}
    told: dict[str, Any] = {}
    if asked.traces is not None:
        traces = _traces(scenario, asked.traces, asked.log_options)
        if scenario.budget is not None and scenario.budget.fraction is not None:
            scenario = scenario.with_budget_on(traces)
        environment["traces"] = traces
        told["trace_files"] = [[each.name, sha256_of(each)] for each in traces.files]
        told["log_options"] = {
            name: value for name, value in vars(asked.log_options).items() if value
        }
    environment["scenario"] = scenario
    told["scenario"] = scenario.to_dict()
    return replace(
        configuration,
        environment={**configuration.environment, **environment},
        fleets=configuration.fleets and (configuration.fleets if asked.traces is None else 1),
        trained_on={"name": _name(asked, told), **told},
    )


def _scenario(configuration: Configuration, asked: OwnScenario) -> Scenario:
    """The scenario as the environment id takes it, the hyperparameters' own arguments included."""
    env_id, environment = configuration.env_id, configuration.environment
    named: Any = asked.scenario or gym.spec(env_id).kwargs.get("scenario", "default")
    base = with_settings(named, asked.settings) if asked.settings else named
    return scenario_of(gym.make(env_id, **{**environment, "scenario": base}))


def _traces(scenario: Scenario, directory: Path, options: LogOptions) -> MeasuredTraces:
    if not directory.is_dir():
        raise FieldError("traces", str(directory), "a directory of logs")
    traces = MeasuredTraces(scenario, directory, **vars(options))
    # The first draw of so many rounds tells which logs are too short.
    rounds = scenario.horizon + scenario.knowledge.csi_delay_rounds
    traces.draw([np.random.default_rng(0)], rounds)
    return traces


def _name(asked: OwnScenario, told: Mapping[str, Any]) -> str:
    """A name for people, and for a folder of its own: another of anything is another name."""
    stem = Path(asked.scenario).stem if asked.scenario else "own"
    digest = hashlib.sha256(json.dumps(told, sort_keys=True, default=vars).encode())
    return f"{stem}-{digest.hexdigest()[:8]}"
