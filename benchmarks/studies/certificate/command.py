"""``python -m benchmarks certificate``."""

from pathlib import Path
from typing import Annotated

import typer

from asl_gym.compiling import COMPILED
from benchmarks.errors import BenchmarkError
from benchmarks.reporting.tables import markdown, print_table
from benchmarks.terminal import failures_told, output

__all__ = ["certificate"]


def certificate(
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("results/certificate"),
    rounds: Annotated[int, typer.Option(help="Rounds to compare with SCIP.")] = 20,
    time_limit: Annotated[float, typer.Option(help="SCIP's time limit a model [s].")] = 60.0,
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
        )

        console = output()
        out.mkdir(parents=True, exist_ok=True)
        table = against_scip(rounds, time_limit, console.print)
        table.to_csv(out / "scip.csv", index=False)
        fleets = over_fleets()
        fleets.to_csv(out / "fleets.csv", index=False)
        pictures = save_figure(draw_fleets(fleets), out / "fleets")
        parts = {
            "Against SCIP, 10 devices of 12 splits": with_names(scip_summary(table, time_limit)),
            "Rounds of the default scenario": with_names(in_bulk()),
            "Larger fleets": fleets.map(lambda value: f"{value:,.3g}"),
        }
        for title, part in parts.items():
            print_table(console, part, title)
        text = "\n\n".join(f"## {title}\n\n{markdown(part)}" for title, part in parts.items())
        (out / "certificate.md").write_text(text + "\n", encoding="utf-8")
        written = ["certificate.md", "scip.csv", "fleets.csv", *(each.name for each in pictures)]
        typer.echo(f"Written to {out}: {', '.join(written)}")


def _check_installed() -> None:
    try:
        import pyscipopt  # noqa: F401
    except ImportError as error:
        raise BenchmarkError('SCIP is missing: pip install "asl-gym[dev]"') from error
    if not COMPILED:
        raise BenchmarkError("NUMBA_DISABLE_JIT is set: without numba the search takes hours")
