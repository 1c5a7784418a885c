"""Measured seconds of both halves of split networks, beside what the halves have to do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from asl_gym.arrays import Array
from benchmarks.errors import BenchmarkError
from benchmarks.studies.calibration.operators import Operators
from benchmarks.studies.calibration.splits import NETWORKS, TimedNetwork

__all__ = ["BLOCKS", "DEVICE", "SERVER", "SPLIT", "TIMINGS", "Half", "Networks"]
__all__ += ["block_flops", "read_timings", "sent"]

TIMINGS, BLOCKS = "pi_to_gpu.csv", "blocks"
"""File of the timings and folder of the blocks."""

NETWORK, SPLIT = "Model name", "Split point"
DEVICE, SERVER = "Partition 1 exec time (s)", "Partition 2 exec time (s)"
TRANSFER = "Network Transfer Time (s)"
BLOCK_FLOPS = "FLOPs (G)"

Networks = Mapping[str, TimedNetwork]


@dataclass(frozen=True)
class Half:
    """One side's measured times at the splits of one network.

    Attributes:
        network: The network's name.
        operators: The network's operators.
        positions: Operators before each split, shape (splits,).
        seconds: Measured times [s], shape (splits,).
        on_server: Whether the side runs the operators after the split rather than before it.
    """

    network: str
    operators: Operators
    positions: "np.ndarray[tuple[int], np.dtype[np.int64]]"
    seconds: Array
    on_server: bool

    def summed(self, column: Callable[[Operators], Array]) -> Array:
        """The sum of a column over the operators that this side runs, shape (splits,)."""
        sums = np.concatenate([[0.0], np.cumsum(column(self.operators))])
        before = sums[self.positions]
        return sums[-1] - before if self.on_server else before

    @classmethod
    def of(
        cls, network: TimedNetwork, operators: Operators, rows: pd.DataFrame, side: str
    ) -> "Half":
        """One side, :data:`DEVICE` or :data:`SERVER`, of the rows of one network."""
        cuts = [operators.cut_after(network.end_of(split)) for split in rows[SPLIT]]
        positions = np.array([cut.position for cut in cuts], dtype=np.int64)
        return cls(network.name, operators, positions, rows[side].to_numpy(float), side == SERVER)


def read_timings(folder: Path, networks: Networks = NETWORKS) -> dict[str, pd.DataFrame]:
    """Reads the timings of every network, its rows in the order of the splits.

    Args:
        folder: Where the file of the timings is.
        networks: The networks that have to be in it.

    Raises:
        BenchmarkError: If the file, a column, or a network is missing, or a value is not allowed.
    """
    columns = [NETWORK, SPLIT, DEVICE, SERVER, TRANSFER]
    table = _read(folder / TIMINGS, columns)
    for column in columns[1:]:
        _check_positive(folder / TIMINGS, table, column)
    unknown = sorted(set(table[NETWORK].astype(str)) - networks.keys())
    if unknown:
        allowed = f"expected one of {', '.join(networks)}"
        raise BenchmarkError(f"{folder / TIMINGS}: {NETWORK!r} is {unknown[0]!r}, {allowed}")
    found = {}
    for name, network in networks.items():
        rows = table[table[NETWORK] == name].sort_values(SPLIT)
        if rows.empty:
            raise BenchmarkError(f"{folder / TIMINGS}: column {NETWORK!r} lacks {name!r}")
        for split in rows[SPLIT]:
            network.end_of(split)
        found[name] = rows.astype({SPLIT: int})
    return found


def block_flops(folder: Path, network: TimedNetwork) -> Array:
    """FLOPs of each block of a network for a batch, as the data's authors state them.

    Raises:
        BenchmarkError: If the file or its column is missing, or the number of blocks is another.
    """
    path = folder / BLOCKS / network.blocks_file
    table = _read(path, [BLOCK_FLOPS])
    if len(table) != len(network.block_ends):
        raise BenchmarkError(f"{path}: {len(table)} blocks, expected {len(network.block_ends)}")
    flops: Array = pd.to_numeric(table[BLOCK_FLOPS], errors="coerce").to_numpy(float) * 1e9
    if not np.isfinite(flops).all():
        raise BenchmarkError(f"{path}: column {BLOCK_FLOPS!r} has values that are no numbers")
    return flops


def sent(network: TimedNetwork, operators: Operators, rows: pd.DataFrame) -> Array:
    """The rates at which what crosses each split was sent [byte/s], shape (splits,)."""
    cuts = [operators.cut_after(network.end_of(split)) for split in rows[SPLIT]]
    sizes = np.array([cut.uplink_bits / 8 for cut in cuts])
    rates: Array = sizes / rows[TRANSFER].to_numpy(float)
    return rates


def _read(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    if not path.is_file():
        raise BenchmarkError(f"{path} is missing")
    try:
        table = pd.read_csv(path)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise BenchmarkError(f"{path} is no CSV file: {error}") from error
    for column in columns:
        if column not in table:
            raise BenchmarkError(f"{path}: column {column!r} is missing")
    return table


def _check_positive(path: Path, table: pd.DataFrame, column: str) -> None:
    values = pd.to_numeric(table[column], errors="coerce")
    wrong = table[~(np.isfinite(values) & (values > 0))]
    if not wrong.empty:
        line, value = int(wrong.index[0]) + 2, wrong[column].iloc[0]
        raise BenchmarkError(
            f"{path}, line {line}: {column!r} is {str(value)!r}, expected a number above 0"
        )
    table[column] = values
