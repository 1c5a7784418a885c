"""What is generated on the pages: each table, figure and picture from results that are on disk.

So no figure of the README or of the documentation is anybody's typing.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from asl_gym.provenance import PROVENANCE
from asl_gym.validation.json_files import read_json
from benchmarks.learned.comparisons import WITH_BUDGET, comparison_of
from benchmarks.learned.page import PAGE
from benchmarks.learned.tables import environment_table
from benchmarks.playing.run_folder import RunFolder
from benchmarks.playing.suite import TOLD_MORE
from benchmarks.reporting.formatting import at_most_three_digits, signed_percent
from benchmarks.reporting.results import load_results
from benchmarks.reporting.tables import changes_table, markdown, ranking_table, shortlist
from benchmarks.studies.accuracy.picture import policies_shown

__all__ = ["DEFAULT_RUN", "FIGURES", "HARVEST_RUN", "TABLES", "TableSource", "provenance_line"]

DEFAULT_RUN = "ASL-v0-default"
MEASURED_RUN = "ASL-v0-default-measured"
HARVEST_RUN = "ASLHarvest-v0-harvest"
SPEED = "speed/speed.md"
NUM_IN_CHANGES = 2
"""Policies in the table of changes: OPEN and the best agent."""

ACCURACY, PRIVACY = "accuracy", "privacy"
TARGET = 0.95
"""Share of the final accuracy that the table of training is about."""

LEARNED = "learned"
CERTIFICATE = "certificate"
CAUSAL = "causal"
CALIBRATION = "calibration"
LEARNED_COLUMNS = [
    *("Policy", "Learns from", "Training [min]", "Priced gap [%]", "E/Ē"),
    *("Better than OPEN [%]", "Decision [µs]"),
]
LEARNED_ON_BATTERIES = [
    *("Policy", "Learns from", "Training [min]", "Gap [%]", "Waits [s]", "Final charge [%]"),
    *("Better than {} [%]", "Decision [µs]"),
]
"""Columns of agents; the gap in one of them is filled with the best tuned rule."""

MANIFEST = "run.json"
"""Where a run tells by which code it was written; a study's folder has :data:`PROVENANCE`."""


def _ranking(run: str) -> Callable[[Path], str]:
    def table(results: Path) -> str:
        loaded = load_results(RunFolder(results / run))
        shown: pd.DataFrame = ranking_table(shortlist(loaded.summary, loaded.policies))
        return markdown(shown.drop(columns=["#"]))

    return table


def _changes(results: Path) -> str:
    loaded = load_results(RunFolder(results / DEFAULT_RUN))
    best = list(dict.fromkeys(loaded.changes["policy"]))[:NUM_IN_CHANGES]
    return markdown(changes_table(loaded.changes[loaded.changes["policy"].isin(best)]))


def _fadings(results: Path) -> str:
    lines = (results / "fadings" / "fadings.md").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if line.startswith("|"))


def _learned(results: Path) -> str:
    """Agents and OPEN on every environment id of the learned agents' page that has a budget."""
    tables = []
    for environment in PAGE.environments:
        table = pd.read_csv(results / LEARNED / environment.env_id / "learned.csv")
        if comparison_of(table) != WITH_BUDGET:
            continue
        shown = _learned_table(table, environment.env_id)
        shown.insert(0, "Environment", environment.env_id)
        tables.append(shown)
    return markdown(pd.concat(tables))


def _learned_on(env_id: str) -> Callable[[Path], str]:
    """Agents and what they are compared with on one environment id."""

    def table(results: Path) -> str:
        table = pd.read_csv(results / LEARNED / env_id / "learned.csv")
        return markdown(_learned_table(table, env_id))

    return table


def _learned_table(table: pd.DataFrame, env_id: str) -> pd.DataFrame:
    shown = environment_table(_with_references(table, env_id))
    if comparison_of(table) == WITH_BUDGET:
        return shown[LEARNED_COLUMNS]
    best = table.set_index("agent")["label"].loc[table["best"].iloc[0]]
    return shown[[column.format(best) for column in LEARNED_ON_BATTERIES]]


def _with_references(table: pd.DataFrame, env_id: str) -> pd.DataFrame:
    """Agents, with what they are compared with and what is told more."""
    kinds = dict(zip(table["agent"], table["kind"], strict=True))
    told_more = {name for name, _, _ in TOLD_MORE.get(env_id, ())}
    beside = told_more.union(comparison_of(table).shown(kinds))
    shown: pd.DataFrame = table[(table["kind"] == "agent") | table["agent"].isin(beside)]
    return shown


def _certificate(results: Path) -> str:
    """The tables of the parallel solver's certificate, one below the other."""
    text = (results / CERTIFICATE / "certificate.md").read_text(encoding="utf-8")
    return re.sub(r"^## (.*)$", r"**\1**", text, flags=re.MULTILINE).strip()


def _calibration(results: Path) -> str:
    """Errors on the device's half with each network left out, model by model."""
    text = (results / CALIBRATION / "calibration.md").read_text(encoding="utf-8")
    return text.partition("## Raspberry Pi: errors [%]")[2].partition("##")[0].strip()


