"""Scenarios of real devices, a server and a link of a stated rate."""

from collections.abc import Mapping, Sequence
from typing import Any

from asl_gym.model.components import Fleet, Schedule, Server, Workload
from asl_gym.model.demands import Budget
from asl_gym.model.kinds import PerKind
from asl_gym.model.radio import Channel
from asl_gym.model.timings import Timings
from asl_gym.scenario.device_kinds import DeviceKind, ServerKind
from asl_gym.scenario.scenario import Scenario

__all__ = ["fleet_of", "real_scenario", "server_of"]

DISTANCE_M = 100.0
"""Distance of every device, which a link of a stated rate makes no use of."""

HALFWAY = Budget(fraction=0.5)
"""Halfway between the energies of the policies of least energy and of least delay."""


def fleet_of(devices: Sequence[tuple[int, DeviceKind]]) -> Fleet:
    """A fleet of real devices at their full clocks, in the order given.

    Args:
        devices: Numbers of devices and their kinds.
    """
    each = [kind for count, kind in devices for _ in range(count)]
    figures: dict[str, Any] = {
        name: tuple(getattr(kind, name) for kind in each)
        for name in (*Fleet.PER_DEVICE, *Fleet.OPTIONAL)
        if name != "distance_m"
    }
    return Fleet(
        distance_m=(DISTANCE_M,) * len(each),
        min_clock_fraction=1.0,
        kind=tuple(kind.name for kind in each),
        **figures,
    )


def server_of(kind: ServerKind) -> Server:
    """A server of a kind; at its full clock it draws what the kind does."""
    return Server(
        kind.clock_min_hz,
        kind.clock_max_hz,
        kind.flops_per_cycle,
        kind.capacitance,
        kind.memory_bytes_per_s,
        kind.operator_s,
    )


def real_scenario(
    devices: Sequence[tuple[int, DeviceKind]],
    server: ServerKind,
    link: Channel,
    workload: Workload,
    *,
    timings: Mapping[str, Timings] | None = None,
    schedule: Schedule = "sequential",
    budget: Budget = HALFWAY,
) -> Scenario:
    """A scenario of real devices.

    Args:
        devices: Numbers of devices and their kinds.
        server: The server's kind.
        link: The link, or a cellular radio.
        workload: What is trained.
        timings: Measured times of kinds of devices, in place of the roofline's.
        schedule: How devices share a round.
        budget: The energy budget.

    Raises:
        FieldError: If a kind with measured times is none of the devices', or they lack a cut.
    """
    return Scenario(
        fleet=fleet_of(devices),
        server=server_of(server),
        radio=link,
        workload=workload,
        schedule=schedule,
        per_kind=tuple(PerKind(kind, timings=table) for kind, table in (timings or {}).items()),
        budget=budget,
    )
