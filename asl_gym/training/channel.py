"""What crosses between the devices and the server in a round, and how many bits that is.

A device's turn: down goes the state of its half (parameters, buffers, perhaps momentum); then,
batch by batch, the tensors at the cut go up and their gradients come down; at the end the state
goes up.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from torch import Tensor

from asl_gym.networks.cuts import bits_of

__all__ = ["Crossing", "DeviceLink", "DeviceLost", "State", "Traffic", "Turn"]

State = Mapping[str, Tensor]
"""Tensors by the names that they have in the network; of momentum with its prefix."""


class DeviceLost(ConnectionError):
    """A device doesn't answer any more.

    Args:
        device: Which one.
        reason: What was noticed.
    """

    def __init__(self, device: int, reason: str) -> None:
        super().__init__(f"device {device} is lost: {reason}")
        self.device, self.reason = device, reason


class Turn(NamedTuple):
    """A device's part of a round.

    Attributes:
        round_index: The round, from 0.
        device: The device.
        split: Its split point ℓ.
        learning_rate: Step size of SGD.
    """

    round_index: int
    device: int
    split: int
    learning_rate: float


class Crossing(NamedTuple):
    """What goes up at a cut.

    Attributes:
        tensors: The tensors, without their history.
        tracked: Which of them depend on the device's parameters.
        labels: The batch's labels where they travel, else ``None``.
    """

    tensors: Sequence[Tensor]
    tracked: Sequence[bool]
    labels: Tensor | None = None


class DeviceLink(Protocol):
    """A device as the server meets it; every call may raise :class:`DeviceLost`."""

    def begin(self, turn: Turn, state: State) -> None:
        """Sends the state of the device's half."""
        ...

    def crossing(self) -> Crossing:
        """Receives what crosses of the next batch."""
        ...

    def gradients(self, gradients: Sequence[Tensor | None]) -> None:
        """Sends the gradients of what crossed."""
        ...

    def finish(self) -> tuple[State, float]:
        """Receives the state of the device's half.

        Returns:
            The state, and the mean loss where the device has the whole network, else NaN.
        """
        ...


class Traffic:
    """Counts the bits of a device's turn, each way, by what they carry.

    Attributes:
        up: Bits to the server that the profile counts, and labels where they travel.
        down: Bits to the device that it counts.
        aside: Bits of counters, both ways, that it doesn't count.
    """

    def __init__(self) -> None:
        self.up = self.down = self.aside = 0

    def move_state(self, state: State, counted: set[str], *, up: bool) -> None:
        """Counts a half's state.

        Args:
            state: The state.
            counted: Names of what counts.
            up: Whether it goes to the server.
        """
        bits = bits_of((each for name, each in state.items() if name in counted), None)
        self._add(bits, up=up)
        self.aside += bits_of(state.values(), None) - bits

    def move(self, tensors: Sequence[Tensor | None], *, up: bool) -> None:
        """Counts tensors."""
        self._add(bits_of((each for each in tensors if each is not None), None), up=up)

    def _add(self, bits: int, *, up: bool) -> None:
        if up:
            self.up += bits
        else:
            self.down += bits
