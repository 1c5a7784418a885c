"""The rows of a run: a CSV file that is only ever appended to, and survives any interruption.

A row is flushed to the disk before the next episode starts, so that a run that is killed, in
whatever way, loses at most the episode it was in. A line that was cut off is removed on opening.
Lines may end in any way, since spreadsheets write files anew with line ends of their own.
"""

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from agents.bookkeeping import write_whole
from asl_gym import EpisodeScore
from asl_gym.scoring.episodes import score_fields
from benchmarks.errors import BenchmarkError

__all__ = [
    "BATTERY_COLUMNS",
    "COLUMNS",
    "EpisodeLog",
    "order_rows",
    "read_episodes",
    "remove_rows",
    "rows_of",
]

KEYS = ("env_id", "scenario", "policy", "training_seed")


def columns_of(on_batteries: bool) -> tuple[str, ...]:
    """The columns: fields of :class:`asl_gym.EpisodeScore`, and what else tells episodes apart."""
    return (*KEYS, *(name for name in score_fields(on_batteries) if name != "policy"))


COLUMNS, BATTERY_COLUMNS = columns_of(False), columns_of(True)

_TEXT = ("env_id", "scenario", "policy", "frontier_status")
_WHOLE = {"training_seed": "Int64", "evaluation_seed": "int64", "rounds": "int64"}
_MAY_LACK = ("frontier_delay_s", "frontier_gap", "priced_gap")
"""Numbers that are NaN where there is no frontier; all others are finite."""


class EpisodeLog:
    """Appends rows to a file, for as long as it is open.

    Args:
        path: The CSV file; it need not exist.
        on_batteries: Whether the rows are of devices on batteries.

    Attributes:
        done: Policy and evaluation seed of the rows that are there.
    """

    def __init__(self, path: Path, on_batteries: bool = False) -> None:
        _cut_torn_line(path)
        self._columns = columns_of(on_batteries)
        self.done: set[tuple[str, int]] = set()
        if path.is_file() and path.stat().st_size:
            rows = read_episodes(path)
            self.done = set(zip(rows["policy"], rows["evaluation_seed"], strict=True))
        self._path = path
        self._file = path.open("a", encoding="utf-8", newline="")
        if self._file.tell() == 0:
            self._write(self._columns)

    def __enter__(self) -> "EpisodeLog":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(
        self, score: EpisodeScore, env_id: str, scenario: str, training_seed: int | None
    ) -> None:
        """Writes a row and waits until it is on the disk."""
        row = {
            **score.as_row(),
            "env_id": env_id,
            "scenario": scenario,
            "training_seed": training_seed,
        }
        self._write([row[name] for name in self._columns])
        self.done.add((score.policy, score.evaluation_seed))

    def _write(self, cells: Any) -> None:
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(cells)
        try:
            self._file.write(line.getvalue())
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise BenchmarkError(
                f"{self._path} cannot be written ({error.strerror}): all rows before are kept, and "
                "the same command goes on when there is room"
            ) from error


def read_episodes(path: Path) -> pd.DataFrame:
    """Reads the rows of a run; a last line that was cut off is passed over.

    Raises:
        BenchmarkError: If the file is missing, holds other columns, values of other types, or a
            policy's evaluation seed twice.
    """
    if not path.is_file():
        raise BenchmarkError(f"{path} does not exist: expected the rows of a run")
    whole = _whole_lines(path)
    header = tuple(whole.partition("\n")[0].split(","))
    if header not in (COLUMNS, BATTERY_COLUMNS):
        raise BenchmarkError(f"{path} has the columns {header}: expected {COLUMNS}")
    numbers = [name for name in header if name not in (*_TEXT, *_WHOLE)]
    try:
        rows = pd.read_csv(
            io.StringIO(whole),
            dtype={**dict.fromkeys(_TEXT, "str"), **_WHOLE, **dict.fromkeys(numbers, "float64")},
            keep_default_na=False,
            na_values={"training_seed": [""], **{name: ["nan"] for name in numbers}},
        )
    except (ValueError, TypeError, OverflowError) as error:
        raise BenchmarkError(f"{path} cannot be read as the rows of a run: {error}") from error
    twice = rows[rows.duplicated(["policy", "evaluation_seed"])]
    if len(twice):
        keys = list(zip(twice["policy"], twice["evaluation_seed"], strict=True))
        raise BenchmarkError(f"{path} holds these policies and evaluation seeds twice: {keys}")
    for name in numbers:
        wrong = rows[np.isinf(rows[name]) | (rows[name].isna() & (name not in _MAY_LACK))]
        if len(wrong):
            line, value = 2 + int(wrong.index[0]), wrong[name].iloc[0]
            raise BenchmarkError(f"{path}, line {line}: {name} is {value}: expected a number")
    return rows


def rows_of(path: Path, policies: Sequence[str]) -> list[str]:
    """The lines of some policies, after the header."""
    header, *lines = _whole_lines(path).splitlines(keepends=True)
    return [header, *(line for line in lines if _policy(line) in policies)]


def remove_rows(path: Path, policies: Sequence[str]) -> None:
    """Removes the rows of some policies, and a last line that was cut off."""
    lines = _whole_lines(path).splitlines(keepends=True)
    write_whole(path, "".join(line for line in lines if _policy(line) not in policies).encode())


def order_rows(path: Path, policies: Sequence[str]) -> None:
    """Puts the rows into the order of some policies and of the evaluation seeds."""
    header, *lines = _whole_lines(path).splitlines(keepends=True)
    place = header.rstrip("\n").split(",").index("evaluation_seed")

    def order(line: str) -> tuple[int, int]:
        return policies.index(_policy(line)), int(next(csv.reader([line]))[place])

    if lines != (ordered := sorted(lines, key=order)):
        write_whole(path, "".join([header, *ordered]).encode())


def _policy(line: str) -> str:
    return next(csv.reader([line]))[KEYS.index("policy")]


def _whole_lines(path: Path) -> str:
    """The text without a last line that was cut off, every line ended by a line feed.

    Raises:
        BenchmarkError: If it is no text.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = f"byte {error.object[error.start]:#04x} at {error.start}"
        raise BenchmarkError(f"{path} is no text ({byte}): expected the rows of a run") from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text[: text.rfind("\n") + 1]


def _cut_torn_line(path: Path) -> None:
    """Removes a last line without its end, which a killed run may leave."""
    if path.is_file():
        content = path.read_bytes()
        whole = max(content.rfind(b"\n"), content.rfind(b"\r")) + 1
        if whole < len(content):
            os.truncate(path, whole)
