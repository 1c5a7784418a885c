"""What cannot be trained is told: labels, shards, losses, cuts, ties, profiles."""

import dataclasses
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import TensorDataset

import asl_gym
from asl_gym import Workload
from asl_gym.networks import profile
from asl_gym.training import Shard, SplitTraining, TrainingError
from asl_gym.training.batches import batches_of
from asl_gym.validation.checks import FieldError
from tests.training.small import CLASSES, built, images, scenario_of, shards, training_of


def test_a_label_out_of_range_is_told() -> None:
    wrong = shards()
    data = images(9)
    data.tensors[1][4] = CLASSES
    wrong[1] = Shard(data)
    told = r"shard of device 1: label 4 = 5 is not allowed: expected a class of 0 to 4"
    with pytest.raises(FieldError, match=told):
        training_of(built("plain"), shards=wrong)


def test_a_shard_without_samples_is_told() -> None:
    with pytest.raises(FieldError, match=r"shard.indices = '0 samples' is not allowed"):
        Shard(images(5), [])
    with pytest.raises(FieldError, match=r"shard.indices = 5 is not allowed: expected indices of"):
        Shard(images(5), [0, 5])
    with pytest.raises(FieldError, match=r"shards = '2 shards' .* expected one for each of 3"):
        training_of(built("plain"), shards=shards()[:2])


@pytest.mark.parametrize("policy", [asl_gym.FixedSplit, asl_gym.GreedyEnergy])
def test_a_loss_that_is_no_number_is_told(policy: Any) -> None:
    """At the server's half, and where the device has the whole network."""

    def build(env: Any) -> Any:
        return asl_gym.FixedSplit(env, split=2 if policy is asl_gym.FixedSplit else 7)

    build.action_view = asl_gym.FixedSplit.action_view  # type: ignore[attr-defined]
    training = training_of(built("plain"), policy=build, learning_rate=1e200)
    with pytest.raises(TrainingError, match=r"the loss is (nan|inf) in round \d, device \d, split"):
        training.run(3)


def test_a_cut_that_the_module_does_not_have_is_told() -> None:
    module = built("plain")
    scenario = scenario_of(module)
    found = scenario.workload.profile
    names = ("elsewhere", *found.layer_names[1:])
    other = dataclasses.replace(found, layer_names=names)
    workload = dataclasses.replace(scenario.workload, profile=other)
    with pytest.raises(FieldError, match=r"cut = 'elsewhere' is not allowed: expected one of"):
        training_of(module, scenario=scenario.replace(workload=workload))


def test_a_profile_of_another_network_is_told() -> None:
    module = built("plain")
    scenario = scenario_of(module)
    single = profile(module, images(1)[:][0], dominated=True, bits_per_value=32)
    workload = dataclasses.replace(scenario.workload, profile=single)
    told = r"profile.activation_bits\[0\] \(input\) = 6144.0 .* expected 12288, what the module"
    with pytest.raises(FieldError, match=told):
        training_of(module, scenario=scenario.replace(workload=workload))


class Tied(nn.Module):
    """The last layer's weights are the first one's."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.middle = nn.Linear(192, CLASSES), nn.Linear(CLASSES, 192)

    def forward(self, values: Tensor) -> Tensor:
        hidden = torch.tanh(self.middle(torch.tanh(self.first(values.flatten(1)))))
        return F.linear(hidden, self.first.weight)


def test_weights_tied_across_a_cut_are_told() -> None:
    module = Tied().double()
    scenario = scenario_of(built("plain"))
    found = profile(module, images(1)[:][0], tied=True, dominated=True)
    place = found.cut_names.index("middle")
    workload = Workload(found, 10, splits=(place, found.num_layers), batch_size=4)
    told = r"split = '\d+ \(middle\)' is not allowed: expected a cut with all uses of first.weight"
    with pytest.raises(FieldError, match=told):
        training_of(module, scenario=scenario.replace(workload=workload))
    alone = dataclasses.replace(workload, splits=(found.num_layers,))
    training_of(module, scenario=scenario.replace(workload=alone)).run(1)


def test_more_rounds_than_the_episode_has_are_told() -> None:
    training = training_of(built("plain"))
    with pytest.raises(FieldError, match="rounds = 21 is not allowed"):
        training.run(21)


def test_an_environment_in_another_view_is_told() -> None:
    scenario = scenario_of(built("plain"))
    env = gym.make("ASL-v0", scenario=scenario, action_view="box")
    with pytest.raises(FieldError, match="expected action_view='dict', in which the policy acts"):
        SplitTraining(
            built("plain"), F.cross_entropy, shards(), env, asl_gym.OPEN, learning_rate=0.1
        )


def test_a_small_shard_is_cycled_through() -> None:
    """Each passage has every sample once; nothing is left out between rounds."""
    workload = scenario_of(built("plain")).workload
    rounds = [list(batches_of(workload, 0, index, 1, 7)) for index in range(7)]
    assert [[len(batch.positions) for batch in each] for each in rounds] == [[4, 4, 2]] * 7
    positions = np.concatenate([batch.positions for each in rounds for batch in each])
    passages = positions.reshape(10, 7)
    assert all(sorted(passage) == list(range(7)) for passage in passages)
    assert len({tuple(passage) for passage in passages}) > 5


def test_labels_that_travel_are_counted() -> None:
    module, other = built("plain"), built("plain")
    lying, travelling = training_of(module), training_of(other, labels_travel=True)
    whole = scenario_of(module).workload.profile.num_layers
    for here, there in zip(lying.run(2), travelling.run(2), strict=True):
        assert here.downlink_bits == there.downlink_bits
        for split, less, more in zip(here.split, here.uplink_bits, there.uplink_bits, strict=True):
            assert more - less == (10 * 64 if split < whole else 0)
    for mine, its in zip(module.parameters(), other.parameters(), strict=True):
        assert torch.equal(mine, its)


def test_any_torch_dataset_can_be_trained_on() -> None:
    """One that is no TensorDataset gives the same parameters."""

    class Listed(torch.utils.data.Dataset[Any]):
        def __init__(self, data: TensorDataset) -> None:
            self.items = [(data[i][0], int(data[i][1])) for i in range(len(data))]

        def __len__(self) -> int:
            return len(self.items)

        def __getitem__(self, index: int) -> Any:
            return self.items[index]

    module, other = built("plain"), built("plain")
    training_of(module).run(2)
    listed = [Shard(Listed(shard.dataset), shard.indices) for shard in shards()]  # type: ignore[arg-type]
    training_of(other, shards=listed).run(2)
    for mine, its in zip(module.parameters(), other.parameters(), strict=True):
        assert torch.equal(mine, its)
