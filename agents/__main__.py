"""``python -m agents``: train agents and draw their learning curves."""

import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from agents.checkpoints import steps_done
from agents.configuration import Configuration, load_configuration
from agents.curve import plot_curves
from agents.runs import run_folder
from agents.training import VALIDATION_SEEDS, train
from asl_gym import OPEN, evaluate

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__
)

Algorithm = Annotated[str, typer.Argument(help="Algorithm, for example ppo.")]
Env = Annotated[str, typer.Option("--env", help="Environment id.")]
Seed = Annotated[int, typer.Option(help="Training seed.")]
Runs = Annotated[Path, typer.Option(help="Folder of all runs.")]


def _trained(configuration: Configuration, seed: int, runs: Path) -> Path:
    """The folder of a run that has a learning curve."""
    folder = run_folder(runs, configuration, seed)
    if not (folder / "curve.csv").exists():
        raise typer.BadParameter(f"there is no run in {folder}: train it first")
    return folder


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
    steps: Annotated[int | None, typer.Option(help="Steps instead of the configured.")] = None,
    runs: Runs = Path("runs"),
) -> None:
    """Train an agent; run again after an interruption, it goes on from its last checkpoint."""
    configuration = _configuration(algorithm, env)
    done, total = steps_done(configuration, seed, runs), steps or configuration.total_steps
    if done >= total:
        typer.echo(f"the run already has {done:,} of {total:,} steps: nothing to train")
    elif done:
        typer.echo(f"going on from step {done:,} of {total:,}")
    try:
        typer.echo(f"saved {train(configuration, seed, runs, steps)}")
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    except KeyboardInterrupt:
        typer.echo("Interrupted: the same command goes on from here.")
        raise typer.Exit(130) from None
    curve(algorithm, env, seed, runs)


@app.command()
def curve(
    algorithm: Algorithm, env: Env = "ASL-v0", seed: Seed = 0, runs: Runs = Path("runs")
) -> None:
    """Draw the learning curve of a run, with OPEN's priced gap on the same traces."""
    configuration = _configuration(algorithm, env)
    folder = _trained(configuration, seed, runs)
    scores = evaluate(OPEN, env, VALIDATION_SEEDS, **configuration.evaluation_environment)
    gaps = [score.priced_gap for score in scores]
    output = folder / "curve.png"
    curves = {f"{algorithm}, seed {seed}": folder / "curve.csv"}
    plot_curves(curves, output, {"OPEN": float(np.mean(gaps))})
    typer.echo(f"drew {output}")


if __name__ == "__main__":
    sys.exit(app())
