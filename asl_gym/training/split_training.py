"""Split training under a policy: its decisions, executed round by round on real data."""

import copy
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from torch import Tensor, nn

from asl_gym.networks.chain import NamedLayers
from asl_gym.policies.base import Policy
from asl_gym.scoring.fitting import PolicyFactory
from asl_gym.training.channel import DeviceLink, Turn
from asl_gym.training.cut_network import Chained
from asl_gym.training.errors import TrainingError
from asl_gym.training.learning import accuracy, class_count, example_inputs
from asl_gym.training.memory_link import MemoryLink
from asl_gym.training.playing import Play
from asl_gym.training.records import Checkpoint, RoundRecord, digest_of
from asl_gym.training.schedules import TrainedRound, train_round
from asl_gym.training.shards import Shard, check_labels
from asl_gym.training.side import Loss, Recipe
from asl_gym.training.sides import DeviceSide, ServerSide
from asl_gym.validation.checks import POSITIVE, FieldError, number, whole_number

__all__ = ["LearningRate", "SplitTraining"]

LearningRate = float | Callable[[int], float]
"""Step size of SGD, or a function that gives it from the round."""


class SplitTraining:
    """A network trained in two halves, cut where a policy decides.

    Each round the policy decides from the environment's observation, the environment says what the
    round costs, and it is trained: every device runs its half on its own samples, hands over the
    tensors that cross, the server's half runs forward and backward, the gradients come back and the
    device's half steps. Nothing else is handed over, and all of it is counted. What is learned does
    not depend on the cuts in either schedule (see :mod:`asl_gym.training.schedules`), only on the
    shards, the seed and the learning rate; where a round's samples come in batches, each of
    ``workload.batch_size``, it depends on that as well.

    A device keeps its samples. Their labels lie at the server as well, which was given them once,
    before the first round, unless they travel with every batch.

    Args:
        module: The network, in the mode in which it trains; or a chain of (name, module) pairs as
            :func:`asl_gym.networks.cuts` takes it. It is trained itself, not a copy.
        loss: From the network's output and labels to one number.
        shards: Each device's samples.
        env: The environment, in the view that the policy acts in; its scenario's workload has the
            network's profile, the samples of a round and of a batch, and SGD's momentum, whose
            state moves with its layers.
        policy: The policy, or what builds it from the environment.
        learning_rate: Step size of SGD, or a function that gives it from the round.
        seed: Seed of the episode, the order of samples and dropout masks.
        labels_travel: Whether labels go up with what crosses and are counted.
        test: Samples to test on after each round.
        links: The devices, where they are not to be in this process.

    Attributes:
        module: The network.
        records: The rounds so far.

    Raises:
        FieldError: (a ValueError) If there is another number of shards than of devices, a label is
            out of range, the network has no cut at a split point, or weights are tied across it.
    """

    def __init__(
        self,
        module: nn.Module | NamedLayers,
        loss: Loss,
        shards: Sequence[Shard],
        env: gym.Env[Any, Any],
        policy: Policy | PolicyFactory,
        *,
        learning_rate: LearningRate,
        seed: int = 0,
        labels_travel: bool = False,
        test: Shard | None = None,
        links: Sequence[DeviceLink] | None = None,
    ) -> None:
        self.module = module if isinstance(module, nn.Module) else Chained(module)
        self._play = Play(env, policy, whole_number("seed", seed, 0))
        self.records: list[RoundRecord] = []
        self._rate, self._test = learning_rate, test
        workload = self._play.scenario.workload
        self._check_count(shards)
        classes = class_count(self.module, loss, shards[0].batch(np.zeros(1, dtype=np.int64))[0])
        recipe = Recipe(workload, loss, seed, labels_travel, classes)
        labels = self._checked_labels(shards, classes)
        self._samples = [len(shard) for shard in shards]
        example = example_inputs(shards[0], workload)
        self._server = ServerSide(self.module, recipe, labels, example)
        for inputs in example.values():
            self._server.network.check(workload.admissible_splits, inputs)
        self._links = links or self._in_memory(shards, recipe)

    def _check_count(self, shards: Sequence[Shard]) -> None:
        devices = self._play.scenario.num_devices
        if len(shards) != devices:
            given, allowed = f"{len(shards)} shards", f"one for each of {devices} devices"
            raise FieldError("shards", given, allowed)

    def _checked_labels(self, shards: Sequence[Shard], classes: int | None) -> list[Tensor]:
        labels = [shard.labels() for shard in shards]
        if classes is not None:
            for device, each in enumerate(labels):
                check_labels(f"shard of device {device}:", each, classes)
            if self._test is not None:
                check_labels("test samples:", self._test.labels(), classes)
        return labels

    def _in_memory(self, shards: Sequence[Shard], recipe: Recipe) -> list[DeviceLink]:
        """Devices in this process, which share a replica: each turn begins with what it is sent."""
        side = DeviceSide(copy.deepcopy(self.module), recipe)
        return [MemoryLink(side, shard) for shard in shards]

    def run(self, rounds: int, folder: Path | None = None) -> list[RoundRecord]:
        """Trains until there have been so many rounds.

        Args:
            rounds: How many, at most the scenario's horizon.
            folder: Where the state is kept after each round; where there is one already, the
                training goes on from it.

        Returns:
            The records of all rounds.
        """
        for _ in self.rounds(rounds, folder):
            pass
        return self.records

    def rounds(self, rounds: int, folder: Path | None = None) -> Iterator[RoundRecord]:
        """Trains as :meth:`run` does; yields each record once its round is on the disk.

        Raises:
            FieldError: If there are more rounds than the horizon has.
            TrainingError: If a loss is no number, no device is left, or the folder holds another
                training.
        """
        whole_number("rounds", rounds, 1, self._play.scenario.horizon)
        if folder is not None and not self.records:
            self._go_on(folder)
        while len(self.records) < rounds:
            record = self._round()
            if len(record.lost) == len(record.split):
                told = "; ".join(record.lost)
                raise TrainingError(f"round {record.round_index}: no device is left: {told}")
            self.records.append(record)
            if folder is not None:
                Checkpoint(self.identity, self._server.state(), self.records).write(folder)
            yield self.records[-1]

    def _go_on(self, folder: Path) -> None:
        """Takes over the state of a checkpoint, and plays its rounds anew, which costs little."""
        found = Checkpoint.read(folder, self.identity)
        if found is None:
            return
        for record in found.records:
            split = tuple(int(each) for each in self._play.next_round()["split"])
            if split != record.split:
                allowed = f"{record.split}, as in {folder}: the policy has to decide as it did"
                raise FieldError(f"split points of round {record.round_index}", split, allowed)
        self._server.load(found.tensors)
        self.records = list(found.records)

    @property
    def identity(self) -> Mapping[str, Any]:
        """What makes this training what it is, as JSON types."""
        recipe, scenario = self._server.recipe, self._play.scenario
        tensors = self._server.network.tensors
        return {
            "network": {name: list(each.shape) for name, each in tensors.items()},
            "scenario": digest_of(scenario.to_dict()),
            "shards": digest_of(*self._server.labels),
            "seed": recipe.seed,
            "labels_travel": recipe.labels_travel,
            "learning_rate": [self._rate_at(each) for each in range(scenario.horizon)],
        }

    def _rate_at(self, round_index: int) -> float:
        rate = self._rate(round_index) if callable(self._rate) else self._rate
        return number("learning_rate", rate, POSITIVE)

    def _round(self) -> RoundRecord:
        info, index = self._play.next_round(), len(self.records)
        rate, start = self._rate_at(index), time.perf_counter()
        turns = [Turn(index, n, int(split), rate) for n, split in enumerate(info["split"])]
        schedule = self._play.scenario.schedule
        trained = train_round(schedule, self._server, turns, self._links, self._samples)
        seconds = time.perf_counter() - start
        found = None if self._test is None else accuracy(self.module, self._test)
        return _record(info, trained, turns, found, seconds)


def _record(
    info: Mapping[str, Any],
    trained: TrainedRound,
    turns: Sequence[Turn],
    found: float | None,
    seconds: float,
) -> RoundRecord:
    losses = [each for turn, each in zip(turns, trained.losses, strict=True)
              if turn.device not in trained.lost]  # fmt: skip
    return RoundRecord(
        round_index=turns[0].round_index,
        split=tuple(turn.split for turn in turns),
        delay_s=float(info["delay"]),
        energy_j=float(info["energy"]),
        loss=float(np.mean(losses)) if losses else float("nan"),
        accuracy=found,
        uplink_bits=tuple(each.up for each in trained.traffic),
        downlink_bits=tuple(each.down for each in trained.traffic),
        other_bits=tuple(each.aside for each in trained.traffic),
        computing_s=seconds,
        lost=tuple(f"device {device}: {why}" for device, why in sorted(trained.lost.items())),
    )
