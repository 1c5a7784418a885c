"""The law by which a fleet is cut to fewer devices or extended to more.

Device n of an extended fleet is the same whatever the size asked for: each kind of figure has a
random stream of its own, seeded with :data:`FLEET_SEED`, of which device n takes entry n.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asl_gym.model.components import Fleet
from asl_gym.model.demands import Budget
from asl_gym.model.kinds import PerKind
from asl_gym.validation.checks import FieldError

__all__ = ["FLEET_SEED", "redraw", "resize", "resize_budget", "resize_kinds"]

FLEET_SEED = 2403
"""Seed of the streams that extra devices are drawn from."""

COPIED = "copied device"
"""Name of the stream that picks whole devices."""


def resize(fleet: Fleet, num_devices: int) -> Fleet:
    """Returns the first ``num_devices`` of a fleet, extended by drawn devices if it is smaller.

    Extra devices have distances uniform over the ring between the fleet's nearest and farthest.
    Where the fleet says what kind each device is, they are copies of devices picked at random;
    else their clocks are log-uniform between the slowest and the fastest, and every other figure is
    picked at random from the fleet's own.

    Args:
        fleet: The fleet to start from; its devices come first, unchanged.
        num_devices: Number of devices wanted, >= 1.
    """
    known = fleet.num_devices
    changes = {name: getattr(fleet, name)[:num_devices] for name in _figures(fleet)}
    if num_devices > known:
        for name, drawn in _drawn(fleet, num_devices, FLEET_SEED).items():
            changes[name] += tuple(drawn[known:].tolist())
    return dataclasses.replace(fleet, **changes)


def redraw(fleet: Fleet, num_devices: int, seed: int) -> Fleet:
    """Returns a fleet of which every device is drawn, by the law of :func:`resize`.

    Args:
        fleet: The fleet that the law takes its ranges from.
        num_devices: Number of devices, >= 1.
        seed: Seed of the streams.
    """
    drawn = _drawn(fleet, num_devices, seed)
    changes: dict[str, Any] = {name: tuple(each.tolist()) for name, each in drawn.items()}
    return dataclasses.replace(fleet, **changes)


def _drawn(fleet: Fleet, num_devices: int, seed: int) -> dict[str, NDArray[Any]]:
    """Figures of drawn devices, shape (N,) each."""
    names = (*Fleet.PER_DEVICE, *Fleet.OPTIONAL, COPIED)
    streams = dict(zip(names, np.random.SeedSequence(seed).spawn(len(names)), strict=True))
    drawn: dict[str, NDArray[Any]] = {}
    for name in _figures(fleet):
        copied = fleet.kind is not None and name != "distance_m"
        stream = streams[COPIED if copied else name]
        uniform = np.random.default_rng(stream).random(num_devices)
        own = np.asarray(getattr(fleet, name))
        drawn[name] = _draw("" if copied else name, own, uniform)
    return drawn


def _figures(fleet: Fleet) -> list[str]:
    """Fields with an entry a device that the fleet has."""
    names = (*Fleet.PER_DEVICE, *Fleet.OPTIONAL, "kind")
    return [name for name in names if getattr(fleet, name) is not None]


def _draw(name: str, own: NDArray[Any], uniform: NDArray[np.float64]) -> NDArray[Any]:
    """Draws entries; those of figures without a law of their own are picked from the fleet's."""
    if name == "clock_hz":
        low, high = own.min(), own.max()
        return np.asarray(low * (high / low) ** uniform)
    if name == "distance_m":
        low, high = own.min(), own.max()
        return np.asarray(np.sqrt(low**2 + (high**2 - low**2) * uniform))
    return np.asarray(own[(uniform * own.size).astype(int)])


def resize_budget(budget: Budget, fleet: Fleet, before: Fleet) -> Budget:
    """Scales a budget with its fleet.

    Joules per device go with the devices' kinds, where they are the same for all devices of a kind;
    the server's and the system's are scaled in proportion.

    Args:
        budget: The budget of the fleet ``before``.
        fleet: The new fleet.
        before: The old one.

    Raises:
        FieldError: If the budget is given in joules per device and kinds don't tell them.
    """
    given, scale = budget.joules, fleet.num_devices / before.num_devices
    if not isinstance(given, tuple):
        return budget
    if budget.scope == "system":
        return dataclasses.replace(budget, joules=(given[0] * scale,))
    pairs = set(zip(before.kind or (), given, strict=False))
    of_kinds = dict(pairs)
    if not pairs or len(pairs) > len(of_kinds):
        allowed = "a fraction (or new joules per device) where num_devices changes the fleet"
        raise FieldError("budget.joules", given, allowed)
    joules = (*(of_kinds[kind] for kind in fleet.kind or ()), given[-1] * scale)
    return dataclasses.replace(budget, joules=joules)


def resize_kinds(per_kind: Sequence[PerKind], fleet: Fleet) -> tuple[PerKind, ...]:
    """What differs by kind, of the kinds that a resized fleet still has."""
    return tuple(own for own in per_kind if own.kind in (fleet.kind or ()))
