"""asl-gym: adaptive split learning under a long-term energy budget.

Importing this package registers ``ASL-v0`` with Gymnasium, and costs hardly more than importing
Gymnasium: each public name is loaded when it is first asked for.
"""

import importlib
from typing import TYPE_CHECKING, Any

from asl_gym.registration import register_envs

if TYPE_CHECKING:
    __version__: str
    from asl_gym.envs.codec import Observation
    from asl_gym.envs.env import ASLEnv
    from asl_gym.envs.observations import ObservationCodec
    from asl_gym.envs.vector_env import ASLVectorEnv
    from asl_gym.model.batteries import Batteries
    from asl_gym.model.components import Fleet, Server, Workload
    from asl_gym.model.demands import Budget, Knowledge
    from asl_gym.model.kinds import PerKind
    from asl_gym.model.options import Options
    from asl_gym.model.profiles import NetworkProfile
    from asl_gym.model.radio import Link, Radio
    from asl_gym.model.system import System
    from asl_gym.model.timing_files import read_timings
    from asl_gym.model.timings import SideTimings, Timings
    from asl_gym.policies.base import Policy, ScenarioPolicy
    from asl_gym.policies.baselines import FixedSplit, GreedyDelay, GreedyEnergy, RandomPolicy
    from asl_gym.policies.finite_horizon import HorizonOPEN, WarmStartOPEN
    from asl_gym.policies.mismatch import CalibratedOPEN
    from asl_gym.policies.open import OPEN
    from asl_gym.policies.schemes.ablation import ablation_policy
    from asl_gym.policies.schemes.ares import ARES
    from asl_gym.policies.schemes.bandit import MuLinUCB
    from asl_gym.policies.schemes.card import CARDStyle
    from asl_gym.policies.schemes.common_cut import CommonCut
    from asl_gym.policies.schemes.esfl import ESFLStyle
    from asl_gym.policies.schemes.neurosurgeon import LeastDeviceEnergy
    from asl_gym.policies.schemes.rate_thresholds import RateThresholds
    from asl_gym.policies.schemes.skip_or_split import SkipOrSplit
    from asl_gym.policies.schemes.static_cut import StaticCut
    from asl_gym.policies.stale_csi import FilteredOPEN, KalmanOPEN
    from asl_gym.scenario.building import load_scenario, with_settings
    from asl_gym.scenario.multiplier import tuned_initial_queue
    from asl_gym.scenario.presets import preset, preset_names
    from asl_gym.scenario.scenario import Scenario
    from asl_gym.scoring.episodes import EpisodeScore
    from asl_gym.scoring.evaluation import Evaluator, evaluate
    from asl_gym.scoring.frontier import HindsightFrontier, hindsight_frontier
    from asl_gym.solvers.decision import Decision
    from asl_gym.solvers.round_problem import RoundProblem
    from asl_gym.traces.columns import Columns
    from asl_gym.traces.measured import MeasuredTraces
    from asl_gym.traces.measured_harvest import MeasuredHarvest
    from asl_gym.traces.trace import Trace

__all__ = [
    "ARES",
    "OPEN",
    "ASLEnv",
    "ASLVectorEnv",
    "Batteries",
    "Budget",
    "CARDStyle",
    "CalibratedOPEN",
    "Columns",
    "CommonCut",
    "Decision",
    "ESFLStyle",
    "EpisodeScore",
    "Evaluator",
    "FilteredOPEN",
    "FixedSplit",
    "Fleet",
    "GreedyDelay",
    "GreedyEnergy",
    "HindsightFrontier",
    "HorizonOPEN",
    "KalmanOPEN",
    "Knowledge",
    "LeastDeviceEnergy",
    "Link",
    "MeasuredHarvest",
    "MeasuredTraces",
    "MuLinUCB",
    "NetworkProfile",
    "Observation",
    "ObservationCodec",
    "Options",
    "PerKind",
    "Policy",
    "Radio",
    "RandomPolicy",
    "RateThresholds",
    "RoundProblem",
    "Scenario",
    "ScenarioPolicy",
    "Server",
    "SideTimings",
    "SkipOrSplit",
    "StaticCut",
    "System",
    "Timings",
    "Trace",
    "WarmStartOPEN",
    "Workload",
    "ablation_policy",
    "evaluate",
    "hindsight_frontier",
    "load_scenario",
    "preset",
    "preset_names",
    "read_timings",
    "register_envs",
    "tuned_initial_queue",
    "with_settings",
]

