"""OPEN taken apart, by the field's names: {random, fixed, dynamic} cut × {fixed, optimal} resource.

The fixed resource is the full server clock where devices train in turn and an equal share f_max/N
where they train at once; the optimal one is the solver's upper layer at the scenario's V and queue.
The fixed cut is the common one with the least mean delay (:class:`CommonCut`), the dynamic one the
best for V·D + Q·E in every round. Dynamic cut and optimal resource are OPEN.
"""

from typing import Any, Literal

import numpy as np

from asl_gym.arrays import Array, Splits
from asl_gym.envs.codec import Observation
from asl_gym.policies.base import Policy, shown_problem
from asl_gym.policies.baselines import POLICY_STREAM
from asl_gym.policies.cuts import CutPolicy, ServerFrequency, nominal_clock
from asl_gym.policies.open import OPEN
from asl_gym.policies.schemes.common_cut import CommonCut
from asl_gym.validation.checks import one_of

__all__ = ["ABLATION", "FixedResourceOPEN", "RandomCut", "ablation_policy", "least_deadline"]

Cut = Literal["random", "fixed", "dynamic"]
Resource = Literal["fixed", "optimal"]

CUTS: tuple[Cut, ...] = ("random", "fixed", "dynamic")
RESOURCES: tuple[Resource, ...] = ("fixed", "optimal")

ABLATION = tuple((cut, resource) for cut in CUTS for resource in RESOURCES)
"""The six pairs."""


class RandomCut(CutPolicy):
    """Split points uniform over the admissible ones.

    Args:
        env: The environment or scenario.
        server_frequency: See :data:`asl_gym.policies.cuts.ServerFrequency`.
        seed: Seed of its random generator.
    """

    def __init__(self, env: Any, server_frequency: ServerFrequency = "max", seed: int = 0) -> None:
        super().__init__(env, server_frequency)
        self.begin_episode(seed)

    def begin_episode(self, seed: int) -> None:
        """Restarts the random generator."""
        self._generator = np.random.default_rng([seed, POLICY_STREAM])

    def cuts(self, seen: Observation) -> Splits:
        """See :meth:`CutPolicy.cuts`."""
        counts = self.scenario.split_points.counts
        return self._generator.integers(counts, size=seen.clock_hz.shape)


class FixedResourceOPEN(OPEN):
    """OPEN's cuts where every device's server clock is given: the nominal one.

    The best cuts are exact. In turn the objective is a sum over devices; at once there is, for each
    deadline, a cheapest option of every device that keeps it, and the best deadline is one of the
    N·L delays.
    """

    def decide(self, seen: Observation) -> tuple[Splits, Array]:
        """See :meth:`ScenarioPolicy.decide`."""
        scenario, clock = self.scenario, nominal_clock(self.scenario)
        terms = shown_problem(scenario, seen, self.V, scenario.weights(seen.queue))
        options = terms.options
        delay = options.fixed_delay + options.server_work / clock
        computing = scenario.server.computing_energy(np.array(clock), options.server_work)
        on_server = terms.server_weight[..., None, None]
        cost = terms.device_weight[..., None] * options.device_energy
        cost = cost + on_server * (options.fixed_server_energy + computing)
        if scenario.shares_server:
            deadline = least_deadline(delay, cost, self.V)
            cost = np.where(delay <= deadline[..., None, None], cost, np.inf)
        else:
            cost = self.V * delay + cost
        return cost.argmin(axis=-1), np.full(seen.clock_hz.shape, clock)


def least_deadline(delay: Array, cost: Array, V: float) -> Array:
    """The deadline τ that minimises V·τ + Σ_n (least cost of device n's options within τ).

    Args:
        delay: Delays of options [s], shape (..., N, L).
        cost: Their costs, likewise.
        V: Weight on the deadline.

    Returns:
        Deadlines [s], shape (...).
    """
    order = delay.argsort(axis=-1, kind="stable")
    sooner = np.take_along_axis(delay, order, axis=-1)
    least = np.minimum.accumulate(np.take_along_axis(cost, order, axis=-1), axis=-1)
    change = np.diff(least, axis=-1, prepend=0.0)
    flat = (*delay.shape[:-2], -1)
    deadlines, changes = sooner.reshape(flat), change.reshape(flat)
    order = deadlines.argsort(axis=-1, kind="stable")
    deadlines = np.take_along_axis(deadlines, order, axis=-1)
    total = np.take_along_axis(changes, order, axis=-1).cumsum(axis=-1)
    is_first = np.broadcast_to(np.arange(delay.shape[-1]) == 0, delay.shape).reshape(flat)
    kept = np.take_along_axis(is_first, order, axis=-1).cumsum(axis=-1) == delay.shape[-2]
    best = np.where(kept, V * deadlines + total, np.inf).argmin(axis=-1)
    return np.asarray(np.take_along_axis(deadlines, best[..., None], axis=-1)[..., 0])


def ablation_policy(env: Any, cut: Cut, resource: Resource) -> Policy:
    """One of the six policies.

    Args:
        env: The environment or scenario.
        cut: How split points are chosen.
        resource: How the server's clock is.

    Raises:
        FieldError: If there is no such cut or resource.
    """
    one_of("cut", cut, CUTS)
    one_of("resource", resource, RESOURCES)
    if cut == "dynamic":
        return OPEN(env) if resource == "optimal" else FixedResourceOPEN(env)
    clock: ServerFrequency = "open" if resource == "optimal" else "equal"
    return RandomCut(env, clock) if cut == "random" else CommonCut(env, clock)
