"""
V study
=======

OPEN has one knob, *v*: how much a second is worth against what has been overspent. A small *v*
keeps the queue short and follows it nervously; a large one takes long to settle. What does that
cost over 200 rounds?
"""

# %%
# Each *v* plays the traces of the same seeds.

import matplotlib.pyplot as plt
import numpy as np

import asl_gym

knobs = [0.2, 0.5, 1, 2, 5, 10, 20, 50]
evaluator = asl_gym.Evaluator("ASL-v0")
gaps, ratios = [], []
for v in knobs:
    played = evaluator.evaluate(lambda env, v=v: asl_gym.OPEN(env, v=v), seeds=range(8))
    scores = [score for score, _ in played]
    gaps.append([100 * score.priced_gap for score in scores])
    ratios.append([score.energy_ratio for score in scores])

# %%
# Lines are means over the seeds, bands their range.

figure, axes = plt.subplots(1, 2, figsize=(7, 3), layout="constrained")
labels = "priced gap [%]", "energy over budget"
for each, values, label in zip(axes, (gaps, ratios), labels):
    values = np.array(values)
    each.plot(knobs, values.mean(axis=1), color="#0072B2", marker="o")
    each.fill_between(knobs, values.min(axis=1), values.max(axis=1), color="#0072B2", alpha=0.2)
    each.set(xscale="log", xlabel="v", ylabel=label)
    each.set_xticks(knobs, knobs)
    each.minorticks_off()
axes[1].axhline(1, color="grey", linestyle="--", linewidth=1)
plt.show()

# %%
best = knobs[int(np.argmin(np.mean(gaps, axis=1)))]
print(
    f"least priced gap at v = {best}, over budget by {np.mean(ratios[knobs.index(best)]) - 1:.1%}"
)

# %%
# With more policies, networks of jobs and figures for print, the same study is
# ``python -m benchmarks study v``. It is described by a file of a few lines.
