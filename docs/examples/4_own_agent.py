"""
Own agent
=========

Plain PPO of stable-baselines3 on ``ASL-v0``, and how near to OPEN it comes.
"""

# %%
# The defaults are chosen for it: the view ``split`` is a ``MultiDiscrete``, and with the reward
# ``linear_drift`` and γ = 0 the best response to each round is OPEN's decision.
# ``NativeVecEnv`` hands over a batch of environments that is stepped by one compiled call.

import gymnasium as gym
import matplotlib.pyplot as plt
import numpy as np
import torch
from gymnasium.vector import AutoresetMode
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback

import asl_gym
from agents.vec_env import NativeVecEnv

torch.set_num_threads(1)
NUM_ENVS, ROLLOUTS, STEPS = 64, 24, 64
envs = gym.make_vec("ASL-v0", num_envs=NUM_ENVS, autoreset_mode=AutoresetMode.SAME_STEP)
model = PPO(
    "MlpPolicy",
    NativeVecEnv(envs.unwrapped),
    gamma=0.0,
    n_steps=STEPS,
    batch_size=512,
    learning_rate=1e-3,
    seed=0,
)

# %%
# A curve of the reward. That of OPEN on the same environments is what to compare it with.


class Curve(BaseCallback):
    """Keeps the mean reward of each rollout."""

    def __init__(self):
        super().__init__()
        self.rewards = []

    def _on_step(self):
        return True

    def _on_rollout_end(self):
        self.rewards.append(self.model.rollout_buffer.rewards.mean())


curve = Curve()
model.learn(NUM_ENVS * STEPS * ROLLOUTS, callback=curve)

env = gym.make("ASL-v0", action_view=asl_gym.OPEN.action_view)
policy = asl_gym.OPEN(env)
paid, truncated = [], False
observation, _ = env.reset(seed=0)
while not truncated:
    observation, reward, _, truncated, _ = env.step(policy.predict(observation)[0])
    paid.append(reward)

figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
axes.plot(NUM_ENVS * STEPS * np.arange(1, ROLLOUTS + 1), curve.rewards, label="PPO")
axes.axhline(np.mean(paid), color="black", linestyle="--", label="OPEN, seed 0")
axes.set(xlabel="steps", ylabel="mean reward of a round")
axes.legend(frameon=False)
plt.show()

# %%
# A model of stable-baselines3 is a policy as it is. This one has trained for seconds; the shipped
# one, which is played from a file without torch, for longer.

from agents import pretrained

for name, agent in (("this PPO", model), ("shipped PPO", pretrained.load("ppo", "ASL-v0"))):
    scores = asl_gym.evaluate(agent, "ASL-v0", seeds=range(3))
    print(f"{name:12s} priced gap {np.mean([score.priced_gap for score in scores]):6.1%}")
