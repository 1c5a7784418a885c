"""Rates from logs, which are dealt to the devices in turn."""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from asl_gym.arrays import Array
from asl_gym.model.radio import cellular
from asl_gym.model.system import System
from asl_gym.traces import channel
from asl_gym.traces.columns import read_by_columns
from asl_gym.traces.dealing import Deal, deal
from asl_gym.traces.gnettrack import RATE_SOURCE, read_gnettrack
from asl_gym.traces.log import MeasuredLog, counted
from asl_gym.traces.log_building import UnplayableLogError, join_logs
from asl_gym.traces.log_options import LogOptions
from asl_gym.traces.suspicions import rate_suspicions, snr_suspicions, unreported_snr
from asl_gym.validation.csv_rows import TextFileError

__all__ = ["LogRates"]


class LogRates:
    """Rates from logs.

    Args:
        files: The logs.
        system: The devices, and the radio that turns SNR into rates. A measured throughput is
            that of the whole bandwidth, of which a device in the parallel schedule has its share.
        options: How they are read and played.

    Attributes:
        notices: What to say about the logs once, whatever is drawn.

    Raises:
        TextFileError: If a file cannot be read, or none can be played.
        FieldError: If the system has a link in place of a radio.
    """

    def __init__(self, files: Sequence[Path], system: System, options: LogOptions) -> None:
        self._system, self._options = system, options
        self._radio = cellular(system.radio, "logs; a link of a stated rate plays rate tables")
        self._logs, unplayable = _readable(files, options)
        self._played = [join_logs(self._logs)] if options.stitch else self._logs
        self._deals: dict[int | None, Deal] = {}
        self.notices = (*unplayable, *self._found(), *self._sharing())

    def _found(self) -> Iterator[str]:
        for log in self._logs:
            rates = dict(zip(("uplink", "downlink"), log.rates_bps, strict=True))
            measured = {
                direction: rates[direction][~np.isnan(rates[direction])]
                for direction in self._options.measured_directions
            }
            yield from log.notices
            suspicions = snr_suspicions(log, self._radio), rate_suspicions(measured, self._radio)
            for each in itertools.chain(*suspicions):
                yield f"{log.path.name}: {each}"

    def _sharing(self) -> Iterator[str]:
        if len(self._played) < self._system.num_devices:
            serve = f"{counted(len(self._played), 'log')} for {self._system.num_devices} devices"
            yield f"{serve}: those that share a log play it from different starts"

    def _deal(self, rounds: int | None) -> Deal:
        if rounds not in self._deals:
            seconds = self._options.seconds_per_round
            devices = self._system.num_devices
            self._deals[rounds] = deal(self._played, devices, rounds, seconds)
        return self._deals[rounds]

    def notices_of(self, rounds: int) -> tuple[str, ...]:
        """What to say once about episodes of so many rounds: logs that are left out."""
        left_out = self._deal(rounds).left_out.items()
        episode = f"{rounds} rounds of {self._options.round_length}"
        return tuple(
            f"{self._played[m].path.name} is too short for {episode} and is left out: {why}"
            for m, why in left_out
        )

    def description(self, rounds: int | None) -> list[str]:
        """A heading, then a line a log.

        Args:
            rounds: Rounds of an episode; if given, logs that are too short are left out.
        """
        options = self._options
        logs = counted(len(self._logs), "log" if options.columns else "G-NetTrack log")
        joined = " joined in their order" if options.stitch else ""
        heading = f"{logs}{joined} for {counted(self._system.num_devices, 'device')}"
        floor = self._radio.rate_floor_bps
        return [f"{heading}, a round is {options.round_length}, {options.rates_in_words}"] + [
            f"{log.path.name}{self._role(m, rounds)}: {log.summary(floor)}"
            for m, log in enumerate(self._logs)
        ]

    def _name(self, m: int) -> str:
        return "all logs together" if self._options.stitch else self._played[m].path.name

    def _role(self, m: int, rounds: int | None) -> str:
        if self._options.stitch:
            return ""
        if m in self._deal(rounds).left_out:
            return ", left out as too short"
        devices = dict(self._deal(rounds).players).get(m)
        return ", not played" if devices is None else f", {_listed(devices)}"

    def draw(self, generators: Sequence[np.random.Generator], rounds: int) -> tuple[Array, Array]:
        """Draws uplink and downlink rates [bit/s], (B, T, N) each, one trace a generator.

        Raises:
            TextFileError: If no log is long enough.
        """
        seconds = self._options.seconds_per_round
        players = [
            (self._played[m], self._played[m].starts(rounds, seconds), devices)
            for m, devices in self._players(rounds)
        ]
        fields = 3 if any(log.num_throughput_rows for log in self._played) else 1
        measured = np.empty((fields, len(generators), rounds, self._system.num_devices))
        for b, generator in enumerate(generators):
            for log, starts, devices in players:
                chosen = starts[generator.choice(starts.size, len(devices), replace=False)]
                for n, start in zip(devices, chosen, strict=True):
                    window = log.window(start, rounds, seconds)
                    measured[:, b, :, n] = log.measured[:fields, window]
        return self._rates(measured)

    def _players(self, rounds: int) -> list[tuple[int, range]]:
        dealt = self._deal(rounds)
        if not dealt.players:
            length = f"{rounds} rounds of {self._options.round_length}"
            each = [f"{self._name(m)}: {why}" for m, why in dealt.left_out.items()]
            reason = (
                f"no log is long enough for {length}, from as many starts as devices play it; "
                f"shorter episodes or stitched logs may do. {'; '.join(each)}"
            )
            path = self._played[0].path
            raise TextFileError(path if len(each) == 1 else path.parent, reason)
        return dealt.players

    def _rates(self, measured: Array) -> tuple[Array, Array]:
        """Rates of what was measured, fields of :class:`MeasuredRow` along the first axis."""
        radio = cellular(self._system.device_radio, "rates of logs")
        both = channel.rates_from_snr_db(measured[0], self._system.fleet, radio)
        share = radio.bandwidth_hz / self._radio.bandwidth_hz
        for rates, own in zip(both, measured[1:], strict=False):
            np.copyto(rates, np.maximum(share * own, radio.rate_floor_bps), where=~np.isnan(own))
        return both


def _readable(files: Sequence[Path], options: LogOptions) -> tuple[list[MeasuredLog], list[str]]:
    """The logs that can be played, and notices of those that say nothing of the rates."""
    logs: list[MeasuredLog] = []
    unplayable: list[UnplayableLogError] = []
    for path in files:
        try:
            logs.append(_read(path, options))
        except UnplayableLogError as error:
            unplayable.append(error)
    if not logs:
        first, *others = unplayable
        reasons = "; ".join(f"{each.path.name}: {each.reason}" for each in others)
        raise TextFileError(first.path, "; ".join(filter(None, [first.reason, reasons])))
    return logs, [f"{each.path.name} is left out: {each.reason}" for each in unplayable]


def _read(path: Path, options: LogOptions) -> MeasuredLog:
    if options.columns is not None:
        return read_by_columns(path, options.columns)
    log = read_gnettrack(path, options.rates or RATE_SOURCE)
    if (reason := unreported_snr(log)) is not None:
        raise UnplayableLogError(
            path, f"{reason} (rates = 'throughput' plays a DL_bitrate instead)"
        )
    return log


def _listed(devices: range) -> str:
    return f"device{'s' if len(devices) > 1 else ''} {', '.join(map(str, devices))}"
