"""What differs by kind of device: the network that it trains, and times measured on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from asl_gym.arrays import Indices
from asl_gym.model.components import Fleet, Workload
from asl_gym.model.timings import Timings
from asl_gym.validation.checks import FieldError, named_within
from asl_gym.validation.fields import Declared, declared, instance, optional

__all__ = ["Group", "PerKind", "grouped"]


def _checked_kind(field: str, value: object) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise FieldError(field, value, "a non-empty string of printable characters")
    return value


@dataclass(frozen=True)
class PerKind(Declared):
    """What the devices of one kind have of their own.

    Attributes:
        kind: The kind, as in ``fleet.kind``.
        workload: What they train; ``None`` for the system's.
        timings: Measured times of that network's halves on them and on the server, in place of
            times by FLOPs; ``None`` for the latter.
    """

    kind: str = declared(_checked_kind)
    workload: Workload | None = optional(instance(Workload))
    timings: Timings | None = optional(instance(Timings))

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
    timings: Timings | None

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
    with named_within(place):
        group.timings.at(group.workload.cut_names)
