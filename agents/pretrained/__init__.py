"""The agents that the repository ships, and what is needed to trust and to evaluate them.

Loading a model runs pickled code, so a file is loaded only if its SHA-256 is the manifest's.
"""

import hashlib
import json
import os
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import torch
from stable_baselines3.common.base_class import BaseAlgorithm

from agents.configuration import ALGORITHMS
from agents.slimming import check_same_decisions, compress, slim

__all__ = ["load", "manifest", "ship", "shipped_names", "training_seed"]

MANIFEST = "manifest.json"
VERSIONED = ("gymnasium", "numpy", "scipy", "stable-baselines3", "sb3-contrib", "torch")


def _folder() -> Path:
    return Path(str(resources.files("agents.pretrained")))


def manifest() -> dict[str, dict[str, dict[str, Any]]]:
    """What is shipped: per environment id and name the file, its SHA-256 and its making."""
    path = _folder() / MANIFEST
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def shipped_names(env_id: str) -> tuple[str, ...]:
    """Names of the agents shipped for an environment id."""
    return tuple(manifest().get(env_id, {}))


def _entry(name: str, env_id: str) -> dict[str, Any]:
    if name not in shipped_names(env_id):
        names = ", ".join(shipped_names(env_id)) or "none"
        raise ValueError(f"no agent {name!r} is shipped for {env_id!r}: there are {names}")
    return manifest()[env_id][name]


def training_seed(name: str, env_id: str) -> int:
    """The training seed of a shipped agent."""
    return int(_entry(name, env_id)["seed"])


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def load(name: str, env_id: str) -> BaseAlgorithm:
    """Loads a shipped agent, and sets torch to one thread.

    The networks are so small that on more threads a decision takes up to fifty times as long.

    Args:
        name: Its name, one of :func:`shipped_names`.
        env_id: The environment's id.

    Returns:
        The model, a policy as it is.

    Raises:
        ValueError: If there is none of that name, or the file is not the one in the manifest.
    """
    entry = _entry(name, env_id)
    path = _folder() / entry["file"]
    found = _sha256(path)
    if found != entry["sha256"]:
        raise ValueError(f"{path} has SHA-256 {found}: expected {entry['sha256']}; not loaded")
    torch.set_num_threads(1)
    return ALGORITHMS[entry["algorithm"]].load(path, device="cpu")


def ship(model_path: Path, name: str, env_id: str, making: dict[str, Any]) -> Path:
    """Puts a trained model among the shipped ones, slim; nothing is done if it is there already.

    Args:
        model_path: The model that training saved.
        name: The name to ship it under.
        env_id: The environment's id.
        making: How it was made: ``algorithm``, ``seed``, ``command``, ``environment``, ``commit``,
            and what else the manifest is to tell.

    Returns:
        The shipped file.

    Raises:
        ValueError: If the slim model does not act as the trained one.
    """
    file, contents = f"{name}-{env_id}.zip", manifest()
    told = {**making, "model_sha256": _sha256(model_path)}
    if told.items() <= contents.get(env_id, {}).get(name, {}).items():
        return _folder() / file
    algorithm = ALGORITHMS[making["algorithm"]]
    model = algorithm.load(model_path, device="cpu")
    slim(model)
    part = _folder() / f"{name}-{env_id}.part.zip"
    model.save(part)
    compress(part)
    loaded = algorithm.load(part, device="cpu")
    check_same_decisions(algorithm.load(model_path, device="cpu"), loaded, env_id)
    os.replace(part, _folder() / file)
    contents.setdefault(env_id, {})[name] = {
        "file": file,
        "sha256": _sha256(_folder() / file),
        **told,
        "steps": int(model.num_timesteps),
        "versions": {package: metadata.version(package) for package in VERSIONED},
    }
    text = json.dumps(contents, indent=1, sort_keys=True) + "\n"
    (_folder() / MANIFEST).write_text(text, encoding="utf-8")
    return _folder() / file
