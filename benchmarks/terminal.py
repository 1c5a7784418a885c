"""What the commands share: options, the console, and how a run that cannot go on says so."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console

from asl_gym.validation.checks import FieldError
from asl_gym.validation.csv_rows import TextFileError
from benchmarks.errors import BenchmarkError

__all__ = ["Address", "EngineOption", "Jobs", "Settings", "failures_told", "output"]

Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="A field of the scenario, PATH=VALUE, such as radio.bandwidth_hz=10e6; repeatable.",
    ),
]
EngineOption = Annotated[
    str, typer.Option("--engine", help="What runs the jobs: processes of this machine, or ray.")
]
Address = Annotated[
    str | None,
    typer.Option(help="Address of the Ray cluster, auto for this machine's (default: a new one)."),
]
Jobs = Annotated[
    int | None, typer.Option(min=1, help="Jobs that run at a time (default: one a core).")
]

WIDTH = 100
"""Greatest width of what is shown [characters]; where the output is no terminal, the width."""


def output() -> Console:
    """The console of a command, which takes nothing for markup."""
    console = Console(markup=False, highlight=False)
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    return console


@contextmanager
def failures_told() -> Iterator[None]:
    """Ends the process with the message alone where the input is at fault, or on Ctrl-C."""
    errors = Console(stderr=True, soft_wrap=True)
    try:
        yield
    except (BenchmarkError, FieldError, TextFileError) as error:
        errors.print(f"Error: {error}", style="red", markup=False, highlight=False)
        raise typer.Exit(2) from error
    except OSError as error:
        # A disk that is full, a folder that cannot be written: never a fault of the code.
        place = f": {error.filename!r}" if error.filename else ""
        errors.print(f"Error: {error.strerror or error}{place}", style="red", markup=False)
        raise typer.Exit(2) from error
    except KeyboardInterrupt:
        errors.print("Interrupted: the same command goes on where it stopped.")
        raise typer.Exit(130) from None
