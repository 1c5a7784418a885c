"""Compiling loops over numbers to machine code with numba.

``NUMBA_DISABLE_JIT=1`` runs the same code as plain Python, with the same results.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core import event

__all__ = ["COMPILED", "announced", "compiled", "discard_stale", "inlined"]

Function = TypeVar("Function", bound=Callable[..., Any])

COMPILED: bool = not numba.config.DISABLE_JIT  # type: ignore[attr-defined]


def discard_stale(package: Path) -> None:
    """Deletes compiled code that is older than any source file of a package.

    Numba itself looks at the file of the function that it loads, not at those of the functions
    that are compiled into it, which may lie in other folders. Processes that start at once may
    delete the same files.
    """
    newest = max(path.stat().st_mtime for path in package.rglob("*.py"))
    for path in package.rglob("__pycache__/*.nb[ic]"):
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
    return _jit(function, inline=False)


def inlined(function: Function) -> Function:
    """Writes a function into each that calls it, so that a loop of its callers is vectorised.

    It is done before types are known, which takes less time than to compile both.

    Without relaxed floating-point arithmetic the vectorised loop gives the bits of the plain one.
    """
    return _jit(function, inline=True)


def announced(message: str) -> Callable[[Function], Function]:
    """Logs a message when a compiled function has to be compiled, rather than loaded.

    Args:
        message: What takes so long, and how often.
    """

    def announce(function: Function) -> Function:
        if COMPILED:
            _announcer.messages[function] = message
        return function

    return announce


class _Announcer(event.Listener):
    """Hears of functions that are compiled."""

    def __init__(self) -> None:
        self.messages: dict[Callable[..., Any], str] = {}

    def on_start(self, event: event.Event) -> None:
        message = self.messages.get(event.data["dispatcher"])
        if message is not None:
            logging.getLogger(__name__).warning(message)

    def on_end(self, event: event.Event) -> None:
        """Does nothing."""


_announcer = _Announcer()
if COMPILED:
    event.register("numba:compile", _announcer)  # type: ignore[no-untyped-call]


def _jit(function: Function, inline: bool) -> Function:
    if not COMPILED:
        return function
    # Division by zero gives infinity as in NumPy, and the interpreter is free while it runs.
    options: dict[str, Any] = {
        "cache": _KEEPS,
        "nogil": True,
        "error_model": "numpy",
        "fastmath": False,
        "inline": "always" if inline else "never",
        # A C function of each would be compiled too.
        "no_cfunc_wrapper": True,
    }
    jit: Any = numba.njit(**options)
    return jit(function)  # type: ignore[no-any-return]
