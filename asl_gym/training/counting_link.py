"""A link that counts what goes over it."""

from collections.abc import Sequence

from torch import Tensor

from asl_gym.training.channel import Crossing, DeviceLink, State, Traffic, Turn

__all__ = ["CountingLink"]


class CountingLink:
    """Counts what goes over another link.

    Args:
        link: The link.
        counted: Names of tensors of a state that the profile counts.

    Attributes:
        traffic: What has gone over it so far.
    """

    def __init__(self, link: DeviceLink, counted: set[str]) -> None:
        self._link, self._counted = link, counted
        self.traffic = Traffic()

    def begin(self, turn: Turn, state: State) -> None:
        """Sends the state of the device's half."""
        self.traffic.move_state(state, self._counted, up=False)
        self._link.begin(turn, state)

    def crossing(self) -> Crossing:
        """Receives what crosses of the next batch."""
        crossing = self._link.crossing()
        self.traffic.move([*crossing.tensors, crossing.labels], up=True)
        return crossing

    def gradients(self, gradients: Sequence[Tensor | None]) -> None:
        """Sends the gradients of what crossed."""
        self.traffic.move(gradients, up=False)
        self._link.gradients(gradients)

    def finish(self) -> tuple[State, float]:
        """Receives the state of the device's half, and its loss."""
        state, loss = self._link.finish()
        self.traffic.move_state(state, self._counted, up=True)
        return state, loss
