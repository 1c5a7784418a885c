"""What comes before the first step costs: importing, making environments, large fleets.

Everything is timed in processes of its own, since what a process has loaded or computed once it
keeps; each figure is the median of several.
"""

import os
import subprocess
import sys
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.studies.measurement import Measurement

__all__ = ["measure_setting_up"]

REPEATS = 5

IMPORT_RATIO_AIM = 1.3
MAKE_AIM_MS = 5.0
READY_AIM_S = 3.0
OPEN_AIM_MS = 20.0

BEFORE = "import gymnasium as gym, asl_gym"
MAKE = "gym.make('ASL-v0', num_devices=100)"
LARGE = "scenario = asl_gym.preset('default').with_num_devices(100_000)"
READY = f"{LARGE}; scenario.energy_budgets; gym.make('ASL-v0', scenario=scenario).reset(seed=0)"
FIRST_STEP = "env = gym.make('{}'); env.reset(seed=0); env.step(env.action_space.sample())"
FIRST_STEPS = {"ASL-v0": 6.0, "ASLParallel-v0": 15.0}
"""Seconds to a first step on a machine that has no compiled code yet, as aimed at."""

WARM_AIM_S = 2.0

POLICY = """
env = gym.make('ASL-v0', scenario=scenario.replace(horizon=2), action_view='dict')
observation, _ = env.reset(seed=0)
policy = asl_gym.OPEN(env)
policy.predict(observation)
"""


def seconds_alone(timed: str, before: str = "", compiled: str | None = None) -> float:
    """Time of a piece of code in a process of its own [s].

    Args:
        timed: The code.
        before: Code that goes before and isn't timed.
        compiled: Folder of compiled code; by default that of this process.
    """
    code = f"""
import time
{before}
start = time.perf_counter()
{timed}
print(time.perf_counter() - start)
"""
    variables = os.environ if compiled is None else os.environ | {"NUMBA_CACHE_DIR": compiled}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=variables)
    return float(done.stdout)


def measure_importing() -> Measurement:
    """Importing the package as a multiple of importing Gymnasium, the two in turns."""
    ratios = [
        seconds_alone("import asl_gym") / seconds_alone("import gymnasium") for _ in range(REPEATS)
    ]
    value = median(ratios)
    what = "import asl_gym, against import gymnasium"
    return Measurement(what, value, "times", IMPORT_RATIO_AIM, IMPORT_RATIO_AIM / value)


def measure_first_steps() -> list[Measurement]:
    """From the start of a process to the first step: without compiled code, then with it."""
    figures = []
    for env_id, aim in FIRST_STEPS.items():
        timed = f"{BEFORE}; {FIRST_STEP.format(env_id)}"
        with TemporaryDirectory() as folder:
            cold = seconds_alone(timed, compiled=folder)
            warm = median(seconds_alone(timed, compiled=folder) for _ in range(REPEATS))
        figures += [
            Measurement(f"first step of {env_id}, compiling", cold, "s", aim, aim / cold),
            Measurement(f"first step of {env_id}, compiled", warm, "s", WARM_AIM_S,
                        WARM_AIM_S / warm),
        ]  # fmt: skip
    return figures


def measure_alone(what: str, unit: str, aim: float, timed: str, before: str) -> Measurement:
    """Time of a piece of code in ``"s"`` or ``"ms"``."""
    scale = {"s": 1.0, "ms": 1e3}[unit]
    value = scale * median(seconds_alone(timed, before) for _ in range(REPEATS))
    return Measurement(what, value, unit, aim, aim / value)


def measure_setting_up() -> list[Measurement]:
    """All figures, in the order in which they are reported."""
    predict, with_policy = "policy.predict(observation)", f"{BEFORE}\n{LARGE}\n{POLICY}"
    return [
        measure_importing(),
        *measure_first_steps(),
        measure_alone("gym.make, 100 devices, the second time", "ms", MAKE_AIM_MS, MAKE,
                      f"{BEFORE}; {MAKE}"),
        measure_alone("100,000 devices: scenario, budgets, make, reset", "s", READY_AIM_S, READY,
                      BEFORE),
        measure_alone("OPEN, a round of 100,000 devices", "ms", OPEN_AIM_MS, predict, with_policy),
    ]  # fmt: skip
