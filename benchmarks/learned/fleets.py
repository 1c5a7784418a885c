"""Agents on fleets of other sizes than they were trained on, without retraining.

Each size is the environment id's own scenario with a smaller or larger fleet; beside it, fleets
that no training has seen, of the same law but another seed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter
from rich.console import Console

from agents.catalogue import label_of
from asl_gym import picture_style as style
from asl_gym.picture_style import in_style
from benchmarks.jobs.engine import Engine
from benchmarks.learned.comparisons import COMPARISONS, Comparison, comparison_for, comparison_of
from benchmarks.learned.evaluation import agent_entries, play_missing
from benchmarks.learned.page import Page, PageEnvironment
from benchmarks.learned.plots import plain_axis, save_picture
from benchmarks.learned.results import complete_rows
from benchmarks.learned.runs import Run, played_on
from benchmarks.learned.statistics import compare
from benchmarks.playing.configuration import Configuration
from benchmarks.playing.run_folder import RunFolder
from benchmarks.reporting.formatting import at_most_three_digits, percent, with_interval
from benchmarks.reporting.plots import FIGURES
from benchmarks.reporting.policy_styles import policy_style
from benchmarks.reporting.tables import markdown

__all__ = ["play_fleets", "section"]

FOLDER = "fleets"
OWN = "the scenario's"
"""How the page calls the fleets of the scenario's own law."""


@dataclass(frozen=True)
class FleetCase:
    """A fleet that agents are played on.

    Attributes:
        environment: The environment id, and what is played on it.
        num_devices: Its size.
        seed: Seed of a fleet that no training has seen; ``None`` for the scenario's own law.
    """

    environment: PageEnvironment
    num_devices: int
    seed: int | None = None

    @property
    def env_id(self) -> str:
        """The environment's id."""
        return self.environment.env_id

    @property
    def label(self) -> str:
        """The fleet for people."""
        return OWN if self.seed is None else f"unseen, fleet seed {self.seed}"

    def folder(self, out: Path) -> RunFolder:
        """Its folder of results."""
        suffix = "" if self.seed is None else f"-fleet-{self.seed}"
        return RunFolder(out / FOLDER / f"{self.env_id}-{self.num_devices}{suffix}")

    def configuration(self, page: Page) -> Configuration:
        """What is played."""
        built = Configuration.build(
            self.env_id, rounds=page.rounds, num_seeds=page.num_evaluation_seeds
        )
        drawn: dict[str, Any] = {} if self.seed is None else {"seed": self.seed}
        return replace(built, scenario=built.scenario.with_num_devices(self.num_devices, **drawn))


def cases_of(page: Page) -> Iterator[FleetCase]:
    """The fleets of a page's study, by environment id, fleet seed and size."""
    for environment in page.environments:
        played = not page.fleet_env_ids or environment.env_id in page.fleet_env_ids
        if played and set(environment.algorithms) & set(page.fleet_algorithms):
            for seed in (None, *page.unseen_fleets):
                for num_devices in page.fleet_sizes:
                    yield FleetCase(environment, num_devices, seed)


def play_fleets(
    page: Page, runs: Sequence[Run], out: Path, console: Console, engine: Engine
) -> None:
    """Plays what is missing of the study: OPEN or the mark, and agents of all training seeds.

    Args:
        page: The page.
        runs: Its runs.
        out: Folder of the page's results.
        console: Where the progress is shown.
        engine: What plays.
    """
    for case in cases_of(page):
        own = [
            run
            for run in played_on(case.environment, runs)
            if run.algorithm in page.fleet_algorithms
        ]
        configuration = case.configuration(page)
        entries = [comparison_for(configuration.scenario).beside, *agent_entries(own)]
        play_missing(configuration, entries, case.folder(out), console, engine)


def section(page: Page, out: Path, pictures: Path, link: str) -> list[str]:
    """The page's section on fleet sizes; nothing where none was played.

    Args:
        page: The page.
        out: Folder of the page's results.
        pictures: Where the plot goes.
        link: How the page calls the folder of pictures.
    """
    parts: list[str] = []
    for comparison in COMPARISONS:
        table = load_fleets(page, out, comparison)
        if not table.empty:
            parts += _part(comparison, table, out, pictures, link)
    return ["## Fleet sizes", *parts] if parts else []


def _part(
    comparison: Comparison, table: pd.DataFrame, out: Path, pictures: Path, link: str
) -> list[str]:
    """Text, table and plots of the environment ids that are compared alike."""
    gap, beside = comparison.label.capitalize(), comparison.beside.label
    parts = [
        "Agents that act in a fleet of any size, trained on fleets of the scenario's size (its "
        "own, and others drawn by the same law: how many, `fleets` in `agents/hyperparameters/` "
        f"says) and played on others without retraining, with {beside} beside them on the same "
        f"traces. {gap} as above: IQM and interval over training seeds, for {beside} the mean.",
        markdown(_shown(table)),
    ]
    for env_id, rows in table.groupby("env_id", sort=False):
        caption = f"{gap} by fleet size on {env_id}."
        printed = out / FOLDER / FIGURES / f"{env_id}-fleets"
        file = save_picture(draw_fleets(rows), printed, pictures)
        parts.append(f"![{caption}]({link}/{file})\n\n{caption}")
    return parts


