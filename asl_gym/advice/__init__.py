"""Where to cut a network on real devices, and what it saves."""

from asl_gym.advice.advice import Advice, advise

__all__ = ["Advice", "advise"]
