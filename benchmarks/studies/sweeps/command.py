"""``python -m benchmarks study``."""

from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from rich.console import Console

from agents.bookkeeping import write_json, write_whole
from asl_gym.provenance import provenance
from asl_gym.scenario.overlays import parse_settings
from benchmarks.jobs.choosing import engine_called
from benchmarks.jobs.engine import Engine
from benchmarks.jobs.store import Store
from benchmarks.reporting.exports import write_table
from benchmarks.studies.sweeps.definition import Study, read_study, shipped_studies
from benchmarks.studies.sweeps.figures import write_figures
from benchmarks.studies.sweeps.playing import play_study
from benchmarks.studies.sweeps.points import points_of
from benchmarks.studies.sweeps.summary import shown, summarised
from benchmarks.terminal import Address, EngineOption, Jobs, Settings, failures_told, output

__all__ = ["run_study", "study"]

ALL = "all"


def study(
    given: Annotated[
        str, typer.Argument(metavar="FILE|NAME", help="A TOML file, a shipped study, or all.")
    ],
    out: Annotated[
        Path, typer.Option(help="Folder with a folder of results for each study.")
    ] = Path("results/studies"),
    settings: Settings = None,
    policy: Annotated[
        list[str] | None, typer.Option(help="A policy beside the study's own; repeatable.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Number of evaluation seeds (default: the study's).")
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(min=1, help="Rounds of an episode (default: the study's).")
    ] = None,
    engine: EngineOption = "processes",
    address: Address = None,
    jobs: Jobs = None,
) -> None:
    """Plays policies over one or two axes of a scenario, then draws; goes on if interrupted."""
    with failures_told():
        changes = {"seeds": seeds, "rounds": rounds}
        for name in shipped_studies() if given == ALL else [given]:
            name, read = read_study(name)
            named = dict.fromkeys([*read.policies, *(policy or ())])
            own = {key: value for key, value in changes.items() if value is not None}
            read = read.model_copy(update={**own, "policies": list(named)})
            engine_used = engine_called(engine, jobs, address)
            output().print(f"{name}: {read.title}")
            run_study(
                out / name,
                read,
                parse_settings(settings or ()),
                Store(out / "store"),
                engine_used,
                output(),
            )


def run_study(
    folder: Path,
    read: Study,
    settings: dict[str, Any],
    store: Store,
    engine: Engine,
    console: Console,
) -> None:
    """Plays what is missing of a study and writes its results.

    study.json   the study and the command
    rows.csv     a row a point, policy and evaluation seed
    knobs.csv    a row a point, scheme, value of its knob and validation seed
    summary.csv  means with 95% intervals; as text in summary.md and summary.tex
    figures/     figures, each for a column and for a page, as PDF, SVG and PNG

    Args:
        folder: Where they go.
        read: The study.
        settings: Changes of the base by path.
        store: Where the jobs' results are kept.
        engine: What runs the jobs.
        console: Where progress is shown.
    """
    rows, knobs = play_study(read, points_of(read, settings), store, engine, console)
    folder.mkdir(parents=True, exist_ok=True)
    described = {"study": read.model_dump(), "set": settings, "written_by": provenance()}
    write_json(folder / "study.json", described)
    tables = {"rows": rows, "knobs": knobs}
    names = ["study.json", *(_write(folder, name, table) for name, table in tables.items())]
    lines = summarised(read, rows)
    write_table(lines, folder / "summary", shown(read, lines))
    names.append("summary.csv")
    names += write_figures(folder, read, rows, knobs)
    console.print(f"Written to {folder}: {', '.join(names)}")


def _write(folder: Path, name: str, table: pd.DataFrame) -> str:
    write_whole(folder / f"{name}.csv", table.to_csv(index=False).encode())
    return f"{name}.csv"
