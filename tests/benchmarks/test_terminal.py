"""What commands print: in any encoding and within 100 columns."""

import io
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from asl_gym.terminal import speak_plainly_where_needed
from benchmarks.reporting.tables import terminal_changes, terminal_ranking
from benchmarks.terminal import output
from tests.benchmarks.commands import SHORT, run


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of all policies but the agents, in a folder whose name looks like markup."""
    out = tmp_path_factory.mktemp("wide") / "[bold]runs[/]"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("benchmarks.reporting.report.write_plots", lambda results: {})
        run(out, *SHORT, "--no-agents")
    return out


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_a_report_is_shown_in_any_encoding_within_100_columns(wide, encoding, monkeypatch):
    shown = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", shown)
    monkeypatch.setenv("COLUMNS", "300")
    run(wide, "report")
    shown.seek(0)
    text = shown.read()
    assert "?" not in text
    lines = text.splitlines()
    # Three characters stand for one that ASCII lacks.
    longest = max(len(line.replace("...", "…")) for line in lines)
    assert longest <= 100
    ranking = lines[: next(i for i, line in enumerate(lines) if line.startswith("Change of"))]
    assert len(ranking) <= 20
    assert sum("clock" in line for line in ranking) == 3  # Two best in hindsight, one device alone.
    assert "[bold]runs[/]/report.md" in "".join(lines)


def summary_of(count: int) -> pd.DataFrame:
    """A ranking of so many policies that a user named at length."""
    line: dict[str, Any] = {"kind": "agent", "overspent": True, "unpriced": 0, "episodes": 2}
    for name in ("mean_delay_s", "mean_energy_j", "energy_ratio", "final_queue_j"):
        line[name] = 123_456.0
    for name in ("priced_gap", "frontier_gap"):
        line |= {name: 1.234, f"{name}_low": 1.0, f"{name}_high": 2.0}
    line |= {"decision_time_us": 5.0, "at_minimum_energy": 0}
    names = [f"policy-{i}-{'long' * 12}" for i in range(count)]
    return pd.DataFrame(
        [{**line, "rank": i + 1, "policy": name, "label": name} for i, name in enumerate(names)]
    )


def test_a_long_ranking_says_where_the_rest_is():
    table = terminal_ranking(summary_of(40))
    assert len(table) == 15
    assert table["Policy"].iloc[-1] == "… and 26 more in table.csv"
    assert len(terminal_ranking(summary_of(15))) == 15
    assert "… and" not in terminal_ranking(summary_of(15))["Policy"].iloc[-1]


def test_changes_are_shown_of_open_and_the_best_agent():
    summary = pd.DataFrame(
        {
            "policy": ["ppo", "open", "sac", "greedy-delay"],
            "kind": ["agent", "OPEN", "agent", "scheme"],
        }
    )
    lines = [
        {
            "policy": policy,
            "policy_label": policy,
            "scheme": scheme,
            "scheme_label": scheme,
            "delay_change": 0.1,
            "energy_change": 0.2,
        }
        for policy in ("open", "ppo", "sac")
        for scheme in ("greedy-delay", "fixed-1-max")
    ]
    table = terminal_changes(pd.DataFrame(lines), summary)
    assert table["Against"].to_list() == ["greedy-delay"]
    titles = [f"{name}: {what}" for name in ("open", "ppo") for what in ("delay", "energy")]
    assert [*table.columns[1:]] == titles


def test_the_console_takes_nothing_for_markup(capsys):
    output().print("results/[red]a[/red]/[link]")
    assert capsys.readouterr().out == "results/[red]a[/red]/[link]\n"


def test_every_character_of_ours_has_a_plain_stand_in():
    speak_plainly_where_needed()
    assert "Ē × 2 − 1 µs … † – λ".encode("ascii", "asl_gym_plain") == b"E x 2 - 1 us ... + - lambda"
