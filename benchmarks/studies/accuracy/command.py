"""``python -m benchmarks accuracy``."""

from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from asl_gym.extras import extra_told
from asl_gym.scenario.overlays import parse_settings
from benchmarks.jobs.choosing import engine_called
from benchmarks.terminal import Jobs, Settings, failures_told, output

__all__ = ["accuracy"]

SCHEDULES = ("sequential", "parallel")


def accuracy(
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder of MNIST's, Fashion-MNIST's or CIFAR-10's files "
            "(default: the digits that come with scikit-learn)."
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("results/accuracy"),
    schedule: Annotated[
        list[str] | None, typer.Option(help="sequential or parallel; repeatable (default: both).")
    ] = None,
    split: Annotated[
        list[str] | None,
        typer.Option(help="equal, dirichlet or by-class; repeatable (default: the first two)."),
    ] = None,
    rounds: Annotated[int, typer.Option(help="Rounds of a training.")] = 60,
    samples: Annotated[int, typer.Option(help="Samples of each device in a round.")] = 320,
    batch_size: Annotated[int, typer.Option(help="Samples of a batch.")] = 16,
    learning_rate: Annotated[float, typer.Option(help="Step size of SGD at first.")] = 0.05,
    alpha: Annotated[float, typer.Option(help="Concentration of the Dirichlet division.")] = 0.5,
    seeds: Annotated[int, typer.Option(min=1, help="Number of training seeds.")] = 3,
    traces: Annotated[int, typer.Option(min=1, help="Number of traces, common to all.")] = 20,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Policy to compare with OPEN (default: the schemes and an agent)."),
    ] = None,
    settings: Settings = None,
    jobs: Jobs = None,
) -> None:
    """Trains on real data and compares policies by accuracy over seconds and joules."""
    with failures_told(), extra_told("training"):
        # Training takes torch, which other commands do not need.
        import torch

        from asl_gym.training.setting import Setting
        from benchmarks.studies.accuracy.clocks import clocks, policies_of
        from benchmarks.studies.accuracy.report import write_report
        from benchmarks.studies.accuracy.trainings import Plan, train_all

        torch.set_num_threads(1)
        changes = parse_settings(settings or ())
        asked = [
            Setting(data, rounds=rounds, samples=samples, batch_size=batch_size, alpha=alpha,
                    learning_rate=learning_rate, schedule=_checked(each),
                    settings=changes)
            for each in schedule or SCHEDULES
        ]  # fmt: skip
        plan = Plan(asked, split or ["equal", "dirichlet"], range(seeds))
        policies = [policies_of(each, only or ()) for each in asked]
        learned = train_all(plan, out / "trainings", output(), engine_called("processes", jobs))
        played = [clocks(s, p, range(traces)) for s, p in zip(asked, policies, strict=True)]
        write_report(out, learned, pd.concat(played, ignore_index=True), output())


def _checked(schedule: str) -> Any:
    from asl_gym.validation.checks import one_of

    return one_of("schedule", schedule, SCHEDULES)
