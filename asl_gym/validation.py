"""Checks of values, and dataclass fields that declare what they allow.

Errors name the field, the value and what is allowed.
"""

import dataclasses
import math
import numbers
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, NamedTuple, get_args

__all__ = [
    "ANY",
    "NOT_NEGATIVE",
    "POSITIVE",
    "SHARE",
    "Bounds",
    "Declared",
    "FieldError",
    "choice",
    "count",
    "declared",
    "instance",
    "number",
    "numbers_tuple",
    "one_of",
    "quantities",
    "quantity",
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
        return f"{self.field} = {self.value!r} is not allowed: expected {self.allowed}"


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


ANY, NOT_NEGATIVE, POSITIVE = Bounds(), Bounds(0), Bounds(0, open_low=True)
SHARE = Bounds(0, 1)


def number(field: str, value: Any, bounds: Bounds = ANY) -> float:
    """Returns ``value`` as a float after checking that it is finite and within bounds.

    Raises:
        FieldError: If the value is no real number, not finite, or out of bounds.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise FieldError(field, value, bounds.allowed)
    result = float(value)
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
    if isinstance(values, str | bytes | bytearray) or not isinstance(values, Iterable):
        raise FieldError(field, values, "a sequence of numbers")
    entries = tuple(values)
    if length is not None and len(entries) != length:
        raise FieldError(field, f"{len(entries)} entries", f"{length} entries")
    if not entries:
        raise FieldError(field, entries, "at least one entry")
    return tuple(number(f"{field}[{i}]", entry, bounds) for i, entry in enumerate(entries))


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


class Declared:
    """A frozen dataclass whose fields say what they allow; they are checked when it is made.

    Attributes:
        PREFIX: What stands before a field's name in errors.
    """

    PREFIX: ClassVar[str] = ""

    def __post_init__(self) -> None:
        for each in dataclasses.fields(self):  # type: ignore[arg-type]
            if check := each.metadata.get("check"):
                checked = check(self.PREFIX + each.name, getattr(self, each.name))
                object.__setattr__(self, each.name, checked)


def declared(check: Callable[[str, Any], Any], **default: Any) -> Any:
    """A field of a :class:`Declared` dataclass.

    Args:
        check: Called with the field's name and value; returns what the field is to hold.
        **default: ``default=`` for :func:`dataclasses.field`.
    """
    return dataclasses.field(metadata={"check": check}, **default)


def quantity(bounds: Bounds, unit: str = "", **default: Any) -> Any:
    """A field that holds a number within bounds."""
    limits = bounds._replace(unit=unit)
    return declared(lambda field, value: number(field, value, limits), **default)


def quantities(bounds: Bounds, unit: str = "", **default: Any) -> Any:
    """A field that holds a tuple of numbers within bounds."""
    limits = bounds._replace(unit=unit)
    return declared(lambda field, value: numbers_tuple(field, value, bounds=limits), **default)


def count(low: int, **default: Any) -> Any:
    """A field that holds a whole number, ``low`` or more."""
    return declared(lambda field, value: whole_number(field, value, low), **default)


def choice(options: Any, **default: Any) -> Any:
    """A field that holds one of a ``Literal``'s words."""
    return declared(lambda field, value: one_of(field, value, get_args(options)), **default)


def instance(kind: type, **default: Any) -> Any:
    """A field that holds an instance of a class."""

    def check(field: str, value: Any) -> Any:
        if not isinstance(value, kind):
            raise FieldError(field, value, f"a {kind.__name__}")
        return value

    return declared(check, **default)
