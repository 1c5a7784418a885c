"""Tables of measured times from CSV files, by a statement of which columns hold what."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, overload

from asl_gym.model import limits
from asl_gym.model.timings import (
    CUT,
    CUT_NAME,
    SAMPLES,
    Side,
    SideTimings,
    Timings,
    is_cut_name,
    seconds_column,
)
from asl_gym.validation.checks import FieldError, one_of, sequence, whole_number
from asl_gym.validation.csv_rows import plain_number, read_rows
from asl_gym.validation.text_file import TextFileError

__all__ = ["Names", "TimeUnit", "read_timings"]

TimeUnit = Literal["s", "ms", "us", "ns"]

UNITS_PER_SECOND = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}

Names = Mapping[Any, str] | Sequence[str]
"""What stands in the column of cuts to the cuts' names, or the names by the number there."""

MOST_SHOWN = 20
"""Values of a column that an error lists."""


class _Statement(NamedTuple):
    """What a file's columns hold.

    Attributes:
        cut: Column of the cuts.
        seconds: Column of each side's seconds.
        samples: Column of the batch's samples, or their number.
        where: What rows hold in which columns; others are left out.
        name_of: From a cell of the column of cuts to the cut's name.
        per_second: Units of time in a second.
    """

    cut: str
    seconds: dict[Side, str]
    samples: int | str
    where: dict[str, str]
    name_of: Callable[[str], str]
    per_second: float

    @property
    def columns(self) -> list[str]:
        """All that are read: those of conditions first, then cut, seconds and samples."""
        samples = [self.samples] if isinstance(self.samples, str) else []
        return [*self.where, self.cut, *self.seconds.values(), *samples]


class _Row(NamedTuple):
    """A row's cells in the columns of conditions, and what it says if it meets them."""

    conditions: tuple[str, ...]
    cut: str = ""
    seconds: tuple[float, ...] = ()
    samples: int = 0


@overload
def read_timings(
    path: str | Path,
    *,
    cut: str = CUT,
    device_s: str = seconds_column("device"),
    server_s: str = seconds_column("server"),
    samples: int | str = SAMPLES,
    where: Mapping[str, str] | None = None,
    names: Names | None = None,
    unit: TimeUnit = "s",
) -> Timings: ...


@overload
def read_timings(
    path: str | Path,
    *,
    cut: str = CUT,
    device_s: str | None = seconds_column("device"),
    server_s: str | None = seconds_column("server"),
    samples: int | str = SAMPLES,
    where: Mapping[str, str] | None = None,
    names: Names | None = None,
    unit: TimeUnit = "s",
) -> Timings | SideTimings: ...


def read_timings(
    path: str | Path,
    *,
    cut: str = CUT,
    device_s: str | None = seconds_column("device"),
    server_s: str | None = seconds_column("server"),
    samples: int | str = SAMPLES,
    where: Mapping[str, str] | None = None,
    names: Names | None = None,
    unit: TimeUnit = "s",
) -> Timings | SideTimings:
    """Reads measured times of a network's halves from a CSV file; other columns are ignored.

    What :meth:`Timings.to_csv` writes is read back exactly without any argument.

    Args:
        path: The file: a header, and a row a cut.
        cut: Column of the cuts.
        device_s: Column of the device's times; ``None`` for a table of the server's alone.
        server_s: Column of the server's times; ``None`` for a table of the device's alone.
        samples: Column of the number of samples in the batch, or that number where the file doesn't
            say.
        where: Text that stands in other columns of the rows wanted, such as
            ``{"Model name": "resnet50"}``; by default all rows are.
        names: Names of the cuts, where something else stands in their column: a mapping from what
            stands there; or, where a number does, a sequence with the name at that index, such as
            ``profile.cut_names``, in which 0 is the cut before everything.
        unit: Unit of the times, ``"s"``, ``"ms"``, ``"us"`` or ``"ns"``.

    Returns:
        The table, a :class:`SideTimings` where one side is ``None``; :meth:`Timings.joined` puts
        two of those together.

    Raises:
        TextFileError: (a ValueError) If the file can't be read, lacks a column, has no row that is
            wanted, or a wanted row repeats a cut, names one that ``names`` lacks, or holds a time
            or a number of samples that isn't allowed; it names line and column.
        FieldError: (a ValueError) If an argument is not allowed.
    """
    file = Path(path)
    per_second = UNITS_PER_SECOND[one_of("unit", unit, get_args(TimeUnit))]
    seconds = _checked_sides({"device": device_s, "server": server_s})
    if not isinstance(samples, str):
        samples = whole_number("samples", samples, 1, limits.MAX_SAMPLES)
    how = _Statement(cut, seconds, samples, _checked_where(where), _namer(names), per_second)
    _check_columns(how.columns)
    rows = read_rows(file, how.columns, partial(_parse, how), log=False, others=True).rows
    wanted = _wanted(file, how, rows)
    cuts = tuple(row.cut for _, row in wanted)
    times = dict(zip(seconds, zip(*(row.seconds for _, row in wanted), strict=True), strict=True))
    batch = wanted[0][1].samples
    if len(times) == 2:
        return Timings(cuts, times["device"], times["server"], batch)
    ((side, column),) = times.items()
    return SideTimings(side, cuts, column, batch)


