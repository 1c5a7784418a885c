"""What runs and results keep of themselves: whole files, hashes, differences."""

import functools
import hashlib
import importlib.resources
import json
from pathlib import Path
from typing import Any

from asl_gym.whole_files import remove_parts, replacing, write_json, write_whole

__all__ = [
    "SOURCES",
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
