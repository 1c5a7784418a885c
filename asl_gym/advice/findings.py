"""What was found of a network on real devices, kind by kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from asl_gym.advice.answers import Answer
from asl_gym.model.profiles import NetworkProfile
from asl_gym.scenario.device_kinds import DeviceKind, ServerKind
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.channel import median_rates

__all__ = ["Findings"]


@dataclass(frozen=True, eq=False)
class Findings:
    """Where to cut a network, kind by kind of device.

    Attributes:
        devices: Numbers of devices and their kinds.
        server: The server's kind.
        answers: The best cuts of each kind, by its name.
        scenario: The problem as a scenario, whose budget is each device's and binds nobody else;
            ready for ``gym.make`` and, as JSON, for ``python -m benchmarks``.
    """

    devices: tuple[tuple[int, DeviceKind], ...]
    server: ServerKind
    answers: Mapping[str, Answer]
    scenario: Scenario

    @cached_property
    def profile(self) -> NetworkProfile:
        """The network."""
        return self.scenario.workload.profile

    @cached_property
    def uplink_bps(self) -> float:
        """Mean uplink rate of a device that has the link to itself [bit/s]."""
        return float(median_rates(self.scenario.fleet, self.scenario.radio)[0][0])
