"""Where results come from: command, versions and commit."""

import platform
import shlex
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from agents.bookkeeping import current_commit

__all__ = ["provenance"]

PACKAGES = ("asl-gym", "gymnasium", "numpy", "scipy")
LEARNING_PACKAGES = ("stable-baselines3", "sb3-contrib", "torch")


def provenance() -> dict[str, Any]:
    """The command that runs, the versions it runs on, and the commit if there is a repository."""
    return {
        "command": shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]]),
        "commit": current_commit(),
        "versions": {"python": platform.python_version(), **dict(_versions())},
    }


def _versions() -> Iterator[tuple[str, str]]:
    """Versions of what the rows depend on; without trained models that is no learning package."""
    for package in (*PACKAGES, *LEARNING_PACKAGES):
        try:
            yield package, version(package)
        except PackageNotFoundError:
            if package in PACKAGES:
                raise
