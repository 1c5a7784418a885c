"""A hybrid of learning and optimisation in the manner of LyDROO.

A network proposes candidate splits, the solver's upper layer prices each of them exactly.
"""

from agents.hybrid.algorithm import Hybrid
from agents.hybrid.policy import HybridPolicy

__all__ = ["Hybrid", "HybridPolicy"]
