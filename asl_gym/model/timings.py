"""Measured times of a network's two halves, one pair a cut."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from asl_gym.arrays import Array
from asl_gym.model import limits
from asl_gym.validation.checks import FieldError, numbers_tuple, sequence
from asl_gym.validation.fields import Declared, choice, count, declared, quantities

__all__ = [
    *("CUT", "CUT_NAME", "SAMPLES", "Side", "SideTimings", "Timings"),
    *("is_cut_name", "seconds_column"),
]

Side = Literal["device", "server"]

CUT, SAMPLES = "cut", "samples"
"""Columns of a table's file; those of seconds are :func:`seconds_column`'s."""


CUT_NAME = "a non-empty string of printable characters"
"""What :func:`is_cut_name` wants, in words."""


def seconds_column(side: Side) -> str:
    """Name of a side's seconds: the field of :class:`Timings`, and the column of its file."""
    return f"{side}_s"


def is_cut_name(name: Any) -> bool:
    """Whether a cut can be called that: text that isn't empty and can be printed."""
    return isinstance(name, str) and bool(name) and name.isprintable()


def _checked_cuts(field: str, given: Any) -> tuple[str, ...]:
    cuts = sequence(field, given, "names of cuts")
    before: set[str] = set()
    for place, name in enumerate(cuts):
        if not is_cut_name(name):
            raise FieldError(f"{field}[{place}]", name, CUT_NAME)
        if name in before:
            raise FieldError(f"{field}[{place}]", name, "a name that is not there yet")
        before.add(name)
    return cuts


@dataclass(frozen=True)
class SideTimings(Declared):
    """What computing one half of a network took on the machine that runs it, at its full clock.

    Half of a :class:`Timings`, which :meth:`Timings.joined` makes of two. A scenario takes a
    device's as it is, and has modelled times for the server.

    Attributes:
        side: Whose half, ``"device"`` or ``"server"``.
        cuts: Names of the cuts: the layers that they come after, and ``"input"`` for the one before
            everything.
        seconds: Both passes of that half at each cut, for one batch [s].
        samples: Samples of the batch.

    Raises:
        FieldError: (a ValueError) If a name is repeated, or a figure is missing or not allowed.
    """

    side: Side = choice(Side)
    cuts: tuple[str, ...] = declared(_checked_cuts)
    seconds: tuple[float, ...] = quantities(limits.SECONDS)
    samples: int = count(1, limits.MAX_SAMPLES)

    PREFIX = "side_timings."

    def __post_init__(self) -> None:
        super().__post_init__()
        numbers_tuple(f"{self.PREFIX}seconds", self.seconds, len(self.cuts))

    def seconds_at(self, side: Side, cuts: Sequence[str]) -> Array | None:
        """Seconds of a batch on one side at some cuts; ``None`` on the side that wasn't measured.

        Raises:
            FieldError: If a cut was not measured; the message names it.
        """
        places = _places(self.cuts, cuts)
        return np.asarray(self.seconds)[places] if side == self.side else None

    def to_csv(self, path: str | Path) -> None:
        """Writes a row a cut, which :func:`read_timings` reads back exactly."""
        columns = {CUT: self.cuts, seconds_column(self.side): self.seconds}
        _write(path, columns, self.samples)


@dataclass(frozen=True)
class Timings(Declared):
    """What computing a network's halves took on a device and a server, at full clocks.

    Attributes:
        cuts: Names of the cuts: the layers that they come after, and ``"input"`` for the one before
            everything.
        device_s: Both passes of the device's half at each cut, for one batch [s].
        server_s: The same of the server's half [s].
        samples: Samples of the batch.

    Raises:
        FieldError: (a ValueError) If a name is repeated, or a figure is missing or not allowed.
    """

    cuts: tuple[str, ...] = declared(_checked_cuts)
    device_s: tuple[float, ...] = quantities(limits.SECONDS)
    server_s: tuple[float, ...] = quantities(limits.SECONDS)
    samples: int = count(1, limits.MAX_SAMPLES)

    PREFIX = "timings."

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("device_s", "server_s"):
            numbers_tuple(f"timings.{name}", getattr(self, name), len(self.cuts))

    @classmethod
    def joined(cls, device: "Timings | SideTimings", server: "Timings | SideTimings") -> Self:
        """The device's times of one table beside the server's of another, in the former's order.

        Args:
            device: Measured on the device; of a whole table the server's column is left out.
            server: Measured on the server; of a whole table the device's column is left out.

        Raises:
            FieldError: (a ValueError) If either holds the other side's times alone, or they are not
                of the same cuts and of the same number of samples.
        """
        mine, its = _of_side("device", device), _of_side("server", server)
        if mine.samples != its.samples:
            allowed = f"the device's {mine.samples}, as times don't grow in step with a batch"
            raise FieldError("server.samples", its.samples, allowed)
        for field, those, others in (
            ("server.cuts", its.cuts, mine.cuts),
            ("device.cuts", mine.cuts, its.cuts),
        ):
            if lacking := [name for name in others if name not in those]:
                raise FieldError(field, those, f"the other table's cuts, {lacking[0]!r} among them")
        seconds = dict(zip(its.cuts, its.seconds, strict=True))
        return cls(mine.cuts, mine.seconds, tuple(map(seconds.__getitem__, mine.cuts)), its.samples)

    def seconds_at(self, side: Side, cuts: Sequence[str]) -> Array | None:
        """Seconds of a batch on one side at some cuts.

        Raises:
            FieldError: If a cut was not measured; the message names it.
        """
        seconds: tuple[float, ...] = getattr(self, seconds_column(side))
        return np.asarray(seconds)[_places(self.cuts, cuts)]

    def to_csv(self, path: str | Path) -> None:
        """Writes a row a cut, which :func:`read_timings` reads back exactly."""
        columns = {CUT: self.cuts, "device_s": self.device_s, "server_s": self.server_s}
        _write(path, columns, self.samples)


def _places(measured: Sequence[str], wanted: Sequence[str]) -> list[int]:
    places = {name: place for place, name in enumerate(measured)}
    for name in wanted:
        if name not in places:
            allowed = f"a table with all admissible cuts, {name!r} among them"
            raise FieldError("timings.cuts", measured, allowed)
    return [places[name] for name in wanted]


def _of_side(side: Side, given: Timings | SideTimings) -> SideTimings:
    if isinstance(given, Timings):
        return SideTimings(side, given.cuts, getattr(given, seconds_column(side)), given.samples)
    if not isinstance(given, SideTimings) or given.side != side:
        raise FieldError(side, given, f"times measured on the {side}")
    return given


def _write(path: str | Path, columns: dict[str, tuple[Any, ...]], samples: int) -> None:
    """Writes columns and the samples; floats in the shortest form that gives them back."""
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*columns, SAMPLES])
        writer.writerows([*row, samples] for row in zip(*columns.values(), strict=True))
