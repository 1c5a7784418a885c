"""Policies: the protocol, OPEN, the existing split-learning schemes and simple baselines."""

from asl_gym.policies.base import Policy, ScenarioPolicy, scenario_of
from asl_gym.policies.baselines import FixedSplit, GreedyDelay, GreedyEnergy, RandomPolicy
from asl_gym.policies.channel_law import KalmanOPEN
from asl_gym.policies.drift_plus_penalty import OPEN, WeightedPolicy
from asl_gym.policies.imperfect_knowledge import CalibratedOPEN, FilteredOPEN

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
