"""Random scenarios that the generalist is trained on: networks, fleets, links and knowledge."""

from dataclasses import replace
from typing import Any

import numpy as np

from agents.fleets import FIRST_FLEET_SEED
from asl_gym import NetworkProfile, Scenario, preset
from asl_gym.scenario.building import with_settings

__all__ = ["SHIPPED", "drawn_network", "drawn_scenario"]

SHIPPED = ("deep_lenet", "lenet5", "alexnet", "vgg16_cifar", "inception_v3")
"""Shipped networks that are trained on; the others are left for evaluation."""

DRAWN_NETWORKS = 0.5
"""Share of scenarios whose network is drawn rather than a shipped one."""

LAGS = (0, 0, 1, 1, 2, 3)
"""Rounds by which rates are shown late, each as likely."""

UNKNOWN_DEVICES = 0.5
"""Share of scenarios with rates that are known whose device parameters aren't."""


def drawn_network(rng: np.random.Generator) -> NetworkProfile:
    """A network of random layers: work, activations and parameters of any proportion.

    Work and parameters of the layers are log-normal; activations are a random walk in the logarithm
    that falls towards the output. A backward pass costs twice the forward pass.
    """
    layers = int(rng.integers(4, 25))
    work = rng.lognormal(0.0, 1.2, layers)
    work *= 10 ** rng.uniform(6.0, 9.0) / work.sum()
    parameters = rng.lognormal(0.0, 1.5, layers)
    parameters *= 10 ** rng.uniform(5.5, 9.0) / parameters.sum()
    size = 10 ** rng.uniform(4.0, 6.5)
    walk = np.cumsum(rng.normal(-3.0 / layers, 0.5, layers))
    activations = [size, *(size * np.exp(walk))]
    activations[-1] = 32.0 * 10 ** rng.uniform(1.0, 3.0)
    forward = np.concatenate([[0.0], np.cumsum(work)])
    return NetworkProfile(
        name="drawn",
        layer_names=tuple(f"layer{i}" for i in range(1, layers + 1)),
        forward_flops=tuple(forward),
        backward_flops=tuple(2.0 * forward),
        activation_bits=tuple(activations),
        parameter_bits=tuple(np.concatenate([[0.0], np.cumsum(parameters)])),
    )


def drawn_scenario(rng: np.random.Generator) -> Scenario:
    """A scenario of a random network, fleet, link, budget, fading, knowledge and knob v."""
    scenario = preset("default").with_num_devices(
        int(rng.integers(5, 21)), seed=FIRST_FLEET_SEED + int(rng.integers(10_000))
    )
    network = str(rng.choice(SHIPPED))
    settings: dict[str, Any] = {
        "workload.profile": network,
        "radio.bandwidth_hz": 10 ** rng.uniform(6.7, 7.7),
        "radio.shadowing_std_db": rng.uniform(3.0, 10.0),
        "radio.shadowing_correlation": rng.uniform(0.5, 0.98),
        "radio.fading": str(rng.choice(["block", "block", "ergodic", "none"])),
        "budget_fraction": rng.uniform(0.1, 0.6),
        "v": 10 ** rng.uniform(0.3, 1.2),
    }
    lag = int(rng.choice(LAGS))
    if lag:
        settings["knowledge.csi_delay_rounds"] = lag
    elif rng.random() < UNKNOWN_DEVICES:
        settings["knowledge.parameter_error"] = rng.uniform(1.5, 4.0)
    scenario = with_settings(scenario, settings)
    if rng.random() >= DRAWN_NETWORKS:
        return scenario
    workload = replace(scenario.workload, profile=drawn_network(rng))
    return scenario.replace(workload=workload)
