"""Views of the observation: one vector, or one row a device.

Nothing in the second depends on which devices a fleet has but the rows themselves: rates and
speeds are absolute, and each row carries the device's static facts, which is what a policy needs
that plays fleets of any size.
"""

import math
from typing import Literal

import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from asl_gym.arrays import Array, Float32
from asl_gym.compiling import compiled
from asl_gym.envs.batteries.codecs import BatteryDevicesCodec, BatteryFlatCodec
from asl_gym.envs.codec import LN_BOUND, LOG_BOUND, MAX_CLOCK_RATIO, Codec, Observation
from asl_gym.envs.device_facts import RATE_UNIT, device_facts, speed_per_hertz
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.elementary import exp
from asl_gym.validation.checks import one_of

__all__ = [
    "DEVICE_COLUMNS",
    "GLOBAL_COLUMNS",
    "OBSERVATION_VIEWS",
    "DevicesCodec",
    "ObservationCodec",
    "ObservationViewName",
    "observation_codec",
]

DEVICE_COLUMNS = (
    "queue",
    "rounds left",
    "uplink rate",
    "downlink rate",
    "available speed",
    "full speed",
    "energy per FLOP",
    "transmit power",
    "median uplink rate",
    "median downlink rate",
)
"""Entries of a device's row; the realised delay and energy follow where they are shown."""

GLOBAL_COLUMNS = ("queue", "rounds left", "devices", "budget", "reference delay", "v")
"""Entries of the last row, which is padded with zeros."""

LN10 = math.log(10.0)


class ObservationCodec(Codec):
    """Turns physical quantities into ``Box(float32)`` observations and back.

    In order, with N devices and K queues:

    ============== ==== ===========================================
    entries        size value
    ============== ==== ===========================================
    queues         K    ln(1 + Q_k/Ē_k)
    rounds left    1    fraction of the episode
    uplink rates   N    log₁₀ of shown rate over the device's median
    downlink rates N    log₁₀ of shown rate over the device's median
    device clocks  N    available clock over full clock
    delays         N    ln(1 + D_n·N/D_ref) realised in the last round, 0 before the first
    energies       N    ln(1 + E_n·N/Ē), likewise
    ============== ==== ===========================================

    The last two only where the scenario's device parameters are uncertain.

    Attributes:
        space: The observation space; its finite bounds are never reached and nothing is clipped.
    """

    log_clock = by_device = False

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        self._devices, self._queues = scenario.num_devices, scenario.num_budgets
        uplink, downlink = self._medians
        self._uplink, self._downlink = uplink, downlink
        self._channel_start = self._queues + 1
        self._clock_start = self._channel_start + 2 * self._devices
        self._costs_start = self._clock_start + self._devices
        self.space = self._make_space()
        self._size = self.space.shape[0]
        costs = np.repeat(self.scale, self._devices * self.shows_costs)
        rates = np.concatenate([uplink, downlink])
        self._units = np.concatenate([self._budgets, [1.0], rates, self._clock, costs])

    def _make_space(self) -> Box:
        size = self._costs_start + 2 * self._devices * self.shows_costs
        low = np.full(size, -LOG_BOUND, dtype=np.float32)
        high = np.full(size, LOG_BOUND, dtype=np.float32)
        low[: self._channel_start] = -1.0
        high[: self._queues], high[self._queues] = LN_BOUND, 2.0
        clocks = slice(self._clock_start, self._costs_start)
        low[clocks], high[clocks] = -1.0, MAX_CLOCK_RATIO
        low[self._costs_start :], high[self._costs_start :] = -1.0, LN_BOUND
        return Box(low, high, dtype=np.float32)

    def empty(self, rows: int) -> Float32:
        """See :meth:`Codec.empty`; nothing is the same but costs before there are any."""
        kind = np.zeros if self.shows_costs else np.empty
        return kind(rows * self._size, np.float32)

    def column_factors(self) -> tuple[Array, Array, Array]:
        """See :meth:`Codec.column_factors`."""
        return 1.0 / self._uplink, 1.0 / self._downlink, 1.0 / self._clock

    def decode(self, observation: NDArray[np.floating]) -> Observation:
        """See :meth:`Codec.decode`."""
        # One type of array whatever it is given, since each would be compiled anew.
        shown = np.array(observation, dtype=float, order="C")
        values, k, n = np.empty(shown.shape), self._queues, self._devices
        if shown.shape[-1:] != self.space.shape or not decode_rows(
            shown.reshape(-1, self._size), self._units, k, n, values.reshape(-1, self._size)
        ):
            raise self._refusal(shown)
        rates, clocks, costs = self._channel_start, self._clock_start, self._costs_start
        delay = energy = None
        if self.shows_costs:
            delay, energy = values[..., costs : costs + n], values[..., costs + n :]
        return Observation(
            values[..., :k],
            values[..., k],
            values[..., rates : rates + n],
            values[..., rates + n : clocks],
            values[..., clocks:costs],
            delay,
            energy,
        )


