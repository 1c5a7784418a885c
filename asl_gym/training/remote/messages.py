"""Messages between server and devices: tensors and a few words of JSON, as one safetensors file.

Nothing that comes from the network is unpickled: safetensors holds numbers, and its header text.
A device opens one stream to the server, on which the two take turns:

=================  ========  ========================================  ======================
message            from      words                                     tensors
=================  ========  ========================================  ======================
``join``           device    device, recipe                            labels, where they lie
``begin``          server    round, device, split, learning rate       state of the half
``crossing``       device    which tensors depend on parameters        what crosses, labels
``gradients``      server    which of what crossed has one             gradients
``state``          device    mean loss, where all is on the device     state of the half
``fault``          device    what went wrong                           none
``end``            server    why                                       none
=================  ========  ========================================  ======================
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from asl_gym.training.errors import TrainingError

__all__ = ["Message", "listed", "numbered"]

WORDS = "asl_gym"
LARGEST_HEADER = 100_000_000


class Message(NamedTuple):
    """A message.

    Attributes:
        kind: What it is.
        words: JSON values.
        tensors: Tensors by name.
    """

    kind: str
    words: Mapping[str, Any]
    tensors: Mapping[str, Tensor]

    def to_bytes(self) -> bytes:
        """The message as it is sent."""
        text = json.dumps({"kind": self.kind, **self.words})
        plain = {name: each.detach().contiguous() for name, each in self.tensors.items()}
        return save(plain, {WORDS: text})

    @classmethod
    def from_bytes(cls, content: bytes) -> "Message":
        """Reads a message.

        Raises:
            TrainingError: If it is none.
        """
        try:
            size = int.from_bytes(content[:8], "little")
            header = json.loads(content[8 : 8 + min(size, LARGEST_HEADER)])
            words = json.loads(header["__metadata__"][WORDS])
            # Copies lie where torch puts tensors: sums over memory that begins elsewhere may be
            # added up in another order, and would end in other bits than in one process.
            tensors = {name: each.clone() for name, each in load(content).items()}
            return cls(words.pop("kind"), words, tensors)
        except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise TrainingError(f"a message of {len(content)} bytes is none: {error}") from error

    def checked(self, kind: str) -> "Message":
        """The message, if it is of a kind.

        Raises:
            TrainingError: If it isn't, or tells of a fault on the other side.
        """
        if self.kind == "fault":
            raise TrainingError(str(self.words.get("why")))
        if self.kind != kind:
            raise TrainingError(f"expected a message {kind!r}, got {self.kind!r}")
        return self


def numbered(tensors: Sequence[Tensor | None]) -> dict[str, Tensor]:
    """Tensors by their places, without those that are not there."""
    return {str(place): each for place, each in enumerate(tensors) if each is not None}


def listed(tensors: Mapping[str, Tensor], count: int) -> list[Tensor | None]:
    """What :func:`numbered` was given, so many of them."""
    return [tensors.get(str(place)) for place in range(count)]
