"""Code of a user: named on a command line, imported, called, and its faults told in a line."""

import hashlib
import importlib
import importlib.util
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

__all__ = ["MODULE", "UsersCodeError", "callables_of", "module_named", "users_code"]

MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
"""Dotted name of a module."""


class UsersCodeError(ValueError):
    """What a user named is not there, or fails; the message says where and what is expected."""


@contextmanager
def users_code(
    what: str, expected: str, error: type[ValueError] = UsersCodeError
) -> Iterator[None]:
    """Turns whatever a user's code raises, an exit included, into a message.

    Args:
        what: What failed.
        expected: What would have been accepted.
        error: What is raised.

    Raises:
        ValueError: Of the kind asked for, in the stead of any other error; only Ctrl-C passes.
    """
    try:
        yield
    except (error, KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as failed:
        raise error(f"{what}: {_fault_told(failed)}: expected {expected}") from failed


def _fault_told(error: BaseException) -> str:
    """An error of a user's code in one line: its type, its message and where it came from."""
    text = " ".join(str(error).split())[:500]
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}{f': {text}' if text else ''}{place}"


def module_named(
    place: str, told: str, expected: str, error: type[ValueError] = UsersCodeError
) -> ModuleType:
    """Imports a module by its dotted name, or a file as ``python file.py`` would run it.

    A file may import what lies beside it.

    Args:
        place: The module's name, or a path that ends with ``.py``.
        told: What the user wrote, for the error.
        expected: What would have been accepted.
        error: What is raised where there is none; what the code itself raises passes.
    """
    if place.endswith(".py"):
        return _module_of_file(Path(place), told, expected, error)
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as missing:
        # A module that exists but lacks something it imports itself keeps its own error.
        if missing.name is None or not f"{place}.".startswith(f"{missing.name}."):
            raise
        raise error(
            f"{told}: there is no module {missing.name!r} on the import path: expected {expected}"
        ) from missing


class _FromSource(SourceFileLoader):
    """Reads the source itself: compiled code of a file changed within a second passes for new."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def _module_of_file(path: Path, told: str, expected: str, error: type[ValueError]) -> ModuleType:
    if not path.is_file():
        raise error(f"{told}: there is no file {path}: expected {expected}")
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    name = f"asl_gym_users_code_{digest}"
    if str(path.parent.resolve()) not in sys.path:
        sys.path.insert(0, str(path.parent.resolve()))
    loader = _FromSource(name, str(path))
    found = importlib.util.spec_from_file_location(name, path, loader=loader)
    if found is None or found.loader is None:
        raise error(f"{told}: {path} cannot be imported: expected a .py file")
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module  # dataclasses and pickle look their module up by name
    try:
        found.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def callables_of(module: ModuleType) -> str:
    """Names of the classes and functions that a module itself defines, in words."""
    own = (
        name
        for name, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", None) == module.__name__
    )
    return ", ".join(own) or "none of its own"
