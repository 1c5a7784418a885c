"""What differs by kind of device: the network that it trains, and times measured on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from asl_gym.arrays import Array, Indices
from asl_gym.model.components import Fleet, Workload
from asl_gym.model.timings import Side, SideTimings, Timings
from asl_gym.validation.checks import FieldError, named_within
from asl_gym.validation.fields import Declared, declared, instance, optional

__all__ = ["Group", "PerKind", "grouped"]


def _checked_kind(field: str, value: object) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise FieldError(field, value, "a non-empty string of printable characters")
    return value


def _times(field: str, value: object) -> Timings | SideTimings:
    if isinstance(value, Timings) or (isinstance(value, SideTimings) and value.side == "device"):
        return value
    allowed = "a Timings, or a SideTimings of the device; Timings.joined makes one of two sides"
    raise FieldError(field, value, allowed)


_measured = declared(_times)


@dataclass(frozen=True)
class PerKind(Declared):
    """What the devices of one kind have of their own.

    Attributes:
        kind: The kind, as in ``fleet.kind``.
        workload: What they train; ``None`` for the system's.
        timings: Measured times of that network's halves on them and on the server, or on them
            alone, in place of modelled ones; ``None`` for the latter.
    """

    kind: str = declared(_checked_kind)
    workload: Workload | None = optional(instance(Workload))
    timings: Timings | SideTimings | None = optional(_measured)

    PREFIX = "per_kind."


class Group(NamedTuple):
    """Devices that train the same network and whose times are known the same way.

    Attributes:
        devices: Their indices, rising.
        workload: What they train.
        timings: Their measured times, or ``None``.
    """

    devices: Indices
    workload: Workload
    timings: Timings | SideTimings | None

    def measured_s(self, side: Side) -> Array | None:
        """Measured seconds of a round on one side, one a cut; ``None`` where they are modelled."""
        if self.timings is None:
            return None
        seconds = self.timings.seconds_at(side, self.workload.cut_names)
        batches = self.workload.samples_per_round / self.timings.samples
        return None if seconds is None else np.asarray(seconds * batches)

    def is_timed(self, fleet: Fleet) -> bool:
        """Whether its work is counted in seconds at full clock rather than in FLOPs."""
        return fleet.has_roofline or self.timings is not None


def grouped(fleet: Fleet, workload: Workload, per_kind: Sequence[PerKind]) -> tuple[Group, ...]:
    """The groups of a fleet, in the order of ``per_kind``, all the others last.

    Raises:
        FieldError: If a kind is named twice or is none of the fleet's, or measured times come
            without the power that is drawn meanwhile or lack an admissible cut.
    """
    kinds = np.asarray(fleet.kind if fleet.kind is not None else ())
    rest = np.ones(fleet.num_devices, dtype=bool)
    groups = []
    for place, own in enumerate(per_kind):
        if fleet.kind is None:
            raise FieldError("fleet.kind", None, f"the devices' kinds, {own.kind!r} among them")
        if own.kind not in kinds or own.kind in [other.kind for other in per_kind[:place]]:
            allowed = "one of fleet.kind's names, each once: " + ", ".join(sorted(set(kinds)))
            raise FieldError(f"per_kind[{place}].kind", own.kind, allowed)
        devices = np.flatnonzero(kinds == own.kind)
        rest[devices] = False
        groups.append(Group(devices, own.workload or workload, own.timings))
        _check_timings(f"per_kind[{place}]", groups[-1], fleet)
    if rest.any():
        groups.append(Group(np.flatnonzero(rest), workload, None))
    return tuple(groups)


def _check_timings(place: str, group: Group, fleet: Fleet) -> None:
    if group.timings is None:
        return
    if fleet.computing_power_w is None:
        allowed = "the measured power, where times are measured"
        raise FieldError("fleet.computing_power_w", None, allowed)
    workload, measured = group.workload, group.timings.samples
    batch = workload.batch_size or workload.samples_per_round
    with named_within(place):
        group.timings.seconds_at("device", workload.cut_names)
        if measured != batch:
            allowed = f"{batch}, the samples of a batch, as times don't grow in step with it"
            raise FieldError("timings.samples", measured, allowed)
