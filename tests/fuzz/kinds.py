"""The kinds of inputs: how each is mutated, handed over and played, and how it may be refused."""

import dataclasses
import json
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from rich.console import Console

from asl_gym import NetworkProfile, Scenario, evaluate, preset, read_timings
from asl_gym.envs.env import ASLEnv
from asl_gym.envs.vector_env import ASLVectorEnv
from asl_gym.policies.baselines import FixedSplit
from asl_gym.policies.open import OPEN
from asl_gym.scenario.building import load_scenario
from asl_gym.traces.measured import MeasuredTraces
from asl_gym.validation.checks import FieldError
from asl_gym.validation.csv_rows import TextFileError
from benchmarks.errors import BenchmarkError
from benchmarks.jobs.processes import Processes
from benchmarks.playing.configuration import Configuration
from benchmarks.playing.run_folder import RunFolder
from benchmarks.playing.runner import run_suite
from benchmarks.playing.suite import build_suite
from benchmarks.reporting.notes import notes_on, provenance_of
from benchmarks.reporting.results import load_results
from benchmarks.reporting.tables import ranking_table
from tests.extremes import findings, views
from tests.fuzz.mutations import ARGUMENTS, Mutator
from tests.traces.trace_file_samples import HEADER, LOG_HEADER, log_row

__all__ = ["KINDS", "Kind", "compile_solver", "prepare"]

Case = Callable[[Mutator, Path], Iterator[str]]

SMALL = {
    name: preset(name).with_num_devices(3).replace(horizon=3)
    for name in ("default", "ergodic", "per-device-budgets", "parallel", "stale-csi", "mismatch")
}
VIEWS = views()
STRINGS = tuple(value for value in ARGUMENTS if isinstance(value, str))
"""For what Gymnasium looks into before this project does, and takes for strings."""

PLAYED = 200_000
"""Device-rounds of the largest episode that is played; larger ones only take longer."""


def prepare(folder: Path) -> None:
    """Makes what cases change copies of, and compiles what is compiled."""
    compile_solver()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        configuration = Configuration.build(rounds=4, num_seeds=2, num_devices=3)
        names = ("open", "fixed-6-max")
        suite = build_suite(configuration.evaluator, agents=False, only=names)
        run_folder = RunFolder(folder / "run")
        run_suite(configuration, suite, run_folder, Console(quiet=True), Processes(1))


def compile_solver() -> None:
    """Plays the parallel schedule, so that no input is charged for what is compiled once."""
    for action_view in ("box", "split"):
        list(findings(ASLEnv(SMALL["parallel"], action_view=action_view), 0))


def scenario_file(mutator: Mutator, folder: Path) -> Iterator[str]:
    """A scenario's JSON."""
    path = folder / "scenario.json"
    path.write_bytes(mutator.json_bytes(SMALL[mutator.pick(list(SMALL))].to_dict()))
    scenario = load_scenario(path)
    if Scenario.from_dict(scenario.to_dict()) != scenario:
        yield "does not survive to_dict()"
    yield from _played(scenario, mutator)


def profile_file(mutator: Mutator, folder: Path) -> Iterator[str]:
    """A network profile's JSON."""
    path = folder / "profile.json"
    path.write_bytes(mutator.json_bytes(NetworkProfile.shipped("lenet5").to_dict()))
    profile = NetworkProfile.from_json(path)
    profile.to_json(path)
    if NetworkProfile.from_json(path) != profile:
        yield "does not survive a file"
    scenario = SMALL[mutator.pick(list(SMALL))]
    workload = dataclasses.replace(scenario.workload, profile=profile)
    yield from _played(scenario.replace(workload=workload), mutator)


def run_folder(mutator: Mutator, folder: Path) -> Iterator[str]:
    """A folder of benchmark results, reported on."""
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder / "run", copy)
    path = copy / mutator.pick(("run.json", "run.json", "run.json", "episodes.csv"))
    if path.suffix == ".json":
        path.write_bytes(mutator.json_bytes(json.loads(path.read_text(encoding="utf-8"))))
    else:
        path.write_bytes(mutator.damaged(path.read_bytes()))
    results = load_results(RunFolder(copy))
    ranking_table(results.summary)
    notes_on(results)
    provenance_of(results)
    for name in ("mean_delay_s", "mean_energy_j", "final_queue_j"):
        if not np.isfinite(results.summary[name].to_numpy(dtype=float)).all():
            yield f"{name} of the summary is not finite"


