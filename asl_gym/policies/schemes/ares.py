"""ARES: a weighted sum of normalised training time and device energy."""

from typing import Any, ClassVar

import numpy as np

from asl_gym.arrays import Array, Splits
from asl_gym.envs.codec import Observation
from asl_gym.model.split_tables import smashed_bits
from asl_gym.policies.cuts import CutPolicy, ServerFrequency, nominal_clock
from asl_gym.policies.knobs import Knob
from asl_gym.validation.checks import SHARE, number

__all__ = ["ARES"]


class ARES(CutPolicy):
    """Argmin_ℓ α T(ℓ)/‖T‖₂ + (1−α) E(ℓ)/‖E‖₂, the norms over the split points.

    T(ℓ) = S·c/(ϱF) + w/f + S·s(1/r↑ + 1/r↓) and E(ℓ) = P_comp·S·c/(ϱF) + P_tx·S·s/r↑ +
    P_rx·S·s/r↓ are the device's, without the parameters φ, which the rule leaves out. Samikwa, Di
    Maio and Braun, "ARES: Adaptive Resource-Aware Split Learning for Internet of Things", Computer
    Networks 2022, grade A (the authors' code, where α is 0.6 and 0.5). There a round's cut follows
    from the rates measured in the round before; here from the rates that are shown, which are those
    where the scenario shows rates late and better ones elsewhere.

    Reconstructed: w/f at the nominal clock; P_rx is 0 where the fleet says nothing of receiving;
    ties go to the lower index. The rule looks at each device by itself, so that it serves devices
    in turn as well.

    Args:
        env: The environment or scenario.
        alpha: Weight α on time, in [0, 1].
        server_frequency: See :data:`asl_gym.policies.cuts.ServerFrequency`.
    """

    KNOB: ClassVar[Knob] = Knob(
        "alpha", (0.0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0), "weight on time against energy"
    )

    def __init__(
        self, env: Any, alpha: float = 0.5, server_frequency: ServerFrequency = "max"
    ) -> None:
        super().__init__(env, server_frequency)
        self.alpha = number("alpha", alpha, SHARE)
        points = self.scenario.split_points
        # Devices with fewer split points than others repeat their last one.
        self._own = np.arange(points.most) < points.counts[:, None]
        self._up, self._down = smashed_bits(self.scenario.groups)

    def cuts(self, seen: Observation) -> Splits:
        """See :meth:`CutPolicy.cuts`."""
        time, energy = self._criteria(seen)
        score = self.alpha * self._normalised(time) + (1.0 - self.alpha) * self._normalised(energy)
        return np.asarray(np.where(self._own, score, np.inf).argmin(axis=-1))

    def _criteria(self, seen: Observation) -> tuple[Array, Array]:
        """T [s] and E [J] of every option, shape (..., N, L) each."""
        model = self.scenario.cost_model
        unit, tables = seen.unit_costs(model).at((..., None)), model.tables
        server = tables.server_work / nominal_clock(self.scenario)
        if tables.server_seconds is not None:
            server = server + tables.server_seconds
        sending = self._up * unit.uplink_delay + self._down * unit.downlink_delay
        time = tables.device_work * unit.device_delay + server + sending
        energy = tables.device_work * unit.device_energy + self._up * unit.uplink_energy
        if unit.receiving_energy is not None:
            energy = energy + self._down * unit.receiving_energy
        return time, energy

    def _normalised(self, values: Array) -> Array:
        """Values over their norm over the device's split points; zeros where all are zero."""
        norm = np.sqrt((np.where(self._own, values, 0.0) ** 2).sum(axis=-1, keepdims=True))
        return np.asarray(values / np.where(norm > 0, norm, 1.0))
