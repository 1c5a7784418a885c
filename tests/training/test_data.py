"""Data files, and their division among devices."""

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from asl_gym.training.data import SPLITS, digits, read_folder, split_over_devices
from asl_gym.training.data.folder import DataFileError
from asl_gym.training.data.picture import class_counts, draw_division
from asl_gym.validation.checks import FieldError

RNG = np.random.default_rng(0)


def idx_bytes(values: NDArray[np.uint8]) -> bytes:
    """The IDX format, written from its description: zeros, type, axes, sizes, values."""
    head = bytes([0, 0, 8, values.ndim]) + b"".join(struct.pack(">I", n) for n in values.shape)
    return head + values.tobytes()


def write_idx(
    folder: Path, part: str, count: int, suffix: str = ""
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    images = RNG.integers(256, size=(count, 5, 4), dtype=np.uint8)
    labels = RNG.integers(10, size=count, dtype=np.uint8)
    for name, values in (("images-idx3", images), ("labels-idx1", labels)):
        content = idx_bytes(values)
        packed = gzip.compress(content) if suffix else content
        (folder / f"{part}-{name}-ubyte{suffix}").write_bytes(packed)
    return images, labels


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_idx_files_of_training_and_test(tmp_path: Path, suffix: str) -> None:
    train, test = (write_idx(tmp_path, part, n, suffix) for part, n in (("train", 12), ("t10k", 7)))
    found = read_folder(tmp_path)
    for part, (images, labels) in ((found.train, train), (found.test, test)):
        assert part.tensors[0].shape == (len(labels), 1, 5, 4)
        np.testing.assert_allclose(part.tensors[0][:, 0].numpy(), images / 255, rtol=1e-6)
        np.testing.assert_array_equal(part.tensors[1].numpy(), labels)
    assert found.shape == (1, 5, 4)


def test_test_files_alone_are_divided(tmp_path: Path) -> None:
    images, _ = write_idx(tmp_path, "t10k", 50)
    found = read_folder(tmp_path)
    assert (len(found.train), len(found.test)) == (40, 10)
    both = np.concatenate([found.train.tensors[0].numpy(), found.test.tensors[0].numpy()])
    expected = (images[:, None] / 255).astype(np.float32)
    assert sorted(map(bytes, both)) == sorted(map(bytes, expected))
    np.testing.assert_array_equal(read_folder(tmp_path).test.tensors[0], found.test.tensors[0])


def test_cifar_files(tmp_path: Path) -> None:
    pixels = RNG.integers(256, size=(6, 3, 32, 32), dtype=np.uint8)
    labels = RNG.integers(10, size=6, dtype=np.uint8)
    names = [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]
    for name, label, image in zip(names, labels, pixels, strict=True):
        (tmp_path / name).write_bytes(bytes([label]) + image.tobytes())
    found = read_folder(tmp_path)
    np.testing.assert_array_equal(found.labels, labels[:5])
    np.testing.assert_allclose(found.train.tensors[0].numpy(), pixels[:5] / 255, rtol=1e-6)
    np.testing.assert_allclose(found.test.tensors[0].numpy(), pixels[5:] / 255, rtol=1e-6)


def damaged(path: Path, what: str) -> None:
    content = path.read_bytes()
    changed = {
        "short": content[:-1],
        "long": content + b"0",
        "type": content[:2] + b"\x0d" + content[3:],
        "empty": b"",
        "axes": idx_bytes(np.zeros((7, 4), np.uint8)),
        "count": idx_bytes(np.zeros((6, 5, 4), np.uint8)),
    }
    path.write_bytes(changed[what])


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("short", "holds 139 values"),
        ("long", "holds 141 values"),
        ("type", "no IDX file of unsigned bytes"),
        ("empty", "no IDX file of unsigned bytes"),
        ("axes", "have shapes"),
        ("count", "have shapes"),
    ],
)
def test_a_damaged_idx_file_is_told(tmp_path: Path, what: str, told: str) -> None:
    write_idx(tmp_path, "t10k", 7)
    damaged(tmp_path / "t10k-images-idx3-ubyte", what)
    with pytest.raises(DataFileError, match=told):
        read_folder(tmp_path)


def test_other_faults_of_folders_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="no images that are known"):
        read_folder(tmp_path)
    with pytest.raises(DataFileError, match="is no folder"):
        read_folder(tmp_path / "missing")
    write_idx(tmp_path, "t10k", 7)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataFileError, match="has no t10k-labels-idx1-ubyte, nor"):
        read_folder(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(b"0" * 99)[:-9])
    with pytest.raises(DataFileError, match="cannot be decompressed"):
        read_folder(tmp_path)
    labels = np.array([0, 3, 10, 1, 2, 3, 4], np.uint8)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx_bytes(labels))
    with pytest.raises(
        FieldError, match=r"label \d = 10 is not allowed: expected a class of 0 to 9"
    ):
        read_folder(tmp_path)


def test_digits_come_with_scikit_learn() -> None:
    found = digits()
    assert (len(found.train), len(found.test), found.shape) == (1438, 359, (1, 8, 8))
    pixels = found.train.tensors[0]
    assert (float(pixels.min()), float(pixels.max())) == (0.0, 1.0)
    assert set(found.labels) == set(range(10))


LABELS = np.random.default_rng(1).integers(10, size=1000)


@pytest.mark.parametrize("kind", SPLITS)
def test_a_division_gives_each_sample_to_one_device(kind: str) -> None:
    parts = split_over_devices(LABELS, 8, kind, seed=3)
    assert sorted(np.concatenate(parts)) == list(range(len(LABELS)))
    again, other = (split_over_devices(LABELS, 8, kind, seed=seed) for seed in (3, 4))
    assert all(map(np.array_equal, parts, again))
    assert not all(map(np.array_equal, parts, other))


def test_equal_and_by_class_divisions() -> None:
    equal = split_over_devices(LABELS, 8, "equal", seed=0)
    assert [len(part) for part in equal] == [125] * 8
    assert all(len(set(LABELS[part])) == 10 for part in equal)
    by_class = split_over_devices(LABELS, 8, "by-class", seed=0)
    assert all(len(set(LABELS[part])) <= 4 for part in by_class)


def test_a_smaller_alpha_divides_more_unevenly() -> None:
    """Mean entropy of the devices' classes, which is ln 10 where all have all alike."""

    def entropy(alpha: float) -> float:
        parts = split_over_devices(LABELS, 4, "dirichlet", seed=5, alpha=alpha)
        counts = class_counts(LABELS, parts, 10)
        shares = counts / counts.sum(axis=1, keepdims=True)
        return float(-(shares * np.log(np.where(shares > 0, shares, 1))).sum(axis=1).mean())

    assert entropy(1e6) == pytest.approx(np.log(10), abs=0.05)
    assert entropy(0.1) < entropy(1.0) < entropy(1e6)


def test_a_device_without_samples_is_told() -> None:
    with pytest.raises(FieldError, match=r"equal split of 3 samples: those of device 3 = 0"):
        split_over_devices(LABELS[:3], 5, "equal", seed=0)


def test_a_division_is_drawn() -> None:
    parts = split_over_devices(LABELS, 4, "dirichlet", seed=0)
    figure = draw_division(LABELS, parts, 10, "uneven")
    discs: Any = figure.axes[0].collections[0]
    counts = class_counts(LABELS, parts, 10)
    sizes = np.asarray(discs.get_sizes())
    np.testing.assert_allclose(sizes / sizes.max(), counts.ravel() / counts.max())
