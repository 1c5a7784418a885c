"""The price of given splits: drift plus penalty with the best server frequency.

This is the per-round problem's upper layer alone, for policies that search over splits by
themselves and need to know what each candidate is worth.
"""

import numpy as np
from numpy.typing import NDArray

from asl_gym import lyapunov
from asl_gym.observations import Observation
from asl_gym.scenario import Scenario

__all__ = ["price_splits"]


def price_splits(
    scenario: Scenario, seen: Observation, split_index: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The least V·D + Σ_k Q_k (Ē/Ē_k) E_k of each candidate under what is shown.

    Args:
        scenario: Gives the costs, V, the budgets and the schedule.
        seen: The observation in physical units, arrays of shape (..., N).
        split_index: K candidates for each observation, indices into the admissible split points,
            shape (..., K, N).

    Returns:
        Objectives [J²], shape (..., K).

    Raises:
        ValueError: If the candidates' shape does not fit the observation's.
    """
    expected = seen.clock_hz.shape
    if (*split_index.shape[:-2], *split_index.shape[-1:]) != expected or split_index.ndim < 2:
        raise ValueError(
            f"split_index has shape {split_index.shape}: expected (..., K, N) for observations of "
            f"shape (..., N) = {expected}"
        )
    model = scenario.cost_model
    unit = model.unit_costs(seen.uplink_bps, seen.downlink_bps, seen.clock_hz)
    weights = seen.queue * scenario.budget_weights
    on_energies = lyapunov.energy_weights(weights, scenario.num_devices)
    options = model.all_options(unit)
    return scenario.rules.price(options, scenario.server, scenario.V, *on_energies, split_index)
