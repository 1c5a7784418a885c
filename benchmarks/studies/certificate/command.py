"""``python -m benchmarks certificate``."""

from pathlib import Path
from typing import Annotated

import typer

from asl_gym import Scenario, with_settings
from asl_gym.compiling import COMPILED
from asl_gym.extras import not_installed
from asl_gym.provenance import write_provenance
from asl_gym.scenario.overlays import parse_settings
from benchmarks.errors import BenchmarkError
from benchmarks.reporting.tables import markdown, print_table
from benchmarks.terminal import Settings, failures_told, output

__all__ = ["certificate"]


def certificate(
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("results/certificate"),
    rounds: Annotated[int, typer.Option(min=1, help="Rounds to compare with SCIP.")] = 20,
    time_limit: Annotated[
        float, typer.Option(min=0.1, help="SCIP's time limit a model [s].")
    ] = 60.0,
    settings: Settings = None,
) -> None:
    """Measures the parallel schedule's solver: against SCIP, in bulk, and over fleet sizes."""
    with failures_told():
        _check_installed()
        from benchmarks.reporting.exports import save_figure

        # Compiled code takes a second and memory to load that other commands do not need.
        from benchmarks.studies.certificate.measure import (
            against_scip,
            draw_fleets,
            in_bulk,
            over_fleets,
            scip_summary,
            with_names,
            with_units,
        )

        scenario = with_settings("parallel", parse_settings(settings or ()))
        changed = f" with {', '.join(settings)}" if settings else ""
        console = output()
        out.mkdir(parents=True, exist_ok=True)
        table = against_scip(scenario, rounds, time_limit, console.print)
        table.to_csv(out / "scip.csv", index=False)
        fleets = over_fleets(scenario)
        fleets.to_csv(out / "fleets.csv", index=False)
        pictures = save_figure(draw_fleets(fleets), out / "fleets")
        parts = {
            f"Against SCIP, {_size(scenario)}": with_names(scip_summary(table, time_limit)),
            f"Rounds of the default scenario{changed}": with_names(in_bulk(scenario)),
            "Larger fleets": with_units(fleets),
        }
        for title, part in parts.items():
            print_table(console, part, title)
        text = "\n\n".join(f"## {title}\n\n{markdown(part)}" for title, part in parts.items())
        write_provenance(out)
        (out / "certificate.md").write_text(text + "\n", encoding="utf-8")
        written = ["certificate.md", "scip.csv", "fleets.csv", *(each.name for each in pictures)]
        typer.echo(f"Written to {out}: {', '.join(written)}")


def _size(scenario: Scenario) -> str:
    return f"{scenario.num_devices} devices of {scenario.split_points.most} splits"


def _check_installed() -> None:
    try:
        import pyscipopt  # noqa: F401
    except ImportError as error:
        raise BenchmarkError(not_installed("pyscipopt", "dev")) from error
    if not COMPILED:
        raise BenchmarkError("NUMBA_DISABLE_JIT is set: without numba the search takes hours")
