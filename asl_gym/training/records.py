"""What is kept of a training: a record a round, and checkpoints to go on from."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from asl_gym.training.errors import TrainingError
from asl_gym.whole_files import remove_parts, replacing

__all__ = ["Checkpoint", "RoundRecord", "digest_of", "load_weights"]

NAME = "checkpoint.safetensors"


@dataclass(frozen=True)
class RoundRecord:
    """A round: what was decided, what it cost, what was learned.

    Attributes:
        round_index: The round, counted from 0.
        split: Split point of each device.
        delay_s: The round's delay, the environment's [s].
        energy_j: Energy of the whole system, the environment's [J].
        loss: Mean loss over the devices that took part.
        accuracy: Share of the test samples classified rightly after the round; ``None`` where it
            was not tested.
        uplink_bits: What each device sent [bit].
        downlink_bits: What each device received [bit].
        other_bits: What each device moved both ways that the profile does not count [bit].
        computing_s: Time that this machine took to train the round [s].
        lost: Devices that were lost and left out, and what was noticed of each.
    """

    round_index: int
    split: tuple[int, ...]
    delay_s: float
    energy_j: float
    loss: float
    accuracy: float | None
    uplink_bits: tuple[int, ...]
    downlink_bits: tuple[int, ...]
    other_bits: tuple[int, ...]
    computing_s: float
    lost: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """A record from its fields as JSON has them."""
        fields: dict[str, Any] = {
            n: tuple(v) if isinstance(v, list) else v for n, v in data.items()
        }
        return cls(**fields)


def digest_of(*parts: Any) -> str:
    """A hash of tensors and of what JSON can say, to tell one training from another."""
    digest = hashlib.sha256()
    for part in parts:
        plain = part.detach().cpu().numpy().tobytes() if isinstance(part, Tensor) else part
        digest.update(plain if isinstance(plain, bytes) else json.dumps(plain).encode())
    return digest.hexdigest()


@dataclass
class Checkpoint:
    """A training after some rounds.

    Attributes:
        training: What is trained and how, to tell it from others.
        tensors: Parameters, buffers and momentum.
        records: The rounds so far.
    """

    training: Mapping[str, Any]
    tensors: Mapping[str, Tensor]
    records: Sequence[RoundRecord] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        """Writes it in one file, whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        told = {"training": self.training, "records": [asdict(each) for each in self.records]}
        tensors = {name: each.contiguous() for name, each in self.tensors.items()}
        with replacing(folder / NAME) as part:
            save_file(tensors, part, {"asl_gym": json.dumps(told)})

    @classmethod
    def read(cls, folder: Path, training: Mapping[str, Any]) -> Self | None:
        """Reads the one in a folder; ``None`` if there is none.

        Raises:
            TrainingError: If it cannot be read, or is of another training; the message says what
                differs.
        """
        path = folder / NAME
        if not path.exists():
            return None
        remove_parts(folder)
        told, tensors = _content(path)
        plain = json.loads(json.dumps(training))
        differing = [name for name in plain if told["training"].get(name) != plain[name]]
        if differing:
            raise TrainingError(
                f"{path} is of another training, which differs in {', '.join(differing)}: choose "
                "another folder, or the same arguments"
            )
        return cls(told["training"], tensors, [RoundRecord.from_dict(e) for e in told["records"]])


def _content(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    try:
        with safe_open(path, "pt") as file:
            told = json.loads(file.metadata()["asl_gym"])
            return told, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise TrainingError(f"{path} is no checkpoint of a training: {error}") from error


def load_weights(module: nn.Module, folder: Path) -> None:
    """Loads a training's parameters and buffers into its network.

    Raises:
        TrainingError: If the folder has none, or they are another network's.
    """
    _, tensors = _content(folder / NAME)
    own = {name: each for name, each in tensors.items() if name in module.state_dict()}
    try:
        module.load_state_dict(own)
    except RuntimeError as error:
        raise TrainingError(f"{folder / NAME} is of another network: {error}") from error
