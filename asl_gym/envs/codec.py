"""The observation in physical units, and what every codec between them and observations is."""

import math
from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from asl_gym.arrays import Array, Float32
from asl_gym.envs.kernel import DEVICE_DELAY, DEVICE_ENERGY, OF_DEVICES, OF_ROWS
from asl_gym.envs.memory import carried_start, kernel_memory, kernel_sizes, sizes_of
from asl_gym.envs.preparing import (
    CLOCK_COLUMN,
    PREPARED,
    UPLINK_COLUMN,
    logarithms,
)
from asl_gym.envs.steps import step_decided
from asl_gym.model.costs import CostModel, UnitCosts
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.channel import median_rates
from asl_gym.traces.trace import Trace
from asl_gym.validation.checks import FieldError

__all__ = ["LN_BOUND", "LOG_BOUND", "MAX_CLOCK_RATIO", "Codec", "Observation", "Realised"]

Realised = tuple[Array, Array] | None
"""Realised delay [s] and energy [J] of each device in the last round, shape (..., N) each."""

LOG_BOUND = 64.0
"""Bound of the decimal logarithms: a factor of 10⁶⁴. What a scenario may hold, see
:mod:`asl_gym.model.limits`, reaches 10⁶²."""

LN_BOUND = 710.0
"""Bound of ln(1 + x) of queues and realised costs, which is below 709.8 for every finite x."""

MAX_INITIAL_QUEUE = 1e28
"""Greatest queue at the start, in budgets; its square has to be finite as a reward."""

MAX_CLOCK_RATIO = 2.0
"""Bound of available clocks over full clocks."""


MAX_RATE_RATIO = 1e20
"""Bound of a trace's rates over the devices' medians, and of the full clocks over its clocks."""

MAX_FACTOR = 1e6
"""Bound of a trace's factors on FLOPs per cycle and capacitance, each way."""


class Observation(NamedTuple):
    """An observation in physical units; leading axes are environments.

    Attributes:
        queue: Virtual queues Q_k [J], shape (..., K).
        rounds_left: Fraction of the episode's rounds still to play, shape (...).
        uplink_bps: Shown uplink rates [bit/s], shape (..., N).
        downlink_bps: Shown downlink rates [bit/s], shape (..., N).
        clock_hz: Device clocks available now [Hz], shape (..., N).
        device_delay: Realised delays of the devices in the last round [s], shape (..., N), 0 before
            the first; ``None`` where the scenario's device parameters are known.
        device_energy: Their realised energies [J], likewise.
        battery: What batteries hold [J], shape (..., N); ``None`` without them, and so are the
            following.
        harvest: What they will harvest in this round [J], likewise.
        cloud: The sky, 1 where it is clear, likewise; ``None`` where it isn't shown.
        time_of_day: Fraction of the day since dawn, shape (...).
    """

    queue: Array
    rounds_left: Array
    uplink_bps: Array
    downlink_bps: Array
    clock_hz: Array
    device_delay: Array | None = None
    device_energy: Array | None = None
    battery: Array | None = None
    harvest: Array | None = None
    cloud: Array | None = None
    time_of_day: Array | None = None

    def unit_costs(
        self, model: CostModel, factors: tuple[Array | None, Array | None] = (None, None)
    ) -> UnitCosts:
        """What a bit and a FLOP cost each device by what is shown, arrays of shape (..., N).

        Args:
            model: The cost model of the scenario.
            factors: What the devices' FLOPs per cycle and capacitances are believed to be, as
                multiples of the fleet's, shape (..., N) each.
        """
        return model.unit_costs(self.uplink_bps, self.downlink_bps, self.clock_hz, *factors)


def realised_scale(scenario: Scenario) -> tuple[float, float]:
    """D_ref/N [s] and Ē/N [J], in which realised costs are shown."""
    n = scenario.num_devices
    return scenario.reference_delay / n, scenario.energy_budget / n


