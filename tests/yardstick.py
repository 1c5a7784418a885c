"""What changes of the code must leave as it is: decisions, costs and scores on fixed seeds.

``python -m tests.yardstick record FILE`` plays every environment id and preset with OPEN, its
versions and the shipped agents, and devices on batteries by rules. ``python -m tests.yardstick
compare FILE`` plays them again and compares bit for bit, which holds on one machine only: bits
differ between processors. ``python -m tests.yardstick keep`` writes what
``tests/test_yardstick.py`` compares with on any machine, and is for changes that are meant to
change decisions, such as new random streams.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from asl_gym import OPEN, Evaluator, preset
from asl_gym.scoring.episodes import EpisodeScore, EpisodeSeries, series_of
from asl_gym.scoring.fitting import build_policy, observation_view_of, view_of
from benchmarks.playing.suite import Entry, build_suite

__all__ = ["KEPT", "TOLERANCE", "differences", "kept", "whole"]

Arrays = dict[str, NDArray[Any]]

KEPT = Path(__file__).parent / "data" / "yardstick.npz"
TOLERANCE = 1e-9
"""Relative difference of figures that may lie between two kinds of processors."""

SEEDS = range(3)
ROUNDS = 200
CASES = {
    "ASL-v0": ("default", "ergodic", "no-fading", "per-device-budgets", "lenet5"),
    "ASLStaleCSI-v0": ("stale-csi",),
    "ASLMismatch-v0": ("mismatch",),
    "ASLParallel-v0": ("parallel",),
    "ASLHarvest-v0": ("harvest",),
}
"""The presets that each environment id is played with, all that there are."""

UNCOMPILED = "uncompiled/ASLParallel-v0"
SERIES = ("split", "server_frequency", "delay", "energies", "energy", "queue")
SCORES = ("mean_delay_s", "mean_energy_j", "frontier_delay_s", "frontier_gap", "priced_gap")
CHARGES = ("battery", "harvest", "wait", "end_charge")
SCORES_ON_BATTERIES = (
    *("mean_delay_s", "mean_energy_j", "bound_s", "gap"),
    *("mean_wait_s", "end_charge_s", "final_charge"),
)
RULES = ("harvest-drift", "ration", "myopic")
"""The policies that play on batteries."""

KEPT_PARTS = ("split", "mean_server_frequency", "mean_battery", "delay", "energy", "scores")


def record(together: bool) -> Iterator[tuple[str, Arrays]]:
    """Plays all cases.

    Args:
        together: Whether the seeds are played side by side in a vector environment.

    Yields:
        A name and the arrays of an episode: those of its series, and ``scores``.
    """
    for env_id, presets in CASES.items():
        for name in presets:
            evaluator = Evaluator(env_id, scenario=name, horizon=ROUNDS)
            for entry in _entries(evaluator):
                case = f"{env_id}/{name}/{entry.name}"
                if together:
                    played = _side_by_side(evaluator, entry)
                else:
                    played = [each for _, each in evaluator.evaluate(entry.policy, SEEDS)]
                for seed, series in zip(SEEDS, played, strict=True):
                    scored = not together or evaluator.scenario.num_budgets <= 1 or seed == 0
                    score = evaluator.score(series, entry.name, seed) if scored else None
                    yield f"{case}/{seed}", _arrays(series, score)
    yield UNCOMPILED, uncompiled()


def _entries(evaluator: Evaluator) -> Iterator[Entry]:
    if evaluator.scenario.batteries is not None:
        yield from build_suite(evaluator, agents=False, only=RULES).entries
        return
    for entry in build_suite(evaluator).entries:
        is_version = isinstance(entry.policy, type) and issubclass(entry.policy, OPEN)
        if is_version or entry.kind == "agent":
            yield entry


def _side_by_side(evaluator: Evaluator, entry: Entry) -> list[EpisodeSeries]:
    """Plays the seeds in one vector environment, whose row i is the environment of seed i."""
    scenario = evaluator.scenario
    policy = build_policy(entry.policy, evaluator.make_env())
    envs = gym.make_vec(
        evaluator.env_id,
        len(SEEDS),
        scenario=scenario,
        action_view=view_of(policy, scenario),
        observation=observation_view_of(policy, scenario),
    )
    observation, _ = envs.reset(seed=SEEDS[0])
    state, start = None, np.ones(len(SEEDS), dtype=bool)
    rounds: list[dict[str, Any]] = []
    for _ in range(ROUNDS):
        action, state = policy.predict(observation, state, start, deterministic=True)
        observation, *_, info = envs.step(action)
        start = np.zeros(len(SEEDS), dtype=bool)
        rounds.append({name: info[name] for name in info if not name.startswith("_")})
    rows = ([{name: info[name][row] for name in info} for info in rounds] for row in SEEDS)
    return [series_of(row, np.zeros(ROUNDS), scenario.num_budgets) for row in rows]


def _arrays(series: EpisodeSeries, score: EpisodeScore | None) -> Arrays:
    arrays = {name: getattr(series, name) for name in SERIES}
    arrays["split"] = arrays["split"].astype(np.uint8)
    arrays["mean_server_frequency"] = series.server_frequency.mean(axis=1)
    if series.battery is not None:
        arrays |= {name: getattr(series, name) for name in CHARGES}
        arrays["mean_battery"] = series.battery.mean(axis=1)
    if score is not None:
        names = SCORES_ON_BATTERIES if score.on_batteries else SCORES
        arrays["scores"] = np.array([getattr(score, name) for name in names])
    return arrays


def uncompiled() -> Arrays:
    """A short episode of OPEN in the parallel schedule whose solver runs as plain Python."""
    # The budget is handed over, as plain Python would take long to find it.
    joules = repr(preset("parallel").energy_budget)
    command = [sys.executable, "-m", "tests.uncompiled", joules]
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    rows = np.array([line.split() for line in done.stdout.decode().splitlines()], dtype=float)
    delay, energy, frequency = rows[:, :3].T
    names = ("delay", "energy", "mean_server_frequency")
    split = rows[:, 3:].astype(np.uint8)
    return {"split": split, **dict(zip(names, (delay, energy, frequency), strict=True))}


def differences(kept: Arrays, now: Arrays, tolerance: float = 0.0) -> Iterator[str]:
    """What differs between two records, in words.

    Args:
        kept: The older record.
        now: The newer one.
        tolerance: Relative difference of floats that is allowed; 0 compares bits.
    """
    for name in sorted(kept.keys() ^ now.keys()):
        yield f"{name} is in one record alone"
    for name in sorted(kept.keys() & now.keys()):
        old, new = kept[name], now[name]
        if old.dtype != new.dtype or old.shape != new.shape:
            yield f"{name} is {old.dtype}{old.shape} there and {new.dtype}{new.shape} now"
        elif tolerance and old.dtype.kind == "f":
            if not np.allclose(old, new, rtol=tolerance, atol=tolerance, equal_nan=True):
                yield f"{name} differs by up to {np.nanmax(np.abs(old - new)):.3g}"
        elif old.tobytes() != new.tobytes():
            yield f"{name} differs in {np.count_nonzero(old != new)} of {old.size} entries"


def kept() -> Arrays:
    """What is compared on any machine, as the code has it now."""
    recorded: Arrays = {}
    for name, arrays in record(together=True):
        for part in KEPT_PARTS:
            if part in arrays:
                recorded[f"{name}/{part}"] = arrays[part]
    return recorded


def whole() -> Arrays:
    """What is compared bit for bit, as the code has it now."""
    return {
        f"{name}/{part}": values
        for name, arrays in record(together=False)
        for part, values in arrays.items()
    }


def main(arguments: list[str]) -> str | None:
    """Runs a command; returns what is wrong."""
    match arguments:
        case ["keep"]:
            np.savez_compressed(KEPT, **kept())  # type: ignore[arg-type]
        case ["record", file]:
            np.savez_compressed(file, **whole())  # type: ignore[arg-type]
        case ["compare", file]:
            with np.load(file) as archive:
                found = [*differences(dict(archive), whole())]
            if found:
                return "\n".join([*found, f"{len(found)} arrays differ"])
            print("equal to the last bit")
        case _:
            return __doc__
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
