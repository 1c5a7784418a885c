"""Readers of trace files: from a file to arrays, with no knowledge of scenarios.

Two comma-separated formats are read; :func:`is_gnettrack` tells them apart by the header.

* The plain rate table (:func:`read_rate_table`): one row per round and device with its two rates.
* Logs of G-NetTrack Pro (:func:`read_gnettrack`), a drive-test logger that writes a row about every
  second, as in D. Raca, D. Leahy, C. J. Sreenan, J. J. Quinlan, "Beyond Throughput, The Next
  Generation: a 5G Dataset with Channel and Context Metrics", ACM MMSys 2020.

Encoding and rows are those of :mod:`asl_gym.traces.csv_rows`.
"""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from asl_gym.traces.csv_rows import TraceFileError, plain_number, read_header, read_rows
from asl_gym.validation import POSITIVE, number, whole_number

__all__ = [
    "FALLBACK_MODES",
    "GNetTrackLog",
    "RateTable",
    "TraceFileError",
    "is_gnettrack",
    "read_gnettrack",
    "read_rate_table",
]

RATE_COLUMNS = ("round", "device", "uplink_bps", "downlink_bps")
GNETTRACK_COLUMNS = ("Timestamp", "NetworkMode", "SNR")
GNETTRACK_TIME_FORMAT = "%Y.%m.%d_%H.%M.%S"

FALLBACK_MODES = frozenset({"GSM", "GPRS", "EDGE", "UMTS", "HSDPA", "HSUPA", "HSPA", "HSPA+"})
"""The 2G and 3G values of NetworkMode: the phone has left LTE and 5G, so SNR may be '-'."""

MAX_ABS_SNR_DB = 100.0
"""Bound on a plausible SNR's magnitude [dB]; far beyond what a phone reports (about ±40)."""


@dataclass(frozen=True, eq=False)
class RateTable:
    """Rates of every round and device, as :func:`read_rate_table` finds them.

    Attributes:
        uplink_bps: Uplink rates [bit/s], float64 (rounds, devices), read-only; 0 is an outage.
        downlink_bps: Downlink rates, likewise.
    """

    uplink_bps: npt.NDArray[np.float64]
    downlink_bps: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GNetTrackLog:
    """The downlink's SNR over time, as :func:`read_gnettrack` finds it.

    Attributes:
        path: The file.
        seconds: Time since the first row [s], int64 (rows,), strictly increasing, read-only.
        downlink_snr_db: SNR [dB], float64 (rows,), read-only; -inf is an outage.
    """

    path: Path
    seconds: npt.NDArray[np.int64]
    downlink_snr_db: npt.NDArray[np.float64]

    @property
    def num_rows(self) -> int:
        """Rows kept, one per second that has any."""
        return self.seconds.size

    @property
    def num_outage_rows(self) -> int:
        """Kept rows that are an outage."""
        return int(np.count_nonzero(np.isneginf(self.downlink_snr_db)))

    def num_starts(self, rounds: int, seconds_per_round: float | None = None) -> int:
        """Number of rows from which ``window`` can start: rows 0 to this number - 1.

        Args:
            rounds: Length of the window, at least 1.
            seconds_per_round: As in ``window`` [s].

        Returns:
            The number of admissible starts; 0 if the log is too short.

        Raises:
            ValueError: If an argument is outside its range.
        """
        rounds = whole_number("rounds", rounds, 1)
        if seconds_per_round is None:
            return max(0, self.num_rows - rounds + 1)
        seconds_per_round = number("seconds_per_round", seconds_per_round, POSITIVE)
        last = _elapsed(rounds - 1, seconds_per_round)
        return int(np.count_nonzero(self.seconds + last <= self.seconds[-1]))

    def window(
        self, start: int, rounds: int, seconds_per_round: float | None = None
    ) -> npt.NDArray[np.float64]:
        """SNR of consecutive rounds, the first of which shows row ``start``.

        With ``seconds_per_round`` None each kept row is one round, whatever time lies between
        them. With a number the log is sampled and held: round k shows the last row at or before
        seconds[start] + k * seconds_per_round, so rows in between are skipped and a gap in the
        log repeats the row before it.

        Args:
            start: First row, at least 0.
            rounds: Number of rounds, at least 1.
            seconds_per_round: Duration of a round [s], finite and > 0, or None.

        Returns:
            Downlink SNR [dB], a new float64 array (rounds,); -inf is an outage.

        Raises:
            ValueError: If an argument is outside its range.
            TraceFileError: If the log ends before the last round starts.
        """
        start = whole_number("start", start, 0)
        if start >= self.num_starts(rounds, seconds_per_round):
            raise TraceFileError(self.path, self._shortage(start, rounds, seconds_per_round))
        if seconds_per_round is None:
            return self.downlink_snr_db[start : start + rounds].copy()
        elapsed = np.array([_elapsed(k, seconds_per_round) for k in range(rounds)])
        times: npt.NDArray[np.float64] = self.seconds[start] + elapsed
        return self.downlink_snr_db[np.searchsorted(self.seconds, times, side="right") - 1]

    def _shortage(self, start: int, rounds: int, seconds_per_round: float | None) -> str:
        if seconds_per_round is None or start >= self.num_rows:
            needed = start + (rounds if seconds_per_round is None else 1)
            return (
                f"the log has {self.num_rows} rows (one per second), a window of {rounds} rounds "
                f"from row {start} needs {needed}"
            )
        return (
            f"the log goes on for {self.seconds[-1] - self.seconds[start]} s after row {start}, "
            f"a window of {rounds} rounds of {seconds_per_round} s needs "
            f"{_elapsed(rounds - 1, seconds_per_round)} s"
        )


