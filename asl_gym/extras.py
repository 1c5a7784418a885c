"""What modules and commands say where the packages of an extra are not installed."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

__all__ = ["extra_needed", "extra_told", "not_installed"]

OWN = ("asl_gym", "agents", "benchmarks", "tests")


def not_installed(package: str, extra: str) -> str:
    """Says that a package is missing, which extra brings it, and how that is installed."""
    return (
        f"the package {package!r} is not installed; it comes with the extra {extra!r}: "
        f"pip install 'asl-gym[{extra}]', or pip install -e '.[{extra}]' in a checkout"
    )


@contextmanager
def extra_told(extra: str) -> Iterator[None]:
    """Ends the process with a message, exit status 2, where an import within finds no package.

    For commands. A module of this project that is missing is a fault of ours and raises as ever.

    Args:
        extra: The extra that brings the packages.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        _end(_missing(error), extra)


@contextmanager
def extra_needed(extra: str, importer: str) -> Iterator[None]:
    """Says which extra brings a package that an import within does not find.

    For what is imported. Where Python imports it to run it, or a module in it, as a command, the
    process ends as by :func:`extra_told`.

    Args:
        extra: The extra that brings the packages.
        importer: Name of the module that imports them.

    Raises:
        ModuleNotFoundError: If a package is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = _missing(error)
        if _is_run(importer):
            _end(package, extra)
        told = f"{importer}: {not_installed(package, extra)}"
        raise ModuleNotFoundError(told, name=package) from error


def _missing(error: ModuleNotFoundError) -> str:
    """The package that is not installed; raises the error if it is one of this project."""
    package = (error.name or "").partition(".")[0]
    if not package or package in OWN:
        raise error
    return package


def _is_run(module: str) -> bool:
    """Whether Python looks for a module to run, ``python -m``, and it is this one or one in it.

    Meanwhile ``sys.argv`` begins with ``-m``; it then imports the packages around that module.
    """
    if sys.argv[:1] != ["-m"] or "-m" not in sys.orig_argv:
        return False
    run = sys.orig_argv[sys.orig_argv.index("-m") + 1]
    return f"{run}.".startswith(f"{module}.")


def _end(package: str, extra: str) -> NoReturn:
    print(f"Error: {not_installed(package, extra)}", file=sys.stderr)
    sys.exit(2)
