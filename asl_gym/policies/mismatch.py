"""OPEN's best honest versions where the controller does not know everything.

They see the observation alone and remember what they saw: ``predict`` hands its memory back as the
state, one row an environment, and starts anew where ``episode_start`` says so.
"""

from abc import abstractmethod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from asl_gym.arrays import Array, Splits
from asl_gym.envs.codec import Observation
from asl_gym.policies.open import OPEN
from asl_gym.validation import FieldError, number

__all__ = ["CalibratedOPEN", "FilteredOPEN", "RememberingOPEN"]

TINY = np.finfo(float).tiny


class RememberingOPEN(OPEN):
    """OPEN with a memory: arrays whose first axis are the environments of a batch."""

    def predict(
        self,
        observation: NDArray[np.floating],
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Any, Any]:
        """Decides for one observation or a batch.

        Args:
            observation: Shape (size,) or (B, size).
            state: The memory that the last call returned; ``None`` starts anew.
            episode_start: Which environments start an episode, shape (B,) or a bool.
            deterministic: Ignored.

        Returns:
            The action in the form of ``action_view``, and the memory.
        """
        batch = np.atleast_2d(np.asarray(observation))
        seen = self._codec.decode(batch)
        starts = np.ones(len(batch), dtype=bool)
        if state is not None:
            none = False if episode_start is None else episode_start
            starts = np.broadcast_to(np.asarray(none, dtype=bool), starts.shape)
        split_index, frequency, memory = self.remember_and_decide(seen, state, starts)
        if np.ndim(observation) == 1:
            split_index, frequency = split_index[0], frequency[0]
        return self._view.encode(split_index, frequency), memory

    @abstractmethod
    def remember_and_decide(
        self, seen: Observation, memory: Any, starts: NDArray[np.bool_]
    ) -> tuple[Splits, Array, Any]:
        """Decides for a batch; the memory is meaningless where an episode starts."""


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
        self.memory = number("memory", memory, 0, 1)

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


class _Played(NamedTuple):
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


class CalibratedOPEN(RememberingOPEN):
    """OPEN with device parameters calibrated online from the realised costs.

    From a device's realised delay and energy of the last round it takes off what is known of them
    (transfers, server), which leaves computing time and energy. Their sums over the episode's
    rounds, over what the nominal parameters say, give the factors on FLOPs per cycle and
    capacitance.

    Args:
        env: The environment or scenario, whose observations carry realised costs and whose rates
            are known.
        v: As for :class:`asl_gym.OPEN`.

    Raises:
        FieldError: If the scenario is another.
    """

    def __init__(self, env: Any, v: float | None = None) -> None:
        super().__init__(env, v)
        knowledge = self.scenario.knowledge
        if not knowledge.shows_costs:
            allowed = "above 1, so that realised costs are shown"
            raise FieldError("knowledge.parameter_error", knowledge.parameter_error, allowed)
        if knowledge.csi_delay_rounds:
            allowed = "0, for costs can be taken apart only if the rates behind them are known"
            raise FieldError("knowledge.csi_delay_rounds", knowledge.csi_delay_rounds, allowed)

    def remember_and_decide(
        self, seen: Observation, memory: Any, starts: NDArray[np.bool_]
    ) -> tuple[Splits, Array, Any]:
        """Calibrates, then decides as OPEN does."""
        sums = np.zeros((4, *seen.clock_hz.shape))
        if memory is not None:
            sums = np.where(starts[:, None], 0.0, self._with_last_round(memory, seen))
        weights = self.scenario.weights(seen.queue)
        decision = self.solve(seen, self.V, weights, self._factors(sums))
        chosen = decision.split_index, np.array(decision.server_frequency_hz)
        return *chosen, _Played(seen, *chosen, sums)

    def _with_last_round(self, played: _Played, now: Observation) -> Array:
        """The sums with the round whose realised costs are shown now."""
        if now.device_delay is None or now.device_energy is None:
            raise ValueError("the observation carries no realised costs")
        model, seen = self.scenario.cost_model, played.seen
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

    def _factors(self, sums: Array) -> tuple[Array, Array]:
        """Factors on FLOPs per cycle and capacitance; 1 where nothing has been computed yet."""
        nominal_time, real_time, nominal_energy, real_energy = sums
        error = self.scenario.knowledge.parameter_error
        known = (nominal_time > 0) & (real_time > 0)
        flops = np.where(known, nominal_time / np.where(known, real_time, 1.0), 1.0)
        known &= nominal_energy > 0
        capacitance = np.where(known, real_energy / np.where(known, nominal_energy, 1.0), 1.0)
        bounded = (np.clip(factor, 1.0 / error, error) for factor in (flops, capacitance))
        return next(bounded), next(bounded)
