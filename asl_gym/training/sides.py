"""The two sides of split training: a device with its data, and the server.

Each has a replica of the network of its own, of which it uses its half; what it knows of the other
half's tensors is what came over the link.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from asl_gym.training.batches import Batch, batches_of
from asl_gym.training.channel import Crossing, DeviceLink, State, Turn
from asl_gym.training.cut_network import Halves
from asl_gym.training.errors import TrainingError
from asl_gym.training.shards import Shard
from asl_gym.training.side import MOMENTUM, Recipe, Side, as_sent

__all__ = ["DeviceSide", "ServerSide"]


class DeviceSide(Side):
    """A device's side of a turn; the devices of one process may share it, as each turn begins anew.

    Args:
        module: A replica of the network.
        recipe: How turns are trained.
    """

    _left: list[Batch]
    _on_device: tuple[str, ...]

    def begin(self, turn: Turn, shard: Shard, state: State) -> None:
        """Takes over the state of the device's half."""
        self.turn, self.shard = turn, shard
        workload, seed = self.recipe.workload, self.recipe.seed
        batches = batches_of(workload, seed, turn.round_index, turn.device, len(shard))
        self._left, self._on_device = list(batches), ()
        self.load(state)

    @property
    def has_more(self) -> bool:
        """Whether there is another batch of which something crosses."""
        return bool(self._left) and not self._has_whole

    @property
    def _has_whole(self) -> bool:
        return self.turn.split == self.recipe.workload.profile.num_layers

    def crossing(self) -> Crossing:
        """Forward through the device's half, of the next batch."""
        self._batch = self._left.pop(0)
        inputs, labels = self.shard.batch(self._batch.positions)
        self._halves = self._halves_of(inputs)
        with self.drawing(self._halves.device, self.turn, self._batch):
            self._sent = self._halves.device(*inputs)
        return Crossing(
            [as_sent(each) for each in self._sent],
            [each.requires_grad for each in self._sent],
            labels if self.recipe.labels_travel else None,
        )

    def gradients(self, gradients: Sequence[Tensor | None]) -> None:
        """Backward through the device's half, and a step."""
        pairs = [
            pair for pair in zip(self._sent, gradients, strict=True)
            if pair[0].requires_grad and pair[1] is not None
        ]  # fmt: skip
        if pairs:
            sent, given = zip(*pairs, strict=True)
            torch.autograd.backward(sent, given)
            self.step(self._halves.device, self.turn.learning_rate)

    def finish(self) -> tuple[dict[str, Tensor], float]:
        """The state of the device's half; where that is the whole network, after training it.

        Returns:
            The state, and the mean loss where the device has the whole network, else NaN.
        """
        losses = [self._train_whole(batch) for batch in self._left] if self._has_whole else []
        mean = sum(losses) / len(losses) if losses else math.nan
        return self.state(self._on_device), mean

    def _train_whole(self, batch: Batch) -> float:
        inputs, labels = self.shard.batch(batch.positions)
        halves = self._halves_of(inputs)
        with self.drawing(halves.device, self.turn, batch):
            output = halves.server(*halves.device(*inputs))
        loss = self.checked_loss(output, labels, self.turn, batch)
        loss.backward()  # type: ignore[no-untyped-call]
        self.step(halves.device, self.turn.learning_rate)
        return float(loss.detach())

    def _halves_of(self, inputs: tuple[Any, ...]) -> Halves:
        halves = self.network.halves(self.turn.split, inputs)
        self._on_device = halves.on_device
        return halves


class ServerSide(Side):
    """The server's side of a turn.

    Args:
        module: The network that is trained.
        recipe: How turns are trained.
        labels: Labels of each device's samples, which lie here.
        example: Inputs for a batch of each size, by that size, of which shapes count.

    Attributes:
        labels: The labels.
    """

    def __init__(
        self,
        module: nn.Module,
        recipe: Recipe,
        labels: Sequence[Tensor],
        example: Mapping[int, tuple[Any, ...]],
    ) -> None:
        super().__init__(module, recipe)
        self.labels, self._example = labels, example

    def train(self, turn: Turn, link: DeviceLink) -> float:
        """Trains a device's turn; afterwards the replica holds all of what it has become.

        Returns:
            The mean loss.

        Raises:
            DeviceLost: If the device doesn't answer any more; what has been trained so far has then
                to be undone.
            TrainingError: If a loss is no number.
        """
        workload, seed = self.recipe.workload, self.recipe.seed
        size = len(self.labels[turn.device])
        batches = list(batches_of(workload, seed, turn.round_index, turn.device, size))
        first = self._halves_of(turn, batches[0])
        link.begin(turn, self.state(first.on_device))
        losses = [] if first.is_whole else [self._train_batch(turn, b, link) for b in batches]
        state, loss = link.finish()
        self._check_state(state, first.on_device)
        self.load(state)
        return sum(losses) / len(losses) if losses else loss

    def _check_state(self, state: State, names: Sequence[str]) -> None:
        """A device in another process may be another program."""
        expected = {*names, *(MOMENTUM + name for name in names if name in self.momentum)}
        shapes = {name: self.network.tensors[name.removeprefix(MOMENTUM)].shape for name in names}
        wrong = [n for n, e in state.items() if n in shapes and e.shape != shapes[n]]
        if {*state} != expected or wrong:
            differing = sorted({*state} ^ expected) or wrong
            raise TrainingError(f"the state of a device's half is not its: {differing[:5]} differ")

    def _halves_of(self, turn: Turn, batch: Batch) -> Halves:
        return self.network.halves(turn.split, self._example[len(batch.positions)])

    def _train_batch(self, turn: Turn, batch: Batch, link: DeviceLink) -> float:
        crossing = link.crossing()
        pairs = zip(crossing.tensors, crossing.tracked, strict=True)
        received = [each.requires_grad_(tracked) for each, tracked in pairs]
        labels = crossing.labels
        if labels is None:
            labels = self.labels[turn.device][torch.as_tensor(batch.positions)]
        half = self._halves_of(turn, batch).server
        with self.drawing(half, turn, batch):
            loss = self.checked_loss(half(*received), labels, turn, batch)
        if loss.requires_grad:
            loss.backward()  # type: ignore[no-untyped-call]
        link.gradients([each.grad for each in received])
        self.step(half, turn.learning_rate)
        return float(loss.detach())
