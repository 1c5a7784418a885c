"""A folder of results: what was played (``run.json``), the rows, the frontier and the rounds.

    run.json            configuration, policies, notes, and the commands that wrote here
    episodes.csv        a row per policy and evaluation seed
    frontier.csv        the hindsight frontier as a curve
    series/NAME.csv.gz  the rounds of a policy's first evaluation seed

Files other than the rows are written under another name first, so that they are whole or absent.
"""

import csv
import gzip
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout

from agents.bookkeeping import differences, write_json, write_whole
from asl_gym import Scenario
from asl_gym.scoring.evaluation import EpisodeSeries
from benchmarks.errors import BenchmarkError
from benchmarks.playing.configuration import Configuration
from benchmarks.playing.episode_log import COLUMNS, EpisodeLog, read_episodes
from benchmarks.playing.provenance import provenance
from benchmarks.playing.suite import Suite

__all__ = ["RunFolder"]


class RunFolder:
    """Reads and writes a folder of results.

    Args:
        path: The folder; it need not exist before a run.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._manifest_path = path / "run.json"
        self._episodes_path = path / "episodes.csv"
        self._frontier_path = path / "frontier.csv"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps a second run out of the folder.

        Raises:
            BenchmarkError: If another run writes to it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.path / ".lock", timeout=0):
                yield
        except Timeout as error:
            raise BenchmarkError(f"out = {str(self.path)!r}: another run writes to it") from error

    def prepare(self, configuration: Configuration, suite: Suite) -> None:
        """Writes the manifest of a run, or checks that it goes on with the run that is there.

        Raises:
            BenchmarkError: If the folder holds results of another configuration, or rows of a
                policy of the same name but another source.
        """
        new = _manifest(configuration, suite)
        if self._manifest_path.is_file():
            with self.open_log() as log:
                with_rows = {name for name, _ in log.done}
            new = _merged(self.path, self.manifest, new, with_rows)
        elif self._episodes_path.exists():
            raise BenchmarkError(
                f"out = {str(self.path)!r} holds rows but no run.json: choose another folder"
            )
        write_json(self._manifest_path, new)

    def forget(self, names: Sequence[str]) -> None:
        """Removes policies and their rows, so that what has changed is played anew.

        Raises:
            BenchmarkError: If another run writes to the folder.
        """
        with self.locked():
            with self.open_log():
                pass  # Opening removes a line that was cut off.
            lines = self._episodes_path.read_text(encoding="utf-8").splitlines(keepends=True)
            place = COLUMNS.index("policy")
            kept = [line for line in lines if next(csv.reader([line]))[place] not in names]
            manifest = self.manifest
            policies = manifest["policies"]
            manifest["policies"] = {n: each for n, each in policies.items() if n not in names}
            # The rows first: a policy without rows may be another than the one that is listed.
            write_whole(self._episodes_path, "".join(kept).encode())
            write_json(self._manifest_path, manifest)

    @property
    def has_manifest(self) -> bool:
        """Whether a run has begun in the folder."""
        return self._manifest_path.is_file()

    @property
    def manifest(self) -> dict[str, Any]:
        """What ``run.json`` holds.

        Raises:
            BenchmarkError: If there is none.
        """
        if not self._manifest_path.is_file():
            raise BenchmarkError(f"out = {str(self.path)!r} holds no run.json, so no results")
        manifest: dict[str, Any] = json.loads(self._manifest_path.read_text(encoding="utf-8"))
        return manifest

    @property
    def scenario(self) -> Scenario:
        """The scenario that was played."""
        return Scenario.from_dict(self.manifest["configuration"]["scenario"])

    def open_log(self) -> EpisodeLog:
        """Opens the rows for appending."""
        return EpisodeLog(self._episodes_path)

    def episodes(self) -> pd.DataFrame:
        """The rows so far."""
        return read_episodes(self._episodes_path)

    @property
    def has_frontier(self) -> bool:
        """Whether the frontier's curve has been written."""
        return self._frontier_path.is_file()

    def write_frontier(self, curve: pd.DataFrame) -> None:
        """Writes the frontier's curve."""
        write_whole(self._frontier_path, curve.to_csv(index=False).encode())

    def frontier(self) -> pd.DataFrame:
        """The frontier's curve."""
        return pd.read_csv(_existing(self._frontier_path))

    def series_path(self, policy: str) -> Path:
        """Where the rounds of a policy's first evaluation seed are."""
        return self.path / "series" / f"{policy}.csv.gz"

    def write_series(self, policy: str, series: EpisodeSeries) -> None:
        """Writes an episode round by round."""
        columns: dict[str, Any] = {
            "round": np.arange(len(series.delay)),
            "delay_s": series.delay,
            "energy_j": series.energy,
            "queue_j": series.queue,
        }
        if series.energies.shape[1] > 1:
            for budget, energies in enumerate(series.energies.T):
                columns[f"energy_of_budget_{budget}_j"] = energies
        for device in range(series.split.shape[1]):
            columns[f"split_{device}"] = series.split[:, device]
            columns[f"server_frequency_{device}_hz"] = series.server_frequency[:, device]
        path = self.series_path(policy)
        path.parent.mkdir(exist_ok=True)
        table = pd.DataFrame(columns).to_csv(index=False)
        write_whole(path, gzip.compress(table.encode(), mtime=0))

    def series(self, policy: str) -> pd.DataFrame:
        """The rounds of a policy's first evaluation seed."""
        return pd.read_csv(_existing(self.series_path(policy)))


def _manifest(configuration: Configuration, suite: Suite) -> dict[str, Any]:
    manifest = {
        "configuration": configuration.as_dict(),
        "notes": list(configuration.notes),
        "policies": {entry.name: entry.as_dict() for entry in suite.entries},
        "left_out": suite.left_out,
        "written_by": [provenance()],
    }
    plain: dict[str, Any] = json.loads(json.dumps(manifest))
    return plain


def _merged(
    path: Path, old: dict[str, Any], new: dict[str, Any], with_rows: set[str]
) -> dict[str, Any]:
    """The manifest of a run that goes on, perhaps with more policies."""
    _check_goes_on(path, old, new, with_rows)
    policies = {**old["policies"], **new["policies"]}
    left_out = {**old["left_out"], **new["left_out"]}
    return {
        **new,
        "policies": policies,
        "left_out": {name: why for name, why in left_out.items() if name not in policies},
        "written_by": old["written_by"]
        + [each for each in new["written_by"] if each not in old["written_by"]],
    }


def _check_goes_on(
    path: Path, old: dict[str, Any], new: dict[str, Any], with_rows: set[str]
) -> None:
    """Refuses another configuration and changed policies; those without rows may change."""
    found = differences(old["configuration"], new["configuration"])
    changed_users = []
    for name in sorted(old["policies"].keys() & new["policies"].keys() & with_rows):
        entry = new["policies"][name]
        lines = differences(old["policies"][name], entry, f"policy {name}: ")
        if lines and entry["kind"] == "user":
            changed_users.append(name)
        else:
            found += lines
    if found:
        raise BenchmarkError(
            f"out = {str(path)!r} holds results of another configuration: {'; '.join(found)}. "
            "Choose another --out, and another name for a policy that has changed."
        )
    for name in changed_users:
        raise BenchmarkError(
            f"policy {name!r} has changed since its rows were written: name the new version "
            f"(--policy {name}2=...) or choose another --out"
        )


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise BenchmarkError(f"{path} does not exist: the rows were written, so it was removed")
    return path
