"""What a kind of device or server is: its constants, and where each of them comes from."""

import dataclasses
import re
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

from asl_gym.model import limits
from asl_gym.model.computing import Processor
from asl_gym.validation.checks import FieldError, number
from asl_gym.validation.fields import Declared, declared, quantity

__all__ = ["Basis", "Constant", "DeviceKind", "Kind", "Origin", "ServerKind", "sources_of"]

Basis = Literal["source", "assumed", "unstated"]


class Origin(NamedTuple):
    """Where the value of a constant comes from.

    Attributes:
        name: The constant's name.
        value: The value that this is said of.
        basis: ``"source"`` or ``"assumed"``.
        text: The source, or why the value is assumed.
    """

    name: str
    value: float
    basis: Basis
    text: str


class Constant(NamedTuple):
    """A constant of a kind, as a row of a table.

    Attributes:
        name: Its name.
        value: Its value.
        unit: Its unit.
        basis: Whether it has a source, is assumed, or neither is stated.
        text: The source, or why it is assumed; empty where neither is stated.
    """

    name: str
    value: float
    unit: str
    basis: Basis
    text: str


UNITS = {
    "clock_hz": limits.CLOCK.unit,
    "clock_min_hz": limits.CLOCK.unit,
    "clock_max_hz": limits.CLOCK.unit,
    "flops_per_cycle": limits.FLOPS_PER_CYCLE.unit,
    "memory_bytes_per_s": limits.MEMORY_RATE.unit,
    "operator_s": limits.OPERATOR_TIME.unit,
    "computing_power_w": limits.POWER.unit,
    "sending_power_w": limits.POWER.unit,
    "receiving_power_w": limits.POWER.unit,
    "transmit_power_w": limits.POWER.unit,
}
"""Every constant of a kind, and its unit."""

NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
"""Begins with a letter, so that ``4xphone`` can only be four phones."""


def _name(field: str, value: Any) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise FieldError(field, value, "a letter and then letters, digits, '.', '_' and '-'")
    return value


def _text(field: str, value: Any) -> str:
    if not isinstance(value, str):
        raise FieldError(field, value, "a text")
    return value


@dataclass(frozen=True, kw_only=True)
class Kind(Declared):
    """What devices and servers have in common.

    Attributes:
        name: The name by which it is asked for.
        description: What it is, in a line.
        flops_per_cycle: Floating-point operations that the kernels of a network reach in single
            precision [FLOP/cycle].
        memory_bytes_per_s: Memory read and written in a second [byte/s].
        operator_s: Fixed time τ that starting an operator takes [s].
        computing_power_w: Draw while computing at full clock [W].
        origins: Where constants come from.
    """

    name: str = declared(_name)
    description: str = declared(_text, default="")
    flops_per_cycle: float = quantity(limits.FLOPS_PER_CYCLE)
    memory_bytes_per_s: float = quantity(limits.MEMORY_RATE)
    operator_s: float = quantity(limits.OPERATOR_TIME)
    computing_power_w: float = quantity(limits.POWER)
    origins: tuple[Origin, ...] = dataclasses.field(default=(), repr=False)

    FULL_CLOCK: ClassVar[str]

    def __post_init__(self) -> None:
        super().__post_init__()
        number(f"computing_power_w / {self.FULL_CLOCK}³", self.capacitance, limits.CAPACITANCE)

    @property
    def full_clock(self) -> float:
        """Full clock [Hz]."""
        return float(getattr(self, self.FULL_CLOCK))

    @property
    def capacitance(self) -> float:
        """Effective switched capacitance κ [W/Hz³] at which κF³ at full clock is the draw."""
        return self.computing_power_w / self.full_clock**3

    @property
    def processor(self) -> Processor:
        """What it computes at its full clock."""
        rate = self.flops_per_cycle * self.full_clock
        return Processor(rate, self.memory_bytes_per_s, self.operator_s)


@dataclass(frozen=True, kw_only=True)
class DeviceKind(Kind):
    """A kind of device.

    Attributes:
        clock_hz: Full processor clock [Hz].
        sending_power_w: Draw while sending [W].
        receiving_power_w: Draw while receiving [W].
        transmit_power_w: Radiated power, which decides the signal-to-noise ratio [W].
    """

    clock_hz: float = quantity(limits.CLOCK)
    sending_power_w: float = quantity(limits.POWER)
    receiving_power_w: float = quantity(limits.POWER)
    transmit_power_w: float = quantity(limits.POWER)

    FULL_CLOCK = "clock_hz"


@dataclass(frozen=True, kw_only=True)
class ServerKind(Kind):
    """A kind of server.

    Attributes:
        clock_min_hz: Least clock it can give a device [Hz].
        clock_max_hz: Full clock [Hz].
    """

    clock_min_hz: float = quantity(limits.CLOCK)
    clock_max_hz: float = quantity(limits.CLOCK)

    FULL_CLOCK = "clock_max_hz"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.clock_min_hz > self.clock_max_hz:
            allowed = f"a number <= clock_max_hz = {self.clock_max_hz:g}"
            raise FieldError("clock_min_hz", self.clock_min_hz, allowed)


def constant_names(kind: type[Kind]) -> tuple[str, ...]:
    """Names of the constants of a class of kinds, clocks first."""
    own = {each.name for each in dataclasses.fields(kind)}
    return tuple(name for name in UNITS if name in own)


def sources_of(kind: Kind) -> tuple[Constant, ...]:
    """The constants of a kind with what is said of them, clocks first.

    A constant that was changed since, by ``dataclasses.replace``, has nothing said of it.
    """
    said = {(each.name, each.value): each for each in kind.origins}
    rows = []
    for name in constant_names(type(kind)):
        value = getattr(kind, name)
        origin = said.get((name, value), Origin(name, value, "unstated", ""))
        rows.append(Constant(name, value, UNITS[name], origin.basis, origin.text))
    return tuple(rows)
