"""What is learned does not depend on the cuts: against plain SGD and federated averaging."""

import copy
from collections.abc import Sequence
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from asl_gym import Workload
from asl_gym.training import RoundRecord
from asl_gym.training.batches import batches_of, mask_seed
from tests.training.small import (
    NETWORKS,
    SAMPLES,
    built,
    chain_of,
    scenario_of,
    shards,
    training_of,
)

ROUNDS, RATE, SEED = 20, 0.05, 3
TOLERANCE = 1e-9


class WholeNetwork:
    """A device's turn on the whole network, by torch's own optimiser.

    Dropout's masks are what both sides have to agree on, so that each of its modules is seeded as
    the masks' seed says; nothing else is shared with what is tested.
    """

    def __init__(self, module: nn.Module, momentum: float) -> None:
        self.module = module
        self.optimiser = torch.optim.SGD(module.parameters(), lr=RATE, momentum=momentum)
        self.place = (0, 0, 0)
        for path, each in module.named_modules():
            if isinstance(each, nn.Dropout):
                each.register_forward_pre_hook(lambda *_, path=path: self.seed(path))

    def seed(self, path: str) -> None:
        torch.manual_seed(mask_seed(SEED, *self.place, path))

    def turn(self, round_index: int, device: int, workload: Any, shard: Any) -> None:
        inputs, labels = shard.dataset.tensors
        for batch in batches_of(workload, SEED, round_index, device, len(shard)):
            self.place = round_index, device, batch.number
            chosen = torch.as_tensor(shard.indices[batch.positions])
            self.optimiser.zero_grad()
            loss: Any = F.cross_entropy(self.module(inputs[chosen]), labels[chosen])
            loss.backward()
            self.optimiser.step()


def plain_sgd(module: nn.Module, momentum: float) -> dict[str, torch.Tensor]:
    """One network, one device after another."""
    whole, workload = WholeNetwork(module, momentum), scenario_of(module).workload
    for round_index in range(ROUNDS):
        for device, shard in enumerate(shards()):
            whole.turn(round_index, device, workload, shard)
    return module.state_dict()


def federated_averaging(module: nn.Module, momentum: float) -> dict[str, torch.Tensor]:
    """Algorithm 1 of McMahan et al. (2017) with the momentum averaged as the weights are."""
    workload, sizes = scenario_of(module).workload, [len(shard) for shard in shards()]
    weights, velocity = copy.deepcopy(module.state_dict()), None
    for round_index in range(ROUNDS):
        states, velocities = [], []
        for device, shard in enumerate(shards()):
            local = copy.deepcopy(module)
            local.load_state_dict(weights)
            whole = WholeNetwork(local, momentum)
            if velocity:
                whole.optimiser.load_state_dict(copy.deepcopy(velocity))
            whole.turn(round_index, device, workload, shard)
            states.append(local.state_dict())
            velocities.append(whole.optimiser.state_dict())
        for name in weights:
            mean = sum(s[name].double() * n for s, n in zip(states, sizes, strict=True)) / sum(
                sizes
            )
            weights[name] = mean.round().long() if "num_batches" in name else mean
        if momentum:
            velocity = copy.deepcopy(velocities[0])
            for index, each in velocity["state"].items():
                each["momentum_buffer"] = sum(
                    v["state"][index]["momentum_buffer"] * n
                    for v, n in zip(velocities, sizes, strict=True)
                ) / sum(sizes)
    return weights


REFERENCES = {"sequential": plain_sgd, "parallel": federated_averaging}


@pytest.mark.parametrize("schedule", REFERENCES)
@pytest.mark.parametrize(
    ("network", "momentum"), [*((name, 0.0) for name in NETWORKS), ("residual", 0.9)]
)
def test_any_cuts_learn_what_the_whole_network_learns(
    network: str, schedule: str, momentum: float
) -> None:
    """Cuts are drawn at random, for each device and round anew; the devices' replica is spoilt."""
    module = built(network)
    expected = REFERENCES[schedule](copy.deepcopy(module), momentum)
    trained = chain_of(module) if network == "chain" else module
    training = training_of(trained, schedule, momentum=momentum, learning_rate=RATE, seed=SEED)
    spoil(training)
    records = training.run(ROUNDS)
    assert len({split for record in records for split in record.split}) > 5
    assert any(len(set(record.split)) == 3 for record in records)
    check_counted_bits(records, scenario_of(trained, momentum=momentum).workload)
    for name, value in module.state_dict().items():
        scale = max(1.0, float(expected[name].abs().max()))
        difference = float((value - expected[name]).abs().max())
        assert difference <= TOLERANCE * scale, (name, difference)


def check_counted_bits(records: Sequence[RoundRecord], workload: Workload) -> None:
    """The bits counted are the workload's φ(ℓ) + S·s(ℓ)·[ℓ < L], each way."""
    profile = workload.profile
    for record in records:
        for device, split in enumerate(record.split):
            crossing = SAMPLES * (split < profile.num_layers)
            up = workload.state_bits[split] + crossing * profile.activation_bits[split]
            down = workload.state_bits[split] + crossing * profile.downlink_bits[split]
            assert record.uplink_bits[device] == up
            assert record.downlink_bits[device] == down


def spoil(training: Any) -> None:
    """Has every turn begin with NaN in the devices' replica: what is right was handed over."""
    side = training._links[0]._device
    begin = side.begin

    def spoilt(turn: Any, shard: Any, state: Any) -> None:
        with torch.no_grad():
            for each in side.network.tensors.values():
                each.fill_(float("nan") if each.is_floating_point() else -99)
        begin(turn, shard, state)

    side.begin = spoilt
