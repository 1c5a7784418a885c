"""What may be asked of a system: an energy budget, and how well its controller knows it."""

import numbers
from dataclasses import dataclass
from typing import Literal

from asl_gym.model import limits
from asl_gym.validation.checks import FieldError, number, numbers_tuple
from asl_gym.validation.fields import Declared, choice, count, quantity

__all__ = ["MISMATCHED", "PERFECT", "STALE", "Budget", "Knowledge", "Reference", "Scope"]

Scope = Literal["system", "per_device"]
Reference = Literal["reference trace", "measured traces"]


@dataclass(frozen=True)
class Budget(Declared):
    """The long-term energy budget per round, in joules or as a fraction.

    Exactly one of ``joules`` and ``fraction`` is given. A fraction ρ stands for
    E_min + ρ·(E_fast − E_min), the energies of the minimum-energy and the minimum-delay policy on
    the scenario's reference trace, so that it scales with the fleet.

    Attributes:
        scope: ``"system"`` (devices and server together) or ``"per_device"`` (one budget for each
            device and a last one for the server side).
        joules: Energy per round [J]: one number, or N + 1 of them for ``"per_device"``.
        fraction: Share ρ in [1e-9, 1).
        refers_to: What the budget was made for. Joules for ``"measured traces"`` are not checked
            against the reference trace, whose channel says nothing of measured ones.
    """

    scope: Scope = choice(Scope, default="system")
    joules: tuple[float, ...] | float | None = None
    fraction: float | None = None
    refers_to: Reference = choice(Reference, default="reference trace")

    PREFIX = "budget."

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.refers_to == "measured traces" and self.joules is None:
            raise FieldError("budget.refers_to", self.refers_to, "a budget in joules with it")
        if (self.joules is None) == (self.fraction is None):
            given = {"joules": self.joules, "fraction": self.fraction}
            raise FieldError("budget", given, "exactly one of joules and fraction")
        if self.fraction is not None:
            fraction = number("budget.fraction", self.fraction, limits.FRACTION)
            object.__setattr__(self, "fraction", fraction)
        else:
            joules = self.joules
            values = (joules,) if isinstance(joules, numbers.Real) else joules
            length = 1 if self.scope == "system" else None
            energies = numbers_tuple("budget.joules", values, length, limits.BUDGET_ENERGY)
            object.__setattr__(self, "joules", energies)

    def number(self, num_devices: int) -> int:
        """Number of budgets K of a fleet: 1, or N + 1 for per-device budgets."""
        return 1 if self.scope == "system" else num_devices + 1


@dataclass(frozen=True)
class Knowledge(Declared):
    """How well the controller knows channels and devices.

    Attributes:
        csi_delay_rounds: Rounds by which the shown rates lag behind those that decide the costs.
        parameter_error: Greatest factor ≥ 1 by which a device's real FLOPs per cycle and
            capacitance differ from the fleet's, each way; 1 means that they are known. Above 1,
            observations carry each device's realised delay and energy of the last round.
    """

    csi_delay_rounds: int = count(0, limits.MAX_ROUNDS, default=0)
    parameter_error: float = quantity(limits.PARAMETER_ERROR, default=1.0)

    PREFIX = "knowledge."

    @property
    def shows_costs(self) -> bool:
        """Whether observations carry the realised costs of the last round."""
        return self.parameter_error > 1.0


PERFECT = Knowledge()
"""Of everything, the default."""

STALE = Knowledge(csi_delay_rounds=1)
"""The controller is shown the rates of the last round."""

MISMATCHED = Knowledge(parameter_error=3.0)
"""The devices' FLOPs per cycle and capacitances are wrong by up to a factor of 3 each way."""
