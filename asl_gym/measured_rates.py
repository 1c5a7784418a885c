"""Rates from measured files: logs of SNR dealt to the devices, or a table of rates.

Both draw a random start for each trace and say in words what they play; what is a file and what
format it has is decided before.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from asl_gym import channel
from asl_gym.components import Fleet, Radio
from asl_gym.csv_rows import TraceFileError
from asl_gym.trace_files import GNetTrackLog, read_gnettrack, read_rate_table
from asl_gym.validation import FieldError, number

__all__ = ["DrawnRates", "LogRates", "TableRates"]

Array = NDArray[np.float64]
Generators = Sequence[np.random.Generator]


class DrawnRates(NamedTuple):
    """Uplink and downlink rates [bit/s], each C-ordered (B, T, N), and what to know of them."""

    uplink_bps: Array
    downlink_bps: Array
    notes: tuple[str, ...]


class LogRates:
    """G-NetTrack logs, dealt to the devices in turn."""

    def __init__(
        self, files: Sequence[Path], fleet: Fleet, radio: Radio, seconds_per_round: float | None
    ) -> None:
        if seconds_per_round is not None:
            number("seconds_per_round", seconds_per_round, 0.0, open_low=True)
        self._fleet, self._radio, self._seconds_per_round = fleet, radio, seconds_per_round
        self._logs = [read_gnettrack(path) for path in files]
        self.outage_rows = {log.path: log.num_outage_rows for log in self._logs}
        self._notices: tuple[str, ...] = ()
        if len(files) < fleet.num_devices:
            self._notices = (
                f"{len(files)} logs serve {fleet.num_devices} devices: those that share a log "
                "play it from different starts",
            )
            warnings.warn(self._notices[0], stacklevel=3)

    def _players(self) -> list[tuple[GNetTrackLog, range]]:
        """The logs that are played, each with its devices."""
        devices, step = self._fleet.num_devices, len(self._logs)
        return [(log, range(m, devices, step)) for m, log in enumerate(self._logs[:devices])]

    def description(self) -> list[str]:
        seconds = self._seconds_per_round
        length = "a row" if seconds is None else f"{seconds:g} s"
        counts = f"{len(self._logs)} G-NetTrack logs for {self._fleet.num_devices} devices"
        players = {log.path: _listed(devices) for log, devices in self._players()}
        return [f"{counts}, a round is {length}"] + [
            f"{log.path.name}: {log.num_rows} rows, {log.num_outage_rows} of them outages; "
            f"{players.get(log.path, 'not played')}"
            for log in self._logs
        ]

    def draw(self, generators: Generators, rounds: int) -> DrawnRates:
        snr_db = np.empty((len(generators), rounds, self._fleet.num_devices))
        players = self._players()
        counts = [self._num_starts(log, len(devices), rounds) for log, devices in players]
        for row, generator in zip(snr_db, generators, strict=True):
            for (log, devices), count in zip(players, counts, strict=True):
                starts = generator.choice(count, len(devices), replace=False)
                for n, start in zip(devices, starts, strict=True):
                    row[:, n] = log.window(start, rounds, self._seconds_per_round)
        notes = tuple(_log_note(log, devices, snr_db) for log, devices in players)
        rates = channel.rates_from_snr_db(snr_db, self._fleet, self._radio)
        return DrawnRates(*rates, self._notices + notes)

    def _num_starts(self, log: GNetTrackLog, num_devices: int, rounds: int) -> int:
        seconds = self._seconds_per_round
        count = log.num_starts(rounds, seconds)
        if count < num_devices:
            length = "" if seconds is None else f" of {seconds:g} s"
            reason = (
                f"the log's {log.num_rows} rows have {count} starts for {rounds} rounds{length}, "
                f"expected at least {num_devices}, one for each device that plays the log"
            )
            raise TraceFileError(log.path, reason)
        return count


def _log_note(log: GNetTrackLog, devices: range, snr_db: Array) -> str:
    played = np.isneginf(snr_db[..., devices.start :: devices.step])
    outages = f"{np.count_nonzero(played)} outages in {played.size} device-rounds"
    return f"{log.path.name}: {log.num_rows} rows, {_listed(devices)}: {outages}" + _of_batch(
        snr_db
    )


class TableRates:
    """A table of rates whose devices are the scenario's."""

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
        self._low = measured < self._floor
        self._rates = np.maximum(measured, self._floor)
        self.outage_rows = {self._path: int(self._low.any(axis=0).sum())}

    def description(self) -> list[str]:
        table = f"a rate table for {self._rates.shape[-1]} devices"
        return [table, f"{self._path.name}: {self._num_rounds} rounds; {self._raised(self._low)}"]

    def _raised(self, low: NDArray[np.bool_]) -> str:
        return (
            f"{np.count_nonzero(low)} of {low.size} rates below the floor of {self._floor:g} "
            "bit/s and raised to it"
        )

    def draw(self, generators: Generators, rounds: int) -> DrawnRates:
        if rounds > self._num_rounds:
            reason = f"the table has {self._num_rounds} rounds: expected at least {rounds}"
            raise TraceFileError(self._path, reason)
        starts = [int(each.integers(self._num_rounds - rounds + 1)) for each in generators]
        windows = [np.s_[:, start : start + rounds] for start in starts]
        uplink, downlink = np.stack([self._rates[window] for window in windows], axis=1)
        low = np.stack([self._low[window] for window in windows])
        note = f"{self._path.name}: {self._num_rounds} rounds, {self._raised(low)}"
        return DrawnRates(uplink, downlink, (note + _of_batch(uplink),))


def _listed(devices: range) -> str:
    return f"device{'s' if len(devices) > 1 else ''} {', '.join(map(str, devices))}"


def _of_batch(values: Array) -> str:
    return f" of {len(values)} traces drawn together" if len(values) > 1 else ""
