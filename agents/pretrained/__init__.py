"""The agents that the repository ships, and what is needed to trust and to evaluate them.

Each is a file of numbers beside its description in the manifest, which tells its SHA-256 too. A
policy is built from code and filled with them, so that loading one runs nothing that the files
hold.
"""

import hashlib
import json
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from stable_baselines3.common.policies import BasePolicy
from torch import Tensor

from agents.pretrained.weights import build, fill, from_bytes
from asl_gym import Policy
from asl_gym.scoring.fitting import PolicyFactory
from asl_gym.validation.json_files import read_json

__all__ = [
    "MANIFEST",
    "continue_from",
    "files_of",
    "folder",
    "load",
    "manifest",
    "shipped_names",
    "training_seed",
]

MANIFEST = "manifest.json"


def folder() -> Path:
    """Where the files are."""
    return Path(str(resources.files("agents.pretrained")))


def manifest() -> dict[str, dict[str, dict[str, Any]]]:
    """What is shipped: per environment id and name the file, its SHA-256 and its making."""
    path = folder() / MANIFEST
    shipped: dict[str, dict[str, dict[str, Any]]] = {}
    return read_json(path, "manifest") if path.exists() else shipped


def shipped_names(env_id: str) -> tuple[str, ...]:
    """Names of the agents shipped for an environment id."""
    return tuple(manifest().get(env_id, {}))


def training_seed(name: str, env_id: str) -> int:
    """The training seed of a shipped agent."""
    return int(_entry(name, env_id)["seed"])


def files_of(name: str, env_id: str) -> dict[str, str]:
    """SHA-256 of all that makes a shipped agent, by name: its weights, and its manifest entry."""
    entry = _entry(name, env_id)
    described = json.dumps(entry, sort_keys=True).encode()
    return {entry["file"]: entry["sha256"], MANIFEST: hashlib.sha256(described).hexdigest()}


def load(name: str, env_id: str) -> Policy | PolicyFactory:
    """Loads a shipped agent, and sets torch to one thread.

    The networks are so small that on more threads a decision takes up to fifty times as long.

    Args:
        name: Its name, one of :func:`shipped_names`.
        env_id: The environment's id.

    Returns:
        What :func:`asl_gym.evaluate` takes: a policy, or for agents that price their decisions in
        the environment's scenario what builds it, called with the environment.

    Raises:
        ValueError: If there is none of that name, or the file is not the one in the manifest.
    """
    entry = _entry(name, env_id)
    weights = _weights(entry)
    torch.set_num_threads(1)
    made_of = entry["environment"], entry["description"]
    return build(entry["algorithm"], env_id, *made_of, weights)


def continue_from(name: str, env_id: str, policy: BasePolicy) -> None:
    """Puts a shipped agent's weights into the policy of a model that is to be trained on.

    Critics and optimisers are not shipped: they start anew.

    Args:
        name: The agent's name, one of :func:`shipped_names`.
        env_id: The environment's id.
        policy: The ``policy`` of a model with the same hyperparameters.

    Raises:
        ValueError: As for :func:`load`, or if the policy has other layers.
    """
    fill(policy, _weights(_entry(name, env_id)))


def _entry(name: str, env_id: str) -> dict[str, Any]:
    if name not in shipped_names(env_id):
        names = ", ".join(shipped_names(env_id)) or "none"
        raise ValueError(f"no agent {name!r} is shipped for {env_id!r}: there are {names}")
    return manifest()[env_id][name]


def _weights(entry: dict[str, Any]) -> dict[str, Tensor]:
    """The weights of a file, of which the very bytes are checked that are read."""
    file = entry["file"]
    if not file or Path(file).name != file or file == "..":
        raise ValueError(f"file = {file!r} in {MANIFEST}: expected a name without folders")
    contents = (folder() / file).read_bytes()
    found = hashlib.sha256(contents).hexdigest()
    if found != entry["sha256"]:
        raise ValueError(f"{file} has SHA-256 {found}: expected {entry['sha256']}; not loaded")
    return from_bytes(contents)
