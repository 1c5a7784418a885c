"""
Own network
===========

From a torch module to its cuts, to an environment that plays it, and to where it should be cut.
"""

# %%
# Any module does, with inputs of one sample. Its cuts lie between its operators; here those at
# the ends of the outermost modules are kept (``granularity=1``).

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

import asl_gym
from asl_gym import networks
from asl_gym.advice import advise


def block(inputs, outputs):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))


network = nn.Sequential()
for number, channels in enumerate([(3, 32), (32, 64), (64, 128), (128, 128)], start=1):
    network.add_module(f"block{number}", block(*channels))
network.add_module("flatten", nn.Flatten())
network.add_module("fc1", nn.Linear(128 * 7 * 7, 256))
network.add_module("fc2", nn.Linear(256, 10))
inputs = torch.zeros(1, 3, 112, 112)
profile = networks.profile(network, inputs, name="mine", granularity=1)
print(profile.layer_names)

# %%
# What the cuts trade: bits that cross against computing on the device.

names = profile.layer_names
bits = np.array(profile.activation_bits[1:])
flops = np.add(profile.forward_flops, profile.backward_flops)[1:]
figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
axes.bar(names, bits / 1e6, color="#0072B2")
axes.set(ylabel="crosses [Mbit a sample]", xlabel="cut after the layer")
share = axes.twinx()
share.plot(names, flops / flops[-1], color="#D55E00", marker="o")
share.set_ylabel("computing on the device [share]", color="#D55E00")
plt.show()

# %%
# The halves share the module's weights. What the first gives is what the second takes.

device, server = networks.split(network, inputs, "block2")
crossing = device(inputs)
print([tuple(each.shape) for each in crossing], "→", tuple(server(*crossing).shape))

# %%
# An environment in which ten devices train this network:

workload = asl_gym.Workload(profile, samples_per_round=64)
scenario = asl_gym.preset("default").replace(workload=workload)
(score,) = asl_gym.evaluate(asl_gym.OPEN, seeds=[0], scenario=scenario, horizon=50)
print(f"OPEN: {score.mean_delay_s:.1f} s a round, priced gap {score.priced_gap:.2%}")

# %%
# And where to cut it on real devices:

advice = advise(
    network, inputs, devices="2xraspberry-pi-4,2xphone", server="gpu-server", link="150mbit"
)
print(advice)

# %%
advice.draw("raspberry-pi-4")
