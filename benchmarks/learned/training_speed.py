"""How fast each algorithm trains, and how much of that is the environment."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from rich.console import Console

from agents.bookkeeping import write_whole
from agents.catalogue import label_of
from agents.configuration import Configuration, load_configuration
from agents.training import training_env
from benchmarks.learned.page import Page
from benchmarks.reporting.formatting import at_most_three_digits, percent
from benchmarks.reporting.tables import markdown

__all__ = ["measure", "measure_missing", "section"]

FILE = "training-speed.csv"

MEASURED_SECONDS = 4.0
"""Time for which an algorithm trains at least, after a first rollout that isn't counted."""

INTRODUCTION = """\
Steps a second of one core, and the share of that time in which environments step. On the machine
that wrote this page; the shares tell more than the speeds."""


def measure(configuration: Configuration, seconds: float = MEASURED_SECONDS) -> dict[str, float]:
    """Trains for a while.

    Args:
        configuration: How.
        seconds: Least time.

    Returns:
        ``steps_per_second`` and ``environment_share`` of the time.
    """
    torch.set_num_threads(1)
    env = training_env(configuration)
    arguments = configuration.model_arguments(env.action_space)
    model: Any = configuration.algorithm_class(env=env, seed=0, device="cpu", **arguments)
    rollout = int(model.n_steps) * configuration.num_envs
    model.learn(rollout)
    steps, began = 0, time.perf_counter()
    with _timed(env) as spent:
        while time.perf_counter() - began < seconds:
            model.learn(rollout, reset_num_timesteps=False)
            steps += rollout
        elapsed = time.perf_counter() - began
    env.close()
    return {"steps_per_second": steps / elapsed, "environment_share": spent[0] / elapsed}


@contextmanager
def _timed(env: Any) -> Iterator[list[float]]:
    """Adds up the seconds that an environment's steps take."""
    spent, step = [0.0], env.step

    def timed(actions: Any) -> Any:
        began = time.perf_counter()
        result = step(actions)
        spent[0] += time.perf_counter() - began
        return result

    env.step = timed
    try:
        yield spent
    finally:
        env.step = step


def measure_missing(page: Page, out: Path, console: Console) -> None:
    """Measures every algorithm of a page once, on the first environment id that trains it."""
    path = out / FILE
    lines: list[dict[Any, Any]] = pd.read_csv(path).to_dict("records") if path.exists() else []
    measured = {line["algorithm"] for line in lines}
    for environment in page.environments:
        for algorithm in environment.algorithms:
            if algorithm in measured or algorithm in environment.carried:
                continue
            console.print(f"Training speed: {label_of(algorithm)} on {environment.env_id}")
            configuration = load_configuration(algorithm, environment.env_id)
            found = measure(replace(configuration, linear_learning_rate_decay=False))
            lines.append({"algorithm": algorithm, "env_id": environment.env_id, **found})
            measured.add(algorithm)
    out.mkdir(parents=True, exist_ok=True)
    write_whole(path, pd.DataFrame(lines).to_csv(index=False).encode())


def section(out: Path) -> list[str]:
    """The page's section; nothing where nothing was measured."""
    path = out / FILE
    if not path.exists():
        return []
    shown = [
        {
            "Policy": label_of(line["algorithm"]),
            "Environment": line["env_id"],
            "Steps/s": at_most_three_digits(line["steps_per_second"]),
            "Environment's share [%]": percent(line["environment_share"]),
        }
        for line in pd.read_csv(path).to_dict("records")
    ]
    return ["## Training speed", INTRODUCTION, markdown(pd.DataFrame(shown))]
