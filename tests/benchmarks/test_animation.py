"""Animations: their frames are the episode's rounds, in few colours, the same every time."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageSequence

from asl_gym import OPEN
from asl_gym.picture_style import PARTS
from asl_gym.scoring.evaluation import Evaluator
from benchmarks.commands import main
from benchmarks.reporting.animation import frames_of, write_gif
from tests.benchmarks.commands import failure


def animated(path: Path, *arguments: str) -> bytes:
    with pytest.raises(SystemExit) as ended:
        main(["animation", "--rounds", "3", *arguments, "--out", str(path)])
    assert ended.value.code == 0
    return path.read_bytes()


def test_an_animation_shows_the_first_rounds_of_an_episode(tmp_path: Path) -> None:
    animated(tmp_path / "a.gif", "--seed", "5")
    env = Evaluator("ASL-v0", render_mode="rgb_array").make_env(OPEN.action_view)
    policy = OPEN(env)
    observation, _ = env.reset(seed=5)
    with Image.open(tmp_path / "a.gif") as read:
        frames = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(read)]
    assert len(frames) == 3
    for frame in frames:
        observation, *_ = env.step(policy.predict(observation)[0])
        drawn: Any = env.render()
        exact: Any = np.equal(frame, drawn).all(axis=-1)
        assert exact.mean() > 0.97
        for colour in ("#FFFFFF", *PARTS.values()):
            rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], dtype=np.uint8)
            assert exact[(drawn == rgb).all(axis=-1)].all()
        assert np.abs(frame.astype(int) - drawn).max() < 100


def test_an_animation_is_the_same_every_time(tmp_path: Path) -> None:
    first = animated(tmp_path / "a.gif")
    assert animated(tmp_path / "b.gif") == first
    assert animated(tmp_path / "c.gif", "--seed", "1") != first
    assert animated(tmp_path / "d.gif", "--policy", "Greedy for delay") != first
    own = tmp_path / "mine.py"
    own.write_text("from asl_gym.policies.open import OPEN as Mine\n")
    assert animated(tmp_path / "e.gif", "--policy", f"{own}:Mine") == first


def test_an_animation_ends_where_the_episode_does(tmp_path: Path) -> None:
    evaluator = Evaluator("ASL-v0", horizon=2, render_mode="rgb_array")
    frames = frames_of(evaluator, OPEN, 0, 40)
    assert len(frames) == 2
    write_gif(frames, tmp_path / "a.gif", 4.0)
    with Image.open(tmp_path / "a.gif") as read:
        assert [frame.info["duration"] for frame in ImageSequence.Iterator(read)] == [250, 1000]
        assert read.info["loop"] == 0


def test_a_policy_that_is_not_known_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "a.gif")
    assert "'nowhere' is not allowed" in failure(
        capsys, "animation", "--policy", "nowhere", "--out", out
    )
    assert not list(tmp_path.iterdir())
