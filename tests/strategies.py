"""Small random scenarios for property tests, and what several test files do with them."""

import dataclasses
from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st

from asl_gym.arrays import Array, Splits
from asl_gym.model.components import Fleet, Server, Workload
from asl_gym.model.demands import Budget
from asl_gym.model.kinds import PerKind
from asl_gym.model.profiles import NetworkProfile
from asl_gym.model.radio import Link, Radio
from asl_gym.model.timings import Timings
from asl_gym.scenario.presets import preset, preset_names
from asl_gym.scenario.reference import extreme_energies, reference_trace
from asl_gym.scenario.scenario import Scenario
from asl_gym.solvers.trace_solver import TraceSolver
from asl_gym.traces.synthetic import SyntheticTraces
from asl_gym.traces.trace import Trace

WITH_BUDGET = [name for name in preset_names() if preset(name).budget is not None]
"""The presets whose energy is limited by a budget, not by batteries."""

MEGA, GIGA = 1e6, 1e9
POOL = 100
"""Made-up scenarios of each kind: few enough that the tests of a run share what they compute of
themselves, above all their budgets, and many more than a test draws."""

Scopes = tuple[str, ...]


def log_floats(low: float, high: float) -> st.SearchStrategy[float]:
    """Floats spread evenly over the orders of magnitude between two positive numbers."""
    return st.floats(np.log(low), np.log(high)).map(lambda x: float(np.exp(x)))


