"""Policies that choose split points by a rule of their own and take the server's clock as given.

The sources of most schemes leave the server's clock alone, so that it is full; where devices share
it, it is divided so that the round ends soonest for the chosen split points: no scheme shall fall
behind by what its source says nothing of. The rules themselves reckon with each device's nominal
clock: the full one where devices train in turn, an equal share f_max/N where they train at once.
"""

from abc import abstractmethod
from typing import Any, ClassVar, Literal

import numpy as np

from asl_gym.arrays import Array, Splits
from asl_gym.envs.codec import Observation
from asl_gym.model import lyapunov
from asl_gym.model.components import Schedule
from asl_gym.policies.base import ScenarioPolicy
from asl_gym.policies.knobs import BOTH, CLOCK_KNOB, Knob
from asl_gym.scenario.scenario import Scenario
from asl_gym.solvers.round_problem import best_frequencies
from asl_gym.solvers.sequential import optimal_frequency
from asl_gym.validation.checks import one_of

__all__ = ["CutPolicy", "ServerFrequency", "nominal_clock", "nominal_delay", "server_clocks"]

ServerFrequency = Literal["max", "equal", "open"]
"""``"max"``: the full server clock (where devices share it, divided so that the round ends
soonest). ``"equal"``: the nominal clock. ``"open"``: OPEN's choice, the solver's upper layer with
the scenario's V and the queue."""

SERVER_FREQUENCIES = ("max", "equal", "open")


def nominal_clock(scenario: Scenario) -> float:
    """Full clock where devices train in turn, f_max/N where they train at once [Hz]."""
    full = scenario.server.clock_max_hz
    return full / scenario.num_devices if scenario.shares_server else full


def nominal_delay(scenario: Scenario, seen: Observation) -> Array:
    """A + w/f of every option at the nominal clock f by what is shown [s], shape (..., N, L)."""
    model = scenario.cost_model
    options = model.all_options(seen.unit_costs(model))
    return np.asarray(options.fixed_delay + options.server_work / nominal_clock(scenario))


def server_clocks(
    scenario: Scenario, how: ServerFrequency, split_index: Splits, seen: Observation
) -> Array:
    """Server frequencies for chosen split points [Hz], shape (..., N).

    Args:
        scenario: The scenario.
        how: See :data:`ServerFrequency`.
        split_index: Indices into the admissible split points, shape (..., N).
        seen: The observation.
    """
    if how == "equal" or (how == "max" and not scenario.shares_server):
        return np.full(split_index.shape, nominal_clock(scenario))
    model = scenario.cost_model
    weight = np.zeros(seen.rounds_left.shape)
    if how == "open":
        weight = lyapunov.server_weight(scenario.weights(seen.queue))
    if scenario.shares_server:
        chosen = model.chosen_options(split_index, seen.unit_costs(model))
        frequency = best_frequencies(scenario, chosen, scenario.V, weight)
    else:
        # The best frequency is the same whatever is chosen.
        frequency = optimal_frequency(scenario.V, weight, scenario.device_server)[..., None]
    return np.broadcast_to(frequency, split_index.shape)


class CutPolicy(ScenarioPolicy):
    """A policy of which only the rule for split points is its own.

    Args:
        env: The environment or scenario.
        server_frequency: See :data:`ServerFrequency`.

    Attributes:
        KNOB: What is swept.
        SCHEDULES: The schedules that it fits.
    """

    KNOB: ClassVar[Knob] = CLOCK_KNOB
    SCHEDULES: ClassVar[tuple[Schedule, ...]] = BOTH

    def __init__(self, env: Any, server_frequency: ServerFrequency = "max") -> None:
        super().__init__(env)
        one_of("server_frequency", server_frequency, SERVER_FREQUENCIES)
        self.server_frequency = server_frequency

    @abstractmethod
    def cuts(self, seen: Observation) -> Splits:
        """Indices into the admissible split points, shape (..., N), for an observation."""

    def decide(self, seen: Observation) -> tuple[Splits, Array]:
        """See :meth:`ScenarioPolicy.decide`."""
        split_index = self.cuts(seen)
        return split_index, server_clocks(self.scenario, self.server_frequency, split_index, seen)
