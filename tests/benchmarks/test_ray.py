"""Studies on a Ray cluster of two nodes: equal rows, and a node that is killed loses nothing.

Needs the extra ``ray``; run by ``pytest -m ray tests/benchmarks/test_ray.py``.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

from benchmarks.errors import BenchmarkError
from benchmarks.jobs.engine import Engine
from benchmarks.jobs.processes import Processes
from benchmarks.jobs.store import Store
from benchmarks.studies.sweeps.definition import Study
from benchmarks.studies.sweeps.playing import play_study
from benchmarks.studies.sweeps.points import points_of

pytestmark = [
    pytest.mark.ray,
    pytest.mark.filterwarnings("default"),
]

STUDY = Study.model_validate(
    {
        "title": "Two bandwidths",
        "policies": ["open", "card-style", "random"],
        "rounds": 200,
        "set": {"num_devices": 200},
        "axis": [{"set": "radio.bandwidth_hz", "values": [5e6, 20e6]}],
    }
)


@pytest.fixture
def cluster() -> Iterator[Any]:
    """Two nodes of a core each, besides a head without any."""
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    started: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    for _ in range(2):
        started.add_node(num_cpus=1)
    yield started
    import ray

    ray.shutdown()
    started.shutdown()


def rows_of(store: Path, engine: Engine) -> pd.DataFrame:
    played = play_study(STUDY, points_of(STUDY, {}), Store(store), engine, Console(quiet=True))
    return pd.concat(played).drop(columns="decision_time_us")


def test_a_node_that_is_killed_loses_nothing(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchmarks.jobs.ray_cluster import RayCluster

    expected = rows_of(tmp_path / "here", Processes(2))
    engine = RayCluster(cluster.address)
    pd.testing.assert_frame_equal(rows_of(tmp_path / "cluster", engine), expected)

    keep, kept, nodes = Store.keep, [], [*cluster.worker_nodes]

    def kill_a_node(store: Store, job: Any, result: Any) -> None:
        keep(store, job, result)
        kept.append(job.key)
        if len(kept) == 3:
            cluster.remove_node(nodes[0], allow_graceful=False)

    monkeypatch.setattr(Store, "keep", kill_a_node)
    pd.testing.assert_frame_equal(rows_of(tmp_path / "killed", engine), expected)
    assert len(kept) == len(set(kept))


def test_a_cluster_that_there_is_not() -> None:
    pytest.importorskip("ray")
    from benchmarks.jobs.ray_cluster import RayCluster

    with pytest.raises(BenchmarkError, match=r"address = '127.0.0.1:1': no Ray"):
        RayCluster("127.0.0.1:1")
