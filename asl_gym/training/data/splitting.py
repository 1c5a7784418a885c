"""How samples are divided among devices: equally, unevenly, or by class."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from asl_gym.validation.checks import POSITIVE, FieldError, number, one_of, whole_number

__all__ = ["SPLITS", "split_over_devices"]

Indices = NDArray[np.int64]

PIECES_PER_DEVICE = 2
"""Pieces of one class, or at most two, that a device gets in the division by class."""


def _equal(labels: Indices, devices: int, rng: np.random.Generator, _: float) -> list[Indices]:
    return np.array_split(rng.permutation(len(labels)), devices)


def _dirichlet(
    labels: Indices, devices: int, rng: np.random.Generator, alpha: float
) -> list[Indices]:
    """Of each class, shares drawn from a symmetric Dirichlet distribution (Hsu et al., 2019)."""
    parts: list[list[Indices]] = [[] for _ in range(devices)]
    for each in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == each))
        ends = np.cumsum(rng.dirichlet(np.full(devices, alpha)))[:-1]
        pieces = np.split(members, np.round(ends * len(members)).astype(np.int64))
        for part, piece in zip(parts, pieces, strict=True):
            part.append(piece)
    return [np.concatenate(part) for part in parts]


def _by_class(labels: Indices, devices: int, rng: np.random.Generator, _: float) -> list[Indices]:
    """Sorted by class and cut into pieces, of which each device gets two (McMahan et al., 2017)."""
    order = rng.permutation(len(labels))
    pieces = np.array_split(order[np.argsort(labels[order], kind="stable")],
                            PIECES_PER_DEVICE * devices)  # fmt: skip
    dealt = rng.permutation(len(pieces)).reshape(devices, PIECES_PER_DEVICE)
    return [np.concatenate([pieces[piece] for piece in own]) for own in dealt]


SPLITS: dict[str, Callable[[Indices, int, np.random.Generator, float], Sequence[Indices]]] = {
    "equal": _equal,
    "dirichlet": _dirichlet,
    "by-class": _by_class,
}
"""The divisions by name."""


def split_over_devices(
    labels: Indices, devices: int, kind: str, seed: int, alpha: float = 0.5
) -> list[Indices]:
    """Divides samples among devices.

    Args:
        labels: Labels of the samples.
        devices: Number of devices.
        kind: ``"equal"``: shuffled and dealt out; ``"dirichlet"``: of each class, shares drawn from
            a Dirichlet distribution; ``"by-class"``: of one or two classes (at most four) each.
        seed: Seed of the division.
        alpha: Concentration of the Dirichlet distribution: the smaller, the more uneven.

    Returns:
        Indices of each device's samples.

    Raises:
        FieldError: If an argument is not allowed, or a device gets no samples.
    """
    whole_number("devices", devices, 1)
    one_of("split", kind, tuple(SPLITS))
    number("alpha", alpha, POSITIVE)
    rng = np.random.default_rng([whole_number("seed", seed, 0), devices])
    parts = SPLITS[kind](np.asarray(labels), devices, rng, alpha)
    for device, part in enumerate(parts):
        if not len(part):
            told = f"{kind} split of {len(labels)} samples: those of device {device}"
            allowed = "at least one sample; fewer devices, another seed or a larger alpha give some"
            raise FieldError(told, 0, allowed)
    return [np.sort(part) for part in parts]
