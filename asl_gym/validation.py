"""Checks of values, and dataclass fields that declare what they allow.

Errors name the field, the value and what is allowed.
"""

import dataclasses
import itertools
import math
import numbers
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from typing import Any, ClassVar, NamedTuple, Self, get_args

__all__ = [
    "ANY",
    "NOT_NEGATIVE",
    "POSITIVE",
    "SHARE",
    "Bounds",
    "Declared",
    "FieldError",
    "checked_fields",
    "choice",
    "count",
    "declared",
    "instance",
    "named_within",
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
    try:
        if isinstance(values, (str, bytes, bytearray, Mapping, Set)):
            raise TypeError
        entries = tuple(itertools.islice(values, MOST_ENTRIES + 1))
    except TypeError:  # Also of what only seems iterable, such as an array without axes.
        raise FieldError(field, values, "a sequence of numbers") from None
    if length is not None and len(entries) != length:
        raise FieldError(field, f"{len(entries)} entries", f"{length} entries")
    if not 0 < len(entries) <= MOST_ENTRIES:
        allowed = f"at least one entry and at most {MOST_ENTRIES}"
        raise FieldError(field, f"{len(entries)} entries", allowed)
    if _all_hold(entries, bounds):
        return entries
    return tuple(number(f"{field}[{i}]", entry, bounds) for i, entry in enumerate(entries))


def _all_hold(entries: tuple[Any, ...], bounds: Bounds) -> bool:
    """Whether entries are floats within bounds, quickly: fleets have up to a million devices."""
    if set(map(type, entries)) != {float} or not all(map(math.isfinite, entries)):
        return False
    return bounds.hold(min(entries)) and bounds.hold(max(entries))


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

    def derived(self, **changes: Any) -> Self:
        """A copy with fields that follow from checked ones, which need no check of their own.

        An N-th of a bandwidth may lie below the least bandwidth that a scenario can have.
        """
        copy = object.__new__(type(self))
        for each in dataclasses.fields(self):  # type: ignore[arg-type]
            value = changes.get(each.name, getattr(self, each.name))
            object.__setattr__(copy, each.name, value)
        return copy


def declared(check: Callable[[str, Any], Any], **default: Any) -> Any:
    """A field of a :class:`Declared` dataclass.

    Args:
        check: Called with the field's name and value; returns what the field is to hold.
        **default: ``default=`` for :func:`dataclasses.field`.
    """
    return dataclasses.field(metadata={"check": check}, **default)


def quantity(bounds: Bounds, **default: Any) -> Any:
    """A field that holds a number within bounds."""
    return declared(lambda field, value: number(field, value, bounds), **default)


def quantities(bounds: Bounds, **default: Any) -> Any:
    """A field that holds a tuple of numbers within bounds."""
    return declared(lambda field, value: numbers_tuple(field, value, bounds=bounds), **default)


def count(low: int, high: int, **default: Any) -> Any:
    """A field that holds a whole number between two, both included."""
    return declared(lambda field, value: whole_number(field, value, low, high), **default)


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


def checked_fields(kind: Any, place: str, data: Any) -> dict[str, Any]:
    """Returns a copy of plain data of a dataclass after checking that its fields are all there.

    Args:
        kind: The dataclass.
        place: What the data are, for the error.
        data: A mapping of field names to values; fields with a default may be left out.

    Raises:
        FieldError: If it is no mapping, or a field is missing or unknown.
    """
    known = {each.name: each for each in dataclasses.fields(kind)}
    if not isinstance(data, Mapping):
        raise FieldError(place, data, "an object of named fields: " + ", ".join(known))
    for name in data:
        if name not in known:
            raise FieldError(place, name, "one of the fields " + ", ".join(known))
    for name, each in known.items():
        if name not in data and each.default is dataclasses.MISSING:
            raise FieldError(f"{place}.{name}", "missing", "a value")
    return dict(data)
