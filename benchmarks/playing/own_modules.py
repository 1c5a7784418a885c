"""Which of its own files a module depends on: those that it imports from beside itself."""

import contextlib
from modulefinder import ModuleFinder
from pathlib import Path
from types import ModuleType

from agents.bookkeeping import sha256_of

__all__ = ["digests_of_own_modules"]

NOT_OWN = ("asl_gym", "agents", "benchmarks")
"""This project's packages, whose code is told apart as a whole."""


def digests_of_own_modules(module: ModuleType) -> dict[str, str]:
    """SHA-256 of a module's file and of the files that it imports from its own folder.

    For a module within a package that is the package's folder. Imports are found in the source,
    at any depth, whether or not they were executed; data that the code reads is not found.

    Returns:
        Digests by the files' names relative to that folder; empty where there is no file.
    """
    if not getattr(module, "__file__", None):
        return {}
    path = Path(str(module.__file__)).resolve()
    depth = module.__name__.count(".") + (path.name == "__init__.py")
    root = path.parents[depth]  # What the import path holds.
    base = root if depth == 0 else path.parents[depth - 1]
    finder = ModuleFinder(path=[str(root)], excludes=[*NOT_OWN, *_beside(root, base)])
    # Source that cannot be parsed has no imports to be found.
    with contextlib.suppress(SyntaxError, UnicodeError, ValueError):
        if depth > 0:  # Within a package, whose relative imports need its name.
            finder.import_hook(module.__name__)
        else:
            finder.run_script(str(path))
    found = (getattr(each, "__file__", None) for each in finder.modules.values())
    own = {path, *(Path(file).resolve() for file in found if file)}
    inside = sorted(each for each in own if each.is_relative_to(base) and each.is_file())
    return {each.relative_to(base).as_posix(): sha256_of(each) for each in inside}


def _beside(root: Path, base: Path) -> list[str]:
    """What else is importable beside a package, and not to be followed."""
    return [each.stem for each in root.iterdir() if each != base] if base != root else []
