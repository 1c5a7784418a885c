"""Playing what is missing of the table of transfer."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from asl_gym import Scenario
from benchmarks.jobs.engine import Engine
from benchmarks.learned.comparisons import comparison_for
from benchmarks.learned.evaluation import agent_entries, play_missing
from benchmarks.learned.runs import Run
from benchmarks.learned.transfer.protocol import Protocol
from benchmarks.playing.run_folder import RunFolder
from benchmarks.playing.suite import Entry, build_suite, misfit

__all__ = ["FOLDER", "agent_name", "play_transfer", "references"]

FOLDER = "transfer"
"""Folder of its results among those of the page."""

MARKS = ("kalman-open",)
"""References that are told more than the others, and yet in the table."""


def agent_name(algorithm: str, trained_on: str) -> str:
    """The name of an agent whose training environment id matters."""
    return f"{algorithm}-{trained_on}"


def references(entries: Sequence[Entry], scenario: Scenario) -> list[Entry]:
    """Those in the table that were not trained: OPEN, its versions, tuned rules and marks."""
    shown = comparison_for(scenario).shown({entry.name: entry.kind for entry in entries})
    return [entry for entry in entries if entry.name in {*shown, *MARKS}]


def play_transfer(
    protocol: Protocol,
    runs: Sequence[Run],
    out: Path,
    data: Path | None,
    console: Console,
    engine: Engine,
) -> None:
    """Plays the references and the agents of all training seeds on every case.

    Args:
        protocol: What is played.
        runs: The runs of the page, of which the protocol names some.
        out: Folder of the page's results.
        data: Folder of the folders of logs; without one, cases on logs are left out.
        console: Where the progress is shown.
        engine: What plays.
    """
    entries = _agents(protocol, runs)
    for case in protocol.cases():
        configuration = protocol.configuration(case, data)
        if configuration is None:
            console.print(f"Left out, since --data names no folder of logs: {case.folder}")
            continue
        suite = build_suite(configuration.evaluator, agents=False)
        evaluator = configuration.evaluator
        # Training seeds of an agent have networks of one shape.
        one_each = {entry.agent: entry for entry in entries}.values()
        able = {one.agent for one in one_each if not misfit(one.policy, evaluator)}
        folder = RunFolder(out / FOLDER / case.folder)
        play_missing(
            configuration,
            [
                *references(suite.entries, configuration.scenario),
                *(entry for entry in entries if entry.agent in able),
            ],
            folder,
            console,
            engine,
        )


def _agents(protocol: Protocol, runs: Sequence[Run]) -> list[Entry]:
    entries = []
    for algorithm, trained_on in protocol.agents:
        name = agent_name(algorithm, trained_on)
        own = [
            run
            for run in runs
            if (run.algorithm, run.configuration.env_id) == (algorithm, trained_on)
        ]
        entries += [
            replace(entry, name=f"{name}-seed-{entry.training_seed}", agent=name)
            for entry in agent_entries(own)
        ]
    return entries
