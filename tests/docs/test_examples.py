"""The examples run, each to a picture, with less of what takes time."""

from pathlib import Path
from typing import Any

import matplotlib
import pytest
from matplotlib import pyplot

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
LESS = {
    "1_first_steps.py": ("seeds=range(3)", "seeds=range(1)"),
    "2_own_network.py": ("horizon=50", "horizon=5"),
    "3_own_scheme.py": ("seeds=range(5)", "seeds=range(1)"),
    "4_own_agent.py": (
        "NUM_ENVS, ROLLOUTS, STEPS = 64, 24, 64",
        "NUM_ENVS, ROLLOUTS, STEPS = 8, 2, 64",
    ),
    "5_v_study.py": ("seeds=range(8)", "seeds=range(1)"),
    "6_real_training.py": ("Setting(rounds=10, samples=48)", "Setting(rounds=2, samples=16)"),
}
"""What takes time in each, and what stands in its place here."""


def run(name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What an example defines, once it has run and drawn something."""
    code = (EXAMPLES / name).read_text(encoding="utf-8")
    assert LESS[name][0] in code
    matplotlib.use("agg")
    shown: list[int] = []
    monkeypatch.setattr(pyplot, "show", lambda: shown.append(len(pyplot.get_fignums())))
    names: dict[str, Any] = {"__name__": name}
    try:
        exec(compile(code.replace(*LESS[name]), name, "exec"), names)
        assert shown
        assert min(shown) > 0
    finally:
        pyplot.close("all")
    return names


def test_every_example_is_tried() -> None:
    assert sorted(LESS) == sorted(each.name for each in EXAMPLES.glob("*.py"))


def test_first_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = run("1_first_steps.py", monkeypatch)["scores"]
    assert scores["OPEN"][0].priced_gap == min(each[0].priced_gap for each in scores.values())


def test_own_network(monkeypatch: pytest.MonkeyPatch) -> None:
    names = run("2_own_network.py", monkeypatch)
    expected = names["network"](names["inputs"])
    assert names["server"](*names["device"](names["inputs"])).equal(expected)


def test_own_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    names = run("3_own_scheme.py", monkeypatch)
    gaps = {name: episodes[0][0].priced_gap for name, episodes in names["played"].items()}
    assert 0 <= gaps["OPEN"] < gaps["cap per device"]


def test_own_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    names = run("4_own_agent.py", monkeypatch)
    assert names["model"].num_timesteps == 8 * 2 * 64


def test_v_study(monkeypatch: pytest.MonkeyPatch) -> None:
    names = run("5_v_study.py", monkeypatch)
    assert names["best"] > min(names["knobs"])


def test_real_training(monkeypatch: pytest.MonkeyPatch) -> None:
    played = run("6_real_training.py", monkeypatch)["played"]
    assert {split for each in played["device only"] for split in each.split} == {6}
    assert len({split for each in played["OPEN"] for split in each.split}) > 1
