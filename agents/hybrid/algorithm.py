"""The hybrid agent as a stable-baselines3 algorithm: proposals, exact prices, imitation.

In the manner of LyDROO (Bi, Huang, Wang, Zhang, IEEE TWC 2021): each round the network proposes
candidate splits, the solver's upper layer prices every one of them exactly, the cheapest is played,
and the network learns to propose it first. The solver's own choice of splits is never used.
"""

from typing import Any, ClassVar, Unpack

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.type_aliases import GymEnv, Schedule
from stable_baselines3.common.vec_env import VecEnv
from torch.nn.functional import cross_entropy

from agents.hybrid.network import ProposalPolicy
from agents.hybrid.policy import HybridPolicy
from agents.rollouts import BaseArguments, RolloutAlgorithm
from asl_gym import Scenario
from asl_gym.validation.checks import whole_number

__all__ = ["Hybrid"]


class Hybrid(RolloutAlgorithm):
    """Learns to propose splits that the solver's upper layer finds cheap.

    It trains on each rollout as PPO does, without a replay buffer, so that a checkpoint is complete
    but for the environments' state. The mutations of training follow from the seed and the number
    of steps done before.

    Args:
        policy: ``"MlpPolicy"``.
        env: The environment, with ``action_view="split"``.
        learning_rate: Learning rate of Adam, a number or a schedule.
        num_candidates: Candidates K that a decision prices; in training as many mutations again.
        n_steps: Rounds of a rollout in each environment.
        batch_size: Decisions of a gradient step.
        n_epochs: Passes over each rollout.
        **base: stable-baselines3's; ``policy_kwargs`` are those of
            :class:`agents.hybrid.network.ProposalPolicy`, ``seed`` is that of weights, mutations
            and environments.
    """

    policy_aliases: ClassVar[dict[str, type[BasePolicy]]] = {"MlpPolicy": ProposalPolicy}
    policy: ProposalPolicy

    def __init__(
        self,
        policy: str | type[ProposalPolicy],
        env: GymEnv | str | None,
        learning_rate: float | Schedule = 1e-3,
        num_candidates: int = 32,
        n_steps: int = 16,
        batch_size: int = 1024,
        n_epochs: int = 4,
        **base: Unpack[BaseArguments],
    ) -> None:
        self.num_candidates = whole_number("num_candidates", num_candidates, 1)
        self.n_epochs = whole_number("n_epochs", n_epochs, 1)
        self._own_policy: HybridPolicy | None = None
        self._saved_scenario: Scenario | None = None
        base["policy_kwargs"] = base.get("policy_kwargs") or {"net_arch": [128, 128]}
        super().__init__(policy, env, learning_rate, n_steps, batch_size, **base)

    def _setup_model(self) -> None:
        super()._setup_model()
        self._played: list[tuple[NDArray[np.float32], NDArray[np.int64]]] = []
        if self.env is not None:
            self._adopt_scenario(self.env)

    def _adopt_scenario(self, env: VecEnv) -> None:
        """Prices in an environment's scenario from now on."""
        scenario: Scenario = env.get_attr("scenario")[0]
        self._own_policy = self.policy_for(scenario)
        # A copy, without what the scenario has computed, keeps the saved file small.
        self._saved_scenario = scenario.replace()

    @property
    def scenario(self) -> Scenario:
        """The scenario that :meth:`predict` prices in, the training environment's.

        Raises:
            ValueError: If the model never had an environment.
        """
        return self._own().scenario

    def _own(self) -> HybridPolicy:
        if self._own_policy is None:
            if self._saved_scenario is None:
                raise ValueError("the model has no scenario to price in: give it an environment")
            self._own_policy = self.policy_for(self._saved_scenario.replace())
        return self._own_policy

    def set_env(self, env: GymEnv, force_reset: bool = True) -> None:
        """See :meth:`BaseAlgorithm.set_env`; candidates are then priced in its scenario."""
        super().set_env(env, force_reset)
        assert self.env is not None
        self._adopt_scenario(self.env)

    def policy_for(self, env: Any) -> HybridPolicy:
        """The policy in an environment or scenario, in which it prices its candidates.

        Raises:
            ValueError: If the network does not fit the scenario.
        """
        return HybridPolicy(self.policy, self.num_candidates, env)

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], Any]:
        """Decides in the training environment's scenario, see :meth:`HybridPolicy.predict`."""
        return self._own().predict(observation, state, episode_start, deterministic)

    def _act(self, observations: NDArray[np.float32]) -> NDArray[np.int64]:
        actions = self._own().explore(observations, self._rng)
        self._played.append((observations, actions))
        return actions

    def _improve(self) -> None:
        observations, played = map(np.concatenate, zip(*self._played, strict=True))
        self._played = []
        device = self.device
        self._imitate(
            torch.as_tensor(observations, device=device), torch.as_tensor(played, device=device)
        )

    def _imitate(self, observations: torch.Tensor, played: torch.Tensor) -> None:
        """Makes the splits that were played more probable."""
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        losses = []
        for _ in range(self.n_epochs):
            order = torch.as_tensor(self._rng.permutation(len(observations)), device=self.device)
            for start in range(0, len(order), self.batch_size):
                batch = order[start : start + self.batch_size]
                logits = self.policy(observations[batch])
                loss = cross_entropy(logits.flatten(0, 1), played[batch].flatten())
                self.policy.optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                self.policy.optimizer.step()
                losses.append(loss.item())
        self._n_updates += len(losses)
        self.policy.set_training_mode(False)
        agreement = (self.policy(observations).argmax(dim=-1) == played).double().mean()
        self._record_training(loss=np.mean(losses), agreement=agreement)

    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), "_own_policy", "_played"]