class Maker:
    """Makes up the parts of scenarios from one random generator.

    Args:
        number: Which scenario of the pool.
    """

    def __init__(self, number: int) -> None:
        self.rng = np.random.default_rng(number)

    def log(self, low: float, high: float) -> float:
        """A number between two, evenly over the orders of magnitude."""
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high))))

    def or_else(self, value: float, otherwise: float, share: float = 0.2) -> float:
        """``otherwise`` in some of the cases, such as a zero among sizes."""
        return otherwise if self.rng.random() < share else value

    def table(self, shape: tuple[int, ...], low: float, high: float, *others: float) -> Array:
        """Numbers between two, some of them 1 or one of others, so that there are equal ones."""
        drawn = np.exp(self.rng.uniform(np.log(low), np.log(high), shape))
        special = self.rng.choice((1.0, *others), shape)
        return np.where(self.rng.random(shape) < 0.3, special, drawn)

    def pick(self, *options: Any) -> Any:
        """One of several."""
        return options[self.rng.integers(len(options))]

    def profile(self, max_layers: int, payload: bool) -> NetworkProfile:
        """A network, layers without FLOPs or parameters and equal neighbours among them.

        Args:
            max_layers: The greatest number of layers.
            payload: Whether every split point has to move some bits.
        """
        layers = int(self.rng.integers(1, max_layers + 1))
        flops = [self.or_else(self.log(0.1 * MEGA, 100 * MEGA), 0.0) for _ in range(layers)]
        if self.rng.random() < 0.2 or not any(flops):
            # All the work before the first split point: the server has nothing to do.
            flops = [self.log(MEGA, 100 * MEGA), *[0.0] * (layers - 1)]
        least = 32.0 if payload else 0.0
        parameters = [self.or_else(self.log(100.0, MEGA), 0.0) for _ in range(layers)]
        parameters[0] += least
        sizes = (self.or_else(self.log(100.0, MEGA), 0.0) + least for _ in range(layers + 1))
        forward = (0.0, *np.cumsum(flops).tolist())
        return NetworkProfile(
            name="made-up",
            layer_names=tuple(f"layer{i}" for i in range(1, layers + 1)),
            forward_flops=forward,
            backward_flops=tuple(2.0 * value for value in forward),
            activation_bits=tuple(self.or_else(size, 1000.0) for size in sizes),
            parameter_bits=(0.0, *np.cumsum(parameters).tolist()),
        )

    def workload(self, max_layers: int, payload: bool) -> Workload:
        """A network with all or some of its split points, 0 among them at times."""
        profile = self.profile(max_layers, payload)
        splits = None
        if self.rng.random() < 0.5:
            count = int(self.rng.integers(1, min(7, profile.num_layers + 1) + 1))
            chosen = self.rng.choice(profile.num_layers + 1, count, replace=False)
            splits = tuple(sorted(int(split) for split in chosen))
        return Workload(profile, int(self.rng.integers(1, 65)), splits)

    def fleet(self, max_devices: int) -> Fleet:
        """One device or a few of very different speed and distance."""
        devices = range(int(self.rng.integers(1, max_devices + 1)))
        return Fleet(
            clock_hz=tuple(self.log(0.1 * GIGA, 3 * GIGA) for _ in devices),
            flops_per_cycle=tuple(self.pick(1.0, 2.0, 4.0) for _ in devices),
            capacitance=tuple(self.log(1e-28, 1e-26) for _ in devices),
            transmit_power_w=tuple(self.log(0.01, 1.0) for _ in devices),
            distance_m=tuple(self.rng.uniform(30.0, 600.0) for _ in devices),
            min_clock_fraction=self.or_else(self.rng.uniform(0.1, 1.0), 1.0),
        )

    def server(self) -> Server:
        """Some with a narrow range of the clock, one bound or the other binding."""
        low = self.log(0.1 * GIGA, 2 * GIGA)
        high = low * self.log(1.01, 30.0)
        return Server(low, high, self.pick(2.0, 8.0), self.log(1e-29, 1e-26))

    def radio(self, count_downlink: bool | None = None) -> Radio:
        """A channel under one of the three kinds of fading."""
        counts = self.pick(True, False) if count_downlink is None else count_downlink
        return Radio(
            bandwidth_hz=self.log(MEGA, 40 * MEGA),
            base_station_power_w=self.log(0.1, 10.0),
            noise_density_dbm_per_hz=-174.0,
            noise_figure_db=9.0,
            path_loss_at_1km_db=128.1,
            path_loss_exponent_db=37.6,
            shadowing_std_db=self.or_else(self.rng.uniform(0.0, 10.0), 0.0, 0.1),
            shadowing_correlation=self.or_else(self.rng.uniform(0.0, 0.99), 0.0),
            fading=self.pick("block", "ergodic", "none"),
            rate_floor_bps=self.log(1e4, 1e5),
            max_spectral_efficiency=self.rng.uniform(2.0, 8.0),
            count_downlink_energy=counts,
        )

    def link(self, power_w: float) -> Link:
        """A link of a stated rate, constant or not."""
        rates = self.log(MEGA, 100 * MEGA), self.log(MEGA, 100 * MEGA)
        return Link(*rates, self.or_else(self.rng.uniform(0.0, 0.9), 0.0, 0.5), power_w)

    def powers(self, devices: int) -> tuple[float, ...]:
        """Measured powers, one a device."""
        return tuple(self.log(0.5, 10.0) for _ in range(devices))

    def with_memory(self, fleet: Fleet) -> Fleet:
        """The fleet, with memory and operators that take time."""
        devices = fleet.num_devices
        return dataclasses.replace(
            fleet,
            memory_bytes_per_s=tuple(self.log(1e8, 1e11) for _ in range(devices)),
            operator_s=tuple(self.or_else(self.log(1e-6, 1e-2), 0.0) for _ in range(devices)),
            computing_power_w=self.powers(devices),
            sending_power_w=self.pick(None, self.powers(devices)),
            receiving_power_w=self.pick(None, self.powers(devices)),
        )

    def in_memory(self, profile: NetworkProfile) -> NetworkProfile:
        """The profile, with what its layers read, write and start."""
        layers = profile.num_layers

        def cumulative(high: float) -> tuple[float, ...]:
            return 0.0, *np.cumsum([self.or_else(self.log(1.0, high), 0.0)
                                    for _ in range(layers)]).tolist()  # fmt: skip

        return dataclasses.replace(
            profile,
            activation_bytes=cumulative(1e7),
            weight_bytes=cumulative(1e7),
            operators=cumulative(10.0),
        )

    def timings(self, workload: Workload) -> Timings:
        """Measured times of a batch, growing on the device and falling on the server."""
        cuts = workload.profile.cut_names
        device = np.cumsum([self.or_else(self.log(1e-4, 1e-1), 0.0) for _ in cuts])
        server = np.cumsum([self.or_else(self.log(1e-5, 1e-2), 0.0) for _ in cuts])[::-1]
        batch = workload.batch_size or workload.samples_per_round
        return Timings(cuts, tuple(device.tolist()), tuple(server.tolist()), batch)

    def varied(self, scenario: Scenario, max_layers: int) -> Scenario:
        """The scenario with a link, memory that takes time, kinds of devices, or some of these."""
        link, memory, kinds = (bool(self.rng.random() < 0.6) for _ in range(3))
        # All have to spend something where each has a budget of its own, or a battery.
        all_spend, fleet, devices = scenario.num_budgets != 1, scenario.fleet, scenario.num_devices
        changes: dict[str, Any] = {}
        if link:
            changes["radio"] = self.link(1.0 if all_spend else self.pick(0.0, 1.0))
        profile = self.in_memory(scenario.workload.profile)
        batch = self.pick(None, 3)
        changes["workload"] = dataclasses.replace(
            scenario.workload, profile=profile, batch_size=batch
        )
        if memory:
            fleet = self.with_memory(fleet)
            rate = self.pick(None, self.log(1e9, 1e12))
            changes["server"] = dataclasses.replace(
                scenario.server, memory_bytes_per_s=rate, operator_s=self.log(1e-6, 1e-3)
            )
        if kinds:
            kind = tuple(self.pick("a", "b", "c") for _ in range(devices))
            power = fleet.computing_power_w or self.powers(devices)
            fleet = dataclasses.replace(fleet, kind=kind, computing_power_w=power)
            own = self.workload(max_layers, all_spend)
            own = dataclasses.replace(own, profile=self.in_memory(own.profile))
            per_kind = {
                "a": PerKind("a", own),
                "b": PerKind("b", timings=self.timings(changes["workload"])),
                "c": PerKind("c", own, self.timings(own)),
            }
            changes["per_kind"] = tuple(per_kind[each] for each in sorted(set(kind) - {"d"}))
        return scenario.replace(fleet=fleet, **changes)


