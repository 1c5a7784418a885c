"""A trained model from its file alone: which algorithm it is of, and the statistics beside it.

A file of stable-baselines3 holds the model's attributes but not the name of its class, which is
found here from the names of the attributes, and of the network's parameters. They are read without
unpickling anything; loading the model does unpickle, so only your own files are safe.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import torch
from stable_baselines3.common.base_class import BaseAlgorithm

from agents.playing import with_statistics
from asl_gym.validation.checks import FieldError

__all__ = ["algorithm_of", "load_model", "statistics_beside"]

EXPECTED = "a file that a model's save() of stable-baselines3 or sb3-contrib wrote"

ALGORITHMS_BY_ATTRIBUTES: tuple[tuple[frozenset[str], str], ...] = tuple(
    (frozenset(attributes.split()), algorithm)
    for attributes, algorithm in (
        ("multiplier", "agents.ppo_lagrangian.PPOLagrangian"),
        ("num_candidates", "agents.hybrid.algorithm.Hybrid"),
        ("buffer_rounds imitation", "agents.shared.algorithm.Shared"),
        ("buffer_rounds", "agents.generalist.algorithm.Generalist"),
        ("sweeps trace_decay", "agents.price_network.algorithm.PriceNetwork"),
        ("balance decays", "agents.device_ppo.algorithm.DevicePPO"),
        ("delta_std_schedule", "sb3_contrib.ARS"),
        ("cg_max_steps", "sb3_contrib.TRPO"),
        ("n_quantiles", "sb3_contrib.QRDQN"),
        ("exploration_rate", "stable_baselines3.DQN"),
        ("top_quantiles_to_drop_per_net", "sb3_contrib.TQC"),
        ("target_entropy policy_delay", "sb3_contrib.CrossQ"),
        ("target_entropy", "stable_baselines3.SAC"),
        # DDPG's policy is that of TD3 with one critic.
        ("target_policy_noise", "stable_baselines3.TD3"),
        ("clip_range maskable", "sb3_contrib.MaskablePPO"),
        ("clip_range lstm_actor", "sb3_contrib.RecurrentPPO"),
        ("clip_range", "stable_baselines3.PPO"),
        ("normalize_advantage gae_lambda", "stable_baselines3.A2C"),
    )
)
"""What tells an algorithm, the first that fits: attributes, and traits of the policy."""


class _Contents(NamedTuple):
    """What is read of a file: the model's attributes, and the names of the network's parameters."""

    attributes: dict[str, Any]
    parameters: list[str]

    @property
    def traits(self) -> set[str]:
        """Attributes, and what the policy has beside them."""
        kind = self.attributes.get("policy_class")
        module = str(kind.get("__module__", "")) if isinstance(kind, dict) else ""
        parts = {name.partition(".")[0] for name in self.parameters}
        return {*self.attributes, *parts, *module.split(".")}


def algorithm_of(path: str | Path) -> type[BaseAlgorithm]:
    """The algorithm's class of a model that was saved.

    Args:
        path: The zip file. A class of one's own is told as the algorithm that it is derived from.

    Raises:
        FieldError: If it is no such file, or of an algorithm that is not known.
    """
    traits = _contents(Path(path)).traits
    for attributes, place in ALGORITHMS_BY_ATTRIBUTES:
        if attributes <= traits:
            module, _, name = place.rpartition(".")
            found: type[BaseAlgorithm] = getattr(import_module(module), name)
            return found
    known = ", ".join(place.rpartition(".")[2] for _, place in ALGORITHMS_BY_ATTRIBUTES)
    raise FieldError("model", str(path), f"a model of one of {known}")


def _contents(path: Path) -> _Contents:
    with _readable("model", path, EXPECTED), zipfile.ZipFile(path) as archive:
        attributes = json.loads(archive.read("data"))
        weights = io.BytesIO(archive.read("policy.pth"))
        return _Contents(dict(attributes), list(torch.load(weights, weights_only=True)))


def statistics_beside(path: str | Path) -> Path | None:
    """The file of ``VecNormalize`` that lies beside a model's, if one does.

    It is called ``vecnormalize.pkl`` or ``vec_normalize.pkl``, or as the model with
    ``_vecnormalize`` at its end, or as stable-baselines3's checkpoints name it.

    Raises:
        FieldError: If there are several.
    """
    folder, stem = Path(path).parent, Path(path).stem
    of_checkpoint = re.sub(r"_(\d+_steps)$", r"_vecnormalize_\1", stem)
    own = {f"{stem}_vecnormalize", *({of_checkpoint} - {stem})}
    found = [folder / f"{name}.pkl" for name in (*sorted(own), "vecnormalize", "vec_normalize")]
    found = [each for each in found if each.is_file()]
    found = [each for each in found if each.stem in own] or found
    if len(found) > 1:
        told = ", ".join(each.name for each in found)
        raise FieldError("model", str(path), f"one file of VecNormalize beside it, not {told}")
    return found[0] if found else None


def load_model(path: str | Path) -> BaseAlgorithm:
    """Loads a model and gives it the statistics that lie beside it.

    Args:
        path: The zip file. Loading it runs the code that is pickled in it.

    Returns:
        The model, see :func:`agents.playing.as_policy`.

    Raises:
        FieldError: If it is no model's file, or cannot be loaded.
    """
    algorithm, statistics = algorithm_of(path), statistics_beside(path)
    # So small a network is slower on more threads.
    torch.set_num_threads(1)
    with _readable("model", path, f"a model that {algorithm.__name__}.load() reads"):
        model = algorithm.load(path, device="cpu")
    if statistics is None:
        return model
    with _readable("statistics", statistics, "a file that VecNormalize.save() wrote"):
        return with_statistics(model, statistics)


@contextmanager
def _readable(field: str, path: str | Path, allowed: str) -> Iterator[None]:
    """Turns whatever unpickling raises into an error that names the file."""
    try:
        yield
    except FieldError:
        raise
    except Exception as error:
        told = f"{allowed} ({type(error).__name__}: {error})"
        raise FieldError(field, str(path), told) from error
