"""A user's own policies: from ``package.module:Class`` or ``path/to/file.py:Class`` to a factory.

What is named is called with the environment, as :func:`asl_gym.scoring.fitting.build_policy` does,
and must give a policy. An episode may depend on nothing but its seed, since an interrupted
benchmark goes on with the seeds that are missing.
"""

import hashlib
import importlib
import importlib.util
import re
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from agents.bookkeeping import sha256_of
from benchmarks.errors import BenchmarkError

__all__ = ["UserPolicy", "fault_told", "load_user_policy"]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
EXPECTED = "[NAME=]package.module:Class or [NAME=]path/to/file.py:Class"


@dataclass(frozen=True)
class UserPolicy:
    """A policy class or function that a user named.

    Attributes:
        name: Its name in the results.
        spec: What the user wrote.
        factory: Builds the policy from an environment.
        source_sha256: Hash of the file that defines it, or ``None`` where there is no file.
    """

    name: str
    spec: str
    factory: Callable[[Any], Any]
    source_sha256: str | None


def load_user_policy(spec: str) -> UserPolicy:
    """Loads the policy that ``[NAME=]MODULE:CLASS`` names.

    Raises:
        BenchmarkError: If the text has another form, or what it names does not exist or cannot be
            called.
    """
    given_name, place, attribute = _parts(spec)
    is_file = place.endswith(".py")
    module = _module_of_file(spec, Path(place)) if is_file else _module(spec, place)
    factory = getattr(module, attribute, None)
    if not callable(factory):
        problem = f"has no {attribute!r}" if factory is None else f"has a {attribute!r} that is"
        raise BenchmarkError(
            f"--policy {spec!r}: {place} {problem}{'' if factory is None else ' no class'}: "
            f"expected a class or function that builds a policy; it has {_callables(module)}"
        )
    path = getattr(module, "__file__", None)
    digest = None if path is None else sha256_of(Path(path))
    return UserPolicy(given_name or attribute, spec, factory, digest)


def fault_told(error: Exception) -> str:
    """An error of a user's code in one line: its type, its message and where it came from."""
    text = " ".join(str(error).split())
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}{f': {text}' if text else ''}{place}"


def _parts(spec: str) -> tuple[str, str, str]:
    """The name (empty if not given), the module or file, and the attribute."""
    name, equals, rest = spec.partition("=")
    if not equals:
        name, rest = "", spec
    place, _, attribute = rest.rpartition(":")
    if not place or not attribute.isidentifier() or (equals and not NAME.fullmatch(name)):
        raise BenchmarkError(
            f"--policy {spec!r} is not allowed: expected {EXPECTED}, the name of letters, digits, "
            "'_', '.' and '-'"
        )
    return name, place, attribute


def _module(spec: str, name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # A module that exists but lacks something it imports itself keeps its own error.
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        raise BenchmarkError(
            f"--policy {spec!r}: there is no module {error.name!r} on the import path: expected "
            f"{EXPECTED}"
        ) from error


def _module_of_file(spec: str, path: Path) -> ModuleType:
    if not path.is_file():
        raise BenchmarkError(f"--policy {spec!r}: there is no file {path}: expected {EXPECTED}")
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    name = f"benchmarks_user_policy_{digest}"
    found = importlib.util.spec_from_file_location(name, path)
    if found is None or found.loader is None:
        raise BenchmarkError(f"--policy {spec!r}: {path} cannot be imported: expected a .py file")
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module  # dataclasses and pickle look their module up by name
    found.loader.exec_module(module)
    return module


def _callables(module: ModuleType) -> str:
    own = (
        name
        for name, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", None) == module.__name__
    )
    return ", ".join(own) or "none of its own"
