"""Image files in their usual formats: MNIST's IDX files and CIFAR-10's binary ones.

MNIST is found at https://yann.lecun.com/exdb/mnist and many mirrors, Fashion-MNIST at
https://github.com/zalandoresearch/fashion-mnist, both as four IDX files; CIFAR-10 ("binary
version") at https://www.cs.toronto.edu/~kriz/cifar.html. A folder may hold the files as they are or
compressed with gzip. Of MNIST the training files may be missing: then the 10,000 test images are
divided.
"""

import gzip
import math
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from asl_gym.training.data.images import LabelledImages, dataset_of
from asl_gym.training.errors import TrainingError

__all__ = ["DataFileError", "read_folder", "read_idx"]

IDX_FILES = {
    part: (f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte") for part in ("train", "t10k")
}
CIFAR_TRAIN = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
CIFAR_TEST = ("test_batch.bin",)
CIFAR_SHAPE = (3, 32, 32)

UNSIGNED_BYTES = 0x08
"""IDX's code of the type of its values."""

Samples = tuple[NDArray[np.float32], NDArray[np.int64]]


class DataFileError(TrainingError):
    """A data file isn't what it has to be; the message names it."""


def read_folder(folder: Path) -> LabelledImages:
    """Reads the labelled images in a folder, of whatever of the formats is there.

    Raises:
        DataFileError: If there is none of them, or a file is damaged.
    """
    if not folder.is_dir():
        raise DataFileError(f"{folder} is no folder")
    if _found(folder, IDX_FILES["t10k"][0]):
        return _read_idx_folder(folder)
    if _found(folder, CIFAR_TEST[0]):
        train, test = (_read_cifar(folder, names) for names in (CIFAR_TRAIN, CIFAR_TEST))
        return LabelledImages(folder.name, dataset_of(*train), dataset_of(*test))
    raise DataFileError(
        f"{folder} has no images that are known: expected {IDX_FILES['t10k'][0]} and its like "
        f"(MNIST, Fashion-MNIST) or {CIFAR_TEST[0]} and its like (CIFAR-10), or either with .gz"
    )


def _read_idx_folder(folder: Path) -> LabelledImages:
    test = _read_idx_pair(folder, "t10k")
    if _found(folder, IDX_FILES["train"][0]) is None:
        return LabelledImages.divided(folder.name, *test)
    train = _read_idx_pair(folder, "train")
    return LabelledImages(folder.name, dataset_of(*train), dataset_of(*test))


def _read_idx_pair(folder: Path, part: str) -> Samples:
    images, labels = (read_idx(_path(folder, name)) for name in IDX_FILES[part])
    if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels):
        raise DataFileError(
            f"{folder}: the {part} files have shapes {images.shape} and {labels.shape}: expected "
            "(samples, rows, columns) and (samples,)"
        )
    return _scaled(images[:, None]), labels.astype(np.int64)


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Reads an IDX file of unsigned bytes, compressed or not.

    Raises:
        DataFileError: If it is none, or not as long as it says.
    """
    content = _content(path)
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != UNSIGNED_BYTES:
        raise DataFileError(f"{path} is no IDX file of unsigned bytes: it begins {content[:4]!r}")
    start = 4 + 4 * content[3]
    shape = struct.unpack(f">{content[3]}I", content[4:start]) if len(content) >= start else ()
    if not shape or len(content) - start != math.prod(shape):
        held = max(len(content) - start, 0)
        raise DataFileError(f"{path} holds {held} values: expected {shape}, as it says itself")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _read_cifar(folder: Path, names: Sequence[str]) -> Samples:
    size = 1 + math.prod(CIFAR_SHAPE)
    parts = []
    for name in names:
        path = _path(folder, name)
        content = _content(path)
        if not content or len(content) % size:
            raise DataFileError(f"{path} has {len(content)} bytes: expected a multiple of {size}")
        parts.append(np.frombuffer(content, np.uint8).reshape(-1, size))
    records = np.concatenate(parts)
    return _scaled(records[:, 1:].reshape(-1, *CIFAR_SHAPE)), records[:, 0].astype(np.int64)


def _scaled(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    return pixels.astype(np.float32) / np.float32(255)


def _found(folder: Path, name: str) -> Path | None:
    paths = (folder / name, folder / f"{name}.gz")
    return next((path for path in paths if path.is_file()), None)


def _path(folder: Path, name: str) -> Path:
    path = _found(folder, name)
    if path is None:
        raise DataFileError(f"{folder} has no {name}, nor {name}.gz")
    return path


def _content(path: Path) -> bytes:
    if path.suffix != ".gz":
        return path.read_bytes()
    try:
        return gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise DataFileError(f"{path} cannot be decompressed: {error}") from error
