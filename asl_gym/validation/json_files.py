"""Reading JSON files, once for all that the project keeps in them.

Stricter than JSON's own reader where a value could be taken for another: numbers have to be finite
floats, keys of an object different, texts encodable. Files in UTF-8, UTF-16 and UTF-32 are read,
with a byte order mark or without.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from asl_gym.validation.checks import FieldError, whole_number

__all__ = ["SCHEMA", "JsonFileError", "fields_of_file", "read_json", "without_schema"]

SCHEMA = "schema"
"""Key under which a file says by which version of its format it was written."""

MAX_DEPTH = 100
"""Levels of nesting; no file of the project has ten, and recursion ends near a thousand."""

MAX_DIGITS = 400
"""Digits of an integer that are read as such: floats end at 309, and Python refuses 4,300."""


class JsonFileError(FieldError):
    """A JSON file cannot be read, or a field in it holds a value that is not allowed.

    Args:
        path: The file.
        field: The field's dotted place, or what the file should hold.
        value: The value it was given, or where reading ended.
        allowed: What would have been accepted, in words.
    """

    def __init__(self, path: str | Path, field: str, value: object, allowed: str) -> None:
        super().__init__(field, value, allowed)
        self.path = Path(path)
        self.args = str(path), field, value, allowed

    def __str__(self) -> str:
        # A file that cannot be read is the value itself.
        text = super().__str__()
        return text if self.value == str(self.path) else f"{self.path}: {text}"


class _RepeatedKey(dict[str, Any]):
    """An object that holds a key twice, until its place is known."""

    key: str


def read_json(path: str | Path, what: str) -> Any:
    """Reads a JSON file.

    Args:
        path: The file.
        what: What it holds, which is the field's name in errors, for example ``"scenario"``.

    Returns:
        Its data, of any JSON type; numbers are finite.

    Raises:
        JsonFileError: (a FieldError) If there is no such file, it is not JSON or is nested too
            deep, a key comes twice in an object, or a number is beyond the range of floats.
    """
    text = _text(path, what)
    hooks: Any = {"object_pairs_hook": _object, "parse_int": _integer}
    try:
        data = json.loads(text, **hooks)
    except json.JSONDecodeError as error:
        raise JsonFileError(path, what, str(path), f"valid JSON ({error})") from error
    except RecursionError:
        raise JsonFileError(path, what, str(path), _NOT_DEEPER) from None
    with fields_of_file(path):
        _check(what, data)
    return data


@contextmanager
def fields_of_file(path: str | Path) -> Iterator[None]:
    """Adds the file to a :class:`FieldError` about what was read from it, raised inside."""
    try:
        yield
    except JsonFileError:
        raise
    except FieldError as error:
        raise JsonFileError(path, error.field, error.value, error.allowed) from error


def without_schema(what: str, data: Any, newest: int) -> Any:
    """Returns the data of a file without the number of its format, after checking that number.

    Args:
        what: What the data are, for the error.
        data: The data; older files have no number and count as the first format's.
        newest: The newest format that can be read.

    Raises:
        FieldError: If the number is not one of a known format.
    """
    if not isinstance(data, Mapping) or SCHEMA not in data:
        return data
    try:
        whole_number(f"{what}.{SCHEMA}", data[SCHEMA], 1, newest)
    except FieldError as error:
        allowed = f"{error.allowed}; a newer version of asl-gym wrote a greater one"
        raise FieldError(error.field, error.value, allowed) from None
    return {name: value for name, value in data.items() if name != SCHEMA}


_NOT_DEEPER = f"JSON nested at most {MAX_DEPTH} levels deep"


def _text(path: str | Path, what: str) -> str:
    try:
        if not Path(path).is_file():
            raise FileNotFoundError
        content = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = f" ({error})" if str(error) else ""
        raise JsonFileError(path, what, str(path), f"an existing JSON file{reason}") from error
    try:
        return content.decode(json.detect_encoding(content))
    except UnicodeDecodeError as error:
        raise JsonFileError(path, what, str(path), f"valid JSON, which is text ({error})") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    repeated = _RepeatedKey(found)
    repeated.key = Counter(key for key, _ in pairs).most_common(1)[0][0]
    return repeated


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= MAX_DIGITS else math.inf


def _check(what: str, data: Any) -> None:
    """Checks all values, without recursion, and names the place of one that is not allowed."""
    open_values: list[tuple[str, Any, int]] = [("", data, 0)]
    while open_values:
        place, value, depth = open_values.pop()
        if depth > MAX_DEPTH:
            raise FieldError(what, f"nesting at {place[:40]}…", _NOT_DEEPER)
        if isinstance(value, dict):
            dot = "." if place else ""
            open_values += [(f"{place}{dot}{key}", each, depth + 1) for key, each in value.items()]
        elif isinstance(value, list):
            open_values += [(f"{place}[{i}]", each, depth + 1) for i, each in enumerate(value)]
        if (allowed := _allowed_instead(value)) is not None:
            shown = value.key if isinstance(value, _RepeatedKey) else value
            raise FieldError(place or what, shown, allowed)


def _allowed_instead(value: Any) -> str | None:
    """What would be accepted in a value's stead; ``None`` where it is accepted itself."""
    if isinstance(value, _RepeatedKey):
        return "each key once in an object"
    if isinstance(value, int | float) and not _is_finite(value):
        return "a finite number within the range of floats"
    texts = value if isinstance(value, dict) else [value] if isinstance(value, str) else ()
    return None if all(map(_is_text, texts)) else "text without half a surrogate pair"


def _is_finite(value: int | float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
