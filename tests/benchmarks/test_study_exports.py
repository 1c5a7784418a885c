"""A study's figures and tables for print, with a trained model among its policies."""

from pathlib import Path

import gymnasium as gym
import matplotlib.image
import pandas as pd
import pytest
from stable_baselines3 import PPO

import asl_gym
from tests.benchmarks.commands import run

STUDY = """
title = "Fleet and knob"
scenario = "default"
policies = ["open", "card-style", "{model}"]
rounds = 6
seeds = 2

[[axis]]
set = "v"
values = [1, 20]
scale = "log"

[[axis]]
set = "server.clock_max_hz"
values = [3e9, 4e9]
"""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    model = PPO("MlpPolicy", gym.make("ASL-v0", action_view="split"), n_steps=8, batch_size=8)
    model.save(folder / "mine.zip")
    text = STUDY.format(model=folder / "mine.zip")
    (folder / "plane.toml").write_text(text, encoding="utf-8")
    run(folder / "out", "study", str(folder / "plane.toml"))
    return folder


def test_every_figure_is_there_in_both_widths_and_three_formats(played: Path) -> None:
    figures = played / "out" / "plane" / "figures"
    names = {f"{name}-{width}" for name in ("study-0", "study-1", "knobs") for width in WIDTHS}
    files = {f"{name}.{kind}" for name in names for kind in ("pdf", "svg", "png")}
    assert {each.name for each in figures.iterdir()} == files
    for name in names:
        image = matplotlib.image.imread(figures / f"{name}.png")[..., :3]
        assert image.shape[1] == WIDTHS[name.rpartition("-")[2]]
        assert 0.01 < (image < 0.9).any(axis=2).mean() < 0.6, name


WIDTHS = {"column": 1050, "page": 2148}
"""Pixels at 300 a inch."""


def test_the_table_as_text_is_the_summary(played: Path) -> None:
    folder = played / "out" / "plane"
    summary = pd.read_csv(folder / "summary.csv")
    assert len(summary) == 2 * 2 * 3
    head, _, *lines = (folder / "summary.md").read_text(encoding="utf-8").splitlines()
    assert head.split("|")[1].strip() == "v"
    assert len(lines) == 12
    first = [cell.strip() for cell in lines[0].strip("|").split("|")]
    assert first[:3] == ["1", "3e+09", "OPEN"]
    assert first[5].split()[0] == f"{summary['energy_ratio'].iloc[0]:.3f}"
    tex = (folder / "summary.tex").read_text(encoding="utf-8")
    assert tex.count(r" \\") == 13
    assert r"\midrule" in tex


def test_a_model_is_played_where_its_jobs_run(played: Path) -> None:
    rows = pd.read_csv(played / "out" / "plane" / "rows.csv")
    own = rows[(rows["policy"] == "mine") & (rows["v"] == 20) & (rows["evaluation_seed"] == 1)]
    model = PPO.load(played / "mine.zip", device="cpu")
    for clock, delay in zip(own["server.clock_max_hz"], own["mean_delay_s"], strict=True):
        settings = {"v": 20, "server.clock_max_hz": clock, "horizon": 6}
        scenario = asl_gym.with_settings("default", settings)
        (score,) = asl_gym.evaluate(model, "ASL-v0", [1], scenario=scenario)
        assert delay == pytest.approx(score.mean_delay_s, rel=1e-12)
