"""OPEN where rates are shown late: on filtered rates, and with a Kalman filter as a reference.

Filtered OPEN and learned agents have to find out from what they are shown how fast channels forget.
The Kalman filter is told the channel's law: shadowing is a first-order autoregression of known
deviation and correlation, fading is Rayleigh. In decibels a shown rate is the shadowing plus
log-exponential fading, which the filter takes for Gaussian noise of the same mean and variance (and
rates at floor or cap for exact ones); so it is near to the best that can be done with the law, not
the best itself.
"""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from asl_gym.arrays import Array, Splits
from asl_gym.envs.codec import Observation
from asl_gym.model.radio import cellular
from asl_gym.policies.open import RememberingOPEN
from asl_gym.traces import channel
from asl_gym.validation.checks import SHARE, FieldError, number

if TYPE_CHECKING:
    from scipy.interpolate import RegularGridInterpolator

__all__ = ["FilteredOPEN", "KalmanOPEN"]

FADING_MEAN_DB = -10.0 * np.euler_gamma / math.log(10.0)
"""Mean of 10 log₁₀ X over X ~ Exp(1)."""

FADING_VARIANCE_DB = (10.0 / math.log(10.0)) ** 2 * math.pi**2 / 6.0
"""Its variance."""

SNR_DB = np.linspace(-120.0, 160.0, 561)
"""Grid of the predicted signal-to-noise ratio at mean fading [dB]."""

NUM_DEVIATIONS, NUM_SHADOWING_NODES, NUM_FADING_NODES = 17, 31, 600
FADING_RANGE = 1e-9, 40.0


class FilteredOPEN(RememberingOPEN):
    """OPEN on filtered rates, for stale channel knowledge.

    Delay and energy are linear in 1/r, so what a decision needs of an uncertain rate is the
    expectation of 1/r. It is estimated by an exponentially weighted running average of the 1/r
    that were shown in the episode, whose weights sum to 1 from the first round on.

    Args:
        env: The environment or scenario.
        v: As for :class:`asl_gym.OPEN`.
        memory: Share in [0, 1] of the old weight that a round leaves; 1 is the plain average, 0 is
            OPEN.
    """

    def __init__(self, env: Any, v: float | None = None, memory: float = 0.8) -> None:
        super().__init__(env, v)
        self.memory = number("memory", memory, SHARE)

    def remember_and_decide(
        self, seen: Observation, memory: Any, starts: NDArray[np.bool_]
    ) -> tuple[Splits, Array, Any]:
        """Averages the inverse rates, then decides as OPEN does."""
        inverse = 1.0 / np.stack([seen.uplink_bps, seen.downlink_bps], axis=1)
        if memory is None:
            memory = np.zeros_like(inverse), np.zeros(len(inverse))
        total = np.where(starts[:, None, None], 0.0, memory[0]) * self.memory + inverse
        weight = np.where(starts, 0.0, memory[1]) * self.memory + 1.0
        average = total / weight[:, None, None]
        filtered = seen._replace(uplink_bps=1.0 / average[:, 0], downlink_bps=1.0 / average[:, 1])
        return *self.decide(filtered), (total, weight)


class KalmanOPEN(RememberingOPEN):
    """OPEN on the expected 1/r, by a Kalman filter on each device's shadowing.

    Args:
        env: The environment or scenario, with block fading and rates that are shown late.
        v: As for :class:`asl_gym.OPEN`.

    Raises:
        FieldError: If the scenario is another.
    """

    def __init__(self, env: Any, v: float | None = None) -> None:
        super().__init__(env, v)
        knowledge = self.scenario.knowledge
        self._radio = cellular(self.scenario.radio, "a law of shadowing, which this policy is told")
        if knowledge.csi_delay_rounds < 1:
            raise FieldError("knowledge.csi_delay_rounds", knowledge.csi_delay_rounds, "1 or more")
        if self._radio.fading != "block":
            raise FieldError("radio.fading", self._radio.fading, "'block'")
        self._delay = knowledge.csi_delay_rounds
        self._variance = self._radio.shadowing_std_db**2
        self._mean_snr_db = [
            10.0 * np.log10(snr) for snr in channel.mean_snr(self.scenario.fleet, self._radio)
        ]
        self._inverse_rate = self._tabulated()

    def _tabulated(self) -> "RegularGridInterpolator":
        """E[1/r] over the deviation of the predicted shadowing [dB] and the predicted mean SNR."""
        # Here because it takes long to load and this policy alone needs it.
        from scipy.interpolate import RegularGridInterpolator

        nodes, weights = np.polynomial.hermite_e.hermegauss(NUM_SHADOWING_NODES)
        weights = weights / weights.sum()
        # Deep fades are rare but decide the mean of 1/r: cells of equal width in decibels.
        edges = np.concatenate([[0.0], np.geomspace(*FADING_RANGE, NUM_FADING_NODES)])
        probabilities = np.exp(-edges[:-1]) - np.exp(-edges[1:])
        fading = np.tile(0.5 * (edges[:-1] + edges[1:]), (SNR_DB.size, 1))
        snr = 10.0 ** (SNR_DB[:, None] / 10.0)
        rates = channel.rates(snr, np.ones_like(fading), fading, self._radio)
        over_fading = (1.0 / rates) @ probabilities
        deviations = np.linspace(0.0, self._radio.shadowing_std_db, NUM_DEVIATIONS)
        table = [
            np.interp(SNR_DB[:, None] + deviation * nodes, SNR_DB, over_fading) @ weights
            for deviation in deviations
        ]
        return RegularGridInterpolator((deviations, SNR_DB), np.array(table))

    def remember_and_decide(
        self, seen: Observation, memory: Any, starts: NDArray[np.bool_]
    ) -> tuple[Splits, Array, Any]:
        """Filters and predicts the shadowing, then decides as OPEN does."""
        shape = seen.clock_hz.shape
        prior = np.zeros(shape), np.full(shape, self._variance)
        mean, variance = prior if memory is None else memory
        mean = np.where(starts[:, None], prior[0], mean)
        variance = np.where(starts[:, None], prior[1], variance)
        for rate, mean_snr_db in zip(
            (seen.uplink_bps, seen.downlink_bps), self._mean_snr_db, strict=True
        ):
            shown_db = 10.0 * np.log10(np.expm1(math.log(2.0) * rate / self._radio.bandwidth_hz))
            gain = variance / (variance + FADING_VARIANCE_DB)
            mean = mean + gain * (shown_db - mean_snr_db - FADING_MEAN_DB - mean)
            variance = (1.0 - gain) * variance
        inverse = [self._expected(*self._ahead(mean, variance), snr) for snr in self._mean_snr_db]
        predicted = seen._replace(uplink_bps=1.0 / inverse[0], downlink_bps=1.0 / inverse[1])
        return *self.decide(predicted), self._ahead(mean, variance, rounds=1)

    def _ahead(
        self, mean: Array, variance: Array, rounds: int | None = None
    ) -> tuple[Array, Array]:
        """The shadowing some rounds after the one that was shown; the one that is decided."""
        kept = self._radio.shadowing_correlation ** (self._delay if rounds is None else rounds)
        return kept * mean, kept**2 * variance + (1.0 - kept**2) * self._variance

    def _expected(self, mean: Array, variance: Array, mean_snr_db: Array) -> Array:
        snr_db = np.clip(mean + mean_snr_db, SNR_DB[0], SNR_DB[-1])
        deviation = np.minimum(np.sqrt(variance), self._radio.shadowing_std_db)
        return np.asarray(self._inverse_rate(np.stack([deviation, snr_db], axis=-1)))
