"""Where to cut a network on real devices, and what that saves."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from asl_gym.advice.answers import Answer, answer
from asl_gym.advice.cut_costs import CutCosts, costs_of_kinds
from asl_gym.advice.findings import Findings
from asl_gym.advice.picture import drawn
from asl_gym.advice.text import told
from asl_gym.model.components import Schedule, Workload
from asl_gym.model.demands import Budget
from asl_gym.model.profiles import NetworkProfile
from asl_gym.model.radio import Channel
from asl_gym.model.timings import Timings
from asl_gym.scenario.device_kinds import DeviceKind, ServerKind
from asl_gym.scenario.devices import NO_KINDS, Kinds, parse_devices, server_kind
from asl_gym.scenario.links import parse_link
from asl_gym.scenario.real import real_scenario
from asl_gym.scenario.scenario import Scenario

__all__ = ["BATCH_SIZE", "SAMPLES", "Advice", "advise"]

SAMPLES, BATCH_SIZE = 256, 32
"""Samples of a round and of a batch, unless told otherwise."""

UNBOUND = 1.01
"""The server's budget over the most that it can spend."""

LEAST_BUDGET_J = 1e-9
"""The server's budget where it can't spend anything [J]."""


class Advice(Findings):
    """Where to cut a network: what was found, in words and pictures."""

    def __str__(self) -> str:
        return told(self)

    def draw(self, kind: str) -> Any:
        """Draws a kind's delays, cut by cut and over the link's rates, as a matplotlib figure."""
        return drawn(self, kind)


def advise(
    network: Any,
    inputs: Any = None,
    *,
    devices: str | Sequence[tuple[int, DeviceKind]],
    server: str | ServerKind,
    link: str | Channel,
    samples: int = SAMPLES,
    batch_size: int | None = BATCH_SIZE,
    budget: float | Mapping[str, float] | None = None,
    raw_data: bool = False,
    timings: Mapping[str, Timings] | None = None,
    schedule: Schedule = "sequential",
    kinds: Kinds = NO_KINDS,
    **profiling: Any,
) -> Advice:
    """Says where to cut a network.

    Args:
        network: A torch module, whose cuts are found with ``inputs``
            (:func:`asl_gym.networks.profile`); or a profile, or the name of a shipped one.
        inputs: The module's inputs; ``None`` for a profile.
        devices: Such as ``"4xraspberry-pi-4"``, or numbers and kinds.
        server: A kind of server.
        link: Such as ``"40mbit"``, ``"10/50mbit"`` or ``"40mbit±20%"``; or a channel.
        samples: Samples that a device trains on in a round.
        batch_size: Samples of a batch; ``None`` for all at once.
        budget: Energy that each device may spend in a round [J], or by kind; by default halfway
            between the cut of least energy and the fastest, and 5% above the least at the least.
        raw_data: Whether sending the raw data, split point 0, may be the answer.
        timings: Measured times by kind of device, in place of modelled ones.
        schedule: How devices share a round: ``"sequential"``, one after another with the whole link
            and server, or ``"parallel"``, all at once with an equal share of both.
        kinds: A user's kinds of devices and servers.
        **profiling: Passed to :func:`asl_gym.networks.profile`, such as ``granularity``.

    Raises:
        FieldError: (a ValueError) If an argument is not allowed; it lists what there is.
        NetworkError: (a ValueError) If the module can't be taken apart.
    """
    fleet = parse_devices(devices, kinds) if isinstance(devices, str) else list(devices)
    of_server = server_kind(server, kinds) if isinstance(server, str) else server
    channel = parse_link(link) if isinstance(link, str) else link
    profile = _profile(network, inputs, profiling)
    splits = _all_splits(profile, raw_data, timings or {})
    workload = Workload(profile, samples, splits, batch_size)
    scenario = real_scenario(
        fleet, of_server, channel, workload, timings=timings, schedule=schedule
    )
    answers = {
        costs.kind: answer(costs, profile.num_layers, raw_data, _of_kind(budget, costs.kind))
        for costs in costs_of_kinds(scenario)
    }
    scenario = _ready(scenario, answers, raw_data)
    return Advice(tuple(fleet), of_server, answers, scenario)


def _profile(network: Any, inputs: Any, profiling: Mapping[str, Any]) -> NetworkProfile:
    if isinstance(network, NetworkProfile):
        return network
    if isinstance(network, str):
        return NetworkProfile.shipped(network)
    from asl_gym.networks import profile

    return profile(network, inputs, **{"name": type(network).__name__, **profiling})


def _all_splits(
    profile: NetworkProfile, raw_data: bool, timings: Mapping[str, Timings]
) -> tuple[int, ...]:
    """All split points; without that of the raw data where its measured time isn't known."""
    known = all(profile.cut_names[0] in table.cuts for table in timings.values())
    return tuple(range(0 if known or raw_data else 1, profile.num_layers + 1))


def _of_kind(budget: float | Mapping[str, float] | None, kind: str) -> float | None:
    return budget.get(kind) if isinstance(budget, Mapping) else budget


def _ready(scenario: Scenario, answers: Mapping[str, Answer], raw_data: bool) -> Scenario:
    """The scenario with the devices' budgets, the server's being more than it can spend."""
    kinds = scenario.fleet.kind or ()
    budgets = [answers[kind].budget_j for kind in kinds]
    most = sum(_most_on_server(answers[kind].costs) for kind in kinds)
    budget = Budget("per_device", joules=(*budgets, max(UNBOUND * most, LEAST_BUDGET_J)))
    workload = scenario.workload
    if workload.splits is not None and workload.splits[0] == 0 and not raw_data:
        workload = Workload(workload.profile, workload.samples_per_round, None, workload.batch_size)
    return scenario.replace(workload=workload, budget=budget)


def _most_on_server(costs: CutCosts) -> float:
    return float(np.max(costs.server_energy))
