"""The learned agents' page on batteries: the gap to the bound in the priced gap's place."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from agents import pretrained
from agents.configuration import Configuration
from asl_gym import evaluate, preset
from asl_gym.policies.harvest.told_law import ToldTheLaw
from benchmarks.jobs.processes import Processes
from benchmarks.learned import fleets, runs, training_speed
from benchmarks.learned.command import Places, make_page
from benchmarks.learned.comparisons import ON_BATTERIES, WITH_BUDGET
from benchmarks.learned.page import Page, PageEnvironment
from benchmarks.learned.statistics import compare, median_seed
from benchmarks.playing.configuration import Configuration as Played
from benchmarks.playing.run_folder import RunFolder
from benchmarks.playing.suite import build_suite
from benchmarks.reporting import statistics as reporting
from benchmarks.reporting.plots.device_days import draw_device_days, most_contrasting
from benchmarks.reporting.results import load_results
from tests.agents.agent_samples import quick_configuration

ENV_ID = "ASLHarvest-v0"
SMALL = Page(
    (PageEnvironment(ENV_ID, ("price_network",)),),
    num_training_seeds=2,
    num_evaluation_seeds=2,
    rounds=16,
    fleet_algorithms=("price_network",),
    fleet_sizes=(3,),
)


def small_configuration(algorithm: str, _: str) -> Configuration:
    return quick_configuration(algorithm)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The page of a small network, trained, played and shipped into folders of its own."""
    folder, shipped = tmp_path_factory.mktemp("whole"), tmp_path_factory.mktemp("shipped")
    measured = {"steps_per_second": 1.0, "environment_share": 0.5}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reporting, "RESAMPLES", 999)
        patch.setattr(runs, "load_configuration", small_configuration)
        patch.setattr(pretrained, "folder", lambda: shipped)
        patch.setattr(training_speed, "measure", lambda *_: measured)
        places = Places(folder / "runs", folder / "out", folder / "RESULTS.md")
        make_page(SMALL, SMALL, places, True, Console(quiet=True), Processes(1))
        yield folder


def cells_of(page: str, label: str) -> dict[str, str]:
    """The lines of a policy in a page's tables, by column; later tables go before."""
    lines = page.splitlines()
    cells: dict[str, str] = {}
    for place in (i for i, line in enumerate(lines) if line.startswith(f"| {label} ")):
        header = next(line for line in reversed(lines[:place]) if line.startswith("| Policy"))
        split = (
            [cell.strip() for cell in line.strip("|").split("|")] for line in (header, lines[place])
        )
        cells |= dict(zip(*split, strict=True))
    return cells


def test_the_table_is_of_the_gap_to_the_bound(whole):
    page = (whole / "RESULTS.md").read_text(encoding="utf-8")
    section = page.partition(f"## {ENV_ID}")[2].partition("## Training speed")[0]
    shown = cells_of(section, "price network")
    assert {"Gap [%]", "Waits [s]", "Final charge [%]"} <= set(shown)
    assert not any("E/Ē" in name or "Priced" in name or "OPEN" in name for name in shown)
    best = next(name for name in shown if name.startswith("Better than "))
    assert any(rule in best for rule in ("drift plus penalty", "ration", "constant price"))
    assert "devices on batteries that the sun charges" in section
    assert "Priced gap" not in section
    assert "nan" not in section


def test_the_median_seed_is_shipped_with_its_gap(whole):
    rows = RunFolder(whole / "out" / ENV_ID).episodes()
    agents = rows[rows["training_seed"].notna()]
    entry = pretrained.manifest()[ENV_ID]["price_network"]
    assert entry["seed"] == median_seed(agents)
    assert entry["gap"] == agents.groupby("training_seed")["gap"].mean()[entry["seed"]]
    assert "priced_gap" not in entry


def test_other_fleets_stand_beside_told_the_law(whole):
    table = fleets.load_fleets(SMALL, whole / "out", ON_BATTERIES)
    assert fleets.load_fleets(SMALL, whole / "out", WITH_BUDGET).empty
    assert set(table["agent"]) == {"told-the-law", "price_network"}
    scenario = preset("harvest").with_num_devices(3)
    scores = evaluate(ToldTheLaw, ENV_ID, seeds=range(2), scenario=scenario, horizon=16)
    expected = np.mean([score.gap for score in scores])
    mark = table.set_index("agent").loc["told-the-law", "gap"]
    assert mark == pytest.approx(expected, rel=1e-12)
    page = (whole / "RESULTS.md").read_text(encoding="utf-8")
    assert "told the law's gap [%]" in page.partition("## Fleet sizes")[2]


def test_the_days_of_the_device_whose_waits_differ_most(whole):
    folder = RunFolder(whole / "out" / ENV_ID)
    names = ("told-the-law", "harvest-drift", "ration", "myopic")
    episodes = [folder.series(name) for name in names]
    waits = np.array([[rounds[f"wait_{n}_s"].mean() for n in range(10)] for rounds in episodes])
    device = most_contrasting(episodes)
    assert device == (waits.max(axis=0) - waits.min(axis=0)).argmax()
    figure = draw_device_days(load_results(folder), "page")
    assert figure is not None
    titles = [axes.get_title(loc="left") for axes in figure.axes[2:]]
    assert len(titles) == len(names)
    for title, wait in zip(titles, waits[:, device], strict=True):
        assert title.endswith(f"waits {wait:.1f} s a round")
    charge = np.asarray(figure.axes[1].lines[0].get_ydata(), dtype=float)
    scenario = preset("harvest")
    assert scenario.batteries is not None
    capacity = scenario.batteries.capacities(scenario.fastest_energies)[device]
    np.testing.assert_allclose(charge, 100 * episodes[0][f"battery_{device}_j"] / capacity)


def test_tuned_rules_are_in_the_suite():
    suite = build_suite(Played.build(ENV_ID, num_seeds=1).evaluator, agents=False)
    kinds = {entry.name: entry.kind for entry in suite.entries}
    assert set(ON_BATTERIES.tuned_rules) <= set(kinds)
    assert set(ON_BATTERIES.shown(kinds)) == {"told-the-law", *ON_BATTERIES.tuned_rules}


def test_the_best_tuned_rule_is_what_agents_are_compared_with():
    gaps = {"ration": [[0.3, 0.1]], "harvest-drift": [[0.1, 0.2]], "net": [[0.05, 0.3], [0, 0.1]]}
    rows = [
        {
            **{"agent": agent, "policy": f"{agent}-{seed}", "evaluation_seed": trace, "gap": gap},
            **{"mean_wait_s": 10.0 * gap, "final_charge": 0.5, "decision_time_us": 1.0},
        }
        for agent, matrix in gaps.items()
        for seed, values in enumerate(matrix)
        for trace, gap in enumerate(values)
    ]
    table = compare(pd.DataFrame(rows), ["harvest-drift", "ration"]).set_index("agent")
    assert set(table["best"]) == {"harvest-drift"}
    assert "better_than_open" not in table
    net = table.loc["net"]
    assert net["better_than_best"] == pytest.approx(3 / 4)
    assert net["gap"] == pytest.approx(0.1125)
    assert net["difference"] == pytest.approx(0.1125 - 0.15)
    assert net["mean_wait_s"] == pytest.approx(1.125)