_PLACES = {
    "asl_gym.envs.codec": ("Observation",),
    "asl_gym.envs.env": ("ASLEnv",),
    "asl_gym.envs.observations": ("ObservationCodec",),
    "asl_gym.envs.vector_env": ("ASLVectorEnv",),
    "asl_gym.model.batteries": ("Batteries",),
    "asl_gym.model.components": ("Fleet", "Server", "Workload"),
    "asl_gym.model.demands": ("Budget", "Knowledge"),
    "asl_gym.model.kinds": ("PerKind",),
    "asl_gym.model.options": ("Options",),
    "asl_gym.model.profiles": ("NetworkProfile",),
    "asl_gym.model.radio": ("Link", "Radio"),
    "asl_gym.model.system": ("System",),
    "asl_gym.model.timing_files": ("read_timings",),
    "asl_gym.model.timings": ("SideTimings", "Timings"),
    "asl_gym.policies.base": ("Policy", "ScenarioPolicy"),
    "asl_gym.policies.baselines": ("FixedSplit", "GreedyDelay", "GreedyEnergy", "RandomPolicy"),
    "asl_gym.policies.finite_horizon": (
        "HorizonOPEN",
        "WarmStartOPEN",
    ),
    "asl_gym.policies.mismatch": ("CalibratedOPEN",),
    "asl_gym.policies.open": ("OPEN",),
    "asl_gym.policies.schemes.ablation": ("ablation_policy",),
    "asl_gym.policies.schemes.ares": ("ARES",),
    "asl_gym.policies.schemes.bandit": ("MuLinUCB",),
    "asl_gym.policies.schemes.card": ("CARDStyle",),
    "asl_gym.policies.schemes.common_cut": ("CommonCut",),
    "asl_gym.policies.schemes.esfl": ("ESFLStyle",),
    "asl_gym.policies.schemes.neurosurgeon": ("LeastDeviceEnergy",),
    "asl_gym.policies.schemes.rate_thresholds": ("RateThresholds",),
    "asl_gym.policies.schemes.skip_or_split": ("SkipOrSplit",),
    "asl_gym.policies.schemes.static_cut": ("StaticCut",),
    "asl_gym.policies.stale_csi": ("FilteredOPEN", "KalmanOPEN"),
    "asl_gym.scenario.building": ("load_scenario", "with_settings"),
    "asl_gym.scenario.multiplier": ("tuned_initial_queue",),
    "asl_gym.scenario.presets": ("preset", "preset_names"),
    "asl_gym.scenario.scenario": ("Scenario",),
    "asl_gym.scoring.episodes": ("EpisodeScore",),
    "asl_gym.scoring.evaluation": ("Evaluator", "evaluate"),
    "asl_gym.scoring.frontier": ("HindsightFrontier", "hindsight_frontier"),
    "asl_gym.solvers.decision": ("Decision",),
    "asl_gym.solvers.round_problem": ("RoundProblem",),
    "asl_gym.traces.columns": ("Columns",),
    "asl_gym.traces.measured": ("MeasuredTraces",),
    "asl_gym.traces.measured_harvest": ("MeasuredHarvest",),
    "asl_gym.traces.trace": ("Trace",),
}
"""Modules and the public names that are loaded from them; the same as for type checkers above."""

_MODULE_OF = {name: module for module, names in _PLACES.items() for name in names}


# Hidden from type checkers, which would take a module with it to have every name.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name == "__version__":
            found = importlib.import_module("importlib.metadata").version("asl-gym")
        elif name in _MODULE_OF:
            found = getattr(importlib.import_module(_MODULE_OF[name]), name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        # The next look-up finds it without coming here.
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


register_envs()
