"""Kills a benchmark run over and over (kill −9) and compares what it amounts to in the end.

Run by hand: ``python -m tests.kills [--kills 100] [--seed 0]``. Runs are killed at random moments
and started again until they end; then another folder is begun, until there were so many kills.
After each kill the folder must be readable, and when a run has ended its rows (but for decision
times), frontier and series must be those of a run that nobody killed, to the last bit. Plots, most
of a short run's time, are left out.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.commands import main
from benchmarks.errors import BenchmarkError
from benchmarks.playing.episode_log import COLUMNS
from benchmarks.playing.run_folder import RunFolder
from benchmarks.reporting import report

RUN = ["--rounds", "60", "--seeds", "6", "--no-agents"]
RUN += [f"--only={name}" for name in ("open", "greedy-delay", "random", "fixed-6-max")]
MEAN_LIFE = 0.5
"""Mean time that a run lives before it is killed, as a share of what a whole one takes."""


def start(out: Path) -> int:
    """Starts the run in a process of its own, without its output; returns the process."""
    process = os.fork()
    if process == 0:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
        report.write_plots = lambda results: {}  # type: ignore[attr-defined]
        try:
            main([*RUN, "--out", str(out)])
        except SystemExit as ended:
            os._exit(int(ended.code or 0))
        os._exit(1)
    return process


def wait(process: int, seconds: float | None = None) -> int | None:
    """The exit status of a process; ``None`` if it still runs after so many seconds."""
    deadline = None if seconds is None else time.monotonic() + seconds
    while True:
        done, status = os.waitpid(process, 0 if deadline is None else os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if deadline is not None and time.monotonic() >= deadline:
            return None
        time.sleep(1e-4)


def whole(out: Path) -> float:
    """Plays the run without interruption; returns how long it took [s]."""
    begun = time.monotonic()
    if wait(start(out)) != 0:
        sys.exit("the run fails even if nobody kills it")
    return time.monotonic() - begun


def contents(out: Path) -> dict[str, bytes]:
    """What a run amounts to: rows without decision times, the frontier, the series."""
    place = COLUMNS.index("decision_time_us")
    rows = (line.split(",") for line in (out / "episodes.csv").read_text().splitlines())
    kept = "\n".join(",".join(cells[:place] + cells[place + 1 :]) for cells in rows)
    files = [out / "frontier.csv", *sorted((out / "series").iterdir())]
    return {"rows": kept.encode(), **{each.name: each.read_bytes() for each in files}}


def readable(out: Path) -> bool:
    """Whether a folder that a kill left behind can be read, as far as it has got."""
    folder = RunFolder(out)
    try:
        if folder.has_manifest:
            assert folder.manifest["policies"]
            if (out / "episodes.csv").exists() and (out / "episodes.csv").stat().st_size:
                with folder.locked(), folder.open_log():
                    pass
                folder.episodes()
    except (BenchmarkError, AssertionError) as error:
        print(f"unreadable: {error}")
        return False
    return True


def killed_run(out: Path, duration: float, rng: np.random.Generator) -> tuple[int, int]:
    """Kills a run until it ends; returns the kills and the folders that could not be read."""
    kills = unreadable = 0
    while True:
        process = start(out)
        status = wait(process, rng.exponential(MEAN_LIFE * duration))
        if status is not None:
            if status != 0:
                sys.exit(f"the run in {out} ended with {status} after {kills} kills")
            return kills, unreadable
        os.kill(process, signal.SIGKILL)
        wait(process)
        kills += 1
        unreadable += not readable(out)


def kill_runs(kills: int, seed: int, root: Path) -> bool:
    """Kills so many times, or a few more; returns whether every run came out as it should."""
    rng = np.random.default_rng(seed)
    whole(root / "warm")  # Compiles what compiles.
    duration = whole(root / "whole")
    expected = contents(root / "whole")
    done = unreadable = differing = runs = 0
    while done < kills:
        found, lost = killed_run(root / f"killed-{runs}", duration, rng)
        same = contents(root / f"killed-{runs}") == expected
        done, unreadable, differing, runs = (
            done + found,
            unreadable + lost,
            differing + (not same),
            runs + 1,
        )
        print(f"run {runs}: {found} kills, {'equal' if same else 'DIFFERENT'}", flush=True)
    print(f"{done} kills of {runs} runs: {differing} runs differ, {unreadable} unreadable folders")
    return not (unreadable or differing)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(not kill_runs(arguments.kills, arguments.seed, Path(folder)))
