"""Rows of a text file of columns, read strictly and with no knowledge of what they mean.

Cells are separated by commas, or by tabs where the header has more of those. Files are UTF-8,
with or without a byte order mark, or UTF-16 with one, with any line endings; columns that nobody
asks for may be of any encoding that extends ASCII. Every row has as many cells as the header;
blank lines are allowed at the end alone. Errors name the file and the line.
"""

import csv
import io
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from asl_gym.validation.text_file import TextFileError, check_decoded, file_text

__all__ = ["Rows", "TextFileError", "plain_number", "read_header", "read_rows"]

_Row = TypeVar("_Row")
Records = Iterator[tuple[int, list[str]]]


@dataclass(frozen=True)
class Rows(Generic[_Row]):
    """What a file's rows hold.

    Attributes:
        rows: Line and parsed cells of every row.
        cut_off_line: Line of a last row that was left out because it was cut off, or ``None``.
    """

    rows: list[tuple[int, _Row]]
    cut_off_line: int | None = None


def read_header(path: Path) -> list[str]:
    """Names of a file's columns.

    Raises:
        TextFileError: If the file cannot be read, is empty or starts with a blank line.
    """
    return _header(path, _records(path, file_text(path)))


def read_rows(
    path: Path,
    columns: Sequence[str],
    parse: Callable[[Sequence[str]], _Row],
    *,
    log: bool,
    others: bool = False,
) -> Rows[_Row]:
    """Reads a file row by row.

    Args:
        path: The file.
        columns: Columns that the header must have once each, in any order. An unnamed first
            column, as pandas writes its index, is ignored.
        parse: Turns a row's cells, in the order of ``columns``, into what is wanted; its
            ``ValueError`` becomes a :class:`TextFileError` of the row's line.
        log: Whether a program appended the rows one by one. Then the header may have other
            columns, which are ignored, rows may end with a separator, and a last row that is wrong
            and has no line ending was cut off and is left out.
        others: Whether the header may have other columns even so, which are ignored.

    Returns:
        The rows.

    Raises:
        TextFileError: If the file cannot be read, its header is not as it must be, a row has
            too few or too many cells or cannot be parsed, or there are no rows.
    """
    text = file_text(path)
    records = _records(path, text)
    header = _header(path, records)
    _check_header(path, header, columns, log or others)
    positions = [header.index(name) for name in columns]
    result: Rows[_Row] = Rows([])
    try:
        for line, cells in _without_blank_end(path, records):
            if log and len(cells) == len(header) + 1 and not cells[-1]:
                cells = cells[:-1]
            row = _parsed(path, line, cells, len(header), (positions, parse))
            result.rows.append((line, row))
    except TextFileError as error:
        if not (log and result.rows and error.line == _unended_line(text)):
            raise
        result = Rows(result.rows, error.line)
    if not result.rows:
        raise TextFileError(path, "there are no rows after the header", 1)
    return result


def _parsed(
    path: Path,
    line: int,
    cells: Sequence[str],
    num_columns: int,
    how: tuple[Sequence[int], Callable[[Sequence[str]], _Row]],
) -> _Row:
    if len(cells) != num_columns:
        reason = f"the row has {len(cells)} cells, the header has {num_columns}"
        raise TextFileError(path, reason, line)
    positions, parse = how
    wanted = [cells[position] for position in positions]
    try:
        for cell in wanted:
            check_decoded(cell)
        return parse(wanted)
    except ValueError as error:
        raise TextFileError(path, str(error), line) from None


def _check_header(path: Path, header: list[str], columns: Sequence[str], others: bool) -> None:
    named = header[1:] if header[0] == "" else header
    wrong = {
        "lacks": [name for name in columns if name not in header],
        "repeats": [name for name in columns if header.count(name) > 1],
        "has unknown": [name for name in named if name not in columns and not others],
    }
    for problem, names in wrong.items():
        if names:
            allowed = f"{'at least' if others else 'exactly'} {', '.join(columns)}, each once"
            reason = f"the header {problem} columns {names}; it must have {allowed}"
            raise TextFileError(path, reason, 1)


def _header(path: Path, records: Records) -> list[str]:
    _, header = next(records, (1, []))
    if not header:
        raise TextFileError(path, "the file is empty or starts with a blank line", 1)
    return header


def _without_blank_end(path: Path, records: Records) -> Records:
    """The records but for blank lines at the end; a blank line before a row is an error."""
    blank: int | None = None
    for line, cells in records:
        if not any(cell.strip() for cell in cells):
            blank = blank or line
            continue
        if blank is not None:
            reason = "a blank line stands before more rows; only at the end may there be any"
            raise TextFileError(path, reason, blank)
        yield line, cells


def _records(path: Path, text: str) -> Records:
    """Cells of every record, with the line it starts in (a quoted cell may span several)."""
    first = text.split("\n", 1)[0].split("\r", 1)[0]
    delimiter = "\t" if first.count("\t") > first.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise TextFileError(path, f"the row is not valid CSV: {error}", line) from error


def _unended_line(text: str) -> int | None:
    """The last line, where the file ends within it."""
    if text.endswith(("\n", "\r")):
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1


def plain_number(text: str) -> float:
    """The text's value, NaN if it isn't a number; Python's own spellings (1_000) are not."""
    try:
        return float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        return math.nan