class Codec(ABC):
    """Turns physical quantities into observations of one view and back.

    Attributes:
        space: The observation space.
        shows_costs: Whether observations carry the realised costs of the last round.
        scale: What realised delays [s] and energies [J] are divided by; 0 where they aren't shown.
        log_clock: Whether clocks are observed as logarithms.
        by_device: Whether there is a row a device.
        on_batteries: Whether it is a view of scenarios with batteries.
    """

    space: Box
    log_clock: ClassVar[bool]
    by_device: ClassVar[bool]
    on_batteries: ClassVar[bool] = False

    def __init__(self, scenario: Scenario) -> None:
        on_batteries = scenario.batteries is not None
        if on_batteries != self.on_batteries:
            allowed = "some" if self.on_batteries else "none: those of batteries show other things"
            raise FieldError("scenario.batteries", scenario.batteries, allowed)
        self._budgets = np.empty(0) if on_batteries else scenario.energy_budgets
        self.shows_costs = scenario.knowledge.shows_costs
        if (scenario.initial_queue_j / self._budgets > MAX_INITIAL_QUEUE).any():
            least = self._budgets.min()
            allowed = f"at most {MAX_INITIAL_QUEUE:g} times each budget, the least is {least:g} J"
            raise FieldError("initial_queue_j", scenario.initial_queue_j, allowed)
        self._clock = np.asarray(scenario.fleet.clock_hz)
        self._medians = median_rates(scenario.fleet, scenario.device_radio)
        self.scale = realised_scale(scenario) if self.shows_costs else (0.0, 0.0)
        self._scenario = scenario

    @abstractmethod
    def empty(self, rows: int) -> Float32:
        """What compiled code fills in for so many environments B, flat.

        It holds what is the same in every round.
        """

    @abstractmethod
    def column_factors(self) -> tuple[Array, Array, Array]:
        """What shown uplink and downlink rates and clocks are multiplied by, shape (N,) each.

        The rates' columns are the logarithms of the products; the clock's too, where
        :attr:`log_clock` says so.
        """

    @abstractmethod
    def decode(self, observation: NDArray[np.floating]) -> Observation:
        """Turns observations into physical units, up to float32's precision.

        Raises:
            ValueError: If the shape is another or a number is not finite.
        """

    def encode(self, observation: Observation) -> Float32:
        """Encodes an observation given in physical units, shape (..., *space.shape)."""
        leading, devices = observation.rounds_left.shape, self._clock.size
        rows = math.prod(leading)
        columns = self._columns(observation)
        figures = np.zeros((rows, OF_DEVICES * devices + OF_ROWS))
        if observation.device_delay is not None and observation.device_energy is not None:
            for place, realised in (
                (DEVICE_DELAY, observation.device_delay),
                (DEVICE_ENERGY, observation.device_energy),
            ):
                at = place * devices
                figures[:, at : at + devices] = np.reshape(realised, (rows, devices))
        queues = np.broadcast_to(observation.queue, (*leading, self._budgets.size))
        result = self.empty(rows).reshape(rows, -1)
        sizes = kernel_sizes(self._scenario, 1, by_device=self.by_device)
        memory = kernel_memory(self._scenario, 1, self.scale)
        queue, chosen = memory[carried_start(sizes_of(sizes)) :], np.empty(2 * devices, np.int64)
        left, by_row = np.ravel(observation.rounds_left), queues.reshape(rows, -1)
        for b in range(rows):
            # One row at a time, since each has its own fraction of rounds left.
            queue[: self._budgets.size] = by_row[b]
            window = np.ascontiguousarray(columns[:, b])
            scene = sizes, memory, window, -1, 0
            step_decided(*scene, float(left[b]), figures[b], chosen, result[b])
        return result.reshape(*leading, *self.space.shape)

    def _columns(self, observation: Observation) -> Array:
        """The prepared rounds' columns of rates and clocks, shape (7, B, N)."""
        leading, devices = observation.rounds_left.shape, self._clock.size
        rows = math.prod(leading)
        shown = observation.uplink_bps, observation.downlink_bps, observation.clock_hz
        columns = np.zeros((PREPARED, rows, devices))
        for column, values, by in zip(
            columns[UPLINK_COLUMN:], shown, self.column_factors(), strict=False
        ):
            product = np.broadcast_to(values, (*leading, devices)).reshape(rows, devices) * by
            column[...] = product
        logged = columns[UPLINK_COLUMN : CLOCK_COLUMN + self.log_clock].reshape(-1)
        logarithms(logged.copy(), np.ones(logged.size), logged)
        return columns

    def check_showable(self, trace: Trace) -> None:
        """Checks that a trace's observations stay in the observation space, and its costs finite.

        Raises:
            ValueError: If rates, clocks or factors lie outside; the message gives the range.
        """
        for name in (*trace.ARRAYS, *trace.FACTORS):
            values = getattr(trace, name)
            if values is None or (name.startswith("shown_") and trace.shows_truth):
                continue
            typical, low, high = self._range_of(name)
            with np.errstate(over="ignore"):
                ratio = values / typical
            ends = float(ratio.min()), float(ratio.max())
            if not (low < ends[0] and ends[1] < high):
                raise ValueError(
                    f"the trace's {name} reaches from {ends[0]:g} to {ends[1]:g} times the "
                    f"fleet's own (its median, of a rate): expected more than {low:g} and less "
                    f"than {high:g} times"
                )

    def _range_of(self, name: str) -> tuple[Array | float, float, float]:
        """What a trace's array is measured against, and between which multiples it has to lie."""
        if name in Trace.FACTORS:
            return 1.0, 1.0 / MAX_FACTOR, MAX_FACTOR
        if name == "clock_hz":
            return self._clock, 1.0 / MAX_RATE_RATIO, MAX_CLOCK_RATIO
        return self._medians["downlink" in name], 1.0 / MAX_RATE_RATIO, MAX_RATE_RATIO

    def _checked(self, observation: NDArray[np.floating]) -> Array:
        values = np.asarray(observation, dtype=float)
        shape = self.space.shape
        if values.shape[-len(shape) :] != shape or not np.isfinite(values).all():
            raise self._refusal(values)
        return values

    def _refusal(self, values: Array) -> ValueError:
        expected = ", ".join(map(str, ("...", *self.space.shape)))
        return ValueError(
            f"observation has shape {values.shape}: expected ({expected}), finite numbers"
        )
