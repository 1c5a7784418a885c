"""A folder of results: what was played (``run.json``), the rows, the frontier and the rounds.

    run.json            configuration, policies, notes, and the commands that wrote here
    episodes.csv        a row per policy and evaluation seed
    frontier.csv        the hindsight frontier as a curve
    series/NAME.csv.gz  the rounds of a policy's first evaluation seed
    superseded/         rows that other code or files made, with the run.json of their time

Files other than the rows are written under another name first, so that they are whole or absent.
"""

import gzip
import hashlib
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout

from agents.bookkeeping import write_json, write_whole
from asl_gym import Scenario
from asl_gym.scoring.episodes import EpisodeSeries
from asl_gym.validation.checks import FieldError
from asl_gym.validation.json_files import read_json
from benchmarks.errors import BenchmarkError
from benchmarks.playing.configuration import Configuration
from benchmarks.playing.episode_log import (
    EpisodeLog,
    order_rows,
    read_episodes,
    remove_rows,
    rows_of,
)
from benchmarks.playing.manifest import (
    changed,
    check_configuration,
    check_rows,
    checked,
    manifest_of,
    merged,
    superseding,
)
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
        if self.path.exists() and not self.path.is_dir():
            raise BenchmarkError(f"out = {str(self.path)!r} is no folder: choose another")
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.path / ".lock", timeout=0):
                yield
        except Timeout as error:
            raise BenchmarkError(f"out = {str(self.path)!r}: another run writes to it") from error

    def prepare(self, configuration: Configuration, suite: Suite) -> list[str]:
        """Writes the manifest of a run, or goes on with the run that is there.

        Rows that other code or files made are set apart in ``superseded/``, and so are missing.

        Args:
            configuration: What is played.
            suite: The policies.

        Returns:
            What is to be told of rows that were set apart, a line each.

        Raises:
            BenchmarkError: If the folder holds results of another configuration.
        """
        new, told = manifest_of(configuration, suite), []
        if self.has_manifest:
            with_rows = self._policies_with_rows()
            old = self.manifest
            check_configuration(self.path, old, new)
            if stale := changed(old, new, with_rows):
                told = superseding(stale, self._set_apart(sorted(stale)))
                old = self.manifest
            new = merged(old, new)
            if old["frontier"] != new["frontier"]:
                self._frontier_path.unlink(missing_ok=True)
        elif self._episodes_path.exists():
            raise BenchmarkError(
                f"out = {str(self.path)!r} holds rows but no run.json: choose another folder"
            )
        write_json(self._manifest_path, new)
        return told

    def _set_apart(self, names: Sequence[str]) -> Path:
        """Moves policies and their rows to a folder of their own, which is returned."""
        manifest, rows = self.manifest, rows_of(self._episodes_path, names)
        digest = hashlib.sha256("".join(rows).encode()).hexdigest()
        apart = self.path / "superseded" / digest[:12]
        apart.mkdir(parents=True, exist_ok=True)
        write_json(apart / self._manifest_path.name, manifest)
        write_whole(apart / self._episodes_path.name, "".join(rows).encode())
        self._remove(names)
        return apart

    def order_rows(self) -> None:
        """Puts the rows into the order of the policies and evaluation seeds, however they came."""
        order_rows(self._episodes_path, list(self.manifest["policies"]))

    def tell_memory(self, policy: str, seed: int) -> None:
        """Keeps that a policy decided otherwise when it played an evaluation seed again."""
        manifest = self.manifest
        manifest["remembers"][policy] = seed
        write_json(self._manifest_path, manifest)

    def _policies_with_rows(self) -> set[str]:
        """Policies that have rows, all of which are checked; a line cut off is removed."""
        with self.open_log() as log:
            if log.done:
                self.episodes()
            return {name for name, _ in log.done}

    def _remove(self, names: Sequence[str]) -> None:
        manifest = self.manifest
        for part in ("policies", "remembers"):
            manifest[part] = {n: each for n, each in manifest[part].items() if n not in names}
        # The rows first: a policy without rows may be another than the one that is listed.
        remove_rows(self._episodes_path, names)
        write_json(self._manifest_path, manifest)

    @property
    def has_manifest(self) -> bool:
        """Whether a run has begun in the folder."""
        return self._manifest_path.is_file()

    @property
    def manifest(self) -> dict[str, Any]:
        """What ``run.json`` holds.

        Raises:
            BenchmarkError: If there is none, or it is not what a run wrote.
        """
        if not self.has_manifest:
            raise BenchmarkError(f"out = {str(self.path)!r} holds no run.json, so no results")
        try:
            content = read_json(self._manifest_path, "run")
        except FieldError as error:
            raise BenchmarkError(f"{error}; or choose another --out") from error
        return checked(self._manifest_path, content)

    @property
    def scenario(self) -> Scenario:
        """The scenario that was played.

        Raises:
            BenchmarkError: If ``run.json`` holds none.
        """
        try:
            return Scenario.from_dict(self.manifest["configuration"]["scenario"])
        except FieldError as error:
            raise BenchmarkError(f"{self._manifest_path}: {error}") from error

    def open_log(self) -> EpisodeLog:
        """Opens the rows for appending."""
        return EpisodeLog(self._episodes_path, self._on_batteries)

    @property
    def _on_batteries(self) -> bool:
        """Whether devices of the scenario that is played run on batteries."""
        return self.manifest["configuration"]["scenario"].get("batteries") is not None

    def episodes(self) -> pd.DataFrame:
        """The rows so far.

        Raises:
            BenchmarkError: If they cannot be read, or are not those of ``run.json``.
        """
        rows = read_episodes(self._episodes_path)
        check_rows(self._episodes_path, rows, self.manifest)
        return rows

    @property
    def has_frontier(self) -> bool:
        """Whether the frontier's curve has been written."""
        return self._frontier_path.is_file()

    def write_frontier(self, curve: pd.DataFrame) -> None:
        """Writes the frontier's curve."""
        write_whole(self._frontier_path, curve.to_csv(index=False).encode())

    def frontier(self) -> pd.DataFrame:
        """The frontier's curve."""
        return _table(self._frontier_path, "mean_delay_s")

    def series_path(self, policy: str) -> Path:
        """Where the rounds of a policy's first evaluation seed are."""
        return self.path / "series" / f"{policy}.csv.gz"

    def write_series(self, policy: str, series: EpisodeSeries) -> None:
        """Writes an episode round by round."""
        columns: dict[str, Any] = {
            "round": np.arange(len(series.delay)),
            "delay_s": series.delay,
            "energy_j": series.energy,
        }
        if series.battery is None:
            columns["queue_j"] = series.queue
        else:
            columns |= _by_device("battery", series.battery, "j")
            columns |= _by_device("harvest", series.harvest, "j")
            columns |= _by_device("wait", series.wait, "s")
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
        limit = "battery_0_j" if self._on_batteries else "queue_j"
        return _table(self.series_path(policy), "round", "delay_s", "energy_j", limit)


def _by_device(name: str, values: Any, unit: str) -> dict[str, Any]:
    """Columns of figures of shape (T, N), one a device."""
    return {f"{name}_{device}_{unit}": each for device, each in enumerate(np.asarray(values).T)}


def _table(path: Path, *columns: str) -> pd.DataFrame:
    """A table that a run wrote whole, with at least some columns, all of finite numbers."""
    if not path.is_file():
        raise BenchmarkError(f"{path} does not exist: the rows were written, so it was removed")
    try:
        table = pd.read_csv(path).astype(float)
    except (ValueError, OSError, EOFError, zlib.error) as error:
        raise BenchmarkError(f"{path} is not as a run wrote it: {error}") from error
    lacking = [name for name in columns if name not in table]
    if lacking or table.empty or not np.isfinite(table.to_numpy()).all():
        problem = f"it lacks {lacking}" if lacking else "expected rows of finite numbers"
        raise BenchmarkError(f"{path} is not as a run wrote it: {problem}")
    return table
