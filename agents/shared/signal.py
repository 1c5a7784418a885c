"""What the shared agent learns from: what each split point would have cost in a round.

Once a round has been played its real rates and device parameters can be known, and with them what
every split point would have cost each device at the same queue, not only the one that was played.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from asl_gym.arrays import Array
from asl_gym.envs.codec import Codec
from asl_gym.envs.simulation import Simulation
from asl_gym.model.costs import UnitCosts
from asl_gym.scenario.scenario import Scenario
from asl_gym.solvers.round_problem import RoundProblem
from asl_gym.solvers.sequential import option_shares

__all__ = ["Regrets", "regrets", "spread_of", "weighted_regrets"]

BALANCE = 0.5
"""Power of a device's typical cost by which it counts: between each alike (0) and joules (1)."""


class Regrets(NamedTuple):
    """What the split points of a round would have cost beyond the best, each device's scaled.

    Attributes:
        regret: Shape (B, N, L), 0 at the best in hindsight.
        best: The best in hindsight, shape (B, N).
    """

    regret: NDArray[np.float32]
    best: NDArray[np.int64]


def regrets(simulation: Simulation, codec: Codec, observation: NDArray[np.float32]) -> Regrets:
    """The regrets of the round that is about to be played, at its real rates and parameters.

    They are scaled by what is shown alone, so that the split point of least expected regret is
    that of least expected drift plus penalty.

    Args:
        simulation: The environments.
        codec: The codec of their ``devices`` observations.
        observation: What they show, shape (B, N + 1, F).

    Raises:
        ValueError: If devices do not train in turn, so that costs do not come apart by device.
    """
    scenario = simulation.scenario
    if scenario.schedule != "sequential":
        raise ValueError(f"schedule = {scenario.schedule!r}: expected 'sequential'")
    seen = codec.decode(observation)
    shown = seen.unit_costs(scenario.cost_model)
    return weighted_regrets(simulation, spread_of(_shares(scenario, shown, simulation.queue)))


def spread_of(costs: Array) -> Array:
    """Mean less minimum over the split points, shape (..., N, 1), of costs of shape (..., N, L).

    It is 1 where all cost the same, so that there is nothing to scale.
    """
    spread = costs.mean(axis=-1, keepdims=True) - costs.min(axis=-1, keepdims=True)
    return np.where(spread > 0, spread, 1.0)


def weighted_regrets(simulation: Simulation, spread: Array) -> Regrets:
    """The regrets of the round that is about to be played, scaled by a spread of costs.

    Args:
        simulation: The environments, whose devices train in turn.
        spread: What tells a device's typical cost, of what is shown alone, shape (B, N, 1).
    """
    weight = (spread / spread.mean()) ** BALANCE / spread
    real = simulation.unit_costs()
    share = _shares(simulation.scenario, real, simulation.queue)
    best = share.argmin(axis=-1)
    regret = (share - share.min(axis=-1, keepdims=True)) * weight
    return Regrets(regret.astype(np.float32), best)


def _shares(scenario: Scenario, unit: UnitCosts, queue: Array) -> Array:
    options = scenario.cost_model.all_options(unit)
    problem = RoundProblem.of(scenario, options, scenario.V, scenario.weights(queue))
    return option_shares(problem).share
