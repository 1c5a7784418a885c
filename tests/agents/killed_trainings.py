"""Whether trainings that are killed end with the weights of those that are not.

``python -m tests.agents.killed_trainings [ALGORITHM …]`` trains each algorithm with its shipped
hyperparameters, on fewer and shorter environments, once undisturbed and once in processes that are
killed at random moments, ten times. It prints a line for each algorithm and ends with code 1 where
learned states differ in a bit. All of it takes about a quarter of an hour.
"""

import dataclasses
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from agents.configuration import ALGORITHMS, Configuration, load_configuration
from agents.description import read_description
from agents.runs import read_curve, run_folder
from tests.agents.agent_samples import home_of, learned_state, same

KILLS = 10
NUM_ENVS, HORIZON, EPISODES = 16, 50, 14
SIZED = ("batch_size", "buffer_size", "learning_starts")
"""Hyperparameters that are in proportion to the number of environments."""


def scaled(algorithm: str, env_id: str) -> Configuration:
    """The shipped configuration with fewer environments, a short horizon and often a checkpoint."""
    shipped = load_configuration(algorithm, env_id)
    model = {
        name: value * NUM_ENVS // shipped.num_envs if name in SIZED else value
        for name, value in shipped.model.items()
    }
    steps = NUM_ENVS * HORIZON
    return dataclasses.replace(
        shipped,
        num_envs=NUM_ENVS,
        total_steps=EPISODES * steps,
        validate_every=steps,
        environment={**shipped.environment, "horizon": HORIZON},
        model=model,
    )


class Ended(NamedTuple):
    """How a training's process ended: its code, and its seconds in all and before it trained."""

    code: int
    seconds: float
    seconds_before: float


def start(algorithm: str, root: Path, kill_after: tuple[str, float] | None = None) -> Ended:
    """Trains in a process of its own, killed so long after its start or its training's start."""
    command = [sys.executable, "-m", "tests.agents.killed_trainings", "train", algorithm]
    began = time.monotonic()
    with subprocess.Popen(
        [*command, "--runs", str(root)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        if kill_after is not None and kill_after[0] == "start":
            time.sleep(kill_after[1])
            process.kill()
        process.stderr.read(1)  # Of the progress bar.
        before = time.monotonic() - began
        if kill_after is not None and kill_after[0] == "training":
            time.sleep(kill_after[1])
            process.kill()
        said = process.stderr.read()
        process.wait()
    if process.returncode not in (0, -signal.SIGKILL):
        raise SystemExit(f"{algorithm}: ended with code {process.returncode}: {said.decode()}")
    return Ended(process.returncode, time.monotonic() - began, before)


def compare(algorithm: str, root: Path, rng: random.Random) -> bool:
    """Trains undisturbed and killed, prints how it went; whether learned states are equal."""
    configuration = scaled(algorithm, home_of(algorithm))
    undisturbed = start(algorithm, root / "undisturbed")
    # So that a training that is killed gets on by about a checkpoint each time.
    window = 1.6 * (undisturbed.seconds - undisturbed.seconds_before) / EPISODES
    kills, where = 0, []
    folder = run_folder(root / "killed", configuration, 0)
    while True:
        early = rng.random() < 0.1
        seconds = rng.uniform(0.0, undisturbed.seconds_before if early else window)
        kill = ("start" if early else "training", seconds) if kills < KILLS else None
        if start(algorithm, root / "killed", kill).code == 0:
            break
        kills += 1
        told = (folder / "run.json").exists()
        where.append(read_description(folder)["written_by"][-1]["to_steps"] if told else 0)
    folders = [run_folder(root / name, configuration, 0) for name in ("undisturbed", "killed")]
    states = [learned_state(each / "model.zip", algorithm) for each in folders]
    curves = [read_curve(each / "curve.csv") for each in folders]
    equal = same(*states) and curves[0] == curves[1]
    values = sum(tensor.numel() for _, tensor in states[0])
    print(
        f"{algorithm}: {'equal' if equal else 'DIFFERENT'} in {values:,} numbers and "
        f"{len(curves[0])} rows of the curve after {kills} kills of {configuration.total_steps:,} "
        f"steps, with checkpoints at {where}",
        flush=True,
    )
    return equal


def main(algorithms: list[str]) -> int:
    """Compares all algorithms; 1 where one differs."""
    rng = random.Random(0)
    root = Path(tempfile.mkdtemp())
    try:
        equal = [compare(each, root / each, rng) for each in algorithms or ALGORITHMS]
    finally:
        shutil.rmtree(root)
    return int(not all(equal))


def train(arguments: list[str]) -> None:
    """``python -m agents train``, with the scaled configuration."""
    import agents.command

    agents.command.load_configuration = lambda *given: scaled(*given[:2])  # type: ignore[attr-defined]
    agents.command.app(["train", *arguments])


if __name__ == "__main__":
    if sys.argv[1:2] == ["train"]:
        train(sys.argv[2:])
    sys.exit(main(sys.argv[1:]))
