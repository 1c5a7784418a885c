"""The page's tables of transfer."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from agents.catalogue import label_of
from asl_gym.provenance import last_commit_of
from benchmarks.learned.comparisons import comparison_for
from benchmarks.learned.results import complete_rows
from benchmarks.learned.statistics import common_traces, mean_of_scores, score_matrix
from benchmarks.learned.transfer.playing import FOLDER, agent_name
from benchmarks.learned.transfer.protocol import Case, Protocol, Table
from benchmarks.playing.run_folder import RunFolder
from benchmarks.reporting.formatting import percent
from benchmarks.reporting.tables import markdown

__all__ = ["load_transfer", "section", "tables_of"]

CANNOT = "cannot"
"""In the place of a gap: the agent's network does not fit the scenario."""

NOT_PLAYED = "–"

INTRODUCTION = f"""\
What agents do on what they were not trained on, by protocols that were set beforehand: nothing is
trained or tuned on a case. In brackets stands what an agent was trained on; the generalist's
scenarios are random, with other networks, fleets and links than these. '{CANNOT}' stands where a
network was made for another number of devices, split points or entries of the observation."""

PROTOCOL = """\
By `benchmarks/learned/transfer/{name}`{at}. {gap} [%]: for agents the IQM over {seeds} training
seeds, for what was not trained the mean, over {traces} traces of {rounds} rounds."""


def section(protocols: Sequence[Protocol], num_training_seeds: int, out: Path) -> list[str]:
    """The page's section on transfer; nothing where no case was played.

    Args:
        protocols: What is played.
        num_training_seeds: Of the page.
        out: Folder of the page's results.
    """
    parts = [part for each in protocols for part in tables_of(each, num_training_seeds, out)]
    return ["## Transfer", INTRODUCTION, *parts] if parts else []


def tables_of(protocol: Protocol, num_training_seeds: int, out: Path) -> list[str]:
    """What the section says of a protocol; nothing where no case was played.

    Args:
        protocol: What is played.
        num_training_seeds: Of the page.
        out: Folder of the page's results.
    """
    gaps = load_transfer(protocol, num_training_seeds, out)
    if gaps.empty:
        return []
    commit, parts = last_commit_of(protocol.path), []
    at = f", last changed at commit {commit}" if commit else ""
    for table in protocol.table:
        own = gaps[gaps["table"] == table.title]
        if not own.empty:
            told = PROTOCOL.format(
                name=protocol.path.name,
                at=at,
                gap=own["comparison"].iloc[0].label.capitalize(),
                seeds=num_training_seeds,
                traces=protocol.evaluation_seeds,
                rounds=protocol.rounds,
            )
            shown = markdown(_shown(protocol, table, own))
            parts += [f"### {table.title}: {table.env}", told, shown]
    return parts


def load_transfer(protocol: Protocol, num_training_seeds: int, out: Path) -> pd.DataFrame:
    """One line a case and policy: what it is, its ``gap``, and the ``comparison`` that is by."""
    parts = [_gaps_of(protocol, case, num_training_seeds, out) for case in protocol.cases()]
    return pd.concat(parts, ignore_index=True)


def _gaps_of(protocol: Protocol, case: Case, num_training_seeds: int, out: Path) -> pd.DataFrame:
    folder = RunFolder(out / FOLDER / case.folder)
    columns = ["agent", "gap", "label", "table", "case", "comparison"]
    if not folder.has_manifest:
        return pd.DataFrame(columns=columns)
    labels = {agent_name(*agent): f"{label_of(agent[0])} ({agent[1]})" for agent in protocol.agents}
    wanted = {f"{name}-seed-{seed}" for name in labels for seed in range(num_training_seeds)}
    episodes, _ = complete_rows(folder, wanted)
    policies = folder.manifest["policies"]
    labels |= {name: each["label"] for name, each in policies.items() if not each["agent"]}
    traces, comparison = common_traces(episodes), comparison_for(folder.scenario)
    return pd.DataFrame(
        [
            {
                "agent": agent,
                "gap": float(mean_of_scores(score_matrix(rows, comparison.gap, traces))),
                "label": labels[str(agent)],
                "table": case.table.title,
                "case": case.entry.label,
                "comparison": comparison,
            }
            for agent, rows in episodes.groupby("agent", sort=False)
        ],
        columns=columns,
    )


def _shown(protocol: Protocol, table: Table, gaps: pd.DataFrame) -> pd.DataFrame:
    """Policies by cases: those that were not trained, then agents in the protocol's order."""
    agents = [agent_name(*agent) for agent in protocol.agents]
    references = [name for name in gaps["agent"].drop_duplicates() if name not in agents]
    labels = gaps.drop_duplicates("agent").set_index("agent")["label"]
    values = gaps.set_index(["agent", "case"])["gap"]
    played = set(gaps["case"])
    lines = [
        {
            "Policy": labels[name],
            **{
                case.label: _cell(values, name, case.label, case.label in played)
                for case in table.case
            },
        }
        for name in [*references, *(name for name in agents if name in labels)]
    ]
    return pd.DataFrame(lines)


def _cell(values: "pd.Series[float]", agent: str, case: str, was_played: bool) -> str:
    if not was_played:
        return NOT_PLAYED
    return percent(values[(agent, case)]) if (agent, case) in values.index else CANNOT
