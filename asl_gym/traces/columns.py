"""Logs of any format, by a statement of which columns hold the time and the measured rates."""

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from asl_gym.traces.log import MeasuredLog, MeasuredRow
from asl_gym.traces.log_building import TimedRow, build_log
from asl_gym.traces.units import UNITS, UPLINK_SHARE, RateUnit, nanoseconds
from asl_gym.validation.checks import FieldError
from asl_gym.validation.csv_rows import plain_number, read_rows
from asl_gym.validation.fields import Declared, choice, declared
from asl_gym.validation.text_file import file_text

__all__ = ["Columns", "read_by_columns"]

EPOCHS = {"s": 1_000_000_000, "ms": 1_000_000}
"""Time formats that count from an epoch, with their nanoseconds."""

NOT_MEASURED = frozenset({"", "-"})
"""Cells that hold no measurement."""


def _name(field: str, value: Any) -> str:
    if not (isinstance(value, str) and value):
        raise FieldError(field, value, "the name of a column")
    return value


def _optional_name(field: str, value: Any) -> str | None:
    return None if value is None else _name(field, value)


def _time_format(field: str, value: Any) -> str:
    if not isinstance(value, str) or not (value in {"iso", *EPOCHS} or "%" in value):
        allowed = "'iso', 's' or 'ms' since an epoch, or a format of strptime ('%H:%M:%S')"
        raise FieldError(field, value, allowed)
    return value


@dataclass(frozen=True)
class Columns(Declared):
    """Which columns of a log hold what; the others are ignored.

    Where one direction alone was measured, the other has ``UPLINK_SHARE`` of it or the inverse.
    An empty cell or '-' is no measurement: the row is left out. Rates are >= 0.

    Attributes:
        time: Column of the time.
        time_format: ``"iso"`` (ISO 8601), ``"s"`` or ``"ms"`` since any epoch, or a format of
            :meth:`datetime.datetime.strptime`. Times without a zone are taken to be in one zone.
        uplink: Column of the measured uplink rate, or ``None``.
        uplink_unit: Its unit.
        downlink: Column of the measured downlink rate, or ``None``.
        downlink_unit: Its unit.

    Raises:
        FieldError: If a field is not allowed, no rate is named or a column is named twice.
    """

    time: str = declared(_name)
    time_format: str = declared(_time_format, default="iso")
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

    @classmethod
    def from_toml(cls, text: str) -> "Columns":
        """Builds it from TOML with the fields' names.

        Args:
            text: An inline table, ``{time = "Time", uplink = "Rate", uplink_unit = "Mbit/s"}``,
                or the path of a TOML file with the same keys.

        Raises:
            FieldError: If it is neither, or a field is not allowed.
            TextFileError: If the file cannot be read.
        """
        inline = text.lstrip().startswith("{")
        # TOML's inline tables may not span lines, what one types in a shell may.
        one_line = text.replace("\n", " ")
        source = f"columns = {one_line}" if inline else file_text(Path(text))
        try:
            table = tomllib.loads(source)
        except tomllib.TOMLDecodeError as error:
            raise FieldError("columns", text, f"TOML ({error})") from error
        given = table["columns"] if inline else table
        known = [each.name for each in fields(cls)]
        for name in given:
            if name not in known:
                raise FieldError(f"columns.{name}", given[name], f"one of {', '.join(known)}")
        return cls(**{"time": None, **given})


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
    time = _time(columns, cells[0])
    if not NOT_MEASURED.isdisjoint(cells[1:]):
        return time, None
    rates = [
        _rate(name, text, unit)
        for name, text, unit in zip(columns.names[1:], cells[1:], columns.units, strict=True)
    ]
    if columns.uplink is None:
        return time, MeasuredRow(math.nan, UPLINK_SHARE * rates[0], rates[0])
    uplink_bps = rates[0]
    return time, MeasuredRow(math.nan, uplink_bps, (*rates, uplink_bps / UPLINK_SHARE)[1])


def _time(columns: Columns, text: str) -> int:
    form = columns.time_format
    if form in EPOCHS:
        if not math.isfinite(plain_number(text)):
            raise ValueError(f"{columns.time} {text!r} must be a finite number [{form}]")
        return int(Decimal(text.strip()) * EPOCHS[form])
    try:
        iso = form == "iso"
        return nanoseconds(datetime.fromisoformat(text) if iso else datetime.strptime(text, form))
    except ValueError:
        expected = "be an ISO 8601 time" if form == "iso" else f"have the format {form!r}"
        raise ValueError(f"{columns.time} {text!r} must {expected}") from None


def _rate(name: str, text: str, unit: RateUnit) -> float:
    value = plain_number(text)
    if not 0.0 <= value < math.inf:
        raise ValueError(f"{name} {text!r} must be a finite number >= 0 [{unit}], or '-'")
    return value * UNITS[unit]
