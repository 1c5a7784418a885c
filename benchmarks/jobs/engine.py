"""What runs tasks: processes of this machine by default, a Ray cluster by one option.

An engine knows nothing of jobs and stores: it calls a function of a module with arguments that can
be pickled, and hands over each result as soon as it is there. A process or node that dies costs the
task that it ran, which is run again.
"""

from collections.abc import Callable, Generator, Sequence
from typing import Any, NamedTuple, Protocol

__all__ = ["Engine", "Outcome", "Outcomes"]


class Outcome(NamedTuple):
    """What became of a task.

    Attributes:
        place: The task's place in the list.
        value: What the function returned.
        error: What it raised; ``None`` where it returned.
    """

    place: int
    value: Any
    error: Exception | None


Outcomes = Generator[Outcome, None, None]
"""Outcomes as tasks end; closing it stops what runs."""


class Engine(Protocol):
    """Runs tasks side by side."""

    def run(self, function: Callable[[Any], Any], tasks: Sequence[Any]) -> Outcomes:
        """Calls a function with each task; yields an outcome a task, in the order they end.

        Args:
            function: A function of a module, which other processes can import.
            tasks: Its arguments, which can be pickled.

        Raises:
            BenchmarkError: If workers die again and again before any task ends.
        """
