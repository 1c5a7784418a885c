"""asl-gym: adaptive split learning under a long-term energy budget.

Importing this package registers ``ASL-v0`` with Gymnasium.
"""

from asl_gym.envs.codec import Observation
from asl_gym.envs.env import ASLEnv
from asl_gym.envs.observations import ObservationCodec
from asl_gym.envs.vector_env import ASLVectorEnv
from asl_gym.model.components import Fleet, Server, Workload
from asl_gym.model.demands import Budget, Knowledge
from asl_gym.model.kinds import PerKind
from asl_gym.model.profiles import NetworkProfile
from asl_gym.model.radio import Link, Radio
from asl_gym.model.system import System
from asl_gym.model.timing_files import read_timings
from asl_gym.model.timings import SideTimings, Timings
from asl_gym.policies.base import Policy
from asl_gym.policies.baselines import FixedSplit, GreedyDelay, GreedyEnergy, RandomPolicy
from asl_gym.policies.mismatch import CalibratedOPEN
from asl_gym.policies.open import OPEN
from asl_gym.policies.stale_csi import FilteredOPEN, KalmanOPEN
from asl_gym.registration import register_envs
from asl_gym.scenario.presets import preset, preset_names
from asl_gym.scenario.scenario import Scenario
from asl_gym.scoring.evaluation import EpisodeScore, Evaluator, evaluate
from asl_gym.scoring.frontier import HindsightFrontier, hindsight_frontier
from asl_gym.traces.columns import Columns
from asl_gym.traces.measured import MeasuredTraces
from asl_gym.traces.trace import Trace

__all__ = [
    "OPEN",
    "ASLEnv",
    "ASLVectorEnv",
    "Budget",
    "CalibratedOPEN",
    "Columns",
    "EpisodeScore",
    "Evaluator",
    "FilteredOPEN",
    "FixedSplit",
    "Fleet",
    "GreedyDelay",
    "GreedyEnergy",
    "HindsightFrontier",
    "KalmanOPEN",
    "Knowledge",
    "Link",
    "MeasuredTraces",
    "NetworkProfile",
    "Observation",
    "ObservationCodec",
    "PerKind",
    "Policy",
    "Radio",
    "RandomPolicy",
    "Scenario",
    "Server",
    "SideTimings",
    "System",
    "Timings",
    "Trace",
    "Workload",
    "evaluate",
    "hindsight_frontier",
    "preset",
    "preset_names",
    "read_timings",
    "register_envs",
]

register_envs()