def _checked_sides(given: Mapping[Side, str | None]) -> dict[Side, str]:
    found = {side: name for side, name in given.items() if name is not None}
    if not found:
        raise FieldError("device_s", None, "the name of a column, there or in server_s")
    return found


def _check_columns(columns: Sequence[str]) -> None:
    for name in columns:
        if not isinstance(name, str) or not name:
            raise FieldError("columns", name, "the name of a column")
        if columns.count(name) > 1:
            raise FieldError("columns", name, "each column once")


def _checked_where(given: Mapping[str, str] | None) -> dict[str, str]:
    where = dict(given or {})
    for column, text in where.items():
        if not isinstance(text, str):
            raise FieldError(f"where[{column!r}]", text, "the text that stands in that column")
    return where


def _namer(names: Names | None) -> Callable[[str], str]:
    known: dict[str, str] | None = None
    if isinstance(names, Mapping):
        known = {str(key): name for key, name in names.items()}
    elif names is not None:
        entries = sequence("names", names, "names of cuts")
        known = {str(index): name for index, name in enumerate(entries)}

    def name_of(cell: str) -> str:
        if known is not None and cell not in known:
            raise ValueError(f"expected one of names' {_listed(known)}")
        name = cell if known is None else known[cell]
        if not is_cut_name(name):
            raise ValueError(f"expected {CUT_NAME}")
        return name

    return name_of


def _parse(how: _Statement, cells: Sequence[str]) -> _Row:
    conditions = tuple(cells[: len(how.where)])
    if conditions != tuple(how.where.values()):
        return _Row(conditions)
    place, *times = cells[len(how.where) : len(how.where) + 1 + len(how.seconds)]
    name = _converted(how.cut, place, how.name_of)
    seconds = tuple(
        _converted(column, cell, partial(_seconds, how.per_second))
        for column, cell in zip(how.seconds.values(), times, strict=True)
    )
    if isinstance(how.samples, int):
        return _Row(conditions, name, seconds, how.samples)
    return _Row(conditions, name, seconds, _converted(how.samples, cells[-1], _samples))


def _converted(column: str, cell: str, convert: Callable[[str], Any]) -> Any:
    try:
        return convert(cell)
    except ValueError as error:
        raise ValueError(f"column {column!r} holds {cell!r}: {error}") from None


def _seconds(per_second: float, cell: str) -> float:
    seconds = plain_number(cell) / per_second
    if not limits.SECONDS.hold(seconds):
        raise ValueError(f"expected {limits.SECONDS.allowed}")
    return seconds


def _samples(cell: str) -> int:
    number = plain_number(cell)
    if not (number.is_integer() and 1 <= number <= limits.MAX_SAMPLES):
        raise ValueError(f"expected a whole number >= 1 and <= {limits.MAX_SAMPLES}")
    return int(number)


def _wanted(file: Path, how: _Statement, rows: list[tuple[int, _Row]]) -> list[tuple[int, _Row]]:
    """The rows that meet all conditions, each of another cut and of the same batch."""
    conditions = tuple(how.where.values())
    wanted = [(line, row) for line, row in rows if row.conditions == conditions]
    if not wanted:
        raise TextFileError(file, _none_wanted(how.where, [row.conditions for _, row in rows]))
    lines: dict[str, int] = {}
    for line, row in wanted:
        if (first := lines.setdefault(row.cut, line)) != line:
            reason = f"column {how.cut!r} holds {row.cut!r}, which line {first} holds already"
            raise TextFileError(file, reason, line)
        if row.samples != wanted[0][1].samples:
            expected = f"{wanted[0][1].samples} as in line {wanted[0][0]}, all times of one batch"
            reason = f"column {how.samples!r} holds {row.samples}: expected {expected}"
            raise TextFileError(file, reason, line)
    return wanted


def _none_wanted(where: dict[str, str], found: list[tuple[str, ...]]) -> str:
    asked = " and ".join(f"{text!r} in column {column!r}" for column, text in where.items())
    held = [
        f"{column!r} holds {_listed(dict.fromkeys(values))}"
        for column, values in zip(where, zip(*found, strict=True), strict=True)
    ]
    return f"no row has {asked}; {', '.join(held)}"


def _listed(values: Mapping[str, Any]) -> str:
    shown = ", ".join(map(repr, list(values)[:MOST_SHOWN]))
    return shown if len(values) <= MOST_SHOWN else f"{shown} and {len(values) - MOST_SHOWN} more"
