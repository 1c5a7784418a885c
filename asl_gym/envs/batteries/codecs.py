"""Views of the observation of devices on batteries: one vector, or one row a device."""

import math
from typing import ClassVar

import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from asl_gym.arrays import Array, Float32
from asl_gym.compiling import compiled
from asl_gym.envs.batteries.memory import battery_memory, store_of
from asl_gym.envs.batteries.observing import CLOUD_COLUMN, HARVEST_COLUMN, observe_batteries
from asl_gym.envs.codec import LN_BOUND, LOG_BOUND, MAX_CLOCK_RATIO, Codec, Observation
from asl_gym.envs.device_facts import RATE_UNIT, device_facts, speed_per_hertz
from asl_gym.envs.kernel import columns_of
from asl_gym.envs.memory import kernel_sizes, sizes_of
from asl_gym.envs.rewards import EXCESS_DELAY
from asl_gym.scenario.scenario import Scenario

__all__ = ["BATTERY_COLUMNS", "BatteryCodec", "BatteryDevicesCodec", "BatteryFlatCodec"]

BATTERY_COLUMNS = (
    "battery",
    "rounds left",
    "uplink rate",
    "downlink rate",
    "available speed",
    "full speed",
    "energy per FLOP",
    "transmit power",
    "median uplink rate",
    "median downlink rate",
    "harvest",
    "sine of the time of day",
    "cosine of the time of day",
    "fastest energy",
)
"""Entries of a device's row; the sky follows where it is shown."""

SYSTEM_COLUMNS = ("battery", "rounds left", "devices", "fastest energy", "reference delay", "power")
"""Entries of the last row, which is padded with zeros."""


class BatteryCodec(Codec):
    """What both views have in common.

    Attributes:
        capacities: What batteries can hold C [J], shape (N,).
        energies: Ê, the mean energy of each device's fastest split [J], shape (N,).
    """

    on_batteries: ClassVar[bool] = True

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        batteries, self.energies = scenario.batteries, scenario.fastest_energies
        assert batteries is not None
        self.cloud_shown = batteries.cloud_shown
        self.capacities = batteries.capacities(self.energies)

    def encode(self, observation: Observation) -> Float32:
        """See :meth:`Codec.encode`; of observations that have what batteries show."""
        leading, devices = observation.rounds_left.shape, self._clock.size
        rows, sizes = math.prod(leading), kernel_sizes(self._scenario, 1, by_device=self.by_device)
        memory, result = battery_memory(self._scenario, 1, EXCESS_DELAY), self.empty(rows)
        nothing = np.zeros((*leading, devices))
        charge, harvest, cloud = (
            np.array(np.broadcast_to(nothing if each is None else each, nothing.shape))
            for each in (observation.battery, observation.harvest, observation.cloud)
        )
        day = 0.0 if observation.time_of_day is None else observation.time_of_day
        angle = 2.0 * np.pi * np.broadcast_to(day, leading)
        hours = np.stack([observation.rounds_left, np.sin(angle), np.cos(angle)], axis=-1)
        shown = np.stack([each.reshape(rows, devices) for each in (charge, harvest, cloud)])
        columns = self._columns(observation)
        encode_rows(sizes, memory, columns, shown, hours.reshape(rows, 3), result)
        return result.reshape(*leading, *self.space.shape)

    def _seen(self, charge: Array, harvest: Array, angle: tuple[Array, Array]) -> tuple[Array, ...]:
        """Charge and harvest [J], and the time of day from its sine and cosine."""
        time = np.arctan2(*angle) / (2.0 * np.pi) % 1.0
        return charge * self.capacities, np.expm1(harvest) * self.energies, time


@compiled
def encode_rows(
    sizes: NDArray[np.int64],
    memory: Array,
    columns: Array,
    shown: Array,
    hours: Array,
    result: Float32,
) -> None:
    """Encodes observations, one row at a time, since each has a time of day of its own.

    Args:
        sizes: Those of one row.
        memory: Batteries of one row.
        columns: Prepared rounds of all rows, shape (7, B, N).
        shown: Charges [J], harvests [J] and skies, shape (3, B, N).
        hours: Rounds left, sine and cosine of the time of day, shape (B, 3).
        result: Filled, flat.
    """
    z = sizes_of(sizes)
    s = store_of(memory, z)
    width = result.size // len(hours)
    for b in range(len(hours)):
        s.charges[:] = shown[0, b]
        seen = columns_of(z, columns[:, b], 0)
        hour = hours[b, 0], hours[b, 1], hours[b, 2]
        row = result[b * width : (b + 1) * width]
        observe_batteries(z, s, seen, shown[1, b], shown[2, b], hour, row)