def load_fleets(page: Page, out: Path, comparison: Comparison) -> pd.DataFrame:
    """One line a fleet and policy: what ``compare`` gives, and which fleet it is.

    Args:
        page: The page.
        out: Folder of the page's results.
        comparison: Fleets whose agents are compared by another are left out.
    """
    tables = []
    for case in cases_of(page):
        folder = case.folder(out)
        if not folder.has_manifest or comparison_for(folder.scenario) != comparison:
            continue
        agents = {
            f"{algorithm}-seed-{seed}"
            for algorithm in page.fleet_algorithms
            for seed in range(page.num_training_seeds)
        }
        episodes, _ = complete_rows(folder, agents)
        beside = comparison.beside.name
        if beside in set(episodes["policy"]) and episodes["agent"].nunique() > 1:
            table = compare(episodes, [beside])
            table = table.assign(env_id=case.env_id, fleet=case.label)
            trained = Configuration.build(case.env_id).scenario.num_devices
            tables.append(table.assign(num_devices=case.num_devices, trained_devices=trained))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    """A line a fleet and agent, with the gap beside and the change since the trained fleet."""
    fleet, comparison = ["env_id", "fleet", "num_devices"], comparison_of(table)
    gap, name, beside = comparison.gap, comparison.beside.name, comparison.beside.label
    gaps_beside = table[table["agent"] == name].set_index(fleet)[gap]
    heading, lines = "Gap [%]" if comparison.tuned_rules else "Priced gap [%]", []
    for _, line in table[table["agent"] != name].iterrows():
        ends = (percent(line[f"{gap}_{end}"]) for end in ("low", "high"))
        lines.append(
            {
                "Policy": label_of(line["agent"]),
                "Environment": line["env_id"],
                "Fleet": line["fleet"],
                "Devices": f"{line['num_devices']}",
                heading: with_interval(percent(line[gap]), *ends),
                "Against the trained fleet [points]": _change(table, line, gap),
                f"{beside}'s gap [%]": percent(gaps_beside[tuple(line[fleet])]),
                **_spent(line),
                "Decision [µs]": at_most_three_digits(line["decision_time_us"]),
            }
        )
    return pd.DataFrame(lines)


def _spent(line: "pd.Series[Any]") -> dict[str, str]:
    if "energy_ratio" in line:
        return {"E/Ē": f"{line['energy_ratio']:.3f}"}
    return {"Waits [s]": at_most_three_digits(line["mean_wait_s"])}


def _change(table: pd.DataFrame, line: "pd.Series[Any]", gap: str) -> str:
    """The gap minus that on the fleet that the agent was trained on [percentage points]."""
    trained = table[
        (table["agent"] == line["agent"])
        & (table["env_id"] == line["env_id"])
        & (table["fleet"] == OWN)
        & (table["num_devices"] == line["trained_devices"])
    ][gap]
    return percent(line[gap] - trained.iloc[0]) if len(trained) else "–"


@in_style()
def draw_fleets(table: pd.DataFrame) -> Figure:
    """Draws the gap over fleet size; unseen fleets dotted and hollow.

    Args:
        table: Lines of :func:`load_fleets` of one environment id.
    """
    figure, comparison = style.figure("page", 3.2), comparison_of(table)
    axes = figure.add_subplot()
    for (agent, fleet), rows in table.groupby(["agent", "fleet"], sort=False):
        drawn, own = policy_style(str(agent)), fleet == OWN
        beside = comparison.beside
        label = beside.label if agent == beside.name else label_of(str(agent))
        label = label if own else f"{label}, unseen fleets"
        labelled = label in axes.get_legend_handles_labels()[1]
        gap = comparison.gap
        columns = [gap, f"{gap}_low", f"{gap}_high"]
        gaps = 100 * rows.set_index("num_devices")[columns].sort_index()
        low, high = gaps[f"{gap}_low"], gaps[f"{gap}_high"]
        axes.fill_between(gaps.index, low, high, color=drawn.colour, alpha=0.2, linewidth=0)
        dotted: dict[str, Any] = (
            {} if own else {"linestyle": (0, (1, 1.5)), "markerfacecolor": "white"}
        )
        line = drawn.line(label="" if labelled else label, **dotted)
        axes.plot(gaps.index, gaps[gap], **line)
    sizes = sorted(table["num_devices"].unique())
    axes.set(xscale="log", yscale="log", xlabel="devices N", ylabel=f"{comparison.label} [%]")
    axes.xaxis.set_major_locator(FixedLocator(sizes))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    plain_axis(axes.yaxis)
    figure.legend(loc="outside upper center", ncols=2)
    return figure
