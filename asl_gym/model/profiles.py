"""What a network costs at each of its split points: a table of FLOPs, bits and bytes.

A profile of L layers has L + 1 entries per figure, one per split point ℓ: layers 1…ℓ run on the
device, the rest on the server, and ℓ = 0 lies before the first layer. The shipped profiles are
measured from torch modules by :mod:`asl_gym.networks`; reading and using one never needs torch.
"""

import functools
import importlib.resources
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Self

from asl_gym.model import limits
from asl_gym.validation.checks import Bounds, FieldError, numbers_tuple, one_of
from asl_gym.validation.fields import checked_fields, keeps_hash
from asl_gym.validation.json_files import SCHEMA, fields_of_file, read_json, without_schema

__all__ = ["INPUT", "NetworkProfile"]

INPUT = "input"
"""Name of the cut before the first layer, split point 0."""

CUMULATIVE_FIELDS = ("forward_flops", "backward_flops", "parameter_bits")
OPTIONAL_CUMULATIVE_FIELDS = ("activation_bytes", "weight_bytes", "operators", "buffer_bits")

NEWEST_SCHEMA = 1
"""Format of a profile's file that :meth:`NetworkProfile.to_json` writes."""


@keeps_hash
@dataclass(frozen=True)
class NetworkProfile:
    """Computing and traffic of a layered network, per split point and per sample.

    A multiply-add is 2 FLOPs, and only products (of matrices, convolutions, attention, recurrent
    layers) count. Entry ℓ of each tuple, with ℓ = 0…L, belongs to the split after layer ℓ. Frozen,
    hashable and compared by value.

    Attributes:
        name: The network's name.
        layer_names: One name per layer; L entries.
        forward_flops: Forward pass of layers 1…ℓ [FLOP/sample], cumulative from 0.
        backward_flops: Backward pass of layers 1…ℓ [FLOP/sample], cumulative from 0.
        activation_bits: Activation ("smashed data") after layer ℓ [bit/sample]; entry 0 is the
            raw input, entry L the network's output.
        parameter_bits: Parameters of layers 1…ℓ, and the buffers that travel with them [bit],
            cumulative from 0.
        gradient_bits: Gradient of the activation after layer ℓ [bit/sample]; ``None`` stands for
            as many as there are activation bits.
        activation_bytes: Memory read and written by layers 1…ℓ in both passes, but for weights
            [byte/sample], cumulative from 0; ``None`` where it isn't known.
        weight_bytes: The same of parameters, buffers and their gradients [byte], for any number of
            samples.
        operators: Operators run by layers 1…ℓ in both passes, for any number of samples.
        buffer_bits: Of ``parameter_bits`` those of buffers, which have no momentum [bit],
            cumulative from 0; ``None`` stands for none.

    Raises:
        FieldError: (a ValueError) If there is no layer or more than 10,000, a length is not
            L + 1, an entry is outside its range (see :mod:`asl_gym.model.limits`), a cumulative
            field does not start at 0 or decreases, there are more bits of buffers than in all, or
            training costs less than 1 FLOP a sample.
    """

    name: str
    layer_names: tuple[str, ...]
    forward_flops: tuple[float, ...]
    backward_flops: tuple[float, ...]
    activation_bits: tuple[float, ...]
    parameter_bits: tuple[float, ...]
    gradient_bits: tuple[float, ...] | None = None
    activation_bytes: tuple[float, ...] | None = None
    weight_bytes: tuple[float, ...] | None = None
    operators: tuple[float, ...] | None = None
    buffer_bits: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        _check_text("profile.name", self.name)
        layer_names = _checked_layer_names(self.layer_names)
        object.__setattr__(self, "layer_names", layer_names)
        for field in self._given_figures():
            name = f"profile.{field}"
            values = numbers_tuple(
                name, getattr(self, field), len(layer_names) + 1, _bounds_of(field)
            )
            _check_not_rounding(name, values)
            if field not in ("activation_bits", "gradient_bits"):
                _check_cumulative(name, values)
            object.__setattr__(self, field, values)
        for most, bits in zip(self.parameter_bits, self.buffer_bits or (), strict=False):
            if bits > most:
                allowed = f"at most parameter_bits = {most:g} [bit]"
                raise FieldError("profile.buffer_bits", bits, allowed)
        total = self.training_flops[-1]
        if total < limits.LEAST_TOTAL_FLOPS:
            allowed = f"a total >= {limits.LEAST_TOTAL_FLOPS:g} [FLOP/sample]"
            raise FieldError("profile.training_flops[-1]", total, allowed)

    def _given_figures(self) -> list[str]:
        optional = ("gradient_bits", *OPTIONAL_CUMULATIVE_FIELDS)
        given = [field for field in optional if getattr(self, field) is not None]
        return [*CUMULATIVE_FIELDS, "activation_bits", *given]

    @property
    def downlink_bits(self) -> tuple[float, ...]:
        """What crosses down at each split point [bit/sample]; L + 1 entries."""
        return self.activation_bits if self.gradient_bits is None else self.gradient_bits

    @property
    def cut_names(self) -> tuple[str, ...]:
        """Names of the cuts, the layers that they come after; L + 1 entries from ``"input"``."""
        return (INPUT, *self.layer_names)

    @property
    def num_layers(self) -> int:
        """Number of layers L."""
        return len(self.layer_names)

    @property
    def training_flops(self) -> tuple[float, ...]:
        """Forward and backward pass of layers 1…ℓ, c(ℓ) [FLOP/sample]; L + 1 entries."""
        return tuple(
            forward + backward
            for forward, backward in zip(self.forward_flops, self.backward_flops, strict=True)
        )

    def to_dict(self) -> dict[str, Any]:
        """Returns the fields as JSON types, without those that are ``None``.

        Whole figures come as ints.
        """
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: _plain(value) for name, value in values.items() if value is not None}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Builds a profile from the fields as :meth:`to_dict` returns them.

        Args:
            data: The fields, and perhaps ``schema``, the number of the file's format.

        Raises:
            FieldError: If ``data`` is no mapping, a key is missing or unknown, or a field's
                value is not allowed.
        """
        plain = without_schema("profile", data, NEWEST_SCHEMA)
        return cls(**checked_fields(cls, "profile", plain))

    def to_json(self, path: str | Path) -> None:
        """Writes the profile to ``path``, one field a line."""
        lines = [
            f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}"
            for key, value in ({SCHEMA: NEWEST_SCHEMA} | self.to_dict()).items()
        ]
        text = "{\n" + ",\n".join(lines) + "\n}\n"
        Path(path).write_text(text, encoding="utf-8", newline="\n")

    @classmethod
    def from_json(cls, path: str | Path) -> Self:
        """Reads a profile written by :meth:`to_json`.

        Raises:
            JsonFileError: (a FieldError) If there is no such file, it is not JSON, or as
                :meth:`from_dict` does; the message names the file.
        """
        data = read_json(path, "profile")
        with fields_of_file(path):
            return cls.from_dict(data)

    @staticmethod
    def shipped_names() -> tuple[str, ...]:
        """Returns the names of the profiles that come with the package, sorted."""
        files = _shipped_directory().iterdir()
        return tuple(sorted(Path(file.name).stem for file in files if file.name.endswith(".json")))

    @staticmethod
    def shipped(name: str) -> "NetworkProfile":
        """Returns the profile of that name that comes with the package.

        Raises:
            FieldError: If there is none; the message lists those that there are.
        """
        return _load_shipped(one_of("profile", name, NetworkProfile.shipped_names()))


def _bounds_of(field: str) -> Bounds:
    """The range of a figure, by what it counts."""
    counts = {"flops": limits.FLOPS, "bits": limits.BITS, "bytes": limits.BYTES}
    return counts.get(field.rpartition("_")[2], limits.OPERATORS)


def _check_text(field: str, value: object) -> None:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise FieldError(field, value, "a non-empty string of printable characters")


def _checked_layer_names(names: object) -> tuple[str, ...]:
    field = "profile.layer_names"
    if isinstance(names, str) or not isinstance(names, Sequence) or not names:
        raise FieldError(field, names, "a sequence with at least one name")
    if len(names) > limits.MAX_LAYERS:
        raise FieldError(field, f"{len(names)} names", f"at most {limits.MAX_LAYERS}")
    for index, name in enumerate(names):
        _check_text(f"{field}[{index}]", name)
    return tuple(names)


def _check_cumulative(field: str, values: Sequence[float]) -> None:
    if values[0] != 0:
        raise FieldError(f"{field}[0]", values[0], "0, as no layer comes before the first")
    for index in range(1, len(values)):
        least = values[index - 1]
        if values[index] < least:
            allowed = f"at least entry {index - 1}, {least:.17g}, as the field is cumulative"
            raise FieldError(f"{field}[{index}]", values[index], allowed)


def _check_not_rounding(field: str, values: Sequence[float]) -> None:
    for index, value in enumerate(values):
        if 0 < value < limits.LEAST_FIGURE:
            raise FieldError(f"{field}[{index}]", value, f"0 or at least {limits.LEAST_FIGURE:g}")


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _shipped_directory() -> Traversable:
    return importlib.resources.files("asl_gym") / "data" / "profiles"


@functools.cache
def _load_shipped(name: str) -> NetworkProfile:
    text = (_shipped_directory() / f"{name}.json").read_text(encoding="utf-8")
    return NetworkProfile.from_dict(json.loads(text))
