"""How fast algorithms train: measured on small configurations, shown on the page."""

from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.learned import training_speed
from benchmarks.learned.page import Page, PageEnvironment
from tests.agents.agent_samples import quick_configuration


@pytest.mark.parametrize("algorithm", ["ppo", "generalist"])
def test_the_environments_share_is_a_share(algorithm: str) -> None:
    found = training_speed.measure(quick_configuration(algorithm), seconds=0.05)
    assert 0.0 < found["environment_share"] < 1.0
    assert found["steps_per_second"] > 0.0


def test_each_algorithm_is_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def measured(configuration, seconds=0.0):
        asked.append((configuration.algorithm, configuration.env_id))
        return {"steps_per_second": 1234.0, "environment_share": 0.25}

    monkeypatch.setattr(training_speed, "measure", measured)
    page = Page(
        (
            PageEnvironment("ASL-v0", ("ppo", "generalist")),
            PageEnvironment("ASLStaleCSI-v0", ("ppo", "shared", "generalist"), ("generalist",)),
        )
    )
    for _ in range(2):
        training_speed.measure_missing(page, tmp_path, Console(quiet=True))
    assert asked == [("ppo", "ASL-v0"), ("generalist", "ASL-v0"), ("shared", "ASLStaleCSI-v0")]
    (_, _, table) = training_speed.section(tmp_path)
    assert "1,234" in table
    assert "25.0" in table
