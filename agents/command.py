"""The commands of ``python -m agents``: train agents and draw their learning curves."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from agents.checkpoints import steps_done
from agents.configuration import Configuration, load_configuration
from agents.curve import plot_curves
from agents.errors import RunError
from agents.runs import run_folder
from agents.seeds import VALIDATION_SEEDS
from agents.training import train
from asl_gym import OPEN, evaluate
from asl_gym.terminal import speak_plainly_where_needed

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help=__doc__,
    callback=speak_plainly_where_needed,
)

Algorithm = Annotated[str, typer.Argument(help="Algorithm, for example ppo.")]
Env = Annotated[str, typer.Option("--env", help="Environment id.")]
Seed = Annotated[int, typer.Option(min=0, help="Training seed.")]
Runs = Annotated[Path, typer.Option(help="Folder of all runs.")]


@contextmanager
def _failures_told() -> Iterator[None]:
    """Ends the process with the message alone where a run's folder or files are at fault."""
    try:
        yield
    except (RunError, OSError) as error:
        typer.secho(f"Error: {error}", fg="red", err=True)
        raise typer.Exit(2) from error


def _configuration(algorithm: str, env_id: str) -> Configuration:
    try:
        return load_configuration(algorithm, env_id)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


@app.command("train")
def train_command(
    algorithm: Algorithm,
    env: Env = "ASL-v0",
    seed: Seed = 0,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Steps instead of the configured.")
    ] = None,
    runs: Runs = Path("runs"),
) -> None:
    """Train an agent; run again after an interruption, it goes on from its last checkpoint."""
    configuration = _configuration(algorithm, env)
    total = steps or configuration.total_steps
    with _failures_told():
        done = steps_done(configuration, seed, runs)
        if done >= total:
            typer.echo(f"the run already has {done:,} of {total:,} steps: nothing to train")
        elif done:
            typer.echo(f"going on from step {done:,} of {total:,}")
        try:
            typer.echo(f"saved {train(configuration, seed, runs, steps)}")
        except KeyboardInterrupt:
            typer.echo("Interrupted: the same command goes on from the last checkpoint.")
            raise typer.Exit(130) from None
    curve(algorithm, env, seed, runs)


@app.command()
def curve(
    algorithm: Algorithm, env: Env = "ASL-v0", seed: Seed = 0, runs: Runs = Path("runs")
) -> None:
    """Draw the learning curve of a run, with OPEN's priced gap on the same traces."""
    configuration = _configuration(algorithm, env)
    folder = run_folder(runs, configuration, seed)
    output = folder / "curve.png"
    with _failures_told():
        if not (folder / "curve.csv").exists():
            raise RunError(f"there is no run in {folder}: train it first")
        scores = evaluate(OPEN, env, VALIDATION_SEEDS, **configuration.evaluation_environment)
        gaps = [score.priced_gap for score in scores]
        curves = {f"{algorithm}, seed {seed}": folder / "curve.csv"}
        plot_curves(curves, output, {"OPEN": float(np.mean(gaps))})
    typer.echo(f"drew {output}")
