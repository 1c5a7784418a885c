"""What both sides of split training have: a replica, its momentum, SGD, and the seeds of masks."""

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from asl_gym.model.components import Workload
from asl_gym.training.batches import Batch, mask_seed
from asl_gym.training.channel import State, Turn
from asl_gym.training.cut_network import CutNetwork
from asl_gym.training.errors import TrainingError
from asl_gym.training.shards import check_labels

__all__ = ["MOMENTUM", "Loss", "Recipe", "Side", "as_sent"]

Loss = Callable[[Any, Tensor], Tensor]
"""From the network's output and labels to one number."""

MOMENTUM = "momentum of "
"""What stands before a parameter's name in the name of its momentum."""


@dataclass(frozen=True)
class Recipe:
    """How a turn is trained, the same on both sides.

    Attributes:
        workload: Samples of a round and of a batch, and the momentum.
        loss: The loss.
        seed: Seed of the order of samples and of dropout masks.
        labels_travel: Whether labels go up with what crosses, rather than lie at the server.
        classes: Number of classes, where labels are those.
    """

    workload: Workload
    loss: Loss
    seed: int
    labels_travel: bool = False
    classes: int | None = None


def as_sent(tensor: Tensor) -> Tensor:
    """A copy of a tensor, in the order in which tensors are sent, whatever its own in memory.

    With another, sums may be added up in another order and end in other bits.
    """
    return tensor.detach().clone(memory_format=torch.contiguous_format)


class Side:
    """What both sides have.

    Args:
        module: A replica of the network.
        recipe: How turns are trained.

    Attributes:
        recipe: How turns are trained.
        network: The replica, with its halves.
        momentum: The momentum of each parameter; empty without any.
    """

    def __init__(self, module: nn.Module, recipe: Recipe) -> None:
        self.recipe = recipe
        self.network = CutNetwork(module, recipe.workload.profile)
        self.momentum: dict[str, Tensor] = {}
        if recipe.workload.momentum:
            trained = self.network.trained
            self.momentum = {name: torch.zeros_like(each) for name, each in trained.items()}

    @property
    def counted(self) -> set[str]:
        """Names of what of a state the profile counts."""
        return self.network.counted | {MOMENTUM + name for name in self.momentum}

    def state(self, names: Sequence[str] | None = None) -> dict[str, Tensor]:
        """Copies of tensors of these names, and of their momentum; of all by default."""
        state = self.network.copies(names)
        moving = [name for name in state if name in self.momentum]
        return state | {MOMENTUM + name: self.momentum[name].clone() for name in moving}

    def load(self, state: State) -> None:
        """Takes over tensors and their momentum."""
        own = {name: each for name, each in state.items() if not name.startswith(MOMENTUM)}
        self.network.load(own)
        for name in own:
            if MOMENTUM + name in state:
                self.momentum[name].copy_(state[MOMENTUM + name])

    def step(self, half: nn.Module, learning_rate: float) -> None:
        """One step of SGD on the parameters of a half that got a gradient."""
        momentum = self.recipe.workload.momentum
        of_half = {id(each) for each in half.parameters()}
        with torch.no_grad():
            for name, each in self.network.trained.items():
                if id(each) not in of_half or each.grad is None:
                    continue
                change = each.grad
                if momentum:
                    change = self.momentum[name].mul_(momentum).add_(change)
                each.add_(change, alpha=-learning_rate)
                each.grad = None

    @contextlib.contextmanager
    def drawing(self, half: Any, turn: Turn, batch: Batch) -> Iterator[None]:
        """Lets what a half draws at random depend on round, device, batch and layer alone."""

        def before_random(layer: str) -> None:
            seed = self.recipe.seed
            torch.manual_seed(mask_seed(seed, turn.round_index, turn.device, batch.number, layer))

        half.before_random = before_random
        with torch.random.fork_rng(), torch.enable_grad():
            yield
        half.before_random = None

    def checked_loss(self, output: Any, labels: Tensor, turn: Turn, batch: Batch) -> Tensor:
        """The loss of a batch.

        Raises:
            FieldError: If a label is out of range.
            TrainingError: If it is no number; the message says where.
        """
        if self.recipe.classes is not None:
            where = f"device {turn.device}, round {turn.round_index}, batch {batch.number}:"
            check_labels(where, labels, self.recipe.classes)
        loss = self.recipe.loss(output, labels)
        if not math.isfinite(float(loss.detach())):
            raise TrainingError(
                f"the loss is {float(loss.detach())} in round {turn.round_index}, device "
                f"{turn.device}, split point {turn.split}, batch {batch.number}: a learning rate "
                f"below {turn.learning_rate:g} may help"
            )
        return loss
