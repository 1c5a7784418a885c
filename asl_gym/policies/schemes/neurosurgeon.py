"""Neurosurgeon's second mode: the least energy of the device, whatever it costs the server."""

import numpy as np

from asl_gym.arrays import Splits
from asl_gym.envs.codec import Observation
from asl_gym.policies.cuts import CutPolicy, nominal_delay

__all__ = ["LeastDeviceEnergy"]


class LeastDeviceEnergy(CutPolicy):
    """Argmin_ℓ of the device's own energy, computing and radio; the server's doesn't count.

    Kang et al., "Neurosurgeon: Collaborative Intelligence Between the Cloud and Mobile Edge",
    ASPLOS 2017, grade B: there for inference, here for a round of training. Reconstructed: ties go
    to the less delay at the nominal clock, then to the lower index. Its first mode, the least
    delay, is :class:`asl_gym.GreedyDelay`.

    Args:
        env: The environment or scenario.
        server_frequency: See :data:`asl_gym.policies.cuts.ServerFrequency`.
    """

    def cuts(self, seen: Observation) -> Splits:
        """See :meth:`CutPolicy.cuts`."""
        model = self.scenario.cost_model
        energy = model.all_options(seen.unit_costs(model)).device_energy
        least = energy == energy.min(axis=-1, keepdims=True)
        delay = nominal_delay(self.scenario, seen)
        return np.asarray(np.where(least, delay, np.inf).argmin(axis=-1))
