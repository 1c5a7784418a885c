"""Devices in the process of the server: what crosses is copied, counted and handed over."""

from collections.abc import Sequence

from torch import Tensor

from asl_gym.training.channel import Crossing, State, Turn
from asl_gym.training.shards import Shard
from asl_gym.training.side import as_sent
from asl_gym.training.sides import DeviceSide

__all__ = ["MemoryLink"]


class MemoryLink:
    """A device in the same process.

    Args:
        device: The side that plays it.
        shard: Its samples.
    """

    def __init__(self, device: DeviceSide, shard: Shard) -> None:
        self._device, self._shard = device, shard

    def begin(self, turn: Turn, state: State) -> None:
        """Sends the state of the device's half."""
        self._device.begin(turn, self._shard, state)

    def crossing(self) -> Crossing:
        """Receives what crosses of the next batch."""
        return self._device.crossing()

    def gradients(self, gradients: Sequence[Tensor | None]) -> None:
        """Sends the gradients of what crossed."""
        copies = [None if each is None else as_sent(each) for each in gradients]
        self._device.gradients(copies)

    def finish(self) -> tuple[State, float]:
        """Receives the state of the device's half, and its loss."""
        return self._device.finish()
