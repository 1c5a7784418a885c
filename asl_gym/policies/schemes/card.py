"""In the manner of CARD: delay against the server's energy, both between their extremes."""

from typing import Any, ClassVar, NamedTuple

import numpy as np

from asl_gym.arrays import Array, Splits
from asl_gym.envs.codec import Observation
from asl_gym.model.components import Schedule
from asl_gym.model.options import Options
from asl_gym.policies.base import ScenarioPolicy, scenario_of
from asl_gym.policies.knobs import Knob, check_schedule
from asl_gym.solvers.sequential import optimal_frequency
from asl_gym.validation.checks import SHARE, number

__all__ = ["CARDStyle"]


class _Span(NamedTuple):
    """Least and greatest of a criterion in the round, shape (..., N) each."""

    least: Array
    greatest: Array

    @property
    def width(self) -> Array:
        """Greatest minus least."""
        return self.greatest - self.least


class CARDStyle(ScenarioPolicy):
    """Argmin ω(D−D_min)/ΔD + (1−ω)(E_s−E_min)/ΔE for each device, with E_s = κ_s f² w.

    In the manner of CARD: Li, Wu, Li and Zhang, "Energy-Efficient Split Learning for Fine-Tuning
    Large Language Models in Edge Networks", IEEE Networking Letters 2025, arXiv 2412.00090, grade
    B. The frequency is f* = clip((ωΔE/(2κ_s(1−ω)ΔD))^⅓), the cut is found by trying all: OPEN's
    objective with Q/V frozen, counting the server's computing energy alone.

    Reconstructed: the extremes are those of a device's D and E_s over all its split points and
    f ∈ {f_min, f_max} under the round's channels; where all are the same a criterion doesn't count.
    Ties go to the less delay, then to the lower index.

    Args:
        env: The environment or scenario, with devices in turn.
        omega: Weight ω on delay, in [0, 1].

    Raises:
        FieldError: If devices train at once.
    """

    KNOB: ClassVar[Knob] = Knob(
        "omega", (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0), "weight on delay against server energy"
    )
    SCHEDULES: ClassVar[tuple[Schedule, ...]] = ("sequential",)

    def __init__(self, env: Any, omega: float = 0.5) -> None:
        check_schedule(scenario_of(env), self.SCHEDULES, "this scheme")
        super().__init__(env)
        self.omega = number("omega", omega, SHARE)

    def decide(self, seen: Observation) -> tuple[Splits, Array]:
        """See :meth:`ScenarioPolicy.decide`."""
        model, server = self.scenario.cost_model, self.scenario.server
        options = model.all_options(seen.unit_costs(model))
        delays, energies = self._spans(options)
        on_delay, on_energy = (
            weight / np.where(span.width > 0, span.width, np.inf)
            for weight, span in ((self.omega, delays), (1.0 - self.omega, energies))
        )
        frequency = optimal_frequency(on_delay, on_energy, server)
        delay = options.fixed_delay + options.server_work / frequency[..., None]
        energy = server.computing_energy(frequency[..., None], options.server_work)
        score = on_delay[..., None] * (delay - delays.least[..., None])
        score = score + on_energy[..., None] * (energy - energies.least[..., None])
        best = score == score.min(axis=-1, keepdims=True)
        return np.where(best, delay, np.inf).argmin(axis=-1), frequency

    def _spans(self, options: Options) -> tuple[_Span, _Span]:
        """Extremes of delay [s] and server energy [J]."""
        server, work = self.scenario.server, options.server_work
        slow, fast = server.clock_min_hz, server.clock_max_hz
        a, shape = options.fixed_delay, options.fixed_delay.shape[:-1]
        energy = (server.capacitance * clock**2 * work for clock in (slow, fast))
        least, greatest = next(energy).min(axis=-1), next(energy).max(axis=-1)
        return (
            _Span((a + work / fast).min(axis=-1), (a + work / slow).max(axis=-1)),
            _Span(np.broadcast_to(least, shape), np.broadcast_to(greatest, shape)),
        )
