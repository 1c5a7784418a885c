"""What runs and results keep of themselves: whole files, hashes, commits, differences."""

import functools
import hashlib
import importlib.resources
import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = [
    "SOURCES",
    "current_commit",
    "differences",
    "remove_parts",
    "replacing",
    "sha256_of",
    "source_sha256",
    "write_json",
    "write_whole",
]

SOURCES = ("*.py", "*.toml", "data/**/*.json")
"""Files of a package that decide what it computes."""


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


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@functools.cache
def source_sha256(*packages: str) -> str:
    """The SHA-256 of packages' source: names and contents of their :data:`SOURCES`.

    It tells code apart where no commit can, as in a checkout with changes or an installed package.

    Args:
        *packages: Packages' dotted names, their subpackages included.
    """
    digest = hashlib.sha256()
    for package in packages:
        folder = Path(str(importlib.resources.files(package)))
        for path in sorted(file for kind in SOURCES for file in folder.rglob(kind)):
            name = f"{package}/{path.relative_to(folder).as_posix()}"
            digest.update(f"{name} {sha256_of(path)}\n".encode())
    return digest.hexdigest()


def current_commit() -> str | None:
    """The checkout's commit, marked ``-dirty`` where files differ; ``None`` if it is not known."""
    command = ("git", "--no-optional-locks", "describe", "--always", "--dirty", "--exclude=*")
    place = Path(__file__).parent
    try:
        answer = subprocess.run(
            (*command, "--abbrev=12"), cwd=place, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()


def differences(old: Any, new: Any, place: str = "") -> list[str]:
    """Where two JSON values differ, a line each: the dotted place, what was and what is."""
    if isinstance(old, dict) and isinstance(new, dict):
        dot = "." if place and not place.endswith(" ") else ""
        keys = sorted({*old, *new})
        return [
            line
            for key in keys
            for line in differences(old.get(key), new.get(key), f"{place}{dot}{key}")
        ]
    return [] if old == new else [f"{place} is {_short(old)} there and {_short(new)} now"]


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
