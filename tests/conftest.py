"""Settings that all tests share: examples that are the same everywhere, and which tests are slow.

``pytest --quick`` leaves out the slow ones, those named in ``tests/data/slow.txt``;
``pytest --write-slow`` writes that list anew from the times of its run.
"""

from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile(
    "reproducible", derandomize=True, deadline=None, database=None, max_examples=50
)
settings.load_profile("reproducible")

SOLVER = Path(__file__).parents[1] / "asl_gym" / "solvers" / "parallel"
SLOW = Path(__file__).parent / "data" / "slow.txt"
SLOW_FROM = 0.05
"""Time from which a test, with what it sets up, is slow [s]."""

seconds: defaultdict[str, float] = defaultdict(float)


def pytest_configure(config: pytest.Config) -> None:
    """Has the parallel schedule's solver compiled before processes side by side each would."""
    starts_others = not hasattr(config, "workerinput") and config.getoption("numprocesses", None)
    if starts_others and not list(SOLVER.glob("__pycache__/rows.solve_rows-*.nbi")):
        from tests.solvers.parallel_instances import compile_solver

        compile_solver()


def function_of(node_id: str) -> str:
    """A test's function, whatever its parameters."""
    return node_id.partition("[")[0]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="leave out the slow tests")
    parser.addoption("--write-slow", action="store_true", help="write anew which tests are slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--quick"):
        return
    slow = set(SLOW.read_text(encoding="utf-8").split())
    left_out = [item for item in items if function_of(item.nodeid) in slow]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if function_of(item.nodeid) not in slow]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    seconds[report.nodeid] += report.duration


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.getoption("--write-slow") and seconds:
        slow = {function_of(test) for test, spent in seconds.items() if spent > SLOW_FROM}
        SLOW.write_text("\n".join(sorted(slow)) + "\n", encoding="utf-8")
