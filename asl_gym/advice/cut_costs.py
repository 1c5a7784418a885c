"""What every cut costs one device of each kind at its full clock, in the mean over the link."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from asl_gym.arrays import Array, Splits
from asl_gym.model.costs import UnitCosts
from asl_gym.model.radio import Link
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.channel import median_rates

__all__ = ["PARTS", "CutCosts", "costs_of_kinds", "mean_unit_costs", "server_clock"]

PARTS = ("downlink_delay", "device_delay", "uplink_delay", "server_delay")
"""Parts of a delay, in the order of a round's work."""


@dataclass(frozen=True, eq=False)
class CutCosts:
    """What each cut costs a device of a kind in a round.

    Attributes:
        kind: The kind.
        device: The first device of that kind.
        num_layers: Layers of the network, the last split point.
        splits: Split points ℓ, shape (L,).
        names: The layers that they come after.
        parts: Downlink, device, uplink and server delay [s], shape (4, L).
        device_energy: Energy of the device [J], shape (L,).
        server_energy: Energy of the server side [J], shape (L,).
    """

    kind: str
    device: int
    num_layers: int
    splits: Splits
    names: tuple[str, ...]
    parts: Array
    device_energy: Array
    server_energy: Array

    @property
    def delay(self) -> Array:
        """Delay D of the device [s], shape (L,)."""
        return np.asarray(self.parts.sum(axis=0))

    @property
    def transfer(self) -> Array:
        """The part of the delay that goes with the link's rate [s], shape (L,)."""
        return np.asarray(self.parts[0] + self.parts[2])

    @property
    def computing(self) -> Array:
        """The part that doesn't [s], shape (L,)."""
        return np.asarray(self.parts[1] + self.parts[3])

    def place_of(self, split: int) -> int:
        """The index of a split point."""
        return int(np.flatnonzero(self.splits == split)[0])


def mean_unit_costs(scenario: Scenario) -> UnitCosts:
    """What a bit and a unit of work cost at full clocks, shape (N,).

    A bit costs its mean over a link's rates, or what it does at a radio's median rates.
    """
    channel = scenario.device_radio
    slowdown = channel.slowdown if isinstance(channel, Link) else 1.0
    up, down = (rates / slowdown for rates in median_rates(scenario.fleet, channel))
    return scenario.cost_model.unit_costs(up, down, np.asarray(scenario.fleet.clock_hz))


def server_clock(scenario: Scenario) -> float:
    """The clock that a device is given: the full one, or its equal share where they share it."""
    share = scenario.num_devices if scenario.shares_server else 1
    return scenario.server.clock_max_hz / share


def costs_of_kinds(scenario: Scenario) -> tuple[CutCosts, ...]:
    """The costs of all admissible cuts, one entry a kind of device, in the fleet's order.

    Args:
        scenario: A scenario whose fleet says what kind each device is.
    """
    kinds: Sequence[str] = scenario.fleet.kind or ()
    first = {kind: kinds.index(kind) for kind in dict.fromkeys(kinds)}
    return tuple(_costs(scenario, kind, device) for kind, device in first.items())


def _costs(scenario: Scenario, kind: str, device: int) -> CutCosts:
    workload, model = scenario.workload_of(device), scenario.cost_model
    count, devices = workload.num_splits, scenario.num_devices
    unit, clock = mean_unit_costs(scenario), np.array([server_clock(scenario)])
    # One row a cut, which every device of the fleet takes where it has it.
    most = scenario.split_points.counts - 1
    index = np.minimum(np.arange(count)[:, None], most)
    rows = UnitCosts(*(None if v is None else np.tile(v, (count, 1)) for v in unit))  # type: ignore[arg-type]
    parts = model.delay_parts(index, np.broadcast_to(clock, (count, devices)), rows)
    chosen = model.chosen_options(index, rows)
    computing = scenario.server.computing_energy(clock, chosen.server_work)
    return CutCosts(
        kind,
        device,
        workload.profile.num_layers,
        np.asarray(workload.admissible_splits),
        workload.cut_names,
        np.stack([parts[name][:, device] for name in PARTS]),
        chosen.device_energy[:, device],
        (chosen.fixed_server_energy + computing)[:, device],
    )