def is_gnettrack(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a G-NetTrack log rather than a plain rate table, by its header alone.

    Raises:
        TraceFileError: If the file cannot be read or its header is neither format's.
    """
    path = Path(path)
    header = read_header(path)
    if {"SNR", "NetworkMode"} <= set(header):
        return True
    if "uplink_bps" in header:
        return False
    reason = (
        f"the header {','.join(header)!r} is of neither accepted format: a rate table with the "
        f"columns {', '.join(RATE_COLUMNS)}, or a G-NetTrack log with at least the columns "
        f"{', '.join(GNETTRACK_COLUMNS)}"
    )
    raise TraceFileError(path, reason, 1)


def read_rate_table(path: str | os.PathLike[str]) -> RateTable:
    """Read a table of rates: columns round, device, uplink_bps, downlink_bps, in any order.

    Rounds and devices count from 0. Rows come in any order and hold each pair of a round and a
    device exactly once. Rates are in bit/s, finite and >= 0; 0 is an outage and is kept as it is.

    Raises:
        TraceFileError: If the file cannot be read or breaks one of these rules.
    """
    path = Path(path)
    lines: dict[tuple[int, int], int] = {}
    rates: list[tuple[float, float]] = []
    for line, (pair, row_rates) in read_rows(path, RATE_COLUMNS, _parse_rates, extra=False):
        if pair in lines:
            reason = f"round {pair[0]}, device {pair[1]} already stands in line {lines[pair]}"
            raise TraceFileError(path, reason, line)
        lines[pair] = line
        rates.append(row_rates)
    shape = _complete_shape(path, lines)
    table = np.empty((2, *shape))
    rounds, devices = np.array(list(lines)).T
    table[:, rounds, devices] = np.array(rates).T
    table.flags.writeable = False
    return RateTable(uplink_bps=table[0], downlink_bps=table[1])


def read_gnettrack(path: str | os.PathLike[str]) -> GNetTrackLog:
    """Read a log of G-NetTrack Pro; columns other than Timestamp, NetworkMode and SNR are ignored.

    Timestamps (2020.02.13_13.03.24) never step back; of several rows of one second the last one
    counts. SNR is the downlink's [dB], within ±``MAX_ABS_SNR_DB``. A '-' in a row of
    ``FALLBACK_MODES`` is an outage, in any other row an error; a number stands in every mode,
    since something was measured.

    Raises:
        TraceFileError: If the file cannot be read or breaks one of these rules.
    """
    path = Path(path)
    snr_at: dict[datetime, float] = {}
    latest = datetime.min
    for line, (time, snr) in read_rows(path, GNETTRACK_COLUMNS, _parse_gnettrack, extra=True):
        if time < latest:
            reason = f"Timestamp {time} is before {latest} of the row above; time must not go back"
            raise TraceFileError(path, reason, line)
        snr_at[time] = snr
        latest = time
    first = next(iter(snr_at))
    seconds = np.array([(time - first).total_seconds() for time in snr_at], dtype=np.int64)
    snr_db = np.array(list(snr_at.values()), dtype=np.float64)
    seconds.flags.writeable = snr_db.flags.writeable = False
    return GNetTrackLog(path=path, seconds=seconds, downlink_snr_db=snr_db)


def _parse_rates(cells: Sequence[str]) -> tuple[tuple[int, int], tuple[float, float]]:
    """Round and device, uplink and downlink rate [bit/s], from cells in RATE_COLUMNS' order."""
    for name, text in zip(RATE_COLUMNS[:2], cells[:2], strict=True):
        if not (text.isascii() and text.isdigit() and len(text) <= 18):  # 18 digits fit an int64
            raise ValueError(f"{name} {text!r} must be an integer >= 0")
    for name, text in zip(RATE_COLUMNS[2:], cells[2:], strict=True):
        if not 0.0 <= plain_number(text) < math.inf:
            raise ValueError(f"{name} {text!r} must be a finite number >= 0 [bit/s]")
    return (int(cells[0]), int(cells[1])), (float(cells[2]), float(cells[3]))


def _parse_gnettrack(cells: Sequence[str]) -> tuple[datetime, float]:
    """Time and SNR [dB] (-inf: outage), from cells in GNETTRACK_COLUMNS' order."""
    stamp, mode, snr = cells
    try:
        time = datetime.strptime(stamp, GNETTRACK_TIME_FORMAT)
    except ValueError:
        raise ValueError(f"Timestamp {stamp!r} must look like 2020.02.13_13.03.24") from None
    if snr == "-" and mode in FALLBACK_MODES:
        return time, -math.inf
    if snr == "-":
        modes = ", ".join(sorted(FALLBACK_MODES))
        raise ValueError(
            f"SNR is '-' in NetworkMode {mode!r}; only rows that fell back to 2G or 3G ({modes}) "
            "may lack it"
        )
    value = plain_number(snr)
    if not abs(value) <= MAX_ABS_SNR_DB:
        raise ValueError(f"SNR {snr!r} must be a number within ±{MAX_ABS_SNR_DB:g} [dB]")
    return time, value


def _complete_shape(path: Path, lines: dict[tuple[int, int], int]) -> tuple[int, int]:
    """Numbers of rounds and devices, having checked that no pair is missing."""
    rounds = 1 + max(pair[0] for pair in lines)
    devices = 1 + max(pair[1] for pair in lines)
    if rounds * devices != len(lines):
        # Lazy, so that a stray huge index costs no more than the rows that are there.
        pairs = ((t, n) for t in range(rounds) for n in range(devices))
        t, n = next(pair for pair in pairs if pair not in lines)
        reason = (
            f"round {t}, device {n} is missing; {rounds} rounds and {devices} devices "
            f"need {rounds * devices} rows, there are {len(lines)}"
        )
        raise TraceFileError(path, reason)
    return rounds, devices


def _elapsed(rounds: int, seconds_per_round: float) -> float:
    """Duration of so many rounds [s]; to the nanosecond, so that 100 times 0.29 s reach 29 s."""
    return round(int(rounds) * float(seconds_per_round), 9)
