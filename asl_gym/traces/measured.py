"""Traces from files: measured rates in the place of the channel model.

Either logs of G-NetTrack, whose downlink SNR becomes rates by the scenario's radio, or one plain
table of rates. What files don't tell, the devices' clocks, is drawn by the fleet's law.
"""

import os
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from asl_gym.arrays import Array
from asl_gym.model.components import Fleet, Radio
from asl_gym.model.system import System
from asl_gym.traces import channel
from asl_gym.traces.csv_rows import TraceFileError
from asl_gym.traces.files import GNetTrackLog, is_gnettrack, read_gnettrack, read_rate_table
from asl_gym.traces.synthetic import draw_clocks
from asl_gym.traces.trace import Trace
from asl_gym.validation import POSITIVE, FieldError, number, whole_number

__all__ = ["MeasuredTraces", "Paths"]

Generators = Sequence[np.random.Generator]
Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


class MeasuredTraces:
    """A ``TraceSource`` that plays files, from a random start in each trace.

    **G-NetTrack logs.** Device n plays log n mod M of M logs. Devices that share a log play it
    from different starts, drawn without replacement, though their rounds may overlap; a notice
    says so at construction. The uplink's SNR is the downlink's plus 10·log₁₀(p_n/p_bs) dB; an
    outage gives the rate floor.

    **One rate table**, of the scenario's number of devices, which all have the same start. Rates
    below the floor, 0 among them, are raised to it; rates above the cap are measured and stay.

    Args:
        system: Gives the devices and the radio; a scenario is one.
        paths: A directory, which stands for its ``*.csv`` files in the order of their names; a
            sequence of files; or one file.
        seconds_per_round: Duration of a round [s], by which logs are sampled and held; ``None``
            makes each row of a log a round.

    Raises:
        TraceFileError: If a file cannot be read, files are of different formats, or there is
            more than one rate table or one of another number of devices.
        FieldError: If ``paths`` is empty or repeats a file, or ``seconds_per_round`` is not > 0
            or is given for a rate table.
    """

    def __init__(
        self, system: System, paths: Paths, seconds_per_round: float | None = None
    ) -> None:
        self.fleet, self.radio = system.fleet, system.radio
        files = _files(paths)
        kind = LogRates if _all_gnettrack(files) else TableRates
        self._source = kind(files, system.fleet, system.device_radio, seconds_per_round)
        for notice in self._source.notices:
            warnings.warn(notice, stacklevel=2)

    def describe(self) -> str:
        """Returns what is played, for people: a line a file below a heading."""
        return "\n".join(self._source.description())

    def draw(
        self,
        generators: Sequence[np.random.Generator],
        rounds: int,
        reuse: Trace | None = None,
    ) -> Trace:
        """Draws one trace a generator, see :class:`asl_gym.traces.synthetic.TraceSource`.

        Each generator gives its trace's starts first, then its device clocks. ``reuse`` is left
        alone.

        Raises:
            TraceFileError: If a file is too short for so many rounds.
        """
        rounds = whole_number("rounds", rounds, 1)
        uplink, downlink = self._source.draw(generators, rounds)
        clock = draw_clocks(self.fleet, generators, rounds)
        return Trace(uplink, downlink, clock, check=False)


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
            number("seconds_per_round", seconds_per_round, POSITIVE)
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

    def draw(self, generators: Generators, rounds: int) -> tuple[Array, Array]:
        """Draws uplink and downlink rates [bit/s], (B, T, N) each, one trace a generator.

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
        return channel.rates_from_snr_db(snr_db, self._fleet, self._radio)

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

    def draw(self, generators: Generators, rounds: int) -> tuple[Array, Array]:
        """Draws uplink and downlink rates [bit/s], (B, T, N) each, one trace a generator.

        Raises:
            TraceFileError: If the table has fewer rounds.
        """
        if rounds > self._num_rounds:
            reason = f"the table has {self._num_rounds} rounds: expected at least {rounds}"
            raise TraceFileError(self._path, reason)
        starts = [int(each.integers(self._num_rounds - rounds + 1)) for each in generators]
        windows = [np.s_[:, start : start + rounds] for start in starts]
        uplink, downlink = np.stack([self._rates[window] for window in windows], axis=1)
        return uplink, downlink


def _listed(devices: range) -> str:
    return f"device{'s' if len(devices) > 1 else ''} {', '.join(map(str, devices))}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _files(paths: Paths) -> tuple[Path, ...]:
    if isinstance(paths, str | os.PathLike):
        path = Path(paths)
        files = tuple(sorted(path.glob("*.csv"))) if path.is_dir() else (path,)
        if not files:
            raise TraceFileError(path, "the directory has no *.csv files: expected at least one")
        return files
    files = tuple(map(Path, paths)) if isinstance(paths, Iterable) else ()
    if not files or len(set(files)) < len(files):
        raise FieldError("paths", paths, "a directory, or one or more files, each once")
    return files


def _all_gnettrack(files: Sequence[Path]) -> bool:
    kinds = [is_gnettrack(path) for path in files]
    if len(set(kinds)) > 1:
        other = files[kinds.index(not kinds[0])]
        names = ("a G-NetTrack log", "a rate table")
        first, second = names if kinds[0] else names[::-1]
        raise TraceFileError(other, f"{second}, but {files[0]} is {first}: expected one format")
    return kinds[0]
