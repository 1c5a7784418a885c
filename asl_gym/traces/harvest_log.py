"""A log of the sun: what a file measured over time of solar power or irradiance.

Days go from dawn to dawn by the file's own clock, so that a day is what an episode begins with.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from asl_gym.arrays import Array, Indices
from asl_gym.traces.stated_columns import (
    NOT_MEASURED,
    StatedColumns,
    column_name,
    measured_number,
)
from asl_gym.validation.checks import FieldError
from asl_gym.validation.csv_rows import TextFileError, read_rows
from asl_gym.validation.fields import declared

__all__ = ["DAY", "HarvestColumns", "HarvestLog", "read_harvest"]

DAY = 86_400 * 1_000_000
"""Microseconds of a day."""

NANOSECONDS = 1_000
"""In a microsecond."""


def _time_of_day(field: str, value: Any) -> str:
    try:
        # TOML has times of its own.
        read = value if isinstance(value, time) else time.fromisoformat(value)
    except (TypeError, ValueError):
        read = None
    if read is None or read.tzinfo is not None:
        raise FieldError(field, value, "a time of day without a zone, such as '06:00'")
    return read.isoformat()


@dataclass(frozen=True)
class HarvestColumns(StatedColumns):
    """Which columns of a file hold the time and the sun's power, and when its days begin.

    An empty cell or '-' is no measurement: the row is left out. Power is >= 0.

    Attributes:
        time: Column of the time.
        time_format: See :class:`StatedColumns`. Times with a zone are taken in UTC, and an epoch to
            begin at midnight.
        power: Column of the power or irradiance, in any unit that is proportional to power.
        dawn: Time of day, by the clock of the file's times, at which a day's first round begins.

    Raises:
        FieldError: If a field is not allowed or a column is named twice.
    """

    power: str = declared(column_name, kw_only=True)
    dawn: str = declared(_time_of_day, default="06:00", kw_only=True)

    PREFIX = "harvest_columns."

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.time == self.power:
            raise FieldError("harvest_columns.power", self.power, "another column than the time's")

    @property
    def dawn_us(self) -> int:
        """Time from midnight to dawn [µs]."""
        read = time.fromisoformat(self.dawn)
        seconds = (read.hour * 60 + read.minute) * 60 + read.second
        return seconds * 1_000_000 + read.microsecond


class HarvestLog(NamedTuple):
    """What a file measured.

    Attributes:
        path: The file.
        dawn: The time of day at which days begin.
        days: Numbers of the days that have rows, since any epoch, increasing.
        day: Each row's day, an index into ``days``, shape (rows,).
        since_dawn_us: Each row's time of that day [µs], shape (rows,).
        power: What it measured, as a share of the file's maximum, shape (rows,).
    """

    path: Path
    dawn: str
    days: tuple[int, ...]
    day: Indices
    since_dawn_us: Indices
    power: Array


def read_harvest(path: Path, columns: HarvestColumns) -> HarvestLog:
    """Reads a file by a statement of its columns.

    A last row that was cut off is left out with a warning.

    Raises:
        TextFileError: If the file cannot be read, lacks a column, a cell is not as stated, a row is
            no later than the one before, or nothing above 0 was measured.
    """
    names = columns.time, columns.power
    rows = read_rows(path, names, partial(_parse, columns), log=True)
    if rows.cut_off_line is not None:
        told = f"{path.name}: the last row, line {rows.cut_off_line}, was cut off: left out"
        warnings.warn(told, stacklevel=4)
    for (_, (earlier, _)), (line, (later, _)) in pairwise(rows.rows):
        if later <= earlier:
            reason = (
                f"{columns.time} is no later than in the row before: expected increasing times, so "
                "for a clock that is put back in autumn, times in UTC or with a zone"
            )
            raise TextFileError(path, reason, line)
    measured = [(at, power) for _, (at, power) in rows.rows if power is not None]
    greatest = max((power for _, power in measured), default=0.0)
    if greatest == 0.0:
        raise TextFileError(path, f"{columns.power} has no value above 0")
    placed = [divmod(at // NANOSECONDS - columns.dawn_us, DAY) for at, _ in measured]
    index = {day: i for i, day in enumerate(dict.fromkeys(day for day, _ in placed))}
    return HarvestLog(
        path,
        columns.dawn,
        tuple(index),
        np.array([index[day] for day, _ in placed], dtype=np.int64),
        np.array([since for _, since in placed], dtype=np.int64),
        np.array([power for _, power in measured]) / greatest,
    )


def _parse(columns: HarvestColumns, cells: Sequence[str]) -> tuple[int, float | None]:
    """Time [ns] and power, ``None`` where it was not measured."""
    at, (_, power) = columns.time_of(cells[0]), cells
    return at, None if power in NOT_MEASURED else measured_number(columns.power, power)