@cache
def made_scenario(number: int, max_devices: int, max_layers: int, scopes: Scopes) -> Scenario:
    """A scenario of the pool, with a budget given as a fraction.

    With one budget for each device every option moves some bits and the downlink counts, since
    a party that never spends anything cannot have a budget.
    """
    made = Maker(number)
    scope = made.pick(*scopes)
    several = scope == "per_device"
    scenario = Scenario(
        fleet=made.fleet(max_devices),
        server=made.server(),
        radio=made.radio(True if several else None),
        workload=made.workload(max_layers, payload=several),
        budget=Budget(scope=scope, fraction=made.rng.uniform(0.05, 0.95)),
        horizon=int(made.rng.integers(1, 13)),
        v=made.log(0.1, 50.0),
        initial_queue_j=made.or_else(made.log(1e-3, 10.0), 0.0, 0.5),
    )
    return made.varied(scenario, max_layers) if number % 2 else scenario


def scenarios(
    max_devices: int = 4, max_layers: int = 6, scopes: Scopes = ("system", "per_device")
) -> st.SearchStrategy[Scenario]:
    """Small scenarios, see :func:`made_scenario`."""
    numbers = st.integers(0, POOL - 1)
    return numbers.map(lambda number: made_scenario(number, max_devices, max_layers, scopes))


def servers() -> st.SearchStrategy[Server]:
    """Edge servers, see :meth:`Maker.server`."""
    return st.integers(0, POOL - 1).map(lambda number: Maker(number).server())


def radios() -> st.SearchStrategy[Radio]:
    """Radio channels, see :meth:`Maker.radio`."""
    return st.integers(0, POOL - 1).map(lambda number: Maker(number).radio())


seeds = st.integers(0, 2**32 - 1)


def drawn_trace(scenario: Scenario, seed: int, rounds: int | None = None) -> Trace:
    """A trace of the scenario, of its horizon's length unless told otherwise."""
    source = SyntheticTraces(scenario.fleet, scenario.device_radio)
    generator = np.random.default_rng(seed)
    return source.draw([generator], scenario.horizon if rounds is None else rounds)[0]


def solver_of(scenario: Scenario, trace: Trace) -> TraceSolver:
    """The rounds of a trace, with the scenario's budgets."""
    return TraceSolver(scenario, trace, scenario.num_budgets)


@cache
def reference_of(scenario: Scenario) -> Trace:
    """The trace that the scenario's budget refers to."""
    return reference_trace(scenario, scenario.knowledge)


@cache
def extremes(scenario: Scenario) -> tuple[Array, Array]:
    """Energies of the minimum-energy and the minimum-delay policy on the reference trace [J]."""
    return extreme_energies(scenario, reference_of(scenario), scenario.num_budgets)


def random_splits(scenario: Scenario, rng: np.random.Generator, *leading: int) -> Splits:
    """Random indices into the admissible split points, shape (*leading, N)."""
    return rng.integers(scenario.split_points.counts, size=(*leading, scenario.num_devices))


def random_frequencies(scenario: Scenario, rng: np.random.Generator, *leading: int) -> Array:
    """Random server frequencies [Hz], log-uniform, shape (*leading, N)."""
    server = scenario.server
    position = rng.random((*leading, scenario.num_devices))
    frequency = server.clock_min_hz * (server.clock_max_hz / server.clock_min_hz) ** position
    return np.clip(frequency, server.clock_min_hz, server.clock_max_hz)
