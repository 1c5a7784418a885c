"""The observation: all that a policy sees, scaled to order 1, and the codec to physical units."""

from typing import NamedTuple

import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from asl_gym.channel import median_rates
from asl_gym.per_device import PerDevice
from asl_gym.scenario import Scenario
from asl_gym.trace import Trace
from asl_gym.validation import FieldError

__all__ = ["Observation", "ObservationCodec"]

Array = NDArray[np.float64]
Float32 = NDArray[np.float32]

LOG_BOUND = 64.0
"""Bound of the logarithmic entries: a factor of 10⁶⁴ in rate, e⁶⁴ in queue."""


class Observation(NamedTuple):
    """An observation in physical units; leading axes are environments.

    Attributes:
        queue: Virtual queues Q_k [J], shape (..., K).
        rounds_left: Fraction of the episode's rounds still to play, shape (...).
        uplink_bps: Shown uplink rates [bit/s], shape (..., N).
        downlink_bps: Shown downlink rates [bit/s], shape (..., N).
        clock_hz: Device clocks available now [Hz], shape (..., N).
    """

    queue: Array
    rounds_left: Array
    uplink_bps: Array
    downlink_bps: Array
    clock_hz: Array


class ObservationCodec:
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
    ============== ==== ===========================================

    Attributes:
        space: The observation space; its finite bounds are never reached and nothing is clipped.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._devices, self._queues = scenario.num_devices, scenario.num_budgets
        self._budgets = scenario.energy_budgets
        if np.log1p(scenario.initial_queue_j / self._budgets).max() >= LOG_BOUND:
            allowed = f"less than e^{LOG_BOUND:g} times each budget, what an observation can show"
            raise FieldError("initial_queue_j", scenario.initial_queue_j, allowed)
        self._clock = np.asarray(scenario.fleet.clock_hz)
        uplink, downlink = median_rates(scenario.fleet, scenario.device_radio)
        self._median_rates = np.concatenate([uplink, downlink])
        self._per_uplink, self._per_downlink = PerDevice(1.0 / uplink), PerDevice(1.0 / downlink)
        self._per_clock = PerDevice(1.0 / self._clock)
        self._channel_start = self._queues + 1
        self.space = self._make_space()

    def _make_space(self) -> Box:
        size = self._channel_start + 3 * self._devices
        low = np.full(size, -LOG_BOUND, dtype=np.float32)
        high = np.full(size, LOG_BOUND, dtype=np.float32)
        low[: self._channel_start] = -1.0
        high[self._queues] = 2.0
        low[-self._devices :], high[-self._devices :] = -1.0, 2.0
        return Box(low, high, dtype=np.float32)

    def encode_channel(self, uplink_bps: Array, downlink_bps: Array, clock_hz: Array) -> Float32:
        """Observations with all that comes from the trace; queues and rounds left are 0 in them.

        Args:
            uplink_bps: Shown uplink rates [bit/s], shape (..., N).
            downlink_bps: Shown downlink rates [bit/s], shape (..., N).
            clock_hz: Device clocks available [Hz], shape (..., N).

        Returns:
            Shape (..., K + 1 + 3N).
        """
        n, shape, start = self._devices, clock_hz.shape, self._channel_start
        # The logarithm is taken of the ratio, in float32: near 1 that loses nothing that the
        # observation could hold, and takes a third of the time.
        rates = np.empty((*shape[:-1], 2 * n), dtype=np.float32)
        rates[..., :n] = uplink_bps * self._per_uplink.over(shape)
        rates[..., n:] = downlink_bps * self._per_downlink.over(shape)
        encoded = np.empty((*shape[:-1], start + 3 * n), dtype=np.float32)
        encoded[..., :start] = 0.0
        encoded[..., start : start + 2 * n] = np.log10(rates, out=rates)
        encoded[..., start + 2 * n :] = clock_hz * self._per_clock.over(shape)
        return encoded

    def check_showable(self, trace: Trace) -> None:
        """Checks that observations of a trace stay inside the observation space.

        Raises:
            ValueError: If rates or clocks lie outside it; the message gives the range.
        """
        shown = trace.shown_uplink_bps, trace.shown_downlink_bps, trace.clock_hz
        encoded = self.encode_channel(*shown)
        if ((encoded <= self.space.low) | (encoded >= self.space.high)).any():
            raise ValueError(
                f"the trace's clocks reach {(trace.clock_hz / self._clock).max():g} times the "
                "fleet's, or its rates leave what an observation can show: expected clocks below "
                f"{self.space.high[-1]:g} times the fleet's and rates within a factor of "
                f"10^{LOG_BOUND:g} of the devices' medians"
            )

    def assemble(self, queue: Array, rounds_left: Array, channel: Float32) -> Float32:
        """Adds queues and time to what the trace gives.

        Args:
            queue: Queues [J], shape (..., K).
            rounds_left: Fraction of the episode left, shape (...).
            channel: From :meth:`encode_channel`, shape (..., K + 1 + 3N).

        Returns:
            Observations, same shape, in memory of their own.
        """
        observation = channel.copy()
        observation[..., : self._queues] = np.log1p(queue / self._budgets)
        observation[..., self._queues] = rounds_left
        return observation

    def encode(self, observation: Observation) -> Float32:
        """Encodes an observation given in physical units, shape (..., K + 1 + 3N)."""
        channel = self.encode_channel(*observation[2:])
        return self.assemble(observation.queue, observation.rounds_left, channel)

    def decode(self, observation: NDArray[np.floating]) -> Observation:
        """Turns observations into physical units, up to float32's precision.

        Args:
            observation: Shape (..., K + 1 + 3N).

        Raises:
            ValueError: If the last axis has another length.
        """
        values = np.asarray(observation, dtype=float)
        if values.shape[-1:] != self.space.shape or not np.isfinite(values).all():
            raise ValueError(
                f"observation has shape {values.shape}: expected (..., {self.space.shape[0]}), "
                "finite numbers"
            )
        k, n = self._queues, self._devices
        rates = self._median_rates * 10.0 ** values[..., k + 1 : k + 1 + 2 * n]
        return Observation(
            np.expm1(values[..., :k]) * self._budgets,
            values[..., k],
            rates[..., :n],
            rates[..., n:],
            values[..., k + 1 + 2 * n :] * self._clock,
        )
