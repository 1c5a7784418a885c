"""OPEN where device parameters are not known: it calibrates them from the realised costs."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from asl_gym.arrays import Array, Splits
from asl_gym.envs.codec import Observation
from asl_gym.policies.open import RememberingOPEN
from asl_gym.scenario.scenario import Scenario
from asl_gym.validation.checks import FieldError

__all__ = ["CalibratedOPEN", "Calibration", "CalibrationState"]

TINY = np.finfo(float).tiny


class CalibrationState(NamedTuple):
    """A round that was played, and sums over the episode's rounds before it.

    Attributes:
        seen: What was shown.
        split_index: What was decided, shape (B, N).
        server_frequency_hz: Likewise.
        sums: Nominal and realised computing time [s], nominal computing energy at the real FLOPs
            per cycle and realised one [J], shape (4, B, N).
    """

    seen: Observation
    split_index: Splits
    server_frequency_hz: Array
    sums: Array


class Calibration:
    """Finds out device parameters from realised costs.

    From a device's realised delay and energy of the last round it takes off what is known of them
    (transfers, server), which leaves computing time and energy. Their sums over the episode's
    rounds, over what the nominal parameters say, give the factors on FLOPs per cycle and
    capacitance.

    Args:
        scenario: The scenario, whose observations carry realised costs and whose rates are known.

    Raises:
        FieldError: If the scenario is another.
    """

    def __init__(self, scenario: Scenario) -> None:
        knowledge = scenario.knowledge
        if not knowledge.shows_costs:
            allowed = "above 1, so that realised costs are shown"
            raise FieldError("knowledge.parameter_error", knowledge.parameter_error, allowed)
        if knowledge.csi_delay_rounds:
            allowed = "0, for costs can be taken apart only if the rates behind them are known"
            raise FieldError("knowledge.csi_delay_rounds", knowledge.csi_delay_rounds, allowed)
        self._scenario = scenario

    def sums(
        self, seen: Observation, state: CalibrationState | None, starts: NDArray[np.bool_]
    ) -> Array:
        """The sums over the episode's rounds up to now, shape (4, B, N).

        Args:
            seen: What is shown now, with the last round's realised costs.
            state: The last round; ``None`` before the first.
            starts: Which environments start an episode, shape (B,); their sums are 0.
        """
        if state is None:
            return np.zeros((4, *seen.clock_hz.shape))
        return np.where(starts[:, None], 0.0, self._with_last_round(state, seen))

    def _with_last_round(self, played: CalibrationState, now: Observation) -> Array:
        """The sums with the round whose realised costs are shown now."""
        if now.device_delay is None or now.device_energy is None:
            raise ValueError("the observation carries no realised costs")
        model, seen = self._scenario.cost_model, played.seen
        unit = seen.unit_costs(model)
        frequency = played.server_frequency_hz
        parts = model.delay_parts(played.split_index, frequency, unit)
        nominal_time = parts["device_delay"]
        known = parts["downlink_delay"] + parts["uplink_delay"] + parts["server_delay"]
        flops = nominal_time / unit.device_delay
        uplink_energy = model.chosen_options(played.split_index, unit).device_energy
        uplink_energy = uplink_energy - flops * unit.device_energy
        real_time = now.device_delay - known
        # Energy per FLOP falls with the real FLOPs per cycle as time does.
        nominal_energy = flops * unit.device_energy * real_time / np.maximum(nominal_time, TINY)
        real_energy = now.device_energy - uplink_energy
        return played.sums + np.stack([nominal_time, real_time, nominal_energy, real_energy])

    def factors(self, sums: Array) -> tuple[Array, Array]:
        """Factors on FLOPs per cycle and capacitance; 1 where nothing has been computed yet."""
        nominal_time, real_time, nominal_energy, real_energy = sums
        error = self._scenario.knowledge.parameter_error
        known = (nominal_time > 0) & (real_time > 0)
        flops = np.where(known, nominal_time / np.where(known, real_time, 1.0), 1.0)
        known &= nominal_energy > 0
        capacitance = np.where(known, real_energy / np.where(known, nominal_energy, 1.0), 1.0)
        bounded = (np.clip(factor, 1.0 / error, error) for factor in (flops, capacitance))
        return next(bounded), next(bounded)


class CalibratedOPEN(RememberingOPEN):
    """OPEN with device parameters calibrated online, see :class:`Calibration`.

    Args:
        env: The environment or scenario, whose observations carry realised costs and whose rates
            are known.
        v: As for :class:`asl_gym.OPEN`.

    Raises:
        FieldError: If the scenario is another.
    """

    def __init__(self, env: Any, v: float | None = None) -> None:
        super().__init__(env, v)
        self._calibration = Calibration(self.scenario)

    def remember_and_decide(
        self, seen: Observation, memory: Any, starts: NDArray[np.bool_]
    ) -> tuple[Splits, Array, Any]:
        """Calibrates, then decides as OPEN does."""
        sums = self._calibration.sums(seen, memory, starts)
        weights = self.scenario.weights(seen.queue)
        decision = self.solve(seen, self.V, weights, self._calibration.factors(sums))
        chosen = decision.split_index, np.array(decision.server_frequency_hz)
        return *chosen, CalibrationState(seen, *chosen, sums)
