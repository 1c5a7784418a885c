"""Policies: the protocol, OPEN, the existing split-learning schemes and simple baselines."""

from asl_gym.policies.base import Policy, ScenarioPolicy, scenario_of
from asl_gym.policies.baselines import FixedSplit, GreedyDelay, GreedyEnergy, RandomPolicy
from asl_gym.policies.mismatch import CalibratedOPEN, FilteredOPEN
from asl_gym.policies.open import OPEN, WeightedPolicy
from asl_gym.policies.stale_csi import KalmanOPEN

__all__ = [
    "OPEN",
    "CalibratedOPEN",
    "FilteredOPEN",
    "FixedSplit",
    "GreedyDelay",
    "GreedyEnergy",
    "KalmanOPEN",
    "Policy",
    "RandomPolicy",
    "ScenarioPolicy",
    "WeightedPolicy",
    "scenario_of",
]
