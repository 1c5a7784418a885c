"""Small random scenarios for property tests, and what several test files do with them."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from asl_gym.arrays import Array, Splits
from asl_gym.model.components import Fleet, Radio, Server, Workload
from asl_gym.model.demands import Budget
from asl_gym.model.profiles import NetworkProfile
from asl_gym.scenario.reference import extreme_energies, reference_trace
from asl_gym.scenario.scenario import Scenario
from asl_gym.solvers.trace_solver import TraceSolver
from asl_gym.traces.synthetic import SyntheticTraces
from asl_gym.traces.trace import Trace

MEGA, GIGA = 1e6, 1e9


def log_floats(low: float, high: float) -> st.SearchStrategy[float]:
    """Floats spread evenly over the orders of magnitude between two positive numbers."""
    return st.floats(np.log(low), np.log(high)).map(lambda x: float(np.exp(x)))


def _cumulative(increments: list[float]) -> tuple[float, ...]:
    return (0.0, *np.cumsum(increments).tolist())


@st.composite
def profiles(draw: st.DrawFn, max_layers: int = 6, payload: bool = False) -> NetworkProfile:
    """Made-up networks, layers without FLOPs or parameters and equal neighbours among them.

    Args:
        draw: Hypothesis.
        max_layers: The greatest number of layers.
        payload: Whether every split point has to move some bits.
    """
    layers = draw(st.integers(1, max_layers))
    some = st.just(0.0) | log_floats(0.1 * MEGA, 100 * MEGA)
    flops = draw(st.lists(some, min_size=layers, max_size=layers))
    if draw(st.booleans()) or not any(flops):
        # All the work before the first split point: the server has nothing to do.
        flops = [draw(log_floats(MEGA, 100 * MEGA)), *[0.0] * (layers - 1)]
    bits = st.just(0.0) | log_floats(100.0, MEGA)
    parameters = draw(st.lists(bits, min_size=layers, max_size=layers))
    least = 32.0 if payload else 0.0
    parameters[0] += least
    sizes = st.just(1000.0) | bits.map(lambda size: size + least)
    activations = draw(st.lists(sizes, min_size=layers + 1, max_size=layers + 1))
    forward = _cumulative(flops)
    return NetworkProfile(
        name="made-up",
        layer_names=tuple(f"layer{i}" for i in range(1, layers + 1)),
        forward_flops=forward,
        backward_flops=tuple(2.0 * value for value in forward),
        activation_bits=tuple(activations),
        parameter_bits=_cumulative(parameters),
    )


@st.composite
def workloads(draw: st.DrawFn, max_layers: int = 6, payload: bool = False) -> Workload:
    """A made-up network with all or some of its split points, 0 among them at times."""
    profile = draw(profiles(max_layers, payload))
    admissible = st.lists(
        st.integers(0, profile.num_layers), min_size=1, max_size=7, unique=True
    ).map(lambda splits: tuple(sorted(splits)))
    splits = draw(st.none() | admissible)
    return Workload(profile, draw(st.integers(1, 64)), splits)


@st.composite
def fleets(draw: st.DrawFn, max_devices: int = 4) -> Fleet:
    """One device or a few of very different speed and distance."""
    devices = draw(st.integers(1, max_devices))

    def each(values: st.SearchStrategy[float]) -> tuple[float, ...]:
        return tuple(draw(st.lists(values, min_size=devices, max_size=devices)))

    return Fleet(
        clock_hz=each(log_floats(0.1 * GIGA, 3 * GIGA)),
        flops_per_cycle=each(st.sampled_from([1.0, 2.0, 4.0])),
        capacitance=each(log_floats(1e-28, 1e-26)),
        transmit_power_w=each(log_floats(0.01, 1.0)),
        distance_m=each(st.floats(30.0, 600.0)),
        min_clock_fraction=draw(st.floats(0.1, 1.0)),
    )


@st.composite
def servers(draw: st.DrawFn) -> Server:
    """Edge servers; some with a narrow range of the clock, one bound or the other binding."""
    low = draw(log_floats(0.1 * GIGA, 2 * GIGA))
    high = low * draw(log_floats(1.01, 30.0))
    return Server(low, high, draw(st.sampled_from([2.0, 8.0])), draw(log_floats(1e-29, 1e-26)))


@st.composite
def radios(draw: st.DrawFn, count_downlink: bool | None = None) -> Radio:
    """Radio channels under all three kinds of fading."""
    counts = draw(st.booleans()) if count_downlink is None else count_downlink
    return Radio(
        bandwidth_hz=draw(log_floats(MEGA, 40 * MEGA)),
        base_station_power_w=draw(log_floats(0.1, 10.0)),
        noise_density_dbm_per_hz=-174.0,
        noise_figure_db=9.0,
        path_loss_at_1km_db=128.1,
        path_loss_exponent_db=37.6,
        shadowing_std_db=draw(st.floats(0.0, 10.0)),
        shadowing_correlation=draw(st.just(0.0) | st.floats(0.0, 0.99)),
        fading=draw(st.sampled_from(["block", "ergodic", "none"])),
        rate_floor_bps=draw(log_floats(1e4, 1e5)),
        max_spectral_efficiency=draw(st.floats(2.0, 8.0)),
        count_downlink_energy=counts,
    )


@st.composite
def scenarios(
    draw: st.DrawFn,
    max_devices: int = 4,
    max_layers: int = 6,
    scopes: tuple[str, ...] = ("system", "per_device"),
) -> Scenario:
    """Small scenarios with budgets given as fractions.

    With one budget for each device every option moves some bits and the downlink counts, since
    a party that never spends anything cannot have a budget.
    """
    scope = draw(st.sampled_from(scopes))
    several = scope == "per_device"
    budget: Any = Budget(scope=scope, fraction=draw(st.floats(0.05, 0.95)))  # type: ignore[arg-type]
    return Scenario(
        fleet=draw(fleets(max_devices)),
        server=draw(servers()),
        radio=draw(radios(True if several else None)),
        workload=draw(workloads(max_layers, payload=several)),
        budget=budget,
        horizon=draw(st.integers(1, 12)),
        v=draw(log_floats(0.1, 50.0)),
        initial_queue_j=draw(st.just(0.0) | log_floats(1e-3, 10.0)),
    )


seeds = st.integers(0, 2**32 - 1)


def drawn_trace(scenario: Scenario, seed: int, rounds: int | None = None) -> Trace:
    """A trace of the scenario, of its horizon's length unless told otherwise."""
    source = SyntheticTraces(scenario.fleet, scenario.device_radio)
    generator = np.random.default_rng(seed)
    return source.draw([generator], scenario.horizon if rounds is None else rounds)[0]


