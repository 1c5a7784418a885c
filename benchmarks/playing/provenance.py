"""Where results come from: command, versions and commit."""

import json
import platform
import shlex
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from agents.bookkeeping import current_commit

__all__ = ["PROVENANCE", "provenance", "write_provenance"]

PROVENANCE = "provenance.json"
"""File in the folder of a study's results that tells where they come from."""

PACKAGES = ("asl-gym", "gymnasium", "numpy", "scipy")
LEARNING_PACKAGES = ("stable-baselines3", "sb3-contrib", "torch")


def provenance() -> dict[str, Any]:
    """The command that runs, the versions it runs on, and the commit if there is a repository."""
    return {
        "command": shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]]),
        "commit": current_commit(),
        "versions": {"python": platform.python_version(), **dict(_versions())},
    }


def write_provenance(folder: Path) -> None:
    """Writes beside a study's results where they come from."""
    text = json.dumps(provenance(), indent=2)
    (folder / PROVENANCE).write_text(text + "\n", encoding="utf-8")


def _versions() -> Iterator[tuple[str, str]]:
    """Versions of what the rows depend on; without trained models that is no learning package."""
    for package in (*PACKAGES, *LEARNING_PACKAGES):
        try:
            yield package, version(package)
        except PackageNotFoundError:
            if package in PACKAGES:
                raise
