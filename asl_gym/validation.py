"""Checks of field values, with errors that name the field, the value and what is allowed."""

import math
import numbers
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["FieldError", "number", "numbers_tuple", "one_of", "whole_number"]


class FieldError(ValueError):
    """A field holds a value that is not allowed.

    Args:
        field: The field's dotted name, for example ``"server.clock_max_hz"``.
        value: The value it was given.
        allowed: What would have been accepted, in words.
    """

    def __init__(self, field: str, value: object, allowed: str) -> None:
        self.field, self.value, self.allowed = field, value, allowed
        super().__init__(field, value, allowed)

    def __str__(self) -> str:
        return f"{self.field} = {self.value!r} is not allowed: expected {self.allowed}"


def number(
    field: str,
    value: Any,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    open_low: bool = False,
) -> float:
    """Returns ``value`` as a float after checking that it is finite and within bounds.

    Args:
        field: The field's name, for the error.
        value: The value to check.
        low: The least value allowed.
        high: The greatest value allowed.
        open_low: Whether ``low`` itself is excluded.

    Raises:
        FieldError: If the value is no real number, not finite, or out of bounds.
    """
    allowed = "a finite number"
    allowed += "" if low == -math.inf else f" {'>' if open_low else '>='} {low:g}"
    allowed += "" if high == math.inf else f" and <= {high:g}"
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise FieldError(field, value, allowed)
    result = float(value)
    inside = (low < result if open_low else low <= result) and result <= high
    if not (math.isfinite(result) and inside):
        raise FieldError(field, value, allowed)
    return result


def numbers_tuple(
    field: str, values: Any, length: int | None = None, **bounds: Any
) -> tuple[float, ...]:
    """Returns ``values`` as a tuple of floats, each checked as by :func:`number`.

    Args:
        field: The field's name, for the error; entries are named ``field[i]``.
        values: A sequence of numbers.
        length: The number of entries required, or ``None`` for one or more.
        **bounds: Passed on to :func:`number`.

    Raises:
        FieldError: If it is no sequence, has the wrong length, or an entry is not allowed.
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise FieldError(field, values, "a sequence of numbers")
    entries = tuple(values)
    if length is not None and len(entries) != length:
        raise FieldError(field, f"{len(entries)} entries", f"{length} entries")
    if not entries:
        raise FieldError(field, entries, "at least one entry")
    return tuple(number(f"{field}[{i}]", entry, **bounds) for i, entry in enumerate(entries))


def whole_number(field: str, value: Any, low: int, high: int | None = None) -> int:
    """Returns ``value`` as an int after checking its type and bounds.

    Raises:
        FieldError: If it is no integer or out of bounds.
    """
    allowed = f"a whole number >= {low}" + ("" if high is None else f" and <= {high}")
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise FieldError(field, value, allowed)
    result = int(value)
    if result < low or (high is not None and result > high):
        raise FieldError(field, value, allowed)
    return result


def one_of(field: str, value: str, options: Sequence[str]) -> str:
    """Returns ``value`` after checking that it is one of ``options``.

    Raises:
        FieldError: If it is not.
    """
    if not isinstance(value, str) or value not in options:
        raise FieldError(field, value, "one of " + ", ".join(map(repr, options)))
    return value
