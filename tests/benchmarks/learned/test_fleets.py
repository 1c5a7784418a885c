"""The study of fleet sizes: what is played, resumed, tabled and drawn."""

from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from asl_gym import OPEN, evaluate, preset
from asl_gym.scoring.evaluation import Evaluator
from benchmarks.jobs.processes import Processes
from benchmarks.learned import fleets
from benchmarks.learned.comparisons import WITH_BUDGET
from benchmarks.learned.page import Page, PageEnvironment
from benchmarks.playing.suite import Entry

PAGE = Page(
    (PageEnvironment("ASL-v0", ("shared",)),),
    num_training_seeds=2,
    num_evaluation_seeds=2,
    rounds=6,
    fleet_algorithms=("shared",),
    fleet_sizes=(2, 4),
    unseen_fleets=(1,),
)


def stand_ins(_: object) -> list[Entry]:
    """OPEN with other weights of the delay, in the place of an agent's two training seeds."""
    return [
        Entry(
            f"shared-seed-{seed}",
            f"seed {seed}",
            "agent",
            partial(OPEN, v=10.0 ** (4 + seed)),
            training_seed=seed,
            agent="shared",
            files={},
        )
        for seed in range(2)
    ]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("fleets")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fleets, "agent_entries", stand_ins)
        fleets.play_fleets(PAGE, [], out, Console(quiet=True), Processes(1))
    return out


def test_every_size_is_played_on_the_scenarios_fleet_and_on_unseen_ones(played):
    table = fleets.load_fleets(PAGE, played, WITH_BUDGET)
    keys = table[["num_devices", "fleet", "agent"]].apply(tuple, axis=1)
    assert set(keys) == {
        (size, fleet, agent)
        for size in (2, 4)
        for fleet in ("the scenario's", "unseen, fleet seed 1")
        for agent in ("open", "shared")
    }
    assert (table["training_seeds"] == table["agent"].map({"open": 1, "shared": 2})).all()


@pytest.mark.parametrize(("fleet", "seed"), [("the scenario's", None), ("unseen, fleet seed 1", 1)])
def test_the_gaps_are_those_of_the_evaluation(played, fleet, seed):
    scenario = preset("default").with_num_devices(4, seed=seed)
    scores = evaluate(OPEN, seeds=range(2), scenario=scenario, horizon=6)
    expected = pd.Series([score.priced_gap for score in scores]).mean()
    table = fleets.load_fleets(PAGE, played, WITH_BUDGET)
    row = table[
        (table["agent"] == "open") & (table["num_devices"] == 4) & (table["fleet"] == fleet)
    ]
    assert row["priced_gap"].item() == pytest.approx(expected, rel=1e-12)


def test_no_episode_is_played_twice(played, monkeypatch):
    monkeypatch.setattr(fleets, "agent_entries", stand_ins)
    monkeypatch.setattr(Evaluator, "score", lambda *_: pytest.fail("played twice"))
    fleets.play_fleets(PAGE, [], played, Console(quiet=True), Processes(1))


def test_the_section_has_a_table_and_a_plot(played, tmp_path):
    parts = fleets.section(PAGE, played, tmp_path, "results")
    assert parts[0] == "## Fleet sizes"
    assert parts[2].count("| shared network ") == 4
    assert "](results/ASL-v0-fleets.svg)" in parts[3]
    assert (tmp_path / "ASL-v0-fleets.svg").stat().st_size > 10_000


def test_there_is_no_section_without_results(tmp_path):
    assert fleets.section(PAGE, tmp_path, tmp_path, "results") == []
