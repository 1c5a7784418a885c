"""A run's folder: where it is, who may write to it, and its learning curve ``curve.csv``."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from agents.bookkeeping import remove_parts, replacing
from agents.configuration import Configuration
from agents.errors import RunError

__all__ = [
    "CURVE_COLUMNS",
    "append_curve",
    "curve_columns",
    "cut_curve",
    "gap_of",
    "locked",
    "on_batteries",
    "read_curve",
    "run_folder",
]

CURVE_COLUMNS = ("steps", "priced_gap", "energy_ratio", "mean_delay_s")
"""Columns of a learning curve: steps, and scores on the validation seeds."""

BATTERY_COLUMNS = ("steps", "gap", "mean_wait_s", "mean_delay_s")
"""The same where devices run on batteries."""


def curve_columns(with_batteries: bool) -> tuple[str, ...]:
    """The columns of a learning curve on batteries or with a budget."""
    return BATTERY_COLUMNS if with_batteries else CURVE_COLUMNS


def on_batteries(row: dict[str, str]) -> bool:
    """Whether a row of a learning curve is of devices on batteries."""
    return tuple(row) == BATTERY_COLUMNS


def gap_of(row: dict[str, str]) -> float:
    """The gap that policies are ranked by in a row of a learning curve."""
    return float(row["gap"] if on_batteries(row) else row["priced_gap"])


def run_folder(root: Path, configuration: Configuration, seed: int) -> Path:
    """The folder of a run."""
    return root / configuration.place / configuration.algorithm / f"seed-{seed}"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Makes a run's folder and keeps a second training out of it.

    Raises:
        RunError: If another process trains there, or the folder or a file in it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock", timeout=0):
            remove_parts(folder)
            yield
    except Timeout as error:
        raise RunError(
            f"{folder}: another process trains there: wait for it, or train into another folder"
        ) from error
    except OSError as error:
        raise RunError(
            f"{folder}: {error}: a training has to write there. What its last checkpoint holds is "
            "not lost: make room or mend the folder, and the same command goes on"
        ) from error


def append_curve(path: Path, row: dict[str, Any]) -> None:
    """Adds a row to a learning curve."""
    _write_curve(path, [*read_curve(path), row])


def cut_curve(path: Path, steps: int) -> None:
    """Drops the rows that a killed run had left ahead of its checkpoint at ``steps``."""
    rows = read_curve(path)
    kept = [row for row in rows if int(row["steps"]) <= steps]
    if len(kept) < len(rows):
        _write_curve(path, kept)


def _write_curve(path: Path, rows: list[dict[str, Any]]) -> None:
    with replacing(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*rows[0]] if rows else CURVE_COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def read_curve(path: Path) -> list[dict[str, str]]:
    """The rows of a learning curve, none where there is no file yet.

    Raises:
        RunError: If the file is not a learning curve, or not a whole one.
    """
    if not path.exists():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            header, *rows = list(csv.reader(file, strict=True)) or [[]]
        columns = [CURVE_COLUMNS, BATTERY_COLUMNS]
        if tuple(header) not in columns:
            raise ValueError(f"line 1: expected {' or '.join(map(','.join, columns))}")
        for number, row in enumerate(rows, start=2):
            _check_row(number, row)
    except (ValueError, csv.Error) as error:
        raise RunError(
            f"{path} is not a whole learning curve ({error}). Trainings write it whole, so it was "
            "changed from outside: put a copy of yours back or remove it, which loses the curve "
            "alone"
        ) from error
    return [dict(zip(header, row, strict=True)) for row in rows]


def _check_row(number: int, row: list[str]) -> None:
    """Raises a ``ValueError`` where a row is not one of whole steps and three numbers."""
    if len(row) != len(CURVE_COLUMNS):
        raise ValueError(f"line {number}: {len(row)} entries: expected {len(CURVE_COLUMNS)}")
    try:
        int(row[0]), [float(value) for value in row[1:]]
    except ValueError as error:
        raise ValueError(f"line {number}: {error}") from error
