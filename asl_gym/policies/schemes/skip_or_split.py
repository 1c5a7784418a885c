"""Each device trains all by itself or cuts at one common place, whichever is faster."""

from typing import Any, ClassVar

import numpy as np

from asl_gym.arrays import Splits
from asl_gym.envs.codec import Observation
from asl_gym.policies.cuts import CutPolicy, ServerFrequency, nominal_delay
from asl_gym.policies.knobs import SPLIT_KNOB, Knob

__all__ = ["SkipOrSplit"]


class SkipOrSplit(CutPolicy):
    """ℓ ∈ {ℓ₀, L} for each device, by the less delay.

    In the manner of hybrid split federated learning (HSFL), in which some devices train the whole
    network and others split it: its idea alone, grade B. Reconstructed: a device skips the split
    where training all by itself is faster at the nominal server clock; a tie is split.

    Args:
        env: The environment or scenario.
        split: The common split point ℓ₀.
        server_frequency: See :data:`asl_gym.policies.cuts.ServerFrequency`.

    Raises:
        FieldError: If ℓ₀ or the end of a device's network is no admissible split point of it.
    """

    KNOB: ClassVar[Knob] = SPLIT_KNOB

    def __init__(self, env: Any, split: int, server_frequency: ServerFrequency = "max") -> None:
        super().__init__(env, server_frequency)
        scenario, self.split = self.scenario, split
        devices = range(scenario.num_devices)
        ends = [scenario.workload_of(n).profile.num_layers for n in devices]
        self._split = scenario.split_points.index_of(split)
        self._skip = scenario.split_points.index_of(ends)

    def cuts(self, seen: Observation) -> Splits:
        """See :meth:`CutPolicy.cuts`."""
        delay, devices = nominal_delay(self.scenario, seen), np.arange(self.scenario.num_devices)
        skips = delay[..., devices, self._skip] < delay[..., devices, self._split]
        return np.where(skips, self._skip, self._split)
