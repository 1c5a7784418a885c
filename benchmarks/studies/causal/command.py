"""``python -m benchmarks causal``."""

from pathlib import Path
from typing import Annotated

import typer

from asl_gym.model.radio import cellular
from asl_gym.policies.harvest.known import batteries_of
from asl_gym.provenance import write_provenance
from asl_gym.scenario.overlays import parse_settings
from asl_gym.scoring.evaluation import Evaluator
from benchmarks.playing.configuration import Configuration
from benchmarks.playing.contenders import contenders
from benchmarks.playing.suite import TOLD_THE_LAW, TUNED_RULES
from benchmarks.reporting.tables import markdown, print_table
from benchmarks.studies.causal.fineness import CHARGES, DRAWS, LEVELS, SAMPLES
from benchmarks.terminal import Settings, failures_told, output

__all__ = ["causal"]


def causal(
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("results/causal"),
    scenario: Annotated[
        str | None,
        typer.Option(help="Preset's name or JSON file (default: the environment's own)."),
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=1, help="Number of evaluation seeds, which are 0, 1, ….")
    ] = 50,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            help="A policy on batteries, by name, or your own as in run; repeatable (default: the "
            "mark that is told the law, and the tuned rules). It must not know the future."
        ),
    ] = None,
    levels: Annotated[int, typer.Option(min=1, help="Levels of the bound's batteries.")] = LEVELS,
    draws: Annotated[int, typer.Option(min=1, help="Draws of what may follow a round.")] = DRAWS,
    samples: Annotated[
        int, typer.Option(min=1, help="Draws of the penalty's programme in a level of shadowing.")
    ] = SAMPLES,
    charges: Annotated[
        int, typer.Option(min=1, help="Steps between charges of the penalty and its programme.")
    ] = CHARGES,
    settings: Settings = None,
) -> None:
    """Bounds what policies on batteries can reach that do not know the future."""
    with failures_told():
        # Compiled code takes a second and memory to load that other commands do not need.
        from benchmarks.studies.causal.martingale import Martingale
        from benchmarks.studies.causal.measure import ENV_ID, measure, shown, summarise

        configuration = Configuration.build(
            ENV_ID, scenario, num_seeds=seeds, settings=parse_settings(settings or ())
        )
        evaluator = Evaluator(ENV_ID, scenario=configuration.scenario)
        batteries_of(evaluator.scenario)
        cellular(evaluator.scenario.device_radio, "a law of shadowing")
        names = dict.fromkeys(policy or (TOLD_THE_LAW.name, *TUNED_RULES))
        entries = [entry for name in names for entry in contenders(name, evaluator)]
        console = output()
        out.mkdir(parents=True, exist_ok=True)
        martingale = Martingale(evaluator.scenario, samples, charges)
        rows = measure(
            evaluator, martingale, entries, range(seeds), levels, draws, tell=console.print
        )
        rows.to_csv(out / "rows.csv", index=False)
        summary = summarise(rows)
        summary.to_csv(out / "summary.csv", index=False)
        table = shown(summary)
        write_provenance(out)
        (out / "causal.md").write_text(markdown(table) + "\n", encoding="utf-8")
        print_table(console, table, f"Means over {seeds} seeds; no causal policy has less")
        typer.echo(f"Written to {out}: causal.md, rows.csv, summary.csv")
