"""The agents that the repository ships, and what is needed to trust and to evaluate them.

Each is an ONNX file that is played without torch, and a file of its weights to train on from. The
manifest tells what each is and the SHA-256 of both, and loading one runs nothing that the files
hold.
"""

import hashlib
import json
from importlib import resources
from pathlib import Path
from typing import Any

from agents.exported.playing import agent_of
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
    "onnx_of",
    "shipped_names",
    "training_seed",
]

MANIFEST = "manifest.json"
"""Name of the file that tells what is shipped."""


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
    """SHA-256 of all that makes a shipped agent, by name: its network, and its manifest entry."""
    entry = _entry(name, env_id)
    described = json.dumps(entry, sort_keys=True).encode()
    played = entry["played"]
    return {played["file"]: played["sha256"], MANIFEST: hashlib.sha256(described).hexdigest()}


def load(name: str, env_id: str) -> Policy | PolicyFactory:
    """Loads a shipped agent.

    Args:
        name: Its name, one of :func:`shipped_names`.
        env_id: The environment's id.

    Returns:
        What :func:`asl_gym.evaluate` takes: a policy, or for agents that price their decisions in
        the environment's scenario what builds it, called with the environment.

    Raises:
        ValueError: If there is none of that name, or the file is not the one in the manifest.
    """
    return agent_of(onnx_of(name, env_id), f"{name} of {env_id}")


def onnx_of(name: str, env_id: str) -> bytes:
    """The contents of a shipped agent's ONNX file; arguments and errors as for :func:`load`."""
    return _contents(_entry(name, env_id)["played"])


def continue_from(name: str, env_id: str, policy: Any) -> None:
    """Puts a shipped agent's weights into the policy of a model that is to be trained on.

    Critics and optimisers are not shipped: they start anew.

    Args:
        name: The agent's name, one of :func:`shipped_names`.
        env_id: The environment's id.
        policy: The ``policy`` of a model with the same hyperparameters.

    Raises:
        ValueError: As for :func:`load`, or if the policy has other layers.
    """
    # Here, since it takes torch, which playing does not.
    from agents.pretrained.weights import fill, from_bytes

    fill(policy, from_bytes(_contents(_entry(name, env_id))))


def _entry(name: str, env_id: str) -> dict[str, Any]:
    if name not in shipped_names(env_id):
        names = ", ".join(shipped_names(env_id)) or "none"
        raise ValueError(f"no agent {name!r} is shipped for {env_id!r}: there are {names}")
    return manifest()[env_id][name]


def _contents(described: dict[str, Any]) -> bytes:
    """The contents of a file, of which the very bytes are checked that are read."""
    file = described["file"]
    if not file or Path(file).name != file or file == "..":
        raise ValueError(f"file = {file!r} in {MANIFEST}: expected a name without folders")
    contents: bytes = (folder() / file).read_bytes()
    found = hashlib.sha256(contents).hexdigest()
    if found != described["sha256"]:
        allowed = f"expected {described['sha256']}; not loaded"
        raise ValueError(f"{file} has SHA-256 {found}: {allowed}")
    return contents