def solver_of(scenario: Scenario, trace: Trace) -> TraceSolver:
    """The rounds of a trace, with the scenario's budgets."""
    return TraceSolver(scenario, trace, scenario.num_budgets)


def reference_of(scenario: Scenario) -> Trace:
    """The trace that the scenario's budget refers to."""
    return reference_trace(scenario, scenario.knowledge)


def extremes(scenario: Scenario) -> tuple[Array, Array]:
    """Energies of the minimum-energy and the minimum-delay policy on the reference trace [J]."""
    return extreme_energies(scenario, reference_of(scenario), scenario.num_budgets)


def random_splits(scenario: Scenario, rng: np.random.Generator, *leading: int) -> Splits:
    """Random indices into the admissible split points, shape (*leading, N)."""
    return rng.integers(scenario.workload.num_splits, size=(*leading, scenario.num_devices))


def random_frequencies(scenario: Scenario, rng: np.random.Generator, *leading: int) -> Array:
    """Random server frequencies [Hz], log-uniform, shape (*leading, N)."""
    server = scenario.server
    position = rng.random((*leading, scenario.num_devices))
    frequency = server.clock_min_hz * (server.clock_max_hz / server.clock_min_hz) ** position
    return np.clip(frequency, server.clock_min_hz, server.clock_max_hz)
