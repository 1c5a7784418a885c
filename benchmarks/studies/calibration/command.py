"""``python -m benchmarks calibration``."""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from asl_gym.extras import extra_told
from asl_gym.provenance import write_provenance
from benchmarks.reporting.tables import markdown, print_table
from benchmarks.terminal import failures_told, output

__all__ = ["calibration"]

NOTES = (
    "Errors are medians over a network's splits of |predicted/measured − 1| [%], with the network "
    "left out of the fit.",
    "“chosen without it” predicts each network by the model that does best where each of the "
    "others is left out in turn. To pick the table's best line would be a choice with hindsight. "
    "Here that is left in one thing: the list of models was drawn up with all networks in view. "
    "FLOPs alone and the plain roofline were set beforehand.",
    "The published code of the timings never moves the server's half to a GPU: the server's "
    "constants are those of the machine as it was used.",
)


def calibration(
    timings: Annotated[
        Path, typer.Option(help="Folder with the timings, pi_to_gpu.csv, and the folder blocks.")
    ],
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("results/calibration"),
) -> None:
    """Measures how well models of computing time predict timings of networks left out."""
    with failures_told(), extra_told("networks"):
        # What counts operators takes torch, which other commands do not need.
        from benchmarks.reporting.exports import save_figure
        from benchmarks.studies.calibration.picture import draw_predictions
        from benchmarks.studies.calibration.report import choices_table, errors_table, models_table
        from benchmarks.studies.calibration.study import measured

        study = measured(timings)
        out.mkdir(parents=True, exist_ok=True)
        parts = {"Where the splits lie": study.mapping}
        for side in study.sides:
            parts[f"{side.name}: errors [%]"] = errors_table(side)
            parts[f"{side.name}: models chosen"] = choices_table(side)
            parts[f"{side.name}: constants fitted to all networks"] = models_table(side)
        for name, table in study.tables().items():
            table.to_csv(out / name, index=False)
        pictures = save_figure(draw_predictions(study.sides[0]), out / "calibration")
        for side in study.sides:
            print_table(output(), errors_table(side), f"{side.name}: errors [%]")
        write_provenance(out)
        (out / "calibration.md").write_text(_text(parts), encoding="utf-8")
        written = ["calibration.md", *(each.name for each in pictures), *study.tables()]
        typer.echo(f"Written to {out}: {', '.join(written)}")


def _text(parts: dict[str, pd.DataFrame]) -> str:
    tables = (f"## {title}\n\n{markdown(part)}" for title, part in parts.items())
    return "\n\n".join([*tables, *NOTES]) + "\n"
