"""Rows of a comma-separated file, read strictly and with no knowledge of what they mean.

Files are UTF-8, with or without a byte order mark, with any line endings. Every row has as many
cells as the header, so a blank line is an error. Errors name the file and the line.
"""

import csv
import io
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

__all__ = ["TraceFileError", "plain_number", "read_header", "read_rows"]

_Row = TypeVar("_Row")


class TraceFileError(ValueError):
    """A trace file cannot be read, or is too short for what is asked of it.

    Args:
        path: The file.
        reason: What is wrong and what is allowed.
        line: Line of the file, counted from 1, or ``None`` where no single line is at fault.
    """

    def __init__(self, path: Path, reason: str, line: int | None = None) -> None:
        # The fields are the exception's args, so that it survives pickling between processes.
        super().__init__(path, reason, line)
        self.path, self.reason, self.line = path, reason, line

    def __str__(self) -> str:
        place = f"{self.path}" if self.line is None else f"{self.path}, line {self.line}"
        return f"{place}: {self.reason}"


def read_header(path: Path) -> list[str]:
    """Names of a file's columns.

    Raises:
        TraceFileError: If the file cannot be read, is empty or starts with a blank line.
    """
    return _header(path, _records(path))


def read_rows(
    path: Path, columns: Sequence[str], parse: Callable[[Sequence[str]], _Row], *, extra: bool
) -> Iterator[tuple[int, _Row]]:
    """Reads a file row by row.

    Args:
        path: The file.
        columns: Columns that the header must have once each, in any order.
        parse: Turns a row's cells, in the order of ``columns``, into what is wanted; its
            ``ValueError`` becomes a :class:`TraceFileError` of the row's line.
        extra: Whether the header may have other columns, which are ignored.

    Yields:
        Line and parsed cells of every row.

    Raises:
        TraceFileError: If the file cannot be read, its header is not as it must be, a row has
            too few or too many cells or cannot be parsed, or there are no rows.
    """
    records = _records(path)
    header = _header(path, records)
    _check_header(path, header, columns, extra)
    positions = [header.index(name) for name in columns]
    line = 1
    for line, cells in records:
        if len(cells) != len(header):
            reason = f"the row has {len(cells)} cells, the header has {len(header)}"
            raise TraceFileError(path, reason, line)
        try:
            row = parse([cells[position] for position in positions])
        except ValueError as error:
            raise TraceFileError(path, str(error), line) from None
        yield line, row
    if line == 1:
        raise TraceFileError(path, "there are no rows after the header", 1)


def _check_header(path: Path, header: list[str], columns: Sequence[str], extra: bool) -> None:
    wrong = {
        "lacks": [name for name in columns if name not in header],
        "repeats": [name for name in columns if header.count(name) > 1],
        "has unknown": [name for name in header if name not in columns and not extra],
    }
    for problem, names in wrong.items():
        if names:
            allowed = f"{'at least' if extra else 'exactly'} {', '.join(columns)}, each once"
            reason = f"the header {problem} columns {names}; it must have {allowed}"
            raise TraceFileError(path, reason, 1)


def _header(path: Path, records: Iterator[tuple[int, list[str]]]) -> list[str]:
    _, header = next(records, (1, []))
    if not header:
        raise TraceFileError(path, "the file is empty or starts with a blank line", 1)
    return header


def _records(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Cells of every record, with the line it starts in (a quoted cell may span several)."""
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise TraceFileError(path, f"the row is not valid CSV: {error}", line) from error


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise TraceFileError(path, f"the file cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = len(error.object[: error.start + 1].splitlines())
        reason = f"byte {error.object[error.start]:#04x} is not valid UTF-8"
        raise TraceFileError(path, reason, line) from error


def plain_number(text: str) -> float:
    """The text's value, NaN if it isn't a number; Python's own spellings (1_000) are not."""
    try:
        return float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        return math.nan
