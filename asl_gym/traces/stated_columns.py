"""What statements of a file's columns have in common: the time, its formats, and TOML."""

import math
import tomllib
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from asl_gym.traces.units import nanoseconds
from asl_gym.validation.checks import FieldError
from asl_gym.validation.csv_rows import plain_number
from asl_gym.validation.fields import Declared, declared
from asl_gym.validation.text_file import file_text

__all__ = ["NOT_MEASURED", "StatedColumns", "column_name", "measured_number"]

EPOCHS = {"s": 1_000_000_000, "ms": 1_000_000}
"""Time formats that count from an epoch, with their nanoseconds."""

NOT_MEASURED = frozenset({"", "-"})
"""Cells that hold no measurement."""


def column_name(field: str, value: Any) -> str:
    """Checks the name of a column.

    Raises:
        FieldError: If it is no text, or an empty one.
    """
    if not (isinstance(value, str) and value):
        raise FieldError(field, value, "the name of a column")
    return value


def _time_format(field: str, value: Any) -> str:
    if not isinstance(value, str) or not (value in {"iso", *EPOCHS} or "%" in value):
        allowed = "'iso', 's' or 'ms' since an epoch, or a format of strptime ('%H:%M:%S')"
        raise FieldError(field, value, allowed)
    return value


def measured_number(name: str, cell: str, unit: str = "") -> float:
    """What a cell measured.

    Args:
        name: The column, for the error.
        cell: The cell, none of :data:`NOT_MEASURED`.
        unit: The unit, for the error.

    Raises:
        ValueError: If it is no finite number >= 0.
    """
    value = plain_number(cell)
    if not 0.0 <= value < math.inf:
        shown = f" [{unit}]" if unit else ""
        raise ValueError(f"{name} {cell!r} must be a finite number >= 0{shown}, or '-'")
    return value


@dataclass(frozen=True)
class StatedColumns(Declared):
    """Which column of a file holds the time; what else is measured, subclasses say.

    Attributes:
        time: Column of the time.
        time_format: ``"iso"`` (ISO 8601), ``"s"`` or ``"ms"`` since any epoch, or a format of
            :meth:`datetime.datetime.strptime`. Times without a zone are taken to be in one zone.

    Raises:
        FieldError: If a field is not allowed.
    """

    time: str = declared(column_name)
    time_format: str = declared(_time_format, default="iso")

    @classmethod
    def from_toml(cls, text: str) -> Self:
        """Builds it from TOML with the fields' names.

        Args:
            text: An inline table, ``{time = "Time", time_format = "ms"}`` and so on, or the path
                of a TOML file with the same keys.

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
            raise FieldError(cls.PREFIX.rstrip("."), text, f"TOML ({error})") from error
        given = table["columns"] if inline else table
        known = [each.name for each in fields(cls)]
        required = [each.name for each in fields(cls) if each.default is MISSING]
        for name in given:
            if name not in known:
                raise FieldError(cls.PREFIX + name, given[name], f"one of {', '.join(known)}")
        return cls(**{**dict.fromkeys(required), **given})

    def time_of(self, cell: str) -> int:
        """The time that a cell of the column holds [ns].

        Raises:
            ValueError: If it is not in the format; the message names the column.
        """
        form, iso = self.time_format, self.time_format == "iso"
        if form in EPOCHS:
            if not math.isfinite(plain_number(cell)):
                raise ValueError(f"{self.time} {cell!r} must be a finite number [{form}]")
            return int(Decimal(cell.strip()) * EPOCHS[form])
        try:
            read = datetime.fromisoformat(cell) if iso else datetime.strptime(cell, form)
            return nanoseconds(read)
        except ValueError:
            expected = "be an ISO 8601 time" if iso else f"have the format {form!r}"
            raise ValueError(f"{self.time} {cell!r} must {expected}") from None
