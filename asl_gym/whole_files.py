"""Files that are whole or absent, whenever the process that writes them is killed."""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["remove_parts", "replacing", "write_json", "write_whole"]

PART = ".part"
"""What tells a file that is being written from the others in its folder."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives an empty file to write to in a file's stead, which it then replaces.

    So the file is the old one or the new one, never a part, whenever the process is killed. The
    name of the part cannot be foretold and the file is made anew, so that no link that somebody
    has put there is followed; a link at ``path`` itself is replaced. Where the body or the disk
    fails, the part is removed; where the process is killed it stays, see :func:`remove_parts`.
    """
    part = path.with_name(f"{path.stem}.{secrets.token_hex(8)}{PART}{path.suffix}")
    part.touch(exist_ok=False)
    try:
        yield part
        _sync(part)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    if hasattr(os, "O_DIRECTORY"):  # Elsewhere folders cannot be opened.
        _sync(path.parent)


def _sync(path: Path) -> None:
    """Waits until a file's contents, or a folder's names, are on the disk."""
    descriptor = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_parts(folder: Path) -> None:
    """Removes what killed processes have left unfinished in a folder that no other writes to."""
    for part in folder.glob(f"*{PART}*"):
        part.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file, see :func:`replacing`."""
    with replacing(path) as part:
        part.write_bytes(content)


def write_json(path: Path, content: Any, **style: Any) -> None:
    """Writes a JSON file, see :func:`replacing`."""
    write_whole(path, (json.dumps(content, indent=1, **style) + "\n").encode())
