"""
First steps
===========

An episode of ``ASL-v0``, first with random cuts, then with OPEN, and how far each is from the
best that any policy could have done.
"""

# %%
# The environment is made as any of Gymnasium's. An action is a split point for each of the ten
# devices; the solver gives the server's frequency, which depends on the queue.

import gymnasium as gym
import matplotlib.pyplot as plt

import asl_gym

env = gym.make("ASL-v0")
observation, info = env.reset(seed=0)
print(env.action_space)
print(f"budget: {env.unwrapped.energy_budget:.0f} J a round")

# %%
# A round tells what it cost, of the whole system and of each device.

env.action_space.seed(0)
observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
print(f"{info['delay']:.0f} s, {info['energy']:.0f} J, queue {info['queue']:.0f} J")
print("cuts after layers", info["split"])

# %%
# ``evaluate`` plays a policy on the traces of some seeds and scores each episode. The priced gap
# is what delay and energy cost together beyond the hindsight frontier, below which no policy can
# lie.

policies = {
    "OPEN": asl_gym.OPEN,
    "greedy for delay": asl_gym.GreedyDelay,
    "greedy for energy": asl_gym.GreedyEnergy,
    "random": asl_gym.RandomPolicy,
}
scores = {name: asl_gym.evaluate(policy, seeds=range(3)) for name, policy in policies.items()}
for name, found in scores.items():
    mean = sum(score.priced_gap for score in found) / len(found)
    print(f"{name:18s} priced gap {mean:6.1%}")

# %%
# In a picture of seed 0: the dashed line is the budget, the grey line the frontier of this seed's
# trace. A point right of the budget has overspent.

evaluator = asl_gym.Evaluator("ASL-v0")
energies, delays = evaluator.frontier(0).curve([0.001 * 1.3**k for k in range(40)])
figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
axes.plot(energies, delays, color="grey", label="hindsight frontier")
for (name, found), colour in zip(scores.items(), ["black", "#D55E00", "#0072B2", "#009E73"]):
    axes.scatter(found[0].mean_energy_j, found[0].mean_delay_s, color=colour, label=name, zorder=3)
axes.axvline(env.unwrapped.energy_budget, color="grey", linestyle="--", linewidth=1)
axes.set(xscale="log", yscale="log", xlabel="mean energy a round [J]", ylabel="mean delay [s]")
axes.set_xticks([50, 100, 200, 500], [50, 100, 200, 500])
axes.set_yticks([150, 200, 300, 400, 600], [150, 200, 300, 400, 600])
axes.minorticks_off()
axes.legend(frameon=False)
plt.show()
