"""Compiling plain loops over numbers with numba, as hundreds of times faster machine code.

``NUMBA_DISABLE_JIT=1`` runs the same code as Python, with the same results.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import numba

__all__ = ["COMPILED", "compiled", "discard_stale"]

Function = TypeVar("Function", bound=Callable[..., Any])

COMPILED: bool = not numba.config.DISABLE_JIT  # type: ignore[attr-defined]


def discard_stale(folder: Path) -> None:
    """Deletes compiled code that is older than any source file of a folder and those below.

    Numba itself looks at the file of the function that it loads, not at those of the functions
    that are compiled into it. Processes that start at once may delete the same files.
    """
    newest = max(path.stat().st_mtime for path in folder.rglob("*.py"))
    for path in folder.rglob("__pycache__/*.nb[ic]"):
        with suppress(OSError):
            if path.stat().st_mtime < newest:
                path.unlink()


def _can_keep() -> bool:
    """Whether numba finds a place that it may write compiled code to."""
    try:
        numba.njit(cache=True)(_nothing)
    except RuntimeError:
        return False
    return True


def _nothing() -> None:
    """Stands for any function of this package."""


_KEEPS = COMPILED and _can_keep()
if _KEEPS:
    discard_stale(Path(__file__).parent)


def compiled(function: Function) -> Function:
    """Compiles a function on first use, and keeps the result on disk where there is a place."""
    if not COMPILED:
        return function
    # Division by zero gives infinity as in NumPy, and the interpreter is free while it runs.
    jit: Any = numba.njit(cache=_KEEPS, nogil=True, error_model="numpy")
    return jit(function)  # type: ignore[no-any-return]
