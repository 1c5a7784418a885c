"""Compiling solvers with numba.

They are written in plain loops over numbers, which run as machine code hundreds of times as fast.
With ``NUMBA_DISABLE_JIT=1`` the same code runs as Python, with the same results.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import numba

__all__ = ["COMPILED", "compiled", "discard_stale"]

Function = TypeVar("Function", bound=Callable[..., Any])

COMPILED = not numba.config.DISABLE_JIT  # type: ignore[attr-defined]


def discard_stale(folder: Path) -> None:
    """Deletes compiled code that is older than any of a folder's source files.

    Numba itself looks at the file of the function that it loads, not at those of the functions
    that are compiled into it. Processes that start at once may delete the same files.
    """
    newest = max(path.stat().st_mtime for path in folder.glob("*.py"))
    for path in (folder / "__pycache__").glob("*.nb[ic]"):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < newest:
                path.unlink()


_FOLDER = Path(__file__).parent
_KEEPS = COMPILED and os.access(_FOLDER, os.W_OK)
if _KEEPS:
    discard_stale(_FOLDER)


def compiled(function: Function) -> Function:
    """Compiles a function on first use and keeps the result on disk, unless that is forced off."""
    if not COMPILED:
        return function
    # Division by zero gives infinity as in NumPy, and the interpreter is free while it runs.
    jit: Any = numba.njit(cache=_KEEPS, nogil=True, error_model="numpy")
    return jit(function)  # type: ignore[no-any-return]
