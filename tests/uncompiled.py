"""A short episode of OPEN in the parallel schedule, printed to the last bit.

``python -m tests.uncompiled JOULES`` with ``NUMBA_DISABLE_JIT=1`` runs the solver as plain Python.
"""

import sys
from typing import Any

import gymnasium as gym

from asl_gym import OPEN, Budget, preset

ROUNDS = 20


def main(joules: float) -> None:
    """Prints each round's delay, energy, mean server frequency and split points."""
    budget = Budget(joules=joules, refers_to="measured traces")
    scenario = preset("parallel").replace(horizon=ROUNDS, budget=budget)
    env: Any = gym.make("ASLParallel-v0", scenario=scenario, action_view=OPEN.action_view)
    policy, ended = OPEN(env), False
    observation, _ = env.reset(seed=0)
    while not ended:
        observation, _, _, ended, info = env.step(policy.predict(observation)[0])
        figures = info["delay"], info["energy"], info["server_frequency"].mean()
        print(*(repr(float(value)) for value in figures), *info["split"])


if __name__ == "__main__":
    main(float(sys.argv[1]))
