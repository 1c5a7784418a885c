"""A device's samples: a part of a dataset, and checks of their labels."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, TensorDataset, default_collate

from asl_gym.validation.checks import FieldError

__all__ = ["Shard", "check_labels"]


class Shard:
    """Some samples of a torch dataset whose items are pairs of an input and a label.

    An input is a tensor, or a tuple of the network's arguments.

    Args:
        dataset: The dataset; its length has to be known.
        indices: Which of its samples; by default all.

    Raises:
        FieldError: If it has no samples, or an index is out of range.
    """

    def __init__(self, dataset: Dataset[Any], indices: Sequence[int] | None = None) -> None:
        size = len(dataset)  # type: ignore[arg-type]
        chosen = np.arange(size) if indices is None else np.asarray(indices, dtype=np.int64)
        if chosen.ndim != 1 or chosen.size == 0:
            raise FieldError("shard.indices", f"{chosen.size} samples", "at least one sample")
        if chosen.min() < 0 or chosen.max() >= size:
            wrong = int(chosen.min() if chosen.min() < 0 else chosen.max())
            raise FieldError("shard.indices", wrong, f"indices of the {size} samples, from 0")
        self.dataset, self.indices = dataset, chosen

    def __len__(self) -> int:
        return len(self.indices)

    def batch(self, positions: NDArray[np.int64]) -> tuple[tuple[Any, ...], Tensor]:
        """Samples by their places in the shard.

        Args:
            positions: The places.

        Returns:
            The network's arguments, and the labels.
        """
        chosen = self.indices[positions]
        if isinstance(self.dataset, TensorDataset):
            *inputs, labels = self.dataset[torch.as_tensor(chosen)]
            return tuple(inputs), labels
        inputs, labels = default_collate([self.dataset[int(index)] for index in chosen])
        return inputs if isinstance(inputs, tuple) else _as_arguments(inputs), labels

    def labels(self) -> Tensor:
        """Labels of all samples, in their order."""
        if isinstance(self.dataset, TensorDataset):
            return self.dataset.tensors[-1][torch.as_tensor(self.indices)]
        return torch.as_tensor(default_collate([self.dataset[int(i)][1] for i in self.indices]))


def _as_arguments(inputs: Any) -> tuple[Any, ...]:
    """``default_collate`` makes a list of what was a tuple."""
    return tuple(inputs) if isinstance(inputs, list) else (inputs,)


def check_labels(name: str, labels: Tensor, classes: int) -> None:
    """Checks that labels are numbers of classes.

    Args:
        name: Whose labels, for the error.
        labels: The labels.
        classes: Number of classes.

    Raises:
        FieldError: If one is out of range; the message says where.
    """
    wrong = torch.nonzero((labels < 0) | (labels >= classes)).flatten()
    if len(wrong):
        place = int(wrong[0])
        allowed = f"a class of 0 to {classes - 1}, of which the network knows {classes}"
        raise FieldError(f"{name} label {place}", int(labels[place]), allowed)
