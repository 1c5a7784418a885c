"""Checks of values.

Errors name the field, the value and what is allowed.
"""

import itertools
import math
import numbers
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

__all__ = [
    "ANY",
    "NOT_NEGATIVE",
    "POSITIVE",
    "SHARE",
    "Bounds",
    "FieldError",
    "named_within",
    "number",
    "numbers_tuple",
    "one_of",
    "sequence",
    "whole_number",
]


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
        return f"{self.field} = {_shown(self.value)} is not allowed: expected {self.allowed}"


LONGEST_SHOWN = 300
"""Characters of a value that an error shows; figures of a large fleet would fill screens."""


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except Exception:  # Integers of thousands of digits and nested lists of that depth have none.
        text = f"<{type(value).__name__} that is too large to show>"
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


@contextmanager
def named_within(place: str) -> Iterator[None]:
    """Puts a place before the field of a :class:`FieldError` that is raised inside."""
    try:
        yield
    except FieldError as error:
        raise FieldError(f"{place}.{error.field}", error.value, error.allowed) from error


class Bounds(NamedTuple):
    """The finite numbers between two ends, and their unit.

    Attributes:
        low: The least number allowed.
        high: The greatest number allowed.
        open_low: Whether ``low`` itself is excluded.
        open_high: Whether ``high`` itself is excluded.
        unit: For the error.
    """

    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False
    unit: str = ""

    def hold(self, value: float) -> bool:
        """Whether a number is finite and between the ends."""
        above = self.low < value if self.open_low else self.low <= value
        below = value < self.high if self.open_high else value <= self.high
        return math.isfinite(value) and above and below

    @property
    def allowed(self) -> str:
        """The bounds in words."""
        text = "a finite number"
        if self.low != -math.inf:
            text += f" {'>' if self.open_low else '>='} {self.low:g}"
        if self.high != math.inf:
            text += f" and {'<' if self.open_high else '<='} {self.high:g}"
        return f"{text} [{self.unit}]" if self.unit else text


MOST_ENTRIES = 10**6 + 1
"""Entries of a tuple: one for each device of the largest fleet, and one for the server."""

ANY, NOT_NEGATIVE, POSITIVE = Bounds(), Bounds(0), Bounds(0, open_low=True)
SHARE = Bounds(0, 1)


def number(field: str, value: Any, bounds: Bounds = ANY) -> float:
    """Returns ``value`` as a float after checking that it is finite and within bounds.

    Raises:
        FieldError: If the value is no real number, not finite, or out of bounds.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise FieldError(field, value, bounds.allowed)
    try:
        result = float(value)
    except OverflowError:  # An integer or a fraction beyond the range of floats.
        result = math.inf
    if not bounds.hold(result):
        raise FieldError(field, value, bounds.allowed)
    return result


def numbers_tuple(
    field: str, values: Any, length: int | None = None, bounds: Bounds = ANY
) -> tuple[float, ...]:
    """Returns ``values`` as a tuple of floats, each checked as by :func:`number`.

    Args:
        field: The field's name, for the error; entries are named ``field[i]``.
        values: A sequence of numbers.
        length: The number of entries required, or ``None`` for one or more.
        bounds: What each entry must lie within.

    Raises:
        FieldError: If it is no sequence, has the wrong length, or an entry is not allowed.
    """
    entries = sequence(field, values, "numbers")
    if length is not None and len(entries) != length:
        raise FieldError(field, f"{len(entries)} entries", f"{length} entries")
    if not 0 < len(entries) <= MOST_ENTRIES:
        allowed = f"at least one entry and at most {MOST_ENTRIES}"
        raise FieldError(field, f"{len(entries)} entries", allowed)
    # The entries of an array are numbers of NumPy's own.
    plain = tuple(values.tolist()) if isinstance(values, np.ndarray) else entries
    if _all_hold(plain, bounds):
        return plain
    return tuple(number(f"{field}[{i}]", entry, bounds) for i, entry in enumerate(entries))


def sequence(field: str, values: Any, of: str) -> tuple[Any, ...]:
    """Returns the entries of a sequence, an array or an iterator of at most a million.

    Args:
        field: The field's name, for the error.
        values: The sequence; texts, mappings and sets are none.
        of: What its entries should be, in words.

    Raises:
        FieldError: If it is none.
    """
    if not isinstance(values, (str, bytes, bytearray, Mapping, Set)):
        try:
            return tuple(itertools.islice(values, MOST_ENTRIES + 1))
        except TypeError:
            pass  # Of what only seems iterable, too, such as an array without axes.
    raise FieldError(field, values, f"a sequence of {of}")


def _all_hold(entries: tuple[Any, ...], bounds: Bounds) -> bool:
    """Whether entries are floats within bounds, quickly: fleets have up to a million devices."""
    if set(map(type, entries)) != {float}:
        return False
    values = np.fromiter(entries, float, len(entries))
    # Both are NaN where an entry is, which no bounds hold.
    return bounds.hold(float(values.min())) and bounds.hold(float(values.max()))


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
