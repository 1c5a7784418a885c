"""Shipping a trained model: its weights as numbers, checked to decide as the model does.

The model is one that was trained here: loading what stable-baselines3 saved runs the code in it.
"""

import hashlib
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.base_class import BaseAlgorithm

from agents import pretrained
from agents.bookkeeping import sha256_of, write_json, write_whole
from agents.configuration import ALGORITHMS, Configuration
from agents.exported.exporting import as_onnx
from agents.exported.playing import agent_of
from agents.playing import as_policy
from agents.pretrained.weights import as_bytes, build, describe, from_bytes
from asl_gym import Evaluator, Policy
from asl_gym.scoring.fitting import PolicyFactory

__all__ = ["ship"]

VERSIONED = ("gymnasium", "numpy", "scipy", "stable-baselines3", "sb3-contrib", "torch")
CHECKED_ROUNDS = 30
ROUNDING = 1e-4
"""By how much frequencies may differ that follow from positions, whose sums are rounded."""


def ship(
    model_path: Path,
    configuration: Configuration,
    making: dict[str, Any],
    also_for: Sequence[str] = (),
) -> Path:
    """Puts a trained model among the shipped ones; nothing is done if it is there already.

    Args:
        model_path: The model that training saved.
        configuration: How it was trained; the agent is shipped under the algorithm's name.
        making: What else the manifest is to tell: ``seed``, ``command``, ``commit``, ….
        also_for: Environment ids that the same agent plays as well.

    Returns:
        The shipped file that is played.

    Raises:
        ValueError: If the shipped weights do not act as the trained model.
    """
    algorithm, env_id = configuration.algorithm, configuration.env_id
    stem, contents = f"{algorithm}-{env_id}", pretrained.manifest()
    played, file = (pretrained.folder() / f"{stem}.{end}" for end in ("onnx", "safetensors"))
    told = {
        **making,
        "algorithm": algorithm,
        "environment": configuration.environment,
        "description": describe(configuration),
        "model_sha256": sha256_of(model_path),
    }
    ids = env_id, *also_for
    if all(told.items() <= contents.get(each, {}).get(algorithm, {}).items() for each in ids):
        return played
    model = ALGORITHMS[algorithm].load(model_path, device="cpu")
    weights = as_bytes(model.policy)
    made_of = configuration.environment, told["description"]
    _check_same_decisions(model, build(algorithm, env_id, *made_of, from_bytes(weights)), env_id)
    network = as_onnx(model.policy, env_id, told["description"]["agent"])
    _check_same_decisions(model, agent_of(network, played.name), env_id)
    entry = {
        "file": file.name,
        "sha256": hashlib.sha256(weights).hexdigest(),
        "played": {"file": played.name, "sha256": hashlib.sha256(network).hexdigest()},
        **told,
        "steps": int(model.num_timesteps),
        "versions": {package: metadata.version(package) for package in VERSIONED},
    }
    for each in ids:
        contents.setdefault(each, {})[algorithm] = entry
    write_whole(file, weights)
    write_whole(played, network)
    write_json(pretrained.folder() / pretrained.MANIFEST, contents, sort_keys=True)
    return played


def _check_same_decisions(
    model: BaseAlgorithm, rebuilt: Policy | PolicyFactory, env_id: str
) -> None:
    """Checks that model and shipped weights decide alike, on one episode.

    Raises:
        ValueError: If they do not, so that something was left out that acting needs.
    """
    evaluator = Evaluator(env_id, horizon=CHECKED_ROUNDS)
    (_, one), (_, other) = (
        next(evaluator.evaluate(policy, [0])) for policy in (as_policy(model), rebuilt)
    )
    same = np.array_equal(one.split, other.split)
    if not same or not np.allclose(one.server_frequency, other.server_frequency, rtol=ROUNDING):
        raise ValueError(
            f"{model!r} decides otherwise with the weights that are shipped: a module that acting "
            "needs has the name of one that only training needs, so give it another name"
        )
