"""Which files a path stands for, and what kind of trace each is.

* The plain rate table, see :mod:`asl_gym.traces.rate_table`.
* Logs of G-NetTrack Pro, see :mod:`asl_gym.traces.gnettrack`.
* Logs of any columns that a user states, see :mod:`asl_gym.traces.columns`.

Encoding and rows are those of :mod:`asl_gym.validation.csv_rows`.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from asl_gym.traces.columns import Columns
from asl_gym.traces.gnettrack import GNETTRACK_COLUMNS, has_gnettrack_header
from asl_gym.traces.rate_table import RATE_COLUMNS
from asl_gym.validation.checks import FieldError
from asl_gym.validation.csv_rows import TextFileError, read_header

__all__ = ["Paths", "are_gnettrack", "is_gnettrack", "trace_files"]

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]

MAX_SHOWN_HEADER = 200
"""Characters of an unknown header that an error shows."""


def trace_files(paths: Paths, columns: Columns | None = None) -> tuple[Path, ...]:
    """The files that paths stand for.

    Args:
        paths: A sequence of files; one file; or a directory, which stands for its ``.csv`` files
            and those ``.txt`` files whose header is a log's (notes often lie beside), in the
            order of their names, but for hidden ones. Endings may be in capitals.
        columns: Columns of the logs, where a user states them.

    Raises:
        TextFileError: If the directory cannot be read or has no such files.
        FieldError: If a sequence is empty or repeats a file.
    """
    if isinstance(paths, str | os.PathLike):
        path = Path(paths)
        return _files_in(path, columns) if os.path.isdir(path) else (path,)
    files = tuple(map(Path, paths)) if isinstance(paths, Iterable) else ()
    if not files or len(set(files)) < len(files):
        raise FieldError("paths", paths, "a directory, or one or more files, each once")
    return files


def _files_in(directory: Path, columns: Columns | None) -> tuple[Path, ...]:
    try:
        entries = sorted(directory.iterdir())
    except OSError as error:
        reason = f"the directory cannot be read: {error.strerror}"
        raise TextFileError(directory, reason) from error
    shown = [path for path in entries if not path.name.startswith(".")]
    files = tuple(
        path
        for path in shown
        if path.suffix.lower() == ".csv"
        or (path.suffix.lower() == ".txt" and _has_log_header(path, columns))
    )
    if not files:
        reason = "the directory has no *.csv files and no logs in *.txt: expected at least one"
        raise TextFileError(directory, reason)
    return files


def _has_log_header(path: Path, columns: Columns | None) -> bool:
    try:
        header = read_header(path)
    except TextFileError:
        return False
    return has_gnettrack_header(header) if columns is None else set(columns.names) <= {*header}


def is_gnettrack(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a G-NetTrack log rather than a plain rate table, by its header alone.

    Raises:
        TextFileError: If the file cannot be read or its header is neither format's.
    """
    path = Path(path)
    header = read_header(path)
    if has_gnettrack_header(header):
        return True
    if "uplink_bps" in header:
        return False
    shown = ",".join(header)
    shown = shown if len(shown) <= MAX_SHOWN_HEADER else f"{shown[:MAX_SHOWN_HEADER]}…"
    reason = (
        f"the header {shown!r} is of neither accepted format: a rate table with the "
        f"columns {', '.join(RATE_COLUMNS)}, or a G-NetTrack log with at least the columns "
        f"{', '.join(GNETTRACK_COLUMNS)} (or NetworkTech); state the columns of other logs "
        "(columns=, --columns)"
    )
    raise TextFileError(path, reason, 1)


def are_gnettrack(files: Sequence[Path]) -> bool:
    """Whether files are G-NetTrack logs rather than rate tables.

    Raises:
        TextFileError: If they are of both formats, or one is of neither.
    """
    kinds = [is_gnettrack(path) for path in files]
    if len(set(kinds)) > 1:
        other = files[kinds.index(not kinds[0])]
        names = ("a G-NetTrack log", "a rate table")
        first, second = names if kinds[0] else names[::-1]
        raise TextFileError(other, f"{second}, but {files[0]} is {first}: expected one format")
    return kinds[0]
