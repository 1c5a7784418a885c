"""The evaluation: one loop for heuristics, OPEN, trained models and a user's own policy.

A policy plays one episode per evaluation seed. The seed decides the trace, so that all policies
meet the same luck, and each episode is scored against the hindsight frontier of its trace, or, on
batteries, against the hindsight bound.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import gymnasium as gym
import numpy as np

from asl_gym.envs.actions import DEFAULT_VIEW
from asl_gym.policies.base import Policy, ScenarioPolicy, scenario_of
from asl_gym.policies.harvest.base import HarvestPolicy
from asl_gym.scenario.building import ScenarioArguments
from asl_gym.scoring.episodes import (
    EpisodeScore,
    EpisodeSeries,
    score_on_batteries,
    series_of,
)
from asl_gym.scoring.fitting import PolicyFactory, build_policy, observation_view_of, view_of
from asl_gym.scoring.frontier import HindsightFrontier
from asl_gym.scoring.hindsight import KnownEpisode, hindsight_bound
from asl_gym.scoring.normalisation import as_trained
from asl_gym.traces.trace import Trace
from asl_gym.validation.checks import FieldError, sequence, whole_number

__all__ = ["Evaluator", "evaluate", "play_episode"]


class Evaluator:
    """Plays policies on common traces and scores them; frontiers are computed once a seed.

    Args:
        env_id: The environment's id.
        **env_kwargs: Its keyword arguments but ``action_view`` and ``observation``, which the
            policy decides.
    """

    def __init__(self, env_id: str = "ASL-v0", **env_kwargs: Any) -> None:
        for name in ("action_view", "observation"):
            if name in env_kwargs:
                raise ValueError(f"{name} is decided by the policy: leave it out")
        self.env_id, self.env_kwargs = env_id, env_kwargs
        self.scenario = scenario_of(self.make_env())
        # The scenario as it came out, so that fleet and budget are made once for all episodes.
        held = {"scenario", *ScenarioArguments.__optional_keys__}
        rest = {name: kept for name, kept in env_kwargs.items() if name not in held}
        self.env_kwargs = {**rest, "scenario": self.scenario}
        self._frontiers: dict[int, HindsightFrontier] = {}
        self._bounds: dict[int, float] = {}

    def make_env(self, view: str = DEFAULT_VIEW, observation: str = "flat") -> gym.Env[Any, Any]:
        """Builds the environment in which a policy of those views acts and sees."""
        return gym.make(
            self.env_id,
            action_view=view,
            observation=observation,
            disable_env_checker=True,
            **self.env_kwargs,
        ).unwrapped

    def frontier(self, seed: int) -> HindsightFrontier:
        """The hindsight frontier of a seed's trace.

        Raises:
            FieldError: If the devices have batteries.
        """
        if seed not in self._frontiers:
            self._frontiers[seed] = HindsightFrontier(self.scenario, self._trace(seed))
        return self._frontiers[seed]

    def bound(self, seed: int) -> float:
        """The hindsight bound on the mean round delay of a seed's trace, on batteries [s].

        Raises:
            FieldError: If the devices have none.
        """
        if seed not in self._bounds:
            episode = KnownEpisode.of(self.scenario, self._trace(seed))
            self._bounds[seed] = hindsight_bound(episode).bound / self.scenario.horizon
        return self._bounds[seed]

    def _trace(self, seed: int) -> Trace:
        env: Any = self.make_env()
        env.reset(seed=seed)
        trace: Trace = env.trace
        return trace

    def evaluate(
        self, policy: Policy | PolicyFactory, seeds: Iterable[int], name: str | None = None
    ) -> Iterator[tuple[EpisodeScore, EpisodeSeries]]:
        """Plays an episode per seed.

        Args:
            policy: A policy, or a class or function that builds one from an environment.
            seeds: Evaluation seeds.
            name: The policy's name in the results; its class's by default.

        A model of stable-baselines3 that was trained on normalised observations sees such here,
        see :mod:`asl_gym.scoring.normalisation`.

        Yields:
            The score and the rounds of each episode.

        Raises:
            ValueError: If the policy does not fit the environment, or lacks the statistics by which
                its observations were normalised.
        """
        given = sequence("seeds", seeds, "evaluation seeds")
        seeds = [whole_number(f"seeds[{i}]", seed, 0) for i, seed in enumerate(given)]
        if not seeds:
            raise FieldError("seeds", seeds, "at least one evaluation seed")
        player, env, own_name = self.seated(policy)
        _warm_up(player, env, seeds[0])
        for seed in seeds:
            series = play_episode(player, env, seed)
            yield self.score(series, name or own_name, seed), series

    def seated(self, policy: Policy | PolicyFactory) -> tuple[Policy, gym.Env[Any, Any], str]:
        """The policy as it plays, the environment in its views, and its class's name.

        Raises:
            ValueError: As for :meth:`evaluate`.
        """
        built = build_policy(policy, self.make_env(getattr(policy, "action_view", DEFAULT_VIEW)))
        if isinstance(built, ScenarioPolicy) and built.scenario != self.scenario:
            raise ValueError(
                f"policy = {built!r} was built for another scenario than the evaluation's: hand "
                "over its class, or give the evaluation the same environment arguments"
            )
        harvest = self.env_kwargs.get("harvest")
        if isinstance(built, HarvestPolicy) and built.harvest != harvest:
            raise ValueError(
                f"policy = {built!r} was built for harvest = {built.harvest!r}, the evaluation has "
                f"{harvest!r}: hand over its class, or build it from the same environment"
            )
        views = view_of(built, self.scenario), observation_view_of(built, self.scenario)
        return as_trained(built), self.make_env(*views), type(built).__name__

    def episodes(
        self, policy: Policy | PolicyFactory, seeds: Iterable[int]
    ) -> Iterator[EpisodeSeries]:
        """Plays an episode per seed, without scoring it.

        Args:
            policy: As for :meth:`evaluate`.
            seeds: Evaluation seeds.
        """
        player, env, _ = self.seated(policy)
        for seed in seeds:
            yield play_episode(player, env, seed)

    def remembers(self, policy: Policy | PolicyFactory, seed: int) -> bool:
        """Whether a policy decides otherwise when it plays an episode again.

        Then its scores depend on what it has played before: it learns while it plays, or draws at
        random without ``begin_episode(seed)``.
        """
        player, env, _ = self.seated(policy)
        first, second = (play_episode(player, env, seed) for _ in range(2))
        same = np.array_equal(first.split, second.split)
        return not (same and np.array_equal(first.server_frequency, second.server_frequency))

    def score(self, series: EpisodeSeries, name: str, seed: int) -> EpisodeScore:
        """Scores an episode against the frontier of its trace, or against the hindsight bound."""
        if self.scenario.batteries is not None:
            return score_on_batteries(self.scenario, self.bound(seed), series, name, seed)
        budgets, frontier = self.scenario.energy_budgets, self.frontier(seed)
        energies, delay = series.energies.mean(axis=0), float(series.delay.mean())
        at_budget, at_spent = frontier.at_budget(), frontier.at(energies)
        price = float(at_budget.multipliers @ (energies - budgets))
        priced = at_budget.status == "ok"
        return EpisodeScore(
            policy=name,
            evaluation_seed=seed,
            rounds=len(series.delay),
            mean_delay_s=delay,
            mean_energy_j=float(series.energy.mean()),
            energy_budget_j=self.scenario.energy_budget,
            energy_ratio=float((energies / budgets).max()),
            frontier_delay_s=at_budget.delay if priced else float("nan"),
            frontier_gap=delay / at_spent.delay - 1 if at_spent.status == "ok" else float("nan"),
            priced_gap=(delay + price) / at_budget.delay - 1 if priced else float("nan"),
            frontier_status=at_spent.status if priced else at_budget.status,
            final_queue_j=float(series.queue[-1]),
            decision_time_us=1e6 * float(np.median(series.decision_time)),
        )


def evaluate(
    policy: Policy | PolicyFactory,
    env_id: str = "ASL-v0",
    seeds: Iterable[int] = range(20),
    name: str | None = None,
    **env_kwargs: Any,
) -> list[EpisodeScore]:
    """Evaluates one policy; a score per seed, see :class:`Evaluator`.

    Args:
        policy: A policy, or a class or function that builds one from an environment.
        env_id: The environment's id.
        seeds: Evaluation seeds.
        name: The policy's name in the results; its class's by default.
        **env_kwargs: The environment's keyword arguments.
    """
    evaluator = Evaluator(env_id, **env_kwargs)
    return [score for score, _ in evaluator.evaluate(policy, seeds, name)]


def play_episode(policy: Policy, env: Any, seed: int) -> EpisodeSeries:
    """Plays one episode, timing every decision.

    Args:
        policy: The policy.
        env: The environment, in the policy's action view.
        seed: The episode's seed; also handed to ``policy.begin_episode`` where there is one.
    """
    if hasattr(policy, "begin_episode"):
        policy.begin_episode(seed)
    observation, _ = env.reset(seed=seed)
    state, start, ended = None, np.ones(1, dtype=bool), False
    rounds: list[Mapping[str, Any]] = []
    times: list[float] = []
    while not ended:
        before = time.perf_counter()
        action, state = policy.predict(
            observation, state=state, episode_start=start, deterministic=True
        )
        times.append(time.perf_counter() - before)
        observation, _, terminated, truncated, info = env.step(action)
        start, ended = np.zeros(1, dtype=bool), terminated or truncated
        rounds.append(info)
    return series_of(rounds, np.array(times), env.unwrapped.scenario.num_budgets)


def _warm_up(policy: Policy, env: gym.Env[Any, Any], seed: int) -> None:
    """Asks for a decision before any is timed, so that what compiles has compiled."""
    if hasattr(policy, "begin_episode"):
        policy.begin_episode(seed)
    observation, _ = env.reset(seed=seed)
    start = np.ones(1, dtype=bool)
    policy.predict(observation, state=None, episode_start=start, deterministic=True)
