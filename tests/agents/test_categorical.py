"""The batched categorical distribution is stable-baselines3's, only faster."""

from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from stable_baselines3 import PPO
from stable_baselines3.common.distributions import MultiCategoricalDistribution

from agents.categorical import BatchedCategorical, BatchedMlpPolicy
from agents.vec_env import make_vec_env


@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=4),
    st.integers(1, 5),
    st.integers(0, 2**32 - 1),
)
def test_equals_one_distribution_an_index(dims: list[int], batch: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(batch, sum(dims), generator=generator)
    ours, theirs = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    batched = BatchedCategorical(dims).proba_distribution(ours)
    reference = MultiCategoricalDistribution(dims).proba_distribution(theirs)
    actions = reference.sample().float()
    torch.testing.assert_close(batched.log_prob(actions), reference.log_prob(actions))
    torch.testing.assert_close(batched.entropy(), reference.entropy())
    assert torch.equal(batched.mode(), reference.mode())
    for distribution in (batched, reference):
        (distribution.log_prob(actions) + distribution.entropy()).sum().backward()  # type: ignore[no-untyped-call]
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_samples_have_the_probabilities_and_never_a_missing_choice() -> None:
    torch.manual_seed(0)
    dims, logits = [2, 4], torch.tensor([[0.0, 1.0, 2.0, 0.0, -1.0, 0.5]])
    drawn = BatchedCategorical(dims).proba_distribution(logits.expand(40_000, -1)).sample()
    for column, part in zip(drawn.T, torch.split(logits[0], dims), strict=True):
        counts = np.bincount(column.numpy(), minlength=4) / 40_000
        assert counts[len(part) :].sum() == 0
        np.testing.assert_allclose(counts[: len(part)], part.softmax(0).numpy(), atol=0.01)


def test_a_ppo_model_has_it_before_and_after_loading(tmp_path: Path) -> None:
    env = make_vec_env("ASL-v0", 2, action_view="multi_discrete", horizon=5)
    model = PPO(BatchedMlpPolicy, env, n_steps=4, batch_size=8, device="cpu", seed=0)
    model.save(tmp_path / "model.zip")
    loaded = PPO.load(tmp_path / "model.zip", device="cpu")
    observation = env.reset()
    for one in (model, loaded):
        assert isinstance(one.policy.action_dist, BatchedCategorical)
    np.testing.assert_array_equal(
        model.predict(observation, deterministic=True)[0],
        loaded.predict(observation, deterministic=True)[0],
    )


def test_other_action_spaces_are_refused() -> None:
    box = gym.spaces.Box(-1, 1, (2,))
    with pytest.raises(ValueError, match="MultiDiscrete"):
        BatchedMlpPolicy(box, box, lambda _: 1e-3)
