"""A scenario: everything about the problem but its luck.

Frozen and hashable data with units on every field. What follows from the fields is a property,
computed on first use. ``dataclasses.replace`` makes variants; JSON files keep them.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Self, cast

import numpy as np

from asl_gym.arrays import Array
from asl_gym.model import limits, lyapunov
from asl_gym.model.batteries import Batteries
from asl_gym.model.demands import PERFECT, Budget, Knowledge
from asl_gym.model.system import System
from asl_gym.scenario import reference
from asl_gym.scenario import resizing as fleet_law
from asl_gym.scenario.plain_data import part_from
from asl_gym.scenario.text import table
from asl_gym.solvers.sequential import optimal_frequency
from asl_gym.traces.synthetic import TraceSource
from asl_gym.validation.checks import FieldError, number, whole_number
from asl_gym.validation.fields import checked_fields, count, instance, optional, quantity
from asl_gym.validation.json_files import SCHEMA, fields_of_file, read_json, without_schema

__all__ = ["Scenario"]


NEWEST_SCHEMA = 1
"""Format of a scenario's file that :meth:`Scenario.to_json` writes."""

DEFAULT_V = 5.0

NUM_RESIZED = 16
"""Resized scenarios that are kept, since environments of one are often made again and again."""

REFERENCE_SEEDS = range(10_000, 10_020)
"""Seeds of the draws from a source that a budget given as a fraction refers to there."""


