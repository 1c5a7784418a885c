"""
Real training
=============

The network that the environment charges for is trained, in two halves, on the digits of
scikit-learn, cut anew every round where a policy decides.
"""

# %%
# ``Setting`` describes a training in a few words; with a network, data and loss of your own,
# :class:`asl_gym.training.SplitTraining` takes them directly.

import matplotlib.pyplot as plt
import numpy as np
import torch

import asl_gym
from asl_gym.training.setting import Setting

torch.set_num_threads(1)
setting = Setting(rounds=10, samples=48)
policies = {
    "OPEN": asl_gym.OPEN,
    "device only": lambda env: asl_gym.FixedSplit(env, setting.profile.num_layers),
}
played = {name: setting.training(policy).run(setting.rounds) for name, policy in policies.items()}
for name, records in played.items():
    seconds = sum(record.delay_s for record in records)
    print(f"{name}: accuracy {records[-1].accuracy:.1%} after {seconds:.0f} s")

# %%
# What is learned doesn't depend on the cuts: the accuracies are the same, round by round. When
# they are reached does.

assert [r.accuracy for r in played["OPEN"]] == [r.accuracy for r in played["device only"]]

figure, axes = plt.subplots(1, 2, figsize=(7, 3), layout="constrained")
for (name, records), colour in zip(played.items(), ["black", "#D55E00"]):
    accuracy = [100 * record.accuracy for record in records]
    axes[0].plot(np.cumsum([r.delay_s for r in records]), accuracy, color=colour, label=name)
    axes[1].plot(np.cumsum([r.energy_j for r in records]), accuracy, color=colour)
axes[0].set(xlabel="time [s]", ylabel="test accuracy [%]")
axes[1].set(xlabel="energy [J]")
axes[0].legend(frameon=False)
plt.show()

# %%
# The bits that crossed were counted on the way.

first = played["OPEN"][0]
print("cuts of the first round:", first.split)
print("sent by each device [kbit]:", [round(bits / 1e3) for bits in first.uplink_bits])
