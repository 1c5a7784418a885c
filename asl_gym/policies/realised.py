"""What a policy can tell of a round that it has played, once the next one is shown.

No policy is told the costs of its decisions where device parameters are known, and none needs to
be: they follow from the decision and the rates and clocks of its round. Rates that are current were
shown when it was made; rates that lag a round behind are those of the played round when the next is
shown. Where parameters are not known, the devices' realised delays and energies are part of the
observation. Rates that lag behind more than a round leave the last round's costs unknown.
"""

from typing import NamedTuple

import numpy as np

from asl_gym.arrays import Array, Splits
from asl_gym.envs.codec import Observation
from asl_gym.model.costs import RoundCosts
from asl_gym.scenario.scenario import Scenario
from asl_gym.validation.checks import FieldError

__all__ = ["PlayedRound", "check_costs_are_known", "realised_costs"]


class PlayedRound(NamedTuple):
    """A decision and what it was made by.

    Attributes:
        seen: What was shown.
        split_index: Indices into the admissible split points, shape (..., N).
        server_frequency_hz: Server frequencies [Hz], shape (..., N).
    """

    seen: Observation
    split_index: Splits
    server_frequency_hz: Array


def check_costs_are_known(scenario: Scenario) -> None:
    """Refuses scenarios in which the last round's costs cannot be told.

    Raises:
        FieldError: If rates lag behind more than a round.
    """
    lag = scenario.knowledge.csi_delay_rounds
    if lag > 1:
        allowed = "0 or 1, so that a round's rates are known when the next one is decided"
        raise FieldError("knowledge.csi_delay_rounds", lag, allowed)


def realised_costs(scenario: Scenario, played: PlayedRound, now: Observation) -> RoundCosts:
    """What the last round cost, arrays of shape (..., N) and (...), up to float32's precision.

    Args:
        scenario: One that :func:`check_costs_are_known` accepts.
        played: The last round.
        now: What is shown now.
    """
    model, seen = scenario.cost_model, played.seen
    if scenario.knowledge.csi_delay_rounds:
        seen = seen._replace(uplink_bps=now.uplink_bps, downlink_bps=now.downlink_bps)
    chosen = model.chosen_options(played.split_index, seen.unit_costs(model))
    costs = model.round_costs(chosen, played.server_frequency_hz)
    if now.device_delay is None or now.device_energy is None:
        return costs
    energy = np.asarray(now.device_energy.sum(axis=-1) + costs.server_energy)
    return RoundCosts(now.device_delay, now.device_energy, costs.server_energy, energy)