@dataclass(frozen=True, kw_only=True)
class Scenario(System):
    """An adaptive split learning problem: a system, and what is asked of it.

    Energy is limited by a budget or by batteries, one of them. With batteries there is neither V
    nor a queue, the server runs at its full clock, and the energy of all has no bound of its own.

    Attributes:
        budget: The long-term energy budget per round; ``None`` with batteries.
        horizon: Rounds of an episode T.
        v: Dimensionless delay-energy knob of drift plus penalty, V = v·Ē²/D_ref.
        initial_queue_j: Virtual queue Q(0) that every budget starts with [J].
        knowledge: How well the controller knows channels and devices; fully by default.
        batteries: The devices' batteries; ``None`` with a budget.
    """

    budget: Budget | None = optional(instance(Budget))
    horizon: int = count(1, limits.MAX_ROUNDS, default=200)
    v: float = quantity(limits.KNOB, default=DEFAULT_V)
    initial_queue_j: float = quantity(limits.QUEUE, default=0.0)
    knowledge: Knowledge = instance(Knowledge, default=PERFECT)
    batteries: Batteries | None = optional(instance(Batteries))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batteries is not None:
            self._check_beside_batteries()
        else:
            self._check_budget()
        self._check_memory()

    def _check_budget(self) -> None:
        if self.budget is None:
            raise FieldError("budget", None, "a Budget, or batteries in its place")
        joules = self.budget.joules
        if joules is not None and len(joules) != self.num_budgets:  # type: ignore[arg-type]
            allowed = f"{self.num_budgets} entries, one a device and one for the server"
            raise FieldError("budget.joules", joules, allowed)

    def _check_beside_batteries(self) -> None:
        """Refuses what means nothing where energy is limited by batteries."""
        expected = {
            "budget": None,
            "schedule": "sequential",
            "v": DEFAULT_V,
            "initial_queue_j": 0.0,
            "knowledge": PERFECT,
        }
        for name, value in expected.items():
            if getattr(self, name) != value:
                allowed = f"{value!r}, the default, where devices run on batteries"
                raise FieldError(name, getattr(self, name), allowed)

    def __str__(self) -> str:
        return table(self)

    def _check_memory(self) -> None:
        """Checks the two products of sizes that decide how much memory an episode takes."""
        devices, most = self.num_devices, limits.MAX_DEVICE_ROUNDS
        rounds = self.horizon + self.knowledge.csi_delay_rounds
        if rounds * devices > most:
            lag = self.knowledge.csi_delay_rounds
            allowed = (
                f"horizon + knowledge.csi_delay_rounds = {lag} of at most {most // devices} rounds "
                f"for fleet.num_devices = {devices}: a trace of {most} device-rounds, which has to "
                "fit into memory"
            )
            raise FieldError("horizon", self.horizon, allowed)
        splits, most = self.split_points.most, limits.MAX_DEVICE_OPTIONS
        if splits * devices > most:
            allowed = f"at most {most // splits} for {splits} admissible split points in memory"
            raise FieldError("fleet.num_devices", devices, allowed)

    def replace(self, **changes: Any) -> Self:
        """Returns a copy with some fields changed, see :func:`dataclasses.replace`."""
        return dataclasses.replace(self, **changes)

    def with_num_devices(self, num_devices: int, seed: int | None = None) -> Self:
        """Returns the scenario with a smaller or larger fleet.

        The fleet is cut or extended by :func:`asl_gym.scenario.resizing.resize`. A budget given as
        a fraction scales by its definition, a system budget in joules in proportion.

        Args:
            num_devices: Number of devices.
            seed: Draws every device anew by the same law, :func:`asl_gym.scenario.resizing.redraw`;
                ``None`` keeps those there are.

        Raises:
            FieldError: If ``num_devices`` is no whole number within 1…1,000,000, or the budget is
                given in joules per device, and the devices' kinds don't say how to extend it.
        """
        num_devices = whole_number("num_devices", num_devices, 1, limits.MAX_DEVICES)
        if num_devices == self.num_devices and seed is None:
            return self
        seed = None if seed is None else whole_number("seed", seed, 0)
        return cast(Self, _resized(self, num_devices, seed))

    def with_budget_on(self, traces: TraceSource) -> Self:
        """Returns the scenario with its budget's fraction resolved on what a source draws.

        The budget becomes the mean, over draws by :data:`REFERENCE_SEEDS`, of what the fraction
        is in joules on each.

        Raises:
            FieldError: If the budget is given in joules, which refer to nothing else.
        """
        given = self.energy_limit
        if given.fraction is None:
            raise FieldError("budget.fraction", None, "a fraction, which refers to traces")
        batch = traces.draw([np.random.default_rng(seed) for seed in REFERENCE_SEEDS], self.horizon)
        resolved = [
            reference.resolve_budget(self, given, batch[row]) for row in range(len(REFERENCE_SEEDS))
        ]
        joules = tuple(float(value) for value in np.mean(resolved, axis=0))
        budget = Budget(given.scope, joules=joules, refers_to="measured traces")
        return self.replace(budget=budget)

    @cached_property
    def system(self) -> System:
        """The system alone, which is the same whatever is asked of it."""
        return System(
            **{each.name: getattr(self, each.name) for each in dataclasses.fields(System)}
        )

    @property
    def energy_limit(self) -> Budget:
        """The budget.

        Raises:
            FieldError: If there are batteries in its place.
        """
        if self.budget is None:
            allowed = "an energy budget, of which there is none where devices run on batteries"
            raise FieldError("budget", None, allowed)
        return self.budget

    @property
    def num_budgets(self) -> int:
        """Number of energy budgets K, 1, N + 1 for per-device budgets, or 0 with batteries."""
        return 0 if self.budget is None else self.budget.number(self.num_devices)

    @cached_property
    def fastest_energies(self) -> Array:
        """Ê, the mean energy of each device's fastest split [J], shape (N,), read-only.

        It is that of the reference trace, at the full server clock.
        """
        return reference.fastest_energies(self.system)

    @cached_property
    def energy_budgets(self) -> Array:
        """Budgets Ē_k per round [J], shape (K,).

        Raises:
            FieldError: If a budget in joules is below what any policy can reach, or there is none.
        """
        budget = self.energy_limit
        if budget.refers_to == "measured traces":
            budgets = np.array(budget.joules, dtype=float)
            budgets.flags.writeable = False
            return budgets
        return reference.reference_budgets(self.system, budget, self.knowledge)

    @property
    def energy_budget(self) -> float:
        """Energy budget of the whole system per round, Ē = Σ_k Ē_k [J]."""
        return float(self.energy_budgets.sum())

    @cached_property
    def budget_weights(self) -> Array:
        """Ē/Ē_k, by which queue k weighs energy k in drift plus penalty, shape (K,)."""
        weights = lyapunov.budget_weights(self.energy_budgets)
        weights.flags.writeable = False
        return weights

    def weights(self, queue: Array) -> Array:
        """Q_k·Ē/Ē_k, the weight of each budget's energy in drift plus penalty, shape (..., K)."""
        return np.asarray(queue * self.budget_weights)

    @cached_property
    def reference_delay(self) -> float:
        """D_ref, the delay of the fastest round at median rates and full clocks [s]."""
        return reference.reference_delay(self.system)

    @cached_property
    def V(self) -> float:
        """Drift-plus-penalty weight V = v·Ē²/D_ref [J²/s]."""
        return self.penalty_weight(self.v)

    def open_frequency(self, queue: Array) -> Array:
        """OPEN's server frequency, the solver's upper layer at the scenario's V.

        Args:
            queue: Virtual queues [J], shape (..., K).

        Returns:
            Server frequency [Hz], shape (...).
        """
        weight = lyapunov.server_weight(self.weights(queue))
        return optimal_frequency(self.V, weight, self.server)

    def penalty_weight(self, v: float) -> float:
        """V for another value of the knob v [J²/s]."""
        return number("v", v, limits.KNOB) * self.energy_budget**2 / self.reference_delay

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain data, the network's profile included in full.

        Without batteries the field is left out, so that older versions read the scenario too.
        """
        data = dataclasses.asdict(self)
        if self.batteries is None:
            del data["batteries"]
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Builds a scenario from :meth:`to_dict`'s data.

        Args:
            data: The fields, and perhaps ``schema``, the number of the file's format.

        Raises:
            FieldError: If a field is missing, unknown or not allowed.
        """
        fields = checked_fields(cls, "scenario", without_schema("scenario", data, NEWEST_SCHEMA))
        return cls(**{name: part_from(name, value) for name, value in fields.items()})

    def to_json(self, path: str | Path) -> None:
        """Writes the scenario to a JSON file."""
        data = {SCHEMA: NEWEST_SCHEMA} | self.to_dict()
        Path(path).write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def from_json(cls, path: str | Path) -> Self:
        """Reads a scenario that :meth:`to_json` wrote, or an older version of it.

        Raises:
            JsonFileError: (a FieldError) If there is no such file, it is not JSON, or as
                :meth:`from_dict` does; the message names the file.
        """
        data = read_json(path, "scenario")
        with fields_of_file(path):
            return cls.from_dict(data)


@lru_cache(NUM_RESIZED)
def _resized(scenario: Scenario, num_devices: int, seed: int | None) -> Scenario:
    """See :meth:`Scenario.with_num_devices`; kept with all that follows from its fields."""
    if seed is not None:
        fleet = fleet_law.redraw(scenario.fleet, num_devices, seed)
    else:
        fleet = fleet_law.resize(scenario.fleet, num_devices)
    budget = scenario.budget and fleet_law.resize_budget(scenario.budget, fleet, scenario.fleet)
    per_kind = fleet_law.resize_kinds(scenario.per_kind, fleet)
    return scenario.replace(fleet=fleet, budget=budget, per_kind=per_kind)
