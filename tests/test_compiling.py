"""What is said while functions are compiled."""

import logging

import numba
import pytest

from asl_gym import compiling


class Kept(logging.Handler):
    """Keeps messages."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@pytest.mark.skipif(not compiling.COMPILED, reason="nothing is compiled")
def test_compiling_is_announced_once() -> None:
    def double(x: float) -> float:
        return 2.0 * x

    # Not kept on disk, where it would be found.
    twice = compiling.announced("it takes long")(numba.njit()(double))

    logger, kept = logging.getLogger(compiling.__name__), Kept()
    logger.addHandler(kept)
    try:
        assert not kept.messages
        assert twice(2.0) == twice(2.5) - 1.0 == 4.0
    finally:
        logger.removeHandler(kept)
    assert kept.messages == ["it takes long"]
