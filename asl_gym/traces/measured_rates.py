"""Rates from measured files: logs of SNR dealt to the devices, or a table of rates.

Both play consecutive rounds from a random start and say in words what they play.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from asl_gym.arrays import Array
from asl_gym.model.components import Fleet, Radio
from asl_gym.traces import channel
from asl_gym.traces.csv_rows import TraceFileError
from asl_gym.traces.files import GNetTrackLog, read_gnettrack, read_rate_table
from asl_gym.validation import FieldError, number

__all__ = ["DrawnRates", "LogRates", "TableRates"]

Generators = Sequence[np.random.Generator]


class DrawnRates(NamedTuple):
    """Uplink and downlink rates [bit/s], each C-ordered (B, T, N)."""

    uplink_bps: Array
    downlink_bps: Array


class LogRates:
    """Rates from G-NetTrack logs, which are dealt to the devices in turn.

    Args:
        files: The logs M; device n plays log n mod M.
        fleet: The devices N.
        radio: Turns SNR into rates.
        seconds_per_round: Duration of a round [s], or ``None`` for one a row.

    Attributes:
        notices: What to say about it once.

    Raises:
        TraceFileError: If a file cannot be read.
        FieldError: If ``seconds_per_round`` is not > 0.
    """

    def __init__(
        self, files: Sequence[Path], fleet: Fleet, radio: Radio, seconds_per_round: float | None
    ) -> None:
        if seconds_per_round is not None:
            number("seconds_per_round", seconds_per_round, 0.0, open_low=True)
        self._fleet, self._radio, self._seconds_per_round = fleet, radio, seconds_per_round
        self._logs = [read_gnettrack(path) for path in files]
        self.notices: tuple[str, ...] = ()
        if len(files) < fleet.num_devices:
            serve = f"{_count(len(files), 'log')} for {fleet.num_devices} devices"
            self.notices = (f"{serve}: those that share a log play it from different starts",)

    def _players(self) -> list[tuple[GNetTrackLog, range]]:
        """The logs that are played, each with its devices."""
        devices, step = self._fleet.num_devices, len(self._logs)
        return [(log, range(m, devices, step)) for m, log in enumerate(self._logs[:devices])]

    def description(self) -> list[str]:
        """A heading, then a line a log."""
        seconds = self._seconds_per_round
        length = "a row" if seconds is None else f"{seconds:g} s"
        logs = _count(len(self._logs), "G-NetTrack log")
        counts = f"{logs} for {_count(self._fleet.num_devices, 'device')}"
        players = {log.path: _listed(devices) for log, devices in self._players()}
        return [f"{counts}, a round is {length}"] + [
            f"{log.path.name}, {players.get(log.path, 'not played')}: {log.num_outage_rows} of "
            f"{log.num_rows} rows are outages"
            for log in self._logs
        ]

    def draw(self, generators: Generators, rounds: int) -> DrawnRates:
        """Draws rates of so many rounds, one trace a generator.

        Raises:
            TraceFileError: If a log has fewer starts than devices.
        """
        snr_db = np.empty((len(generators), rounds, self._fleet.num_devices))
        players = self._players()
        counts = [self._num_starts(log, len(devices), rounds) for log, devices in players]
        for row, generator in zip(snr_db, generators, strict=True):
            for (log, devices), count in zip(players, counts, strict=True):
                starts = generator.choice(count, len(devices), replace=False)
                for n, start in zip(devices, starts, strict=True):
                    row[:, n] = log.window(start, rounds, self._seconds_per_round)
        return DrawnRates(*channel.rates_from_snr_db(snr_db, self._fleet, self._radio))

    def _num_starts(self, log: GNetTrackLog, num_devices: int, rounds: int) -> int:
        seconds = self._seconds_per_round
        count = log.num_starts(rounds, seconds)
        if count < num_devices:
            length = "" if seconds is None else f" of {seconds:g} s"
            reason = (
                f"the log's {log.num_rows} rows have {_count(count, 'start')} for {rounds} "
                f"rounds{length}: expected at least {num_devices}, one a device that plays it"
            )
            raise TraceFileError(log.path, reason)
        return count


class TableRates:
    """Rates from a table, whose devices are the scenario's.

    Args:
        files: The table alone.
        fleet: The devices.
        radio: Gives the rate floor, which lower rates are raised to.
        seconds_per_round: ``None``.

    Attributes:
        notices: Empty.

    Raises:
        TraceFileError: If there are several files, or the table cannot be read or does not fit.
        FieldError: If ``seconds_per_round`` is given.
    """

    notices: tuple[str, ...] = ()

    def __init__(
        self, files: Sequence[Path], fleet: Fleet, radio: Radio, seconds_per_round: float | None
    ) -> None:
        if len(files) > 1:
            raise TraceFileError(files[1], f"a rate table beside {files[0]}: expected only one")
        if seconds_per_round is not None:
            allowed = "None with a rate table, which is by the round"
            raise FieldError("seconds_per_round", seconds_per_round, allowed)
        self._path, self._floor = files[0], radio.rate_floor_bps
        table = read_rate_table(self._path)
        measured = np.stack([table.uplink_bps, table.downlink_bps])
        self._num_rounds, devices = measured.shape[1:]
        if devices != fleet.num_devices:
            reason = f"the table has {devices} devices: expected the scenario's {fleet.num_devices}"
            raise TraceFileError(self._path, reason)
        self._num_low = np.count_nonzero(measured < self._floor)
        self._rates = np.maximum(measured, self._floor)

    def description(self) -> list[str]:
        """A heading, then a line about the table."""
        table = f"a rate table for {_count(self._rates.shape[-1], 'device')}"
        raised = f"{self._num_low} of {self._rates.size} rates are raised to the floor of"
        name = f"{self._path.name} ({self._num_rounds} rounds)"
        return [table, f"{name}: {raised} {self._floor:g} bit/s"]

    def draw(self, generators: Generators, rounds: int) -> DrawnRates:
        """Draws rates of so many rounds, one trace a generator.

        Raises:
            TraceFileError: If the table has fewer rounds.
        """
        if rounds > self._num_rounds:
            reason = f"the table has {self._num_rounds} rounds: expected at least {rounds}"
            raise TraceFileError(self._path, reason)
        starts = [int(each.integers(self._num_rounds - rounds + 1)) for each in generators]
        windows = [np.s_[:, start : start + rounds] for start in starts]
        uplink, downlink = np.stack([self._rates[window] for window in windows], axis=1)
        return DrawnRates(uplink, downlink)


def _listed(devices: range) -> str:
    return f"device{'s' if len(devices) > 1 else ''} {', '.join(map(str, devices))}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
