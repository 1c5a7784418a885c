"""The whole study: from a folder of timings to both sides' results."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.studies.calibration.operators import operators_of
from benchmarks.studies.calibration.report import Side, mapping_line
from benchmarks.studies.calibration.splits import NETWORKS
from benchmarks.studies.calibration.timings import (
    DEVICE,
    SERVER,
    SPLIT,
    Half,
    Networks,
    block_flops,
    read_timings,
)

__all__ = ["Study", "measured"]

SIDES = {"Raspberry Pi": DEVICE, "Server": SERVER}
"""Columns of the sides' times, by their names."""


@dataclass(frozen=True)
class Study:
    """Results of the study.

    Attributes:
        mapping: How well the data agree with where the splits are taken to lie.
        sides: The device's side, then the server's.
        rows: The timings of each network.
    """

    mapping: pd.DataFrame
    sides: tuple[Side, ...]
    rows: dict[str, pd.DataFrame]

    def tables(self) -> dict[str, pd.DataFrame]:
        """Results of both sides, by the names of their files."""
        splits = {name: rows[SPLIT].to_numpy() for name, rows in self.rows.items()}
        errors = {side.name: side.errors.rename_axis("model").reset_index() for side in self.sides}
        constants = {side.name: side.constants for side in self.sides}
        predictions = {side.name: side.every_split(splits) for side in self.sides}
        named = {"errors": errors, "constants": constants, "predictions": predictions}
        return {
            f"{name}.csv": pd.concat(parts, names=["side"]).reset_index(level=0)
            for name, parts in named.items()
        }


def measured(folder: Path, networks: Networks = NETWORKS) -> Study:
    """Reads timings, counts operators, fits the models.

    Args:
        folder: The folder of the timings.
        networks: The networks that were timed.

    Raises:
        BenchmarkError: If a file, a column or a network is missing, or a value is not allowed.
    """
    rows = read_timings(folder, networks)
    stated = {name: block_flops(folder, network) for name, network in networks.items()}
    operators = {name: operators_of(network) for name, network in networks.items()}
    mapping = [
        mapping_line(network, operators[name], rows[name], stated[name])
        for name, network in networks.items()
    ]
    sides = []
    for side, column in SIDES.items():
        halves = {
            name: Half.of(network, operators[name], rows[name], column)
            for name, network in networks.items()
        }
        sides.append(Side(side, halves))
    return Study(pd.DataFrame(mapping), tuple(sides), rows)