def _accuracy(results: Path) -> str:
    """Final accuracies, as the study reports them."""
    text = (results / ACCURACY / "accuracy.md").read_text(encoding="utf-8")
    return text.partition("## Final accuracy")[2].partition("##")[0].strip()


def _targets(results: Path) -> str:
    """Time and energy to a share of the final accuracy, of the policies that the figure shows."""
    tables = []
    targets, changes = (
        pd.read_csv(results / ACCURACY / f"{name}.csv") for name in ("targets", "changes")
    )
    for schedule in dict.fromkeys(targets["schedule"]):
        own, against = (
            each[(each["schedule"] == schedule) & (each["split"] == "equal")]
            for each in (targets, changes)
        )
        shown = own[own["policy"].isin(policies_shown(own))]
        change = against.set_index("policy").reindex(shown["policy"])
        columns: dict[str, Any] = {"Schedule": schedule, "Policy": shown["label"]}
        for name, unit in (("seconds", "s"), ("joules", "J")):
            column = f"{name}_{TARGET:.2f}"
            columns[f"To {TARGET:.0%} [{unit}]"] = shown[column].map(at_most_three_digits)
            told = ["–" if pd.isna(value) else signed_percent(value) for value in change[column]]
            columns[f"OPEN against it, {name}"] = told
        tables.append(pd.DataFrame(columns))
    return markdown(pd.concat(tables))


def _privacy(results: Path) -> str:
    """How well images can be rebuilt from what crosses at each cut."""
    table = pd.read_csv(results / PRIVACY / "reconstruction.csv")
    kilobits = table["bits_per_sample"] / 1e3
    return markdown(
        pd.DataFrame(
            {
                "Split point": table["split"].astype(str),
                "Layer": table["layer"],
                "Crosses [kbit/sample]": kilobits.map(at_most_three_digits),
                "Error": table["error"].map("{:.3f}".format),
            }
        )
    )


class TableSource(NamedTuple):
    """A generated table: how it is written, and where its figures come from."""

    write: Callable[[Path], str]
    command: str
    folder: str


TABLES: dict[str, TableSource] = {
    "accuracy": TableSource(_accuracy, "python -m benchmarks accuracy --data …", ACCURACY),
    "targets": TableSource(_targets, "python -m benchmarks accuracy --data …", ACCURACY),
    "privacy": TableSource(_privacy, "python -m asl_gym.training privacy …", PRIVACY),
    "ranking": TableSource(_ranking(DEFAULT_RUN), "python -m benchmarks", DEFAULT_RUN),
    "learned": TableSource(_learned, "python -m benchmarks learned", f"{LEARNED}/ASL-v0"),
    **{
        f"learned-{each.env_id}": TableSource(
            _learned_on(each.env_id), "python -m benchmarks learned", f"{LEARNED}/{each.env_id}"
        )
        for each in PAGE.environments
    },
    "certificate": TableSource(_certificate, "python -m benchmarks certificate", CERTIFICATE),
    "causal": TableSource(
        lambda results: (results / CAUSAL / "causal.md").read_text(encoding="utf-8").strip(),
        "python -m benchmarks causal --policy …",
        CAUSAL,
    ),
    "changes": TableSource(_changes, "python -m benchmarks", DEFAULT_RUN),
    "fadings": TableSource(_fadings, "python -m benchmarks fadings", "fadings/default"),
    "harvest": TableSource(
        _ranking(HARVEST_RUN), "python -m benchmarks --env ASLHarvest-v0", HARVEST_RUN
    ),
    "measured": TableSource(
        _ranking(MEASURED_RUN), "python -m benchmarks --trace-dir …", MEASURED_RUN
    ),
    "calibration": TableSource(
        _calibration, "python -m benchmarks calibration --timings …", CALIBRATION
    ),
    "speed": TableSource(
        lambda results: (results / SPEED).read_text(encoding="utf-8").strip(),
        "python -m benchmarks speed",
        "speed",
    ),
}


def provenance_line(table: TableSource, results: Path) -> str:
    """Which command wrote a table's results, and at which commit."""
    commit = _commit(results / table.folder)
    told = f"commit `{commit}`" if commit else "at a commit that its results do not tell"
    return f"*Written by `{table.command}`, {told}.*"


def _commit(folder: Path) -> str | None:
    """The commit that the results in a folder tell they were last written at."""
    for name in (MANIFEST, PROVENANCE):
        if (folder / name).exists():
            told = read_json(folder / name, "results")
            written = told["written_by"][-1] if name == MANIFEST else told
            commit: str | None = written["commit"]
            return commit
    return None


def _of_ranking(policy: str, column: str) -> Callable[[Path], str]:
    """A figure of the ranking: that of one policy in one column of its summary."""

    def figure(results: Path) -> str:
        summary = load_results(RunFolder(results / DEFAULT_RUN)).summary.set_index("policy")
        value = float(summary[column].loc[policy])
        return f"{100 * value:.2g}%" if column.endswith("gap") else at_most_three_digits(value)

    return figure


FIGURES: dict[str, Callable[[Path], str]] = {
    "open-priced-gap": _of_ranking("open", "priced_gap"),
    "greedy-delay-energy-ratio": _of_ranking("greedy-delay", "energy_ratio"),
}
"""Figures in sentences."""
