"""
Own scheme
==========

A scheme that reasons in joules and seconds: each device takes its fastest cut within its share of
the budget. Fifteen lines, then a comparison with OPEN on the same traces.
"""

# %%
# :class:`asl_gym.ScenarioPolicy` decodes the observation and gives three tables, a row a device
# and a column a cut: fixed delay, fixed energy, server work. What is left to write is ``decide``.

import matplotlib.pyplot as plt
import numpy as np

import asl_gym


class CapPerDevice(asl_gym.ScenarioPolicy):
    """Each device's fastest cut within its share of the budget, else its thriftiest."""

    def decide(self, seen):
        server, options = self.scenario.server, self.options(seen)
        f = server.clock_max_hz / 2
        delay = options.fixed_delay + options.server_work / f
        energy = options.fixed_energy + server.capacitance * options.server_work * f**2
        share = self.scenario.energy_budget / self.scenario.num_devices
        within = energy <= share
        capped = np.where(within, delay, np.inf).argmin(axis=-1)
        split_index = np.where(within.any(axis=-1), capped, energy.argmin(axis=-1))
        return split_index, np.full(split_index.shape, f)


# %%
# All policies play the same traces: a seed decides the luck, whatever the policy does.

policies = {"OPEN": asl_gym.OPEN, "cap per device": CapPerDevice}
evaluator = asl_gym.Evaluator("ASL-v0")
played = {
    name: list(evaluator.evaluate(policy, seeds=range(5))) for name, policy in policies.items()
}
for name, episodes in played.items():
    gap = np.mean([score.priced_gap for score, _ in episodes])
    ratio = np.mean([score.energy_ratio for score, _ in episodes])
    print(f"{name:15s} priced gap {gap:6.1%}, energy over budget {ratio:.2f}")

# %%
# A cap on each round wastes what a device doesn't need now, where a queue carries it over.

figure, axes = plt.subplots(1, 2, figsize=(7, 3), layout="constrained")
for (name, episodes), colour in zip(played.items(), ["black", "#D55E00"]):
    _, series = episodes[0]
    axes[0].plot(np.cumsum(series.delay) / 3600, color=colour, label=name)
    axes[1].plot(np.cumsum(series.energies.sum(axis=-1)) / 1000, color=colour)
budget = evaluator.scenario.energy_budget / 1000
rounds = np.arange(evaluator.scenario.horizon)
axes[1].plot(budget * (rounds + 1), color="grey", linestyle="--", label="budget")
axes[0].set(xlabel="round", ylabel="time so far [h]")
axes[1].set(xlabel="round", ylabel="energy so far [kJ]")
for each in axes:
    each.legend(frameon=False)
plt.show()

# %%
# In the benchmark's table, beside fixed cuts and agents, the same class takes part by
# ``python -m benchmarks --policy 3_own_scheme.py:CapPerDevice``.