class BatteryFlatCodec(BatteryCodec):
    """Turns physical quantities into ``Box(float32)`` observations and back, with N devices.

    ============== ==== ===================================================
    entries        size value
    ============== ==== ===================================================
    batteries      N    B/C
    rounds left    1    fraction of the episode
    time of day    2    sine and cosine
    harvests       N    ln(1 + H/Ê) of the round that is shown
    skies          N    1 where clear, 0 under clouds; only where shown
    uplink rates   N    log₁₀ of shown rate over the device's median
    downlink rates N    log₁₀ of shown rate over the device's median
    device clocks  N    available clock over full clock
    ============== ==== ===================================================

    Attributes:
        space: The observation space; its finite bounds are never reached and nothing is clipped.
    """

    log_clock: ClassVar[bool] = False
    by_device: ClassVar[bool] = False

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        n = scenario.num_devices
        sizes = n, 1, 2, n, n * self.cloud_shown, n, n, n
        lows = -1.0, -1.0, -2.0, -1.0, -1.0, -LOG_BOUND, -LOG_BOUND, -1.0
        highs = 2.0, 2.0, 2.0, LN_BOUND, 2.0, LOG_BOUND, LOG_BOUND, MAX_CLOCK_RATIO
        self._ends = np.cumsum(sizes)
        low, high = (np.repeat(np.asarray(each, np.float32), sizes) for each in (lows, highs))
        self.space = Box(low, high, dtype=np.float32)

    def empty(self, rows: int) -> Float32:
        """See :meth:`Codec.empty`; nothing is the same."""
        return np.empty(rows * int(self._ends[-1]), np.float32)

    def column_factors(self) -> tuple[Array, Array, Array]:
        """See :meth:`Codec.column_factors`."""
        uplink, downlink = self._medians
        return 1.0 / uplink, 1.0 / downlink, 1.0 / self._clock

    def decode(self, observation: NDArray[np.floating]) -> Observation:
        """See :meth:`Codec.decode`."""
        values = self._checked(observation)
        parts = np.split(values, self._ends[:-1], axis=-1)
        share, left, angle, shown, cloud, up, down, clock = parts
        sides = angle[..., 0], angle[..., 1]
        charge, harvest, time = self._seen(share, shown, sides)
        uplink, downlink = self._medians
        return Observation(
            queue=np.empty((*left.shape[:-1], 0)),
            rounds_left=left[..., 0],
            uplink_bps=10.0**up * uplink,
            downlink_bps=10.0**down * downlink,
            clock_hz=clock * self._clock,
            battery=charge,
            harvest=harvest,
            cloud=cloud if self.cloud_shown else None,
            time_of_day=time,
        )


class BatteryDevicesCodec(BatteryCodec):
    """Turns physical quantities into ``Box(float32)`` observations of shape (N + 1, F) and back.

    Row n is device n, the last row the system. All logarithms are decimal but the harvest's.

    ========================== =======================================================
    entry of a device's row    value
    ========================== =======================================================
    battery                    B/C
    rounds left                fraction of the episode
    uplink, downlink rate      log of the shown rate [10 Mbit/s]
    available, full speed      log of ϱF [GFLOP/s], at the available and the full clock
    energy per FLOP            log of κF²/ϱ at the full clock [nJ]
    transmit power             log of p [0.1 W]
    median rates               log of the uplink's and the downlink's [10 Mbit/s]
    harvest                    ln(1 + H/Ê) of the round that is shown
    time of day                sine and cosine
    fastest energy             log of Ê [J]
    sky                        1 where clear, 0 under clouds; only where shown
    ========================== =======================================================

    The last row holds the mean of B/C, the fraction of the rounds left, log N, log of the mean of Ê
    [J], log of D_ref/N [s], log of ϖ [W], and zeros.

    Attributes:
        space: The observation space; its finite bounds are never reached and nothing is clipped.
    """

    log_clock: ClassVar[bool] = True
    by_device: ClassVar[bool] = True

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        batteries, n = scenario.batteries, scenario.num_devices
        assert batteries is not None
        self._speed, width = speed_per_hertz(scenario), len(BATTERY_COLUMNS) + self.cloud_shown
        self._blank = np.zeros((n + 1, width), dtype=np.float32)
        self._blank[:n, 5:10] = device_facts(scenario, self._medians)
        self._blank[:n, len(BATTERY_COLUMNS) - 1] = np.log10(self.energies)
        delay = scenario.reference_delay / n
        of_all = n, self.energies.mean(), delay, batteries.trickle_power_w
        self._blank[n, 2:6] = np.log10(of_all)
        bound = np.full(self._blank.shape, LOG_BOUND, dtype=np.float32)
        bound[:, HARVEST_COLUMN] = LN_BOUND
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
        sides = rows[..., 0, HARVEST_COLUMN + 1], rows[..., 0, HARVEST_COLUMN + 2]
        charge, harvest, time = self._seen(rows[..., 0], rows[..., HARVEST_COLUMN], sides)
        left = values[..., -1, 1]
        return Observation(
            queue=np.empty((*left.shape, 0)),
            rounds_left=left,
            uplink_bps=RATE_UNIT * 10.0 ** rows[..., 2],
            downlink_bps=RATE_UNIT * 10.0 ** rows[..., 3],
            clock_hz=10.0 ** rows[..., 4] / self._speed,
            battery=charge,
            harvest=harvest,
            cloud=rows[..., CLOUD_COLUMN] if self.cloud_shown else None,
            time_of_day=time,
        )
