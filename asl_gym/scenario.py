"""A scenario: everything about the problem but its luck.

Frozen and hashable data with units on every field. What follows from the fields is a property,
computed on first use. ``dataclasses.replace`` makes variants; JSON files keep them.
"""

import dataclasses
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from asl_gym import fleet_law, lyapunov, reference
from asl_gym.components import Budget, Fleet, Radio, Server, Workload
from asl_gym.costs import CostModel
from asl_gym.knowledge import PERFECT, Knowledge
from asl_gym.profiles import NetworkProfile
from asl_gym.schedules import SCHEDULES, Schedule
from asl_gym.solver import optimal_frequency
from asl_gym.validation import FieldError, number, one_of, whole_number

__all__ = ["Scenario"]


@dataclass(frozen=True)
class Scenario:
    """An adaptive split learning problem.

    Attributes:
        fleet: The devices.
        server: The edge server.
        radio: The wireless channel.
        workload: The network, the samples of a round and the admissible split points.
        budget: The long-term energy budget per round.
        schedule: How devices share a round, a key of ``asl_gym.schedules.SCHEDULES``.
        horizon: Rounds of an episode T.
        v: Dimensionless delay-energy knob of drift plus penalty, V = v·Ē²/D_ref.
        initial_queue_j: Virtual queue Q(0) that every budget starts with [J].
        knowledge: How well the controller knows channels and devices; fully by default.
    """

    fleet: Fleet
    server: Server
    radio: Radio
    workload: Workload
    budget: Budget
    schedule: str = "sequential"
    horizon: int = 200
    v: float = 5.0
    initial_queue_j: float = 0.0
    knowledge: Knowledge = PERFECT

    def __post_init__(self) -> None:
        for name, kind in _COMPONENTS.items():
            if not isinstance(getattr(self, name), kind):
                raise FieldError(name, getattr(self, name), f"a {kind.__name__}")
        one_of("schedule", self.schedule, tuple(SCHEDULES))
        object.__setattr__(self, "horizon", whole_number("horizon", self.horizon, 1))
        object.__setattr__(self, "v", number("v", self.v, 0, open_low=True))
        queue = number("initial_queue_j", self.initial_queue_j, 0)
        object.__setattr__(self, "initial_queue_j", queue)
        joules = self.budget.joules
        if joules is not None and len(joules) != self.num_budgets:  # type: ignore[arg-type]
            allowed = f"{self.num_budgets} entries, one a device and one for the server"
            raise FieldError("budget.joules", joules, allowed)

    def replace(self, **changes: Any) -> Self:
        """Returns a copy with some fields changed, see :func:`dataclasses.replace`."""
        return dataclasses.replace(self, **changes)

    def with_num_devices(self, num_devices: int, seed: int | None = None) -> Self:
        """Returns the scenario with a smaller or larger fleet.

        The fleet is cut or extended by :func:`asl_gym.fleet_law.resize`. A budget given as a
        fraction scales by its definition, a system budget in joules in proportion.

        Args:
            num_devices: Number of devices.
            seed: Draws every device anew by the same law, :func:`asl_gym.fleet_law.redraw`;
                ``None`` keeps those there are.

        Raises:
            FieldError: If ``num_devices`` is no whole number >= 1, or the budget is given in
                joules per device, which nothing says how to extend.
        """
        whole_number("num_devices", num_devices, 1)
        if num_devices == self.num_devices and seed is None:
            return self
        budget = fleet_law.resize_budget(self.budget, num_devices, self.num_devices)
        if seed is not None:
            seed = whole_number("seed", seed, 0)
            fleet = fleet_law.redraw(self.fleet, num_devices, seed)
        else:
            fleet = fleet_law.resize(self.fleet, num_devices)
        return self.replace(fleet=fleet, budget=budget)

    @property
    def num_devices(self) -> int:
        """Number of devices N."""
        return self.fleet.num_devices

    @property
    def num_budgets(self) -> int:
        """Number of energy budgets K: 1, or N + 1 for per-device budgets."""
        return 1 if self.budget.scope == "system" else self.num_devices + 1

    @property
    def rules(self) -> Schedule:
        """The schedule's delay and solver."""
        return SCHEDULES[self.schedule]

    @cached_property
    def cost_model(self) -> CostModel:
        """Delay and energy of every choice."""
        return CostModel(self.fleet, self.server, self.radio, self.workload)

    @cached_property
    def energy_budgets(self) -> NDArray[np.float64]:
        """Budgets Ē_k per round [J], shape (K,).

        Raises:
            FieldError: If a budget in joules is below what any policy can reach.
        """
        budgets = reference.resolve_budget(self)
        budgets.flags.writeable = False
        return budgets

    @property
    def energy_budget(self) -> float:
        """Energy budget of the whole system per round, Ē = Σ_k Ē_k [J]."""
        return float(self.energy_budgets.sum())

    @cached_property
    def budget_weights(self) -> NDArray[np.float64]:
        """Ē/Ē_k, by which queue k weighs energy k in drift plus penalty, shape (K,)."""
        weights = lyapunov.budget_weights(self.energy_budgets)
        weights.flags.writeable = False
        return weights

    @cached_property
    def reference_delay(self) -> float:
        """D_ref: the minimum-delay round at median rates and full clocks [s]."""
        return reference.reference_delay(self)

    @cached_property
    def V(self) -> float:
        """Drift-plus-penalty weight V = v·Ē²/D_ref [J²/s]."""
        return self.penalty_weight(self.v)

    def open_frequency(self, queue: NDArray[np.float64]) -> NDArray[np.float64]:
        """OPEN's server frequency, the solver's upper layer at the scenario's V.

        Args:
            queue: Virtual queues [J], shape (..., K).

        Returns:
            Server frequency [Hz], shape (...).
        """
        weight = lyapunov.server_weight(queue * self.budget_weights)
        return optimal_frequency(self.V, weight, self.server)

    def penalty_weight(self, v: float) -> float:
        """V for another value of the knob v [J²/s]."""
        return number("v", v, 0, open_low=True) * self.energy_budget**2 / self.reference_delay

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain data, the network's profile included in full."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Builds a scenario from :meth:`to_dict`'s data.

        Raises:
            FieldError: If a field is missing, unknown or not allowed.
        """
        fields = dict(_checked_keys("scenario", cls, data))
        for name, kind in _COMPONENTS.items():
            if name not in fields:
                continue  # _checked_keys has seen to it that there is a default
            part = dict(_checked_keys(name, kind, fields[name]))
            if name == "workload":
                part["profile"] = NetworkProfile.from_dict(part["profile"])
            fields[name] = kind(**part)
        return cls(**fields)

    def to_json(self, path: str | Path) -> None:
        """Writes the scenario to a JSON file."""
        Path(path).write_text(json.dumps(self.to_dict(), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def from_json(cls, path: str | Path) -> Self:
        """Reads a scenario that :meth:`to_json` wrote."""
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
        except json.JSONDecodeError as error:
            raise FieldError("scenario", str(path), f"valid JSON ({error})") from error
        return cls.from_dict(data)


_COMPONENTS: dict[str, type] = {
    "fleet": Fleet,
    "server": Server,
    "radio": Radio,
    "workload": Workload,
    "budget": Budget,
    "knowledge": Knowledge,
}


def _checked_keys(field: str, kind: Any, data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise FieldError(field, data, "an object of named fields")
    known = {f.name: f for f in dataclasses.fields(kind)}
    for name in data:
        if name not in known:
            raise FieldError(field, name, "one of the fields " + ", ".join(known))
    for name, spec in known.items():
        if name not in data and spec.default is dataclasses.MISSING:
            raise FieldError(f"{field}.{name}", "missing", "a value")
    return data
