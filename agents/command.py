"""The commands of ``python -m agents``: train agents and draw their learning curves."""

import shlex
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import gymnasium as gym
import numpy as np
import typer

from agents.checkpoints import steps_done
from agents.configuration import Configuration, load_configuration
from agents.curve import plot_curves
from agents.errors import RunError
from agents.export_command import export
from agents.own_scenarios import OwnScenario, on_scenario
from agents.runs import run_folder
from agents.seeds import VALIDATION_SEEDS
from agents.training import train
from asl_gym import OPEN, Evaluator
from asl_gym.policies.harvest.prices import DriftPlusPenalty
from asl_gym.scenario.overlays import parse_settings
from asl_gym.terminal import speak_plainly_where_needed
from asl_gym.traces.columns import Columns
from asl_gym.traces.log_options import LogOptions

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help=__doc__,
    callback=speak_plainly_where_needed,
)

app.command()(export)

Algorithm = Annotated[str, typer.Argument(help="Algorithm, for example ppo.")]
Env = Annotated[str, typer.Option("--env", help="Environment id.")]
Seed = Annotated[int, typer.Option(min=0, help="Training seed.")]
Runs = Annotated[Path, typer.Option(help="Folder of all runs.")]
Hyperparameters = Annotated[
    Path | None,
    typer.Option(help="TOML file with what differs from the shipped hyperparameters."),
]
ScenarioName = Annotated[
    str | None,
    typer.Option(
        "--scenario", help="Preset's name or JSON file (default: the environment id's own)."
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="Field of the scenario, such as radio.bandwidth_hz=10e6; often."),
]
Traces = Annotated[
    Path | None,
    typer.Option("--traces", "--trace-dir", help="Train on the measured logs in this directory."),
]
SecondsPerRound = Annotated[
    float | None, typer.Option(help="Duration of a round in the logs (default: a row a round).")
]
Rates = Annotated[
    str | None, typer.Option(help="What gives the rates of G-NetTrack logs: capacity, throughput.")
]
LogColumns = Annotated[
    str | None, typer.Option("--columns", help="Columns of other logs: TOML, inline or a file.")
]
Stitch = Annotated[bool, typer.Option("--stitch", help="Play all logs as one.")]


@contextmanager
def _failures_told() -> Iterator[None]:
    """Ends the process with the message alone where a run's folder or files are at fault."""
    try:
        yield
    except (RunError, OSError) as error:
        typer.secho(f"Error: {error}", fg="red", err=True)
        raise typer.Exit(2) from error


def _configuration(given: Mapping[str, Any]) -> Configuration:
    """What a command's options ask for; notices about traces are told."""
    try:
        with warnings.catch_warnings(record=True) as notices:
            warnings.simplefilter("always")
            own = load_configuration(given["algorithm"], given["env"], given["hyperparameters"])
            configuration = on_scenario(own, _asked(given))
    except (TypeError, ValueError, gym.error.Error) as error:
        raise typer.BadParameter(str(error)) from error
    for text in dict.fromkeys(str(notice.message) for notice in notices):
        typer.echo(f"note: {text}")
    return configuration


def _asked(given: Mapping[str, Any]) -> OwnScenario:
    columns = None if given["columns"] is None else Columns.from_toml(given["columns"])
    options = LogOptions(given["seconds_per_round"], given["rates"], columns, given["stitch"])
    settings = parse_settings(given["settings"] or ())
    return OwnScenario(given["scenario"], settings, given["traces"], options)


@app.command("train")
def train_command(
    context: typer.Context,
    algorithm: Algorithm,
    env: Env = "ASL-v0",
    scenario: ScenarioName = None,
    settings: Settings = None,
    traces: Traces = None,
    seconds_per_round: SecondsPerRound = None,
    rates: Rates = None,
    columns: LogColumns = None,
    stitch: Stitch = False,
    hyperparameters: Hyperparameters = None,
    seed: Seed = 0,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Steps instead of the configured.")
    ] = None,
    runs: Runs = Path("runs"),
) -> None:
    """Train an agent; run again after an interruption, it goes on from its last checkpoint."""
    configuration = _configuration(context.params)
    total = steps or configuration.total_steps
    with _failures_told():
        done = steps_done(configuration, seed, runs)
        if done >= total:
            typer.echo(f"the run already has {done:,} of {total:,} steps: nothing to train")
        elif done:
            typer.echo(f"going on from step {done:,} of {total:,}")
        try:
            model = train(configuration, seed, runs, steps)
        except KeyboardInterrupt:
            typer.echo("Interrupted: the same command goes on from the last checkpoint.")
            raise typer.Exit(130) from None
    typer.echo(f"saved {model}")
    _draw_curve(configuration, seed, runs)
    typer.echo(f"in the table: {_in_the_table(context.params, model)}")


@app.command()
def curve(
    context: typer.Context,
    algorithm: Algorithm,
    env: Env = "ASL-v0",
    scenario: ScenarioName = None,
    settings: Settings = None,
    traces: Traces = None,
    seconds_per_round: SecondsPerRound = None,
    rates: Rates = None,
    columns: LogColumns = None,
    stitch: Stitch = False,
    hyperparameters: Hyperparameters = None,
    seed: Seed = 0,
    runs: Runs = Path("runs"),
) -> None:
    """Draw the learning curve of a run, with OPEN's gap, or a tuned price's, on the same traces."""
    _draw_curve(_configuration(context.params), seed, runs)


def _draw_curve(configuration: Configuration, seed: int, runs: Path) -> None:
    folder = run_folder(runs, configuration, seed)
    output = folder / "curve.png"
    with _failures_told():
        if not (folder / "curve.csv").exists():
            raise RunError(f"there is no run in {folder}: train it first")
        curves = {f"{configuration.algorithm}, seed {seed}": folder / "curve.csv"}
        plot_curves(curves, output, _reference(configuration))
    typer.echo(f"drew {output}")


def _reference(configuration: Configuration) -> dict[str, float]:
    """The gap of OPEN on the validation seeds, or on batteries of the best tuned price."""
    evaluator = Evaluator(configuration.env_id, **configuration.evaluation_environment)
    on_batteries = evaluator.scenario.batteries is not None
    label, policy = ("OPEN", OPEN) if not on_batteries else ("tuned price", DriftPlusPenalty)
    scores = [score for score, _ in evaluator.evaluate(policy, VALIDATION_SEEDS)]
    gaps = [score.gap if on_batteries else score.priced_gap for score in scores]
    return {label: float(np.mean(gaps))}


SHARED_OPTIONS = {
    "env": "--env",
    "scenario": "--scenario",
    "settings": "--set",
    "traces": "--traces",
    "seconds_per_round": "--seconds-per-round",
    "rates": "--rates",
    "columns": "--columns",
}
"""Options that mean the same to the benchmark."""


def _in_the_table(given: Mapping[str, Any], model: Path) -> str:
    """The command that plays a model on the scenario and the traces that it was trained on."""
    words = ["python", "-m", "benchmarks"]
    for name, option in SHARED_OPTIONS.items():
        values = given[name] if name == "settings" else [given[name]]
        words += [word for value in values or () if value is not None for word in (option, value)]
    words += ["--stitch"] * given["stitch"]
    return shlex.join(map(str, [*words, "--policy", f"my-{given['algorithm']}={model}"]))
