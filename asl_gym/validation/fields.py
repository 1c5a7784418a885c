"""Dataclass fields that declare what they allow, and plain data of such classes."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self, TypeVar, get_args

from asl_gym.validation.checks import (
    Bounds,
    FieldError,
    number,
    numbers_tuple,
    one_of,
    sequence,
    whole_number,
)

__all__ = [
    "Declared",
    "checked_fields",
    "choice",
    "count",
    "declared",
    "instance",
    "keeps_hash",
    "optional",
    "quantities",
    "quantity",
    "several",
]


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


_Kind = TypeVar("_Kind", bound=type)
_HASH = "_hash"


def keeps_hash(kind: _Kind) -> _Kind:
    """Has the instances of a frozen dataclass compute their hash once.

    That of 100,000 devices takes milliseconds, and caches ask for it again and again.
    """
    methods: Any = kind
    compute = methods.__hash__

    def hashed(self: Any) -> int:
        if (kept := self.__dict__.get(_HASH)) is None:
            kept = self.__dict__[_HASH] = compute(self)
        return int(kept)

    def state(self: Any) -> dict[str, Any]:
        # Texts hash to something else in another process.
        return {name: value for name, value in self.__dict__.items() if name != _HASH}

    methods.__hash__, methods.__getstate__ = hashed, state
    return kind


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


def optional(check: Any) -> Any:
    """A field that may also be ``None``, which is its default; else checked as another field is."""
    inner = check.metadata["check"]
    return declared(
        lambda field, value: None if value is None else inner(field, value), default=None
    )


def count(low: int, high: int, **default: Any) -> Any:
    """A field that holds a whole number between two, both included."""
    return declared(lambda field, value: whole_number(field, value, low, high), **default)


def choice(options: Any, **default: Any) -> Any:
    """A field that holds one of a ``Literal``'s words."""
    return declared(lambda field, value: one_of(field, value, get_args(options)), **default)


def instance(kind: type | tuple[type, ...], **default: Any) -> Any:
    """A field that holds an instance of a class, or of one of several."""
    kinds = kind if isinstance(kind, tuple) else (kind,)

    def check(field: str, value: Any) -> Any:
        if not isinstance(value, kinds):
            raise FieldError(field, value, "a " + " or a ".join(each.__name__ for each in kinds))
        return value

    return declared(check, **default)


def several(kind: type, **default: Any) -> Any:
    """A field that holds a tuple of instances of a class, perhaps empty."""

    def check(field: str, values: Any) -> Any:
        entries = sequence(field, values, f"{kind.__name__} entries")
        for index, entry in enumerate(entries):
            if not isinstance(entry, kind):
                raise FieldError(f"{field}[{index}]", entry, f"a {kind.__name__}")
        return entries

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
