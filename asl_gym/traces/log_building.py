"""Building logs of one device: from the rows that a reader finds, or from several logs."""

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from asl_gym.arrays import Array
from asl_gym.traces.log import MeasuredLog, MeasuredRow
from asl_gym.validation.csv_rows import Rows, TextFileError

__all__ = ["OUTAGE", "TimedRow", "UnplayableLogError", "build_log", "join_logs"]

NANOSECONDS = 1_000_000_000
"""In a second."""


OUTAGE = MeasuredRow(downlink_snr_db=-math.inf)
"""A row without service."""

TimedRow = tuple[int, MeasuredRow | None]
"""A row's time since any epoch [ns], and what it measured, ``None`` for nothing."""


class UnplayableLogError(TextFileError):
    """A log that is whole and yet says nothing of the rates; others can be played without it."""


def build_log(path: Path, rows: Rows[TimedRow], missing: str) -> MeasuredLog:
    """Builds a log of what a reader found in a file.

    Of several rows of one time the last one counts. Rows that measured nothing are left out.

    Args:
        path: The file.
        rows: Its rows.
        missing: What a row that is left out has not, for notices.

    Raises:
        UnplayableLogError: If all rows are left out.
    """
    kept: dict[tuple[int, int], MeasuredRow] = {}
    steps: list[int] = []
    latest, num_left_out = rows.rows[0][1][0], 0
    for line, (time, row) in rows.rows:
        if time < latest:
            steps.append(line)
        latest = time
        if row is None:
            num_left_out += 1
        else:
            kept[len(steps), time] = row
    if not kept:
        raise UnplayableLogError(path, f"none of its {num_left_out} rows has {missing}")
    seconds, stretch = _timeline(list(kept))
    measured = np.array(list(kept.values()), dtype=np.float64).T.copy()
    for array in (seconds, stretch, measured):
        array.flags.writeable = False
    notices = _notices(path.name, rows, (steps, num_left_out, missing))
    return MeasuredLog(path, seconds, stretch, measured, num_left_out, tuple(notices))


def join_logs(logs: Sequence[MeasuredLog]) -> MeasuredLog:
    """Logs, and the stretches of each, one after the other as one stretch.

    A log follows the one before after the earlier one's median time between rows.
    """
    seconds, start = [], 0.0
    for log in logs:
        seconds.append(start + log.seconds)
        start = seconds[-1][-1] + _spacing(np.diff(log.seconds))
    joined = np.concatenate(seconds)
    measured = np.concatenate([log.measured for log in logs], axis=1)
    return MeasuredLog(logs[0].path, joined, np.zeros(joined.size, dtype=np.int64), measured)


def _timeline(times: Sequence[tuple[int, int]]) -> tuple[Array, npt.NDArray[np.int64]]:
    """Seconds since the first row, and stretches from 0, of stretches and times [ns]."""
    numbers = np.unique([stretch for stretch, _ in times], return_inverse=True)[1]
    gaps = [(b[1] - a[1]) / NANOSECONDS for a, b in pairwise(times) if a[0] == b[0]]
    seconds, first, start = np.empty(len(times)), times[0], 0.0
    for row, (stretch, time) in enumerate(times):
        if stretch != first[0]:
            first, start = (stretch, time), seconds[row - 1] + _spacing(gaps)
        seconds[row] = start + (time - first[1]) / NANOSECONDS
    return seconds, numbers.astype(np.int64)


def _notices(name: str, rows: Rows[TimedRow], found: tuple[list[int], int, str]) -> list[str]:
    steps, num_left_out, missing = found
    notices = []
    if rows.cut_off_line is not None:
        notices.append(f"{name}: the last row, line {rows.cut_off_line}, was cut off: left out")
    if steps:
        lines = ", ".join(map(str, steps[:5])) + ", …" * (len(steps) > 5)
        notices.append(
            f"{name}: the clock steps back in line {lines}: a stretch of its own begins there, "
            "and no episode goes from one to the next unless they are stitched"
        )
    if num_left_out:
        count = f"{num_left_out} of {len(rows.rows)} rows"
        notices.append(f"{name}: {count} have service but not {missing}: they are left out")
    return notices


def _spacing(gaps: Sequence[float] | Array) -> float:
    """Median time between rows [s]; a second, the loggers' habit, where there is but one row."""
    return float(np.median(gaps)) if len(gaps) else 1.0