def action(mutator: Mutator, folder: Path) -> Iterator[str]:
    """An action of any view, for one environment or several."""
    scenario = SMALL[mutator.pick(("default", "per-device-budgets", "parallel"))]
    view: Any = mutator.pick(("box", "multi_discrete", "dict", "split"))
    several = mutator.chance(0.5)
    env: Any = ASLVectorEnv(2, scenario, action_view=view) if several else None
    env = env or ASLEnv(scenario, action_view=view)
    env.reset(seed=0)
    env.action_space.seed(int(mutator.rng.integers(1000)))
    given = _mutated_action(env.action_space.sample(), mutator)
    try:
        observation, reward, *_ = env.step(given)
    except ValueError:
        if env.simulation.round_index != 0 or (env.simulation.queue != 0).any():
            yield "a refused action changed the environment"
        raise
    if not env.observation_space.contains(observation) or not np.isfinite(reward).all():
        yield f"observation {observation} and reward {reward}"


def arguments(mutator: Mutator, folder: Path) -> Iterator[str]:
    """Arguments of environments, of their reset and of the evaluation, and a scenario's fields."""
    case: Case = mutator.pick((_made, _made, _reset, _evaluated, _replaced))
    yield from case(mutator, folder)


def trace_file(mutator: Mutator, folder: Path) -> Iterator[str]:
    """A rate table or a log, played."""
    scenario = SMALL["default"].replace(horizon=2)
    table = [HEADER, *(f"{t},{n},{1e6 + t},{2e6 + n}" for t in range(4) for n in range(3))]
    log = [LOG_HEADER, *(log_row(second, str(10.0 + second)) for second in range(8))]
    path = folder / "trace.csv"
    path.write_bytes(mutator.damaged(("\n".join(mutator.pick((table, log))) + "\n").encode()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        seconds = mutator.pick((None, None, 1.0))
        traces = MeasuredTraces(scenario, path, seconds)
        env = ASLEnv(scenario, traces=traces)
    yield from findings(env, 0)


def timings_file(mutator: Mutator, folder: Path) -> Iterator[str]:
    """A table of measured times, or the same of one side."""
    path = folder / "times.csv"
    rows = (f"layer{cut},{0.1 * cut},{1 / (1 + cut)},8" for cut in range(5))
    text = "\n".join(["cut,device_s,server_s,samples", *rows]) + "\n"
    path.write_bytes(mutator.damaged(text.encode()))
    side: dict[str, Any] = mutator.pick(({}, {"device_s": None}, {"server_s": None}))
    timings = read_timings(path, **side)
    timings.to_csv(path)
    if repr(read_timings(path, **side)) != repr(timings):
        yield "does not survive a file"


def _made(mutator: Mutator, folder: Path) -> Iterator[str]:
    base = {"num_devices": 3, "horizon": 3, "budget": 50.0, "v": 5.0, "csi_delay_rounds": 1}
    more: dict[str, Any] = {"parameter_error": 2.0, "action_view": "box", "observation": "flat"}
    given = base | more | {"reward": "drift", "render_mode": None, "traces": None}
    given |= {"scenario": "default"}
    for name in mutator.rng.permutation(list(given))[: int(mutator.rng.integers(1, 3))]:
        palette = STRINGS if name == "render_mode" else ARGUMENTS
        given[str(name)] = mutator.value(given[str(name)], palette)
    kept = {name: value for name, value in given.items() if name in base or mutator.chance(0.7)}
    if mutator.chance(0.3):
        rows = mutator.value(2, ARGUMENTS) if mutator.chance(0.3) else 2
        gym.make_vec("ASL-v0", rows, **kept).reset(seed=0)
    else:
        env: Any = gym.make("ASL-v0", disable_env_checker=True, **kept).unwrapped
        yield from _played_env(env)


def _reset(mutator: Mutator, folder: Path) -> Iterator[str]:
    env: Any = ASLVectorEnv(2, SMALL["default"]) if mutator.chance(0.5) else None
    env = env or ASLEnv(SMALL["default"])
    options = {"trace": mutator.value(None, ARGUMENTS)} if mutator.chance(0.5) else None
    if mutator.chance(0.2):
        options = mutator.pick(ARGUMENTS)
    observation, _ = env.reset(seed=mutator.value(3, ARGUMENTS), options=options)
    if not env.observation_space.contains(observation):
        yield f"observation {observation}"


def _evaluated(mutator: Mutator, folder: Path) -> Iterator[str]:
    given: dict[str, Any] = {"policy": OPEN, "env_id": "ASL-v0", "seeds": [1], "name": "open"}
    given |= {"scenario": SMALL["default"], "reward": "drift"}
    given["policy"] = mutator.pick((OPEN, lambda env: FixedSplit(env, 2), OPEN(SMALL["default"])))
    name = mutator.pick([name for name in given if name != "policy"])
    given[name] = mutator.value(given[name], STRINGS if name == "env_id" else ARGUMENTS)
    for score in evaluate(**given):
        if not np.isfinite([score.mean_delay_s, score.mean_energy_j]).all():
            yield f"{score}"


def _replaced(mutator: Mutator, folder: Path) -> Iterator[str]:
    scenario = SMALL[mutator.pick(list(SMALL))]
    holder: Any = mutator.pick((scenario, scenario.fleet, scenario.server, scenario.radio))
    if mutator.chance(0.4):
        holder = mutator.pick((scenario.workload, scenario.budget, scenario.knowledge))
    name = mutator.pick([each.name for each in dataclasses.fields(holder)])
    old = getattr(holder, name)
    value = old[0] if isinstance(old, tuple) and old else old
    new = mutator.value(value, ARGUMENTS)
    if isinstance(old, tuple) and mutator.chance(0.7):
        new = (new, *old[1:])
    made = dataclasses.replace(holder, **{name: new})
    parts = {
        type(part): each.name
        for each in dataclasses.fields(scenario)
        if dataclasses.is_dataclass(part := getattr(scenario, each.name))
    }
    whole = made if isinstance(made, Scenario) else scenario.replace(**{parts[type(made)]: made})
    yield from _played(whole, mutator)


def _played(scenario: Scenario, mutator: Mutator) -> Iterator[str]:
    action_view, observation, reward = mutator.pick(VIEWS)
    more: Any = {"observation": observation, "reward": reward}
    yield from _played_env(ASLEnv(scenario, action_view=action_view, **more))


def _played_env(env: ASLEnv) -> Iterator[str]:
    if env.scenario.num_devices * env.scenario.horizon <= PLAYED:
        yield from findings(env, 0, rounds=3)


@np.errstate(all="ignore")
def _mutated_action(sample: Any, mutator: Mutator) -> Any:
    if isinstance(sample, dict) and mutator.chance(0.8):
        name = mutator.pick(list(sample))
        return sample | {name: _mutated_action(sample[name], mutator)}
    if isinstance(sample, dict) or mutator.chance(0.2):
        return mutator.pick(ARGUMENTS)
    match int(mutator.rng.integers(6)):
        case 0:
            return sample.astype(mutator.pick(("f2", "f4", "f8", "i1", "O", "c8", "U", "M8[s]")))
        case 1:
            return sample.reshape(-1, 1) if mutator.chance(0.5) else sample[:-1]
        case 2:
            return sample * mutator.pick((2, -1, 1e9, np.nan, np.inf, 1e308))
        case 3:
            return mutator.tree(sample.tolist(), ARGUMENTS)
        case 4:
            return np.ma.masked_equal(sample, sample.flat[0])
        case _:
            changed = sample.astype("O")
            changed.flat[0] = mutator.pick(ARGUMENTS)
            return changed


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of input.

    Attributes:
        case: Makes one, hands it over and tells what is wrong with what was accepted.
        share: Share of the cases.
        refusals: The documented errors, to the letter: no class derived from them is meant.
    """

    case: Case
    share: float
    refusals: tuple[type[Exception], ...]


KINDS = {
    "scenario": Kind(scenario_file, 0.25, (FieldError,)),
    "profile": Kind(profile_file, 0.15, (FieldError,)),
    "run folder": Kind(run_folder, 0.1, (FieldError, BenchmarkError)),
    "action": Kind(action, 0.15, (ValueError,)),
    "arguments": Kind(arguments, 0.2, (FieldError, ValueError, gym.error.Error)),
    "trace file": Kind(trace_file, 0.1, (FieldError, TextFileError, ValueError)),
    "timings file": Kind(timings_file, 0.05, (TextFileError,)),
}
