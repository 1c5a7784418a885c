"""Where results come from: command, versions and commit."""

import functools
import json
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["PROVENANCE", "current_commit", "last_commit_of", "provenance", "write_provenance"]

PROVENANCE = "provenance.json"
"""File in the folder of a study's results that tells where they come from."""

PACKAGES = ("asl-gym", "gymnasium", "numpy", "scipy")
LEARNING_PACKAGES = ("stable-baselines3", "sb3-contrib", "torch")


def provenance(program: str = "benchmarks") -> dict[str, Any]:
    """The command that runs, the versions it runs on, and the commit if there is a repository.

    Args:
        program: The module behind ``python -m``.
    """
    return {
        "command": shlex.join(["python", "-m", program, *sys.argv[1:]]),
        "commit": current_commit(),
        "versions": {"python": platform.python_version(), **dict(_versions())},
    }


def write_provenance(folder: Path, program: str = "benchmarks") -> None:
    """Writes beside a study's results where they come from.

    Args:
        folder: The folder of the results.
        program: The module behind ``python -m``.
    """
    text = json.dumps(provenance(program), indent=2)
    (folder / PROVENANCE).write_text(text + "\n", encoding="utf-8")


@functools.cache
def current_commit() -> str | None:
    """The checkout's commit, marked ``-dirty`` where files differ; ``None`` if it is not known.

    It is that of the first call in a process: commands ask at their start, so that what somebody
    commits while they run is not told as theirs. A package that is installed into another
    repository's folder is not that repository's.
    """
    here = Path(__file__)
    if _git(here.parent, "ls-files", "--error-unmatch", here.name) is None:
        return None
    return _git(here.parent, "describe", "--always", "--dirty", "--exclude=*", "--abbrev=12")


def last_commit_of(path: Path) -> str | None:
    """The last commit that changed a file; ``None`` if it is not known."""
    return _git(path.parent, "log", "-1", "--format=%h", "--abbrev=12", "--", path.name) or None


def _git(place: Path, *asked: str) -> str | None:
    command = ("git", "--no-optional-locks", *asked)
    try:
        answer = subprocess.run(command, cwd=place, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()


def _versions() -> Iterator[tuple[str, str]]:
    """Versions of what the rows depend on; without trained models that is no learning package."""
    for package in (*PACKAGES, *LEARNING_PACKAGES):
        try:
            yield package, version(package)
        except PackageNotFoundError:
            if package in PACKAGES:
                raise
