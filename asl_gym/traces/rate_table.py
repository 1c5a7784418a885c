"""The plain rate table: a comma-separated file with one row per round and device."""

import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from asl_gym.validation.csv_rows import TextFileError, plain_number, read_rows

__all__ = ["RATE_COLUMNS", "RateTable", "read_rate_table"]

RATE_COLUMNS = ("round", "device", "uplink_bps", "downlink_bps")

INDEX = re.compile(r"([0-9]{1,18})(\.0*)?")  # 18 digits fit an int64
"""A round or device: an integer, perhaps written as the float that pandas makes of it."""


@dataclass(frozen=True, eq=False)
class RateTable:
    """Rates of every round and device, as :func:`read_rate_table` finds them.

    Attributes:
        uplink_bps: Uplink rates [bit/s], float64 (rounds, devices), read-only; 0 is an outage.
        downlink_bps: Downlink rates, likewise.
    """

    uplink_bps: npt.NDArray[np.float64]
    downlink_bps: npt.NDArray[np.float64]


def read_rate_table(path: str | os.PathLike[str]) -> RateTable:
    """Read a table of rates: columns round, device, uplink_bps, downlink_bps, in any order.

    Rounds count from 0, or from 1 where none is 0; likewise devices. Rows come in any order and
    hold each pair of a round and a device exactly once. Rates are in bit/s, finite and >= 0; 0 is
    an outage and is kept as it is.

    Raises:
        TextFileError: If the file cannot be read or breaks one of these rules.
    """
    path = Path(path)
    lines: dict[tuple[int, int], int] = {}
    rates: list[tuple[float, float]] = []
    for line, (pair, row_rates) in read_rows(path, RATE_COLUMNS, _parse_rates, log=False).rows:
        if pair in lines:
            reason = f"round {pair[0]}, device {pair[1]} already stands in line {lines[pair]}"
            raise TextFileError(path, reason, line)
        lines[pair] = line
        rates.append(row_rates)
    first, shape = _complete_shape(path, lines)
    table = np.empty((2, *shape))
    rounds, devices = (np.array(list(lines)) - first).T
    table[:, rounds, devices] = np.array(rates).T
    table.flags.writeable = False
    return RateTable(uplink_bps=table[0], downlink_bps=table[1])


def _parse_rates(cells: Sequence[str]) -> tuple[tuple[int, int], tuple[float, float]]:
    """Round and device, uplink and downlink rate [bit/s], from cells in RATE_COLUMNS' order."""
    pair = _index(RATE_COLUMNS[0], cells[0]), _index(RATE_COLUMNS[1], cells[1])
    for name, text in zip(RATE_COLUMNS[2:], cells[2:], strict=True):
        if not 0.0 <= plain_number(text) < math.inf:
            raise ValueError(f"{name} {text!r} must be a finite number >= 0 [bit/s]")
    return pair, (float(cells[2]), float(cells[3]))


def _index(name: str, text: str) -> int:
    found = INDEX.fullmatch(text)
    if found is None:
        raise ValueError(f"{name} {text!r} must be an integer >= 0")
    return int(found[1])


def _complete_shape(
    path: Path, lines: dict[tuple[int, int], int]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """First round and device, numbers of both; having checked that no pair is missing."""
    # Counting from 1 leaves no doubt: a table that counts from 0 has a round 0 and a device 0.
    first_round = min(1, *(pair[0] for pair in lines))
    first_device = min(1, *(pair[1] for pair in lines))
    rounds = 1 + max(pair[0] for pair in lines) - first_round
    devices = 1 + max(pair[1] for pair in lines) - first_device
    if rounds * devices != len(lines):
        # Lazy, so that a stray huge index costs no more than the rows that are there.
        pairs = ((first_round + t, first_device + n) for t in range(rounds) for n in range(devices))
        t, n = next(pair for pair in pairs if pair not in lines)
        reason = (
            f"round {t}, device {n} is missing; {rounds} rounds and {devices} devices "
            f"need {rounds * devices} rows, there are {len(lines)}"
        )
        raise TextFileError(path, reason)
    return (first_round, first_device), (rounds, devices)
