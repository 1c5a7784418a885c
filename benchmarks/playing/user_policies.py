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
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.playing.own_modules import digests_of_own_modules

__all__ = ["UserPolicy", "load_user_policy", "users_code"]

LONGEST_NAME = 60
NAME = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9_.-]{{0,{LONGEST_NAME - 1}}}")
MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
EXPECTED = "[NAME=]package.module:Class or [NAME=]path/to/file.py:Class"


@dataclass(frozen=True)
class UserPolicy:
    """A policy class or function that a user named.

    Attributes:
        name: Its name in the results.
        spec: What the user wrote.
        factory: Builds the policy from an environment.
        files: SHA-256 of the file that defines it and of those that it imports from beside it.
    """

    name: str
    spec: str
    factory: Callable[[Any], Any]
    files: Mapping[str, str]


def load_user_policy(spec: str) -> UserPolicy:
    """Loads the policy that ``[NAME=]MODULE:CLASS`` names.

    A file is run as ``python file.py`` would: it may import what lies beside it.

    Raises:
        BenchmarkError: If the text has another form, or what it names does not exist, fails or
            cannot be called.
    """
    given_name, place, attribute = _parts(spec)
    is_file = place.endswith(".py")
    with users_code(f"--policy {spec!r}: {place} cannot be imported", "code that runs"):
        module = _module_of_file(spec, Path(place)) if is_file else _module(spec, place)
        factory = getattr(module, attribute, None)
    if not callable(factory):
        problem = f"has no {attribute!r}" if factory is None else f"has a {attribute!r} that is"
        raise BenchmarkError(
            f"--policy {spec!r}: {place} {problem}{'' if factory is None else ' no class'}: "
            f"expected a class or function that builds a policy; it has {_callables(module)}"
        )
    return UserPolicy(given_name or attribute, spec, factory, digests_of_own_modules(module))


@contextmanager
def users_code(what: str, expected: str) -> Iterator[None]:
    """Turns whatever a user's code raises, an exit included, into a message.

    Args:
        what: What failed.
        expected: What would have been accepted.

    Raises:
        BenchmarkError: In the stead of any other error; only Ctrl-C passes.
    """
    try:
        yield
    except (BenchmarkError, KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        raise BenchmarkError(f"{what}: {_fault_told(error)}: expected {expected}") from error


def _fault_told(error: BaseException) -> str:
    """An error of a user's code in one line: its type, its message and where it came from."""
    text = " ".join(str(error).split())[:500]
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}{f': {text}' if text else ''}{place}"


def _parts(spec: str) -> tuple[str, str, str]:
    """The name (empty if not given), the module or file, and the attribute."""
    name, equals, rest = spec.partition("=")
    if not equals:
        name, rest = "", spec
    place, _, attribute = rest.rpartition(":")
    named = NAME.fullmatch(name if equals else attribute)
    placed = MODULE.fullmatch(place) or (place.endswith(".py") and "\0" not in place)
    if not (placed and attribute.isidentifier() and named):
        raise BenchmarkError(
            f"--policy {_shortened(spec)} is not allowed: expected {EXPECTED}, the name of at most "
            f"{LONGEST_NAME} letters, digits, '_', '.' and '-'"
        )
    return name, place, attribute


def _shortened(spec: str) -> str:
    return repr(spec if len(spec) <= 200 else f"{spec[:200]}…")


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
    if str(path.parent.resolve()) not in sys.path:
        sys.path.insert(0, str(path.parent.resolve()))
    found = importlib.util.spec_from_file_location(name, path)
    if found is None or found.loader is None:
        raise BenchmarkError(f"--policy {spec!r}: {path} cannot be imported: expected a .py file")
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module  # dataclasses and pickle look their module up by name
    try:
        found.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _callables(module: ModuleType) -> str:
    own = (
        name
        for name, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", None) == module.__name__
    )
    return ", ".join(own) or "none of its own"
