"""What a command says where the packages of an extra are not installed."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["extra_told"]

OWN = ("asl_gym", "agents", "benchmarks", "tests")


@contextmanager
def extra_told(extra: str) -> Iterator[None]:
    """Ends the process with a message, exit status 2, where an import within finds no package.

    A module of this project that is missing is a fault of ours and raises as ever.

    Args:
        extra: The extra that brings the packages.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if not package or package in OWN:
            raise
        print(
            f"Error: the package {package!r} is not installed; it comes with the extra {extra!r}: "
            f"pip install 'asl-gym[{extra}]', or pip install -e '.[{extra}]' in a checkout",
            file=sys.stderr,
        )
        sys.exit(2)
