"""Logs of any format, by a statement of which columns hold the time and the measured rates."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from asl_gym.traces.log import MeasuredLog, MeasuredRow
from asl_gym.traces.log_building import TimedRow, build_log
from asl_gym.traces.stated_columns import NOT_MEASURED, StatedColumns, column_name, measured_number
from asl_gym.traces.units import UNITS, UPLINK_SHARE, RateUnit
from asl_gym.validation.checks import FieldError
from asl_gym.validation.csv_rows import read_rows
from asl_gym.validation.fields import choice, declared

__all__ = ["Columns", "read_by_columns"]


def _optional_name(field: str, value: Any) -> str | None:
    return None if value is None else column_name(field, value)


@dataclass(frozen=True)
class Columns(StatedColumns):
    """Which columns of a log hold what; the others are ignored.

    Where one direction alone was measured, the other has ``UPLINK_SHARE`` of it or the inverse.
    An empty cell or '-' is no measurement: the row is left out. Rates are >= 0.

    Attributes:
        time: Column of the time.
        time_format: See :class:`StatedColumns`.
        uplink: Column of the measured uplink rate, or ``None``.
        uplink_unit: Its unit.
        downlink: Column of the measured downlink rate, or ``None``.
        downlink_unit: Its unit.

    Raises:
        FieldError: If a field is not allowed, no rate is named or a column is named twice.
    """

    uplink: str | None = declared(_optional_name, default=None)
    uplink_unit: RateUnit = choice(RateUnit, default="bit/s")
    downlink: str | None = declared(_optional_name, default=None)
    downlink_unit: RateUnit = choice(RateUnit, default="bit/s")

    PREFIX = "columns."

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.uplink is None and self.downlink is None:
            raise FieldError("columns.uplink", None, "a column's name there or in downlink")
        if len(set(self.names)) < len(self.names):
            raise FieldError("columns", list(self.names), "each column once")

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of time, then of the measured rates."""
        return self.time, *(name for name in (self.uplink, self.downlink) if name is not None)

    @property
    def units(self) -> tuple[RateUnit, ...]:
        """Units of the measured rates, in the order of ``names``."""
        uplink = (self.uplink_unit,) * (self.uplink is not None)
        return uplink + (self.downlink_unit,) * (self.downlink is not None)


def read_by_columns(path: Path, columns: Columns) -> MeasuredLog:
    """Read a log by a statement of its columns.

    Where the time steps back, a stretch of its own begins; of several rows of one time the last
    one counts.

    Raises:
        TextFileError: If the file cannot be read, lacks a column, or a cell is not as stated.
        UnplayableLogError: If no row has a measured rate.
    """
    rows = read_rows(path, columns.names, partial(_parse, columns), log=True)
    return build_log(path, rows, "a measured rate")


def _parse(columns: Columns, cells: Sequence[str]) -> TimedRow:
    """Time [ns] and measured rates, from cells in the order of ``columns.names``."""
    time = columns.time_of(cells[0])
    if not NOT_MEASURED.isdisjoint(cells[1:]):
        return time, None
    rates = [
        measured_number(name, text, unit) * UNITS[unit]
        for name, text, unit in zip(columns.names[1:], cells[1:], columns.units, strict=True)
    ]
    if columns.uplink is None:
        return time, MeasuredRow(math.nan, UPLINK_SHARE * rates[0], rates[0])
    uplink_bps = rates[0]
    return time, MeasuredRow(math.nan, uplink_bps, (*rates, uplink_bps / UPLINK_SHARE)[1])
