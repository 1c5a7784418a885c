"""The study of computing times: what splits run, fits that find what made the times, inputs."""

import math
from dataclasses import replace
from functools import cache, partial
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from asl_gym.arrays import Array
from asl_gym.model.computing import Processor, roofline_seconds
from asl_gym.networks import cuts
from benchmarks.studies.calibration import study
from benchmarks.studies.calibration.fitting import CHOSEN, Fit, fit, left_out
from benchmarks.studies.calibration.models import MODELS, ROOFLINE
from benchmarks.studies.calibration.operators import BATCH_SIZE, Operators, operators_of
from benchmarks.studies.calibration.report import MEDIAN, Side
from benchmarks.studies.calibration.splits import NETWORKS, TimedNetwork
from benchmarks.studies.calibration.timings import (
    BLOCK_FLOPS,
    BLOCKS,
    DEVICE,
    NETWORK,
    SERVER,
    SPLIT,
    TIMINGS,
    TRANSFER,
    Half,
    read_timings,
)
from tests.benchmarks.commands import failure, run

PI = Processor(23e9, 0.9e9, 1e-5)
GPU = Processor(2e12, 30e9, 2e-6)
BY_NAME = {model.name: model for model in MODELS}
NUM_LAYERS = 8


class Small(nn.Module):
    """A network of few layers: dense, depthwise and pointwise convolutions of its own widths."""

    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *(nn.Conv2d(3, width, kernel, 2, kernel // 2), nn.BatchNorm2d(width), nn.ReLU(True)),
            *(nn.Conv2d(width, width, kernel, 1, kernel // 2, groups=width), nn.MaxPool2d(2)),
            *(nn.Conv2d(width, 4 * width, 1), nn.Hardtanh(inplace=True)),
            nn.Conv2d(4 * width, width, 3),
        )
        self.classifier = nn.Linear(width, 1000)

    def forward(self, images: torch.Tensor) -> Any:
        return self.classifier(self.features(images).mean((2, 3)))


def small(name: str, width: int, kernel: int, image_size: int) -> TimedNetwork:
    return TimedNetwork(
        name,
        f"{name}.csv",
        partial(Small, width, kernel),
        tuple(f"features.{index}" for index in range(NUM_LAYERS)),
        first=1,
        last=NUM_LAYERS,
        image_size=image_size,
    )


SMALL = {
    network.name: network
    for network in (
        small("AlexNet", 8, 5, 64),
        small("VGG16", 64, 3, 96),
        small("ResNet18", 128, 7, 16),
        small("resnet50", 256, 3, 32),
        small("MobileNetV2", 4, 3, 128),
        small("InceptionV3", 16, 7, 48),
    )
}
SPLITS = pd.DataFrame({SPLIT: range(1, NUM_LAYERS + 1)})


@cache
def operators(name: str) -> Operators:
    return operators_of(SMALL[name])


def roofline_of(half: Half, used: Processor) -> Array:
    """The times that a processor takes for a half [s], shape (splits,)."""
    flops, moved, count = (half.summed(attrgetter(each)) for each in ("flops", "moved", "count"))
    return roofline_seconds(used, flops, moved, count)


def halves_of(side: str) -> dict[str, Half]:
    """Halves whose times are all 1 s."""
    rows = SPLITS.assign(**{side: 1.0})
    return {name: Half.of(each, operators(name), rows, side) for name, each in SMALL.items()}


def timed(halves: dict[str, Half], truth: Fit) -> dict[str, Half]:
    """Halves whose times a model makes."""
    return {name: replace(half, seconds=truth.seconds(half)) for name, half in halves.items()}


def truth_of(name: str) -> Fit:
    """A model with costs of a device's size: seconds per FLOP, per byte, per operator, per half."""
    sizes = {"FLOP/s": 1 / 2e10, "byte/s": 1 / 1e9, "s/operator": 1e-5, "s": 1e-3}
    model = BY_NAME[name]
    steps = 1 + np.arange(len(model.constants)) / 4
    costs = np.array([sizes[each.unit] for each in model.constants]) * steps
    return Fit(model, costs, balance=20.0 if model.has_balance else 1.0)


# Where the splits lie


SENT_MEGABYTES = {
    ("AlexNet", 2): 5.9, ("AlexNet", 3): 1.4, ("AlexNet", 12): 1.4,
    ("VGG16", 4): 109, ("VGG16", 5): 25, ("VGG16", 24): 3.2,
    ("ResNet18", 2): 6.2, ("ResNet18", 3): 3.2, ("ResNet18", 8): 0.83,
    ("resnet50", 3): 26, ("resnet50", 4): 13, ("resnet50", 14): 3.2, ("resnet50", 18): 3.2,
    ("MobileNetV2", 1): 12.8, ("MobileNetV2", 2): 6.2, ("MobileNetV2", 18): 0.52,
    ("InceptionV3", 3): 45, ("InceptionV3", 4): 44, ("InceptionV3", 5): 13.3,
    ("InceptionV3", 7): 31, ("InceptionV3", 8): 9.9, ("InceptionV3", 19): 0.066,
}  # fmt: skip
"""What the transfers of riwaj666/SplitRL_V1 amount to at the 108 MB/s of their median [MB]."""


def sizes_of(network: TimedNetwork) -> dict[str, float]:
    """Size of what each module of a network returns for a batch [MB]."""
    sizes: dict[str, float] = {}

    def note(path: str, result: torch.Tensor) -> None:
        sizes[path] = result.numel() * result.element_size() / 1e6

    with torch.device("meta"):
        module = network.build().eval()
        for path, each in module.named_modules():
            each.register_forward_hook(lambda _, __, result, path=path: note(path, result))
        module(torch.zeros(BATCH_SIZE, 3, network.image_size, network.image_size))
    return sizes


@pytest.mark.parametrize("name", NETWORKS)
def test_splits_lie_where_what_was_sent_says(name: str) -> None:
    network = NETWORKS[name]
    sizes = sizes_of(network)
    for (of, split), megabytes in SENT_MEGABYTES.items():
        if of == name:
            assert sizes[network.end_of(split)] == pytest.approx(megabytes, rel=0.1), split


@pytest.mark.parametrize("split", [0, 19, 2.5])
def test_other_splits_are_named(split: float) -> None:
    with pytest.raises(ValueError, match=f"resnet50: {split} is none, .* from 1 to 18"):
        NETWORKS["resnet50"].end_of(split)


# What each half runs


@pytest.mark.parametrize("name", ["AlexNet", "MobileNetV2"])
def test_halves_run_what_the_cuts_say(name: str) -> None:
    device, server = halves_of(DEVICE)[name], halves_of(SERVER)[name]
    with torch.device("meta"):
        module = SMALL[name].build().eval()
        module.classifier = nn.Linear(module.classifier.in_features, 10)  # type: ignore[union-attr,arg-type]
        size = SMALL[name].image_size
        found = cuts(module, torch.zeros(BATCH_SIZE, 3, size, size), dominated=True)
    ends = {end: cut.forward for cut in found for end in cut.ends}
    whole = found[-1].forward
    for index in range(NUM_LAYERS):
        work = ends[f"features.{index}"]
        for column, total, of_device in (
            ("flops", whole.flops, work.flops),
            ("written", whole.bytes_written, work.bytes_written),
            ("moved", sum(whole[1:3]), sum(work[1:3])),
            ("count", whole.operators, work.operators),
        ):
            assert device.summed(attrgetter(column))[index] == of_device
            assert server.summed(attrgetter(column))[index] == total - of_device


def test_patches_and_kinds_of_convolutions() -> None:
    found = operators("AlexNet")  # Widths of 8, kernels of 5×5, maps of 32×32, then of 16×16.
    dense, depthwise, pointwise, last = np.flatnonzero(found.convolution)
    per_value = BATCH_SIZE * torch.float32.itemsize
    assert found.patches[dense] == per_value * 3 * 25 * 32**2
    assert found.patches[depthwise] == per_value * 8 * 25 * 32**2
    assert found.patches[last] == per_value * 32 * 9 * 14**2
    assert found.patches.sum() == found.patches[[dense, depthwise, last]].sum()
    assert found.kernel.nonzero()[0].tolist() == [dense, last]
    assert found.flops[pointwise] == 2 * BATCH_SIZE * 8 * 32 * 16**2


# Fits


@pytest.mark.parametrize("side", [DEVICE, SERVER])
@pytest.mark.parametrize("name", BY_NAME)
def test_a_fit_finds_the_constants_that_made_the_times(name: str, side: str) -> None:
    truth = truth_of(name)
    halves = timed(halves_of(side), truth)
    found = fit(truth.model, list(halves.values())).values
    assert found.keys() == truth.values.keys()
    for constant, (value, unit) in truth.values.items():
        assert found[constant][0] == pytest.approx(value, rel=1e-4)
        assert found[constant][1] == unit


@pytest.mark.parametrize("name", BY_NAME)
def test_a_network_left_out_is_predicted_by_what_made_the_others(name: str) -> None:
    truth = truth_of(name)
    halves = timed(halves_of(DEVICE), truth)
    strange = replace(halves["VGG16"], seconds=np.full(NUM_LAYERS, 7.0))
    found = left_out(truth.model, halves | {"VGG16": strange})["VGG16"]
    assert found.seconds(strange) == pytest.approx(halves["VGG16"].seconds, rel=1e-5)


def test_the_roofline_is_that_of_the_model() -> None:
    halves = {
        name: replace(half, seconds=roofline_of(half, PI))
        for name, half in halves_of(DEVICE).items()
    }
    found = fit(ROOFLINE, list(halves.values())).values
    assert [value for value, _ in found.values()] == pytest.approx(list(PI), rel=1e-6)


def test_a_cost_is_never_negative() -> None:
    """Times that memory would have to shorten make its bandwidth infinite."""
    halves = timed(halves_of(DEVICE), truth_of("FLOPs alone"))
    shorter = [
        replace(half, seconds=half.seconds / half.summed(attrgetter("moved")) ** 0.2)
        for half in halves.values()
    ]
    assert fit(ROOFLINE, shorter).values["bandwidth"] == (math.inf, "byte/s")


def test_networks_weigh_the_same_however_many_splits_they_have() -> None:
    generator = np.random.default_rng(0)
    halves = [
        replace(half, seconds=half.seconds * generator.uniform(0.5, 2, NUM_LAYERS))
        for half in timed(halves_of(DEVICE), truth_of("roofline")).values()
    ]
    first = halves[0]
    twice = replace(first, positions=np.tile(first.positions, 2), seconds=np.tile(first.seconds, 2))
    once, again = fit(ROOFLINE, halves), fit(ROOFLINE, [twice, *halves[1:]])
    assert again.costs == pytest.approx(once.costs, rel=1e-9)


@pytest.mark.parametrize("name", ["gathered patches", "slower of the two", "rates by kind"])
def test_what_made_the_times_is_chosen(name: str) -> None:
    side = Side("device", timed(halves_of(DEVICE), truth_of(name)))
    assert set(side.choices.values()) == {name}
    assert side.errors[MEDIAN][CHOSEN] < 1e-5
    assert side.errors[MEDIAN]["FLOPs alone"] > 0.01


def test_choice_and_prediction_know_nothing_of_the_network_left_out() -> None:
    generator = np.random.default_rng(0)
    halves = {
        name: replace(half, seconds=half.seconds * generator.uniform(0.7, 1.4, NUM_LAYERS))
        for name, half in timed(halves_of(DEVICE), truth_of("written bytes")).items()
    }
    other = replace(halves["VGG16"], seconds=halves["VGG16"].seconds[::-1] * 3)
    one, another = Side("device", halves), Side("device", halves | {"VGG16": other})
    assert one.choices["VGG16"] == another.choices["VGG16"]
    for model, predicted in one.predicted.items():
        assert np.array_equal(predicted["VGG16"], another.predicted[model]["VGG16"])
    assert one.errors["VGG16"][CHOSEN] != another.errors["VGG16"][CHOSEN]


# The command


def write_timings(folder: Path) -> pd.DataFrame:
    """Timings that a roofline makes, and blocks as they are."""
    (folder / BLOCKS).mkdir()
    parts = []
    for name, network in SMALL.items():
        found, rows = operators(name), SPLITS.assign(**{NETWORK: name})
        ends = [found.cut_after(end) for end in network.block_ends]
        flops = np.diff([cut.forward.flops for cut in ends], prepend=0)
        table = pd.DataFrame({BLOCK_FLOPS: flops / 1e9})
        table.to_csv(folder / BLOCKS / network.blocks_file, index=False)
        rows[TRANSFER] = [cut.uplink_bits / 8 / 100e6 for cut in ends]
        for side, used in ((DEVICE, PI), (SERVER, GPU)):
            rows[side] = roofline_of(halves_of(side)[name], used)
        parts.append(rows)
    timings = pd.concat(parts).sample(frac=1, random_state=0)
    timings.to_csv(folder / TIMINGS, index=False)
    return timings


def test_the_command_reports_what_made_the_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    timings, out = tmp_path / "timings", tmp_path / "out"
    timings.mkdir()
    write_timings(timings)
    monkeypatch.setattr(study, "operators_of", lambda network: operators(network.name))
    monkeypatch.setattr(study, "measured", partial(study.measured, networks=SMALL))
    run(out, "calibration", "--timings", str(timings))
    errors = pd.read_csv(out / "errors.csv").set_index(["side", "model"])[MEDIAN]
    constants = pd.read_csv(out / "constants.csv").groupby(["side", "model"])
    for side, used in (("Raspberry Pi", PI), ("Server", GPU)):
        assert errors[side, "roofline"] < 1e-6 < 0.05 < errors[side, "FLOPs alone"]
        found = constants.get_group((side, "roofline"))
        assert found["value"].tolist() == pytest.approx(list(used), rel=1e-6)
        assert found["lowest"].tolist() == pytest.approx(list(used), rel=1e-4)
    predictions = pd.read_csv(out / "predictions.csv")
    assert len(predictions) == 2 * len(SMALL) * NUM_LAYERS
    assert predictions["roofline"].to_numpy() == pytest.approx(predictions["measured_s"].to_numpy())
    text = (out / "calibration.md").read_text(encoding="utf-8")
    assert (
        "| VGG16       |        8 |        8 |                 1.000–1.000 |       100–100 |"
        in text
    )
    assert (out / "calibration.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("column", "value", "named"),
    [
        (DEVICE, 0.0, "line 2: 'Partition 1 exec time (s)' is '0.0', expected a number above 0"),
        (SERVER, "fast", "line 2: 'Partition 2 exec time (s)' is 'fast'"),
        (TRANSFER, None, "line 2: 'Network Transfer Time (s)' is 'nan'"),
        (SPLIT, 99, "99 is none, expected a whole number from 1 to 8"),
        (TRANSFER, "missing", "column 'Network Transfer Time (s)' is missing"),
        (NETWORK, "AlexNet", "column 'Model name' lacks 'VGG16'"),
        (NETWORK, "LeNet", "'Model name' is 'LeNet', expected one of AlexNet, VGG16, "),
    ],
)
def test_timings_that_are_not_allowed_are_named(
    tmp_path: Path, column: str, value: Any, named: str
) -> None:
    table = write_timings(tmp_path).astype({column: object})
    if value == "missing":
        table = table.drop(columns=column)
    elif column == NETWORK:
        table[column] = value
    else:
        table[column] = [value, *table[column][1:]]
    table.to_csv(tmp_path / TIMINGS, index=False)
    with pytest.raises(ValueError, match=TIMINGS + "|split point") as raised:
        read_timings(tmp_path, SMALL)
    assert named in str(raised.value)


def test_files_that_are_missing_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = "calibration", "--timings", str(tmp_path)
    assert f"{TIMINGS} is missing" in failure(capsys, *command)
    (tmp_path / TIMINGS).touch()
    assert f"{TIMINGS} is no CSV file" in failure(capsys, *command)
    write_timings(tmp_path)
    first, second = (tmp_path / BLOCKS / SMALL[name].blocks_file for name in ("AlexNet", "VGG16"))
    pd.DataFrame({BLOCK_FLOPS: [1.0]}).to_csv(first)
    with pytest.raises(ValueError, match="1 blocks, expected 8"):
        study.measured(tmp_path, SMALL)
    first.write_text(second.read_text())
    second.unlink()
    with pytest.raises(ValueError, match=r"VGG16\.csv is missing"):
        study.measured(tmp_path, SMALL)
