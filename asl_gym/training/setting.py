"""A training described by a few words: data, network, division, schedule, and how it learns."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch.nn.functional as F
from torch import nn

from asl_gym.model.components import Schedule, Workload
from asl_gym.model.profiles import NetworkProfile
from asl_gym.networks import profile
from asl_gym.policies.base import Policy
from asl_gym.scenario.building import with_settings
from asl_gym.scenario.presets import preset
from asl_gym.scenario.scenario import Scenario
from asl_gym.scoring.evaluation import Evaluator
from asl_gym.scoring.fitting import PolicyFactory
from asl_gym.training.channel import DeviceLink
from asl_gym.training.data import LabelledImages, digits, read_folder, split_over_devices
from asl_gym.training.networks import build_trained, default_network
from asl_gym.training.shards import Shard
from asl_gym.training.split_training import SplitTraining
from asl_gym.validation.checks import POSITIVE, FieldError, number, one_of, whole_number

__all__ = ["ENV_IDS", "Setting", "cosine"]

PRESETS = {"sequential": "default", "parallel": "parallel"}
ENV_IDS = {"sequential": "ASL-v0", "parallel": "ASLParallel-v0"}
"""The environment of each schedule."""

SAID_ELSEWHERE = ("workload", "horizon", "schedule", "num_devices")
"""Fields of the scenario that other fields of a setting say."""


def cosine(rate: float, rounds: int) -> Callable[[int], float]:
    """A learning rate that falls to nothing over so many rounds along half a cosine."""

    def at(round_index: int) -> float:
        share = min(round_index / rounds, 1 - 0.5 / rounds)
        return rate * 0.5 * (1 + math.cos(math.pi * share))

    return at


@dataclass(frozen=True)
class Setting:
    """What is trained, on what, and how.

    Attributes:
        data: Folder of the images; ``None`` for the digits that come with scikit-learn.
        network: The network's name; ``None`` for that of the images' shape.
        devices: Number of devices.
        split: How the samples are divided, see :mod:`asl_gym.training.data`.
        alpha: Concentration of the Dirichlet division.
        rounds: Rounds, over which the learning rate falls to nothing.
        samples: Samples of each device in a round.
        batch_size: Samples that run through the network together.
        learning_rate: Step size of SGD in the first round.
        momentum: Momentum of SGD.
        schedule: ``"sequential"`` or ``"parallel"``.
        seed: Seed of weights, division, order, masks and the environment's episode.
        settings: Fields of the schedule's scenario by path, see :func:`asl_gym.with_settings`;
            what is said above is not said here.
    """

    data: Path | None = None
    network: str | None = None
    devices: int = 10
    split: str = "equal"
    alpha: float = 0.5
    rounds: int = 20
    samples: int = 64
    batch_size: int = 16
    learning_rate: float = 0.05
    momentum: float = 0.0
    schedule: Schedule = "sequential"
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("devices", "rounds", "samples", "batch_size"):
            whole_number(name, getattr(self, name), 1)
        whole_number("seed", self.seed, 0)
        number("learning_rate", self.learning_rate, POSITIVE)
        one_of("schedule", self.schedule, tuple(PRESETS))
        for path in self.settings:
            if path.partition(".")[0] in SAID_ELSEWHERE:
                allowed = f"a field of the scenario other than {', '.join(SAID_ELSEWHERE)}"
                raise FieldError("settings", path, f"{allowed}, which have options of their own")

    @cached_property
    def images(self) -> LabelledImages:
        """The data."""
        return digits() if self.data is None else read_folder(self.data)

    @cached_property
    def parts(self) -> list[Any]:
        """Indices of each device's samples."""
        labels = self.images.labels
        return split_over_devices(labels, self.devices, self.split, self.seed, self.alpha)

    @property
    def shards(self) -> list[Shard]:
        """Each device's samples."""
        return [Shard(self.images.train, part) for part in self.parts]

    def build_module(self) -> nn.Module:
        """The network with its first weights."""
        return build_trained(self.network or default_network(self.images.shape), self.seed)

    @cached_property
    def profile(self) -> NetworkProfile:
        """The network's profile, at the ends of its layers."""
        name = self.network or default_network(self.images.shape)
        inputs = self.images.train.tensors[0][:1]
        return profile(self.build_module(), inputs, name=name, granularity=1, dominated=True)

    @cached_property
    def scenario(self) -> Scenario:
        """The schedule's scenario with this network, fleet and number of rounds."""
        base = preset(PRESETS[self.schedule])
        if self.devices != base.num_devices:
            base = base.with_num_devices(self.devices)
        workload = Workload(
            self.profile, self.samples, batch_size=self.batch_size, momentum=self.momentum
        )
        base = base.replace(workload=workload, horizon=self.rounds)
        changed = with_settings(base, self.settings) if self.settings else base
        if changed.num_devices != self.devices:
            raise FieldError("settings", changed.num_devices, f"a fleet of {self.devices} devices")
        return changed

    def training(
        self,
        policy: Policy | PolicyFactory,
        shards: Sequence[Shard] | None = None,
        links: Sequence[DeviceLink] | None = None,
    ) -> SplitTraining:
        """The training under a policy.

        Args:
            policy: The policy, or what builds it from the environment.
            shards: What the server knows of the devices' samples; by default all.
            links: The devices, where they are not to be in this process.
        """
        player, env, _ = self.evaluator.seated(policy)
        return SplitTraining(
            self.build_module(),
            F.cross_entropy,
            shards or self.shards,
            env,
            player,
            learning_rate=cosine(self.learning_rate, self.rounds),
            seed=self.seed,
            test=Shard(self.images.test),
            links=links,
        )

    @cached_property
    def evaluator(self) -> Evaluator:
        """The evaluation that plays policies in its environment, its clock and meter."""
        return Evaluator(ENV_IDS[self.schedule], scenario=self.scenario)

    def replace(self, **changes: Any) -> "Setting":
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)
