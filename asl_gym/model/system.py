"""A split-learning system: devices, server, channel, workload, and how devices share a round.

``sequential`` is vanilla split learning: devices train in turn, each has the whole bandwidth and
the whole server while it does, and the round lasts as long as all of them together.

``parallel`` is the way of split-federated learning, synchronous: all devices train at once, each
in its share B/N of the bandwidth, the server's clock is divided among them, and the round lasts as
long as its slowest device. The base station sends to each with its full power, and the rate
floor, like the cap, goes with the bandwidth.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from asl_gym.arrays import Array, Indices
from asl_gym.model.components import Fleet, Schedule, Server, Workload
from asl_gym.model.costs import CostModel, sum_over_devices
from asl_gym.model.kinds import Group, PerKind, grouped
from asl_gym.model.radio import Channel, Link, Radio
from asl_gym.model.split_points import SplitPoints
from asl_gym.validation.fields import Declared, choice, instance, several

__all__ = ["LEAST_SHARE", "System"]

LEAST_SHARE = 1e-3
"""Least clock of a device in the parallel schedule, as a share of f_max/N."""


@dataclass(frozen=True, kw_only=True)
class System(Declared):
    """What trains together, whatever is asked of it.

    Attributes:
        fleet: The devices.
        server: The edge server.
        radio: The wireless channel, or a link of a stated rate.
        workload: The network, the samples of a round and the admissible split points.
        schedule: How devices share a round, ``"sequential"`` or ``"parallel"``.
        per_kind: Networks and measured times of kinds of devices that have their own.
    """

    fleet: Fleet = instance(Fleet)
    server: Server = instance(Server)
    radio: Channel = instance((Radio, Link))
    workload: Workload = instance(Workload)
    schedule: Schedule = choice(Schedule, default="sequential")
    per_kind: tuple[PerKind, ...] = several(PerKind, default=())

    def __post_init__(self) -> None:
        super().__post_init__()
        grouped(self.fleet, self.workload, self.per_kind)

    @property
    def num_devices(self) -> int:
        """Number of devices N."""
        return self.fleet.num_devices

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Devices that train the same network and whose times are known the same way."""
        return grouped(self.fleet, self.workload, self.per_kind)

    @cached_property
    def _group_of(self) -> Indices:
        """Which group each device is of, shape (N,)."""
        group_of = np.empty(self.num_devices, dtype=np.int64)
        for index, group in enumerate(self.groups):
            group_of[group.devices] = index
        return group_of

    def workload_of(self, device: int) -> Workload:
        """What a device trains."""
        workload: Workload = self.groups[self._group_of[device]].workload
        return workload

    @cached_property
    def split_points(self) -> SplitPoints:
        """The admissible split points of each device."""
        return SplitPoints(self.groups)

    def cut_name(self, split: int) -> str:
        """The layer that a split point comes after; its number where networks disagree."""
        layers = [group.workload.profile.cut_names for group in self.groups]
        names = {names[split] if split < len(names) else "" for names in layers}
        return names.pop() if len(names) == 1 else str(split)

    @property
    def shares_server(self) -> bool:
        """Whether the devices' frequencies add up to at most the server's full clock."""
        return self.schedule == "parallel"

    @cached_property
    def device_server(self) -> Server:
        """The server as one device meets it, with the least and the full clock it can be given."""
        if not self.shares_server:
            return self.server
        least = LEAST_SHARE * self.server.clock_max_hz / self.num_devices
        return self.server.derived(clock_min_hz=least)

    @cached_property
    def device_radio(self) -> Channel:
        """The channel that one device has, with its share of the bandwidth."""
        return self.radio.shared(self.num_devices) if self.shares_server else self.radio

    @cached_property
    def cost_model(self) -> CostModel:
        """Delay and energy of every choice."""
        return CostModel(self.fleet, self.server, self.radio, self.groups)

    def round_delay(self, device_delay: Array) -> Array:
        """From the devices' delays [s], shape (..., N), to the round's, shape (...)."""
        if self.shares_server:
            return np.asarray(device_delay.max(axis=-1))
        return sum_over_devices(device_delay)
