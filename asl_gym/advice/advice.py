"""Where to cut a network on real devices, and what that saves."""

from collections.abc import Mapping, Sequence, Set
from typing import Any

from asl_gym.advice.answers import answer
from asl_gym.advice.budgets import least_energies, ready
from asl_gym.advice.cut_costs import costs_of_kinds
from asl_gym.advice.findings import Findings
from asl_gym.advice.picture import drawn
from asl_gym.advice.text import told
from asl_gym.model import limits
from asl_gym.model.components import Schedule, Workload
from asl_gym.model.profiles import NetworkProfile
from asl_gym.model.radio import Channel
from asl_gym.model.timings import SideTimings, Timings
from asl_gym.picture_style import WIDTHS, Width
from asl_gym.scenario.device_kinds import DeviceKind, ServerKind
from asl_gym.scenario.devices import NO_KINDS, Kinds, parse_devices, server_kind
from asl_gym.scenario.links import parse_link
from asl_gym.scenario.real import real_scenario
from asl_gym.validation.checks import FieldError, one_of, sequence, whole_number

__all__ = ["BATCH_SIZE", "SAMPLES", "Advice", "advise"]

SAMPLES, BATCH_SIZE = 256, 32
"""Samples of a round and of a batch, unless told otherwise."""


class Advice(Findings):
    """Where to cut a network: what was found, in words and pictures."""

    def __str__(self) -> str:
        return told(self)

    def draw(self, kind: str, width: Width = "page") -> Any:
        """Draws a kind's delays, cut by cut and over the link's rates, as a matplotlib figure.

        Args:
            kind: A kind of device that was asked about.
            width: ``"page"``, or ``"column"`` for a narrow screen or a column of a paper.

        Raises:
            FieldError: If the kind is none of those that were asked about, or the width no width.
        """
        one_of("width", width, tuple(WIDTHS))
        return drawn(self, one_of("kind", kind, tuple(self.answers)), width)


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
    timings: Mapping[str, Timings | SideTimings] | None = None,
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
        budget: Energy that each device may spend in a round, in the long-term mean [J], or by
            kind; by default halfway between the cut of least energy and the fastest, and 5% above
            the least at the least.
        raw_data: Whether sending the raw data, split point 0, may be the answer.
        timings: Measured times by kind of device, of both sides or of the device alone, in place
            of modelled ones; of batches of ``batch_size``.
        schedule: How devices share a round: ``"sequential"``, one after another with the whole link
            and server, or ``"parallel"``, all at once with an equal share of both.
        kinds: A user's kinds of devices and servers.
        **profiling: Passed to :func:`asl_gym.networks.profile`, such as ``granularity``.

    Raises:
        FieldError: (a ValueError) If an argument is not allowed; it lists what there is.
        NetworkError: (a ValueError) If the module can't be taken apart.
    """
    fleet = _fleet(devices, kinds)
    of_server = server_kind(server, kinds) if isinstance(server, str) else server
    if not isinstance(of_server, ServerKind):
        raise FieldError("server", server, "a kind of server, or its name")
    channel = parse_link(link) if isinstance(link, str) else link
    if not isinstance(raw_data, bool):
        raise FieldError("raw_data", raw_data, "True or False")
    names = {kind.name for _, kind in fleet}
    tables = _by_kind("timings", timings or {}, names)
    for name, table in tables.items():
        if not isinstance(table, Timings | SideTimings):
            raise FieldError(f"timings[{name!r}]", table, "Timings or SideTimings")
    budgets = _by_kind("budget", budget, names) if isinstance(budget, Mapping) else budget
    profile = _profile(network, inputs, profiling)
    workload = Workload(profile, samples, _all_splits(profile, raw_data, tables), batch_size)
    scenario = real_scenario(fleet, of_server, channel, workload, timings=tables, schedule=schedule)
    least = least_energies(scenario, raw_data)
    answers = {}
    for costs in costs_of_kinds(scenario):
        own = budgets.get(costs.kind) if isinstance(budgets, Mapping) else budgets
        answers[costs.kind] = answer(costs, raw_data, own, float(least[costs.device]))
    return Advice(tuple(fleet), of_server, answers, ready(scenario, answers, raw_data))


def _fleet(
    devices: str | Sequence[tuple[int, DeviceKind]], kinds: Kinds
) -> list[tuple[int, DeviceKind]]:
    """Numbers of devices and their kinds, each kind once."""
    if isinstance(devices, str):
        given = parse_devices(devices, kinds)
    else:
        given = [_counted(place, one) for place, one in enumerate(_entries(devices))]
    counts: dict[str, tuple[int, DeviceKind]] = {}
    for count, kind in given:
        before, first = counts.get(kind.name, (0, kind))
        if first != kind:
            raise FieldError("devices", kind.name, "kinds of different names where they differ")
        counts[kind.name] = before + count, kind
    return list(counts.values())


def _entries(devices: Any) -> tuple[Any, ...]:
    entries = sequence("devices", devices, "numbers and kinds")
    if not entries:
        raise FieldError("devices", devices, "at least one device")
    return entries


def _counted(place: int, entry: Any) -> tuple[int, DeviceKind]:
    field = f"devices[{place}]"
    if not isinstance(entry, tuple | list) or len(entry) != 2:
        raise FieldError(field, entry, "a number of devices and their DeviceKind")
    if not isinstance(entry[1], DeviceKind):
        raise FieldError(f"{field}[1]", entry[1], "a DeviceKind, as device_kind(name) gives")
    return whole_number(f"{field}[0]", entry[0], 1, limits.MAX_DEVICES), entry[1]


def _by_kind(field: str, given: Any, names: Set[str]) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise FieldError(field, given, "a mapping from kinds of devices")
    for name in given:
        if name not in names:
            raise FieldError(f"{field}[{name!r}]", name, "one of " + ", ".join(sorted(names)))
    return given


def _profile(network: Any, inputs: Any, profiling: Mapping[str, Any]) -> NetworkProfile:
    if isinstance(network, NetworkProfile | str):
        for name, value in {"inputs": inputs, **profiling}.items():
            if value is not None:
                raise FieldError(name, value, "None with a profile, whose cuts are what they are")
        shipped = isinstance(network, str)
        return NetworkProfile.shipped(network) if shipped else network  # type: ignore[return-value, arg-type]
    from asl_gym.networks import profile

    return profile(network, inputs, **{"name": type(network).__name__, **profiling})


def _all_splits(
    profile: NetworkProfile, raw_data: bool, timings: Mapping[str, Timings | SideTimings]
) -> tuple[int, ...]:
    """All split points; without that of the raw data where its measured time isn't known."""
    known = all(profile.cut_names[0] in table.cuts for table in timings.values())
    return tuple(range(0 if known or raw_data else 1, profile.num_layers + 1))
