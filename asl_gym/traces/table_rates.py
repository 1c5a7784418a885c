"""Rates of all devices from one plain rate table."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from asl_gym.arrays import Array
from asl_gym.model.system import System
from asl_gym.traces.log import counted
from asl_gym.traces.log_options import LogOptions
from asl_gym.traces.rate_table import read_rate_table
from asl_gym.traces.suspicions import rate_suspicions
from asl_gym.validation.checks import FieldError
from asl_gym.validation.csv_rows import TextFileError

__all__ = ["TableRates"]


class TableRates:
    """Rates from a table, whose devices are the system's.

    They are those that each device has in its round, so that they are not shared in the parallel
    schedule; the floor there is that of a device's share of the bandwidth.

    Args:
        files: The table alone.
        system: Gives the number of devices, and the rate floor that lower rates are raised to.
        options: All of them at their defaults.

    Attributes:
        notices: What to say about it once.

    Raises:
        TextFileError: If there are several files, or the table cannot be read or does not fit.
        FieldError: If an option is given.
    """

    def __init__(self, files: Sequence[Path], system: System, options: LogOptions) -> None:
        if len(files) > 1:
            raise TextFileError(files[1], f"a rate table beside {files[0]}: expected only one")
        for name, value in options.given.items():
            raise FieldError(name, value, "None with a rate table, which is by the round")
        radio = system.device_radio
        self._path, self._floor = files[0], radio.rate_floor_bps
        table = read_rate_table(self._path)
        measured = np.stack([table.uplink_bps, table.downlink_bps])
        self._num_rounds, devices = measured.shape[1:]
        if devices != system.num_devices:
            reason = f"the table has {devices} devices: expected the scenario's"
            raise TextFileError(self._path, f"{reason} {system.num_devices}")
        both = {"uplink": measured[0], "downlink": measured[1]}
        self.notices = tuple(f"{self._path.name}: {each}" for each in rate_suspicions(both, radio))
        self._num_low = np.count_nonzero(measured < self._floor)
        self._rates = np.maximum(measured, self._floor)

    def description(self, rounds: int | None) -> list[str]:
        """A heading, then a line about the table."""
        table = f"a rate table for {counted(self._rates.shape[-1], 'device')}"
        raised = f"{self._num_low} of {self._rates.size} rates are raised to the floor of"
        name = f"{self._path.name} ({self._num_rounds} rounds)"
        return [table, f"{name}: {raised} {self._floor:g} bit/s"]

    def notices_of(self, rounds: int) -> tuple[str, ...]:
        """Nothing: a table that is too short is an error."""
        return ()

    def draw(self, generators: Sequence[np.random.Generator], rounds: int) -> tuple[Array, Array]:
        """Draws uplink and downlink rates [bit/s], (B, T, N) each, one trace a generator.

        Raises:
            TextFileError: If the table has fewer rounds.
        """
        if rounds > self._num_rounds:
            reason = f"the table has {self._num_rounds} rounds: expected at least {rounds}"
            raise TextFileError(self._path, reason)
        starts = [int(each.integers(self._num_rounds - rounds + 1)) for each in generators]
        windows = [np.s_[:, start : start + rounds] for start in starts]
        uplink, downlink = np.stack([self._rates[window] for window in windows], axis=1)
        return uplink, downlink
