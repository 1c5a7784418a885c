"""Compiling loops over numbers to machine code with numba.

``NUMBA_DISABLE_JIT=1`` runs the same code as plain Python, with the same results.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import numba

__all__ = ["COMPILED", "compiled", "discard_stale", "inlined"]

Function = TypeVar("Function", bound=Callable[..., Any])

COMPILED: bool = not numba.config.DISABLE_JIT  # type: ignore[attr-defined]


def discard_stale(package: Path) -> None:
    """Deletes compiled code that is older than a source file beside any compiled code.

    Numba itself looks at the file of the function that it loads, not at those of the functions
    that are compiled into it, which may lie in other folders of the package. Processes that start
    at once may delete the same files.
    """
    kept = list(package.rglob("__pycache__/*.nb[ic]"))
    folders = {path.parent.parent for path in kept}
    newest = max((_changed(path) for each in folders for path in each.glob("*.py")), default=0.0)
    for path in kept:
        with suppress(FileNotFoundError):
            if _changed(path) < newest:
                path.unlink()


def _changed(path: Path) -> float:
    return path.stat().st_mtime


_PACKAGE = Path(__file__).parent
_KEEPS = COMPILED and os.access(_PACKAGE, os.W_OK)
if _KEEPS:
    discard_stale(_PACKAGE)


def compiled(function: Function) -> Function:
    """Compiles a function on first use, and keeps the result on disk."""
    return _jit(function, forceinline=False)


def inlined(function: Function) -> Function:
    """Compiles a function into each that calls it, so that a loop of its callers is vectorised.

    Without relaxed floating-point arithmetic the vectorised loop gives the bits of the plain one.
    """
    return _jit(function, forceinline=True)


def _jit(function: Function, forceinline: bool) -> Function:
    if not COMPILED:
        return function
    # Division by zero gives infinity as in NumPy, and the interpreter is free while it runs.
    jit: Any = numba.njit(
        cache=_KEEPS, nogil=True, error_model="numpy", fastmath=False, forceinline=forceinline
    )
    return jit(function)  # type: ignore[no-any-return]