@compiled
def decode_rows(shown: Array, units: Array, queues: int, devices: int, values: Array) -> bool:
    """Turns flat observations into physical units; whether all their numbers are finite.

    Args:
        shown: Observations, shape (B, size).
        units: The units of their entries, shape (size,).
        queues: Queues K.
        devices: Devices N.
        values: Filled, shape (B, size).
    """
    rates, clocks = queues + 1, queues + 1 + 2 * devices
    for b in range(len(shown)):
        for i in range(units.size):
            if not np.isfinite(shown[b, i]):
                return False
        for i in range(queues):
            values[b, i] = np.expm1(shown[b, i]) * units[i]
        values[b, queues] = shown[b, queues]
        # Counted from 0, which becomes vector code.
        logarithms, medians, found = shown[b, rates:], units[rates:], values[b, rates:]
        for i in range(2 * devices):
            found[i] = exp(logarithms[i] * LN10) * medians[i]
        for i in range(clocks, clocks + devices):
            values[b, i] = shown[b, i] * units[i]
        for i in range(clocks + devices, units.size):
            values[b, i] = np.expm1(shown[b, i]) * units[i]
    return True


class DevicesCodec(Codec):
    """Turns physical quantities into ``Box(float32)`` observations of shape (N + 1, F) and back.

    Row n is device n, the last row the system. All logarithms are decimal but the queue's.

    ========================== =======================================================
    entry of a device's row    value
    ========================== =======================================================
    queue                      ln(1 + Q/Ē), the system's queue or, with per-device budgets, its own
    rounds left                fraction of the episode
    uplink, downlink rate      log of the shown rate [10 Mbit/s]
    available, full speed      log of ϱF [GFLOP/s], at the available and the full clock
    energy per FLOP            log of κF²/ϱ at the full clock [nJ]
    transmit power             log of p [0.1 W]
    median rates               log of the uplink's and the downlink's [10 Mbit/s]
    realised delay, energy     ln(1 + D_n·N/D_ref), ln(1 + E_n·N/Ē) of the last round, 0 before
                               the first; only where device parameters are uncertain
    ========================== =======================================================

    The last row holds ln(1 + Q/Ē) (with per-device budgets the server's), the fraction of the
    rounds left, log N, log of Ē/N [J], log of D_ref/N [s], log v, and zeros.

    Attributes:
        space: The observation space; its finite bounds are never reached and nothing is clipped.
    """

    log_clock = by_device = True

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        n, self._speed = scenario.num_devices, speed_per_hertz(scenario)
        width = len(DEVICE_COLUMNS) + 2 * self.shows_costs
        self._blank = np.zeros((n + 1, width), dtype=np.float32)
        self._blank[:n, 5:10] = device_facts(scenario, self._medians)
        per_device = scenario.energy_budget / n, scenario.reference_delay / n
        self._blank[n, 2:6] = np.log10([n, *per_device, scenario.v])
        bound = np.full(self._blank.shape, LOG_BOUND, dtype=np.float32)
        bound[:, 0] = bound[:, len(DEVICE_COLUMNS) :] = LN_BOUND
        self.space = Box(-bound, bound, dtype=np.float32)

    def empty(self, rows: int) -> Float32:
        """See :meth:`Codec.empty`: the devices' static facts, and the system's."""
        return np.tile(self._blank.ravel(), rows)

    def column_factors(self) -> tuple[Array, Array, Array]:
        """See :meth:`Codec.column_factors`."""
        per_rate = np.full(self._clock.size, 1.0 / RATE_UNIT)
        return per_rate, per_rate, self._speed

    def decode(self, observation: NDArray[np.floating]) -> Observation:
        """See :meth:`Codec.decode`; of observations of shape (..., N + 1, F)."""
        values = self._checked(observation)
        rows = values[..., :-1, :]
        logarithms = values[..., -1, :1] if self._budgets.size == 1 else values[..., 0]
        delay = energy = None
        if self.shows_costs:
            costs = np.expm1(rows[..., len(DEVICE_COLUMNS) :])
            delay, energy = costs[..., 0] * self.scale[0], costs[..., 1] * self.scale[1]
        return Observation(
            np.expm1(logarithms) * self._budgets,
            values[..., -1, 1],
            RATE_UNIT * 10.0 ** rows[..., 2],
            RATE_UNIT * 10.0 ** rows[..., 3],
            10.0 ** rows[..., 4] / self._speed,
            delay,
            energy,
        )


ObservationViewName = Literal["flat", "devices"]

OBSERVATION_VIEWS: dict[str, type[Codec]] = {"flat": ObservationCodec, "devices": DevicesCodec}
"""The views by the name that ``observation=`` takes."""

ON_BATTERIES: dict[str, type[Codec]] = {"flat": BatteryFlatCodec, "devices": BatteryDevicesCodec}
"""The same views where devices run on batteries."""


def observation_codec(name: str, scenario: Scenario) -> Codec:
    """Builds the codec of the view of that name.

    Raises:
        FieldError: If there is none.
    """
    one_of("observation", name, tuple(OBSERVATION_VIEWS))
    views = OBSERVATION_VIEWS if scenario.batteries is None else ON_BATTERIES
    return views[name](scenario)
