"""Algorithms that keep what they have seen in a buffer, which is saved in a file of its own."""

from typing import Any, Protocol

from stable_baselines3.common.save_util import load_from_pkl, save_to_pkl

from agents.rollouts import RolloutAlgorithm
from asl_gym.validation.checks import FieldError

__all__ = ["BufferedAlgorithm"]


class SizedBuffer(Protocol):
    """What is asked of a buffer."""

    @property
    def size(self) -> Any:
        """How much it keeps, of how much."""
        ...


class BufferedAlgorithm(RolloutAlgorithm):
    """An algorithm with a buffer, that of :meth:`save_replay_buffer` as with SB3's off-policy ones.

    A subclass makes an empty ``_buffer`` once it has an environment.
    """

    _buffer: SizedBuffer

    def save_replay_buffer(self, path: Any) -> None:
        """Saves the buffer.

        Args:
            path: A path or a binary file.
        """
        save_to_pkl(path, self._buffer)

    def load_replay_buffer(self, path: Any) -> None:
        """Loads the buffer, which runs the code in it; after :meth:`set_env`.

        Args:
            path: A path or a binary file.

        Raises:
            FieldError: (a ValueError) If it holds no buffer of the same kind and size.
        """
        buffer, own = load_from_pkl(path), self._buffer
        if type(buffer) is not type(own) or buffer.size != own.size:
            allowed = f"of kind {type(own).__name__} and size {own.size}"
            raise FieldError("buffer", buffer, allowed)
        self._buffer = buffer

    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), "_buffer"]
