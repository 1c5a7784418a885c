"""Tables and plots of a run, from its folder alone: nothing is played here.

report.md          ranking, changes against existing schemes, plots, all policies, notes
table.csv          the ranking in full, with every interval; as text in table.md and table.tex
changes.csv        the changes in full; as text in changes.md and changes.tex
figures/           the plots, each for a column and for a page, as PDF, SVG and PNG
"""

from collections.abc import Mapping

from rich.console import Console

from agents.bookkeeping import write_whole
from benchmarks.playing.run_folder import RunFolder
from benchmarks.reporting.changes import COMPARABILITY
from benchmarks.reporting.exports import write_table
from benchmarks.reporting.notes import notes_on, provenance_of
from benchmarks.reporting.plots import write_plots
from benchmarks.reporting.results import Results, load_results
from benchmarks.reporting.statistics import gap_label, gap_of
from benchmarks.reporting.tables import (
    changes_table,
    markdown,
    print_table,
    ranking_table,
    shortlist,
    terminal_changes,
    terminal_ranking,
)

__all__ = ["write_report"]


def write_report(folder: RunFolder, console: Console) -> None:
    """Writes tables and plots of a folder and shows the tables.

    Raises:
        BenchmarkError: If the folder holds no results.
    """
    results = load_results(folder)
    ranking = ranking_table(results.summary, all_intervals=True)
    write_table(results.summary, folder.path / "table", ranking)
    if results.folder.scenario.batteries is None:
        write_table(results.changes, folder.path / "changes", changes_table(results.changes))
    captions = write_plots(results)
    report = folder.path / "report.md"
    write_whole(report, _markdown(results, captions).encode())
    short = shortlist(results.summary, results.policies)
    print_table(console, terminal_ranking(short), f"Ranked by {gap_label(gap_of(short))}")
    changes = results.changes
    against = terminal_changes(changes, short) if len(changes) else changes
    if len(against):
        print_table(console, against, "Change of mean delay and energy")
        console.print(COMPARABILITY)
    for note in notes_on(results):
        console.print(f"- {note}")
    console.print(f"Tables and plots are in {folder.path}; {report} shows them all.")


def _markdown(results: Results, captions: Mapping[str, str]) -> str:
    configuration = results.manifest["configuration"]
    short = ranking_table(shortlist(results.summary, results.policies))
    parts = [
        f"# Benchmark: {configuration['env_id']}, scenario {configuration['scenario_name']}",
        provenance_of(results),
        "## Ranking",
        markdown(short),
        *_list(notes_on(results)),
    ]
    if len(results.changes):
        parts += ["## Against existing schemes", markdown(changes_table(results.changes))]
        parts += [COMPARABILITY]
    parts += ["## Plots", *(f"![{text}]({name})\n\n{text}" for name, text in captions.items())]
    parts += ["## All policies", markdown(ranking_table(results.summary, all_intervals=True))]
    return "\n\n".join(parts) + "\n"


def _list(lines: list[str]) -> list[str]:
    return ["\n".join(f"- {line}" for line in lines)]
