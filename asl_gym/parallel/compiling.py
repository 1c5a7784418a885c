"""Compiling the parallel schedule's solver with numba where it is installed.

The solver is written in plain loops over numbers. With numba (the extra ``fast``) they run as
machine code, about two hundred times as fast; without it the same code runs as Python, with the
same results. ``NUMBA_DISABLE_JIT=1`` forces the latter.
"""

from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["COMPILED", "compiled"]

Function = TypeVar("Function", bound=Callable[..., Any])

try:
    from numba import config, njit
except ImportError:
    COMPILED = False
else:
    COMPILED = not config.DISABLE_JIT


def compiled(function: Function) -> Function:
    """Compiles a function on first use and keeps the result on disk; a no-op without numba."""
    if not COMPILED:
        return function
    # Division by zero gives infinity as in NumPy, and the interpreter is free while it runs.
    return njit(cache=True, nogil=True, error_model="numpy")(function)  # type: ignore[no-any-return]
