"""The law by which a fleet is cut to fewer devices or extended to more.

Device n of an extended fleet is the same whatever the size asked for: each kind of figure has a
random stream of its own, seeded with :data:`FLEET_SEED`, of which device n takes entry n.
"""

import dataclasses
from typing import Any

import numpy as np

from asl_gym.model.components import Fleet
from asl_gym.model.demands import Budget
from asl_gym.validation.checks import FieldError

__all__ = ["FLEET_SEED", "redraw", "resize", "resize_budget"]

FLEET_SEED = 2403
"""Seed of the streams that extra devices are drawn from."""


def resize(fleet: Fleet, num_devices: int) -> Fleet:
    """Returns the first ``num_devices`` of a fleet, extended by drawn devices if it is smaller.

    Extra devices have clocks log-uniform between the fleet's slowest and fastest, distances
    uniform over the ring between its nearest and farthest, and FLOPs per cycle, capacitance and
    transmit power each picked at random from the fleet's own.

    Args:
        fleet: The fleet to start from; its devices come first, unchanged.
        num_devices: Number of devices wanted, >= 1.
    """
    extra = num_devices - fleet.num_devices
    drawn = redraw(fleet, num_devices, FLEET_SEED) if extra > 0 else fleet
    changes: dict[str, Any] = {}
    for name in Fleet.PER_DEVICE:
        own = getattr(fleet, name)[:num_devices]
        changes[name] = own + getattr(drawn, name)[len(own) : num_devices]
    return dataclasses.replace(fleet, **changes)


def redraw(fleet: Fleet, num_devices: int, seed: int) -> Fleet:
    """Returns a fleet of which every device is drawn, by the law of :func:`resize`.

    Args:
        fleet: The fleet that the law takes its ranges from.
        num_devices: Number of devices, >= 1.
        seed: Seed of the streams.
    """
    streams = np.random.SeedSequence(seed).spawn(len(Fleet.PER_DEVICE))
    changes: dict[str, Any] = {}
    for name, stream in zip(Fleet.PER_DEVICE, streams, strict=True):
        uniform = np.random.default_rng(stream).random(num_devices)
        own = np.asarray(getattr(fleet, name))
        changes[name] = tuple(_draw(name, own, uniform).tolist())
    return dataclasses.replace(fleet, **changes)


def _draw(name: str, own: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    low, high = own.min(), own.max()
    if name == "clock_hz":
        return np.asarray(low * (high / low) ** uniform)
    if name == "distance_m":
        return np.asarray(np.sqrt(low**2 + (high**2 - low**2) * uniform))
    return np.asarray(own[(uniform * own.size).astype(int)])


def resize_budget(budget: Budget, num_devices: int, before: int) -> Budget:
    """Scales a budget with its fleet.

    Args:
        budget: The budget of the fleet of ``before`` devices.
        num_devices: The new number of devices.
        before: The old number of devices.

    Raises:
        FieldError: If the budget is given in joules per device.
    """
    if budget.joules is None:
        return budget
    if budget.scope == "per_device":
        allowed = "a fraction (or new joules per device) where num_devices changes the fleet"
        raise FieldError("budget.joules", budget.joules, allowed)
    (joules,) = budget.joules  # type: ignore[misc]
    return dataclasses.replace(budget, joules=(joules * num_devices / before,))
