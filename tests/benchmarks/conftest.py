"""What tests of the benchmark share: a finished run, and no plots where nobody looks at them."""

import shutil
from pathlib import Path

import pytest

from benchmarks.reporting import report
from tests.benchmarks.commands import FEW, SHORT, run


@pytest.fixture(autouse=True)
def no_plots(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves out plots, most of a short run's time, but for tests marked ``draws``."""
    if request.node.get_closest_marker("draws") is None:
        monkeypatch.setattr(report, "write_plots", lambda results: {})


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of few policies that has ended, made once."""
    out = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "write_plots", lambda results: {})
        run(out, *SHORT, *FEW)
    return out


@pytest.fixture
def ended(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished run."""
    return shutil.copytree(finished, tmp_path / "ended")
